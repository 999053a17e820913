"""Use cases of the public panel, one transaction each; each step with its event on the ledger."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.urls import reverse

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.panel_vote import PanelVote
from commonweal.governance.roles import RoleName
from commonweal.governance.states.panel_question import PANEL_QUESTION
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.letters.services import tell
from commonweal.web.panel.models import Document, Invitation, Meeting, Question, Vote
from commonweal.web.panel.policies import (
    check_lead,
    check_note,
    check_vote,
    guards_met,
    members_on,
    role_for,
)
from commonweal.web.signing.models import ASKED, SIGNED, Act
from commonweal.web.signing.services import propose as propose_act


def _locked(question: Question) -> Question:
    rows = Question.objects.select_for_update(of=("self",)).select_related("proposed_by")
    return rows.get(pk=question.pk)


def _step(person: User, question: Question, action: str, *, met: Collection[str] = ()) -> RoleName:
    """Take a step of the machine on a locked row; the caller sets the rest, and governs it.

    `met`: guards that rest on what was typed. Raises CW-STATE-STEP, -ROLE or -GUARD.
    """
    now = clock.now()
    role = role_for(person, question, action, london_day(now))
    hold = guards_met(question, person, now) | set(met)
    question.state = PANEL_QUESTION.check_step(question.state, action, role, met=hold)
    return role


def _taken(person: User, role: RoleName, question: Question, step: str) -> Event:
    fields = {"question": question.reference, "step": step}
    return Event("panel.step_taken", Actor(role, person.public_id), fields)


def vote_said(vote: Vote) -> dict[str, str]:
    """What the ledger's entry of a vote commits to."""
    return {"question": vote.question.reference, "choice": vote.choice, "reasons": vote.reasons}


# --- before the vote --------------------------------------------------------------------------


def propose(person: User, ask: str, why: str, vote_days: int) -> Question:
    """A new question that is being prepared. Raises `Refused` CW-WEB-DENIED."""
    role = check_lead(person, clock.today())
    row = Question(
        ask=ask, why=why, vote_days=vote_days, proposed_by=person, proposed_at=clock.now()
    )
    govern(_taken(person, role, row, "propose"), row)
    return row


def add_paper(person: User, question: Question, title: str, words: str) -> Document:
    """One more paper, until they are sent. Raises `Refused` CW-WEB-DENIED or CW-STATE-STEP."""
    check_lead(person, clock.today())
    with transaction.atomic():
        fresh = _locked(question)
        PANEL_QUESTION.step(fresh.state, "send_papers")
        return Document.objects.create(
            question=fresh, title=title, words=words, added_by=person, added_at=clock.now()
        )


def send_papers(person: User, question: Question) -> None:
    """Send the papers: from now on the panel sees them, and a mail tells everybody."""
    with transaction.atomic():
        fresh = _locked(question)
        role = _step(person, fresh, "send_papers")
        fresh.papers_sent_at, fresh.more = clock.now(), ""
        govern(_taken(person, role, fresh, "send_papers"), fresh)
        _tell(reverse("panel:question", args=[fresh.reference]))


def ask_for_more(person: User, question: Question, words: str) -> None:
    """The panel wants better papers: the question goes back to whoever prepares it."""
    with transaction.atomic():
        fresh = _locked(question)
        role = _step(person, fresh, "ask_for_more")
        fresh.more, fresh.papers_sent_at = words, None
        govern(_taken(person, role, fresh, "ask_for_more"), fresh)


def open_vote(person: User, question: Question) -> None:
    """Open the vote to everybody who is on the panel now."""
    with transaction.atomic():
        fresh = _locked(question)
        role = _step(person, fresh, "open_vote")
        fresh.opened_at = clock.now()
        fresh.eligible = [one.public_id for one in members_on(clock.today())]
        if not fresh.eligible:
            raise Refused("CW-PANEL-VOTE", "Nobody is on the panel, so nobody could vote.")
        govern(_taken(person, role, fresh, "open_vote"), fresh)
        _tell(reverse("panel:question", args=[fresh.reference]))


def drop(person: User, question: Question, reasons: str) -> None:
    """Drop a question before its vote. The reasons are published."""
    with transaction.atomic():
        fresh = _locked(question)
        role = _step(person, fresh, "drop", met={"reasons_published"} if reasons.strip() else ())
        fresh.reasons, fresh.ended_at = reasons, clock.now()
        govern(_taken(person, role, fresh, "drop"), fresh)


# --- the vote ---------------------------------------------------------------------------------


def question_digest(question: Question) -> str:
    """The digest of a question whose vote is open, with its papers: what a vote is about."""
    papers = [{"title": one.title, "words": one.words} for one in question.papers.order_by("pk")]
    opened = None if question.opened_at is None else stamp(question.opened_at)
    asked = {"question": question.reference, "ask": question.ask, "why": question.why}
    return digest({**asked, "papers": papers, "opened_at": opened})


def propose_vote(person: User, question: Question, choice: str, reasons: str, back: str) -> Act:
    """A vote for `person` to sign; a later one takes its place. Raises as `check_vote`."""
    now = clock.now()
    check_vote(person, question, now)
    about = question_digest(question)
    paper = PanelVote.read(
        {
            "panel_vote": 1, "question": question.reference, "question_digest": about,
            "person": person.public_id, "choice": choice, "reasons": reasons, "at": stamp(now),
        },
        "The vote",
    )  # fmt: skip
    return propose_act(
        person,
        "panel_member",
        "panel_vote",
        choice,
        subject=question.reference,
        object_digest=about,
        content=paper,
        back=back,
    )


def check_count(act: Act, paper: PanelVote) -> Question:
    """The question of a vote that may be counted now, locked. Raises as `check_vote`."""
    rows = Question.objects.select_for_update(of=("self",)).select_related("proposed_by")
    question = rows.filter(reference=act.subject).first()
    if question is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such question.")
    said = (paper.question, paper.person, paper.choice, paper.question_digest)
    signed = (act.subject, act.person.public_id, act.verdict, act.object_digest)
    if said != signed or act.object_digest != question_digest(question):
        raise Refused("CW-PANEL-VOTE", "The vote is about something else than this question.")
    if question.votes.filter(act=act.pk).exists():
        return question
    check_vote(act.person, question, clock.now())
    if question.votes.filter(person=act.person, cast_at__gt=paper.at).exists():
        raise Refused("CW-PANEL-VOTE", "You have voted since you wrote this.")
    return question


def count_vote(act: Act, paper: PanelVote, question: Question) -> Vote:
    """Write a vote that the ledger heard of; once, however often it runs."""
    row = Vote.objects.filter(question=question, person=act.person).first()
    row = row or Vote(question=question, person=act.person)
    if row.act == act.pk:
        return row
    row.choice, row.reasons, row.cast_at = paper.choice, paper.reasons, paper.at
    row.salt, row.act = new_salt(), act.pk
    committed = commitment(row.salt, canonical(vote_said(row)))
    fields = {"question": question.reference, "vote": committed}
    govern(Event("panel.voted", Actor("panel_member", act.person.public_id), fields), row)
    return row


def close_vote(person: User, question: Question) -> None:
    """Close the vote once every vote is in or its time is over."""
    with transaction.atomic():
        fresh = _locked(question)
        # One that was signed in time counts, though the signer has not settled it yet.
        if Act.objects.filter(subject=fresh.reference, state__in=(SIGNED, ASKED)).exists():
            raise Refused(
                "CW-STATE-GUARD",
                "A vote is on its way to the ledger.",
                remedy="Wait a minute, then close the vote.",
            )
        role = _step(person, fresh, "close_vote")
        fresh.closed_at = clock.now()
        govern(_taken(person, role, fresh, "close_vote"), fresh)


# --- after it ---------------------------------------------------------------------------------


def write_record(person: User, question: Question, heard: str) -> None:
    """Hand in the independent record of what was heard. It is not changed afterwards."""
    with transaction.atomic():
        fresh = _locked(question)
        role = _step(person, fresh, "write_record")
        fresh.heard, fresh.heard_by, fresh.heard_at = heard, person, clock.now()
        govern(_taken(person, role, fresh, "write_record"), fresh)


def answer(person: User, question: Question, changed: str) -> None:
    """Publish what was heard and what changed, or why nothing does."""
    with transaction.atomic():
        fresh = _locked(question)
        ready = bool(changed.strip() and fresh.heard)
        role = _step(person, fresh, "answer", met={"public_version_ready"} if ready else ())
        fresh.changed, fresh.ended_at = changed, clock.now()
        fields = {"heard_hash": heard_hash(fresh), "answer_hash": answer_hash(fresh)}
        govern(Event("panel.answered", Actor(role, person.public_id), fields), fresh)


def heard_hash(question: Question) -> str:
    """The digest of question and record as they are published: what the public log holds."""
    return digest({"question": question.ask, "why": question.why, "heard": question.heard})


def answer_hash(question: Question) -> str:
    """The digest of the answer as it is published."""
    return digest({"question": question.ask, "changed": question.changed})


# --- meetings ---------------------------------------------------------------------------------


def call_meeting(
    person: User,
    *,
    kind: str,
    title: str,
    about: str,
    held_on: date,
    where: str,
    papers: str,
    assessment: str,
    question: Question | None,
) -> Meeting:
    """Call a workshop or meeting, with its papers, and invite every standing member.

    Raises `Refused` CW-WEB-DENIED or CW-PANEL-VOTE.
    """
    role = check_lead(person, clock.today())
    members = members_on(clock.today())
    if not members:
        raise Refused("CW-PANEL-VOTE", "Nobody is on the panel, so nobody could be invited.")
    now = clock.now()
    with transaction.atomic():
        row = Meeting(
            kind=kind, title=title, about=about, held_on=held_on, where=where, question=question,
            assessment=assessment, called_by=person, called_at=now,
        )  # fmt: skip
        fields = {"meeting": row.reference, "invited": len(members)}
        govern(Event("panel.meeting_called", Actor(role, person.public_id), fields), row)
        Document.objects.create(
            meeting=row, title="Papers", words=papers, added_by=person, added_at=now
        )
        Invitation.objects.bulk_create(Invitation(meeting=row, person=member) for member in members)
        _tell(reverse("panel:meeting", args=[row.reference]))
    return row


def answer_invitation(person: User, meeting: Meeting, *, coming: bool) -> None:
    """Say whether one comes. Raises `Refused` CW-STATE-ROLE for who is not invited."""
    rows = Invitation.objects.filter(meeting=meeting, person=person)
    if not rows.update(coming=coming, answered_at=clock.now()):
        raise Refused("CW-STATE-ROLE", "You are not invited to this.")


def write_notes(person: User, meeting: Meeting, notes: str, people: int) -> None:
    """The independent notes of a meeting, once. Raises as `check_note`."""
    with transaction.atomic():
        rows = Meeting.objects.select_for_update(of=("self",)).select_related("called_by")
        fresh = rows.get(pk=meeting.pk)
        check_note(person, fresh, clock.today())
        fresh.notes, fresh.people = notes, people
        fresh.noted_by, fresh.noted_at = person, clock.now()
        fresh.salt = new_salt()
        committed = commitment(fresh.salt, canonical({"notes": notes}))
        fields = {"meeting": fresh.reference, "people": people, "notes": committed}
        govern(Event("panel.meeting_noted", Actor("rapporteur", person.public_id), fields), fresh)


def _tell(path: str) -> None:
    """Write to every member that there is something for them at `path`."""
    for member in members_on(clock.today()):
        tell(member, "your_turn", path)
