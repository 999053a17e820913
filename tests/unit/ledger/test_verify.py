"""Verification: every kind of damage is found, and found where it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.ledger.details import Details
from commonweal.ledger.entry import intent_hash, read_entry
from commonweal.ledger.marks import seal_day
from commonweal.ledger.merkle import Frontier, leaf_hash
from commonweal.ledger.note import COSIGNATURE, Signature, VerifierKey
from commonweal.ledger.report import KINDS, Report
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE, JANE, KEY, hint, issued, step

VKEY = support.new_signer(Path()).vkey
COUNT = 23


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


def _verified(path: Path, **more: object) -> Report:
    _restore_guards(path)
    return verify(path, vkeys=[VKEY], origin=BASE, **more)  # type: ignore[arg-type]


def test_a_sound_ledger_is_sound(path: Path) -> None:
    report = verify(path, vkeys=[str(VKEY)], origin=BASE, opener=lambda key_id: KEY, sequenced=True)
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
    stranger = CheckpointSigner(BASE, Ed25519PrivateKey.generate(), path.parent / "s").vkey
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


Damage = Callable[[sqlite3.Connection], None]


def _sql(*statements: str) -> Damage:
    def act(connection: sqlite3.Connection) -> None:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement

    return act


def _rehash(old: bytes, new: bytes, *, where: int, deep: bool) -> Damage:
    """Change a body and hide it: its hashes, and with `deep` the whole tree."""

    def act(connection: sqlite3.Connection) -> None:
        (intent_id, body) = connection.execute(
            "SELECT intent.id, body FROM intent JOIN entry ON intent_id = intent.id "
            "WHERE entry.log = 'sealed' AND idx = ?",
            (where,),
        ).fetchone()
        changed = body.replace(old, new)
        assert changed != body
        read_entry(changed)
        connection.execute(
            "UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE id = ?2",
            (changed, intent_id),
        )
        connection.execute(
            "UPDATE entry SET leaf_hash = ? WHERE log = 'sealed' AND idx = ?",
            (leaf_hash(changed), where),
        )
        if deep:
            _rebuild(connection)

    return act


def _rebuild(connection: sqlite3.Connection) -> None:
    """Make the tree of the sealed log anew from its leaves, as a patient forger would."""
    connection.execute("DELETE FROM node WHERE log = 'sealed'")
    frontier = Frontier()
    for (leaf,) in connection.execute(
        "SELECT leaf_hash FROM entry WHERE log = 'sealed' ORDER BY idx"
    ).fetchall():
        for made in frontier.append(leaf):
            connection.execute("INSERT INTO node VALUES ('sealed', ?, ?, ?)", made)


def _swap_bodies(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT intent.id, body FROM intent JOIN entry ON intent_id = intent.id "
        "WHERE entry.log = 'sealed' AND idx IN (10, 11) ORDER BY idx"
    ).fetchall()
    for (intent_id, _), (_, body) in zip(rows, reversed(rows), strict=True):
        connection.execute(
            "UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE id = ?2",
            (body, intent_id),
        )


def _swap_places(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT idx, intent_id, leaf_hash FROM entry WHERE log = 'sealed' AND idx IN (10, 11)"
    ).fetchall()
    connection.execute("DELETE FROM entry WHERE log = 'sealed' AND idx IN (10, 11)")
    for (index, _, _), (_, intent_id, leaf) in zip(rows, reversed(rows), strict=True):
        connection.execute("INSERT INTO entry VALUES ('sealed', ?, ?, ?)", (index, intent_id, leaf))


def _set_body(connection: sqlite3.Connection, where: str, body: bytes) -> None:
    done = connection.execute(
        f"UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE {where}", (body,)
    )
    assert done.rowcount == 1


def _uncanonical(connection: sqlite3.Connection) -> None:
    (body,) = connection.execute("SELECT body FROM intent WHERE id = 9").fetchone()
    _set_body(connection, "id = 9", body + b" ")


def _unknown_type(connection: sqlite3.Connection) -> None:
    (body,) = connection.execute("SELECT body FROM intent WHERE id = 9").fetchone()
    _set_body(connection, "id = 9", canonical(read_entry(body) | {"type": "risk.sold"}))


def _cut_off(entries: int) -> Damage:
    """Cut off the end of the sealed log, with everything that hangs on it."""

    def act(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = OFF")
        (first,) = connection.execute(
            "SELECT intent_id FROM entry WHERE log = 'sealed' AND idx = ?", (COUNT + 1 - entries,)
        ).fetchone()
        for statement in (
            "DELETE FROM checkpoint WHERE size > (SELECT count(*) FROM entry e "  # noqa: ISC004
            "WHERE e.log = checkpoint.log AND e.intent_id < :f)",
            "DELETE FROM node WHERE ((idx + 1) << level) > (SELECT count(*) FROM entry e "  # noqa: ISC004
            "WHERE e.log = node.log AND e.intent_id < :f)",
            "DELETE FROM entry WHERE intent_id >= :f",
            "DELETE FROM detail WHERE intent_id >= :f",
            "DELETE FROM permit_state WHERE intent_id >= :f",
            "DELETE FROM sealed_root WHERE intent_id >= :f",
            "DELETE FROM intent WHERE id >= :f",
            "UPDATE sqlite_sequence SET seq = :f - 1 WHERE name = 'intent'",
        ):
            connection.execute(statement, {"f": first})

    return act


DAMAGES: list[tuple[str, Damage, str, str | None, int | None]] = [
    ("body", _sql("UPDATE intent SET body = CAST(replace(body, 'jane', 'john') AS BLOB) "
                  "WHERE id = 9"), "body_changed", "sealed", None),
    ("body and its hashes", _rehash(b"jane", b"john", where=10, deep=False),
     "node_changed", "sealed", 10),
    ("body and its hashes, odd", _rehash(b"jane", b"john", where=11, deep=False),
     "node_changed", "sealed", 10),
    ("body and the whole tree", _rehash(b"jane", b"john", where=10, deep=True),
     "checkpoint_wrong", "sealed", None),
    ("first entry and the whole tree", _rehash(b"jane", b"john", where=0, deep=True),
     "checkpoint_wrong", "sealed", 2),
    ("leaf", _sql("UPDATE entry SET leaf_hash = zeroblob(32) WHERE log = 'sealed' AND idx = 12"),
     "leaf_changed", "sealed", 12),
    ("bodies swapped", _swap_bodies, "intent_changed", "sealed", 10),
    ("places swapped", _swap_places, "index_wrong", "sealed", 10),
    ("node", _sql("UPDATE node SET hash = zeroblob(32) WHERE log = 'sealed' AND level = 2 "
                  "AND idx = 3"), "node_changed", "sealed", 12),
    ("node gone", _sql("DELETE FROM node WHERE log = 'sealed' AND level = 1 AND idx = 4"),
     "node_missing", "sealed", 8),
    ("last node gone", _sql("DELETE FROM node WHERE log = 'sealed' AND level = 4 AND idx = 0"),
     "node_missing", "sealed", 0),
    ("node too many", _sql("INSERT INTO node VALUES ('sealed', 5, 9, zeroblob(32))"),
     "node_extra", "sealed", COUNT + 1),
    ("entry gone", _sql("DELETE FROM entry WHERE log = 'sealed' AND idx = 9"),
     "intent_skipped", "sealed", 10),
    ("last entry gone", _sql(f"DELETE FROM entry WHERE log = 'sealed' AND idx = {COUNT}"),
     "checkpoint_beyond", "sealed", COUNT + 1),
    ("entry moved", _sql("UPDATE entry SET idx = 99 WHERE log = 'sealed' AND idx = 9"),
     "index_wrong", "sealed", 9),
    ("entry on another log", _sql("UPDATE entry SET log = 'public', idx = 90 WHERE log = 'sealed' "
                                  "AND idx = 9"), "index_wrong", "sealed", 9),
    ("entry without intent", _sql("INSERT INTO entry VALUES ('sealed', 24, 999, zeroblob(32))"),
     "entry_orphan", "sealed", 24),
    ("intent gone", _sql("DELETE FROM entry WHERE intent_id = 9", "DELETE FROM detail WHERE "
                         "intent_id = 9", "DELETE FROM intent WHERE id = 9"),
     "intent_missing", None, None),
    ("last intent's number", _sql("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'intent'"),
     "intent_missing", None, None),
    ("intent's columns", _sql("UPDATE intent SET type = 'key.created' WHERE id = 9"),
     "intent_changed", "sealed", None),
    ("intent's log", _sql("UPDATE intent SET log = 'public' WHERE id = 9"),
     "intent_changed", "public", None),
    ("intent's permit", _sql("UPDATE intent SET permit = 'permit-8' WHERE id = 9"),
     "intent_changed", "sealed", None),
    ("intent's time", _sql("UPDATE intent SET created_at = '2026-03-02T00:00:00.000Z' "
                           "WHERE id = 9"), "time_backwards", None, None),
    ("public time within its hour", _sql("UPDATE intent SET created_at = replace(created_at, "
                                         "'09:15:30', '09:15:31') WHERE id = 4"),
     "intent_changed", "public", 2),
    ("not canonical", _uncanonical, "entry_invalid", "sealed", None),
    ("unknown type", _unknown_type, "entry_invalid", "sealed", None),
    ("projection row gone", _sql("DELETE FROM permit_state WHERE state = 'paused'"),
     "projection_wrong", None, None),
    ("projection row changed", _sql("UPDATE permit_state SET state = 'active' "
                                    "WHERE state = 'paused'"), "projection_wrong", None, None),
    ("projection row invented", _sql("INSERT INTO permit_state VALUES ('permit-7', 9, 'active', "
                                     "'x', NULL, NULL)"), "projection_wrong", None, None),
    ("projection period changed", _sql("UPDATE permit_state SET until = '2030-01-01' "
                                       "WHERE state = 'announced'"),
     "projection_wrong", None, None),
    ("detail row gone", _sql("DELETE FROM detail WHERE intent_id = 9"),
     "detail_missing", "sealed", None),
    ("detail row invented", _sql("INSERT INTO detail VALUES (3, 'k', x'00')"),
     "detail_missing", "sealed", 0),
    ("detail changed", _sql("UPDATE detail SET ciphertext = x'00' WHERE intent_id = 9"),
     "detail_wrong", None, None),
    ("details swapped", _sql("UPDATE detail SET ciphertext = (SELECT ciphertext FROM detail "
                             "WHERE intent_id = 10) WHERE intent_id = 9"),
     "detail_wrong", None, None),
    ("seal's size", _sql("UPDATE sealed_root SET size = size + 1 WHERE intent_id = "
                         "(SELECT min(intent_id) FROM sealed_root)"), "seal_wrong", "public", None),
    ("seal row gone", _sql("DELETE FROM sealed_root WHERE intent_id = "
                           "(SELECT max(intent_id) FROM sealed_root)"),
     "seal_wrong", "public", None),
    ("epoch invented", _sql("INSERT INTO epoch VALUES (2, 9)"), "epoch_wrong", "public", None),
    ("checkpoint's root", _sql("UPDATE checkpoint SET root = zeroblob(32) WHERE log = 'sealed' "
                               "AND size = 7"), "checkpoint_wrong", "sealed", 7),
    ("checkpoint's note", _sql("UPDATE checkpoint SET note = replace(note, char(10) || '7' || "
                               "char(10), char(10) || '8' || char(10)) WHERE log = 'sealed' AND "
                               "size = 7"), "checkpoint_unsigned", "sealed", 7),
    ("checkpoint's size", _sql("UPDATE checkpoint SET size = 8 WHERE log = 'sealed' AND size = 7"),
     "checkpoint_wrong", "sealed", 8),
    ("checkpoint of another log", _sql("UPDATE checkpoint SET note = (SELECT note FROM checkpoint "
                                       "WHERE log = 'public' LIMIT 1) WHERE log = 'sealed' AND "
                                       "size = 7"), "checkpoint_unsigned", "sealed", 7),
    ("checkpoint of another epoch", _sql("UPDATE checkpoint SET epoch = 2 WHERE log = 'sealed' "
                                         "AND size = 7"), "checkpoint_unsigned", "sealed", 7),
    ("witness's line", _sql("INSERT INTO cosignature VALUES ('sealed', 1, 24, 'rubbish')"),
     "cosignature_wrong", "sealed", 24),
    ("foreign trigger", _sql("CREATE TRIGGER mine AFTER INSERT ON intent BEGIN SELECT 1; END"),
     "schema_changed", None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "kind", "log", "index"),
    [row[1:] for row in DAMAGES],
    ids=[row[0] for row in DAMAGES],
)
def test_each_damage_is_found_where_it_is(
    path: Path, freed: sqlite3.Connection, damage: Damage, kind: str, log: str | None,
    index: int | None,
) -> None:  # fmt: skip
    freed.execute("PRAGMA foreign_keys = OFF")
    if kind == "schema_changed":
        with pytest.raises(AssertionError):
            damage(freed)
    else:
        damage(freed)
    freed.close()
    report = _verified(path, opener=lambda key_id: KEY)
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
                 "permit_order"}  # fmt: skip
    assert {row[2] for row in DAMAGES} | elsewhere == set(KINDS)


@pytest.mark.parametrize("entries", [1, 2, 7, COUNT])
def test_a_cut_end_shows_to_whoever_kept_a_checkpoint(
    path: Path, freed: sqlite3.Connection, entries: int
) -> None:
    kept = freed.execute(
        "SELECT note FROM checkpoint WHERE log = 'sealed' ORDER BY size DESC LIMIT 1"
    ).fetchone()[0]
    _cut_off(entries)(freed)
    freed.close()
    assert _verified(path).faults == []  # nothing inside tells; that is why witnesses exist
    report = _verified(path, known=[kept])
    assert [fault.kind for fault in report.faults] == ["checkpoint_beyond"]


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
    _set_body(freed, "id = 9", body)
    freed.close()
    shown = str(_verified(path).as_dict())
    assert "Patel" not in shown
    assert "943" not in shown
    assert JANE.id not in shown
