"""Batches into a temporary table: what the hash tells, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import Fault
from commonweal.vault.sources.arrow_stream import keep

TABLE = pa.table(
    {
        "word": pa.array(["ab", "", None, "c", "é"]),
        "whole": pa.array([1, 2, None, 0, -5], pa.int32()),
        "share": pa.array([0.5, None, float("nan"), 0.0, 1.0]),
        "yes": pa.array([True, False, None, True, False]),
    }
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "spill") as connection:
        yield connection


def hashed(engine: duckdb.DuckDBPyConnection, table: pa.Table, cut: int = 100) -> str:
    engine.execute("DROP TABLE IF EXISTS kept")
    return keep(engine, "kept", table.schema, table.to_batches(cut), "the table")


def changed(column: str, place: int, value: object) -> pa.Table:
    rows = TABLE.to_pylist()
    rows[place][column] = value
    return pa.Table.from_pylist(rows, TABLE.schema)


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_the_rows_are_kept_in_order_and_the_hash_does_not_know_the_batches(
    engine: duckdb.DuckDBPyConnection, cut: int
) -> None:
    whole = hashed(engine, TABLE)
    assert hashed(engine, TABLE, cut) == whole
    kept = engine.execute("FROM kept").to_arrow_table()
    assert str(kept.to_pylist()) == str(TABLE.to_pylist())
    assert kept.schema.types == TABLE.schema.types


@pytest.mark.parametrize(
    "other",
    [
        TABLE.slice(0, 4),
        TABLE.slice(1),
        pa.concat_tables([TABLE, TABLE]),
        TABLE.take([1, 0, 2, 3, 4]),
        TABLE.select(["whole", "word", "share", "yes"]),
        TABLE.rename_columns(["words", "whole", "share", "yes"]),
        TABLE.set_column(1, "whole", TABLE["whole"].cast(pa.int64())),
        changed("word", 1, None),
        changed("word", 2, ""),
        changed("word", 0, "b"),
        pa.Table.from_pylist(
            [{**row, "word": word} for row, word in zip(
                TABLE.to_pylist(), ["a", "b", None, "c", "é"], strict=True)], TABLE.schema),
        changed("whole", 2, 0),
        changed("whole", 3, None),
        changed("share", 3, None),
        changed("share", 2, 0.0),
        changed("yes", 2, False),
        changed("yes", 1, None),
        changed("yes", 0, False),
    ],
)  # fmt: skip
def test_every_change_changes_the_hash(engine: duckdb.DuckDBPyConnection, other: pa.Table) -> None:
    assert hashed(engine, other) != hashed(engine, TABLE)


def test_what_lies_in_memory_behind_a_missing_value_does_not_count(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    valid = pa.array([True, False]).buffers()[1]
    digests = set()
    for hidden in (0, 77):
        values = pa.py_buffer(bytes([1, 0, 0, 0, hidden, 0, 0, 0]))
        column = pa.Array.from_buffers(pa.int32(), 2, [valid, values])
        digests.add(hashed(engine, pa.table({"a": column})))
    for hidden in (b"xyz", b"xab"):
        ends = pa.array([0, 1, 3], pa.int32()).buffers()[1]
        column = pa.Array.from_buffers(pa.string(), 2, [valid, ends, pa.py_buffer(hidden)])
        digests.add(hashed(engine, pa.table({"a": column})))
    assert len(digests) == 2


def test_a_table_without_rows_has_its_columns(engine: duckdb.DuckDBPyConnection) -> None:
    assert hashed(engine, TABLE.slice(0, 0)) != hashed(engine, TABLE.select(["word"]).slice(0, 0))
    assert engine.execute("FROM kept").fetchall() == []


def test_text_that_is_not_utf8_is_refused_without_being_repeated(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    ends = pa.array([0, 4], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(b"M\xfcll")])
    with pytest.raises(Fault) as caught:
        hashed(engine, pa.table({"a": broken}))
    assert caught.value.code == "CW-SOURCE-ENCODING"
    assert "ll" not in caught.value.sentence.replace("the table holds text", "")


def test_an_error_of_the_batches_travels_as_it_is(engine: duckdb.DuckDBPyConnection) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield TABLE.to_batches()[0]
        raise KeyError("lost")

    with pytest.raises(KeyError):
        keep(engine, "kept", TABLE.schema, broken(), "the table")
