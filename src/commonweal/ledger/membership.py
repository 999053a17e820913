"""Who is in a release, as a tree of blinded leaves (decision S7).

Format `commonweal/membership/1`:

- label: 32 bytes per person and release. Scheme `hmac-sha256-1`: HMAC-SHA-256(key, label domain ||
  release id || 0x00 || identifier), with the custodian's membership key, which is used for nothing
  else. A label is not a pseudonym: it appears in no release and is shown to its own person only.
  The scheme has a name so that a verifiable random function can take its place.
- leaf: SHA-256(leaf domain || label || nonce), with a fresh random nonce of 32 bytes per person and
  release.
- padding: random 32 bytes, so that the number of leaves is a power of two and at least 4,096.
- order: ascending by leaf. Leaves are random to everybody, so this is a random order of people, and
  it puts the padding anywhere.
- root: RFC 9162 over the leaves, that is leaf hash SHA-256(0x00 || leaf) and node hash
  SHA-256(0x01 || left || right).

A proof holds one person's nonce and path. Siblings are hashes under nonces that nobody else has, so
a guess about another person cannot be checked. What cannot be proved with this tree is absence: it
is a signed paper, `papers.release.StatementOfAbsence`.

The functions here are the reference, over bytes; the vault builds the same in columns.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.fields import KINDS
from commonweal.ledger.merkle import Fetch, inclusion_proof, leaf_hash, node_hash
from commonweal.ledger.proof import ProofError, verify_inclusion

FORMAT = "commonweal/membership/1"
LABEL_SCHEME = "hmac-sha256-1"
LABEL_DOMAIN = b"commonweal/membership/label/1\x00"
LEAF_DOMAIN = b"commonweal/membership/leaf/1\x00"
LABEL_BYTES = 32
NONCE_BYTES = 32
MIN_LEAVES = 4096
MAX_PROOF_BYTES = 16_384


def invalid(sentence: str) -> Fault:
    """The error for a membership proof or list that does not hold."""
    return Fault("CW-LEDGER-MEMBERSHIP-INVALID", sentence)


def label(key: bytes, release: str, identifier: str) -> bytes:
    """The label of a person in a release, by `LABEL_SCHEME`. `key` has 32 bytes."""
    if len(key) != 32:
        raise ValueError("a membership key has 32 bytes")
    message = LABEL_DOMAIN + release.encode() + b"\x00" + identifier.encode()
    return hmac.new(key, message, hashlib.sha256).digest()


def blinded_leaf(person_label: bytes, nonce: bytes) -> bytes:
    """The leaf of one person (32 bytes)."""
    if len(person_label) != LABEL_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("a label and a nonce have 32 bytes each")
    return hashlib.sha256(LEAF_DOMAIN + person_label + nonce).digest()


def tree_size(people: int) -> int:
    """How many leaves a tree for this many people has: a power of two, at least 4,096."""
    if people < 0:
        raise ValueError("there cannot be fewer than no people")
    return max(MIN_LEAVES, 1 << max(people - 1, 0).bit_length())


def padded(leaves: Sequence[bytes]) -> list[bytes]:
    """All leaves of the tree in their order: those of people, and random ones.

    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID if two leaves are equal (a person listed twice).
    """
    padding = os.urandom(32 * (tree_size(len(leaves)) - len(leaves)))
    whole = sorted([*leaves, *(padding[at : at + 32] for at in range(0, len(padding), 32))])
    if any(one == two for one, two in itertools.pairwise(whole)):
        raise invalid("The membership list holds a leaf twice.")
    return whole


class MembershipTree:
    """A tree over all leaves of a list (already padded and in order).

    `leaves`: 32 bytes each, ascending, as many as a power of two, at least 4,096.
    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        count = len(leaves)
        if count < MIN_LEAVES or count & (count - 1):
            raise invalid("The number of leaves of a membership list is not a padded one.")
        if any(len(leaf) != 32 for leaf in leaves):
            raise invalid("A leaf of a membership list does not have 32 bytes.")
        if any(one >= two for one, two in itertools.pairwise(leaves)):
            raise invalid("The leaves of a membership list are not in their order.")
        levels = [[leaf_hash(leaf) for leaf in leaves]]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below), 2)])
        self._leaves = leaves
        self._levels = levels

    @property
    def root(self) -> bytes:
        """The root that goes on the public log."""
        return self._levels[-1][0]

    @property
    def fetch(self) -> Fetch:
        """Access to the tree's nodes, as `merkle` asks for it."""
        return lambda level, index: self._levels[level][index]

    def prove(self, release: str, person_label: bytes, nonce: bytes) -> MembershipProof:
        """The proof for one person. Raises CW-LEDGER-MEMBERSHIP-INVALID if not in the list."""
        leaf = blinded_leaf(person_label, nonce)
        index = _position(self._leaves, leaf)
        if index is None:
            raise invalid("The person is not in this list.")
        path = inclusion_proof(index, len(self._leaves), self.fetch)
        return MembershipProof(release, self.root, index, len(self._leaves), nonce, tuple(path))


def _position(leaves: Sequence[bytes], leaf: bytes) -> int | None:
    at = bisect_left(leaves, leaf)
    return at if at < len(leaves) and leaves[at] == leaf else None


@dataclass(frozen=True)
class MembershipProof:
    """One person's way to the root of a release's list. It holds no label and no pseudonym.

    Whoever checks it must know the person's label, and must find `root` in the release's entry on
    the public log.
    """

    release: str
    root: bytes
    index: int
    size: int
    nonce: bytes
    path: tuple[bytes, ...]

    def canonical(self) -> bytes:
        """The proof as canonical JSON."""
        return canonical({
            "format": FORMAT,
            "label_scheme": LABEL_SCHEME,
            "release": self.release,
            "root": f"sha256:{self.root.hex()}",
            "index": self.index,
            "size": self.size,
            "nonce": self.nonce.hex(),
            "path": [step.hex() for step in self.path],
        })  # fmt: skip

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read a proof. Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID."""
        try:
            found = parse_json(text, "The membership proof", max_bytes=MAX_PROOF_BYTES)
            return cls._from(found)
        except CommonwealError as error:
            if error.code == "CW-LEDGER-MEMBERSHIP-INVALID":
                raise
            raise invalid("The membership proof is not a readable JSON document.") from error

    @classmethod
    def _from(cls, found: Any) -> Self:
        keys = {"format", "label_scheme", "release", "root", "index", "size", "nonce", "path"}
        if not isinstance(found, dict) or found.keys() != keys:
            raise invalid("The membership proof does not have the fields that it must have.")
        if found["format"] != FORMAT or found["label_scheme"] != LABEL_SCHEME:
            raise invalid("The membership proof is of a form that is not known here.")
        if not KINDS["release"][0](found["release"]) or not KINDS["hash"][0](found["root"]):
            raise invalid("The membership proof names no release or no root.")
        if not KINDS["number"][0](found["index"]) or not KINDS["number"][0](found["size"]):
            raise invalid("The place in the membership proof is not a number.")
        if not isinstance(found["path"], list) or len(found["path"]) > 63:
            raise invalid("The path of the membership proof is not a list of hashes.")
        return cls(
            found["release"],
            bytes.fromhex(found["root"].removeprefix("sha256:")),
            found["index"],
            found["size"],
            _hex(found["nonce"]),
            tuple(_hex(step) for step in found["path"]),
        )

    def verify(self, person_label: bytes, root: bytes) -> None:
        """Check that the person is in the list whose root is on the public log as `root`.

        Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID.
        """
        if self.root != root:
            raise invalid("The proof is for another list than the one on the log.")
        if self.size < MIN_LEAVES or self.size & (self.size - 1):
            raise invalid("The size in the proof is not that of a membership list.")
        if len(person_label) != LABEL_BYTES or len(self.nonce) != NONCE_BYTES:
            raise invalid("A label and a nonce have 32 bytes each.")
        leaf = leaf_hash(blinded_leaf(person_label, self.nonce))
        try:
            verify_inclusion(self.index, self.size, leaf, self.path, root)
        except ProofError as error:
            raise invalid("The proof does not show that this person is in the list.") from error


def _hex(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise invalid("The membership proof holds a value that is not 64 hexadecimal digits.")
    return bytes.fromhex(value)
