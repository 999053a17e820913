"""The committee's decisions beside the projects that they are about, and those that said no.

Read from the committee's rows and shown as they were published; the committee's own page of each
decision has the votes and all there is to say of each variable.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from commonweal.foundation.london import london_day
from commonweal.governance.committee.decision import headline
from commonweal.governance.committee.vocabulary import NO, OUTCOME_WORDS
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.models import Decision
from commonweal.web.committee.services import decision_paper
from commonweal.web.nhsuk.paging import Counted
from commonweal.web.register.asked import asked_in

_SHOWN = frozenset({"published", "due", "overdue", "revisited", "ended"})
"""States of an impact assessment in which everybody can read it."""


def published() -> QuerySet[Decision]:
    """The decisions that count and that everybody can read, the newest first."""
    rows = Decision.objects.filter(
        published_at__isnull=False, act__isnull=False, set_aside_at__isnull=True
    )
    return rows.order_by("-published_at", "-id")


def decision_of_permit(permit: str) -> dict[str, Any] | None:
    """What was decided on the version that a permit is made from; None where nobody voted on it.

    With it comes what those who asked said that everybody may read. A permit is called after its
    application and the number of its version.
    """
    application, _, number = permit.rpartition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= 5):
        return None
    rows = published().select_related("version__application", "version__assessment")
    row = rows.filter(
        version__application__reference=application, version__number=int(number)
    ).first()
    if row is None:
        return None
    return decision_shown(row) | {"asked": asked_in(json.loads(bytes(row.version.content)))}


def decision_shown(row: Decision) -> dict[str, Any]:
    """One decision as the register shows it."""
    paper = decision_paper(row)
    assessment = getattr(row.version, "assessment", None)
    readable = assessment is not None and assessment.state in _SHOWN
    reference = row.version.application.reference
    return {
        "outcome": OUTCOME_WORDS[paper.outcome],
        "headline": headline(paper),
        "summary": paper.summary,
        "reasons": paper.reasons,
        "conditions": paper.conditions,
        "decided_on": london_day(paper.decided_at),
        "until": paper.until,
        "final": row.get_final_how_display() if row.final_at else None,
        "href": _address("committee:decision", row.reference),
        "assessment": _address("assessments:one", reference) if readable else None,
    }


def refused_keys() -> Counted[int]:
    """The keys of decisions that said no, the newest first.

    The outcome beside a paper is for finding it: what is shown is read from the paper.
    """
    return Counted(published().filter(outcome__in=sorted(NO)).values_list("pk", flat=True))


def refusals(keys: list[int]) -> list[dict[str, Any]]:
    """What was refused, and why: the decisions with these keys, in this order."""
    rows = published().filter(pk__in=keys)
    found = []
    for row in rows.select_related("version__application", "version__assessment"):
        content = paper_of(row.version).content
        found.append(
            decision_shown(row)
            | {
                "title": content.project.title,
                "asked": content.project.lay_summary,
                "organisation": content.organisation.name,
            }
        )
    return found


def _address(name: str, reference: str) -> str | None:
    """Where another part of the service shows this; None where the service has no such part."""
    try:
        return reverse(name, args=[reference])
    except NoReverseMatch:
        return None
