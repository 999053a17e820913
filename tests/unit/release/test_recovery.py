"""What the next build does about one that was cut off late: finish it, once, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.foundation.files import STAGING_PREFIX
from commonweal.vault.release import closing
from commonweal.vault.release.build import build_release
from tests.release_house import House, make_house, permitted

DATA = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})


class Cut(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=24)
    yield made
    made.close()


def cut_at(house: House, permit: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build until the function `name` of `closing` is called, and stop there for good."""

    def stop(*args: object, **kwargs: object) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(closing, name, stop)
        with pytest.raises(Cut):
            build_release(house.custody(), permit, house.catalogue, house.choices)


@pytest.mark.parametrize("name", ["settle", "prove", "fsync_folder", "retire"])
def test_a_build_that_was_cut_off_after_its_entry_is_finished(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    permit = house.issue(data=DATA)
    first = house.build(permit)
    cut_at(house, permit, name, monkeypatch)
    report = house.build(permit)
    finished = house.releases / "permit-1.r2"
    assert report.manifest["release"] == "permit-1.r3"
    assert any("permit-1.r2 was finished" in said for said in report.recovered) == (
        name in ("settle", "prove")
    )
    assert house.verify(finished).faults == []
    gone = [one["release"] for one in house.events("release.data_key_destroyed")]
    assert gone == ["permit-1.r1", "permit-1.r2"]
    states = {key.id: key.state for key in house.custody().keyring.list()}
    assert states[first.manifest["key_ids"]["release"]] == "destroyed"


def test_the_end_of_an_older_key_is_said_even_if_the_run_ended_in_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = house.issue(data=DATA)
    house.build(permit)
    real = closing.shred_release_keys

    def shred_and_stop(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(closing, "shred_release_keys", shred_and_stop)
        with pytest.raises(Cut):
            build_release(house.custody(), permit, house.catalogue, house.choices)
    assert house.events("release.data_key_destroyed") == []
    closing.recover(house.custody())
    closing.recover(house.custody())
    said = [one["release"] for one in house.events("release.data_key_destroyed")]
    assert said == ["permit-1.r1"]


def test_half_written_files_are_no_part_of_a_finished_release(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = house.issue(data=DATA)
    cut_at(house, permit, "settle", monkeypatch)
    staging = house.releases / ".building-permit-1.r1"
    (staging / f"{STAGING_PREFIX}ledger.tlog-proof-0").write_bytes(b"half")
    assert closing.recover(house.custody()) == [
        "Release permit-1.r1 was finished and now stands in its place."
    ]
    assert house.verify(house.releases / "permit-1.r1").faults == []


def test_the_age_of_choices_is_fenced_before_the_entry(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A restore must not take back older choices than a release was made with.
    permit = house.issue(data=DATA)
    cut_at(house, permit, "settle_place", monkeypatch)
    fenced = house.custody().keyring.fence.read().choices_checked_at
    assert fenced is not None
    assert len(house.events("release.completed")) == 1
