from __future__ import annotations

import json
from datetime import timedelta

import pytest

from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.vault.keys import Fence
from commonweal.vault.keys.fence import FenceState, must_hold
from commonweal.vault.keys.root_store import RootStore
from tests.unit.keys.support import START, FixedClock, root_store


@pytest.fixture
def clock():
    return FixedClock(START)


@pytest.fixture
def store(tmp_path):
    return root_store(tmp_path)


@pytest.fixture
def fence(store, clock):
    return Fence.create(store, clock)


def test_a_new_fence_is_empty(fence):
    assert fence.read() == FenceState()


def test_everything_recorded_is_read_again_by_another_process(fence, store, clock):
    fence.record_destroyed("0a" * 16, "0b" * 16)
    fence.record_retired("0c" * 16)
    fence.record_permit_state("permit-1", "suspended", START)
    fence.record_erased(b"\x07" * 32)
    fence.record_choices(START)
    held = Fence(RootStore.open(store.path, store.home_id), clock).read()
    assert held == fence.read()
    assert set(held.destroyed) == {"0a" * 16, "0b" * 16}
    assert set(held.retired) == {"0c" * 16}
    assert held.permits["permit-1"].state == "suspended"
    assert set(held.erased) == {"07" * 32}
    assert held.choices_checked_at == START


def test_the_first_time_of_a_destruction_stays(fence, clock):
    fence.record_destroyed("0a" * 16)
    clock.advance(timedelta(days=1))
    fence.record_destroyed("0a" * 16, "0b" * 16)
    assert fence.read().destroyed == {"0a" * 16: START, "0b" * 16: START + timedelta(days=1)}


@pytest.mark.parametrize("ended", ["superseded", "revoked", "closed"])
@pytest.mark.parametrize("later", ["active", "paused", "suspended", "revoked"])
def test_a_permit_that_ended_stays_ended(fence, ended, later):
    fence.record_permit_state("permit-1", ended, START)
    fence.record_permit_state("permit-1", later, START + timedelta(hours=1))
    assert fence.read().permits["permit-1"].state == ended


def test_a_permit_that_was_resumed_need_not_be_held(fence):
    fence.record_permit_state("permit-1", "suspended", START)
    fence.record_permit_state("permit-2", "paused", START)
    fence.record_permit_state("permit-1", "active", START + timedelta(hours=1))
    assert [id_ for id_, _ in must_hold(fence.read())] == ["permit-2"]


@pytest.mark.parametrize("state", ["announced", "drafted", "expired", "", "REVOKED"])
def test_other_states_are_refused(fence, state):
    with pytest.raises(WrongUsage, match="CW-FENCE-STATE"):
        fence.record_permit_state("permit-1", state, START)
    assert fence.read() == FenceState()


def test_the_newest_date_of_choices_stays(fence):
    fence.record_choices(START)
    fence.record_choices(START - timedelta(days=3))
    assert fence.read().choices_checked_at == START


@pytest.mark.parametrize("size", [0, 31, 33])
def test_an_erasure_is_named_by_a_hash(fence, size):
    with pytest.raises(ValueError, match="32 bytes"):
        fence.record_erased(bytes(size))


def test_a_fence_is_never_made_twice(fence, store, clock):
    fence.record_destroyed("0a" * 16)
    with pytest.raises(Exception, match="CW-FILE-EXISTS"):
        Fence.create(store, clock)
    assert fence.read().destroyed


def forget_a_destruction(plain):
    plain["destroyed"] = {}


def other_home(plain):
    plain["home"] = "cd" * 16


CHANGES = {
    "a destruction removed": forget_a_destruction,
    "another home": other_home,
    "a key added": lambda plain: plain["destroyed"].update({"0f" * 16: "2026-01-01T00:00:00.000Z"}),
    "no MAC": lambda plain: plain.pop("mac"),
    "an empty MAC": lambda plain: plain.update(mac=""),
    "a MAC that is no text": lambda plain: plain.update(mac=7),
    "another version": lambda plain: plain.update(fence=2),
    "a key too many": lambda plain: plain.update(more=1),
    "a key too few": lambda plain: plain.pop("permits"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_changed_fence_closes_everything(fence, store, how):
    fence.record_destroyed("0a" * 16)
    plain = json.loads(store.fence_path.read_bytes())
    CHANGES[how](plain)
    store.fence_path.write_text(json.dumps(plain))
    with pytest.raises(Unavailable) as caught:
        fence.read()
    assert caught.value.code == "CW-KEY-UNAVAILABLE"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"{}" * 10, b"[" * 10_000])
def test_a_broken_fence_closes_everything(fence, store, content):
    store.fence_path.write_bytes(content)
    with pytest.raises(Unavailable, match="CW-KEY-UNAVAILABLE"):
        fence.read()


def test_a_missing_fence_is_never_taken_for_an_empty_one(fence, store):
    store.fence_path.unlink()
    for act in (fence.read, lambda: fence.record_destroyed("0a" * 16)):
        with pytest.raises(Unavailable, match="CW-KEY-UNAVAILABLE"):
            act()
    assert not store.fence_path.exists()


def test_the_fence_of_another_root_key_is_refused(fence, store, clock):
    (store.path / "root.key").write_bytes(bytes(32))
    with pytest.raises(Unavailable, match="do not belong together"):
        Fence(RootStore.open(store.path, store.home_id), clock).read()
