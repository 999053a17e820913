"""After the committee: its decision carried over to the assessment, publication, looking again.

The committee's steps move the assessment in their own transaction: `to_committee` when it is put on
an agenda, `decided` when the chair's decision is followed. Whether an assessment is overdue is
computed from the day on which it is to be looked at again, never stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.db import transaction

from commonweal.foundation.canonical import canonical, digest, parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application.answers import AIA
from commonweal.governance.states.review import REVIEW
from commonweal.ledger.details import commitment
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.services import decision_of, decision_paper
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk.models import Assessment
from commonweal.web.desk.policies import Standing, role_in
from commonweal.web.desk.redacting import cut, marks_of
from commonweal.web.desk.services import actor, locked, record_of
from commonweal.web.ledgerlink.services import govern

ON_AGENDA = ("synthesised", "lighter_route")
"""States from which the committee gets an assessment."""
_DECIDED: Mapping[str, tuple[str, str]] = {
    "approve": ("record_approval", "decision_yes"),
    "approve_with_conditions": ("record_approval", "decision_yes"),
    "resubmit": ("ask_for_changes", "decision_again"),
    "reject": ("record_rejection", "decision_no"),
}
"""What becomes of the assessment: the step, and the guard that then holds."""
_AFTER = frozenset({"published", "due", "overdue", "revisited"})


def follow(
    version: Version, action: str, person: User, role: str, met: Collection[str] = ()
) -> Assessment | None:
    """Move the assessment of a version with the application, in an open transaction.

    Returns None where no assessment is needed. Raises as `StateMachine.check_step`.
    """
    row = Assessment.objects.select_for_update().filter(version=version).first()
    if row is None or row.state == "not_needed":
        return None
    row.state = REVIEW.check_step(row.state, action, role, met=met)  # type: ignore[arg-type]
    row.changed_at = clock.now()
    fields = {"application": version.application.reference, "step": action}
    govern(Event("assessment.handled", Actor(role, person.public_id), fields), row)
    return row


def to_committee(version: Version, person: User, role: str) -> None:
    """Move the assessment when its application is put on an agenda, in an open transaction.

    One on which the committee has decided before (an appeal was upheld) stays where it is. Raises
    as `follow` for one that is not whole.
    """
    row = Assessment.objects.filter(version=version).first()
    if row is not None and row.state in ON_AGENDA:
        whole = row.record is not None
        met = {"synthesised": "every_point_answered", "lighter_route": "lighter_route_met"}
        follow(version, "put_to_committee", person, role, (met[row.state],) if whole else ())


def decided(version: Version, outcome: str, person: User, role: str) -> None:
    """Move the assessment as the committee decided about its application, in an open transaction.

    Raises as `follow`.
    """
    row = Assessment.objects.filter(version=version).first()
    if row is not None and row.state == "with_committee":
        action, guard = _DECIDED[outcome]
        follow(version, action, person, role, (guard,))


def can_publish(at: Standing) -> bool:
    """True if the person may publish the assessment now."""
    waiting = at.assessment.state == "to_publish"
    allowed = any(
        row.action == "publish" for r in at.roles for row in REVIEW.actions("to_publish", r)
    )
    return waiting and allowed and not at.is_involved


def public_plain(version: Version) -> dict[str, Any]:
    """What is published of an assessment: the answers, the record and the committee's answer."""
    paper, record = paper_of(version), record_of(version)
    if record is None:
        raise Refused("CW-STATE-GUARD", "The record of the assessment is not whole.")
    decided = decision_of(version)
    return {
        "published_assessment": 1,
        "application": paper.application,
        "title": paper.content.project.title,
        "outcome": decision_paper(decided).outcome if decided is not None else None,
        "answers": [each.plain() for each in paper.answers if each.form == AIA],
        "record": _without_names(record.plain()),
    }


def _without_names(record: dict[str, Any]) -> dict[str, Any]:
    """The record as the public sees it: no account of anybody."""
    kept = {key: value for key, value in record.items() if key != "recorded_by"}
    if isinstance(kept.get("workshop"), dict):
        hidden = ("facilitator", "rapporteur")
        kept["workshop"] = {k: v for k, v in kept["workshop"].items() if k not in hidden}
    return kept


def publish(at: Standing, *, read: bool) -> Assessment:
    """Publish an assessment. `read`: the person says that the public version may be seen.

    Raises as `policies.role_in`.
    """
    with transaction.atomic():
        fresh = locked(at)
        row = fresh.assessment
        met = ("public_version_ready",) if read else ()
        role, to = role_in(fresh, REVIEW, row.state, "publish", met)
        months = rules_in_force().lighter_assessment.look_again_months
        row.published_at = row.changed_at = clock.now()
        row.look_again_on = months_later(london_day(clock.now()), months)
        row.state = to
        fields = {
            "application": fresh.application.reference,
            "assessment_hash": digest(shown_plain(row)),
            "look_again_on": row.look_again_on.isoformat(),
        } | committed_whole(row)
        govern(Event("assessment.published", actor(at.person, role), fields), row)
    return row


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def is_overdue(row: Assessment, day: date) -> bool:
    """True if an assessment should have been looked at again before `day` (P6)."""
    return row.state in _AFTER and row.look_again_on is not None and row.look_again_on < day


def stops_releases(application: Application, day: date) -> bool:
    """True while an overdue assessment of the application stops new releases (P6)."""
    rows = Assessment.objects.filter(application=application).order_by("version__number")
    newest = [row for row in rows if row.state in _AFTER]
    return bool(newest) and is_overdue(newest[-1], day)


def shown_state(row: Assessment, day: date, application: str) -> str:
    """The state as people are told it, given that of the application.

    Overdue is computed, and so is what became of it when the application was taken back.
    """
    if application in ("withdrawn", "lapsed") and row.state not in _AFTER:
        return "withdrawn"
    return "overdue" if is_overdue(row, day) else row.state


def published_plain(application: str) -> dict[str, Any] | None:
    """The newest published assessment of an application, or None."""
    rows = Assessment.objects.filter(
        application__reference=application, published_at__isnull=False
    ).select_related("version__application")
    row = rows.order_by("version__number").last()
    return None if row is None else shown_plain(row)


def whole_plain(row: Assessment, number: int | None = None) -> dict[str, Any]:
    """The text of an assessment as it is frozen: of its newest published text, or of an earlier.

    `number`: 1 for the text that the committee had. Raises `Fault` CW-WEB-NOT-FOUND.
    """
    texts = [each for each in row.iterations.all() if each.published_at is not None]
    at = len(texts) + 1 if number is None else number
    if not 1 <= at <= len(texts) + 1:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    plain = public_plain(row.version)
    if at == 1:
        return plain
    newer = parse_json(bytes(texts[at - 2].content), "The newer text")
    return plain | {"answers": [newer["answers"]], "changed": newer["changed"], "text": at}


def shown_plain(row: Assessment, number: int | None = None) -> dict[str, Any]:
    """The same as everybody reads it: without the words that were removed."""
    return cut(whole_plain(row, number), marks_of(row))


def committed_whole(row: Assessment) -> dict[str, str]:
    """The ledger's commitment to the whole text, where words were removed from it.

    A plain hash would let anybody try out what the missing words are (S10).
    """
    if not row.redactions.exists():
        return {}
    return {"whole": commitment(bytes(row.whole_salt), canonical(whole_plain(row)))}


def read_heard(row: Assessment) -> dict[str, Any] | None:
    """The rapporteur's record as it was handed in, or None."""
    if row.heard is None:
        return None
    found = parse_json(bytes(row.heard), "The record of the workshop")
    return found if isinstance(found, dict) else None
