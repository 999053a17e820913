# ruff: noqa: E501 (a table reads best with one case a line)
"""Every refusal of a draft, as a table: what is changed in a good draft, and the code that follows.

The first row changes nothing and is issued. The table is complete: each code that the rules can
raise has at least one row.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.issue import issue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import check_draft, faults, wanted
from tests import factories

PATIENTS, ADMISSIONS = 0, 1
S251 = {
    "uk_gdpr_article_6": "public_task",
    "uk_gdpr_article_9": "research",
    "common_law": "s251_reg5",
    "cag": {
        "reference": "25/CAG/0012",
        "decision_maker": "hra",
        "supported_on": "2025-06-01",
        "next_review": "2026-06-01",
        "items": ["patients.born", "nhs_number", "sex", "admission_id", "admitted", "diagnosis"],
    },
}
DETERMINATION = {
    "code": "anonymised",
    "decided_by": "C. Guardian",
    "decided_on": "2026-02-01",
    "evidence": "Assessment 7 of the motivated intruder test.",
    "expires": "2026-12-31",
}


def variable(table: int, place: int, **values: str) -> tuple[str, Any]:
    return f"data.0.tables.{table}.variables.{place}", values


def where(table: str, name: str, op: str, value: Any = None) -> dict[str, Any]:
    given = {} if value is None else {"value": value}
    return {"where": {"table": table, "variable": name, "op": op, **given}}


P, A = (
    (lambda place, **v: variable(PATIENTS, place, **v)),
    (lambda place, **v: variable(ADMISSIONS, place, **v)),
)
NEXT_P, NEXT_A = 3, 4


def admitted(op: str, value: Any) -> dict[str, Any]:
    return where("admissions", "admitted", op, value)


def born(op: str, value: Any) -> dict[str, Any]:
    return where("patients", "born", op, value)


def taken(op: str, value: Any) -> dict[str, Any]:
    return where("tests", "taken", op, value)


def between(name: Any, first: str, last: str) -> dict[str, Any]:
    return {"all": [name("ge", first), name("le", last)]}


def asked(cohort: dict[str, Any]) -> list[tuple[str, Any]]:
    return [("cohort", cohort)]


LATER = {"at_least": {"n": 2, "of": admitted("ge", "2024-01-01")["where"]}}
EARLIER = {"at_least": {"n": 3, "of": admitted("le", "2024-01-09")["where"]}}
DATES = "CW-PERMIT-DATE-FORMS"
IDENTIFIER = "CW-PERMIT-DIRECT-IDENTIFIER"

ALLOWED: list[tuple[str, list[tuple[str, Any]]]] = [
    ("nothing changed", []),
    ("an interval since the first date", [A(2, variable="admitted", form="interval")]),
    (
        "an interval between two dates of a row",
        [A(2, variable="discharged", form="interval", since="admitted")],
    ),
    (
        "an administrative date since another",
        [A(NEXT_A, variable="loaded", form="interval", since="audited")],
    ),
    ("as many candidates as a shift has", [("shift_weeks", 2), ("risk", {"shift_candidates": 5})]),
    ("two shifted dates", [A(NEXT_A, variable="discharged", form="shift")]),
    (
        "genomic data that are named",
        [P(NEXT_P, variable="genome", form="exact"), ("genomic", True)],
    ),
    ("section 251 with all items", [("legal_basis", S251)]),
    ("a cohort by diagnosis", [("cohort", where("admissions", "diagnosis", "in", ["J45", "J46"]))]),
    (
        "a cohort by a range of dates",
        [("cohort", where("admissions", "admitted", "ge", "2024-01-01"))],
    ),
    ("a cohort by age", [("cohort", where("patients", "born", "lt", "2008-01-01"))]),
    # A shift of 8 weeks either way needs 17 weeks: 119 days.
    ("a cohort of 17 weeks", asked(between(admitted, "2024-01-01", "2024-04-28"))),
    (
        "17 weeks of a timestamp",
        asked({"all": [taken("ge", "2024-01-01"), taken("lt", "2024-04-29")]}),
    ),
    (
        "5 weeks beside a shift of 2",
        [("shift_weeks", 2), *asked(between(admitted, "2024-01-01", "2024-02-04"))],
    ),
    ("all but one day", asked(admitted("ne", "2024-01-01"))),
    (
        "before or after",
        asked({"any": [admitted("le", "2024-01-01"), admitted("ge", "2024-01-02")]}),
    ),
    (
        "one day where no date is moved",
        [A(2, variable="admitted", form="exact"), *asked(admitted("eq", "2024-01-01"))],
    ),
    ("births in 366 days", asked(between(born, "1950-01-01", "1951-01-01"))),
    ("births outside a year", asked({"not": between(born, "1950-01-01", "1950-12-31")})),
    (
        "an interval since a moved date",
        [A(NEXT_A, variable="discharged", form="interval", since="admitted")],
    ),
    (
        "an interval since another interval",
        [
            A(2, variable="admitted", form="interval"),
            A(NEXT_A, variable="discharged", form="interval", since="admitted"),
        ],
    ),
    (
        "exact and coarse dates without a shift",
        [A(2, variable="admitted", form="exact"), P(1, variable="born", form="age_band(1,90)")],
    ),
]

REFUSED: list[tuple[str, list[tuple[str, Any]], str]] = [
    # --- names -------------------------------------------------------------------------------
    ("unknown dataset", [("data.0.dataset", "elsewhere")], "CW-PERMIT-UNKNOWN-VARIABLE"),
    ("unknown table", [("data.0.tables.0.table", "staff")], "CW-PERMIT-UNKNOWN-VARIABLE"),
    ("a table in other case", [("data.0.tables.0.table", "Patients")], "CW-PERMIT-UNKNOWN-VARIABLE"),
    ("unknown variable", [P(1, variable="height", form="exact")], "CW-PERMIT-UNKNOWN-VARIABLE"),
    (
        "unknown since",
        [A(2, variable="admitted", form="interval", since="height")],
        "CW-PERMIT-UNKNOWN-VARIABLE",
    ),
    (
        "cohort of an unknown variable",
        [("cohort", where("patients", "height", "ge", 1))],
        "CW-PERMIT-UNKNOWN-VARIABLE",
    ),
    # --- roles -------------------------------------------------------------------------------
    ("no role", [P(1, variable="undecided", form="exact")], "CW-PERMIT-ROLE-MISSING"),
    ("a name as it is", [P(1, variable="name", form="exact")], IDENTIFIER),
    ("a birthday as it is", [P(1, variable="born", form="exact")], IDENTIFIER),
    ("a record key as it is", [A(1, variable="admission_id", form="exact")], IDENTIFIER),
    ("a record key cut short", [A(1, variable="admission_id", form="truncate(3)")], IDENTIFIER),
    ("the person key as it is", [A(0, variable="nhs_number", form="exact")], IDENTIFIER),
    ("the person key as a record code", [A(0, variable="nhs_number", form="record_code")], IDENTIFIER),
    ("genomic data unnamed", [P(1, variable="genome", form="exact")], "CW-PERMIT-GENOMIC"),
    (
        "a pseudonym of a record",
        [A(1, variable="admission_id", form="pseudonym")],
        "CW-PERMIT-PSEUDONYM-PLACE",
    ),
    (
        "a pseudonym of a way through another table",
        [("data.0.tables.1", {"table": "tests", "variables": [
            {"variable": "admission_id", "form": "pseudonym"}]})],
        "CW-PERMIT-PSEUDONYM-PLACE",
    ),
    # --- forms -------------------------------------------------------------------------------
    ("a form not offered", [A(3, variable="diagnosis", form="truncate(2)")], "CW-PERMIT-FORM-NOT-OFFERED"),
    ("a finer band", [P(1, variable="born", form="age_band(2,90)")], "CW-PERMIT-FORM-NOT-OFFERED"),
    ("text not built", [A(3, variable="note", form="redacted_text")], "CW-PERMIT-FORM-NOT-BUILT"),
    (
        "images not built",
        [A(3, variable="diagnosis", form="deidentified_image")],
        "CW-PERMIT-FORM-NOT-BUILT",
    ),
    # --- dates (S16) -------------------------------------------------------------------------
    ("shift and exact", [A(NEXT_A, variable="discharged", form="exact")], DATES),
    ("shift and month of birth", [P(1, variable="born", form="month")], DATES),
    ("shift and year of birth", [P(1, variable="born", form="year")], DATES),
    ("shift and exact age", [P(1, variable="born", form="age_band(1,90)")], DATES),
    ("administrative shifted", [A(NEXT_A, variable="loaded", form="shift")], "CW-PERMIT-FORM-NOT-OFFERED"),
    ("administrative alone", [A(NEXT_A, variable="loaded", form="interval")], DATES),
    (
        "administrative since a true date",
        [A(NEXT_A, variable="loaded", form="interval", since="admitted")],
        DATES,
    ),
    (
        "a true date since administrative",
        [A(2, variable="admitted", form="interval", since="loaded")],
        DATES,
    ),
    ("since a text", [A(2, variable="admitted", form="interval", since="diagnosis")], DATES),
    ("since itself", [A(2, variable="admitted", form="interval", since="admitted")], DATES),
    (
        "cohort of one exact day beside a shift",
        [("cohort", where("admissions", "admitted", "eq", "2024-01-01"))],
        DATES,
    ),
    ("a day before 17 weeks", asked(between(admitted, "2024-01-01", "2024-04-27")), DATES),
    ("neighbours", asked({"all": [admitted("gt", "2024-01-01"), admitted("lt", "2024-01-03")]}), DATES),
    ("not before and not after", asked({"all": [
        {"not": admitted("lt", "2024-01-01")}, {"not": admitted("gt", "2024-01-01")}]}), DATES),
    ("not (before or after)", asked({"not": {"any": [
        admitted("lt", "2024-01-01"), admitted("ge", "2024-02-01")]}}), DATES),
    ("not another day", asked({"not": admitted("ne", "2024-01-01")}), DATES),
    ("one day of many", asked(admitted("in", ["2024-01-01", "2023-01-01"])), DATES),
    ("bounds far apart in the paper", asked({"all": [
        {"any": [{"all": [admitted("ge", "2024-01-01"), where("patients", "sex", "eq", "F")]},
                 {"everyone": True}]},
        where("admissions", "diagnosis", "starts_with", "J"),
        {"not": {"not": {"all": [{"everyone": True}, admitted("le", "2024-01-09")]}}}]}), DATES),
    ("one narrow branch of an any", asked({"any": [
        where("patients", "sex", "eq", "F"), between(admitted, "2024-01-01", "2024-01-09")]}), DATES),
    ("bounds on numbers of rows", asked({"all": [LATER, EARLIER]}), DATES),
    ("a bound on numbers of rows, turned", asked({"all": [
        LATER, {"not": {"at_least": {"n": 1, "of": admitted("gt", "2024-01-09")["where"]}}}]}), DATES),
    ("a hidden second condition", asked({"all": [
        between(admitted, "2024-01-01", "2024-01-09"), admitted("ge", "2024-03-01")]}), DATES),
    ("a window made of two dates", asked({"all": [
        admitted("ge", "2024-01-01"), where("admissions", "discharged", "le", "2024-01-02")]}), DATES),
    ("a date that is not shown beside a moved one", asked(
        between(lambda op, day: where("admissions", "discharged", op, day), "2024-01-01", "2024-01-09")), DATES),
    ("one midnight", asked(between(taken, "2024-01-01", "2024-01-01")), DATES),
    ("a day short in timestamps", asked({"all": [taken("gt", "2024-01-01"), taken("lt", "2024-04-29"),
                                               taken("le", "2024-04-28")]}), DATES),
    ("17 weeks beside a shift of 9", [("shift_weeks", 9), *asked(between(admitted, "2024-01-01", "2024-04-28"))], DATES),
    (
        "an interval since a true date",
        [A(2, variable="admitted", form="exact"),
         A(NEXT_A, variable="discharged", form="interval", since="admitted")],
        DATES,
    ),
    (
        "an interval since a true month",
        [A(2, variable="admitted", form="month"),
         A(NEXT_A, variable="discharged", form="interval", since="admitted")],
        DATES,
    ),
    ("an interval since a birthday", [P(NEXT_P, variable="died", form="interval", since="born")], DATES),
    (
        "an interval since what nobody has decided on",
        [P(NEXT_P, variable="died", form="interval", since="moved")],
        "CW-PERMIT-ROLE-MISSING",
    ),
    # --- cohort ------------------------------------------------------------------------------
    ("births of a year", asked(between(born, "1950-01-01", "1950-12-31")), "CW-PERMIT-COHORT"),
    ("births of a year, beside no date", [A(2, variable="admission_id", form="record_code"),
        A(1, variable="days", form="exact"), *asked(between(born, "1950-01-01", "1950-12-31"))], "CW-PERMIT-COHORT"),
    ("births, turned", asked({"not": {"any": [born("lt", "1950-01-01"), {"not": born("lt", "1950-01-02")}]}}), "CW-PERMIT-COHORT"),
    ("births of two days", asked(born("in", ["1950-01-01", "1950-01-02"])), "CW-PERMIT-COHORT"),
    ("cohort by NHS number", [("cohort", where("patients", "nhs_number", "in", ["x"]))], "CW-PERMIT-COHORT"),
    ("cohort by name", [("cohort", {"not": where("patients", "name", "eq", "x")})], "CW-PERMIT-COHORT"),
    ("cohort by record key", [("cohort", where("admissions", "admission_id", "is_present"))], "CW-PERMIT-COHORT"),
    ("cohort by free text", [("cohort", where("admissions", "note", "starts_with", "x"))], "CW-PERMIT-COHORT"),
    ("cohort without a role", [("cohort", where("patients", "undecided", "eq", "x"))], "CW-PERMIT-COHORT"),
    ("cohort of one birthday", [("cohort", where("patients", "born", "eq", "1950-05-05"))], "CW-PERMIT-COHORT"),
    ("cohort with a text for a number", [("cohort", where("admissions", "days", "ge", "3"))], "CW-PERMIT-COHORT"),
    ("cohort with true for a number", [("cohort", where("admissions", "days", "eq", True))], "CW-PERMIT-COHORT"),
    ("cohort with a number for text", [("cohort", where("admissions", "diagnosis", "eq", 4))], "CW-PERMIT-COHORT"),
    ("cohort with no such date", [("cohort", where("admissions", "admitted", "ge", "2023-02-29"))], "CW-PERMIT-COHORT"),
    ("cohort with a start of a number", [("cohort", where("admissions", "days", "starts_with", "1"))], "CW-PERMIT-COHORT"),
    (
        "counting by something that is no date",
        [("cohort", {"at_least": {"n": 2, "within_days": 9, "date": "diagnosis",
                                  "of": {"table": "admissions", "variable": "days", "op": "ge", "value": 1}}})],
        "CW-PERMIT-COHORT",
    ),
    # --- law ---------------------------------------------------------------------------------
    ("section 251 without an item", [("legal_basis", S251), ("legal_basis.cag.items", ["sex"])], "CW-PERMIT-CAG-ITEMS"),
    (
        "section 251 by the wrong office",
        [("legal_basis", S251), ("legal_basis.cag.decision_maker", "secretary_of_state")],
        "CW-PERMIT-CAG-DECIDER",
    ),
    (
        "section 251 by HRA for planning",
        [("legal_basis", S251), ("purposes", ["service_planning"])],
        "CW-PERMIT-CAG-DECIDER",
    ),
    ("section 251 overdue", [("legal_basis", S251), ("legal_basis.cag.next_review", "2026-01-01")], "CW-PERMIT-CAG-REVIEW"),
    ("section 251 from the future", [("legal_basis", S251), ("legal_basis.cag.supported_on", "2026-03-03")], "CW-PERMIT-PERIOD"),
    ("insurance", [("purposes", ["research", "insurance"])], "CW-PERMIT-PURPOSE"),
    ("marketing", [("purposes", ["marketing"])], "CW-PERMIT-PURPOSE"),
    (
        "an exemption that has run out",
        [("choices", {"national_opt_out": "exempt", "determination": {**DETERMINATION, "expires": "2026-02-28"}})],
        "CW-PERMIT-DETERMINATION-EXPIRED",
    ),
    (
        "an exemption from the future",
        [("choices", {"national_opt_out": "exempt", "determination": {**DETERMINATION, "decided_on": "2026-03-03"}})],
        "CW-PERMIT-PERIOD",
    ),
    # --- calendar ----------------------------------------------------------------------------
    ("ends before it starts", [("until", "2026-02-28")], "CW-PERMIT-PERIOD"),
    ("eleven years", [("until", "2037-03-01")], "CW-PERMIT-PERIOD"),
    ("over already", [("from", "2025-01-01"), ("until", "2026-03-01")], "CW-PERMIT-PERIOD"),
    ("a review after the end", [("review_dates", ["2027-03-01"])], "CW-PERMIT-PERIOD"),
    # --- shape -------------------------------------------------------------------------------
    ("an unknown key", [("approved", True)], "CW-PERMIT-INVALID"),
    ("a field of issuing", [("authority", "committee")], "CW-PERMIT-INVALID"),
    ("another version of the paper", [("permit", 2)], "CW-PERMIT-INVALID"),
    ("a number as text", [("risk", {"k": "5"})], "CW-PERMIT-INVALID"),
    ("true for a number", [("version", True)], "CW-PERMIT-INVALID"),
    ("NaN", [("holdout_share", float("nan"))], "CW-PERMIT-INVALID"),
    ("infinity", [("risk", {"marketer": float("inf")})], "CW-PERMIT-INVALID"),
    ("a share over one", [("risk", {"suppress_up_to": 1.1})], "CW-PERMIT-INVALID"),
    ("a huge number", [("version", 10**400)], "CW-PERMIT-INVALID"),
    ("a number JSON cannot hold", [("cohort", where("admissions", "days", "ge", 2**60))], "CW-PERMIT-INVALID"),
    ("the end of the calendar", [("until", "9999-12-31")], "CW-PERMIT-INVALID"),
    ("29 February of a common year", [("until", "2027-02-29")], "CW-PERMIT-INVALID"),
    ("an unknown purpose", [("purposes", ["curiosity"])], "CW-PERMIT-INVALID"),
    ("no purpose", [("purposes", [])], "CW-PERMIT-INVALID"),
    ("an unknown form", [P(1, variable="born", form="blurred")], "CW-PERMIT-INVALID"),
    ("a form with a wild number", [P(1, variable="born", form="age_band(0,90)")], "CW-PERMIT-INVALID"),
    ("since without interval", [P(2, variable="sex", form="exact", since="born")], "CW-PERMIT-INVALID"),
    ("a variable twice", [P(NEXT_P, variable="SEX", form="exact")], "CW-PERMIT-INVALID"),
    ("a variable twice, Cyrillic", [P(NEXT_P, variable="s\u0435x", form="exact")], "CW-PERMIT-INVALID"),
    ("a table twice", [("data.0.tables.1.table", "PATIENTS")], "CW-PERMIT-INVALID"),
    ("two datasets", [("data.1", {"dataset": "b", "tables": []})], "CW-PERMIT-INVALID"),
    ("a person twice", [("people.1", {"id": "AMIRA", "name": "B", "role": "C"})], "CW-PERMIT-INVALID"),
    ("more candidates than a shift has", [("shift_weeks", 2), ("risk", {"shift_candidates": 6})], "CW-PERMIT-INVALID"),
    ("replaces itself", [("supersedes", "asthma-1")], "CW-PERMIT-INVALID"),
    ("no CAG support", [("legal_basis.common_law", "s251_reg2")], "CW-PERMIT-INVALID"),
    ("an exemption without a reason", [("choices", {"national_opt_out": "exempt"})], "CW-PERMIT-INVALID"),
    ("a reason without an exemption", [("choices", {"determination": DETERMINATION})], "CW-PERMIT-INVALID"),
    (
        "anonymised for ever",
        [("choices", {"national_opt_out": "exempt",
                      "determination": {k: v for k, v in DETERMINATION.items() if k != "expires"}})],
        "CW-PERMIT-INVALID",
    ),
    ("a NUL in a title", [("project.title", "Asthma\x00")], "CW-PERMIT-INVALID"),
    ("text that runs backwards", [("project.title", "Asthma \u202eksir on")], "CW-PERMIT-INVALID"),
    ("an invisible space", [("people.0.name", "Amira\u200bKhan")], "CW-PERMIT-INVALID"),
    ("a blank title", [("project.title", "  ")], "CW-PERMIT-INVALID"),
    ("half a character", [("project.title", "\ud800")], "CW-PERMIT-INVALID"),
    ("an id in another alphabet", [("id", "\u0430sthma")], "CW-PERMIT-INVALID"),
    ("a prototype", [("__proto__", {"permit": 1})], "CW-PERMIT-INVALID"),
    ("an everyone that is false", [("cohort", {"everyone": False})], "CW-PERMIT-INVALID"),
    ("two cohorts in one", [("cohort", {"everyone": True, "all": [{"everyone": True}]})], "CW-PERMIT-INVALID"),
    ("no cohort at all", [("cohort", {})], "CW-PERMIT-INVALID"),
]  # fmt: skip


def catalogue() -> Catalogue:
    """The usual one, with a death and a date that nobody has decided on."""
    data = factories.catalogue_data()
    data["datasets"][0]["tables"][0]["variables"] += [
        factories.variable("died", "date", "quasi_identifier", "interval"),
        factories.variable("moved", "date", None),
    ]
    return Catalogue.read(data, "The catalogue", "CW-CATALOGUE-INVALID")


def make(changes: list[tuple[str, Any]]) -> str:
    data = factories.draft_data()
    for path, value in changes:
        factories.put(data, path, _copy(value))
    draft = PermitDraft.read(data, "The draft", "CW-PERMIT-INVALID")
    return issue(
        draft,
        catalogue(),
        factories.trust(),
        [factories.signer()],
        authority="direct",
        clock=factories.clock(),
    )


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("what", "changes"), ALLOWED, ids=[row[0] for row in ALLOWED])
def test_allowed(what: str, changes: list[tuple[str, Any]]) -> None:
    assert make(changes).endswith("\n")


@pytest.mark.parametrize(("what", "changes", "code"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(what: str, changes: list[tuple[str, Any]], code: str) -> None:
    with pytest.raises(CommonwealError) as caught:
        make(changes)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")
    assert "\n" not in caught.value.sentence


def test_every_code_of_the_rules_has_a_row(repository: Path) -> None:
    room = repository / "src" / "commonweal" / "papers"
    names = ("permit_rules.py", "cohort_rules.py", "issue.py", "permit.py")
    raised = {
        code
        for name in names
        for code in re.findall(r'PermitRefused\(\s*"(CW-[A-Z-]+)"', (room / name).read_text())
    }
    assert len(raised) >= 14
    # A missing link is a matter of the catalogue: its tests are in `test_permit_catalogues.py`.
    assert raised - {row[2] for row in REFUSED} == {"CW-PERMIT-NO-PERSON"}


def test_every_fault_is_found_not_only_the_first() -> None:
    data = factories.draft_data()
    for path, value in (
        P(1, variable="name", form="exact"),
        A(3, variable="note", form="redacted_text"),
        ("cohort", where("patients", "name", "eq", "x")),
    ):
        factories.put(data, path, value)
    draft = PermitDraft.read(data, "The draft")
    catalogue = factories.catalogue()
    found = [fault.code for fault in faults(draft, catalogue, wanted(draft, catalogue))]
    assert found == [
        IDENTIFIER,
        "CW-PERMIT-FORM-NOT-OFFERED",
        "CW-PERMIT-FORM-NOT-BUILT",
        "CW-PERMIT-COHORT",
    ]


def test_checked_items_come_back_in_order() -> None:
    items = check_draft(factories.draft(), factories.catalogue())
    assert [item.name for item in items] == [
        *("patients.nhs_number", "patients.born", "patients.sex"),
        *("admissions.nhs_number", "admissions.admission_id"),
        *("admissions.admitted", "admissions.diagnosis"),
    ]


def test_a_permit_that_would_end_before_it_may_begin_is_refused() -> None:
    slow = factories.trust(direct_time_to_say_no_days=30)
    draft = factories.draft(until="2026-03-20")
    with pytest.raises(CommonwealError, match="CW-PERMIT-PERIOD"):
        issue(
            draft, factories.catalogue(), slow, [factories.signer()],
            authority="direct", clock=factories.clock(datetime(2026, 3, 1, tzinfo=UTC)),
        )  # fmt: skip


def test_a_birthday_shifted_beside_another_date_is_an_exact_age() -> None:
    data = factories.put(
        factories.catalogue_data(), "datasets.0.tables.0.variables.2.forms", ["shift"]
    )
    catalogue = factories.Catalogue.read(data, "The catalogue")
    draft = factories.put(factories.draft_data(), *P(1, variable="born", form="shift"))
    with pytest.raises(CommonwealError, match="exact age"):
        check_draft(PermitDraft.read(draft, "The draft"), catalogue)
