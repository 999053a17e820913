"""Reading of a ledger's tables: sizes, entries, subtrees. Every function takes a connection."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, cast

from commonweal.foundation.errors import Fault
from commonweal.ledger.events import Log
from commonweal.ledger.merkle import Fetch, node_hash, root_at

_BLOCK_LEVELS = 5
"""Levels of a block of 32 leaves: about one page of the file."""


def size(connection: sqlite3.Connection, log: Log) -> int:
    """The number of entries in a log's tree."""
    found = connection.execute(
        "SELECT idx FROM entry WHERE log = ? ORDER BY idx DESC LIMIT 1", (log,)
    ).fetchone()
    return 0 if found is None else int(found[0]) + 1


def entries_of(connection: sqlite3.Connection, type_: str) -> list[tuple[int, dict[str, Any]]]:
    """Number and entry of every intent of one type, oldest first."""
    rows = connection.execute("SELECT id, body FROM intent WHERE type = ? ORDER BY id", (type_,))
    return [(number, json.loads(body)) for number, body in rows]


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


def block_fetcher(connection: sqlite3.Connection, log: Log) -> Fetch:
    """`fetcher` for a single proof: fewer reads of a large file.

    The lowest levels of a path lie on pages that nothing else has lately read. So the leaves of a
    block, which lie side by side, are read at once, and its subtrees are worked out from them.
    """
    blocks: dict[int, list[list[bytes]]] = {}

    def fetch(level: int, index: int) -> bytes:
        if level >= _BLOCK_LEVELS:
            return node(connection, log, level, index)
        block, below = divmod(index, 1 << (_BLOCK_LEVELS - level))
        if block not in blocks:
            blocks[block] = _block(connection, log, block)
        known = blocks[block][level]
        return known[below] if below < len(known) else node(connection, log, level, index)

    return fetch


def _block(connection: sqlite3.Connection, log: Log, block: int) -> list[list[bytes]]:
    """The complete subtrees of a block of leaves, level by level."""
    first = block << _BLOCK_LEVELS
    rows = connection.execute(
        "SELECT idx, leaf_hash FROM entry WHERE log = ? AND idx >= ? AND idx < ? ORDER BY idx",
        (log, first, first + (1 << _BLOCK_LEVELS)),
    )
    levels: list[list[bytes]] = [[]]
    for number, (index, leaf) in enumerate(rows):
        if index != first + number:
            break  # an entry is gone: what comes behind it is not where it seems to be
        levels[0].append(leaf)
    for _ in range(1, _BLOCK_LEVELS):
        below = levels[-1]
        levels.append(
            [node_hash(one, two) for one, two in zip(below[::2], below[1::2], strict=False)]
        )
    return levels


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
