"""The PostgreSQL source, against a real cluster."""

from __future__ import annotations

import threading
from pathlib import Path

import adbc_driver_postgresql.dbapi as dbapi
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable, WrongUsage
from commonweal.vault.scan import scan
from commonweal.vault.sources import Reading, open_source, postgresql
from commonweal.vault.sources.postgresql import without_password

SQL = """
DROP TABLE IF EXISTS visits, people, odd CASCADE;
DROP SCHEMA IF EXISTS clinic CASCADE;
CREATE SCHEMA clinic;
CREATE TABLE people (id uuid PRIMARY KEY, born date, weight numeric(6,2), note text,
                     seen timestamptz, sex char(3), score float8, active boolean, n int8);
INSERT INTO people SELECT gen_random_uuid(), date '1950-01-01' + i, i + 0.25, '',
    timestamptz '2020-06-01 12:00:00+02', 'F', 'NaN', true, i FROM generate_series(1, 500) i;
UPDATE people SET weight = 'NaN' WHERE n = 1;
UPDATE people SET born = 'infinity' WHERE n = 2;
CREATE TABLE visits (visit_id int8, people_id uuid, on_day date);
INSERT INTO visits SELECT row_number() OVER (), id, date '2021-01-01' FROM people;
CREATE TABLE clinic.odd (raw bytea, tags text[], "a ""b" text);
INSERT INTO clinic.odd VALUES ('\\x00', '{x}', 'y');
CREATE VIEW grown AS SELECT * FROM people WHERE born < date '1951-01-01';
"""


@pytest.fixture
def url(postgres_url: str) -> str:
    with dbapi.connect(postgres_url, autocommit=True) as connection:
        for statement in SQL.split(";\n"):
            if statement.strip():
                with connection.cursor() as cursor:
                    cursor.execute(statement)
    return postgres_url


def with_password(url: str) -> str:
    return url.replace("postgresql://commonweal@", "postgresql://commonweal:hunter2:x@") + (
        "&password=hunter2&sslpassword=hunter2"
    )


def test_tables_views_and_schemas_are_listed_with_what_can_be_read(
    url: str, tmp_path: Path
) -> None:
    with open_source("postgresql", url) as source:
        tables = {table.name: table for table in source.tables()}
        assert list(tables) == ["clinic.odd", "grown", "people", "visits"]
        storages = {c.name: c.storage for c in tables["clinic.odd"].columns}
        assert storages == {"raw": "BLOB", "tags": "VARCHAR[]", 'a "b': "VARCHAR"}


def test_values_are_typed_and_what_is_not_finite_is_counted(url: str, tmp_path: Path) -> None:
    names = {"born": "date", "weight": "decimal", "note": "text", "seen": "timestamp",
             "sex": "text", "score": "decimal", "active": "boolean", "n": "integer"}  # fmt: skip
    with open_source("postgresql", url) as source, connect(tmp_path) as c:
        source.prepare(c, {"people": list(names)})
        source.attach(c, "people", list(names), names)
        intake = source.intake(c, "people")
        assert (intake.rows, intake.unreadable) == (500, {})
        assert intake.non_finite == {"born": 1, "weight": 1, "score": 500}
        row = c.execute("SELECT * FROM people WHERE n = 10").fetchone()
        assert [str(v) for v in row or ()] == [
            "1950-01-11", "10.25", "None", "2020-06-01 10:00:00", "F", "None", "True", "10",
        ]  # fmt: skip


def test_all_tables_come_from_one_moment(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source("postgresql", url)
    copied = type(source)._copy

    def copy_and_let_another_write(self, cursor, name, snapshot):  # type: ignore[no-untyped-def]
        copied(self, cursor, name, snapshot)
        if name == "people":
            writer = threading.Thread(target=_empty_both, args=(url,))
            writer.start()
            writer.join()

    monkeypatch.setattr(type(source), "_copy", copy_and_let_another_write)
    with source, connect(tmp_path) as c:
        source.prepare(c, {"people": ["n"], "visits": ["visit_id"]})
        source.attach(c, "visits", ["visit_id"], {"visit_id": "integer"})
        assert source.intake(c, "visits").rows == 500
    with source, connect(tmp_path) as c:
        source.prepare(c, {"visits": ["visit_id"]})
        source.attach(c, "visits", ["visit_id"], {"visit_id": "integer"})
        assert source.intake(c, "visits").rows == 0


def _empty_both(url: str) -> None:
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM visits")


def test_nothing_can_be_written_while_reading(url: str, tmp_path: Path) -> None:
    source = open_source("postgresql", url)
    with pytest.raises(CommonwealError) as caught, source._transaction() as cursor:  # type: ignore[attr-defined]
        cursor.execute("DELETE FROM people")
    assert caught.value.code == "CW-SOURCE-FAILED"
    assert "25006" in caught.value.sentence


def digest_of(url: str, folder: Path, wanted: dict[str, list[str]]) -> str:
    with open_source("postgresql", url) as source, connect(folder) as c:
        source.prepare(c, wanted)
        return source.fingerprint().digest


def execute(url: str, *statements: str) -> None:
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_the_fingerprint_holds_while_nothing_changes(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"visits": ["visit_id", "people_id"], "people": ["id", "note", "active", "weight"]}
    before = digest_of(url, tmp_path, wanted)
    monkeypatch.setattr(postgresql, "BATCH_BYTES", 500)
    assert digest_of(url, tmp_path, wanted) == before  # however the rows are cut into batches


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE people SET note = NULL WHERE n = 3",  # was empty
        "DELETE FROM people WHERE n = 500",
        "DROP VIEW grown; ALTER TABLE people ALTER active TYPE text",
    ],
)
def test_the_fingerprint_follows_the_database(url: str, tmp_path: Path, change: str) -> None:
    wanted = {"people": ["note", "active", "score"]}
    before = digest_of(url, tmp_path, wanted)
    execute(url, *change.split("; "))
    assert digest_of(url, tmp_path, wanted) != before


def test_the_snapshot_lies_in_its_engine_alone_and_is_gone_at_the_end(
    url: str, tmp_path: Path
) -> None:
    held = "SELECT count(*) FROM duckdb_tables()"
    with connect(tmp_path / "work") as c, connect(tmp_path / "other") as other:
        with open_source("postgresql", url) as source:
            source.prepare(c, {"people": ["n"]})
            assert c.execute(held).fetchone() == (1,)
            table = source.table("people")
            assert c.execute(f"SELECT count(*) FROM {source.relation(c, table)}").fetchone() == (
                500,
            )
            with pytest.raises(WrongUsage):
                source.relation(other, table)
            source.prepare(c, {"people": ["id"]})  # more than before: all is taken anew
            assert c.execute(held).fetchone() == (1,)
            assert [p for p in (tmp_path / "work").rglob("*") if p.is_file()] == []
        assert c.execute(held).fetchone() == (0,)


def test_a_snapshot_that_fails_leaves_nothing_in_the_engine(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self, *_):  # type: ignore[no-untyped-def]
        copied(self, *_)
        raise RuntimeError

    source = open_source("postgresql", url)
    copied = type(source)._copy
    monkeypatch.setattr(type(source), "_copy", fail)
    with source, connect(tmp_path) as c:
        with pytest.raises(RuntimeError):
            source.prepare(c, {"people": ["n"]})
        assert c.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)


def test_text_that_is_not_utf8_is_refused(url: str, tmp_path: Path) -> None:
    execute(url, "DROP DATABASE IF EXISTS raw",
            "CREATE DATABASE raw TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")  # fmt: skip
    raw = url.replace("/postgres?", "/raw?")
    execute(raw, "CREATE TABLE t (a text)", "INSERT INTO t VALUES (E'M\\xfcller')")
    with open_source("postgresql", raw) as source, connect(tmp_path) as c:
        with pytest.raises(Fault) as caught:
            source.prepare(c, {"t": ["a"]})
        assert caught.value.code == "CW-SOURCE-ENCODING"
        assert "ller" not in caught.value.sentence


def test_a_table_larger_than_the_memory_is_read(url: str, tmp_path: Path) -> None:
    execute(
        url,
        "DROP TABLE IF EXISTS big",
        "CREATE TABLE big AS "
        "SELECT md5(i::text) || md5((-i)::text) AS a FROM generate_series(1, 200000) i",
    )
    with (
        open_source("postgresql", url) as source,
        connect(tmp_path / "w", memory_limit="16MB", threads=1) as c,
    ):
        source.prepare(c, {"big": ["a"]})  # spills
        source.attach(c, "big", ["a"], {"a": "text"})
        assert source.intake(c, "big").rows == 200_000
    execute(url, "DROP TABLE big")


def test_the_password_is_shown_nowhere(url: str, tmp_path: Path) -> None:
    secret = with_password(url)
    with open_source("postgresql", secret) as source:
        assert "hunter2" not in source.location
        assert "hunter2" not in repr(source)
        result = scan(source)
        assert "hunter2" not in str(result.catalogue())
        assert result.structure.person.table == "people"
    broken = secret.replace("/postgres?", "/nowhere?")
    for address in (broken, "postgresql://u:hunter2@127.0.0.1:1/x?password=hunter2"):
        with pytest.raises(Unavailable) as caught:
            open_source("postgresql", address).tables()
        assert caught.value.code == "CW-SOURCE-UNREACHABLE"
        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u@h/d"),
        ("postgres://u:p:q%40@h:5432/d?sslmode=require&password=p",
         "postgres://u@h:5432/d?sslmode=require"),
        ("postgresql://h/d?PASSWORD=p", "postgresql://h/d"),
        ("postgresql:///d", "postgresql:///d"),
    ],
)  # fmt: skip
def test_a_location_without_its_password(given: str, shown: str) -> None:
    assert without_password(given) == shown


@pytest.mark.parametrize(
    "given",
    [
        "mysql://u:p@h/d",
        "host=h password=p@h",
        "",
        "http://[::1",
        "postgresql://u:p/p@h/d",
        "postgresql://u:p#p@h/d",
        "postgresql://u:1?p@h/d",
        "postgresql://u:p?p@h/d",
    ],
)
def test_other_addresses_are_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        without_password(given)
    assert "p@h" not in caught.value.sentence


def test_unknown_tables_and_columns_are_named(url: str, tmp_path: Path) -> None:
    with open_source("postgresql", url) as source:
        for wanted in ({"nobody": ["x"]}, {"people": ["nothing"]}):
            with connect(tmp_path) as c, pytest.raises(Fault) as caught:
                source.prepare(c, wanted)
            assert caught.value.code == "CW-SOURCE-UNKNOWN"
        with connect(tmp_path) as c, pytest.raises(WrongUsage):
            source.attach(c, "people", ["n"], {"n": "integer"}, reading=Reading())
