"""The membership list of a release, built in columns (S7).

The format is `commonweal.ledger.membership`; its functions over bytes are the oracle in the tests.
What is kept, sealed, beside the release: one row a person with label and nonce, and all leaves in
order. The root alone goes on the log.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.foundation.errors import Fault
from commonweal.ledger import membership as format_
from commonweal.vault.keys import Secret
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import byte_rows
from commonweal.vault.tables.engine import Engine

_LEAF = b"\x00"
_NODE = b"\x01"
_AT_ONCE = 262_144


@dataclass(frozen=True)
class MembershipList:
    """`labels` and `nonces`: (people, 32) bytes; `leaves`: (size, 32) bytes in ascending order."""

    labels: np.ndarray
    nonces: np.ndarray
    leaves: np.ndarray
    root: bytes

    def to_parquet(self) -> memoryview:
        """The list as two Parquet columns sets in one file: people first, leaves as `leaf`."""
        size, people = len(self.leaves), len(self.labels)
        table = pa.table(
            {
                "leaf": _fixed(self.leaves),
                "label": _padded_column(self.labels, size, people),
                "nonce": _padded_column(self.nonces, size, people),
            }
        )
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="none", use_dictionary=False)
        return sink.getbuffer()


def build_membership(
    engine: Engine, people: ops.Table, key: Secret, release: str
) -> MembershipList:
    """The list of `people` (column `person`) for `release`, under fresh random nonces.

    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID if two leaves are equal.
    """
    prefix = format_.LABEL_DOMAIN + release.encode() + b"\x00"
    keyed = engine.key_table("key_membership", key.use(), prefix)
    labelled = ops.with_hmac(people, "person", "cw__label", keyed)
    labelled = ops.project(labelled, {"label": ops.bytes_of(labelled["cw__label"])})
    labels = byte_rows(engine.arrow(labelled).column("label"), format_.LABEL_BYTES)
    nonces = _random_rows(len(labels), format_.NONCE_BYTES)
    mine = _hashed(engine, format_.LEAF_DOMAIN, labels, nonces)
    padding = _random_rows(format_.tree_size(len(mine)) - len(mine), 32)
    leaves = _sorted_rows(np.concatenate([mine, padding]))
    if len(leaves) > 1 and np.any(np.all(leaves[1:] == leaves[:-1], axis=1)):
        raise Fault("CW-LEDGER-MEMBERSHIP-INVALID", "The membership list holds a leaf twice.")
    return MembershipList(labels, nonces, leaves, levels(engine, leaves)[-1].tobytes())


def levels(engine: Engine, leaves: np.ndarray) -> list[np.ndarray]:
    """Every level of the RFC 9162 tree over a power of two of leaves, the root last."""
    made = [_hashed(engine, _LEAF, leaves)]
    while len(made[-1]) > 1:
        made.append(_hashed(engine, _NODE, made[-1].reshape(-1, 64)))
    return made


def listed(stored: bytes, key: Secret, release: str, identifiers: Sequence[str]) -> tuple[str, ...]:
    """Which of `identifiers` stand in a stored list, in their order."""
    table = pq.read_table(io.BytesIO(stored), columns=["label"])
    labels = table.column("label").drop_null().cast(pa.binary())
    asked = [format_.label(key.use(), release, identifier) for identifier in identifiers]
    found = pc.is_in(pa.array(asked, pa.binary()), value_set=labels.combine_chunks())
    return tuple(name for name, there in zip(identifiers, found.to_pylist(), strict=True) if there)


def prove(
    engine: Engine, stored: bytes, key: Secret, release: str, identifier: str
) -> format_.MembershipProof:
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
    tree = levels(engine, leaves)
    path = tuple(tree[level][(index >> level) ^ 1].tobytes() for level in range(len(tree) - 1))
    return format_.MembershipProof(release, tree[-1].tobytes(), index, len(leaves), nonce, path)


def _random_rows(count: int, width: int) -> np.ndarray:
    return np.frombuffer(os.urandom(count * width), np.uint8).reshape(count, width)


def _hashed(engine: Engine, domain: bytes, *parts: np.ndarray) -> np.ndarray:
    """SHA-256 of `domain` and a row of each of `parts`, by blocks of rows to save memory."""
    count = len(parts[0])
    made = np.empty((count, 32), np.uint8)
    prefix = np.frombuffer(domain, np.uint8)
    for start in range(0, count, _AT_ONCE):
        some = [part[start : start + _AT_ONCE] for part in parts]
        head = np.broadcast_to(prefix, (len(some[0]), len(prefix)))
        made[start : start + _AT_ONCE] = engine.sha256_each(np.concatenate([head, *some], axis=1))
    return made


def _sorted_rows(rows: np.ndarray) -> np.ndarray:
    words = np.ascontiguousarray(rows).view(">u8")
    first = words[:, 0].astype(np.uint64)
    order = np.argsort(first)
    if np.any(first[order][1:] == first[order][:-1]):
        # Hashes with the same first eight bytes: hardly ever, so the slow way is for them alone.
        order = np.lexsort(tuple(words[:, place] for place in (3, 2, 1, 0)))
    return rows[order]


def _fixed(rows: np.ndarray) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(rows))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(rows), [None, data])


def _padded_column(rows: np.ndarray, size: int, people: int) -> pa.ChunkedArray:
    return pa.chunked_array([_fixed(rows), pa.nulls(size - people, pa.binary(32))])
