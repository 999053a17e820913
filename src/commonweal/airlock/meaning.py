"""What the cells of a request are about, in the audit's words: conditions on variables.

A condition must never say less than what is true, else one cell would seem to lie in another by
definition. So a variable is named with its table and, where it is not exact, its form; whatever a
condition cannot say (`or`, `not`, a value that is missing) becomes a condition of its own kind,
known by its hash, that only the very same words imply.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.airlock.audit.manifest import Dimension
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.schema import find
from commonweal.foundation.canonical import digest
from commonweal.papers.analysis_request import AnalysisRequest
from commonweal.papers.output_request import (
    MADE_BY_STUDY,
    Column,
    Grouping,
    OutputRequest,
    RowCondition,
    RowFilter,
)
from commonweal.papers.release.manifest import ReleasedColumn

_LONGEST = 128
_MOST_TEXT = 500
NO_VALUE = "(no value)"


def population(
    request: OutputRequest | AnalysisRequest,
    release: OpenRelease,
    more: Sequence[Condition] = (),
) -> Definition:
    """Who a request's rows are about: the release's people with a row that meets its filter."""
    start = (*release.population, Condition(variable=_named(f"rows of {request.table}")), *more)
    found = Definition(conditions=_once(start))
    for one in conditions(request.where, release):
        found = narrowed(found, one)
    return found


def conditions(one: RowFilter | None, release: OpenRelease) -> Iterator[Condition]:
    """A filter as conditions that all hold."""
    if one is None:
        return
    if one.all is not None:
        for child in one.all:
            yield from conditions(child, release)
    elif one.where is not None:
        yield _condition(one.where, release) or opaque(one, release)
    else:
        yield opaque(one, release)


def opaque(one: RowFilter, release: OpenRelease) -> Condition:
    """A filter that conditions cannot say: known by its words, and by the content of the columns
    that a study made, since another study's column of the same name says something else."""
    made = {
        each.column.name: find(each.column, release).form
        for each in one.conditions()
        if each.column.table == MADE_BY_STUDY
    }
    if made:
        said = {"filter": one.plain(), "made": made}
        return Condition(variable=f"{MADE_BY_STUDY} filter {digest(said)[-32:]}")
    return Condition(variable=f"filter {digest(one.plain())[-32:]}")


def narrowed(found: Definition, one: Condition) -> Definition:
    """A definition with one more condition, which is kept even where one cannot say both."""
    before = {held.variable: held for held in found.conditions}.get(one.variable)
    if before is None:
        return found.with_these((one,))
    both = before.both(one)
    if both.implies(before) and both.implies(one):
        return found.with_these((one,))
    beside = Condition(variable=f"also {digest(one.plain())[-32:]}")
    return found.with_these((beside,))


def known(column: Column, release: OpenRelease) -> Condition:
    """That a column has a value."""
    return Condition(variable=variable(find(column, release), column.table))


def dimension(grouping: Grouping, groups: Sequence[object], release: OpenRelease) -> Dimension:
    """One side of a table: each group as a condition. `groups` as `Laid` holds them."""
    column = find(grouping.column, release)
    name = variable(column, grouping.column.table)
    if grouping.bands is None:
        made = [_group(name, one, column) for one in groups]
    else:
        edges: list[int | float | None] = [None, *grouping.bands, None]
        made = []
        for one in groups:
            if one is None:
                made.append(_values(name, NO_VALUE))
                continue
            first, last = (one[0], one[-1]) if isinstance(one, tuple) else (one, one)
            low, below = edges[int(str(first))], edges[int(str(last)) + 1]
            made.append(Condition(variable=name, least=low, below=below))
    return Dimension(variable=name, categories=tuple(made))


def variable(column: ReleasedColumn, table: str) -> str:
    """A column's name for the audit: two forms of one variable are two variables."""
    form = "" if column.form == "exact" else f" ({column.form})"
    return _named(f"{table}.{column.name}{form}")


def _named(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:80]} {digest(text)[-32:]}"


def _once(some: Sequence[Condition]) -> tuple[Condition, ...]:
    return tuple({one.variable: one for one in some}.values())


def _condition(one: RowCondition, release: OpenRelease) -> Condition | None:
    column = find(one.column, release)
    name = variable(column, one.column.table)
    if one.op == "is_present":
        return Condition(variable=name)
    if one.op in ("eq", "in"):
        given = one.values()
        if column.type == "integer" and one.op == "eq":
            return _whole(name, given[0])
        if column.type in ("text", "boolean", "date"):
            texts = dict.fromkeys(_text(value) for value in given)
            return _values(name, *texts)
        return None
    return _ranged(name, one, column)


def _ranged(name: str, one: RowCondition, column: ReleasedColumn) -> Condition | None:
    """An order as a range from a number to under another; None where a range cannot say it."""
    value = one.value
    if column.type not in ("integer", "decimal") or isinstance(value, str | bool | tuple | None):
        return None
    if one.op == "ge":
        return Condition(variable=name, least=value)
    if one.op == "lt":
        return Condition(variable=name, below=value)
    whole = column.type == "integer" and float(value).is_integer()
    if whole and one.op == "gt":
        return Condition(variable=name, least=int(value) + 1)
    return Condition(variable=name, below=int(value) + 1) if whole and one.op == "le" else None


def _group(name: str, value: object, column: ReleasedColumn) -> Condition:
    if value is None:
        return _values(name, NO_VALUE)
    if isinstance(value, tuple):
        ends = [_whole(name, value[place]) for place in (0, -1)] if column.type == "integer" else []
        if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
            return Condition(variable=name, least=ends[0].least, below=ends[1].below)
        return _values(name, *(_text(one) for one in value))
    if column.type == "integer":
        found = _whole(name, value)
        if found is not None:
            return found
    return _values(name, _text(value))


def _whole(name: str, value: object) -> Condition | None:
    """One whole number, as the range that bands of the same variable can be compared with."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**53 - 1:
        return None
    return Condition(variable=name, least=value, below=value + 1)


def _values(name: str, *values: str) -> Condition:
    return Condition(variable=name, values=values)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if len(text) <= _MOST_TEXT else f"{text[:400]} {digest(text)[-32:]}"
