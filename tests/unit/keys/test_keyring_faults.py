from __future__ import annotations

import json

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.vault.keys import Keyring
from commonweal.vault.keys.purposes import PURPOSES
from tests.unit.keys.support import House, new_house


def make(house: House, purpose: str, name: str = "it"):
    project = "project-7" if PURPOSES[purpose].project == "required" else None
    return house.keyring.create(name, purpose, project)


def code(caught) -> str:
    return caught.value.code


# --- a root store that is not as it must be -------------------------------------------------

SPOILED = {
    "gone": lambda store: store.rename(store.with_name("gone")),
    "root key gone": lambda store: (store / "root.key").unlink(),
    "another root key": lambda store: (store / "root.key").write_bytes(bytes(32)),
    "root key of one bit more": lambda store: (store / "root.key").write_bytes(
        bytes([(store / "root.key").read_bytes()[0] ^ 1]) + (store / "root.key").read_bytes()[1:]
    ),
    "root key for all to read": lambda store: (store / "root.key").chmod(0o644),
    "fence gone": lambda store: (store / "fence.json").unlink(),
    "fence empty": lambda store: (store / "fence.json").write_bytes(b""),
    "halves gone": lambda store: (store / "halves").rename(store / "gone"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_without_its_root_store_the_keyring_does_not_open(house, how):
    SPOILED[how](house.store)
    with pytest.raises(Unavailable) as caught:
        house.again()
    assert code(caught) == "CW-KEY-UNAVAILABLE"


def test_a_store_that_goes_while_the_keyring_is_open_closes_it(house):
    make(house, "project")
    house.store.rename(house.store.with_name("gone"))
    for act in (
        lambda: house.keyring.secret("it"),
        lambda: house.keyring.get("it"),
        lambda: house.keyring.list(),
        lambda: house.keyring.sign("alice", b""),
        lambda: house.keyring.create("new", "audit"),
        lambda: house.keyring.rotate("alice"),
    ):
        with pytest.raises(CommonwealError) as caught:
            act()
        assert code(caught) == "CW-KEY-UNAVAILABLE"


def test_a_lost_half_is_unavailable_and_not_called_destroyed(house):
    made = make(house, "project")
    (house.store / "halves" / f"{made.id}.half").unlink()
    with pytest.raises(Unavailable, match="CW-KEY-UNAVAILABLE"):
        house.keyring.secret("it")


def test_the_store_of_another_home_does_not_open_this_one(house, tmp_path):
    other = new_house(tmp_path / "other")
    from commonweal.vault.home import Home

    home = Home.open(house.home.path, other.store)
    with pytest.raises(Unavailable, match="CW-KEY-UNAVAILABLE"):
        Keyring.open(home, house.clock)


# --- records that were changed --------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "alice"),
        ("purpose", "audit"),
        ("project", "project-8"),
        ("project", None),
        ("version", 2),
        ("created_at", "2020-01-01T00:00:00.000Z"),
        ("algorithm", "Ed25519"),
        ("public_key", "A" * 43),
        ("wrapped_by", "root"),
        ("wrapped_by", "0a" * 16),
        ("wrapped_by", "../../store/root.key"),
        ("id", "0a" * 16),
        ("wrapped", None),
        ("wrapped", ""),
        ("wrapped", "AAAA"),
        ("wrapped", "%"),
        ("state", "lost"),
        ("state", "destroyed"),
        ("version", True),
        ("version", 0),
        ("key", 2),
        ("purpose", "nonsense"),
        ("name", None),
        ("created_at", 7),
        ("more", 1),
    ],
)
def test_a_changed_field_is_found(house, field, value):
    made = make(house, "project")
    path = house.home.keys / f"{made.id}.json"
    plain = json.loads(path.read_bytes())
    path.write_text(json.dumps({**plain, field: value}))
    for act in (
        house.keyring.list,
        lambda: house.again().secret_of(made.id),
    ):
        with pytest.raises(Fault) as caught:
            act()
        assert code(caught) == "CW-KEY-BROKEN"


def test_the_verification_key_of_a_signer_cannot_be_replaced(house):
    alice, bob = house.keyring.get("alice"), house.keyring.get("bob")
    path = house.home.keys / f"{alice.id}.json"
    path.write_text(path.read_text().replace(alice.public_key, bob.public_key))
    with pytest.raises(Fault, match="CW-KEY-BROKEN"):
        house.keyring.get("alice")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 20_000, b" " * 20_000]
)
def test_a_broken_record_is_named_and_never_a_traceback(house, content):
    made = make(house, "project")
    (house.home.keys / f"{made.id}.json").write_bytes(content)
    with pytest.raises(CommonwealError) as caught:
        house.keyring.get("it")
    assert code(caught) in {"CW-KEY-BROKEN", "CW-FILE-TOO-LARGE"}
    assert made.id in str(caught.value)


def test_records_swapped_between_names_are_found(house):
    one, two = make(house, "project", "one"), make(house, "project", "two")
    first, second = (house.home.keys / f"{i.id}.json" for i in (one, two))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with pytest.raises(Fault, match="CW-KEY-BROKEN"):
        house.keyring.secret("one")


def test_other_files_in_the_folder_are_left_alone(house):
    (house.home.keys / "notes.txt").write_text("x")
    (house.home.keys / ".staging-abc").write_text("x")
    assert {i.name for i in house.keyring.list()} == {"alice", "bob"}
