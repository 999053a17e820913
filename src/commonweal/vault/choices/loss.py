"""Choices that a restore lost: two people say that they were recorded again (S20).

A backup that is older than the newest choice does not know it, but the fence does. Until two people
have said that the lost choices were recorded again, from the receipts and the hospital's own file,
nothing is built. Their word is on the ledger, and the fence remembers the new journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused, Unavailable
from commonweal.ledger.entry import Actor, Event, read_entry
from commonweal.vault.choices.journal import (
    ACCEPTED,
    hash_at,
    is_behind,
    lost,
    read_behind,
    was_restored,
)
from commonweal.vault.custody import Custody, settle
from commonweal.vault.keys.approvals import require_approvals
from commonweal.vault.keys.fence import FenceState

_ACTOR = Actor("custodian", "command-line")
_DOMAIN = b"commonweal/choices-loss/v1\x00"


@dataclass(frozen=True)
class LossOrder:
    """What two people say: this journal is whole again, as far as anybody can know.

    `number`, `head`: of the journal as it is now. `remembered`: how many choices there had been.
    """

    home: str
    number: int
    head: str | None
    remembered: int

    @property
    def refused(self) -> str:
        """How a refusal begins."""
        return "The loss is not accepted"

    def message(self, person: str, at: datetime) -> bytes:
        """What `person` signs at time `at`."""
        order = {
            "accept_loss": 1, "home": self.home, "number": self.number, "head": self.head or "",
            "remembered": self.remembered,
        }  # fmt: skip
        return _DOMAIN + canonical({"order": order, "person": person, "at": stamp(at)})


@dataclass(frozen=True)
class Accepted:
    """`number`: how many choices the journal has; `remembered`: how many there had been."""

    number: int
    remembered: int


def accept_loss(custody: Custody, approvers: Sequence[str]) -> Accepted:
    """Take the word of the holders of `approvers` that the lost choices were recorded again.

    The ledger hears it first and the fence after: cut off between, the next call ends it.
    Raises `Refused` CW-CHOICES-NO-LOSS where nothing was lost, CW-KEY-APPROVAL unless two different
    people approve; `Unavailable` CW-CHOICES-JOURNAL where the journal is not whole, or was brought
    back in another way than by a restore.
    """
    held = custody.keyring.fence.read()
    ended = _end_half_done(custody, held)
    if ended is not None:
        return ended
    journal = read_behind(custody)
    with custody.ledger.reading() as connection:
        _require_loss(custody, connection)
    remembered = held.choices_recorded
    order = LossOrder(custody.home.info.id, journal.number, journal.head, remembered)
    people = list(dict.fromkeys(approvers))
    approvals = [custody.keyring.approve(order, person) for person in people]
    require_approvals(order, approvals, custody.keyring.people(), custody.clock.now())
    fields = {"number": journal.number, "remembered": remembered,
              "first_approver": people[0], "second_approver": people[1]}  # fmt: skip
    if held.choices_last is not None:
        fields["lost"] = f"sha256:{held.choices_last}"
    with custody.ledger.transaction() as writing:
        _require_loss(custody, writing.connection)
        if _count(writing.connection) != journal.number:
            raise Unavailable("CW-BUSY", "Somebody recorded a choice meanwhile; say it again.")
        writing.append(Event(ACCEPTED, _ACTOR, fields))
    last = journal.hashes[-1] if journal.number else None
    custody.keyring.fence.record_choice_loss(journal.number, last)
    settle(custody)
    return Accepted(journal.number, remembered)


def _end_half_done(custody: Custody, held: FenceState) -> Accepted | None:
    """Let the fence hear what the ledger has heard of this very loss; None where it has not."""
    with custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT type, body FROM intent WHERE type IN ('backup.restored', ?) "
            "ORDER BY id DESC LIMIT 1",
            (ACCEPTED,),
        ).fetchone()
        if found is None or found[0] != ACCEPTED or not is_behind(held, connection):
            return None
        said = read_entry(bytes(found[1]))
        known = f"sha256:{held.choices_last}"
        if said["remembered"] != held.choices_recorded or said.get("lost") != known:
            return None
        number = int(said["number"])
        last = hash_at(connection, number)
    custody.keyring.fence.record_choice_loss(number, last)
    return Accepted(number, held.choices_recorded)


def _require_loss(custody: Custody, connection: Connection) -> None:
    held = custody.keyring.fence.read()
    if not is_behind(held, connection):
        raise Refused("CW-CHOICES-NO-LOSS", "No choice was lost: the journal is the newest.")
    if not was_restored(connection):
        raise lost(held, connection)


def _count(connection: Connection) -> int:
    found = connection.execute("SELECT COUNT(*) FROM intent WHERE type = 'choice.recorded'")
    return int(found.fetchone()[0])
