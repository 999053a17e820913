"""S7: forged proofs of absence, and proofs that re-identify.

The naive twin lists people by pseudonym: leaves are SHA-256(pseudonym), sorted, without padding,
and absence is shown by two neighbours. It falls four ways; ours holds each time.
"""

from __future__ import annotations

import hashlib
import os
from datetime import date

import pytest

from commonweal.foundation.errors import Fault
from commonweal.ledger.membership import (
    MembershipProof,
    MembershipTree,
    blinded_leaf,
    label,
    padded,
)
from commonweal.ledger.merkle import leaf_hash
from commonweal.ledger.proof import ProofError, verify_inclusion
from commonweal.papers.release import StatementOfAbsence, absence_sentence
from tests.unit.ledger.support import naive_path, naive_root

KEY = b"\x17" * 32
PEOPLE = [f"{9_000_000_000 + number}" for number in range(1, 65)]


class NaiveList:
    """What one would write first."""

    def __init__(self, people: list[str]) -> None:
        self.leaves = sorted(hashlib.sha256(self.pseudonym(p)).digest() for p in people)
        self.hashes = [leaf_hash(leaf) for leaf in self.leaves]
        self.root = naive_root(self.hashes)

    @staticmethod
    def pseudonym(person: str) -> bytes:
        return hashlib.sha256(b"project-1" + person.encode()).digest()[:16]

    def prove(self, person: str) -> tuple[bytes, int, list[bytes]]:
        pseudonym = self.pseudonym(person)
        index = self.leaves.index(hashlib.sha256(pseudonym).digest())
        return pseudonym, index, naive_path(index, self.hashes)

    def prove_absence(self, person: str) -> list[tuple[int, bytes, list[bytes]]]:
        wanted = hashlib.sha256(self.pseudonym(person)).digest()
        above = next(i for i, leaf in enumerate(self.leaves) if leaf > wanted)
        return [(i, self.leaves[i], naive_path(i, self.hashes)) for i in (above - 1, above)]


def naive_absence_holds(naive: NaiveList, person: str, shown: list) -> bool:
    """The naive check: both neighbours are in the tree, and the person would lie between them."""
    wanted = hashlib.sha256(naive.pseudonym(person)).digest()
    (low_at, low, _), (high_at, high, _) = shown
    for at, leaf, path in shown:
        verify_inclusion(at, len(naive.hashes), leaf_hash(leaf), path, naive.root)
    return low < wanted < high and high_at == low_at + 1


def _tree() -> tuple[MembershipTree, dict[str, tuple[bytes, bytes]]]:
    secrets = {person: (label(KEY, "release-1", person), os.urandom(32)) for person in PEOPLE}
    return MembershipTree(padded([blinded_leaf(*pair) for pair in secrets.values()])), secrets


def test_naive_the_custodian_proves_an_included_person_absent() -> None:
    honest = NaiveList(PEOPLE)
    # Anybody who has neighbours on both sides; a list of people has at most two who do not.
    victim = next(
        person
        for person in PEOPLE
        if hashlib.sha256(honest.pseudonym(person)).digest()
        not in (honest.leaves[0], honest.leaves[-1])
    )
    assert honest.prove(victim)
    # A custodian builds the tree in another order: neighbours that skip the victim.
    forged = NaiveList(PEOPLE)
    wanted = hashlib.sha256(forged.pseudonym(victim)).digest()
    at = forged.leaves.index(wanted)
    forged.leaves.append(forged.leaves.pop(at))  # the victim is still in, at the end
    forged.hashes = [leaf_hash(leaf) for leaf in forged.leaves]
    forged.root = naive_root(forged.hashes)
    assert naive_absence_holds(forged, victim, forged.prove_absence(victim))
    assert forged.prove(victim)  # in the list and "proved" not to be


def test_ours_claims_no_proof_of_absence() -> None:
    assert not [name for name in dir(MembershipTree) if "absen" in name]
    # What is given instead is a signed sentence that says how far it reaches.
    assert StatementOfAbsence.signing_role == "statement"
    assert "covers this system only" in absence_sentence(date(2026, 3, 2))
    tree, secrets = _tree()
    with pytest.raises(Fault):
        tree.prove("release-1", label(KEY, "release-1", "9000000999"), os.urandom(32))
    # A list out of order, which the naive absence proof needed, is not a list.
    leaves = padded([blinded_leaf(*pair) for pair in secrets.values()])
    with pytest.raises(Fault):
        MembershipTree([*leaves[1:], leaves[0]])


def test_naive_a_shared_proof_finds_the_patients_row() -> None:
    naive = NaiveList(PEOPLE)
    release = {naive.pseudonym(person): f"diagnosis of {person}" for person in PEOPLE}
    shown, _, _ = naive.prove(PEOPLE[3])
    assert release[shown] == f"diagnosis of {PEOPLE[3]}"


def test_ours_shows_nothing_that_is_in_a_release() -> None:
    tree, secrets = _tree()
    pseudonyms = {NaiveList.pseudonym(person) for person in PEOPLE}
    proof = tree.prove("release-1", *secrets[PEOPLE[3]])
    text = proof.canonical().decode()
    assert not any(pseudonym.hex() in text for pseudonym in pseudonyms)
    assert secrets[PEOPLE[3]][0].hex() not in text  # nor the label
    assert PEOPLE[3] not in text


def test_naive_siblings_are_guessed() -> None:
    naive = NaiveList(PEOPLE)
    _, _, path = naive.prove(PEOPLE[0])
    known = {leaf_hash(hashlib.sha256(naive.pseudonym(p)).digest()): p for p in PEOPLE}
    assert known[path[0]] in PEOPLE  # the neighbour in the tree is named


def test_ours_siblings_say_nothing() -> None:
    tree, secrets = _tree()
    mine = secrets[PEOPLE[0]]
    proof = tree.prove("release-1", *mine)
    # Even with the label key, and so every label: without the nonces no guess can be checked.
    for person in PEOPLE[1:]:
        guess = label(KEY, "release-1", person)
        for nonce in (proof.nonce, bytes(32)):
            assert leaf_hash(blinded_leaf(guess, nonce)) not in proof.path


def test_naive_the_size_and_two_releases_show_who_left() -> None:
    before, after = NaiveList(PEOPLE), NaiveList(PEOPLE[1:])
    assert len(before.leaves) - len(after.leaves) == 1
    gone = set(before.leaves) - set(after.leaves)
    assert gone == {hashlib.sha256(before.pseudonym(PEOPLE[0])).digest()}


def test_ours_two_releases_have_nothing_in_common() -> None:
    def leaves(release: str, people: list[str]) -> list[bytes]:
        return padded([blinded_leaf(label(KEY, release, p), os.urandom(32)) for p in people])

    before, after = leaves("release-1", PEOPLE), leaves("release-2", PEOPLE[1:])
    assert len(before) == len(after) == 4096
    assert not set(before) & set(after)
    assert label(KEY, "release-1", PEOPLE[0]) != label(KEY, "release-2", PEOPLE[0])


def test_ours_a_proof_of_one_release_is_none_of_another() -> None:
    tree, secrets = _tree()
    other, _ = _tree()
    proof = tree.prove("release-1", *secrets[PEOPLE[5]])
    proof.verify(secrets[PEOPLE[5]][0], tree.root)
    with pytest.raises(Fault):
        proof.verify(secrets[PEOPLE[5]][0], other.root)
    moved = MembershipProof(
        "release-2", other.root, proof.index, proof.size, proof.nonce, proof.path
    )
    with pytest.raises((Fault, ProofError)):
        moved.verify(secrets[PEOPLE[5]][0], other.root)
