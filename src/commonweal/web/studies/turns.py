"""What waits for the people who sent studies: those that have ended, for some days."""

from __future__ import annotations

from datetime import date, timedelta

from commonweal.foundation.london import day_begins
from commonweal.web.accounts.models import User
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.studies.models import ENDED, Job
from commonweal.web.studies.policies import own_permits
from commonweal.web.studies.presenters import state_of

SHOWN_FOR = timedelta(days=7)


def waiting(person: User, day: date) -> list[Turn]:
    """Studies of this person that ended in the last days."""
    rows = Job.objects.filter(
        submitted_by=person.public_id,
        permit__in=own_permits(person, day),
        shown=ENDED,
        ended_at__gte=day_begins(day - SHOWN_FOR),
    ).order_by("-ended_at", "-pk")
    return [
        turn(
            f"Your study has ended ({state_of(one)[0].lower()})",
            one.title,
            "studies:job",
            one.permit,
            one.reference,
        )
        for one in rows[:MOST]
    ]
