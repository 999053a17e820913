"""Properties of trees and proofs, against the naive definition and another implementation."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from commonweal.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_at,
)
from commonweal.ledger.proof import ProofError, verify_consistency, verify_inclusion
from tests.unit.ledger.support import (
    leaves_of,
    naive_consistency,
    naive_path,
    naive_root,
)

LEAVES = leaves_of(130)


def _store(count: int) -> dict[tuple[int, int], bytes]:
    """All complete subtrees, by the definition."""
    found = {(0, at): leaf for at, leaf in enumerate(LEAVES[:count])}
    level = 0
    while (level, 0) in found and (level, 1) in found:
        at = 0
        while (level, 2 * at + 1) in found:
            found[level + 1, at] = node_hash(found[level, 2 * at], found[level, 2 * at + 1])
            at += 1
        level += 1
    return found


STORE = _store(130)


def _fetch(level: int, index: int) -> bytes:
    return STORE[level, index]


def test_the_published_hashes() -> None:
    # RFC 9162 fixes these: the empty tree, and a leaf that holds nothing.
    assert EMPTY_ROOT == hashlib.sha256().digest() == root([])
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert (
        node_hash(b"a" * 32, b"b" * 32) == hashlib.sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()
    )
    with pytest.raises(ValueError):
        root([b"short"])


def test_all_trees_to_130_leaves() -> None:
    oracle = InmemoryTree(algorithm="sha256")
    frontier = Frontier()
    made = {}
    for size in range(1, 131):
        oracle.append_entry(b"entry %d" % (size - 1))
        made |= {(level, at): node for level, at, node in frontier.append(LEAVES[size - 1])}
        expected = naive_root(LEAVES[:size])
        assert frontier.root() == root(LEAVES[:size]) == root_at(size, _fetch) == expected
        assert oracle.get_root(size) == expected
        assert frontier_at(size, _fetch).root() == expected
    assert made == {key: node for key, node in STORE.items() if key[0] > 0}


def test_all_inclusion_proofs_to_40_leaves() -> None:
    for size in range(1, 41):
        whole = naive_root(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, _fetch)
            assert proof == naive_path(index, LEAVES[:size])
            verify_inclusion(index, size, LEAVES[index], proof, whole)


def test_all_consistency_proofs_to_40_leaves() -> None:
    for size2 in range(1, 41):
        for size1 in range(1, size2 + 1):
            proof = consistency_proof(size1, size2, _fetch)
            assert proof == naive_consistency(size1, LEAVES[:size2])
            verify_consistency(
                size1, size2, naive_root(LEAVES[:size1]), naive_root(LEAVES[:size2]), proof
            )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (4, 3)])
def test_no_inclusion_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError):
        inclusion_proof(index, size, _fetch)


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 3), (4, 3), (-1, 3)])
def test_no_consistency_proof_from_nothing_or_backwards(size1: int, size2: int) -> None:
    with pytest.raises(ValueError):
        consistency_proof(size1, size2, _fetch)


@given(st.data())
def test_a_proof_changed_anywhere_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    whole = naive_root(LEAVES[:size])
    proof = inclusion_proof(index, size, _fetch)
    parts = [LEAVES[index], whole, *proof]
    at = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    value = int.from_bytes(parts[at], "big") ^ (1 << bit)
    parts[at] = value.to_bytes(32, "big")
    with pytest.raises(ProofError):
        verify_inclusion(index, size, parts[0], parts[2:], parts[1])


@given(st.integers(0, 129), st.integers(1, 130), st.integers(0, 129), st.integers(1, 130))
def test_a_proof_proves_only_its_own_leaf(index: int, size: int, other: int, shown: int) -> None:
    assume(index < size and other < shown)
    assume((other, naive_root(LEAVES[:shown])) != (index, naive_root(LEAVES[:size])))
    proof = inclusion_proof(index, size, _fetch)
    with pytest.raises(ProofError):
        verify_inclusion(other, shown, LEAVES[index], proof, naive_root(LEAVES[:shown]))


@given(st.data())
def test_a_changed_consistency_proof_is_refused(data: st.DataObject) -> None:
    size2 = data.draw(st.integers(2, 130))
    size1 = data.draw(st.integers(1, size2 - 1))
    roots = [naive_root(LEAVES[:size1]), naive_root(LEAVES[:size2])]
    parts = [*roots, *consistency_proof(size1, size2, _fetch)]
    at = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    parts[at] = (int.from_bytes(parts[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(ProofError):
        verify_consistency(size1, size2, parts[0], parts[1], parts[2:])


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(), st.integers())
def test_rubbish_is_refused_with_our_own_error(proof: list[bytes], index: int, size: int) -> None:
    with pytest.raises(ProofError):
        verify_inclusion(index, size, b"\x07" * 32, proof, b"\x09" * 32)
    with pytest.raises(ProofError):
        verify_consistency(index, size, b"\x07" * 32, b"\x09" * 32, proof)


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None])
def test_numbers_must_be_whole_numbers(wrong: object) -> None:
    with pytest.raises(ProofError):
        verify_inclusion(wrong, 2, LEAVES[0], [LEAVES[1]], naive_root(LEAVES[:2]))  # type: ignore[arg-type]
    with pytest.raises(ProofError):
        verify_inclusion(0, wrong, LEAVES[0], [LEAVES[1]], naive_root(LEAVES[:2]))  # type: ignore[arg-type]


@given(st.integers(0, 40), st.lists(st.binary(min_size=31, max_size=33), max_size=5))
def test_a_frontier_has_a_hash_for_each_set_bit(size: int, peaks: list[bytes]) -> None:
    if len(peaks) == size.bit_count() and all(len(peak) == 32 for peak in peaks):
        assert Frontier(size, peaks).size == size
    else:
        with pytest.raises(ValueError):
            Frontier(size, peaks)
