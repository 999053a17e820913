"""What a service hands over: each number once, always the same event, and nothing that decides."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from commonweal.ledger import schema
from commonweal.ledger.carrying import FAMILIES, carry, is_carried
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.events import TYPES
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from commonweal.ledger.verify import verify
from tests.unit.ledger import support

NAME = "c" * 32
OWN = {
    *("trust", "roster", "act", "permit", "release", "risk", "attack", "key", "project"),
    *("separation", "choices", "backup", "ledger", "sealed", "catalogue", "signers", "service"),
    *("job", "outputs", "reference", "output", "noise", "feasibility", "publication", "standing"),
    *("choice", "person"),
}
"""The first words of what only the home itself writes: commands, signer, vault, the ledger."""
OWN_TYPES = sorted(name for name in TYPES if name.partition(".")[0] in OWN)


def event(person: str = "amara") -> Event:
    fields = {"person": person, "means": "persona"}
    return Event("account.signed_in", Actor("system", person), fields)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with support.new_ledger(tmp_path) as made:
        yield made


def carried(ledger: Ledger, number: int, what: Event, courier: str = NAME) -> int:
    with ledger.transaction() as writing:
        return carry(writing, courier, number, what)


def count(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM intent").fetchone()[0])


def test_every_event_type_is_either_handed_over_or_the_homes_own() -> None:
    """A new family must be put into one of the two lists, by somebody who thought about it."""
    assert {name.partition(".")[0] for name in TYPES} <= FAMILIES | OWN
    assert not FAMILIES & OWN
    carried = {name for name, row in TYPES.items() if is_carried(row)}
    assert {"account.signed_in", "application.decided", "vote.cast"} <= carried
    assert not carried & set(OWN_TYPES)
    assert [name for name in carried if TYPES[name].state or TYPES[name].live] == []


def test_a_number_gets_its_place_once(ledger: Ledger) -> None:
    first = carried(ledger, 1, event())
    before = count(ledger)
    ledger.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    assert carried(ledger, 1, event()) == first
    assert count(ledger) == before
    assert carried(ledger, 2, event()) == first + 1  # the same words again are another event
    assert carried(ledger, 1, event(), "d" * 32) == first + 2  # as is that of another service
    sequence(ledger)
    report = verify(ledger.path, vkeys=_keys(), origin=support.BASE)
    assert [one for one in report.faults if one.kind == "carried_wrong"] == []


def _keys() -> list[Any]:
    from commonweal.ledger.note import ED25519, VerifierKey

    return [VerifierKey(support.BASE, ED25519, support.SoftwareSigner(b"k" * 32).verification_key)]


def test_another_event_under_a_number_is_refused(ledger: Ledger) -> None:
    carried(ledger, 1, event())
    before = count(ledger)
    with pytest.raises(Fault) as caught:
        carried(ledger, 1, event("divya"))
    assert caught.value.code == "CW-LEDGER-CARRIED"
    assert "Number 1 " in caught.value.sentence
    assert count(ledger) == before


@pytest.mark.parametrize("name", OWN_TYPES)
def test_what_decides_is_not_handed_over(ledger: Ledger, name: str) -> None:
    made = Event.__new__(Event)
    object.__setattr__(made, "type", name)
    object.__setattr__(made, "actor", Actor("signer", "signer"))
    object.__setattr__(made, "fields", _fields(name))
    before = count(ledger)
    with pytest.raises(Fault) as caught:
        carried(ledger, 1, made)
    assert caught.value.code == "CW-LEDGER-CARRIED"
    assert count(ledger) == before


def _fields(name: str) -> dict[str, Any]:
    values = {
        "hash": support.HASH, "commitment": support.COMMITMENT, "number": 1, "day": "2026-03-02",
        "moment": "2026-03-02T09:15:30.250Z", "public_key": "A" * 43, "code": "CW-BUSY",
        "band": "under 100",
    }  # fmt: skip
    return {
        field: (kind.words or (values.get(kind.kind, "some-id"),))[0]
        for field, kind in TYPES[name].fields.items()
        if kind.required
    }


@pytest.mark.parametrize(("courier", "number"), [("", 1), ("C" * 32, 1), ("c" * 31, 1), (NAME, 0)])
def test_a_service_without_name_or_number_is_refused(
    ledger: Ledger, courier: str, number: int
) -> None:
    with pytest.raises(Fault) as caught:
        carried(ledger, number, event(), courier)
    assert caught.value.code == "CW-LEDGER-CARRIED"


# --- ledgers of the version before ----------------------------------------------------------------


def before_last(path: Path) -> None:
    """What a ledger of version 3 was like: without the indexes of public entries."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in schema.OBJECTS.keys() - schema.objects_of(3).keys():
            connection.execute(f"DROP INDEX {name}")
        connection.execute("PRAGMA user_version = 3")


def older(path: Path) -> None:
    """Make it a ledger of schema version 1."""
    less_old(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE carried")
        connection.execute("PRAGMA user_version = 1")


def less_old(path: Path) -> None:
    """What a ledger of version 2 was like: without the index by type."""
    before_last(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP INDEX intent_by_type")
        connection.execute("PRAGMA user_version = 2")


@pytest.mark.parametrize("made_older", [older, less_old, before_last])
def test_an_older_ledger_verifies_and_gets_what_is_new_when_it_is_opened(
    tmp_path: Path, made_older: Callable[[Path], None]
) -> None:
    support.new_ledger(tmp_path).close()
    path = tmp_path / "ledger.sqlite"
    made_older(path)
    kinds = {one.kind for one in verify(path, vkeys=_keys(), origin=support.BASE).faults}
    assert kinds & {"schema_changed", "database_damaged", "carried_wrong"} == set()
    with Ledger.open(path, support.new_clock()) as ledger:
        assert carried(ledger, 1, event()) == count(ledger)
        with ledger.reading() as connection:
            assert schema.schema_faults(connection) == []
            assert connection.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)


def test_an_older_ledger_that_was_changed_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    support.new_ledger(tmp_path).close()
    path = tmp_path / "ledger.sqlite"
    older(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER intent_no_update")
    with pytest.raises(Fault, match="intent_no_update"):
        Ledger.open(path, support.new_clock())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize("version", [0, schema.SCHEMA_VERSION + 1, -1])
def test_a_ledger_of_an_unknown_version_is_refused(tmp_path: Path, version: int) -> None:
    support.new_ledger(tmp_path).close()
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(Fault, match="schema version"):
        Ledger.open(path, support.new_clock())
