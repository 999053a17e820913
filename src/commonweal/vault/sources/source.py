"""What every source can do, and the parts that are the same for all of them.

A source names its tables and columns, takes a fingerprint of its content, and makes a table
readable in a DuckDB connection with exactly the declared columns and types. Reading is in two
steps: `attach` (cheap) and `intake` (reads every row once: it finds each fault of the file and
counts what does not read as declared). Whoever uses an attached table calls `intake` first.
"""

from __future__ import annotations

import contextlib
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

import duckdb

from commonweal.foundation.connection import quote_identifier, translate_engine_error
from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.vault.sources.values import DUCKDB_TYPES, family, non_finite, typed, unreadable

MAX_CELL = 1_000_000
"""The most characters that one cell may hold."""


@dataclass(frozen=True)
class Column:
    """A column as the source stores it. `storage` is a DuckDB type name."""

    name: str
    storage: str


@dataclass(frozen=True)
class Reading:
    """How the catalogue says that a table is to be read. None means: the format's default."""

    file: str | None = None
    format: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: _HasReading) -> Reading:
        """The reading that a table of the catalogue declares."""
        return cls(
            file=table.file,
            format=table.format,
            delimiter=table.delimiter,
            quote=table.quote,
            encoding=table.encoding,
            missing=tuple(table.missing),
        )


class _HasReading(Protocol):
    @property
    def file(self) -> str | None: ...
    @property
    def format(self) -> Any: ...
    @property
    def delimiter(self) -> str | None: ...
    @property
    def quote(self) -> str | None: ...
    @property
    def encoding(self) -> str | None: ...
    @property
    def missing(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class SourceTable:
    """A table of a source. `place` names it for people; `reading` is how it was found to read."""

    name: str
    columns: tuple[Column, ...]
    place: str
    reading: Reading = field(default_factory=Reading)

    def column(self, name: str) -> Column:
        """The column called `name`. Raises `Fault` CW-SOURCE-UNKNOWN."""
        for column in self.columns:
            if column.name == name:
                return column
        raise Fault("CW-SOURCE-UNKNOWN", f"{self.place} has no column {name}.")


@dataclass(frozen=True)
class Fingerprint:
    """SHA-256 of every part (file) of a source, sorted by name, and of that list."""

    digest: str
    parts: tuple[tuple[str, str], ...]

    @classmethod
    def over(cls, parts: Iterable[tuple[str, str]]) -> Fingerprint:
        """The fingerprint of named parts, each with its `sha256:...`."""
        ordered = tuple(sorted(parts))
        whole = hashlib.sha256()
        for name, digest in ordered:
            whole.update(f"{len(name.encode())}:{name}:{digest}\n".encode())
        return cls("sha256:" + whole.hexdigest(), ordered)


@dataclass(frozen=True)
class Intake:
    """What reading a whole table found. Columns with nothing to say are left out."""

    rows: int
    unreadable: dict[str, int]
    non_finite: dict[str, int]


@dataclass(frozen=True)
class _Attached:
    table: SourceTable
    columns: tuple[str, ...]
    types: dict[str, str]
    relation: str
    missing: tuple[str, ...]


class Source(ABC):
    """A custodian's tables. Use as a context manager, or `close` it."""

    kind: ClassVar[str]

    def __init__(self, location: str) -> None:
        self.location = location
        self._attached: dict[tuple[int, str], _Attached] = {}

    # --- what each kind of source says for itself ---------------------------------------------
    @abstractmethod
    def tables(self, readings: Mapping[str, Reading] | None = None) -> tuple[SourceTable, ...]:
        """Every table with its columns, by name. `readings`: what a catalogue declares."""

    @abstractmethod
    def fingerprint(self, tables: Sequence[str] | None = None) -> Fingerprint:
        """Content hash of every part (of `tables`, or of all), read afresh at each call."""

    @abstractmethod
    def _relation(self, connection: duckdb.DuckDBPyConnection, table: SourceTable) -> str:
        """SQL that can stand after FROM and has the stored columns of `table`."""

    @abstractmethod
    def _malformed(self, table: SourceTable, error: duckdb.Error) -> CommonwealError | None:
        """The fault of the source that an engine error stands for, or None if it is not one."""

    def prepare(
        self,
        connection: duckdb.DuckDBPyConnection,  # noqa: ARG002 (for databases)
        wanted: Mapping[str, Sequence[str]],
        readings: Mapping[str, Reading] | None = None,
    ) -> None:
        """Get ready to read these columns of these tables in `connection`, as one consistent whole.

        `readings`: how the catalogue says that a table is read. Raises `Fault` CW-SOURCE-UNKNOWN
        and the faults of a file's head. A database takes its snapshot here; elsewhere this only
        checks the names.
        """
        for name, columns in wanted.items():
            table = self.table(name, (readings or {}).get(name))
            for column in columns:
                table.column(column)

    def close(self) -> None:
        """Give back what was held."""
        self._attached.clear()

    # --- the same for all ------------------------------------------------------------------------
    def table(self, name: str, reading: Reading | None = None) -> SourceTable:
        """The table called `name`. Raises `Fault` CW-SOURCE-UNKNOWN."""
        readings = {name: reading} if reading is not None else None
        for table in self.tables(readings):
            if table.name == name:
                return table
        raise Fault("CW-SOURCE-UNKNOWN", f"The source has no table {name}.")

    def relation(self, connection: duckdb.DuckDBPyConnection, table: SourceTable) -> str:
        """SQL for the stored columns of `table`, to stand after FROM. Untyped: for scans."""
        return self._relation(connection, table)

    def attach(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        columns: Sequence[str],
        types: Mapping[str, str],
        *,
        reading: Reading | None = None,
        view: str | None = None,
    ) -> str:
        """Make `table` a temporary view with exactly these columns, typed; returns its name.

        `types` maps each column to a type of the catalogue; `view` is the view's name (default:
        the table's). Values that do not read as their type show as NULL and are counted by
        `intake`, which must be called before the view is used.
        Raises `Fault` CW-SOURCE-UNKNOWN, CW-SOURCE-STORAGE and the faults of the file.
        """
        found = self.table(table, reading)
        name = view or table
        missing = reading.missing if reading is not None else found.reading.missing
        parts = []
        for column in columns:
            storage = _usable(found, found.column(column), types[column])
            quoted = quote_identifier(column)
            parts.append(f"{typed(quoted, storage, types[column], missing)} AS {quoted}")
        if not parts:
            raise WrongUsage("CW-SOURCE-KIND", f"No column of table {table} was asked for.")
        relation = self._relation(connection, found)
        query = f"SELECT {', '.join(parts)} FROM {relation}"  # noqa: S608 (all is quoted)
        with self.reading_errors(found):
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote_identifier(name)} AS {query}")
        self._attached[id(connection), name] = _Attached(
            found, tuple(columns), {c: types[c] for c in columns}, relation, tuple(missing)
        )
        return name

    def intake(self, connection: duckdb.DuckDBPyConnection, view: str) -> Intake:
        """Read every row of an attached table once; count what is unreadable or not finite.

        Raises `Fault` CW-SOURCE-MALFORMED, CW-SOURCE-ENCODING or CW-SOURCE-CELL for a file that
        cannot be read whole.
        """
        attached = self._attached.get((id(connection), view))
        if attached is None:
            raise WrongUsage("CW-SOURCE-KIND", f"Table {view} was not attached.")
        measures = ["count(*)"]
        for column in attached.columns:
            quoted, type_ = quote_identifier(column), attached.types[column]
            storage = attached.table.column(column).storage
            bad = unreadable(quoted, storage, type_, attached.missing)
            odd = non_finite(quoted, storage, type_)
            long = too_long(quoted) if storage == "VARCHAR" else "false"
            measures += [f"count(*) FILTER (WHERE {test})" for test in (bad, odd, long)]
        with self.reading_errors(attached.table):
            row = connection.execute(
                f"SELECT {', '.join(measures)} FROM {attached.relation}"  # noqa: S608 (quoted)
            ).fetchone()
        assert row is not None  # noqa: S101 (an aggregate without GROUP BY has one row)
        threes = zip(row[1::3], row[2::3], row[3::3], strict=True)
        counted = dict(zip(attached.columns, threes, strict=True))
        for column, (_, _, long_cells) in counted.items():
            refuse_long_cells(attached.table, column, long_cells)
        return Intake(
            rows=row[0],
            unreadable={column: bad for column, (bad, _, _) in counted.items() if bad},
            non_finite={column: odd for column, (_, odd, _) in counted.items() if odd},
        )

    def unreadable(self, connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, int]:
        """For each column, the number of values that do not read as declared (if any)."""
        return self.intake(connection, view).unreadable

    @contextlib.contextmanager
    def reading_errors(self, table: SourceTable) -> Iterator[None]:
        """Run a block that reads `table`, so that an engine's error leaves it as ours."""
        try:
            yield
        except duckdb.Error as error:
            ours = self._malformed(table, error)
            raise (ours or translate_engine_error(error, f"read {table.place}")) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r})"


def too_long(column: str) -> str:
    """SQL that is true for a text above `MAX_CELL` characters, which are counted only then."""
    return f"CASE WHEN strlen({column}) > {MAX_CELL} THEN length({column}) > {MAX_CELL} END"


def refuse_long_cells(table: SourceTable, column: str, count: int) -> None:
    """Raise `Fault` CW-SOURCE-CELL if there is a cell above `MAX_CELL` characters."""
    if count:
        raise Fault(
            "CW-SOURCE-CELL",
            f"{table.place}, column {column}: {count:,} cell(s) hold more than {MAX_CELL:,} "
            "characters.",
        )


def check_names(names: Sequence[str], place: str, what: str = "column") -> None:
    """Refuse names that are empty, doubled (in any case), too long or hold control characters.

    The names themselves are not repeated: in a file without a header they may be patient values.
    """
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise Fault("CW-SOURCE-NAMES", f"{place}: {what} {number} has no name.")
        if len(name) > 128 or any(ord(c) < 32 or ord(c) == 127 for c in name):
            raise Fault(
                "CW-SOURCE-NAMES",
                f"{place}: the name of {what} {number} is too long or holds control characters.",
            )
        first = seen.setdefault(name.casefold(), number)
        if first != number:
            raise Fault(
                "CW-SOURCE-NAMES", f"{place}: {what}s {first} and {number} have the same name."
            )


def _usable(table: SourceTable, column: Column, type_: str) -> str:
    if type_ not in DUCKDB_TYPES:
        raise WrongUsage("CW-SOURCE-KIND", f"Column {column.name} is asked for in no known type.")
    if family(column.storage) is None:
        raise Fault(
            "CW-SOURCE-STORAGE",
            f"{table.place}, column {column.name}: values stored as lists, structures or bytes "
            "cannot be read.",
        )
    return column.storage
