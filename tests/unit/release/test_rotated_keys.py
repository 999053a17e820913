"""Releases outlive the keys that signed them, and not the thief of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault
from commonweal.papers.release import ReleaseManifest, ReleaseSummary
from commonweal.papers.signed import SignedPaper
from commonweal.papers.signing import sign_paper, signers_named
from commonweal.vault.custody import rotate_key
from commonweal.vault.custody.believing import to_be_looked_at
from tests.release_house import House, make_house
from tests.unit.custody.amending import change


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house")
    yield made
    made.close()


def test_a_release_holds_after_every_key_was_replaced(house: House) -> None:
    custody, permit = house.custody(), house.issue()
    before = house.build(permit).folder
    for name in ("permit-signer", "manifest-signer", "status-signer", "ledger"):
        rotate_key(custody, name)
    change(custody, house.base / "p", log_overlap_days=0,
           replace=["permit-signer", "manifest-signer", "status-signer", "ledger"])  # fmt: skip
    found = house.verify(before)
    assert (found.faults, found.release) == ([], "permit-1.r1")
    # The old permit still works, and a refresh is signed with the new keys.
    house.clock.advance(timedelta(hours=1))
    after = house.build(permit).folder
    assert house.verify(after).faults == []
    newest = custody.signer("manifest-signer").key_id
    assert newest in _kids(after / "manifest.jws")
    assert newest not in _kids(before / "manifest.jws")
    assert house.ledger_faults() == []


def _kids(file: Path) -> list[str]:
    return signers_named(file.read_text(), "x")


@pytest.mark.parametrize(
    ("kind", "name"), [(ReleaseManifest, "manifest.jws"), (ReleaseSummary, "summary.jws")]
)
def test_what_a_thief_signs_with_a_retired_key_is_refused(
    house: House, kind: type[SignedPaper], name: str
) -> None:
    custody, permit = house.custody(), house.issue()
    folder = house.build(permit).folder
    paper = kind.load((folder / name).read_text(), custody.belief)
    forged = paper.plain() | {"permit_id": "permit-of-thief"}
    thief = [custody.signer("manifest-signer")]
    text = sign_paper(kind.paper_type, forged, thief, paper.made_at)
    assert kind.load(text, custody.belief)  # while the key signs nobody can tell
    rotate_key(custody, "manifest-signer")
    change(custody, house.base / "p", replace=["manifest-signer"])
    with pytest.raises(Fault, match="CW-SIGNATURE-RETIRED"):
        kind.load(text, custody.belief)
    assert kind.load((folder / name).read_text(), custody.belief) == paper


def test_a_release_signed_by_a_stolen_key_is_to_be_looked_at(house: House) -> None:
    custody, permit = house.custody(), house.issue()
    first = house.build(permit).folder
    house.clock.advance(timedelta(hours=1))
    since = stamp(house.clock.now())
    house.clock.advance(timedelta(hours=1))
    second = house.build(permit).folder
    rotate_key(custody, "manifest-signer")
    change(custody, house.base / "p", replace=["manifest-signer"], retire=[
        {"key": "manifest-signer", "reason": "compromised", "since": since}])  # fmt: skip
    assert to_be_looked_at(custody) == {"permits": [], "releases": [second.name]}
    assert ReleaseManifest.load((first / "manifest.jws").read_text(), custody.belief)
    assert [fault["code"] for fault in house.verify(second).faults] == ["CW-SIGNATURE-COMPROMISED"]
