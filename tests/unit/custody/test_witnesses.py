"""A home whose trust policy names witnesses: asked, held to it, and given away as tiles."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.proving import check_proof, prove
from commonweal.ledger.quorum import check_proof_by, witnessed_note
from commonweal.ledger.tlogproof import TlogProof
from commonweal.ledger.witnessing import Witness
from commonweal.vault.custody import (
    Custody,
    ask_witnesses,
    check_export,
    create_home,
    export_public_tiles,
    open_custody,
    policy_of,
    settle,
    verify_ledger,
)
from commonweal.vault.custody.witnesses import (
    trusted_witnesses,
    witness_policy,
    witnessed_proof,
)
from tests import factories
from tests.unit.ledger.test_asking import serving
from tests.unit.ledger.test_policy import EXAMPLE, KEYS


class Town:
    """A home and two of three witnesses that serve."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = factories.clock()
        names = ("north", "south", "west")
        self.witnesses = {n: Witness.create(folder / n, f"{n}.example", self.clock) for n in names}
        lines = [f"witness {name} {one.vkey}" for name, one in self.witnesses.items()]
        self.text = "\n".join([*lines, f"group g 2 {' '.join(names)}", "quorum g", ""])
        with create_home(
            folder / "home", kind="demo", name="Wharfedale", clock=self.clock,
            root_store=folder / "store", witnesses=WitnessPolicy.parse(self.text),
            witness_lag_minutes=30,
        ) as custody:  # fmt: skip
            self.policy = policy_of(custody)
        for one in self.witnesses.values():
            one.add_log(self.policy.logs[0])

    def open(self) -> Custody:
        return open_custody(self.folder / "home", self.clock, root_store=self.folder / "store")

    def ask(self, custody: Custody, *names: str) -> list[str | None]:
        urls = {}
        servers = [serving(self.witnesses[name]) for name in names]
        for name, one in zip(names, servers, strict=True):
            urls[f"{name}.example"] = one.__enter__().url
        try:
            found = ask_witnesses(custody, policy_of(custody), urls, timeout=1)
        finally:
            for one in servers:
                one.__exit__(None, None, None)
        return [one.error.code if one.error else None for one in found]

    def faults(self) -> list[str]:
        report = verify_ledger(self.folder / "home", self.clock, root_store=self.folder / "store")
        return [fault.kind for fault in report.faults]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_the_policy_of_a_home_is_that_of_its_trust_policy(town: Town) -> None:
    with town.open() as custody:
        trust = custody.trust
    assert trust.witness_quorum == 2
    assert [one.holder for one in trust.witnesses or ()] == ["north", "south", "west"]
    assert [one.key for one in town.policy.witnesses] == [w.vkey for w in town.witnesses.values()]
    signed = [one.vkey for one in town.witnesses.values()]
    assert town.policy.satisfied(signed[:2])
    assert not town.policy.satisfied(signed[:1])
    assert WitnessPolicy.parse(town.policy.format()) == town.policy


def test_a_quorum_is_asked_for_and_held_to(town: Town) -> None:
    town.clock.advance(timedelta(minutes=31))
    assert town.faults() == ["quorum_missing"]
    with town.open() as custody:
        assert town.ask(custody, "north") == [None]
    assert town.faults() == ["quorum_missing"]
    with town.open() as custody:
        assert town.ask(custody, "north", "west") == [None, None]
    assert town.faults() == []


def test_a_policy_in_the_hand_takes_the_place_of_the_homes(town: Town) -> None:
    town.clock.advance(timedelta(minutes=31))
    path, store = town.folder / "home", town.folder / "store"
    easy = WitnessPolicy.parse("quorum none\n")
    assert verify_ledger(path, town.clock, root_store=store, policy=easy).faults == []


def test_who_takes_the_witnesses_out_of_the_file_is_seen(town: Town) -> None:
    town.clock.advance(timedelta(minutes=31))
    file = town.folder / "home" / "trust.json"
    plain = json.loads(file.read_text())
    for name in ("witnesses", "witness_quorum", "witness_lag_minutes"):
        del plain[name]
    from commonweal.foundation.canonical import canonical

    file.write_bytes(canonical(plain) + b"\n")
    assert town.faults() == []  # this check asks the file; the next holds it against the ledger
    with pytest.raises(Fault, match="CW-TRUST-CHANGED"):
        town.open()


def test_proofs_and_tiles_carry_the_witnesses(town: Town) -> None:
    now = town.clock.now()
    with town.open() as custody:
        town.ask(custody, "north", "south")
        with custody.ledger.reading() as connection:
            note = witnessed_note(connection, town.policy, 0, now)
        done = export_public_tiles(custody, town.folder / "tiles")
        proof = prove(custody.ledger, "public", 0, note=note)
    checked = check_proof_by(proof, town.policy, now)
    assert checked.signers[1:] == ("north.example", "south.example")
    assert check_proof(proof, [town.policy.logs[0]]).index == 0
    assert (done.size, done.before, done.files) == (2, 0, 2)
    plain = check_export(town.folder / "tiles", [], town.policy, town.clock)
    assert plain["entries"] == 2
    strict = WitnessPolicy.parse(
        f"log {town.policy.logs[0]}\n" + town.text.replace("group g 2", "group g all")
    )
    with pytest.raises(Fault, match="CW-LEDGER-QUORUM"):
        check_export(town.folder / "tiles", [], strict, town.clock)


def test_a_proof_that_came_before_its_witnesses_is_made_anew(town: Town) -> None:
    with town.open() as custody:
        early = prove(custody.ledger, "public", 1)
        assert witnessed_proof(custody, early) == early
        settle(custody)
        town.ask(custody, "north", "south")
        late = witnessed_proof(custody, early)
        other = TlogProof.parse(early)
        foreign = TlogProof(other.index, other.hashes, other.note, b"{}").format()
        assert witnessed_proof(custody, foreign) == foreign
    with pytest.raises(Fault, match="CW-LEDGER-QUORUM"):
        check_proof_by(early, town.policy, town.clock.now())
    checked = check_proof_by(late, town.policy, town.clock.now())
    assert checked.entry == check_proof(early, [town.policy.logs[0]]).entry


def test_tiles_are_brought_up_to_date(town: Town) -> None:
    with town.open() as custody:
        export_public_tiles(custody, town.folder / "tiles")
        for _ in range(3):
            town.clock.advance(timedelta(days=1))
            settle(custody)
        done = export_public_tiles(custody, town.folder / "tiles")
        assert (done.before, done.size) == (2, 5)
        keys = list(custody.ledger_keys)
    # Every signed size has its partial tiles.
    assert {p.name for p in (town.folder / "tiles/tile/0/000.p").iterdir()} == {"2", "3", "4", "5"}
    assert check_export(town.folder / "tiles", keys)["entries"] == 5


def test_a_witness_that_is_down_does_not_keep_the_others(town: Town) -> None:
    with serving(town.witnesses["north"]) as server:
        gone = server.url
    with town.open() as custody, serving(town.witnesses["south"]) as server:
        urls = {"w1": gone, "south.example": server.url}
        found = ask_witnesses(custody, policy_of(custody), urls, timeout=0)
    assert [one.error.code if one.error else None for one in found] == [
        "CW-LEDGER-WITNESS-UNREACHABLE", None,
    ]  # fmt: skip


@pytest.mark.parametrize("urls", [{}, {"nobody": "http://localhost:1"}])
def test_addresses_must_be_those_of_witnesses(town: Town, urls: dict[str, str]) -> None:
    with town.open() as custody, pytest.raises(WrongUsage, match="CW-LEDGER-WITNESS-URL"):
        ask_witnesses(custody, policy_of(custody), urls)


def test_two_witnesses_of_one_holder_count_once(town: Town) -> None:
    with town.open() as custody:
        plain = custody.trust.plain()
    plain["witnesses"][1]["holder"] = "NORTH"
    from commonweal.papers.trust import TrustPolicy

    policy = witness_policy(TrustPolicy.read(plain, "x"), town.policy.logs)
    north, south, west = (one.vkey for one in town.witnesses.values())
    assert not policy.satisfied({north, south})
    assert policy.satisfied({north, west})
    assert policy.satisfied({south, west})
    assert WitnessPolicy.parse(policy.format()) == policy


def test_only_a_flat_policy_can_be_a_homes() -> None:
    for text in (EXAMPLE, "quorum none\n"):
        with pytest.raises(CommonwealError, match="CW-LEDGER-POLICY-INVALID"):
            trusted_witnesses(WitnessPolicy.parse(text))
    found, needed = trusted_witnesses(
        WitnessPolicy.parse(f"witness a {KEYS['X1']} https://a.example\nquorum a\n")
    )
    assert (needed, found[0]["name"], found[0]["holder"]) == (1, "X1.example/w", "a")
    assert found[0]["url"] == "https://a.example"
