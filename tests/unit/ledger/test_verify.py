"""Verification: every kind of damage is found, and found where it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.ledger.details import Details
from commonweal.ledger.entry import intent_hash
from commonweal.ledger.events import LOGS
from commonweal.ledger.marks import seal_day
from commonweal.ledger.memory import Signed, SignerMemory
from commonweal.ledger.note import COSIGNATURE, Signature, VerifierKey
from commonweal.ledger.report import KINDS, Report
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.damages import COUNT, DAMAGES, Damage, cut_off, gone, set_body
from tests.unit.ledger.support import BASE, JANE, KEY, hint, issued, step

VKEY = support.new_signer(Path()).vkey


def _build(folder: Path) -> CheckpointSigner:
    """A ledger with everything in it: both logs, details, seals, states, checkpoints."""
    signer = support.new_signer(folder)
    clock = support.new_clock()
    with support.new_ledger(folder, clock) as ledger:
        ledger.append(issued(), details=Details({"who": "Jane Smith"}, "details.p7", KEY))
        ledger.append(support.authorised())
        ledger.append(support.completed())
        for number in range(COUNT):
            clock.advance(timedelta(hours=3, milliseconds=7))
            ledger.append(hint(number), details=Details({"n": number}, "details.p7", KEY))
            if number % 4 == 0:
                seal_day(ledger)
            if number % 5 == 0:
                sequence(ledger)
                signer.sign_all(ledger)
        ledger.erase_details(5)
        ledger.append(step("paused"))
        sequence(ledger)
        signer.sign_all(ledger)
    return signer


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    _build(folder)
    return folder / "ledger.sqlite"


@pytest.fixture
def path(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path / "ledger.sqlite"))


@pytest.fixture
def freed(path: Path) -> Iterator[sqlite3.Connection]:
    """The database in the hands of somebody who owns the file."""
    with closing(_freed(path)) as connection:
        yield connection


def _freed(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function("hashed", 2, intent_hash)
    connection.execute("PRAGMA synchronous = OFF")
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def _restore_guards(path: Path) -> None:
    """Put the guards back, so that only the damage to the content is left to find."""
    from commonweal.ledger.schema import OBJECTS

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        for name, statement in OBJECTS.items():
            if name not in present:
                connection.execute(statement)


@pytest.fixture
def journals(built: Path) -> dict[str, tuple[Signed, ...] | None]:
    memory = SignerMemory(built.parent / "signer")
    return {log: memory.journal(log) for log in LOGS}


def _verified(path: Path, **more: object) -> Report:
    _restore_guards(path)
    return verify(path, vkeys=[VKEY], origin=BASE, **more)  # type: ignore[arg-type]


def test_a_sound_ledger_is_sound(path: Path, journals: dict[str, object]) -> None:
    report = verify(
        path, vkeys=[str(VKEY)], origin=BASE, journals=journals,  # type: ignore[arg-type]
        opener=lambda key_id: KEY, sequenced=True,
    )  # fmt: skip
    assert report.faults == []
    report.require_sound()
    shown = report.as_dict()
    assert set(shown) >= {"entries", "root", "checkpoint", "witnesses", "intents_left", "faults"}
    assert shown["entries"] == shown["logs"]["public"]["entries"] + COUNT + 1
    assert shown["intents_left"] == 0
    assert shown["details"] == {"sealed": COUNT, "erased": 1, "opened": COUNT}
    assert shown["logs"]["sealed"]["signed"] == COUNT + 1
    assert shown["logs"]["sealed"]["checkpoints"] == 6
    assert shown["checkpoint"].startswith(f"{BASE}/public\n")


def test_verification_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    verify(path, vkeys=[VKEY], origin=BASE).require_sound()
    assert path.read_bytes() == before


def test_without_a_key_there_is_no_verification(path: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        verify(path, vkeys=[], origin=BASE)
    with pytest.raises(Fault) as caught:
        verify(tmp_path / "none", vkeys=[VKEY], origin=BASE)
    assert caught.value.code == "CW-LEDGER-MISSING"


def test_other_keys_and_origins_do_not_verify(path: Path) -> None:
    stranger = CheckpointSigner(BASE, support.SoftwareSigner(), path.parent / "s").vkey
    for key, origin in ((stranger, BASE), (VKEY, "another.example")):
        kinds = {fault.kind for fault in verify(path, vkeys=[key], origin=origin).faults}
        assert kinds == {"checkpoint_unsigned"}


def test_an_intent_that_waits_is_counted(path: Path) -> None:
    from commonweal.ledger.store import Ledger

    clock = support.new_clock()
    clock.advance(timedelta(days=9))
    with Ledger.open(path, clock) as ledger:
        ledger.append(hint())
        # While the ledger is open, its newest entries stand in the write-ahead log.
        report = verify(path, vkeys=[VKEY], origin=BASE)
    assert (report.faults, report.intents_left) == ([], 1)
    strict = verify(path, vkeys=[VKEY], origin=BASE, sequenced=True)
    assert [fault.kind for fault in strict.faults] == ["intent_waiting"]


@pytest.mark.parametrize(
    ("damage", "kind", "log", "index"),
    [row[1:] for row in DAMAGES],
    ids=[row[0] for row in DAMAGES],
)
def test_each_damage_is_found_where_it_is(
    path: Path, journals: dict[str, object], freed: sqlite3.Connection, damage: Damage, kind: str,
    log: str | None, index: int | None,
) -> None:  # fmt: skip
    freed.execute("PRAGMA foreign_keys = OFF")
    if kind == "schema_changed":
        with pytest.raises(AssertionError):
            damage(freed)
    else:
        damage(freed)
    freed.close()
    # Also who has no key must see that a detail was put under another one.
    opener = None if kind == "detail_key_changed" else lambda key_id: KEY
    report = _verified(path, opener=opener, journals=journals)
    found = next((fault for fault in report.faults if fault.kind == kind), None)
    assert found is not None, [fault.place for fault in report.faults]
    assert found.log == log
    if index is not None:
        assert found.index == index
    with pytest.raises(Fault) as caught:
        report.require_sound()
    assert caught.value.code == "CW-LEDGER-BROKEN"


def test_the_damages_cover_the_kinds() -> None:
    elsewhere = {"database_damaged", "setting_changed", "intent_waiting", "first_entry",
                 "permit_order", "memory_missing", "cosignature_time",
                 "quorum_missing", "policy_order", "roster_order", "key_order",
                 "checkpoint_key"}  # fmt: skip
    assert {row[2] for row in DAMAGES} | elsewhere == set(KINDS)


@pytest.mark.parametrize("entries", [1, 2, 7, COUNT])
def test_a_cut_end_shows_to_whoever_kept_a_checkpoint(
    path: Path, freed: sqlite3.Connection, entries: int
) -> None:
    kept = freed.execute(
        "SELECT note FROM checkpoint WHERE log = 'sealed' ORDER BY size DESC LIMIT 1"
    ).fetchone()[0]
    cut_off(entries)(freed)
    freed.close()
    assert _verified(path).faults == []  # nothing inside tells; that is why witnesses exist
    report = _verified(path, known=[kept])
    assert [fault.kind for fault in report.faults] == ["checkpoint_beyond"]


@pytest.mark.parametrize(
    ("which", "sizes"),
    [("size = 24", [24]), ("size < 24", [2, 7, 12, 17, 22]), ("1", [2, 7, 12, 17, 22, 24])],
    ids=["newest", "old", "all"],
)
def test_each_checkpoint_that_is_gone_is_named(
    path: Path, journals: dict[str, object], freed: sqlite3.Connection, which: str, sizes: list[int]
) -> None:
    gone(which)(freed)
    freed.close()
    assert _verified(path).faults == []  # the database alone does not tell
    report = _verified(path, journals=journals)
    assert {fault.kind for fault in report.faults} == {"checkpoint_missing"}
    assert [fault.place for fault in report.faults] == [f"sealed checkpoint at {n}" for n in sizes]


def test_what_was_kept_must_itself_hold(path: Path, freed: sqlite3.Connection) -> None:
    good = freed.execute("SELECT note FROM checkpoint WHERE log = 'sealed'").fetchall()
    freed.close()
    _verified(path, known=[note for (note,) in good]).require_sound()
    for bad in ("rubbish", good[2][0].replace("/sealed", "/public"), "", good[1][0][:-3]):
        kinds = {fault.kind for fault in _verified(path, known=[bad]).faults}
        assert kinds == {"checkpoint_unsigned"}


def test_a_permit_that_was_not_live_shows(tmp_path: Path) -> None:
    """The store refuses such an entry; verification does not rely on that."""
    signer = support.new_signer(tmp_path)
    with support.new_ledger(tmp_path) as ledger:
        ledger.append(issued())
        ledger.append(step("revoked"))
        with ledger.exclusive() as connection:
            from commonweal.foundation.clock import stamp
            from commonweal.ledger.entry import Event, entry_bytes

            for event in (support.completed(), step("resumed"), issued(), step("paused", "p9")):
                assert isinstance(event, Event)
                body = entry_bytes(event, support.START)
                at = stamp(support.START)
                connection.execute(
                    "INSERT INTO intent (log, type, body, body_hash, permit, created_at) "
                    "VALUES ('public', ?, ?, ?, ?, ?)",
                    (event.type, body, intent_hash(at, body), event.permit, at),
                )
        sequence(ledger)
        signer.sign_all(ledger)
    report = verify(tmp_path / "ledger.sqlite", vkeys=[VKEY], origin=BASE)
    told = [fault.place for fault in report.faults if fault.kind == "permit_order"]
    assert told == [
        "public entry 3: the permit is revoked",
        "public entry 4: the permit is revoked",
        "public entry 5: the permit was issued before",
        "public entry 6: the permit was never issued",
    ]


def test_a_ledger_without_a_policy_shows(tmp_path: Path) -> None:
    with support.new_ledger(tmp_path):
        pass
    with closing(_freed(tmp_path / "ledger.sqlite")) as connection:
        from commonweal.foundation.clock import stamp
        from commonweal.ledger.entry import entry_bytes

        body = entry_bytes(issued(), support.START)
        at = stamp(support.START)
        connection.execute(
            "UPDATE intent SET body = ?, body_hash = ?, type = 'permit.issued', permit = ?, "
            "created_at = ?",
            (body, intent_hash(at, body), support.PERMIT, at),
        )
    kinds = {fault.kind for fault in _verified(tmp_path / "ledger.sqlite").faults}
    assert kinds == {"first_entry", "projection_wrong"}


def test_witnesses_are_named(path: Path, freed: sqlite3.Connection) -> None:
    private = Ed25519PrivateKey.generate()
    key = VerifierKey("witness.example", COSIGNATURE, private.public_key().public_bytes_raw())
    size, note = freed.execute(
        "SELECT size, note FROM checkpoint WHERE log = 'public' ORDER BY size DESC LIMIT 1"
    ).fetchone()
    text = note.partition("\n\n")[0] + "\n"
    signed = private.sign(b"cosignature/v1\ntime 5\n" + text.encode())
    line = Signature(key.name, key.key_id, (5).to_bytes(8, "big") + signed).line()
    freed.execute("INSERT INTO cosignature VALUES ('public', 1, ?, ?)", (size, line))
    freed.close()
    _restore_guards(path)
    assert verify(path, vkeys=[VKEY], origin=BASE).as_dict()["witnesses"] == []
    report = verify(path, vkeys=[VKEY, key], origin=BASE)
    assert report.faults == []
    assert report.as_dict()["witnesses"] == ["witness.example"]


@pytest.mark.parametrize("content", [b"", b"nothing", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    kinds = {fault.kind for fault in verify(path, vkeys=[VKEY], origin=BASE).faults}
    assert kinds <= {"database_damaged", "schema_changed", "setting_changed"}
    assert kinds


def test_another_journal_mode_is_told(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    kinds = {fault.kind for fault in verify(path, vkeys=[VKEY], origin=BASE).faults}
    assert kinds == {"setting_changed"}


def test_a_table_that_is_gone_is_told(path: Path, freed: sqlite3.Connection) -> None:
    freed.execute("DROP TABLE permit_state")
    freed.close()
    kinds = {fault.kind for fault in verify(path, vkeys=[VKEY], origin=BASE).faults}
    assert kinds == {"schema_changed"}


def test_a_folder_that_cannot_be_written_is_verified(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.ledger import snapshot
    from commonweal.ledger.store import Ledger

    monkeypatch.setattr(snapshot.os, "access", lambda *_: False)
    verify(path, vkeys=[VKEY], origin=BASE).require_sound()
    clock = support.new_clock()
    clock.advance(timedelta(days=9))
    with Ledger.open(path, clock) as ledger:
        ledger.append(hint())
        assert verify(path, vkeys=[VKEY], origin=BASE).intents_left == 1


def test_no_fault_repeats_a_value(path: Path, freed: sqlite3.Connection) -> None:
    body = b'{"name":"Mrs Patel","nhs":"943 476 5919"}'
    set_body(freed, "id = 9", body)
    freed.close()
    shown = str(_verified(path).as_dict())
    assert "Patel" not in shown
    assert "943 476" not in shown
    assert JANE.id not in shown
