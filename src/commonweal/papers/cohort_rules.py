"""What a cohort may ask of the catalogue, and of which variables.

A cohort chooses people, so a cohort that looks at a name or an exact birthday chooses one person.
Beside shifted dates, a cohort must not fix a date either: whoever knows that everybody was admitted
on one day can undo every shift (S16).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from commonweal.foundation.errors import Fault
from commonweal.papers.catalogue import NAMING, Dataset, Variable
from commonweal.papers.cohort import Cohort, Condition
from commonweal.papers.refusal import PermitRefused

DATES = frozenset({"date", "timestamp"})
_CLOSED_ROLES = frozenset({None, "record_key", "free_text", "image", "genomic"})
_FIXES_A_VALUE = frozenset({"eq", "in", "starts_with"})
_ORDERED = frozenset({"lt", "le", "gt", "ge"})
_PRESENCE = frozenset({"is_missing", "is_present"})
_DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def cohort_faults(cohort: Cohort, dataset: Dataset, *, shifted: bool) -> Iterator[PermitRefused]:
    """Every reason why `cohort` cannot be asked of `dataset`.

    `shifted`: whether any date of the same permit is shown in the form `shift`.
    """
    for table_name, variable_name in cohort.columns():
        try:
            variable = dataset.table(table_name).variable(variable_name)
        except Fault as fault:
            yield PermitRefused("CW-PERMIT-UNKNOWN-VARIABLE", fault.sentence)
            continue
        if _singles_out(variable):
            yield PermitRefused(
                "CW-PERMIT-COHORT",
                f"The cohort cannot look at {table_name}.{variable_name}: it could single out "
                "people.",
            )
    for branch in _leaves(cohort):
        yield from _counting_faults(branch, dataset)
    for condition in cohort.conditions():
        yield from _condition_faults(condition, dataset, shifted=shifted)


def _singles_out(variable: Variable) -> bool:
    a_date = variable.type in DATES
    names = variable.identifies in NAMING or variable.identifies == "person_key"
    return (
        variable.role in _CLOSED_ROLES
        or names
        or (variable.role == "direct_identifier" and not a_date)
    )


def _leaves(cohort: Cohort) -> Iterator[Cohort]:
    if not cohort.children():
        yield cohort
    for child in cohort.children():
        yield from _leaves(child)


def _counting_faults(cohort: Cohort, dataset: Dataset) -> Iterator[PermitRefused]:
    counted = cohort.at_least
    if counted is None or counted.date is None:
        return
    variable = _found(dataset, counted.of.table, counted.date)
    if variable is not None and variable.type not in DATES:
        yield PermitRefused(
            "CW-PERMIT-COHORT", f"{counted.of.table}.{counted.date} is not a date to count by."
        )


def _condition_faults(
    condition: Condition, dataset: Dataset, *, shifted: bool
) -> Iterator[PermitRefused]:
    variable = _found(dataset, condition.table, condition.variable)
    if variable is None or condition.op in _PRESENCE:
        return
    name = f"{condition.table}.{condition.variable}"
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if not all(_comparable(variable, value) for value in values):
        yield PermitRefused(
            "CW-PERMIT-COHORT", f"The cohort compares {name} with something of another type."
        )
    if condition.op == "starts_with" and variable.type != "text":
        yield PermitRefused("CW-PERMIT-COHORT", f"{name} is not text and starts with nothing.")
    if condition.op in _ORDERED and variable.type == "boolean":
        yield PermitRefused("CW-PERMIT-COHORT", f"{name} is true or false and has no order.")
    if condition.op in _FIXES_A_VALUE and variable.type in DATES:
        if variable.role == "direct_identifier":
            yield PermitRefused(
                "CW-PERMIT-COHORT",
                f"The cohort cannot ask for one exact {name}: it could single out people.",
            )
        elif shifted:
            yield PermitRefused(
                "CW-PERMIT-DATE-FORMS",
                f"A cohort with one exact {name} would undo the date shift.",
            )


def _comparable(variable: Variable, value: object) -> bool:
    if variable.type == "boolean":
        return isinstance(value, bool)
    if variable.type in ("integer", "decimal"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    return variable.type == "text" or _is_date(value)


def _is_date(text: str) -> bool:
    if not _DATE_TEXT.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _found(dataset: Dataset, table: str, name: str) -> Variable | None:
    try:
        return dataset.table(table).variable(name)
    except Fault:
        return None  # `cohort_faults` has named it already.
