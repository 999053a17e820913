"""Who sees what at the desk and may take which step: every role in every state, off the tables."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.review import REVIEW
from commonweal.web.accounts.people import PEOPLE
from tests.web.applications.conftest import begin, fill
from tests.web.applications.test_scoping import queries
from tests.web.conftest import Page
from tests.web.desk.conftest import (
    ai_data,
    assessment_of,
    entries,
    in_state,
    send_again,
    sent,
    standing,
    state_of,
)

ONE_EACH = {one.roles[0]: one.id for one in PEOPLE}
"""Somebody for each role."""
EVERYTHING = {"ig_officer", "data_manager", "dpo"}
"""Roles that see every application that was sent."""
MEETING = {"ready", "with_committee", "queried_by_committee", "to_be_revised", "rejected",
           "under_appeal", "approved", "refused"}  # fmt: skip
WORKSHOP = {"workshop_scheduled", "workshop_held", "record_written", "synthesised"}
GUARDED = ("screening_passed", "may_be_sent", "something_answered", "lighter_route_met",
           "no_ai_purpose", "papers_a_week_before", "rapporteur_independent",
           "every_point_answered", "assessment_settled", "decision_yes", "decision_no",
           "decision_again", "public_version_ready")  # fmt: skip


def sees(role: str, state: str, assessment: str) -> bool:
    """The slow twin of `policies.seen`: said out loud."""
    if state == "draft":
        return False
    if role in EVERYTHING:
        return True
    if role == "committee_secretary":
        return state in MEETING
    if role == "rapporteur":
        return assessment in WORKSHOP
    return role == "facilitator" and assessment in WORKSHOP | {"screened"}


def looked(who: str, row: Any) -> Any:
    try:
        return standing(who, row)
    except CommonwealError:
        return None


def test_every_role_in_every_state_of_an_application(amara: Any) -> None:
    from commonweal.web.desk.policies import role_in

    row = sent(amara)
    actions = {step.action for step in APPLICATION.transitions}
    tried = 0
    for state in APPLICATION.states[1:]:
        in_state(row, state)
        for role, who in ONE_EACH.items():
            at = looked(who, row)
            assert (at is not None) is sees(role, state, "waiting"), (role, state)
            if at is None:
                continue
            for action in actions:
                may = any(
                    step.from_ == state and step.action == action and role in step.by
                    for step in APPLICATION.transitions
                )
                try:
                    found = role_in(at, APPLICATION, state, action, GUARDED)[0]
                except Refused:
                    found = None
                assert (found == role) is may, (role, state, action)
                tried += 1
    assert tried > 500


def test_every_role_in_every_state_of_an_assessment(amara: Any) -> None:
    from commonweal.web.desk.policies import role_in

    row = sent(amara, ai_data())
    actions = {step.action for step in REVIEW.transitions}
    tried = 0
    for state in REVIEW.states:
        in_state(row, "screening", state)
        for role, who in ONE_EACH.items():
            at = looked(who, row)
            assert (at is not None) is sees(role, "screening", state), (role, state)
            if at is None:
                continue
            for action in actions:
                may = any(
                    step.from_ == state and step.action == action and role in step.by
                    for step in REVIEW.transitions
                )
                try:
                    found = role_in(at, REVIEW, state, action, GUARDED)[0]
                except Refused:
                    found = None
                assert (found == role) is may, (role, state, action)
                tried += 1
    assert tried > 500


def test_a_guard_that_nobody_looked_at_refuses(amara: Any) -> None:
    from commonweal.web.desk.policies import role_in

    row = in_state(sent(amara), "screening")
    with pytest.raises(Refused) as caught:
        role_in(standing("edward", row), APPLICATION, "screening", "pass_screening")
    assert caught.value.code == "CW-STATE-GUARD"


def addresses(prefix: str, patterns: list[Any], reference: str) -> list[str]:
    """Every address of a table that is about one application."""
    values = {"reference": reference, "number": "1", "older": "1", "newer": "2", "name": "protocol"}
    actions = ("take_up", "pass_screening", "excuse", "return", "hold", "write_record", "publish",
               "schedule", "take_lighter_route", "check_answers")  # fmt: skip
    import re

    found = []
    for one in patterns:
        route = str(one.pattern)
        if "<slug:reference>" not in route:
            continue
        for name, value in values.items():
            route = re.sub(rf"<\w+:{name}>", value, route)
        found += (
            [route.replace("<slug:action>", action) for action in actions]
            if "<slug:action>" in route
            else [route]
        )
    return [prefix + route for route in found]


OUTSIDE = ("amara", "divya", "grace", "mary")
MORE_OUTSIDE = ("bethan", "colin", "irene", "owen", "priya", "tara", "vera", "william")


@pytest.mark.parametrize(
    "who", [*OUTSIDE, *(pytest.param(one, marks=pytest.mark.slow) for one in MORE_OUTSIDE)]
)
def test_nobody_else_sees_anything_of_the_desk(amara: Any, browser_of: Any, who: str) -> None:
    """The applicant too, the committee, officers, the panel: no page of the desk is theirs."""
    from commonweal.web.desk.urls import urlpatterns

    row = in_state(sent(amara), "screening")
    other = browser_of(who)
    assert other.get("/desk/").status_code == 403
    assert not Page(other.get("/applications/")).every("a", href="/desk/")
    paths = addresses("/desk/", urlpatterns, row.reference)
    assert len(paths) > 25
    for path in paths:
        for answer in (other.get(path), other.post(path, {"note": "x", "verdict": "content"})):
            assert answer.status_code in (403, 404, 405), path
            assert "Asthma" not in answer.content.decode()
    assert (state_of(row), entries(row)) == ("screening", [])


@pytest.mark.parametrize("who", ["divya", "bethan", "edward", "grace", "leon"])
def test_nobody_else_sees_the_writers_answers(amara: Any, browser_of: Any, who: str) -> None:
    from commonweal.web.desk.writers_urls import urlpatterns

    row = in_state(sent(amara, ai_data()), "queried", "record_written")
    other = browser_of(who)
    paths = addresses("/applications/", urlpatterns, row.reference)
    assert len(paths) >= 6
    for path in paths:
        for answer in (other.get(path), other.post(path, {"answer-1": "x", "send": "1"})):
            assert answer.status_code in (404, 405), path
            assert "Asthma" not in answer.content.decode()
    assert entries(row) == []


def test_a_draft_is_never_at_the_desk(amara: Any, edward: Any) -> None:
    """What is being written, before the first sending and after, stays with those who write."""
    from commonweal.web.applications.models import Draft

    secret = "Nobody has seen this title"
    unsent = fill(begin(amara))
    again = in_state(sent(amara), "to_be_revised")
    for row in (unsent, again):
        draft = Draft.objects.get(pk=row.pk)
        draft.title = secret
        draft.content["project"]["title"] = secret
        draft.save()
    assert edward.get(f"/desk/{unsent.reference}/").status_code == 404
    for path in ("/desk/", f"/desk/?q={secret}", f"/desk/{again.reference}/",
                 f"/desk/{again.reference}/checks/",
                 f"/desk/{again.reference}/versions/1/"):  # fmt: skip
        answer = edward.get(path)
        assert answer.status_code == 200
        assert f">{secret}" not in answer.content.decode(), path
    assert unsent.reference not in edward.get("/desk/").content.decode()


def test_a_role_for_one_project_shows_that_one_only(amara: Any, browser_of: Any) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    first, second = sent(amara), sent(amara)
    with governed_write():
        Membership.objects.filter(user__public_id="edward").update(project=first.reference)
    edward = browser_of("edward")
    assert edward.get(f"/desk/{first.reference}/").status_code == 200
    assert edward.get(f"/desk/{second.reference}/").status_code == 404
    assert second.reference not in edward.get("/desk/").content.decode()


def test_filters_and_bad_words_in_the_address(amara: Any, edward: Any) -> None:
    row = sent(amara)
    in_state(sent(amara, ai_data()), "queried")

    def found(asked: str) -> int:
        text = Page(edward.get(f"/desk/?{asked}")).text
        return text.count("Reference a-")

    assert found("") == 2
    assert found(f"q={row.reference}") == 1
    assert found("turn=applicant") == 1
    assert found("turn=custodian&state=sent") == 1
    assert found("ai=yes") == 1
    assert found("ai=yes&state=sent") == 0
    assert found("state=nothing&turn=x&page=99999999&ai=%27") == 2
    assert found("q=%27%22%3Cscript%3E") == 0
    assert edward.get("/desk/?q=%00").status_code == 400


def test_queries_do_not_grow_with_applications(amara: Any, edward: Any) -> None:
    def some(count: int) -> Any:
        return [in_state(sent(amara), "screening") for _ in range(count)][-1]

    def counted(row: Any) -> list[int]:
        paths = ("/desk/", f"/desk/{row.reference}/", f"/desk/{row.reference}/checks/")
        found = [queries(edward, path) for path in paths]
        return [*found, queries(amara, f"/applications/{row.reference}/")]

    counted(some(1))  # what is read once a session
    few = counted(some(1))
    lots = counted(some(10))
    assert lots == few
    assert max(few) < 30
    assert Page(edward.get("/desk/")).text.count("Reference a-") == 12


def test_no_link_at_the_desk_is_dead(amara: Any, browser_of: Any, edward: Any) -> None:
    row = in_state(sent(amara, ai_data()), "to_be_revised")
    send_again(row)
    in_state(row, "screening")
    known: dict[str, int] = {}
    waiting = ["/desk/"]
    while waiting:
        path = waiting.pop().split("#")[0]
        if path in known or not path.startswith("/desk/"):
            continue
        answer = edward.get(path, follow=True)
        known[path] = answer.status_code
        if not str(answer["Content-Type"]).startswith("text/html"):
            continue  # a file to keep
        links = [str(a.get("href", "")) for a in Page(answer).every("a")]
        waiting += [f"/desk/{one}" if one.startswith("?") else one for one in links]
    assert {path for path, status in known.items() if status != 200} == set()
    assert len(known) > 12


def test_two_versions_are_shown_with_what_changed(amara: Any, edward: Any) -> None:
    from tests.applications import content_data

    row = in_state(sent(amara), "to_be_revised")
    fill(row.reference, content_data(project__title="Asthma in two winters"))
    send_again(row)
    base = f"/desk/{row.reference}/"
    assert "Asthma in two winters" in Page(edward.get("/desk/")).text
    assert "and is now" in Page(edward.get(f"{base}changes/1/2/")).text
    assert edward.get(f"{base}changes/2/1/").status_code == 404
    assert edward.get(f"{base}versions/3/").status_code == 404
    assert "Asthma admissions in winter" in Page(edward.get(f"{base}versions/1/")).text
    assert assessment_of(row).version.number == 2
