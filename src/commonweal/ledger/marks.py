"""Entries that the ledger writes about itself: the daily seal, and new epochs.

The daily seal puts the root of the sealed log on the public one, once a day whether or not
anything happened, and without its size: so the sealed log cannot be rewritten unseen, and the
public learns nothing of its volume (S9). A new epoch begins after a return to an older copy of the
ledger; its public entry names the last checkpoints that were signed before.
"""

from __future__ import annotations

from sqlite3 import Connection

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, epoch_of, log_of
from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash
from commonweal.ledger.merkle import EMPTY_ROOT
from commonweal.ledger.schema import translated
from commonweal.ledger.sequencer import BATCH, place_batch
from commonweal.ledger.store import Ledger, present

_ACTOR = Actor("system")


def seal_day(ledger: Ledger) -> int | None:
    """Write the daily seal if this day (UTC) has none; returns its intent id or None.

    Raises `Refused` CW-LEDGER-NO-POLICY and `Unavailable` CW-CLOCK-BEHIND.
    """
    with ledger.exclusive() as connection, translated():
        day = present(connection, ledger.clock).date().isoformat()
        last = connection.execute(
            "SELECT created_at FROM sealed_root JOIN intent ON intent.id = intent_id "
            "ORDER BY intent_id DESC LIMIT 1"
        ).fetchone()
        if last is not None and str(last[0])[:10] >= day:
            return None
        while place_batch(connection, "sealed", BATCH) == BATCH:
            pass
        root = reading.root(connection, "sealed")
        event = Event("sealed.root", _ACTOR, {"day": day, "root": f"sha256:{root.hex()}"})
        intent_id = write_own(ledger, connection, event)
        connection.execute(
            "INSERT INTO sealed_root (intent_id, size) VALUES (?, ?)",
            (intent_id, reading.size(connection, "sealed")),
        )
        return intent_id


def begin_epoch(ledger: Ledger, public: Checkpoint, sealed: Checkpoint | None) -> int:
    """Begin a new epoch from the last checkpoints that are known; returns the intent id.

    Only for a ledger that is behind or differs from them. Raises `Refused` CW-LEDGER-STATE if both
    checkpoints are still the beginning of this ledger: then nothing was lost.
    """
    with ledger.exclusive() as connection, translated():
        if _continues(connection, public) and (sealed is None or _continues(connection, sealed)):
            raise Refused(
                "CW-LEDGER-STATE", "The ledger continues what was signed; it needs no new epoch."
            )
        # An origin is never used for two trees, also if the epoch before was itself lost.
        number = max(reading.epoch(connection), epoch_of(public.origin)) + 1
        fields = {
            "epoch": number,
            "public_size": public.size,
            "public_root": f"sha256:{public.root.hex()}",
            "sealed_root": f"sha256:{(sealed.root if sealed else EMPTY_ROOT).hex()}",
        }
        intent_id = write_own(ledger, connection, Event("ledger.epoch_begun", _ACTOR, fields))
        connection.execute(
            "INSERT INTO epoch (number, intent_id) VALUES (?, ?)", (number, intent_id)
        )
        return intent_id


def _continues(connection: Connection, checkpoint: Checkpoint) -> bool:
    log = log_of(checkpoint.origin)
    return (
        reading.size(connection, log) >= checkpoint.size
        and reading.root_of(connection, log, checkpoint.size) == checkpoint.root
    )


def write_own(ledger: Ledger, connection: Connection, event: Event) -> int:
    """Write an event of the ledger's own inside an open transaction; returns its intent id."""
    now = present(connection, ledger.clock)
    if connection.execute("SELECT 1 FROM intent LIMIT 1").fetchone() is None:
        raise Refused(
            "CW-LEDGER-NO-POLICY", "The first entry of a ledger must be its trust policy."
        )
    body = entry_bytes(event, now)
    intent_id = connection.execute(
        "INSERT INTO intent (log, type, body, body_hash, permit, created_at) "
        "VALUES (?, ?, ?, ?, NULL, ?)",
        (event.definition.log, event.type, body, intent_hash(stamp(now), body), stamp(now)),
    ).lastrowid
    if intent_id is None:
        raise Fault("CW-LEDGER-BROKEN", "The ledger did not number an intent.")
    return intent_id
