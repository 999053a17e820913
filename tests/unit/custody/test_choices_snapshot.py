"""The sealed copy of the journal says what the ledger says, or nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.choices import journal
from commonweal.vault.choices.journal import read_journal, record, verify_journal
from commonweal.vault.custody import back_up, restore_home
from tests.unit.choices.said import said
from tests.unit.custody.support import Place

PEOPLE = ("9434765919", "9434765870", "4505577104")


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy is written as soon as an entry is not in it."""
    monkeypatch.setattr(journal, "TAIL", 0)


@pytest.fixture
def kept(place: Place) -> Place:
    with place.open() as custody:
        for number in PEOPLE:
            record(custody, said(place.clock.now(), number))
    assert copy_of(place).is_file()
    return place


def copy_of(place: Place) -> Path:
    return place.home / "ledger" / "choices.sealed"


def read(place: Place) -> tuple[int, str | None, list[str]]:
    with place.open() as custody:
        found = read_journal(custody)
        assert found == verify_journal(custody)
    whose = found.columns["whose"].combine_chunks().field("identifier").to_pylist()
    return found.number, found.head, whose


def test_it_is_used_and_says_the_same(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = read(kept)
    assert wanted[2] == list(PEOPLE)

    def opened(*_: object) -> bytes:
        raise AssertionError("an entry was opened again")

    with kept.open() as custody, monkeypatch.context() as patched:
        patched.setattr(journal, "_open", opened)
        assert read_journal(custody).head == wanted[1]


@pytest.mark.parametrize(
    "broken",
    [
        lambda held: b"",
        lambda held: b"CWCHJ1\n",
        lambda held: b"CWCHJ1\n\xff\xff",
        lambda held: held[:-1],
        lambda held: held[:-1] + bytes([held[-1] ^ 1]),
        lambda held: held[:9] + b"\xff" + held[10:],
        lambda held: held[:9] + b"other-key" + held[9:],
        lambda held: held + held,
    ],
)
def test_one_that_was_changed_is_not_believed(
    kept: Place, broken: Callable[[bytes], bytes]
) -> None:
    wanted = read(kept)
    copy_of(kept).write_bytes(broken(copy_of(kept).read_bytes()))
    assert read(kept) == wanted


def test_it_is_in_no_backup(kept: Place) -> None:
    with kept.open() as custody:
        back_up(custody, kept.folder / "b")
    wanted = read(kept)
    shutil.rmtree(kept.home)
    restore_home(kept.folder / "b", kept.home, kept.clock, root_store=kept.store)
    assert not copy_of(kept).exists()
    assert read(kept) == wanted


def test_an_older_one_is_continued_and_none_is_needed(kept: Place) -> None:
    older = copy_of(kept).read_bytes()
    with kept.open() as custody:
        record(custody, said(kept.clock.now(), PEOPLE[0], "no_companies"))
    wanted = read(kept)
    copy_of(kept).write_bytes(older)
    assert read(kept) == wanted
    copy_of(kept).unlink()
    assert read(kept) == wanted


def test_one_of_another_home_is_not_believed(kept: Place, copy: Callable[[], Place]) -> None:
    other = copy()
    with other.open() as custody:
        record(custody, said(other.clock.now(), PEOPLE[2]))
    copy_of(other).write_bytes(copy_of(kept).read_bytes())
    assert read(other)[2] == [PEOPLE[2]]


CHANGES = {
    "what it says is erased": "UPDATE detail SET ciphertext = NULL WHERE intent_id = "
    "(SELECT min(id) FROM intent WHERE type = 'choice.recorded')",
    "its time": "UPDATE intent SET created_at = '2020-01-01T00:00:00.000Z' "
    "WHERE type = 'choice.recorded'",
    "its body": "UPDATE intent SET body = "
    "CAST(replace(CAST(body AS TEXT), 'self', 'selv') AS BLOB) WHERE type = 'choice.recorded'",
    "its hash": "UPDATE intent SET body_hash = zeroblob(32) WHERE type = 'choice.recorded'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_hides_no_change_of_the_ledger(kept: Place, change: str) -> None:
    path = kept.home / "ledger" / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for trigger, _ in triggers:
            connection.execute(f"DROP TRIGGER {trigger}")
        assert connection.execute(change).rowcount > 0
        for _, statement in triggers:
            connection.execute(statement)
    with kept.open() as custody, pytest.raises(CommonwealError) as raised:
        read_journal(custody)
    assert raised.value.code == "CW-CHOICES-JOURNAL"
