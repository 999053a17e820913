"""The signer of checkpoints, and its memory (decision S17).

A log must never sign two trees that do not continue each other. So the signer keeps the last
checkpoint it signed in a file of its own (`memory.py`), and before it signs again it
1. takes the old tree's right edge from the database and checks that it has the root it signed,
2. follows the log entry by entry from there, hashing the bodies itself,
3. checks that the stored subtrees give the same root and a valid consistency proof.
A database that was put back or rewritten is refused. After a return to an older copy the ledger
begins a new epoch with a public entry that names the last checkpoint; only then, and under a new
origin, does the signer go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from sqlite3 import Connection

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import only_one
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, epoch_of, open_checkpoint, origin_of
from commonweal.ledger.entry import read_entry
from commonweal.ledger.events import LOGS, Log
from commonweal.ledger.memory import Signed, SignerMemory
from commonweal.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    frontier_at,
    leaf_hash,
)
from commonweal.ledger.note import Ed25519Signer, Note, SigningKey, VerifierKey
from commonweal.ledger.proof import ProofError, verify_consistency
from commonweal.ledger.schema import translated
from commonweal.ledger.store import Ledger


class CheckpointSigner:
    """Signs the checkpoints of both logs of one ledger.

    Parameters
    ----------
    base: the first part of every origin, for example `ledger.trust.example/commonweal`.
    signer: signs with the ledger's key, which stays with its holder.
    memory: the folder of `SignerMemory`, outside the ledger's.
    also: signers of further keys, while one takes another's place.
    known: keys that signed before and are needed to read what was remembered.
    """

    def __init__(
        self,
        base: str,
        signer: Ed25519Signer,
        memory: Path,
        *,
        also: Sequence[Ed25519Signer] = (),
        known: Iterable[VerifierKey] = (),
    ) -> None:
        self.base = base
        self.memory = SignerMemory(memory)
        self._signers = (signer, *also)
        own = [SigningKey(base, one).verifier for one in self._signers]
        self._known = (*own, *(key for key in known if key not in own))
        self.vkey: VerifierKey = SigningKey(base, signer).verifier
        """The one key to hand out: named by the base, it stands for every origin below it."""

    def __repr__(self) -> str:
        return f"CheckpointSigner({self.base!r}, hidden)"

    def sign(self, ledger: Ledger, log: Log) -> str:
        """Sign the log as it stands and store the checkpoint; returns the signed note.

        The memory is on the disk before the note is anywhere else. A log that has not grown gets
        the note it has. Raises `Fault` CW-LEDGER-REWOUND or CW-LEDGER-BROKEN.
        """
        self.memory.prepare()
        with only_one(self.memory.lock(log), "the signing of checkpoints"):
            with ledger.reading() as connection:
                checkpoint = self._examine(connection, log)
            # The last one may have been remembered and not stored when a process died.
            before = self.memory.note(log)
            if before is None and self.memory.journal(log) is None:
                # So that from the first note on a journal that is not there was taken away.
                self.memory.begin_journal(log, ())
            note = self._signed(checkpoint, before)
            if before is not None and before.decode() != note:
                self._store(ledger, log, before.decode(), checkpoint.origin)
            self.memory.remember(log, note)
            self._store(ledger, log, note, checkpoint.origin)
        return note

    def _signed(self, checkpoint: Checkpoint, before: bytes | None) -> str:
        """The note over a checkpoint: the one that was signed already, or a new one."""
        text = checkpoint.text()
        if before is not None and before.decode().startswith(f"{text}\n"):
            return before.decode()
        notes = [SigningKey(checkpoint.origin, one).sign(text) for one in self._signers]
        return Note(text, tuple(line for note in notes for line in note.signatures)).format()

    def _store(self, ledger: Ledger, log: Log, note: str, origin: str) -> None:
        """Put a note of the present epoch into the database, and then into the journal."""
        point = Checkpoint.parse(Note.parse(note).text)
        if point.origin != origin:
            return
        signed = Signed(epoch_of(origin), point.size, point.root)
        with ledger.exclusive() as connection, translated():
            connection.execute(
                "INSERT INTO checkpoint (log, epoch, size, root, note) "
                "SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM checkpoint "
                "WHERE log = ?1 AND epoch = ?2 AND size = ?3)",
                (log, signed.epoch, signed.size, signed.root, note),
            )
        newest = self.memory.newest(log)
        if newest is None or newest.epoch != signed.epoch:
            # The first note, or a return to an older ledger: what was lost since is not asked for.
            with ledger.reading() as connection:
                self.memory.begin_journal(log, _stored(connection, log))
        self.memory.record(log, signed)

    def sign_all(self, ledger: Ledger) -> dict[Log, str]:
        """Sign both logs."""
        return {log: self.sign(ledger, log) for log in LOGS}

    def last(self, log: Log) -> Checkpoint | None:
        """The last checkpoint this signer signed for a log, or None.

        Raises `Fault` CW-LEDGER-NOTE-INVALID or CW-LEDGER-SIGNATURE-INVALID if its file was
        changed.
        """
        note = self.memory.note(log)
        if note is None:
            return None
        origin = note.partition(b"\n")[0].decode("utf-8", "replace")
        own = f"{self.base}/{log}"
        if origin != own and not origin.startswith(f"{own}/"):
            raise _rewound(log, "the signer's memory belongs to another log")
        return open_checkpoint(note, self._known, origin)[0]

    def _examine(self, connection: Connection, log: Log) -> Checkpoint:
        """The checkpoint that may be signed now, or an error."""
        origin = origin_of(self.base, log, reading.epoch(connection))
        size = reading.size(connection, log)
        start = self._start(connection, log, origin, size)
        checkpoint = Checkpoint(origin, size, _follow(connection, log, start, size))
        if reading.root(connection, log) != checkpoint.root:
            raise _rewound(log, "its stored subtrees are not those of its entries")
        return checkpoint

    def _start(self, connection: Connection, log: Log, origin: str, size: int) -> Frontier:
        """The frontier to follow the log from: that of the last tree signed."""
        last = self.last(log)
        if last is None:
            if _stored(connection, log):
                raise _rewound(log, "it was signed before, and its signer has forgotten that")
            return Frontier()
        if last.origin != origin:
            self._check_epoch(connection, log, last)
            return Frontier()
        self._require_journal(connection, log)
        if size < last.size:
            raise _rewound(log, f"it has {size} entries and {last.size} were signed")
        if last.size == 0:
            return Frontier()
        fetch = reading.fetcher(connection, log)
        frontier = frontier_at(last.size, fetch)
        if frontier.root() != last.root:
            raise _rewound(log, f"its first {last.size} entries are not those that were signed")
        try:
            verify_consistency(
                last.size,
                size,
                last.root,
                reading.root(connection, log),
                consistency_proof(last.size, size, fetch),
            )
        except ProofError as error:
            raise _rewound(log, "its tree does not continue the one that was signed") from error
        return frontier

    def _require_journal(self, connection: Connection, log: Log) -> None:
        """Within an epoch the journal is never made anew, or nobody would see what it lost."""
        journal = self.memory.journal(log)
        # Cut off before its first line, the first note is remembered and at most itself stored.
        if journal is None or (not journal and len(_stored(connection, log)) > 1):
            raise _rewound(log, "it was signed before, and its signer's journal is gone")

    def _check_epoch(self, connection: Connection, log: Log, last: Checkpoint) -> None:
        """A new epoch is signed only if its first entry names the last checkpoint signed."""
        found = connection.execute(
            "SELECT body FROM epoch JOIN intent ON intent.id = intent_id "
            "ORDER BY number DESC LIMIT 1"
        ).fetchone()
        entry = read_entry(found[0]) if found is not None else {}
        if entry.get(f"{log}_root") != f"sha256:{last.root.hex()}":
            raise _rewound(log, "no new epoch was begun from the last checkpoint")
        placed = connection.execute(
            "SELECT 1 FROM epoch JOIN entry ON entry.intent_id = epoch.intent_id WHERE number = ?",
            (entry.get("epoch"),),
        ).fetchone()
        if placed is None:
            raise _rewound(log, "its new epoch is not yet on the public log")


def _stored(connection: Connection, log: Log) -> list[Signed]:
    """The checkpoints in the database, oldest first."""
    rows = connection.execute(
        "SELECT epoch, size, root FROM checkpoint WHERE log = ? ORDER BY epoch, size", (log,)
    )
    return [Signed(*row) for row in rows]


def _follow(connection: Connection, log: Log, frontier: Frontier, size: int) -> bytes:
    """The root after all entries from the frontier up to `size`, hashed from their bodies."""
    rows = connection.execute(
        "SELECT idx, intent.log, body, leaf_hash FROM entry JOIN intent ON intent.id = intent_id "
        "WHERE entry.log = ? AND idx >= ? ORDER BY idx",
        (log, frontier.size),
    )
    for index, intent_log, body, stored in rows:
        if index != frontier.size or intent_log != log:
            raise _rewound(log, f"entry {frontier.size} is not in its place")
        try:
            read_entry(body)
        except CommonwealError as error:
            raise _rewound(log, f"entry {index} is not an entry of the closed list") from error
        leaf = leaf_hash(body)
        made = frontier.append(leaf)
        if stored != leaf or any(
            reading.node(connection, log, level, at) != node for level, at, node in made
        ):
            raise _rewound(log, f"entry {index} is not what its stored hashes say")
    if frontier.size != size:
        raise _rewound(log, f"entry {frontier.size} is not in its place")
    return frontier.root() if size else EMPTY_ROOT


def _rewound(log: Log, why: str) -> Fault:
    return Fault(
        "CW-LEDGER-REWOUND",
        f"The {log} log was not signed: {why}.",
        remedy="Run `commonweal ledger verify`; after a restore, begin a new epoch.",
    )
