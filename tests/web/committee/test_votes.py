"""Who votes, in which order, how often, and what becomes of a vote that comes too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.governance.states.item import ITEM
from tests.web.committee.house import MEMBERS, VOTERS, House, person
from tests.web.conftest import Page


def vote_rows(item: Any) -> int:
    return int(item.version.votes.count())


def test_a_vote_that_was_opened_takes_the_members_who_are_there_and_free(house: House) -> None:
    item = house.voting()
    assert set(item.eligible) == set(VOTERS)
    assert (item.round, item.state) == (1, "voting")


def test_nobody_else_votes(house: House) -> None:
    item = house.voting()
    data = {"verdict": "approve", "reasons": "Yes.", "conditions": ""}
    for who in ("xanthe", "kate", "edward", "owen", "amara", "mary"):
        answer = house.browser(who).post(f"/committee/items/{item.pk}/vote/", data)
        assert answer.status_code in (200, 403, 404)
        assert "sign" not in answer.get("Location", "")
    assert vote_rows(item) == 0


def test_a_member_who_is_away_does_not_vote(house: House) -> None:
    house_present = tuple(one for one in MEMBERS if one != "xanthe")
    item = house.discussing()
    assert set(house_present) == set(VOTERS)
    house.post("kate", f"/committee/meetings/{item.meeting_id}/present/", present=list(VOTERS[:-1]))
    page = Page(house.step("grace", item, "open_vote", 403, hours="24"))
    assert "rules ask for" in page.text  # without zofia it could not decide
    assert house.fresh(item).state == "discussing"


def test_a_member_who_has_not_declared_stops_the_vote(house: House) -> None:
    meeting = house.meeting()
    item = house.listed(meeting=meeting)
    house.open(meeting)
    house.step("kate", item, "begin")
    for who in VOTERS:
        house.declare(item, who)
    page = Page(house.step("grace", item, "end_declarations", 403))
    assert "Each member must first say whether they have a conflict." in page.text
    assert "Xanthe Moore" in house.get("kate", f"/committee/items/{item.pk}/").text


def test_the_papers_say_who_may_be_missing(house: House) -> None:
    text = house.get("irene", f"/committee/items/{house.discussing().pk}/").text
    assert "Who may be missing from these data" in text
    assert "about 420 people, or about 3 in 100" in text


def test_votes_come_after_the_declaration_and_only_while_the_vote_is_open(house: House) -> None:
    item = house.discussing()
    answer = house.browser("irene").post(
        f"/committee/items/{item.pk}/vote/",
        {"verdict": "approve", "reasons": "Words-that-stay.", "conditions": ""},
    )
    page = Page(answer)
    assert answer.status_code == 200
    assert "The vote is not open." in page.text
    assert "Words-that-stay." in page.text
    assert vote_rows(item) == 0


def test_a_vote_after_closing_gets_a_sentence_and_loses_nothing(house: House) -> None:
    item = house.closed({"jamal": "reject"})
    answer = house.browser("jamal").post(
        f"/committee/items/{item.pk}/vote/",
        {"verdict": "approve", "reasons": "I-think-otherwise-now.", "conditions": ""},
    )
    page = Page(answer)
    assert answer.status_code == 200
    assert "The vote is over; votes cannot be changed." in page.text
    assert "I-think-otherwise-now." in page.text
    assert vote_rows(item) == 6


def test_a_vote_that_was_proposed_before_closing_is_refused_when_it_is_signed(house: House) -> None:
    item = house.voting()
    late = house.proposed(item, "irene", "reject").pk
    for who in VOTERS:
        house.vote(item, who)
    settled = house.sign(late)
    assert (settled.state, settled.code) == ("refused", "CW-COMMITTEE-VOTE")
    assert b"Because-of-irene-zq" in bytes(settled.content)  # what was written is kept
    assert vote_rows(item) == 6


def test_the_last_vote_counts_and_earlier_ones_stay(house: House) -> None:
    from commonweal.web.committee.services import every_vote_of, votes_of

    item = house.voting()
    house.vote(item, "irene", "reject")
    house.vote(item, "irene", "approve")
    assert [one.verdict for one in votes_of(item.version, 1)] == ["approve"]
    assert [one.verdict for one in every_vote_of(item.version)] == ["reject", "approve"]
    again = house.get("irene", f"/committee/items/{item.pk}/vote/")
    assert "Because-of-irene-zq" in again.text  # begun from one's own vote


@pytest.mark.slow
def test_two_votes_that_wait_for_signing_count_once(house: House) -> None:
    from commonweal.web.committee.services import votes_of

    item = house.voting()
    first, second = (house.proposed(item, "irene", one).pk for one in ("approve", "reject"))
    assert {house.sign(first).state, house.sign(second).state} == {"heard"}
    assert [one.verdict for one in votes_of(item.version, 1)] == ["reject"]


def test_what_follows_is_written_once_however_often_it_is_followed(house: House) -> None:
    from commonweal.web.signing.handlers import handler_of

    item = house.voting()
    act = house.vote(item, "irene")
    handler_of("vote").follow(act)
    assert vote_rows(item) == 1
    declared = item.version.declarations.count()
    from commonweal.web.signing.models import Act

    handler_of("conflict").follow(Act.objects.filter(kind="conflict").first())
    assert item.version.declarations.count() == declared


def test_a_term_that_ended_ends_the_vote(house: House) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    item = house.voting()
    waiting = house.proposed(item, "irene").pk
    with governed_write():
        Membership.objects.filter(user=person("irene")).update(ends=house.clock.now().date())
    settled = house.sign(waiting)
    assert (settled.state, settled.code) == ("refused", "CW-COMMITTEE-MEMBER")
    house.get("irene", f"/committee/items/{item.pk}/", 404)
    assert vote_rows(item) == 0


@pytest.mark.slow
def test_a_roster_without_somebody_lets_them_vote_no_more(house: House) -> None:
    from commonweal.web.signing.models import KnownRoster

    item = house.voting()
    waiting = house.proposed(item, "jamal").pk
    row = KnownRoster.objects.last()
    assert row is not None
    content = dict(row.content)
    content["people"] = [one for one in content["people"] if one["id"] != "jamal"]
    KnownRoster.objects.filter(pk=row.pk).update(content=content)
    settled = house.sign(waiting)
    assert (settled.state, settled.code) == ("refused", "CW-COMMITTEE-MEMBER")


def test_a_conflict_that_is_declared_late_voids_the_vote(house: House) -> None:
    from commonweal.web.committee.services import votes_of

    item = house.voting()
    house.vote(item, "hamish", "reject")
    house.post("hamish", f"/committee/items/{item.pk}/ask/", where="advice")
    assert house.fresh(item).state == "stopped"
    house.declare(item, "hamish", "money")
    item = house.fresh(item)
    assert item.state == "voting"  # the question is taken back with it
    assert "hamish" not in item.eligible
    assert votes_of(item.version, 1) == []
    answer = house.browser("hamish").post(
        f"/committee/items/{item.pk}/declare/", {"conflict": "no"}
    )
    assert "cannot be taken back" in Page(answer).text


def test_a_late_conflict_sets_the_vote_aside_and_the_others_are_counted(house: House) -> None:
    """Six vote, five are enough by the home's own rules: the one no no longer stops it."""
    seats = [{"role": "committee_chair", "at_least": 1}]
    house.rules(quorum={"members": 5, "by_role": seats, "lay_share_percent": 50})
    item = house.closed({"yusuf": "reject"})
    path = f"/committee/items/{item.pk}/"
    assert "The votes come to no decision." in house.get("grace", path).text
    house.clock.advance(timedelta(seconds=1))
    house.declare(item, "yusuf", "rival")
    shown = house.get("grace", path).text
    assert "One vote was set aside" in shown
    assert "The votes come to a decision." in shown
    assert house.decide(item).state == "heard"
    from commonweal.web.committee.services import decision_of, decision_paper

    row = decision_of(item.version)
    assert row is not None
    made = decision_paper(row)
    assert (made.outcome, made.votes.cast, made.votes.lay, made.dissent) == ("approve", 5, 3, ())
    assert made.rules_version == 2


def test_rules_that_change_while_people_vote_change_nothing(house: House) -> None:
    item = house.voting()
    for who in VOTERS[:3]:
        house.vote(item, who, "reject" if who == "yusuf" else "approve")
        house.clock.advance(timedelta(seconds=1))
    house.rules(decision_rule="majority")
    for who in VOTERS[3:]:
        house.vote(item, who)
    path = f"/committee/items/{item.pk}/"
    assert "The votes come to no decision." in house.get("grace", path).text
    # The next round begins under the new rules.
    assert "More than half of the votes decide." in house.get("amara", "/committee/rules/").text
    assert "All who vote must agree." in house.get("amara", "/committee/rules/?version=1").text
    house.get("amara", "/committee/rules/?version=9", 404)


def test_a_conflict_that_leaves_too_few_votes_stops_the_decision(house: House) -> None:
    item = house.closed()
    house.declare(item, "yusuf", "rival")
    house.get("grace", f"/committee/items/{item.pk}/decide/", 403)
    house.step("grace", item, "record_too_few")
    assert house.fresh(item).state == "postponed"


def test_a_chair_with_a_conflict_runs_nothing(house: House) -> None:
    item = house.discussing()
    house.declare(item, "grace", "family_or_friend")
    for action in ("open_vote", "postpone"):
        page = Page(house.step("grace", item, action, 403, hours="1"))
        assert "You take no part in it" in page.text
    house.get("grace", f"/committee/items/{item.pk}/variables/", 403)
    assert house.fresh(item).state == "discussing"


def test_closing_waits_for_the_time_or_the_votes(house: House) -> None:
    item = house.voting()
    for who in VOTERS[:-1]:
        house.vote(item, who)
    page = Page(house.step("grace", item, "close_vote", 403))
    assert "Votes are missing, and the time for voting is not over." in page.text
    house.clock.advance(timedelta(hours=25))
    house.browsers.clear()
    house.step("kate", item, "close_vote")
    item = house.fresh(item)
    assert item.state == "closed"
    house.get("grace", f"/committee/items/{item.pk}/decide/", 403)  # five are too few
    house.step("grace", item, "record_too_few")
    assert house.fresh(item).state == "postponed"


def test_a_third_round_is_not_held(house: House) -> None:
    item = house.closed({"zofia": "reject"})
    house.step("grace", item, "record_deadlock")
    house.step("grace", item, "discuss_again")
    house.step("kate", item, "list_again", meeting=item.meeting_id)
    house.step("kate", item, "begin")
    house.step("grace", item, "end_declarations")
    house.step("grace", item, "open_vote", hours="1")
    item = house.fresh(item)
    for who in VOTERS:
        house.vote(item, who, "reject" if who == "zofia" else "approve")
    item = house.fresh(item)
    assert item.state == "closed"
    house.step("grace", item, "record_deadlock")
    house.step("grace", item, "discuss_again", 403)  # the rules allow no further vote
    act = house.decide(item)
    assert act.state == "heard", act.sentence
    item = house.fresh(item)
    assert item.version.application.state == "to_be_revised"
    row = item.version.decisions.get()
    assert row.outcome == "resubmit"
    text = house.get("amara", f"/committee/decisions/{row.reference}/").text
    assert "The votes came to no decision." in text


def test_who_said_no_is_asked_again(house: House) -> None:
    item = house.closed({"zofia": "reject"})
    house.step("grace", item, "record_deadlock")
    house.step("grace", item, "discuss_again")
    house.step("kate", item, "list_again", meeting=item.meeting_id)
    present = [one for one in MEMBERS if one != "zofia"]
    house.post("kate", f"/committee/meetings/{item.meeting_id}/present/", present=present)
    house.step("kate", item, "begin")
    house.step("grace", item, "end_declarations")
    refused = Page(house.step("grace", item, "open_vote", 403, hours="1")).text
    assert "rules ask for" in refused or "Nobody is just not asked again." in refused


# --- role x state x action ----------------------------------------------------------------------

RUNNING = {"committee_chair": "grace", "committee_lay": "irene", "committee_secretary": "kate"}
OTHERS = {
    "committee_member": "hamish", "applicant": "amara", "ig_officer": "edward", "siro": "priya",
    "panel_member": "mary",
}  # fmt: skip
STEPS = sorted({step.action for step in ITEM.transitions})


def try_every_step(house: House, people: dict[str, str]) -> int:
    """Every step in every state by each of `people`; how many were taken."""
    from commonweal.web.committee.models import Item
    from commonweal.web.ledgerlink.models import governed_write

    item = house.discussing()
    opened = {"eligible": list(VOTERS), "round": 1, "opened_at": house.clock.now(),
              "ends_at": house.clock.now() + timedelta(hours=1)}  # fmt: skip
    taken = 0
    for state in ITEM.states:
        with governed_write():
            Item.objects.filter(pk=item.pk).update(state=state, **opened)
        for role, who in people.items():
            allowed = {step.action for step in ITEM.actions(state, role)}  # type: ignore[arg-type]
            for action in STEPS:
                data = {"action": action, "hours": "1", "meeting": item.meeting_id}
                path = f"/committee/items/{item.pk}/step/"
                answer = house.browser(who).post(path, data)
                now = house.fresh(item).state
                if answer.status_code == 302:
                    taken += 1
                    assert action in allowed, (state, who, action)
                    assert now == ITEM.step(state, action).to, (state, who, action)
                    with governed_write():
                        Item.objects.filter(pk=item.pk).update(state=state, **opened)
                else:
                    assert answer.status_code in (403, 404), (state, who, action)
                    assert now == state, (state, who, action)
    return taken


@pytest.mark.slow
def test_only_the_steps_of_the_table_are_taken(house: House) -> None:
    assert try_every_step(house, RUNNING) > 10


@pytest.mark.slow
def test_nobody_else_takes_a_step(house: House) -> None:
    assert try_every_step(house, OTHERS) == 0


def test_who_does_not_run_the_meeting_takes_no_step(house: House) -> None:
    item = house.discussing()
    path = f"/committee/items/{item.pk}/step/"
    for who in ("irene", "hamish", "edward", "amara", "priya"):
        for action in ("open_vote", "postpone", "begin", "close_vote", "nonsense", ""):
            answer = house.browser(who).post(path, {"action": action, "hours": "1"})
            assert answer.status_code in (403, 404)
    assert house.fresh(item).state == "discussing"
