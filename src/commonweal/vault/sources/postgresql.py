"""A PostgreSQL database, read through ADBC into temporary tables of the engine.

All tables are read in one repeatable-read, read-only transaction, so that they agree with each
other. Batches go straight into the engine, which keeps what fits in memory and spills the rest
encrypted: no row ever lies plain on a disk. The password comes from the URL, `PGPASSWORD` or
`.pgpass`; the location that is shown and written never holds it, and no message of the driver
travels, because it may quote the URL or a value.

Whole numbers, floats and booleans keep their type; everything else is taken as PostgreSQL writes it
(ISO dates, UTC), and typed afterwards by the same rules as text from a file, which also count
`NaN` and `infinity`.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as postgresql
import duckdb
from adbc_driver_postgresql import StatementOptions

from commonweal.foundation.connection import quote_identifier
from commonweal.foundation.errors import (
    CommonwealError,
    Failure,
    Fault,
    Unavailable,
    WrongUsage,
)
from commonweal.vault.sources.arrow_stream import keep
from commonweal.vault.sources.source import (
    Column,
    Fingerprint,
    Reading,
    Source,
    SourceTable,
    check_names,
)
from commonweal.vault.sources.values import family

BATCH_BYTES = 16 * 1024 * 1024
_SECRET_PARAMETERS = frozenset({"password", "sslpassword"})
_NATIVE = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
}
_LISTING = """
    SELECT n.nspname AS schema_name, c.relname AS table_name, a.attname AS column_name,
           CASE WHEN t.typtype = 'd' THEN b.typname ELSE t.typname END AS type_name,
           CASE WHEN t.typtype = 'd' THEN b.typcategory ELSE t.typcategory END::text AS category
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY 1, 2, a.attnum
"""


@dataclass(frozen=True)
class _Listed:
    schema: str
    table: str
    columns: tuple[Column, ...]


@dataclass
class _Snapshot:
    """The columns of each table as they were at one moment, in temporary tables of one engine."""

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, tuple[str, ...]]
    digests: dict[str, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def kept_as(self, table: str) -> str:
        # Table names may hold any character; the temporary table's is its place in the list.
        return f"snapshot_{self.token}_{list(self.columns).index(table)}"


class PostgreSQLSource(Source):
    """The tables and views that a user may read. Those outside `public` are `schema.table`."""

    kind = "postgresql"

    def __init__(self, location: str) -> None:
        super().__init__(without_password(location))
        self.__address = location
        self._found: dict[str, _Listed] | None = None
        self._snapshot: _Snapshot | None = None

    def tables(self, readings: Mapping[str, Reading] | None = None) -> tuple[SourceTable, ...]:
        """Every table and view, by name. Raises `Unavailable` CW-SOURCE-UNREACHABLE."""
        return tuple(
            SourceTable(
                name,
                listed.columns,
                f"The database's table {name}",
                Reading(missing=readings[name].missing)
                if readings and name in readings
                else Reading(),
            )
            for name, listed in self._listed().items()
        )

    def prepare(
        self,
        connection: duckdb.DuckDBPyConnection,
        wanted: Mapping[str, Sequence[str]],
        readings: Mapping[str, Reading] | None = None,
    ) -> None:
        """Take one consistent snapshot of these columns of these tables into the engine.

        Raises `Fault` CW-SOURCE-UNKNOWN or CW-SOURCE-ENCODING, `Unavailable`
        CW-SOURCE-UNREACHABLE, `Failure` CW-SOURCE-FAILED, CW-DISK-FULL or CW-ENGINE-MEMORY. A
        second call that asks for no more does nothing; one that asks for more takes a new
        snapshot of all.
        """
        super().prepare(connection, wanted, readings)
        taken = self._snapshot
        held = taken.columns if taken is not None and taken.connection is connection else {}
        if all(set(columns) <= set(held.get(name, ())) for name, columns in wanted.items()):
            return
        merged = {
            name: tuple(dict.fromkeys((*held.get(name, ()), *wanted.get(name, ()))))
            for name in sorted({*held, *wanted})
        }
        self._drop()
        self._snapshot = _Snapshot(connection, merged)
        try:
            with self._transaction() as cursor:
                for name in merged:
                    self._copy(cursor, name, self._snapshot)
        except BaseException:
            self._drop()
            raise

    def fingerprint(self, tables: Sequence[str] | None = None) -> Fingerprint:
        """SHA-256 of the snapshot's rows in their order. Raises `WrongUsage` before `prepare`."""
        snapshot = self._prepared(tables or ())
        return Fingerprint.over(
            (name, snapshot.digests[name])
            for name in (snapshot.columns if tables is None else tables)
        )

    def close(self) -> None:
        """Remove the snapshot."""
        super().close()
        self._drop()

    def _relation(self, connection: duckdb.DuckDBPyConnection, table: SourceTable) -> str:
        snapshot = self._prepared([table.name])
        if snapshot.connection is not connection:
            raise WrongUsage(
                "CW-SOURCE-KIND", "A database is read through the engine that it was prepared for."
            )
        return quote_identifier(snapshot.kept_as(table.name))

    def _malformed(
        self,
        table: SourceTable,  # noqa: ARG002 (a table of the engine is not a file that is damaged)
        error: duckdb.Error,  # noqa: ARG002
    ) -> CommonwealError | None:
        return None

    def _prepared(self, tables: Sequence[str]) -> _Snapshot:
        if self._snapshot is None:
            raise WrongUsage(
                "CW-SOURCE-KIND", "A database is read from a snapshot, and none was taken yet."
            )
        for name in tables:
            if name not in self._snapshot.columns:
                raise WrongUsage("CW-SOURCE-KIND", f"Table {name} is not in the snapshot.")
        return self._snapshot

    def _drop(self) -> None:
        taken, self._snapshot = self._snapshot, None
        if taken is None:
            return
        # With a connection that is closed already the tables are gone too.
        with contextlib.suppress(duckdb.Error):
            for name in taken.columns:
                kept = quote_identifier(taken.kept_as(name))
                taken.connection.execute(f"DROP TABLE IF EXISTS {kept}")

    def _listed(self) -> dict[str, _Listed]:
        if self._found is None:
            with self._transaction() as cursor:
                cursor.execute(_LISTING)
                rows = cursor.fetch_arrow_table().to_pylist()
            self._found = _tables_of(rows)
        return self._found

    def _copy(self, cursor: Any, name: str, snapshot: _Snapshot) -> None:
        listed = self._listed()[name]
        stored = {column.name: column.storage for column in listed.columns}
        parts = []
        for column in snapshot.columns[name]:
            if family(stored[column]) is not None:
                quoted = quote_identifier(column)
                parts.append(
                    quoted if stored[column] != "VARCHAR" else f"{quoted}::text AS {quoted}"
                )
        place = f"{quote_identifier(listed.schema)}.{quote_identifier(listed.table)}"
        cursor.adbc_statement.set_options(
            **{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)}
        )
        cursor.execute(f"SELECT {', '.join(parts) or 'NULL::text'} FROM {place}")  # noqa: S608
        batches = cursor.fetch_record_batch()
        snapshot.digests[name] = keep(
            snapshot.connection,
            snapshot.kept_as(name),
            batches.schema,
            batches,
            f"the database's table {name}",
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor in one read-only transaction that sees one state of the database."""
        try:
            connection = postgresql.connect(self.__address, autocommit=False)
        except adbc_driver_manager.Error:
            raise Unavailable(
                "CW-SOURCE-UNREACHABLE",
                f"The database at {self.location} cannot be reached or refused the sign-in.",
                remedy="Check the address, and the password in PGPASSWORD or .pgpass.",
            ) from None
        try:
            with connection.cursor() as cursor:
                for setting in _SETTINGS:
                    cursor.execute(setting)
                yield cursor
            connection.rollback()
        except adbc_driver_manager.Error as error:
            raise _failed(self.location, error) from None
        finally:
            with contextlib.suppress(adbc_driver_manager.Error):
                connection.close()


_SETTINGS = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL extra_float_digits = 1",
    # The same rows in the same order as long as nothing changed, for the fingerprint's sake.
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
)


def without_password(location: str) -> str:
    """A PostgreSQL URL without any password. Raises `WrongUsage` CW-SOURCE-KIND if it is none."""
    try:
        parts = urlsplit(location)
        sound = parts.scheme in ("postgresql", "postgres") and (parts.port or 1) > 0
    except ValueError:
        sound = False
    # A bare @, / or # in a password would move parts of it to where they look harmless.
    if not sound or "@" in parts.path or "@" in parts.query or parts.fragment:
        raise WrongUsage(
            "CW-SOURCE-KIND",
            "A PostgreSQL source is named by a URL that starts postgresql://, with special "
            "characters percent-encoded.",
        )
    user, at, host = parts.netloc.rpartition("@")
    # Everything after the first colon is password, however many colons it holds.
    shown = f"{user.split(':', 1)[0]}{at}{host}"
    kept = urlencode(
        [
            (key, value)
            for key, value in parse_qsl(parts.query, keep_blank_values=True)
            if key.lower() not in _SECRET_PARAMETERS
        ]
    )
    return f"{parts.scheme}://{shown}{parts.path}{'?' if kept else ''}{kept}"


def _tables_of(rows: list[dict[str, Any]]) -> dict[str, _Listed]:
    grouped: dict[tuple[str, str], list[Column]] = {}
    for row in rows:
        columns = grouped.setdefault((row["schema_name"], row["table_name"]), [])
        columns.append(Column(row["column_name"], _storage(row["type_name"], row["category"])))
    found = {}
    for (schema, table), columns in grouped.items():
        name = table if schema == "public" else f"{schema}.{table}"
        check_names([column.name for column in columns], f"The database's table {name}")
        found[name] = _Listed(schema, table, tuple(columns))
    if not found:
        raise Fault("CW-SOURCE-EMPTY", "The database holds no table that this user may read.")
    check_names(list(found), "The database", "table")
    return dict(sorted(found.items()))


def _storage(type_name: str, category: str) -> str:
    """The DuckDB storage type under which a column stands in the snapshot."""
    if category == "A":
        return "VARCHAR[]"
    if category in ("C", "R") or type_name in ("bytea", "record", "geometry", "geography"):
        return "BLOB"
    return _NATIVE.get(type_name, "VARCHAR")


def _failed(location: str, error: adbc_driver_manager.Error) -> CommonwealError:
    state = error.sqlstate if isinstance(error.sqlstate, str) else None
    shown = f" (SQLSTATE {state})" if state and re.fullmatch(r"[0-9A-Z]{5}", state) else ""
    return Failure("CW-SOURCE-FAILED", f"The database at {location} stopped reading{shown}.")
