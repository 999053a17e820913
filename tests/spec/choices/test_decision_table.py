"""Which choices apply: every pair of common-law route and determination, written out by hand.

The table below is the policy as we read it, kept apart from `rules.RULES` on purpose.
"""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from commonweal.foundation.errors import Refused
from commonweal.papers.vocabulary import (
    CommonLawRoute,
    DeterminationCode,
    OrganisationKind,
    Processing,
    Purpose,
)
from commonweal.vault.choices.decision import decide
from commonweal.vault.choices.rules import KINDS, REASONS, RULES
from tests import factories

AT = date(2026, 3, 2)
CAG = {
    "reference": "25/CAG/0042",
    "decision_maker": "hra",
    "supported_on": "2025-06-01",
    "next_review": "2026-06-01",
    "items": ["nhs_number"],
}

# route, determination, national opt-out applies, objections apply, consent needed
EXPECTED: list[tuple[str, str | None, bool, bool, bool]] = [
    ("implied_consent_care", None, True, True, False),
    ("implied_consent_care", "individual_care", False, True, False),
    ("implied_consent_care", "out_of_scope_population", False, True, False),
    ("explicit_consent", None, True, True, True),
    ("explicit_consent", "explicit_consent", False, True, True),
    ("explicit_consent", "out_of_scope_population", False, True, True),
    ("s251_reg2", None, True, True, False),
    ("s251_reg2", "cag_exemption", False, True, False),
    ("s251_reg2", "policy_exemption", False, True, False),
    ("s251_reg2", "out_of_scope_population", False, True, False),
    ("s251_reg3", None, True, True, False),
    ("s251_reg3", "reg3_communicable", False, True, False),
    ("s251_reg3", "out_of_scope_population", False, True, False),
    ("s251_reg5", None, True, True, False),
    ("s251_reg5", "cag_exemption", False, True, False),
    ("s251_reg5", "policy_exemption", False, True, False),
    ("s251_reg5", "out_of_scope_population", False, True, False),
    ("statutory_duty", None, True, True, False),
    ("statutory_duty", "legal_requirement", False, False, False),
    ("statutory_duty", "policy_exemption", False, True, False),
    ("statutory_duty", "out_of_scope_population", False, True, False),
    ("court_order", None, True, True, False),
    ("court_order", "legal_requirement", False, False, False),
    ("court_order", "out_of_scope_population", False, True, False),
    ("overriding_public_interest", None, True, True, False),
    ("overriding_public_interest", "public_interest", False, True, False),
    ("overriding_public_interest", "out_of_scope_population", False, True, False),
    ("not_confidential", None, True, True, False),
    ("not_confidential", "anonymised", False, True, False),
    ("not_confidential", "out_of_scope_population", False, True, False),
]
NAMED = {(route, code) for route, code, *_ in EXPECTED}
ALL_PAIRS = [
    (route, code)
    for route in get_args(CommonLawRoute)
    for code in (None, *get_args(DeterminationCode))
]
NEEDS_REFERENCE = {
    "cag_exemption",
    "policy_exemption",
    "legal_requirement",
    "public_interest",
    "anonymised",
}


def draft_for(route: str, code: str | None, **changes: Any) -> Any:
    basis: dict[str, Any] = {**factories.draft_data()["legal_basis"], "common_law": route}
    if route in ("s251_reg2", "s251_reg5"):
        basis["cag"] = CAG
    choices: dict[str, Any] = {}
    if code is not None:
        determination = {
            "code": code,
            "decided_by": "Dr Ada Guardian",
            "decided_on": "2026-02-01",
            "evidence": "Minutes of the meeting of 1 February.",
            "reference": "25/CAG/0042" if code == "cag_exemption" else "REF-7",
            "expires": "2026-12-31",
        }
        choices = {"national_opt_out": "exempt", "determination": determination}
    if code == "individual_care":
        changes = {"purposes": ["clinical_audit"], **changes}
    return factories.draft(**{"legal_basis": basis, "choices": choices, **changes})


def hospital(**changes: Any) -> Any:
    data = factories.catalogue_data()
    data["datasets"][0].update(changes)
    return type(factories.catalogue()).read(data, "The catalogue").dataset("hospital")


@pytest.mark.parametrize(("route", "code", "national", "objections", "consent"), EXPECTED)
def test_every_row(
    route: str, code: str | None, national: bool, objections: bool, consent: bool
) -> None:
    decision = decide(draft_for(route, code), hospital(), AT)
    assert decision.national is national
    assert decision.objections is objections
    assert decision.consent_needed is consent
    assert not decision.include_without_identifier
    assert ("local_objection" in decision.kinds) is objections
    assert ("withdrawal" in decision.kinds) is objections


def test_the_rules_are_these_rows_and_no_more() -> None:
    rows = [(r.route, r.determination, r.national, r.objections, r.consent) for r in RULES]
    assert sorted(rows, key=str) == sorted(EXPECTED, key=str)
    assert len({row[:2] for row in rows}) == len(rows)


@pytest.mark.parametrize(("route", "code"), [pair for pair in ALL_PAIRS if pair not in NAMED])
def test_every_other_pair_is_refused(route: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        decide(draft_for(route, code), hospital(), AT)
    assert refused.value.code == "CW-CHOICES-LEGAL-BASIS"
    assert code in refused.value.sentence


@pytest.mark.parametrize("route", get_args(CommonLawRoute))
def test_without_a_determination_the_opt_out_always_applies(route: str) -> None:
    assert decide(draft_for(route, None), hospital(), AT).national


@pytest.mark.parametrize("row", [row for row in EXPECTED if row[1]], ids=lambda row: f"{row[:2]}")
def test_evidence_of_every_row(row: tuple[str, str, bool, bool, bool]) -> None:
    route, code = row[:2]
    wanted = {"reference"} if code in NEEDS_REFERENCE else set()
    wanted |= {"expires"} if code == "anonymised" else set()
    full = draft_for(route, code)
    for field in ("reference", "expires"):
        held = full.choices.determination.model_copy(update={field: None})
        choices = full.choices.model_copy(update={"determination": held})
        permit = full.model_copy(update={"choices": choices})
        if field in wanted:
            with pytest.raises(Refused) as refused:
                decide(permit, hospital(), AT)
            assert refused.value.code == "CW-CHOICES-EVIDENCE"
            assert field in refused.value.sentence
        else:
            assert decide(permit, hospital(), AT).national is False


@pytest.mark.parametrize("row", [row for row in EXPECTED if row[1]], ids=lambda row: f"{row[:2]}")
@pytest.mark.parametrize("field", ["decided_by", "evidence"])
def test_no_row_without_a_person_and_evidence(
    row: tuple[str, str, bool, bool, bool], field: str
) -> None:
    full = draft_for(*row[:2])
    held = full.choices.determination.model_copy(update={field: "  "})
    choices = full.choices.model_copy(update={"determination": held})
    with pytest.raises(Refused) as refused:
        decide(full.model_copy(update={"choices": choices}), hospital(), AT)
    assert refused.value.code == "CW-CHOICES-EVIDENCE"


# --- kinds -----------------------------------------------------------------------------------

ALWAYS = {"withdrawal", "project_objection", "project_consent", "local_objection"}
AI_PURPOSES = {"ai_research", "ai_train", "ai_test"}
RESEARCH = AI_PURPOSES | {"research", "health_technology_assessment", "feasibility"}


def kinds(**changes: Any) -> set[str]:
    return set(decide(factories.draft(**changes), hospital(), AT).kinds) - ALWAYS


@pytest.mark.parametrize("purpose", get_args(Purpose))
def test_kinds_by_purpose(purpose: str) -> None:
    expected = {"no_ai_training"} if purpose in AI_PURPOSES else set()
    expected |= {"no_research_here"} if purpose in RESEARCH else set()
    assert kinds(purposes=[purpose]) == expected


@pytest.mark.parametrize("processing", get_args(Processing))
def test_kinds_by_processing(processing: str) -> None:
    expected = {"no_ai_training"} if processing in ("train", "federated") else set()
    assert kinds(purposes=["clinical_audit"], processing=[processing]) == expected


@pytest.mark.parametrize("kind", get_args(OrganisationKind))
@pytest.mark.parametrize("place", ["organisation", "controllers", "processors"])
def test_kinds_by_organisation(kind: str, place: str) -> None:
    body = {"name": "Someone Ltd", "kind": kind}
    value: Any = body if place == "organisation" else [body]
    expected = {"no_companies"} if kind == "company" else set()
    assert kinds(**{"purposes": ["clinical_audit"], place: value}) == expected


@pytest.mark.parametrize("primary_care", [True, False])
def test_type1_by_dataset(primary_care: bool) -> None:
    decision = decide(factories.draft(), hospital(primary_care=primary_care), AT)
    assert ("type1" in decision.kinds) is primary_care


def test_a_legal_duty_beats_every_kind() -> None:
    permit = draft_for("court_order", "legal_requirement", processing=["train"])
    assert decide(permit, hospital(primary_care=True), AT).kinds == frozenset()


def test_the_kinds_are_these() -> None:
    assert [rule.kind for rule in KINDS] == [
        "withdrawal",
        "project_objection",
        "project_consent",
        "no_ai_training",
        "no_companies",
        "no_research_here",
        "type1",
        "local_objection",
    ]
    assert {rule.kind for rule in KINDS if rule.names_project} == {
        "withdrawal",
        "project_objection",
        "project_consent",
    }
    assert [rule.kind for rule in KINDS if rule.says_yes] == ["project_consent"]


def test_no_kind_of_the_national_opt_out_exists() -> None:
    assert not [rule.kind for rule in KINDS if "national" in rule.kind or "ndoo" in rule.kind]


def test_reasons_in_order_of_precedence() -> None:
    assert REASONS == (
        "withdrawal",
        "project_objection",
        "no_project_consent",
        "by_kind",
        "type1",
        "local_objection",
        "not_allowed_nationally",
        "no_valid_identifier",
    )
