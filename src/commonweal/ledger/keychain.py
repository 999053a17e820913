"""Following a log from one key to the next, by proof (`ledger keys`).

A chain is a JSON text: `{"format": "commonweal/key-chain/1", "proofs": [...]}`. Each proof is a
`tlog-proof` of one entry `ledger.key_added` or `ledger.key_retired` of the public log, in their
order. Whoever holds a key that was ever in use reads the chain from there:

1. the checkpoint of each proof is signed with a key that they trust at its size;
2. `key_added` at index i makes its key good for checkpoints of more than i entries;
3. `key_retired` at index i ends its key: it is good for checkpoints of at most i entries, and the
   proof of that is signed with another.

So the chain itself need not be trusted, and a stolen key that was retired makes no new checkpoint.
A checkpoint of the sealed log counts only by a key that was not retired: its size says nothing
about the public log's.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, log_of, open_checkpoint
from commonweal.ledger.entry import read_entry
from commonweal.ledger.log_keys import ADDED, EVENTS, log_key_order, raw_key
from commonweal.ledger.merkle import inclusion_proof, leaf_hash
from commonweal.ledger.note import ED25519, Note, VerifierKey
from commonweal.ledger.proof import MAX_SIZE, verify_inclusion
from commonweal.ledger.tlogproof import TlogProof

FORMAT = "commonweal/key-chain/1"
MAX_BYTES = 4 * 1024 * 1024
MAX_PROOFS = 1000


def invalid(sentence: str) -> Fault:
    """The error for a chain that does not lead from one key to the next."""
    return Fault("CW-LEDGER-CHAIN-INVALID", sentence)


@dataclass(frozen=True)
class KnownKey:
    """A key of a log and the sizes of checkpoints that it may sign: `begins` to `ends`."""

    key: VerifierKey
    begins: int = 0
    ends: int = MAX_SIZE


class KeyChain:
    """The keys of one ledger that a reader trusts, each for its sizes.

    A key is named by the base of the origins, or by one log's whole origin: then it speaks for that
    log only, and a chain can still be read with it.
    """

    def __init__(self, keys: Iterable[VerifierKey | str]) -> None:
        parsed = [VerifierKey.parse(key) if isinstance(key, str) else key for key in keys]
        own = [key for key in parsed if key.kind == ED25519]
        self._names = {key.name for key in own}
        public = dict.fromkeys(key.named(_base(key.name)) for key in own)
        self.known = [KnownKey(key) for key in public]
        self._last = -1

    def follow(self, text: str | bytes) -> KeyChain:
        """Take in a chain. Raises `Fault` CW-LEDGER-CHAIN-INVALID and those of its proofs.

        A chain that begins before the trusted key was in use is read from where that key is named.
        """
        proofs = [_read(one) for one in _proofs(text)]
        for number, one in enumerate(proofs):
            if not self._signed(one) and any(self._names_known(later) for later in proofs[number:]):
                continue
            self._take(one)
        return self

    def _signed(self, one: _Step) -> bool:
        """True if a key that is trusted at its size has a line under the proof's checkpoint."""
        keys = [key.named(one.proof.origin) for key in self._at(one.point)]
        lines = {(line.name, line.key_id) for line in one.note.signatures}
        return any((key.name, key.key_id) in lines for key in keys)

    def _names_known(self, one: _Step) -> bool:
        return one.adds and self._place(one.key) is not None

    def _take(self, one: _Step) -> None:
        proof = one.proof
        point, _ = open_checkpoint(one.note, self._at(one.point), proof.origin)
        verify_inclusion(proof.index, point.size, leaf_hash(one.body), proof.hashes, point.root)
        if proof.index <= self._last:
            raise invalid("The proofs of the chain are not in order.")
        self._last = proof.index
        place = self._place(one.key)
        if one.adds:
            if place is None:
                key = VerifierKey(_base(proof.origin), ED25519, one.key)
                self.known.append(KnownKey(key, proof.index + 1))
        elif place is not None:
            held = self.known[place]
            if held.ends != MAX_SIZE or len(self.newest()) < 2:
                raise invalid("The chain retires a key twice, or the last one.")
            self.known[place] = KnownKey(held.key, held.begins, proof.index)
            # By another key than the one that goes: its checkpoint is larger than that may sign.
            open_checkpoint(one.note, self._at(one.point), proof.origin)

    def _place(self, public: bytes) -> int | None:
        found = [n for n, one in enumerate(self.known) if one.key.public == public]
        return found[0] if found else None

    def _at(self, point: Checkpoint) -> list[VerifierKey]:
        if log_of(point.origin) == "sealed":
            return self.newest()
        return [one.key for one in self.known if one.begins <= point.size <= one.ends]

    def newest(self) -> list[VerifierKey]:
        """The keys that are in use at the end of the chain."""
        return [one.key for one in self.known if one.ends == MAX_SIZE]

    def at(self, point: Checkpoint) -> list[VerifierKey]:
        """The keys that may sign this checkpoint."""
        origin = point.origin
        speaks = any(origin == name or origin.startswith(f"{name}/") for name in self._names)
        return self._at(point) if speaks else []


@dataclass(frozen=True)
class _Step:
    """One proof of a chain, read and not yet believed."""

    proof: TlogProof
    note: Note
    point: Checkpoint
    body: bytes
    key: bytes
    adds: bool


def _read(text: str) -> _Step:
    proof = TlogProof.parse(text)
    body = proof.extra or b""
    entry = read_entry(body)
    if log_of(proof.origin) != "public" or entry["type"] not in EVENTS:
        raise invalid("A proof of the chain is not about a key of the public log.")
    note = Note.parse(proof.note)
    point = Checkpoint.parse(note.text)
    return _Step(proof, note, point, body, raw_key(entry["public_key"]), entry["type"] == ADDED)


def _base(name: str) -> str:
    """The base of an origin, or the name itself."""
    return re.sub(r"/(public|sealed)(/[1-9][0-9]{0,8})?\Z", "", name)


def keys_for(
    note: str | bytes, keys: Iterable[VerifierKey | str], chain: str | bytes | None
) -> list[VerifierKey]:
    """The trusted keys by which a checkpoint may be checked: all, or those that the chain leaves.

    Keys of witnesses stay. Raises as `KeyChain.follow`.
    """
    parsed = [VerifierKey.parse(key) if isinstance(key, str) else key for key in keys]
    if chain is None:
        return parsed
    point = Checkpoint.parse(Note.parse(note).text)
    known = KeyChain(parsed).follow(chain).at(point)
    return [*known, *(key for key in parsed if key.kind != ED25519)]


def _proofs(text: str | bytes) -> list[str]:
    try:
        plain = parse_json(text, "The chain of keys", max_bytes=MAX_BYTES)
    except CommonwealError as error:
        raise invalid("The chain of keys does not have its form.") from error
    if not isinstance(plain, dict) or plain.keys() != {"format", "proofs"}:
        raise invalid("The chain of keys does not have its form.")
    proofs = plain["proofs"]
    if plain["format"] != FORMAT or not isinstance(proofs, list) or len(proofs) > MAX_PROOFS:
        raise invalid("The chain of keys does not have its form.")
    if not all(isinstance(proof, str) for proof in proofs):
        raise invalid("The chain of keys does not have its form.")
    return proofs


# --- making one -----------------------------------------------------------------------------


def make_chain(connection: sqlite3.Connection) -> str:
    """The chain of this ledger's keys, from its first to those in use now.

    Raises `Fault` CW-LEDGER-NOT-PROVABLE where an entry is not yet covered as it must be.
    """
    order = log_key_order(connection)
    events = [*order.added.items(), *order.retired.items()]
    wanted = [(intent, key) for key, intent in events]
    proofs = [_proof(connection, intent, key) for intent, key in sorted(wanted)]
    return canonical({"format": FORMAT, "proofs": proofs}).decode() + "\n"


def _proof(connection: sqlite3.Connection, intent: int, key: bytes) -> str:
    """The proof of one entry by the first checkpoint over it that the key before it signed."""
    place = reading.place(connection, intent)
    index = -1 if place is None else place[1]
    rows = connection.execute(
        "SELECT size, note FROM checkpoint WHERE log = 'public' AND size > ? "
        "ORDER BY size, epoch DESC",
        (index,),
    )
    for size, text in rows if place is not None else ():
        signed = {(one.name, one.key_id) for one in Note.parse(text).signatures}
        origin = Checkpoint.parse(Note.parse(text).text).origin
        own = VerifierKey(origin, ED25519, key)
        others = len(signed - {(own.name, own.key_id)})
        if others:
            path = inclusion_proof(index, size, reading.fetcher(connection, "public"))
            body = reading.body(connection, "public", index)
            return TlogProof(index, tuple(path), text, body).format()
    raise Fault(
        "CW-LEDGER-NOT-PROVABLE",
        "A change of the log's key is not covered by a signed checkpoint yet.",
        remedy="Run `commonweal ledger sequence` first.",
    )
