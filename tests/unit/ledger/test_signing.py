"""Sequencer, signer, proofs, daily seals and epochs."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.marks import begin_epoch, seal_day
from commonweal.ledger.merkle import leaf_hash
from commonweal.ledger.note import Note
from commonweal.ledger.proving import check_proof, prove
from commonweal.ledger.recorder import LedgerRecorder, Recorder
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger
from commonweal.ledger.tlogproof import TlogProof
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE, hint, issued, naive_root, step


@pytest.fixture
def ledger(tmp_path: Path):
    with support.new_ledger(tmp_path) as made:
        made.append(issued())
        yield made


def _point(note: str) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note).text)


def _sealed_bodies(ledger: Ledger) -> list[bytes]:
    return [ledger.entry("sealed", index) for index in range(ledger.size("sealed"))]


def test_batches_give_the_same_tree_as_the_definition(ledger: Ledger) -> None:
    for number in range(23):
        ledger.append(hint(number))
    assert ledger.intents_left() == 25
    placed = [sequence(ledger, limit) for limit in (1, 4, 0, 7, 2, 1)]
    assert placed == [1, 4, 0, 7, 2, 1]
    assert sequence(ledger) == 10
    assert sequence(ledger) == 0
    assert (ledger.size("public"), ledger.size("sealed"), ledger.intents_left()) == (2, 23, 0)
    assert ledger.root("sealed") == naive_root([leaf_hash(b) for b in _sealed_bodies(ledger)])
    assert ledger.place(3) == ("sealed", 0)
    assert ledger.place(99) is None


def test_an_intent_that_was_changed_is_not_placed(ledger: Ledger) -> None:
    intent = ledger.append(hint())
    with ledger.exclusive() as connection:
        connection.execute("DROP TRIGGER intent_no_update")
        connection.execute(
            "UPDATE intent SET body = CAST(replace(body, 'jane', 'john') AS BLOB) WHERE id = ?",
            (intent,),
        )
    with pytest.raises(Fault, match=f"Intent {intent} "):
        sequence(ledger)


def test_every_entry_of_every_size_can_be_proved(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    for number in range(12):
        ledger.append(hint(number))
        sequence(ledger)
        signer.sign(ledger, "sealed")
        for index in range(number + 1):
            proof = TlogProof.parse(prove(ledger, "sealed", index))
            entry = proof.verify_entry([signer.vkey], f"{BASE}/sealed")
            assert entry["today"] == index


def test_what_no_checkpoint_covers_cannot_be_proved(ledger: Ledger, tmp_path: Path) -> None:
    sequence(ledger)
    signer = support.new_signer(tmp_path)
    with pytest.raises(Fault):
        prove(ledger, "public", 0)
    note = signer.sign(ledger, "public")
    ledger.append(step("paused"))
    sequence(ledger)
    for index in (2, -1, 99):
        with pytest.raises(Fault) as caught:
            prove(ledger, "public", index)
        assert caught.value.code == "CW-LEDGER-NOT-PROVABLE"
    assert prove(ledger, "public", 1, note=note)


def test_a_recorder_certifies(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    recorder: Recorder = LedgerRecorder(ledger, signer)
    intent = recorder.append(support.completed())
    certified = recorder.certify(intent)
    assert (certified.log, certified.index) == ("public", 2)
    entry = TlogProof.parse(certified.proof).verify_entry([signer.vkey], f"{BASE}/public")
    assert entry["release"] == "release-1"
    assert recorder.permit_standing(support.PERMIT).state == "active"  # type: ignore[union-attr]
    with pytest.raises(Fault):
        recorder.certify(999)


def test_a_proof_file_is_checked_with_a_key_alone(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    sequence(ledger)
    signer.sign(ledger, "public")
    text = prove(ledger, "public", 1)
    found = check_proof(text, [str(signer.vkey)])
    assert (found.origin, found.log, found.index, found.size) == (f"{BASE}/public", "public", 1, 2)
    assert found.entry["type"] == "permit.issued"
    assert found.signers == (f"{BASE}/public",)
    stranger = CheckpointSigner(BASE, support.SoftwareSigner(), tmp_path / "s").vkey
    for key in (
        stranger,
        signer.vkey.named("elsewhere.example"),
        signer.vkey.named(f"{BASE}/sealed"),
    ):
        with pytest.raises(Fault):
            check_proof(text, [key])
    body = ledger.entry("public", 0)
    for other in (
        text.replace("index 1", "index 0"),
        text.replace("index 1", "index 2"),
        TlogProof(1, TlogProof.parse(text).hashes, TlogProof.parse(text).note, body).format(),
        TlogProof(1, TlogProof.parse(text).hashes, TlogProof.parse(text).note).format(),
    ):
        with pytest.raises(Fault):
            check_proof(other, [signer.vkey])


# --- the signer's memory --------------------------------------------------------------------
def test_the_same_tree_gets_the_same_note(ledger: Ledger, tmp_path: Path) -> None:
    sequence(ledger)
    signer = support.new_signer(tmp_path)
    first = signer.sign(ledger, "public")
    assert (
        signer.sign(ledger, "public")
        == first
        == (tmp_path / "signer/public.checkpoint").read_text()
    )
    assert _point(first) == signer.last("public")
    assert _point(signer.sign(ledger, "sealed")).size == 0
    assert b"PRIVATE" not in repr(signer).encode()


def _grow(ledger: Ledger, signer: CheckpointSigner, times: int) -> None:
    for number in range(times):
        ledger.append(hint(number))
        sequence(ledger)
        signer.sign_all(ledger)


def _copy(ledger: Ledger, to: Path) -> Path:
    with ledger.reading() as connection:
        connection.execute("SELECT 1")
    with ledger._lock:
        ledger._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(ledger.path, to)
    return to


def test_a_rewound_ledger_is_not_signed(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 3)
    old = _copy(ledger, tmp_path / "old.sqlite")
    _grow(ledger, signer, 2)
    with Ledger.open(old, ledger.clock) as rewound:
        with pytest.raises(Fault) as caught:
            signer.sign(rewound, "sealed")
        assert caught.value.code == "CW-LEDGER-REWOUND"
        # Nor when it has grown again to the same size or beyond, with other entries.
        for number in range(3):
            rewound.append(hint(100 + number))
            sequence(rewound)
            with pytest.raises(Fault) as caught:
                signer.sign(rewound, "sealed")
            assert caught.value.code == "CW-LEDGER-REWOUND"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE intent SET body = CAST(replace(body, 'jane', 'john') AS BLOB) WHERE id = 7",
        "UPDATE entry SET leaf_hash = zeroblob(32) WHERE log = 'sealed' AND idx = 4",
        "UPDATE node SET hash = zeroblob(32) WHERE log = 'sealed' AND level = 1 AND idx = 2",
        "UPDATE node SET hash = zeroblob(32) WHERE log = 'sealed' AND level = 2",
        "DELETE FROM node WHERE log = 'sealed' AND level = 1 AND idx = 2",
        "UPDATE intent SET body = CAST('{}' AS BLOB) WHERE id = 8",
        "UPDATE entry SET intent_id = 1 WHERE log = 'sealed' AND idx = 5",
    ],
)
def test_a_damaged_tree_is_not_signed(ledger: Ledger, tmp_path: Path, damage: str) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 4)
    for number in range(2):
        ledger.append(hint(number))
    sequence(ledger)
    with ledger.exclusive() as connection:
        for name in ("intent_no_update", "entry_no_update", "node_no_update", "node_no_delete"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        if "intent_id = 1" in damage:
            connection.execute("DELETE FROM node WHERE 0")
            connection.execute("DROP TRIGGER entry_no_delete")
            connection.execute("DELETE FROM entry WHERE log = 'public'")
        connection.execute(damage)
    with pytest.raises(CommonwealError) as caught:
        signer.sign(ledger, "sealed")
    assert caught.value.code in ("CW-LEDGER-REWOUND", "CW-LEDGER-BROKEN")
    assert _point((tmp_path / "signer/sealed.checkpoint").read_text()).size == 4


@pytest.mark.parametrize("content", ["", "rubbish", "a\n1\nAAAA\n\n\u2014 a AAAAAAA=\n"])
def test_a_changed_memory_stops_the_signer(ledger: Ledger, tmp_path: Path, content: str) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 1)
    (tmp_path / "signer/sealed.checkpoint").write_text(content)
    with pytest.raises(Fault):
        signer.sign(ledger, "sealed")


def test_the_memory_of_another_key_or_log_stops_the_signer(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 1)
    stranger = CheckpointSigner(BASE, support.SoftwareSigner(), tmp_path / "signer")
    with pytest.raises(Fault):
        stranger.sign(ledger, "sealed")
    shutil.copy(tmp_path / "signer/public.checkpoint", tmp_path / "signer/sealed.checkpoint")
    with pytest.raises(Fault):
        signer.sign(ledger, "sealed")


def test_a_signer_that_died_between_memory_and_database_goes_on(
    ledger: Ledger, tmp_path: Path
) -> None:
    signer = support.new_signer(tmp_path)
    sequence(ledger)
    signer.sign(ledger, "public")
    with ledger.exclusive() as connection:
        connection.execute("DROP TRIGGER checkpoint_no_delete")
        connection.execute("DELETE FROM checkpoint")
    note = signer.sign(ledger, "public")
    with ledger.reading() as connection:
        assert connection.execute("SELECT note FROM checkpoint").fetchall() == [(note,)]


def _checkpoints(ledger: Ledger, log: str = "sealed") -> list[tuple[int, int, bytes]]:
    with ledger.reading() as connection:
        return connection.execute(
            "SELECT epoch, size, root FROM checkpoint WHERE log = ? ORDER BY 1, 2", (log,)
        ).fetchall()


def _take_away(ledger: Ledger, where: str) -> None:
    with ledger.exclusive() as connection:
        connection.execute("DROP TRIGGER IF EXISTS checkpoint_no_delete")
        connection.execute(f"DELETE FROM checkpoint WHERE {where}")


def _journal(signer: CheckpointSigner) -> list[tuple[int, int, bytes]]:
    return [(one.epoch, one.size, one.root) for one in signer.memory.journal("sealed") or ()]


def test_the_journal_is_what_the_database_has(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    assert signer.memory.journal("sealed") is None
    _grow(ledger, signer, 4)
    signer.sign_all(ledger)
    assert _journal(signer) == _checkpoints(ledger)
    assert [size for _, size, _ in _journal(signer)] == [1, 2, 3, 4]


def test_a_checkpoint_that_was_remembered_and_not_stored_is_stored_late(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The process died after the memory was written, and the log has grown since."""
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 3)
    _take_away(ledger, "size = 3")
    journal = tmp_path / "signer/sealed.signed"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    _grow(ledger, signer, 1)
    assert [size for _, size, _ in _checkpoints(ledger)] == [1, 2, 3, 4]
    assert _journal(signer) == _checkpoints(ledger)


@pytest.mark.parametrize("torn", [b"1", b"1 3", b"1 3 " + b"0" * 63, b"1 3 " + b"0" * 64])
def test_a_line_that_was_cut_off_is_no_line(ledger: Ledger, tmp_path: Path, torn: bytes) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 2)
    with (tmp_path / "signer/sealed.signed").open("ab") as stream:
        stream.write(torn)
    assert [size for _, size, _ in _journal(signer)] == [1, 2]
    _grow(ledger, signer, 1)
    assert _journal(signer) == _checkpoints(ledger)


def test_a_damaged_journal_is_a_fault(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 2)
    (tmp_path / "signer/sealed.signed").write_bytes(b"rubbish\n")
    for act in (lambda: signer.memory.journal("sealed"), lambda: signer.sign(ledger, "sealed")):
        with pytest.raises(Fault) as caught:
            act()
        assert caught.value.code == "CW-LEDGER-BROKEN"


def test_taking_checkpoints_away_is_not_healed(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 4)
    _take_away(ledger, "size < 4")
    _grow(ledger, signer, 1)
    assert [size for _, size, _ in _checkpoints(ledger)] == [4, 5]
    assert [size for _, size, _ in _journal(signer)] == [1, 2, 3, 4, 5]


def test_a_signer_that_forgot_all_does_not_begin_again(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 2)
    shutil.rmtree(tmp_path / "signer")
    with pytest.raises(Fault) as caught:
        signer.sign(ledger, "sealed")
    assert caught.value.code == "CW-LEDGER-REWOUND"


# --- seals and epochs -----------------------------------------------------------------------
def test_one_seal_a_day_whatever_happened(ledger: Ledger) -> None:
    ledger.append(hint())
    assert seal_day(ledger) is not None
    assert seal_day(ledger) is None
    ledger.clock.advance(timedelta(hours=23))  # type: ignore[attr-defined]
    assert seal_day(ledger) is not None
    assert seal_day(ledger) is None
    sequence(ledger)
    assert ledger.size("public") == 4


def test_a_seal_needs_a_policy(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "l", support.new_clock()) as empty, pytest.raises(Refused):
        seal_day(empty)


def test_after_a_restore_a_new_epoch_names_what_was_lost(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 3)
    with pytest.raises(Refused):
        begin_epoch(ledger, signer.last("public"), signer.last("sealed"))  # type: ignore[arg-type]
    old = _copy(ledger, tmp_path / "old.sqlite")
    ledger.append(step("paused"))
    _grow(ledger, signer, 2)
    lost = signer.last("public"), signer.last("sealed")
    with Ledger.open(old, ledger.clock) as restored:
        assert lost[0] is not None
        begin_epoch(restored, lost[0], lost[1])
        with pytest.raises(Fault):
            signer.sign(restored, "public")  # not yet on the public log
        sequence(restored)
        notes = signer.sign_all(restored)
        assert _point(notes["public"]).origin == f"{BASE}/public/2"
        assert _point(notes["sealed"]).origin == f"{BASE}/sealed/2"
        _grow(restored, signer, 1)
        # Checkpoints that were lost with their entries are not missed.
        assert _journal(signer) == _checkpoints(restored)
        assert [epoch for epoch, _, _ in _journal(signer)] == [1, 1, 1, 2, 2]
        newest = check_proof(prove(restored, "public", 0), [signer.vkey])
        assert newest.origin == f"{BASE}/public/2"
        report = verify(old, vkeys=[signer.vkey], origin=BASE, sequenced=True)
        report.require_sound()
        assert report.epoch == 2
    # The ledger that was given up cannot come back.
    for log in ("public", "sealed"):
        with pytest.raises(Fault) as caught:
            signer.sign(ledger, log)  # type: ignore[arg-type]
        assert caught.value.code == "CW-LEDGER-REWOUND"


def test_an_epoch_is_never_used_for_two_trees(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 2)
    first = _copy(ledger, tmp_path / "first.sqlite")
    again = tmp_path / "again.sqlite"
    shutil.copyfile(first, again)
    _grow(ledger, signer, 2)

    def restored(path: Path) -> str:
        with Ledger.open(path, ledger.clock) as copy:
            begin_epoch(copy, signer.last("public"), signer.last("sealed"))  # type: ignore[arg-type]
            sequence(copy)
            return _point(signer.sign_all(copy)["public"]).origin

    assert [restored(first), restored(again)] == [f"{BASE}/public/2", f"{BASE}/public/3"]


def test_an_epoch_that_names_something_else_is_not_signed(ledger: Ledger, tmp_path: Path) -> None:
    signer = support.new_signer(tmp_path)
    _grow(ledger, signer, 2)
    old = _copy(ledger, tmp_path / "old.sqlite")
    _grow(ledger, signer, 2)
    invented = Checkpoint(f"{BASE}/public", 50, b"\x07" * 32)
    with Ledger.open(old, ledger.clock) as restored:
        begin_epoch(restored, invented, None)
        sequence(restored)
        for log in ("public", "sealed"):
            with pytest.raises(Fault):
                signer.sign(restored, log)  # type: ignore[arg-type]
