"""Applications, decisions and agreements that tests start from and change.

`content_data()` may be sent as it is. The decision is a stand-in with what is read of one.
"""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from typing import Any

from commonweal.governance.agreement.make import make_agreement, make_framework
from commonweal.governance.agreement.model import AgreedParty, Agreement, Framework, Signatory
from commonweal.governance.application.answers import AnsweredForm, FormAnswers
from commonweal.governance.application.complete import problems
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.version import ApplicationVersion, freeze
from commonweal.governance.compiling import permit_draft
from commonweal.governance.problems import Problem
from commonweal.papers.base import Day, Moment, Paper, Sha256
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from tests import factories

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def asked(table: str, variable: str, form: str, **more: Any) -> dict[str, Any]:
    """One variable with all its reasons."""
    return {
        "table": table,
        "variable": variable,
        "form": form,
        "why": "It changes the outcome.",
        "coarser_would_not_do": "Coarser groups hide the effect.",
        "without_it": "The question could not be answered.",
        **more,
    }


def groups() -> list[dict[str, Any]]:
    """The variables of the factories' draft, by what they do in the analysis."""
    return [
        {
            "analysis_role": "linkage",
            "reason": "The admissions of one person belong together.",
            "variables": [
                {"table": "patients", "variable": "nhs_number", "form": "pseudonym"},
                {"table": "admissions", "variable": "nhs_number", "form": "pseudonym"},
                {"table": "admissions", "variable": "admission_id", "form": "record_code"},
            ],
        },
        {
            "analysis_role": "confounder",
            "reason": "Asthma depends on age and sex.",
            "variables": [
                asked("patients", "born", "age_band(5,90)"),
                asked("patients", "sex", "exact"),
            ],
        },
        {
            "analysis_role": "outcome",
            "reason": "We count admissions with asthma by week.",
            "variables": [
                asked("admissions", "admitted", "shift"),
                asked("admissions", "diagnosis", "exact"),
            ],
        },
    ]


def document(id_: str, kind: str, **more: Any) -> dict[str, Any]:
    """A document that says enough about itself."""
    return {
        "id": id_,
        "kind": kind,
        "title": f"Document {id_}",
        "version": "1.0",
        "dated": "2026-02-01",
        "sha256": factories.hash_of(id_),
        "checked_by": "Grace Officer",
        "checked_on": "2026-02-20",
        **more,
    }


def declarations(*more: str) -> list[dict[str, Any]]:
    """The declarations that everybody makes, and `more`."""
    names = (
        "true_and_complete", "only_this_purpose", "no_re_identification", "named_people_only",
        "report_within_a_day", "not_for_sale", "authority", *more,
    )  # fmt: skip
    made = {"wording": 1, "agreed": True, "by": "amira", "on": "2026-03-01"}
    return [{"id": name, **made} for name in names]


def place(**more: Any) -> dict[str, Any]:
    """The custodian's secure place with an assessment that met the standards."""
    return {
        "name": "Wharfedale secure place",
        "organisation": "Wharfedale Hospital",
        "ods": "RXX",
        "country": "England",
        "does": "both",
        "assurance": {
            "by": "dspt",
            "year": "2025-26",
            "status": "standards_met",
            "published_on": "2026-02-10",
            "evidence": "Published on the toolkit's site",
            "checked_by": "Grace Officer",
            "checked_on": "2026-02-20",
        },
        **more,
    }


def member(account: str = "amira", **more: Any) -> dict[str, Any]:
    """A researcher of the university, trained for two years."""
    return {
        "account": account,
        "name": f"{account.title()} Khan",
        "role": "Researcher",
        "employer": "University of Wharfedale",
        "training": [
            {
                "kind": "safe_researcher",
                "passed_on": "2026-01-10",
                "expires": "2028-01-10",
                "evidence": "Certificate 1",
            }
        ],
        **more,
    }


def content_data(**changes: Any) -> dict[str, Any]:
    """A university's application that may be sent: records without identifying details, a year."""
    plain: dict[str, Any] = {
        "route": {
            "who": "others", "what": "records", "identifiable": False, "consent": False,
            "duty": False, "research": True, "ai": False,
        },
        "project": {
            "id": "asthma",
            "title": "Asthma admissions in winter",
            "lay_summary": "We want to learn why more people with asthma come in winter.",
        },
        "organisation": {
            "name": "University of Wharfedale",
            "kind": "university",
            "ico_registration": "Z1234567",
            "publishes_results": True,
            "commercial_interest": "Nobody.",
        },
        "responsible": {
            "controllers": [
                {"name": "Wharfedale Hospital", "kind": "nhs_body", "reference": "RXX"}
            ],
        },
        "people": [member()],
        "places": [place()],
        "purpose": {
            "codes": ["research"],
            "objective": "Why do admissions rise in winter?",
            "public_benefit": "Clinics can be planned.",
            "who_benefits": "People with asthma.",
        },
        "legal": {
            "article_6": "public_task",
            "article_9": "research",
            "common_law": "not_confidential",
            "explanation": "A public university's research in the public interest.",
            "ethics": {
                "reference": "26/YH/0001",
                "committee": "Yorkshire REC",
                "given_on": "2026-01-05",
                "letter": "rec",
            },
        },
        "opt_out": {"treatment": "apply", "without_identifier": "leave_out"},
        "subjects": {
            "cohort": {
                "where": {
                    "table": "admissions", "variable": "diagnosis", "op": "starts_with",
                    "value": "J45",
                }
            },
            "words": "People who were admitted with asthma.",
            "why": "The question is about them.",
        },
        "data": {"dataset": "hospital", "groups": groups(), "genomic": False},
        "access": {
            "processing": ["table", "python"],
            "delivery": "enclave",
            "methods": "Counts by week.",
            "outputs": "Tables and charts.",
        },
        "flows": [
            {
                "from_place": "Hospital records",
                "to_place": "Wharfedale secure place",
                "what": "The release",
                "how": "Inside the hospital",
                "legal_basis": "Public task",
            }
        ],
        "safeguards": {"k": 10},
        "period": {"starts": "2026-04-01", "ends": "2027-03-31"},
        "retention": {
            "destroyed_by": "2027-06-30",
            "how": "The key is destroyed.",
            "kept": "Published tables and code.",
        },
        "documents": [document("protocol", "protocol"), document("rec", "ethics_letter")],
        "assessments": {
            "dpo": "Dana Officer",
            "advice": "Go ahead.",
            "advised_on": "2026-02-25",
            "advice_followed": True,
            "high_risk_remains": False,
        },
        "declarations": declarations(),
    }  # fmt: skip
    for path, value in changes.items():
        put(plain, path.replace("__", "."), value)
    return copy.deepcopy(plain)


def put(plain: Any, path: str, value: Any) -> None:
    """Put `value` at a dotted path; None takes away what is there."""
    *outer, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in outer:
        plain = plain.setdefault(part, {}) if isinstance(plain, dict) else plain[part]
    if isinstance(plain, list) and last == len(plain):
        plain.append(value)
    elif value is None and isinstance(plain, dict):
        plain.pop(last, None)
    elif value is None:
        del plain[last]
    else:
        plain[last] = value


def company_data(**changes: Any) -> dict[str, Any]:
    """A company's application to teach an AI tool, with all that a company must show."""
    plain = content_data()
    plain["organisation"] = {
        "name": "Breath Ltd",
        "kind": "company",
        "reference": "01234567",
        "ico_registration": "Z7654321",
        "nhs_partner": "Wharfedale Hospital",
        "nhs_partner_ods": "RXX",
        "health_benefit": "Fewer people come to hospital at night.",
        "benefit_sharing": "The NHS uses the tool for nothing.",
        "commercial_interest": "The company may sell the tool abroad.",
    }
    plain["route"]["ai"] = True
    plain["purpose"]["codes"] = ["ai_train"]
    plain["access"]["processing"] = ["table", "python", "train"]
    plain["access"]["models"] = {"leave": True, "which": "The tool, for wards of the NHS."}
    plain["people"][0]["employer"] = "Breath Ltd"
    plain["documents"].append(document("partner", "partner_letter"))
    plain["declarations"] = declarations("models_do_not_leave", "benefit_is_shared")
    for path, value in changes.items():
        put(plain, path.replace("__", "."), value)
    return plain


def support_data(**changes: Any) -> dict[str, Any]:
    """Research with section 251 support: identifiable, without consent."""
    items = ["nhs_number", "admission_id", "born", "sex", "admitted", "diagnosis"]
    plain = content_data(
        route__identifiable=True,
        legal__common_law="s251_reg5",
        legal__cag={
            "reference": "26/CAG/0001",
            "decision_maker": "hra",
            "supported_on": "2026-02-01",
            "next_review": "2027-02-01",
            "items": items,
            "letter": "cag",
        },
    )
    plain["documents"] += [
        document("cag", "cag_letter"),
        document("items", "cag_items"),
        document("guardian", "guardian_recommendation"),
        document("flow", "data_flow_diagram"),
    ]
    for path, value in changes.items():
        put(plain, path.replace("__", "."), value)
    return plain


def content(**changes: Any) -> ApplicationContent:
    """The content that `content_data` describes."""
    return read_draft(content_data(**changes))


def forms(*names: str) -> dict[str, AnsweredForm]:
    """Answered forms: the DPIA and `names`."""
    made = {}
    for name in ("dpia", *names):
        plain = {"form": name, "form_version": 1, "values": {"benefit": f"Answer to {name}"}}
        made[name] = AnsweredForm(FormAnswers.read(plain, "The answers"))
    return made


def found(
    data: dict[str, Any], *names: str, at: datetime = NOW, catalogue: Catalogue | None = None
) -> tuple[Problem, ...]:
    """What `problems` says of an application, with the forms that it needs and `names`."""
    given = forms(*names)
    offered = catalogue or factories.catalogue()
    return problems(read_draft(data), given, at, catalogue=offered)


def version(
    data: dict[str, Any] | None = None, *names: str, number: int = 1, at: datetime = NOW
) -> ApplicationVersion:
    """A version of `data`, or of the university's application."""
    return freeze(
        "app-7",
        number,
        read_draft(data if data is not None else content_data()),
        forms(*names),
        at=at,
        by="amira",
        catalogue=factories.catalogue(),
    )


class VariableVerdict(Paper):
    """One variable of a stand-in decision."""

    dataset: str
    table: str
    variable: str
    verdict: str
    form: str | None = None


class Decision(Paper):
    """A stand-in for the committee's decision, with what is read of one."""

    version_digest: Sha256
    outcome: str
    conditions: tuple[str, ...] = ()
    variables: tuple[VariableVerdict, ...]
    until: Day | None = None
    decided_at: Moment


def verdicts(
    of: ApplicationVersion, refused: tuple[str, ...] = (), coarser: dict[str, str] | None = None
) -> tuple[VariableVerdict, ...]:
    """What was decided of each variable: granted, but for those named as `table.variable`."""
    forms_ = coarser or {}
    made = []
    for _, _, item in of.content.data.asked():
        verdict = "coarser" if ".".join(item.place) in forms_ else "granted"
        one = {
            "dataset": of.content.data.dataset,
            "table": item.table,
            "variable": item.variable,
            "verdict": "refused" if ".".join(item.place) in refused else verdict,
            "form": forms_.get(".".join(item.place)),
        }
        made.append(VariableVerdict(**one))  # type: ignore[arg-type]
    return tuple(made)


def decision(of: ApplicationVersion, **changes: Any) -> Decision:
    """An approval of a version after two weeks. `refused`, `coarser`: see `verdicts`."""
    refused, coarser = changes.pop("refused", ()), changes.pop("coarser", None)
    plain: dict[str, Any] = {
        "version_digest": of.digest(),
        "outcome": "approve",
        "variables": verdicts(of, refused, coarser),
        "decided_at": of.sent_at + timedelta(days=14),
        **changes,
    }
    return Decision(**plain)


def signatories() -> tuple[Signatory, ...]:
    """One for each side."""
    return (
        Signatory(id="una", name="Una Dean", role="Dean", side="applicant"),
        Signatory(id="carl", name="Carl Chief", role="Chief executive", side="custodian"),
    )


def framework(of: ApplicationVersion, **changes: Any) -> Framework:
    """A framework contract with whoever asked."""
    asking = of.content.organisation
    plain: dict[str, Any] = {
        "name": asking.name, "kind": asking.kind, "part": "recipient",
        "reference": asking.reference,
    }  # fmt: skip
    dates = {"starts": date(2026, 1, 1), "ends": date(2030, 12, 31), **changes}
    return make_framework(
        "framework-1",
        AgreedParty(**plain),
        factories.catalogue().custodian,
        signatories(),
        at=NOW,
        **dates,
    )


def agreement(
    of: ApplicationVersion, decided: Any, at: datetime | None = None, **changes: Any
) -> Agreement:
    """The agreement on a version and a decision, a day after it."""
    contract = None if of.content.organisation.kind == "custodian" else framework(of)
    return make_agreement(
        "agreement-1",
        of,
        decided,
        factories.catalogue().custodian,
        changes.pop("signatories", signatories()),
        at=at or decided.decided_at + timedelta(days=1),
        framework=changes.pop("framework", contract),
    )


def compiled(
    version: ApplicationVersion, decided: Any = None, agreed: Any = None, **more: Any
) -> PermitDraft:
    decided = decided or decision(version)
    agreed = agreed or agreement(version, decided)
    return permit_draft(
        version, decided, agreed, more.pop("catalogue", factories.catalogue()), **more
    )


def forms_of(draft: PermitDraft) -> dict[str, str]:
    return {
        f"{table.table}.{item.variable}": item.form
        for table in draft.dataset.tables
        for item in table.variables
    }
