"""What stops an application from being sent: small changes in, problems out.

Each row changes one thing of an application that may be sent, and says exactly which problems
that makes: the place, the word, and whether it stops.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from commonweal.governance.application.complete import tasks, unchecked_problems
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.model import SECTIONS
from commonweal.governance.problems import stopping
from commonweal.papers.vocabulary import REFUSED_PURPOSES
from tests import applications, factories
from tests.applications import asked, document, found, member, place

Row = tuple[dict[str, Any], set[tuple[str, str]]]


def _shown(value: object) -> str:
    # A set has another order in each process, and every process must have the same names of tests.
    return str(sorted(value)) if isinstance(value, set | frozenset) else str(value)


def told(data: dict[str, Any], *forms: str, level: str = "stops") -> set[tuple[str, str]]:
    return {(p.where, p.code) for p in found(data, *forms) if p.level == level}


def test_the_applications_that_tests_start_from_may_be_sent() -> None:
    assert found(applications.content_data()) == ()
    assert found(applications.company_data(), "aia") == ()
    assert stopping(found(applications.support_data())) == ()


UNIVERSITY: list[Row] = [
    # route, project, organisation
    ({"route__who": None}, {("route.who", "missing")}),
    ({"route__research": False}, {("purpose.codes", "route")}),
    ({"route__ai": True}, {("purpose.codes", "route")}),
    ({"route__what": "results"}, set()),
    ({"route__consent": True}, {("legal.common_law", "route"), ("documents", "document")}),
    ({"project__lay_summary": None}, {("project.lay_summary", "missing")}),
    ({"project__id": "two words"}, {("project.id", "kept")}),
    ({"organisation__name": None}, {("organisation.name", "missing"),
                                    ("people.0.honorary_contract", "people")}),
    ({"organisation__kind": None}, {("organisation.kind", "missing")}),
    ({"organisation__publishes_results": False},
     {("organisation.publishes_results", "organisation")}),
    ({"organisation__kind": "charity"}, {("organisation.reference", "organisation"),
                                         ("organisation.no_fundraising", "organisation")}),
    ({"organisation__kind": "government"}, {("organisation.statutory_gateway", "organisation")}),
    ({"organisation__kind": "local_authority"},
     {("organisation.statutory_gateway", "organisation")}),
    ({"organisation__kind": "nhs_body"}, {("organisation.reference", "organisation")}),
    ({"organisation__kind": "other"}, {("organisation.reference", "organisation"),
                                       ("organisation.health_benefit", "organisation")}),
    ({"organisation__commercial_interest": None},
     {("organisation.commercial_interest", "organisation")}),
    ({"organisation__ico_registration": None}, {("organisation.ico_registration", "organisation")}),
    ({"organisation__kind": "custodian"}, set()),
    # controllers and processors
    ({"responsible__controllers": []}, {("responsible.controllers", "missing")}),
    ({"responsible__controllers": [{"name": "A"}]},
     {("responsible.controllers.0.kind", "missing")}),
    ({"responsible__controllers": [{"name": "A", "kind": "other"}, {"name": "B", "kind": "other"}]},
     {("responsible.joint", "missing")}),
    ({"responsible__controllers": [{"name": "A", "kind": "other"},
                                   {"name": "\u0410", "kind": "other"}],
      "responsible__joint": True}, {("responsible.controllers", "twice")}),
    ({"responsible__processors": [{"name": "Cloud Ltd", "kind": "company"}]},
     {("responsible.processors.0.does", "missing")}),
    # people
    ({"people": []}, {("people", "missing")}),
    ({"people": [member(), member()]}, {("people", "twice")}),
    ({"people__0__role": None}, {("people.0.role", "missing")}),
    ({"people__0__training": []}, {("people.0.training", "people")}),
    ({"people__0__training__0__expires": None}, {("people.0.training.0.expires", "missing"),
                                                 ("people.0.training", "people")}),
    ({"people__0__training__0__expires": "2026-03-31"}, {("people.0.training", "expires")}),
    ({"people__0__training__0__kind": "juggling"}, {("people.0.training.0.kind", "unknown-word"),
                                                    ("people.0.training", "people")}),
    ({"people__0__training__0__passed_on": "2026-03-03"}, {("people.0.training.0", "not-yet")}),
    # One course that lasts is enough; it may end on the first day, but not before.
    ({"people__0__training__1": {"kind": "custodian_course", "expires": "2020-01-01",
                                 "evidence": "Old certificate"}}, set()),
    ({"people__0__training__0__expires": "2026-04-01"}, set()),
    ({"people__0__employer": "Elsewhere"}, {("people.0.honorary_contract", "people")}),
    ({"people__0__employer": "WHARFEDALE hospital"}, set()),
    ({"people__0__employer": "Elsewhere", "people__0__honorary_contract": {
        "with_organisation": "Wharfedale Hospital", "expires": "2026-03-31", "evidence": "Letter"}},
     {("people.0.honorary_contract.expires", "expires")}),
    # places
    ({"places": []}, {("places", "missing"), ("flows.0.to_place", "place")}),
    ({"places": [place(), place()]}, {("places", "twice")}),
    ({"places__0__country": "Narnia"}, {("places.0.country", "place")}),
    ({"places__0__country": "scotland"}, set()),
    ({"places__0__assurance": None}, {("places.0.assurance", "security")}),
    ({"places__0__ods": None}, {("places.0.ods", "missing")}),
    ({"places__0__ods": "rxx"}, {("places.0.ods", "security")}),
    ({"places__0__assurance__status": "standards_not_met"},
     {("places.0.assurance.status", "security")}),
    ({"places__0__assurance__status": "not_published"},
     {("places.0.assurance.status", "security")}),
    ({"places__0__assurance__status": "great"}, {("places.0.assurance.status", "unknown-word")}),
    ({"places__0__assurance__status": "approaching_standards"},
     {("places.0.assurance.accepted_by", "security"),
      ("places.0.assurance.improvement_plan", "security")}),
    ({"places__0__assurance__status": "approaching_standards",
      "places__0__assurance__accepted_by": "SIRO",
      "places__0__assurance__accepted_on": "2026-03-01",
      "places__0__assurance__improvement_plan": "New firewall by May."}, set()),
    ({"places__0__assurance__status": "approaching_standards",
      "places__0__assurance__accepted_by": "SIRO",
      "places__0__assurance__accepted_on": "2026-04-01",
      "places__0__assurance__improvement_plan": "New firewall by May."},
     {("places.0.assurance.accepted_on", "not-yet")}),
    ({"places__0__assurance__year": "2023-24", "places__0__assurance__published_on": "2024-06-28"},
     {("places.0.assurance", "expires")}),
    ({"places__0__assurance__year": "2025-27"}, {("places.0.assurance.year", "security")}),
    ({"places__0__assurance__published_on": "2020-01-01"},
     {("places.0.assurance.published_on", "security")}),
    ({"places__0__assurance__by": "alternative"},
     {("places.0.assurance.iso_certificate", "missing"),
      ("places.0.assurance.iso_expires", "missing"),
      ("places.0.assurance.cyber_certificate", "missing"),
      ("places.0.assurance.cyber_expires", "missing"),
      ("places.0.assurance.accepted_by", "security")}),
    # purpose
    ({"purpose__codes": []}, {("purpose.codes", "missing")}),
    ({"purpose__codes": ["research", "research"]}, {("purpose.codes", "twice")}),
    ({"purpose__codes": ["research", "fun"]}, {("purpose.codes.1", "unknown-word")}),
    ({"purpose__who_benefits": None}, {("purpose.who_benefits", "missing")}),
    ({"purpose__codes": ["service_planning"], "route__research": False},
     {("legal.article_9", "route")}),
    # law
    ({"legal__article_6": "because"}, {("legal.article_6", "kept")}),
    ({"legal__explanation": None}, {("legal.explanation", "missing")}),
    ({"legal__common_law": "explicit_consent"}, {("legal.common_law", "route")}),
    ({"legal__common_law": "s251_reg5"},
     {("legal.common_law", "route"), *((f"legal.cag.{f}", "missing") for f in
      ("reference", "decision_maker", "supported_on", "next_review", "items", "letter"))}),
    ({"legal__common_law": "court_order"},
     {("legal.common_law", "route"), ("documents", "document")}),
    ({"legal__article_9": "explicit_consent"}, {("legal.article_9", "route")}),
    ({"legal__ethics": None}, {("legal.ethics", "ethics")}),
    # What is not needed and half filled in is finished or taken out.
    ({"legal__cag": {"reference": "26/CAG/0001"}},
     {(f"legal.cag.{f}", "missing") for f in
      ("decision_maker", "supported_on", "next_review", "items", "letter")}),
    ({"legal__ethics": {"committee": "REC"}, "purpose__codes": ["service_planning"],
      "route__research": False, "legal__article_9": "health_or_social_care"},
     {(f"legal.ethics.{f}", "missing") for f in ("reference", "given_on", "letter")}),
    ({"legal__ethics": None, "legal__ethics_not_needed": "Only counts."}, set()),
    ({"legal__ethics__given_on": "2027-01-01"}, {("legal.ethics.given_on", "not-yet")}),
    ({"legal__ethics__expires": "2026-03-01"}, {("legal.ethics.expires", "expires")}),
    ({"legal__ethics__letter": "protocol"}, {("legal.ethics.letter", "ethics")}),
    # the national opt-out
    ({"opt_out__treatment": None}, {("opt_out.treatment", "missing")}),
    ({"opt_out__code": "anonymised"}, {("opt_out.code", "opt-out")}),
    ({"opt_out": {"treatment": "exempt"}},
     {(f"opt_out.{f}", "missing") for f in ("code", "decided_by", "decided_on", "evidence")}),
    ({"opt_out__without_identifier": "include"},
     {(f"opt_out.without_identifier_{f}", "missing") for f in ("by", "on", "why")}),
    # people of the data
    ({"subjects__cohort": None}, {("subjects.cohort", "missing")}),
    ({"subjects__cohort": {"where": {"table": "patients", "variable": "name", "op": "eq",
                                     "value": "Amira"}}},
     {("subjects.cohort", "CW-PERMIT-COHORT")}),
    # access, flows, safeguards
    ({"access__processing": ["table", "guess"]}, {("access.processing.1", "unknown-word")}),
    ({"access__processing": ["table", "table"]}, {("access.processing", "twice")}),
    ({"access__processing": ["federated"]},
     {("access.sites", "missing"), ("purpose.codes", "route"), ("forms.aia", "aia")}),
    ({"access__processing": ["train"]}, {("purpose.codes", "route"), ("purpose.codes", "aia"),
                                         ("forms.aia", "aia"),
                                         ("declarations.models_do_not_leave", "declaration")}),
    ({"access__models": {"leave": True, "which": "A formula."}},
     {("access.models.leave", "models")}),
    ({"access__models": {"leave": True}},
     {("access.models.leave", "models"), ("access.models.which", "missing")}),
    ({"access__models": {"leave": False, "auc": 0.6}}, {("access.models.leave", "models")}),
    ({"access__models": {"shadows": 32}}, {("access.models.leave", "models")}),
    ({"access__models": {"differentially_private": True}}, {("access.models.leave", "models")}),
    ({"access__models": {"auc": 0.9}}, {("access.models.auc", "kept")}),
    ({"access__models": {"leave": "perhaps"}}, {("access.models.leave", "kept")}),
    ({"access__models": {"people_behind_leaf": 2}}, {("access.models.people_behind_leaf", "kept")}),
    ({"access__delivery": "handover"}, {("access.why_handover", "missing")}),
    ({"access__link_across_refreshes": True}, {("access.why_link", "missing")}),
    ({"flows": []}, {("flows", "missing")}),
    ({"flows__0__how": None}, {("flows.0.how", "missing")}),
    ({"flows__0__to_place": "A laptop"}, {("flows.0.to_place", "place")}),
    ({"flows__0__to_place": "WHARFEDALE secure  place"}, set()),
    ({"safeguards__k": 4}, {("safeguards.k", "safeguard")}),
    ({"safeguards__minimum_people": 5}, {("safeguards.minimum_people", "safeguard")}),
    ({"safeguards__prosecutor_mean": 0.5}, {("safeguards.prosecutor_mean", "safeguard")}),
    ({"safeguards__intruder_upper_bound": 0.9}, {("safeguards.intruder_upper_bound", "safeguard")}),
    ({"safeguards__shift_candidates": 18}, {("safeguards.shift_candidates", "safeguard")}),
    ({"safeguards": {}}, set()),
    # dates
    ({"period__ends": "2026-03-31"}, {("period.ends", "period")}),
    ({"period__starts": "2025-01-01", "period__ends": "2026-03-01", "retention__destroyed_by":
      "2026-06-30"}, {("period.ends", "period"), ("period.review_dates", "missing")}),
    ({"period__ends": "2036-04-30", "retention__destroyed_by": "2036-06-30"},
     {("period.ends", "period"), ("period.review_dates", "missing")}),
    ({"period__ends": "2029-12-31", "retention__destroyed_by": "2030-06-30",
      "period__review_dates": ["2027-04-01"]}, {("period.why_so_long", "missing")}),
    ({"period__review_dates": ["2027-04-01"]}, {("period.review_dates", "period")}),
    ({"retention__destroyed_by": "2027-03-30"}, {("retention.destroyed_by", "period")}),
    ({"retention__kept": None}, {("retention.kept", "missing")}),
    # documents
    ({"documents": [document("rec", "ethics_letter")]}, {("documents", "document")}),
    ({"documents__0__sha256": None}, {("documents.0.sha256", "missing")}),
    ({"documents__1__id": "PROTOCOL"}, {("documents", "twice"), ("legal.ethics.letter", "ethics")}),
    ({"documents__0__kind": "poem"}, {("documents.0.kind", "unknown-word"),
                                      ("documents", "document")}),
    ({"documents__0__dated": "2026-03-03"}, {("documents.0.dated", "not-yet")}),
    ({"documents__0__expires": "2026-03-31"}, {("documents.0.expires", "expires")}),
    # assessments
    ({"assessments__advice": None}, {("assessments.advice", "missing")}),
    ({"assessments__advice_followed": False}, {("assessments.why_not", "missing")}),
    ({"assessments__high_risk_remains": True}, {("assessments.ico_consulted_on", "dpia")}),
    # declarations
    ({"declarations": []}, {(f"declarations.{each['id']}", "declaration")
                            for each in applications.declarations()}),
    ({"declarations__2__agreed": False}, {("declarations.no_re_identification", "declaration")}),
    ({"declarations__2__wording": 2}, {("declarations.no_re_identification", "declaration")}),
    ({"declarations__2__by": None}, {("declarations.no_re_identification", "declaration")}),
    ({"declarations__2__on": "2026-03-03"}, {("declarations.no_re_identification", "not-yet")}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), UNIVERSITY, ids=_shown)
def test_one_change_of_a_university(changes: dict[str, Any], expected: set[Any]) -> None:
    assert told(applications.content_data(**changes)) == expected


COMPANY: list[Row] = [
    *(({f"organisation__{field}": None}, {(f"organisation.{field}", "organisation")})
      for field in ("reference", "nhs_partner_ods", "health_benefit", "benefit_sharing",
                    "commercial_interest")),
    ({"organisation__nhs_partner_ods": "the trust"},
     {("organisation.nhs_partner_ods", "organisation")}),
    ({"organisation__nhs_partner": None}, {("organisation.nhs_partner", "organisation")}),
    ({"documents__2": None}, {("documents", "document")}),
    ({"declarations": applications.declarations("models_do_not_leave")},
     {("declarations.benefit_is_shared", "declaration")}),
    ({"purpose__codes": ["ai_test"], "access__processing": ["federated"],
      "access__sites": ["Here", "There"], "access__models": None,
      "declarations": applications.declarations("benefit_is_shared")}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), COMPANY, ids=_shown)
def test_one_change_of_a_company(changes: dict[str, Any], expected: set[Any]) -> None:
    assert told(applications.company_data(**changes), "aia") == expected


@pytest.mark.parametrize("purpose", ["ai_research", "ai_train", "ai_test"])
@pytest.mark.parametrize("processing", [["table"], ["federated"], ["train", "federated"]])
def test_every_ai_purpose_needs_the_aia(purpose: str, processing: list[str]) -> None:
    data = applications.company_data(
        purpose__codes=[purpose], access__processing=processing, access__sites=["Here", "There"],
        access__models={"leave": False},
    )  # fmt: skip
    assert told(data) == {("forms.aia", "aia")}
    assert told(data, "aia") == set()


def test_the_dpia_is_always_needed() -> None:
    data = read_draft(applications.content_data())
    from commonweal.governance.application.complete import problems

    at, catalogue = applications.NOW, factories.catalogue()
    assert {(p.where, p.code) for p in problems(data, {}, at, catalogue=catalogue)} == {
        ("forms.dpia", "dpia")
    }


SUPPORT: list[Row] = [
    ({"legal__cag": None}, {(f"legal.cag.{f}", word) for f, word in
      [(f, w) for f in ("reference", "decision_maker", "supported_on", "next_review", "items")
       for w in ("missing", "cag")] + [("letter", "missing")]}),
    ({"legal__cag__reference": "CAG 1"}, {("legal.cag.reference", "cag")}),
    ({"legal__cag__decision_maker": "secretary_of_state"},
     {("legal.cag.decision_maker", "cag"), ("legal.cag.items", "CW-PERMIT-CAG-DECIDER")}),
    ({"legal__cag__next_review": "2026-01-31"},
     {("legal.cag.next_review", "cag"), ("legal.cag.next_review", "expires")}),
    ({"legal__cag__next_review": "2026-03-30"}, {("legal.cag.next_review", "expires")}),
    ({"legal__cag__supported_on": "2026-03-30"}, {("legal.cag.supported_on", "not-yet")}),
    ({"legal__cag__letter": "guardian"}, {("legal.cag.letter", "cag")}),
    ({"legal__cag__items": ["nhs_number", "admission_id", "born", "sex", "admitted"]},
     {("legal.cag.items", "CW-PERMIT-CAG-ITEMS")}),
    ({"documents": [document("protocol", "protocol"), document("rec", "ethics_letter"),
                    document("cag", "cag_letter")]}, {("documents", "cag"),
                                                      ("documents", "document")}),
    ({"route__research": False, "purpose__codes": ["service_planning"],
      "legal__article_9": "health_or_social_care"},
     {("legal.cag.decision_maker", "cag"), ("legal.cag.items", "CW-PERMIT-CAG-DECIDER")}),
    ({"route__research": False, "purpose__codes": ["service_planning"],
      "legal__article_9": "health_or_social_care",
      "legal__cag__decision_maker": "secretary_of_state"}, set()),
    ({"opt_out": {"treatment": "exempt", "code": "cag_exemption", "decided_by": "CAG",
                  "decided_on": "2026-02-01", "evidence": "Page 2", "reference": "26/CAG/0001",
                  "document": "cag"}}, set()),
    ({"opt_out": {"treatment": "exempt", "code": "cag_exemption", "decided_by": "CAG",
                  "decided_on": "2026-02-01", "evidence": "Page 2", "reference": "page 2",
                  "document": "flow"}},
     {("opt_out.reference", "opt-out"), ("opt_out.document", "missing")}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), SUPPORT, ids=_shown)
def test_one_change_under_section_251(changes: dict[str, Any], expected: set[Any]) -> None:
    assert told(applications.support_data(**changes)) == expected


# --- data -------------------------------------------------------------------------------------

DATA: list[Row] = [
    ({"data__dataset": None}, {("data.dataset", "missing")}),
    ({"data__dataset": "nowhere"}, {("data.dataset", "catalogue")}),
    ({"data__groups": []}, {("data.groups", "missing")}),
    ({"data__groups__0__reason": None}, {("data.groups.0.reason", "missing")}),
    ({"data__groups__0__analysis_role": "magic"},
     {("data.groups.0.analysis_role", "unknown-word")}),
    ({"data__groups__1__variables": []}, {("data.groups.1.variables", "missing")}),
    ({"data__groups__1__variables__1__why": None},
     {("data.groups.1.variables.1.why", "necessity")}),
    ({"data__groups__1__variables__0__without_it": None},
     {("data.groups.1.variables.0.without_it", "necessity")}),
    # The diagnosis is offered as its first three letters; that it is sensitive needs no own reason.
    ({"data__groups__2__variables__1": {"table": "admissions", "variable": "diagnosis",
                                        "form": "exact"}},
     {("data.groups.2.variables.1.coarser_would_not_do", "coarser")}),
    ({"data__groups__2__variables__1": {"table": "admissions", "variable": "diagnosis",
                                        "form": "truncate(3)"}}, set()),
    ({"data__groups__2__variables__1": asked("admissions", "diagnosis", "round(5)")},
     {("data.groups.2.variables.1", "CW-PERMIT-FORM-NOT-OFFERED")}),
    ({"data__groups__2__variables__1": asked("admissions", "diagnosis", "secret")},
     {("data.groups.2.variables.1.form", "catalogue")}),
    ({"data__groups__2__variables__1": asked("admissions", "zork", "exact")},
     {("data.groups.2.variables.1", "catalogue")}),
    ({"data__groups__2__variables__1": asked("zork", "diagnosis", "exact")},
     {("data.groups.2.variables.1", "catalogue")}),
    ({"data__groups__2__variables__1": asked("patients", "sex", "exact")},
     {("data.groups.1.variables.1", "twice"), ("data.groups.2.variables.1", "twice")}),
    ({"data__groups__2__variables__1": asked("patients", "genome", "exact")},
     {("data.groups.2.variables.1", "CW-PERMIT-GENOMIC")}),
    ({"data__groups__2__variables__1": asked("patients", "genome", "exact"),
      "data__genomic": True}, set()),
    ({"data__groups__2__variables__1": asked("admissions", "note", "redacted_text")},
     {("data.groups.2.variables.1", "CW-PERMIT-FORM-NOT-BUILT")}),
    # S16: a shifted date beside an exact one, and beside an exact age.
    ({"data__groups__2__variables__1": asked("admissions", "discharged", "exact")},
     {("data.groups.2.variables.1", "CW-PERMIT-DATE-FORMS")}),
    ({"data__groups__1__variables__0": asked("patients", "born", "age_band(1,90)")},
     {("data.groups.1.variables.0", "CW-PERMIT-DATE-FORMS")}),
    ({"data__groups__2__variables__1": asked("admissions", "discharged", "interval",
                                            since="admitted")}, set()),
    ({"data__groups__1__variables__1__since": "born"},
     {("data.groups.1.variables.1.since", "catalogue")}),
    ({"data__groups__2__variables__1": asked("admissions", "discharged", "interval",
                                            since="zork")},
     {("data", "CW-PERMIT-UNKNOWN-VARIABLE")}),
    ({"data__restricted_codes": [{"list": "fertility"}]},
     {("data.restricted_codes.0.legal_gateway", "missing")}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), DATA, ids=_shown)
def test_one_change_of_the_data(changes: dict[str, Any], expected: set[Any]) -> None:
    assert told(applications.content_data(**changes)) == expected


# --- hard stops -------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", list(REFUSED_PURPOSES))
@pytest.mark.parametrize("beside", [[], ["research"]])
def test_a_refused_purpose_stops_with_its_explanation(purpose: str, beside: list[str]) -> None:
    data = applications.content_data(purpose__codes=[*beside, purpose])
    (first, *_) = found(data)
    assert (first.where, first.code) == (f"purpose.codes.{len(beside)}", "refused-purpose")
    assert REFUSED_PURPOSES[purpose] in first.sentence
    assert "No reason and no committee" in first.sentence


# --- what is only said ------------------------------------------------------------------------

WARNED: list[Row] = [
    # The custodian's time to look is counted from sending on, so it cannot stop sending.
    (
        {"places__0__assurance__checked_by": None},
        {("places.0.assurance.checked_by", "unchecked")},
    ),
    ({"documents__0__checked_on": None}, {("documents.0.checked_by", "unchecked")}),
    ({"people__0__training__0__expires": "2026-12-31"}, {("people.0.training", "expires")}),
    ({"places__0__assurance__year": "2024-25"}, {("places.0.assurance", "expires")}),
    ({"subjects__cohort": {"everyone": True}}, {("subjects.cohort", "necessity")}),
    (
        {"assessments__advice_followed": False, "assessments__why_not": "It would stop the work."},
        {("assessments.advice_followed", "dpia")},
    ),
    ({"legal__ethics__expires": "2026-12-31"}, {("legal.ethics.expires", "expires")}),
    (
        {"access__delivery": "handover", "access__why_handover": "Size."},
        {("route.identifiable", "route")},
    ),
    (
        {
            "data__groups__2__variables__1": asked("patients", "genome", "exact"),
            "data__genomic": True,
        },
        {("route.identifiable", "route")},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), WARNED, ids=_shown)
def test_what_is_said_without_stopping(changes: dict[str, Any], expected: set[Any]) -> None:
    data = applications.content_data(**changes)
    assert told(data, level="warns") == expected
    assert told(data) == set()


def test_screening_asks_what_nobody_has_looked_at() -> None:
    data = applications.content_data(
        places__0__assurance__checked_on=None, documents__1__checked_by=None,
        people__0__training__0__expires="2026-12-31",
    )  # fmt: skip
    waiting = unchecked_problems(found(data))
    assert [p.where for p in waiting] == [
        "places.0.assurance.checked_by", "documents.1.checked_by"
    ]  # fmt: skip
    assert unchecked_problems(found(applications.content_data())) == ()


def test_a_form_that_is_not_finished_stops_with_its_own_words() -> None:
    from commonweal.governance.application.answers import AnsweredForm
    from commonweal.governance.application.complete import problems
    from commonweal.governance.problems import Problem

    forms = applications.forms()
    open_ = (Problem("harms.1.who", "missing", "Who could be harmed?"), Problem("", "x", "Short."))
    forms["dpia"] = AnsweredForm(forms["dpia"].answers, open_)
    content, catalogue = read_draft(applications.content_data()), factories.catalogue()
    said = problems(content, forms, applications.NOW, catalogue=catalogue)
    assert [(p.where, p.code) for p in said] == [
        ("forms.dpia.harms.1.who", "missing"), ("forms.dpia", "x")
    ]  # fmt: skip


def test_time_alone_makes_an_application_incomplete() -> None:
    data = applications.content_data()
    later = datetime(2028, 6, 1, tzinfo=UTC)
    places = {p.where for p in stopping(found(data, at=later))}
    assert {"period.ends", "people.0.training", "places.0.assurance"} <= places


def test_no_problem_repeats_what_was_typed() -> None:
    marker = "Zz9Secret"
    data = applications.content_data(
        project__title=f"{marker}\n", purpose__codes=[marker], data__dataset=marker,
        people__0__employer=marker, places__0__country=marker, organisation__kind=marker,
        places__0__assurance__year=marker, legal__ethics__letter=marker, access__sites=[marker],
        access__processing=[marker], documents__0__kind=marker, **{marker: marker},
    )  # fmt: skip
    said = found(data)
    assert len(said) > 10
    assert [p for p in said if marker in p.sentence] == []


def test_the_task_list_has_every_section() -> None:
    listed = tasks(read_draft(applications.content_data()), ())
    assert [task.section for task in listed] == list(SECTIONS)
    assert {task.state for task in listed} == {"done"}
    data = {"project": {"title": "Asthma"}, "people": "amira"}
    states = {t.section: t.state for t in tasks(read_draft(data), found(data))}
    assert states["project"] == "in progress"
    assert states["people"] == "in progress"
    assert states["purpose"] == "not started"
    assert states["safeguards"] == "done"
