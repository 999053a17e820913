"""No key shows in any representation, message, traceback, log line, environment or file (S20)."""

from __future__ import annotations

import base64
import json
import logging
import os
import traceback
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.backup import check_backup, make_backup, restore_backup
from commonweal.vault.keys import Keyring, RootStore
from commonweal.vault.keys.provider import FileProvider, Place
from tests.unit.keys.support import all_bytes


@pytest.fixture
def filled(house):
    for name, purpose in {
        "project.7": "project",
        "details.7": "details",
        "audit": "audit",
        "backup": "backup",
        "permits": "permit_signing",
    }.items():
        house.keyring.create(name, purpose, "project-7" if purpose == "project" else None)
    return house


def known_keys(house) -> list[bytes]:
    """Every secret there is: root key, halves, wrapping keys, data keys, signing seeds."""
    store = RootStore.open(house.store, house.home.id)
    found = [store.root.use()]
    found += [path.read_bytes() for path in (house.store / "halves").iterdir()]
    found += [house.keyring._unwrap(record).use() for record in house.keyring._records()]
    found += [house.keyring.secret("project.7").subkey("pseudonym/v1").use()]
    return found


def spellings(key: bytes) -> list[str]:
    return [
        key.hex(),
        key.hex().upper(),
        base64.b64encode(key).decode().rstrip("="),
        base64.urlsafe_b64encode(key).decode().rstrip("="),
        repr(key)[2:-1],
        repr(bytearray(key)),
        str(list(key)),
        str(int.from_bytes(key, "big")),
    ]


def assert_clean(text: str, keys: list[bytes]) -> None:
    assert not any(form in text for key in keys for form in spellings(key))


def test_the_search_finds_a_key_that_is_there(filled):
    keys = known_keys(filled)
    assert len(keys) > 15
    for form in spellings(keys[0]):
        with pytest.raises(AssertionError):
            assert_clean(f"... {form} ...", keys)


def test_objects_show_no_key(filled, caplog):
    keys = known_keys(filled)
    store = RootStore.open(filled.store, filled.home.id)
    record, above = filled.keyring.chain("backup")
    objects = [
        filled.home,
        filled.home.info,
        filled.keyring,
        filled.keyring.fence,
        filled.keyring.fence.read(),
        filled.keyring.signer("permits"),
        filled.keyring.secret("project.7"),
        store,
        FileProvider(store),
        Place("x", filled.keyring.secret("audit"), b""),
        record,
        above,
        *filled.keyring.list(),
    ]
    with caplog.at_level(logging.DEBUG):
        for one in objects:
            logging.getLogger("test").info("%s %r", one, one)
            assert_clean(f"{one} {one!r} {getattr(one, '__dict__', '')}", keys)
    assert_clean(caplog.text, keys)
    assert caplog.text.count("hidden") >= 2


def test_json_of_key_infos_and_their_commands_environment_show_no_key(filled):
    keys = known_keys(filled)
    assert_clean(json.dumps([info.as_dict() for info in filled.keyring.list()]), keys)
    assert_clean(json.dumps(dict(os.environ)), keys)
    assert_clean(Path("/proc/self/cmdline").read_bytes().decode("utf-8", "replace"), keys)


def test_the_home_and_the_backup_hold_no_key_in_any_spelling(filled, tmp_path):
    make_backup(filled.home, tmp_path / "backup", filled.keyring, filled.clock)
    keys = known_keys(filled)
    content = all_bytes(filled.home.path) + (tmp_path / "backup").read_bytes()
    assert not any(key in content for key in keys)
    assert_clean(content.decode("latin-1"), keys)


def test_the_root_store_holds_only_root_key_and_halves(filled):
    keys = known_keys(filled)
    for path in filled.store.rglob("*"):
        if path.is_file() and path.name != "root.key" and path.suffix != ".half":
            assert not any(key in path.read_bytes() for key in keys)


def spoil_record(house, name: str) -> None:
    path = house.home.keys / f"{house.keyring.get(name).id}.json"
    plain = json.loads(path.read_bytes())
    wrapped = bytearray(base64.b64decode(plain["wrapped"]))
    wrapped[20] ^= 1
    path.write_text(json.dumps({**plain, "wrapped": base64.b64encode(wrapped).decode()}))


FAULTS = {
    "record changed": lambda h, t: (spoil_record(h, "audit"), h.keyring.secret("audit")),
    "signing record changed": lambda h, t: (
        spoil_record(h, "permits"),
        h.keyring.sign("permits", b""),
    ),
    "not approved": lambda h, t: h.keyring.destroy("audit"),
    "rotation refused": lambda h, t: h.keyring.rotate("audit"),
    "unknown": lambda h, t: h.keyring.secret("nothing"),
    "wrong use": lambda h, t: h.keyring.secret("permits"),
    "bad label": lambda h, t: h.keyring.secret("audit").subkey("Ä"),
    "destroyed": lambda h, t: (h.destroy("audit"), h.keyring.secret("audit")),
    "half gone": lambda h, t: (
        (h.store / "halves" / f"{h.keyring.get('audit').id}.half").unlink(),
        h.keyring.secret("audit"),
    ),
    "root key changed": lambda h, t: ((h.store / "root.key").write_bytes(bytes(32)), h.again()),
    "root key cut": lambda h, t: (
        (h.store / "root.key").write_bytes((h.store / "root.key").read_bytes()[:-1]),
        h.again(),
    ),
    "fence changed": lambda h, t: ((h.store / "fence.json").write_bytes(b"{}"), h.again()),
    "backup changed": lambda h, t: (
        make_backup(h.home, t / "b", h.keyring, h.clock),
        (t / "b").write_bytes((t / "b").read_bytes()[:-1] + b"\x00"),
        check_backup(t / "b", h.store, h.clock),
    ),
    "restore refused": lambda h, t: (
        make_backup(h.home, t / "b", h.keyring, h.clock),
        restore_backup(t / "b", h.home.path, root_store=h.store, clock=h.clock),
    ),
}


@pytest.mark.parametrize("how", FAULTS)
def test_no_error_shows_a_key_not_even_in_its_traceback(filled, tmp_path, how):
    keys = known_keys(filled)
    with pytest.raises(CommonwealError) as caught:
        FAULTS[how](filled, tmp_path)
    error = caught.value
    shown = [str(error), repr(error), json.dumps(error.as_dict())]
    shown += traceback.format_exception(error)
    assert_clean("".join(shown), keys)
    # Messages carry no path either: they end up in pages and logs.
    assert str(filled.home.path) not in str(error)
    assert str(filled.store) not in str(error)


def test_the_keyring_keeps_no_key_between_calls(filled):
    import gc

    keyring = Keyring.open(filled.home, filled.clock)
    keyring.secret("project.7")
    keyring.sign("permits", b"x")
    project = filled.keyring.secret("project.7").use()
    gc.collect()
    held = [value for value in vars(keyring).values() if isinstance(value, bytes | bytearray)]
    assert held == []
    assert project not in repr(vars(keyring)).encode("latin-1", "replace")
