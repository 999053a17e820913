"""Damage to the ledger of `test_verify`: acts of somebody who owns the file, and what they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from commonweal.foundation.canonical import canonical
from commonweal.ledger.entry import read_entry
from commonweal.ledger.merkle import Frontier, leaf_hash

COUNT = 23
"""How many hints the ledger has: its sealed log has one entry more."""

Damage = Callable[[sqlite3.Connection], None]


def sql(*statements: str) -> Damage:
    def act(connection: sqlite3.Connection) -> None:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement

    return act


def _rehash(old: bytes, new: bytes, *, where: int, deep: bool) -> Damage:
    """Change a body and hide it: its hashes, and with `deep` the whole tree."""

    def act(connection: sqlite3.Connection) -> None:
        (intent_id, body) = connection.execute(
            "SELECT intent.id, body FROM intent JOIN entry ON intent_id = intent.id "
            "WHERE entry.log = 'sealed' AND idx = ?",
            (where,),
        ).fetchone()
        changed = body.replace(old, new)
        assert changed != body
        read_entry(changed)
        connection.execute(
            "UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE id = ?2",
            (changed, intent_id),
        )
        connection.execute(
            "UPDATE entry SET leaf_hash = ? WHERE log = 'sealed' AND idx = ?",
            (leaf_hash(changed), where),
        )
        if deep:
            _rebuild(connection)

    return act


def _rebuild(connection: sqlite3.Connection) -> None:
    """Make the tree of the sealed log anew from its leaves, as a patient forger would."""
    connection.execute("DELETE FROM node WHERE log = 'sealed'")
    frontier = Frontier()
    for (leaf,) in connection.execute(
        "SELECT leaf_hash FROM entry WHERE log = 'sealed' ORDER BY idx"
    ).fetchall():
        for made in frontier.append(leaf):
            connection.execute("INSERT INTO node VALUES ('sealed', ?, ?, ?)", made)


def _swap_bodies(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT intent.id, body FROM intent JOIN entry ON intent_id = intent.id "
        "WHERE entry.log = 'sealed' AND idx IN (10, 11) ORDER BY idx"
    ).fetchall()
    for (intent_id, _), (_, body) in zip(rows, reversed(rows), strict=True):
        connection.execute(
            "UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE id = ?2",
            (body, intent_id),
        )


def _swap_places(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT idx, intent_id, leaf_hash FROM entry WHERE log = 'sealed' AND idx IN (10, 11)"
    ).fetchall()
    connection.execute("DELETE FROM entry WHERE log = 'sealed' AND idx IN (10, 11)")
    for (index, _, _), (_, intent_id, leaf) in zip(rows, reversed(rows), strict=True):
        connection.execute("INSERT INTO entry VALUES ('sealed', ?, ?, ?)", (index, intent_id, leaf))


def set_body(connection: sqlite3.Connection, where: str, body: bytes) -> None:
    done = connection.execute(
        f"UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE {where}", (body,)
    )
    assert done.rowcount == 1


def _uncanonical(connection: sqlite3.Connection) -> None:
    (body,) = connection.execute("SELECT body FROM intent WHERE id = 9").fetchone()
    set_body(connection, "id = 9", body + b" ")


def _unknown_type(connection: sqlite3.Connection) -> None:
    (body,) = connection.execute("SELECT body FROM intent WHERE id = 9").fetchone()
    set_body(connection, "id = 9", canonical(read_entry(body) | {"type": "risk.sold"}))


def cut_off(entries: int) -> Damage:
    """Cut off the end of the sealed log, with everything that hangs on it."""

    def act(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = OFF")
        (first,) = connection.execute(
            "SELECT intent_id FROM entry WHERE log = 'sealed' AND idx = ?", (COUNT + 1 - entries,)
        ).fetchone()
        for statement in (
            "DELETE FROM checkpoint WHERE size > (SELECT count(*) FROM entry e "  # noqa: ISC004
            "WHERE e.log = checkpoint.log AND e.intent_id < :f)",
            "DELETE FROM node WHERE ((idx + 1) << level) > (SELECT count(*) FROM entry e "  # noqa: ISC004
            "WHERE e.log = node.log AND e.intent_id < :f)",
            "DELETE FROM entry WHERE intent_id >= :f",
            "DELETE FROM detail WHERE intent_id >= :f",
            "DELETE FROM permit_state WHERE intent_id >= :f",
            "DELETE FROM sealed_root WHERE intent_id >= :f",
            "DELETE FROM intent WHERE id >= :f",
            "UPDATE sqlite_sequence SET seq = :f - 1 WHERE name = 'intent'",
        ):
            connection.execute(statement, {"f": first})

    return act


def gone(which: str) -> Damage:
    """Take checkpoints of the sealed log away."""
    return sql(f"DELETE FROM checkpoint WHERE log = 'sealed' AND {which}")


DAMAGES: list[tuple[str, Damage, str, str | None, int | None]] = [
    ("body", sql("UPDATE intent SET body = CAST(replace(body, 'jane', 'john') AS BLOB) "
                  "WHERE id = 9"), "body_changed", "sealed", None),
    ("body and its hashes", _rehash(b"jane", b"john", where=10, deep=False),
     "node_changed", "sealed", 10),
    ("body and its hashes, odd", _rehash(b"jane", b"john", where=11, deep=False),
     "node_changed", "sealed", 10),
    ("body and the whole tree", _rehash(b"jane", b"john", where=10, deep=True),
     "checkpoint_wrong", "sealed", None),
    ("first entry and the whole tree", _rehash(b"jane", b"john", where=0, deep=True),
     "checkpoint_wrong", "sealed", 2),
    ("leaf", sql("UPDATE entry SET leaf_hash = zeroblob(32) WHERE log = 'sealed' AND idx = 12"),
     "leaf_changed", "sealed", 12),
    ("bodies swapped", _swap_bodies, "intent_changed", "sealed", 10),
    ("places swapped", _swap_places, "index_wrong", "sealed", 10),
    ("node", sql("UPDATE node SET hash = zeroblob(32) WHERE log = 'sealed' AND level = 2 "
                  "AND idx = 3"), "node_changed", "sealed", 12),
    ("node gone", sql("DELETE FROM node WHERE log = 'sealed' AND level = 1 AND idx = 4"),
     "node_missing", "sealed", 8),
    ("last node gone", sql("DELETE FROM node WHERE log = 'sealed' AND level = 4 AND idx = 0"),
     "node_missing", "sealed", 0),
    ("node too many", sql("INSERT INTO node VALUES ('sealed', 5, 9, zeroblob(32))"),
     "node_extra", "sealed", COUNT + 1),
    ("entry gone", sql("DELETE FROM entry WHERE log = 'sealed' AND idx = 9"),
     "intent_skipped", "sealed", 10),
    ("last entry gone", sql(f"DELETE FROM entry WHERE log = 'sealed' AND idx = {COUNT}"),
     "checkpoint_beyond", "sealed", COUNT + 1),
    ("entry moved", sql("UPDATE entry SET idx = 99 WHERE log = 'sealed' AND idx = 9"),
     "index_wrong", "sealed", 9),
    ("entry on another log", sql("UPDATE entry SET log = 'public', idx = 90 WHERE log = 'sealed' "
                                  "AND idx = 9"), "index_wrong", "sealed", 9),
    ("entry without intent", sql("INSERT INTO entry VALUES ('sealed', 24, 999, zeroblob(32))"),
     "entry_orphan", "sealed", 24),
    ("intent gone", sql("DELETE FROM entry WHERE intent_id = 9", "DELETE FROM detail WHERE "
                         "intent_id = 9", "DELETE FROM intent WHERE id = 9"),
     "intent_missing", None, None),
    ("last intent's number", sql("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'intent'"),
     "intent_missing", None, None),
    ("intent's columns", sql("UPDATE intent SET type = 'key.created' WHERE id = 9"),
     "intent_changed", "sealed", None),
    ("intent's log", sql("UPDATE intent SET log = 'public' WHERE id = 9"),
     "intent_changed", "public", None),
    ("intent's permit", sql("UPDATE intent SET permit = 'permit-8' WHERE id = 9"),
     "intent_changed", "sealed", None),
    ("intent's time", sql("UPDATE intent SET created_at = '2026-03-02T00:00:00.000Z' "
                           "WHERE id = 9"), "time_backwards", None, None),
    ("public time within its hour", sql("UPDATE intent SET created_at = replace(created_at, "
                                         "'09:15:30', '09:15:31') WHERE id = 4"),
     "intent_changed", "public", 2),
    ("not canonical", _uncanonical, "entry_invalid", "sealed", None),
    ("unknown type", _unknown_type, "entry_invalid", "sealed", None),
    ("projection row gone", sql("DELETE FROM permit_state WHERE state = 'paused'"),
     "projection_wrong", None, None),
    ("projection row changed", sql("UPDATE permit_state SET state = 'active' "
                                    "WHERE state = 'paused'"), "projection_wrong", None, None),
    ("projection row invented", sql("INSERT INTO permit_state VALUES ('permit-7', 9, 'active', "
                                     "'x', NULL, NULL)"), "projection_wrong", None, None),
    ("projection period changed", sql("UPDATE permit_state SET until = '2030-01-01' "
                                       "WHERE state = 'announced'"),
     "projection_wrong", None, None),
    ("detail row gone", sql("DELETE FROM detail WHERE intent_id = 9"),
     "detail_missing", "sealed", None),
    ("detail row invented", sql("INSERT INTO detail VALUES (3, 'k', x'00')"),
     "detail_missing", "sealed", 0),
    ("detail changed", sql("UPDATE detail SET ciphertext = x'00' WHERE intent_id = 9"),
     "detail_wrong", None, None),
    ("details swapped", sql("UPDATE detail SET ciphertext = (SELECT ciphertext FROM detail "
                             "WHERE intent_id = 10) WHERE intent_id = 9"),
     "detail_wrong", None, None),
    ("detail's key", sql("UPDATE detail SET key_id = 'details.p8' WHERE intent_id = 9"),
     "detail_key_changed", "sealed", None),
    ("erased detail's key", sql("UPDATE detail SET key_id = 'details.p8' WHERE intent_id = 5 "
                                 "AND ciphertext IS NULL"), "detail_key_changed", "sealed", None),
    ("hand-over invented", sql("INSERT INTO carried VALUES ('x', 1, 9, zeroblob(32))"),
     "carried_wrong", None, None),
    ("newest checkpoint gone", gone("size = 24"), "checkpoint_missing", "sealed", 24),
    ("old checkpoint gone", gone("size = 7"), "checkpoint_missing", "sealed", 7),
    ("first checkpoint gone", gone("size = 2"), "checkpoint_missing", "sealed", 2),
    ("all checkpoints gone", gone("1"), "checkpoint_missing", "sealed", 2),
    ("seal's size", sql("UPDATE sealed_root SET size = size + 1 WHERE intent_id = "
                         "(SELECT min(intent_id) FROM sealed_root)"), "seal_wrong", "public", None),
    ("seal row gone", sql("DELETE FROM sealed_root WHERE intent_id = "
                           "(SELECT max(intent_id) FROM sealed_root)"),
     "seal_wrong", "public", None),
    ("epoch invented", sql("INSERT INTO epoch VALUES (2, 9)"), "epoch_wrong", "public", None),
    ("checkpoint's root", sql("UPDATE checkpoint SET root = zeroblob(32) WHERE log = 'sealed' "
                               "AND size = 7"), "checkpoint_wrong", "sealed", 7),
    ("checkpoint's note", sql("UPDATE checkpoint SET note = replace(note, char(10) || '7' || "
                               "char(10), char(10) || '8' || char(10)) WHERE log = 'sealed' AND "
                               "size = 7"), "checkpoint_unsigned", "sealed", 7),
    ("checkpoint's size", sql("UPDATE checkpoint SET size = 8 WHERE log = 'sealed' AND size = 7"),
     "checkpoint_wrong", "sealed", 8),
    ("checkpoint of another log", sql("UPDATE checkpoint SET note = (SELECT note FROM checkpoint "
                                       "WHERE log = 'public' LIMIT 1) WHERE log = 'sealed' AND "
                                       "size = 7"), "checkpoint_unsigned", "sealed", 7),
    ("checkpoint of another epoch", sql("UPDATE checkpoint SET epoch = 2 WHERE log = 'sealed' "
                                         "AND size = 7"), "checkpoint_unsigned", "sealed", 7),
    ("witness's line", sql("INSERT INTO cosignature VALUES ('sealed', 1, 24, 'rubbish')"),
     "cosignature_wrong", "sealed", 24),
    ("foreign trigger", sql("CREATE TRIGGER mine AFTER INSERT ON intent BEGIN SELECT 1; END"),
     "schema_changed", None, None),
]  # fmt: skip
