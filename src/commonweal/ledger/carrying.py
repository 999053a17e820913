"""Events that a service hands over from a database of its own: each gets its place here once.

The service (the courier) numbers its events. In the transaction that writes an event here, the
ledger notes whose number it was and which event: should anything be cut off between the two
databases, the same number comes again and gets the same intent, and another event under a number
that was used is refused. Neither time nor place in a queue decides it.

A courier is believed in little (S11). `CARRIED` is the closed list of what it may hand over:
nothing that makes or changes a permit, a list of people, a key, a release or an act.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from sqlite3 import Connection

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.entry import Event, entry_bytes, read_entry
from commonweal.ledger.schema import translated
from commonweal.ledger.store import Writing

CARRIED = frozenset({
    *("account.signed_in", "account.role_given", "account.role_ended"),
    *("account.token_made", "account.token_ended"),
    *("rules.published", "levels.published"),
    *("application.sent", "application.withdrawn", "application.lapsed", "application.screened"),
    *("application.queried", "application.answered", "application.decided"),
    *("decision.set_aside", "decision.appealed", "appeal.dismissed"),
    *("evidence.checked", "advice.given", "conflict.declared"),
    *("vote.opened", "vote.cast", "vote.closed", "question.asked", "question.ended"),
    *("workshop.held", "workshop.recorded", "assessment.route_taken", "assessment.published"),
    *("panel.voted", "panel.answered"),
    *("agreement.offered", "agreement.accepted", "agreement.ended"),
    *("officer.countersigned", "officer.stopped"),
    *("review.accepted", "release.signed_off", "release.sent_back"),
    *("closing.certified", "closing.without_certificate"),
})  # fmt: skip
"""What a courier may hand over. A test says of every other event type that it may not."""

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
    if event.type not in CARRIED:
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
        if type_ not in CARRIED or not _fits(body, hashed):
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
