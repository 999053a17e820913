"""Steps of a permit that people signed with security keys, in a home for real data."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.governance.dossier.judge import judge_step
from commonweal.papers.permit import Permit
from commonweal.papers.step_reason import StepReason
from commonweal.vault.custody import Custody
from commonweal.vault.custody.acts import record_act, void_act
from commonweal.vault.custody.permit_steps import step_from_acts, taken_before
from commonweal.vault.custody.signers import name_signers, named_signers
from tests.unit.custody.committee import staffed as staffed
from tests.unit.custody.committee import staffed_made as staffed_made
from tests.unit.custody.support import Place
from tests.unit.custody.test_committee_permits import House, refused
from tests.unit.custody.test_policy import real as real


@pytest.fixture
def house(staffed: Place) -> House:
    return House(staffed)


def act(house: House, custody: Custody, permit: Permit, who: str, step: str, why: str = "") -> Any:
    """A step that somebody signed, and that the ledger heard of."""
    more: dict[str, Any] = {"subject": permit.id}
    if why:
        plain = {"step_reason": 1, "permit": permit.id, "step": step, "reason": why}
        more["content"] = StepReason.read(plain, "The reason").digest()
    signed = house.signed(custody, who, step, step, permit.digest(), **more)
    record_act(custody, signed)
    return signed


def test_nobody_signs_permits_before_somebody_names_the_keys(house: House) -> None:
    with house.place.open() as custody:
        refused("CW-PERMIT-SIGNERS", named_signers, custody)
        refused("CW-KEY-UNKNOWN", name_signers, custody, ["nobody"])
        name_signers(custody, ["permit-signer"])
    with house.place.open() as custody:
        assert named_signers(custody) == ("permit-signer",)


def test_a_step_with_its_reason_and_only_with_it(house: House) -> None:
    with house.place.open() as custody:
        permit = house.issue(custody, house.desk(custody).complete())
        stop = act(house, custody, permit, "guardian", "suspend", "incident")
        step = ("suspend", [stop], judge_step)
        for reason in (None, "legal_order", "because"):
            refused("CW-STEP-ACTS", step_from_acts, custody, permit.id, *step, reason)
        refused("CW-STEP-ACTS", step_from_acts, custody, permit.id, "revoke", [stop], judge_step,
                "incident")  # fmt: skip
        refused("CW-PERMIT-UNKNOWN", step_from_acts, custody, "permit-9", *step, "incident")
        assert taken_before(custody, permit.id, "suspend", [stop]) is None
        change = step_from_acts(custody, permit.id, *step, "incident")
        assert (change.before, change.after) == ("announced", "suspended")
        found = taken_before(custody, permit.id, "suspend", [stop])
        assert found is not None
        assert found.entry == change.entry
        assert taken_before(custody, permit.id, "revoke", [stop]) is None
        assert taken_before(custody, permit.id, "suspend", []) is None
        refused("CW-PERMIT-TRANSITION", step_from_acts, custody, permit.id, *step, "incident")


def test_going_on_needs_two_people_and_uses_their_acts_up(house: House) -> None:
    with house.place.open() as custody:
        permit = house.issue(custody, house.desk(custody).complete())
        stop = act(house, custody, permit, "guardian", "suspend", "incident")
        step_from_acts(custody, permit.id, "suspend", [stop], judge_step, "incident")
        one = act(house, custody, permit, "guardian", "resume")
        two = act(house, custody, permit, "siro", "resume")
        for acts in ([one], [one, one], []):
            refused("CW-STEP-ACTS", step_from_acts, custody, permit.id, "resume", acts, judge_step)
        void_act(custody, two.act.id, "CW-STATE-STEP")
        refused("CW-ACT-VOID", step_from_acts, custody, permit.id, "resume", [one, two], judge_step)
        two = act(house, custody, permit, "siro", "resume")
        step_from_acts(custody, permit.id, "resume", [one, two], judge_step)
        again = act(house, custody, permit, "guardian", "suspend", "incident")
        step_from_acts(custody, permit.id, "suspend", [again], judge_step, "incident")
        refused("CW-ACT-USED", step_from_acts, custody, permit.id, "resume", [one, two], judge_step)


def test_what_stops_work_counts_though_it_was_void(house: House) -> None:
    """Or whoever holds the signer up for a moment could keep a project running."""
    with house.place.open() as custody:
        permit = house.issue(custody, house.desk(custody).complete())
        stop = act(house, custody, permit, "guardian", "suspend", "incident")
        void_act(custody, stop.act.id, "CW-STATE-STEP")
        change = step_from_acts(custody, permit.id, "suspend", [stop], judge_step, "incident")
        assert change.after == "suspended"
