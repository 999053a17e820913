"""The application of the walk-through: a study on diabetes and the heart that trains a model.

Everything that a real application needs is in it, and the same checks let it be sent. Documents are
named by digests of made-up texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from commonweal.demo.walkthrough import papers
from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.files import make_private_folder, write_atomic
from commonweal.governance.application.answered import answered
from commonweal.governance.application.answers import AnsweredForm
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.version import ApplicationVersion, freeze
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.library.shelf import our_library
from commonweal.papers.catalogue import Catalogue
from commonweal.web.config.environment import EXAMPLE

LEAD = "amara"
UNIVERSITY = "University of Meadowbank (fictional)"
STRUCK = ("patients", "ethnic_category")
"""What the study asks for and the committee refuses."""
COARSER = ("admissions", "primary_diagnosis")
"""What the study asks for as it is and the committee grants in the form of `papers.ASKED`."""
_PLACE = "Meadowbank secure place"
_CODES = frozenset({"pseudonym", "record_code"})


def send(
    application: str, patients: int, catalogue: Catalogue, at: datetime, **changes: Any
) -> ApplicationVersion:
    """The frozen version 1 of the application called `application`.

    `changes`: sections in place of those of `content`. Raises `Refused` CW-APPLY-NOT-COMPLETE.
    """
    asked = read_draft(content(at.date(), patients) | changes)
    return freeze(
        application, 1, asked, forms(asked, at.date()), at=at, by=LEAD, catalogue=catalogue
    )


def forms(asked: ApplicationContent, today: date) -> dict[str, AnsweredForm]:
    """The two forms that an AI project needs, filled in on `today`."""
    return {
        name: answered(our_library().form(name), said, asked)
        for name, said in answers(today).items()
    }


def answers(today: date) -> dict[str, Answers]:
    """What the lead researcher answers in these forms on `today`, by form."""
    filled: Any = parse_yaml(
        resources.files(__package__).joinpath("answers.yaml").read_bytes(), "The answers"
    )
    in_a_year = (today + timedelta(days=360)).isoformat()
    filled["aia"]["next_look"] = in_a_year
    filled["dpia"] |= {
        "look_again": in_a_year,
        "dpo_asked_on": (today - timedelta(days=20)).isoformat(),
    }
    found = {}
    for name, values in filled.items():
        plain = {"form": name, "form_version": our_library().form(name).version, "values": values}
        found[name] = Answers.read(plain, "The answers")
    return found


def content(today: date, patients: int) -> dict[str, Any]:
    """The sections of the application, as a person would fill them in on `today`."""
    said = papers.draft(today, patients)
    before, ends = (today - timedelta(days=30)).isoformat(), date.fromisoformat(said["until"])
    return {
        **_who(said, today, before, ends),
        **_what(said),
        "legal": _legal(said["legal_basis"], before),
        **_how(said, ends),
        "documents": [_document(kind, before) for kind in _DOCUMENTS],
        "assessments": {
            "dpo": "Quentin Hale", "advice": "Go ahead.", "advised_on": before,
            "advice_followed": True, "high_risk_remains": False,
        },
        "declarations": [
            {"id": name, "wording": 1, "agreed": True, "by": LEAD, "on": today.isoformat()}
            for name in _DECLARED
        ],
    }  # fmt: skip


def _who(said: dict[str, Any], today: date, before: str, ends: date) -> dict[str, Any]:
    """The route, the organisations, the people and where they work."""
    return {
        "route": {
            "who": "others", "what": "records", "identifiable": True, "consent": False,
            "duty": False, "research": True, "ai": True,
        },
        "project": said["project"],
        "organisation": {
            **said["organisation"], "ico_registration": "Z0000000", "publishes_results": True,
            "commercial_interest": "Nobody.",
        },
        "responsible": {
            "controllers": [{**said["controllers"][0], "reference": papers.CUSTODIAN["ods"]}]
        },
        "people": [_lead(said["people"][0], before, ends)],
        "places": [_place(today)],
    }  # fmt: skip


def _what(said: dict[str, Any]) -> dict[str, Any]:
    """What for, about whom, and which data."""
    return {
        "purpose": {
            "codes": said["purposes"],
            "objective": "Can heart trouble in people with diabetes be seen earlier?",
            "public_benefit": "Fewer people come to hospital as an emergency.",
            "who_benefits": "People with diabetes.",
        },
        "opt_out": {"treatment": "apply", "without_identifier": "leave_out"},
        "subjects": {
            "cohort": said["cohort"],
            "words": "People with diabetes or heart trouble.",
            "why": "The question is about them.",
        },
        "data": {"dataset": papers.DATASET, "groups": list(_groups(said)), "genomic": False},
    }


def _how(said: dict[str, Any], ends: date) -> dict[str, Any]:
    """What is done with the data, under which limits, until when."""
    return {
        "access": {
            "processing": said["processing"], "delivery": "enclave",
            "methods": "Counts, and one model trained in the secure place.",
            "outputs": "Tables, and figures of how well the model does.",
        },
        "flows": [
            {
                "from_place": "Hospital records", "to_place": _PLACE, "what": "The release",
                "how": "Inside the hospital", "legal_basis": "Public task",
            }
        ],
        "safeguards": said["risk"],
        "period": {"starts": said["from"], "ends": said["until"]},
        "retention": {
            "destroyed_by": (ends + timedelta(days=60)).isoformat(),
            "how": "The key is destroyed.",
            "kept": "Published tables and code.",
        },
    }  # fmt: skip


_DOCUMENTS: Mapping[str, str] = {
    "protocol": "protocol", "ethics": "ethics_letter", "cag": "cag_letter", "items": "cag_items",
    "guardian": "guardian_recommendation", "flow": "data_flow_diagram",
}  # fmt: skip
_DECLARED = (
    "true_and_complete", "only_this_purpose", "no_re_identification", "named_people_only",
    "report_within_a_day", "not_for_sale", "authority", "models_do_not_leave",
)  # fmt: skip


def document_text(id_: str) -> bytes:
    """The whole of a document that the application names."""
    return f"The demonstration's document {id_}, which is made up.".encode()


def document_digest(id_: str) -> str:
    """The digest by which the application names that document."""
    return "sha256:" + hashlib.sha256(document_text(id_)).hexdigest()


def write_example(service: Path, documents: Path, patients: int, today: date) -> None:
    """The same application as a draft, for whoever looks around in the service afterwards.

    `service`: the folder of the service's records; `documents`: where its documents are put.
    """
    draft = {
        "person": LEAD,
        "content": as_typed(read_draft(content(today, patients))),
        "forms": {name: said.plain() for name, said in answers(today).items()},
    }
    make_private_folder(service)
    write_atomic(service / EXAMPLE, json.dumps(draft).encode())
    make_private_folder(documents)
    for id_ in _DOCUMENTS:
        write_atomic(documents / f"{id_}.txt", document_text(id_))


def _document(id_: str, before: str) -> dict[str, Any]:
    return {
        "id": id_, "kind": _DOCUMENTS[id_], "title": f"Document {id_}", "version": "1",
        "dated": before, "sha256": document_digest(id_),
        "checked_by": "Edward Shaw", "checked_on": before,
    }  # fmt: skip


def _lead(one: dict[str, Any], before: str, ends: date) -> dict[str, Any]:
    training = {
        "kind": "safe_researcher", "passed_on": before, "evidence": "Certificate 1",
        "expires": (ends + timedelta(days=365)).isoformat(),
    }  # fmt: skip
    return {
        "account": one["id"], "name": one["name"], "role": one["role"], "employer": UNIVERSITY,
        "training": [training],
    }  # fmt: skip


def _place(today: date) -> dict[str, Any]:
    # A toolkit year ends in June and its assessment counts for a year more.
    ends = today.year if today.month <= 6 else today.year + 1
    checked = today.isoformat()
    return {
        "name": _PLACE, "organisation": papers.CUSTODIAN["name"], "ods": papers.CUSTODIAN["ods"],
        "country": "England", "does": "both",
        "assurance": {
            "by": "dspt", "year": f"{ends - 1}-{ends % 100:02}", "status": "standards_met",
            "published_on": checked, "evidence": "Published on the toolkit's site",
            "checked_by": "Edward Shaw", "checked_on": checked,
        },
    }  # fmt: skip


def _legal(basis: dict[str, Any], before: str) -> dict[str, Any]:
    items = sorted({*basis["cag"]["items"], STRUCK[1]})
    return {
        "article_6": basis["uk_gdpr_article_6"],
        "article_9": basis["uk_gdpr_article_9"],
        "common_law": basis["common_law"],
        "explanation": "A public university's research in the public interest.",
        "cag": {**basis["cag"], "items": items, "letter": "cag"},
        "ethics": {
            "reference": "26/MB/0001", "committee": "Meadowbank REC (fictional)",
            "given_on": before, "letter": "ethics",
        },
    }  # fmt: skip


def _groups(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each table's variables: the codes that join them, and what is looked at."""
    joining, looked_at = [], []
    for table in said["data"][0]["tables"]:
        for item in table["variables"]:
            place = (table["table"], item["variable"])
            form = "exact" if place == COARSER else item["form"]
            one = {**item, "table": table["table"], "form": form}
            if form in _CODES:
                joining.append(one)
            else:
                looked_at.append(_argued(one))
    struck = {"table": STRUCK[0], "variable": STRUCK[1], "form": "exact"}
    yield {
        "analysis_role": "linkage", "variables": joining,
        "reason": "What happened to one person belongs together.",
    }  # fmt: skip
    yield {
        "analysis_role": "outcome", "variables": [*looked_at, _argued(struck)],
        "reason": "The model learns from it, and is tried on it.",
    }  # fmt: skip


def _argued(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "why": "Heart trouble differs by it.",
        "coarser_would_not_do": "Coarser groups hide what the model should learn.",
        "without_it": "The question could not be answered.",
    }
