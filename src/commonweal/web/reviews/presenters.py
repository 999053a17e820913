"""A yearly review as its pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from commonweal.governance.forms.showing import shown_sections
from commonweal.governance.problems import Problem
from commonweal.governance.states.annual_review import ANNUAL_REVIEW
from commonweal.web.accounts.models import User
from commonweal.web.applications.drawing import id_of
from commonweal.web.applications.presenters import STATUS, told_form
from commonweal.web.committee.policies import SITTING, roles_of
from commonweal.web.config import clock
from commonweal.web.projects.policies import permits_of
from commonweal.web.projects.presenters import title_of
from commonweal.web.reviews.contents import (
    answers_of,
    draft_of,
    form,
    found_in,
    problems_of,
    replies_missing,
    sent_answers,
    sent_paper,
)
from commonweal.web.reviews.models import REFUSED, WAITING, Review
from commonweal.web.reviews.policies import IN_TIME, can, can_write

TAGS: dict[str, tuple[str, str]] = {
    "not_yet_due": ("Not due yet", "white"),
    "due": ("Due", "yellow"),
    "overdue": ("Late", "red"),
    "sent": ("Being read", "blue"),
    "queried": ("Question asked", "yellow"),
    "with_committee": ("With the committee", "blue"),
    "accepted": ("Accepted", "green"),
    "ended": ("Ended", "grey"),
}
_PROGRESS = {"completed": "done", "in_progress": "in progress", "not_started": "not started"}


def rows_of(person: User, day: date) -> QuerySet[Review]:
    """The open reviews that a person may see, the next one first."""
    mine = Q(permit__in=permits_of(person, day).values("pk"))
    if roles_of(person, day) & SITTING:
        mine |= Q(state="with_committee")
    rows = Review.objects.filter(mine).exclude(state__in=("accepted", "ended"))
    return rows.select_related("permit__application__draft").defer("content").order_by(
        "due_on", "id"
    )  # fmt: skip


def listed(row: Review) -> dict[str, Any]:
    """One line of the list."""
    return {
        "permit": row.permit.reference,
        "title": title_of(row.permit.application),
        "tag": TAGS[_state(row)],
        "due_on": row.due_on,
    }


def _state(row: Review) -> str:
    """The state as of today: the day counts, whether or not a worker has written it down."""
    if row.state in ("not_yet_due", "due") and clock.today() > row.due_on:
        return "overdue"
    return row.state


def review_page(person: User, row: Review, roles: frozenset[str]) -> dict[str, Any]:
    """Everything that the page of one review shows."""
    writes = can_write(row, roles)
    paper = sent_paper(row)
    order = getattr(row, "order", None)
    state = _state(row)
    # Answers to another version of the form cannot be told in the words of this one.
    old = paper is not None and (paper.form, paper.form_version) != (form().id, form().version)
    late = state not in ("accepted", "ended") and clock.today() > row.due_on
    return {
        "review": row,
        "title": "Yearly review",
        "project": title_of(row.permit.application),
        "tag": TAGS[state],
        "says": ANNUAL_REVIEW.sentences[state],
        "late": late,
        "send_by": row.due_on - IN_TIME,
        "writes": writes,
        "tasks": _tasks(row) if writes else [],
        "paper": paper,
        "sections": [] if paper is None or old else told_form(form(), sent_answers(paper)),
        "found": [one.plain() for one in found_in(row, paper)] if paper is not None else [],
        "old_form": old,
        "questions": [{"words": one.words, "answer": one.answer} for one in row.questions.all()],
        "being_accepted": order is not None and order.state == WAITING,
        "refused": order if order is not None and order.state == REFUSED else None,
        "can": {
            "ask": can(row, "ask_applicant", roles),
            "committee": can(row, "put_to_committee", roles),
            "back": can(row, "return", roles),
            "accept": can(row, "accept", roles) and row.sent_by_id != person.pk,
        },
        "earlier": _earlier(row),
    }


def _earlier(row: Review) -> list[dict[str, Any]]:
    rows = Review.objects.filter(permit=row.permit, state="accepted").exclude(pk=row.pk)
    return [
        {"due_on": one.due_on, "accepted_on": one.accepted_on, "summary": paper.summary}
        for one in rows
        if (paper := sent_paper(one)) is not None
    ]


def _tasks(row: Review) -> list[dict[str, Any]]:
    draft = draft_of(row)
    answers = answers_of(row, draft.answers)
    permit = row.permit.reference
    rows: list[dict[str, Any]] = [
        {
            "heading": {"text": one.title},
            "href": reverse("reviews:section", args=[permit, one.id]),
            "status": STATUS[_PROGRESS[one.progress]],
        }
        for one in shown_sections(form(), answers)
    ]
    if row.state == "queried":
        missing = replies_missing(row, draft)
        rows.insert(0, {
            "heading": {"text": "Answer the hospital's questions"},
            "href": reverse("reviews:questions", args=[permit]),
            "status": STATUS["not started" if missing else "done"],
        })  # fmt: skip
    rows.append({
        "heading": {"text": "Check your answers and send"},
        "href": reverse("reviews:check", args=[permit]),
        "status": {"text": ""},
    })  # fmt: skip
    return rows


def check_page(row: Review) -> dict[str, Any]:
    """Everything that the page before sending shows."""
    draft = draft_of(row)
    answers = answers_of(row, draft.answers)
    stops = linked(row, problems_of(answers))
    if replies_missing(row, draft):
        place = reverse("reviews:questions", args=[row.permit.reference])
        stops.insert(0, {"text": "Answer each of the hospital's questions.", "href": place})
    replies = [
        (one.words, one.answer or draft.replies.get(str(one.pk), "")) for one in row.questions.all()
    ]
    return {
        "review": row,
        "title": "Check your answers",
        "project": title_of(row.permit.application),
        "sections": told_form(form(), answers),
        "replies": replies,
        "stops": stops,
    }


def linked(row: Review, found: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems with the place where each is put right."""
    made = []
    for one in found:
        section = one.where.partition(".")[0]
        place = reverse("reviews:section", args=[row.permit.reference, section])
        made.append({"text": one.sentence, "href": f"{place}#{id_of(one.where)}"})
    return made
