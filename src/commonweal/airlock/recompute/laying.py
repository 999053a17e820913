"""Laying a request's rows out: who, in which groups, with which values, as arrays.

Rows stay in the order of people. Groups that no kept row is in are named only where that tells of
nobody in particular.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from commonweal.airlock.figures import Axis, Marks, Numbers
from commonweal.airlock.recompute.asking import Rows
from commonweal.airlock.recompute.reading import Places, Small
from commonweal.foundation.errors import Refused
from commonweal.papers.output_request import Column, Grouping, OutputRequest, RowFilter

MAX_CELLS = 100_000
"""Cells of one table, totals counted: what a person can still look over is far below."""
COMMON = 10
"""A group that nobody of the rows asked for is in is named only if this many people are in it."""


@dataclass(frozen=True, eq=False)
class Laid:
    """The kept rows of a request, in the order of people.

    `person`: the number of each row's person. `places`: for each axis, the place of each row.
    `groups`: what each axis's groups are, as values of the column or numbers of bands; a tuple
    where neighbours were put together.
    """

    axes: tuple[Axis, ...]
    groups: tuple[tuple[object, ...], ...]
    person: Small
    places: tuple[Small, ...]
    values: dict[Column, Numbers]
    flags: dict[RowFilter, Marks]


def lay_out(request: OutputRequest, rows: Rows) -> Laid:
    """Lay out what a request asks for that `check_request` let through.

    Raises `Refused` CW-OUTPUT-MANY-ROWS (a joined table with several rows a person) and
    CW-OUTPUT-CELLS (too many cells), and the faults of reading.
    """
    kept = rows.meets(request.where)
    every = bool(kept.all())
    axes, groups, places = [], [], []
    for grouping in request.by:
        place, labels = rows.groups(grouping)
        named = _named(rows, request, grouping, place, kept, len(labels))
        shown = [labels[one] for one in named]
        axes.append(_axis(request, grouping, shown))
        groups.append(tuple(shown))
        moved = np.full(len(labels), -1, np.int32)
        moved[named] = np.arange(len(named), dtype=np.int32)
        places.append(moved[place] if every else moved[place[kept]])
    if math.prod(axis.places for axis in axes) > MAX_CELLS:
        raise Refused(
            "CW-OUTPUT-CELLS",
            f"The table would have more than {MAX_CELLS:,} cells, totals counted.",
            remedy="Group by fewer columns, or in wider bands.",
        )
    parts = dict.fromkeys(one for one in request.filters() if one is not request.where)
    measured = dict.fromkeys(request.measured())
    return Laid(
        tuple(axes),
        tuple(groups),
        rows.table.person if every else rows.table.person[kept],
        tuple(places),
        {one: rows.numbers(one) if every else rows.numbers(one)[kept] for one in measured},
        {one: rows.meets(one) if every else rows.meets(one)[kept] for one in parts},
    )


def _named(
    rows: Rows, request: OutputRequest, grouping: Grouping, place: Small, kept: Marks, groups: int
) -> Places:
    """The groups that are shown, by their places.

    A group is named where a kept row is in it, or where naming it tells of nobody.
    """
    present = np.bincount(place[kept], minlength=groups) > 0
    # Counting people is dear, so only groups are counted that are not named already.
    open_ = _own(rows, request, grouping) & ~present[place]
    if open_.any():
        pairs = np.unique(place[open_].astype(np.int64) << 32 | rows.table.person[open_])
        present |= np.bincount(pairs >> 32, minlength=groups) >= COMMON
    return np.flatnonzero(present)


def _own(rows: Rows, request: OutputRequest, grouping: Grouping) -> Marks:
    """Rows that meet those conditions of the filter that look at the grouped column alone."""
    where = request.where
    asked = () if where is None else where.all if where.all is not None else (where,)
    alone = tuple(
        one
        for one in asked
        if all(condition.column == grouping.column for condition in one.conditions())
    )
    return rows.meets(RowFilter(all=alone) if alone else None)


def _axis(request: OutputRequest, grouping: Grouping, shown: list[object]) -> Axis:
    column = grouping.column
    twice = [one.column.name for one in request.by].count(column.name) > 1
    name = f"{column.table}.{column.name}" if twice else column.name
    return Axis(name, tuple(label(one, grouping) for one in shown), request.margins)


def label(value: object, grouping: Grouping) -> str | None:
    """What stands beside a group; neighbouring groups that were put together are a tuple."""
    if value is None:
        return None
    first, last = (value[0], value[-1]) if isinstance(value, tuple) else (value, value)
    if grouping.labels is not None:
        named = [grouping.labels[int(str(one))] for one in (first, last)]
        return named[0] if first == last else f"{named[0]} to {named[1]}"
    if grouping.bands is None:
        said = str(value).lower() if isinstance(value, bool) else str(first)
        return said if first == last else f"{first} to {last}"
    low, high, edges = int(str(first)), int(str(last)), [str(edge) for edge in grouping.bands]
    if low == 0 and high == len(edges):
        return "all values"
    if low == 0:
        return f"under {edges[high]}"
    if high == len(edges):
        return f"{edges[low - 1]} and over"
    return f"{edges[low - 1]} to under {edges[high]}"
