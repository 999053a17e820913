"""Parquet of releases: texts put in last, only those that stand there, the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.vault.tables.parquet import ROWS_IN_GROUP, Words, write_batches

KINDS = {
    "number": "integer", "word": "text", "half": "decimal", "yes": "boolean", "day": "date",
    "at": "timestamp", "code": "code",
}  # fmt: skip
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 5)  # noqa: DTZ001 (tables hold no time zones)
ROWS = [
    (1, "a", 0.5, True, date(2024, 2, 29), MOMENT, b"\x00" * 16),
    (None, None, None, None, None, None, None),
]


def batches(table: pa.Table, sizes: Sequence[int] = ()) -> Iterator[pa.RecordBatch]:
    start = 0
    for size in (*sizes, table.num_rows):
        yield from table.slice(start, size).to_batches()
        start += size


def written(
    table: pa.Table, kinds: dict[str, str], words: dict[str, Words] | None = None,
    sizes: Sequence[int] = (),
) -> bytes:  # fmt: skip
    sink = io.BytesIO()
    assert write_batches(batches(table, sizes), kinds, sink, words) == table.num_rows
    return sink.getvalue()


def read(content: bytes) -> pa.Table:
    return pq.read_table(pa.BufferReader(content))


def test_every_type_comes_back() -> None:
    columns = {name: pa.array([row[place] for row in ROWS]) for place, name in enumerate(KINDS)}
    back = read(written(pa.table(columns), KINDS))
    assert [tuple(row.values()) for row in back.to_pylist()] == ROWS
    assert [str(field.type) for field in back.schema] == [
        "int64", "string", "double", "bool", "date32[day]", "timestamp[us]", "binary",
    ]  # fmt: skip


def test_numbers_of_any_width_are_written_alike() -> None:
    wide = written(pa.table({"n": pa.array([1, None, 3], pa.int64())}), {"n": "integer"})
    narrow = written(pa.table({"n": pa.array([1, None, 3], pa.int32())}), {"n": "integer"})
    assert wide == narrow


def words(values: Sequence[object], kind: str = "text") -> Words:
    table = pa.table({"n": pa.array(range(1, len(values) + 1)), "v": pa.array(values)})
    return Words.of(table.take(pa.array(range(len(values) - 1, -1, -1))), "n", "v", kind)


def test_numbers_become_the_words_they_stand_for() -> None:
    table = pa.table({"w": pa.array([2, None, 1, 3, 2], pa.int32())})
    back = read(written(table, {"w": "integer"}, {"w": words(["one", "two", "three"])}))
    assert back["w"].to_pylist() == ["two", None, "one", "three", "two"]
    back = read(written(table, {"w": "integer"}, {"w": words([7, 8, 9], "integer")}))
    assert back["w"].to_pylist() == [8, None, 7, 9, 8]


def test_a_number_without_a_word_is_an_error() -> None:
    for wrong in (0, 4, -1):
        table = pa.table({"w": pa.array([wrong], pa.int32())})
        with pytest.raises(pa.ArrowException):
            written(table, {"w": "integer"}, {"w": words(["one", "two", "three"])})


def test_a_word_that_nobody_has_is_not_in_the_file() -> None:
    # A dictionary written as it is would carry the rare values that a release leaves out.
    table = pa.table({"w": pa.array([1, 2] * 100, pa.int32())})
    content = written(table, {"w": "integer"}, {"w": words(["a", "b", "NOBODY MAY SEE"])})
    chunk = pq.read_table(pa.BufferReader(content), read_dictionary=["w"])["w"].chunk(0)
    assert sorted(chunk.dictionary.to_pylist()) == ["a", "b"]
    group = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0).column(0)
    assert (group.statistics.min, group.statistics.max) == ("a", "b")
    # The naive way, to see that this test could fail.
    naive = io.BytesIO()
    numbers = pa.array([0, 1] * 100, pa.int32())
    words_ = pa.array(["a", "b", "NOBODY MAY SEE"])
    pq.write_table(
        pa.table({"w": pa.DictionaryArray.from_arrays(numbers, words_)}), naive, compression="none"
    )
    assert b"NOBODY MAY SEE" in naive.getvalue()


@given(st.lists(st.integers(0, 1500), max_size=6))
def test_the_same_rows_are_the_same_bytes_however_they_come(sizes: list[int]) -> None:
    table = pa.table({"w": pa.array([number % 5 + 1 for number in range(4000)], pa.int32())})
    said = {"w": words(["a", "b", "c", "d", "e"])}
    assert written(table, {"w": "integer"}, said, sizes) == written(table, {"w": "integer"}, said)


def test_rows_stand_in_groups_of_one_size() -> None:
    count = 2 * ROWS_IN_GROUP + 7
    table = pa.table({"n": pa.array(range(count), pa.int32())})
    content = written(table, {"n": "integer"}, None, (5, ROWS_IN_GROUP, 3 * ROWS_IN_GROUP))
    metadata = pq.ParquetFile(pa.BufferReader(content)).metadata
    sizes = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
    assert sizes == [ROWS_IN_GROUP, ROWS_IN_GROUP, 7]
    assert read(content)["n"].to_pylist() == list(range(count))


def test_no_rows_are_a_file_too() -> None:
    content = written(
        pa.table({"w": pa.array([], pa.int32())}),
        {"w": "integer"},
        {"w": Words(pa.array([], pa.string()), "text")},
    )
    assert read(content).num_rows == 0
    sink = io.BytesIO()
    assert write_batches([], {"a": "text", "b": "integer"}, sink) == 0
    assert read(sink.getvalue()).column_names == ["a", "b"]
