"""The membership list of a release, built in columns and in blocks (S7).

The format is `commonweal.ledger.membership`; its functions over bytes are the oracle in the tests.
What is kept, sealed, beside the release: one row a person with label and nonce, then all leaves in
order. The root alone goes on the log.

However many people there are, only a block of them is in memory here: leaves are drawn and hashed
block by block, wait in the engine (which spills, encrypted), come back in the order of their first
bits, and each block of them leaves only the root of its part of the tree behind.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.foundation.files import ByteSink
from commonweal.ledger import membership as format_
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import order_of
from commonweal.vault.release.membership_index import (
    CHUNK_BYTES,
    LABEL,
    LEVEL,
    NAME,
    IndexWriter,
    byte_rows,
    fixed,
    starts_of,
)
from commonweal.vault.release.writing import SealedFolder, Written
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.parquet import SinkFile

_LEAF = b"\x00"
_NODE = b"\x01"
_AT_ONCE = 65_536
_BLOCK = 1 << 20
_WAITING = 32 + LABEL + format_.NONCE_BYTES
_SCHEMA = pa.schema([(name, pa.binary(32)) for name in ("leaf", "label", "nonce")])


@dataclass(frozen=True)
class MembershipList:
    """A list that was written: its sealed file and index, the root, and how many `people`
    and `leaves`."""

    written: Written
    index: Written
    root: bytes
    people: int
    leaves: int


def write_membership(
    engine: Engine,
    people: pa.ChunkedArray,
    key: Secret,
    folder: SealedFolder,
    *,
    block: int = _BLOCK,
) -> MembershipList:
    """Write the list of `people` (their keys as text) for the folder's release as `membership`.

    Each person's nonce and each padding leaf is fresh from the operating system. `block`: how many
    leaves are in memory at once; a power of two. Rows stand in the order of `people`.
    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID if two leaves are equal.
    """
    hashing = _Labels(key, folder.release)
    making = _Making(engine, people, hashing, format_.tree_size(len(people)), block)
    index = folder.write_stream(NAME, lambda sink: making.write(folder, sink), CHUNK_BYTES)
    return MembershipList(making.written, index, making.root, len(people), making.size)


@dataclass
class _Making:
    """One list being written. `size`: how many leaves, a power of two."""

    engine: Engine
    people: pa.ChunkedArray
    hashing: _Labels
    size: int
    block: int
    waiting: list[ops.Table] = field(default_factory=list)
    written: Written = field(init=False)
    root: bytes = b""

    def write(self, folder: SealedFolder, sink: ByteSink) -> int:
        """Write the list as `membership` and its index into `sink`; returns how many people."""
        level = min(LEVEL, min(self.size, self.block).bit_length() - 1)
        index = IndexWriter(
            self.engine, sink, len(self.people), self.size, self._parts, level=level
        )
        try:
            self.written = folder.write_stream("membership", lambda rows: self._rows(rows, index))
            above = _above(index.tops())
            self.root = above[-1][0].tobytes()
            index.finish(above)
        finally:
            index.forget()
            for table in self.waiting:
                self.engine.forget(table.get_name())
        return len(self.people)

    def _rows(self, sink: ByteSink, index: IndexWriter) -> int:
        """Write all rows as Parquet into `sink`, and leaves and nodes into the index."""
        with pq.ParquetWriter(
            SinkFile(sink), _SCHEMA, compression="none", use_dictionary=False
        ) as writer:
            for start in range(0, len(self.people), self.block):
                labels = self.hashing.of(self.people.slice(start, self.block))
                nonces = _random_rows(len(labels), format_.NONCE_BYTES)
                writer.write_table(_rows(len(labels), label=labels, nonce=nonces))
                leaves = _hashed(format_.LEAF_DOMAIN, labels, nonces)
                self._wait(np.concatenate([leaves, labels, nonces], axis=1))
            for start in range(len(self.people), self.size, self.block):
                padding = _random_rows(min(self.block, self.size - start), 32)
                nobody = np.zeros((len(padding), LABEL + format_.NONCE_BYTES), np.uint8)
                self._wait(np.concatenate([padding, nobody], axis=1))
            tree = _Tree(1 << index.level, index)
            for rows in self._in_order():
                leaves = np.ascontiguousarray(rows[:, :32])
                writer.write_table(_rows(len(leaves), leaf=leaves))
                index.add(leaves, rows[:, 32:])
                tree.add(leaves)
            tree.end()
        return len(self.people)

    @property
    def _parts(self) -> int:
        return max(1, self.size // self.block)

    def _wait(self, rows: np.ndarray) -> None:
        """Leave leaves, each before what it was made of, with the number of its part."""
        part = starts_of(rows) * self._parts >> 32
        data = pa.table({"part": part, "row": fixed(rows).cast(pa.binary())})
        name = self.engine.fresh("leaves")
        self.waiting.append(self.engine.load(name, data, {"part": "integer", "row": "code"}))

    def _in_order(self) -> Iterator[np.ndarray]:
        every = ops.union(*self.waiting)
        for part in range(self._parts):
            mine = ops.compare(every["part"], "eq", ops.constant(part, "integer"))
            some = ops.select(ops.keep_where(every, mine), ["row"])
            rows = byte_rows(self.engine.arrow(some).column("row"), _WAITING)
            rows = rows[order_of(rows[:, :32])]
            leaves = rows[:, :32]
            if len(leaves) > 1 and np.any(np.all(leaves[1:] == leaves[:-1], axis=1)):
                raise format_.invalid("The membership list holds a leaf twice.")
            yield rows


@dataclass
class _Tree:
    """Nodes over leaves that come in order. `width`: leaves under one node, a power of two."""

    width: int
    index: IndexWriter
    _rest: np.ndarray = field(default_factory=lambda: np.empty((0, 32), np.uint8))

    def add(self, leaves: np.ndarray) -> None:
        """The next leaves, any number of them."""
        held = np.concatenate([self._rest, leaves])
        whole = len(held) // self.width * self.width
        if whole:
            nodes = _hashed(_LEAF, held[:whole])
            while len(nodes) * self.width > whole:
                nodes = _hashed(_NODE, nodes.reshape(-1, 64))
            self.index.add_nodes(nodes)
        self._rest = held[whole:]

    def end(self) -> None:
        """All leaves were added."""
        if len(self._rest):
            raise ValueError("the leaves of a membership list are not all there")


def levels(leaves: np.ndarray) -> list[np.ndarray]:
    """Every level of the RFC 9162 tree over a power of two of leaves, the root last."""
    return _above(_hashed(_LEAF, leaves))


def _above(nodes: np.ndarray) -> list[np.ndarray]:
    made = [nodes]
    while len(made[-1]) > 1:
        made.append(_hashed(_NODE, made[-1].reshape(-1, 64)))
    return made


def listed(stored: bytes, key: Secret, release: str, identifiers: Sequence[str]) -> tuple[str, ...]:
    """Which of `identifiers` stand in a stored list, in their order."""
    asked = [format_.label(key.use(), release, identifier) for identifier in identifiers]
    wanted = pa.array(asked, pa.binary(32))
    found: set[bytes] = set()
    for batch in _file(stored).iter_batches(_BLOCK, columns=["label"]):
        there = pc.is_in(wanted, value_set=batch.column(0).drop_null())
        found.update(wanted.filter(there).to_pylist())
    return tuple(name for name, mine in zip(identifiers, asked, strict=True) if mine in found)


def prove(
    stored: bytes,
    key: Secret,
    release: str,
    identifier: str,
    *,
    block: int = _BLOCK,
) -> format_.MembershipProof:
    """The proof for one person from a stored list, with one block of the tree in memory at a time.

    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID where the person is not in the list.
    """
    return prove_label(stored, format_.label(key.use(), release, identifier), release, block=block)


def prove_label(
    stored: bytes, mine: bytes, release: str, *, block: int = _BLOCK
) -> format_.MembershipProof:
    """The same for whoever has the label `mine` in this release. Raises as `prove`."""
    nonce = _nonce_of(stored, mine)
    leaf = np.frombuffer(format_.blinded_leaf(mine, nonce), np.uint8)
    tops: list[np.ndarray] = []
    path: list[bytes] = []
    index, size = 0, 0
    for leaves in _leaf_blocks(stored, block):
        part = levels(leaves)
        place = np.flatnonzero(np.all(leaves == leaf, axis=1))
        if len(place):
            index, path = size + int(place[0]), _siblings(part, int(place[0]))
        tops.append(part[-1])
        size += len(leaves)
    if not path:
        raise format_.invalid("The membership list does not hold the leaf of this person.")
    upper = _above(np.concatenate(tops))
    whole = (*path, *_siblings(upper, index * len(tops) // size))
    return format_.MembershipProof(release, upper[-1].tobytes(), index, size, nonce, whole)


def _file(stored: bytes) -> pq.ParquetFile:
    return pq.ParquetFile(pa.BufferReader(stored))


def _nonce_of(stored: bytes, label: bytes) -> bytes:
    wanted = pa.scalar(label, pa.binary(32))
    found = None
    # Read to its end, also where it was found: how long it takes says nothing of a place in it.
    for batch in _file(stored).iter_batches(_BLOCK, columns=["label", "nonce"]):
        place = pc.index(batch.column(0), wanted).as_py()
        if place >= 0:
            found = bytes(batch.column(1)[place].as_py())
    if found is None:
        raise format_.invalid("The person is not in this list.")
    return found


def has_label(stored: bytes, mine: bytes) -> bool:
    """Whether somebody has the label `mine` in a stored list; it is read to its end."""
    wanted, found = pa.scalar(mine, pa.binary(32)), False
    for batch in _file(stored).iter_batches(_BLOCK, columns=["label"]):
        found = pc.index(batch.column(0), wanted).as_py() >= 0 or found
    return found


def any_label(stored: bytes) -> bytes | None:
    """The first label of a stored list; None of a list with nobody in it."""
    for batch in _file(stored).iter_batches(_AT_ONCE, columns=["label"]):
        labels = batch.column(0).drop_null()
        if len(labels):
            return bytes(labels[0].as_py())
    return None


def _leaf_blocks(stored: bytes, block: int) -> Iterator[np.ndarray]:
    """The leaves in their order, `block` at a time; all at once where there are fewer."""
    held = np.empty((0, 32), np.uint8)
    for batch in _file(stored).iter_batches(block, columns=["leaf"]):
        leaves = byte_rows(pa.chunked_array([batch.column(0).drop_null()]), 32)
        held = np.concatenate([held, leaves])
        while len(held) >= block:
            yield held[:block]
            held = held[block:]
    if len(held):
        yield held


def _siblings(made: list[np.ndarray], index: int) -> list[bytes]:
    return [made[level][(index >> level) ^ 1].tobytes() for level in range(len(made) - 1)]


def _random_rows(count: int, width: int) -> np.ndarray:
    return np.frombuffer(os.urandom(count * width), np.uint8).reshape(count, width)


# SHA-256 has no call for many messages, and the engine's has not the processor's instructions for
# it: hashing one by one through OpenSSL takes half the time (docs/adr/0013). What is gone over here
# are hashes, and keys of people for their labels; never rows.


class _Labels:
    """`format_.label` of people: HMAC, with what is the same for all worked out once."""

    def __init__(self, key: Secret, release: str) -> None:
        padded = key.use().ljust(64, b"\x00")
        prefix = format_.LABEL_DOMAIN + release.encode() + b"\x00"
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + prefix)
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def of(self, people: pa.ChunkedArray) -> np.ndarray:
        """The labels of `people`, as (n, 32) bytes."""
        made = bytearray()
        for chunk in people.cast(pa.large_string()).cast(pa.large_binary()).chunks:
            for start in range(0, len(chunk), _AT_ONCE):
                for person in chunk.slice(start, _AT_ONCE).to_pylist():
                    first, second = self._inner.copy(), self._outer.copy()
                    first.update(person)
                    second.update(first.digest())
                    made += second.digest()
        return np.frombuffer(bytes(made), np.uint8).reshape(-1, format_.LABEL_BYTES)


def _hashed(domain: bytes, *parts: np.ndarray) -> np.ndarray:
    """SHA-256 of `domain` and one row of each of `parts`, row by row: (n, 32) bytes."""
    count = len(parts[0])
    made = np.empty((count, 32), np.uint8)
    prefix = np.frombuffer(domain, np.uint8)
    width = len(prefix) + sum(part.shape[1] for part in parts)
    for start in range(0, count, _AT_ONCE):
        some = [part[start : start + _AT_ONCE] for part in parts]
        head = np.broadcast_to(prefix, (len(some[0]), len(prefix)))
        messages = np.concatenate([head, *some], axis=1).view(f"V{width}").ravel().tolist()
        hashes = b"".join(one.digest() for one in map(hashlib.sha256, messages))
        made[start : start + _AT_ONCE] = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
    return made


def _rows(count: int, **columns: np.ndarray) -> pa.Table:
    """Rows of the file; the columns that are not given are empty."""
    empty = pa.nulls(count, pa.binary(32))
    made = [fixed(columns[name]) if name in columns else empty for name in _SCHEMA.names]
    return pa.table(made, schema=_SCHEMA)
