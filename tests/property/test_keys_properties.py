"""Properties of keys: any order of acts keeps the promises, any bytes raise only our own errors."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.backup import make_backup, restore_backup
from commonweal.vault.home import Home, HomeInfo
from commonweal.vault.keys import Keyring
from commonweal.vault.keys.records import KeyRecord
from tests.unit.keys.support import new_house

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (
    "key", "id", "name", "purpose", "project", "version", "algorithm", "created_at", "state",
    "wrapped_by", "public_key", "wrapped",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON)
def test_any_json_is_a_record_or_a_fault(plain):
    with pytest.raises(CommonwealError):
        KeyRecord.parse(json.dumps(plain).encode(), "it")


@given(st.binary(max_size=300))
def test_any_bytes_as_a_record_or_home_are_a_fault(content):
    for parse in (lambda: KeyRecord.parse(content, "it"), lambda: HomeInfo.parse(content)):
        with pytest.raises(CommonwealError):
            parse()


class Life(RuleBasedStateMachine):
    """Keys are made, rotated, destroyed; homes are backed up and restored, in any order.

    The model is what must be true in every copy of the home: a destroyed key opens nowhere, a
    living key gives the same secret everywhere it is known, a replaced version is never active.
    """

    @initialize()
    def begin(self) -> None:
        self.fsync, os.fsync = os.fsync, lambda descriptor: None
        self.folder = Path(tempfile.mkdtemp())
        self.house = new_house(self.folder)
        self.house.keyring.create("backup", "backup")
        self.copies = [self.house.home.path]
        self.backups: list[Path] = []
        self.secrets: dict[str, bytes] = {}  # by key id
        self.dead: set[str] = set()
        self.replaced: set[str] = set()
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            os.fsync = self.fsync
            shutil.rmtree(self.folder)

    def keyring(self, copy: int) -> Keyring:
        path = self.copies[copy % len(self.copies)]
        return Keyring.open(Home.open(path, self.house.store), self.house.clock)

    def living(self, keyring: Keyring) -> list[str]:
        return [i.name for i in keyring.list() if i.state == "active" and i.purpose == "details"]

    @rule(copy=st.integers(0, 9))
    def create(self, copy: int) -> None:
        self.count += 1
        keyring = self.keyring(copy)
        made = keyring.create(f"key.{self.count}", "details")
        self.secrets[made.id] = keyring.secret(made.name).use()

    @rule(copy=st.integers(0, 9), pick=st.integers(0, 99))
    def rotate(self, copy: int, pick: int) -> None:
        keyring = self.keyring(copy)
        if names := self.living(keyring):
            name = names[pick % len(names)]
            self.replaced.add(keyring.get(name).id)
            made = keyring.rotate(name)
            self.secrets[made.id] = keyring.secret(name).use()

    @rule(copy=st.integers(0, 9))
    def rotate_wrapping(self, copy: int) -> None:
        self.keyring(copy).rotate_wrapping("details")

    @rule(copy=st.integers(0, 9), pick=st.integers(0, 99))
    def destroy(self, copy: int, pick: int) -> None:
        keyring = self.keyring(copy)
        if names := self.living(keyring):
            order = keyring.destruction_order(names[pick % len(names)])
            approvals = [keyring.approve(order, person) for person in ("alice", "bob")]
            self.dead |= {info.id for info in keyring.destroy(order.name, approvals)}

    @precondition(lambda self: len(self.backups) < 3)
    @rule(copy=st.integers(0, 9))
    def back_up(self, copy: int) -> None:
        path = self.folder / f"backup-{len(self.backups)}"
        home = Home.open(self.copies[copy % len(self.copies)], self.house.store)
        make_backup(home, path, self.keyring(copy), self.house.clock)
        self.backups.append(path)

    @precondition(lambda self: self.backups and len(self.copies) < 4)
    @rule(pick=st.integers(0, 9))
    def restore(self, pick: int) -> None:
        path = self.folder / f"copy-{len(self.copies)}"
        file = self.backups[pick % len(self.backups)]
        restore_backup(file, path, root_store=self.house.store, clock=self.house.clock)
        self.copies.append(path)

    @invariant()
    def promises_hold(self) -> None:
        for number in range(len(getattr(self, "copies", []))):
            keyring = self.keyring(number)
            for info in keyring.list():
                if info.id in self.dead:
                    assert info.state == "destroyed"
                    with pytest.raises(CommonwealError, match="CW-KEY-DESTROYED"):
                        keyring.secret_of(info.id)
                elif info.id in self.secrets:
                    assert keyring.secret_of(info.id).use() == self.secrets[info.id]
                    assert (info.state == "active") == (info.id not in self.replaced)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
