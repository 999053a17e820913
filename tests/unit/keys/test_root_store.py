from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from commonweal.foundation.errors import Refused, Unavailable
from commonweal.vault.keys.root_store import (
    ENVIRONMENT,
    RootStore,
    default_root_store,
    read_private,
    refuse_nested,
)
from tests.unit.keys.support import root_store

HOME = "ab" * 16


def swap_for_link(path: Path) -> None:
    moved = path.with_name("moved-away")
    path.rename(moved)
    path.symlink_to(moved)


SPOILED = {
    "store gone": lambda p: p.rename(p.with_name("elsewhere")),
    "store open to the group": lambda p: p.chmod(0o750),
    "store open to the world": lambda p: p.chmod(0o701),
    "store is a link": swap_for_link,
    "halves gone": lambda p: (p / "halves").rmdir(),
    "halves open": lambda p: (p / "halves").chmod(0o755),
    "root key gone": lambda p: (p / "root.key").unlink(),
    "root key readable by the group": lambda p: (p / "root.key").chmod(0o640),
    "root key readable by the world": lambda p: (p / "root.key").chmod(0o604),
    "root key is a link": lambda p: swap_for_link(p / "root.key"),
    "root key short": lambda p: (p / "root.key").write_bytes(bytes(31)),
    "root key long": lambda p: (p / "root.key").write_bytes(bytes(33)),
    "root key empty": lambda p: (p / "root.key").write_bytes(b""),
    "root key is a folder": lambda p: ((p / "root.key").unlink(), (p / "root.key").mkdir()),
    "root key is a pipe": lambda p: ((p / "root.key").unlink(), os.mkfifo(p / "root.key", 0o600)),
    "description gone": lambda p: (p / "store.json").unlink(),
    "description broken": lambda p: (p / "store.json").write_bytes(b"{"),
    "description of a later version": lambda p: (p / "store.json").write_text(
        f'{{"home": "{HOME}", "root_store": 2}}'
    ),
    "description is a list": lambda p: (p / "store.json").write_text("[]"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_store_is_unavailable(tmp_path, how):
    store = root_store(tmp_path)
    key = store.root.use()
    SPOILED[how](store.path)
    with pytest.raises(Unavailable) as caught:
        RootStore.open(store.path, HOME)
    assert caught.value.code == "CW-KEY-UNAVAILABLE"
    assert caught.value.exit_code == 5
    assert key.hex() not in str(caught.value)


def test_another_homes_store_is_unavailable(tmp_path):
    store = root_store(tmp_path)
    with pytest.raises(Unavailable, match="another home"):
        RootStore.open(store.path, "cd" * 16)


def test_what_is_made_is_private_and_opens_again(tmp_path):
    store = root_store(tmp_path)
    for path in [store.path, *store.path.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0
    assert RootStore.open(store.path, HOME).root == store.root


def test_two_stores_have_different_root_keys(tmp_path):
    assert root_store(tmp_path / "a").root != root_store(tmp_path / "b").root


def test_a_folder_that_holds_something_is_never_taken(tmp_path):
    store = root_store(tmp_path)
    before = store.root.use()
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        RootStore.create(store.path, HOME)
    assert (store.path / "root.key").read_bytes() == before


@pytest.mark.parametrize(
    ("home", "store"),
    [("h", "h"), ("h", "h/s"), ("h/s", "h"), ("h", "h/../h/s"), ("h", "link/s"), ("link", "h/s")],
)
def test_store_and_home_do_not_lie_in_each_other(tmp_path, home, store):
    (tmp_path / "h").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "h")
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        refuse_nested(tmp_path / home, tmp_path / store)


@pytest.mark.parametrize("store", ["s", "home-two", "h/../s"])
def test_neighbours_may_be(tmp_path, store):
    refuse_nested(tmp_path / "home", tmp_path / store)


def test_the_place_comes_from_the_environment_else_from_the_users_settings(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert default_root_store(HOME) == tmp_path / "config" / "commonweal" / HOME
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "named"))
    assert default_root_store(HOME) == tmp_path / "named"


def test_a_half_is_made_once(tmp_path):
    store = root_store(tmp_path)
    half = store.make_half("0a" * 16)
    assert store.half("0a" * 16) == half
    with pytest.raises(Exception, match="CW-FILE-EXISTS"):
        store.make_half("0a" * 16)
    assert store.half("0a" * 16) == half


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_half_of_another_length_is_unavailable(tmp_path, content):
    store = root_store(tmp_path)
    store.make_half("0a" * 16)
    (store.path / "halves" / f"{'0a' * 16}.half").write_bytes(content)
    with pytest.raises(Unavailable, match="CW-KEY-UNAVAILABLE"):
        store.half("0a" * 16)


def test_destroying_a_half_does_not_follow_a_link(tmp_path):
    store = root_store(tmp_path)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (store.path / "halves" / f"{'0a' * 16}.half").symlink_to(victim)
    with pytest.raises(Exception, match="CW-FILE-FAILED"):
        store.destroy_half("0a" * 16)
    assert victim.read_bytes() == b"precious"


def test_the_lock_lets_its_holder_in_again_and_keeps_others_out(tmp_path, monkeypatch):
    store = root_store(tmp_path)
    other = RootStore.open(store.path, HOME)
    monkeypatch.setattr("commonweal.vault.keys.root_store._LOCK_SECONDS", 0.05)
    busy = pytest.raises(Unavailable, match="CW-BUSY")
    with store.locked(), store.locked(), busy, other.locked():
        pass
    with other.locked():
        pass


def test_a_waiting_process_gets_the_lock_when_it_is_free(tmp_path):
    store, order = root_store(tmp_path), []
    other = RootStore.open(store.path, HOME)

    def wait() -> None:
        with other.locked():
            order.append("other")

    with store.locked():
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.1)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "other"]


def test_a_private_file_of_someone_else_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    path.chmod(0o600)
    assert read_private(path, "it") == b"x"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Unavailable, match="belongs to someone else"):
        read_private(path, "it")
