"""The yearly review of a project: what its people sent, and the dates that follow from it.

Work under a committee's permit may go on for a year. By the day named on the ledger the project
must have told what was done with the data, and a person of the hospital must have accepted that
with their own signature. Until then no new work starts, and nobody has to stop it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.canonical import digest
from commonweal.papers.base import Count, Day, Identifier, Paper, Text

CODE = "CW-REVIEW-INVALID"
CALLED = "The yearly review"
EARLIEST = timedelta(days=92)
"""How long before its day a review can be sent and accepted. A project cannot collect years."""


class Asked(Paper):
    """A question of the hospital about the review, and the project's answer."""

    question: Text
    answer: Text


class YearlyReview(Paper):
    """One review as it was sent. It answers for the year that ends on `due` and for no other.

    `form`, `form_version`, `answers`: the form and its answers in their plain form. `summary`: what
    the public is told, in plain words; it is one of the answers. `asked`: what the hospital asked
    before it could accept it.
    """

    yearly_review: Literal[1]
    permit: Identifier
    due: Day
    form: Identifier
    form_version: Count
    answers: dict[str, Any]
    summary: Text
    asked: Annotated[tuple[Asked, ...], Field(max_length=200)] = ()
    sent_by: Identifier

    def public_projection(self) -> dict[str, Any]:
        """What the register shows of it; its hash stands on the public log."""
        return public_part(self.permit, self.due, self.summary)

    def public_hash(self) -> str:
        """The hash of the public part."""
        return digest(self.public_projection())


def public_part(permit: str, due: date, summary: str) -> dict[str, Any]:
    """The public part of a review, as it is hashed."""
    return {"yearly_review": 1, "permit": permit, "due": due.isoformat(), "summary": summary}


def year_later(day: date) -> date:
    """The same day a year on; after a 29 February the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def first_due(
    issued_on: date, decided: Collection[date] = (), inherited: date | None = None
) -> date:
    """The day of the first review: within a year, sooner where the permit names a sooner day.

    `decided`: the permit's review dates. `inherited`: the day of the permit that this one replaces,
    which a newer permit does not put off.
    """
    named = [day for day in decided if day > issued_on]
    return min([year_later(issued_on), *named, *([] if inherited is None else [inherited])])


def next_due(due: date, accepted_on: date, decided: Collection[date] = ()) -> date:
    """The day of the next review: within a year of this one, or of a very late acceptance.

    `decided`: the permit's review dates; the first after both days comes before the year is over.
    """
    following = year_later(due)
    if following <= accepted_on:
        following = year_later(accepted_on)
    return min([following, *(day for day in decided if day > max(due, accepted_on))])
