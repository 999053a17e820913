"""Vectors: trees of another implementation, and one named change each. Most must be refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commonweal.ledger.proof import ProofError, verify_consistency, verify_inclusion
from tests.vectors.merkle import make

FOLDER = Path(make.__file__).parent
INCLUSION = json.loads((FOLDER / "inclusion.json").read_text())
CONSISTENCY = json.loads((FOLDER / "consistency.json").read_text())


def _hashes(vector: dict) -> list[bytes]:
    return [bytes.fromhex(one) for one in vector["proof"]]


def test_most_vectors_are_negative() -> None:
    for vectors in (INCLUSION, CONSISTENCY):
        good = sum(vector["valid"] for vector in vectors)
        assert 30 < good < len(vectors) / 5


def test_inclusion_vectors() -> None:
    wrong = []
    for vector in INCLUSION:
        try:
            verify_inclusion(
                vector["index"],
                vector["size"],
                bytes.fromhex(vector["leaf"]),
                _hashes(vector),
                bytes.fromhex(vector["root"]),
            )
            accepted = True
        except ProofError:
            accepted = False
        if accepted is not vector["valid"]:
            wrong.append(vector["desc"])
    assert wrong == []


def test_consistency_vectors() -> None:
    wrong = []
    for vector in CONSISTENCY:
        try:
            verify_consistency(
                vector["size1"],
                vector["size2"],
                bytes.fromhex(vector["root1"]),
                bytes.fromhex(vector["root2"]),
                _hashes(vector),
            )
            accepted = True
        except ProofError:
            accepted = False
        if accepted is not vector["valid"]:
            wrong.append(vector["desc"])
    assert wrong == []


@pytest.mark.parametrize("name", ["inclusion.json", "consistency.json"])
def test_vectors_are_what_the_script_makes(name: str) -> None:
    assert (FOLDER / name).read_text() == make.write()[name]
