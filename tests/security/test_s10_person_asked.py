"""S8, S9, S10: each question about one person leaves an entry, and the entry says nothing of them.

The naive record holds a plain hash of the number and the answer: ten digits are found by trying.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.membership import check_person
from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.proving import prove_person, state_absence
from tests.release_house import House, make_house, permitted, refused
from tests.unit.choices.helpers import nhs_numbers


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, BuildReport]]:
    house = make_house(tmp_path_factory.mktemp("asked") / "house", count=24)
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    yield house, house.build(house.issue(data=data))
    house.close()


def asked(house: House) -> list[dict[str, Any]]:
    return house.events("release.person_asked")


def test_naive_entries_are_turned_back_into_people() -> None:
    members = nhs_numbers(24)
    entry = {"person": hashlib.sha256(members[7].encode()).hexdigest(), "answer": "in"}
    tried = {hashlib.sha256(number.encode()).hexdigest(): number for number in nhs_numbers(60)}
    assert tried[entry["person"]] == members[7]


def test_ours_says_release_and_purpose_whatever_the_answer(
    built: tuple[House, BuildReport], tmp_path: Path
) -> None:
    house, report = built
    custody, folder = house.custody(), report.folder
    member, stranger = house.numbers[3], nhs_numbers(30)[-1]
    before = len(asked(house))
    proof = prove_person(custody, folder, member)
    assert refused(lambda: prove_person(custody, folder, stranger))
    state_absence(custody, folder, stranger)
    assert refused(lambda: state_absence(custody, folder, member)).code == "CW-RELEASE-IS-MEMBER"
    assert refused(lambda: state_absence(custody, folder, "hello"))
    (tmp_path / "proof").write_bytes(proof.canonical())
    keys = [str(key) for key in custody.ledger_keys]
    assert check_person(tmp_path / "proof", keys, custody)["in_release"]
    new = asked(house)[before:]
    assert [one["purpose"] for one in new] == ["prove"] * 2 + ["absence"] * 3 + ["check"]
    assert all(
        set(one) == {"v", "type", "at", "role", "actor", "release", "purpose"} for one in new
    )
    # Nothing tells the answers apart: entries of one purpose differ in nothing at all.
    assert len({json.dumps(one, sort_keys=True) for one in new}) == 3
    assert house.ledger_faults() == []


def test_a_ledger_that_cannot_be_written_gives_no_answer(
    built: tuple[House, BuildReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Unavailable
    from commonweal.ledger.store import Ledger

    house, report = built

    def held(*_: object) -> None:
        raise Unavailable("CW-LEDGER-BUSY", "Held.")

    monkeypatch.setattr(Ledger, "append", held)
    for ask in (prove_person, state_absence):
        for number in (house.numbers[3], nhs_numbers(30)[-1]):
            error = refused(lambda: ask(house.custody(), report.folder, number))  # noqa: B023
            assert error.code == "CW-LEDGER-BUSY"


def test_a_check_without_a_home_needs_none(
    built: tuple[House, BuildReport], tmp_path: Path
) -> None:
    house, report = built
    proof = prove_person(house.custody(), report.folder, house.numbers[5])
    (tmp_path / "proof").write_bytes(proof.canonical())
    before = len(asked(house))
    keys = [str(key) for key in house.custody().ledger_keys]
    assert check_person(tmp_path / "proof", keys)["release"] == report.manifest["release"]
    assert len(asked(house)) == before
