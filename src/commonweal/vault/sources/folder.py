"""A folder of CSV, TSV and Parquet files: one table a file, or a sub-folder of Parquet parts.

`patients.csv` is table `patients`; `admissions/*.parquet` is table `admissions`. Hidden files and
files of other kinds are left alone. Links that lead out of the folder are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.connection import connect_for_names, quote_path
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import sha256_file, translated
from commonweal.vault.sources import csv_files
from commonweal.vault.sources.source import (
    Column,
    Fingerprint,
    Reading,
    Source,
    SourceTable,
    check_names,
)

_CSV = frozenset({".csv", ".tsv", ".tab"})
_PARQUET = frozenset({".parquet", ".pq"})


TABLE_FILES = _CSV | _PARQUET
"""How the files end that can be tables."""


def no_folder(path: Path) -> Fault:
    """The fault of a location that is no folder: a file lies in one, which can be given."""
    if not path.is_file():
        return Fault("CW-FILE-MISSING", f"There is no folder {path.name}.")
    return Fault(
        "CW-SOURCE-KIND",
        f"{path.name} is one file; a source is a folder, in which each file is a table.",
        remedy=f"Give the folder that holds it: {path.parent}",
    )


class FolderSource(Source):
    """Tables in files below one folder. `location` is the folder's path."""

    kind = "folder"

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self._folder = Path(location)
        with translated(f"the folder {self._folder.name}"):
            if not self._folder.is_dir():
                raise no_folder(self._folder)
            self._root = self._folder.resolve(strict=True)
        self._stems: dict[str, str] = {}
        self._checked: set[tuple[str, int, int, str]] = set()
        self._described: dict[tuple[tuple[str, int, int, int, int], ...], tuple[Column, ...]] = {}

    def tables(self, readings: Mapping[str, Reading] | None = None) -> tuple[SourceTable, ...]:
        """Every table, by name. Raises `Fault` CW-SOURCE-EMPTY where there is none."""
        readings = readings or {}
        found = []
        for name, files in self._files().items():
            found.append(self._describe(name, files, readings.get(name)))
        return tuple(found)

    def table(self, name: str, reading: Reading | None = None) -> SourceTable:
        """The table called `name`; other files are not opened."""
        return self._describe(name, self._locate(name, reading), reading)

    def fingerprint(self, tables: Sequence[str] | None = None) -> Fingerprint:
        """SHA-256 of every file of `tables` (default: all), named relative to the folder."""
        if tables is None:
            wanted = self._files()
        else:
            wanted = {name: self._locate(name, None) for name in tables}
        return Fingerprint.over(
            (path.relative_to(self._root).as_posix(), sha256_file(path))
            for files in wanted.values()
            for path in files
        )

    def _relation(
        self,
        connection: duckdb.DuckDBPyConnection,  # noqa: ARG002 (files need none)
        table: SourceTable,
    ) -> str:
        files = self._locate(table.name, table.reading)
        if _is_parquet(files):
            return parquet_relation(files)
        found = csv_files.layout(files[0], table.place, table.reading)
        self._check_bytes(files[0], table.place, found.encoding)
        return csv_files.relation(files[0], found)

    def _malformed(self, table: SourceTable, error: duckdb.Error) -> CommonwealError | None:
        if table.reading.format == "csv":
            return csv_files.malformed(table.place, error)
        return parquet_malformed(table.place, error)

    def _locate(self, name: str, reading: Reading | None) -> tuple[Path, ...]:
        """The files of a table of the catalogue: those it declares, else those of its name."""
        listed = self._files()
        if reading is not None and reading.file is not None:
            for stem, files in listed.items():
                if self._shown(files) == reading.file:
                    self._stems[name] = stem
                    return files
            raise Fault(
                "CW-SOURCE-UNKNOWN", f"The folder {self._folder.name} has no file {reading.file}."
            )
        stem = self._stems.get(name, name)
        if stem not in listed:
            raise Fault("CW-SOURCE-UNKNOWN", f"The folder {self._folder.name} has no table {name}.")
        return listed[stem]

    def _shown(self, files: Sequence[Path]) -> str:
        first = files[0]
        return first.name if first.parent == self._root else f"{first.parent.name}/"

    def _files(self) -> dict[str, tuple[Path, ...]]:
        """The files of each table, by table name."""
        found: dict[str, tuple[Path, ...]] = {}
        with translated(f"the folder {self._folder.name}"):
            for entry in sorted(self._root.iterdir()):
                files = self._files_of(entry)
                if not files:
                    continue
                name = entry.name if entry.is_dir() else entry.stem
                twin = next((n for n in found if n.casefold() == name.casefold()), None)
                if twin is not None:
                    raise Fault(
                        "CW-SOURCE-NAMES",
                        f"The folder {self._folder.name} holds table {name} more than once.",
                    )
                found[name] = files
        if not found:
            raise Fault(
                "CW-SOURCE-EMPTY",
                f"The folder {self._folder.name} holds no CSV, TSV or Parquet file.",
            )
        check_names(list(found), f"The folder {self._folder.name}", "table")
        return found

    def _files_of(self, entry: Path) -> tuple[Path, ...]:
        if entry.name.startswith((".", "_")):
            return ()
        if entry.is_dir():
            parts = sorted(p for p in entry.iterdir() if p.suffix.lower() in _PARQUET)
            return tuple(self._inside(part) for part in parts if not part.name.startswith("."))
        if entry.suffix.lower() in TABLE_FILES:
            return (self._inside(entry),)
        return ()

    def _inside(self, path: Path) -> Path:
        if not path.resolve().is_relative_to(self._root) or not path.is_file():
            raise Fault(
                "CW-SOURCE-NAMES",
                f"{path.name} is a link out of the folder {self._folder.name}, or no plain file.",
            )
        return path

    def _describe(self, name: str, files: tuple[Path, ...], reading: Reading | None) -> SourceTable:
        shown = self._shown(files)
        place = shown if len(files) == 1 else f"{shown} ({len(files):,} parts)"
        missing = reading.missing if reading is not None else ()
        if _is_parquet(files):
            columns = self._parquet_columns(files, place)
            return SourceTable(name, columns, place, Reading(shown, "parquet", missing=missing))
        found = csv_files.layout(files[0], place, reading)
        columns = tuple(Column(column, "VARCHAR") for column in found.names)
        return SourceTable(
            name,
            columns,
            place,
            Reading(shown, "csv", found.delimiter, found.quote, found.encoding, missing),
        )

    def _parquet_columns(self, files: tuple[Path, ...], place: str) -> tuple[Column, ...]:
        # Asked many times in one reading, and each time an engine would be started for it. Files
        # that were written again, or put in place of others, are described anew.
        with translated(place):
            states = [(str(path), path.stat()) for path in files]
        key = tuple(
            (path, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
            for path, state in states
        )
        if key not in self._described:
            self._described[key] = parquet_columns(files, place)
        return self._described[key]

    def _check_bytes(self, path: Path, place: str, encoding: str) -> None:
        with translated(place):
            state = path.stat()
        key = (str(path), state.st_size, state.st_mtime_ns, encoding)
        if key not in self._checked:
            csv_files.check_bytes(path, place, encoding)
            self._checked.add(key)


def _is_parquet(files: Sequence[Path]) -> bool:
    return files[0].suffix.lower() in _PARQUET


def parquet_relation(files: Sequence[Path]) -> str:
    """SQL that reads Parquet files of one schema, to stand after FROM."""
    listed = ", ".join(quote_path(path) for path in files)
    return f"read_parquet([{listed}], hive_partitioning = false, filename = false)"


def parquet_columns(files: Sequence[Path], place: str) -> tuple[Column, ...]:
    """Columns and DuckDB storage types of Parquet files, which must all have the same schema.

    Raises `Fault` CW-SOURCE-MALFORMED or CW-SOURCE-NAMES.
    """
    first: pa.Schema | None = None
    for path in files:
        try:
            with translated(place):
                schema = pq.read_schema(path)
        except (pa.ArrowException, ValueError, CommonwealError):
            raise _not_parquet(path.name) from None
        if first is None:
            first = schema
        elif not schema.equals(first):
            raise Fault(
                "CW-SOURCE-MALFORMED",
                f"{place}: {path.name} does not have the columns and types of the first part.",
            )
    assert first is not None  # noqa: S101 (a table has at least one file)
    check_names(first.names, place)
    # DuckDB, which will read the values, says how it sees them; the engine opens no data pages.
    with connect_for_names() as engine:
        try:
            relation = parquet_relation(files)
            rows = engine.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            raise (parquet_malformed(place, error) or _not_parquet(place)) from None
    if [row[0] for row in rows] != first.names:
        raise Fault("CW-SOURCE-NAMES", f"{place}: its column names cannot be told apart.")
    return tuple(Column(name, "ENUM" if t.startswith("ENUM") else t) for name, t, *_ in rows)


def parquet_malformed(place: str, error: duckdb.Error) -> CommonwealError | None:
    """Our fault for an error of DuckDB's Parquet reader, or None if it is not one of those."""
    # A full disk or too little memory is not the file's fault.
    if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
        return None
    return _not_parquet(place)


def _not_parquet(place: str) -> Fault:
    return Fault("CW-SOURCE-MALFORMED", f"{place} cannot be read as Parquet; it may be damaged.")
