"""Policies of witnesses: the form of C2SP tlog-policy, and what is enough."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Fault
from commonweal.ledger.note import COSIGNATURE, ED25519, VerifierKey
from commonweal.ledger.policy import WitnessPolicy

LOG = VerifierKey("log.example/public", ED25519, b"\x01" * 32)
KEYS = {
    name: VerifierKey(f"{name}.example/w", COSIGNATURE, bytes([number]) * 32)
    for number, name in enumerate(("X1", "X2", "X3", "Y1", "Y2", "Y3"), 2)
}

# The example of c2sp.org/tlog-policy, with keys.
EXAMPLE = "\n".join([
    "# an example", "", f"log {LOG}", "",
    *(f"witness {name} {KEYS[name]}" for name in ("X1", "X2", "X3")),
    "group X-witnesses 2 X1 X2 X3", "",
    *(f"  witness\t{name} {KEYS[name]} https://{name}.example/ " for name in ("Y1", "Y2", "Y3")),
    "group Y-witnesses any Y1 Y2 Y3", "",
    "group X-and-Y all X-witnesses Y-witnesses", "quorum X-and-Y", "",
])  # fmt: skip


def test_the_example_of_the_specification() -> None:
    policy = WitnessPolicy.parse(EXAMPLE)
    assert policy.logs == (LOG,)
    assert [one.name for one in policy.witnesses] == list(KEYS)
    assert policy.witnesses[3].url == "https://Y1.example/"
    for count in range(7):
        for names in itertools.combinations(KEYS, count):
            enough = sum(name[0] == "X" for name in names) >= 2 and any(n[0] == "Y" for n in names)
            assert policy.satisfied({KEYS[name] for name in names}) is enough, names
    assert WitnessPolicy.parse(policy.format()) == policy
    assert WitnessPolicy.parse(EXAMPLE.encode()) == policy


def test_no_witness_may_be_asked_for() -> None:
    policy = WitnessPolicy.parse("quorum none\n")
    assert policy.satisfied(set())
    assert not policy.asks
    assert policy.format() == "quorum none\n"


def test_one_witness_can_be_the_quorum() -> None:
    policy = WitnessPolicy.parse(f"witness a {KEYS['X1']}\nquorum a\n")
    assert policy.satisfied({KEYS["X1"]})
    assert not policy.satisfied({KEYS["X2"]})


A, B = (f"witness {name} {KEYS[name]}\n" for name in ("X1", "X2"))

WRONG = {
    "no quorum": A,
    "two quorums": "quorum none\nquorum none\n",
    "unknown quorum": A + "quorum X2\n",
    "quorum before": "quorum X1\n" + A,
    "empty": "",
    "no newline": "quorum none",
    "another line": "quorum none\nwitnesses X1\n",
    "log without key": "log\nquorum none\n",
    "log with a witness's key": f"log {KEYS['X1']}\nquorum none\n",
    "log twice": f"log {LOG}\nlog {LOG.named('other')}\nquorum none\n",
    "witness with a log's key": f"witness X1 {LOG}\nquorum X1\n",
    "witness twice": A + A + "quorum X1\n",
    "a key twice": A + A.replace("witness X1", "witness X9") + "quorum X1\n",
    "witness none": A.replace("X1 ", "none ", 1) + "quorum none\n",
    "group none": A + "group none 1 X1\nquorum none\n",
    "group of none": A + "group g 1 none\nquorum g\n",
    "group of nobody": A + "group g any\nquorum g\n",
    "group of later": "group g 1 X1\n" + A + "quorum g\n",
    "group of itself": A + "group g 1 g\nquorum g\n",
    "group too many": A + B + "group g 3 X1 X2\nquorum g\n",
    "group zero": A + "group g 0 X1\nquorum g\n",
    "group 01": A + "group g 01 X1\nquorum g\n",
    "group -1": A + "group g -1 X1\nquorum g\n",
    "member twice": A + "group g 1 X1 X1\nquorum g\n",
    "member of two groups": A + "group g 1 X1\ngroup h 1 X1\nquorum g\n",
    "name of a witness": A + B + "group X1 1 X2\nquorum X1\n",
    "control character": "quorum none\r\n",
    "not utf-8": b"# \xff\nquorum none\n",
    "broken key": "witness X1 rubbish\nquorum X1\n",
    "too long": "#" * 200_000 + "\nquorum none\n",
    "case": "QUORUM none\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_policy_that_is_not_one_is_refused(name: str) -> None:
    with pytest.raises(Fault) as told:
        WitnessPolicy.parse(WRONG[name])
    assert told.value.code == "CW-LEDGER-POLICY-INVALID"
    assert told.value.sentence.endswith(".")


@given(st.data())
def test_k_of_n_is_counted(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    needed = data.draw(st.integers(1, count))
    names = list(KEYS)[:count]
    signed = data.draw(st.sets(st.sampled_from(list(KEYS))))
    lines = [f"witness {name} {KEYS[name]}" for name in names]
    lines += [f"group g {needed} {' '.join(names)}", "quorum g", ""]
    policy = WitnessPolicy.parse("\n".join(lines))
    expected = len(signed & set(names)) >= needed
    assert policy.satisfied({KEYS[name] for name in signed}) is expected
