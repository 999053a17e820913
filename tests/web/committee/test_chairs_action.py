"""The chair's action on the pages: proposed, voted on with lay members, called in, in effect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.web.committee.house import VOTERS, House, person
from tests.web.conftest import Page

CONDITION = "Publish within a year."
TOLD = "The plan to publish came on Monday."
ASKED: dict[str, Any] = {"reason": "conditions_met", "told": TOLD, "present": ["irene"]}


def approved(house: House, *, conditions: bool = True, **kw: Any) -> Any:
    """An item on which the whole committee said yes, and the chair signed."""
    verdicts = {"yusuf": "approve_with_conditions"} if conditions else {}
    item = house.closed(verdicts, **kw)
    words = {"condition_0": CONDITION} if conditions else {}
    act = house.decide(item, **words)
    assert act.state == "heard", act.sentence
    house.clock.advance(timedelta(minutes=1))
    return house.fresh(item)


def path_of(item: Any) -> str:
    return f"/committee/chair/{item.version.application.reference}/"


def acting(house: House, item: Any | None = None, **changes: Any) -> Any:
    """An item that the chair decides with Irene, being discussed."""
    from commonweal.web.committee.models import Item

    item = item or approved(house)
    act = house.signed("grace", path_of(item), **(ASKED | changes))
    assert act.state == "heard", (act.code, act.sentence)
    house.clock.advance(timedelta(minutes=1))
    return Item.objects.select_related("meeting", "version__application").get(
        version=item.version, meeting__route="chair", state="discussing"
    )


def vote(house: House, item: Any, who: str, verdict: str = "approve", **more: str) -> Any:
    return house.signed(who, f"/committee/items/{item.pk}/vote/", verdict=verdict,
                        reasons="I have read the plan.", **more)  # fmt: skip


def voted(house: House, item: Any | None = None, **verdicts: str) -> Any:
    item = item or acting(house)
    house.step("grace", item, "open_vote", hours="24")
    for who in ("grace", "irene"):
        act = vote(house, item, who, verdicts.get(who, "approve"))
        assert act.state == "heard", (act.code, act.sentence)
    house.clock.advance(timedelta(minutes=1))
    return house.fresh(item)


def waiting(house: House) -> Any:
    item = voted(house)
    act = house.decide(item)
    assert act.state == "heard", (act.code, act.sentence)
    return house.fresh(item)


def in_effect(house: House) -> Any:
    from commonweal.web.committee.route_handlers import take_effect

    item = waiting(house)
    house.clock.advance(timedelta(days=10))
    house.browsers.clear()  # people sign in again after so long
    assert take_effect() == 1
    return house.fresh(item)


def standing(item: Any) -> Any:
    """The decision that counts, as its paper."""
    from commonweal.web.committee.services import decision_of, decision_paper

    row = decision_of(item.version)
    assert row is not None
    return decision_paper(row)


def refused(house: House, item: Any, who: str = "grace", **changes: Any) -> str:
    """What the page of the proposal says; nothing that was typed is lost."""
    answer = house.browser(who).post(path_of(item), ASKED | changes)
    text = Page(answer).text
    if answer.status_code == 200 and changes.get("told", TOLD).strip():
        assert changes.get("told", TOLD) in answer.content.decode()
    assert answer.status_code in (200, 403), answer.status_code
    return text


# --- the road -----------------------------------------------------------------------------------


def test_the_chair_confirms_with_a_lay_member_that_a_condition_was_met(house: House) -> None:
    item = in_effect(house)
    made = standing(item)
    assert (made.route, made.outcome, made.conditions) == ("chair", "approve", ())
    assert (made.votes.cast, made.votes.lay) == (2, 1)
    assert (item.state, item.meeting.state) == ("decided", "ended")
    assert item.version.application.state == "approved"
    first = item.version.decisions.get(reference=made.replaces)
    assert (first.outcome, first.set_aside_at) == ("approve_with_conditions", None)


def test_everybody_reads_how_it_was_decided(house: House) -> None:
    item = in_effect(house)
    made = standing(item)
    page = house.get("amara", f"/committee/decisions/{made.id}/").text
    assert "The chair of the committee decided this with one lay member." in page
    assert TOLD in page
    assert "to confirm that conditions of the committee have been met" in page
    first = house.get("amara", f"/committee/decisions/{made.replaces}/").text
    assert "The chair has since decided something about this" in first
    assert "Decided between meetings" not in first
    listed = house.get("amara", "/committee/decisions/").text
    assert listed.count("Decided by the chair with lay members") == 1


def test_those_who_take_part_read_what_it_builds_on(house: House) -> None:
    item = acting(house)
    for who in ("grace", "irene"):
        page = house.get(who, f"/committee/items/{item.pk}/").text
        assert "The chair decides this with lay members, between meetings." in page
        assert TOLD in page
        assert "Read what the whole committee decided" in page
        assert "I have a conflict of interest after all" not in page
    assert "Asthma" in house.get("kate", "/committee/chair/").text
    assert "Between meetings" not in house.get("kate", "/committee/meetings/").text.replace(
        "What the chair decides between meetings", ""
    )


def test_it_waits_and_is_not_published_before(house: House) -> None:
    from commonweal.web.committee.route_handlers import take_effect

    item = waiting(house)
    row = item.version.decisions.last()
    assert (item.state, standing(item).route, take_effect()) == ("waiting", "committee", 0)
    house.get("amara", f"/committee/decisions/{row.reference}/", 404)
    assert "Any member can call it in until" in house.get(
        "hamish", f"/committee/items/{item.pk}/"
    ).text  # fmt: skip


def test_it_is_reported_to_the_next_meeting(house: House) -> None:
    item = waiting(house)
    meeting = house.meeting()
    page = house.get("zofia", f"/committee/meetings/{meeting.pk}/").text
    assert "Reported to this meeting" in page
    assert "decided, and can be called in" in page
    assert call_in(house, item).state == "heard"
    page = house.get("zofia", f"/committee/meetings/{meeting.pk}/").text
    assert "left as the whole committee decided" in page


def test_the_minutes_of_the_next_meeting_say_so(house: House) -> None:
    from commonweal.web.committee.minutes import minutes_of

    item = waiting(house)
    meeting = house.meeting()

    def told(named: bool) -> list[str]:
        return [one["words"] for one in minutes_of(meeting, named=named).reported]

    assert told(True) == [
        "By the chair with lay members. Decided. Any member can still call it in."
    ]
    assert told(False) == []  # the public reads of it once it counts
    assert "reported" not in minutes_of(meeting, named=False).plain()
    call_in(house, item)
    assert (
        told(False)
        == told(True)
        == ["By the chair with lay members. It was left as the whole committee had decided."]
    )
    assert minutes_of(meeting, named=False).plain()["reported"]


def test_those_who_asked_see_that_the_chair_is_deciding(house: House) -> None:
    item = acting(house)
    path = f"/applications/{item.version.application.reference}/"
    shown = house.get("amara", path)
    assert "The chair of the committee is deciding something small about this" in shown.text
    first = standing(item).id
    assert shown.every("a", href=f"/committee/decisions/{first}/")
    call_in(house, item)
    assert "is deciding something small" not in house.get("amara", path).text


def test_a_vote_waits_for_who_takes_part_though_they_voted_before(house: House) -> None:
    from commonweal.web.committee.turns import waiting as turns

    def told(who: str) -> set[str]:
        found = turns(person(who), house.clock.now().date())
        return {one.words.split(":")[0] for one in found}

    item = acting(house)
    house.step("grace", item, "open_vote", hours="24")
    assert "Vote" in told("irene")
    assert "Vote" not in told("jamal")
    vote(house, item, "irene")
    assert "Vote" not in told("irene")


def test_a_mistake_is_put_right_with_every_condition_kept(house: House) -> None:
    item = acting(house, reason="correction")
    house.step("grace", item, "open_vote", hours="24")
    form = house.get("irene", f"/committee/items/{item.pk}/vote/").text
    assert CONDITION in form
    answer = house.post("irene", f"/committee/items/{item.pk}/vote/", 200, verdict="approve",
                        reasons="It is a slip.")  # fmt: skip
    assert "takes away no condition" in Page(answer).text
    for who in ("grace", "irene"):
        vote(house, item, who, "approve_with_conditions", conditions=CONDITION)
    house.clock.advance(timedelta(minutes=1))
    item = house.fresh(item)
    other = house.browser("grace").post(
        f"/committee/items/{item.pk}/decide/",
        {"summary": "It may.", "reasons": "A slip.", "condition_0": "Publish in ten years."},
    )
    assert "goes back to the committee" in Page(other).text
    act = house.decide(item, condition_0=CONDITION)
    assert act.state == "heard", (act.code, act.sentence)


# --- proposing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"present": ["hamish"]}, "The chair decides with at least 1 of the lay members."),
        ({"present": ["hamish", "yusuf", "irene"]}, "1 of 4 votes were cast by lay members"),
        ({"present": ["xanthe", "irene"]}, "Select a valid choice"),  # has a conflict
        ({"present": ["siobhan", "irene"]}, "Select a valid choice"),  # no member
        ({"present": []}, "Choose who decides with you."),
        ({"told": " "}, "Say why."),
        ({"reason": ""}, "Choose what for."),
        ({"reason": "public_health_emergency"}, "Select a valid choice"),
    ],
)
def test_a_proposal_that_the_rules_do_not_carry(
    house: House, changes: dict[str, Any], said: str
) -> None:
    item = approved(house)
    assert said in refused(house, item, **changes)
    assert not item.version.route_acts.exists()


def test_only_a_chair_proposes_it(house: House) -> None:
    item = approved(house)
    for who in ("kate", "irene", "hamish"):
        house.get(who, path_of(item), 403)
        assert "Only the chair of the committee" in refused(house, item, who)
    house.get("amara", path_of(item), 404)
    house.get("amara", "/committee/chair/", 404)
    house.get("grace", "/committee/chair/nothing/", 404)


def test_a_chair_who_declared_a_conflict_after_proposing_is_refused(house: House) -> None:
    from commonweal.governance.committee.conflicts import Declaration as Paper
    from commonweal.web.committee.models import Declaration
    from commonweal.web.ledgerlink.models import governed_write

    item, now = approved(house), house.clock.now()
    answer = house.post("grace", path_of(item), **ASKED)
    said = Paper(declaration=1, person="grace", version_digest=item.version.digest,
                 conflicts=("money",), at=now)  # fmt: skip
    with governed_write():
        Declaration(
            version=item.version, person=person("grace"), content=said.canonical(), salt=b"s" * 32,
            conflicted=True, act="declared", made_at=now,
        ).save()  # fmt: skip
    act = house.sign(answer["Location"].strip("/").split("/")[-1])
    assert (act.state, act.code) == ("refused", "CW-COMMITTEE-CONFLICT")
    page = Page(house.post("grace", path_of(item), 403, **ASKED)).text
    assert "Another chair of the committee can do it, or the next meeting." in page
    assert "Asthma" not in house.get("grace", "/committee/chair/").text


def test_there_must_be_a_yes_of_the_whole_committee(house: House) -> None:
    for item in (
        house.discussing(application=house.application("Not decided")),
        house.closed(dict.fromkeys(VOTERS, "reject"), application=house.application("A no")),
    ):
        if item.state == "closed":
            assert house.decide(item).state == "heard"
        assert "There is no decision of the committee to build on." in refused(house, item)


def test_conditions_must_have_been_set_to_be_met(house: House) -> None:
    item = approved(house, conditions=False)
    assert "Select a valid choice" in refused(house, item)
    assert house.signed("grace", path_of(item), **ASKED | {"reason": "correction"}).state == "heard"


def test_rules_that_name_nothing_let_the_chair_do_nothing(house: House) -> None:
    item = approved(house)
    house.rules(chairs_action={"allowed_for": [], "with_lay_members": 1})
    assert "The rules let the chair decide nothing about this." in refused(house, item)
    assert "By the rules the chair does not decide alone." in house.get(
        "grace", "/committee/chair/"
    ).text  # fmt: skip


def test_rules_that_change_before_the_signature_count(house: House) -> None:
    item = approved(house)
    answer = house.post("grace", path_of(item), **ASKED)
    house.rules(chairs_action={"allowed_for": ["correction"], "with_lay_members": 1})
    act = house.sign(answer["Location"].strip("/").split("/")[-1])
    assert (act.state, act.code) == ("refused", "CW-COMMITTEE-ROUTE")


def test_two_pages_that_were_open_begin_it_once(house: House) -> None:
    item = approved(house)
    first, second = (house.post("grace", path_of(item), **ASKED) for _ in range(2))
    acts = [house.sign(one["Location"].strip("/").split("/")[-1]) for one in (first, second)]
    assert [(one.state, one.code) for one in acts] == [
        ("heard", ""), ("refused", "CW-COMMITTEE-ROUTE"),
    ]  # fmt: skip
    assert "This is before members already." in refused(house, item)


def test_the_chair_does_not_build_on_a_decision_of_the_chair(house: House) -> None:
    item = in_effect(house)
    assert "builds on decisions of the whole committee only" in refused(house, item)


# --- voting and deciding ------------------------------------------------------------------------


def test_nothing_more_and_nothing_finer_is_proposed(house: House) -> None:
    """The committee granted one variable in less detail and refused another."""
    from commonweal.governance.committee.decision import VariableDecision
    from commonweal.web.committee.agenda import propose_variables
    from commonweal.web.ledgerlink.models import governed_write

    item = house.discussing()
    plain = [dict(one) for one in item.variables]
    plain[0] |= {"verdict": "refused", "reason": "Not needed."}
    plain[1] |= {"verdict": "coarser", "form": "year", "reason": "The year will do."}
    with governed_write():
        item.variables = plain
        item.save()
    house.step("grace", item, "open_vote", hours="24")
    for who in VOTERS:
        house.vote(item, who)
    assert house.decide(item).state == "heard"
    house.clock.advance(timedelta(minutes=1))
    item = acting(house, house.fresh(item), reason="correction")
    assert item.variables == standing(item).plain()["variables"]

    def proposed(place: int, **changes: Any) -> str:
        from tests.web.projects.room import code

        rows = [VariableDecision.read(one, "It") for one in item.variables]
        base = {k: v for k, v in item.variables[place].items() if k in
                ("dataset", "table", "variable")}  # fmt: skip
        rows[place] = VariableDecision.read(base | changes, "It")
        return code(lambda: propose_variables(person("grace"), item, rows))

    assert proposed(0, verdict="granted") == "CW-COMMITTEE-ROUTE"
    assert proposed(1, verdict="granted") == "CW-COMMITTEE-ROUTE"
    assert proposed(1, verdict="coarser", form="month", reason="x") == "CW-COMMITTEE-ROUTE"
    assert proposed(2, verdict="refused", reason="A slip.") == ""


@pytest.mark.parametrize("verdicts", [{"irene": "reject"}, {"grace": "reject", "irene": "reject"}])
def test_a_no_leaves_what_the_committee_decided(house: House, verdicts: dict[str, str]) -> None:
    item = voted(house, **verdicts)
    assert "They do not agree on a yes" in house.get("grace", f"/committee/items/{item.pk}/").text
    house.get("grace", f"/committee/items/{item.pk}/decide/", 403)
    for other in ("record_deadlock", "postpone", "record_too_few", "list_again"):
        house.step("kate", item, other, 403)
    house.step("kate", item, "leave")
    item = house.fresh(item)
    assert (item.state, item.meeting.state) == ("left", "ended")
    assert (standing(item).route, item.version.application.state) == ("committee", "approved")
    assert "have voted on this already" in refused(house, item)


def test_what_the_votes_decide_is_signed_or_called_in_and_not_left(house: House) -> None:
    item = voted(house)
    house.step("grace", item, "leave", 403)
    assert house.fresh(item).state == "closed"


def test_the_committees_own_items_are_never_left(house: House) -> None:
    house.step("grace", house.discussing(), "leave", 403)


def test_who_takes_no_part_does_not_vote(house: House) -> None:
    item = acting(house)
    house.step("grace", item, "open_vote", hours="24")
    for who in ("jamal", "yusuf"):
        answer = house.post(who, f"/committee/items/{item.pk}/vote/", 200, verdict="approve",
                            reasons="Me too.")  # fmt: skip
        assert "There is a problem" in Page(answer).text
    house.get("xanthe", f"/committee/items/{item.pk}/vote/", 403)


def test_a_vote_counts_once(house: House) -> None:
    """A later vote takes the place of an earlier one; when all are in nobody votes again."""
    item = acting(house)
    house.step("grace", item, "open_vote", hours="24")
    assert vote(house, item, "irene", "reject").state == "heard"
    house.clock.advance(timedelta(minutes=1))
    assert vote(house, item, "irene").state == "heard"
    assert vote(house, item, "grace").state == "heard"
    house.clock.advance(timedelta(minutes=1))
    answer = house.post("irene", f"/committee/items/{item.pk}/vote/", 200, verdict="reject",
                        reasons="No.")  # fmt: skip
    assert "There is a problem" in Page(answer).text
    assert house.decide(house.fresh(item)).state == "heard"


def test_only_the_chair_signs(house: House) -> None:
    item = voted(house)
    for who in ("irene", "kate", "hamish"):
        house.get(who, f"/committee/items/{item.pk}/decide/", 403)


def test_nobody_declares_anything_about_a_decision_that_was_made(house: House) -> None:
    item = acting(house)
    for conflict in ("yes", "no"):
        kinds = ["money"] if conflict == "yes" else []
        path = f"/committee/items/{item.pk}/declare/"
        answer = house.post("irene", path, 200, conflict=conflict, kinds=kinds)
        assert "call it in" in Page(answer).text


# --- calling it in ------------------------------------------------------------------------------


def call_in(house: House, item: Any, who: str = "zofia") -> Any:
    return house.signed(who, f"/committee/items/{item.pk}/call-in/")


@pytest.mark.parametrize("when", ["discussing", "voting", "closed", "waiting"])
def test_any_member_calls_it_in_and_the_committees_decision_stays(house: House, when: str) -> None:
    from commonweal.web.committee.route_handlers import take_effect

    makers = {"discussing": acting, "voting": acting, "closed": voted, "waiting": waiting}
    item = makers[when](house)
    if when == "voting":
        house.step("grace", item, "open_vote", hours="24")
    page = house.get("zofia", f"/committee/items/{item.pk}/call-in/").text
    assert "What the whole committee decided stays as it was." in page
    act = call_in(house, item)
    assert act.state == "heard", (act.code, act.sentence)
    item = house.fresh(item)
    assert (item.state, item.meeting.state) == ("left", "ended")
    house.clock.advance(timedelta(days=30))
    assert take_effect() == 0
    assert standing(item).conditions == (CONDITION,)
    house.browsers.clear()
    assert "A member has called this in" in refused(house, item)


def test_a_member_who_was_not_asked_about_conflicts_calls_it_in_too(house: House) -> None:
    from commonweal.web.committee.models import Declaration
    from commonweal.web.ledgerlink.models import governed_write

    item = acting(house)
    with governed_write():
        Declaration.objects.filter(version=item.version, person=person("zofia")).delete()
    assert "You were not asked about conflicts" in house.get(
        "zofia", f"/committee/items/{item.pk}/"
    ).text  # fmt: skip
    assert call_in(house, item).state == "heard"


def test_who_cannot_call_it_in(house: House) -> None:
    item = acting(house)
    for who in ("kate", "amara"):
        house.get(who, f"/committee/items/{item.pk}/call-in/", 404)


def test_it_cannot_be_called_in_when_it_is_over(house: House) -> None:
    item = in_effect(house)
    house.post("zofia", f"/committee/items/{item.pk}/call-in/", 403)


# --- beside it ----------------------------------------------------------------------------------


def test_no_agreement_is_written_while_the_chair_decides(house: House) -> None:
    from commonweal.web.projects.services import _decided
    from tests.web.projects.room import code

    item = acting(house)
    application = item.version.application
    assert code(lambda: _decided(application)) == "CW-STATE-STEP"
    call_in(house, item)
    decision, _ = _decided(application)
    assert decision.outcome == "approve_with_conditions"
