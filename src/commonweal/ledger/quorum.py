"""Are there enough witnesses? Asked of a whole ledger, of one proof file, and of one checkpoint.

A checkpoint that nobody outside has seen binds nobody: a custodian who holds the ledger's key could
show two people two ledgers. A policy says whose cosignatures are enough. New entries have some
minutes until they must be covered by a checkpoint with a quorum.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.asking import LOG, lines_of
from commonweal.ledger.checkpoint import open_checkpoint, origin_of
from commonweal.ledger.cosigning import TOLERANCE_SECONDS, Cosigned, cosignatures
from commonweal.ledger.note import Note, VerifierKey
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.proving import CheckedProof, check_proof
from commonweal.ledger.report import Report
from commonweal.ledger.tlogproof import TlogProof

LAG = timedelta(minutes=15)
"""How long an entry may wait for its witnesses, where nothing else is said."""


@dataclass(frozen=True)
class Witnessing:
    """What a ledger's witnesses are held to: the policy, the time, and the longest wait."""

    policy: WitnessPolicy
    now: datetime
    lag: timedelta = LAG


def counted(note: Note, policy: WitnessPolicy, now: datetime) -> tuple[Cosigned, ...]:
    """The cosignatures that count: by witnesses of the policy, and not from the future.

    Raises `Fault` CW-LEDGER-SIGNATURE-INVALID if the line of a known witness does not verify.
    """
    latest = int(now.timestamp()) + TOLERANCE_SECONDS
    return tuple(one for one in cosignatures(note, policy.keys) if one.at <= latest)


def require_quorum(note: Note, policy: WitnessPolicy, now: datetime) -> tuple[Cosigned, ...]:
    """The cosignatures that count, if they are enough. Raises `Fault` CW-LEDGER-QUORUM."""
    found = counted(note, policy, now)
    if not policy.satisfied({one.key for one in found}):
        names = ", ".join(sorted(one.key.name for one in found)) or "none"
        raise Fault(
            "CW-LEDGER-QUORUM",
            f"The checkpoint does not have the witnesses that the policy asks for (it has: "
            f"{names}).",
            remedy="Ask for a newer proof; the ledger's keeper runs `commonweal ledger "
            "ask-witnesses`.",
        )
    return found


def check_proof_by(
    text: str | bytes,
    policy: WitnessPolicy,
    now: datetime,
    keys: Iterable[VerifierKey | str] = (),
    chain: str | bytes | None = None,
) -> CheckedProof:
    """Check a proof file by a policy: a log of the policy (or of `keys`), and its quorum.

    Raises what `check_proof` raises, and `Fault` CW-LEDGER-QUORUM.
    """
    checked = check_proof(text, [*policy.logs, *keys, *policy.keys], chain)
    require_quorum(Note.parse(TlogProof.parse(text).note), policy, now)
    return checked


# --- a whole ledger -------------------------------------------------------------------------


def check_witnessed(
    connection: sqlite3.Connection,
    report: Report,
    keys: Sequence[VerifierKey],
    base: str,
    witnessing: Witnessing,
) -> None:
    """Find the newest checkpoint with a quorum, and every entry that waits for one too long.

    Faults: `quorum_missing`, `cosignature_time`. `keys`: the log's own. The size that is covered
    goes into the report of the public log as `witnessed`.
    """
    if not witnessing.policy.asks:
        return
    summary = report.logs[LOG]
    rows = connection.execute(
        "SELECT epoch, size, note FROM checkpoint WHERE log = ? ORDER BY epoch DESC, size DESC",
        (LOG,),
    )
    for epoch, size, text in rows:
        if epoch != report.epoch:
            break  # an older epoch's witnesses say nothing about this one
        note = Note.parse(text)
        whole = Note(note.text, (*note.signatures, *lines_of(connection, LOG, epoch, size)))
        try:
            open_checkpoint(whole, keys, origin_of(base, LOG, epoch))
            found = counted(whole, witnessing.policy, witnessing.now)
        except CommonwealError:
            continue  # named by the verification itself
        found = _in_time(connection, report, size, found)
        if witnessing.policy.satisfied({one.key for one in found}):
            summary.witnessed = size
            break
    waits = _waiting_since(connection, summary.witnessed)
    if waits is not None and witnessing.now - waits > witnessing.lag:
        report.add("quorum_missing", f"{LOG} entry {summary.witnessed}", log=LOG,
                   index=summary.witnessed)  # fmt: skip


def _in_time(
    connection: sqlite3.Connection, report: Report, size: int, found: Sequence[Cosigned]
) -> tuple[Cosigned, ...]:
    """Only cosignatures that are not older than the newest entry they cover."""
    written = _written(connection, size - 1)
    earliest = 0 if written is None else int(written.timestamp()) - TOLERANCE_SECONDS
    for one in found:
        if one.at < earliest:
            place = f"{LOG} checkpoint at {size}"
            report.add("cosignature_time", place, log=LOG, index=size)
    return tuple(one for one in found if one.at >= earliest)


def _written(connection: sqlite3.Connection, index: int) -> datetime | None:
    found = connection.execute(
        "SELECT created_at FROM entry JOIN intent ON intent.id = intent_id "
        "WHERE entry.log = ? AND idx = ?",
        (LOG, index),
    ).fetchone()
    return None if found is None else parse_stamp(found[0])


def _waiting_since(connection: sqlite3.Connection, covered: int) -> datetime | None:
    """When the first public entry was written that no quorum covers; also one without a place."""
    placed = _written(connection, covered)
    if placed is not None:
        return placed
    found = connection.execute(
        "SELECT created_at FROM intent WHERE log = ? AND NOT EXISTS "
        "(SELECT 1 FROM entry WHERE entry.intent_id = intent.id) ORDER BY id LIMIT 1",
        (LOG,),
    ).fetchone()
    return None if found is None else parse_stamp(found[0])


def witnessed_note(connection: sqlite3.Connection, policy: WitnessPolicy, index: int,
                   now: datetime) -> str | None:  # fmt: skip
    """The newest stored checkpoint that covers the entry and has its quorum, or None."""
    rows = connection.execute(
        "SELECT epoch, size, note FROM checkpoint WHERE log = ? AND size > ? AND epoch = "
        "(SELECT max(epoch) FROM checkpoint WHERE log = ?) ORDER BY size DESC",
        (LOG, index, LOG),
    ).fetchall()
    for epoch, size, text in rows:
        note = Note.parse(text)
        whole = Note(note.text, (*note.signatures, *lines_of(connection, LOG, epoch, size)))
        if policy.satisfied({one.key for one in counted(whole, policy, now)}):
            return whole.format()
    return None
