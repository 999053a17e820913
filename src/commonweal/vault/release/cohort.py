"""The cohort grammar over loaded tables: which people a project is about.

Each condition becomes a set of persons; all, any and not combine sets. A person meets a condition
on a table if at least one of their rows does.
"""

from __future__ import annotations

from datetime import date, datetime

from commonweal.foundation.errors import Fault
from commonweal.papers.catalogue import Variable
from commonweal.papers.cohort import AtLeast, Cohort, Condition
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON
from commonweal.vault.tables import ops

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def cohort_people(cohort: Cohort, lawful: Lawful, everyone: ops.Table) -> ops.Table:
    """The persons of `everyone` (column `person`) who meet the cohort: column `person`, once each.

    Whoever has a restricted code in their only row of a table is in no cohort that looks at what is
    missing there for that reason: neither "is missing" nor any "not" finds them (P10).
    Raises `Fault` CW-COHORT-VALUE where a value does not fit its variable's type.
    """
    found = _people(cohort, lawful, everyone)
    for table, variable in cohort.columns():
        blanked = lawful.people_blanked(table)
        if blanked is not None and variable in lawful.blanked(table):
            found = ops.anti_join(found, blanked, {"person": "person"})
    return found


def _people(cohort: Cohort, lawful: Lawful, everyone: ops.Table) -> ops.Table:
    if cohort.everyone:
        return everyone
    if cohort.all is not None:
        people = everyone
        for child in cohort.all:
            people = ops.semi_join(people, _apart(child, lawful, everyone), {"person": "person"})
        return people
    if cohort.any is not None:
        parts = [_apart(child, lawful, everyone) for child in cohort.any]
        return ops.distinct(ops.union(*parts))
    if cohort.not_ is not None:
        inside = _apart(cohort.not_, lawful, everyone)
        return ops.anti_join(everyone, inside, {"person": "person"})
    found = _where(cohort.where, lawful) if cohort.where else _at_least(cohort.at_least, lawful)
    return ops.semi_join(everyone, found, {"person": "person"})


def _apart(cohort: Cohort, lawful: Lawful, everyone: ops.Table) -> ops.Table:
    """The people under a name of their own: two sets that are asked for alike stay two sets."""
    found = _people(cohort, lawful, everyone)
    return lawful.loaded.engine.view(lawful.loaded.engine.fresh("cohort"), found)


def _where(condition: Condition | None, lawful: Lawful) -> ops.Table:
    assert condition is not None  # noqa: S101 (the grammar gives each cohort one branch)
    rows = _meeting(condition, lawful)
    return ops.distinct(ops.project(rows, {"person": rows[PERSON]}))


def _at_least(rule: AtLeast | None, lawful: Lawful) -> ops.Table:
    assert rule is not None  # noqa: S101 (the grammar gives each cohort one branch)
    rows = _meeting(rule.of, lawful)
    if rule.within_days is None or rule.date is None or rule.n == 1:
        counted = ops.group(rows, [PERSON], {"n": ops.count_rows(rows)})
        enough = ops.keep_where(
            counted, ops.compare(counted["n"], "ge", ops.constant(rule.n, "integer"))
        )
        return ops.project(enough, {"person": enough[PERSON]})
    dated = ops.keep_where(rows, ops.negate(ops.is_missing(rows[rule.date])))
    before = ops.earlier_value(dated[rule.date], rule.n - 1, [dated[PERSON]], [dated[rule.date]])
    spans = ops.project(
        dated, {"person": dated[PERSON], "days": ops.days_between(dated[rule.date], before)}
    )
    close = ops.keep_where(
        spans, ops.compare(spans["days"], "le", ops.constant(rule.within_days, "integer"))
    )
    return ops.distinct(ops.select(close, ["person"]))


def _meeting(condition: Condition, lawful: Lawful) -> ops.Table:
    table = lawful.loaded.recipe.dataset.table(condition.table)
    # Whoever is chosen by a restricted code is known to have it, whatever is then released (P10).
    rows = lawful.rows(condition.table)
    column = rows[condition.variable]
    return ops.keep_where(rows, _test(condition, table.variable(condition.variable), column))


def _test(condition: Condition, variable: Variable, column: ops.Value) -> ops.Value:
    op, value = condition.op, condition.value
    if op == "is_missing":
        return ops.is_missing(column)
    if op == "is_present":
        return ops.negate(ops.is_missing(column))
    if op == "starts_with":
        if variable.type != "text":
            raise _misfit(condition)
        return ops.starts_with(column, str(value))
    if op == "in":
        assert isinstance(value, tuple)  # noqa: S101 (the grammar checked it)
        return ops.is_in(column, [_fitted(condition, variable, item) for item in value])
    fitted = ops.constant(_fitted(condition, variable, value), variable.type)
    return ops.compare(column, op, fitted)


def _fitted(condition: Condition, variable: Variable, value: object) -> object:
    """The value in the type of its variable, or a fault: no engine guesses what was meant."""
    kind = variable.type
    if kind == "text" and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if isinstance(value, bool):
        raise _misfit(condition)
    if kind == "integer" and isinstance(value, int):
        return value
    if kind == "decimal" and isinstance(value, int | float):
        return float(value)
    if kind in ("date", "timestamp") and isinstance(value, str):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise _misfit(condition) from None
        return day if kind == "date" else datetime(day.year, day.month, day.day)  # noqa: DTZ001
    raise _misfit(condition)


def _misfit(condition: Condition) -> Fault:
    return Fault(
        "CW-COHORT-VALUE",
        f"The cohort's value for {condition.table}.{condition.variable} does not fit its type.",
    )
