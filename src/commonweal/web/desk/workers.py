"""Beside the ledger: published assessments fall due, run over, and end with their project (P6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from commonweal.papers.permit_state import TERMINAL
from commonweal.vault.custody import Custody
from commonweal.web.applications.telling import writers
from commonweal.web.config import clock
from commonweal.web.config.workers import Seldom
from commonweal.web.desk.after import follow_days
from commonweal.web.desk.models import Assessment
from commonweal.web.letters.telling import tell_all
from commonweal.web.projects.models import Permit

LOOK_AGAIN = timedelta(minutes=1)
_REFUSED = frozenset({"refused", "withdrawn", "lapsed"})


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does for this app."""
    return (Seldom(follow_assessments, LOOK_AGAIN),) if room == "signer" else ()


def follow_assessments(custody: Custody) -> int:
    """Look which published assessments the day has come for; how many took a step."""
    rows = Assessment.objects.filter(state__in=("published", "due", "overdue", "revisited"))
    done = 0
    for row in rows.select_related("application").defer("heard", "record"):
        step = follow_days(row.pk, clock.today(), ended=_ended(custody, row))
        done += bool(step)
        if step in ("fall_due", "run_over"):
            kind = "aia_due" if step == "fall_due" else "aia_late"
            tell_all(writers(row.application), kind, "answers:again", row.application.reference)
    return done


def _ended(custody: Custody, row: Assessment) -> bool:
    """True for a project that was refused, or all of whose permits have ended on the ledger."""
    if row.application.state in _REFUSED:
        return True
    references = Permit.objects.filter(application=row.application).values_list(
        "reference", flat=True
    )
    standings = [custody.ledger.permit_standing(each) for each in references]
    ended = [one is not None and one.state in {*TERMINAL, "expired"} for one in standings]
    return bool(ended) and all(ended)
