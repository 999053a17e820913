"""Reading of a ledger's tables: sizes, entries, subtrees. Every function takes a connection."""

from __future__ import annotations

import sqlite3
from typing import cast

from commonweal.foundation.errors import Fault
from commonweal.ledger.events import Log
from commonweal.ledger.merkle import Fetch, root_at


def size(connection: sqlite3.Connection, log: Log) -> int:
    """The number of entries in a log's tree."""
    found = connection.execute(
        "SELECT idx FROM entry WHERE log = ? ORDER BY idx DESC LIMIT 1", (log,)
    ).fetchone()
    return 0 if found is None else int(found[0]) + 1


def node(connection: sqlite3.Connection, log: Log, level: int, index: int) -> bytes:
    """The hash of one complete subtree. Raises `Fault` CW-LEDGER-BROKEN if it is not there."""
    if level == 0:
        found = connection.execute(
            "SELECT leaf_hash FROM entry WHERE log = ? AND idx = ?", (log, index)
        ).fetchone()
    else:
        found = connection.execute(
            "SELECT hash FROM node WHERE log = ? AND level = ? AND idx = ?", (log, level, index)
        ).fetchone()
    if found is None:
        raise Fault(
            "CW-LEDGER-BROKEN", f"The {log} log lacks the subtree at level {level}, index {index}."
        )
    return cast("bytes", found[0])


def fetcher(connection: sqlite3.Connection, log: Log) -> Fetch:
    """`node` with its connection and log."""
    return lambda level, index: node(connection, log, level, index)


def root(connection: sqlite3.Connection, log: Log) -> bytes:
    """The root of a log's tree from its stored subtrees."""
    return root_at(size(connection, log), fetcher(connection, log))


def root_of(connection: sqlite3.Connection, log: Log, count: int) -> bytes:
    """The root of the tree of a log's first `count` entries."""
    return root_at(count, fetcher(connection, log))


def body(connection: sqlite3.Connection, log: Log, index: int) -> bytes:
    """The canonical bytes of one entry. Raises `Fault` CW-LEDGER-NOT-PROVABLE."""
    found = connection.execute(
        "SELECT body FROM entry JOIN intent ON intent.id = intent_id "
        "WHERE entry.log = ? AND idx = ?",
        (log, index),
    ).fetchone()
    if found is None:
        raise Fault("CW-LEDGER-NOT-PROVABLE", f"The {log} log has no entry {index}.")
    return cast("bytes", found[0])


def place(connection: sqlite3.Connection, intent_id: int) -> tuple[Log, int] | None:
    """(log, index) of an intent, or None while it has none."""
    found = connection.execute(
        "SELECT log, idx FROM entry WHERE intent_id = ?", (intent_id,)
    ).fetchone()
    return None if found is None else (cast("Log", found[0]), int(found[1]))


def last_placed(connection: sqlite3.Connection, log: Log) -> int:
    """The id of the last intent that has a place in this log; 0 if none has."""
    found = connection.execute(
        "SELECT intent_id FROM entry WHERE log = ? ORDER BY idx DESC LIMIT 1", (log,)
    ).fetchone()
    return 0 if found is None else int(found[0])


def intents_left(connection: sqlite3.Connection, log: Log) -> int:
    """The number of intents of a log that have no place yet."""
    found = connection.execute(
        "SELECT count(*) FROM intent WHERE log = ? AND id > ?", (log, last_placed(connection, log))
    ).fetchone()
    return int(found[0])


def epoch(connection: sqlite3.Connection) -> int:
    """The number of the present epoch."""
    found = connection.execute("SELECT max(number) FROM epoch").fetchone()
    return 1 if found[0] is None else int(found[0])
