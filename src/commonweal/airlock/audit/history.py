"""Reading `history/`: every output that left, validated and hashed before it is believed.

Whatever is not exactly as its manifest says is a `Fault` CW-AUDIT-HISTORY (CW-AUDIT-OUTPUT for an
output that is to be audited): an audit against half a history would find too little. In a home its
files are sealed (`airlock.kept`). An output whose project's key was destroyed cannot be opened by
anybody any more: it stays in the set, and the audit says that it was not compared.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.audit.manifest import (
    BY_RULE,
    MANIFEST,
    FiguresHistory,
    HistoryAmounts,
    HistoryFile,
    HistoryTable,
    OutputHistory,
)
from commonweal.airlock.audit.people import People, ascending, ids_of
from commonweal.airlock.audit.tables import Amounts, AuditTable, Cells, Small, incidence
from commonweal.airlock.kept import CLEAR, Kept, history_context
from commonweal.foundation.canonical import digest, parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import STAGING_PREFIX, read_bytes, sha256_file, translated
from commonweal.foundation.keyed import has_mark, key_of

MOST_OUTPUTS = 100_000
_PEOPLE = pa.schema([("audit_id", pa.binary())])
_CELLS = pa.schema([("person", pa.int32()), ("part", pa.int32())])
_VALUES = pa.schema(
    [
        ("row", pa.int32()),
        ("column", pa.int32()),
        ("at", pa.list_(pa.int32())),
        ("low", pa.int64()),
        ("high", pa.int64()),
        ("parts", pa.list_(pa.int32())),
    ]
)
_AMOUNTS = pa.schema([("person", pa.int32()), ("spot", pa.int32()), ("amount", pa.float64())])
SCHEMAS = {"people": _PEOPLE, "cells": _CELLS, "values": _VALUES, "amounts": _AMOUNTS}


@dataclass(frozen=True)
class Pin:
    """An output as it was compared: its id and the hash of its manifest's bytes."""

    output: str
    manifest: str


@dataclass(frozen=True)
class Place:
    """An output's folder with its manifest, read; its files are hashed when it is loaded.

    `sealed`: whether its files are; `kept`: how they are opened.
    """

    folder: Path
    pin: Pin
    paper: OutputHistory
    code: str = "CW-AUDIT-HISTORY"
    sealed: bool = False
    kept: Kept = field(default=CLEAR, repr=False, compare=False)


@dataclass(frozen=True)
class Lost:
    """An output that left, and whose files nobody can open: their key (its id) was destroyed."""

    pin: Pin
    key: str


@dataclass(frozen=True, eq=False)
class Output:
    """An output with its tables and, unless it is a publication, the people behind it."""

    place: Place
    people: People | None
    tables: tuple[AuditTable, ...]

    @property
    def name(self) -> str:
        """The output's id."""
        return self.place.paper.output


@dataclass(frozen=True)
class History:
    """All outputs that left. `by_rule`: versions of the catalogue's figures, whole by their hashes;
    they are safe against subtraction by the rule they are made by, and not compared one by one.
    `lost`: outputs whose key was destroyed; the audit says that they were not compared."""

    places: tuple[Place, ...]
    by_rule: tuple[Pin, ...]
    lost: tuple[Lost, ...] = ()

    def pins(self) -> tuple[Pin, ...]:
        """Each output with its hash, by name."""
        every = [
            *(one.pin for one in self.places), *self.by_rule, *(one.pin for one in self.lost)
        ]  # fmt: skip
        return tuple(sorted(every, key=lambda pin: pin.output))

    def load(self) -> Iterator[Output]:
        """Each output with its figures and people, newest first, one at a time."""
        newest = sorted(self.places, key=lambda p: (p.paper.released_at, p.pin.output))
        for place in reversed(newest):
            yield load_output(place)


def set_hash(pins: tuple[Pin, ...]) -> str:
    """One hash over an exact set of outputs."""
    return digest([[pin.output, pin.manifest] for pin in sorted(pins, key=lambda p: p.output)])


def read_history(
    folder: Path,
    expected: Mapping[str, str] | None = None,
    *,
    kept: Kept = CLEAR,
    known: Mapping[str, str] | None = None,
) -> History:
    """The history below `folder`.

    `expected`: the manifest hash of each output that left, as the ledger holds it; with it, an
    output that is missing, changed or unknown is a fault too. `kept`: how its files are opened.
    `known`: manifest hashes of the ledger, for outputs that nobody can open any more.
    Raises `Fault` CW-AUDIT-HISTORY, CW-FILE-MISSING where there is no such folder; `Unavailable`
    CW-AUDIT-UNSEALED, CW-AUDIT-SEALED, CW-KEY-UNAVAILABLE.
    """
    if not folder.is_dir():
        raise Fault("CW-FILE-MISSING", f"The history {folder.name} is not a folder.")
    places: list[Place] = []
    figures: list[Pin] = []
    lost: list[Lost] = []
    with translated(folder.name):
        found = sorted(folder.iterdir())
    for path in found:
        if path.name.startswith(STAGING_PREFIX):
            continue  # its making was cut off: it never left
        if path.is_symlink() or not path.is_dir() or len(places) >= MOST_OUTPUTS:
            raise _broken("CW-AUDIT-HISTORY", "it holds something that is no output's folder")
        if not has_mark(path / MANIFEST) and _kind(path) in BY_RULE:
            figures.append(_figures(path))
            continue
        try:
            places.append(read_place(path, "CW-AUDIT-HISTORY", kept))
        except Refused as error:
            if error.code != "CW-KEY-DESTROYED":
                raise
            lost.append(_lost(path, known or {}))
    history = History(tuple(places), tuple(figures), tuple(lost))
    if expected is not None and dict(expected) != {p.output: p.manifest for p in history.pins()}:
        raise _broken("CW-AUDIT-HISTORY", "it is not the set of outputs that the ledger holds")
    return history


def read_place(folder: Path, code: str, kept: Kept = CLEAR, name: str | None = None) -> Place:
    """The manifest of an output's folder. Faults have `code`.

    `name`: the output's, where the folder has another name; what is sealed is bound to it.
    Raises `Refused` CW-KEY-DESTROYED where nobody can open it any more, and what `Kept.manifest`
    raises of keys.
    """
    name, sealed = name or folder.name, has_mark(folder / MANIFEST)
    try:
        content = kept.manifest(folder / MANIFEST, history_context(name, MANIFEST), "The manifest")
    except Fault as error:
        raise _as_broken(error, code, f"the manifest of {name}") from error
    plain = parse_json(content, "The manifest")
    paper = OutputHistory.read(plain, f"The manifest of {name}", code)
    if (sealed or code == "CW-AUDIT-HISTORY") and paper.output != name:
        raise _broken(code, f"the folder {name} holds another output")
    named = {MANIFEST, *(file.path for file in paper.files())}
    _only(folder, named, code)
    return Place(folder, Pin(paper.output, _sha256(content)), paper, code, sealed, kept)


def load_output(place: Place) -> Output:
    """The figures and people of an output, checked against its manifest.

    Raises `Fault` with the place's code.
    """
    paper = place.paper
    people = None
    if paper.people is not None:
        ids = ids_of(_rows(place, paper.people, "people")["audit_id"])
        if ids is None or not ascending(ids):
            raise _broken(place.code, f"the people of {paper.output} are not ids in order")
        people = People(paper.people.sha256, ids)
    tables = tuple(_table(place, one, people) for one in paper.tables)
    return Output(place, people, tables)


def _table(place: Place, paper: HistoryTable, people: People | None) -> AuditTable:
    what = f"{paper.name} of {paper_of(place)}"
    cells = _cells(place, paper, _rows(place, paper.values, "values"), what)
    part_of = np.empty(0, np.int32)
    if paper.cells is not None and people is not None:
        rows = _rows(place, paper.cells, "cells")
        person, part = (rows[name].to_numpy() for name in ("person", "part"))
        ordered = bool(np.all(person[1:] > person[:-1]))
        inside = not len(person) or (person[0] >= 0 and person[-1] < len(people))
        if not (ordered and inside) or np.any((part < 0) | (part >= paper.parts)):
            raise _broken(place.code, f"the people of {what} are not in order")
        part_of = np.full(len(people), -1, np.int32)
        part_of[person] = part
    amounts = tuple(_amounts(place, one, part_of, paper) for one in paper.amounts or ())
    table = AuditTable(paper_of(place), paper, cells, part_of, amounts)
    if people is not None:
        wrong = (table.sizes < cells.low) | ((cells.high >= 0) & (table.sizes > cells.high))
        if np.any(wrong):
            raise _broken(place.code, f"a figure of {what} is not true of the people behind it")
    return table


def _amounts(place: Place, one: HistoryAmounts, part_of: Small, paper: HistoryTable) -> Amounts:
    """What people add to a sum: of people of the table, in its places, each pair once."""
    rows = _rows(place, one.file, "amounts")
    person, spot, amount = (rows[name].to_numpy() for name in ("person", "spot", "amount"))
    places = math.prod(len(side.categories) for side in paper.dimensions)
    known = (person >= 0) & (person < len(part_of)) & (spot >= 0) & (spot < places)
    keys = person.astype(np.int64) * places + spot
    fits = bool(np.all(known)) and bool(np.all(part_of[person] >= 0))
    hidden = max(one.hidden, default=-1) < paper.values.rows
    if not (fits and hidden and np.all(keys[1:] > keys[:-1]) and np.all(np.isfinite(amount))):
        raise _broken(place.code, f"the amounts of {paper.name} of {paper_of(place)} do not fit")
    return Amounts(one, person, spot, amount)


def paper_of(place: Place) -> str:
    """The id of the output at a place."""
    return place.paper.output


def _cells(place: Place, paper: HistoryTable, rows: pa.Table, what: str) -> Cells:
    count, width = len(rows), len(paper.dimensions)
    at, parts = (rows[name].combine_chunks() for name in ("at", "parts"))
    at_flat, parts_flat = (one.flatten().to_numpy(zero_copy_only=False) for one in (at, parts))
    lengths = at.value_lengths().to_numpy(zero_copy_only=False)
    part_lengths = parts.value_lengths().to_numpy(zero_copy_only=False)
    if at.flatten().null_count or parts.flatten().null_count or np.any(lengths != width):
        raise _broken(place.code, f"a figure of {what} does not say where it stands")
    where = at_flat.reshape(count, width).astype(np.int32)
    most = np.array([len(one.categories) for one in paper.dimensions], np.int32)
    outside = np.any((where < -1) | (where >= most)) if width else False
    if outside or np.any((parts_flat < 0) | (parts_flat >= paper.parts)):
        raise _broken(place.code, f"a figure of {what} stands outside its table")
    matrix = incidence(part_lengths, parts_flat, paper.parts)
    low = rows["low"].to_numpy()
    high = rows["high"].fill_null(-1).to_numpy()
    given = rows["high"].is_valid().to_numpy(zero_copy_only=False)
    if np.any(low < 0) or np.any(given & (high < low)) or matrix is None:
        raise _broken(place.code, f"a figure of {what} says what cannot be")
    row, column = (rows[name].to_numpy() for name in ("row", "column"))
    return Cells(row, column, where, low, high, matrix)


def checked_bytes(place: Place, file: HistoryFile) -> bytes:
    """The plain bytes of a file, with the hash of the manifest. Raises with the place's code."""
    try:
        context = history_context(paper_of(place), file.path)
        content, sha256 = place.kept.file(
            place.folder / file.path, context, "A file of the history", sealed=place.sealed
        )
    except Fault as error:
        raise _as_broken(error, place.code, f"{file.path} of {paper_of(place)}") from error
    if sha256 != file.sha256:
        raise _broken(place.code, f"{file.path} of {paper_of(place)} was changed")
    return content


def _rows(place: Place, file: HistoryFile, kind: str) -> pa.Table:
    """The rows of a file whose bytes have the hash of the manifest, in the exact columns."""
    content = checked_bytes(place, file)
    try:
        rows = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError):
        raise _broken(place.code, f"{file.path} of {paper_of(place)} is no Parquet") from None
    wanted = SCHEMAS[kind]
    fits = rows.schema.remove_metadata().equals(wanted) and len(rows) == file.rows
    nulls = any(rows[name].null_count for name in wanted.names if name != "high")
    if not fits or nulls:
        raise _broken(place.code, f"{file.path} of {paper_of(place)} has other columns or rows")
    return rows


# --- the catalogue's figures ------------------------------------------------------------------


def _kind(folder: Path) -> object:
    """The kind that a clear manifest names; None where it is none, which `read_place` says."""
    content = read_bytes(folder / MANIFEST, "The manifest")
    try:
        plain = parse_json(content, "The manifest")
    except Fault:
        return None
    return plain.get("kind") if isinstance(plain, dict) else None


def _figures(folder: Path) -> Pin:
    content = read_bytes(folder / MANIFEST, "The manifest")
    plain = parse_json(content, "The manifest")
    paper = FiguresHistory.read(plain, f"The manifest of {folder.name}", "CW-AUDIT-HISTORY")
    if paper.output != folder.name:
        raise _broken("CW-AUDIT-HISTORY", f"the folder {folder.name} holds another output")
    _only(folder, {MANIFEST, "figures.jws", *(one.path for one in paper.files)}, "CW-AUDIT-HISTORY")
    for one in paper.files:
        if sha256_file(folder / one.path) != one.sealed_hash:
            raise _broken("CW-AUDIT-HISTORY", f"{one.path} of {paper.output} was changed")
    return Pin(paper.output, _sha256(content))


def _lost(folder: Path, known: Mapping[str, str]) -> Lost:
    """An output that nobody can open, as the ledger alone still knows it."""
    pin = known.get(folder.name)
    if pin is None:
        raise _broken(
            "CW-AUDIT-HISTORY", f"the key of {folder.name} was destroyed, and no ledger knows it"
        )
    content = read_bytes(folder / MANIFEST, "The manifest")
    return Lost(Pin(folder.name, pin), key_of(content, "The manifest"))


def _only(folder: Path, named: set[str], code: str) -> None:
    """Refuse files that are missing, are links, or that no manifest names."""
    with translated(folder.name):
        found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    if any(path.is_symlink() or not path.is_file() for path in found):
        raise _broken(code, f"the folder {folder.name} holds something that is no plain file")
    names = {path.relative_to(folder).as_posix() for path in found}
    if names != named:
        raise _broken(code, f"the folder {folder.name} has not the files that its manifest names")


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _as_broken(error: Fault, code: str, what: str) -> Fault:
    """A sealed file that does not open is a history that is not whole; other faults stay."""
    return _broken(code, f"{what} was changed") if error.code == "CW-SEAL-BROKEN" else error


def _broken(code: str, why: str) -> Fault:
    what = "history" if code == "CW-AUDIT-HISTORY" else "output"
    return Fault(
        code, f"The {what} cannot be audited: {why}.",
        remedy="Restore it from a backup; an audit of less than everything would find too little.",
    )  # fmt: skip
