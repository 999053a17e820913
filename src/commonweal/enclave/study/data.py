"""The release's tables, read when they are needed, for use inside the job.

DuckDB reads them where they lie. Its connection may read the release and the approved reference
files and write nowhere but to its own temporary folder, and loads no extensions: a query that was
copied from somewhere cannot reach for anything else by accident. (What keeps a hostile study in is
the job's sandbox, not this.)
"""

from __future__ import annotations

import contextlib
import importlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.place import Place, TableKind


def identifier(name: str) -> str:
    """`name` as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def source(table: TableKind) -> str:
    """What DuckDB reads a table from; a file's name is never taken as a pattern."""
    if not table.files:  # one that lies in the engine itself, such as columns that a study made
        return identifier(table.name)
    files = ", ".join(literal(_unpatterned(str(path.resolve()))) for path in table.files)
    return f"read_parquet([{files}], hive_partitioning = false)"


def _unpatterned(path: str) -> str:
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in path)


@dataclass
class Engine:
    """One locked DuckDB connection over the tables of a release, as views of their names."""

    place: Place
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)
    _spill: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, opened the first time."""
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> duckdb.DuckDBPyConnection:
        release = self.place.release
        db = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "allow_persistent_secrets": False,
            },
        )
        readable = [release.folder.resolve()]
        if self.place.reference is not None:
            readable.append(self.place.reference.resolve())
        listed = ", ".join(literal(f"{folder}/") for folder in readable)
        self._spill = tempfile.TemporaryDirectory(prefix="study-")
        spill = literal(str(Path(self._spill.name).resolve()))
        db.execute(f"SET temp_directory = {spill}")
        db.execute("SET TimeZone = 'UTC'")
        db.execute("SET enable_progress_bar = false")
        for table in release.tables.values():
            db.execute(f"CREATE VIEW {identifier(table.name)} AS SELECT * FROM {source(table)}")
        db.execute(f"SET allowed_directories = [{listed}]")
        db.execute("SET enable_external_access = false")
        db.execute("SET lock_configuration = true")
        return db

    @contextlib.contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Say in words of ours which call failed; DuckDB's own reason stays with it."""
        try:
            yield
        except duckdb.Error as error:
            raise StudyError(f"{what}: {error}") from error


@dataclass(frozen=True)
class Table:
    """One table of the release. Nothing is read before it is asked for."""

    kind: TableKind
    engine: Engine = field(repr=False)

    @property
    def name(self) -> str:
        """The table's name."""
        return self.kind.name

    @property
    def columns(self) -> dict[str, str]:
        """The type of each column, by its name."""
        return {name: column.type for name, column in self.kind.columns.items()}

    @property
    def forms(self) -> dict[str, str]:
        """The permitted form of each column, by its name."""
        return {name: column.form for name, column in self.kind.columns.items()}

    @property
    def person(self) -> str | None:
        """The column that says whose row it is."""
        return self.kind.person

    def duckdb(self) -> duckdb.DuckDBPyRelation:
        """A relation of DuckDB: `.filter(...)`, `.aggregate(...)`, `.df()`."""
        with self.engine.errors(f"The table {self.name} cannot be read"):
            return self.engine.connection().sql(f"SELECT * FROM {identifier(self.name)}")

    def arrow(self, columns: list[str] | None = None) -> pa.Table:
        """An Arrow table, of `columns` only where they are given."""
        for name in columns or ():
            if name not in self.kind.columns:
                raise StudyError(f"columns: {self.name} has no column {name!r}.")
        parts = [pq.ParquetFile(path).read(columns=columns) for path in self.kind.files]
        return pa.concat_tables(parts).replace_schema_metadata(None)

    def pandas(self, columns: list[str] | None = None) -> Any:
        """A data frame of pandas."""
        with needed("pandas"):
            return self.arrow(columns).to_pandas()

    def polars(self, columns: list[str] | None = None) -> Any:
        """A data frame of Polars."""
        return to_polars(self.arrow(columns))


def to_polars(table: pa.Table) -> Any:
    """An Arrow table as a data frame of Polars."""
    with needed("polars") as polars:
        return polars.from_arrow(table)


@contextlib.contextmanager
def needed(package: str) -> Iterator[Any]:
    """A package of the researcher's choice, or a sentence that it is not there."""
    try:
        found = importlib.import_module(package)
    except ImportError:
        raise StudyError(f"{package} is not installed in this runtime.") from None
    yield found
