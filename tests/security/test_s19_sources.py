"""S19: somebody copies the disk while a release is made from a database, or afterwards.

The naive twin keeps the snapshot of the database as Parquet beside its work: private to its owner,
and readable to whoever copies the disk. Ours goes from the network into the engine's memory; what
the engine cannot hold there it spills under a key that only the process has.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as dbapi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect
from commonweal.vault.scan import scan
from commonweal.vault.sources import arrow_stream, open_source, postgresql
from tests.release_house import House, make_house, permitted
from tests.release_stores import as_postgresql

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "diagnosis": "exact"},
)
READ = {"patients": ["nhs_number", "sex"], "admissions": ["nhs_number", "diagnosis"]}


def stolen(folder: Path, words: list[str]) -> set[str]:
    """Which of `words` a thief finds who copies the folder now: as bytes, or inside Parquet."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
        with contextlib.suppress(pa.ArrowInvalid):
            content += str(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
        found |= {word for word in words if word.encode() in content}
    return found


def naive_snapshot(url: str, folder: Path) -> None:
    """The twin: every needed column as Parquet, compressed, in a folder of its own."""
    folder.mkdir(mode=0o700)
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        for name, columns in READ.items():
            cursor.execute(f"SELECT {', '.join(columns)} FROM {name}")
            reader = cursor.fetch_record_batch()
            path = folder / f"{name}.parquet"
            with pq.ParquetWriter(path, reader.schema, compression="zstd") as sink:
                for batch in reader:
                    sink.write_batch(batch)


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=40)
    kind, location = as_postgresql(made, postgres_url)
    source = made.catalogue_data["datasets"][0]["source"]
    source |= {"kind": kind, "location": location}
    made.write_catalogue()
    for path in made.source.iterdir():  # the database is the source; the files would be found
        path.unlink()
    yield made
    made.close()


def watched(
    home: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[Callable[..., None], set[str], list[str]]:
    """(a progress that copies the disk at each step, what was found, the steps)."""
    found: set[str] = set()
    steps: list[str] = []

    def look(step: str, *_: object) -> None:
        steps.append(step)
        found.update(stolen(home, words))

    kept = arrow_stream.keep

    def keep(*given: Any) -> str:
        digest = kept(*given)
        look("a table was read")
        return digest

    monkeypatch.setattr(postgresql, "keep", keep)
    return look, found, steps


def test_the_twin_shows_everybody(house: House, tmp_path: Path) -> None:
    location = house.catalogue_data["datasets"][0]["source"]["location"]
    naive_snapshot(location, tmp_path / "naive")
    assert stolen(tmp_path / "naive", house.numbers) == set(house.numbers)


def test_a_copy_of_the_disk_shows_nobody_while_a_release_is_made_or_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, found, steps = watched(house.home, house.numbers, monkeypatch)
    report = house.build(house.issue(data=DATA), progress=look)
    look("the end")
    assert steps.count("a table was read") == 2
    assert len(steps) > 6
    assert report.manifest["patients"]["released"] > 0
    assert found == set()
    assert [path for path in (house.home / "work").rglob("*") if path.is_file()] == []


def test_a_scan_leaves_nothing_either(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    look, found, steps = watched(house.base, house.numbers, monkeypatch)
    (house.choices / "national_allowed.dat").unlink()
    location = house.catalogue_data["datasets"][0]["source"]["location"]
    with open_source("postgresql", location) as source:
        scan(source, work_folder=house.base / "work", progress=look)
    look("the end")
    assert steps.count("a table was read") == 3
    assert found == set()


def test_what_the_engine_spills_is_sealed(postgres_url: str, tmp_path: Path) -> None:
    with dbapi.connect(postgres_url, autocommit=True) as c, c.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS letters")
        cursor.execute(
            "CREATE TABLE letters AS SELECT 'SECRETMARK ' || md5(i::text) || md5((-i)::text) AS t "
            "FROM generate_series(1, 300000) i"
        )
    with (
        open_source("postgresql", postgres_url) as source,
        connect(tmp_path, memory_limit="24MB", threads=1) as engine,
    ):
        source.prepare(engine, {"letters": ["t"]})
        spilled = sum(path.stat().st_size for path in tmp_path.rglob("*.tmp"))
        assert spilled > 1_000_000
        assert stolen(tmp_path, ["SECRETMARK"]) == set()
    with dbapi.connect(postgres_url, autocommit=True) as c, c.cursor() as cursor:
        cursor.execute("DROP TABLE letters")
