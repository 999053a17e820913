"""Whatever bytes a file holds, only our own errors come out, and never a value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.vault.scan import scan
from commonweal.vault.sources import open_source

# Each example opens an engine, so a few say enough in every run; `--all` tries many more.
BYTES = settings(max_examples=max(10, settings().max_examples // 3))
TABLES = settings(max_examples=max(12, settings().max_examples // 4))

CSV_LIKE = st.lists(
    st.sampled_from([b",", b";", b"\t", b"\n", b"\r\n", b"\r", b'"', b"a", b"1", b"\x00", b"\xff",
                     b"\xc3", b"name", b"2020-01-01", b"nan", b"'", b"\\", b" ", b"\xef\xbb\xbf"]),
    max_size=60,
).map(b"".join)  # fmt: skip


def survives(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        try:
            with open_source("folder", folder) as source:
                result = scan(source)
                assert result.profiles["t"].rows >= 0
                assert all(
                    0 <= share <= 1
                    for column in result.profiles["t"].columns
                    for share in column.shares.values()
                )
        except CommonwealError as error:
            said = error.sentence
        else:
            return
    assert said.endswith(".")
    assert "Traceback" not in said


@BYTES
@given(st.one_of(st.binary(max_size=300), CSV_LIKE))
@example(b'a,b\n1,"2\n')
@example(b"a\n\x00")
@example(b"\xff\xfea\x00")
def test_any_bytes_as_csv(content: bytes) -> None:
    survives("t.csv", content)


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": list(range(200)), "b": ["x"] * 200}), sink)
    return sink.getvalue().to_pybytes()


WHOLE = _parquet()


@BYTES
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12))
def test_damaged_parquet(place: int, patch: bytes) -> None:
    survives("t.parquet", WHOLE[:place] + patch + WHOLE[place + len(patch) :])


CELLS = st.one_of(
    st.none(),
    st.text(max_size=30).filter(lambda text: "\x00" not in text),
    st.sampled_from(["9434765919", "22298006", "718-7", "2020-01-01", "NaN", "?", "1e308", "-0"]),
)


@TABLES
@given(st.lists(st.tuples(CELLS, CELLS), max_size=12))
def test_any_table_scans_to_counts_that_agree_with_the_slow_way(
    rows: list[tuple[str | None, str | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = [row[0] for row in rows], [row[1] for row in rows]
        table = pa.table({"x": pa.array(first, pa.string()), "y": pa.array(second, pa.string())})
        pq.write_table(table, Path(folder) / "t.parquet")
        with open_source("folder", folder) as source:
            result = scan(source)
            source_rows = result.profiles["t"].rows
            for name, values in (("x", first), ("y", second)):
                column = result.profiles["t"].column(name)
                gone = sum(value is None or value == "" for value in values)
                assert (source_rows, column.missing) == (len(rows), gone)
                kept = len(rows) - gone - column.non_finite - sum(column.tokens.values())
                assert column.present == kept
                assert column.distinct <= column.present
        if result.structure.person.kind is not None:
            Catalogue.read(result.catalogue(), "The scan")


@TABLES
@given(st.lists(st.text(max_size=20).filter(lambda text: "\x00" not in text), max_size=8),
       st.sampled_from(["integer", "decimal", "boolean", "date", "timestamp"]))  # fmt: skip
def test_every_value_is_read_missing_or_counted(values: list[str], type_: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "d"
        data.mkdir()
        pq.write_table(pa.table({"x": pa.array(values, pa.string())}), data / "t.parquet")
        with open_source("folder", str(data)) as source, connect(Path(folder) / "w") as c:
            source.attach(c, "t", ["x"], {"x": type_})
            intake = source.intake(c, "t")
            answer = c.execute("SELECT count(x) FROM t").fetchone()
            assert answer is not None
            lost = sum(intake.unreadable.values()) + sum(intake.non_finite.values())
            assert answer[0] + lost + values.count("") == len(values)
