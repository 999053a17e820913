"""Data keys of releases: a new one for each attempt, at most one alive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.vault.release.release_keys import (
    active_release_key,
    make_release_key,
    shred_release_keys,
)
from tests.release_house import House, make_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=2)
    yield made
    made.close()


def test_each_attempt_has_a_key_of_its_own(house: House) -> None:
    custody = house.custody()
    seen = []
    for _ in range(3):
        info = make_release_key(custody, "a.r1", "asthma")
        assert active_release_key(custody, "a.r1") == custody.keyring.secret(info.name)
        assert shred_release_keys(custody, "a.r1")
        assert active_release_key(custody, "a.r1") is None
        assert not shred_release_keys(custody, "a.r1")
        seen.append(info.id)
    assert len(set(seen)) == 3
    states = {key.id: key.state for key in custody.keyring.list()}
    assert {states[one] for one in seen} == {"destroyed"}


def test_keys_of_other_releases_are_left_alone(house: House) -> None:
    custody = house.custody()
    kept = make_release_key(custody, "a.r2", "asthma")
    for release in ("a.r1", "a.r2.r2", "a"):
        make_release_key(custody, release, "asthma")
        assert shred_release_keys(custody, release)
    assert active_release_key(custody, "a.r2") == custody.keyring.secret(kept.name)


def test_a_release_that_never_was_has_no_key(house: House) -> None:
    assert active_release_key(house.custody(), "never") is None
    assert not shred_release_keys(house.custody(), "never")
