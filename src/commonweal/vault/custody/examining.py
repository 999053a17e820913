"""Verifying the ledger of a home, and giving its public log to anyone.

Verification opens neither the ledger nor the trust policy for use, so that a damaged ledger is
reported and not merely refused. The signer's memory in the root store shows an end that was cut
off, and checkpoints that were taken away. An export holds the public log only: its entries, one
signed checkpoint and the key's name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import Clock, SystemClock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes, staged_folder, translated, write_atomic
from commonweal.ledger.checkpoint import Checkpoint, open_checkpoint
from commonweal.ledger.entry import read_entry
from commonweal.ledger.events import LOGS, Log
from commonweal.ledger.keychain import keys_for
from commonweal.ledger.memory import Signed, SignerMemory
from commonweal.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from commonweal.ledger.note import Note, VerifierKey
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.proving import newest_note
from commonweal.ledger.quorum import LAG, Witnessing, require_quorum
from commonweal.ledger.report import Report
from commonweal.ledger.snapshot import open_snapshot
from commonweal.ledger.tiles import TILE, check_tiles
from commonweal.ledger.verify import verify
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_history import TrustHistory
from commonweal.vault.custody.holding import (
    Custody,
    base_of,
    ledger_keys_of,
    opened_home,
)
from commonweal.vault.custody.policies import load_history, unopened_first
from commonweal.vault.custody.witnesses import witnesses_of
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring

ENTRIES = "entries.jsonl"
CHECKPOINT = "checkpoint"
KEY = "ledger.vkey"
_MAX_NOTE = 100_000


def verify_ledger(
    path: Path,
    clock: Clock,
    *,
    root_store: Path | None = None,
    policy: WitnessPolicy | None = None,
) -> Report:
    """Recompute the ledger of the home in `path`; see `commonweal.ledger.verify`.

    `policy`: witnesses that must have signed, in place of those that the trust policy names.
    Raises `Fault` CW-HOME-MISSING or CW-LEDGER-MISSING, `Unavailable` CW-KEY-UNAVAILABLE.
    """
    home = opened_home(path, root_store)
    keyring = Keyring.open(home, clock)

    def opener(key_id: str) -> bytes | None:
        try:
            return keyring.secret_of(key_id).use()
        except CommonwealError:
            return None

    history = _unopened(home, keyring)
    named = (
        [key for one in history.versions for key in one.policy.log_keys or ()] if history else []
    )
    trust = history.in_force(clock.now()) if history else None
    memory = SignerMemory(home.root_store / "signer")
    notes = {log: memory.note(log) for log in LOGS}
    journals = {log: _journal(memory, log) for log in LOGS}
    report = verify(
        home.ledger_database,
        vkeys=ledger_keys_of(home, keyring, named),
        origin=base_of(home),
        known=[note.decode("utf-8", "replace") for note in notes.values() if note is not None],
        journals={log: journal for log, journal in journals.items() if journal is not None},
        opener=opener,
        witnessing=_witnessing(trust, policy, clock),
    )
    for log in LOGS:
        if notes[log] is None or journals[log] is None:
            report.add("memory_missing", f"{log} log", log=log)
    return report


def _unopened(home: Home, keyring: Keyring) -> TrustHistory | None:
    """The trust policy before the ledger is believed; as far as it can be read.

    Whoever changed it is found afterwards, by holding it against a ledger that was found whole.
    """
    try:
        with open_snapshot(home.ledger_database) as connection:
            return load_history(home, connection, keyring.fence.read().policies)
    except (CommonwealError, sqlite3.Error, AttributeError, LookupError, TypeError, ValueError):
        pass
    try:
        return TrustHistory.of(unopened_first(home), home.info.created_at)
    except CommonwealError:
        return None


def _witnessing(
    trust: TrustPolicy | None, policy: WitnessPolicy | None, clock: Clock
) -> Witnessing | None:
    if policy is not None:
        return Witnessing(policy, clock.now(), LAG)
    found = witnesses_of(trust) if trust is not None else None
    return None if found is None else Witnessing(found[0], clock.now(), found[1])


def _journal(memory: SignerMemory, log: Log) -> tuple[Signed, ...] | None:
    try:
        return memory.journal(log)
    except CommonwealError:
        return None


def export_public(custody: Custody, folder: Path) -> dict[str, Any]:
    """Write the signed part of the public log to the new folder `folder`, whole or not at all.

    Raises `Fault` CW-FILE-EXISTS or CW-LEDGER-NOT-PROVABLE (nothing was signed yet).
    """
    with custody.ledger.reading() as connection:
        note = newest_note(connection, "public")
        if note is None:
            raise Fault("CW-LEDGER-NOT-PROVABLE", "The public log was never signed.")
        size = Checkpoint.parse(Note.parse(note).text).size
        rows = connection.execute(
            "SELECT body FROM entry JOIN intent ON intent.id = intent_id "
            "WHERE entry.log = 'public' AND idx < ? ORDER BY idx",
            (size,),
        )
        with staged_folder(folder) as staging:
            with translated(ENTRIES), (staging / ENTRIES).open("xb") as sink:
                for (body,) in rows:
                    sink.write(body + b"\n")
            write_atomic(staging / CHECKPOINT, note.encode())
            key = custody.ledger_keys_in_use[-1]
            write_atomic(staging / KEY, f"{key}\n".encode())
    return {"entries": size, "origin": custody.origin("public"), "key": str(key)}


def check_export(
    folder: Path,
    keys: Sequence[str | VerifierKey],
    policy: WitnessPolicy | None = None,
    clock: Clock | None = None,
    chain: bytes | None = None,
) -> dict[str, Any]:
    """Check an exported public log, entries or tiles, with trusted keys alone.

    `chain`: leads from a trusted key to those after it.
    With `policy` its logs' keys are trusted too, and its quorum must have signed by `clock`.

    Raises `Fault` CW-LEDGER-PROOF-INVALID (the entries are not those that were signed),
    CW-LEDGER-NOTE-INVALID, CW-LEDGER-SIGNATURE-INVALID, CW-LEDGER-EVENT-INVALID, CW-FILE-MISSING.
    """
    given = [*keys, *(policy.logs + policy.keys if policy is not None else ())]
    note = read_bytes(folder / CHECKPOINT, "The checkpoint", limit=_MAX_NOTE)
    trusted = keys_for(note, given, chain)
    origin = Checkpoint.parse(Note.parse(note).text).origin
    checkpoint, signers = open_checkpoint(note, trusted, origin)
    if policy is not None:
        require_quorum(Note.parse(note), policy, (clock or SystemClock()).now())
    if (folder / TILE).is_dir():
        check_tiles(folder, trusted, read_entry)
        return _checked(checkpoint, signers)
    frontier = Frontier()
    with translated(ENTRIES), (folder / ENTRIES).open("rb") as stream:
        for line in stream:
            body = line.removesuffix(b"\n")
            read_entry(body)
            frontier.append(leaf_hash(body))
    root = frontier.root() if frontier.size else EMPTY_ROOT
    if frontier.size != checkpoint.size or root != checkpoint.root:
        raise Fault(
            "CW-LEDGER-PROOF-INVALID",
            f"The {frontier.size:,} entries are not the {checkpoint.size:,} that were signed.",
        )
    return _checked(checkpoint, signers)


def exported_entries(folder: Path) -> list[tuple[int, dict[str, Any]]]:
    """The entries of an exported public log with their places, once `check_export` found it whole.

    Raises `Fault` CW-FILE-MISSING (it is there as tiles), CW-LEDGER-EVENT-INVALID.
    """
    with translated(ENTRIES), (folder / ENTRIES).open("rb") as stream:
        return [(i, read_entry(line.removesuffix(b"\n"))) for i, line in enumerate(stream)]


def _checked(checkpoint: Checkpoint, signers: Sequence[VerifierKey]) -> dict[str, Any]:
    return {
        "entries": checkpoint.size,
        "origin": checkpoint.origin,
        "root": f"sha256:{checkpoint.root.hex()}",
        "signers": [key.name for key in signers],
    }
