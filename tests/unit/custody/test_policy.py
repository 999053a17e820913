"""A home whose trust policy changes: which keys sign, which papers hold, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable, WrongUsage
from commonweal.papers.permit import Permit
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody import (
    Custody,
    create_home,
    create_key,
    destroy_key,
    load_permit,
    open_custody,
    rotate_key,
    settle,
    status_of,
    verify_ledger,
)
from commonweal.vault.custody.amending import (
    adopt_change,
    read_proposal,
    sign_change,
    withdraw_change,
)
from commonweal.vault.custody.keeping import is_trusted
from commonweal.vault.custody.restoring import back_up, restore_home
from tests import factories
from tests.unit.custody.amending import change, proposal, signed
from tests.unit.custody.support import Place

HOUR = timedelta(hours=1)
THREE_DAYS = timedelta(days=3, hours=1)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for real data with two people who may change its policy, and a backup of it."""
    folder = tmp_path_factory.mktemp("real")
    place = Place(folder, factories.clock())
    with create_home(
        place.home, kind="standard", name="Wharfedale Hospital", clock=place.clock,
        root_store=place.store,
    ) as custody:  # fmt: skip
        for name in ("guardian", "siro", "dpo"):
            create_key(custody, name, "person_signing")
        back_up(custody, folder / "first.backup")
        people = [
            {"key": name, "holder": f"Dr {name}", "roles": ["permit", "policy"]}
            for name in ("guardian", "siro", "dpo")
        ]
        change(custody, folder / "p", ["permit-signer"], add=people, roles={
            "permit-signer": ["permit"]}, thresholds={"policy": 2})  # fmt: skip
        place.clock.advance(THREE_DAYS + HOUR)
        settle(custody)
        assert custody.trust.number == 2
    return folder


@pytest.fixture
def ward(real: Path, tmp_path: Path) -> Place:
    """A copy of the home for real data, on day four."""
    import shutil

    folder = tmp_path / "ward"
    shutil.copytree(real, folder)
    place = Place(folder, factories.clock())
    place.clock.advance(THREE_DAYS + HOUR)
    return place


def code(error: pytest.ExceptionInfo[CommonwealError]) -> str:
    return error.value.code


# --- keys and papers --------------------------------------------------------------------------


def test_a_replaced_key_signs_no_more_and_what_it_signed_holds(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        old = rotate_key(custody, "permit-signer").id
        assert custody.signer("permit-signer").key_id != old  # the new one counts for nothing yet
        before = custody.signer("permit-signer").key_id
        change(custody, place.folder / "p", replace=["permit-signer"])
        assert custody.signer("permit-signer").key_id == old
        assert status_of(custody, load_permit(custody, place.permit)).state == "active"
        second = place.issue(custody, place.folder / "second.jws", id="permit-2")
        assert Permit.load((place.folder / "second.jws").read_text(), custody.belief) == second
        with pytest.raises(Refused, match="CW-KEY-USE"):
            custody.keyring.sign_with(before, b"x")
    with place.open() as custody:  # and by whoever opens the home later
        assert load_permit(custody, place.permit)
    assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []


@pytest.mark.parametrize("name", ["status-signer", "manifest-signer", "statement-signer", "siro"])
def test_every_key_of_the_policy_can_be_replaced(place: Place, name: str) -> None:
    with place.open() as custody:
        place.issue(custody)
        assert is_trusted(custody, name)
        new = rotate_key(custody, name)
        assert rotate_key(custody, name).id == new.id  # one waits already
        change(custody, place.folder / "p", replace=[name])
        assert custody.signer(name).key_id == new.id
        assert status_of(custody, load_permit(custody, place.permit)).state == "active"


def test_a_retired_version_is_destroyed_by_two_people(place: Place) -> None:
    with place.open() as custody:
        rotate_key(custody, "permit-signer")
        with pytest.raises(Refused, match="CW-KEY-USE"):
            destroy_key(custody, "permit-signer", ["guardian", "siro"], 1)
        place.issue(custody)
        change(custody, place.folder / "p", replace=["permit-signer"])
        with pytest.raises(Refused, match="CW-KEY-APPROVAL"):
            destroy_key(custody, "permit-signer", ["guardian"], 1)
        with pytest.raises(WrongUsage, match="CW-KEY-UNKNOWN"):
            destroy_key(custody, "permit-signer", ["guardian", "siro"], 9)
        (gone,) = destroy_key(custody, "permit-signer", ["guardian", "siro"], 1)
        assert (gone.version, gone.state) == (1, "destroyed")
        assert [v.state for v in custody.keyring.versions("permit-signer")] == [
            "destroyed", "active",
        ]  # fmt: skip
        assert load_permit(custody, place.permit)
        assert place.issue(custody, place.folder / "second.jws", id="permit-2")


def test_a_permit_of_a_stolen_key_must_be_looked_at_anew(place: Place) -> None:
    from commonweal.foundation.clock import stamp
    from commonweal.vault.custody.believing import to_be_looked_at

    with place.open() as custody:
        place.issue(custody)
        place.clock.advance(HOUR)
        stolen = stamp(place.clock.now())
        place.clock.advance(HOUR)
        place.issue(custody, place.folder / "second.jws", id="permit-2")
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", replace=["permit-signer"], retire=[
            {"key": "permit-signer", "reason": "compromised", "since": stolen}])  # fmt: skip
        assert load_permit(custody, place.permit)
        with pytest.raises(Fault, match="CW-SIGNATURE-COMPROMISED"):
            load_permit(custody, place.folder / "second.jws")
        assert to_be_looked_at(custody) == {"permits": ["permit-2"], "releases": []}


def test_a_home_from_before_goes_on_and_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first policy has no role for changes; whoever signs permits changes it, two of them."""
    from commonweal.vault.custody import creating

    now = creating._policy

    def before(*arguments: Any) -> TrustPolicy:
        plain = now(*arguments).plain()
        plain["thresholds"].pop("policy")
        for key in plain["keys"]:
            key["roles"] = [role for role in key["roles"] if role != "policy"]
        return TrustPolicy.read(plain, "x")

    monkeypatch.setattr(creating, "_policy", before)
    place = Place(tmp_path, factories.clock())
    create_home(place.home, kind="demo", name="Old", clock=place.clock,
                root_store=place.store).ledger.close()  # fmt: skip
    fields = json.loads((place.home / "trust.json").read_text())
    assert set(fields) == {
        "trust", "home", "custodian", "keys", "thresholds", "time_to_say_no_days",
        "direct_time_to_say_no_days", "fresh", "hints_per_day", "plans_per_day",
    }  # fmt: skip
    with place.open() as custody:
        assert (custody.trust.changing_role, custody.trust.changers_needed) == ("permit", 2)
        place.issue(custody)
        rotate_key(custody, "status-signer")
        file = signed(custody, place.folder / "p", ["guardian"], replace=["status-signer"])
        with pytest.raises(Fault, match="2 are needed"):
            adopt_change(custody, file)
        sign_change(custody, file, "permit-signer")
        assert adopt_change(custody, file).policy.number == 2
        assert status_of(custody, load_permit(custody, place.permit)).state == "active"


# --- waiting ----------------------------------------------------------------------------------


def test_a_change_waits_three_days_and_can_be_withdrawn(ward: Place) -> None:
    with ward.open() as custody:
        done = change(custody, ward.folder / "q", times={"hints_per_day": 3})
        assert done.effective_from - ward.clock.now() >= timedelta(hours=72)
        assert done.effective_from.minute == done.effective_from.second == 0
        assert custody.trust.hints_per_day == 20
        with pytest.raises(Refused) as caught:
            proposal(custody, ward.folder / "r", times={"hints_per_day": 4})
        assert code(caught) == "CW-TRUST-PENDING"
        with pytest.raises(Fault, match="CW-SIGNATURE-UNTRUSTED"):
            withdraw_change(custody, "permit-signer")
        assert withdraw_change(custody, "dpo").number == 3
        with pytest.raises(Refused) as caught:
            withdraw_change(custody, "dpo")
        assert code(caught) == "CW-TRUST-PENDING"
        ward.clock.advance(timedelta(days=10))
        assert custody.trust.number == 2
        assert change(custody, ward.folder / "s", times={"hints_per_day": 5}).policy.number == 4
    with ward.open() as custody:
        ward.clock.advance(timedelta(days=4))
        assert custody.trust.hints_per_day == 5
    assert verify_ledger(ward.home, ward.clock, root_store=ward.store).faults == []


def test_the_wait_is_over_without_anybody_doing_anything(ward: Place) -> None:
    with ward.open() as custody:
        done = change(custody, ward.folder / "q", times={"hints_per_day": 3})
        ward.clock.advance(done.effective_from - ward.clock.now() - timedelta(seconds=1))
        assert custody.trust.hints_per_day == 20
        ward.clock.advance(timedelta(seconds=1))
        assert custody.trust.hints_per_day == 3
        ward.clock.advance(-timedelta(days=2))  # a clock set back brings nothing back …
        assert custody.trust.hints_per_day == 20
        ward.clock.advance(timedelta(days=2))
        settle(custody)
        ward.clock.advance(-timedelta(days=2))  # … once the ledger has gone on
        assert custody.trust.hints_per_day == 3
        with pytest.raises(Unavailable, match="CW-CLOCK-BEHIND"):
            settle(custody)


def test_a_shorter_wait_does_not_shorten_itself(ward: Place) -> None:
    with ward.open() as custody:
        done = change(custody, ward.folder / "q", times={"change_delay_hours": 24})
        assert done.effective_from - ward.clock.now() >= timedelta(hours=72)
        ward.clock.advance(done.effective_from - ward.clock.now())
        second = change(custody, ward.folder / "r", times={"hints_per_day": 3})
        assert second.effective_from - ward.clock.now() < timedelta(hours=26)


def test_one_person_is_not_enough_and_a_machine_is_no_person(ward: Place) -> None:
    with ward.open() as custody:
        file = signed(custody, ward.folder / "q", ["guardian"], times={"hints_per_day": 3})
        with pytest.raises(Fault, match="1 signature"):
            adopt_change(custody, file)
        with pytest.raises(Fault, match="CW-SIGNATURE-UNTRUSTED"):
            sign_change(custody, file, "permit-signer")
        with pytest.raises(Fault, match="signed it already"):
            sign_change(custody, file, "guardian")
        assert custody.trust.number == 2
        sign_change(custody, file, "dpo")
        assert adopt_change(custody, file).policy.number == 3


def test_a_key_that_no_backup_holds_is_not_named(ward: Place) -> None:
    with ward.open() as custody:
        rotate_key(custody, "status-signer")
        file = signed(custody, ward.folder / "q", replace=["status-signer"])
        with pytest.raises(Refused) as caught:
            adopt_change(custody, file)
        assert code(caught) == "CW-TRUST-NO-BACKUP"
        back_up(custody, ward.folder / "second.backup")
        assert adopt_change(custody, file).policy.number == 3


# --- what may not be --------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "the last status key": (
        {"retire": [{"key": "status-signer", "reason": "left"}]}, "CW-PAPER-INVALID",
    ),
    "a threshold of nine": ({"thresholds": {"permit": 9}}, "CW-PAPER-INVALID"),
    "too few to change it": (
        {"retire": [{"key": "siro", "reason": "left"}]}, "CW-PAPER-INVALID",
    ),
    "one person to change it": (
        {"retire": [{"key": "siro", "reason": "left"}], "thresholds": {"policy": 1}},
        "CW-TRUST-REFUSED",
    ),
    "nobody to say no to": ({"times": {"choices_days": 99}}, "CW-PAPER-INVALID"),
    "an unknown key": ({"retire": [{"key": "nobody", "reason": "left"}]}, "CW-KEY-UNKNOWN"),
    "no new version": ({"replace": ["status-signer"]}, "CW-TRUST-REFUSED"),
    "no new ledger key": ({"replace": ["ledger"]}, "CW-TRUST-REFUSED"),
    "a ledger without a key": (
        {"retire": [{"key": "ledger", "reason": "compromised",
                     "since": "2026-03-01T00:00:00.000Z"}]}, "CW-TRUST-REFUSED",
    ),
    "a key that does not sign": (
        {"add": [{"key": "backup", "holder": "Dr A", "roles": ["permit"]}]}, "CW-TRUST-REFUSED",
    ),
    "a key twice": (
        {"add": [{"key": "siro", "holder": "Dr A", "roles": ["permit"]}]}, "CW-PAPER-INVALID",
    ),
    "witnesses by number alone": ({"witness_quorum": 2}, "CW-PAPER-INVALID"),
    "an unknown word": ({"promote": True}, "CW-PAPER-INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_not_even_proposed(place: Place, name: str) -> None:
    changes, expected = WRONG[name]
    with place.open() as custody:
        with pytest.raises(CommonwealError) as caught:
            proposal(custody, place.folder / "p", **changes)
        assert code(caught) == expected
    assert not (place.folder / "p").exists()


def test_of_two_proposals_one_is_adopted(place: Place) -> None:
    with place.open() as custody:
        one = signed(custody, place.folder / "one", times={"hints_per_day": 1})
        two = signed(custody, place.folder / "two", times={"hints_per_day": 2})
        with open_custody(place.home, place.clock, root_store=place.store) as other:
            adopt_change(other, two)
            with pytest.raises(Refused, match="CW-TRUST-REFUSED"):
                adopt_change(custody, one)
        assert custody.trust.hints_per_day == 2
        with pytest.raises(Refused, match="CW-TRUST-REFUSED"):
            adopt_change(custody, two)  # nor twice


def test_a_proposal_lapses(place: Place) -> None:
    with place.open() as custody:
        file = signed(custody, place.folder / "p", times={"hints_per_day": 1})
        place.clock.advance(timedelta(days=31))
        for act in (adopt_change, lambda c, f: sign_change(c, f, "guardian")):
            with pytest.raises(Refused, match="more than 30 days ago"):
                act(custody, file)


def test_a_draft_that_was_changed_is_signed_as_it_is_read(place: Place) -> None:
    """What people sign is printed from the very text that they sign; a later change breaks it."""
    with place.open() as custody:
        file = signed(custody, place.folder / "p", ["guardian"], times={"hints_per_day": 1})
        outer = json.loads(file.read_text())
        plain = read_proposal(file)[0].plain() | {"hints_per_day": 900}
        from commonweal.papers.signing import sign_paper
        from commonweal.papers.trust_change import CHANGE

        other = json.loads(sign_paper(CHANGE, plain, [custody.signer("siro")], place.clock.now()))
        mixed = {"payload": other["payload"],
                 "signatures": [*outer["signatures"], *other["signatures"]]}  # fmt: skip
        from commonweal.foundation.canonical import canonical

        file.write_bytes(canonical(mixed) + b"\n")
        with pytest.raises(Fault, match="CW-SIGNATURE-INVALID"):
            adopt_change(custody, file)


# --- files that were changed, taken away, put back ----------------------------------------------

Damage = Callable[[Place], None]


def _first_file(place: Place) -> Path:
    return next((place.home / "policies").glob("*.jws"))


def _other_signature(place: Place) -> None:
    for folder in (place.home, place.store):
        (path,) = (folder / "policies").glob("*.jws")
        outer = json.loads(path.read_text())
        outer["signatures"] = outer["signatures"][:1]
        from commonweal.foundation.canonical import canonical

        path.write_bytes(canonical(outer) + b"\n")


def _away(place: Place) -> None:
    for folder in (place.home, place.store):
        for path in (folder / "policies").glob("*.jws"):
            path.unlink()


def _one_byte(place: Place) -> None:
    path = _first_file(place)
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [_other_signature, _away, _one_byte])
def test_a_changed_paper_is_not_believed(place: Place, damage: Damage) -> None:
    with place.open() as custody:
        change(custody, place.folder / "p", times={"hints_per_day": 1})
    damage(place)
    with pytest.raises(Fault) as caught:
        place.open()
    assert code(caught) == "CW-TRUST-CHANGED"


def test_a_paper_that_is_lost_in_the_home_is_in_the_root_store(place: Place) -> None:
    with place.open() as custody:
        change(custody, place.folder / "p", times={"hints_per_day": 1})
    _first_file(place).unlink()
    with place.open() as custody:
        assert custody.trust.hints_per_day == 1


def test_an_older_copy_of_the_home_is_refused_by_the_fence(
    place: Place, copy: Callable[[], Place]
) -> None:
    import shutil

    with place.open() as custody:
        shutil.copytree(place.home, place.folder / "older")
        change(custody, place.folder / "p", times={"hints_per_day": 1})
    shutil.rmtree(place.home)
    shutil.move(place.folder / "older", place.home)
    with pytest.raises(Fault) as caught:
        place.open()
    assert code(caught) == "CW-LEDGER-REWOUND"


# --- restores ---------------------------------------------------------------------------------


def _restored(place: Place, backup: Path) -> tuple[Place, Any]:
    again = Place(place.folder / "again", place.clock)
    again.folder.mkdir()
    done = restore_home(backup, again.home, place.clock, root_store=place.store)
    return again, done


def test_a_restore_does_not_bring_a_retired_key_back(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        rotate_key(custody, "permit-signer")
        back_up(custody, place.folder / "b")
        done = change(custody, place.folder / "p", replace=["permit-signer"])
        withdrawn_number = done.policy.number + 1
        assert withdrawn_number == 3
        place.clock.advance(HOUR)
    again, result = _restored(place, place.folder / "b")
    assert (result.policies, result.missing_keys, result.epoch) == ((2,), (), 2)
    with open_custody(again.home, place.clock, root_store=place.store) as custody:
        assert custody.trust.number == 2
        assert load_permit(custody, place.permit)
        assert place.issue(custody, place.folder / "second.jws", id="permit-2")
        change(custody, place.folder / "q", times={"hints_per_day": 1})
    assert verify_ledger(again.home, place.clock, root_store=place.store).faults == []


def test_a_restore_keeps_waiting_and_withdrawn_changes_as_they_were(ward: Place) -> None:
    with ward.open() as custody:
        back_up(custody, ward.folder / "b")
        change(custody, ward.folder / "q", times={"hints_per_day": 1})
        withdraw_change(custody, "siro")
        ward.clock.advance(timedelta(days=5))
        waits = change(custody, ward.folder / "r", times={"hints_per_day": 2}).effective_from
        ward.clock.advance(timedelta(days=1))
    again, result = _restored(ward, ward.folder / "b")
    assert result.policies == (3, 4)
    with open_custody(again.home, ward.clock, root_store=ward.store) as custody:
        assert custody.trust.number == 2
        history = custody.book.history()
        assert [one.withdrawn_at is not None for one in history.versions] == [
            False, False, True, False,
        ]  # fmt: skip
        assert history.versions[-1].effective_from == waits
        ward.clock.advance(timedelta(days=3))
        assert custody.trust.hints_per_day == 2
    assert verify_ledger(again.home, ward.clock, root_store=ward.store).faults == []


def test_a_restore_says_which_keys_it_cannot_bring_back(place: Place) -> None:
    with place.open() as custody:
        back_up(custody, place.folder / "b")
        new = rotate_key(custody, "status-signer")
        change(custody, place.folder / "p", replace=["status-signer"])
        place.clock.advance(HOUR)
    _, result = _restored(place, place.folder / "b")
    assert result.missing_keys == (new.id,)


# --- settings ---------------------------------------------------------------------------------


def test_people_times_and_names_change(place: Place) -> None:
    with place.open() as custody:
        create_key(custody, "dpo", "person_signing")
        change(
            custody, place.folder / "p",
            add=[{"key": "dpo", "holder": "Dr Dpo", "roles": ["permit", "policy"]}],
            roles={"permit-signer": ["permit", "status"]},
            thresholds={"permit": 2, "policy": 3},
            times={"choices_days": 3, "change_delay_hours": 0, "plans_per_day": 9},
            custodian="Wharfedale and Airedale",
        )  # fmt: skip
        trust = custody.trust
        assert (trust.thresholds["permit"], trust.changers_needed) == (2, 3)
        assert (trust.fresh.choices_days, trust.plans_per_day) == (3, 9)
        assert trust.custodian == "Wharfedale and Airedale"
        with pytest.raises(Fault, match="2 are needed"):
            place.issue(custody)


def test_witnesses_are_named_and_unnamed(place: Place, tmp_path: Path) -> None:
    from commonweal.ledger.cosigning import Cosigner
    from commonweal.vault.custody import policy_of
    from tests.unit.ledger import support

    key = Cosigner("w.example/one", support.SoftwareSigner()).verifier
    (place.folder / "w.policy").write_text(f"witness one {key} https://w.example\nquorum one\n")
    with place.open() as custody:
        change(custody, place.folder / "p", witnesses="w.policy", times={"witness_lag_minutes": 60})
        assert policy_of(custody).asks
        report = verify_ledger(place.home, place.clock, root_store=place.store)
        assert report.faults == []
        place.clock.advance(HOUR + HOUR)
        report = verify_ledger(place.home, place.clock, root_store=place.store)
        assert [fault.kind for fault in report.faults] == ["quorum_missing"]
        change(custody, place.folder / "q", witnesses="none")
        assert not policy_of(custody).asks
        assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []


def test_custody_says_what_it_reads(place: Place) -> None:
    custody: Custody
    with place.open() as custody:
        assert repr(custody.belief) == f"Belief({custody.home.id})"
    assert custody.trust.number == 1  # also when the ledger is closed


def test_a_restore_without_the_new_log_key_goes_on_with_the_old(place: Place) -> None:
    with place.open() as custody:
        back_up(custody, place.folder / "b")
        new = rotate_key(custody, "ledger")
        change(custody, place.folder / "p", replace=["ledger"], log_overlap_days=1)
        place.clock.advance(HOUR)
    again, result = _restored(place, place.folder / "b")
    assert result.missing_keys == (new.id,)
    with open_custody(again.home, place.clock, root_store=place.store) as custody:
        place.clock.advance(timedelta(days=3))
        settle(custody)  # the old key's time is over, and no other key is here
        place.issue(custody)
        third = rotate_key(custody, "ledger")
        change(custody, place.folder / "q", replace=["ledger"], log_overlap_days=0)
        assert third.id != new.id
        assert custody.ledger_keys_in_use[-1].public == third.verification_key
        settle(custody)
    report = verify_ledger(again.home, place.clock, root_store=place.store)
    assert report.faults == []


def test_the_log_key_is_replaced_again_and_the_first_stays_ended(place: Place) -> None:
    with place.open() as custody:
        rotate_key(custody, "ledger")
        change(custody, place.folder / "p", replace=["ledger"], log_overlap_days=1)
        first, second = custody.ledger_keys_in_use
        place.clock.advance(timedelta(days=2))
        settle(custody)
        assert custody.ledger_keys_in_use == (second,)
        rotate_key(custody, "ledger")
        since = "2026-03-03T00:00:00.000Z"
        change(custody, place.folder / "q", replace=["ledger"], retire=[
            {"key": "ledger", "reason": "compromised", "since": since}])  # fmt: skip
        (third,) = custody.ledger_keys_in_use
        assert third not in (first, second)
        assert custody.ledger_keys[-1] == third
        assert set(custody.ledger_keys) == {first, second, third}
    assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []
