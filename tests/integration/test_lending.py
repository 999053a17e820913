"""Lending a release: to a live permit, in memory, the newest only, and gone afterwards."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import change_state
from commonweal.vault.release import lending
from commonweal.vault.release.lending import lend, lent, loans_of, take_back
from tests.release_house import MARKER, House, make_house, refused


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house")
    yield made
    made.close()


@pytest.fixture
def loans(house: House) -> Iterator[Path]:
    made = loans_of(house.custody())
    yield made
    take_back(made)
    made.rmdir()


def all_files(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_a_job_gets_data_and_a_description_and_nothing_else(house: House, loans: Path) -> None:
    permit = house.issue(processing=["table", "python", "train"])
    report = house.build(permit)
    uid = 1_900_000_421 if os.geteuid() == 0 else None
    with lent(house.custody(), "permit-1", "job", loans / "one", uid) as loan:
        assert loan.release == "permit-1.r1"
        wanted = {f["path"] for t in report.manifest["tables"].values() for f in t["files"]}
        assert all_files(loan.folder) == wanted | {"release.json"}
        described = json.loads((loan.folder / "release.json").read_text())
        assert set(described) == {"release", "id", "tables"}
        for name, table in described["tables"].items():
            (part,) = (loan.folder / "data" / name).iterdir()
            read = pq.read_table(part)
            assert table["rows"] == read.num_rows
            assert list(table["columns"]) == read.column_names
            assert table["person"] is None or table["columns"][table["person"]]["form"] == (
                "pseudonym"
            )
        for one in loan.folder.rglob("*"):
            its = one.stat()
            assert its.st_uid == (uid or os.geteuid())
            assert stat.S_IMODE(its.st_mode) == (0o500 if one.is_dir() else 0o400)
        for one in loan.folder.rglob("*.parquet"):
            assert MARKER.encode() not in one.read_bytes()
    assert list(loans.iterdir()) == []
    assert [one["use"] for one in house.events("release.opened")] == ["job"]


def test_the_airlock_gets_more_than_a_job(house: House, loans: Path) -> None:
    permit = house.issue(processing=["table", "python", "train"])
    report = house.build(permit)
    folder = house.releases / "permit-1.r1"
    loan = lend(house.custody(), folder, permit, "airlock", loans / "two")
    held = {file["path"] for file in report.manifest["holdout"]["files"]}
    assert held
    assert all_files(loan.folder) >= held | {"audit_map.parquet", "sieve.parquet"}
    mapped = pq.read_table(loan.folder / "audit_map.parquet")
    people = report.manifest["patients"]
    assert mapped.column_names == ["code", "audit_id"]
    assert mapped.num_rows >= people["released"]
    assert pq.read_table(loan.folder / "sieve.parquet").column_names == ["token", "identifies"]
    assert [one["use"] for one in house.events("release.opened")] == ["recomputation"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("pause", "CW-PERMIT-PAUSED"),
        ("suspend", "CW-PERMIT-SUSPENDED"),
        ("revoke", "CW-PERMIT-REVOKED"),
        ("close", "CW-PERMIT-CLOSED"),
    ],
)
@pytest.mark.parametrize("use", ["job", "airlock"])
def test_a_permit_that_is_stopped_lends_nothing(
    house: House, loans: Path, step: str, code: str, use: str
) -> None:
    permit = house.issue()
    house.build(permit)
    change_state(house.custody(), permit, step)  # type: ignore[arg-type]

    def borrow() -> None:
        with lent(house.custody(), "permit-1", use, loans / "x"):  # type: ignore[arg-type]
            pytest.fail("it was lent")

    assert refused(borrow).code == code
    assert list(loans.iterdir()) == []
    assert house.events("release.opened") == []


def test_refusals(house: House, loans: Path, tmp_path: Path) -> None:
    custody = house.custody()
    permit = house.issue()

    def codes(folder: Path, to: Path) -> str:
        return refused(lambda: lend(custody, folder, permit, "job", to)).code

    def borrowed() -> None:
        with lent(custody, "permit-1", "job", loans / "x"):
            pytest.fail("it was lent")

    assert refused(borrowed).code == "CW-RELEASE-MISSING"
    first = house.build(permit).folder
    assert codes(first, tmp_path / "disk") == "CW-RELEASE-NOT-IN-MEMORY"
    (loans / "there").mkdir()
    assert codes(first, loans / "there") == "CW-FILE-EXISTS"
    house.clock.advance(timedelta(minutes=1))
    house.choose()
    house.build(permit)
    # The first one has lost its key: whoever looks at it first says so.
    assert codes(first, loans / "old") in ("CW-RELEASE-SUPERSEDED", "CW-RELEASE-NOT-WHOLE")
    newest = house.releases / "permit-1.r2"
    part = next((newest / "data").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    assert codes(newest, loans / "broken") == "CW-RELEASE-NOT-WHOLE"
    assert {one.name for one in loans.iterdir()} == {"there"}
    assert house.events("release.opened") == []


def test_old_choices_lend_nothing(house: House, loans: Path) -> None:
    permit = house.issue()
    house.build(permit)
    house.clock.advance(timedelta(days=house.custody().trust.fresh.choices_days, hours=1))

    def borrow() -> None:
        with lent(house.custody(), "permit-1", "job", loans / "x"):
            pytest.fail("it was lent")

    assert refused(borrow).code == "CW-RELEASE-CHOICES-OLD"


def test_what_a_crash_left_is_taken_back(
    house: House, loans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = house.issue()
    house.build(permit)
    monkeypatch.setattr(lending, "thaw_and_remove", lambda _: None)
    for name in ("dead", "alive"):
        with lent(house.custody(), "permit-1", "job", loans / name):
            pass
    monkeypatch.undo()
    (loans / ".staging-dead-0123456789ab").mkdir()
    (loans / ".staging-alive-0123456789ab").mkdir()

    def in_use() -> list[str]:
        (loans / "made-meanwhile").mkdir()
        return ["alive"]

    assert take_back(loans, in_use) == 2
    (loans / "made-meanwhile").rmdir()
    assert {one.name for one in loans.iterdir()} == {"alive", ".staging-alive-0123456789ab"}
    assert take_back(loans) == 2


def test_a_folder_of_loans_that_somebody_else_made_is_not_used(house: House) -> None:
    place = lending.MEMORY / f"commonweal-loans-{house.custody().home.id}"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    try:
        with pytest.raises(CommonwealError) as caught:
            loans_of(house.custody())
        assert caught.value.code == "CW-RELEASE-NOT-IN-MEMORY"
    finally:
        place.rmdir()
