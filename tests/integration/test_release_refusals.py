"""What stops a build: the permit, the clock, the catalogue, the source, the choices. One sentence,
the right code, nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import change_state
from commonweal.vault.release.store import completed
from tests.release_house import MARKER, House, hospital, make_house, permitted, refused
from tests.unit.choices.helpers import nhs_numbers

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact", "born": "age_band(5,90)"},
    admissions={"nhs_number": "pseudonym", "days": "exact"},
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=24)
    yield made
    made.close()


def nothing_made(house: House, error: CommonwealError) -> None:
    """No release, no remains, a sound ledger, and no value of anybody in the words."""
    assert list(house.releases.iterdir()) == []
    assert list(completed(house.custody().ledger)) == []
    assert house.ledger_faults() == []
    assert list((house.home / "work").iterdir()) == []
    said = f"{error} {error.sentence} {error.remedy}"
    assert MARKER not in said
    assert not any(number in said for number in house.numbers if number)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("pause", "CW-PERMIT-PAUSED"),
        ("suspend", "CW-PERMIT-SUSPENDED"),
        ("revoke", "CW-PERMIT-REVOKED"),
        ("close", "CW-PERMIT-CLOSED"),
    ],
)
def test_a_permit_that_was_stopped(house: House, step: Any, code: str) -> None:
    permit = house.issue(data=DATA)
    change_state(house.custody(), permit, step)
    for run in (house.build, house.plan):
        error = refused(lambda: run(permit))  # noqa: B023 (called at once)
        assert (error.code, error.exit_code) == (code, 4)
    nothing_made(house, error)


def test_a_permit_that_was_replaced(house: House) -> None:
    permit = house.issue(data=DATA)
    house.issue(data=DATA, id="newer", supersedes="permit-1")
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-PERMIT-SUPERSEDED"
    nothing_made(house, error)


def test_a_permit_that_ended_or_did_not_begin(house: House) -> None:
    later = house.issue(data=DATA, **{"from": "2026-03-10"})
    assert refused(lambda: house.build(later)).code == "CW-PERMIT-NOT-YET"
    permit = house.issue(data=DATA, until="2026-03-02")
    house.clock.advance(timedelta(days=1))
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-PERMIT-EXPIRED", 4)
    nothing_made(house, error)


def test_time_to_say_no(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=24, days_to_say_no=28)
    permit = house.issue(data=DATA)
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-PERMIT-ANNOUNCED"
    nothing_made(house, error)
    house.clock.advance(timedelta(days=28))
    house.choose()
    assert house.build(permit).manifest["patients"]["released"] == 24
    house.close()


def test_a_stop_during_the_build_is_kept_to(house: House) -> None:
    permit = house.issue(data=DATA)

    def stop(step: str) -> None:
        if step == "Writing the manifest":
            change_state(house.custody(), permit, "pause")

    error = refused(lambda: house.build(permit, progress=stop))
    assert (error.code, error.exit_code) == ("CW-PERMIT-NOT-LIVE", 4)
    assert [one["code"] for one in house.events("release.refused")] == ["CW-PERMIT-NOT-LIVE"]
    nothing_made(house, error)
    change_state(house.custody(), permit, "resume")
    assert house.verify(house.build(permit).folder).faults == []


def test_a_clock_that_was_set_back(house: House) -> None:
    permit = house.issue(data=DATA)
    house.clock.advance(timedelta(hours=-2))
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-CLOCK-BEHIND", 5)
    house.clock.advance(timedelta(hours=2))
    nothing_made(house, error)


def test_a_permit_that_was_changed_or_never_issued(house: House, tmp_path: Path) -> None:
    permit = house.issue(data=DATA)
    text = permit.read_text()
    permit.write_text(text.replace(text[40], "A" if text[40] != "A" else "B", 1))
    assert refused(lambda: house.build(permit)).code == "CW-SIGNATURE-INVALID"
    other = make_house(tmp_path / "other", count=24)
    theirs = other.issue(data=DATA)
    error = refused(lambda: house.build(theirs))
    assert error.code == "CW-SIGNATURE-UNTRUSTED"
    other.close()
    nothing_made(house, error)


def variable(house: House, table: int, place: int) -> dict[str, Any]:
    found: dict[str, Any] = house.catalogue_data["datasets"][0]["tables"][table]["variables"][place]
    return found


@pytest.mark.parametrize(
    ("table", "place", "change"),
    [
        (0, 3, {"role": "sensitive"}),
        (0, 2, {"forms": ["age_band(5,90)", "year"]}),
        (1, 8, {"type": "decimal"}),
        (0, 0, {"identifies": "hospital_number"}),
        (1, 3, {"administrative": False, "role": "other"}),
    ],
)
def test_a_catalogue_that_changed_since_the_permit(
    house: House, table: int, place: int, change: dict[str, Any]
) -> None:
    permit = house.issue(data=DATA)
    variable(house, table, place).update(change)
    house.write_catalogue()
    for run in (house.build, house.plan):
        error = refused(lambda: run(permit))  # noqa: B023 (called at once)
        assert (error.code, error.exit_code) == ("CW-PERMIT-CATALOGUE-CHANGED", 4)
    nothing_made(house, error)


def test_location_and_reasons_may_change(house: House) -> None:
    permit = house.issue(data=DATA)
    variable(house, 0, 3)["reason"] = "Looked at again."
    house.source.rename(house.base / "elsewhere")
    house.catalogue_data["datasets"][0]["source"]["location"] = "elsewhere"
    house.write_catalogue()
    assert house.build(permit).manifest["patients"]["released"] == 24


@pytest.mark.parametrize("step", ["Reading admissions", "Measuring the risk", "Writing patients"])
def test_a_source_that_changes_during_the_build(house: House, step: str) -> None:
    permit = house.issue(data=DATA)

    def change(now: str) -> None:
        if now.startswith(step):
            path = house.source / "admissions.csv"
            path.write_text(path.read_text().replace(",J45.0,", ",J45.1,", 1))

    error = refused(lambda: house.build(permit, progress=change))
    assert error.code == "CW-SOURCE-CHANGED"
    nothing_made(house, error)


@pytest.mark.parametrize(
    ("table", "name", "value", "code"),
    [
        ("admissions", "days", f"{MARKER} days", "CW-RELEASE-UNREADABLE"),
        ("patients", "born", "31/02/1980", "CW-RELEASE-UNREADABLE"),
        ("patients", "sex", "x" * 1_000_001, "CW-SOURCE-CELL"),
    ],
)
def test_values_that_cannot_be_read(
    house: House, table: str, name: str, value: str, code: str
) -> None:
    permit = house.issue(data=DATA)
    house.tables[table][3][name] = value
    house.write()
    error = refused(lambda: house.build(permit))
    assert error.code == code
    assert table in error.sentence
    assert name in error.sentence
    assert "1 " in error.sentence
    nothing_made(house, error)


def test_people_with_two_rows(house: House) -> None:
    permit = house.issue(data=DATA)
    first = house.tables["patients"][0]
    number = first["nhs_number"]
    spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
    house.tables["patients"].append({**first, "nhs_number": spaced})
    house.write()
    house.choose(allowed=set(house.numbers) - {spaced})
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-RELEASE-DUPLICATE-PEOPLE"
    assert "patients: 1 people" in error.sentence
    house.tables["patients"].pop()
    nothing_made(house, error)


def test_a_demonstration_takes_no_number_that_could_be_real(house: House) -> None:
    permit = house.issue(data=DATA)
    house.tables["patients"][4]["nhs_number"] = "401 023 2137"
    house.write()
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-HOME-DEMO-REAL", 4)
    assert "2137" not in str(error)
    nothing_made(house, error)


def test_synthetic_numbers_are_no_identifier_in_a_standard_home(tmp_path: Path) -> None:
    tables = hospital(24)
    real = nhs_numbers(12, start=401_023_213)
    for row, number in zip(tables["patients"], real, strict=False):
        row["nhs_number"] = number
    house = make_house(tmp_path / "house", kind="standard", tables=tables)
    house.choose(allowed=real, requested=12)
    permit = house.issue(
        data=permitted(patients={"nhs_number": "pseudonym", "sex": "exact"}), risk={"k": 2}
    )
    house.clock.advance(timedelta(days=28))
    house.choose(allowed=real, requested=12)
    people = house.build(permit).manifest["patients"]
    assert people["released"] == 12
    assert people["removed"]["no_valid_identifier"] == 12
    house.close()


def test_nobody_left(house: House) -> None:
    permit = house.issue(data=DATA)
    house.choose(objections=[f"{n},local_objection,,2026-01-01,,x" for n in house.numbers])
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-RELEASE-NOBODY", 4)
    assert [one["code"] for one in house.events("release.refused")] == ["CW-RELEASE-NOBODY"]
    nothing_made(house, error)


def stale(house: House) -> None:
    house.clock.advance(timedelta(days=8))


def gone(house: House) -> None:
    (house.choices / "national_allowed.dat").unlink()


def cut_short(house: House) -> None:
    path = house.choices / "national_allowed.dat"
    path.write_bytes(path.read_bytes()[:-12])


def half_a_line(house: House) -> None:
    path = house.choices / "national_allowed.dat"
    path.write_bytes(path.read_bytes()[:-5])


def about_others(house: House) -> None:
    house.choose(allowed=nhs_numbers(24, start=950_000_000))


def never_asked(house: House) -> None:
    house.choose(requested=20, allowed=house.numbers[:18])


def no_objections(house: House) -> None:
    (house.choices / "objections.csv").unlink()


def from_the_future(house: House) -> None:
    record = json.loads((house.choices / "national_allowed.json").read_text())
    record["checked_at"] = "2026-03-20T00:00:00.000Z"
    (house.choices / "national_allowed.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "damage",
    [stale, gone, cut_short, half_a_line, about_others, never_asked, no_objections,
     from_the_future],
)  # fmt: skip
def test_choices_that_cannot_be_relied_on(house: House, damage: Any) -> None:
    permit = house.issue(data=DATA)
    damage(house)
    for run in (house.build, house.plan):
        error = refused(lambda: run(permit))  # noqa: B023 (called at once)
        assert error.code.startswith("CW-CHOICES-")
        assert error.exit_code == 5
    assert len(house.events("release.refused")) == 1
    nothing_made(house, error)


def test_a_release_store_full_of_attempts_still_builds(house: House) -> None:
    permit = house.issue(data=DATA)

    def fail(step: str) -> None:
        if step == "Writing the manifest":
            raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            house.build(permit, progress=fail)
    report = house.build(permit)
    assert report.manifest["release"] == "permit-1.r1"
    alive = [
        key for key in house.custody().keyring.list()
        if key.purpose == "release_data" and key.state == "active"
    ]  # fmt: skip
    assert [key.id for key in alive] == [report.manifest["key_ids"]["release"]]


def test_long_permit_ids_never_share_a_release(house: House) -> None:
    ids = ["p" * 63 + ending for ending in "ab"]
    reports = [house.build(house.issue(data=DATA, id=id_)) for id_ in ids]
    names = {report.manifest["release"] for report in reports}
    assert len(names) == 2
    assert all(len(name) <= 64 for name in names)
    assert all(house.verify(report.folder).faults == [] for report in reports)
