"""What a hostile review found and what now holds: each was released, opened or signed before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.vault.release.proving import state_absence
from tests.release_house import House, make_house, objection, permitted, refused

FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in "9000000033")
"""A number that people read as an NHS number and machines do not."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    yield made
    made.close()


def table_of(house: House, name: str) -> dict[str, object]:
    tables = house.catalogue_data["datasets"][0]["tables"]
    return next(table for table in tables if table["name"] == name)


def test_a_table_without_a_person_link_gives_nothing_about_people(house: House) -> None:
    table_of(house, "admissions")["person_link"] = None
    table_of(house, "tests")["person_link"] = None
    house.write()
    house.choose(objections=[objection(house.numbers[0])])
    data = permitted(
        patients={"nhs_number": "pseudonym"}, admissions={"admitted": "exact", "diagnosis": "exact"}
    )
    assert refused(lambda: house.issue(data=data)).code == "CW-PERMIT-NO-PERSON"


def test_old_choices_are_not_opened(house: House, tmp_path: Path) -> None:
    clock = house.clock
    assert isinstance(clock, FixedClock)
    permit = house.issue(data=permitted(patients={"nhs_number": "pseudonym"}))
    report = house.build(permit)
    clock.advance(timedelta(days=8))
    out = Path("/dev/shm") / f"commonweal-{tmp_path.name}"
    try:
        error = refused(lambda: house.open(report.folder, permit, out))
        assert (error.code, error.exit_code) == ("CW-RELEASE-CHOICES-OLD", 5)
        assert not out.exists()
    finally:
        shutil.rmtree(out, ignore_errors=True)


def test_a_record_of_somebody_without_a_number_goes_to_nobody(house: House) -> None:
    first = house.tables["admissions"][0]
    linked = [row for row in house.tables["tests"] if row["admission_id"] == first["admission_id"]]
    assert linked
    data = permitted(
        patients={"nhs_number": "pseudonym"},
        tests={"admission_id": "record_code", "value": "exact"},
    )
    before = house.build(house.issue(data=data)).manifest["tables"]["tests"]["rows"]
    house.tables["admissions"].append({**first, "nhs_number": ""})
    house.write()
    after = house.build(house.issue(data=data, id="P-second")).manifest["tables"]["tests"]["rows"]
    assert after == before - len(linked)


@pytest.mark.parametrize("asked", ["hello", "9434765918", "P-17", FULL_WIDTH])
def test_absence_is_not_signed_for_what_cannot_be_looked_for(house: House, asked: str) -> None:
    report = house.build(house.issue(data=permitted(patients={"nhs_number": "pseudonym"})))
    with pytest.raises(CommonwealError) as caught:
        state_absence(house.custody(), report.folder, asked)
    assert caught.value.code == "CW-RELEASE-ABSENCE-UNSURE"
    assert asked not in str(caught.value)
