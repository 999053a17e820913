"""Framework contracts and agreements: made of versioned clauses, from what was decided."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.agreement import model
from commonweal.governance.agreement.library import (
    BLANKS,
    HEADINGS,
    Circumstances,
    Clause,
    ClauseLibrary,
    clause_library,
)
from commonweal.governance.agreement.make import make_agreement
from commonweal.governance.agreement.model import WRITING, Agreement, Framework, Signatory
from commonweal.papers.base import PaperInvalid
from tests import applications, factories

# What domain reference 6.1 lists, and the clause that answers it.
CLAUSES = {
    "parties and roles": "parties",
    "purpose limitation": "purpose",
    "data and fields": "data",
    "no re-identification": "no_re_identification",
    "no linkage beyond schedule": "no_linkage",
    "named users and training": "users",
    "territory": "territory",
    "security standard": "security",
    "no onward sharing": "no_onward",
    "output rules": "outputs",
    "publication and acknowledgement": "publication",
    "audit right": "audit",
    "incident notice": "incidents",
    "objections applied": "objections",
    "retention and destruction certificate": "retention",
    "IP and commercial terms": "ip",
    "termination, suspension, penalties": "termination",
    "liability": "liability",
    "term": "term",
    "governing law": "law",
}


def made(data: dict[str, Any] | None = None, *forms: str, **changes: Any) -> Agreement:
    version = applications.version(data, *forms)
    return applications.agreement(version, applications.decision(version, **changes))


def ids(agreement: Any) -> set[str]:
    return {clause.id for clause in agreement.clauses}


# --- clauses ----------------------------------------------------------------------------------


def test_a_university_agrees_on_every_heading() -> None:
    assert set(CLAUSES.values()) <= ids(made())


def test_an_incident_is_told_within_24_hours() -> None:
    texts = {clause.id: clause.text for clause in made().clauses}
    assert "within 24 hours" in texts["incidents"]
    assert "section 171" in texts["no_re_identification"]
    assert "certificate" in texts["retention"]


@pytest.mark.parametrize(
    ("data", "forms", "there", "absent"),
    [
        ("content_data", (), {"enclave"}, {"handover", "benefit_sharing", "models", "section_251"}),
        ("company_data", ("aia",), {"benefit_sharing", "models"}, {"fundraising", "gateway"}),
        ("support_data", (), {"section_251"}, {"models", "benefit_sharing"}),
    ],
)
def test_clauses_follow_from_the_project(
    data: str, forms: tuple[str, ...], there: set[str], absent: set[str]
) -> None:
    found = ids(made(getattr(applications, data)(), *forms))
    assert there <= found
    assert not absent & found


def test_each_kind_of_organisation_has_its_clauses() -> None:
    library = clause_library()
    for kind, clause in (
        ("company", "benefit_sharing"), ("charity", "fundraising"), ("government", "gateway"),
        ("local_authority", "gateway"),
    ):  # fmt: skip
        there = Circumstances(kinds=frozenset({kind}))
        assert clause in {each.id for each in library.chosen("project", there)}
        other = Circumstances(kinds=frozenset({"university"}))
        assert clause not in {each.id for each in library.chosen("project", other)}


def test_handed_over_data_have_their_own_clause() -> None:
    data = applications.content_data(access__delivery="handover", access__why_handover="Size.")
    assert {"handover"} <= ids(made(data))
    assert "enclave" not in ids(made(data))


def test_the_custodians_own_team_has_internal_terms() -> None:
    data = applications.content_data(
        organisation={"name": "Wharfedale Hospital", "kind": "custodian"}
    )
    data["people"][0]["employer"] = "Wharfedale Hospital"
    agreement = made(data)
    assert agreement.scope == "internal"
    assert agreement.framework_digest is None
    assert {"parties_internal", "purpose", "incidents"} <= ids(agreement)
    assert not {"liability", "law", "ip"} & ids(agreement)
    assert agreement.title.startswith("Internal terms")


def test_no_blank_is_left_and_what_is_filled_in_is_not_read_again() -> None:
    data = applications.content_data(project__title="{custodian} {ends} {zork}")
    agreement = made(data)
    texts = " ".join(clause.text for clause in agreement.clauses)
    assert "{custodian} {ends} {zork}" in texts  # the title, as it was typed
    assert texts.count("{") == 3 * texts.count("{zork}")


def test_every_clause_of_the_library_can_stand_somewhere() -> None:
    for clause in clause_library().clauses:
        limits = clause.when.limits()
        there = Circumstances(
            kinds=limits.get("kinds", frozenset({"nhs_body"})),
            purposes=limits.get("purposes", frozenset()),
            processing=limits.get("processing", frozenset()),
            delivery=limits.get("delivery", frozenset()),
            common_law=limits.get("common_law", frozenset()),
        )
        assert all(clause.holds(scope, there) for scope in clause.in_)
        words = dict.fromkeys(BLANKS, "filled")
        assert "{" not in clause.filled(words)


def library_with(change: Any) -> ClauseLibrary:
    plain = clause_library().plain()
    change(plain["clauses"])
    return ClauseLibrary.read(plain, "The library")


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_library_without_a_heading_is_refused(heading: str) -> None:
    def without(clauses: list[dict[str, Any]]) -> None:
        clauses[:] = [each for each in clauses if each["heading"] != heading]

    with pytest.raises(PaperInvalid, match="no clause that always holds"):
        library_with(without)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.append(c[0]),
        lambda c: c[0].update(text="Ask {somebody}."),
        lambda c: c[0].update(text="A lone { brace."),
        lambda c: c[0].update(text="Too {{custodian}} many."),
        lambda c: c[0].update({"in": []}),
        lambda c: c[0].update({"in": ["treaty"]}),
        lambda c: c[0].update(version=0),
        lambda c: c[0].update(when={"moon": ["full"]}),
        lambda c: c[0].update(when={"kinds": ["circus"]}),
        lambda c: c[2].update(when={"kinds": ["company"]}),  # a needed heading only sometimes
    ],
)
def test_a_broken_clause_is_refused(change: Any) -> None:
    with pytest.raises(PaperInvalid):
        library_with(change)


def test_a_new_library_makes_new_agreements_and_leaves_old_ones() -> None:
    def stricter(clauses: list[dict[str, Any]]) -> None:
        for each in clauses:
            if each["id"] == "incidents":
                each.update(version=2, text="Whatever happens is told to {custodian} at once.")

    version = applications.version()
    decided = applications.decision(version)
    old = applications.agreement(version, decided)
    new = make_agreement(
        "agreement-2", version, decided, factories.catalogue().custodian,
        applications.signatories(), at=old.made_at, framework=applications.framework(version),
        library=library_with(stricter),
    )  # fmt: skip
    versions = {each.id: each.version for each in new.clauses}
    assert (versions["incidents"], versions["purpose"]) == (2, 1)
    assert old.digest() != new.digest()
    old.check_text()


# --- the paper --------------------------------------------------------------------------------


def test_an_agreement_says_what_was_decided() -> None:
    agreement = made(
        refused=("patients.sex",), coarser={"admissions.diagnosis": "truncate(3)"},
        outcome="approve_with_conditions", conditions=("Report every quarter.",),
        until=date(2026, 12, 31),
    )  # fmt: skip
    held = {(each.table, each.variable): each.form for each in agreement.schedule}
    assert ("patients", "sex") not in held
    assert held["admissions", "diagnosis"] == "truncate(3)"
    assert agreement.ends == date(2026, 12, 31)
    assert agreement.conditions[0] == "Report every quarter."
    assert "The results of the work are published, whatever they are." in agreement.conditions
    text = agreement.markdown()
    assert "Report every quarter." in text
    assert "31 December 2026" in text
    assert "sex" not in text
    assert agreement.version_digest in text


def test_the_text_is_the_one_that_was_agreed() -> None:
    agreement = made()
    agreement.check_text()
    agreement.check_text(agreement.markdown())
    with pytest.raises(Fault, match="CW-AGREEMENT-TEXT"):
        agreement.check_text(agreement.markdown().replace("24 hours", "24 days"))
    changed = agreement.clauses[0].model_copy(update={"text": "Nothing is agreed."})
    forged = agreement.model_copy(update={"clauses": (changed, *agreement.clauses[1:])})
    with pytest.raises(Fault, match="CW-AGREEMENT-TEXT"):
        forged.check_text()
    # No paper is written in a way that is still to come.
    newer = agreement.model_copy(update={"writing": WRITING + 1})
    with pytest.raises(Fault, match="CW-AGREEMENT-TEXT"):
        newer.check_text()


def test_an_older_way_of_writing_tells_nothing_but_the_kept_text_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreement = made()
    kept = agreement.markdown()
    monkeypatch.setattr(model, "WRITING", WRITING + 1)
    monkeypatch.setattr(Agreement, "markdown", lambda _: "Other words.")
    agreement.check_text()
    agreement.check_text(kept)
    with pytest.raises(Fault, match="CW-AGREEMENT-TEXT"):
        agreement.check_text("Other words.")


def test_who_may_accept_it_is_told_by_role() -> None:
    assert made().signatory_ids() == {
        "signatory_applicant": frozenset({"una"}),
        "signatory_custodian": frozenset({"carl"}),
    }
    one, other = applications.signatories()
    refused("CW-AGREEMENT-INVALID", signatories=(one, other, one))


def test_whoever_changes_how_a_text_is_written_counts_up() -> None:
    """If this fails because the same paper is written in other words, count up `WRITING`."""
    clause = {"number": 1, "id": "a", "version": 1, "heading": "A", "text": "One.\n\nTwo."}
    fixed = made().plain() | {
        "clauses": [clause],
        "version_digest": factories.hash_of("version"),
        "decision_digest": factories.hash_of("decision"),
        "conditions": ["Report."],
    }
    paper = Agreement.read(fixed, "The agreement")
    assert (WRITING, paper.digest_of_text()) == (
        1,
        "sha256:1c0f4be54818d58f8acc85cc50877fded23c7070de9061277c9038b2a0b0aaee",
    )


def test_agreements_are_read_back() -> None:
    agreement = made(applications.company_data(), "aia")
    assert Agreement.read(agreement.plain(), "The agreement") == agreement
    framework = applications.framework(applications.version())
    assert Framework.read(framework.plain(), "The contract") == framework


def test_hostile_names_stay_text_in_an_agreement() -> None:
    data = applications.content_data(project__title="<b>A</b> [x](javascript:1)\\")
    agreement = made(data)
    assert "<b>" not in agreement.html()
    assert "\\<b\\>A" in agreement.markdown()
    assert "\\[x\\]" in agreement.markdown()


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "framework"},
        {"scope": "internal"},
        {"framework_digest": None},
        {"signatories": []},
        {"signatories": [{"id": "a", "name": "A", "role": "B", "side": "custodian"}]},
        {"schedule": []},
        {"people": []},
        {"clauses": []},
        {"ends": "2020-01-01"},
        {"version_digest": "x"},
        {"zork": 1},
    ],
)
def test_an_agreement_that_cannot_be(change: dict[str, Any]) -> None:
    plain = made().plain() | change
    with pytest.raises(PaperInvalid):
        Agreement.read({k: v for k, v in plain.items() if v is not None}, "The agreement")


def test_clauses_are_numbered_from_one_on() -> None:
    plain = made().plain()
    plain["clauses"] = plain["clauses"][1:]
    with pytest.raises(PaperInvalid, match="not numbered from 1"):
        Agreement.read(plain, "The agreement")


# --- what an agreement stands on --------------------------------------------------------------


def refused(code: str, version: Any = None, decided: Any = None, **changes: Any) -> None:
    version = version or applications.version()
    decided = decided or applications.decision(version)
    with pytest.raises(CommonwealError) as caught:
        applications.agreement(version, decided, **changes)
    assert caught.value.code == code


def test_no_agreement_without_a_framework_contract() -> None:
    refused("CW-AGREEMENT-FRAMEWORK", framework=None)


def test_no_agreement_under_the_contract_of_one_with_the_same_name() -> None:
    version = applications.version(applications.company_data(), "aia")
    namesake = applications.version(
        applications.company_data(organisation__reference="99999999"), "aia"
    )
    contract = applications.framework(namesake)
    refused("CW-AGREEMENT-FRAMEWORK", version, framework=contract)


def test_no_agreement_under_anothers_contract() -> None:
    company = applications.version(applications.company_data(), "aia")
    refused("CW-AGREEMENT-FRAMEWORK", framework=applications.framework(company))


@pytest.mark.parametrize(
    "dates",
    [
        {"starts": date(2026, 4, 2)},
        {"ends": date(2027, 3, 30)},
    ],
)
def test_no_agreement_under_a_contract_that_is_too_short(dates: dict[str, Any]) -> None:
    version = applications.version()
    refused("CW-AGREEMENT-FRAMEWORK", framework=applications.framework(version, **dates))


def test_a_shorter_project_fits_under_a_shorter_contract() -> None:
    version = applications.version()
    short = applications.framework(version, ends=date(2026, 12, 31))
    decided = applications.decision(version, until=date(2026, 12, 31))
    assert applications.agreement(version, decided, framework=short).ends == date(2026, 12, 31)


def test_no_agreement_before_the_decision() -> None:
    version = applications.version()
    decided = applications.decision(version)
    refused("CW-AGREEMENT-EARLY", version, decided, at=decided.decided_at - timedelta(seconds=1))


@pytest.mark.parametrize("outcome", ["reject", "resubmit", "maybe"])
def test_no_agreement_without_a_yes(outcome: str) -> None:
    version = applications.version()
    decided = applications.decision(version, outcome=outcome)
    refused("CW-COMPILE-NOT-APPROVED", version, decided)


def test_no_agreement_about_another_version() -> None:
    other = applications.decision(applications.version(number=2))
    refused("CW-COMPILE-DECISION-OTHER", applications.version(), other)


def test_both_sides_sign() -> None:
    one = Signatory(id="una", name="Una Dean", role="Dean", side="applicant")
    refused("CW-AGREEMENT-INVALID", signatories=(one,))
    refused("CW-AGREEMENT-INVALID", signatories=())


def test_a_framework_contract_is_between_two() -> None:
    plain = applications.framework(applications.version()).plain()
    for change in (
        {"parties": plain["parties"][:1]},
        {"parties": [*plain["parties"], plain["parties"][1]]},
        {"signatories": plain["signatories"][:1]},
    ):
        with pytest.raises(PaperInvalid):
            Framework.read(plain | change, "The contract")
    with pytest.raises((PaperInvalid, Refused), match="CW-AGREEMENT-INVALID"):
        applications.framework(applications.version(), ends=date(2020, 1, 1))


def test_a_clause_can_say_when_it_holds() -> None:
    clause = Clause.read(
        {
            "id": "x", "version": 1, "heading": "X", "in": ["project"], "text": "X.",
            "when": {"kinds": ["company"], "delivery": ["handover"]},
        },
        "The clause",
    )  # fmt: skip
    company = frozenset({"company"})
    assert not clause.holds("project", Circumstances(kinds=company))
    both = Circumstances(kinds=company, delivery=frozenset({"handover"}))
    assert clause.holds("project", both)
    assert not clause.holds("framework", both)
