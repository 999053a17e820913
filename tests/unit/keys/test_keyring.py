from __future__ import annotations

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from commonweal.foundation.errors import CommonwealError, Refused, WrongUsage
from commonweal.ledger.events import PURPOSES as LEDGER_PURPOSES
from commonweal.vault.keys import Approval, Keyring, RootStore
from commonweal.vault.keys.purposes import PURPOSES
from commonweal.vault.keys.records import new_id
from tests.unit.keys.support import House, new_house

SIGNING = sorted(name for name, purpose in PURPOSES.items() if purpose.signs)
SECRET = sorted(name for name, purpose in PURPOSES.items() if not purpose.signs)
FIXED = sorted(name for name, purpose in PURPOSES.items() if not purpose.rotates)
TURNING = sorted(name for name, purpose in PURPOSES.items() if purpose.rotates)


def make(house: House, purpose: str, name: str = "it"):
    project = "project-7" if PURPOSES[purpose].project == "required" else None
    return house.keyring.create(name, purpose, project)


def code(caught) -> str:
    return caught.value.code


# --- making and finding ---------------------------------------------------------------------


def test_the_ledger_and_the_keyring_know_the_same_purposes():
    assert set(LEDGER_PURPOSES) == set(PURPOSES)


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_a_key_of_every_purpose_is_found_again(house, purpose):
    made = make(house, purpose)
    assert house.again().get("it") == made
    assert made in house.again().list()
    assert house.again().of_id(made.id) == made
    assert (made.version, made.state, made.purpose) == (1, "active", purpose)


@pytest.mark.parametrize("purpose", SECRET)
def test_a_secret_is_the_same_each_time_and_unlike_any_other(house, purpose):
    make(house, purpose)
    make(house, purpose, "other")
    assert house.keyring.secret("it") == house.again().secret("it")
    assert house.keyring.secret("it") != house.keyring.secret("other")


@pytest.mark.parametrize("purpose", SIGNING)
def test_a_signing_key_signs_and_its_verification_key_is_in_clear(house, purpose):
    made = make(house, purpose)
    signer = house.again().signer("it")
    assert signer.key_id == made.id
    public = Ed25519PublicKey.from_public_bytes(made.verification_key)
    public.verify(signer.sign(b"a paper"), b"a paper")
    public.verify(house.keyring.sign("it", b"a paper"), b"a paper")


@pytest.mark.parametrize("purpose", SIGNING)
def test_a_signing_key_is_never_handed_out_as_a_secret(house, purpose):
    made = make(house, purpose)
    for act in (lambda: house.keyring.secret("it"), lambda: house.keyring.secret_of(made.id)):
        with pytest.raises(WrongUsage) as caught:
            act()
        assert code(caught) == "CW-KEY-USE"


@pytest.mark.parametrize("purpose", SECRET)
def test_a_secret_does_not_sign(house, purpose):
    made = make(house, purpose)
    for act in (
        lambda: house.keyring.sign("it", b""),
        lambda: house.keyring.signer("it"),
        lambda: house.keyring.sign_with(made.id, b""),
        lambda: made.verification_key,
    ):
        with pytest.raises(WrongUsage, match="CW-KEY-USE"):
            act()


def test_only_the_checkpoint_key_signs_checkpoints(house):
    made = make(house, "ledger_checkpoint")
    assert house.keyring.checkpoint_signer("it").verification_key == made.verification_key
    assert not hasattr(house.keyring, "checkpoint_key")
    with pytest.raises(WrongUsage, match="CW-KEY-USE"):
        house.keyring.checkpoint_signer("alice")


@pytest.mark.parametrize(
    "name", ["", "A", "ä", "a b", "-a", ".a", "a/b", "../a", "a\n", "a" * 65, "a\x00", "É"]
)
def test_names_that_may_not_be(house, name):
    before = house.keyring.list()
    for act in (lambda: house.keyring.create(name, "audit"), lambda: house.keyring.get(name)):
        with pytest.raises(WrongUsage) as caught:
            act()
        assert code(caught) == "CW-KEY-NAME"
    assert house.keyring.list() == before


@pytest.mark.parametrize(
    ("purpose", "project"),
    [
        ("", None),
        ("wrapping:project", "p"),
        ("Project", "p"),
        ("project", None),
        ("audit", "p"),
        ("permit_signing", "p"),
    ],
)
def test_purposes_that_do_not_fit(house, purpose, project):
    with pytest.raises(WrongUsage) as caught:
        house.keyring.create("it", purpose, project)
    assert code(caught) == "CW-KEY-PURPOSE"


@pytest.mark.parametrize("project", ["", "a b", "../x", "a" * 65, "a\n"])
def test_projects_that_may_not_be(house, project):
    with pytest.raises(WrongUsage, match="CW-KEY-NAME"):
        house.keyring.create("it", "project", project)


def test_a_name_is_never_used_twice_also_not_after_destruction(house):
    make(house, "project")
    for purpose in ("project", "audit"):
        with pytest.raises(Refused, match="CW-KEY-EXISTS"):
            make(house, purpose)
    house.destroy("it")
    with pytest.raises(Refused, match="CW-KEY-EXISTS"):
        make(house, "project")


def test_a_name_like_a_wrapping_keys_is_an_ordinary_name(house):
    make(house, "audit")
    assert house.keyring.create("wrapping.audit", "audit").purpose == "audit"
    assert house.keyring.get("wrapping.audit").purpose == "audit"


@pytest.mark.parametrize("name", ["nothing", "wrapping.person_signing"])
def test_an_unknown_key(house, name):
    for act in (
        house.keyring.get,
        house.keyring.secret,
        house.keyring.rotate,
        house.keyring.destroy,
        house.keyring.destruction_order,
    ):
        with pytest.raises(WrongUsage) as caught:
            act(name)
        assert code(caught) == "CW-KEY-UNKNOWN"


@pytest.mark.parametrize("key_id", ["", "..", "0a" * 16, "../fence", "0A" * 16, "x\x00y"])
def test_an_unknown_id(house, key_id):
    for act in (house.keyring.of_id, house.keyring.secret_of):
        with pytest.raises(WrongUsage, match="CW-KEY-UNKNOWN"):
            act(key_id)


def test_wrapping_keys_cannot_be_reached_by_their_ids(house):
    record, above = house.keyring.chain("alice")
    assert record.info.wrapped_by == above.info.id
    with pytest.raises(WrongUsage, match="CW-KEY-UNKNOWN"):
        house.keyring.secret_of(above.info.id)


def test_no_id_can_be_taken_for_an_nhs_number():
    import re

    assert not any(re.search(r"[0-9]{10}", new_id()) for _ in range(3000))


def test_everything_on_the_disk_is_private(house):
    make(house, "project")
    for path in [*house.home.path.rglob("*"), *house.store.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path.name


# --- rotation -------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", TURNING)
def test_rotation_makes_a_new_version_and_keeps_the_old_for_opening(house, purpose):
    first = make(house, purpose)
    old = None if PURPOSES[purpose].signs else house.keyring.secret("it")
    second = house.keyring.rotate("it")
    third = house.again().rotate("it")
    assert house.again().get("it") == third
    assert [i.version for i in house.keyring.list() if i.name == "it"] == [1, 2, 3]
    assert [i.state for i in house.again().list() if i.name == "it"] == [
        "decrypt_only",
        "decrypt_only",
        "active",
    ]
    assert len({first.id, second.id, third.id}) == 3
    if old is not None:
        assert house.again().secret_of(first.id) == old
        assert house.again().secret("it") != old


@pytest.mark.parametrize("purpose", [p for p in TURNING if PURPOSES[p].signs])
def test_a_replaced_signing_key_signs_no_more(house, purpose):
    first = make(house, purpose)
    signer = house.keyring.signer("it")
    house.keyring.rotate("it")
    for act in (lambda: signer.sign(b"x"), lambda: house.again().sign_with(first.id, b"x")):
        with pytest.raises(Refused, match="CW-KEY-USE"):
            act()


@pytest.mark.parametrize("purpose", FIXED)
def test_keys_that_tie_data_together_are_never_rotated(house, purpose):
    made = make(house, purpose)
    key = house.keyring.secret("it")
    with pytest.raises(Refused) as caught:
        house.keyring.rotate("it")
    assert code(caught) == "CW-KEY-ROTATION"
    assert house.keyring.get("it") == made
    assert house.keyring.secret("it") == key


def test_rotating_a_wrapping_key_wraps_its_keys_anew_and_changes_none(house):
    names = [f"release.{n}" for n in range(4)]
    for name in names:
        make(house, "release_data", name)
    house.destroy("release.3")
    keys = {name: house.keyring.secret(name) for name in names[:3]}
    before = {i.name: i.wrapped_by for i in house.keyring.list()}
    assert house.keyring.rotate_wrapping("release_data") == 3
    after = {i.name: i.wrapped_by for i in house.again().list()}
    assert {name: house.again().secret(name) for name in keys} == keys
    assert all(before[name] != after[name] for name in keys)
    assert before["alice"] == after["alice"]
    with pytest.raises(WrongUsage, match="CW-KEY-PURPOSE"):
        house.keyring.rotate_wrapping("nothing")


def test_a_flipped_state_does_not_bring_an_old_version_back(house):
    first = make(house, "permit_signing")
    house.keyring.rotate("it")
    path = house.home.keys / f"{first.id}.json"
    plain = json.loads(path.read_bytes())
    assert plain["state"] == "decrypt_only"
    path.write_text(json.dumps({**plain, "state": "active"}))
    assert house.again().of_id(first.id).state == "decrypt_only"
    with pytest.raises(Refused, match="CW-KEY-USE"):
        house.again().sign_with(first.id, b"x")


# --- destruction ----------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", sorted(set(PURPOSES) - {"person_signing"}))
def test_destruction_reaches_every_version_and_needs_two(house, purpose):
    made = make(house, purpose)
    if PURPOSES[purpose].rotates:
        house.keyring.rotate("it")
    for approvals in ([], house.approvals("it", "alice"), house.approvals("it", "alice", "alice")):
        with pytest.raises(Refused) as caught:
            house.keyring.destroy("it", approvals)
        assert code(caught) == "CW-KEY-APPROVAL"
    assert house.keyring.get("it").state == "active"
    destroyed = house.keyring.destroy("it", house.approvals("it"))
    assert {info.state for info in destroyed} == {"destroyed"}
    for keyring in (house.keyring, house.again()):
        assert keyring.get("it").state == "destroyed"
        for act in (
            lambda k=keyring: k.sign("it", b"") if PURPOSES[purpose].signs else k.secret("it"),
            lambda k=keyring: (
                k.sign_with(made.id, b"") if PURPOSES[purpose].signs else k.secret_of(made.id)
            ),
            lambda k=keyring: k.destruction_order("it"),
            lambda k=keyring: k.destroy("it"),
        ):
            with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
                act()


def test_a_destroyed_key_is_not_rotated_back(house):
    make(house, "details")
    house.destroy("it")
    with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
        house.keyring.rotate("it")


def test_a_persons_own_key_goes_without_approval(house):
    assert house.keyring.destroy("bob")[0].state == "destroyed"


def other_persons_key(house):
    approval = house.approvals("it", "bob")[0]
    return [*house.approvals("it", "alice"), Approval("alice", approval.at, approval.signature)]


def for_another_key(house):
    make(house, "audit", "other")
    return house.approvals("other")


def moved_time(house):
    first, second = house.approvals("it")
    return [first, Approval("bob", second.at + timedelta(seconds=1), second.signature)]


def old(house):
    approvals = house.approvals("it")
    house.clock.advance(timedelta(days=7, minutes=1))
    return approvals


def from_the_future(house):
    house.clock.advance(timedelta(hours=1))
    approvals = house.approvals("it")
    house.clock.advance(-timedelta(hours=1))
    return approvals


def stranger(house):
    first, second = house.approvals("it")
    return [first, Approval("mallory", second.at, second.signature)]


def before_rotation(house):
    approvals = house.approvals("it")
    house.keyring.rotate("it")
    return approvals


def cut_signature(house):
    first, second = house.approvals("it")
    return [first, Approval("bob", second.at, second.signature[:-1])]


def good_and_bad(house):
    return [*house.approvals("it"), Approval("alice", house.clock.now(), bytes(64))]


@pytest.mark.parametrize(
    "forge",
    [
        other_persons_key,
        for_another_key,
        moved_time,
        old,
        from_the_future,
        stranger,
        before_rotation,
        cut_signature,
        good_and_bad,
    ],
)
def test_approvals_that_do_not_count(house, forge):
    make(house, "details")
    key = house.keyring.secret("it")
    approvals = forge(house)
    with pytest.raises(Refused) as caught:
        house.keyring.destroy("it", approvals)
    assert code(caught) == "CW-KEY-APPROVAL"
    assert house.keyring.fence.read().destroyed == {}
    assert (
        house.again().secret_of(next(i.id for i in house.again().list() if i.name == "it")) == key
    )


def test_an_approval_of_another_home_does_not_count(house, tmp_path):
    other = new_house(tmp_path / "other")
    make(house, "audit")
    make(other, "audit")
    with pytest.raises(Refused, match="CW-KEY-APPROVAL"):
        house.keyring.destroy("it", other.approvals("it"))


def test_one_key_under_two_names_is_one_person(house):
    make(house, "audit")
    alice = house.keyring.get("alice").verification_key
    order = house.keyring.destruction_order("it")
    twice = []
    for person in ("alice", "carol"):
        at = house.clock.now()
        twice.append(Approval(person, at, house.keyring.sign("alice", order.message(person, at))))
    with pytest.raises(Refused, match="1 of 2"):
        house.keyring.destroy("it", twice, approvers={"alice": alice, "carol": alice})


def test_only_people_of_the_policy_count_where_it_is_given(house):
    make(house, "audit")
    keys = {name: house.keyring.get(name).verification_key for name in ("alice", "bob")}
    approvals = house.approvals("it")
    with pytest.raises(Refused, match="CW-KEY-APPROVAL"):
        house.keyring.destroy("it", approvals, approvers={"alice": keys["alice"]})
    house.keyring.destroy("it", approvals, approvers=keys)


def test_only_a_persons_key_approves(house):
    make(house, "audit")
    make(house, "permit_signing", "signer")
    with pytest.raises(WrongUsage, match="CW-KEY-USE"):
        house.keyring.approve(house.keyring.destruction_order("it"), "signer")


def test_a_release_is_shredded_without_people_and_nothing_else_is(house):
    make(house, "release_data", "release.1")
    make(house, "release_data", "release.2")
    for name, purpose in {"p": "project", "a": "audit", "d": "details"}.items():
        make(house, purpose, name)
    assert house.keyring.shred_release("release.1") is True
    assert house.again().shred_release("release.1") is False
    assert house.keyring.shred_release("nothing") is False
    assert house.again().get("release.1").state == "destroyed"
    with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
        house.again().secret("release.1")
    for name in ("p", "a", "d", "alice"):
        with pytest.raises(WrongUsage, match="CW-KEY-USE"):
            house.keyring.shred_release(name)
    assert {i.name for i in house.again().list() if i.state == "destroyed"} == {"release.1"}


class Cut(Exception):
    pass


@pytest.mark.parametrize("at", range(1, 5))
def test_a_destruction_that_was_cut_off_is_finished_by_the_next_opening(house, monkeypatch, at):
    made = make(house, "details")
    house.keyring.rotate("it")
    approvals = house.approvals("it")
    steps = []

    def cut_at(act):
        def wrapped(*arguments, **named):
            steps.append(act)
            if len(steps) == at:
                raise Cut
            return act(*arguments, **named)

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(RootStore, "destroy_half", cut_at(RootStore.destroy_half))
        patch.setattr(Keyring, "_save", cut_at(Keyring._save))
        with pytest.raises(Cut):
            house.keyring.destroy("it", approvals)
    with pytest.raises(CommonwealError) as caught:
        house.keyring.secret_of(made.id)
    assert code(caught) == "CW-KEY-DESTROYED"
    keyring = house.again()
    assert {i.state for i in keyring.list() if i.name == "it"} == {"destroyed"}
    store = RootStore.open(house.store, house.home.id)
    assert not any(store.has_half(i.id) for i in keyring.list() if i.name == "it")
