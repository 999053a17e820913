"""What happens to a permit later: each step signed, judged and written on the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.projects.room import Road, code, user

FROM = "permitted"


def events(road: Road) -> list[str]:
    """What the ledger says of the permit, in order."""
    with road.custody() as custody, custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT type FROM intent WHERE permit = ? AND type LIKE 'permit.%' ORDER BY id",
            (road.paper.permit_id,),
        )
        return [str(row[0]) for row in rows]


def state(road: Road) -> str:
    """Where the permit stands, by the page's own reading of the public register."""
    from commonweal.web.projects.standing import state_of

    assert state_of(road.permit) == road.permit.state == road.on_ledger().state
    return str(road.permit.state)


def test_one_officer_suspends_and_two_people_resume(road: Road) -> None:
    road.take("owen", "suspend", "incident")
    road.work()
    assert state(road) == "suspended"
    road.take("owen", "resume")
    road.work()
    assert state(road) == "suspended"
    from commonweal.web.projects.signing import take_step

    assert code(lambda: take_step(user("owen"), road.permit, "resume")) == "CW-STATE-GUARD"
    road.take("priya", "resume")
    road.work()
    # The time to say no is not over: nothing begins by being resumed.
    assert state(road) == "announced"
    assert events(road) == ["permit.issued", "permit.suspended", "permit.resumed"]


def test_a_signature_from_before_the_stop_does_not_resume(road: Road) -> None:
    from commonweal.web.projects.models import PermitStep

    road.take("owen", "suspend", "incident")
    road.work()
    road.take("owen", "resume")
    road.take("priya", "revoke", "guardian_decision")
    PermitStep.objects.filter(kind="revoke").delete()
    with road.custody() as custody:
        from commonweal.vault.custody import change_state, find_permit

        path = find_permit(custody, road.permit.reference)
        change_state(custody, path, "resume")
        change_state(custody, path, "suspend", "incident")
    road.take("priya", "resume")
    road.work()
    (step,) = PermitStep.objects.filter(kind="resume")
    assert (step.state, step.code) == ("refused", "CW-STEP-ACTS")
    assert road.on_ledger().state == "suspended"


def test_a_permit_that_is_taken_back_ends_with_its_agreement(road: Road) -> None:
    from commonweal.web.projects.signing import take_step

    road.take("priya", "revoke", "guardian_decision")
    road.work()
    assert state(road) == "revoked"
    assert road.agreement.state == "ended"
    for kind in ("pause", "suspend", "resume", "revoke", "close"):
        found = code(lambda kind=kind: take_step(user("owen"), road.permit, kind, "incident"))
        assert found == "CW-STATE-STEP", kind


def test_a_command_at_the_home_is_followed(road: Road) -> None:
    with road.custody() as custody:
        from commonweal.vault.custody import change_state, find_permit

        change_state(custody, find_permit(custody, road.permit.reference), "close")
    road.work()
    assert (state(road), road.agreement.state) == ("closed", "ended")


def test_a_step_is_taken_once(road: Road) -> None:
    from commonweal.web.projects.models import PermitStep

    road.take("owen", "suspend", "incident")
    road.work()
    PermitStep.objects.update(state="waiting")
    road.work()
    (step,) = PermitStep.objects.all()
    assert (step.state, events(road)) == ("done", ["permit.issued", "permit.suspended"])


def test_cut_off_after_the_ledger_the_step_is_not_taken_again(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.projects import workers
    from commonweal.web.projects.models import PermitStep

    road.take("owen", "suspend", "incident")
    with monkeypatch.context() as patch:

        def cut_off(*_: Any) -> None:
            raise RuntimeError("the power goes")

        patch.setattr(workers, "follow_permit", cut_off)
        with pytest.raises(RuntimeError):
            road.work()
    assert PermitStep.objects.get().state == "waiting"
    road.work()
    assert PermitStep.objects.get().state == "done"
    assert (state(road), len(events(road))) == ("suspended", 2)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"reason": "legal_order"}, "CW-STEP-ACTS"),
        ({"reason": ""}, "CW-STEP-ACTS"),
        ({"reason": "because"}, "CW-STEP-ACTS"),
        ({"kind": "revoke"}, "CW-STEP-ACTS"),
        ({"acts": []}, "CW-STEP-ACTS"),
    ],
)
def test_a_row_that_was_changed_takes_no_step(
    road: Road, change: dict[str, Any], wanted: str
) -> None:
    from commonweal.web.projects.models import PermitStep

    road.take("owen", "suspend", "incident")
    PermitStep.objects.update(**change)
    road.work()
    step = PermitStep.objects.get()
    assert (step.state, step.code) == ("refused", wanted)
    assert step.sentence.endswith(".")
    assert events(road) == ["permit.issued"]


def test_a_reason_is_a_word_of_the_list(road: Road) -> None:
    from commonweal.web.projects.signing import take_step

    for word in ("", "because", "restored_from_backup", "incident "):
        assert code(lambda w=word: take_step(user("owen"), road.permit, "suspend", w)) != ""
