"""A home whose people sign with security keys: its list of people, and acts on its ledger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.papers.acts import Act, SignedAct
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.acts import record_within
from commonweal.vault.custody.roster_changes import (
    AdoptedRoster,
    PeopleList,
    adopt_roster,
    propose_roster,
    sign_roster,
)
from commonweal.vault.custody.separation import Acceptance, accept_separation
from commonweal.vault.custody.version_papers import draft_bytes
from tests import factories, people
from tests.authenticator import Authenticator
from tests.dossiers import Desk
from tests.unit.custody.support import Place

SIGNERS = ("guardian", "siro")
DAY_FOUR = timedelta(days=3, hours=2)


def keys() -> dict[str, Authenticator]:
    """One security key for each person, each with a count of its own."""
    return {name: Authenticator(name, count=5) for name in people.NAMES}


def listed(
    *without: str, keys: Mapping[str, Authenticator] | None = None, **changes: Any
) -> dict[str, Any]:
    """The usual people with security keys, as a person writes the list."""
    held = keys or {name: Authenticator(name) for name in people.NAMES}
    everybody = []
    for id_ in people.NAMES:
        if id_ not in without:
            one = people.person(id_)
            made = held[id_].credential()
            key = {"webauthn": made["id"], "public_key": made["public_key"]}
            everybody.append(one | {"credentials": [key]})
    return {"people_list": 1, "site": people.site(), "people": everybody, **changes}


def proposed(custody: Custody, file: Path, plain: dict[str, Any]) -> Path:
    """An unsigned proposal in `file`."""
    roster = propose_roster(custody, PeopleList.read(plain, "The list of people"))
    file.write_bytes(draft_bytes(roster))
    return file


def adopted(
    custody: Custody, file: Path, plain: dict[str, Any], signers: Iterable[str] = SIGNERS
) -> AdoptedRoster:
    """A roster that two people signed and that was adopted."""
    proposed(custody, file, plain)
    for name in signers:
        sign_roster(custody, file, name)
    return adopt_roster(custody, file)


def desk(place: Place, custody: Custody, held: Mapping[str, Authenticator], **more: Any) -> Desk:
    """A desk whose people sign with their security keys, and whose ledger is the home's."""

    def hand(act: Act) -> SignedAct:
        return held[act.actor].sign(act)

    def ledger(signed: SignedAct) -> None:
        # As `record_act`, without a checkpoint after each act.
        with custody.ledger.transaction() as writing:
            record_within(custody, writing, signed)

    return Desk(
        home=custody.home.id, now=place.clock.now(), hand=hand, ledger=ledger,
        tick=place.clock.advance, **more,
    )  # fmt: skip


def put_down(made: Desk, file: Path) -> Path:
    """The dossier as a file, as the web hands it over."""
    file.write_text(json.dumps(made.plain), "utf-8")
    return file


@pytest.fixture(scope="session")
def staffed_made(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home for real data with its roster in force on day eight, made once."""
    folder = tmp_path_factory.mktemp("staffed") / "made"
    shutil.copytree(real, folder)
    place = Place(folder, factories.clock())
    place.clock.advance(DAY_FOUR)
    with place.open() as custody:
        accept_separation(custody, Acceptance("Grace Guardian", "One machine."))
        adopted(custody, folder / "first", listed())
        after_the_wait(place)
        settle(custody)
    return folder


@pytest.fixture
def staffed(staffed_made: Path, tmp_path: Path) -> Place:
    """A copy of the home with its roster in force."""
    folder = tmp_path / "staffed"
    shutil.copytree(staffed_made, folder)
    place = Place(folder, factories.clock())
    place.clock.advance(DAY_FOUR)
    after_the_wait(place)
    return place


def after_the_wait(place: Place) -> None:
    """Four days on: what was adopted counts."""
    place.clock.advance(timedelta(days=4))
