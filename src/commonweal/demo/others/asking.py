"""What those who ask write and send: the sections, the forms and the documents of one project."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

from commonweal.demo.others.plan import Other, Plan
from commonweal.demo.walkthrough import application as example
from commonweal.demo.walkthrough import papers
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.library.shelf import our_library
from commonweal.web.accounts.models import User

_JOINING = frozenset({"pseudonym", "record_code"})
_DECLARED = (
    "true_and_complete", "only_this_purpose", "no_re_identification", "named_people_only",
    "report_within_a_day", "not_for_sale", "authority",
)  # fmt: skip


def content(one: Other, lead: User, today: date, until: date) -> dict[str, Any]:
    """The sections of the application of `one`, as `lead` writes them on `today`.

    `until`: the day on which the demonstration runs; the days of the plan count back from it.
    """
    plain = example.content(today, papers.ENOUGH)
    starts = until - timedelta(days=one.begins if one.begins is not None else 0)
    ends = until - timedelta(days=one.ends)
    research = one.is_research
    documents = [_document(plain, name) for name in one.documents]
    return plain | {
        "route": plain["route"] | {
            "who": "custodian" if _is_own(lead) else "others", "identifiable": False,
            "research": research, "ai": one.uses_ai,
        },
        "project": {"id": one.id, "title": one.title, "lay_summary": one.summary},
        "organisation": _organisation(one, lead, plain["organisation"]),
        "people": [_lead(plain["people"][0], lead, ends)],
        "purpose": {
            "codes": [one.purpose], "objective": one.question, "public_benefit": one.benefit,
            "who_benefits": one.who_benefits,
        },
        "legal": _legal(plain["legal"], research=research),
        "subjects": {"cohort": _cohort(one), "words": "People with these illnesses.",
                     "why": "The question is about them."},
        "data": plain["data"] | {"groups": list(_groups(one))},
        "access": _access(plain["access"], one),
        "period": _period(starts, ends),
        "retention": plain["retention"] | {"destroyed_by": (ends + timedelta(60)).isoformat()},
        "documents": documents,
        "declarations": [_declared(name, lead, today) for name in _declarations(one, lead)],
    }  # fmt: skip


def _document(plain: dict[str, Any], name: str) -> dict[str, Any]:
    found = {each["id"]: each for each in plain["documents"]}
    if name in found:
        return dict(found[name])
    return dict(found["protocol"]) | {
        "id": name, "kind": f"{name}_letter", "title": f"Document {name}",
        "sha256": example.document_digest(name),
    }  # fmt: skip


def _is_own(lead: User) -> bool:
    return bool(lead.memberships.get(role="applicant").organisation.kind == "custodian")


def _organisation(one: Other, lead: User, plain: dict[str, Any]) -> dict[str, Any]:
    asking = lead.memberships.get(role="applicant").organisation
    made = {**plain, "name": asking.name, "kind": asking.kind}
    if asking.kind == "nhs_body":
        made["reference"] = "RZY"
    if asking.kind == "charity":
        made |= {"reference": "0000000", "no_fundraising": True}
    if asking.kind == "company":
        made |= {
            "reference": "00000000", "nhs_partner": papers.CUSTODIAN["name"],
            "nhs_partner_ods": papers.CUSTODIAN["ods"], "health_benefit": one.benefit,
            "benefit_sharing": one.nhs_share, "commercial_interest": one.gains,
        }  # fmt: skip
    return made


def _lead(plain: dict[str, Any], lead: User, ends: date) -> dict[str, Any]:
    employer = lead.memberships.get(role="applicant").organisation.name
    training = plain["training"][0] | {"expires": (ends + timedelta(days=60)).isoformat()}
    return plain | {
        "account": lead.public_id, "name": lead.name, "employer": employer,
        "training": [training],
    }  # fmt: skip


def _legal(plain: dict[str, Any], *, research: bool) -> dict[str, Any]:
    made = {name: value for name, value in plain.items() if name != "cag"}
    made |= {"common_law": "not_confidential", "explanation": "Work in the public interest."}
    if not research:
        made |= {"article_9": "health_or_social_care"}
        made.pop("ethics")
    return made


def _cohort(one: Other) -> dict[str, Any]:
    table, variable = "admissions", "primary_diagnosis"
    if "diagnoses" in one.tables:
        table, variable = "diagnoses", "code"
    at = {"table": table, "variable": variable, "op": "starts_with"}
    rows = [{"where": at | {"value": code}} for code in one.codes]
    return rows[0] if len(rows) == 1 else {"any": rows}


def _groups(one: Other) -> Iterator[dict[str, Any]]:
    joining, looked_at = [], []
    for table in one.tables:
        for variable, form in papers.ASKED[table].items():
            item = {"table": table, "variable": variable, "form": form}
            if form in _JOINING:
                joining.append(item)
            else:
                looked_at.append(item | {
                    "why": "What happened differs by it.",
                    "coarser_would_not_do": "Coarser groups hide what is looked for.",
                    "without_it": "The question could not be answered.",
                })  # fmt: skip
    yield {"analysis_role": "linkage", "variables": joining,
           "reason": "What happened to one person belongs together."}  # fmt: skip
    yield {"analysis_role": "outcome", "variables": looked_at, "reason": "It is what is counted."}


def _access(plain: dict[str, Any], one: Other) -> dict[str, Any]:
    if one.uses_ai:
        return plain
    return plain | {
        "processing": ["table", "python"], "methods": "Counts.", "outputs": "Tables and charts.",
    }  # fmt: skip


def _period(starts: date, ends: date) -> dict[str, Any]:
    """With a day of review for each year: a little before one is owed anyway."""
    made: dict[str, Any] = {"starts": starts.isoformat(), "ends": ends.isoformat()}
    days = [starts + timedelta(days=350 * year) for year in (1, 2)]
    return made | {"review_dates": [day.isoformat() for day in days if day < ends]}


def _declarations(one: Other, lead: User) -> tuple[str, ...]:
    company = lead.memberships.get(role="applicant").organisation.kind == "company"
    more = (*(("models_do_not_leave",) if one.uses_ai else ()),
            *(("benefit_is_shared",) if company else ()))  # fmt: skip
    return (*_DECLARED, *more)


def _declared(name: str, lead: User, today: date) -> dict[str, Any]:
    return {
        "id": name, "wording": 1, "agreed": True, "by": lead.public_id, "on": today.isoformat(),
    }  # fmt: skip


# --- forms ----------------------------------------------------------------------------------------


@cache
def _written() -> dict[str, Answers]:
    """What the walk-through's applicant wrote. The days in it are put in anew."""
    return example.answers(date(2026, 1, 1))


def answers(one: Other, told: Plan, today: date) -> dict[str, Answers]:
    """The forms that go with the application of `one`, filled in on `today`."""
    in_a_year = (today + timedelta(days=360)).isoformat()
    before = (today - timedelta(days=20)).isoformat()
    written = _written()
    dpia = told.common["dpia"] | {
        name: written["dpia"].plain()["values"][name] for name in ("flows", "risk_table")
    } | {
        "purposes": one.question, "look_again": in_a_year, "dpo_asked_on": before,
    }  # fmt: skip
    found = {
        "dpia": dpia,
        "benefits": _benefits(one, told, in_a_year),
        "funding": _money(one, told),
    }
    if one.uses_ai:
        own = {
            "next_look": in_a_year,
            "project_name": one.title,
            "what_it_does": one.question,
            "problem": one.summary,
        }
        found["aia"] = dict(written["aia"].plain()["values"]) | own
        for name in ("automated", "model_memory", "model_leaves", "bias"):
            dpia[name] = written["dpia"].plain()["values"][name]
    return {name: _answers(name, values) for name, values in found.items()}


def _answers(name: str, values: dict[str, Any]) -> Answers:
    form = our_library().form(name)
    plain = {"form": name, "form_version": form.version, "values": values}
    return Answers.read(plain, "The answers")


def _benefits(one: Other, told: Plan, by: str) -> dict[str, Any]:
    row = {
        "benefit": one.benefit, "who": one.who_benefits, "by": by,
        "measure": "We ask patients and staff, and count again",
    }  # fmt: skip
    made = told.common["benefits"] | {"summary": one.benefit, "benefits": [row]}
    if one.gains is None:
        made.pop("without_company")
    else:
        made |= {"company_gain": one.gains, "nhs_share": one.nhs_share}
    if not one.uses_ai:
        made = {key: value for key, value in made.items() if key not in ("path", "who_can_use")}
    return made


def _money(one: Other, told: Plan) -> dict[str, Any]:
    name, kind = one.funder
    made = told.common["funding"] | {
        "funders": [{"funder": name, "kind": kind}], "any_gain": one.gains is not None,
        "rights": "Everybody may use what is found.",
    }  # fmt: skip
    if one.gains is not None:
        made["gains"] = [
            {"who": name, "how": "By selling a product that comes of it.", "share": one.nhs_share}
        ]
        made["rights"] = "The company owns its product; what was found is published."
    return made
