"""Publications made elsewhere, or before Commonweal, brought into the history.

A CSV holds the figures, one a line: `table`, a column for each dimension, and `figure`. A document
(`publication: 1`) says what they are about: the population and dimensions of each table as in a
manifest, and how figures were rounded and hidden. Nobody knows who is behind them, so they are
compared by their definitions alone.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.airlock.audit.manifest import MOST_TABLES, Dimension, OutputHistory
from commonweal.airlock.audit.writing import NewTable, Published, write_output
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.foundation.keyed import OpenKey
from commonweal.papers.base import Count, Identifier, Line, Moment, Paper, named_twice

MOST_BYTES = 64 * 1024 * 1024
TOTAL = "total"
_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)


class Hidden(Paper):
    """What a mark in place of a figure says: from `least` to `most` people."""

    mark: Annotated[str, Field(min_length=1, max_length=20)]
    least: Count
    most: Count | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Hidden:
        if self.most is not None and self.most < self.least:
            raise ValueError("has ends in the wrong order")
        if _NUMBER.fullmatch(self.mark):
            raise ValueError("has a mark that is a number")
        return self


class ImportedTable(Paper):
    """One table of a publication."""

    name: Identifier
    title: Line
    population: Definition
    dimensions: Annotated[tuple[Dimension, ...], Field(max_length=8)]


class Publication(Paper):
    """What a publication is about. `rounded_to`: the base that figures were rounded to, to the
    nearest and half up; 1 where they are exact. `snapshot`: the state of the source."""

    publication: Literal[1]
    output: Identifier
    title: Line
    published_at: Moment
    snapshot: Identifier
    rounded_to: Annotated[int, Field(ge=1, le=10_000)] = 1
    hidden: Annotated[tuple[Hidden, ...], Field(max_length=20)] = ()
    tables: Annotated[tuple[ImportedTable, ...], Field(min_length=1, max_length=MOST_TABLES)]

    @model_validator(mode="after")
    def _once(self) -> Publication:
        if named_twice([one.name for one in self.tables]) is not None:
            raise ValueError("has two tables of one name")
        if len({one.mark for one in self.hidden}) < len(self.hidden):
            raise ValueError("has a mark twice")
        return self

    def says(self, figure: str) -> tuple[int, int | None] | None:
        """What a figure says of the number of people; None where it cannot be read."""
        for one in self.hidden:
            if figure == one.mark:
                return one.least, one.most
        if not _NUMBER.fullmatch(figure) or int(figure) % self.rounded_to:
            return None
        shown, base = int(figure), self.rounded_to
        return max(0, shown - base // 2), shown + (base - 1) // 2


def label(condition: Condition) -> str:
    """How a CSV names a category: values joined by `|`; `40 to 50` for 40 to under 50."""
    if condition.values is not None:
        return "|".join(condition.values)
    least = "" if condition.least is None else f"{condition.least:g}"
    below = "" if condition.below is None else f"{condition.below:g}"
    return f"{least} to {below}"


def import_publication(
    figures: Path, about: Path, history: Path, key: OpenKey | None = None
) -> OutputHistory:
    """Write a publication into the history; gives its manifest. `key`: what seals its files.

    Raises `Fault` CW-AUDIT-IMPORT where document and figures do not fit, CW-FILE-EXISTS where an
    output of that name has left, and what reading the files raises.
    """
    paper = Publication.read(load_document(about, "The publication"), about.name, "CW-AUDIT-IMPORT")
    if not history.is_dir():
        raise Fault("CW-FILE-MISSING", f"The history {history.name} is not a folder.")
    lines = _lines(read_bytes(figures, "The figures", limit=MOST_BYTES), figures.name)
    tables = {one.name: _Reading(one, figures.name) for one in paper.tables}
    for number, line in enumerate(lines, 2):
        reading = tables.get(line.pop("table", ""))
        if reading is None:
            raise _wrong(figures.name, number, "names no table of the document")
        reading.take(paper, line, number)
    if any(not one.cells for one in tables.values()):
        raise Fault("CW-AUDIT-IMPORT", f"{figures.name} has no figures of one of the tables.")
    written = [_new(paper, one) for one in tables.values()]
    return write_output(history, paper.output, paper.title, paper.published_at, written, key)


class _Reading:
    """A table while its lines are read."""

    def __init__(self, paper: ImportedTable, file: str) -> None:
        self.paper = paper
        self.file = file
        self.cells: list[Published] = []
        self._seen: set[tuple[int, ...]] = set()
        names = [[TOTAL, *map(label, one.categories)] for one in paper.dimensions]
        if any(len(set(one)) < len(one) for one in names):
            raise Fault(
                "CW-AUDIT-IMPORT", f"Two categories of {paper.name} have one name in a CSV."
            )
        self._labels = [
            {TOTAL: -1} | {label(one): n for n, one in enumerate(dimension.categories)}
            for dimension in paper.dimensions
        ]

    def take(self, publication: Publication, line: dict[str, str], number: int) -> None:
        """One figure. Raises `Fault` CW-AUDIT-IMPORT."""
        said = publication.says(line.pop("figure", ""))
        if said is None:
            raise _wrong(self.file, number, "has a figure that is no count, or not so rounded")
        at = []
        for dimension, labels in zip(self.paper.dimensions, self._labels, strict=True):
            place = labels.get(line.pop(dimension.variable, ""))
            if place is None:
                raise _wrong(self.file, number, "names no category of its table")
            at.append(place)
        if any(line.values()):
            raise _wrong(self.file, number, "has a category of a variable that is not its table's")
        if tuple(at) in self._seen:
            raise _wrong(self.file, number, "is about a cell that an earlier line was about")
        self._seen.add(tuple(at))
        self.cells.append(Published(len(self.cells) + 1, 1, tuple(at), *said))


def _lines(content: bytes, name: str) -> list[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault("CW-FILE-ENCODING", f"{name} is not UTF-8 text.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        raise Fault("CW-AUDIT-IMPORT", f"{name} is not a CSV file.") from None
    header = rows[0] if rows else []
    if len(set(header)) < len(header) or not {"table", "figure"} <= set(header):
        raise Fault(
            "CW-AUDIT-IMPORT", f"{name} must have the columns table and figure, each name once."
        )
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise _wrong(name, number, "has more or fewer columns than the first line")
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]


def _new(paper: Publication, reading: _Reading) -> NewTable:
    table = reading.paper
    return NewTable(
        name=table.name,
        title=table.title,
        snapshot=paper.snapshot,
        population=table.population,
        dimensions=table.dimensions,
        cells=tuple(reading.cells),
        ids=None,
        at=np.empty((0, len(table.dimensions)), np.int32),
    )


def _wrong(name: str, line: int, why: str) -> Fault:
    return Fault("CW-AUDIT-IMPORT", f"Line {line} of {name} {why}.")
