"""S20, the attack: whoever gets a backup has the keys and the data, and a restore undoes erasure.

The naive twin keeps root key, wrapped keys and data in one folder and backs that up, as most
systems do. It falls to both attacks; ours holds.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.vault.backup import make_backup, restore_backup
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from tests.unit.keys.support import START, House, all_bytes, new_house

ROWS = b"patient,diagnosis\n1,B24\n2,F20\n"


class NaiveHome:
    """A textbook design: envelope encryption, root key in the folder, tar as backup."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> NaiveHome:
        path.mkdir()
        (path / "root.key").write_bytes(AESGCM.generate_key(256))
        (path / "keys.json").write_text("{}")
        return cls(path)

    def _root(self) -> AESGCM:
        return AESGCM((self.path / "root.key").read_bytes())

    def add(self, name: str, data: bytes) -> None:
        key, nonce = AESGCM.generate_key(256), os.urandom(12)
        keys = json.loads((self.path / "keys.json").read_text())
        keys[name] = (nonce + self._root().encrypt(nonce, key, None)).hex()
        (self.path / "keys.json").write_text(json.dumps(keys))
        (self.path / name).write_bytes(seal_bytes(data, key, name))

    def read(self, name: str) -> bytes:
        wrapped = bytes.fromhex(json.loads((self.path / "keys.json").read_text())[name])
        key = self._root().decrypt(wrapped[:12], wrapped[12:], None)
        return unseal_bytes((self.path / name).read_bytes(), key, name, name)

    def destroy(self, name: str) -> None:
        keys = json.loads((self.path / "keys.json").read_text())
        del keys[name]
        (self.path / "keys.json").write_text(json.dumps(keys))

    def backup(self) -> bytes:
        sink = io.BytesIO()
        with tarfile.open(fileobj=sink, mode="w") as archive:
            archive.add(self.path, arcname=".")
        return sink.getvalue()

    @classmethod
    def restore(cls, backup: bytes, path: Path) -> NaiveHome:
        with tarfile.open(fileobj=io.BytesIO(backup)) as archive:
            # Written above by this class, into a folder of the test's own. Python 3.11.2 of Debian
            # does not know the argument `filter`.
            archive.extractall(path)
        return cls(path)


def our_home(folder: Path) -> House:
    folder.mkdir()
    house = new_house(folder)
    house.keyring.create("backup", "backup")
    house.keyring.create("release.1", "release_data")
    key = house.keyring.secret("release.1").use()
    (house.home.releases / "release-1").write_bytes(seal_bytes(ROWS, key, "release-1"))
    return house


def our_read(home: Path, store: Path) -> bytes:
    keyring = Keyring.open(Home.open(home, store), FixedClock(START))
    sealed = (home / "releases" / "release-1").read_bytes()
    return unseal_bytes(sealed, keyring.secret("release.1").use(), "release-1", "release-1")


# --- the thief of a backup ------------------------------------------------------------------


def test_naive_the_thief_of_a_backup_reads_everything(tmp_path):
    naive = NaiveHome.create(tmp_path / "naive")
    naive.add("release-1", ROWS)
    stolen = naive.backup()
    assert NaiveHome.restore(stolen, tmp_path / "thief").read("release-1") == ROWS


def test_ours_the_thief_of_a_backup_reads_nothing(tmp_path):
    house = our_home(tmp_path / "ours")
    assert our_read(house.home.path, house.store) == ROWS
    make_backup(house.home, tmp_path / "stolen", house.keyring, house.clock)
    thief = new_house(tmp_path / "thief")
    for store in (thief.store, tmp_path / "none", house.home.path):
        with pytest.raises(CommonwealError):
            restore_backup(
                tmp_path / "stolen", tmp_path / "loot", root_store=store, clock=house.clock
            )
    # The thief of the whole home, opened by hand and not by our code, is no better off.
    content = (tmp_path / "stolen").read_bytes() + all_bytes(house.home.path)
    root = (house.store / "root.key").read_bytes()
    assert root not in content
    for record in house.home.keys.glob("*.json"):
        plain = json.loads(record.read_bytes())
        half = (house.store / "halves" / f"{plain['id']}.half").read_bytes()
        assert half not in content


def test_ours_the_root_key_alone_opens_no_key_of_a_stolen_home(tmp_path):
    """Halves and root key are both needed: one without the other unwraps nothing."""
    house = our_home(tmp_path / "ours")
    shutil.copytree(house.home.path, tmp_path / "stolen")
    shutil.copytree(house.store, tmp_path / "loot")
    for half in (tmp_path / "loot" / "halves").iterdir():
        half.write_bytes(bytes(32))
    with pytest.raises(CommonwealError):
        our_read(tmp_path / "stolen", tmp_path / "loot")


# --- the return of what was destroyed -------------------------------------------------------


def test_naive_a_restore_brings_back_what_was_destroyed(tmp_path):
    naive = NaiveHome.create(tmp_path / "naive")
    naive.add("release-1", ROWS)
    backup = naive.backup()
    naive.destroy("release-1")
    with pytest.raises((KeyError, InvalidTag)):
        naive.read("release-1")
    assert NaiveHome.restore(backup, tmp_path / "again").read("release-1") == ROWS


def test_ours_nothing_brings_back_what_was_destroyed(tmp_path):
    house = our_home(tmp_path / "ours")
    make_backup(house.home, tmp_path / "backup", house.keyring, house.clock)
    shutil.copytree(house.home.path, tmp_path / "copied")
    house.destroy("release.1")
    restore_backup(
        tmp_path / "backup", tmp_path / "again", root_store=house.store, clock=house.clock
    )
    for home in (house.home.path, tmp_path / "copied", tmp_path / "again"):
        with pytest.raises(CommonwealError) as caught:
            our_read(home, house.store)
        assert caught.value.code == "CW-KEY-DESTROYED"


def test_ours_one_person_alone_destroys_nothing(tmp_path):
    house = our_home(tmp_path / "ours")
    order = house.keyring.destruction_order("release.1")
    alone = [house.keyring.approve(order, "alice"), house.keyring.approve(order, "alice")]
    with pytest.raises(CommonwealError) as caught:
        house.keyring.destroy("release.1", alone)
    assert caught.value.code == "CW-KEY-APPROVAL"
    assert our_read(house.home.path, house.store) == ROWS
