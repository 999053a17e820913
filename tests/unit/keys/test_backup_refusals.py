from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable, WrongUsage
from commonweal.vault.backup import check_backup, make_backup, restore_backup
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from tests.unit.keys.full_house import code, listing
from tests.unit.keys.support import new_house

# --- refusals -------------------------------------------------------------------------------


def test_a_backup_never_replaces_a_file(full):
    full.file.write_bytes(b"older")
    with pytest.raises(Fault, match="CW-FILE-EXISTS"):
        full.backup()
    assert full.file.read_bytes() == b"older"


def test_a_backup_does_not_lie_in_what_it_saves(full):
    for place in (full.home.releases / "b", full.store / "b", full.home.path / "b"):
        with pytest.raises(Refused, match="CW-BACKUP-PLACE"):
            full.backup(place)
        assert not place.exists()


def test_only_a_backup_key_seals_a_backup(full):
    for name, wanted in {
        "project.7": "CW-KEY-USE",
        "alice": "CW-KEY-USE",
        "no": "CW-KEY-UNKNOWN",
    }.items():
        with pytest.raises(WrongUsage) as caught:
            make_backup(full.home, full.file, full.keyring, full.clock, key=name)
        assert code(caught) == wanted
        assert not full.file.exists()


def test_a_restore_needs_an_empty_folder(full, tmp_path):
    full.backup()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_bytes(b"x")
    for place in (tmp_path / "taken", full.home.path, full.file):
        before = listing(tmp_path)
        with pytest.raises(Refused, match="CW-HOME-NOT-EMPTY"):
            full.restore(place)
        assert listing(tmp_path) == before


def test_a_restore_does_not_go_into_the_root_store(full):
    full.backup()
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        full.restore(full.store / "home")


def test_another_root_key_opens_nothing(full, tmp_path):
    full.backup()
    other = new_house(tmp_path / "other")
    shutil.copytree(full.store, tmp_path / "forged")
    (tmp_path / "forged" / "root.key").write_bytes(bytes(32))
    for store in (other.store, tmp_path / "forged", tmp_path / "nothing"):
        with pytest.raises(Unavailable) as caught:
            restore_backup(full.file, tmp_path / "again", root_store=store, clock=full.clock)
        assert code(caught) == "CW-KEY-UNAVAILABLE"
    assert not (tmp_path / "again").exists()


def test_a_missing_backup_is_named(full, tmp_path):
    for file, wanted in ((tmp_path / "none", "CW-FILE-MISSING"), (tmp_path, "CW-BACKUP-BROKEN")):
        with pytest.raises(Fault) as caught:
            check_backup(file, full.store, full.clock)
        assert code(caught) == wanted


def test_every_changed_byte_of_the_header_and_many_others_are_refused(full, tmp_path):
    full.backup()
    content = full.file.read_bytes()
    header = 14 + int.from_bytes(content[10:14], "big") + 44
    places = [*range(header), *range(header, len(content), 997), len(content) - 1]
    changed = tmp_path / "changed"
    for place in places:
        spoiled = bytearray(content)
        spoiled[place] ^= 1 << place % 8
        changed.write_bytes(spoiled)
        with pytest.raises(CommonwealError) as caught:
            check_backup(changed, full.store, full.clock)
        assert code(caught) in {"CW-BACKUP-BROKEN", "CW-KEY-UNAVAILABLE"}, place


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_backup_is_refused_and_leaves_nothing(full, tmp_path, share):
    full.backup()
    content = full.file.read_bytes()
    full.file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Fault) as caught:
        full.restore(tmp_path / "again")
    assert code(caught) == "CW-BACKUP-BROKEN"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup.cwb", "home", "store"]


def test_what_follows_a_backup_is_refused(full):
    full.backup()
    full.file.write_bytes(full.file.read_bytes() + b"\x00")
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        check_backup(full.file, full.store, full.clock)


def test_the_header_of_one_backup_does_not_open_another(full, tmp_path):
    full.backup()
    full.backup(tmp_path / "other")
    one, two = full.file.read_bytes(), (tmp_path / "other").read_bytes()
    assert int.from_bytes(one[10:14], "big") == int.from_bytes(two[10:14], "big")
    end = 14 + int.from_bytes(one[10:14], "big")
    full.file.write_bytes(two[:end] + one[end:])
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        check_backup(full.file, full.store, full.clock)


@pytest.mark.parametrize(
    "content", [b"", b"CWBACKUP1\n", b"CWBACKUP1\n\xff\xff\xff\xff", b"PK\x03\x04", bytes(9999)]
)
def test_what_is_no_backup_is_refused(full, content):
    full.file.write_bytes(content)
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        check_backup(full.file, full.store, full.clock)


# --- a full disk ----------------------------------------------------------------------------


def nth_fails(monkeypatch, target, name: str, nth: int) -> list[int]:
    real, calls = getattr(target, name), []

    def failing(*arguments, **named):
        calls.append(1)
        if len(calls) == nth:
            raise OSError(28, "No space left on device")
        return real(*arguments, **named)

    monkeypatch.setattr(target, name, failing)
    return calls


@pytest.mark.parametrize("nth", [1, 2])
def test_a_full_disk_leaves_no_backup_and_says_so(full, tmp_path, monkeypatch, nth):
    before = listing(tmp_path)
    with monkeypatch.context() as patch:
        nth_fails(patch, os, "fsync", nth)
        with pytest.raises(CommonwealError) as caught:
            full.backup()
    assert code(caught) == "CW-DISK-FULL"
    after = [one for one in listing(tmp_path) if one[0] != "backup.cwb"]
    assert [name for name, _ in after] == [name for name, _ in before]
    if nth == 1:
        assert not full.file.exists()


def test_a_full_disk_anywhere_in_a_restore_leaves_nothing(full, tmp_path, monkeypatch):
    full.backup()
    before = listing(tmp_path)
    for target, name in ((os, "fsync"), (os, "open"), (Path, "mkdir"), (Path, "rename")):
        for nth in range(1, 60):
            with monkeypatch.context() as patch:
                calls = nth_fails(patch, target, name, nth)
                try:
                    full.restore(tmp_path / "again")
                except CommonwealError:
                    assert not (tmp_path / "again").exists() or name == "fsync"
                if len(calls) < nth:
                    break
            if (tmp_path / "again").exists():
                Keyring.open(Home.open(tmp_path / "again", full.store), full.clock)
                shutil.rmtree(tmp_path / "again")
            assert listing(tmp_path) == before, (name, nth)
        assert calls, name
        shutil.rmtree(tmp_path / "again", ignore_errors=True)


def test_the_signer_of_checkpoints_gives_no_private_part(full):
    signer = full.keyring.checkpoint_signer("checkpoint")
    assert signer.verification_key == full.signer.vkey.public
    Ed25519PublicKey.from_public_bytes(signer.verification_key).verify(signer.sign(b"x"), b"x")
    held = [getattr(one, "__dict__", {}).values() for one in (signer, full.signer)]
    assert not [v for values in held for v in values if isinstance(v, bytes | Ed25519PrivateKey)]
