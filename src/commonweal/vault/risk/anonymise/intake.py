"""Reading the tables: quasi-identifiers, sensitive columns and people as texts, others as they are.

Files are read by the engine, strictly: a CSV that breaks its own rules is refused as a whole.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa

from commonweal.foundation.connection import connect, engine_errors, quote_identifier
from commonweal.foundation.errors import Fault
from commonweal.vault.risk.anonymise.request import wrong
from commonweal.vault.sources.folder import TABLE_FILES, FolderSource
from commonweal.vault.sources.source import check_names
from commonweal.vault.sources.values import family
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_ARROW = "cw__anonymise"
_Reading = Callable[[], AbstractContextManager[None]]


class Intake:
    """One table, opened: its column names, and its columns when asked for. A context manager."""

    def __init__(
        self, table: pa.Table | Path | str, what: str = "table", engine: Engine | None = None
    ) -> None:
        self.what = what
        self._engine = engine
        self._open = contextlib.ExitStack()
        with self._open:
            self._connection = self._own_connection() if engine is None else engine.connection
            self._relation, self._reading = self._relate(table)
            with self._reading():
                found = self._connection.execute(
                    f"DESCRIBE SELECT * FROM {self._relation}"  # noqa: S608 (quoted)
                ).fetchall()
            self._storage = {row[0]: row[1] for row in found}
            self._open = self._open.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in their order."""
        return tuple(self._storage)

    def _own_connection(self) -> duckdb.DuckDBPyConnection:
        folder = self._open.enter_context(
            tempfile.TemporaryDirectory(prefix="commonweal-anonymise-")
        )
        connection = connect(Path(folder))
        self._open.callback(connection.close)
        return connection

    def _relate(self, table: pa.Table | Path | str) -> tuple[str, _Reading]:
        if isinstance(table, pa.Table):
            check_names(table.column_names, f"The {self.what}")
            name = f"{_ARROW}_{secrets.token_hex(6)}"
            with engine_errors(f"read the {self.what}"):
                self._connection.register(name, _plain(table))
            self._open.callback(self._connection.unregister, name)
            return quote_identifier(name), lambda: engine_errors(f"read the {self.what}")
        path = Path(table)
        if not path.exists():
            raise Fault("CW-FILE-MISSING", f"There is no file {path.name}.")
        if path.is_file() and path.suffix.lower() not in TABLE_FILES:
            raise wrong(f"{path.name} is not a CSV, TSV or Parquet file.")
        source = self._open.enter_context(FolderSource(str(path.absolute().parent)))
        found = source.table(path.stem if path.is_file() else path.name)
        relation = source.relation(self._connection, found)
        return relation, lambda: source.reading_errors(found)

    def read(self, texts: Collection[str], others: Sequence[str]) -> pa.Table:
        """The columns named, in the table's order, `texts` as texts; empty and NaN are missing.

        Raises `WrongUsage` CW-ANONYMISE-INPUT for an absent or nested column, and the faults of
        the file.
        """
        parts = [
            _value(column, self._storage[column], text=column in texts)
            for column in self._usable({*texts, *others})
        ]
        with self._reading():
            return self._connection.execute(
                f"SELECT {', '.join(parts)} FROM {self._relation}"  # noqa: S608 (quoted)
            ).to_arrow_table()

    def adopted(
        self, texts: Collection[str], others: Sequence[str], row: str
    ) -> tuple[ops.Table, Callable[[pa.Table], pa.Table]]:
        """`read` for the engine of this intake: (the columns as its table, `typed`).

        All columns are texts there, and the column `row` is the place of each row, from 1. `typed`
        gives `others` in an Arrow table their types again, in which `read` would have given them.
        """
        if self._engine is None:
            raise ValueError("this intake has no engine")
        usable = self._usable({*texts, *others})
        parts = [_value(column, self._storage[column], text=True) for column in usable]
        name = f"cw__intake_{secrets.token_hex(6)}"
        with self._reading():
            # Read once and whole: what is wrong with the file is said here, in the file's words.
            self._connection.execute(
                f"CREATE TEMP TABLE {name} AS SELECT {', '.join(parts)} FROM {self._relation}"  # noqa: S608 (quoted)
            )
        made = self._engine.adopt(name, dict.fromkeys(usable, "text"), row)
        connection, storage = self._connection, {one: self._storage[one] for one in others}
        return made, lambda table: _typed(connection, table, storage)

    def _usable(self, wanted: Collection[str]) -> list[str]:
        """The columns `wanted` in the table's order. Raises `WrongUsage` CW-ANONYMISE-INPUT."""
        for column in wanted:
            storage = self._storage.get(column)
            if storage is None:
                raise wrong(f"There is no column {column} in the {self.what}.")
            if family(storage) is None:
                raise wrong(f"Column {column} of the {self.what} holds lists or bytes.")
        return [column for column in self._storage if column in wanted]


def _value(column: str, storage: str, *, text: bool) -> str:
    name = quote_identifier(column)
    if storage in ("FLOAT", "DOUBLE"):
        kept = f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END"
        return f"CAST({kept} AS VARCHAR) AS {name}" if text else f"{kept} AS {name}"
    if text or family(storage) == "text":
        return f"nullif(CAST({name} AS VARCHAR), '') AS {name}"
    return name


def _typed(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, storage: Mapping[str, str]
) -> pa.Table:
    """`table` with the texts of some columns as what they were written of."""
    name = f"{_ARROW}_{secrets.token_hex(6)}"
    parts = [
        f"CAST({quote_identifier(column)} AS {storage[column]}) AS {quote_identifier(column)}"
        if column in storage and family(storage[column]) != "text"
        else quote_identifier(column)
        for column in table.column_names
    ]
    with engine_errors("work out a step on tables"):
        connection.register(name, table)
        try:
            return connection.execute(
                f"SELECT {', '.join(parts)} FROM {quote_identifier(name)}"  # noqa: S608 (quoted)
            ).to_arrow_table()
        finally:
            connection.unregister(name)


def _plain(table: pa.Table) -> pa.Table:
    """DuckDB would read an Arrow dictionary as an enumeration of its own."""
    return pa.table(
        {
            name: column.cast(column.type.value_type)
            if pa.types.is_dictionary(column.type)
            else column
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )
