"""The register as open data: one line for each project, and both generations of HDR UK documents.

Sources: the headings of the UK Health Data Research Alliance's data use register standard as its
Gateway writes them (facts, domain 6.3), and the two generations of the JSON schema of
HDRUK/schemata (facts, peers 4). Where a schema cannot hold what is true it is corrected, and each
correction says what and why (`FLAT_CORRECTIONS`, `SAFES_CORRECTIONS`). What the register does not
publish is left out, or says so where the schema wants something.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.london import london_day
from commonweal.papers.register import RegisterEntry

NOT_PUBLISHED = "Not published in this register"
_SPACE = uuid.UUID("6f2d7b8e-3c0f-5f1c-9a53-0b7f6c9d2e41")
"""Ours, so that a project has the same id in every file, whatever address the service has."""

FLAT_CORRECTIONS: Mapping[str, str] = MappingProxyType({
    "duty_of_confidentiality may also be OTHER or NOT PUBLISHED":
        "The schema knows only CONSENT and SECTION 251 and wants one of them. A register that does "
        "not publish the route, or a project that needs neither, would have to say what is false.",
})  # fmt: skip
SAFES_CORRECTIONS: Mapping[str, str] = MappingProxyType({
    "the parts are called project and setting, in what is required as well":
        "As written the schema requires projects and settings, and allows project and setting "
        "only. So no document at all can be valid.",
    "an applicant's name may be any text":
        "As written it has letters A to Z, digits, commas and blanks only: no O'Brien, no Zoë, no "
        "Smith-Jones. We name no people, so this does not touch our file.",
    "an IRAS number is digits, and an internal reference any text":
        "As written both have the pattern of an ORCID, which neither is.",
    "the level of sensitivity is spelt Personally Identifiable":
        "As written it is spelt Personally Identificable.",
    "the pattern of a Gateway address has no ^ in its middle and no backspaces":
        "As written nothing can match it: a second ^ stands inside, and \\b is a backspace in "
        "JSON.",
    "title, lay summary and public benefit may be longer than 255 and 3,000 characters":
        "A published title or summary is part of what was hashed, so we never cut one short.",
})  # fmt: skip
"""What was corrected in each generation, and why."""

SECTORS: dict[str, str] = {
    "nhs_body": "CQC Registered Health or/and Social Care provider",
    "custodian": "CQC Registered Health or/and Social Care provider",
    "university": "Academic Institute",
    "company": "Commercial",
    "charity": "Independent Sector Organisation",
    "other": "Independent Sector Organisation",
    "government": "Government Agency (Other)",
    "local_authority": "Local authority",
}
"""Our kinds of organisation as HDR UK's sectors; an NHS body is a provider, and a charity is
independent."""
COLUMNS: tuple[str, ...] = (
    "Project ID", "Status", "Project Title", "Lay Summary", "Public Benefit Statement",
    "Request Category Type", "Organisation Name", "Organisation ID", "Organisation Sector",
    "Funders/Sponsors", "Dataset(s) Name", "Data controllers", "Project Start Date",
    "Project End Date", "Latest Approval Date", "Release/Access Date", "Access Type",
    "Legal Basis (Article 6)", "Lawful Condition (Article 9)",
    "Common Law Duty of Confidentiality", "National Data Opt-out Applied?",
    "Uses AI", "Company involved", "Decision", "Decided on", "Reasons", "Conditions",
    "Links to Research Outputs", "Results withdrawn", "Last yearly report", "Permit hash", "Link",
)  # fmt: skip
"""Headings of the CSV: those of the standard first named by it, and ours beside them."""


@dataclass(frozen=True)
class Beside:
    """What is published of an entry beside its permit, in words; empty where nothing is.

    `stage`: `planned`, `active`, `paused` or `ended`. `link`: the address of its page.
    `outputs`: links to what has left and was not taken back. `withdrawn`: how many were.
    """

    stage: str
    link: str
    data_link: str
    custodian: str
    benefit: str = ""
    funders: tuple[str, ...] = ()
    uses_ai: bool = False
    has_company: bool = False
    outcome: str = ""
    decided_on: str = ""
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    withdrawn: int = 0


def pid(home: str, permit: str) -> str:
    """The project's id in every file: the same for the same permit of the same home, always."""
    return str(uuid.uuid5(_SPACE, f"{home}/{permit}"))


def outputs_of(entry: RegisterEntry, link: str) -> tuple[str, ...]:
    """Links to what has left and still counts. `link`: of the project's page."""
    return tuple(f"{link}left/{one.output}/" for one in entry.outputs if one.recalled is None)


def withdrawn_of(entry: RegisterEntry) -> int:
    """How many outputs should not have left."""
    return sum(one.recalled is not None for one in entry.outputs)


def approved_on(entry: RegisterEntry) -> str:
    """The last day on which the hospital said yes, as the log shows it: the permit's issue."""
    return london_day(parse_stamp(str(entry.permit["issued_at"]))).isoformat()


def made_ready_on(entry: RegisterEntry) -> str:
    """The day on which data were first made ready, or empty."""
    days = (
        london_day(one.at).isoformat() for one in entry.events if one.what == "release_completed"
    )
    return next(days, "")


def status(stage: str) -> str:
    """The Gateway's word: what has ended is archived, everything else is active."""
    return "ARCHIVED" if stage == "ended" else "ACTIVE"


def access_type(entry: RegisterEntry) -> str:
    """Whether the data stay on the hospital's computer."""
    return "Release" if entry.permit["delivery"] == "handover" else "Trusted Research Environment"


def category(entry: RegisterEntry) -> str:
    """The HDR UK category that fits the purposes; `Other` where none clearly does."""
    purposes = set(entry.permit["purposes"])
    if purposes == {"public_health"}:
        return "Public Health Research"
    if purposes <= {"service_planning", "quality_improvement", "clinical_audit"}:
        return "Health Services & Delivery"
    return "Other"


def datasets(entry: RegisterEntry) -> tuple[str, ...]:
    """The names of the datasets."""
    return tuple(str(one["dataset"]) for one in entry.permit["data"])


def row(entry: RegisterEntry, beside: Beside) -> tuple[str, ...]:
    """One line of the CSV, in the order of `COLUMNS`."""
    permit, organisation = entry.permit, entry.permit["organisation"]
    last = next((one.summary for one in reversed(entry.reviews) if one.summary), None)
    return (
        entry.id, status(beside.stage), permit["project"]["title"],
        permit["project"]["lay_summary"], beside.benefit, category(entry),
        organisation["name"], organisation.get("reference") or "",
        SECTORS[organisation["kind"]], "; ".join(beside.funders), "; ".join(datasets(entry)),
        "; ".join(one["name"] for one in permit["controllers"]), permit["from"], permit["until"],
        approved_on(entry), made_ready_on(entry), access_type(entry), NOT_PUBLISHED, NOT_PUBLISHED,
        NOT_PUBLISHED, NOT_PUBLISHED, _yes(beside.uses_ai), _yes(beside.has_company),
        beside.outcome, beside.decided_on, "\n".join(beside.reasons), "\n".join(beside.conditions),
        "; ".join(beside.outputs), str(beside.withdrawn), last or "", entry.permit_hash,
        beside.link,
    )  # fmt: skip


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


# --- HDR UK ---------------------------------------------------------------------------------------


def flat(entry: RegisterEntry, home: str, beside: Beside) -> dict[str, Any]:
    """The flat generation. No person is named: the organisation stands as the applicant."""
    permit = entry.permit
    released = made_ready_on(entry)
    return {
        "pid": pid(home, entry.id),
        "identifier": entry.id,
        "title": permit["project"]["title"],
        "lay_summary": permit["project"]["lay_summary"],
        "public_benefit_statement": beside.benefit or NOT_PUBLISHED,
        "approval_status": "APPROVED",
        "approval_date": approved_on(entry),
        **({"data_release_date": released} if released else {}),
        "project_start_date": _midnight(permit["from"]),
        "project_end_date": _midnight(permit["until"]),
        "legal_basis": NOT_PUBLISHED,
        "duty_of_confidentiality": "NOT PUBLISHED",
        "applicants": [_flat_applicant(permit["organisation"], beside)],
        "datasets": [
            {"id": beside.data_link, "name": name, "publisher": beside.custodian}
            for name in datasets(entry)
        ],
        "research_setting": [{"name": access_type(entry), "datasets_used": list(datasets(entry))}],
        "research_outputs": list(beside.outputs),
    }


def _flat_applicant(organisation: Mapping[str, Any], beside: Beside) -> dict[str, Any]:
    told = {"name": organisation["name"], "type": SECTORS[organisation["kind"]]}
    sponsors = {"sponsors": list(beside.funders)} if beside.funders else {}
    return {"name": organisation["name"], "organisation": told, **sponsors}


def _midnight(day: str) -> str:
    return f"{date.fromisoformat(day).isoformat()}T00:00:00Z"


def safes(entry: RegisterEntry, beside: Beside) -> dict[str, Any]:
    """The generation in the shape of the Five Safes, 1.0.0 with our corrections."""
    permit, organisation = entry.permit, entry.permit["organisation"]
    released = made_ready_on(entry)
    reference = organisation.get("reference")
    return {
        "people": {
            "organisation": {
                "name": organisation["name"],
                **({"identifier": reference} if reference else {}),
                "sector": SECTORS[organisation["kind"]],
            },
            **({"fundersAndSponsors": list(beside.funders)} if beside.funders else {}),
        },
        "project": {
            "title": permit["project"]["title"],
            "identifier": beside.link,
            "laySummary": permit["project"]["lay_summary"],
            **({"publicBenefit": beside.benefit} if beside.benefit else {}),
            "requestCategory": category(entry),
            "startDate": permit["from"],
            "endDate": permit["until"],
            "latestApprovalDate": approved_on(entry),
        },
        "data": {
            "datasets": list(datasets(entry)),
            **({"accessDate": released} if released else {}),
        },
        "setting": {"accessType": access_type(entry)},
        "outputs": list(beside.outputs),
    }


# --- news -----------------------------------------------------------------------------------------


def changed_at(entry: RegisterEntry) -> str:
    """When something last happened to an entry, to the hour as on the log: an ISO stamp."""
    found = [one.at for one in entry.events] + [one.at for one in entry.outputs]
    found += [one.recalled.at for one in entry.outputs if one.recalled is not None]
    return max(found).strftime("%Y-%m-%dT%H:%M:%SZ")


def xml_text(text: str) -> str:
    """Text that XML 1.0 can hold: without the characters that it forbids, and escaped."""
    kept = "".join(one for one in text if _is_xml(ord(one)))
    for raw, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        kept = kept.replace(raw, written)
    return kept


def _is_xml(code: int) -> bool:
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )


def atom(
    title: str, author: str, feed: str, page: str, entries: list[tuple[RegisterEntry, Beside]],
    *, home: str, updated: str,
) -> Iterator[str]:  # fmt: skip
    """An Atom feed (RFC 4287) of these entries, in their order. `updated`: of the feed itself."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield f"<id>urn:uuid:{pid(home, '')}</id><title>{xml_text(title)}</title>\n"
    yield f'<updated>{updated}</updated><link rel="self" href="{xml_text(feed)}"/>\n'
    yield f'<link rel="alternate" href="{xml_text(page)}"/>\n'
    yield f"<author><name>{xml_text(author)}</name></author>\n"
    for entry, beside in entries:
        project = entry.permit["project"]
        since = entry.events[0].at.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield (
            f"<entry><id>urn:uuid:{pid(home, entry.id)}</id>"
            f"<title>{xml_text(project['title'])}</title>"
            f"<updated>{changed_at(entry)}</updated><published>{since}</published>"
            f'<link rel="alternate" href="{xml_text(beside.link)}"/>'
            f'<category term="{xml_text(beside.stage)}"/>'
            f'<summary type="text">{xml_text(project["lay_summary"])}</summary></entry>\n'
        )
    yield "</feed>\n"
