"""The keys of the ledger's own checkpoints, and how one takes another's place.

A log is known by its name and key. When its key is replaced, the public log says so itself:

    ledger.key_added      from here on checkpoints are signed with this key too
    ledger.key_retired    from here on they are not signed with that key any more

Between the two every checkpoint has both signatures under one name (C2SP signed notes allow that,
and a reader ignores keys that it does not know). So whoever trusts the old key finds the entry that
names the new one in a tree that the old key signed, and can follow (`keychain.py`). A checkpoint
counts only by a key that was in use at its size: a stolen key that was retired proves nothing new.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commonweal.ledger.entry import Actor, Event, read_entry
from commonweal.ledger.events import Log
from commonweal.ledger.marks import write_own
from commonweal.ledger.schema import translated
from commonweal.ledger.store import Ledger

ADDED = "ledger.key_added"
RETIRED = "ledger.key_retired"
EVENTS = frozenset({ADDED, RETIRED})
_ACTOR = Actor("system")


@dataclass
class LogKeyOrder:
    """Which keys came and went: public key (32 bytes) to the intent that says so.

    A key that was never added was there from the beginning.
    """

    added: dict[bytes, int] = field(default_factory=dict)
    retired: dict[bytes, int] = field(default_factory=dict)

    def see(self, type_: str, entry: Mapping[str, Any], intent_id: int) -> str | None:
        """Take in one event; says why it may not be, and then leaves it out."""
        key = raw_key(entry["public_key"])
        if key in self.retired:
            return "this key of the log was retired"
        if type_ == ADDED:
            if key in self.added:
                return "this key of the log was added before"
            self.added[key] = intent_id
            return None
        if not any(one not in self.retired and one != key for one in self.added):
            return "no key of the log would be left"
        self.retired[key] = intent_id
        return None

    def counts(self, key: bytes, log: Log, covers: int) -> bool:
        """True if `key` may sign a checkpoint whose newest entry is the intent `covers`.

        On the sealed log a key may sign before its beginning: only its end matters there, for
        nobody follows keys along a log that is not public.
        """
        begins = self.added.get(key, 0) if log == "public" else 0
        return begins <= covers and covers < self.retired.get(key, covers + 1)


def log_key_order(connection: sqlite3.Connection) -> LogKeyOrder:
    """The order by what is written now."""
    order = LogKeyOrder()
    rows = connection.execute(
        "SELECT id, type, body FROM intent WHERE log = 'public' AND type IN (?, ?) ORDER BY id",
        (ADDED, RETIRED),
    ).fetchall()
    for intent_id, type_, body in rows:
        order.see(type_, read_entry(body), intent_id)
    return order


def add_log_key(ledger: Ledger, key_id: str, public: bytes) -> bool:
    """Write that the log signs with this key too; False if that is written already."""
    return _write(ledger, ADDED, key_id, public)


def retire_log_key(ledger: Ledger, key_id: str, public: bytes) -> bool:
    """Write that the log signs no more with this key; False if that is written already."""
    return _write(ledger, RETIRED, key_id, public)


def _write(ledger: Ledger, type_: str, key_id: str, public: bytes) -> bool:
    fields = {"key": key_id, "public_key": written_key(public)}
    with ledger.exclusive() as connection, translated():
        order = log_key_order(connection)
        if public in (order.added if type_ == ADDED else order.retired):
            return False
        write_own(ledger, connection, Event(type_, _ACTOR, fields))
    return True


def raw_key(text: str) -> bytes:
    """The 32 bytes of a key as an entry writes it."""
    return base64.urlsafe_b64decode(text + "=")


def written_key(public: bytes) -> str:
    """A key as an entry writes it."""
    return base64.urlsafe_b64encode(public).decode().rstrip("=")
