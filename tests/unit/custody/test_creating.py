"""Making a home: all of it or nothing, and never a demonstration passed off as real (S11, S21)."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, WrongUsage
from commonweal.ledger.entry import read_entry
from commonweal.vault.custody import create_home, open_custody
from commonweal.vault.custody import creating as module
from tests import factories
from tests.unit.custody.support import Place


def make(folder: Path, **more: Any) -> None:
    wanted: dict[str, Any] = {"kind": "demo", "name": "Wharfedale", "clock": factories.clock()}
    with create_home(folder / "home", root_store=folder / "store", **(wanted | more)):
        pass


def test_a_new_home_has_every_part(place: Place) -> None:
    with place.open() as custody:
        names = {info.name for info in custody.keyring.list()}
        entries = [read_entry(custody.ledger.entry("public", n)) for n in range(2)]
        assert custody.ledger.intents_left() == 0
        assert custody.origin("public") == f"commonweal/{custody.home.id}/public"
    assert names >= {"permit-signer", "status-signer", "manifest-signer", "statement-signer"}
    assert names >= {"ledger", "details", "audit", "sieve", "membership", "backup"}
    assert {"guardian", "siro"} <= names
    assert [entry["type"] for entry in entries] == ["trust.policy_set", "sealed.root"]
    assert entries[0]["policy_hash"] == custody.trust.digest()
    assert entries[0]["home"] == "demo"


def test_each_key_is_on_the_sealed_log(place: Place) -> None:
    with place.open() as custody:
        size = custody.ledger.size("sealed")
        entries = [read_entry(custody.ledger.entry("sealed", n)) for n in range(size)]
        ids = {info.id for info in custody.keyring.list()}
    assert {entry["key"] for entry in entries if entry["type"] == "key.created"} == ids


def test_a_standard_home_leaves_time_to_say_no_and_has_no_people(tmp_path: Path) -> None:
    make(tmp_path, kind="standard")
    with open_custody(tmp_path / "home", factories.clock(), root_store=tmp_path / "store") as held:
        assert held.trust.time_to_say_no_days == 28
        assert held.trust.direct_time_to_say_no_days == 28
        assert not [i for i in held.keyring.list() if i.purpose == "person_signing"]


def test_times_to_say_no_can_be_set_apart(tmp_path: Path) -> None:
    make(tmp_path, kind="standard", time_to_say_no_days=40, direct_time_to_say_no_days=1)
    with open_custody(tmp_path / "home", factories.clock(), root_store=tmp_path / "store") as held:
        policy = held.trust
    assert (policy.time_to_say_no_days, policy.direct_time_to_say_no_days) == (40, 1)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "standard", "time_to_say_no_days": 0}, "CW-HOME-SAY-NO"),
        ({"time_to_say_no_days": 366}, "CW-HOME-INVALID"),
        ({"time_to_say_no_days": -1}, "CW-HOME-INVALID"),
        ({"direct_time_to_say_no_days": 1000}, "CW-HOME-INVALID"),
        ({"ods": "rxx"}, "CW-HOME-INVALID"),
        ({"ods": "R X"}, "CW-HOME-INVALID"),
        ({"name": "two\nlines"}, "CW-HOME-INVALID"),
        ({"name": ""}, "CW-HOME-INVALID"),
        ({"kind": "real"}, "CW-HOME-INVALID"),
    ],
)
def test_a_home_that_cannot_be_is_not_begun(
    tmp_path: Path, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(CommonwealError) as caught:
        make(tmp_path, **more)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(place: Place, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="CW-HOME-NOT-EMPTY"):
        make(place.folder)
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        create_home(
            tmp_path / "new",
            kind="demo",
            name="x",
            clock=factories.clock(),
            root_store=place.store,
        )
    assert not (tmp_path / "new").exists()
    with place.open():
        pass


def test_a_root_store_inside_the_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        create_home(
            tmp_path / "home",
            kind="demo",
            name="x",
            clock=factories.clock(),
            root_store=tmp_path / "home" / "keys-here",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    "step", ["_make_keys", "_policy", "_begin_ledger", "write_atomic", "settle"]
)
def test_a_failure_anywhere_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, there: bool
) -> None:
    if there:
        (tmp_path / "home").mkdir()

    def fail(*_: Any, **__: Any) -> None:
        raise Failure("CW-DISK-FULL", "The disk is full.")

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(Failure, match="CW-DISK-FULL"):
        make(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == (["home"] if there else [])
    monkeypatch.undo()
    make(tmp_path)


def test_a_disk_that_fails_at_any_call_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    for number in range(1, 400, 11):
        left = [number]

        def failing(descriptor: int, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(errno.ENOSPC, "no space")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", failing)
        with contextlib.suppress(Failure):
            make(tmp_path)
        monkeypatch.setattr(os, "fsync", real)
        if left[0] > 0:
            return
        assert list(tmp_path.iterdir()) == []
    raise AssertionError("the making of a home never came to its end")


# --- opening ------------------------------------------------------------------------------


def refused(place: Place) -> CommonwealError:
    with pytest.raises(CommonwealError) as caught:
        place.open()
    return caught.value


@pytest.mark.parametrize("there", [False, True])
def test_a_missing_home_says_how_to_make_one(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "home").mkdir()
    with pytest.raises(Fault, match="CW-HOME-MISSING") as caught:
        open_custody(tmp_path / "home", factories.clock())
    assert "commonweal home create" in str(caught.value.remedy)


def test_a_folder_of_other_things_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    with pytest.raises(Fault, match="CW-HOME-INVALID"):
        open_custody(tmp_path, factories.clock())


def test_a_home_cut_off_while_it_was_made_is_not_opened(place: Place) -> None:
    (place.home / "trust.json").unlink()
    assert refused(place).code == "CW-HOME-INCOMPLETE"


def test_without_its_root_store_a_home_stays_shut(place: Place) -> None:
    place.store.rename(place.folder / "elsewhere")
    error = refused(place)
    assert (error.code, error.exit_code) == ("CW-KEY-UNAVAILABLE", 5)


def test_without_its_ledger_a_home_stays_shut(place: Place) -> None:
    (place.home / "ledger" / "ledger.sqlite").unlink()
    assert refused(place).code == "CW-LEDGER-MISSING"


def change(place: Place, how: Any) -> None:
    path = place.home / "trust.json"
    plain = json.loads(path.read_text())
    how(plain)
    path.write_text(json.dumps(plain, sort_keys=True, separators=(",", ":")) + "\n")


@pytest.mark.parametrize(
    "how",
    [
        lambda plain: plain.update(time_to_say_no_days=1),
        lambda plain: plain.update(custodian="Somebody else"),
        lambda plain: plain["keys"].pop(),
        lambda plain: plain["keys"][0].update(roles=["permit", "status"]),
        lambda plain: plain.update(home="standard", time_to_say_no_days=28),
        lambda plain: plain.update(surprise=1),
    ],
)
def test_a_changed_trust_policy_is_not_believed(place: Place, how: Any) -> None:
    change(place, how)
    error = refused(place)
    assert (error.code, error.exit_code) == ("CW-TRUST-CHANGED", 3)


def test_one_changed_byte_of_the_trust_policy_is_not_believed(place: Place) -> None:
    path = place.home / "trust.json"
    content = path.read_bytes()
    for at in (0, 1, len(content) // 2, len(content) - 2, len(content) - 1):
        for other in (b" ", b"7"):
            if content[at : at + 1] != other:
                path.write_bytes(content[:at] + other + content[at + 1 :])
                assert refused(place).code == "CW-TRUST-CHANGED"
    path.write_bytes(content + b"\n")
    assert refused(place).code == "CW-TRUST-CHANGED"
    path.write_bytes(content)
    with place.open():
        pass


def test_a_demonstration_home_is_never_promoted(place: Place) -> None:
    path = place.home / "home.json"
    plain = json.loads(path.read_text()) | {"kind": "standard"}
    path.write_text(json.dumps(plain))
    error = refused(place)
    assert error.code == "CW-TRUST-CHANGED"
    assert "kind" in error.sentence


def test_a_home_open_to_others_is_refused(place: Place) -> None:
    place.home.chmod(0o755)
    assert refused(place).code == "CW-HOME-OPEN-TO-OTHERS"


def test_the_root_store_of_another_home_does_not_open_it(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make(other)
    with pytest.raises(CommonwealError, match="CW-KEY-UNAVAILABLE"):
        open_custody(place.home, place.clock, root_store=other / "store")


def test_custody_shows_no_secrets(place: Place) -> None:
    with place.open() as custody:
        assert repr(custody) == f"Custody({custody.home.id})"
        with pytest.raises(WrongUsage, match="CW-KEY-USE"):
            custody.keyring.secret("permit-signer")
