"""Writing an output into `history/`: figures, people and manifest, whole or not at all.

What lies in memory is written in the clear; in a home, and wherever a home's key is at hand, each
file is sealed (`airlock.kept`). Hashes of a manifest are those of the plain bytes.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.audit.definitions import Definition
from commonweal.airlock.audit.history import SCHEMAS, Place, checked_bytes
from commonweal.airlock.audit.manifest import (
    MANIFEST,
    PEOPLE,
    Dimension,
    HistoryFile,
    HistoryTable,
    OutputHistory,
)
from commonweal.airlock.audit.people import ID_BYTES, Ids, places_in
from commonweal.airlock.kept import history_context, write_sealed
from commonweal.foundation.clock import stamp
from commonweal.foundation.files import make_private_folder, staged_folder, write_atomic
from commonweal.foundation.keyed import OpenKey


@dataclass(frozen=True)
class Published:
    """A published cell or total: its place in the table (from 1), its category in each dimension
    (-1 for a total), and what its figure says (`high` None: nothing)."""

    row: int
    column: int
    at: tuple[int, ...]
    low: int
    high: int | None


@dataclass(frozen=True, eq=False)
class NewTable:
    """A table to be written. `member`: (audit id, category in each dimension) of each row behind
    it: `ids` and `at` (rows by dimensions) in the same order. A person may have many rows, and is
    counted once in each cell. `ids` None: only the figures are known."""

    name: str
    title: str
    snapshot: str
    population: Definition
    dimensions: tuple[Dimension, ...]
    cells: tuple[Published, ...]
    ids: Ids | None
    at: npt.NDArray[np.int32]


def write_output(
    history: Path,
    output: str,
    title: str,
    released_at: datetime,
    tables: Sequence[NewTable],
    key: OpenKey | None = None,
) -> OutputHistory:
    """Write an output below `history`; gives its manifest. `key`: what seals its files.

    Raises `PaperInvalid` where it does not fit together, `Fault` CW-FILE-EXISTS where it is there.
    """
    with staged_folder(history / output) as staging:
        folder = _Into(staging, output, key)
        people = _people(tables)
        written = None if people is None else _file(folder, PEOPLE, "people", {"audit_id": people})
        plain = [_table(folder, number, one, people).plain() for number, one in enumerate(tables)]
        paper = OutputHistory.read(
            {
                "history": 1,
                "output": output,
                "kind": "publication" if people is None else "tables",
                "title": title,
                "released_at": stamp(released_at),
                **({} if written is None else {"people": written.plain()}),
                "tables": plain,
            },
            "The manifest",
            "CW-AUDIT-OUTPUT",
        )
        folder.put(MANIFEST, paper.canonical())
    return paper


def seal_output(source: Place, to: Path, key: OpenKey) -> None:
    """Write an output that lies in memory once more, sealed, into the new folder `to`.

    Raises `Fault` with the place's code for a file that is not as its manifest says.
    """
    with staged_folder(to) as staging:
        folder = _Into(staging, source.paper.output, key)
        for file in source.paper.files():
            folder.put(file.path, checked_bytes(source, file))
        context = history_context(source.paper.output, MANIFEST)
        manifest = source.kept.manifest(source.folder / MANIFEST, context, "The manifest")
        folder.put(MANIFEST, manifest)


@dataclass(frozen=True)
class _Into:
    """A folder that is being written, and what seals its files."""

    folder: Path
    output: str
    key: OpenKey | None

    def put(self, path: str, content: bytes) -> None:
        """Write one file durably."""
        target = self.folder / path
        make_private_folder(target.parent)
        if self.key is None:
            write_atomic(target, content)
        else:
            write_sealed(target, content, self.key, history_context(self.output, path))


def _people(tables: Sequence[NewTable]) -> Ids | None:
    lists = [one.ids for one in tables if one.ids is not None]
    return np.unique(np.concatenate(lists)) if lists else None


def _table(folder: _Into, number: int, table: NewTable, people: Ids | None) -> HistoryTable:
    cells = None
    parts: list[list[int]] = [[]] * len(table.cells)
    count = 0
    if table.ids is not None and people is not None:
        person, part, patterns = _parts(table, people)
        count = len(patterns)
        parts = _within(patterns, len(table.cells))
        columns = {"person": person, "part": part}
        cells = _file(folder, f"cells/{number:05d}.parquet", "cells", columns)
    values = {
        "row": [one.row for one in table.cells],
        "column": [one.column for one in table.cells],
        "at": [list(one.at) for one in table.cells],
        "low": [one.low for one in table.cells],
        "high": [one.high for one in table.cells],
        "parts": parts,
    }
    return HistoryTable(
        name=table.name,
        title=table.title,
        snapshot=table.snapshot,
        population=table.population,
        dimensions=table.dimensions,
        parts=count,
        values=_file(folder, f"values/{number:05d}.parquet", "values", values),
        cells=cells,
    )


def _parts(
    table: NewTable, people: Ids
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], list[frozenset[int]]]:
    """(person, part) of everybody in a table, and the published cells of each part."""
    assert table.ids is not None  # noqa: S101 (told by the caller)
    widths = [len(one.categories) for one in table.dimensions]
    place = np.zeros(len(table.ids), np.int64)
    for number, width in enumerate(widths):
        place = place * width + table.at[:, number]
    found, spot = np.unique(place, return_inverse=True)
    spots = (
        np.stack(np.unravel_index(found, widths), 1)
        if widths
        else np.zeros((len(found), 0), np.int64)
    )
    order = np.argsort(table.ids, kind="stable")
    person = places_in(people, table.ids[order])
    # Each person's spots once, in order: one number for both, which sorts faster than two.
    keys = np.unique(person * max(1, len(found)) + spot[order])
    pairs = np.stack(np.divmod(keys, max(1, len(found))))
    starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
    pattern, sets = _patterns(pairs[1], starts, len(spots))
    inside = _cells_at(table, spots)
    known: dict[frozenset[int], int] = {}
    by_pattern = [
        known.setdefault(frozenset[int]().union(*(inside[one] for one in several)), len(known))
        for several in sets
    ]
    part = np.array(by_pattern, np.int32)[pattern]
    return pairs[0][starts].astype(np.int32), part, list(known)


def _patterns(
    spots: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], kinds: int
) -> tuple[npt.NDArray[np.int64], list[tuple[int, ...]]]:
    """(pattern of each person, the spots of each pattern), from each person's spots in order.

    Spot by spot: all people who have a k-th one are numbered anew by it and what they were before.
    """
    lengths = np.diff(np.append(starts, len(spots)))
    pattern = spots[starts] if len(starts) else np.empty(0, np.int64)
    sets: list[tuple[int, ...]] = [(one,) for one in range(kinds)]
    for place in range(1, int(lengths.max(initial=0))):
        who = np.flatnonzero(lengths > place)
        keys = pattern[who] * kinds + spots[starts[who] + place]
        new, number = np.unique(keys, return_inverse=True)
        pattern[who] = len(sets) + number
        sets += [(*sets[key // kinds], key % kinds) for key in new.tolist()]
    return pattern, sets


def _cells_at(table: NewTable, spots: npt.NDArray[np.int64]) -> list[frozenset[int]]:
    """The published cells and totals that a row at each spot counts in."""
    known: dict[tuple[int, ...], list[int]] = {}
    for number, one in enumerate(table.cells):
        known.setdefault(one.at, []).append(number)
    return [
        frozenset(
            number
            for place in itertools.product(*((one, -1) for one in spot))
            for number in known.get(place, ())
        )
        for spot in spots.tolist()
    ]


def _within(patterns: list[frozenset[int]], cells: int) -> list[list[int]]:
    """The patterns of each cell."""
    found: list[list[int]] = [[] for _ in range(cells)]
    for number, one in enumerate(patterns):
        for cell in one:
            found[cell].append(number)
    return found


def _file(folder: _Into, path: str, kind: str, columns: Mapping[str, object]) -> HistoryFile:
    schema = SCHEMAS[kind]
    made = pa.table(
        [_column(columns[name], schema.field(name).type) for name in schema.names], schema=schema
    )
    sink = io.BytesIO()
    # Ids are random: nothing to compress, and no value twice.
    random = kind == "people"
    pq.write_table(made, sink, compression="none" if random else "zstd", use_dictionary=not random)
    content = sink.getvalue()
    folder.put(path, content)
    sha256 = "sha256:" + hashlib.sha256(content).hexdigest()
    return HistoryFile(path=path, sha256=sha256, rows=len(made))


def _column(values: object, kind: pa.DataType) -> pa.Array:
    if isinstance(values, np.ndarray) and values.dtype == f"S{ID_BYTES}":
        # Through a buffer: as texts, ids that end in zero bytes would lose them.
        data = pa.py_buffer(np.ascontiguousarray(values))
        fixed = pa.Array.from_buffers(pa.binary(ID_BYTES), len(values), [None, data])
        return fixed.cast(pa.binary())
    return pa.array(values, kind)
