"""Small changes: each difference gets the kind that people would give it, and one without any is
for the committee."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.amending.small import (
    agreed_change,
    check_small,
    is_small,
    kinds_of_change,
)
from commonweal.governance.amending.standing import Standing, standing_of
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.governance.application.model import SECTIONS
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.rules import CommitteeRules, default_rules
from commonweal.governance.committee.vocabulary import SMALL_CHANGE_WORDS
from tests.applications import content_data, decision, document, put, version

RULES = default_rules()
BASE = version()
PERMIT = BASE.permit_id
SECOND = {
    "account": "noor", "name": "Noor Hassan", "role": "Analyst",
    "employer": content_data()["people"][0]["employer"],
    "training": content_data()["people"][0]["training"],
}  # fmt: skip


def standing(**decided: Any) -> Standing:
    return standing_of(PERMIT, BASE, decision(BASE, **decided))


def changed(before: Standing, *puts: tuple[str, Any]) -> ApplicationVersion:
    """A version in which everything is as it was allowed, but for what is put."""
    typed = as_typed(before.content)
    put(typed, "project.replaces", PERMIT)
    put(typed, "project.change_reason", "Because.")
    for path, value in puts:
        put(typed, path, value)
    content = read_draft(typed)
    assert not content.kept, content.kept
    return BASE.model_copy(
        update={"content": content, "application": "asks-again", "answers": before.answers}
    )


def kinds(*puts: tuple[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before = standing()
    return kinds_of_change(before, changed(before, *puts))


ENDS = BASE.content.period.ends
SOONER = (ENDS - timedelta(days=30)).isoformat() if ENDS else ""
LATER = (ENDS + timedelta(days=30)).isoformat() if ENDS else ""


@pytest.mark.parametrize(
    ("puts", "kind"),
    [
        ([("people.1", SECOND)], "person_added"),
        ([("data.groups.0.variables.2", None)], "less_data"),
        ([("data.groups.1", None)], "less_data"),
        ([("data.groups.1.variables.0.form", "age_band(10,90)")], "less_data"),
        ([("period.ends", SOONER)], "shorter_period"),
        ([("retention.destroyed_by", "2027-05-30")], "shorter_period"),
        ([("assessments.dpo", "Somebody Else")], "contact_changed"),
        ([("people.0.training.0.expires", "2030-01-01")], "evidence_renewed"),
        ([("places.0.assurance.evidence", "A newer page")], "evidence_renewed"),
    ],
)
def test_each_small_kind_is_told(puts: list[tuple[str, Any]], kind: str) -> None:
    assert kinds(*puts) == ((kind,), ())
    before = standing()
    assert check_small(before, changed(before, *puts), RULES) == (kind,)


def test_somebody_leaves() -> None:
    two = changed(standing(), ("people.1", SECOND))
    before = standing_of(PERMIT, two, decision(two))
    assert kinds_of_change(before, changed(before, ("people.1", None))) == (("person_left",), ())


def test_a_newer_certificate_of_security_renews_one_that_was_shown() -> None:
    shown = changed(standing(), ("documents.2", document("dspt", "security_certificate")))
    before = standing_of(PERMIT, shown, decision(shown))

    def added(
        kind: str = "security_certificate", **more: Any
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        paper = document("dspt-2", kind, **more)
        return kinds_of_change(before, changed(before, ("documents.3", paper)))

    assert added(dated="2026-02-11") == (("evidence_renewed",), ())
    for dated in ("2026-02-01", "2026-01-31", None):
        assert added(dated=dated)[1], dated
    assert added("protocol", dated="2026-02-11")[1]


def test_somebody_of_the_earlier_team_stays() -> None:
    two = changed(standing(), ("people.1", SECOND))
    before = standing_of(PERMIT, two, decision(two))
    third = SECOND | {"account": "third", "name": "Third Person"}
    stays = changed(before, ("people.0", third))
    assert kinds_of_change(before, stays) == (("person_added", "person_left"), ())
    gone = changed(before, ("people.0", third), ("people.1", None))
    assert kinds_of_change(before, gone)[1]


def test_several_small_things_are_small_together() -> None:
    found = kinds(("people.1", SECOND), ("period.ends", SOONER))
    assert found == (("person_added", "shorter_period"), ())


STRANGE = [
    ("project.title", "Another title"), ("project.lay_summary", "Another summary."),
    ("project.id", "another"), ("project.replaces", "anothers-permit"),
    ("organisation.name", "Another university"), ("responsible.processors.0", {"name": "Cloud"}),
    ("people.0.role", "Lead"), ("people.0.name", "Another name"), ("people.0.account", None),
    ("people.0.employer", "Elsewhere"), ("people.1", SECOND | {"employer": "Elsewhere"}),
    ("people.1", SECOND | {"training": []}), ("people.1", SECOND | {"account": None}),
    ("places.0.name", "Another place"), ("places.1", {"name": "A second place"}),
    ("purpose.codes", ["research", "public_health"]), ("purpose.objective", "Something else."),
    ("legal.article_9", "public_health"), ("opt_out.treatment", "exempt"),
    ("subjects.cohort", {"everyone": True}), ("subjects.words", "Everybody."),
    ("data.genomic", True), ("data.linkage", "With taxes."), ("data.reference_date", "2026-01-01"),
    ("data.groups.1.variables.0.form", "age_band(1,90)"),
    ("data.groups.1.variables.0.form", "exact"), ("data.groups.1.variables.0.form", None),
    ("data.groups.1.variables.0.why", "Another reason."), ("data.groups.1.reason", "Another."),
    ("data.groups.1.variables.2", {"table": "admissions", "variable": "ward", "form": "exact"}),
    ("data.restricted_codes.0", {"list": "hiv", "legal_gateway": "A law."}),
    ("access.processing", ["table", "python", "train"]), ("access.delivery", "handover"),
    ("access.sites", ["North"]), ("access.link_across_refreshes", True),
    ("flows.0.to_place", "Elsewhere"), ("safeguards.k", 5), ("safeguards.k", 20),
    ("period.ends", LATER), ("period.starts", "2026-03-01"),
    ("period.review_dates", ["2026-09-01"]),
    ("retention.destroyed_by", "2028-06-30"), ("retention.kept", "Everything."),
    ("documents.0", None), ("documents.0.title", "Another"),
    ("documents.2", document("more", "protocol", dated="2026-02-10")),
    ("documents.2", document("more", "ethics_letter", dated="2026-02-10")),
    ("documents.2", document("more", "consent_form")), ("documents.2", document("m", "cag_letter")),
    ("documents.2", document("more", "legal_order")), ("documents.2", document("more", "other")),
    ("documents.2", document("more", "security_certificate")), ("people.0", SECOND),
    ("assessments.advice", "No."),
    ("declarations.0", None), ("declarations.0.agreed", False), ("route.identifiable", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), STRANGE, ids=lambda one: str(one)[:40])
def test_everything_else_is_for_the_committee(path: str, value: Any) -> None:
    before = standing()
    after = changed(before, (path, value))
    found, others = kinds_of_change(before, after)
    assert others, (path, found)
    assert not is_small(before, after, RULES)
    with pytest.raises(CommonwealError) as caught:
        # Nor is it beside something that is small.
        check_small(before, changed(before, ("people.1", SECOND), (path, value)), RULES)
    assert caught.value.code == "CW-COMMITTEE-ROUTE"


def test_the_table_of_what_is_not_small_touches_every_section() -> None:
    assert {path.split(".")[0] for path, _ in STRANGE} == set(SECTIONS)


def test_another_answer_in_a_form_or_another_catalogue_is_not_small() -> None:
    before = standing()
    after = changed(before, ("period.ends", SOONER))
    assert is_small(before, after, RULES)
    (form,) = after.answers
    other = form.model_copy(update={"values": {"benefit": "Another answer"}})
    assert not is_small(before, after.model_copy(update={"answers": (other,)}), RULES)
    assert not is_small(before, after.model_copy(update={"answers": ()}), RULES)
    moved = {"catalogue_digest": "sha256:" + "0" * 64}
    assert not is_small(before, after.model_copy(update=moved), RULES)


def test_a_change_of_nothing_is_no_change() -> None:
    before = standing()
    assert kinds_of_change(before, changed(before)) == ((), ())
    assert not is_small(before, changed(before), RULES)


@pytest.mark.parametrize("left_out", sorted(SMALL_CHANGE_WORDS))
def test_what_a_custodian_takes_off_the_list_is_not_small(left_out: str) -> None:
    puts = {
        "person_added": ("people.1", SECOND), "less_data": ("data.groups.1", None),
        "shorter_period": ("period.ends", SOONER), "contact_changed": ("assessments.dpo", "E"),
        "evidence_renewed": ("places.0.assurance.evidence", "A newer page"),
    }  # fmt: skip
    rest = tuple(one for one in RULES.small_changes if one != left_out)
    rules = CommitteeRules.read(RULES.plain() | {"small_changes": list(rest)}, "The rules")
    before = standing()
    for kind, one in puts.items():
        assert is_small(before, changed(before, one), rules) is (kind != left_out)


# --- what a change stands on ------------------------------------------------------------------


def test_what_the_committee_refused_is_not_there_to_be_asked_for_again() -> None:
    before = standing(
        refused=("patients.sex",), coarser={"patients.born": "age_band(10,90)"},
        until=(ENDS - timedelta(days=60)) if ENDS else None,
    )  # fmt: skip
    held = {item.place: item.form for _, _, item in before.content.data.asked()}
    assert ("patients", "sex") not in held
    assert held["patients", "born"] == "age_band(10,90)"
    assert before.content.period.ends == (ENDS - timedelta(days=60) if ENDS else None)
    asked: list[tuple[str, Any]] = [
        ("data.groups.1.variables.0.form", "age_band(5,90)"),
        ("data.groups.1.variables.1", {"table": "patients", "variable": "sex", "form": "exact"}),
        ("period.ends", ENDS.isoformat() if ENDS else ""),
    ]
    for one in asked:
        assert not is_small(before, changed(before, one), RULES), one


@pytest.mark.parametrize("conditions", [(), ("Publish it.", "Ask again.")])
def test_the_conditions_of_the_committee_go_on(conditions: tuple[str, ...]) -> None:
    outcome = "approve_with_conditions" if conditions else "approve"
    before = standing(outcome=outcome, conditions=conditions)
    after = changed(before, ("period.ends", SOONER))
    made = agreed_change(
        before, after, RULES, id_="asks-again-1-d1", summary="Sooner.", reasons=["On the list."],
        at=after.sent_at,
    )  # fmt: skip
    assert (made.outcome, made.conditions, made.route) == (outcome, conditions, "small_change")
    assert {one.verdict for one in made.variables} == {"granted"}
    assert tuple(one.path for one in made.variables) == after.asked
    assert made.votes.cast == 0


def test_no_decision_is_made_of_what_is_not_small() -> None:
    before = standing()
    make: Callable[[ApplicationVersion], Any] = lambda after: agreed_change(  # noqa: E731
        before, after, RULES, id_="d1", summary="S", reasons=["R"], at=after.sent_at
    )
    for one in (("period.ends", LATER), ("purpose.objective", "Else.")):
        with pytest.raises(CommonwealError) as caught:
            make(changed(before, one))
        assert caught.value.code == "CW-COMMITTEE-ROUTE"
