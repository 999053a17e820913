"""Equivalence classes of a table, counted by the engine.

Classes get numbers; by row, class sizes and sensitive values are two-level GROUP BYs over them. By
person each person counts once in each class however many rows they have there, and a person's own
risk is that of the smallest class they are in. A missing value is a value of its own in a class
key and among sensitive values: people whose postcode is not recorded look alike, and "not
recorded" tells an intruder something too.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.vault.risk.code_trees import TreeOf
from commonweal.vault.risk.distances import Closeness
from commonweal.vault.risk.figures import AT_RISK_ABOVE, Figures
from commonweal.vault.risk.passing import CellColumns, Kinds, Near
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

PERSON = "person"
CLASS = "cw__class"
_SIZE = "cw__people"
_COUNT = "cw__count"
_NOBODY = "cw__nobody"
_SAME = "cw__all"
_VALUE = "cw__value"
PLACE = "cw__place"
_DISTINCT = "cw__distinct"
_HELD = "cw__held"
_WEIGHTED = "cw__weighted"
_ENTROPY = "cw__entropy"
# Sizes that differ add up to the number of people, so there are few: 60 million people have at
# most 11,000 of them.
_MOST_SIZES = 2_000_000
# People and their sensitive values are told apart for so many rows at a time, to save memory.
_ROWS_AT_ONCE = 6_000_000


def class_figures(
    engine: Engine,
    table: ops.Table,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    person: str | None,
    *,
    at_risk_above: float = AT_RISK_ABOVE,
    close_up_to: int = 0,
    ordered: Collection[str] = (),
    trees: Mapping[str, TreeOf] | None = None,
) -> Figures:
    """The risk figures of `table` over the columns `quasi`.

    `sensitive`: columns whose l is wanted. `person`: the column that says whose row it is; None
    where one row is one person. Without `quasi` everyone is in one class. `close_up_to`: by person
    the closeness of sensitive columns is worked out in the same pass where there are no more rows;
    the values of the columns `ordered` stand in a row, those of `trees` in a tree.
    The table is read once (by person twice), again for each sensitive column, and by person
    again for each six million rows of those, so an expensive expression should be kept before.
    Raises `WrongUsage` CW-RISK-COLUMNS and `Fault` CW-RISK-PERSON-MISSING.
    """
    check_columns(table, quasi, sensitive, person)
    keyed, keys = _keyed(table, quasi)
    if person is None:
        return _by_row(engine, keyed, keys, sensitive, at_risk_above)
    asked = _Asked(close_up_to, Kinds(frozenset(ordered), trees or {}))
    return _by_person(engine, keyed, keys, sensitive, person, at_risk_above, asked)


def small_class_people(
    engine: Engine,  # noqa: ARG001 (the port of every measure; an engine may need its own way)
    table: ops.Table,
    quasi: Sequence[str],
    person: str,
    k: int,
) -> ops.Table:
    """The people of `table` in a class of fewer than `k` people: column `person`, once each.

    Leaving them out can make other classes smaller where people have rows in several classes;
    `people_to_leave_out` carries on until none is left. Raises `WrongUsage` CW-RISK-COLUMNS.
    """
    check_columns(table, quasi, (), person)
    keyed, keys = _keyed(table, quasi)
    pairs = _pairs(keyed, keys, person)
    sizes = ops.group(pairs, keys, {_SIZE: ops.count_rows(pairs)})
    return _people_of(pairs, _below(sizes, _SIZE, k), keys)


def low_l_people(
    engine: Engine,  # noqa: ARG001 (as above)
    table: ops.Table,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    person: str,
    distinct_l: int,
) -> ops.Table:
    """The people in a class with fewer than `distinct_l` values of any of the sensitive columns.

    Column `person`, once each. Raises `WrongUsage` CW-RISK-COLUMNS, also where `sensitive` is
    empty.
    """
    check_columns(table, quasi, sensitive, person)
    if not sensitive:
        raise _columns("Diversity needs at least one sensitive column.")
    keyed, keys = _keyed(table, quasi)
    pairs = _pairs(keyed, keys, person)
    found = []
    for column in sensitive:
        cells = ops.distinct(_cells(keyed, keys, column))
        few = _below(ops.group(cells, keys, {_COUNT: ops.count_rows(cells)}), _COUNT, distinct_l)
        found.append(_people_of(pairs, few, keys))
    return ops.distinct(ops.union(*found))


def check_columns(
    table: ops.Table, quasi: Sequence[str], sensitive: Sequence[str], person: str | None
) -> None:
    """Refuse columns that are absent or in two places. Raises `WrongUsage` CW-RISK-COLUMNS."""
    named = [*quasi, *sensitive, *([person] if person is not None else [])]
    have = set(ops.columns(table))
    for name in named:
        if name not in have:
            raise _columns(f"There is no column {name} in the table to be measured.")
        if named.count(name) > 1:
            raise _columns(f"Column {name} is named twice in what is to be measured.")


@contextlib.contextmanager
def kept(engine: Engine, table: ops.Table, what: str) -> Iterator[ops.Table]:
    """Work out `table` for the length of a block."""
    name = engine.fresh(f"risk_{what}")
    try:
        yield engine.keep(name, table)
    finally:
        engine.forget(name)


def refuse_missing_people(engine: Engine, table: ops.Table, person: str) -> None:
    """Raise `Fault` CW-RISK-PERSON-MISSING where rows have no person."""
    nobody = ops.count_where(table, ops.is_missing(table[person]))
    refuse_nobody(int(engine.one(ops.group(table, [], {_COUNT: nobody}))[_COUNT]), person)


def refuse_nobody(count: int, person: str) -> None:
    """Raise `Fault` CW-RISK-PERSON-MISSING where `count` rows have no person."""
    if count:
        raise Fault(
            "CW-RISK-PERSON-MISSING",
            f"{count:,} row(s) of the table to be measured have no value in {person}.",
        )


# --- by row ---------------------------------------------------------------------------------


_CELLS = CellColumns(_VALUE, _COUNT)


@dataclass(frozen=True)
class _Varieties:
    distinct: dict[str, int]
    entropy: dict[str, float]
    closeness: dict[str, Closeness] = field(default_factory=dict)


@dataclass(frozen=True)
class _Asked:
    """Whether closeness is wanted by person, and how values of columns stand to each other."""

    close_up_to: int
    kinds: Kinds


def _by_row(
    engine: Engine, table: ops.Table, keys: list[str], sensitive: Sequence[str], above: float
) -> Figures:
    with kept(engine, _numbered_classes(table, keys), "classes") as classes:
        classes_by_size = _histogram(engine, ops.rename(classes, {_SIZE: _COUNT}))
        found = _Varieties({}, {})
        placed = _with_class(table, keys, classes)
        for column in sensitive:
            # By the number of the class: a key of many texts would take several times the memory.
            cells = _cells(placed, [CLASS], column)
            per_value = ops.group(cells, [CLASS, _VALUE], {_COUNT: ops.count_rows(cells)})
            _add_variety(engine, found, column, per_value, [CLASS])
    people = {size: size * count for size, count in classes_by_size.items()}
    return Figures.from_sizes(
        rows=sum(people.values()),
        classes_by_size=classes_by_size,
        people_by_size=people,
        distinct_l=found.distinct,
        entropy_l=found.entropy,
        at_risk_above=above,
    )


# --- by person ------------------------------------------------------------------------------


def _by_person(
    engine: Engine,
    table: ops.Table,
    keys: list[str],
    sensitive: Sequence[str],
    person: str,
    above: float,
    asked: _Asked,
) -> Figures:
    nobody = {_NOBODY: ops.count_where(table, ops.is_missing(table[person]))}
    with kept(engine, _numbered_classes(table, keys, nobody), "classes") as classes:
        totals = {name: ops.total(classes[name]) for name in (_COUNT, _NOBODY)}
        whole = engine.one(ops.group(classes, [], {**totals, CLASS: ops.count_rows(classes)}))
        refuse_nobody(int(whole[_NOBODY] or 0), person)
        rows, last = int(whole[_COUNT] or 0), int(whole[CLASS])
        by_rows = _histogram(engine, ops.project(classes, {_SIZE: classes[_COUNT]}))
        pairs = _pairs(_with_class(table, keys, classes), [CLASS], person)
        with kept(engine, pairs, "pairs") as found_pairs:
            classes_by_size, people_by_size = _person_sizes(engine, found_pairs)
        found = _Varieties({}, {})
        near = None
        if 0 < rows <= asked.close_up_to:
            near = Near(engine, table, person, _CELLS, asked.kinds)
        parts = max(1, -(-rows // _ROWS_AT_ONCE)) if sensitive else 0
        edges = sorted({last * part // parts for part in range(parts + 1)} if parts else ())
        for after, to in itertools.pairwise(edges):
            some = _between(classes, after, to)
            placed = _with_class(table, keys, some)
            for column in sensitive:
                held = ops.distinct(_cells(placed, [CLASS], column, person))
                per_value = ops.group(held, [CLASS, _VALUE], {_COUNT: ops.count_rows(held)})
                with kept(engine, per_value, "cells") as cells:
                    _add_variety(engine, found, column, cells, [CLASS])
                    if near is not None:
                        near.add(column, cells, CLASS)
    for column in sensitive:
        found.distinct.setdefault(column, 0)
        found.entropy.setdefault(column, 0.0)
    return Figures.from_sizes(
        rows=rows,
        classes_by_size=classes_by_size,
        people_by_size=people_by_size,
        distinct_l=found.distinct,
        entropy_l=found.entropy,
        at_risk_above=above,
        classes_by_rows=by_rows,
        closeness={} if near is None else near.results(),
    )


def _numbered_classes(
    table: ops.Table, keys: Sequence[str], besides: Mapping[str, ops.Value] | None = None
) -> ops.Table:
    found = ops.group(table, keys, {_COUNT: ops.count_rows(table), **(besides or {})})
    return ops.derive(found, {CLASS: ops.row_number()})


def _with_class(table: ops.Table, keys: Sequence[str], classes: ops.Table) -> ops.Table:
    return ops.inner_join_same(table, classes, {key: key for key in keys}, {CLASS: CLASS})


def _between(classes: ops.Table, after: int, to: int) -> ops.Table:
    number = classes[CLASS]
    return ops.keep_where(
        classes,
        ops.both(
            ops.compare(number, "gt", ops.constant(after, "integer")),
            ops.compare(number, "le", ops.constant(to, "integer")),
        ),
    )


def _person_sizes(engine: Engine, pairs: ops.Table) -> tuple[dict[int, int], dict[int, int]]:
    sizes = ops.group(pairs, [CLASS], {_SIZE: ops.count_rows(pairs)})
    with kept(engine, sizes, "sizes") as measured:
        sized = ops.inner_join(pairs, measured, {CLASS: CLASS}, {_SIZE: _SIZE})
        own = ops.group(sized, [PLACE], {_SIZE: ops.smallest(sized[_SIZE])})
        return _histogram(engine, measured), _histogram(engine, own)


# --- shared ---------------------------------------------------------------------------------


def _keyed(table: ops.Table, quasi: Sequence[str]) -> tuple[ops.Table, list[str]]:
    if quasi:
        return table, list(quasi)
    return ops.derive(table, {_SAME: ops.constant(0, "integer")}), [_SAME]


def _pairs(table: ops.Table, keys: Sequence[str], person: str) -> ops.Table:
    wanted = {key: table[key] for key in keys}
    # Under a name of ours, so that a quasi-identifier may itself be called "person".
    return ops.distinct(ops.project(table, {**wanted, PLACE: table[person]}))


def _cells(
    table: ops.Table, keys: Sequence[str], column: str, person: str | None = None
) -> ops.Table:
    wanted = {key: table[key] for key in keys} | {_VALUE: table[column]}
    if person is not None:
        wanted[PLACE] = table[person]
    return ops.project(table, wanted)


def _below(sizes: ops.Table, column: str, limit: int) -> ops.Table:
    return ops.keep_where(sizes, ops.compare(sizes[column], "lt", ops.constant(limit, "integer")))


def _people_of(pairs: ops.Table, classes: ops.Table, keys: Sequence[str]) -> ops.Table:
    mark = next(name for name in ops.columns(classes) if name not in keys)
    inside = ops.inner_join_same(pairs, classes, {key: key for key in keys}, {mark: mark})
    return ops.distinct(ops.project(inside, {PERSON: inside[PLACE]}))


def _histogram(engine: Engine, sizes: ops.Table) -> dict[int, int]:
    counted = ops.group(sizes, [_SIZE], {_COUNT: ops.count_rows(sizes)})
    return {int(row[_SIZE]): int(row[_COUNT]) for row in engine.rows(counted, _MOST_SIZES)}


def _add_variety(
    engine: Engine, found: _Varieties, column: str, per_value: ops.Table, keys: Sequence[str]
) -> None:
    count = per_value[_COUNT]
    weighted = ops.times(count, ops.natural_log(count))
    by_class = ops.group(
        per_value,
        list(keys),
        {
            _DISTINCT: ops.count_rows(per_value),
            _HELD: ops.total(count),
            _WEIGHTED: ops.total(weighted),
        },
    )
    # Entropy of shares c/n is ln n - (sum of c ln c)/n.
    part = ops.divide(by_class[_WEIGHTED], by_class[_HELD])
    minus = ops.times(part, ops.constant(-1.0, "decimal"))
    entropy = ops.plus(ops.natural_log(by_class[_HELD]), minus)
    worked = ops.derive(by_class, {_ENTROPY: entropy})
    least = {name: ops.smallest(worked[name]) for name in (_DISTINCT, _ENTROPY)}
    row = engine.one(ops.group(worked, [], least))
    # Rounding can leave a hair less than the one value that a class has at least.
    distinct = int(row[_DISTINCT] or 0)
    entropy_l = max(math.exp(row[_ENTROPY]), 1.0) if distinct else 0.0
    found.distinct[column] = min(distinct, found.distinct.get(column, distinct))
    found.entropy[column] = min(entropy_l, found.entropy.get(column, entropy_l))


def _columns(sentence: str) -> WrongUsage:
    return WrongUsage("CW-RISK-COLUMNS", sentence)
