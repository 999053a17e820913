"""The walk over all intents and entries of a ledger: one pass, in the order of intents.

Both trees are rebuilt on the way from the bodies. Stored subtrees are compared as each becomes
complete; they come from one cursor per level, so that a ledger of any size is read as a stream.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, cast

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.carrying import carried_faults
from commonweal.ledger.entry import intent_hash, read_entry, shown_time
from commonweal.ledger.events import LOGS, Log, event_type
from commonweal.ledger.log_keys import EVENTS as KEY_EVENTS
from commonweal.ledger.log_keys import LogKeyOrder
from commonweal.ledger.merkle import Frontier, Node, leaf_hash
from commonweal.ledger.replay import PermitReplay
from commonweal.ledger.report import Report
from commonweal.ledger.roster_order import EVENTS as ROSTER_EVENTS
from commonweal.ledger.roster_order import RosterOrder
from commonweal.ledger.trust_order import EVENTS as POLICY_EVENTS
from commonweal.ledger.trust_order import TrustOrder

_ROWS = """
SELECT intent.id, intent.log, intent.type, intent.body, intent.body_hash, intent.permit,
       intent.created_at, entry.log, entry.idx, entry.leaf_hash,
       detail.intent_id IS NOT NULL, detail.key_id
FROM intent LEFT JOIN entry ON entry.intent_id = intent.id
LEFT JOIN detail ON detail.intent_id = intent.id
ORDER BY intent.id
"""


class _Tree:
    """One log's tree as it is rebuilt, beside the subtrees that are stored."""

    def __init__(self, connection: sqlite3.Connection, log: Log) -> None:
        self.frontier = Frontier()
        self.sound = True
        self.waiting = 0
        self._connection = connection
        self._log = log
        self._levels: dict[int, Iterator[tuple[int, bytes]]] = {}

    def stored(self, level: int) -> tuple[int, bytes] | None:
        """The next stored subtree of a level: (index, hash)."""
        if level not in self._levels:
            self._levels[level] = iter(
                self._connection.execute(
                    "SELECT idx, hash FROM node WHERE log = ? AND level = ? ORDER BY idx",
                    (self._log, level),
                )
            )
        return next(self._levels[level], None)


class Walk:
    """Rebuilds both logs and notes every fault in `report`. `roots`: log to size to root."""

    def __init__(self, connection: sqlite3.Connection, report: Report) -> None:
        self._connection = connection
        self._report = report
        self._trees = {log: _Tree(connection, log) for log in LOGS}
        self._wanted: dict[Log, set[int]] = {log: set() for log in LOGS}
        self._permits = PermitReplay()
        self._policies = TrustOrder()
        self._rosters = RosterOrder()
        self.log_keys = LogKeyOrder()
        self._seals: dict[int, dict[str, Any]] = {}
        self._epochs: dict[int, dict[str, Any]] = {}
        self._last_id = 0
        self._last_time = ""
        self._home: str | None = None
        self.roots: dict[Log, dict[int, bytes]] = {
            log: {0: self._trees[log].frontier.root()} for log in LOGS
        }

    def want(self, log: Log, sizes: set[int]) -> None:
        """Keep the roots of a log at these sizes."""
        self._wanted[log] |= sizes

    def run(self) -> None:
        """Walk, and then compare what must follow from the entries."""
        seals = self._connection.execute("SELECT intent_id, size FROM sealed_root").fetchall()
        self.want("sealed", {int(size) for _, size in seals})
        for row in self._connection.execute(_ROWS):
            self._see(row)
        self._finish()
        self._check_seals(dict(seals))
        self._check_epochs()
        self._check_projection()
        for place in carried_faults(self._connection):
            self._report.add("carried_wrong", place)

    # --- one intent ---------------------------------------------------------------------
    def _see(self, row: tuple[Any, ...]) -> None:
        intent_id, log, type_, body, stored_hash, permit, at, entry_log, index, leaf = row[:10]
        if log not in LOGS or not isinstance(body, bytes):
            self._report.add("intent_changed", f"intent {intent_id}")
            return
        self._check_number(intent_id, at)
        damaged = intent_hash(at, body) != stored_hash
        computed = leaf_hash(body)
        changed = damaged and computed != leaf
        place = f"{log} entry {index}" if index is not None else f"intent {intent_id}"
        if damaged:
            # Where the leaf still fits, it is the time in the row that was changed.
            kind = "body_changed" if changed else "intent_changed"
            self._report.add(kind, place, log=log, index=index)
        else:
            self._check_entry(place, intent_id, log, index, (type_, body, permit, at, *row[10:]))
        if index is None:
            self._trees[cast("Log", log)].waiting += 1
        else:
            self._check_place(cast("Log", log), entry_log, index, place)
            self._grow(cast("Log", log), index, computed, leaf, changed)

    def _check_number(self, intent_id: int, at: str) -> None:
        if intent_id != self._last_id + 1:
            self._report.add("intent_missing", f"intent {self._last_id + 1}")
        if at < self._last_time:
            self._report.add("time_backwards", f"intent {intent_id}")
        self._last_id, self._last_time = intent_id, at

    def _check_entry(
        self, place: str, intent_id: int, log: str, index: int | None, row: tuple[Any, ...]
    ) -> None:
        type_, body, permit, at, has_detail, detail_key = row
        try:
            entry = read_entry(body)
        except CommonwealError:
            self._report.add("entry_invalid", place, log=log, index=index)
            return
        definition = event_type(entry["type"])
        agrees = (
            definition.name == type_
            and definition.log == log
            and entry.get("permit") == permit
            and shown_time(definition, at) == entry["at"]
        )
        if not agrees:
            self._report.add("intent_changed", place, log=log, index=index)
        if definition.name == "trust.policy_set":
            self._home = self._home or entry["home"]
        if self._home is None or entry.get("home", self._home) != self._home:
            self._report.add("first_entry", place, log=log, index=index)
            self._home = self._home or "unknown"
        if ("details" in entry) != bool(has_detail):
            self._report.add("detail_missing", place, log=log, index=index)
        elif entry.get("details_key") != detail_key:
            self._report.add("detail_key_changed", place, log=log, index=index)
        wrong = self._permits.see(definition, entry, intent_id, at)
        if wrong is not None:
            self._report.add("permit_order", f"{place}: {wrong}", log=log, index=index)
        self._check_trust(place, definition.name, entry, (intent_id, index, at))
        if definition.name == "sealed.root":
            self._seals[intent_id] = entry
        elif definition.name == "ledger.epoch_begun":
            self._epochs[intent_id] = entry

    def _check_trust(
        self, place: str, type_: str, entry: dict[str, Any], where: tuple[int, int | None, str]
    ) -> None:
        """Changes of trust policy, roster and the log's own keys each follow from the last."""
        intent_id, index, at = where
        if type_ in POLICY_EVENTS:
            kind, why = "policy_order", self._policies.see(type_, entry, intent_id, parse_stamp(at))
        elif type_ in ROSTER_EVENTS:
            kind, why = "roster_order", self._rosters.see(type_, entry, intent_id, parse_stamp(at))
        elif type_ in KEY_EVENTS:
            kind, why = "key_order", self.log_keys.see(type_, entry, intent_id)
        else:
            return
        if why is not None:
            self._report.add(kind, f"{place}: {why}", log="public", index=index)

    def _check_place(self, log: Log, entry_log: str, index: int, place: str) -> None:
        tree = self._trees[log]
        if tree.waiting:
            self._report.add("intent_skipped", f"before {place}", log=log, index=index)
            tree.waiting = 0
        if entry_log != log or (tree.sound and index != tree.frontier.size):
            self._report.add("index_wrong", place, log=log, index=tree.frontier.size)
            tree.sound = False

    def _grow(self, log: Log, index: int, computed: bytes, stored: bytes, changed: bool) -> None:
        tree = self._trees[log]
        if not tree.sound:
            return
        if computed != stored and not changed:
            self._report.add("leaf_changed", f"{log} entry {index}", log=log, index=index)
        # Where the body is the damaged part its old leaf is still there: going on with it keeps
        # one changed entry from looking like a changed tree.
        leaf = stored if changed and len(stored) == len(computed) else computed
        for node in tree.frontier.append(leaf):
            self._check_node(log, tree, node)
        if tree.frontier.size in self._wanted[log]:
            self.roots[log][tree.frontier.size] = tree.frontier.root()

    def _check_node(self, log: Log, tree: _Tree, node: Node) -> None:
        level, index, expected = node
        place = f"{log} subtree at level {level}, index {index}"
        found = tree.stored(level)
        first = index << level
        if found is None or found[0] > index:
            self._report.add("node_missing", place, log=log, index=first)
            tree.sound = False
        elif found[0] < index:
            self._report.add("node_extra", place, log=log, index=first)
            tree.sound = False
        elif found[1] != expected:
            self._report.add("node_changed", place, log=log, index=first)

    # --- the whole ----------------------------------------------------------------------
    def _finish(self) -> None:
        numbered = self._connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'intent'"
        ).fetchone()
        if (numbered[0] if numbered else 0) != self._last_id:
            self._report.add("intent_missing", f"intent {self._last_id + 1}")
        for log, index in self._connection.execute(
            "SELECT log, idx FROM entry WHERE NOT EXISTS "
            "(SELECT 1 FROM intent WHERE intent.id = entry.intent_id) LIMIT 10"
        ):
            self._report.add("entry_orphan", f"{log} entry {index}", log=log, index=index)
        for log, tree in self._trees.items():
            self._finish_log(log, tree)

    def _finish_log(self, log: Log, tree: _Tree) -> None:
        size = tree.frontier.size
        stored_entries, stored_nodes = (
            self._connection.execute(
                f"SELECT count(*) FROM {table} WHERE log = ?",  # noqa: S608 - our own table names
                (log,),
            ).fetchone()[0]
            for table in ("entry", "node")
        )
        if tree.sound and stored_entries != size:
            self._report.add("index_wrong", f"{log} entry {size}", log=log, index=size)
        # A tree of n leaves has n less the number of its peaks complete subtrees above the leaves.
        if tree.sound and stored_nodes > size - size.bit_count():
            self._report.add("node_extra", f"{log} log", log=log, index=size)
        summary = self._report.logs[log]
        summary.entries = size
        summary.root = f"sha256:{tree.frontier.root().hex()}"
        summary.intents_left = tree.waiting

    def _check_seals(self, stored: dict[int, int]) -> None:
        for intent_id, entry in self._seals.items():
            size = stored.get(intent_id)
            root = self.roots["sealed"].get(size) if size is not None else None
            if root is None or entry["root"] != f"sha256:{root.hex()}":
                self._report.add("seal_wrong", f"seal of {entry['day']}", log="public")
        sizes = [size for _, size in sorted(stored.items())]
        if stored.keys() != self._seals.keys() or sizes != sorted(sizes):
            self._report.add("seal_wrong", "the table of seals", log="public")

    def _check_epochs(self) -> None:
        stored = dict(self._connection.execute("SELECT intent_id, number FROM epoch"))
        expected = {intent_id: entry["epoch"] for intent_id, entry in self._epochs.items()}
        numbers = [number for _, number in sorted(expected.items())]
        if stored != expected or numbers != sorted(set(numbers)):
            self._report.add("epoch_wrong", "the table of epochs", log="public")
        self._report.epoch = max(numbers, default=1)

    def _check_projection(self) -> None:
        stored = {
            row[1]: row
            for row in self._connection.execute(
                "SELECT permit, intent_id, state, at, active_from, until FROM permit_state"
            )
        }
        for intent_id in sorted(stored.keys() | self._permits.expected.keys()):
            if stored.get(intent_id) != self._permits.expected.get(intent_id):
                self._report.add("projection_wrong", f"intent {intent_id}")
