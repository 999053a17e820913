"""Shorter routes: each published condition by itself, the chair's reasons, and the days to wait."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.route import (
    RouteProposal,
    check_grounds,
    check_proposal,
    check_takes_effect,
    last_day_to_call_in,
    shown_by,
)
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import CHAIRS_WORDS, CRITERION_WORDS
from tests.applications import content_data
from tests.unit.governance.committee.support import VERSION, rules
from tests.unit.governance.committee.test_decide import made

ALL = tuple(CRITERION_WORDS)
AT = "2026-06-09T13:00:00.000Z"


def content(**changes: Any) -> ApplicationContent:
    plain = content_data()
    for name, value in changes.items():
        section, field = name.split("__")
        plain[section] = {**plain[section], field: value}
    return ApplicationContent.read(plain, "The content")


def proposal(**changes: Any) -> RouteProposal:
    plain: dict[str, Any] = {
        "route_proposal": 1, "person": "kate", "version_digest": VERSION,
        "route": "proportionate", "at": AT,
        "grounds": [{"condition": one, "reason": "It is so."} for one in ALL],
    }  # fmt: skip
    plain |= changes
    return RouteProposal.read(
        {k: v for k, v in plain.items() if v is not None}, "It", "CW-COMMITTEE-ROUTE"
    )


def chairs(reason: str = "correction", **changes: Any) -> RouteProposal:
    return proposal(**{
        "route": "chair", "grounds": None, "chairs_reason": reason, "told": "A slip.", **changes,
    })  # fmt: skip


COMPANY = {"kind": "company", "name": "Wharfe Ltd", "does": "Runs the study"}
REFUTED: dict[str, dict[str, Any]] = {
    "not_about_ai": {"access__processing": ["train"]},
    "no_company": {"organisation__kind": "company"},
    "stays_in_enclave": {"access__delivery": "handover"},
    "no_free_text_image_or_genomic": {"data__genomic": True},
    "no_restricted_codes": {"data__restricted_codes": [{"list": "fertility"}]},
    "national_opt_out_applied": {"opt_out__treatment": "exempt"},
    "no_new_linkage": {"data__linkage": "With the register of deaths."},
}


@pytest.mark.parametrize("condition", ALL)
def test_what_the_version_shows_of_each_condition(condition: Any) -> None:
    expected = None if condition == "like_an_approved_project" else True
    assert shown_by(condition, content()) is expected
    for other, changes in REFUTED.items():
        found = shown_by(condition, content(**changes))
        assert found is (False if other == condition else expected)


@pytest.mark.parametrize("changes", [
    {"responsible__controllers": [COMPANY]}, {"responsible__processors": [COMPANY]},
])  # fmt: skip
def test_a_company_that_takes_part_is_seen_wherever_it_stands(changes: dict[str, Any]) -> None:
    assert shown_by("no_company", content(**changes)) is False


def test_free_text_is_seen_by_its_form() -> None:
    data = content_data()["data"]
    data["groups"][0]["variables"][0]["form"] = "redacted_text"
    found = ApplicationContent.read(content_data() | {"data": data}, "It")
    assert shown_by("no_free_text_image_or_genomic", found) is False


@pytest.mark.parametrize("condition", ALL)
def test_each_condition_that_is_published_needs_its_reason(condition: Any) -> None:
    check_grounds(ALL, rules(), content())
    with pytest.raises(Refused) as found:
        check_grounds([one for one in ALL if one != condition], rules(), content())
    assert found.value.code == "CW-COMMITTEE-ROUTE"
    assert CRITERION_WORDS[condition] in found.value.sentence
    others = rules(proportionate__conditions=[one for one in ALL if one != condition])
    check_grounds([one for one in ALL if one != condition], others, content())


@pytest.mark.parametrize("condition", REFUTED)
def test_no_reason_helps_against_the_version(condition: Any) -> None:
    with pytest.raises(Refused, match=CRITERION_WORDS[condition]):
        check_proposal(proposal(), rules(), content(**REFUTED[condition]), None)
    others = rules(proportionate__conditions=[one for one in ALL if one != condition])
    check_proposal(proposal(), others, content(**REFUTED[condition]), None)


def test_without_published_conditions_there_is_no_short_route() -> None:
    with pytest.raises(Refused, match="no short route"):
        check_proposal(proposal(), rules(proportionate__conditions=[]), content(), None)


@pytest.mark.parametrize("wrong", [
    {"grounds": None}, {"grounds": []}, {"route": "committee"}, {"earlier": VERSION},
    {"chairs_reason": "correction"}, {"told": "x", "chairs_reason": "correction"},
    {"grounds": [{"condition": "no_company", "reason": "a"}] * 2},
    {"grounds": [{"condition": "no_company", "reason": " "}]},
    {"grounds": [{"condition": "anything", "reason": "a"}]}, {"version_digest": "x"},
    {"route": "chair"}, {"route": "chair", "grounds": None, "chairs_reason": "correction"},
])  # fmt: skip
def test_proposals_that_say_too_little_or_too_much(wrong: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError):
        proposal(**wrong)


# --- the chair ----------------------------------------------------------------------------------


def earlier(**changes: Any) -> Decision:
    return Decision.read(made().plain() | changes, "The decision")


def with_conditions() -> Decision:
    return earlier(outcome="approve_with_conditions", conditions=["Publish it."])


CHAIR: list[tuple[str, Decision | None, bool]] = [
    # reason, what the committee decided before, whether the chair may act on it
    ("correction", earlier(), True),
    ("correction", with_conditions(), True),
    ("correction", None, False),
    ("correction", earlier(outcome="reject", variables=[]), False),
    ("correction", earlier(outcome="resubmit", variables=[]), False),
    ("correction", earlier(route="proportionate"), False),
    ("correction", earlier(route="chair"), False),
    ("conditions_met", with_conditions(), True),
    ("conditions_met", earlier(), False),
    ("conditions_met", None, False),
    ("public_health_emergency", earlier(), False),  # not among the reasons of these rules
]


@pytest.mark.parametrize(("reason", "before", "may"), CHAIR)
def test_what_the_chair_may_act_on(reason: str, before: Decision | None, may: bool) -> None:
    said = chairs(reason, earlier=None if before is None else before.digest())
    if may:
        check_proposal(said, rules(), content(), before)
        return
    with pytest.raises(Refused) as found:
        check_proposal(said, rules(), content(), before)
    assert found.value.code == "CW-COMMITTEE-ROUTE"


def test_the_chair_builds_on_the_decision_that_was_named() -> None:
    for named in (None, VERSION):
        with pytest.raises(Refused, match="another decision"):
            check_proposal(chairs(earlier=named), rules(), content(), earlier())
    every = rules(chairs_action__allowed_for=list(CHAIRS_WORDS))
    check_proposal(chairs("public_health_emergency"), every, content(), None)


# --- the time to call it in ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "days", "last"),
    [
        # Monday 8 June 2026 and five working days: the Monday after.
        (datetime(2026, 6, 8, 10, tzinfo=UTC), 5, date(2026, 6, 15)),
        (datetime(2026, 6, 12, 10, tzinfo=UTC), 1, date(2026, 6, 15)),
        # Half past eleven in the evening in UTC is the next day in London in summer.
        (datetime(2026, 6, 8, 23, 30, tzinfo=UTC), 1, date(2026, 6, 10)),
        # Christmas Day and Boxing Day 2026 (a Saturday, so the Monday after is a holiday).
        (datetime(2026, 12, 24, 10, tzinfo=UTC), 1, date(2026, 12, 29)),
    ],
)
def test_the_last_day(signed: datetime, days: int, last: date) -> None:
    under: CommitteeRules = rules(call_in_working_days=days)
    assert last_day_to_call_in(signed, under) == last
    still = datetime(last.year, last.month, last.day, 12, tzinfo=UTC)
    with pytest.raises(Refused, match="Any member can call"):
        check_takes_effect(signed, under, still)
    check_takes_effect(signed, under, still + timedelta(days=1))
