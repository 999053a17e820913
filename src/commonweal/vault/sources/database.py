"""A DuckDB database file, opened read-only.

Only base tables are offered: a view inside the file could read other files of the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from commonweal.foundation.connection import connect_for_names, quote_identifier, quote_literal
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.foundation.files import sha256_file
from commonweal.vault.sources.source import (
    Column,
    Fingerprint,
    Reading,
    Source,
    SourceTable,
    check_names,
)


class DuckDBSource(Source):
    """The tables of one DuckDB file. Tables outside schema `main` are named `schema.table`."""

    kind = "duckdb"

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self._path = Path(location).absolute()
        self._place = self._path.name
        if not self._path.is_file():
            raise Fault("CW-FILE-MISSING", f"There is no database file {self._place}.")
        wal = self._path.with_name(self._path.name + ".wal")
        if wal.exists():
            raise Unavailable(
                "CW-BUSY",
                f"The database {self._place} is in use or was not closed; it cannot be read as it "
                "stands.",
                remedy="Close the program that writes it, or open and close it once.",
            )
        self._alias = "source_" + hashlib.sha256(str(self._path).encode()).hexdigest()[:16]
        self._found: dict[str, tuple[str, str, tuple[Column, ...]]] | None = None

    def tables(self, readings: Mapping[str, Reading] | None = None) -> tuple[SourceTable, ...]:
        """Every base table, by name. Raises `Fault` CW-SOURCE-EMPTY where there is none."""
        return tuple(
            SourceTable(
                name,
                columns,
                f"{self._place}, table {name}",
                Reading(missing=readings[name].missing)
                if readings and name in readings
                else Reading(),
            )
            for name, (_, _, columns) in self._listed().items()
        )

    def fingerprint(
        self,
        tables: Sequence[str] | None = None,  # noqa: ARG002 (one file holds them all)
    ) -> Fingerprint:
        """SHA-256 of the database file, whichever `tables` are asked for."""
        return Fingerprint.over([(self._place, sha256_file(self._path))])

    def _relation(self, connection: duckdb.DuckDBPyConnection, table: SourceTable) -> str:
        schema, name, _ = self._listed()[table.name]
        self._open(connection)
        return ".".join(quote_identifier(part) for part in (self._alias, schema, name))

    def _malformed(
        self,
        table: SourceTable,  # noqa: ARG002 (the file is named)
        error: duckdb.Error,
    ) -> CommonwealError | None:
        if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
            return None
        return _damaged(self._place)

    def _listed(self) -> dict[str, tuple[str, str, tuple[Column, ...]]]:
        if self._found is None:
            with connect_for_names() as engine:
                self._open(engine)
                self._found = self._list(engine)
        return self._found

    def _list(
        self, engine: duckdb.DuckDBPyConnection
    ) -> dict[str, tuple[str, str, tuple[Column, ...]]]:
        try:
            rows = engine.execute(
                "SELECT t.schema_name, t.table_name, list({'name': c.column_name, "
                "'type': c.data_type} ORDER BY c.column_index) "
                "FROM duckdb_tables() t JOIN duckdb_columns() c "
                "USING (database_name, schema_name, table_name) "
                "WHERE t.database_name = ? AND NOT t.internal "
                "GROUP BY ALL ORDER BY ALL",
                [self._alias],
            ).fetchall()
        except duckdb.Error:
            raise _damaged(self._place) from None
        found = {}
        for schema, table, columns in rows:
            name = table if schema == "main" else f"{schema}.{table}"
            check_names([column["name"] for column in columns], f"{self._place}, table {name}")
            found[name] = (
                schema,
                table,
                tuple(
                    Column(c["name"], "ENUM" if c["type"].startswith("ENUM") else c["type"])
                    for c in columns
                ),
            )
        if not found:
            raise Fault("CW-SOURCE-EMPTY", f"The database {self._place} holds no table.")
        check_names(list(found), f"The database {self._place}", "table")
        return found

    def _open(self, engine: duckdb.DuckDBPyConnection) -> None:
        known = engine.execute(
            "SELECT count(*) FROM duckdb_databases() WHERE database_name = ?", [self._alias]
        ).fetchone()
        if known and known[0]:
            return
        try:
            engine.execute(
                f"ATTACH {quote_literal(str(self._path))} AS {quote_identifier(self._alias)} "
                "(READ_ONLY)"
            )
        except duckdb.Error as error:
            if "lock" in str(error).lower():
                raise Unavailable(
                    "CW-BUSY", f"The database {self._place} is in use by another program."
                ) from None
            raise _damaged(self._place) from None


def _damaged(place: str) -> CommonwealError:
    return Fault(
        "CW-SOURCE-MALFORMED", f"{place} cannot be read as a DuckDB database; it may be damaged."
    )
