"""Checking of Merkle proofs: RFC 9162, 2.1.3.2 (inclusion) and 2.1.4.2 (consistency).

The numbers in the comments are the numbers of the steps in the RFC, so that code and standard can
be read side by side. Every function returns None or raises `ProofError`; there is no answer that
could be forgotten. A consistency proof from an empty tree proves nothing and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from commonweal.foundation.errors import Fault
from commonweal.ledger.merkle import HASH_BYTES, node_hash

MAX_SIZE = 2**63 - 1


class ProofError(Fault):
    """A proof does not prove what it says (code CW-LEDGER-PROOF-INVALID)."""

    def __init__(self, sentence: str) -> None:
        super().__init__("CW-LEDGER-PROOF-INVALID", sentence)


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash `leaf` is number `index` (from 0) of the tree `size`, `root`.

    Raises `ProofError`.
    """
    _check_number(index, "index")
    _check_number(size, "size")
    _check_hashes([leaf, root, *proof])
    # 1. The leaf must lie inside the tree.
    if index >= size:
        raise ProofError("The proof is for an entry that lies outside the tree.")
    # 2. and 3.
    node, last, result = index, size - 1, leaf
    # 4.
    for sibling in proof:
        # 4.a
        if last == 0:
            raise ProofError("The inclusion proof is too long for a tree of this size.")
        # 4.b
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not (node & 1 or node == 0):
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        # 4.c
        node, last = node >> 1, last >> 1
    # 5.
    if last != 0:
        raise ProofError("The inclusion proof is too short for a tree of this size.")
    if result != root:
        raise ProofError("The inclusion proof leads to another root.")


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree `size1`, `root1` is the beginning of the tree `size2`, `root2`.

    Raises `ProofError`, also for `size1` 0.
    """
    _check_number(size1, "first size")
    _check_number(size2, "second size")
    _check_hashes([root1, root2, *proof])
    if size1 == 0:
        raise ProofError("Nothing can be proved from an empty tree.")
    if size1 > size2:
        raise ProofError("The first tree is larger than the second.")
    if size1 == size2:
        if proof:
            raise ProofError("Trees of the same size need an empty consistency proof.")
        if root1 != root2:
            raise ProofError("Two trees of the same size have different roots.")
        return
    # 1.
    if not proof:
        raise ProofError("The consistency proof is empty.")
    # 2. If the old tree is complete its root is the first hash of the path.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    old, new = _fold(size1 - 1, size2 - 1, path)
    # 7.
    if old != root1:
        raise ProofError("The consistency proof does not lead to the first root.")
    if new != root2:
        raise ProofError("The consistency proof does not lead to the second root.")


def _fold(node: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Steps 3 to 6 of 2.1.4.2: both roots that a consistency path leads to."""
    # 3. is the arguments; 4.
    while node & 1:
        node, last = node >> 1, last >> 1
    # 5.
    old = new = path[0]
    # 6.
    for sibling in path[1:]:
        # 6.a
        if last == 0:
            raise ProofError("The consistency proof is too long for trees of these sizes.")
        # 6.b
        if node & 1 or node == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not (node & 1 or node == 0):
                node, last = node >> 1, last >> 1
        else:
            # 6.c
            new = node_hash(new, sibling)
        # 6.d
        node, last = node >> 1, last >> 1
    # 7., the part about the length.
    if last != 0:
        raise ProofError("The consistency proof is too short for trees of these sizes.")
    return old, new


def _check_number(value: object, what: str) -> None:
    if type(value) is not int or not 0 <= value <= MAX_SIZE:
        raise ProofError(f"The {what} of a proof must be a whole number that is not negative.")


def _check_hashes(hashes: Sequence[object]) -> None:
    for value in hashes:
        if not isinstance(value, bytes) or len(value) != HASH_BYTES:
            raise ProofError("A hash in a proof must have 32 bytes.")
