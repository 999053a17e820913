"""S17: real data under `separation: none` only after a person accepted that, on the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, WrongUsage
from commonweal.vault.custody import (
    Acceptance,
    Custody,
    accept_separation,
    accepted_separation,
    create_home,
    issue_permit,
    open_custody,
    verify_ledger,
)
from tests import factories
from tests.unit.custody.support import Place

JO = Acceptance("Jo Ferris, SIRO", "One server in a locked room; two people have the account")


def make(folder: Path, acceptance: Acceptance | None = None) -> Custody:
    return create_home(
        folder / "home",
        kind="standard",
        name="W",
        clock=factories.clock(),
        root_store=folder / "store",
        acceptance=acceptance,
    )


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Custody]:
    with make(tmp_path) as custody:
        yield custody


def issue(custody: Custody, out: Path) -> str:
    permit = issue_permit(custody, factories.draft(), factories.catalogue(), ["permit-signer"], out)
    return permit.id


def test_a_home_for_real_data_issues_nothing_before(real: Custody, tmp_path: Path) -> None:
    assert accepted_separation(real) is None
    with pytest.raises(CommonwealError) as caught:
        issue(real, tmp_path / "p.jws")
    assert (caught.value.code, caught.value.exit_code) == ("CW-HOME-SEPARATION", 4)
    assert not (tmp_path / "p.jws").exists()
    assert real.ledger.permit_standing("asthma-1") is None
    accept_separation(real, JO)
    assert issue(real, tmp_path / "p.jws") == "asthma-1"


def test_a_demonstration_needs_none(place: Place) -> None:
    with place.open() as custody:
        assert accepted_separation(custody) is None
        place.issue(custody)


def test_it_can_be_accepted_when_the_home_is_made(tmp_path: Path) -> None:
    with make(tmp_path, JO) as custody:
        found = accepted_separation(custody)
        assert found is not None
        assert found.said == JO
        assert found.at == factories.NOW
        assert custody.ledger.intents_left() == 0
        issue(custody, tmp_path / "p.jws")
    report = verify_ledger(tmp_path / "home", factories.clock(), root_store=tmp_path / "store")
    assert report.faults == []


def test_the_name_is_sealed_and_the_acceptance_outlives_it(real: Custody, tmp_path: Path) -> None:
    intent = accept_separation(real, JO)
    with real.ledger.reading() as connection:
        (log, body) = connection.execute(
            "SELECT log, body FROM intent WHERE id = ?", (intent,)
        ).fetchone()
    assert log == "sealed"
    assert b"Ferris" not in body
    assert b"locked" not in body
    assert b"Ferris" not in real.home.ledger_database.read_bytes()
    real.ledger.erase_details(intent)
    found = accepted_separation(real)
    assert found is not None
    assert found.said is None
    issue(real, tmp_path / "p.jws")


def test_the_newest_counts(real: Custody) -> None:
    accept_separation(real, JO)
    accept_separation(real, Acceptance("Sam Okafor, SIRO", "As before"))
    found = accepted_separation(real)
    assert found is not None
    assert found.said == Acceptance("Sam Okafor, SIRO", "As before")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "because"),
        ("  ", "because"),
        ("Jo", ""),
        ("Jo", "\t"),
        ("Jo\nFerris", "because"),
        ("Jo", "be\x1bcause"),
        ("J" * 201, "because"),
        ("Jo", "b" * 2001),
    ],
)
def test_texts_that_say_nobody_or_nothing(name: str, reason: str) -> None:
    with pytest.raises(WrongUsage, match="CW-HOME-INVALID"):
        Acceptance(name, reason)


def test_it_is_read_from_the_ledger_each_time(real: Custody, tmp_path: Path) -> None:
    accept_separation(real, JO)
    again = open_custody(tmp_path / "home", factories.clock(), root_store=tmp_path / "store")
    with again:
        assert accepted_separation(again) == accepted_separation(real)
