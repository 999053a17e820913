"""Membership trees: one person's proof, and nothing about anybody else."""

from __future__ import annotations

import itertools
import json
import os

import pytest

from commonweal.foundation.errors import Fault
from commonweal.ledger import membership
from commonweal.ledger.membership import (
    MembershipProof,
    MembershipTree,
    blinded_leaf,
    label,
    padded,
    tree_size,
)
from tests.unit.ledger.support import KEY, naive_root

PEOPLE = [f"person-{number}" for number in range(50)]
LABELS = [label(KEY, "release-1", person) for person in PEOPLE]
NONCES = [os.urandom(32) for _ in PEOPLE]
LEAVES = [blinded_leaf(one, nonce) for one, nonce in zip(LABELS, NONCES, strict=True)]
TREE = MembershipTree(padded(LEAVES))
PROOF = TREE.prove("release-1", LABELS[7], NONCES[7])


def _refused(call, *arguments: object) -> None:
    with pytest.raises(Fault) as caught:
        call(*arguments)
    assert caught.value.code == "CW-LEDGER-MEMBERSHIP-INVALID"


@pytest.mark.parametrize(
    ("people", "leaves"),
    [(0, 4096), (1, 4096), (4096, 4096), (4097, 8192), (8192, 8192), (2_000_000, 2_097_152)],
)
def test_the_number_of_leaves_hides_the_number_of_people(people: int, leaves: int) -> None:
    assert tree_size(people) == leaves


def test_every_person_has_a_proof_that_holds() -> None:
    for one, nonce in zip(LABELS, NONCES, strict=True):
        proof = TREE.prove("release-1", one, nonce)
        proof.verify(one, TREE.root)
        assert MembershipProof.parse(proof.canonical()) == proof


def test_the_root_is_that_of_the_definition() -> None:
    leaves = padded(LEAVES)
    assert MembershipTree(leaves).root == naive_root(
        [membership.leaf_hash(leaf) for leaf in leaves]
    )


def test_the_same_list_never_gives_the_same_tree() -> None:
    assert MembershipTree(padded(LEAVES)).root != TREE.root


def test_nobody_else_is_proved() -> None:
    _refused(TREE.prove, "release-1", LABELS[7], NONCES[8])
    _refused(TREE.prove, "release-1", label(KEY, "release-1", "person-50"), os.urandom(32))
    for other in (LABELS[8], label(KEY, "release-2", "person-7"), os.urandom(32), b"", b"x" * 31):
        _refused(PROOF.verify, other, TREE.root)
    _refused(PROOF.verify, LABELS[7], os.urandom(32))


def _with(**changes: object) -> bytes:
    return json.dumps(json.loads(PROOF.canonical()) | changes).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"index": PROOF.index ^ 1},
        {"index": PROOF.index + 4096},
        {"size": 8192},
        {"size": 2048},
        {"size": 4095},
        {"size": 0},
        {"nonce": "00" * 32},
        {"path": []},
        {"path": ["00" * 32] * 12},
        {"path": [*json.loads(PROOF.canonical())["path"], "00" * 32]},
        {"path": json.loads(PROOF.canonical())["path"][:-1]},
    ],
)
def test_a_changed_proof_does_not_hold(changes: dict[str, object]) -> None:
    _refused(MembershipProof.parse(_with(**changes)).verify, LABELS[7], TREE.root)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "x" * 20_000,
        b"\xff",
        _with(pseudonym="a1"),
        _with(format="commonweal/membership/2"),
        _with(label_scheme="vrf-1"),
        _with(release="r/1"),
        _with(root="00" * 32),
        _with(index=-1),
        _with(index="7"),
        _with(size=True),
        _with(nonce="00" * 31),
        _with(nonce="ZZ" * 32),
        _with(path="00" * 32),
        _with(path=[7]),
        _with(path=["00" * 32] * 64),
    ],
    ids=itertools.count(),  # a made proof is another in each process
)
def test_what_is_no_proof_is_refused(text: str | bytes) -> None:
    _refused(MembershipProof.parse, text)


def test_lists_that_are_not_padded_ordered_or_distinct_are_refused() -> None:
    whole = padded(LEAVES)
    _refused(MembershipTree, whole[:-1])
    _refused(MembershipTree, whole[:2048])
    _refused(MembershipTree, [whole[1], whole[0], *whole[2:]])
    _refused(MembershipTree, [whole[1], *whole[1:]])
    _refused(MembershipTree, [b"short", *whole[1:]])
    _refused(padded, [*LEAVES, LEAVES[0]])


def test_wrong_sizes_of_keys_and_labels() -> None:
    with pytest.raises(ValueError):
        label(b"short", "release-1", "person")
    with pytest.raises(ValueError):
        blinded_leaf(b"short", os.urandom(32))
    with pytest.raises(ValueError):
        tree_size(-1)
