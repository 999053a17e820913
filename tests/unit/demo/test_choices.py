"""The choices folder: the form of its files, and who is in them."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from commonweal.demo.hospital import make_hospital, write_choices
from commonweal.demo.hospital.choices import COLUMNS
from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.foundation.identifiers import NHSNumber

AT = datetime(2026, 4, 1, 6, 30, tzinfo=UTC)
KINDS = {
    "local_objection", "no_ai_training", "no_companies", "no_research_here", "project_objection",
    "project_consent", "withdrawal", "type1",
}  # fmt: skip


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("choices") / "hospital"
    make_hospital(out, patients=6_000, seed=3)
    return out


def _known(hospital: Path) -> set[str]:
    column = pq.read_table(hospital / "patients.parquet")["nhs_number"].to_pylist()
    return {number for number in column if number is not None}


def test_the_national_list_is_the_list_of_the_allowed(hospital: Path, tmp_path: Path) -> None:
    summary = write_choices(tmp_path / "c", hospital, checked_at=AT)
    raw = (tmp_path / "c" / "national_allowed.dat").read_bytes()
    assert b"\r" not in raw
    lines = raw.decode("ascii").removesuffix("\n").split("\n")
    numbers = [line.removesuffix(",") for line in lines]
    assert all(line.endswith(",") and len(line) == 11 for line in lines)
    assert numbers == sorted(set(numbers))
    assert all(NHSNumber(number).digits == number for number in numbers[::20])
    known = _known(hospital)
    assert set(numbers) < known
    asked = json.loads((tmp_path / "c" / "national_allowed.json").read_text())
    assert asked == {
        "checked_at": "2026-04-01T06:30:00Z",
        "requested": len(known),
        "returned": len(numbers),
    }
    assert (summary.requested, summary.returned) == (len(known), len(numbers))
    assert len(numbers) == len(known) - round(0.054 * len(known))


def test_objections_of_every_kind(hospital: Path, tmp_path: Path) -> None:
    summary = write_choices(tmp_path / "c", hospital, checked_at=AT, projects=("one", "two"))
    with (tmp_path / "c" / "objections.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    assert len(rows) == summary.objections
    assert {row["kind"] for row in rows} == KINDS
    known = _known(hospital)
    for row in rows:
        assert row["identifier"] in known
        about_one = row["kind"] in {"project_objection", "project_consent", "withdrawal"}
        assert row["project"] in ({"one", "two"} if about_one else {""})
        assert row["effective_from"] <= "2026-04-01"
        assert row["effective_to"] == "" or row["effective_to"] > row["effective_from"]
        assert row["evidence"]
    assert any(row["effective_to"] for row in rows)


def test_the_seed_chooses(hospital: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_choices(tmp_path / name, hospital, checked_at=AT, seed=seed)
    read = [(tmp_path / name / "national_allowed.dat").read_bytes() for name in "abc"]
    assert read[0] == read[1] != read[2]


@pytest.mark.parametrize(("share", "left"), [(0.0, 1.0), (1.0, 0.0)])
def test_nobody_or_everybody(hospital: Path, tmp_path: Path, share: float, left: float) -> None:
    summary = write_choices(tmp_path / "c", hospital, checked_at=AT, opted_out_share=share)
    assert summary.returned == left * summary.requested


def test_a_hospital_of_csv_files_gives_the_same(tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        make_hospital(tmp_path / form, patients=300, format=form)  # type: ignore[arg-type]
        write_choices(tmp_path / f"c-{form}", tmp_path / form, checked_at=AT)
    for name in ("national_allowed.dat", "national_allowed.json", "objections.csv"):
        one, two = (tmp_path / f"c-{form}" / name for form in ("parquet", "csv"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("patients", [1, 3])
def test_the_smallest_hospital_has_choices(tmp_path: Path, patients: int) -> None:
    make_hospital(tmp_path / "h", patients=patients, seed=2)
    summary = write_choices(tmp_path / "c", tmp_path / "h", checked_at=AT)
    assert summary.returned == summary.requested <= patients


@pytest.mark.parametrize(
    "wrong",
    [
        {"opted_out_share": -0.1},
        {"opted_out_share": 1.1},
        {"opted_out_share": float("nan")},
        {"checked_at": datetime(2026, 4, 1)},  # noqa: DTZ001
        {"projects": ()},
        {"seed": -1},
    ],
)
def test_wrong_usage_is_refused(hospital: Path, tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage):
        write_choices(tmp_path / "c", hospital, **{"checked_at": AT, **wrong})
    assert not (tmp_path / "c").exists()


def test_no_table_of_patients(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    with pytest.raises(Fault) as caught:
        write_choices(tmp_path / "c", tmp_path / "h", checked_at=AT)
    assert caught.value.code == "CW-FILE-MISSING"


def test_choices_are_not_overwritten(hospital: Path, tmp_path: Path) -> None:
    write_choices(tmp_path / "c", hospital, checked_at=AT)
    before = (tmp_path / "c" / "objections.csv").read_bytes()
    with pytest.raises(Fault) as caught:
        write_choices(tmp_path / "c", hospital, checked_at=AT, seed=9)
    assert caught.value.code == "CW-FILE-EXISTS"
    assert (tmp_path / "c" / "objections.csv").read_bytes() == before
