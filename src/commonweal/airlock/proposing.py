"""Recomputed tables in the form of the audit: who is in which cell, and what each figure says.

A request becomes one table of the audit for each set of people that its figures are about: all
rows, rows with a value in a measured column, rows of one part of a ratio. So the audit sees what
two measures of one request give away together, as "50 people, 49 of them with a cost".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.airlock.audit.manifest import SumOf
from commonweal.airlock.audit.people import Ids, ids_of
from commonweal.airlock.audit.writing import NewAmounts, NewTable, Published
from commonweal.airlock.figures import Marks, Series, Table
from commonweal.airlock.meaning import conditions, dimension, known, narrowed, population, variable
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.published import place
from commonweal.airlock.recompute.laying import Laid
from commonweal.airlock.recompute.reading import Places
from commonweal.airlock.recompute.schema import find
from commonweal.airlock.rounding import rounded, said_by
from commonweal.foundation.errors import Fault
from commonweal.papers.output_request import (
    MADE_BY_STUDY,
    Column,
    Mean,
    Measure,
    OfColumn,
    OutputRequest,
    Part,
    Ratio,
    Sum,
)

Says = tuple[int, int | None]
Grid = np.ndarray[tuple[int, int], np.dtype[np.int32]]
_SUMS: tuple[SumOf, ...] = ("sum", "mean", "ratio")
_Figure = tuple[int, str]
"""The place of a series in its table, and the part of it: `whole`, `numerator`, `denominator`."""
_SLACK = 1e-9
_LONGEST_NAME = 56


@dataclass(frozen=True, eq=False)
class _Set:
    """People that figures are about: rows that count (None: all), and what is true of them.

    `figures`: the series of the table that are about them, and which part of it is.
    """

    rows: Marks | None
    words: str
    conditions: tuple[Condition, ...]
    figures: tuple[_Figure, ...]


def audit_ids(codes: pa.Array, audit_map: Path) -> Ids:
    """The custodian's audit id for each code of a release, by the sealed map that lies open here.

    Raises `Fault` CW-OUTPUT-RELEASE where a code is not in the map, or it is no map.
    """
    try:
        rows = pq.read_table(audit_map, columns=["code", "audit_id"])
        ids = ids_of(rows["audit_id"])
        theirs = rows["code"].combine_chunks()
        found = pc.index_in(codes.cast(theirs.type), value_set=theirs)
    except (pa.ArrowException, OSError, KeyError):
        raise _no_map() from None
    if ids is None or found.null_count or len(pc.unique(theirs)) != len(theirs):
        raise _no_map()
    mine: Ids = ids[found.to_numpy()]
    return mine


def new_tables(table: Table, laid: Laid, ids: Ids, release: OpenRelease) -> tuple[NewTable, ...]:
    """The tables of the audit for a recomputed table. `ids`: of the person of each number.

    A table without a row says that nobody is there, which is what the audit gets of it. Raises
    `Fault` CW-OUTPUT-RELEASE for a table that was not recomputed from a request.
    """
    if table.request is None:
        raise Fault("CW-OUTPUT-RELEASE", "Only what was recomputed has people behind it.")
    sides = [side for side, axis in enumerate(table.axes) if axis.labels]
    if any(not axis.labels and not axis.total for axis in table.axes):
        return (_of_nobody(table, ids, release),)
    made = []
    for number, one in enumerate(_sets(table.request, laid, release)):
        name = table.name[:_LONGEST_NAME] + (f".{number}" if number else "")
        title = table.title if not one.words else f"{table.title[:400]}: {one.words}"[:500]
        about = population(table.request, release)
        for condition in one.conditions:
            about = narrowed(about, condition)
        made.append(_new_table(table, laid, ids, release, sides, one, (name, title, about)))
    return tuple(made)


def _of_nobody(table: Table, ids: Ids, release: OpenRelease) -> NewTable:
    """What a table without a row says: that all its people together are nobody."""
    assert table.request is not None  # noqa: S101 (told by the caller)
    return NewTable(
        name=table.name[:_LONGEST_NAME],
        title=table.title,
        snapshot=release.snapshot,
        population=population(table.request, release),
        dimensions=(),
        cells=(Published(1, len(table.axes) + 1, (), 0, 0),),
        ids=ids[:0],
        at=np.zeros((0, 0), np.int32),
    )


def _new_table(
    table: Table,
    laid: Laid,
    ids: Ids,
    release: OpenRelease,
    sides: list[int],
    one: _Set,
    named: tuple[str, str, Definition],
) -> NewTable:
    assert table.request is not None  # noqa: S101 (told by the caller)
    name, title, about = named
    members = _members(laid, one.rows, sides)
    return NewTable(
        name=name,
        title=title,
        snapshot=release.snapshot,
        population=about,
        dimensions=tuple(
            dimension(table.request.by[side], laid.groups[side], release) for side in sides
        ),
        cells=tuple(_cells(table, one.figures, sides)),
        ids=ids[members.who],
        at=members.at,
        amounts=tuple(_amounts(table, laid, one, members, release)),
    )


@dataclass(frozen=True, eq=False)
class _Members:
    """`who`, `at`: person and place on each side of everybody in a table, each pair once; `number`:
    the pair of each row that counts."""

    who: Places
    at: Grid
    number: Places


def _amounts(
    table: Table, laid: Laid, one: _Set, members: _Members, release: OpenRelease
) -> Iterator[NewAmounts]:
    """What people add to each sum that the figures of a set are, or that follows from them: one for
    each column, a sum before a mean before a ratio."""
    assert table.request is not None  # noqa: S101 (told by the caller)
    found: dict[Column, tuple[int, SumOf, int]] = {}
    for number, role in one.figures:
        summed = _summed(table.request.measures[number], role)
        if summed is not None:
            column, measure = summed
            rank = (_SUMS.index(measure), measure, number)
            found[column] = min(found.get(column, rank), rank)
    for column, (_, measure, number) in found.items():
        values = laid.values[column] if one.rows is None else laid.values[column][one.rows]
        amounts = np.bincount(
            members.number, weights=np.nan_to_num(values, nan=0.0), minlength=len(members.who)
        ).astype(np.float64)
        # What numbers cannot hold passes no rule for one sum, so nothing is compared with it.
        if np.all(np.isfinite(amounts)):
            hidden = table.series[number].hidden
            places = () if hidden is None else tuple(np.flatnonzero(hidden).tolist())
            stands = place(table, (0,) * len(table.axes), number)[1]
            yield NewAmounts(measure, _called(column, release), stands, places, amounts)


def _called(column: Column, release: OpenRelease) -> str:
    """A summed column's name for the audit: one of a study's own is known by its content, one of a
    release by its name alone, since another form of it still tells of the same values."""
    if column.table == MADE_BY_STUDY:
        return variable(find(column, release), column.table)
    return f"{column.table}.{column.name}"


def _summed(measure: Measure, role: str) -> tuple[Column, SumOf] | None:
    """The column of which a figure tells the sum, and how; None where it tells none."""
    if isinstance(measure, Sum):
        return measure.column, "sum"
    if isinstance(measure, Mean):
        return measure.column, "mean"
    if isinstance(measure, Ratio):
        parts = {"numerator": measure.numerator, "denominator": measure.denominator}
        mine = parts.pop(role)
        (other,) = parts.values()
        if mine.column is not None and other.of != "sum":
            return mine.column, "ratio"
    return None


def _members(laid: Laid, rows: Marks | None, sides: list[int]) -> _Members:
    person = laid.person if rows is None else laid.person[rows]
    spot = np.zeros(len(person), np.int64)
    widths = [len(laid.axes[side].labels) for side in sides]
    for side, width in zip(sides, widths, strict=True):
        place_ = laid.places[side] if rows is None else laid.places[side][rows]
        spot = spot * width + place_
    cells = max(1, int(np.prod(widths, dtype=np.int64)))
    pairs, number = np.unique(person.astype(np.int64) * cells + spot, return_inverse=True)
    who, spot = np.divmod(pairs, cells)
    at = np.zeros((len(pairs), len(sides)), np.int32)
    for column in reversed(range(len(sides))):
        spot, at[:, column] = np.divmod(spot, widths[column])
    return _Members(who, at, number.ravel())


def _cells(table: Table, figures: Sequence[_Figure], sides: list[int]) -> Iterator[Published]:
    """Every published cell, with what all figures in it say of the people there."""
    series = [table.series[number] for number, _ in figures]
    sums = {one.column for one in series if one.kind == "sum"}
    for cell in np.ndindex(table.shape):
        at = tuple(
            -1 if cell[side] == len(table.axes[side].labels) else cell[side] for side in sides
        )
        said = [
            _says(table, one, role, cell, beside_sum=one.kind == "mean" and one.column in sums)
            for one, (_, role) in zip(series, figures, strict=True)
        ]
        ends = [high for _, high in said if high is not None]
        closest = min(range(len(said)), key=lambda one: _width(said[one]))
        row, column = place(table, cell, figures[closest][0])
        low, high = max(low for low, _ in said), min(ends) if ends else None
        yield Published(row, column, at, low, high)


def _says(
    table: Table, series: Series, role: str, cell: tuple[int, ...], *, beside_sum: bool
) -> Says:
    """What one figure says of how many people are in its set.

    `beside_sum`: a mean whose sum is published too, so that how many values there are follows.
    """
    if series.hidden is not None and series.hidden[cell]:
        if table.least is None or table.most is None:
            return 0, None
        most = float(table.most[cell])
        return int(table.least[cell]), int(most) if np.isfinite(most) else None
    figure = float(series.figures[cell])
    if series.kind == "people":
        return said_by(int(figure), series.rounding)
    if series.kind == "rows":
        return _rows_say(series, cell, said_by(int(figure), series.rounding))
    if series.kind == "ratio":
        return _share_says(series, role, cell, figure)
    if beside_sum and series.evidence is not None:
        rows = int(series.evidence.rows[cell])
        return _rows_say(series, cell, (rows, rows))
    if series.kind in ("mean", "min", "max", "quantile"):
        return (1, None) if np.isfinite(figure) else (0, 0)
    return 0, None


def _rows_say(series: Series, cell: tuple[int, ...], rows: Says) -> Says:
    """What a number of rows says: that many people at most, and just as many where each has one."""
    evidence = series.evidence
    if evidence is not None and evidence.rows[cell] == evidence.people[cell]:
        return rows
    return min(rows[0], 1), rows[1]


def _share_says(series: Series, role: str, cell: tuple[int, ...], figure: float) -> Says:
    """What a share of people says of those in its numerator, to whoever knows of how many it is."""
    if role != "numerator" or series.parts is None or series.parts.of != ("people", "people"):
        return 0, None
    if series.rounding != "exact":
        shown = rounded(series.parts.numerator.people[cell].astype(np.float64), series.rounding)
        return said_by(int(shown), series.rounding)
    whole = int(series.parts.denominator.people[cell])
    if not np.isfinite(figure) or whole == 0:
        return 0, None
    half = 0.5 * 10.0**-series.decimals
    low, high = ((figure + side) * whole / series.per for side in (-half, half))
    return max(0, int(np.ceil(low - _SLACK))), int(np.floor(high + _SLACK))


def _width(says: Says) -> float:
    return np.inf if says[1] is None else says[1] - says[0]


def _sets(request: OutputRequest, laid: Laid, release: OpenRelease) -> Iterator[_Set]:
    """Each set of people that a measure is about, with the measures about it."""
    found: dict[object, tuple[Marks | None, str, tuple[Condition, ...], list[_Figure]]] = {}
    for number, measure in enumerate(request.measures):
        for role, part in _parts(measure):
            rows = _rows_of(part, laid)
            key = (part.where, part.column if rows is not None else None)
            if key not in found:
                about = (*conditions(part.where, release), *_known(part, rows, release))
                found[key] = (rows, _words(part) if rows is not None else "", about, [])
            found[key][3].append((number, role))
    for rows, words, about, figures in found.values():
        yield _Set(rows, words, about, tuple(figures))


def _parts(measure: Measure) -> list[tuple[str, Part]]:
    if isinstance(measure, Ratio):
        return [("numerator", measure.numerator), ("denominator", measure.denominator)]
    if isinstance(measure, OfColumn):
        return [("whole", Part(of="sum", column=measure.column))]
    return [("whole", Part(of="people"))]


def _rows_of(part: Part, laid: Laid) -> Marks | None:
    """Rows that count in a part; None where all of them do."""
    met = np.ones(len(laid.person), np.bool_)
    if part.where is not None:
        met &= laid.flags[part.where]
    if part.column is not None:
        met &= ~np.isnan(laid.values[part.column])
    return None if part.where is None and met.all() else met


def _known(part: Part, rows: Marks | None, release: OpenRelease) -> tuple[Condition, ...]:
    if part.column is None or rows is None:
        return ()
    return (known(part.column, release),)


def _words(part: Part) -> str:
    said = "rows" if part.column is None else f"rows with {part.column.name}"
    return said if part.where is None else f"some {said}"


def _no_map() -> Fault:
    return Fault("CW-OUTPUT-RELEASE", "The audit map is not that of the people of this release.")
