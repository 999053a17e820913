"""Random damage to a ledger's rows: all of it is found, at or before the first bad entry."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonweal.ledger.entry import intent_hash
from commonweal.ledger.merkle import leaf_hash
from commonweal.ledger.schema import OBJECTS
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE

COUNT = 45


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of 45 sealed entries with its guards taken away, as a thief would."""
    folder = tmp_path_factory.mktemp("sound")
    signer = support.new_signer(folder)
    with support.new_ledger(folder) as ledger:
        for start in range(0, COUNT, 15):
            ledger.append_many(support.hint(start + number) for number in range(15))
            sequence(ledger)
            signer.sign_all(ledger)
    path = folder / "ledger.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, statement in OBJECTS.items():
            if statement.startswith("CREATE TRIGGER"):
                connection.execute(f"DROP TRIGGER {name}")
    return path


def _flip_body(connection: sqlite3.Connection, index: int, bit: int) -> int:
    intent_id, body = _intent(connection, index)
    damaged = bytearray(body)
    damaged[(bit // 8) % len(body)] ^= 1 << (bit % 8)
    connection.execute("UPDATE intent SET body = ? WHERE id = ?", (bytes(damaged), intent_id))
    return index


def _forge(connection: sqlite3.Connection, index: int, bit: int) -> int:
    """Another number in the entry, and every hash of that entry made to fit."""
    intent_id, body = _intent(connection, index)
    forged = body.replace(b'"today":', b'"today":%d' % (1 + bit % 9))
    connection.execute(
        "UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE id = ?2",
        (forged, intent_id),
    )
    connection.execute(
        "UPDATE entry SET leaf_hash = ? WHERE log = 'sealed' AND idx = ?",
        (leaf_hash(forged), index),
    )
    return index


def _flip_leaf(connection: sqlite3.Connection, index: int, bit: int) -> int:
    _flip(connection, "entry", "leaf_hash", f"log = 'sealed' AND idx = {index}", bit)
    return index


def _flip_node(connection: sqlite3.Connection, index: int, bit: int) -> int:
    rows = connection.execute("SELECT level, idx FROM node WHERE log = 'sealed'").fetchall()
    level, at = rows[index % len(rows)]
    where = f"log = 'sealed' AND level = {level} AND idx = {at}"
    _flip(connection, "node", "hash", where, bit)
    return int(at << level)


def _flip_root(connection: sqlite3.Connection, index: int, bit: int) -> int:
    size = 15 * (1 + index % 3)
    _flip(connection, "checkpoint", "root", f"log = 'sealed' AND size = {size}", bit)
    return size


def _delete(connection: sqlite3.Connection, index: int, _: int) -> int:
    intent_id, _body = _intent(connection, index)
    connection.execute("DELETE FROM entry WHERE intent_id = ?", (intent_id,))
    connection.execute("DELETE FROM intent WHERE id = ?", (intent_id,))
    return index


def _insert(connection: sqlite3.Connection, index: int, _: int) -> int:
    """An entry of its own at the end, with an intent, hashes and the right index."""
    _, body = _intent(connection, index)
    connection.execute(
        "INSERT INTO intent SELECT max(id) + 1, 'sealed', 'risk.hint_given', ?1, "
        "hashed(max(created_at), ?1), 'permit-7', max(created_at) FROM intent",
        (body,),
    )
    connection.execute(
        "INSERT INTO entry SELECT 'sealed', ?, max(id), ? FROM intent",
        (COUNT + 3, leaf_hash(body)),
    )
    return COUNT


def _swap(connection: sqlite3.Connection, index: int, bit: int) -> int:
    other = (index + 1 + bit % (COUNT - 1)) % COUNT
    (one_id, one), (two_id, two) = _intent(connection, index), _intent(connection, other)
    for intent_id, body in ((one_id, two), (two_id, one)):
        connection.execute(
            "UPDATE intent SET body = ?1, body_hash = hashed(created_at, ?1) WHERE id = ?2",
            (body, intent_id),
        )
    return min(index, other)


def _truncate(connection: sqlite3.Connection, index: int, _: int) -> int:
    intent_id, _body = _intent(connection, index)
    connection.execute("DELETE FROM entry WHERE intent_id >= ?", (intent_id,))
    connection.execute("DELETE FROM intent WHERE id >= ?", (intent_id,))
    connection.execute(
        "UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM intent) WHERE name = 'intent'"
    )
    return index


def _intent(connection: sqlite3.Connection, index: int) -> tuple[int, bytes]:
    return connection.execute(
        "SELECT intent.id, body FROM intent JOIN entry ON intent_id = intent.id "
        "WHERE entry.log = 'sealed' AND idx = ?",
        (index,),
    ).fetchone()


def _flip(connection: sqlite3.Connection, table: str, column: str, where: str, bit: int) -> None:
    (value,) = connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
    damaged = bytearray(value)
    damaged[(bit // 8) % len(damaged)] ^= 1 << (bit % 8)
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (bytes(damaged),))


ACTS = (
    _flip_body, _forge, _flip_leaf, _flip_node, _flip_root, _delete, _insert, _swap, _truncate,
)  # fmt: skip


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(act=st.sampled_from(ACTS), index=st.integers(0, COUNT - 1), bit=st.integers(0, 2**14))
def test_every_change_of_a_row_is_found(
    sound: Path, tmp_path: Path, act: object, index: int, bit: int
) -> None:
    path = tmp_path / "ledger.sqlite"
    shutil.copyfile(sound, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function("hashed", 2, intent_hash)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        first_bad = act(connection, index, bit)  # type: ignore[operator]
        for statement in OBJECTS.values():
            if statement.startswith("CREATE TRIGGER"):
                connection.execute(statement)
        connection.execute("COMMIT")
    report = verify(path, vkeys=[support.new_signer(tmp_path).vkey], origin=BASE)
    assert report.faults
    places = [fault.index for fault in report.faults if fault.index is not None]
    if act is _delete:
        # The gap shows at the intent; the place that is told is that of the next entry.
        assert report.faults[0].kind == "intent_missing"
    elif act is _truncate:
        assert min(places) >= first_bad
    elif act is _forge:
        # The parent of two leaves is the first thing that does not fit; the odd last leaf has none.
        assert places[0] in (first_bad - first_bad % 2, COUNT)
    elif act is _swap:
        assert min(places) <= first_bad
    else:
        assert min(places) in (first_bad, COUNT, COUNT + 1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 2**20), bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_file_never_changes_what_is_verified(
    sound: Path, tmp_path: Path, at: int, bit: int
) -> None:
    """Damage to the file is found, or lies where nothing is stored."""
    path = tmp_path / "ledger.sqlite"
    content = bytearray(sound.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)
    vkey = support.new_signer(tmp_path).vkey
    report = verify(path, vkeys=[vkey], origin=BASE)
    # The guards were taken from this copy, so their absence is told each time, and nothing else.
    before = verify(sound, vkeys=[vkey], origin=BASE)
    if report.faults == before.faults:
        assert report.as_dict() == before.as_dict()
        assert _rows(path) == _rows(sound)


def _rows(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in ("intent", "entry", "node", "checkpoint", "permit_state")
        ]
