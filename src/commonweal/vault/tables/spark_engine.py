"""The Spark engine: expressions of `ops` as Spark SQL, in one Java process of our own.

Sources are read by DuckDB, as everywhere, and handed over as Arrow batches; a release is written
by one Parquet writer from the Arrow batches that an engine gives. What a file says and how a
release looks then does not depend on the engine: the same release has the same bytes. All joining,
counting and shaping is Spark's. Why, and what it costs: docs/adr/0008.

Keys reach Spark as rows of a table, over a socket that answers to us alone; no statement and no
plan holds them, and they are gone with Spark's process.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from commonweal.foundation.connection import engine_errors, quote_identifier
from commonweal.foundation.errors import CommonwealError, Failure
from commonweal.foundation.files import ByteSink
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import padded_key
from commonweal.vault.tables.parquet import Words, write_batches
from commonweal.vault.tables.spark_session import Spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SPARK_TYPES = {
    "text": "string",
    "integer": "bigint",
    "decimal": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp_ntz",
    "code": "binary",
}
_ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "code": pa.binary(),
}
_ADOPTED_ROWS = 500_000
_STEP = "work out a step on tables"


class SparkEngine:
    """An `Engine` over a running Spark, and the DuckDB connection in which sources are read."""

    name = "spark"

    def __init__(self, spark: Spark, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.version = spark.version
        self._session = spark.session.newSession()
        self._kept: dict[str, list[Any]] = {}
        self._views: set[str] = set()
        self._numbers = itertools.count(1)

    def adopt(self, view: str, kinds: Mapping[str, str], place: str | None = None) -> ops.Table:
        """Copy what DuckDB reads into Spark, some hundred thousand rows at a time."""
        columns = ", ".join(quote_identifier(name) for name in kinds)
        kinds = dict(kinds)
        if place is not None:
            columns += f", row_number() OVER () AS {quote_identifier(place)}"
            kinds[place] = "integer"
        with engine_errors(_STEP):
            reader = self.connection.execute(
                f"SELECT {columns} FROM {quote_identifier(view)}"  # noqa: S608 (quoted)
            ).to_arrow_reader(_ADOPTED_ROWS)
            return self._take(view, _tables(reader), kinds)

    def fresh(self, what: str) -> str:
        """A name that no table of this engine has had."""
        return f"cw__{what}_{next(self._numbers)}"

    def keep(self, name: str, table: ops.Table) -> ops.Table:
        """Work out `table` and keep its rows, in memory or encrypted on the disk."""
        with spark_errors(_STEP):
            self._hold(name, [self._worked_out(self._frame(table))])
        return ops.named(name, ops.kinds(table))

    def view(self, name: str, table: ops.Table) -> ops.Table:
        """A temporary view called `name`."""
        with spark_errors(_STEP):
            self._show(name, self._frame(table))
        return ops.named(name, ops.kinds(table))

    def forget(self, name: str) -> None:
        """Drop the table or view called `name`, if it is there."""
        with spark_errors(_STEP):
            if name in self._views:
                self._session.sql(f"DROP VIEW IF EXISTS {_quoted(name)}")
                self._views.discard(name)
            for rows in self._kept.pop(name, []):
                rows.unpersist(False)

    def load(self, name: str, data: pa.Table, kinds: Mapping[str, str]) -> ops.Table:
        """Copy a small Arrow table into Spark."""
        if set(data.column_names) != set(kinds):
            raise ValueError("the columns and their types do not match")
        ordered = {column: kinds[column] for column in data.column_names}
        return self._take(name, [data], ordered)

    def key_table(self, name: str, key: bytes, prefix: bytes = b"") -> ops.Table:
        """The padded key as columns `inner_pad`, `outer_pad` (RFC 2104): one row."""
        inner, outer = padded_key(key, prefix)
        data = pa.table({"inner_pad": [inner], "outer_pad": [outer]})
        return self.load(name, data, {"inner_pad": "code", "outer_pad": "code"})

    def one(self, table: ops.Table) -> dict[str, Any]:
        """The only row."""
        rows = self.rows(table, 1)
        if len(rows) != 1:
            raise Failure("CW-ENGINE-FAILED", "A step on tables gave no result where one is due.")
        return rows[0]

    def rows(self, table: ops.Table, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` rows as dicts."""
        with spark_errors(_STEP):
            found = self._frame(table).limit(limit + 1).toArrow()
        if len(found) > limit:
            raise Failure("CW-ENGINE-FAILED", "A step on tables gave more rows than expected.")
        return [dict(row) for row in found.to_pylist()]

    def arrow(self, table: ops.Table) -> pa.Table:
        """The result in memory."""
        with spark_errors(_STEP):
            found = self._frame(table).toArrow()
        return found.cast(_schema(ops.kinds(table)))

    def batches(self, table: ops.Table) -> Iterator[pa.RecordBatch]:
        """The rows in their order, some at a time."""
        return self._told(table, _STEP)

    def write_parquet(
        self, table: ops.Table, sink: ByteSink, words: Mapping[str, Words] | None = None
    ) -> int:
        """Stream the rows, in the table's order, as Parquet into `sink`; returns their number."""
        rows = self._told(table, "write the release data")
        return write_batches(rows, ops.kinds(table), sink, words)

    def close(self) -> None:
        """Forget all keys and tables and close the connection."""
        # Spark may be gone already, and everything with it.
        with contextlib.suppress(CommonwealError):
            for name in [*self._views, *self._kept]:
                self.forget(name)
        self.connection.close()

    # --- inside ---------------------------------------------------------------------------------
    def _frame(self, table: ops.Table) -> DataFrame:
        """The expression as Spark sees it, with exactly the types that `ops` says."""
        frame = self._session.sql(ops.to_sql(table, "pyspark"))
        kinds = ops.kinds(table)
        found = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
        parts = [
            _quoted(name)
            if found[name] == _SPARK_TYPES[kind]
            else f"CAST({_quoted(name)} AS {_SPARK_TYPES[kind]}) AS {_quoted(name)}"
            for name, kind in kinds.items()
        ]
        return frame if parts == [_quoted(name) for name in kinds] else frame.selectExpr(*parts)

    def _worked_out(self, frame: DataFrame) -> DataFrame:
        # The rows are cut off from how they were made: a part that is lost later is an error, and
        # is never worked out again to something that may differ.
        return frame.localCheckpoint(eager=True)

    def _take(self, name: str, parts: Iterable[pa.Table], kinds: Mapping[str, str]) -> ops.Table:
        wanted = _schema(kinds)
        made = []
        with spark_errors(_STEP):
            for part in parts:
                frame = self._session.createDataFrame(part.select(list(kinds)).cast(wanted))
                made.append(self._worked_out(frame))
            if not made:
                made.append(self._session.createDataFrame(wanted.empty_table()))
            self._hold(name, made)
        return ops.named(name, kinds)

    def _hold(self, name: str, frames: list[DataFrame]) -> None:
        whole = frames[0]
        for frame in frames[1:]:
            whole = whole.unionAll(frame)
        self._show(name, whole)
        self._kept[name] = [rows for frame in frames if (rows := _held_rows(frame)) is not None]

    def _show(self, name: str, frame: DataFrame) -> None:
        if name in self._views:
            raise Failure("CW-ENGINE-FAILED", f"The table engine could not {_STEP} (NAME_TAKEN).")
        frame.createTempView(_quoted(name))
        self._views.add(name)

    def _told(self, table: ops.Table, what: str) -> Iterator[pa.RecordBatch]:
        with spark_errors(what):
            yield from self._batches(self._frame(table), _schema(ops.kinds(table)))

    def _batches(self, frame: DataFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows in their order, one partition in memory at a time."""
        from pyspark.serializers import NoOpSerializer
        from pyspark.util import _local_iterator_from_socket

        context = self._session.sparkContext
        assert context._jvm is not None  # noqa: S101 (it is running)
        served = context._jvm.PythonRDD.toLocalIteratorAndServe(frame._jdf.toArrowBatchRdd(), False)
        for payload in _local_iterator_from_socket(served, NoOpSerializer()):
            yield pa.ipc.read_record_batch(pa.py_buffer(payload), schema)


@contextlib.contextmanager
def spark_errors(what: str) -> Iterator[None]:
    """Run a block so that an error of Spark leaves it as one of ours, without its message.

    `what` completes "The table engine could not ...". Raises `Failure` CW-DISK-FULL,
    CW-ENGINE-MEMORY or CW-ENGINE-FAILED.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, OSError, EOFError) as error:
        raise translate_spark_error(error, what) from None


def translate_spark_error(error: BaseException, what: str) -> CommonwealError:
    """The error of ours for an error of Spark while it tried to do `what`."""
    message = str(error)
    if "No space left on device" in message:
        return Failure("CW-DISK-FULL", f"The disk is full: the table engine could not {what}.")
    if "OutOfMemory" in message or "OUT_OF_MEMORY" in message:
        return Failure("CW-ENGINE-MEMORY", f"There is not enough memory to {what}.")
    condition = getattr(error, "getCondition", lambda: None)()
    # A condition is a name of Spark's closed list and holds no value.
    kind = condition if isinstance(condition, str) and condition else type(error).__name__
    return Failure("CW-ENGINE-FAILED", f"The table engine could not {what} ({kind}).")


def _schema(kinds: Mapping[str, str]) -> pa.Schema:
    return pa.schema([pa.field(name, _ARROW_TYPES[kind]) for name, kind in kinds.items()])


def _quoted(name: str) -> str:
    """`name` as an identifier of Spark SQL. Raises ValueError for an empty one or a NUL."""
    if not name or "\x00" in name:
        raise ValueError("this cannot be the name of a table or column")
    return "`" + name.replace("`", "``") + "`"


def _held_rows(frame: DataFrame) -> Any | None:
    """The rows that Spark holds for a worked out table; None for one that is empty by plan."""
    plan = frame._jdf.queryExecution().logical()
    return plan.rdd() if plan.getClass().getSimpleName() == "LogicalRDD" else None


def _tables(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The batches of a reader, put together to `_ADOPTED_ROWS` rows or somewhat more."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        held.append(batch)
        rows += batch.num_rows
        if rows >= _ADOPTED_ROWS:
            yield pa.Table.from_batches(held, reader.schema)
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held, reader.schema)
