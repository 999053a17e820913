"""The membership list of a release, built in columns (S7).

The format is `commonweal.ledger.membership`; its functions over bytes are the oracle in the tests.
What is kept, sealed, beside the release: one row a person with label and nonce, and all leaves in
order. The root alone goes on the log.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import ByteSink
from commonweal.ledger import membership as format_
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import order_of
from commonweal.vault.tables.parquet import SinkFile

_LEAF = b"\x00"
_NODE = b"\x01"
_LIST = pa.schema([(name, pa.binary(32)) for name in ("leaf", "label", "nonce")])
_AT_ONCE = 65_536


@dataclass(frozen=True)
class MembershipList:
    """`labels` and `nonces`: (people, 32) bytes; `leaves`: (size, 32) bytes in ascending order."""

    labels: np.ndarray
    nonces: np.ndarray
    leaves: np.ndarray
    root: bytes

    def write_parquet(self, sink: ByteSink) -> int:
        """The list as Parquet: people first, with `label` and `nonce`, all leaves as `leaf`.

        Returns the number of people.
        """
        size, people = len(self.leaves), len(self.labels)
        with pq.ParquetWriter(
            SinkFile(sink), _LIST, compression="none", use_dictionary=False
        ) as writer:
            for start in range(0, size, _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                rows = len(self.leaves[some])
                columns = [
                    _fixed(self.leaves[some]),
                    _padded_column(self.labels[some], rows),
                    _padded_column(self.nonces[some], rows),
                ]
                writer.write_table(pa.table(columns, schema=_LIST))
        return people


def build_membership(people: pa.ChunkedArray, key: Secret, release: str) -> MembershipList:
    """The list of `people` (their keys as text) for `release`, under fresh random nonces.

    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID if two leaves are equal.
    """
    labels = _labels(people, key, release)
    nonces = _random_rows(len(labels), format_.NONCE_BYTES)
    mine = _hashed(format_.LEAF_DOMAIN, labels, nonces)
    padding = _random_rows(format_.tree_size(len(mine)) - len(mine), 32)
    leaves = np.concatenate([mine, padding])
    leaves = leaves[order_of(leaves)]
    if len(leaves) > 1 and np.any(np.all(leaves[1:] == leaves[:-1], axis=1)):
        raise Fault("CW-LEDGER-MEMBERSHIP-INVALID", "The membership list holds a leaf twice.")
    return MembershipList(labels, nonces, leaves, levels(leaves)[-1].tobytes())


def levels(leaves: np.ndarray) -> list[np.ndarray]:
    """Every level of the RFC 9162 tree over a power of two of leaves, the root last."""
    made = [_hashed(_LEAF, leaves)]
    while len(made[-1]) > 1:
        made.append(_hashed(_NODE, made[-1].reshape(-1, 64)))
    return made


def listed(stored: bytes, key: Secret, release: str, identifiers: Sequence[str]) -> tuple[str, ...]:
    """Which of `identifiers` stand in a stored list, in their order."""
    table = pq.read_table(io.BytesIO(stored), columns=["label"])
    labels = table.column("label").drop_null().cast(pa.binary())
    asked = [format_.label(key.use(), release, identifier) for identifier in identifiers]
    found = pc.is_in(pa.array(asked, pa.binary()), value_set=labels.combine_chunks())
    return tuple(name for name, there in zip(identifiers, found.to_pylist(), strict=True) if there)


def prove(stored: bytes, key: Secret, release: str, identifier: str) -> format_.MembershipProof:
    """The proof for one person from a stored list.

    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID where the person is not in the list.
    """
    table = pq.read_table(io.BytesIO(stored))
    leaves = byte_rows(table.column("leaf"), 32)
    mine = format_.label(key.use(), release, identifier)
    labels = table.column("label").drop_null()
    nonces = table.column("nonce").drop_null()
    place = labels.cast(pa.binary()).index(pa.scalar(mine, pa.binary())).as_py()
    if place < 0:
        raise Fault("CW-LEDGER-MEMBERSHIP-INVALID", "The person is not in this list.")
    nonce = nonces[place].as_py()
    leaf = np.frombuffer(format_.blinded_leaf(mine, nonce), np.uint8)
    index = int(np.flatnonzero(np.all(leaves == leaf, axis=1))[0])
    tree = levels(leaves)
    path = tuple(tree[level][(index >> level) ^ 1].tobytes() for level in range(len(tree) - 1))
    return format_.MembershipProof(release, tree[-1].tobytes(), index, len(leaves), nonce, path)


def _random_rows(count: int, width: int) -> np.ndarray:
    return np.frombuffer(os.urandom(count * width), np.uint8).reshape(count, width)


# SHA-256 has no call for many messages, and the engine's has not the processor's instructions for
# it: hashing one by one through OpenSSL takes half the time (docs/adr/0013). What is gone over here
# are hashes, and keys of people for their labels; never rows.


def _labels(people: pa.ChunkedArray, key: Secret, release: str) -> np.ndarray:
    """`format_.label` of each person: HMAC, with what is the same for all worked out once."""
    padded = key.use().ljust(64, b"\x00")
    prefix = format_.LABEL_DOMAIN + release.encode() + b"\x00"
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + prefix)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
    made = bytearray()
    for chunk in people.cast(pa.large_binary()).chunks:
        for start in range(0, len(chunk), _AT_ONCE):
            for person in chunk.slice(start, _AT_ONCE).to_pylist():
                first, second = inner.copy(), outer.copy()
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


def _fixed(rows: np.ndarray) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(rows))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(rows), [None, data])


def _padded_column(rows: np.ndarray, size: int) -> pa.ChunkedArray:
    return pa.chunked_array([_fixed(rows), pa.nulls(size - len(rows), pa.binary(32))])


def byte_rows(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """A binary column whose values all have `width` bytes, as an (n, width) byte array."""
    fixed = column.cast(pa.binary(width))
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint8, count=len(chunk) * width,
                      offset=chunk.offset * width)
        for chunk in fixed.chunks
    ]  # fmt: skip
    return np.concatenate(parts or [np.empty(0, np.uint8)]).reshape(-1, width)
