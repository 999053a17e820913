"""The sequencer: gives each intent its place in the tree.

Intents are placed in the order of their ids, log by log, in batches of one transaction each; SQLite
lets one sequencer in at a time. A sequencer that dies leaves whole batches only, and the next one
goes on where it stopped.
"""

from __future__ import annotations

from sqlite3 import Connection

from commonweal.foundation.errors import Fault
from commonweal.ledger import reading
from commonweal.ledger.entry import intent_hash
from commonweal.ledger.events import LOGS, Log
from commonweal.ledger.merkle import frontier_at, leaf_hash
from commonweal.ledger.schema import translated
from commonweal.ledger.store import Ledger

BATCH = 1000


def sequence(ledger: Ledger, limit: int | None = None) -> int:
    """Place intents that have no place yet, at most `limit`; returns how many were placed.

    Raises `Fault` CW-LEDGER-BROKEN if an intent is not what was hashed when it was written.
    """
    placed = 0
    for log in LOGS:
        while limit is None or placed < limit:
            size = BATCH if limit is None else min(BATCH, limit - placed)
            with ledger.exclusive() as connection, translated():
                done = place_batch(connection, log, size)
            placed += done
            if done < size:
                break
    return placed


def place_batch(connection: Connection, log: Log, limit: int) -> int:
    """Place up to `limit` intents of one log inside the caller's transaction."""
    waiting = connection.execute(
        "SELECT id, created_at, body, body_hash FROM intent WHERE log = ? AND id > ? "
        "ORDER BY id LIMIT ?",
        (log, reading.last_placed(connection, log), limit),
    ).fetchall()
    if not waiting:
        return 0
    frontier = frontier_at(reading.size(connection, log), reading.fetcher(connection, log))
    entries: list[tuple[Log, int, int, bytes]] = []
    nodes: list[tuple[Log, int, int, bytes]] = []
    for intent_id, created_at, body, stored in waiting:
        if intent_hash(created_at, body) != stored:
            raise Fault("CW-LEDGER-BROKEN", f"Intent {intent_id} was changed before its placing.")
        leaf = leaf_hash(body)
        entries.append((log, frontier.size, intent_id, leaf))
        nodes.extend((log, *made) for made in frontier.append(leaf))
    connection.executemany(
        "INSERT INTO entry (log, idx, intent_id, leaf_hash) VALUES (?, ?, ?, ?)", entries
    )
    connection.executemany("INSERT INTO node (log, level, idx, hash) VALUES (?, ?, ?, ?)", nodes)
    return len(entries)
