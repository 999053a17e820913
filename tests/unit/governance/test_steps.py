"""Steps of a permit or release: who must sign, and what does not do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.dossier.steps import STEPS, check_step_acts
from commonweal.papers.act_records import ActRecords
from commonweal.papers.act_table import ACTS
from commonweal.papers.permit_state import TRANSITIONS
from tests import factories, people
from tests.dossiers import Desk

OBJECT = "sha256:" + "c" * 64
VERDICT = {
    "pause": "pause", "suspend": "suspend", "resume": "resume", "revoke": "revoke",
    "close": "close", "sign_off_release": "sign_off", "send_back_release": "send_back",
    "order_release": "build",
}  # fmt: skip


def desk_of(step: Any, *who: str, **more: Any) -> Desk:
    desk = Desk()
    for one in who:
        desk.sign(one, step, VERDICT[step], OBJECT, **({"subject": "permit-1"} | more))
    return desk


def check(step: Any, desk: Desk, **changes: Any) -> Any:
    known: dict[str, Any] = {
        "subject": "permit-1", "object_digest": OBJECT, "roster_history": desk.history,
        "trust": factories.trust(), "at": desk.now, "home": people.HOME,
        "records": ActRecords.of(desk.records.values()),
    } | changes  # fmt: skip
    return check_step_acts(step, desk.acts, **known)


def refused(code: str, *args: Any, **more: Any) -> None:
    with pytest.raises(CommonwealError) as caught:
        check(*args, **more)
    assert caught.value.code == code, caught.value.sentence


@pytest.mark.parametrize("step", STEPS)
def test_enough_people_of_the_right_roles(step: Any) -> None:
    may = [who for who, role in people.ROLES.items() if role in ACTS[step].roles]
    needed = STEPS[step].people
    assert len(check(step, desk_of(step, *may[:needed]))) == needed
    refused("CW-STEP-ACTS", step, desk_of(step, *may[: needed - 1]))


def test_every_step_of_a_permit_that_people_take_has_its_rule() -> None:
    assert set(TRANSITIONS) - {"issue", "supersede"} <= set(STEPS)


def test_one_person_is_not_two() -> None:
    refused("CW-STEP-ACTS", "resume", desk_of("resume", "siro", "siro"))
    desk = desk_of("resume", "siro")
    desk.acts.append(desk.acts[0])
    refused("CW-STEP-ACTS", "resume", desk)


def test_who_built_a_release_does_not_sign_it_off() -> None:
    desk = desk_of("sign_off_release", "owner")
    assert check("sign_off_release", desk, not_by=["manager"])
    refused("CW-STEP-ACTS", "sign_off_release", desk, not_by=["owner"])


def test_acts_about_something_else() -> None:
    desk = desk_of("suspend", "siro")
    refused("CW-STEP-ACTS", "revoke", desk)
    refused("CW-STEP-ACTS", "suspend", desk, object_digest="sha256:" + "0" * 64)
    refused("CW-DOSSIER-ACT-EXTRA", "suspend", desk, subject="permit-2")
    refused("CW-ACT-OTHER-HOME", "suspend", desk, home="home-2")


def test_acts_do_not_wait_for_another_day() -> None:
    """Half of what a step needs, signed long ago, is not joined by the other half today."""
    desk = desk_of("resume", "siro")
    desk.now += timedelta(days=8)
    desk.sign("guardian", "resume", "resume", OBJECT, subject="permit-1")
    refused("CW-STEP-ACTS", "resume", desk)
    # Nor what was signed before the permit was stopped again.
    desk = desk_of("resume", "siro", "guardian")
    stopped = desk.now - timedelta(seconds=90)
    refused("CW-STEP-ACTS", "resume", desk, not_before=stopped)
    assert check("resume", desk, not_before=stopped - timedelta(minutes=2))


def test_used_unheard_future_and_left() -> None:
    desk = desk_of("suspend", "siro")
    refused("CW-ACT-TIME", "suspend", desk, at=desk.now - timedelta(hours=1))
    gone = people.history(people.roster("siro"))
    refused("CW-ACT-PERSON", "suspend", desk, roster_history=gone)
    refused("CW-ACT-NOT-RECORDED", "suspend", desk, records=ActRecords())
    desk.use(desk.acts[0])
    refused("CW-ACT-USED", "suspend", desk)


def test_a_signature_in_a_role_that_takes_this_step_no_more_takes_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It verifies still, as what somebody signed; but letting work go on is for others now."""
    from dataclasses import replace

    from commonweal.papers import acts

    row = ACTS["revoke"]
    wider = {**ACTS, "revoke": replace(row, roles=row.roles | {"information_asset_owner"})}
    owner = next(who for who, role in people.ROLES.items() if role == "information_asset_owner")
    with monkeypatch.context() as patch:
        patch.setattr(acts, "ACTS", wider)
        desk = desk_of("revoke", owner)
    refused("CW-ACT-ROLE", "revoke", desk)
