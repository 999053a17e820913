"""Records whose bytes were read before are not parsed again; whatever was changed is seen at once.

The naive twin remembers a record by its file's name, size and times: it would go on using a key
that somebody changed and whose times were set back.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from commonweal.foundation.errors import Fault, Refused, WrongUsage
from commonweal.vault.keys import records
from commonweal.vault.keys.records import KeyRecord
from tests.unit.keys.support import House


@pytest.fixture
def parsed(monkeypatch) -> list[str]:
    """The names of what was parsed, from an empty memory on."""
    names: list[str] = []
    real = records.parse_json

    def noted(content, what, **more):
        names.append(what)
        return real(content, what, **more)

    monkeypatch.setattr(records, "parse_json", noted)
    records.forget()
    return names


def file_of(house: House, name: str) -> Path:
    return house.home.keys / f"{house.keyring.get(name).id}.json"


def put_silently(path: Path, content: bytes) -> None:
    """Other bytes of the same length, with the times that the file had."""
    before = path.stat()
    assert len(content) == before.st_size
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class Naive:
    """A memory by name, size and time of change."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, int, int], KeyRecord] = {}

    def load(self, path: Path) -> KeyRecord:
        found = path.stat()
        key = (path.name, found.st_size, found.st_mtime_ns)
        if key not in self.held:
            self.held[key] = KeyRecord.load(path)
        return self.held[key]


def test_each_record_is_parsed_once_however_often_keys_are_asked_for(house, parsed):
    for _ in range(5):
        house.keyring.get("alice")
        house.keyring.sign("bob", b"words")
        house.again().list()
    assert sorted(parsed) == sorted(path.name for path in house.home.keys.glob("*.json"))


def test_bytes_changed_behind_the_same_size_and_times_are_seen_and_the_naive_twin_is_fooled(
    house, parsed
):
    path, naive = file_of(house, "alice"), Naive()
    assert naive.load(path).info.name == "alice"
    put_silently(path, path.read_bytes().replace(b'"alice"', b'"aleci"'))
    assert naive.load(path).info.name == "alice"
    with pytest.raises(WrongUsage) as unknown:
        house.keyring.get("alice")
    assert unknown.value.code == "CW-KEY-UNKNOWN"
    with pytest.raises(Fault) as changed:
        house.keyring.get("aleci")
    assert changed.value.code == "CW-KEY-BROKEN"


@pytest.mark.parametrize("spoil", [
    lambda held: held[:-2] + b"??",
    lambda held: held.replace(b'"key": 1', b'"key": 2'),
    lambda held: held.replace(b'"active"', b'"actife"'),
    lambda held: b" " * len(held),
])  # fmt: skip
def test_a_record_that_is_broken_later_is_refused_every_time_and_a_mended_one_works(
    house, parsed, spoil
):
    path = file_of(house, "alice")
    held = path.read_bytes()
    put_silently(path, spoil(held))
    for _ in range(3):
        for act in (house.keyring.list, lambda: house.keyring.sign("bob", b"words")):
            with pytest.raises(Fault) as caught:
                act()
            assert caught.value.code == "CW-KEY-BROKEN"
    put_silently(path, held)
    assert house.keyring.get("alice").state == "active"


def test_known_bytes_under_another_keys_name_are_refused(house, parsed):
    alice, bob = file_of(house, "alice"), file_of(house, "bob")
    bob.write_bytes(alice.read_bytes())
    for _ in range(2):
        with pytest.raises(Fault) as caught:
            house.keyring.get("alice")
        assert caught.value.code == "CW-KEY-BROKEN"


def test_a_record_that_was_taken_away_is_not_remembered(house, parsed):
    file_of(house, "alice").unlink()
    with pytest.raises(WrongUsage) as caught:
        house.keyring.sign("alice", b"words")
    assert caught.value.code == "CW-KEY-UNKNOWN"


def test_what_another_keyring_retired_or_destroyed_counts_at_the_next_call(house, parsed):
    house.keyring.create("p", "project", "project-7")
    house.keyring.secret("p")
    old = house.keyring.signer("alice")
    old.sign(b"words")
    other = house.again()
    other.rotate("alice")
    with pytest.raises(Refused) as retired:
        old.sign(b"words")
    assert retired.value.code == "CW-KEY-USE"
    other.destroy("p", house.approvals("p"))
    with pytest.raises(Refused) as destroyed:
        house.keyring.secret("p")
    assert destroyed.value.code == "CW-KEY-DESTROYED"


def test_a_record_put_back_with_known_bytes_does_not_bring_a_destroyed_key_back(house, parsed):
    house.keyring.create("p", "project", "project-7")
    path = file_of(house, "p")
    held = path.read_bytes()
    house.destroy("p")
    path.write_bytes(held)
    assert json.loads(held)["state"] == "active"
    with pytest.raises(Refused) as caught:
        house.keyring.secret("p")
    assert caught.value.code == "CW-KEY-DESTROYED"


def test_the_wrapped_bytes_of_a_destroyed_key_leave_the_memory(house, parsed):
    house.keyring.create("p", "project", "project-7")
    path = file_of(house, "p")
    held = path.read_bytes()
    house.destroy("p")
    parsed.clear()
    path.write_bytes(held)
    KeyRecord.load(path)
    assert parsed == [path.name]
