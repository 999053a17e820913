"""Whom the steps of yearly reviews are told to. Mail carries a reference and a link only."""

from __future__ import annotations

from commonweal.web.applications.telling import writers
from commonweal.web.letters.telling import holding, tell_all
from commonweal.web.reviews.models import Review

_PAGE = "reviews:review"


def due(row: Review) -> None:
    """It is time: the project's people send it."""
    tell_all(writers(row.permit.application), "review_due", _PAGE, row.permit.reference)


def late(row: Review) -> None:
    """The day has passed: no new work may start. Both sides know."""
    people = [*writers(row.permit.application), *holding(("ig_officer", "data_manager"))]
    tell_all(people, "review_late", _PAGE, row.permit.reference)


def arrived(row: Review) -> None:
    """It was sent, or came back from the committee: the desk reads it."""
    tell_all(holding(("ig_officer",)), "your_turn", _PAGE, row.permit.reference)


def asked(row: Review) -> None:
    """The hospital has asked something."""
    tell_all(writers(row.permit.application), "question_asked", _PAGE, row.permit.reference)


def to_committee(row: Review) -> None:
    """The committee is to look at it."""
    tell_all(holding(("committee_chair", "committee_secretary")), "your_turn", _PAGE,
             row.permit.reference)  # fmt: skip


def accepted(row: Review) -> None:
    """It was accepted: the project's people know."""
    tell_all(writers(row.permit.application), "review_accepted", _PAGE, row.permit.reference)
