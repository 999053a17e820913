"""Exact figures beside a count with noise: which are told, and outputs that nobody is in."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.definitions import Condition
from commonweal.airlock.audit.history import read_history
from commonweal.airlock.noise.beside import exact_beside
from commonweal.airlock.rules.findings import Finding
from commonweal.airlock.session import Session
from tests.airlock_house import PERSON
from tests.audit_house import Asked, House, audit_id, by, values
from tests.noise_house import ROWS, release, request

WARDS = by("ward", "A", "B", "C")
EVERYBODY = sorted({str(one[PERSON]) for one in ROWS})


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A history of the people of the release; here each is in one ward, the last of theirs."""
    house = House(tmp_path / "airlock")
    house.people = {one[PERSON]: {"ward": one["ward"], "ill": "n"} for one in ROWS}
    return house


def beside(house: House, folder: Path, cells: tuple[Condition, ...] = WARDS) -> list[Finding]:
    rows = [{PERSON: code, "ward": one["ward"]} for code, one in house.people.items()]
    audit_map = folder / "audit_map.parquet"
    ids = pa.array([audit_id(code) for code in EVERYBODY], pa.binary())
    pq.write_table(pa.table({"code": EVERYBODY, "audit_id": ids}), audit_map)
    with Session.over(release(folder / "release", rows)) as session:
        return exact_beside(request(), session, audit_map, read_history(house.history), 10)


def told(found: list[Finding]) -> list[tuple[str, str, float | None]]:
    return [(one.where["cell"], one.where["figure"], one.value) for one in found]


def test_the_exact_figure_of_the_same_people_is_told(house: House, tmp_path: Path) -> None:
    house.leave(Asked("wards", (by("ward", "A", "B"),), margins=False))
    assert told(beside(house, tmp_path)) == [
        ("A", "wards row 1 column 1", 0), ("B", "wards row 2 column 1", 0),
    ]  # fmt: skip


def test_of_nearly_the_same_people_it_is_told_and_of_others_not(
    house: House, tmp_path: Path
) -> None:
    some = [code for code, one in house.people.items() if one["ward"] == "A"]
    for code in some[:9]:
        house.people[code]["ill"] = "y"
    for code in some[9:19]:
        house.people[code]["ill"] = "m"
    house.leave(Asked("but-nine", (by("ward", "A"),), (values("ill", "n", "m"),), margins=False))
    house.leave(Asked("but-ten", (by("ward", "A"),), (values("ill", "n", "y"),), margins=False))
    assert told(beside(house, tmp_path)) == [("A", "but-nine row 1 column 1", 9)]


def test_an_output_that_nobody_is_in_is_beside_no_full_cell(house: House, tmp_path: Path) -> None:
    """A table of nobody, in an output of nobody: it is of nobody of these cells."""
    house.leave(Asked("nobody", (WARDS[:1],), (values("ill", "x"),), margins=False))
    assert beside(house, tmp_path) == []


def test_a_table_of_nobody_beside_one_of_everybody(house: House, tmp_path: Path) -> None:
    nobody = Asked("nobody", (by("ward", "A"),), (values("ill", "x"),), margins=False)
    house.leave(nobody, Asked("wards", (by("ward", "A"),), margins=False))
    assert told(beside(house, tmp_path)) == [("A", "wards row 1 column 1", 0)]


def test_an_exact_nobody_is_told_beside_a_cell_of_few(house: House, tmp_path: Path) -> None:
    """An exact nought tells of a cell of nobody, or of few, what the noise was to hide."""
    house.leave(Asked("nobody", (by("ward", "C"),), (values("ill", "x"),), margins=False))
    for code, one in list(house.people.items()):
        if one["ward"] == "C":
            house.people[code]["ward"] = "A"
    assert told(beside(house, tmp_path)) == [("C", "nobody row 1 column 1", 0)]
