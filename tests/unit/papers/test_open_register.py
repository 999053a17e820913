"""The register as open data. HDR UK's rules are written here as they were read from both
generations of its schema of data uses; the schemas themselves are not ours to ship."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from commonweal.foundation.canonical import digest
from commonweal.papers.permit import PermitDraft
from commonweal.papers.register import RegisterEntry
from commonweal.papers.register_open import (
    COLUMNS,
    FLAT_CORRECTIONS,
    NOT_PUBLISHED,
    SAFES_CORRECTIONS,
    Beside,
    approved_on,
    atom,
    category,
    changed_at,
    flat,
    outputs_of,
    pid,
    row,
    safes,
    status,
)
from commonweal.papers.vocabulary import OrganisationKind, Purpose
from tests import factories

TEXT: dict[str, Any] = {"type": "string"}
DATE = {"type": "string", "format": "date"}
TIME = {"type": "string", "format": "date-time"}
URI = {"type": "string", "format": "uri"}


def some(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def many(of: Any, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "minItems": least, "items": of}


def between(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


FLAT = some(
    ["pid", "identifier", "title", "lay_summary", "public_benefit_statement", "approval_status",
     "approval_date", "project_start_date", "project_end_date", "legal_basis",
     "duty_of_confidentiality", "applicants", "datasets", "research_setting", "research_outputs"],
    pid={"type": "string", "format": "uuid"}, identifier=TEXT, title=TEXT, lay_summary=TEXT,
    technical_summary=TEXT, public_benefit_statement=TEXT,
    approval_status={"type": "string", "enum": ["APPROVED", "REJECTED", "IN PROGRESS"]},
    approval_date=DATE, data_release_date=DATE, project_start_date=TIME, project_end_date=TIME,
    legal_basis=TEXT, duty_of_confidentiality={"type": "string", "enum": ["CONSENT",
                                                                          "SECTION 251"]},
    other_approval_committees=many(TEXT),
    applicants=many(some(
        ["name"], id=TEXT, name=TEXT, accredited_researcher_status=URI,
        organisation=some(["name"], id=URI, name=TEXT, type=TEXT), sponsors=many(TEXT),
    ), 1),
    datasets=many(some(
        ["id", "name", "publisher"], id=URI, name=TEXT, publisher=TEXT, sensitivity_level=TEXT,
        description_of_use=TEXT, release_frequency=TEXT,
        description_of_confidential_data_use=TEXT,
    ), 1),
    research_setting=many(some([], id=URI, name=TEXT, datasets_used=many(TEXT))),
    research_outputs=many(URI),
)  # fmt: skip
ORCID = "^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$"
SAFES = some(
    ["people", "projects", "data", "settings"],
    people=some(
        ["organisation"],
        organisation=some(["name"], name=between(255), identifier=between(255), sector={"enum": [
            "Academic Institute", "CQC Registered Health or/and Social Care provider",
            "Independent Sector Organisation", "Government Agency (Health and Adult Social Care)",
            "Commercial", "Local authority", "Government Agency (Other)",
        ]}),
        applicant=some(["names"], names=many({"type": "string", "pattern": "^[a-zA-Z0-9, ]+$"})),
        fundersAndSponsors=many(between(255)), accredited={"type": "boolean"},
        subLicence={"type": "boolean"},
    ),
    project=some(
        ["title", "laySummary", "latestApprovalDate"],
        title=between(255), identifier={"anyOf": [URI, {"type": "string", "pattern": ORCID}]},
        laySummary=between(3000), publicBenefit=between(3000),
        requestCategory={"enum": ["Efficacy & Mechanism Evaluation", "Health Services & Delivery",
                                  "Public Health Research", "Other"]},
        technicalSummary=between(3000), approvalCommittees=many(between(255)), startDate=DATE,
        endDate=DATE, latestApprovalDate=DATE,
    ),
    data=some(
        ["datasets"], datasets=many(between(255)),
        sensitivityLevel={"enum": ["Personally Identificable", "De-Personalised", "Anonymous"]},
        optOut={"type": "boolean"}, requestFrequency={"enum": ["One-off", "Recurring"]},
        dutyOfConfidentiality={"enum": ["Consent", "Section 251 of the NHS Act 2006", "Other",
                                        "Not applicable"]},
        accessDate=DATE,
    ),
    setting=some(["accessType"], accessType={"enum": ["Trusted Research Environment", "Release"]},
                 privacyEnhancements=between(3000)),
    outputs=many(URI),
) | {"additionalProperties": False}  # fmt: skip


def corrected_flat() -> dict[str, Any]:
    made = copy.deepcopy(FLAT)
    made["properties"]["duty_of_confidentiality"]["enum"] += ["OTHER", "NOT PUBLISHED"]
    return made


def corrected_safes() -> dict[str, Any]:
    made = copy.deepcopy(SAFES)
    made["required"] = ["people", "project", "data", "setting"]
    parts = made["properties"]
    parts["people"]["properties"]["applicant"]["properties"]["names"]["items"] = between(255)
    parts["data"]["properties"]["sensitivityLevel"]["enum"][0] = "Personally Identifiable"
    for name in ("title", "laySummary", "publicBenefit"):
        del parts["project"]["properties"][name]["maxLength"]
    return made


def faults(schema: dict[str, Any], plain: Any) -> list[str]:
    found = jsonschema_rs.Draft7Validator(schema, validate_formats=True).iter_errors(plain)
    return ["/".join(str(part) for part in one.instance_path) for one in found]


def entry(**more: Any) -> RegisterEntry:
    """An entry as `vault.custody.register` makes it."""
    plain = PermitDraft.read(factories.draft_data(id="p-1"), "The draft").plain()
    shown = ("permit", "id", "version", "organisation", "controllers", "purposes", "processing",
             "delivery", "from", "until", "data", "project")  # fmt: skip
    permit = {name: plain[name] for name in shown} | {
        "authority": "committee", "issued_at": "2026-03-02T09:00:00.000Z",
        "say_no_until": "2026-03-30T09:00:00.000Z",
    } | more.pop("permit", {})  # fmt: skip
    events = more.pop("events", [{"what": "issued", "at": "2026-03-02T09:00:00.000Z", "entry": 3}])
    return RegisterEntry.read(
        {"permit": permit, "permit_hash": digest(permit), "events": events,
         "active_from": "2026-03-30T09:00:00.000Z", **more}, "The entry",
    )  # fmt: skip


def beside(**more: Any) -> Beside:
    return Beside(**{
        "stage": "active", "link": "https://trust.example/projects/p-1/",
        "data_link": "https://trust.example/data/hospital/", "custodian": "Wharfedale Hospital",
        **more,
    })  # fmt: skip


HOSTILE = "=1+1 <b>&\"' \x00\x0b\ufffe \u202e O'Brien Zoë 大 " + "x" * 4_000


@pytest.mark.parametrize(
    "made",
    [
        entry(),
        entry(permit={"project": {"id": "x", "title": HOSTILE, "lay_summary": HOSTILE}}),
        entry(permit={"delivery": "handover"}),
        entry(permit={"authority": "direct"}),
        *(
            entry(permit={"organisation": {"name": "O'Brien & Zoë", "kind": kind}})
            for kind in OrganisationKind.__args__  # type: ignore[attr-defined]
        ),
        *(entry(permit={"purposes": [one]}) for one in Purpose.__args__),  # type: ignore[attr-defined]
    ],
)
@pytest.mark.parametrize(
    "more", [{}, {"benefit": "People breathe better.", "funders": ("A Trust",)}, {"stage": "ended"}]
)
def test_both_documents_are_valid_under_the_corrected_schemas(
    made: RegisterEntry, more: dict[str, Any]
) -> None:
    assert faults(corrected_flat(), flat(made, "home", beside(**more))) == []
    assert faults(corrected_safes(), safes(made, beside(**more))) == []


def test_the_uncorrected_schemas_fail_where_the_corrections_say_and_nowhere_else() -> None:
    assert faults(FLAT, flat(entry(), "home", beside())) == ["duty_of_confidentiality"]
    found = jsonschema_rs.Draft7Validator(SAFES).iter_errors(safes(entry(), beside()))
    said = " ".join(one.message for one in found)
    assert "projects" in said
    assert "settings" in said
    # Neither spelling is valid as it is written: that is the first correction.
    plural = {"projects": safes(entry(), beside())["project"],
              "settings": {"accessType": "Release"}}  # fmt: skip
    told = safes(entry(), beside())
    assert faults(SAFES, told | plural)
    assert faults(SAFES, {**{k: told[k] for k in ("people", "data")}, **plural})
    assert len(FLAT_CORRECTIONS) == 1
    assert len(SAFES_CORRECTIONS) == 6


@pytest.mark.parametrize("name", FLAT["required"])
def test_our_copy_of_the_flat_schema_misses_each_required_key(name: str) -> None:
    told = flat(entry(), "home", beside())
    del told[name]
    assert faults(corrected_flat(), told)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("people", "organisation", "sector"), "Bank"),
        (("project", "startDate"), "soon"),
        (("setting", "accessType"), "Cloud"),
        (("outputs",), ["not a link"]),
        (("data",), {}),
        (("more",), 1),
    ],
)
def test_our_copy_of_the_other_schema_finds_what_is_wrong(path: Any, value: Any) -> None:
    told: Any = safes(entry(), beside())
    place = told
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert faults(corrected_safes(), told)


def test_no_file_says_what_the_register_does_not_publish() -> None:
    people = [one["name"] for one in factories.draft_data()["people"]]
    for told in (row(entry(), beside()), flat(entry(), "h", beside()), safes(entry(), beside())):
        assert not any(name in str(told) for name in people)
    line = dict(zip(COLUMNS, row(entry(), beside()), strict=True))
    assert {name for name, cell in line.items() if cell == NOT_PUBLISHED} == {
        "Legal Basis (Article 6)", "Lawful Condition (Article 9)",
        "Common Law Duty of Confidentiality", "National Data Opt-out Applied?",
    }  # fmt: skip
    told = flat(entry(), "h", beside())
    assert (told["legal_basis"], told["duty_of_confidentiality"]) == (
        NOT_PUBLISHED, "NOT PUBLISHED",
    )  # fmt: skip
    assert not {"legalBasis", "optOut", "dutyOfConfidentiality"} & safes(entry(), beside())[
        "data"
    ].keys()  # fmt: skip


def test_the_words_of_the_standard() -> None:
    assert [status(one) for one in ("planned", "active", "paused", "ended")] == [
        "ACTIVE", "ACTIVE", "ACTIVE", "ARCHIVED",
    ]  # fmt: skip
    for purposes, said in (
        (["public_health"], "Public Health Research"),
        (["clinical_audit", "service_planning"], "Health Services & Delivery"),
        (["public_health", "research"], "Other"),
        (["ai_train"], "Other"),
    ):
        assert category(entry(permit={"purposes": purposes})) == said
    assert approved_on(entry(permit={"issued_at": "2026-06-30T23:30:00.000Z"})) == "2026-07-01"
    assert pid("a", "p") == pid("a", "p") != pid("b", "p")


def test_what_was_taken_back_is_no_research_output() -> None:
    outputs = [
        {"output": name, "release": "p-1.r1", "at": "2026-04-02T09:00:00.000Z", "entry": number,
         "output_hash": digest(name), "overrides": 0, **more}
        for number, (name, more) in enumerate((
            ("good", {}),
            ("bad", {"recalled": {"at": "2026-04-03T09:00:00.000Z", "entry": 9,
                                  "reasons_hash": digest("why")}}),
        ), 5)
    ]  # fmt: skip
    made = entry(outputs=outputs)
    link = "https://trust.example/projects/p-1/"
    assert outputs_of(made, link) == (f"{link}left/good/",)
    assert changed_at(made) == "2026-04-03T09:00:00Z"


def test_the_feed_is_valid_atom_whatever_a_title_holds() -> None:
    made = entry(permit={"project": {"id": "x", "title": HOSTILE, "lay_summary": HOSTILE}})
    text = "".join(atom(
        "Projects <&>", "Wharfedale", "https://x/projects.atom", "https://x/?a=1&b=2",
        [(made, beside()), (entry(), beside())], home="home",
        updated=datetime(2026, 3, 2, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    ))  # fmt: skip
    space = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring(text)
    for one in (feed, *feed.findall(f"{space}entry")):
        assert [len(one.findall(f"{space}{name}")) for name in ("id", "title", "updated")] == [
            1
        ] * 3
        updated = one.findtext(f"{space}updated")
        assert updated is not None
        datetime.fromisoformat(updated)
    assert feed.find(f"{space}author/{space}name") is not None
    first = feed.find(f"{space}entry/{space}title")
    assert first is not None
    assert first.text is not None
    assert first.text.startswith("=1+1 <b>&\"' ")
    assert feed.find(f"{space}entry/{space}title/b") is None
