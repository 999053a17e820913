"""The log's own keys come and go: verification, chains, the one-file checker, witnesses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger import check_proof as alone
from commonweal.ledger.asking import ask
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.entry import Event, intent_hash, read_entry
from commonweal.ledger.keychain import make_chain
from commonweal.ledger.log_keys import LogKeyOrder, add_log_key, retire_log_key, written_key
from commonweal.ledger.merkle import Frontier, leaf_hash
from commonweal.ledger.note import Note, SigningKey
from commonweal.ledger.proving import check_proof
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.verify import verify
from commonweal.ledger.witnessing import Witness
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE, HASH, JANE
from tests.vectors.keychain import make
from tests.vectors.keychain.make import KEYS, Life, vkey

VECTORS = json.loads(make.FILE.read_text("utf-8"))["vectors"]
ALL = [vkey(name) for name in ("K1", "K2", "K3")]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.ledger.close()


def code_of(act: Any, *arguments: Any) -> str | None:
    try:
        act(*arguments)
    except (CommonwealError, alone.NotProved) as error:
        return error.code
    return None


# --- vectors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=[one["desc"] for one in VECTORS])
def test_library_and_checker_agree_on_every_vector(vector: dict[str, Any]) -> None:
    proof, keys, chain = vector["proof"], vector["keys"], vector["chain"]
    assert code_of(check_proof, proof, keys, chain) == vector["code"]
    assert code_of(alone.check, proof.encode(), keys, None, 0, chain) == vector["code"]


def test_the_vectors_are_those_that_are_made() -> None:
    assert make.FILE.read_text("utf-8") == make.text()


def test_most_vectors_are_of_what_must_not_hold() -> None:
    good = sum(one["code"] is None for one in VECTORS)
    assert good < len(VECTORS) / 2


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_changed_chains_agree(data: st.DataObject) -> None:
    """One character of a chain changed: both say the same, and nothing else comes out."""
    vector = next(one for one in VECTORS if one["desc"] == "stage three with K1 and the chain")
    chain = vector["chain"]
    at = data.draw(st.integers(0, len(chain) - 1))
    changed = chain[:at] + data.draw(st.sampled_from('0aA{}"\\n\u2014 ')) + chain[at + 1 :]
    library = code_of(check_proof, vector["proof"], vector["keys"], changed)
    checker = code_of(alone.check, vector["proof"].encode(), vector["keys"], None, 0, changed)
    # The library also knows the closed table of events.
    assert (library is None) == (checker is None) or library == "CW-LEDGER-EVENT-INVALID"


# --- verification -----------------------------------------------------------------------------


def kinds(life: Life, **more: Any) -> list[str]:
    path = life.folder / "ledger.sqlite"
    return [fault.kind for fault in verify(path, vkeys=ALL, origin=BASE, **more).faults]


def test_a_ledger_whose_key_was_replaced_is_whole(life: Life) -> None:
    assert kinds(life) == []
    note = Note.parse(life.proofs["both"].partition("\n\n")[2])
    assert [line.key_id for line in note.signatures] == [
        vkey(name, f"{BASE}/public").key_id for name in ("K1", "K2")
    ]


def test_without_the_new_key_newer_checkpoints_are_not_believed(life: Life) -> None:
    path = life.folder / "ledger.sqlite"
    report = verify(path, vkeys=[vkey("K1")], origin=BASE)
    assert {fault.kind for fault in report.faults} == {"checkpoint_unsigned"}


def freed(life: Life) -> sqlite3.Connection:
    connection = sqlite3.connect(life.folder / "ledger.sqlite", isolation_level=None)
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def resigned(life: Life, log: str, name: str) -> list[str]:
    """What verification says if every checkpoint of a log were signed with one key alone."""
    with closing(freed(life)) as connection:
        rows = connection.execute("SELECT size, note FROM checkpoint WHERE log = ?", (log,))
        for size, text in rows.fetchall():
            point = Checkpoint.parse(Note.parse(text).text)
            note = SigningKey(point.origin, KEYS[name]).sign(point.text()).format()
            connection.execute(
                "UPDATE checkpoint SET note = ? WHERE log = ? AND size = ?", (note, log, size)
            )
    path = life.folder / "ledger.sqlite"
    faults = verify(path, vkeys=ALL, origin=BASE).faults
    return [one.kind for one in faults if one.kind == "checkpoint_key" and one.log == log]


def test_a_checkpoint_by_a_key_out_of_its_time_is_a_fault(life: Life) -> None:
    assert len(resigned(life, "public", "K1")) == 2  # those of stages two and three
    assert len(resigned(life, "public", "K2")) == 1  # that of stage one
    assert len(resigned(life, "public", "K3")) == 3
    assert len(resigned(life, "sealed", "K1")) == 2
    assert len(resigned(life, "sealed", "K2")) == 0


def events(*steps: tuple[str, str]) -> list[str | None]:
    order = LogKeyOrder()
    found = []
    for number, (type_, name) in enumerate(steps, 1):
        entry = {"public_key": written_key(KEYS[name].verification_key)}
        found.append(order.see(f"ledger.key_{type_}", entry, number))
    return found


def test_keys_come_and_go_in_turn() -> None:
    assert events(("added", "K2"), ("retired", "K1"), ("added", "K3"), ("retired", "K2")) == [
        None, None, None, None,
    ]  # fmt: skip
    assert events(("retired", "K1")) == ["no key of the log would be left"]
    assert events(("added", "K2"), ("retired", "K1"), ("retired", "K2"))[2] is not None
    assert events(("added", "K2"), ("added", "K2"))[1] == "this key of the log was added before"
    assert events(("added", "K2"), ("retired", "K1"), ("retired", "K1"))[2] is not None
    assert events(("added", "K2"), ("retired", "K1"), ("added", "K1"))[2] is not None


def test_a_key_event_out_of_turn_is_a_fault(life: Life) -> None:
    """Somebody who owns the file turns the retirement of one key into that of another."""
    with closing(freed(life)) as connection:
        intent_id, at, body = connection.execute(
            "SELECT id, created_at, body FROM intent WHERE type = 'ledger.key_retired'"
        ).fetchone()
        other = read_entry(body) | {"public_key": written_key(KEYS["K2"].verification_key)}
        connection.execute(
            "UPDATE intent SET body = ?, body_hash = ? WHERE id = ?",
            (canonical(other), intent_hash(at, canonical(other)), intent_id),
        )
    assert "key_order" in kinds(life)


def test_writing_twice_is_written_once(life: Life) -> None:
    before = life.ledger.size("public")
    assert not add_log_key(life.ledger, "key-3", KEYS["K3"].verification_key)
    assert not retire_log_key(life.ledger, "key-1", KEYS["K1"].verification_key)
    sequence(life.ledger)
    assert life.ledger.size("public") == before


def test_a_change_that_nothing_covers_yet_has_no_proof(tmp_path: Path) -> None:
    with support.new_ledger(tmp_path) as ledger:
        add_log_key(ledger, "key-2", KEYS["K2"].verification_key)
        with ledger.reading() as connection, pytest.raises(Fault, match="NOT-PROVABLE"):
            make_chain(connection)
        sequence(ledger)
        # Signed with the new key alone it would lead nobody from the old one.
        CheckpointSigner(BASE, KEYS["K2"], tmp_path / "s").sign_all(ledger)
        with ledger.reading() as connection, pytest.raises(Fault, match="NOT-PROVABLE"):
            make_chain(connection)


def test_policies_must_follow_each_other(tmp_path: Path) -> None:
    """A change of the trust policy in the database that names another version before it."""
    with support.new_ledger(tmp_path) as ledger:
        fields = {"policy_hash": f"sha256:{2:064x}", "previous_hash": HASH, "version": 2,
                  "home": "demo"}  # fmt: skip
        intent = ledger.append(Event("trust.policy_changed", JANE, fields))
    path = tmp_path / "ledger.sqlite"
    assert verify(path, vkeys=ALL, origin=BASE).faults == []
    for wrong in ({"previous_hash": f"sha256:{9:064x}"}, {"version": 3}, {"policy_hash": HASH},
                  {"effective_from": "2020-01-01T00:00:00.000Z"}):  # fmt: skip
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("DROP TRIGGER IF EXISTS intent_no_update")
            at, body = connection.execute(
                "SELECT created_at, body FROM intent WHERE id = ?", (intent,)
            ).fetchone()
            changed = canonical({**json.loads(body), **fields, **wrong})
            connection.execute(
                "UPDATE intent SET body = ?, body_hash = ? WHERE id = ?",
                (changed, intent_hash(at, changed), intent),
            )
        found = {fault.kind for fault in verify(path, vkeys=ALL, origin=BASE).faults}
        assert "policy_order" in found, wrong


# --- witnesses --------------------------------------------------------------------------------


def test_a_witness_follows_to_the_new_key_and_keeps_its_memory(tmp_path: Path) -> None:
    life = Life(tmp_path / "log") if (tmp_path / "log").mkdir() is None else None
    assert life is not None
    origin = f"{BASE}/public"
    witness = Witness.create(tmp_path / "witness", "w.example/one", life.clock)
    witness.add_log(vkey("K1", origin))
    refused = code_of(ask, life.ledger, witness.vkey, witness.add_checkpoint)
    assert refused == "CW-LEDGER-WITNESS-REFUSED"  # K1 does not sign any more
    new = vkey("K3", origin)
    assert code_of(witness.add_log, new) == "CW-FILE-EXISTS"
    assert code_of(witness.add_log, vkey("X", origin), life.chains["three"]) == (
        "CW-LEDGER-CHAIN-INVALID"
    )
    assert code_of(witness.add_log, vkey("K1", origin), life.chains["three"]) is not None
    witness.add_log(new, life.chains["three"])
    assert new in witness.logs
    assert vkey("K1", origin) not in witness.logs  # a thief of it gets no signature
    assert ask(life.ledger, witness.vkey, witness.add_checkpoint).new
    assert witness.last(origin)[0] is not None
    life.ledger.close()


def test_while_both_sign_a_witness_with_either_key_signs(tmp_path: Path) -> None:
    clock = support.new_clock()
    with support.new_ledger(tmp_path, clock) as ledger:
        add_log_key(ledger, "key-2", KEYS["K2"].verification_key)
        sequence(ledger)
        signer = CheckpointSigner(BASE, KEYS["K2"], tmp_path / "s", also=[KEYS["K1"]])
        signer.sign_all(ledger)
        for name in ("K1", "K2"):
            witness = Witness.create(tmp_path / name, f"w.example/{name}", clock)
            witness.add_log(vkey(name, f"{BASE}/public"))
            assert ask(ledger, witness.vkey, witness.add_checkpoint).new


def test_the_signer_reads_what_an_older_key_signed(tmp_path: Path) -> None:
    clock = support.new_clock()
    with support.new_ledger(tmp_path, clock) as ledger:
        sequence(ledger)
        CheckpointSigner(BASE, KEYS["K1"], tmp_path / "s").sign_all(ledger)
        ledger.append(support.issued())
        sequence(ledger)
        alone_ = CheckpointSigner(BASE, KEYS["K2"], tmp_path / "s")
        assert code_of(alone_.sign_all, ledger) == "CW-LEDGER-SIGNATURE-INVALID"
        knowing = CheckpointSigner(BASE, KEYS["K2"], tmp_path / "s", known=[vkey("K1")])
        first = knowing.sign(ledger, "public")
        clock.advance(timedelta(hours=1))
        assert knowing.sign(ledger, "public") == first  # it has not grown


def test_the_naive_root_of_the_forgeries_is_that_of_the_tree() -> None:
    """The vectors' forger builds real trees: its root is what appending gives."""
    proof = make.forged(VECTORS[0]["proof"], 9, "K1")
    entry = alone._read_proof(proof)[0]
    frontier = Frontier()
    for _ in range(9):
        frontier.append(leaf_hash(entry))
    assert Checkpoint.parse(Note.parse(proof.partition("\n\n")[2]).text).root == frontier.root()


def test_only_the_ledger_writes_about_its_keys(tmp_path: Path) -> None:
    fields = {"key": "k", "public_key": written_key(KEYS["X"].verification_key)}
    added = Event("ledger.key_added", support.JANE, fields)
    with support.new_ledger(tmp_path) as ledger, pytest.raises(Fault, match="ledger itself"):
        ledger.append(added)
