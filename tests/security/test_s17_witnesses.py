"""S17: whoever holds the ledger's key and its database can keep two ledgers; witnesses show it.

The attacker is the custodian: the key of the log is theirs, and they write the database. The naive
twin of a witness signs what the log has signed and remembers nothing; the naive reader believes a
checkpoint that the log has signed.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import Fault
from commonweal.ledger.asking import ask
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.cosigning import TIME_BYTES, Cosigner
from commonweal.ledger.merkle import consistency_proof
from commonweal.ledger.note import Note, Signature
from commonweal.ledger.proving import check_proof, prove
from commonweal.ledger.quorum import check_proof_by
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger
from commonweal.ledger.witnessing import Answer, Request, Witness
from tests.unit.ledger import support
from tests.unit.ledger.test_asking import ORIGIN, Town, _secret, _send


class NaiveWitness:
    """Signs whatever the log has signed."""

    def __init__(self, town: Town, name: str) -> None:
        self._cosigner = Cosigner(name, support.SoftwareSigner(name.encode().ljust(32, b".")))
        self._keys = [town.signer.vkey.named(ORIGIN)]
        self._clock = town.clock
        self.vkey = self._cosigner.verifier

    def add_checkpoint(self, body: bytes) -> Answer:
        request = Request.parse(body)
        request.note.verify(self._keys)
        at = int(self._clock.now().timestamp())
        return Answer(200, self._cosigner.cosign(request.note.text, at).line().encode())


def _town(folder: Path) -> Town:
    folder.mkdir()
    made = Town(folder)
    made.grow(2)
    return made


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return _town(tmp_path / "a")


def _second(town: Town, said: str = "permit-other", *, entries: int = 3) -> Ledger:
    """A second ledger under the same key and name, from the same beginning; its signer forgets."""
    folder = town.folder.parent / said
    folder.mkdir()
    ledger = support.new_ledger(folder, town.clock)
    for number in range(entries):
        ledger.append(support.issued(f"{said}-{number}"))
    sequence(ledger)
    signer = CheckpointSigner(
        support.BASE, support.SoftwareSigner(bytes(range(32))), folder / "signer"
    )
    assert signer.vkey == town.signer.vkey
    signer.sign(ledger, "public")
    return ledger


# --- a split view -------------------------------------------------------------------------------


def test_naive_two_ledgers_are_shown_to_two_people(town: Town) -> None:
    other = _second(town, entries=2)
    town.witnesses = [NaiveWitness(town, "n1"), NaiveWitness(town, "n2")]  # type: ignore[list-item]
    for ledger in (town.ledger, other):
        for witness in town.witnesses:
            ask(ledger, witness.vkey, _send(witness))
    for ledger in (town.ledger, other):
        proof = prove(ledger, "public", 1)
        check_proof_by(proof, town.policy(), town.clock.now())  # both are believed
    assert town.ledger.root("public") != other.root("public")


def test_ours_a_split_view_never_gets_a_quorum(town: Town) -> None:
    other = _second(town, entries=2)
    one, two = town.witnesses
    ask(town.ledger, one.vkey, _send(one))
    ask(other, two.vkey, _send(two))
    # Each witness has seen one side, and signs the other for nobody.
    for ledger, witness in ((town.ledger, two), (other, one)):
        with pytest.raises(Fault) as told:
            ask(ledger, witness.vkey, _send(witness))
        assert told.value.code == "CW-LEDGER-SPLIT"
    for ledger in (town.ledger, other):
        with pytest.raises(Fault, match="CW-LEDGER-QUORUM"):
            check_proof_by(prove(ledger, "public", 1), town.policy(), town.clock.now())
    # And each keeps the other side, signed by the log itself.
    for witness in (one, two):
        last, _ = witness.last(ORIGIN)
        (kept,) = witness.evidence
        shown = Request.parse(kept.read_bytes())
        assert shown.note.verify([town.signer.vkey.named(ORIGIN)])
        assert last is not None
        assert (shown.checkpoint.size, shown.checkpoint.root != last.root) == (last.size, True)


def test_ours_a_split_that_grows_is_caught_too(town: Town) -> None:
    other = _second(town, entries=9)
    for witness in town.witnesses:
        ask(town.ledger, witness.vkey, _send(witness))
        with pytest.raises(Fault, match="CW-LEDGER-SPLIT"):
            ask(other, witness.vkey, _send(witness))
        assert len(witness.evidence) == 1


def test_ours_an_invented_consistency_proof_does_not_help(town: Town) -> None:
    witness = town.witnesses[0]
    ask(town.ledger, witness.vkey, _send(witness))
    other = _second(town, entries=9)
    with other.reading() as connection:
        note = Note.parse(
            connection.execute("SELECT note FROM checkpoint WHERE log = 'public'").fetchone()[0]
        )
    point = Checkpoint.parse(note.text)
    for ledger in (town.ledger, other):
        for old in range(4):
            for size in range(max(old, 1), ledger.size("public") + 1):
                fetch = ledger.fetcher("public")
                proof = tuple(consistency_proof(old, size, fetch)) if old else ()
                answer = witness.add_checkpoint(Request(old, proof, note, point).format())
                assert answer.status == (422 if old == 3 else 409)


# --- a rewound log ------------------------------------------------------------------------------


def test_ours_a_log_that_was_put_back_is_refused(town: Town, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(town.folder, copy)
    town.grow(3)
    for witness in town.witnesses:
        ask(town.ledger, witness.vkey, _send(witness))
    # Database and signer's memory of the day before, key in hand: nothing inside tells.
    with Ledger.open(copy / "ledger.sqlite", town.clock) as old:
        signer = support.new_signer(copy)
        for grown in range(2):
            old.append(support.issued(f"instead-{grown}"))
        sequence(old)
        note = signer.sign(old, "public")
        assert check_proof(prove(old, "public", 1, note=note), [signer.vkey])
        for witness in town.witnesses:
            with pytest.raises(Fault) as told:
                ask(old, witness.vkey, _send(witness))
            assert told.value.code == "CW-LEDGER-SPLIT"
            last, _ = witness.last(ORIGIN)
            assert last is not None
            assert last.size == 6


# --- old and forged times ----------------------------------------------------------------------


def test_ours_an_old_cosignature_is_not_taken_for_a_new_one(town: Town) -> None:
    witness = town.witnesses[0]
    asked = ask(town.ledger, witness.vkey, _send(witness))
    (kept,) = [one for one in Note.parse(witness.remembered(ORIGIN)).signatures
               if one.name == witness.vkey.name]  # fmt: skip
    replay = Answer(200, kept.line().encode())
    # Under a newer checkpoint the signature does not hold.
    town.grow()
    with pytest.raises(Fault, match="CW-LEDGER-SIGNATURE-INVALID"):
        ask(town.ledger, witness.vkey, lambda body: replay)
    # For the same tree, asked by a ledger that forgot the line, it is too old.
    town.clock.advance(timedelta(minutes=6))
    other = _town(town.folder.parent / "b")
    other.clock.advance(timedelta(minutes=6))
    with pytest.raises(Fault) as told:
        ask(other.ledger, witness.vkey, lambda body: replay)
    assert told.value.code == "CW-LEDGER-COSIGNATURE-TIME"
    assert asked.cosigned.at == int(support.START.timestamp())


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400 * 3650])
def test_ours_a_witness_with_a_wrong_time_is_refused(town: Town, seconds: int) -> None:
    witness = town.witnesses[0]
    cosigner = Cosigner(witness.vkey.name, _secret(witness))
    at = int(town.clock.now().timestamp()) + seconds

    def send(body: bytes) -> Answer:
        return Answer(200, cosigner.cosign(Request.parse(body).note.text, at).line().encode())

    with pytest.raises(Fault) as told:
        ask(town.ledger, witness.vkey, send)
    assert told.value.code == "CW-LEDGER-COSIGNATURE-TIME"


def test_ours_a_changed_time_breaks_the_signature(town: Town) -> None:
    witness = town.witnesses[0]
    ask(town.ledger, witness.vkey, _send(witness))
    proof = prove(town.ledger, "public", 0)
    line = Note.parse(witness.remembered(ORIGIN)).signatures[-1]
    for at in (0, line.data[7] ^ 1, 2**63 - 1, 2**64 - 1):
        forged = Signature(line.name, line.key_id,
                           at.to_bytes(TIME_BYTES, "big") + line.data[TIME_BYTES:])  # fmt: skip
        with pytest.raises(Fault, match="CW-LEDGER-SIGNATURE-INVALID"):
            check_proof_by(proof.replace(line.line(), forged.line()), town.policy(1),
                           town.clock.now())  # fmt: skip


def test_ours_a_backdated_cosignature_under_a_newer_entry_is_a_fault(town: Town) -> None:
    # A witness that helps the custodian signs today under the time of last week.
    town.clock.advance(timedelta(days=7))
    note = Note.parse(town.grow())
    for witness in town.witnesses:
        cosigner = Cosigner(witness.vkey.name, _secret(witness))
        line = cosigner.cosign(note.text, int(support.START.timestamp())).line()
        with town.ledger.exclusive() as connection:
            connection.execute("INSERT INTO cosignature VALUES ('public', 1, 4, ?)", (line,))
    town.clock.advance(timedelta(minutes=16))
    assert town.kinds() == ["cosignature_time", "cosignature_time", "quorum_missing"]


def test_ours_a_cosignature_moved_under_another_checkpoint_is_a_fault(town: Town) -> None:
    witness = town.witnesses[0]
    ask(town.ledger, witness.vkey, _send(witness))
    town.grow()
    with town.ledger.exclusive() as connection:
        connection.execute("INSERT INTO cosignature SELECT log, epoch, 4, line FROM cosignature")
    assert "cosignature_wrong" in town.kinds(1)


def test_ours_a_witness_in_the_hands_of_two_processes_keeps_one_state(town: Town) -> None:
    witness = town.witnesses[0]
    ask(town.ledger, witness.vkey, _send(witness))
    other = _second(town, entries=9)
    again = Witness(witness.folder, town.clock)
    with pytest.raises(Fault, match="CW-LEDGER-SPLIT"):
        ask(other, again.vkey, _send(again))
