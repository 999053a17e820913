"""A recomputed table as it is published: a CSV file, one row a cell, and where a figure stands.

Columns: one for each grouping (`all` for a total), then one for each measure. A figure that was
hidden is `hidden`, one that there is none of is empty. What was done to figures is said in a last
column, so that nobody takes a hidden cell for nobody.
"""

from __future__ import annotations

import csv
import io
import math
import re

import numpy as np

from commonweal.airlock.figures import Series, Table

HIDDEN = "hidden"
_NUMBER = re.compile(r"-[0-9][0-9.,]*(?: [^=+@|!(]*)?\Z")
"""A number below nothing, and words after it, as of a band."""
_SAID = {
    "exact": "",
    "nearest_5": "counts rounded to the nearest 5",
    "midpoint_6": "counts rounded to middles of steps of 6",
    "small_as_5": "counts of 1 to 7 shown as 5, others rounded to the nearest 5",
}


def published(table: Table) -> bytes:
    """The table in UTF-8."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\n")
    said = notes(table)
    head = [axis.name for axis in table.axes] + [one.name for one in table.series]
    writer.writerow([*head, *(["protected"] if said else [])])
    for cell in np.ndindex(table.shape):
        labels = [_label(axis.label(at)) for axis, at in zip(table.axes, cell, strict=True)]
        figures = [shown(one, cell) for one in table.series]
        writer.writerow([*labels, *figures, *(["; ".join(said)] if said else [])])
    return sink.getvalue().encode("utf-8")


def notes(table: Table) -> list[str]:
    """What was done to the table's figures, in words."""
    rounded = {_SAID[one.rounding] for one in table.series} - {""}
    return [*sorted(rounded), *table.protected]


def shown(series: Series, cell: tuple[int, ...]) -> str:
    """One figure as it is published."""
    if series.hidden is not None and series.hidden[cell]:
        return HIDDEN
    figure = float(series.figures[cell])
    if not math.isfinite(figure):
        return ""
    return f"{figure:.{series.decimals}f}"


def _label(text: str) -> str:
    """A label that no program for tables takes for a formula."""
    begins = text.lstrip()[:1]
    formula = begins in ("=", "+", "@") or (begins == "-" and _NUMBER.match(text.strip()) is None)
    return f"'{text}" if formula else text


def place(table: Table, cell: tuple[int, ...], series: int) -> tuple[int, int]:
    """(row, column) of a figure in the published table, both from 1, the header not counted."""
    row = int(np.ravel_multi_index(cell, table.shape)) if cell else 0
    return row + 1, len(table.axes) + series + 1
