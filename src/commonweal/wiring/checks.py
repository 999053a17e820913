"""How often outputs of a project are checked: each check is on the ledger before it begins.

What comes of a check tells its author a little each time (frozen or not), so there are only so many
on a day (S4). What counts is what was asked for, never what became of it; pages, API and commands
are counted as one, by the ledger, which nobody who owns the service's database can write.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from commonweal.enclave.room import FOLDER
from commonweal.enclave.settings import Settings
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import day_bounds, london_day
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.outputs import CHECK_BEGUN, checks_begun
from commonweal.papers.permit import Permit
from commonweal.vault.custody import Custody
from commonweal.vault.custody.settling import settle


@dataclass(frozen=True)
class Check:
    """One check that somebody asks for. `id`: the same when it is taken up again after a crash."""

    id: str
    job: str
    output: str
    by: str


def check_id(asked: str | None = None) -> str:
    """The id of a check: of an order the same each time; else a new one. Letters only, since a
    number in an id could be that of a person."""
    seed = secrets.token_hex(16) if asked is None else asked
    digest = hashlib.sha256(f"commonweal check {seed}".encode()).digest()
    return "check-" + "".join("abcdefghijklmnopqrstuvwxyz"[one % 26] for one in digest[:20])


def begin_check(custody: Custody, permit: Permit, check: Check) -> None:
    """Write that a check begins, once for each. Raises `Refused` CW-LEAVING-QUOTA where the project
    has had all of today's."""
    most = Settings.load(custody.home.path / FOLDER).checks_a_day
    today, _ = day_bounds(london_day(custody.book.now()))
    with custody.ledger.transaction() as writing:
        begun = checks_begun(writing.connection, permit.project.id, today)
        if check.id in begun:
            return
        if len(begun) >= most:
            raise too_many(most)
        fields = {
            "permit": permit.id, "project": permit.project.id, "job": check.job,
            "output": check.output, "check": check.id,
        }  # fmt: skip
        writing.append(Event(CHECK_BEGUN, Actor("researcher", check.by), fields))
    settle(custody)


def too_many(most: int) -> Refused:
    """The refusal of one more check today."""
    return Refused(
        "CW-LEAVING-QUOTA",
        f"The project has asked for {most} checks of outputs today, which is all it may.",
        remedy="Try again tomorrow; try studies on made-up data first.",
    )
