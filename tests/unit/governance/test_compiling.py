"""From an approved version to a permit draft: every field has its origin, nothing is added."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from commonweal.governance.agreement.model import Agreement
from commonweal.governance.application.reference import PAGES, main
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.compiling import ORIGINS
from commonweal.papers.issue import issue
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.reference import ISSUED_FIELDS
from tests import applications, factories
from tests.applications import compiled, forms_of

# --- origins ----------------------------------------------------------------------------------


def test_every_field_of_a_draft_has_one_origin_in_the_permits_order() -> None:
    fields = [field.alias or name for name, field in PermitDraft.model_fields.items()]
    assert [origin.field for origin in ORIGINS] == fields
    assert not {origin.field for origin in ORIGINS} & ISSUED_FIELDS


def test_every_page_is_what_the_lists_say(repository: Path) -> None:
    for name, made in PAGES.items():
        page = (repository / "docs" / "reference" / name).read_text("utf-8")
        remedy = "run: python -m commonweal.governance.application.reference docs/reference"
        assert page == made(), remedy


def test_the_pages_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(PAGES)
    assert main([]) == 2
    assert main([str(tmp_path / "none")]) != 0
    assert "usage" in capsys.readouterr().err


def test_the_origins_page_names_every_field() -> None:
    page = PAGES["permit-origins.md"]()
    assert all(f"| `{origin.field}` |" in page for origin in ORIGINS)


# --- what is compiled -------------------------------------------------------------------------


def test_a_university() -> None:
    version = applications.version()
    decided = applications.decision(version)
    agreed = applications.agreement(version, decided)
    draft = compiled(version, decided, agreed)
    assert (draft.id, draft.version, draft.project.id) == ("app-7-1", 1, "asthma")
    assert [person.id for person in draft.people] == ["amira"]
    assert draft.purposes == ("research",)
    assert forms_of(draft) == {
        "patients.nhs_number": "pseudonym",
        "patients.born": "age_band(5,90)",
        "patients.sex": "exact",
        "admissions.nhs_number": "pseudonym",
        "admissions.admission_id": "record_code",
        "admissions.admitted": "shift",
        "admissions.diagnosis": "exact",
    }
    assert (draft.from_, draft.until) == (date(2026, 4, 1), date(2027, 3, 31))
    assert draft.agreement_hash == agreed.digest()
    assert draft.dpia_hash == version.form_digest("dpia")
    assert draft.aia_hash is None
    assert draft.risk.k == 10
    assert draft.legal_basis.ethics is not None
    assert draft.cohort == version.content.subjects.cohort
    reasons = {item.variable: item.why for t in draft.dataset.tables for item in t.variables}
    assert reasons["sex"] == "It changes the outcome."
    assert reasons["admission_id"] == "The admissions of one person belong together."


def test_a_company_with_ai() -> None:
    version = applications.version(applications.company_data(), "aia")
    draft = compiled(version)
    assert draft.aia_hash == version.form_digest("aia")
    assert draft.purposes == ("ai_train",)
    assert "train" in draft.processing
    assert any("shared with the NHS" in condition for condition in draft.conditions)


def test_support_under_section_251() -> None:
    draft = compiled(applications.version(applications.support_data()))
    assert draft.legal_basis.cag is not None
    assert draft.legal_basis.cag.reference == "26/CAG/0001"


def test_everything_that_can_be_answered_reaches_the_permit() -> None:
    data = applications.content_data(
        organisation__reference="UKPRN 1",
        responsible__processors=[{"name": "Cloud", "kind": "company", "does": "Runs the place."}],
        project__replaces="app-6-1",
        opt_out={
            "treatment": "exempt", "code": "anonymised", "decided_by": "Guardian",
            "decided_on": "2026-02-01", "evidence": "Report 7", "reference": "7",
            "expires": "2027-12-31", "document": "report", "without_identifier": "include",
            "without_identifier_by": "Guardian", "without_identifier_on": "2026-02-01",
            "without_identifier_why": "Newborns.",
        },
        data__reference_date="2026-01-01",
        data__restricted_codes=[{"list": "fertility", "legal_gateway": "Section 33A"}],
        data__genomic=True,
        access__link_across_refreshes=True,
        access__why_link="Follow-up.",
        access__sites=["North"],
        safeguards={
            "k": 8, "distinct_l": 2, "prosecutor_mean": 0.1, "marketer": 0.1, "shift_weeks": 10,
            "shift_candidates": 7, "suppress_up_to": 0.05, "rare_people": 12,
            "minimum_people": 15, "output_profile": "strict", "holdout_share": 0.3,
            "optimise_generalisation": True, "intruder_upper_bound": 0.05,
        },
        period__review_dates=["2026-09-01", "2027-02-01"],
    )  # fmt: skip
    data["documents"].append(
        applications.document("report", "identifiability_assessment", expires="2027-12-31")
    )
    version = applications.version(data)
    draft = compiled(version, applications.decision(version, until=date(2026, 12, 31)))
    assert draft.organisation.reference == "UKPRN 1"
    assert draft.processors[0].name == "Cloud"
    assert draft.supersedes == "app-6-1"
    assert draft.choices.determination is not None
    assert draft.choices.determination.expires == date(2027, 12, 31)
    assert draft.choices.include_people_without_identifier is not None
    assert draft.reference_date == date(2026, 1, 1)
    assert draft.restricted_codes[0].list == "fertility"
    assert draft.genomic
    assert draft.link_across_refreshes
    assert draft.optimise_generalisation
    assert draft.sites == ("North",)
    assert draft.shift_weeks == 10
    assert (draft.risk.k, draft.risk.distinct_l, draft.risk.shift_candidates) == (8, 2, 7)
    assert (draft.outputs.profile, draft.outputs.minimum_people) == ("strict", 15)
    assert draft.holdout_share == 0.3
    assert draft.intruder_test is not None
    assert draft.intruder_test.upper_bound == 0.05
    assert draft.review_dates == (date(2026, 9, 1),)
    assert draft.until == date(2026, 12, 31)


def test_a_decision_narrows() -> None:
    version = applications.version()
    decided = applications.decision(
        version, refused=("patients.sex", "patients.born", "patients.nhs_number"),
        coarser={"admissions.diagnosis": "truncate(3)"}, until=date(2026, 9, 30),
        outcome="approve_with_conditions", conditions=("Say when it begins.",),
    )  # fmt: skip
    draft = compiled(version, decided)
    assert [table.table for table in draft.dataset.tables] == ["admissions"]
    assert forms_of(draft)["admissions.diagnosis"] == "truncate(3)"
    assert draft.until == date(2026, 9, 30)
    assert draft.conditions[0] == "Say when it begins."


def test_a_later_last_day_in_a_decision_makes_nothing_longer() -> None:
    version = applications.version()
    decided = applications.decision(version, until=date(2030, 1, 1))
    assert compiled(version, decided).until == date(2027, 3, 31)


def test_compiling_is_deterministic() -> None:
    version = applications.version(applications.company_data(), "aia")
    decided = applications.decision(version)
    agreed = applications.agreement(version, decided)
    first = compiled(version, decided, agreed)
    reread = ApplicationVersion.read(version.plain(), "The version")
    again = compiled(reread, decided, Agreement.read(agreed.plain(), "The agreement"))
    assert first.canonical() == again.canonical()


def test_what_is_compiled_can_be_issued() -> None:
    version = applications.version()
    draft = compiled(version)
    text = issue(
        draft, factories.catalogue(), factories.trust(), [factories.signer()],
        authority="committee", clock=factories.clock(datetime(2026, 3, 20, tzinfo=UTC)),
    )  # fmt: skip
    assert Permit.load(text, factories.trust()).agreement_hash == draft.agreement_hash
