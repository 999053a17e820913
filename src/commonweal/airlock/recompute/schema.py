"""A request meets the schema of a release: do its columns exist, and does each type fit?

Nothing here looks at data, so a refusal says nothing about anybody (S5).
"""

from __future__ import annotations

from datetime import date, datetime

from commonweal.airlock.opened import NEVER_SHOWN, OpenRelease
from commonweal.foundation.errors import Refused
from commonweal.papers.output_request import Column, OutputRequest, RowCondition
from commonweal.papers.release.manifest import ReleasedColumn

_NUMBERS = frozenset({"integer", "decimal"})
_GROUPS = frozenset({"text", "integer", "boolean", "date"})
_NEVER_ROLES = frozenset({"free_text", "image"})
_COARSE = frozenset({"year", "month", "age_band", "outward_postcode", "interval", "shift"})
"""Forms in which what says who somebody is (a birthday, a postcode) no longer says it. An age group
is the commonest side of all tables; whether its cells are too small is for the rules."""

Bound = str | int | float | bool | date | datetime
"""A value as it is bound to a statement."""


def check_request(request: OutputRequest, release: OpenRelease) -> None:
    """Refuse a request that the release cannot answer, before anything is read.

    Raises `Refused` CW-OUTPUT-COLUMN (no such table or column, one that nobody may look at, or of a
    type that does not fit) and CW-OUTPUT-NOBODY.
    """
    if request.table not in release.tables:
        raise _no("The release has no table of the name that the request gives.")
    release.tables[request.table].require_person()
    for column in request.columns():
        find(column, release)
    for grouping in request.by:
        found = find(grouping.column, release)
        if grouping.bands is not None and found.type not in _NUMBERS:
            raise _no(f"{found.name} holds no numbers, so it cannot be put into bands.")
        if grouping.bands is None and found.type not in _GROUPS:
            raise _no(f"{found.name} has too many values to group by; use bands of numbers.")
    for column in request.measured():
        found = find(column, release)
        if found.type not in _NUMBERS:
            raise _no(f"{found.name} holds no numbers, so it cannot be measured.")
    for one in request.filters():
        for condition in one.conditions():
            bound_values(condition, find(condition.column, release))


def find(column: Column, release: OpenRelease) -> ReleasedColumn:
    """The released column. Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY."""
    table = release.tables.get(column.table)
    found = None if table is None else table.columns.get(column.name)
    if table is None or found is None:
        raise _no("The release has no column of a name that the request gives.")
    bare = found.role == "direct_identifier" and found.form.partition("(")[0] not in _COARSE
    if found.form in NEVER_SHOWN or found.role in _NEVER_ROLES or found.type == "code" or bare:
        raise _no(f"{found.name} singles people or records out, so no request may look at it.")
    table.require_person()
    return found


def bound_values(condition: RowCondition, column: ReleasedColumn) -> tuple[Bound, ...]:
    """What a condition compares with, in the type of the column. Raises CW-OUTPUT-COLUMN."""
    if column.type == "boolean" and condition.op not in ("eq", "ne", "is_missing", "is_present"):
        raise _no(f"{column.name} holds true and false, which have no order.")
    return tuple(_bound(value, column) for value in condition.values())


def _bound(value: str | bool | int | float, column: ReleasedColumn) -> Bound:
    text, number = isinstance(value, str), isinstance(value, int | float)
    if column.type == "boolean" and isinstance(value, bool):
        return value
    if column.type == "text" and text:
        return value
    if column.type in _NUMBERS and number and not isinstance(value, bool):
        return value
    if column.type in ("date", "timestamp") and isinstance(value, str):
        return _when(value, column)
    raise _no(f"{column.name} is compared with a value of another type than it holds.")


def _when(value: str, column: ReleasedColumn) -> date | datetime:
    read = date.fromisoformat if column.type == "date" else datetime.fromisoformat
    try:
        when = read(value)
    except ValueError:
        when = None
    if when is None or (isinstance(when, datetime) and when.tzinfo is not None):
        raise _no(f"{column.name} is compared with what is no {column.type}: write YYYY-MM-DD.")
    return when


def _no(sentence: str) -> Refused:
    return Refused("CW-OUTPUT-COLUMN", sentence)
