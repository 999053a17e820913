"""How much the sensitive values of a class tell: t-closeness and recursive (c,l)-diversity.

p is the share of people of a class with a value, q the share of all people with it. t is the
largest distance of any class from the whole table (Li, Li, Venkatasubramanian, "t-closeness:
privacy beyond k-anonymity and l-diversity", ICDE 2007), by three ways of saying how far values are
apart:

* equal: every two values are equally far; sum |p - q| / 2.
* ordered: values stand in a row of m; (1 / (m - 1)) times the sum over i of |sum to i of (p - q)|.
* hierarchical: two values are as far as the height of their lowest common ancestor over the height
  H of the tree; each inner node of height h costs h/H times the smaller of what its children have
  too much of and what they lack.

Recursive (c,l)-diversity (Machanavajjhala and others, "l-diversity", ACM TKDD 2007): with the
counts of a class from the largest, r1 < c (rl + ... + rm). The figure for l is the largest
r1 / (rl + ... + rm) of any class: the table is diverse for every c above it.

Likeness: `alpha` is the largest p of any class ((alpha,k)-anonymity: Wong, Li, Fu, Wang, KDD 2006);
`beta` the largest (p - q) / q, and `enhanced_beta` the same but never above -ln q of the rarest
value (Cao, Karras, "Publishing microdata with a robust privacy guarantee", VLDB 2012); `delta` the
largest |ln(p/q)| of a value that a class holds (delta-disclosure: Brickell, Shmatikov, KDD 2008).

A class holds few of the values, so all sums run over the values that it holds; the rest follows
from running sums of q. By person a person counts once for each value.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from commonweal.foundation.errors import Fault
from commonweal.vault.risk.classes import PLACE, check_columns, refuse_missing_people
from commonweal.vault.risk.coding import (
    SIZE,
    Ints,
    Values,
    as_ints,
    numbered,
    ordered_values,
    with_number,
)
from commonweal.vault.risk.distances import Cells, Closeness, Gathered, parents_of
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_CLASS = "cw__class"
_VALUE = "cw__value"
Levels = Sequence[Sequence[str]]
_CELLS_AT_ONCE = 8_000_000


def closeness_figures(
    engine: Engine,
    table: ops.Table,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    person: str | None,
    hierarchies: Mapping[str, Levels] | None = None,
) -> dict[str, Closeness]:
    """t and (c,l) of each sensitive column.

    `person`: as in `class_figures`. `hierarchies`: trees of values, by column: the values and then
    the label of each on one level after the other. `ordered` is worked out for numbers, dates and
    times, missing values behind the largest. Raises `WrongUsage`
    CW-RISK-COLUMNS, `Fault` CW-RISK-PERSON-MISSING and CW-RISK-HIERARCHY.
    """
    check_columns(table, quasi, sensitive, person)
    if person is not None:
        refuse_missing_people(engine, table, person)
    known = hierarchies or {}
    found = {}
    with numbered(engine, table, quasi, "classes") as (classes, count):
        placed = with_number(table, quasi, classes, _CLASS)
        for column in sensitive:
            with ordered_values(engine, table, column) as values:
                coded = with_number(placed, [column], values.numbers, _VALUE)
                tree = node_numbers(known[column], values) if column in known else None
                found[column] = _column(engine, coded, person, values, count, tree)
    return found


def _column(
    engine: Engine,
    coded: ops.Table,
    person: str | None,
    values: Values,
    classes: int,
    tree: Sequence[Ints] | None,
) -> Closeness:
    whole = _counted(engine, coded, [_VALUE], person)
    weight = np.zeros(len(values), dtype=np.int64)
    weight[whole[0]] = whole[-1]
    share = weight / max(int(weight.sum()), 1)
    parts = max(1, -(-int(weight.sum()) // _CELLS_AT_ONCE))
    found = Gathered(share, ordered=values.has_order, tree=tree)
    for part in range(parts):
        some = _between(coded, classes * part // parts, classes * (part + 1) // parts)
        group, value, count = _counted(engine, some, [_CLASS, _VALUE], person)
        found.add(Cells.of(group, value, count, share))
    return found.result()


def _counted(
    engine: Engine, table: ops.Table, keys: list[str], person: str | None
) -> tuple[Ints, ...]:
    """Numbers in `keys` and how many people (rows) have them."""
    if person is not None:
        wanted = {key: table[key] for key in keys} | {PLACE: table[person]}
        table = ops.distinct(ops.project(table, wanted))
    found = engine.arrow(ops.group(table, keys, {SIZE: ops.count_rows(table)}))
    return tuple(as_ints(found[name]) for name in (*keys, SIZE))


def _between(table: ops.Table, first: int, end: int) -> ops.Table:
    number = table[_CLASS]
    return ops.keep_where(
        table,
        ops.both(
            ops.compare(number, "ge", ops.constant(first, "integer")),
            ops.compare(number, "lt", ops.constant(end, "integer")),
        ),
    )


def node_numbers(hierarchy: Levels, values: Values) -> list[Ints]:
    """For each value the number of its node on each level of the hierarchy, from the leaves.

    A root is added above several topmost labels. Raises `Fault` CW-RISK-HIERARCHY.
    """
    at = {label: number for number, label in enumerate(hierarchy[0])}
    texts = ["" if value is None else str(value) for value in values.found.to_pylist()]
    lost = sum(text not in at for text in texts)
    if lost:
        raise Fault(
            "CW-RISK-HIERARCHY",
            f"{lost:,} value(s) of {values.column} are not in its hierarchy.",
            remedy="Give each value a line; a missing value is an empty first cell.",
        )
    order = [at[text] for text in texts]
    levels = []
    for labels in hierarchy:
        known: dict[str, int] = {}
        whole = np.array([known.setdefault(label, len(known)) for label in labels])
        _, dense = np.unique(whole[order], return_inverse=True)
        levels.append(dense.astype(np.int64))
    for finer, coarser in itertools.pairwise(levels):
        if (parents_of(finer, coarser)[finer] != coarser).any():
            raise Fault("CW-RISK-HIERARCHY", f"The hierarchy of {values.column} is not a tree.")
    if len(set(hierarchy[-1])) > 1:
        levels.append(np.zeros(len(texts), dtype=np.int64))
    return levels
