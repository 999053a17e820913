"""Whose turn a yearly review is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.committee.policies import roles_of
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.projects.policies import staff_roles
from commonweal.web.projects.presenters import title_of
from commonweal.web.reviews.models import Review

_WRITERS = {
    "due": "Send the yearly review",
    "overdue": "The yearly review is late: send it",
    "queried": "Answer the hospital's questions about the yearly review",
}


def waiting(person: User, day: date) -> list[Turn]:
    """The reviews that wait for this person."""
    rows = Review.objects.select_related("permit__application__draft").defer("content")
    mine = Application.objects.seen_by(person, day).values("pk")
    found = _turns(rows.filter(state__in=_WRITERS, permit__application__in=mine)[:MOST], _WRITERS)
    if "ig_officer" in staff_roles(person, day):
        words = {"sent": "Read a yearly review"}
        found += _turns(rows.filter(state="sent")[:MOST], words)
    if roles_of(person, day) & {"committee_chair", "committee_secretary"}:
        words = {"with_committee": "Give advice on a yearly review"}
        found += _turns(rows.filter(state="with_committee")[:MOST], words)
    return found


def _turns(rows: Iterable[Review], words: dict[str, str]) -> list[Turn]:
    return [
        turn(words[one.state], title_of(one.permit.application), "reviews:review",
             one.permit.reference)
        for one in rows
    ]  # fmt: skip
