"""The rules as a paper, who sits under them, their words, prompts, appeals, the lighter route."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.committee import appeal, lighter, prompts, words
from commonweal.governance.committee.membership import (
    Membership,
    Seat,
    can_member,
    check_member,
    membership_of,
    missed_in_a_row,
    problems,
)
from commonweal.governance.committee.rules import (
    CommitteeRules,
    check_follows,
    check_small_change,
    default_rules,
    read_rules,
)
from commonweal.governance.committee.vocabulary import (
    CHAIRS_WORDS,
    CRITERION_WORDS,
    LIGHTER_WORDS,
    SMALL_CHANGE_WORDS,
    VOTING_ROLES,
)
from commonweal.governance.roles import VOTING
from commonweal.papers.base import PaperInvalid
from commonweal.papers.vocabulary import PURPOSES
from tests.unit.governance.committee.support import MEETING, membership, rules, seat


def test_the_default_is_what_the_source_says() -> None:
    """Domain reference 5.5: half of the votes lay, unanimous; a deadlock is no yes."""
    found = default_rules()
    assert found.quorum.lay_share_percent == 50
    assert found.decision_rule == "unanimous"
    assert found.deadlock.then in ("resubmit", "reject")
    assert set(VOTING_ROLES) == VOTING


@pytest.mark.parametrize(
    "changes",
    [
        {"quorum__lay_share_percent": 0},
        {"quorum__lay_share_percent": 101},
        {"quorum__members": 1},
        {"quorum__by_role": [{"role": "committee_secretary", "at_least": 1}]},
        {"quorum__by_role": [{"role": "committee_lay", "at_least": 1}] * 2},
        {"quorum__by_role": [{"role": "committee_lay", "at_least": 7}]},
        {"decision_rule": "the_chair_decides"},
        {"decision_rule": "consensus_and_chair"},
        {"dissent_at_most": 1},
        {"deadlock__then": "approve"},
        {"deadlock__rounds": 0},
        {"appeal__days": 6},
        {"terms__years": 0},
        {"review_by": "2026-01-01"},
        {"version": 2},
        {"previous": "sha256:" + "0" * 64},
        {"proportionate__conditions": ["friends_of_the_chair"]},
        {"proportionate__conditions": ["no_company", "no_company"]},
        {"proportionate__members": 7},
        {"chairs_action__allowed_for": ["hurry"]},
        {"chairs_action__with_lay_members": 0},
        {"blind": False},
        {"reasons_required": False},
        {"quorum__members": "6"},
    ],
)
def test_rules_that_nobody_may_have(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid) as caught:
        rules(**changes)
    assert caught.value.sentence


def test_rules_are_read_strictly() -> None:
    for text in ("", "rules: 1\nrules: 1", "- a", "rules: &a 1", "rules: 1", b"\xff"):
        with pytest.raises(CommonwealError) as caught:
            read_rules(text)
        assert caught.value.code in ("CW-COMMITTEE-RULES", "CW-YAML-INVALID", "CW-FILE-ENCODING")


def test_versions_follow_one_another() -> None:
    first = default_rules()
    second = rules(version=2, previous=first.digest(), adopted_on="2026-02-01")
    check_follows(second, first)
    for changes in (
        {"previous": "sha256:" + "0" * 64}, {"version": 3}, {"id": "another"},
        {"adopted_on": "2025-01-01"},
    ):  # fmt: skip
        wrong = CommitteeRules.read({**second.plain(), **changes}, "rules")
        with pytest.raises(Refused) as caught:
            check_follows(wrong, first)
        assert caught.value.code == "CW-COMMITTEE-RULES"


# --- members --------------------------------------------------------------------------------------


def test_a_term_counts_in_days_of_london() -> None:
    one = Membership(membership=1, committee="dac", seats=(
        seat("a", "committee_lay", first_day=date(2026, 6, 1), last_day=date(2026, 6, 30)),
    ))  # fmt: skip
    # 23:00 UTC on 31 May is 1 June in London, and 23:00 UTC on 30 June is 1 July.
    for at, sits in (
        (datetime(2026, 5, 31, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 5, 31, 23, 0, tzinfo=UTC), True),
        (datetime(2026, 6, 30, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), False),
    ):
        assert can_member(one, "a", at) is sits
        if not sits:
            with pytest.raises(Refused) as caught:
                check_member(one, "a", at)
            assert caught.value.code == "CW-COMMITTEE-MEMBER"
    assert check_member(one, "a", datetime(2026, 6, 9, tzinfo=UTC)).role == "committee_lay"


def test_nobody_holds_two_seats_at_once() -> None:
    for more in (
        seat("chair", "committee_lay"),
        seat("CHAIR", "committee_lay"),
        seat("lay1", "committee_lay", first_day=date(2027, 12, 31), last_day=date(2028, 12, 30)),
    ):
        with pytest.raises(ValueError, match="two seats at once"):
            membership(more)
    open_ended = seat("x", "committee_lay", last_day=None)
    with pytest.raises(ValueError, match="two seats at once"):
        membership(open_ended, seat("x", "committee_member", first_day=date(2040, 1, 1),
                                    last_day=date(2041, 1, 1)))  # fmt: skip
    later = seat("lay1", "committee_member", first_day=date(2028, 1, 1), last_day=date(2029, 1, 1))
    assert len(membership(later).sitting(MEETING)) == 8
    with pytest.raises(PaperInvalid):
        Seat.read({**seat("a", "committee_lay").plain(), "role": "committee_secretary"}, "seat")
    with pytest.raises(PaperInvalid):
        Seat.read({**seat("a", "committee_lay").plain(), "last_day": "2024-12-31"}, "seat")


def codes(found: Membership, at: datetime = MEETING) -> set[str]:
    return {one.code for one in problems(found, rules(), at)}


def test_what_is_wrong_with_a_list_of_members() -> None:
    assert codes(membership()) == set()
    too_long = seat("x", "committee_lay", last_day=date(2028, 1, 1))
    assert codes(membership(too_long)) == {"term_too_long"}
    assert codes(membership(seat("x", "committee_lay", last_day=None))) == {"term_too_long"}
    again = [
        seat("x", "committee_lay", first_day=date(y, 1, 1), last_day=date(y + 2, 12, 31))
        for y in (2019, 2022, 2025)
    ]
    assert codes(membership(*again)) == {"too_many_terms"}
    assert codes(membership(*again[1:])) == set()
    assert codes(membership(), datetime(2027, 12, 1, tzinfo=UTC)) == {"term_ends_soon"}
    assert codes(membership(), datetime(2028, 1, 2, tzinfo=UTC)) == {
        "too_few_members", "too_few_in_role",
    }  # fmt: skip
    experts = [seat(f"e{n}", "committee_member") for n in range(3)]
    assert codes(membership(*experts)) == {"too_few_lay"}


# --- words ----------------------------------------------------------------------------------------


def test_the_page_holds_the_default_rules(repository: Path) -> None:
    page = (repository / "docs/explanation/deciding.md").read_text("utf-8")
    hint = "run: python -m commonweal.governance.committee.words docs/explanation/deciding.md"
    assert words.filled(page) == page, hint
    assert words.published_text(default_rules()) in page


@pytest.mark.parametrize(
    ("changes", "said", "not_said"),
    [
        ({}, "At least six members must vote", "More than half"),
        ({"quorum__members": 7}, "At least seven members must vote", "At least six"),
        ({"quorum__lay_share_percent": 60}, "At least 60 in 100 of the votes", "At least half"),
        ({"decision_rule": "majority"}, "More than half of the votes decide", "must agree."),
        ({"decision_rule": "consensus_and_chair", "dissent_at_most": 2},
         "All agree, or all but two, and the chair is with them", "All who vote must agree"),
        ({"deadlock__then": "reject"}, "the answer is no. It never becomes", "sent again. It"),
        ({"deadlock__rounds": 1}, "If there is still no decision", "discussed and voted on again"),
        ({"deadlock__rounds": 4}, "on again, three times", "again, once"),
        ({"chairs_action__allowed_for": []}, "The chair does not decide alone", "The chair may"),
        ({"proportionate__conditions": []}, "There is no short route", "may decide together"),
        ({"lighter_assessment__conditions": []}, "in a workshop", "A workshop of its own"),
        ({"lighter_assessment__people_at_least": 12}, "At least 12 patients", "least eight pat"),
        ({"appeal__days": 60}, "within 60 days", "within 28 days"),
        ({"terms__at_most": 1}, "at most once", "twice"),
        ({"absence__comments_read_out": False}, "does not vote.", "read out"),
    ],
)  # fmt: skip
def test_the_words_follow_the_fields(changes: dict[str, Any], said: str, not_said: str) -> None:
    text = words.published_text(rules(**changes))
    assert said in text
    assert not_said not in text


def test_every_condition_is_in_the_words() -> None:
    everything = rules(
        chairs_action__allowed_for=list(CHAIRS_WORDS),
        proportionate__conditions=list(CRITERION_WORDS),
        lighter_assessment__conditions=list(LIGHTER_WORDS),
    )
    text = words.published_text(everything)
    for said in (*CHAIRS_WORDS.values(), *CRITERION_WORDS.values(), *LIGHTER_WORDS.values()):
        assert said in text


def test_words_of_the_trade_are_not_used() -> None:
    text = words.published_text(default_rules()).lower()
    for jargon in ("cohort", "quorum", "pseudonym", "proportionate", "merkle", "proxy", "k-anon"):
        assert jargon not in text


def test_the_command_fills_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- generated: rules -->\nstale\n<!-- end -->\nb")
    assert words.main([str(page)]) == 0
    assert "stale" not in page.read_text()
    assert words.main([]) == 2
    assert words.main([str(tmp_path / "nowhere.md")]) == 3


# --- prompts --------------------------------------------------------------------------------------


def test_the_prompts_are_complete() -> None:
    found = prompts.default_prompts()
    assert [one.heading for one in found.group("five_safes").prompts] == [
        "People", "Project", "Place", "Data", "Results",
    ]  # fmt: skip
    assert [one.id for one in found.group("caldicott").prompts] == [
        f"caldicott_{number}" for number in range(1, 9)
    ]
    cag = {one.id for one in found.group("cag").prompts}
    assert {"cag_public_interest", "cag_necessity", "cag_benefit", "cag_alternatives"} <= cag
    assert all(one.required for one in found.group("caldicott").prompts)


def test_what_is_missing_in_a_review() -> None:
    found = prompts.default_prompts()
    every = {one.id: "Yes." for group in found.groups for one in group.prompts}
    assert prompts.problems(found, every, lay=True) == ()
    lay = prompts.problems(found, {}, lay=True)
    expert = prompts.problems(found, {}, lay=False)
    assert {one.where for one in lay} - {one.where for one in expert} == {
        "in_your_words.patients_view"
    }
    assert {one.where for one in expert} - {one.where for one in lay} == {"cag.cag_involvement"}
    assert "caldicott.caldicott_7" in {one.where for one in lay}
    blank = prompts.problems(found, {**every, "caldicott_3": "  "}, lay=False)
    assert [one.where for one in blank] == ["caldicott.caldicott_3"]
    unknown = prompts.problems(found, {**every, "caldicott_9": "x"}, lay=False)
    assert [one.code for one in unknown] == ["unknown_prompt"]


TWICE = """
review_prompts: 1
version: 1
source: x
groups:
  - {id: a, title: A, source: S, prompts: [{id: p, heading: H, question: Q}]}
  - {id: b, title: B, source: S, prompts: [{id: p, heading: H, question: Q}]}
"""


@pytest.mark.parametrize(
    "text",
    ["review_prompts: 1", "review_prompts: 2\nversion: 1\nsource: x\ngroups: []", "[]", TWICE],
)
def test_prompts_are_read_strictly(text: str) -> None:
    with pytest.raises(CommonwealError) as caught:
        prompts.read_prompts(text)
    assert caught.value.code == "CW-COMMITTEE-RULES"


# --- appeal ---------------------------------------------------------------------------------------


def test_an_appeal_is_in_time_to_the_end_of_the_last_day_in_london() -> None:
    published = datetime(2026, 6, 9, 22, 30, tzinfo=UTC)  # 23:30 in London: day 0 is 9 June
    assert appeal.last_day_to_appeal(published, rules()) == date(2026, 7, 7)
    last = datetime(2026, 7, 7, 22, 59, 59, tzinfo=UTC)
    appeal.check_in_time(published, rules(), last)
    assert appeal.can_appeal(published, rules(), last)
    for late in (last + timedelta(seconds=1), published - timedelta(seconds=1)):
        assert not appeal.can_appeal(published, rules(), late)
        with pytest.raises(Refused) as caught:
            appeal.check_in_time(published, rules(), late)
        assert caught.value.code == "CW-APPEAL-LATE"


def test_who_hears_an_appeal_did_not_decide() -> None:
    appeal.check_hearer("guardian", ["lay1"], ["lay2"], ["asker"])
    for person in ("lay1", "lay2", "asker"):
        with pytest.raises(Refused) as caught:
            appeal.check_hearer(person, ["lay1"], ["lay2"], ["asker"])
        assert caught.value.code == "CW-APPEAL-HEARER"


# --- assessments of AI ----------------------------------------------------------------------------


def test_every_purpose_about_ai_needs_an_assessment() -> None:
    about_ai = {purpose for purpose in PURPOSES if purpose.startswith("ai_")}
    assert about_ai == lighter.AI_PURPOSES
    for purpose in PURPOSES:
        assert lighter.needs_assessment([purpose]) is (purpose in about_ai)
        assert lighter.needs_assessment(["research", purpose]) is (purpose in about_ai)
    assert lighter.needs_assessment(["research"], ["train"])
    assert lighter.needs_assessment(["research"], ["table", "federated"])
    assert not lighter.needs_assessment(["research"], ["table", "python"])


def test_the_lighter_route_needs_all_its_conditions() -> None:
    every = rules().lighter_assessment.conditions
    lighter.check_lighter_route(every, rules())
    for missing in every:
        with pytest.raises(Refused) as caught:
            lighter.check_lighter_route([one for one in every if one != missing], rules())
        assert caught.value.code == "CW-COMMITTEE-ROUTE"
        assert LIGHTER_WORDS[missing] in caught.value.sentence
    with pytest.raises(Refused, match="a workshop is held"):
        lighter.check_lighter_route(every, rules(lighter_assessment__conditions=[]))


# --- from a roster --------------------------------------------------------------------------------


@dataclass
class RosterTerm:
    role: str
    from_: date
    until: date | None


@dataclass
class RosterPerson:
    id: str
    name: str
    roles: list[RosterTerm]


def test_members_are_read_off_a_roster() -> None:
    people = [
        RosterPerson("a", "A", [RosterTerm("committee_lay", date(2025, 1, 1), None),
                                RosterTerm("panel_member", date(2025, 1, 1), None)]),
        RosterPerson("b", "B", [RosterTerm("siro", date(2025, 1, 1), None)]),
        RosterPerson("c", "C", [RosterTerm("committee_chair", date(2025, 1, 1), date(2025, 12, 31)),
                                RosterTerm("committee_member", date(2026, 1, 1), None)]),
    ]  # fmt: skip
    found = membership_of("dac", people)
    assert [(one.person, one.role, one.last_day) for one in found.seats] == [
        ("a", "committee_lay", None),
        ("c", "committee_chair", date(2025, 12, 31)),
        ("c", "committee_member", None),
    ]
    for wrong in (
        [people[1]],
        [RosterPerson("c", "C", [RosterTerm("committee_chair", date(2025, 1, 1), None),
                                 RosterTerm("committee_lay", date(2026, 1, 1), None)])],
    ):  # fmt: skip
        with pytest.raises(CommonwealError) as caught:
            membership_of("dac", wrong)
        assert caught.value.code == "CW-COMMITTEE-MEMBERSHIP"


@pytest.mark.parametrize(
    ("meetings", "missed"),
    [([], 0), (["x"], 1), (["a"], 0), (["a", "x"], 1), (["x", "a"], 0), (["a", "x", "x"], 2)],
)
def test_meetings_missed_in_a_row(meetings: list[str], missed: int) -> None:
    assert missed_in_a_row([[one] for one in meetings], "a") == missed


# --- small changes --------------------------------------------------------------------------------


def test_only_listed_changes_go_without_the_committee() -> None:
    check_small_change(["person_left", "less_data"], rules())
    few = rules(small_changes=["person_left"])
    for changes in ([], ["less_data"], ["person_left", "less_data"]):
        with pytest.raises(Refused) as caught:
            check_small_change(changes, few)  # type: ignore[arg-type]
        assert caught.value.code == "CW-COMMITTEE-ROUTE"
    assert "Every change to a project goes" in words.published_text(rules(small_changes=[]))
    for said in SMALL_CHANGE_WORDS.values():
        assert said in words.published_text(default_rules())
