"""The journal of choices that people made with the hospital: entries of the ledger (P5, S9, S10).

Each choice is one entry of the sealed log, `choice.recorded`, with a number and a random id. What
it says lies sealed in the entry's details under the key `choices`. So the journal is append-only,
ordered, crash-safe and in every backup as the ledger is, and it cannot say something else than the
ledger: they are one thing. Nobody reads from the log who chose.

A journal with a gap, with an entry that does not open or was changed, or with fewer entries than
the fence outside of the home remembers (an older copy was brought back) is refused, and nothing is
built: somebody's objection would be passed over.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from sqlite3 import Connection
from typing import Any

from commonweal.foundation.errors import CommonwealError, Refused, Unavailable
from commonweal.ledger.details import Details, open_details
from commonweal.ledger.entry import Actor, Event, intent_hash, read_entry
from commonweal.papers.choice import Choice
from commonweal.vault.choices.recorded import Journal, Recorded, earlier_of
from commonweal.vault.custody import Custody

EVENT = "choice.recorded"
KEY = "choices"
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def read_journal(custody: Custody) -> Journal:
    """The whole journal, checked against the ledger and the fence.

    Raises `Unavailable` CW-CHOICES-JOURNAL.
    """
    # The fence first: a choice that is recorded at this moment then stands in the ledger already.
    remembered = custody.keyring.fence.read().choices_recorded
    with custody.ledger.reading() as connection:
        entries = tuple(_entries(custody, connection))
    if len(entries) < remembered:
        raise _broken(
            f"it has {len(entries):,} entries, and {remembered:,} were recorded: an older copy of "
            "the ledger was brought back"
        )
    return Journal(entries)


def _entries(custody: Custody, connection: Connection) -> Iterator[Recorded]:
    rows = connection.execute(
        "SELECT intent.id, body, body_hash, created_at, key_id, ciphertext FROM intent "
        "LEFT JOIN detail ON detail.intent_id = intent.id WHERE type = ? ORDER BY intent.id",
        (EVENT,),
    ).fetchall()
    keys: dict[str, bytes] = {}
    taken: set[int] = set()
    for number, (intent, body, hashed, created, key_id, sealed) in enumerate(rows, start=1):
        if not hmac.compare_digest(bytes(hashed), intent_hash(created, bytes(body))):
            raise _broken(f"its entry {number:,} was changed")
        try:
            entry = read_entry(bytes(body))
            if sealed is None or entry.get("details_key") != key_id:
                raise _broken(f"what its entry {number:,} says is gone")
            if key_id not in keys:
                keys[key_id] = custody.keyring.secret_of(key_id).use()
            plain = open_details(sealed, key_id, keys[key_id], str(entry["details"]))
            choice = Choice.read(plain, "The choice")
        except Unavailable:
            raise
        except CommonwealError as error:
            raise _broken(f"its entry {number:,} cannot be read") from error
        said = (entry["number"], entry["choice"], entry["by"])
        if said != (number, choice.id, choice.set_by):
            raise _broken(f"its entry {number:,} is not the one that belongs there")
        back = choice.takes_back
        if back is not None and (back >= number or back in taken):
            raise _broken(f"its entry {number:,} takes back what is not there")
        taken |= set() if back is None else {back}
        yield Recorded(number, intent, bytes(hashed), choice)


# --- recording --------------------------------------------------------------------------------


def new_choice_id() -> str:
    """A random id: the same choice that is handed in twice is recorded once."""
    return "".join(secrets.choice(_SIGNS) for _ in range(16))


def record(custody: Custody, choice: Choice) -> Recorded:
    """Take a choice into the journal; one that is there already (by its id) is found again.

    When this returns, the choice is on the disk, and the next build and the next job honour it.
    Raises `Unavailable` CW-CHOICES-JOURNAL; `Refused` CW-CHOICES-TAKE-BACK for the taking back of
    what is not there, not this person's, or was taken back already; CW-CHOICES-ID for an id that
    stands for another choice.
    """
    key = _key(custody)
    with custody.ledger.transaction() as writing:
        known = _known(writing.connection)
        if len(known) < custody.keyring.fence.read().choices_recorded:
            raise _broken("an older copy of the ledger was brought back")
        number = known.get(choice.id)
        if number is None:
            if choice.takes_back is not None:
                _check_take_back(tuple(_entries(custody, writing.connection)), choice)
            number = len(known) + 1
            fields = {"number": number, "choice": choice.id, "by": choice.set_by}
            role = "system" if choice.entered_by is None else "custodian"
            details = Details(choice.plain(), key.id, custody.keyring.secret_of(key.id).use())
            actor = Actor(role, choice.entered_by or "the-person")
            writing.append(Event(EVENT, actor, fields), details)
    custody.keyring.fence.record_choice(number)
    made = read_journal(custody).entries[number - 1]
    if _said(made.choice) != _said(choice):
        raise Refused("CW-CHOICES-ID", "Another choice was recorded under this id.")
    return made


def _known(connection: Connection) -> dict[str, int]:
    """The numbers of all choices by their ids, as the entries say them; nothing is opened."""
    rows = connection.execute("SELECT body FROM intent WHERE type = ? ORDER BY id", (EVENT,))
    return {str(read_entry(bytes(body))["choice"]): at for at, (body,) in enumerate(rows, start=1)}


def _key(custody: Custody) -> Any:
    if not any(info.name == KEY for info in custody.keyring.list()):
        custody.keyring.create(KEY, "details")
    return custody.keyring.get(KEY)


def _said(choice: Choice) -> dict[str, Any]:
    return choice.plain() | {"recorded_at": None}


def _check_take_back(entries: Sequence[Recorded], choice: Choice) -> None:
    back = choice.takes_back
    if back is None:
        return
    right = 0 < back <= len(entries) and entries[back - 1].choice.kind is not None
    if not right or entries[back - 1].choice.whose != choice.whose:
        raise Refused("CW-CHOICES-TAKE-BACK", "This person made no choice of this number.")
    if any(one.choice.takes_back == back for one in entries):
        raise Refused("CW-CHOICES-TAKE-BACK", "This choice was taken back already.")


# --- for one person ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ChoiceInForce:
    """A choice of one person as they are shown it. `ended_on`: its last day, if it has one."""

    number: int
    choice: Choice
    ended_on: date | None


def choices_of(custody: Custody, number: str) -> tuple[ChoiceInForce, ...]:
    """The choices of the person with this NHS number, the oldest first; also those that ended."""
    mine = [
        one
        for one in read_journal(custody).entries
        if one.choice.whose.kind == "nhs_number" and one.choice.whose.identifier == number
    ]
    ends = {one.choice.takes_back: one.choice.effective_from - timedelta(days=1) for one in mine}
    return tuple(
        ChoiceInForce(
            one.number, one.choice, earlier_of(one.choice.effective_to, ends.get(one.number))
        )
        for one in mine
        if one.choice.kind is not None
    )  # fmt: skip


def _broken(why: str) -> Unavailable:
    return Unavailable(
        "CW-CHOICES-JOURNAL",
        f"The journal of people's choices cannot be used: {why}.",
        remedy="Nothing is built until it is whole. Look at `commonweal ledger verify`.",
    )
