"""Applications at the desk as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse

from commonweal.governance.application.evidence import CHECKED_WORDS
from commonweal.governance.application.questions import questions
from commonweal.governance.application.seeds import DocumentKinds, read_seed
from commonweal.governance.committee.advice import ADVICE_WORDS
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.evidence import EVIDENCE
from commonweal.governance.states.machine import OWNER_WORDS
from commonweal.governance.states.review import REVIEW
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.presenters import answers_of_version, told, told_form
from commonweal.web.committee.services import chair_acts_on, decision_of
from commonweal.web.config import clock
from commonweal.web.desk.checklist import RESULT_WORDS, checklist
from commonweal.web.desk.evidence import files_shown
from commonweal.web.desk.models import Case, File, Query
from commonweal.web.desk.policies import ASSESSED, Standing, assessment_of, can_take
from commonweal.web.desk.publishing import shown_state
from commonweal.web.desk.replying import assessment_for
from commonweal.web.desk.scanning import SCAN_WORDS
from commonweal.web.desk.services import advice_of, document_state, marks_of
from commonweal.web.desk.sniffing import KINDS
from commonweal.web.desk.timing import Waiting, histories, usual, waiting

STATE_WORDS = {
    "draft": "Being written", "sent": "New", "screening": "Being checked",
    "queried": "Question asked", "ready": "Ready for a meeting",
    "with_committee": "With the committee", "queried_by_committee": "Committee has asked",
    "to_be_revised": "To be changed", "rejected": "Rejected", "under_appeal": "Under appeal",
    "approved": "Approved", "refused": "Refused", "withdrawn": "Taken back", "lapsed": "Lapsed",
}  # fmt: skip
ASSESSMENT_WORDS = {
    "waiting": "waits to be screened", "returned": "sent back", "screened": "screened",
    "workshop_scheduled": "workshop planned", "workshop_held": "workshop held",
    "record_written": "points to be answered", "synthesised": "answers to be checked",
    "lighter_route": "lighter route taken", "with_committee": "with the committee",
    "to_publish": "to be published", "published": "published", "due": "to be looked at again",
    "overdue": "overdue", "revisited": "a newer text is being read", "not_needed": "not needed",
    "ended": "ended",
    "withdrawn": "taken back",
}  # fmt: skip
TURNS = ("custodian", "applicant", "committee", "officers")


def rows_of(cases: Iterable[Case], today: date) -> list[dict[str, Any]]:
    """Lines of the list. Histories are read for all of them at once."""
    found = list(cases)
    past = histories(one.pk for one in found)
    made = []
    for one in found:
        state = one.application.state
        made.append(
            {
                "href": reverse("desk:case", args=[one.application.reference]),
                "title": one.title,
                "reference": one.application.reference,
                "organisation": one.application.organisation.name,
                "state": STATE_WORDS[state],
                "number": one.version.number,
                "ai": one.ai,
                "assessment": ASSESSMENT_WORDS[
                    shown_state(assessment_of(one.version), today, state)
                ],
                "waiting": waiting(APPLICATION, state, past.get(one.pk, [])),
            }
        )
    return made


def standing_for_writers(application: Application) -> dict[str, Any]:
    """Whose turn it is, since when, what is promised and what it usually takes: for applicants."""
    history = histories([application.pk]).get(application.pk, [])
    found = waiting(APPLICATION, application.state, history)
    row = assessment_for(application)
    state = row.state if row is not None and application.state in ASSESSED else ""
    return {
        "time": {"waiting": found, "usual": usual(APPLICATION, application.state)},
        "assessing": state if state in ("returned", "record_written") else "",
        **_decided(application),
    }


def _decided(application: Application) -> dict[str, Any]:
    """The decision that counts, and whether the chair is deciding something small about it."""
    version = application.versions.order_by("number").last()
    found = None if version is None else decision_of(version)
    return {
        "decision": None if found is None else found.reference,
        "chair_acts": version is not None and chair_acts_on(version),
    }


def case_more(at: Standing) -> dict[str, Any]:
    """What every page about one application knows."""
    state = at.application.state
    return {
        "application": at.application,
        "case": at.case,
        "version": at.version,
        "title": at.case.title,
        "state": STATE_WORDS[state],
        "sentence": APPLICATION.sentences[state],
        "owner": OWNER_WORDS[APPLICATION.owner(state)],
        "assessment": at.assessment,
        "back": reverse("desk:case", args=[at.application.reference]),
    }


def time_of(at: Standing) -> Waiting:
    """Whose turn it is with one application."""
    history = histories([at.application.pk]).get(at.application.pk, [])
    return waiting(APPLICATION, at.application.state, history)


def steps_of(at: Standing) -> list[dict[str, str]]:
    """What the person may do with the application now, each with its page."""
    known = {"take_up": "desk:step", "pass_screening": "desk:step", "screen_again": "desk:step"}
    made: list[dict[str, str]] = []
    for action, name in known.items():
        if can_take(at, APPLICATION, at.application.state, action):
            says = APPLICATION.step(at.application.state, action).says
            href = reverse(name, args=[at.application.reference, action])
            made.append({"text": says.rstrip("."), "href": href})
    if at.application.state == "screening" and can_take(
        at, APPLICATION, at.application.state, "ask_applicant"
    ):
        href = reverse("desk:ask", args=[at.application.reference])
        made.append({"text": "Ask the applicant something", "href": href})
    return made


def review_says(at: Standing) -> str:
    """What the assessment's state means."""
    shown = shown_state(at.assessment, clock.today(), at.application.state)
    return REVIEW.sentences[shown]


def contents_of(at: Standing) -> dict[str, Any]:
    """Every answer of a version in words."""
    return {
        "sections": told(at.paper.content),
        "forms": [
            (form, told_form(form, answers)) for form, answers in answers_of_version(at.paper)
        ],
    }


def form_of(at: Standing, form_id: str) -> list[Any]:
    """One form of the version in words; empty where it was not answered."""
    return [
        (form, told_form(form, answers))
        for form, answers in answers_of_version(at.paper)
        if form.id == form_id
    ]


def checklist_of(at: Standing) -> list[dict[str, Any]]:
    """The list of checks with what was found, by whom and when."""
    marks = marks_of(at.version)
    made = []
    for item in checklist():
        mark = marks.get(item.id)
        made.append(
            {
                "item": item,
                "result": mark.result if mark else "",
                "words": RESULT_WORDS[mark.result] if mark else "",
                "note": mark.note if mark else "",
                "person": mark.person.name if mark else "",
                "at": mark.made_at if mark else None,
            }
        )
    return made


def queries_of(application: Application) -> list[Query]:
    """Every round of questions with its answers, the newest first."""
    rows = application.queries.select_related("asked_by", "answered_by")
    return list(rows.prefetch_related("questions").order_by("-id"))


def part_words(where: str) -> str:
    """The part of an application that a question is about."""
    return questions().sections.get(where, "The whole application")


def parts() -> list[tuple[str, str]]:
    """What a question can be about."""
    return [("", "The whole application"), *questions().sections.items()]


def advice_told(version: Version) -> list[dict[str, Any]]:
    """The Data Protection Officer's advice in words, the newest last."""
    names = dict(version.advice.values_list("person__public_id", "person__name"))
    return [
        {
            "verdict": ADVICE_WORDS[one.verdict],
            "words": one.words,
            "conditions": one.conditions,
            "name": names.get(one.person, one.person),
            "at": one.at,
        }
        for one in advice_of(version)
    ]


# --- documents ----------------------------------------------------------------------------------


def kind_words() -> dict[str, str]:
    """Kinds of documents in words."""
    return {one.code: one.title for one in read_seed(DocumentKinds).kinds}


def documents_of(
    application: Application, named: Iterable[Any], version: Version | None
) -> list[dict[str, Any]]:
    """The documents that an application names, each with what was handed in for it.

    `version`: the one that is looked at; None for the writers, who see what they hand in anew.
    """
    rows = {
        one.name: one
        for one in application.documents.select_related("checked_by").prefetch_related(
            "files__handed_in_by"
        )
    }
    words = kind_words()
    made = []
    for each in named:
        row = rows.get(str(each.id))
        files = list(row.files.all()) if row else []
        files = files if version is None else files_shown(files, version, each)
        state = row.state if row else EVIDENCE.initial
        newest = files[-1] if files else None
        shown = document_state(state, each.expires)
        made.append(
            {
                "id": each.id,
                "title": each.title or each.id,
                "kind": words.get(each.kind or "", ""),
                "version": each.version,
                "dated": each.dated,
                "expires": each.expires,
                "state": state,  # the stored one: steps are taken from it
                "done": shown in ("checked", "not_wanted"),
                "says": EVIDENCE.sentences[shown],
                "note": row.note if row else "",
                "looked_at": [
                    CHECKED_WORDS[one]
                    for one in (row.looked_at if row else ())
                    if one in CHECKED_WORDS
                ],
                "scan": SCAN_WORDS[newest.scan] if newest else "",
                "checked_by": row.checked_by.name if row and row.checked_by else "",
                "checked_at": row.checked_at if row else None,
                "file": file_told(newest) if newest else None,
                "same": newest is not None and newest.sha256 == each.sha256,
                "earlier": [file_told(one) for one in reversed(files[:-1])],
            }
        )
    return made


def file_told(file: File) -> dict[str, Any]:
    """One file in words."""
    return {
        "pk": file.pk,
        "shown": file.shown,
        "kind": KINDS[file.kind][0],
        "size": f"{-(-file.size // 1024):,} KB",
        "sha256": file.sha256,
        "scan": SCAN_WORDS[file.scan],
        "by": file.handed_in_by.name,
        "at": file.handed_in_at,
        "found": file.scan == "found",
    }


def public_forms(shown: dict[str, Any]) -> list[Any]:
    """The answers of a published assessment in words."""
    made = []
    for each in shown["answers"]:
        form = our_library().forms.get(each["form"])
        if form is None or form.version != each["form_version"]:
            continue
        plain = {"answers": 1, "form": form.id, "form_version": form.version,
                 "values": each["values"]}  # fmt: skip
        made.append((form, told_form(form, Answers.read(plain, "The answers"))))
    return made
