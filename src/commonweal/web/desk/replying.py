"""The writers' side of an impact assessment: an answer to each point of the workshop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from commonweal.foundation.errors import Refused
from commonweal.governance.states.review import REVIEW
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import application_of, role_for
from commonweal.web.config import clock
from commonweal.web.desk.asking import answer_bytes
from commonweal.web.desk.models import REPLIES, Assessment, Point, ReplyDraft
from commonweal.web.desk.policies import check_assessed
from commonweal.web.desk.services import MAX_WORDS, readable
from commonweal.web.ledgerlink.services import govern

REPLY_WORDS = {
    "accepted": "We agree, and change something",
    "partly": "We agree in part, and change something",
    "not_accepted": "We do not agree",
}


@dataclass(frozen=True)
class Reply:
    """An answer to one point as it was typed."""

    reply: str
    reason: str
    change: str

    @property
    def is_whole(self) -> bool:
        """True if it can be sent: a reason, and a change exactly where one was agreed."""
        changed = bool(self.change.strip()) is (self.reply != "not_accepted")
        return self.reply in REPLIES and bool(self.reason.strip()) and changed


def assessment_for(application: Application) -> Assessment | None:
    """The assessment of the newest version, or None before anything was sent."""
    rows = Assessment.objects.filter(application=application)
    return rows.select_related("version", "workshop").order_by("version__number").last()


def reply_of(point: Point) -> Reply:
    """What was sent as the answer to a point, or what was typed and not sent yet."""
    draft = getattr(point, "draft", None)
    if draft is not None:
        return Reply(draft.reply, draft.reason, draft.change)
    return Reply(point.reply, point.reason, point.change)


def save_replies(person: User, application: Application, typed: Mapping[int, Reply]) -> None:
    """Keep what was typed, by the point's number. Never refuses what it says.

    Raises `Fault` CW-WEB-NOT-FOUND for somebody else, `Refused` CW-STATE-STEP when nobody waits.
    """
    with transaction.atomic():
        row, _ = _mine(person, application, "synthesise")
        for one in row.points.all():
            if one.number in typed:
                said = typed[one.number]
                ReplyDraft.objects.update_or_create(
                    point=one,
                    defaults={
                        "reply": said.reply[:16], "reason": said.reason, "change": said.change,
                        "saved_at": clock.now(), "saved_by": person,
                    },
                )  # fmt: skip


def send_replies(person: User, application: Application) -> None:
    """Send the answers to all points.

    Raises as `save_replies`, `Refused` CW-STATE-GUARD while one is not whole, CW-DESK-INPUT.
    """
    with transaction.atomic():
        row, role = _mine(person, application, "synthesise")
        points = list(row.points.select_related("draft"))
        whole = bool(points)
        for one in points:
            said = reply_of(one)
            whole = whole and said.is_whole
            one.reply, one.reason, one.change = said.reply, said.reason.strip(), said.change.strip()
        if whole:
            for one in points:
                readable(one.reason, f"Why, in your answer to point {one.number}")
                if one.change:
                    readable(one.change, f"What you change, in your answer to point {one.number}")
        met = ("every_point_answered",) if whole else ()
        row.state = REVIEW.check_step(row.state, "synthesise", role, met=met)  # type: ignore[arg-type]
        row.note, row.changed_at = "", clock.now()
        fields = {"application": application.reference, "step": "synthesise"}
        event = Event("assessment.handled", Actor(role, person.public_id), fields)
        govern(event, row, *points)


def send_completed(person: User, application: Application, words: str) -> None:
    """Send an assessment that was sent back, with what was asked for.

    Raises as `save_replies`, and `Refused` CW-STATE-GUARD without words, CW-DESK-INPUT.
    """
    with transaction.atomic():
        row, role = _mine(person, application, "send")
        said = words.strip()
        if len(said) > MAX_WORDS:
            raise Refused(
                "CW-DESK-INPUT", f"Each text can have at most {MAX_WORDS:,} characters."
            )  # fmt: skip
        met = ("may_be_sent",) if said else ()
        row.state = REVIEW.check_step(row.state, "send", role, met=met)  # type: ignore[arg-type]
        row.reply, row.changed_at = said, clock.now()
        salt = new_salt()
        fields = {
            "application": application.reference,
            "answer": commitment(salt, answer_bytes([said])),
        }
        row.salt = salt
        govern(Event("application.answered", Actor(role, person.public_id), fields), row)


def _mine(person: User, application: Application, action: str) -> tuple[Assessment, str]:
    Application.objects.select_for_update().get(pk=application.pk)
    fresh = application_of(person, application.reference, clock.today())
    row = assessment_for(fresh)
    if row is None:
        raise Refused("CW-STATE-STEP", "Nothing was sent yet.")
    check_assessed(fresh)
    REVIEW.step(row.state, action)
    return row, role_for(person, fresh, clock.today())
