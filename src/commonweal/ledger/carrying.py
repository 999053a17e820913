"""Events that a service hands over from a database of its own: each gets its place here once.

The service (the courier) numbers its events. In the transaction that writes an event here, the
ledger notes whose number it was and which event: should anything be cut off between the two
databases, the same number comes again and gets the same intent, and another event under a number
that was used is refused. Neither time nor place in a queue decides it.

A courier is believed in little (S11). `FAMILIES` is the closed list of what it may hand over:
nothing that makes or changes a permit, a list of people, a key, a release or an act.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from sqlite3 import Connection

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.entry import Event, entry_bytes, read_entry
from commonweal.ledger.events import TYPES, EventType
from commonweal.ledger.schema import translated
from commonweal.ledger.store import Writing

FAMILIES = frozenset({
    *("account", "rules", "levels"),
    *("application", "evidence", "assessment", "workshop", "advice"),
    *("agenda", "route", "conflict", "vote", "question", "decision", "appeal", "panel"),
    *("agreement", "framework", "officer", "review", "closing", "notice", "concern"),
})  # fmt: skip
"""The first words of the events that a courier may hand over. All others are the home's own."""


def is_carried(definition: EventType) -> bool:
    """Whether a courier may hand over events of this type.

    Never what changes a permit's state or needs one that lives: that is decided in order with the
    permit's own events, by whoever holds the keys.
    """
    own = definition.own or definition.state is not None or bool(definition.live)
    return definition.name.partition(".")[0] in FAMILIES and not own


_COURIER = re.compile(r"[a-z]{32}")


def carry(writing: Writing, courier: str, number: int, event: Event) -> int:
    """The intent of a courier's event: written now, or found where it came before.

    `courier`: 32 letters that name the service's database. Raises `Fault` CW-LEDGER-CARRIED, and
    what `Writing.append` raises.
    """
    found = carried_as(writing.connection, courier, number)
    hashed = event_hash(entry_bytes(event, writing.now()))
    if found is not None:
        intent, before = found
        if not hmac.compare_digest(before, hashed):
            raise _refused(f"Number {number} was another event when it came before.")
        return intent
    if not _COURIER.fullmatch(courier) or number < 1:
        raise _refused("The service's database has no name or numbers that can be used.")
    if not is_carried(event.definition):
        raise _refused(f"A service hands over no event of the type {event.type}.")
    intent = writing.append(event)
    with translated():
        writing.connection.execute(
            "INSERT INTO carried (courier, number, intent_id, event_hash) VALUES (?, ?, ?, ?)",
            (courier, number, intent, hashed),
        )
    return intent


def carried_as(connection: Connection, courier: str, number: int) -> tuple[int, bytes] | None:
    """The intent under which a courier's number is known here, and the hash of its event."""
    with translated():
        row = connection.execute(
            "SELECT intent_id, event_hash FROM carried WHERE courier = ? AND number = ?",
            (courier, number),
        ).fetchone()
    return None if row is None else (int(row[0]), bytes(row[1]))


@dataclass(frozen=True)
class Carried:
    """What the ledger knows of one number of a courier: its intent, the event's hash and entry."""

    number: int
    intent: int
    hash: bytes
    type: str
    entry: Mapping[str, object]


def carried_by(connection: Connection, courier: str) -> Iterator[Carried]:
    """Everything that a courier handed over, by its numbers."""
    with translated():
        rows = connection.execute(
            "SELECT number, intent_id, event_hash, type, body FROM carried "
            "JOIN intent ON intent.id = intent_id WHERE courier = ? ORDER BY number",
            (courier,),
        )
        for number, intent, hashed, type_, body in rows:
            yield Carried(int(number), int(intent), bytes(hashed), str(type_), read_entry(body))


def event_hash(body: bytes) -> bytes:
    """SHA-256 over an entry without its time: that is the ledger's own, not the courier's."""
    entry = read_entry(body)
    return hashlib.sha256(canonical({k: v for k, v in entry.items() if k != "at"})).digest()


def carried_faults(connection: Connection) -> Iterator[str]:
    """Where the table of what was handed over does not fit the intents it names; for verifying."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'carried'").fetchone()
    if there is None:
        return
    rows = connection.execute(
        "SELECT courier, number, event_hash, type, body FROM carried "
        "LEFT JOIN intent ON intent.id = intent_id ORDER BY courier, number"
    )
    for _, number, hashed, type_, body in rows:
        known = TYPES.get(type_) if isinstance(type_, str) else None
        if known is None or not is_carried(known) or not _fits(body, hashed):
            yield f"number {number} of a service"


def _fits(body: object, hashed: object) -> bool:
    if not isinstance(body, bytes) or not isinstance(hashed, bytes):
        return False
    try:
        return hmac.compare_digest(event_hash(body), hashed)
    except CommonwealError:
        return False


def _refused(sentence: str) -> Fault:
    return Fault(
        "CW-LEDGER-CARRIED",
        sentence,
        remedy="Find out who changed the service's database, before anything else is done with it.",
    )
