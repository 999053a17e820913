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
from commonweal.airlock.audit.people import Ids, ids_of
from commonweal.airlock.audit.writing import NewTable, Published
from commonweal.airlock.figures import Marks, Series, Table
from commonweal.airlock.meaning import conditions, dimension, known, narrowed, population
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.published import place
from commonweal.airlock.recompute.laying import Laid
from commonweal.airlock.recompute.reading import Places
from commonweal.airlock.rounding import said_by
from commonweal.foundation.errors import Fault
from commonweal.papers.output_request import OfColumn, OutputRequest, Part, Ratio

Says = tuple[int, int | None]
_LONGEST_NAME = 56


@dataclass(frozen=True, eq=False)
class _Set:
    """People that figures are about: rows that count (None: all), and what is true of them.

    `says`: for each series of the table that is about them, its place.
    """

    rows: Marks | None
    words: str
    conditions: tuple[Condition, ...]
    series: tuple[int, ...]


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

    Where a table has no cell, there is none. Raises `Fault` CW-OUTPUT-RELEASE for a table that was
    not recomputed from a request.
    """
    if table.request is None:
        raise Fault("CW-OUTPUT-RELEASE", "Only what was recomputed has people behind it.")
    sides = [side for side, axis in enumerate(table.axes) if axis.labels]
    if any(not axis.labels and not axis.total for axis in table.axes):
        return ()
    made = []
    for number, one in enumerate(_sets(table.request, laid, release)):
        name = table.name[:_LONGEST_NAME] + (f".{number}" if number else "")
        title = table.title if not one.words else f"{table.title[:400]}: {one.words}"[:500]
        about = population(table.request, release)
        for condition in one.conditions:
            about = narrowed(about, condition)
        made.append(_new_table(table, laid, ids, release, sides, one, (name, title, about)))
    return tuple(made)


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
    who, spots = _members(laid, one.rows, sides)
    return NewTable(
        name=name,
        title=title,
        snapshot=release.snapshot,
        population=about,
        dimensions=tuple(
            dimension(table.request.by[side], laid.groups[side], release) for side in sides
        ),
        cells=tuple(_cells(table, one.series, sides)),
        ids=ids[who],
        at=spots,
    )


def _members(
    laid: Laid, rows: Marks | None, sides: list[int]
) -> tuple[Places, np.ndarray[tuple[int, int], np.dtype[np.int32]]]:
    """(person, place on each side) of everybody in a table, each pair once."""
    person = laid.person if rows is None else laid.person[rows]
    spot = np.zeros(len(person), np.int64)
    widths = [len(laid.axes[side].labels) for side in sides]
    for side, width in zip(sides, widths, strict=True):
        place_ = laid.places[side] if rows is None else laid.places[side][rows]
        spot = spot * width + place_
    cells = max(1, int(np.prod(widths, dtype=np.int64)))
    pairs = np.unique(person.astype(np.int64) * cells + spot)
    who, spot = np.divmod(pairs, cells)
    at = np.zeros((len(pairs), len(sides)), np.int32)
    for column in reversed(range(len(sides))):
        spot, at[:, column] = np.divmod(spot, widths[column])
    return who, at


def _cells(table: Table, series: Sequence[int], sides: list[int]) -> Iterator[Published]:
    """Every published cell, with what all figures in it say of the people there."""
    sums = {table.series[one].column for one in series if table.series[one].kind == "sum"}
    pairs = [
        one
        for one in series
        if table.series[one].kind == "mean" and table.series[one].column in sums
    ]
    for cell in np.ndindex(table.shape):
        at = tuple(
            -1 if cell[side] == len(table.axes[side].labels) else cell[side] for side in sides
        )
        said = [(_says(table, table.series[one], cell), one) for one in series]
        said += [(_values_there(table, one, cell), one) for one in pairs]
        low = max(says[0] for says, _ in said)
        ends = [says[1] for says, _ in said if says[1] is not None]
        high = min(ends) if ends else None
        closest = min(said, key=lambda one: _width(one[0]))[1]
        row, column = place(table, cell, closest)
        yield Published(row, column, at, low, high)


def _says(table: Table, series: Series, cell: tuple[int, ...]) -> Says:
    """What one figure says of how many people are in its set."""
    if series.hidden is not None and series.hidden[cell]:
        if table.least is None or table.most is None:
            return 0, None
        most = float(table.most[cell])
        return int(table.least[cell]), int(most) if np.isfinite(most) else None
    figure = float(series.figures[cell])
    if series.kind == "people":
        return said_by(int(figure), series.rounding)
    if series.kind == "rows":
        low, high = said_by(int(figure), series.rounding)
        return min(low, 1), high  # all rows may be one person's, or each another's
    if series.kind in ("mean", "min", "max", "quantile"):
        return (1, None) if np.isfinite(figure) else (0, 0)
    return 0, None


def _values_there(table: Table, number: int, cell: tuple[int, ...]) -> Says:
    """What a mean says together with the sum over it: how many values there are."""
    series = table.series[number]
    if series.evidence is None or (series.hidden is not None and series.hidden[cell]):
        return 0, None
    rows, people = int(series.evidence.rows[cell]), int(series.evidence.people[cell])
    # Where everybody has one row, as in a table of people, that is how many people there are.
    return (people, people) if rows == people else (min(rows, 1), rows)


def _width(says: Says) -> float:
    return np.inf if says[1] is None else says[1] - says[0]


def _sets(request: OutputRequest, laid: Laid, release: OpenRelease) -> Iterator[_Set]:
    """Each set of people that a measure is about, with the measures about it."""
    found: dict[object, tuple[Marks | None, str, tuple[Condition, ...], list[int]]] = {}
    for number, measure in enumerate(request.measures):
        if isinstance(measure, Ratio):
            parts = [measure.numerator, measure.denominator]
        else:
            parts = [
                Part(of="sum", column=measure.column)
                if isinstance(measure, OfColumn)
                else Part(of="people")
            ]
        for part in parts:
            rows = _rows_of(part, laid)
            key = (part.where, part.column if rows is not None else None)
            if key not in found:
                about = (*conditions(part.where, release), *_known(part, rows, release))
                found[key] = (rows, _words(part) if rows is not None else "", about, [])
            if number not in found[key][3]:
                found[key][3].append(number)
    for rows, words, about, series in found.values():
        yield _Set(rows, words, about, tuple(series))


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
