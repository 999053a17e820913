"""Folders of files and DuckDB files: good input, and every kind of bad input we know."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable, WrongUsage
from commonweal.vault.sources import Intake, Reading, open_source
from commonweal.vault.sources.folder import parquet_columns
from commonweal.vault.sources.opening import guess_kind
from commonweal.vault.sources.source import MAX_CELL, Column

SECRET = "Zaphod"


def read(folder: Path, table: str = "t", reading: Reading | None = None, **types: str) -> Intake:
    """Attach a table with these types (default: all columns as text) and read it whole."""
    with open_source("folder", str(folder)) as source, connect(folder.parent / "work") as c:
        found = source.table(table, reading)
        asked = types or {column.name: "text" for column in found.columns}
        source.attach(c, table, list(asked), asked, reading=reading)
        return source.intake(c, table)


def refused(folder: Path, reading: Reading | None = None) -> CommonwealError:
    with pytest.raises(CommonwealError) as caught:
        read(folder, reading=reading)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None or not isinstance(caught.value.__cause__, duckdb.Error)
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


GOOD = {
    "plain": (b"a,b\n1,2\n3,4\n", 2),
    "crlf": (b"a,b\r\n1,2\r\n3,4\r\n", 2),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", 1),
    "no last line end": (b"a,b\n1,2", 1),
    "header only": (b"a,b\n", 0),
    "header without line end": (b"a,b", 0),
    "quotes and line breaks": (b'a,b\n"1 ""x"", y","two\nlines"\n', 1),
    "semicolons": (b"a;b\n1,5;2\n", 1),
    "tabs": (b"a\tb\n1\t2\n", 1),
    "bars": (b"a|b\n1|2\n", 1),
    "formulas are text": (b"a,b\n=cmd|' /C calc'!A0,@SUM(1)\n", 1),
    "quoted header": (b'"a","b"\n1,2\n', 1),
    "comment sign": (b"a,b\n#1,2\n", 1),
}


@pytest.mark.parametrize("case", GOOD)
def test_good_files(folder: Path, case: str) -> None:
    content, rows = GOOD[case]
    (folder / "t.csv").write_bytes(content)
    assert read(folder, a="text", b="text") == Intake(rows, {}, {})


@pytest.mark.parametrize(
    "name", ["E10", "1st", "hba1c", "day 1", "LS29", "may", "17 marks", "deadbeef-1", "2x", "a.b"]
)
def test_names_with_digits_are_names(folder: Path, name: str) -> None:
    (folder / "t.csv").write_text(f"a,{name}\n1,2\n")
    assert read(folder, **{name: "text"}).rows == 1


S = SECRET.encode()
BAD = {
    "empty": (b"", "CW-SOURCE-EMPTY", ""),
    "white space only": (b"\n \r\n", "CW-SOURCE-EMPTY", ""),
    "mark only": (b"\xef\xbb\xbf", "CW-SOURCE-EMPTY", ""),
    "too many cells": (
        b"a,b\n1,2\n" + S + b",4,5\n",
        "CW-SOURCE-MALFORMED",
        "line 3: the row has 3",
    ),
    "too few cells": (b"a,b\n1,2\n" + S + b"\n", "CW-SOURCE-MALFORMED", "line 3: the row has 1"),
    "open quote": (b'a,b\n1,"' + S + b"\n3,4\n", "CW-SOURCE-MALFORMED", "line 2: a quote"),
    "text after quote": (b'a,b\n1,"' + S + b'"x\n3,4\n', "CW-SOURCE-MALFORMED", "line 2"),
    "open quote in header": (b'a,"b\n1,' + S + b"\n", "CW-SOURCE-MALFORMED", "line 1"),
    "mixed line ends": (b"a,b\r\n1," + S + b"\n3,4\r\n", "CW-SOURCE-MALFORMED", "line endings"),
    "nul": (b"a,b\n1,2\n3," + S + b"\x00\n", "CW-SOURCE-ENCODING", "line 3: it holds a NUL"),
    "latin-1": (b"a,b\n1,2\n" + S + b",\xe9\n", "CW-SOURCE-ENCODING", "line 3: it is not UTF-8"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "CW-SOURCE-ENCODING", "UTF-16"),
    "zip": (b"PK\x03\x04" + S, "CW-SOURCE-ENCODING", "zip"),
    "gzip": (b"\x1f\x8b" + S, "CW-SOURCE-ENCODING", "gzip"),
    "parquet with a wrong name": (b"PAR1" + S, "CW-SOURCE-ENCODING", "Parquet"),
    "doubled column": (b"a,b,A\n1,2,3\n", "CW-SOURCE-NAMES", "columns 1 and 3"),
    "empty column name": (b"a,,c\n1,2,3\n", "CW-SOURCE-NAMES", "column 2 has no name"),
    "long column name": (b"a," + b"x" * 200 + b"\n1,2\n", "CW-SOURCE-NAMES", "column 2"),
    "no header: numbers": (b"63,1,145\n64,0,120\n", "CW-SOURCE-NAMES", "looks like data"),
    "no header: dates": (S + b",1950-01-02\nx,y\n", "CW-SOURCE-NAMES", "looks like data"),
    "no header: e-mail": (S + b",a@b.org\nx,y\n", "CW-SOURCE-NAMES", "looks like data"),
    "no header: word dates": (S + b",17-Mar-1950\nx,y\n", "CW-SOURCE-NAMES", "looks like data"),
    "no header: NHS number": (S + b",999 000 0018\nx,y\n", "CW-SOURCE-NAMES", "looks like data"),
    "no header: postcode": (S + b",LS29 7xx\nx,y\n", "CW-SOURCE-NAMES", "looks like data"),
    "no header: identifier": (
        S + b",1930a1b6-6533-4509-ab9f-df36f00fb8ec\nx,y\n",
        "CW-SOURCE-NAMES",
        "looks like data",
    ),
    "huge cell": (b"a,b\n1," + b"x" * (MAX_CELL + 1) + b"\n", "CW-SOURCE-CELL", "column b: 1 cell"),
    "huge row": (b"a,b\n1,2\n3," + b"x" * 9_000_000 + b"\n", "CW-SOURCE-MALFORMED", "line 3"),
    "late damage": (b"a,b\n" + b"1,2\n" * 400_000 + S + b"\n", "CW-SOURCE-MALFORMED", "400,002"),
    "late bytes": (b"a,b\n" + b"1,2\n" * 400_000 + b"\xff,2\n", "CW-SOURCE-ENCODING", "400,002"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_with_their_place(folder: Path, case: str) -> None:
    content, code, words = BAD[case]
    (folder / "t.csv").write_bytes(content)
    error = refused(folder)
    assert error.code == code
    assert "t.csv" in error.sentence
    assert words in error.sentence


def test_a_wrong_declared_delimiter_shows_as_a_missing_column(folder: Path) -> None:
    (folder / "t.csv").write_bytes(b"a;b\n1;2\n")
    with pytest.raises(Fault) as caught:
        read(folder, reading=Reading(delimiter=","), a="text")
    assert caught.value.code == "CW-SOURCE-UNKNOWN"


def test_latin_1_reads_where_it_is_declared(folder: Path) -> None:
    (folder / "t.csv").write_bytes("a,b\nZoë,2\n".encode("latin-1"))
    with open_source("folder", str(folder)) as source, connect(folder.parent / "work") as c:
        reading = Reading(encoding="latin-1")
        source.attach(c, "t", ["a"], {"a": "text"}, reading=reading)
        assert source.intake(c, "t").rows == 1
        assert c.execute("SELECT a FROM t").fetchall() == [("Zoë",)]


def test_one_file_is_no_folder_and_the_sentence_says_which_is(folder: Path) -> None:
    file = folder / "t.csv"
    file.write_text("a,b\n1,2\n")
    for refuse in (lambda: open_source("folder", str(file)), lambda: guess_kind(str(file))):
        with pytest.raises(Fault) as caught:
            refuse()
        assert caught.value.code == "CW-SOURCE-KIND"
        assert str(folder) in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("h.duckdb", b"", "duckdb"),  # refused as damaged when it is opened
        ("h.data", b"\x00" * 8 + b"DUCK", "duckdb"),
        ("h.db", b"SQLite format 3\x00", None),
        ("h.xlsx", b"PK\x03\x04", None),
        ("h", b"", None),
        ("none.csv", None, None),
        ("none", None, None),
    ],
)
def test_what_a_location_is(folder: Path, name: str, content: bytes | None, kind: str) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    if kind is not None:
        assert guess_kind(str(folder / name)) == kind
        return
    with pytest.raises(WrongUsage) as caught:
        guess_kind(str(folder / name))
    assert caught.value.code == "CW-SOURCE-KIND"
    assert name in caught.value.sentence


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "rot13", "../x"])
def test_other_encodings_cannot_be_declared(folder: Path, encoding: str) -> None:
    (folder / "t.csv").write_bytes(b"a,b\n1,2\n")
    assert refused(folder, Reading(encoding=encoding)).code == "CW-SOURCE-ENCODING"


def test_an_attached_table_has_the_declared_columns_types_and_counts(folder: Path) -> None:
    (folder / "t.csv").write_text(
        "id,dob,weight,note,flag\n1,2000-01-02,71.5,?,y\n2,02/13/2001,NaN,,n\n3,?,inf,NULL,maybe\n"
    )
    types = {"flag": "boolean", "dob": "date", "weight": "decimal", "note": "text"}
    reading = Reading(missing=("?", "NULL"))
    with open_source("folder", str(folder)) as source, connect(folder.parent / "work") as c:
        source.attach(c, "t", list(types), types, reading=reading, view="mine")
        assert source.intake(c, "mine") == Intake(3, {"dob": 1, "flag": 1}, {"weight": 2})
        assert source.unreadable(c, "mine") == {"dob": 1, "flag": 1}
        assert c.execute("FROM mine").fetchall() == [
            (True, dt.date(2000, 1, 2), 71.5, None),
            (False, None, None, None),
            (None, None, None, None),
        ]
        described = c.execute("DESCRIBE mine").fetchall()
        assert [row[1] for row in described] == ["BOOLEAN", "DATE", "DOUBLE", "VARCHAR"]


def test_wrong_requests_are_refused(folder: Path) -> None:
    (folder / "t.csv").write_bytes(b"a,b\n1,2\n")
    with open_source("folder", str(folder)) as source, connect(folder.parent / "work") as c:
        with pytest.raises(Fault, match="has no column z"):
            source.attach(c, "t", ["z"], {"z": "text"})
        with pytest.raises(Fault, match="no table nobody"):
            source.attach(c, "nobody", ["a"], {"a": "text"})
        with pytest.raises(WrongUsage):
            source.attach(c, "t", [], {})
        with pytest.raises(WrongUsage):
            source.attach(c, "t", ["a"], {"a": "money"})
        with pytest.raises(WrongUsage):
            source.intake(c, "never attached")
        with pytest.raises(Fault):
            source.prepare(c, {"t": ["z"]})


@pytest.mark.parametrize("name", ["a[1].csv", "a*b.csv", "it's.csv", "a?.csv", 'q"uote.csv'])
def test_odd_file_names_are_one_file(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"a,b\n1,2\n")
    (folder / "a1.csv").write_bytes(b"a,b\n5,6\n7,8\n")
    assert read(folder, Path(name).stem).rows == 1


def test_a_table_may_be_called_otherwise_than_its_file(folder: Path) -> None:
    (folder / "export_2024.csv").write_bytes(b"a,b\n1,2\n")
    assert read(folder, "people", Reading(file="export_2024.csv"), a="text").rows == 1
    with pytest.raises(Fault) as caught:
        read(folder, "people", Reading(file="../elsewhere.csv"), a="text")
    assert caught.value.code == "CW-SOURCE-UNKNOWN"


# --- Parquet ----------------------------------------------------------------------------------
def test_parquet_parts_are_one_table_and_must_agree(folder: Path) -> None:
    parts = folder / "t"
    parts.mkdir()
    for number in range(3):
        pq.write_table(
            pa.table({"a": [number], "d": [dt.date(2000, 1, 1)]}), parts / f"{number}.parquet"
        )
    (parts / "_SUCCESS").touch()
    assert read(folder, a="integer", d="date") == Intake(3, {}, {})
    pq.write_table(pa.table({"a": ["x"], "d": [dt.date(2000, 1, 1)]}), parts / "9.parquet")
    assert refused(folder).code == "CW-SOURCE-MALFORMED"


def test_damaged_parquet_is_refused(folder: Path) -> None:
    path = folder / "t.parquet"
    pq.write_table(pa.table({"a": [SECRET] * 5000, "b": list(range(5000))}), path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:100], whole[:-20], b"not parquet at all"):
        path.write_bytes(damaged)
        assert refused(folder).code == "CW-SOURCE-MALFORMED"
    path.write_bytes(whole[:4] + os.urandom(len(whole) // 2) + whole[4 + len(whole) // 2 :])
    assert refused(folder).code in ("CW-SOURCE-MALFORMED", "CW-SOURCE-CELL")


def test_a_parquet_file_is_described_once_until_it_is_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, aside, asked = folder / "t.parquet", folder.parent / "aside.parquet", []

    def counted(files: tuple[Path, ...], place: str) -> tuple[Column, ...]:
        asked.append(files)
        return parquet_columns(files, place)

    monkeypatch.setattr("commonweal.vault.sources.folder.parquet_columns", counted)
    pq.write_table(pa.table({"a": [1]}), path)
    pq.write_table(pa.table({"b": [1]}), aside)
    os.utime(aside, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    assert aside.stat().st_size == path.stat().st_size
    with open_source("folder", str(folder)) as source:
        assert [source.table("t").columns[0].name, source.tables()[0].columns[0].name] == ["a", "a"]
        assert len(asked) == 1
        aside.replace(path)  # of the same size, and as old
        assert source.table("t").columns[0].name == "b"
        path.write_bytes(path.read_bytes().replace(b"b", b"c"))
        assert source.table("t").columns[0].name == "c"
        path.write_bytes(b"not parquet at all")
        for _ in range(2):
            with pytest.raises(Fault) as caught:
                source.table("t")
            assert caught.value.code == "CW-SOURCE-MALFORMED"
    assert len(asked) == 5


def test_nested_parquet_columns_are_listed_but_cannot_be_read(folder: Path) -> None:
    pq.write_table(pa.table({"a": [[1, 2]], "b": [b"x"], "c": ["y"]}), folder / "t.parquet")
    with open_source("folder", str(folder)) as source, connect(folder.parent / "work") as c:
        for name in "ab":
            with pytest.raises(Fault) as caught:
                source.attach(c, "t", [name], {name: "text"})
            assert caught.value.code == "CW-SOURCE-STORAGE"
        source.attach(c, "t", ["c"], {"c": "text"})


# --- the folder -------------------------------------------------------------------------------
def test_folders_without_tables_and_doubled_names(folder: Path) -> None:
    (folder / "README.md").write_text("hello")
    (folder / ".hidden.csv").write_text("a\n1\n")
    assert refused(folder).code == "CW-SOURCE-EMPTY"
    (folder / "t.csv").write_text("a,b\n1,2\n")
    pq.write_table(pa.table({"a": [1]}), folder / "T.parquet")
    assert refused(folder).code == "CW-SOURCE-NAMES"


def test_a_missing_folder_and_a_link_out_of_it(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        open_source("folder", str(tmp_path / "nowhere"))
    assert caught.value.code == "CW-FILE-MISSING"
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (folder / "t.csv").symlink_to(tmp_path / "secret.csv")
    assert refused(folder).code == "CW-SOURCE-NAMES"


def test_kinds(folder: Path) -> None:
    for kind in ("oracle", "", "FOLDER"):
        with pytest.raises(WrongUsage):
            open_source(kind, str(folder))


def test_the_fingerprint_follows_content_and_nothing_else(folder: Path) -> None:
    (folder / "t.csv").write_text("a,b\n1,2\n")
    (folder / "u.csv").write_text("a,b\n1,2\n")
    with open_source("folder", str(folder)) as source:
        before = source.fingerprint()
        assert [name for name, _ in before.parts] == ["t.csv", "u.csv"]
        os.utime(folder / "t.csv", (1, 1))
        assert source.fingerprint() == before
        only_t = source.fingerprint(["t"])
        (folder / "u.csv").write_text("a,b\n1,3\n")
        assert source.fingerprint().digest != before.digest
        assert source.fingerprint(["t"]) == only_t
        with pytest.raises(Fault):
            source.fingerprint(["nobody"])


# --- DuckDB files -----------------------------------------------------------------------------
@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hospital.duckdb"
    with duckdb.connect(str(path)) as c:
        c.execute("CREATE TABLE people AS SELECT i AS id, DATE '2000-01-01' + i::INT AS born, "
                  "CASE WHEN i = 3 THEN 'nan'::DOUBLE ELSE i / 2 END AS w "
                  "FROM range(10) t(i)")  # fmt: skip
        c.execute("CREATE SCHEMA ward; CREATE TABLE ward.beds (n INT)")
        c.execute(f"CREATE VIEW leak AS SELECT * FROM read_text('{__file__}')")
    return path


def test_a_duckdb_file_gives_its_tables_but_not_its_views(database: Path, tmp_path: Path) -> None:
    with open_source("duckdb", str(database)) as source, connect(tmp_path / "w") as c:
        assert [table.name for table in source.tables()] == ["people", "ward.beds"]
        names = {"id": "text", "born": "date", "w": "integer"}
        source.attach(c, "people", list(names), names)
        assert source.intake(c, "people") == Intake(10, {"w": 4}, {"w": 1})
        with pytest.raises(duckdb.Error):
            c.execute(f'DELETE FROM "{source._alias}".people')  # type: ignore[attr-defined]


def test_a_damaged_or_open_duckdb_file_is_refused(database: Path, tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_bytes(b"nothing of a database" * 1000)
    with pytest.raises(Fault) as caught:
        open_source("duckdb", str(tmp_path / "x.duckdb")).tables()
    assert caught.value.code == "CW-SOURCE-MALFORMED"
    database.with_name(database.name + ".wal").write_bytes(b"x")
    with pytest.raises(Unavailable) as busy:
        open_source("duckdb", str(database))
    assert busy.value.code == "CW-BUSY"
    with pytest.raises(Fault):
        open_source("duckdb", str(tmp_path / "none.duckdb"))
    with duckdb.connect(str(tmp_path / "bare.duckdb")):
        pass
    with pytest.raises(Fault) as empty:
        open_source("duckdb", str(tmp_path / "bare.duckdb")).tables()
    assert empty.value.code == "CW-SOURCE-EMPTY"
