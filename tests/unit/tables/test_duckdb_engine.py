"""The DuckDB engine: keys that show nowhere, streams that end, errors that say no value."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect, quote_identifier, quote_literal, quote_path
from commonweal.foundation.errors import CommonwealError, Failure
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

KEY = bytes(range(100, 132))
SECRET = "Marjorie Featherstonehaugh"


@pytest.fixture
def engine(tmp_path: Any) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(connect(tmp_path / "work", threads=2))
    yield made
    made.close()


def numbers(engine: DuckDBEngine, count: int, name: str = "numbers") -> ops.Table:
    data = pa.table(
        {
            "n": pa.array(range(count), pa.int64()),
            "word": pa.array([f"{i * 7919 % 100_003:06d} {SECRET}" for i in range(count)]),
        }
    )
    return engine.load(name, data, {"n": "integer", "word": "text"})


# --- keys ------------------------------------------------------------------------------------


def spellings(secret: bytes) -> set[str]:
    pads = [bytes(b ^ mask for b in secret.ljust(64, b"\x00")) for mask in (0, 0x36, 0x5C)]
    shown = set()
    for pad in pads:
        start = pad[:16]
        shown |= {start.hex(), start.hex().upper(), repr(start)[2:-1], start.decode("latin-1")}
        shown.add("".join(f"\\x{byte:02X}" for byte in start))
        shown.add("".join(f"\\x{byte:02x}" for byte in start))
    return shown


def shows_no_key(text: str) -> None:
    assert not any(spelling in text for spelling in spellings(KEY))


def test_a_key_shows_in_no_statement_plan_or_catalogue(engine: DuckDBEngine) -> None:
    key = engine.key_table("project_key", KEY)
    coded = ops.with_hmac(numbers(engine, 3), "word", "code", key)
    engine.view("coded", coded)
    sql = ops.to_sql(coded, "duckdb")
    shows_no_key(sql)
    run = engine.connection.execute
    for explained in ("EXPLAIN", "EXPLAIN ANALYZE"):
        shows_no_key(str(run(f"{explained} {sql}").fetchall()))
    for view in (
        "duckdb_tables()", "duckdb_views()", "duckdb_columns()", "duckdb_settings()",
        "duckdb_prepared_statements()", "duckdb_logs()", "duckdb_secrets()",
        "information_schema.tables", "pg_catalog.pg_class", "pg_catalog.pg_views",
        "pg_catalog.pg_tables", "pg_catalog.pg_attribute", "sqlite_master",
    ):  # fmt: skip
        shows_no_key(str(run(f"SELECT * FROM {view}").fetchall()))
    shows_no_key(repr(engine) + repr(key) + repr(coded) + str(vars(engine)))


def test_a_key_shows_in_no_error(engine: DuckDBEngine) -> None:
    engine.key_table("project_key", KEY)
    with pytest.raises(CommonwealError) as caught:
        engine.key_table("project_key", KEY)
    shows_no_key(str(caught.value) + repr(caught.value))
    assert caught.value.__cause__ is None
    for wrong in (b"short", b"x" * 65, b""):
        with pytest.raises(ValueError, match="16 to 64 bytes") as refused:
            engine.key_table("other", wrong)
        assert wrong == b"" or wrong.decode() not in str(refused.value)


def test_two_keys_give_two_codes(engine: DuckDBEngine) -> None:
    words = numbers(engine, 1)
    codes = set()
    for name, key in (("one", KEY), ("two", KEY[::-1])):
        coded = ops.with_hmac(words, "word", "code", engine.key_table(name, key))
        codes.add(engine.one(coded)["code"])
    assert len(codes) == 2


# --- results ---------------------------------------------------------------------------------


def test_one_and_rows_have_limits(engine: DuckDBEngine) -> None:
    three = numbers(engine, 3)
    assert len(engine.rows(three, 3)) == 3
    for ask in (lambda: engine.rows(three, 2), lambda: engine.one(three)):
        with pytest.raises(Failure) as caught:
            ask()
        assert SECRET not in str(caught.value)
    none = ops.keep_where(three, ops.constant(False, "boolean"))
    with pytest.raises(Failure):
        engine.one(none)


def test_an_error_tells_no_value(engine: DuckDBEngine) -> None:
    table = numbers(engine, 3)
    broken = ops.project(table, {"n": table["word"].cast("int64")})
    for ask in (
        lambda: engine.rows(broken, 9),
        lambda: engine.arrow(broken),
        lambda: engine.keep("kept", broken),
        lambda: engine.write_parquet(broken, io.BytesIO()),
    ):
        with pytest.raises(Failure) as caught:
            ask()
        assert caught.value.code == "CW-ENGINE-FAILED"
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_keep_view_and_forget(engine: DuckDBEngine) -> None:
    table = numbers(engine, 3)
    assert len(engine.rows(engine.keep("kept", table), 9)) == 3
    assert len(engine.rows(engine.view("seen", table), 9)) == 3
    for name in ("kept", "seen", "never there"):
        engine.forget(name)
    left = engine.connection.execute(
        "SELECT table_name FROM information_schema.tables ORDER BY 1"
    ).fetchall()
    assert left == [("numbers",)]


@pytest.mark.parametrize("name", ['a"b', "a'b", "Ärzte", "select", "x; DROP TABLE numbers"])
def test_names_are_names(engine: DuckDBEngine, name: str) -> None:
    kept = engine.keep(name, numbers(engine, 2))
    assert len(engine.rows(kept, 9)) == 2
    engine.forget(name)


def test_names_that_cannot_be() -> None:
    for name in ("", "a\x00b"):
        with pytest.raises(ValueError):
            quote_identifier(name)
    with pytest.raises(ValueError):
        quote_literal("a\x00b")


def test_loading_other_columns_than_said(engine: DuckDBEngine) -> None:
    with pytest.raises(ValueError, match="do not match"):
        engine.load("x", pa.table({"a": [1]}), {"b": "integer"})


def test_a_path_is_one_file_and_no_pattern(engine: DuckDBEngine, tmp_path: Any) -> None:
    for name in ("a*.csv", "a1.csv", "[a]1.csv", "a?.csv"):
        (tmp_path / name).write_text(f"name\n{name}\n")
    for name in ("a*.csv", "[a]1.csv", "a?.csv"):
        found = engine.connection.execute(
            f"SELECT name FROM read_csv({quote_path(tmp_path / name)}, header = true)"
        ).fetchall()
        assert found == [(name,)]


# --- the stream ------------------------------------------------------------------------------


class Sink(io.RawIOBase):
    """Takes `room` bytes, then fails as a full disk does."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room = room
        self.error = error

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise self.error
        return len(data)


def test_what_is_written_can_be_read(engine: DuckDBEngine) -> None:
    table = numbers(engine, 300_000)
    sink = io.BytesIO()
    assert engine.write_parquet(ops.ordered(table, ["word"]), sink) == 300_000
    back = pq.read_table(pa.BufferReader(sink.getvalue()))
    words = back["word"].to_pylist()
    assert words == sorted(words)
    assert sorted(back["n"].to_pylist()) == list(range(300_000))


def test_nothing_to_write_is_a_file_too(engine: DuckDBEngine) -> None:
    none = ops.keep_where(numbers(engine, 3), ops.constant(False, "boolean"))
    sink = io.BytesIO()
    assert engine.write_parquet(none, sink) == 0
    assert pq.read_table(pa.BufferReader(sink.getvalue())).column_names == ["n", "word"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Any) -> None:
    written = []
    for place, threads in enumerate((1, 2, 2)):
        engine = DuckDBEngine(connect(tmp_path / str(place), threads=threads))
        sink = io.BytesIO()
        engine.write_parquet(ops.ordered(numbers(engine, 300_000), ["word", "n"]), sink)
        written.append(sink.getvalue())
        engine.close()
    assert written[0] == written[1] == written[2]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("room", [0, 100_000])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), BrokenPipeError(errno.EPIPE, "gone"), ValueError("x")]
)
def test_an_error_of_the_sink_surfaces_and_nothing_hangs(
    engine: DuckDBEngine, room: int, error: Exception
) -> None:
    table = ops.ordered(numbers(engine, 300_000), ["word"])
    before = threading.active_count()
    with pytest.raises(type(error)) as caught:
        engine.write_parquet(table, cast("BinaryIO", Sink(room, error)))
    assert caught.value is error
    assert threading.active_count() == before
    # The engine is as good as before.
    assert engine.write_parquet(table, io.BytesIO()) == 300_000


@pytest.mark.timeout(60)
def test_a_sink_that_is_closed(engine: DuckDBEngine) -> None:
    sink = io.BytesIO()
    sink.close()
    with pytest.raises(ValueError):
        engine.write_parquet(numbers(engine, 1000), sink)


@pytest.mark.timeout(60)
def test_no_descriptor_is_left_open(engine: DuckDBEngine, tmp_path: Any) -> None:

    table = numbers(engine, 1000)
    engine.write_parquet(table, io.BytesIO())
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(5):
        engine.write_parquet(table, io.BytesIO())
        with pytest.raises(OSError):
            engine.write_parquet(table, cast("BinaryIO", Sink(0, OSError(errno.ENOSPC, "full"))))
    assert len(set(Path("/proc/self/fd").iterdir()) - before) == 0
