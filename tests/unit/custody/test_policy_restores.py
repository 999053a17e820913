"""Backups and restores across changes of the trust policy and of the ledger's key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.vault.custody import (
    load_permit,
    open_custody,
    rotate_key,
    settle,
    verify_ledger,
)
from commonweal.vault.custody.amending import withdraw_change
from commonweal.vault.custody.restoring import back_up, restore_home
from tests.unit.custody.amending import change
from tests.unit.custody.support import Place
from tests.unit.custody.test_policy import real as real
from tests.unit.custody.test_policy import ward as ward

HOUR = timedelta(hours=1)


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
