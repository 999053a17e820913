"""Writing an output into `history/`: figures, people and manifest, whole or not at all.

What lies in memory is written in the clear; in a home, and wherever a home's key is at hand, each
file is sealed (`airlock.kept`). Hashes of a manifest are those of the plain bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
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
    HistoryAmounts,
    HistoryFile,
    HistoryTable,
    OutputHistory,
    SumOf,
)
from commonweal.airlock.audit.people import ID_BYTES, Ids, places_in
from commonweal.airlock.audit.places import cells_at, ranges
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
class NewAmounts:
    """What people add to a published figure that is a sum, or that a sum follows from.

    `of`: the column that is added up; `column`: where the figures stand in the published table, in
    the rows of its cells; `hidden`: numbers of the cells that are not published; `amounts`: of each
    row of the table's `ids` and `at`, in the same order, where each person has each place once.
    """

    measure: SumOf
    of: str
    column: int
    hidden: tuple[int, ...]
    amounts: npt.NDArray[np.float64]


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
    amounts: tuple[NewAmounts, ...] = ()


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
                "history": 2,
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
    parts: object = [[]] * len(table.cells)
    count = 0
    amounts: tuple[HistoryAmounts, ...] = ()
    if table.ids is not None and people is not None:
        made = _parts(table, people)
        count, parts = made.count, made.of_cells
        columns = {"person": made.person, "part": made.part}
        cells = _file(folder, f"cells/{number:05d}.parquet", "cells", columns)
        amounts = tuple(_amounts(folder, number, table, people))
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
        amounts=amounts or None,
    )


def _amounts(folder: _Into, number: int, table: NewTable, people: Ids) -> Iterator[HistoryAmounts]:
    """What people add to the sums that a table published, one file a measure."""
    assert table.ids is not None  # noqa: S101 (told by the caller)
    person, spot = places_in(people, table.ids), _spots(table)
    for place, one in enumerate(table.amounts):
        order = np.lexsort((spot, person))
        # Who adds nothing changes no difference.
        order = order[one.amounts[order] != 0]
        columns = {
            "person": person[order].astype(np.int32),
            "spot": spot[order].astype(np.int32),
            "amount": one.amounts[order],
        }
        path = f"amounts/{number:05d}n{place:05d}.parquet"
        yield HistoryAmounts(
            measure=one.measure, of=one.of, column=one.column, hidden=one.hidden,
            file=_file(folder, path, "amounts", columns),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Parts:
    """`person`, `part`: of everybody in a table; `count`: how many parts; `of_cells`: those of each
    published cell."""

    person: npt.NDArray[np.int32]
    part: npt.NDArray[np.int32]
    count: int
    of_cells: pa.ListArray


def _parts(table: NewTable, people: Ids) -> _Parts:
    """Who is in which part, and which parts make up each published cell."""
    assert table.ids is not None  # noqa: S101 (told by the caller)
    widths = [len(one.categories) for one in table.dimensions]
    found, spot = np.unique(_spots(table), return_inverse=True)
    spots = (
        np.stack(np.unravel_index(found, widths), 1)
        if widths
        else np.zeros((len(found), 0), np.int64)
    )
    order = np.argsort(table.ids, kind="stable")
    person = places_in(people, table.ids[order])
    # Each person's spots once, in order: one number for both, which sorts faster than two.
    keys = np.unique(person * max(1, len(found)) + spot.ravel()[order])
    who, where = np.divmod(keys, max(1, len(found)))
    starts = np.flatnonzero(np.diff(who, prepend=-1))
    pattern, first = _alike(where, starts)
    lengths = np.diff(np.append(starts, len(where)))[first]
    inside = where[ranges(starts[first], lengths)]
    owner = np.repeat(np.arange(len(first)), lengths)
    cells, held = _of_patterns(table, spots, widths, owner, inside)
    ends = np.searchsorted(cells, np.arange(len(first)))
    part_of_pattern, of_part = _alike(held, ends)
    sizes = np.diff(np.append(ends, len(held)))[of_part]
    part = np.repeat(np.arange(len(of_part)), sizes)
    cell = held[ranges(ends[of_part], sizes)]
    by_cell = np.lexsort((part, cell))
    bounds = np.searchsorted(cell[by_cell], np.arange(len(table.cells) + 1))
    return _Parts(
        who[starts].astype(np.int32),
        part_of_pattern[pattern].astype(np.int32),
        len(of_part),
        pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(part[by_cell], pa.int32())),
    )


def _spots(table: NewTable) -> npt.NDArray[np.int64]:
    """The innermost place of each row, as one number."""
    place = np.zeros(len(table.at), np.int64)
    for number, one in enumerate(table.dimensions):
        place = place * len(one.categories) + table.at[:, number]
    return place


def _alike(
    members: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(number of each set among the different ones, the first set of each number), of sets that lie
    one after the other in `members` from `starts`.

    Sets are compared by two sums of random numbers of 64 bits, one for each member.
    """
    ends = np.append(starts[1:], len(members)).astype(np.int64)
    kinds = int(members.max(initial=-1)) + 1
    draws = np.random.default_rng(1).integers(0, 2**64, (2, kinds), np.uint64)
    sums = np.zeros((len(starts), 2), np.uint64)
    for side, draw in enumerate(draws):
        running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(draw[members])])
        sums[:, side] = running[ends] - running[starts]
    order = np.lexsort((sums[:, 1], sums[:, 0]))
    ordered = sums[order]
    new = np.any(ordered[1:] != ordered[:-1], axis=1)
    group = np.concatenate([np.zeros(min(1, len(order)), np.int64), np.cumsum(new)])
    number = np.empty(len(order), np.int64)
    number[order] = group
    first = order[np.flatnonzero(np.append(True, new)[: len(order)])]
    return number, first


def _of_patterns(
    table: NewTable,
    spots: npt.NDArray[np.int64],
    widths: list[int],
    pattern: npt.NDArray[np.int64],
    spot: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(pattern, cell) of each published cell that a pattern of spots is in, each once, in order."""
    at = np.array([one.at for one in table.cells], np.int64).reshape(len(table.cells), len(widths))
    lengths, cells = cells_at(at, spots, widths)
    starts = np.cumsum(lengths) - lengths
    owner = np.repeat(pattern, lengths[spot])
    inside = cells[ranges(starts[spot], lengths[spot])]
    every = np.unique(owner * max(1, len(table.cells)) + inside)
    owners, held = np.divmod(every, max(1, len(table.cells)))
    return owners, held


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
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)
