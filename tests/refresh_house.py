"""A home with one release whose choices have become too old, copied for each test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from commonweal.foundation.clock import FixedClock
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.release.inputs import remember_inputs
from commonweal.vault.release.lending import lent, loans_of
from commonweal.vault.release.refresh_requests import ask_refresh
from commonweal.vault.release.refreshing import Refreshed, refresh_asked
from tests import factories
from tests.release_house import House, hospital, make_house

PERMIT = "permit-1"
FIRST = "permit-1.r1"
JOB = "job-abcdefghijklmnop"
COMMITTED = "hmac-sha256:" + "a" * 64


def make_old_template(base: Path, **permit: Any) -> Path:
    """A closed home with one release."""
    house = make_house(base)
    at_one_place(house, base)
    house.build(house.issue(**({"processing": ["table", "python"]} | permit)))
    house.close()
    return base


def at_one_place(house: House, template: Path) -> None:
    """Let the records lie, by name, where they lie for every copy of `template` too: where a source
    lies is a part of what people decide on."""
    named = template.with_name(f"{template.name}-records")
    named.unlink(missing_ok=True)
    named.symlink_to(house.base / "records")
    house.catalogue_data["datasets"][0]["source"]["location"] = str(named)
    house.write_catalogue()


def old_home(template: Path, base: Path, *, days: int = 8) -> House:
    """A copy of it, `days` later, that knows where catalogue, records and choices lie."""
    shutil.copytree(template, base)
    data = json.loads((base / "catalogue.json").read_text())
    house = House(base, FixedClock(factories.NOW), hospital(), data, permits=1)
    at_one_place(house, template)
    house.clock.advance(timedelta(days=days))
    remember_inputs(house.custody(), "hospital", house.catalogue, house.choices)
    return house


def paper(house: House) -> Path:
    """The permit of the home."""
    return house.base / f"{PERMIT}.jws"


def asks(house: House, job: str = JOB, release: str = FIRST) -> bool:
    """A job asks for newer choices."""
    return ask_refresh(house.custody(), PERMIT, release, job)


def asked_and_taken_up(house: House) -> list[Refreshed]:
    """A job asks, and the vault takes it up."""
    asks(house)
    return refresh_asked(house.custody())


def write(house: House, type_: str, actor: Actor | None = None, **fields: Any) -> None:
    """An event of the permit, as another room would write it."""
    actor = actor or Actor("system", "enclave")
    house.custody().ledger.append(Event(type_, actor, {"permit": PERMIT, **fields}))


def decide(house: House, type_: str, release: str = FIRST) -> None:
    """A second person's word, as the ledger has it after their act was counted."""
    name = "seen" if type_ == "release.signed_off" else "reason"
    write(house, type_, Actor("ig_officer", "edward"), release=release, **{name: COMMITTED})


def people_of(house: House, release: str) -> Iterable[bytes]:
    """The codes of the people of a release."""
    to = loans_of(house.custody()) / "looked"
    with lent(house.custody(), PERMIT, "job", to) as loan:
        assert loan.release == release
        (part,) = (loan.folder / "data" / "patients").iterdir()
        return list(pq.read_table(part).column(0).to_pylist())
