"""What the parts of an application are called (`questions.yaml`), and their answers in words."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from pydantic import model_validator

from commonweal.foundation.errors import Fault
from commonweal.governance.application import basis, people, terms, wanted
from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.parts import Part
from commonweal.governance.application.seeds import (
    AnalysisRoles,
    DocumentKinds,
    OptOutRules,
    Organisations,
    Security,
    Seed,
    TrainingKinds,
    read_seed,
)
from commonweal.papers.base import Identifier, Line
from commonweal.papers.cohort import Cohort
from commonweal.papers.forms import Form
from commonweal.papers.sentences import (
    ACTION_WORDS,
    ARTICLE_6_WORDS,
    ARTICLE_9_WORDS,
    COMMON_LAW_WORDS,
    PURPOSE_WORDS,
    cohort_words,
)

PARTS: dict[str, type[Part]] = {
    name: kind
    for module in (people, basis, wanted, terms)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Part) and kind is not Part
}
"""Every kind of part, by name."""


class Questions(Seed):
    """`questions.yaml`."""

    sections: dict[Identifier, Line]
    parts: dict[Identifier, dict[Identifier, Line]]
    required: dict[Identifier, tuple[Identifier, ...]]

    @model_validator(mode="after")
    def _whole(self) -> Questions:
        if tuple(self.sections) != SECTIONS:
            raise ValueError("every section has its title, in order")
        held = {name: list(kind.model_fields) for name, kind in PARTS.items()}
        if held != {name: list(fields) for name, fields in self.parts.items()}:
            raise ValueError("every part has its lines, in order")
        for section, fields in self.required.items():
            part = ApplicationContent.model_fields[section].annotation
            if not set(fields) <= set(self.parts[part.__name__ if part else ""]):
                raise ValueError("a required field is not one of its section")
        return self

    def label(self, part: Part | type[Part], field: str) -> str:
        """What a field of a part is called."""
        kind = part if isinstance(part, type) else type(part)
        return self.parts[kind.__name__][field]


def questions() -> Questions:
    """The list that ships."""
    return read_seed(Questions, "questions")


_YES_NO = {True: "yes", False: "no"}
_FIXED: dict[tuple[str, str], dict[str, str]] = {
    ("RouteAnswers", "who"): {
        "care_team": "people who care for these patients",
        "custodian": "other staff of the organisation that holds the data",
        "others": "others",
    },
    ("RouteAnswers", "what"): {"results": "results only", "records": "records about people"},
    ("Purpose", "codes"): PURPOSE_WORDS,
    ("Legal", "article_6"): ARTICLE_6_WORDS,
    ("Legal", "article_9"): ARTICLE_9_WORDS,
    ("Legal", "common_law"): COMMON_LAW_WORDS,
    ("Cag", "decision_maker"): {
        "hra": "Health Research Authority",
        "secretary_of_state": "Secretary of State",
    },
    ("OptOut", "treatment"): {
        "apply": "applied: people who opted out are left out",
        "exempt": "not applied",
    },
    ("OptOut", "without_identifier"): {"leave_out": "left out", "include": "included"},
    ("Access", "processing"): ACTION_WORDS,
    ("Access", "delivery"): {
        "enclave": "the data stay in the secure place",
        "handover": "the data are handed over",
    },
    ("Assurance", "by"): {"dspt": "DSPT assessment", "alternative": "other certificates"},
    ("Place", "does"): {
        "stores": "the data are stored",
        "processes": "people work with the data",
        "both": "the data are stored and worked with",
    },
}


@cache
def _listed() -> dict[tuple[str, str], dict[str, str]]:
    kinds = {str(each.kind): each.title for each in read_seed(Organisations).kinds}
    return {
        ("Applicant", "kind"): kinds,
        ("Party", "kind"): kinds,
        ("Training", "kind"): {each.code: each.title for each in read_seed(TrainingKinds).kinds},
        ("Assurance", "status"): {each.code: each.title for each in read_seed(Security).statuses},
        ("OptOut", "code"): {e.code: e.title for e in read_seed(OptOutRules).exemptions},
        ("Group", "analysis_role"): {e.code: e.title for e in read_seed(AnalysisRoles).roles},
        ("Evidence", "kind"): {each.code: each.title for each in read_seed(DocumentKinds).kinds},
    }


def choices(part: type[Part], field: str) -> dict[str, str]:
    """The answers that a field offers, each with its words; empty where anything can be typed."""
    place = (part.__name__, field)
    known = _FIXED.get(place) or _listed().get(place)
    return dict(known) if known else {}


def in_words(part: Part, field: str, value: Any) -> str:
    """One answer as people read it. Codes that no list knows are shown as they were typed."""
    if isinstance(value, bool):
        return _YES_NO[value]
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, float):
        return f"{value * 100:.6g} per cent"  # every number with a point is a share
    if isinstance(value, Cohort):
        return cohort_words(value)
    place = (type(part).__name__, field)
    if place == ("Asked", "form"):
        return _form_words(str(value))
    words = _FIXED.get(place) or _listed().get(place) or {}
    return words.get(str(value), str(value))


def _form_words(text: str) -> str:
    try:
        form = Form.parse(text)
    except Fault:
        return text
    return f"{form.text}: {form.sentence}"
