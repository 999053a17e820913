"""Witnesses in the trust policy: absent by default, and a quorum that can be reached."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.papers.base import PaperInvalid
from commonweal.papers.trust import TrustPolicy, encode_public


def _public(number: int) -> str:
    return encode_public(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key())


def _plain(**more: Any) -> dict[str, Any]:
    key = {
        "id": "signer-1", "holder": "Hospital", "algorithm": "Ed25519", "public_key": _public(1),
        "roles": ["permit"], "valid_from": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    plain = {
        "trust": 1, "home": "demo", "custodian": "Hospital", "keys": [key],
        "thresholds": {"permit": 1},
    }  # fmt: skip
    return plain | more


def _witness(number: int, holder: str, **more: Any) -> dict[str, Any]:
    name = f"w{number}.example"
    return {"name": name, "holder": holder, "public_key": _public(number)} | more


TWO = [_witness(2, "North"), _witness(3, "South", url="https://w3.example/w")]


def test_a_policy_without_witnesses_is_written_as_before() -> None:
    policy = TrustPolicy.read(_plain(), "The policy")
    assert policy.witnesses is None
    assert b"witness" not in policy.canonical()


def test_a_policy_with_witnesses_comes_back() -> None:
    plain = _plain(witnesses=TWO, witness_quorum=2, witness_lag_minutes=60)
    policy = TrustPolicy.read(plain, "The policy")
    assert TrustPolicy.read(policy.plain(), "The policy") == policy
    assert policy.plain()["witnesses"] == TWO


WRONG = {
    "quorum without witnesses": {"witness_quorum": 1},
    "lag without witnesses": {"witness_lag_minutes": 15},
    "no witness": {"witnesses": [], "witness_quorum": 1},
    "witnesses without quorum": {"witnesses": TWO},
    "too many": {"witnesses": TWO, "witness_quorum": 3},
    "none must sign": {"witnesses": TWO, "witness_quorum": 0},
    "one holder twice": {"witnesses": [TWO[0], _witness(4, "  NORTH")], "witness_quorum": 2},
    "one key twice": {"witnesses": [TWO[0], _witness(2, "South")], "witness_quorum": 1},
    "a signer's key": {"witnesses": [_witness(1, "South")], "witness_quorum": 1},
    "name with a space": {"witnesses": [_witness(2, "N", name="a b")], "witness_quorum": 1},
    "name with a plus": {"witnesses": [_witness(2, "N", name="a+b")], "witness_quorum": 1},
    "key that anyone can sign for": {
        "witnesses": [_witness(2, "N", public_key="A" * 43)], "witness_quorum": 1},
    "url that is none": {"witnesses": [_witness(2, "N", url="file:///x")], "witness_quorum": 1},
    "more": {"witnesses": [_witness(2, "N", kind="x")], "witness_quorum": 1},
    "lag of a year": {"witnesses": TWO, "witness_quorum": 1, "witness_lag_minutes": 525_600},
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_quorum_that_makes_no_sense_is_refused(name: str) -> None:
    with pytest.raises(PaperInvalid) as told:
        TrustPolicy.read(_plain(**WRONG[name]), "The policy")
    assert told.value.sentence.endswith(".")
