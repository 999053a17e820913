"""What waits for the people who write applications."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef

from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.signing.models import HEARD, Act

_STATES = {
    "draft": ("Go on writing your application", "applications:tasks"),
    "queried": ("Answer the hospital's questions", "answers:questions"),
    "queried_by_committee": ("Answer the committee's questions", "committee:applicant_answers"),
    "to_be_revised": ("Change your application and send it again", "applications:tasks"),
    "rejected": ("The committee said no; you can appeal", "committee:appeal"),
}
"""State of an application: what its writers do next, and where."""


def waiting(person: User, day: date) -> list[Turn]:
    """The writer's next step of each application that waits for one."""
    mine = Application.objects.seen_by(person, day).select_related("draft")
    mine = mine.defer("draft__content", "draft__forms")
    rows = mine.filter(state__in=_STATES)[:MOST]
    found = [turn(_STATES[one.state][0], one.draft.title, _STATES[one.state][1], one.reference)
             for one in rows]  # fmt: skip
    signed = Act.objects.filter(
        kind="send", state=HEARD, object_digest=OuterRef("digest"),
        subject=OuterRef("application__reference"),
    )  # fmt: skip
    unsigned = Version.objects.filter(
        ~Exists(signed), sent_by=person, application__in=mine.filter(state="sent").values("pk")
    )
    return found + [
        turn("Sign what you sent", one.application.draft.title, "applications:sent",
             one.application.reference, one.number)
        for one in unsigned.select_related("application__draft").defer(
            "content", "application__draft__content", "application__draft__forms"
        )[:MOST]
    ]  # fmt: skip
