"""The index of a membership list: one person's proof from a few chunks of a sealed file (S7, S8).

Written with the list, sealed under the same key, all of fixed width so that places are worked out
and not searched for:

1. all leaves in their order, 32 bytes each;
2. the tree's nodes from `level` up to the root, level after level: a path needs besides these only
   the hashes of 2**`level` leaves;
3. one record a person, ascending by label: the label, the nonce, the place of the leaf (4 bytes,
   big endian);
4. the trailer, `_TRAILER`.

Labels are uniform, so a label's own value says about where its record stands; `reach` says how far
from there the furthest record of this list stands, and as many records as that are read on both
sides. So a question costs the same reads and hashes whoever is asked about: for somebody who is not
in the list the proof of another person is made all the same, and thrown away by whoever asked.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import ByteSink
from commonweal.foundation.sealing import SealedReader
from commonweal.ledger import membership as format_
from commonweal.vault.keys.codes import order_of
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

NAME = "membership_index"
CHUNK_BYTES = 64 * 1024
LABEL = format_.LABEL_BYTES
RECORD = LABEL + format_.NONCE_BYTES + 4
LEVEL = 10
_TRAILER = struct.Struct(">8sQQQB32s")
_MAGIC = b"CWMIDX1\n"


def expected(starts: np.ndarray, count: int) -> np.ndarray:
    """Where labels that begin with these 4-byte numbers stand among `count` uniform ones."""
    place: np.ndarray = (starts.astype(np.uint64) * np.uint64(count)) >> np.uint64(32)
    return place.astype(np.int64)


def starts_of(rows: np.ndarray) -> np.ndarray:
    """The first 4 bytes of each row, as numbers."""
    return np.ascontiguousarray(rows[:, :4]).view(">u4")[:, 0].astype(np.int64)


@dataclass
class IndexWriter:
    """One index being written into `sink`. `parts`: in how many parts records are sorted."""

    engine: Engine
    sink: ByteSink
    people: int
    leaves: int
    parts: int
    level: int = LEVEL
    _tops: list[np.ndarray] = field(default_factory=list)
    _waiting: list[ops.Table] = field(default_factory=list)
    _written: int = 0

    def add(self, leaves: np.ndarray, secrets: np.ndarray) -> None:
        """The next leaves in order, each with its label's beginning and nonce (padding: zeros)."""
        self.sink.write(np.ascontiguousarray(leaves).tobytes())
        mine = np.flatnonzero(np.any(secrets[:, :LABEL], axis=1))
        places = (mine + self._written).astype(">u4").view(np.uint8).reshape(-1, 4)
        records = np.concatenate([secrets[mine], places], axis=1)
        part = starts_of(records) * self.parts >> 32
        data = pa.table({"part": part, "record": fixed(records).cast(pa.binary())})
        name = self.engine.fresh("records")
        self._waiting.append(self.engine.load(name, data, {"part": "integer", "record": "code"}))
        self._written += len(leaves)

    def add_nodes(self, nodes: np.ndarray) -> None:
        """The nodes of `level` over the leaves of one block, in order."""
        self._tops.append(nodes)

    def finish(self, above: Sequence[np.ndarray]) -> None:
        """Write nodes (`above`: `level` first, the root last), records and trailer."""
        for nodes in above:
            self.sink.write(nodes.tobytes())
        reach, at = 0, 0
        for records in self._sorted():
            off = expected(starts_of(records), self.people) - np.arange(at, at + len(records))
            reach = max(reach, int(np.abs(off).max(initial=0)))
            at += len(records)
            self.sink.write(records.tobytes())
        if at != self.people:
            raise format_.invalid("The index does not hold everybody who is in the list.")
        root = above[-1][0].tobytes()
        self.sink.write(_TRAILER.pack(_MAGIC, self.people, self.leaves, reach, self.level, root))

    def tops(self) -> np.ndarray:
        """All nodes of `level`."""
        return np.concatenate(self._tops)

    def forget(self) -> None:
        """Let the engine go of what waits there."""
        for table in self._waiting:
            self.engine.forget(table.get_name())

    def _sorted(self) -> Iterator[np.ndarray]:
        every = ops.union(*self._waiting)
        for part in range(self.parts):
            mine = ops.compare(every["part"], "eq", ops.constant(part, "integer"))
            some = ops.select(ops.keep_where(every, mine), ["record"])
            records = byte_rows(self.engine.arrow(some).column("record"), RECORD)
            yield np.ascontiguousarray(records[order_of(records[:, :LABEL])])


@dataclass(frozen=True)
class Seen:
    """What looking in a list gave. `proof`: of `label`, or of somebody else where `there` is false;
    None of a list with nobody in it."""

    there: bool
    label: bytes
    proof: format_.MembershipProof | None


class MembershipIndex:
    """An opened index of the list of `release` whose manifest says `root` and `leaves`.

    Raises `Fault` CW-SEAL-BROKEN for a file that was changed, CW-RELEASE-CHANGED for one of another
    list.
    """

    def __init__(self, reader: SealedReader, release: str, root: bytes, leaves: int) -> None:
        self._reader, self._release = reader, release
        if reader.size < _TRAILER.size:
            raise changed()
        trailer = reader.read_at(reader.size - _TRAILER.size, _TRAILER.size)
        magic, self.people, self.leaves, self._reach, self._level, held = _TRAILER.unpack(trailer)
        if magic != _MAGIC or held != root or self.leaves != leaves:
            raise changed()
        nodes = 2 * (leaves >> self._level) - 1
        self._records = 32 * (leaves + nodes)
        if nodes < 1 or reader.size != self._records + RECORD * self.people + _TRAILER.size:
            raise changed()
        self._root = root

    def look(self, label: bytes) -> Seen:
        """Look for whoever has `label`: the same reads and hashes whether they are there or not.

        Raises `Fault` CW-RELEASE-CHANGED, CW-SEAL-BROKEN.
        """
        if not self.people:
            return Seen(False, label, None)
        there, own, nonce, place = self._look_up(label)
        leaf, path = self._path(place)
        if not hmac.compare_digest(leaf, format_.blinded_leaf(own, nonce)):
            raise changed()
        proof = format_.MembershipProof(
            self._release, self._root, place, self.leaves, nonce, tuple(path)
        )
        return Seen(there, own, proof)

    def _look_up(self, label: bytes) -> tuple[bool, bytes, bytes, int]:
        """(whether it is there, label, nonce, place); of a neighbour where it is not."""
        count = min(self.people, 2 * self._reach + 1)
        near = int(expected(np.array([int.from_bytes(label[:4], "big")]), self.people)[0])
        start = max(0, min(near - self._reach, self.people - count))
        held = self._reader.read_at(self._records + start * RECORD, count * RECORD)
        rows = np.frombuffer(held, np.uint8).reshape(-1, RECORD)
        same = np.all(rows[:, :LABEL] == np.frombuffer(label, np.uint8), axis=1)
        # Of nobody's label all are unlike, and the first one stands for it.
        record = rows[int(same.argmax())].tobytes()
        place = int.from_bytes(record[-4:], "big")
        return bool(same.any()), record[:LABEL], record[LABEL:-4], place

    def _path(self, place: int) -> tuple[bytes, list[bytes]]:
        """(leaf, path) at a place; the path is held against the root."""
        if place >= self.leaves:
            raise changed()
        width = 1 << self._level
        first = place >> self._level << self._level
        held = self._reader.read_at(32 * first, 32 * width)
        leaves = [held[at : at + 32] for at in range(0, len(held), 32)]
        nodes = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
        inner, path = place - first, []
        own = nodes[inner]
        while len(nodes) > 1:
            path.append(nodes[inner ^ 1])
            nodes = [_node(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
            inner >>= 1
        begin, many, at = 32 * self.leaves, self.leaves >> self._level, place >> self._level
        while many > 1:
            path.append(self._reader.read_at(begin + 32 * (at ^ 1), 32))
            begin, many, at = begin + 32 * many, many >> 1, at >> 1
        node = own
        for level, sibling in enumerate(path):
            node = _node(sibling, node) if place >> level & 1 else _node(node, sibling)
        if node != self._root:
            raise changed()
        return leaves[place - first], path


def changed() -> Fault:
    """The error for an index that is not that of the release's list."""
    return Fault("CW-RELEASE-CHANGED", "The index is not that of this release's membership list.")


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def fixed(rows: np.ndarray) -> pa.Array:
    """Rows of bytes as a column of that width."""
    data = pa.py_buffer(np.ascontiguousarray(rows))
    width = rows.shape[1]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(rows), [None, data])


def byte_rows(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """A binary column whose values all have `width` bytes, as an (n, width) byte array."""
    fixed = column.cast(pa.binary(width))
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint8, count=len(chunk) * width,
                      offset=chunk.offset * width)
        for chunk in fixed.chunks
    ]  # fmt: skip
    return np.concatenate(parts or [np.empty(0, np.uint8)]).reshape(-1, width)
