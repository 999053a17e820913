"""Proof files for entries: the bytes that let anyone check one entry without the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, log_of
from commonweal.ledger.events import Log, event_type, invalid
from commonweal.ledger.keychain import keys_for
from commonweal.ledger.merkle import inclusion_proof
from commonweal.ledger.note import Note, VerifierKey
from commonweal.ledger.store import Ledger
from commonweal.ledger.tlogproof import TlogProof


def prove(ledger: Ledger, log: Log, index: int, *, note: str | None = None) -> str:
    """The proof of one entry as a tlog-proof file that carries the entry.

    `note`: a signed checkpoint to prove against; by default the newest one stored.
    Raises `Fault` CW-LEDGER-NOT-PROVABLE if no checkpoint covers the entry.
    """
    with ledger.reading() as connection:
        chosen = note if note is not None else newest_note(connection, log)
        checkpoint = Checkpoint.parse(Note.parse(chosen).text) if chosen else None
        if chosen is None or checkpoint is None or not 0 <= index < checkpoint.size:
            raise Fault(
                "CW-LEDGER-NOT-PROVABLE",
                f"No signed checkpoint covers entry {index} of the {log} log.",
                remedy="Run `commonweal ledger sequence` first.",
            )
        if checkpoint.size > reading.size(connection, log):
            raise Fault("CW-LEDGER-NOT-PROVABLE", "The checkpoint is newer than the ledger.")
        path = inclusion_proof(index, checkpoint.size, reading.block_fetcher(connection, log))
        body = reading.body(connection, log, index)
    return TlogProof(index, tuple(path), chosen, body).format()


def newest_note(connection: Connection, log: Log) -> str | None:
    """The newest signed checkpoint stored for a log, with its witnesses' lines."""
    found = connection.execute(
        "SELECT epoch, size, note FROM checkpoint WHERE log = ? "
        "ORDER BY epoch DESC, size DESC LIMIT 1",
        (log,),
    ).fetchone()
    if found is None:
        return None
    lines = connection.execute(
        "SELECT line FROM cosignature WHERE log = ? AND epoch = ? AND size = ? ORDER BY line",
        (log, found[0], found[1]),
    ).fetchall()
    return str(found[2]) + "".join(line for (line,) in lines)


@dataclass(frozen=True)
class CheckedProof:
    """What a proof file was found to prove: this entry stands at `index` of the log `origin`.

    `signers`: names of the known keys that signed its checkpoint, the log's own first.
    """

    origin: str
    log: Log
    index: int
    size: int
    entry: dict[str, Any]
    signers: tuple[str, ...]


def check_proof(
    text: str | bytes, keys: Iterable[VerifierKey | str], chain: str | bytes | None = None
) -> CheckedProof:
    """Check a proof file that carries its entry, of whichever epoch, with trusted keys alone.

    A key says by its name which logs it may speak for: its own origin, and origins below it.
    `chain`: leads from a trusted key to those after it, and ends what a retired one may sign
    (`keychain.py`).
    Raises `Fault` CW-LEDGER-NOTE-INVALID, CW-LEDGER-SIGNATURE-INVALID, CW-LEDGER-EVENT-INVALID,
    or `ProofError`.
    """
    proof = TlogProof.parse(text)
    trusted = keys_for(proof.note, keys, chain)
    entry = proof.verify_entry(trusted, proof.origin)
    checkpoint, signers = proof.verify(proof.extra or b"", trusted, proof.origin)
    log = log_of(proof.origin)
    if event_type(entry["type"]).log != log:
        raise invalid("The entry stands on a log where it does not belong.")
    names = tuple(key.name for key in signers)
    return CheckedProof(proof.origin, log, proof.index, checkpoint.size, entry, names)
