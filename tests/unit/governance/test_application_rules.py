"""The custodian's lists, the security of places, freezing, copying."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused
from commonweal.governance.application.assurance import holds_until, year_end
from commonweal.governance.application.checking import WORDS
from commonweal.governance.application.checks_data import needs_own_reason
from commonweal.governance.application.copying import CARRIED, anew_sentences, copy_application
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.people import Assurance
from commonweal.governance.application.questions import PARTS, questions
from commonweal.governance.application.seeds import (
    SEEDS,
    AnalysisRoles,
    Declarations,
    DocumentKinds,
    Limit,
    OptOutRules,
    Organisations,
    SafeguardLimits,
    Security,
    TrainingKinds,
    read_seed,
    seed_versions,
)
from commonweal.governance.application.version import ApplicationVersion, freeze, with_standard
from commonweal.papers.base import PaperInvalid
from commonweal.papers.catalogue import Variable
from commonweal.papers.forms import Form
from commonweal.papers.permit import IntruderTest, Outputs, PermitDraft, RiskLimits
from commonweal.papers.vocabulary import DeterminationCode, OrganisationKind
from commonweal.vault.choices.rules import CARE_PURPOSES, RULES
from tests import applications, factories

# --- lists ------------------------------------------------------------------------------------


def test_every_list_has_a_version_and_a_source() -> None:
    assert set(seed_versions().values()) == {1}
    assert len(seed_versions()) == len(SEEDS)
    for kind in SEEDS:
        assert len(read_seed(kind).source) > 20


def test_every_kind_of_organisation_has_its_rules() -> None:
    rules = read_seed(Organisations)
    assert {each.kind for each in rules.kinds} == set(get_args(OrganisationKind))
    documents = {each.code for each in read_seed(DocumentKinds).kinds}
    assert {code for each in rules.kinds for code in each.documents} <= documents
    company = rules.of("company")
    assert company is not None
    needed = {need.field for need in company.needs}
    assert {"nhs_partner", "health_benefit", "benefit_sharing"} <= needed
    assert rules.of(None) is None


def test_the_exemptions_are_those_that_the_vault_honours() -> None:
    """The same table is asked again when data are made; two truths would stop a release late."""
    ours = {(route, each.code) for each in read_seed(OptOutRules).exemptions
            for route in each.routes}  # fmt: skip
    assert ours == {(r.route, r.determination) for r in RULES if r.determination is not None}
    assert {each.code for each in read_seed(OptOutRules).exemptions} == set(
        get_args(DeterminationCode)
    )
    by_code = {each.code: each for each in read_seed(OptOutRules).exemptions}
    assert set(by_code["individual_care"].purposes) == set(CARE_PURPOSES)
    for rule in RULES:
        if rule.determination is not None:
            assert by_code[rule.determination].reference is ("reference" in rule.evidence)
            assert by_code[rule.determination].expires is ("expires" in rule.evidence)


def test_exemptions_name_documents_that_exist() -> None:
    kinds = {each.code for each in read_seed(DocumentKinds).kinds}
    assert {each.document for each in read_seed(OptOutRules).exemptions} - {None} <= kinds


def test_section_171_is_declared() -> None:
    texts = {each.id: each.text for each in read_seed(Declarations).items}
    assert "section 171 of the Data Protection Act 2018" in texts["no_re_identification"]


def test_the_standard_limits_are_those_of_the_permit() -> None:
    limits = {each.field: each for each in read_seed(SafeguardLimits).limits}
    risk, outputs = RiskLimits(), Outputs()
    for field in ("k", "shift_candidates", "rare_people"):
        assert limits[field].standard == getattr(risk, field)
    assert limits["minimum_people"].standard == outputs.minimum_people
    assert limits["output_profile"].standard == outputs.profile
    assert limits["holdout_share"].standard == PermitDraft.model_fields["holdout_share"].default
    assert limits["shift_weeks"].standard == PermitDraft.model_fields["shift_weeks"].default
    assert limits["intruder_upper_bound"].standard is None
    assert IntruderTest(upper_bound=limits["intruder_upper_bound"].limit or 0)


def test_no_standard_is_weaker_than_its_own_limit() -> None:
    from commonweal.governance.application.checks_terms import _is_weaker

    for limit in read_seed(SafeguardLimits).limits:
        if isinstance(limit.standard, int | float):
            assert not _is_weaker(limit.standard, limit)
    assert _is_weaker(4, Limit(field="k", limit=5, weaker="lower"))
    assert _is_weaker(0.3, Limit(field="marketer", limit=0.2, weaker="higher"))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Organisations, lambda d: d["kinds"][0]["needs"].append({"field": "zork", "says": "?"})),
        (Organisations, lambda d: d["kinds"].append(d["kinds"][0])),
        (OptOutRules, lambda d: d["exemptions"].append(d["exemptions"][0])),
        (OptOutRules, lambda d: d["exemptions"][0].update(routes=["hearsay"])),
        (SafeguardLimits, lambda d: d["limits"].pop()),
        (Security, lambda d: d.update(territory=[])),
        (Security, lambda d: d.update(year_ends={"month": 6, "day": 31})),
        (TrainingKinds, lambda d: d.pop("source")),
        (AnalysisRoles, lambda d: d.update(version=0)),
        (Declarations, lambda d: d.update(zork=1)),
    ],
)
def test_a_broken_list_is_refused(kind: Any, change: Any) -> None:
    plain = read_seed(kind).model_dump(mode="json")
    kind.read(plain, "The list")
    change(plain)
    with pytest.raises(PaperInvalid):
        kind.read(plain, "The list")


def test_every_field_of_every_part_has_a_label() -> None:
    asked = questions()
    for name, kind in PARTS.items():
        assert list(asked.parts[name]) == list(kind.model_fields)
    assert tuple(asked.sections) == SECTIONS
    plain = asked.model_dump(mode="json")
    for change in (
        lambda d: d["parts"]["Asked"].pop("why"),
        lambda d: d["sections"].pop("data"),
        lambda d: d["required"].update(project=["zork"]),
    ):
        broken = type(asked).model_validate(plain).model_dump(mode="json")
        change(broken)
        with pytest.raises(PaperInvalid):
            type(asked).read(broken, "The list")


def test_every_word_of_a_problem_is_used_and_explained(repository: Any) -> None:
    folder = repository / "src" / "commonweal" / "governance" / "application"
    source = "".join(p.read_text("utf-8") for p in folder.glob("*.py") if p.name != "checking.py")
    source += (folder / "checking.py").read_text("utf-8").split("class Setting")[1]
    assert [word for word in WORDS if f'"{word}"' not in source and word != "form"] == []


# --- security of places -----------------------------------------------------------------------

YEARS = [
    ("2024-25", date(2025, 6, 30)),
    ("2099-00", date(2100, 6, 30)),
    ("2025-25", None),
    ("2025-27", None),
    ("2025", None),
    ("25-26", None),
    ("", None),
    (None, None),
    ("\u0662\u0660\u0662\u0665-26", None),
]


@pytest.mark.parametrize(("year", "ends"), YEARS)
def test_a_toolkit_year_ends_in_june(year: str | None, ends: date | None) -> None:
    assert year_end(year) == ends


@pytest.mark.parametrize(
    ("shown", "until"),
    [
        ({"by": "dspt", "year": "2024-25"}, date(2026, 6, 30)),
        ({"by": "dspt", "year": "next"}, None),
        ({"by": "dspt"}, None),
        ({"by": "alternative", "iso_expires": "2026-05-01", "cyber_expires": "2026-04-01"},
         date(2026, 4, 1)),
        ({"by": "alternative", "iso_expires": "2026-05-01"}, None),
    ],
)  # fmt: skip
def test_until_when_a_place_is_secure(shown: dict[str, Any], until: date | None) -> None:
    assert holds_until(Assurance.read(shown, "The assurance")) == until


@given(st.integers(2000, 2098), st.integers(0, 24), st.sampled_from([1, 3, 6, 9, 12]))
def test_months_later_is_the_end_of_that_month(year: int, months: int, month: int) -> None:
    """Against a slow walk: the last day of a month, so many months on."""
    plain = read_seed(Security).model_dump(mode="json")
    last = (date(year + 1 + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    plain |= {"year_ends": {"month": month, "day": last}, "holds_months": months}
    rules = Security.read(plain, "The list")
    walked = date(year + 1, month, 1)
    for _ in range(months + 1):
        walked = (walked + timedelta(days=31)).replace(day=1)
    shown = Assurance(by="dspt", year=f"{year}-{(year + 1) % 100:02}")
    assert holds_until(shown, rules) == walked - timedelta(days=1)


# --- freezing ---------------------------------------------------------------------------------


def test_a_version_is_frozen_whole() -> None:
    version = applications.version(applications.company_data(), "aia", number=3)
    assert version.number == 3
    assert version.form_digest("aia") == version.answers[0].digest()
    assert version.form_digest("zork") is None
    assert version.rules == seed_versions()
    assert {each.id for each in version.evidence} == {"protocol", "rec", "partner"}
    assert ApplicationVersion.read(version.plain(), "The version") == version


def test_a_version_tells_the_committee_and_the_signer_what_they_ask() -> None:
    data = applications.company_data(people=[applications.member("bob", employer="Breath Ltd")])
    version = applications.version(data, "aia")
    assert version.involved == {"amira", "bob"}
    assert version.needs_assessment
    assert ("hospital", "patients", "born") in version.asked
    assert len(version.asked) == 7
    assert version.permit_id == "app-7-1"
    assert version.content.given == {
        "uses_ai": True, "is_research": True, "without_consent": False, "with_company": True
    }  # fmt: skip
    plain = applications.content()
    assert not plain.given["with_company"]
    assert not plain.given["uses_ai"]


@pytest.mark.parametrize(
    ("route", "law", "asked"),
    [
        ({"identifiable": True, "consent": False}, None, True),
        ({"identifiable": True}, None, True),
        ({"identifiable": True, "consent": True}, "explicit_consent", False),
        ({"identifiable": False}, "not_confidential", False),
        ({}, None, False),
        ({"identifiable": False}, "s251_reg5", True),
        ({}, "s251_reg2", True),
    ],
)
def test_the_duty_of_confidence_is_asked_about_where_people_are_seen_without_consent(
    route: dict[str, bool], law: str | None, asked: bool
) -> None:
    found = ApplicationContent.model_validate({"route": route, "legal": {"common_law": law}})
    assert found.given["without_consent"] is asked


def test_a_permit_cannot_replace_itself() -> None:
    with pytest.raises(PaperInvalid, match="cannot replace itself"):
        applications.version(applications.content_data(project__replaces="app-7-1"))


def test_the_same_application_has_the_same_digest_and_another_has_another() -> None:
    one = applications.version()
    assert one.digest() == applications.version().digest()
    others = [
        applications.version(number=2),
        applications.version(at=applications.NOW + timedelta(hours=1)),
        applications.version(applications.content_data(project__title="Asthma in summer")),
        applications.version(None, "benefits"),
    ]
    assert len({one.digest(), *(each.digest() for each in others)}) == 5


def test_the_standard_is_written_into_a_version() -> None:
    safeguards = applications.version(applications.content_data(safeguards={})).content.safeguards
    assert (safeguards.k, safeguards.minimum_people, safeguards.holdout_share) == (5, 10, 0.2)
    stronger = with_standard(applications.content(safeguards={"k": 20})).safeguards
    assert (stronger.k, stronger.shift_weeks) == (20, 8)


def test_what_is_not_complete_is_not_frozen() -> None:
    for data in (
        applications.content_data(purpose__codes=["insurance"]),
        applications.content_data(project__title="a\nb"),
        {},
    ):
        with pytest.raises(Refused, match="CW-APPLY-NOT-COMPLETE"):
            applications.version(data)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0}, {"number": 10_000}, {"application": "a b"}, {"application": "a" * 49},
        {"zork": 1}, {"evidence": []}, {"catalogue_digest": "x"}, {"sent_at": "yesterday"},
    ],
)  # fmt: skip
def test_a_version_that_cannot_be(change: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        ApplicationVersion.read(applications.version().plain() | change, "The version")


def test_a_version_never_holds_what_could_not_be_read() -> None:
    plain = applications.version().plain()
    plain["content"]["kept"] = [{"path": ["x"], "value": 1, "reason": "is not known"}]
    with pytest.raises(PaperInvalid, match="could not be read"):
        ApplicationVersion.read(plain, "The version")


def test_a_form_is_answered_once_in_a_version() -> None:
    plain = applications.version().plain()
    plain["answers"] *= 2
    with pytest.raises(PaperInvalid, match="answered twice"):
        ApplicationVersion.read(plain, "The version")


def test_ids_and_numbers_are_checked_when_freezing() -> None:
    with pytest.raises(PaperInvalid):
        freeze(
            "two words", 1, applications.content(), applications.forms(), at=applications.NOW,
            by="amira", catalogue=factories.catalogue(),
        )  # fmt: skip


# --- copying ----------------------------------------------------------------------------------


def test_every_section_says_how_it_is_copied() -> None:
    assert set(CARRIED) == set(SECTIONS)


def test_what_carries_over_and_what_not() -> None:
    earlier = read_draft(applications.support_data())
    copied = copy_application(earlier, applications.NOW)
    new = copied.content
    assert new.organisation == earlier.organisation
    assert new.people == earlier.people
    assert new.purpose == earlier.purpose
    assert new.data.groups == earlier.data.groups
    assert new.legal.common_law == earlier.legal.common_law
    assert (new.legal.cag, new.legal.ethics) == (None, None)
    assert (new.declarations, new.documents) == ((), ())
    assert new.period.is_empty
    assert new.opt_out.is_empty
    assert (new.project.id, new.project.title) == (None, None)
    assert new.project.lay_summary == earlier.project.lay_summary
    assert new.assessments.plain() == {"dpo": "Dana Officer"}
    assurance = new.places[0].assurance
    assert assurance is not None
    assert (assurance.status, assurance.checked_by, assurance.checked_on) == (
        "standards_met", None, None
    )  # fmt: skip
    told = {section for section, _ in copied.anew}
    assert {"declarations", "period", "legal", "opt_out", "documents", "places"} <= told
    assert len(anew_sentences(copied)) == len(copied.anew)


def test_what_has_run_out_is_left_behind() -> None:
    data = applications.content_data(
        people__0__honorary_contract={
            "with_organisation": "X", "expires": "2026-12-31", "evidence": "Y"
        },
    )  # fmt: skip
    later = datetime(2028, 6, 1, tzinfo=UTC)
    copied = copy_application(read_draft(data), later)
    assert copied.content.people[0].training == ()
    assert copied.content.people[0].honorary_contract is None
    assert copied.content.places[0].assurance is None
    said = dict(copied.anew)
    assert said["people"] == (
        "Something of person 1 has run out: training and the honorary contract."
    )


def test_an_empty_draft_copies_to_an_empty_draft() -> None:
    copied = copy_application(read_draft({}), applications.NOW)
    assert copied.content == read_draft({})
    assert {section for section, _ in copied.anew} <= {"project"}


def test_a_copy_is_not_complete_until_it_is_answered_anew() -> None:
    from commonweal.governance.application.complete import can_send

    copied = copy_application(read_draft(applications.content_data()), applications.NOW)
    forms, catalogue = applications.forms(), factories.catalogue()
    assert not can_send(copied.content, forms, applications.NOW, catalogue=catalogue)


def test_what_ends_today_still_counts_today() -> None:
    data = applications.content_data(people__0__training__0__expires="2026-03-02")
    copied = copy_application(read_draft(data), applications.NOW)
    assert len(copied.content.people[0].training) == 1


@pytest.mark.parametrize(
    ("role", "form", "asked"),
    [
        ("quasi_identifier", "exact", True),
        ("quasi_identifier", "record_code", False),  # a code says nothing of anybody
        ("direct_identifier", "age_band(5,90)", True),
        ("direct_identifier", "pseudonym", False),
        ("free_text", "redacted_text", True),
        ("image", "deidentified_image", True),
        ("genomic", "exact", True),
        ("sensitive", "exact", False),
        ("other", "exact", False),
    ],
)
def test_which_variables_have_a_reason_of_their_own(role: str, form: str, asked: bool) -> None:
    variable = Variable(name="x", type="text", role=role)
    assert needs_own_reason(variable, Form.parse(form)) is asked
