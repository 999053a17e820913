"""What a cohort may ask of the catalogue, and of which variables.

A cohort chooses people, so a cohort that looks at a name or an exact birthday chooses one person.
Beside shifted dates, a cohort must not hold a date to a narrow window either: whoever knows that
everybody was admitted in one week can undo every shift (S16). How narrow is worked out in
`windows.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from commonweal.foundation.errors import Fault
from commonweal.papers.catalogue import NAMING, Dataset, Variable
from commonweal.papers.cohort import Cohort, Condition
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.windows import Columns, shortest_window

DATES = frozenset({"date", "timestamp"})
_CLOSED_ROLES = frozenset({None, "record_key", "free_text", "image", "genomic"})
_ORDERED = frozenset({"lt", "le", "gt", "ge"})
_PRESENCE = frozenset({"is_missing", "is_present"})
DATED = frozenset({"date_of_birth", "date_of_death", "event_date", "administrative_date"})
"""What is a date, also where it is kept as a text or as a number."""

BIRTH_DAYS = 366
"""A cohort holds a date of birth to no fewer days than a whole year has."""

_DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def cohort_faults(
    cohort: Cohort, dataset: Dataset, *, shift_weeks: int | None
) -> Iterator[PermitRefused]:
    """Every reason why `cohort` cannot be asked of `dataset`.

    `shift_weeks`: how far dates of the same permit are moved either way, None where none is.
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
        yield from _condition_faults(condition, dataset, shifted=shift_weeks is not None)
    yield from _birth_faults(cohort, dataset)
    if shift_weeks is not None:
        yield from _shift_faults(cohort, dataset, shift_weeks)


def _singles_out(variable: Variable) -> bool:
    a_date = variable.type in DATES
    return (
        variable.role in _CLOSED_ROLES
        or variable.identifies in NAMING
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
    yield from _disguised_faults(name, variable, shifted=shifted)


def _disguised_faults(name: str, variable: Variable, *, shifted: bool) -> Iterator[PermitRefused]:
    """Of a date that is kept as a text or a number nobody can tell how narrow a comparison is."""
    if variable.type in DATES or variable.identifies not in DATED:
        return
    if variable.identifies == "date_of_birth":
        yield PermitRefused(
            "CW-PERMIT-COHORT",
            f"The cohort cannot compare {name}: it is a date of birth that is not kept as a date.",
        )
    elif shifted:
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"The cohort cannot compare {name} beside shifted dates: it is a date that is not kept "
            "as a date.",
        )


def _birth_faults(cohort: Cohort, dataset: Dataset) -> Iterator[PermitRefused]:
    for place, kind in _dates(cohort, dataset).items():
        variable = dataset.table(place[0]).variable(place[1])
        if not variable.is_birth:
            continue
        days = shortest_window(cohort, {place: kind})
        if days is not None and days < BIRTH_DAYS:
            yield PermitRefused(
                "CW-PERMIT-COHORT",
                f"The cohort holds {'.'.join(place)} to fewer than {BIRTH_DAYS} days: it could "
                "single out people.",
            )


def _shift_faults(cohort: Cohort, dataset: Dataset, shift_weeks: int) -> Iterator[PermitRefused]:
    """S16: a window in which not every shift is possible tells the shift of who is in it."""
    columns = _dates(cohort, dataset)
    weeks = 2 * shift_weeks + 1

    def narrow(held: Columns) -> bool:
        days = shortest_window(cohort, held)
        return days is not None and days < 7 * weeks

    alone = [".".join(place) for place, kind in columns.items() if narrow({place: kind})]
    for name in alone:
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"The cohort holds {name} to fewer than {weeks} weeks, which would undo the date "
            "shift.",
        )
    # Who is admitted from one day on and leaves by the next was admitted on one of the two.
    if not alone and narrow(columns):
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"The cohort holds {' and '.join('.'.join(place) for place in columns)} together to "
            f"fewer than {weeks} weeks, which would undo the date shift.",
        )


def interval_faults(
    cohort: Cohort,
    dataset: Dataset,
    counted: Iterable[tuple[str, str, str | None]],
    *,
    weeks: int,
) -> Iterator[PermitRefused]:
    """A date that the cohort holds to few days gives every date that is counted to or from it.

    `counted`: (table, variable, since or None) of each interval; without `since` it counts from the
    person's first date. `weeks`: to how many weeks a cohort may hold such a date.
    """
    columns = _dates(cohort, dataset)
    for table, variable, since in counted:
        ends = [(table, name) for name in (variable, since) if name is not None]
        held = {place: columns[place] for place in ends if place in columns}
        days = shortest_window(cohort, held)
        if days is not None and days < 7 * weeks:
            yield PermitRefused(
                "CW-PERMIT-DATE-FORMS",
                f"The cohort holds {' and '.join('.'.join(place) for place in held)} to fewer than "
                f"{weeks} weeks, so that {table}.{variable} in days would give dates away.",
            )


def _dates(cohort: Cohort, dataset: Dataset) -> dict[tuple[str, str], str]:
    """The type of each date that a condition compares, by table and variable."""
    compared = {(condition.table, condition.variable) for condition in cohort.conditions()}
    found = {place: _found(dataset, *place) for place in sorted(compared)}
    return {place: v.type for place, v in found.items() if v is not None and v.type in DATES}


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
