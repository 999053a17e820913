"""Verification: recompute the whole ledger from its entries, offline and read-only.

Nothing that is stored is believed: each body is hashed, each subtree rebuilt, each checkpoint's
signature checked and compared with the root recomputed at its size, the states of permits
replayed. What a database alone cannot show, that the ledger's end was cut off together with its
checkpoints, shows when `known` holds a checkpoint from elsewhere: the signer's memory, a witness, a
proof file that somebody kept. That checkpoints alone were taken away shows by the signer's journal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from commonweal.foundation.errors import CommonwealError, WrongUsage
from commonweal.ledger import schema
from commonweal.ledger.checkpoint import Checkpoint, log_of, open_checkpoint, origin_of
from commonweal.ledger.details import open_details
from commonweal.ledger.entry import read_entry
from commonweal.ledger.events import LOGS, Log
from commonweal.ledger.log_keys import LogKeyOrder
from commonweal.ledger.memory import Signed
from commonweal.ledger.note import ED25519, Note, VerifierKey, malformed
from commonweal.ledger.quorum import Witnessing, check_witnessed
from commonweal.ledger.report import LogReport, Report
from commonweal.ledger.snapshot import open_snapshot, read_head
from commonweal.ledger.walk import Walk

KeyOpener = Callable[[str], bytes | None]
"""Gives the key of a key id, or None where the verifier does not have it."""


def verify(
    path: Path,
    *,
    vkeys: Iterable[VerifierKey | str],
    origin: str,
    known: Iterable[str] = (),
    journals: Mapping[Log, Iterable[Signed]] | None = None,
    opener: KeyOpener | None = None,
    sequenced: bool = False,
    witnessing: Witnessing | None = None,
) -> Report:
    """Verify the ledger at `path` and report every fault with its place.

    Parameters
    ----------
    vkeys: trusted keys. The log's own key may be named by the base of the origins. Keys of
        witnesses count their cosignatures.
    origin: the base of the logs' origins.
    known: signed checkpoints from elsewhere that this ledger must continue.
    journals: by log, the checkpoints that the signer says are stored here.
    opener: with keys for details, each detail is opened and compared with its entry.
    sequenced: count an intent that still waits for its place as a fault.
    witnessing: the policy whose witnesses must have signed; their keys are trusted with `vkeys`.

    Raises `Fault` CW-LEDGER-MISSING and `WrongUsage` CW-LEDGER-NOTE-INVALID (no key given).
    """
    keys = [VerifierKey.parse(key) if isinstance(key, str) else key for key in vkeys]
    if not keys:
        raise WrongUsage("CW-LEDGER-NOTE-INVALID", "A ledger is verified with at least one key.")
    if witnessing is not None:
        keys += [key for key in witnessing.policy.keys if key not in keys]
    report = Report({log: LogReport() for log in LOGS})
    try:
        with open_snapshot(path) as connection:
            if _sound_database(connection, report, path):
                checking = _Verification(connection, report, keys, origin)
                checking.run(known, journals or {}, opener, sequenced)
                if witnessing is not None:
                    check_witnessed(connection, report, keys, origin, witnessing)
    except (sqlite3.Error, AttributeError, KeyError, OverflowError, TypeError, ValueError):
        # A damaged database can hold any type in any column.
        report.add("database_damaged", path.name)
    return report


def _sound_database(connection: sqlite3.Connection, report: Report, path: Path) -> bool:
    """Check the file, its mode and its schema; False if nothing more can be read."""
    damage = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    if damage != ["ok"]:
        report.add("database_damaged", f"integrity check: {len(damage)} finding(s)")
    # Bytes 18 and 19 of the file say how it is written: 2 is the write-ahead log.
    if read_head(path)[18:20] != b"\x02\x02":
        report.add("setting_changed", "journal mode")
    faults = schema.schema_faults(connection)
    for sentence in faults:
        report.add("schema_changed", sentence.rstrip("."))
    present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    return present >= schema.TABLES & schema.objects_of(version).keys()


class _Verification:
    """One verification on one open snapshot."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        report: Report,
        keys: list[VerifierKey],
        base: str,
    ) -> None:
        self._connection = connection
        self._report = report
        self._keys = keys
        self._base = base

    def run(
        self,
        known: Iterable[str],
        journals: Mapping[Log, Iterable[Signed]],
        opener: KeyOpener | None,
        sequenced: bool,
    ) -> None:
        outside = self._read_known(known)
        walk = Walk(self._connection, self._report)
        for log in LOGS:
            walk.want(log, self._sizes(log))
            walk.want(log, {point.size for point in outside if log_of(point.origin) == log})
        walk.run()
        self._check_details(opener)
        for log in LOGS:
            self._check_checkpoints(log, walk)
            self._check_journal(log, journals.get(log, ()))
            waiting = self._report.logs[log].intents_left
            if sequenced and waiting:
                self._report.add("intent_waiting", f"{log} log: {waiting}", log=log)
        for point in outside:
            self._compare(point, walk, "a checkpoint from elsewhere")

    def _sizes(self, log: Log) -> set[int]:
        found = self._connection.execute("SELECT size FROM checkpoint WHERE log = ?", (log,))
        return {int(row[0]) for row in found}

    def _read_known(self, known: Iterable[str]) -> list[Checkpoint]:
        found: list[Checkpoint] = []
        for text in known:
            try:
                origin = Checkpoint.parse(Note.parse(text).text).origin
                log = log_of(origin)
                if not origin.startswith(f"{self._base}/{log}"):
                    raise malformed("The known checkpoint is of another ledger.")
                found.append(open_checkpoint(text, self._keys, origin)[0])
            except CommonwealError:
                self._report.add("checkpoint_unsigned", "a checkpoint from elsewhere")
        return found

    def _check_checkpoints(self, log: Log, walk: Walk) -> None:
        """Every stored checkpoint: form, signature, and the root at its size."""
        summary = self._report.logs[log]
        rows = self._connection.execute(
            "SELECT epoch, size, root, note FROM checkpoint WHERE log = ? ORDER BY epoch, size",
            (log,),
        ).fetchall()
        for epoch, size, root, note in rows:
            place = f"{log} checkpoint at {size}"
            try:
                if epoch > self._report.epoch:
                    raise malformed("There is no such epoch.")
                point, signers = open_checkpoint(
                    note, self._keys, origin_of(self._base, log, epoch)
                )
            except CommonwealError:
                self._report.add("checkpoint_unsigned", place, log=log, index=size)
                continue
            if point.size != size or point.root != root:
                self._report.add("checkpoint_wrong", place, log=log, index=size)
                continue
            if not self._key_counts(log, size, walk.log_keys, signers):
                self._report.add("checkpoint_key", place, log=log, index=size)
                continue
            if self._compare(point, walk, place):
                summary.checkpoints += 1
                summary.signed, summary.checkpoint = size, note
                summary.witnesses = self._witnesses(log, epoch, size, note, place)

    def _key_counts(
        self, log: Log, size: int, order: LogKeyOrder, signers: Iterable[VerifierKey]
    ) -> bool:
        """True if a key of the log that was in use at this size is among the signers."""
        if not order.retired and not order.added:
            return True
        found = self._connection.execute(
            "SELECT intent_id FROM entry WHERE log = ? AND idx = ?", (log, size - 1)
        ).fetchone()
        covers = 0 if found is None else int(found[0])
        own = [key for key in signers if key.kind == ED25519]
        return any(order.counts(key.public, log, covers) for key in own)

    def _check_journal(self, log: Log, journal: Iterable[Signed]) -> None:
        """Every checkpoint that was stored is still there; its content is checked above."""
        rows = self._connection.execute("SELECT epoch, size FROM checkpoint WHERE log = ?", (log,))
        stored = set(rows.fetchall())
        for signed in journal:
            if (signed.epoch, signed.size) not in stored:
                place = f"{log} checkpoint at {signed.size}"
                self._report.add("checkpoint_missing", place, log=log, index=signed.size)

    def _compare(self, point: Checkpoint, walk: Walk, place: str) -> bool:
        log = log_of(point.origin)
        if point.size > self._report.logs[log].entries:
            self._report.add("checkpoint_beyond", place, log=log, index=point.size)
            return False
        root = walk.roots[log].get(point.size)
        if root != point.root:
            self._report.add("checkpoint_wrong", place, log=log, index=point.size)
        return root == point.root

    def _witnesses(self, log: Log, epoch: int, size: int, note: str, place: str) -> list[str]:
        lines = self._connection.execute(
            "SELECT line FROM cosignature WHERE log = ? AND epoch = ? AND size = ? ORDER BY line",
            (log, epoch, size),
        ).fetchall()
        origin = origin_of(self._base, log, epoch)
        try:
            signers = open_checkpoint(
                note + "".join(line for (line,) in lines), self._keys, origin
            )[1]
        except CommonwealError:
            self._report.add("cosignature_wrong", place, log=log, index=size)
            return []
        return [key.name for key in signers if key.name != origin]

    def _check_details(self, opener: KeyOpener | None) -> None:
        """Open every detail whose key is at hand and compare it with its entry."""
        counts = {"sealed": 0, "erased": 0, "opened": 0}
        rows = self._connection.execute(
            "SELECT intent_id, key_id, ciphertext, body "
            "FROM detail JOIN intent ON intent.id = intent_id ORDER BY intent_id"
        )
        for intent_id, key_id, ciphertext, body in rows:
            if ciphertext is None:
                counts["erased"] += 1
                continue
            counts["sealed"] += 1
            key = opener(key_id) if opener is not None else None
            if key is None:
                continue
            try:
                written = str(read_entry(body).get("details", ""))
                open_details(ciphertext, key_id, key, written)
                counts["opened"] += 1
            except CommonwealError:
                self._report.add("detail_wrong", f"intent {intent_id}")
        self._report.details = counts
