"""The Merkle tree of RFC 9162 (section 2.1) over SHA-256: hashing, growing, proving. No I/O.

A tree is stored as the hashes of its complete subtrees: node (level, index) covers the leaves from
`index * 2**level` up to `(index + 1) * 2**level`; level 0 is the leaf hashes. Whoever keeps them
hands in a function that fetches one, so proofs work over a list, a database or tiles alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Fetch = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree (level, index)."""

Node = tuple[int, int, bytes]
"""(level, index, hash) of one complete subtree above the leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds `data` (32 bytes)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the parent of two nodes (32 bytes)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes, in order; `EMPTY_ROOT` if there are none."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: the roots of its complete subtrees, largest first.

    It is all that an append needs: at most 64 hashes, whatever the size.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError("a frontier has one hash for each set bit of its size")
        if any(len(peak) != HASH_BYTES for peak in peaks):
            raise ValueError("a hash has 32 bytes")
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf hash; returns the subtrees that became complete, lowest first."""
        if len(leaf) != HASH_BYTES:
            raise ValueError("a hash has 32 bytes")
        made: list[Node] = []
        node, index, level = leaf, self.size, 0
        while index >> level & 1:
            node = node_hash(self._peaks.pop(), node)
            level += 1
            made.append((level, index >> level, node))
        self._peaks.append(node)
        self.size += 1
        return made

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = node_hash(peak, node)
        return node


def peak_positions(size: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that a tree of `size` consists of, largest first."""
    positions: list[tuple[int, int]] = []
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            positions.append((level, start >> level))
            start += 1 << level
    return positions


def frontier_at(size: int, fetch: Fetch) -> Frontier:
    """The frontier of the tree of the first `size` leaves."""
    return Frontier(size, [fetch(level, index) for level, index in peak_positions(size)])


def root_at(size: int, fetch: Fetch) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return frontier_at(size, fetch).root()


def inclusion_proof(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The path from leaf `index` to the root of the tree of `size` leaves, lowest sibling first.

    RFC 9162, 2.1.3.1. Raises ValueError if there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("there is no such leaf in a tree of this size")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, fetch))
            end = middle
        else:
            path.append(_range_hash(start, middle, fetch))
            start = middle
    path.reverse()
    return path


def consistency_proof(size1: int, size2: int, fetch: Fetch) -> list[bytes]:
    """The proof that the tree of `size1` leaves is the beginning of the tree of `size2`.

    RFC 9162, 2.1.4.1. Raises ValueError unless 0 < size1 <= size2: nothing can be proved from an
    empty tree.
    """
    if not 0 < size1 <= size2:
        raise ValueError("a consistency proof needs 0 < size1 <= size2")
    path: list[bytes] = []
    start, end = 0, size2
    whole = True  # the old tree is still a whole subtree seen from here
    while size1 < end:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append(_range_hash(middle, end, fetch))
            end = middle
        else:
            path.append(_range_hash(start, middle, fetch))
            start = middle
            whole = False
    if not whole:
        path.append(_range_hash(start, end, fetch))
    path.reverse()
    return path


def _split(width: int) -> int:
    """The largest power of two smaller than `width` (which is at least 2)."""
    return 1 << ((width - 1).bit_length() - 1)


def _range_hash(start: int, end: int, fetch: Fetch) -> bytes:
    """The root of the leaves from `start` to `end`, where `start` is a multiple of each split."""
    positions = []
    while start < end:
        level = (end - start).bit_length() - 1
        positions.append((level, start >> level))
        start += 1 << level
    node = fetch(*positions[-1])
    for level, index in reversed(positions[:-1]):
        node = node_hash(fetch(level, index), node)
    return node
