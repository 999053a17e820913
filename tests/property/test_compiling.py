"""Random applications and decisions: the draft never holds more than both of them say.

The oracle reads application and decision with plain loops and sets, and knows nothing of how
compiling works. The applications are drawn wide, so many are refused: then nothing is made at all.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.compiling import permit_draft
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import RESEARCH_PURPOSES
from commonweal.papers.vocabulary import PURPOSES, REFUSED_PURPOSES
from tests import applications, factories

CATALOGUE = factories.catalogue()
OFFERED = [
    (table.name, variable.name, form)
    for table in CATALOGUE.datasets[0].tables
    for variable in table.variables
    for form in variable.forms
] + [("patients", "name", "exact"), ("patients", "undecided", "exact")]
WHOLE = applications.version(applications.company_data(), "aia").plain()
START = date(2026, 4, 1)


@st.composite
def versions(draw: st.DrawFn) -> ApplicationVersion:
    """A version with random variables, people, purposes, kinds of work and days."""
    plain = ApplicationVersion.model_validate(WHOLE).plain()
    content = plain["content"]
    asked = draw(
        st.lists(st.sampled_from(OFFERED), min_size=1, max_size=6, unique_by=lambda a: a[:2])
    )
    items = [applications.asked(*each) for each in asked]
    cut = draw(st.integers(0, len(items)))
    groups = [items[:cut], items[cut:]]
    content["data"]["groups"] = [
        {"analysis_role": role, "reason": f"For {role}.", "variables": each}
        for role, each in zip(("outcome", "exposure"), groups, strict=True)
        if each
    ]
    content["data"]["genomic"] = draw(st.booleans())
    names = draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True))
    content["people"] = [applications.member(name, employer="Breath Ltd") for name in names]
    purposes = draw(st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=3, unique=True))
    refused = draw(st.booleans()) and draw(st.booleans()) and draw(st.booleans())
    content["purpose"]["codes"] = [*purposes, "insurance"] if refused else purposes
    work = ["table", "python", "train", "federated", "test_risk", "feasibility"]
    content["access"]["processing"] = draw(
        st.lists(st.sampled_from(work), min_size=1, max_size=3, unique=True)
    )
    content["access"]["sites"] = ["North"]
    agree_with_itself(content)
    ends = START + timedelta(days=draw(st.integers(0, 900)))
    content["period"] = {
        "starts": START.isoformat(),
        "ends": ends.isoformat(),
        "review_dates": sorted({START.isoformat(), ends.isoformat()}),
    }
    content["retention"]["destroyed_by"] = "2030-01-01"
    return ApplicationVersion.read(plain, "The version")


def agree_with_itself(content: dict[str, Any]) -> None:
    """The plain questions say what the purposes say."""
    purposes = set(content["purpose"]["codes"])
    content["route"]["research"] = bool(purposes & RESEARCH_PURPOSES)
    work = set(content["access"]["processing"])
    content["route"]["ai"] = bool(
        purposes & {"ai_research", "ai_train", "ai_test"} or work & {"train", "federated"}
    )
    if not content["route"]["research"]:
        content["legal"]["article_9"] = "health_or_social_care"


@st.composite
def decisions(draw: st.DrawFn, version: ApplicationVersion) -> Any:
    """A decision about a version: mostly an approval, with random narrowing."""
    coarser, refused = {}, []
    for _, _, item in version.content.data.asked():
        assert item.place is not None
        name = ".".join(item.place)
        verdict = draw(st.sampled_from(["granted", "granted", "refused", "coarser"]))
        variable = CATALOGUE.datasets[0].table(item.place[0]).variable(item.place[1])
        if verdict == "refused":
            refused.append(name)
        elif verdict == "coarser":
            less = [
                f.text for f in variable.offered() if shows_less(f, Form.parse(item.form or ""))
            ]
            # Now and then a form that nobody offers, or that shows more.
            coarser[name] = draw(st.sampled_from([*(less * 4), "exact", "truncate(1)"]))
    until = draw(st.none() | st.integers(-1, 1000).map(lambda n: START + timedelta(days=n)))
    return applications.decision(
        version,
        outcome=draw(st.sampled_from(["approve", "approve", "approve", "reject"])),
        refused=tuple(refused),
        coarser=coarser,
        until=until,
        conditions=tuple(
            draw(st.lists(st.sampled_from(["One.", "Two."]), max_size=2, unique=True))
        ),
    )


def allowed(version: ApplicationVersion, decision: Any) -> dict[tuple[str, str], str]:
    """Slowly: each variable that was asked for and granted, and the form it may be seen in."""
    held = {}
    for group in version.content.data.groups:
        for item in group.variables:
            for said in decision.variables:
                if (said.table, said.variable) != (item.table, item.variable):
                    continue
                if said.verdict == "granted":
                    held[said.table, said.variable] = Form.parse(item.form or "").text
                if said.verdict == "coarser":
                    held[said.table, said.variable] = Form.parse(said.form).text
    return held


def check_nothing_more(draft: PermitDraft, version: ApplicationVersion, decision: Any) -> None:
    content = version.content
    held = {(t.table, v.variable): v.form for t in draft.dataset.tables for v in t.variables}
    assert held == allowed(version, decision)
    assert {(p.id, p.name, p.role) for p in draft.people} == {
        (m.account, m.name, m.role) for m in content.people
    }
    assert set(draft.purposes) <= set(content.purpose.codes)
    assert not set(draft.purposes) & set(REFUSED_PURPOSES)
    assert set(draft.processing) <= set(content.access.processing)
    assert content.period.starts is not None
    assert content.period.ends is not None
    assert draft.from_ >= content.period.starts
    assert draft.until <= content.period.ends
    assert decision.until is None or draft.until <= decision.until
    assert all(draft.from_ <= day <= draft.until for day in draft.review_dates)
    assert set(decision.conditions) <= set(draft.conditions)
    assert draft.delivery == content.access.delivery
    assert draft.cohort == content.subjects.cohort
    assert draft.risk.k == content.safeguards.k


@settings(max_examples=100)
@given(st.data())
def test_a_draft_never_holds_more_than_version_and_decision(data: st.DataObject) -> None:
    version = data.draw(versions())
    decision = data.draw(decisions(version))
    try:
        agreement = applications.agreement(version, decision)
        draft = permit_draft(version, decision, agreement, CATALOGUE)
    except CommonwealError as error:
        event(error.code)
        return
    event("compiled")
    check_nothing_more(draft, version, decision)
    assert draft == permit_draft(version, decision, agreement, CATALOGUE)
    assert draft.agreement_hash == agreement.digest()


# --- whatever may be sent and is granted as asked becomes a permit --------------------------------

PARTS: dict[str, list[Any]] = {
    "legal.cag": [None, {"reference": "26/CAG/0001"}, {"letter": "cag"}],
    "legal.ethics": [None, {"committee": "REC"}],
    "legal.ethics_not_needed": ["Only counts."],
    "legal.common_law": ["explicit_consent", "statutory_duty", "s251_reg5"],
    "opt_out": [
        {"treatment": "apply", "decided_by": "Somebody", "expires": "2020-01-01"},
        {"treatment": "exempt", "code": "out_of_scope_population", "decided_by": "Guardian",
         "decided_on": "2026-02-01", "evidence": "They live in Wales."},
        {"treatment": "exempt", "code": "anonymised", "decided_by": "Guardian",
         "decided_on": "2026-02-01", "evidence": "Report."},
        {"treatment": "apply", "without_identifier": "include", "without_identifier_by": "G",
         "without_identifier_on": "2026-02-01", "without_identifier_why": "Newborns."},
    ],
    "data.groups.1.variables.1.since": ["born"],
    "data.groups.2.variables.1": [
        applications.asked("admissions", "discharged", "interval", since="admitted"),
        applications.asked("admissions", "discharged", "interval"),
        applications.asked("admissions", "loaded", "interval", since="audited"),
        applications.asked("admissions", "days", "round(5)"),
        applications.asked("patients", "ethnicity", "rollup(10)"),
        applications.asked("tests", "value", "exact"),
        applications.asked("patients", "undecided", "exact"),
        {"table": "admissions"},
    ],
    "data.restricted_codes": [[{"list": "a", "legal_gateway": "Law"}], [{"list": "a"}]],
    "responsible.processors": [[{"name": "X", "kind": "company", "does": "Y"}], [{"name": "X"}]],
    "people.0.honorary_contract": [{"expires": "2020-01-01"}],
    "people.0.training.0.passed_on": [None],
    "organisation.kind": ["nhs_body", "custodian", "other"],
    "organisation.reference": ["RXX"],
    "purpose.codes": [["research", "public_health"], ["service_planning"], ["ai_test"]],
    "project.replaces": ["app-1-1", "app-7-1"],
    "access.processing": [["federated"], ["train"], ["feasibility", "test_risk"]],
    "access.sites": [["North", "South"]],
    "safeguards": [
        {}, {"shift_weeks": 4, "shift_candidates": 9}, {"shift_weeks": 26, "k": 1000},
        {"shift_weeks": 4, "shift_candidates": 10}, {"intruder_upper_bound": 0.0},
    ],
    "period.ends": ["2026-04-01", "2036-03-30", "2026-03-31"],
    "period.review_dates": [["2026-04-01"], ["2026-05-01", "2027-03-31"], ["2020-01-01"]],
    "period.why_so_long": ["It does."],
    "retention.destroyed_by": ["2037-01-01"],
    "subjects.cohort": [
        {"everyone": True},
        {"at_least": {"n": 2, "within_days": 30, "date": "admitted",
                      "of": {"table": "admissions", "variable": "days", "op": "ge", "value": 2}}},
    ],
}  # fmt: skip


@settings(max_examples=80)
@given(
    st.dictionaries(st.sampled_from(list(PARTS)), st.integers(0, 9), max_size=4),
    st.sampled_from(["content_data", "support_data", "company_data"]),
)
def test_what_may_be_sent_and_is_granted_as_asked_becomes_a_permit(
    chosen: dict[str, int], start: str
) -> None:
    data = getattr(applications, start)()
    # The longer path last, so that a part that is replaced does not take the change away.
    for path in sorted(chosen, key=len):
        values = PARTS[path]
        applications.put(data, path, values[chosen[path] % len(values)])
    found = [problem for problem in applications.found(data, "aia") if problem.level == "stops"]
    if found or data["project"].get("replaces") == "app-7-1":
        event("stopped")
        return
    version = applications.version(data, "aia")
    decision = applications.decision(version)
    draft = permit_draft(version, decision, applications.agreement(version, decision), CATALOGUE)
    event("compiled")
    check_nothing_more(draft, version, decision)
