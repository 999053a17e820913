"""Meetings and agendas: when the committee meets, who is there, and which applications it has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from commonweal.foundation.errors import Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.decision import VariableDecision
from commonweal.governance.committee.outcome import check_no_more
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.item import ITEM
from commonweal.governance.states.meeting import MEETING
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.ballots import has_ended, locked, move, next_round, result_of
from commonweal.web.committee.minutes import agree, check_agreed_later, keep_on_record
from commonweal.web.committee.models import Item, Meeting
from commonweal.web.committee.policies import (
    CHAIR,
    SECRETARY,
    SITTING,
    check_not_out,
    check_records,
    check_role,
    members,
    standing_of,
    waiting_for,
)
from commonweal.web.committee.shorter import (
    builds_on_decision,
    earlier_of,
    end_sitting,
    proposal_of,
)
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk.publishing import to_committee
from commonweal.web.desk.services import check_evidence, is_settled
from commonweal.web.ledgerlink.services import govern

DRAFTING = ("listed", "declaring", "discussing", "postponed")
"""States in which what is proposed of each variable can be changed: before the vote."""
BUSY = ("voting", "stopped", "closed", "deadlocked")


def new_meeting(person: User, held_at: datetime, place: str) -> Meeting:
    """A meeting with a date. Raises `Refused` CW-STATE-ROLE, CW-COMMITTEE-VOTE."""
    if SECRETARY not in check_role(person, SITTING):
        raise Refused("CW-STATE-ROLE", "Only the secretary of the committee can do this.")
    return Meeting.objects.create(held_at=held_at, place=place, made_by=person)


def step_meeting(person: User, meeting: Meeting, action: str) -> Meeting:
    """Take a step with a meeting. Raises `Refused` CW-STATE-STEP."""
    with transaction.atomic():
        fresh = Meeting.objects.select_for_update().get(pk=meeting.pk, route="committee")
        role = MEETING.role_among(fresh.state, action, check_role(person, SITTING))
        met = ["papers_ready"] if fresh.items.exists() else []
        to = MEETING.check_step(fresh.state, action, role, met=met)
        if action in ("end", "cancel") and fresh.items.filter(state__in=BUSY).exists():
            raise Refused("CW-STATE-STEP", "A vote of this meeting has not come to its end.")
        fresh.state = to
        if action == "agree_minutes":
            check_agreed_later(fresh)
            agree(person, fresh)
        fresh.save()
    return fresh


def set_present(person: User, meeting: Meeting, present: Collection[str]) -> Meeting:
    """Write down which members are there. Raises `Refused` CW-STATE-STEP, CW-COMMITTEE-MEMBER."""
    if not check_role(person, SITTING) & {CHAIR, SECRETARY}:
        raise Refused(
            "CW-STATE-ROLE", "Only the chair or the secretary of the committee can do it."
        )
    sitting = [seat.person for seat in members().sitting(clock.now())]
    if not set(present) <= set(sitting):
        raise Refused("CW-COMMITTEE-MEMBER", "Choose people from the list of members.")
    with transaction.atomic():
        fresh = Meeting.objects.select_for_update().get(pk=meeting.pk)
        if fresh.route != "committee" or fresh.state not in ("planned", "papers_sent", "open"):
            raise Refused("CW-STATE-STEP", "This cannot be done now. The meeting has ended.")
        fresh.present = [one for one in sitting if one in present]
        fresh.save()
    return fresh


def waiting() -> QuerySet[Application]:
    """Applications that are complete and wait for a meeting, the oldest first."""
    rows = Application.objects.filter(state="ready").select_related("organisation", "draft")
    return rows.order_by("id")


def put_to_committee(person: User, reference: str, meeting: Meeting) -> Item:
    """Put the newest version of an application on the agenda.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-COMMITTEE-CONFLICT.
    """
    with transaction.atomic():
        application = Application.objects.select_for_update().filter(reference=reference).first()
        if application is None:
            raise Refused("CW-STATE-STEP", "Choose an application from the list.")
        held = check_role(person, SITTING)
        role = APPLICATION.role_among(application.state, "put_to_committee", held)
        version = application.versions.order_by("number").last()
        if version is None:
            raise Refused("CW-STATE-STEP", "This application was never sent.")
        met = ("assessment_settled",) if is_settled(version) else ()
        to = APPLICATION.check_step(application.state, "put_to_committee", role, met=met)
        place = _open_meeting(meeting)
        paper = paper_of(version)
        check_not_out(person, version, paper)
        check_evidence(version, paper)
        application.state = to
        item = Item(
            version=version,
            meeting=place,
            title=(paper.content.project.title or application.reference)[:500],
            variables=[as_asked(path) for path in paper.asked],
        )
        fields = {"application": application.reference, "to": item.state}
        govern(Event("agenda.moved", Actor(role, person.public_id), fields), application, item)
        to_committee(version, person, role)
    return item


def _open_meeting(meeting: Meeting) -> Meeting:
    fresh = Meeting.objects.select_for_update().get(pk=meeting.pk)
    if fresh.route != "committee" or fresh.state not in ("planned", "papers_sent", "open"):
        raise Refused("CW-STATE-STEP", "This meeting has ended or was cancelled. Choose another.")
    return fresh


def as_asked(path: tuple[str, str, str]) -> dict[str, str]:
    """What is proposed of a variable before anybody has thought about it: as it was asked for."""
    dataset, table, variable = path
    return {"dataset": dataset, "table": table, "variable": variable, "verdict": "granted"}


# --- steps of an item -------------------------------------------------------------------------


def step_item(person: User, item: Item, action: str, meeting: Meeting | None = None) -> Item:
    """Take a step with an item, but for those of the vote. Raises `Refused` CW-STATE-STEP."""
    with transaction.atomic():
        fresh = locked(item)
        paper = paper_of(fresh.version)
        check_records(person, fresh, paper)
        role = ITEM.role_among(fresh.state, action, standing_of(person, fresh, paper).roles)
        row = ITEM.step(fresh.state, action)
        if builds_on_decision(fresh) and action != "leave":
            raise Refused(
                "CW-STATE-STEP", "This cannot be done now. The chair decides it between meetings."
            )
        if action in _OTHERS or (action == "begin" and fresh.meeting.state != "open"):
            said = "The meeting has to be open first." if action == "begin" else "Nothing to do."
            raise Refused("CW-STATE-STEP", f"This cannot be done now. {said}")
        met = [row.guard] if row.guard and _holds(row.guard, fresh, paper) else []
        to = ITEM.check_step(fresh.state, action, role, met=met)
        if action == "list_again":
            if meeting is None:
                raise Refused("CW-STATE-STEP", "Choose a meeting.")
            fresh.meeting = _open_meeting(meeting)
            fresh.proposal = None
            fresh.eligible, fresh.opened_at, fresh.ends_at, fresh.closed_at = [], None, None, None
        if to == "postponed":
            keep_on_record(fresh)
        if to == "left":
            fresh.closed_at = fresh.closed_at or clock.now()
        if to in ("postponed", "left"):
            end_sitting(fresh)
        move(fresh, to, Actor(role, person.public_id))
    return fresh


_OTHERS = frozenset({
    "open_vote", "ask", "answer", "take_back", "close_vote", "record_decision",
    "apply_deadlock_rule", "withdraw", "record_short", "take_effect", "call_in",
})  # fmt: skip
"""Steps that have a page, and a check, of their own."""


def _holds(guard: str, item: Item, paper: ApplicationVersion) -> bool:
    if guard == "everyone_declared":
        return bool(item.meeting.present) and not waiting_for(item, paper)
    if guard in ("not_agreed", "not_enough_votes"):
        wanted = {"not_agreed": ("deadlock", "last_deadlock"), "not_enough_votes": ("too_few",)}
        return result_of(item) in wanted[guard]
    if guard == "builds_on_decision":
        # What the votes decide is signed or called in, and not just left.
        done = item.state == "closed" and result_of(item) == "decided"
        return builds_on_decision(item) and item.state in ("discussing", "closed") and not done
    if guard == "rounds_left" and item.meeting.route != "committee":
        return True  # the whole committee begins anew
    if guard == "rounds_left":
        return next_round(item) <= rules_in_force().deadlock.rounds
    return False


def propose_variables(person: User, item: Item, rows: Sequence[VariableDecision]) -> Item:
    """Write down what is proposed of each variable, for all to read before the vote.

    Raises `Refused` CW-STATE-STEP once the vote was opened, CW-DECISION-INVALID.
    """
    with transaction.atomic():
        fresh = locked(item)
        paper = paper_of(fresh.version)
        check_records(person, fresh, paper)
        if fresh.state not in DRAFTING or has_ended(fresh):
            raise Refused("CW-STATE-STEP", "This cannot be changed: the vote has begun.")
        _check_no_more(fresh, rows)
        if [one.path for one in rows] != list(paper.asked):
            raise Refused(
                "CW-DECISION-INVALID",
                "Each variable that was asked for needs its own yes or no, and no other.",
            )
        if all(one.verdict == "refused" for one in rows):
            raise Refused(
                "CW-DECISION-INVALID",
                "If nothing is to be granted, vote against the application instead.",
            )
        fresh.variables = [one.plain() for one in rows]
        role = ITEM.role_among("listed", "begin", standing_of(person, fresh, paper).roles)
        move(fresh, fresh.state, Actor(role, person.public_id))
    return fresh


def _check_no_more(item: Item, rows: Sequence[VariableDecision]) -> None:
    """Refuse to propose more than the committee granted. Raises `Refused` CW-COMMITTEE-ROUTE."""
    found, earlier = proposal_of(item), earlier_of(item)
    if found is not None and found.chairs_reason is not None and earlier is not None:
        check_no_more(found.chairs_reason, earlier, rows)
