"""Exact counts of who can be found and who cannot, by group. They never leave the vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from commonweal.papers.missing import (
    EqualityVariable,
    GroupCounts,
    MissingExact,
    MissingTold,
    VariableCounts,
)
from commonweal.vault.choices import Decision
from commonweal.vault.equality.groups import by_age, groups_of, place_of
from commonweal.vault.release.loading import PERSON, LoadedTables
from commonweal.vault.release.people import person_rows
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_GROUPED = "equality_grouped"
_COUNTS = ("kept", "lost", "numberless")


@dataclass(frozen=True)
class Found:
    """`kept`: people who can be found; `lost`: people who cannot. `numberless`: people without an
    NHS number (or key, where the dataset has none), whatever a permit needs."""

    kept: int = 0
    lost: int = 0
    numberless: int = 0


@dataclass(frozen=True)
class MissingFound:
    """Who is missing of a dataset, in all and by the groups of each variable."""

    whole: Found
    variables: dict[EqualityVariable, dict[str, Found]] = field(default_factory=dict)

    def exact(self, told: MissingTold | None) -> MissingExact:
        """As the manifest holds it."""
        return MissingExact(
            kept=self.whole.kept,
            lost=self.whole.lost,
            variables=tuple(
                VariableCounts(
                    variable=one.variable,
                    describes=one.describes,
                    groups=tuple(
                        GroupCounts(group=title, kept=found.kept, lost=found.lost)
                        for title, found in groups.items()
                    ),
                )
                for one, groups in self.variables.items()
            ),
            told=told,
        )


def measure_missing(
    loaded: LoadedTables,
    decision: Decision,
    at: date,
    *,
    demo: bool,
    allowed: ops.Table | None = None,
) -> MissingFound | None:
    """Count the people of the source, each in one group of each variable; None where a row is a
    person, for then nobody has to be found.

    `lost` are those whom `decision` leaves out for want of a number. `allowed` (column `person`):
    of the others only these are kept; without it all are.
    """
    recipe = loaded.recipe
    if recipe.row_is_person:
        return None
    variables = recipe.dataset.equality_variables
    rows = person_rows(loaded, decision, demo=demo, carry=[one.variable for one in variables])
    flags = _flags(rows, decision, recipe.dataset.national_variable is not None)
    kept = ops.negate(flags["lost"])
    if allowed is not None:
        known = ops.derive(allowed, {"cw__in": ops.constant(True, "boolean")})
        rows = ops.left_join(rows, known, {"person": "person"}, {"cw__in": "cw__in"})
        flags = _flags(rows, decision, recipe.dataset.national_variable is not None)
        kept = ops.both(ops.negate(flags["lost"]), ops.negate(ops.is_missing(rows["cw__in"])))
    values = {f"v{n}": _value(loaded, rows, one, at) for n, one in enumerate(variables)}
    table = ops.project(rows, {**values, **flags, "kept": kept})
    counted = {name: ops.count_where(table, table[name]) for name in _COUNTS}
    grouped = loaded.engine.keep(_GROUPED, ops.group(table, list(values), counted))
    try:
        return _found(loaded.engine, grouped, variables)
    finally:
        loaded.engine.forget(_GROUPED)


def _flags(rows: ops.Table, decision: Decision, national: bool) -> dict[str, ops.Value]:
    """`lost` as `choices.apply` finds `no_valid_identifier`, and `numberless`."""
    nobody = ops.is_missing(rows["person"])
    without = ops.is_missing(rows["national"]) if national else nobody
    lost = ops.negate(rows["has_identifier"])
    if decision.include_without_identifier:
        lost = ops.constant(False, "boolean")
    if decision.national or decision.objections:
        lost = ops.either(lost, rows["unreadable"])
    return {"lost": ops.either(lost, nobody), "numberless": ops.either(without, nobody)}


def _value(loaded: LoadedTables, rows: ops.Table, one: EqualityVariable, at: date) -> ops.Value:
    """What is grouped by: of a birthday the age, so that there are few different values."""
    column = rows[one.variable]
    table = loaded.recipe.dataset.table(str(loaded.recipe.person_table))
    kind = table.variable(one.variable).type
    if not by_age(one):
        return column
    return ops.age_at(column, at) if kind in ("date", "timestamp") else ops.as_number(column)


def _found(
    engine: Engine, grouped: ops.Table, variables: Sequence[EqualityVariable]
) -> MissingFound:
    whole = engine.one(ops.group(grouped, [], _totals(grouped)))
    by_variable = {}
    for number, one in enumerate(variables):
        value = grouped[f"v{number}"]
        value = value if by_age(one) else ops.as_text(value)
        placed = ops.derive(grouped, {"place": place_of(one, value)})
        titles = list(groups_of(one))
        rows = engine.rows(ops.group(placed, ["place"], _totals(placed)), len(titles))
        by_place = {int(row["place"]): _counts(row) for row in rows}
        by_variable[one] = {title: by_place.get(n, Found()) for n, title in enumerate(titles)}
    return MissingFound(_counts(whole), by_variable)


def _totals(table: ops.Table) -> dict[str, ops.Value]:
    return {name: ops.total(table[name]) for name in _COUNTS}


def _counts(row: dict[str, object]) -> Found:
    return Found(*(int(str(row[name] or 0)) for name in _COUNTS))


def rows_of_nobody(loaded: LoadedTables, table: str, people: ops.Table) -> tuple[int, int]:
    """(rows of `table` that lead to none of `people` (column `person`), rows in all)."""
    rows = loaded.linked(table)
    keyed = ops.select(
        ops.keep_where(people, ops.negate(ops.is_missing(people["person"]))), ["person"]
    )
    reached = ops.semi_join(rows, keyed, {PERSON: "person"})
    count = loaded.engine.one(ops.group(rows, [], {"n": ops.count_rows(rows)}))["n"]
    some = loaded.engine.one(ops.group(reached, [], {"n": ops.count_rows(reached)}))["n"]
    return int(count) - int(some), int(count)
