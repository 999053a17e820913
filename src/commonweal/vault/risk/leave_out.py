"""Whom to leave out so that the smallest classes disappear.

A person is left out of the whole release, so where people have rows in several classes or several
tables are measured, leaving some out makes other classes smaller. This goes round until nobody is
left in a class that is too small: the smallest set that removing whole small classes leads to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.classes import (
    PERSON,
    check_columns,
    class_figures,
    low_l_people,
    refuse_missing_people,
    small_class_people,
)
from commonweal.vault.risk.code_trees import TreeOf
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.settled import Settled, settled_figures, settled_to_leave_out
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine


@dataclass(frozen=True)
class RiskView:
    """One table as an intruder may meet it: the columns that are measured together.

    `by_person`: `quasi` has one value a person, whatever row of theirs it stands on; `settled` has
    the same rows then, and people's classes by `quasi`, where they were worked out. `ordered`:
    sensitive columns whose values stand in a row. `parts`: what stands behind numbers in `quasi`.
    `labels`: what columns of `quasi` are called for people, where not by their own name. `trees`:
    of sensitive columns whose codes stand in a tree, what makes it of their values.
    """

    name: str
    table: ops.Table
    quasi: tuple[str, ...]
    sensitive: tuple[str, ...]
    person: str
    by_person: bool = False
    ordered: tuple[str, ...] = ()
    parts: tuple[KnownPart, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    trees: Mapping[str, TreeOf] = field(default_factory=dict)
    settled: Settled | None = None


@dataclass(frozen=True)
class KnownPart:
    """What stands behind a column of a view that is a number.

    `table` has the column `number`, and a column for each key of `names`, which says what it is
    called for people: `table.variable`.
    """

    column: str
    number: str
    table: ops.Table
    names: Mapping[str, str]


def view_figures(engine: Engine, view: RiskView, *, close_up_to: int = 0) -> Figures:
    """The risk figures of a view, by person. Raises what `class_figures` raises.

    `close_up_to`: with the closeness of sensitive columns, in the same passes where the class
    follows from the person, else where there are no more rows than that.
    """
    if view.settled is not None:
        return settled_figures(
            engine, view.settled, view.sensitive,
            close=close_up_to > 0, ordered=view.ordered, trees=view.trees,
        )  # fmt: skip
    return class_figures(
        engine, view.table, view.quasi, view.sensitive, view.person,
        close_up_to=close_up_to, ordered=view.ordered, trees=view.trees,
    )  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """`table`: column `person`, once each, kept in the engine as `kept_as`; `people`: how many."""

    table: ops.Table
    kept_as: str
    people: int
    rounds: int


def people_to_leave_out(
    engine: Engine, views: Sequence[RiskView], limits: RiskLimits, *, kept_as: str | None = None
) -> LeftOut:
    """The people to leave out of all of `views` so that k and distinct l hold in each.

    The caller forgets the table `kept_as` when it has done with it. The persons of all views must
    be of one type. Raises `WrongUsage` CW-RISK-COLUMNS, `Fault` CW-RISK-PERSON-MISSING.
    """
    if not views:
        raise ValueError("there is nothing to measure")
    for view in views:
        check_columns(view.table, view.quasi, view.sensitive, view.person)
    if (settled := _all_settled(views, limits)) is not None:
        return _left_out(engine, settled, limits.k, kept_as)
    for view in views:
        refuse_missing_people(engine, view.table, view.person)
    name = kept_as or engine.fresh("risk_left")
    rounds, people, current = 0, 0, _nobody(views[0])
    with contextlib.ExitStack() as undo:
        while True:
            beside = f"{name}_{rounds}"
            found = [_failing(engine, view, current, limits) for view in views]
            # Everybody found so far stays out; this round adds whom it newly finds.
            kept = engine.keep(beside, ops.distinct(ops.union(current, *found)))
            undo.callback(engine.forget, beside)
            count = int(engine.one(ops.group(kept, [], {"n": ops.count_rows(kept)}))["n"])
            rounds += 1
            if count == people:
                break
            people, current = count, kept
        return LeftOut(engine.keep(name, kept), name, people, rounds)


def _all_settled(views: Sequence[RiskView], limits: RiskLimits) -> list[Settled] | None:
    """The settled tables, if all views have one and nothing but sizes of classes is limited."""
    settled = [view.settled for view in views if view.settled is not None]
    varied = limits.distinct_l is not None and any(view.sensitive for view in views)
    return None if varied or len(settled) < len(views) else settled


def _left_out(engine: Engine, settled: Sequence[Settled], k: int, kept_as: str | None) -> LeftOut:
    name = kept_as or engine.fresh("risk_left")
    out, rounds = settled_to_leave_out(engine, settled, k)
    table = engine.load(name, pa.table({PERSON: out}), {PERSON: "integer"})
    return LeftOut(table, name, len(out), rounds)


def _failing(engine: Engine, view: RiskView, out: ops.Table, limits: RiskLimits) -> ops.Table:
    rest = ops.anti_join(view.table, out, {view.person: PERSON})
    small = small_class_people(engine, rest, view.quasi, view.person, limits.k)
    if limits.distinct_l is None or not view.sensitive:
        return small
    low = low_l_people(engine, rest, view.quasi, view.sensitive, view.person, limits.distinct_l)
    return ops.union(small, low)


def _nobody(view: RiskView) -> ops.Table:
    people = ops.project(view.table, {PERSON: view.table[view.person]})
    return ops.keep_where(people, ops.constant(False, "boolean"))
