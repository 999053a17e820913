"""Who may do what on the public panel. `check_x` says why not, `can_x` asks it (rule 3).

Each step of a question is one of the state machine `panel_question`; here is who holds the role and
whether what must be true first is true.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.roles import APPLICANT_SIDE, COUNTERSIGNING, VOTING, RoleName
from commonweal.governance.same_person import People
from commonweal.governance.states.panel_question import PANEL_QUESTION
from commonweal.web.accounts.models import User
from commonweal.web.config.rules import rules_in_force
from commonweal.web.panel.models import Meeting, Question

INSIDE: frozenset[RoleName] = frozenset(
    role for step in PANEL_QUESTION.transitions for role in step.by if role != "system"
)
"""Roles that take part in the panel's work."""
LEADING: frozenset[RoleName] = frozenset({"facilitator", "committee_secretary"})
_NOT_INDEPENDENT = APPLICANT_SIDE | VOTING | {*COUNTERSIGNING, "ig_officer", *LEADING}
"""Who asks for data, decides about them, or leads the panel, does not write its record."""


def members_on(day: date) -> list[User]:
    """The standing members of the panel on `day`, by name."""
    rows = User.objects.filter(memberships__role="panel_member", is_active=True).distinct()
    rows = rows.prefetch_related("memberships__organisation")
    return [one for one in rows if "panel_member" in one.wide_roles_on(day)]


def can_see(person: User, day: date) -> bool:
    """True if a person takes part in the panel's work."""
    return bool(person.is_authenticated and person.wide_roles_on(day) & INSIDE)


def check_see(person: User, day: date) -> None:
    """Tell everybody else that there is no such page. Raises `Fault` CW-WEB-NOT-FOUND."""
    if not can_see(person, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def seen_by(person: User, day: date) -> QuerySet[Question]:
    """The questions that a person sees: who only votes sees none that is being prepared."""
    check_see(person, day)
    if only_votes(person, day):
        return Question.objects.exclude(state="proposed")
    return Question.objects.all()


def only_votes(person: User, day: date) -> bool:
    """True for a member of the panel who has no other part in its work."""
    return person.wide_roles_on(day) & INSIDE == {"panel_member"}


def check_lead(person: User, day: date) -> RoleName:
    """The role in which a person prepares questions and calls meetings. Raises CW-WEB-DENIED."""
    held = sorted(person.wide_roles_on(day) & LEADING)
    if not held:
        raise Refused(
            "CW-WEB-DENIED", "Only a facilitator or the committee's secretary can do this."
        )
    return held[-1]  # type: ignore[return-value]


def can_lead(person: User, day: date) -> bool:
    """Whether `check_lead` passes."""
    return bool(person.wide_roles_on(day) & LEADING)


def role_for(person: User, question: Question, action: str, day: date) -> RoleName:
    """The role in which a person may take a step now. Raises CW-STATE-STEP or CW-STATE-ROLE."""
    return PANEL_QUESTION.role_among(question.state, action, person.wide_roles_on(day))


def can_take(person: User, question: Question, action: str, day: date) -> bool:
    """Whether `role_for` passes: what must be true first is asked when the step is taken."""
    try:
        role_for(person, question, action, day)
    except Refused:
        return False
    return True


def days_for_papers() -> int:
    """Days between papers and vote. In a demonstration nobody waits."""
    if settings.HOME.is_demonstration:
        return 0
    return rules_in_force().lighter_assessment.papers_days_before_workshop


def is_independent(person: User, day: date, *others: str) -> bool:
    """True if a person may write what the panel said: they have no part in it but to write.

    `others`: ids of people who voted or led. Roles for one project count here as well: who works
    for the hospital on one is not independent of it.
    """
    return not person.roles_on(day) & _NOT_INDEPENDENT and person.public_id not in People(others)


def guards_met(question: Question, person: User, now: datetime) -> frozenset[str]:
    """Those of the machine's guards that hold for `question`, if `person` takes the step at `now`.

    Not those that rest on what is typed with the step: the service that takes it adds them.
    """
    met = set()
    if question.papers.exists() and members_on(london_day(now)):
        met.add("papers_ready")
    sent = question.papers_sent_at
    if sent is not None and now - sent >= timedelta(days=days_for_papers()):
        met.add("papers_a_week_before")
    voters = list(question.votes.values_list("person__public_id", flat=True))
    over = question.opened_at is not None and now >= closes_at(question)
    if over or (question.eligible and set(voters) >= set(question.eligible)):
        met.add("every_vote_in")
    if is_independent(person, london_day(now), question.proposed_by.public_id, *voters):
        met.add("rapporteur_independent")
    return frozenset(met)


def closes_at(question: Question) -> datetime:
    """When the time for voting is over, votes or no votes."""
    if question.opened_at is None:
        raise ValueError("the vote has not been opened")
    return question.opened_at + timedelta(days=question.vote_days)


def check_vote(person: User, question: Question, now: datetime) -> None:
    """Refuse a vote that may not be cast. Raises CW-STATE-STEP, CW-STATE-ROLE or CW-PANEL-VOTE."""
    if question.state != "voting":
        raise Refused("CW-STATE-STEP", f"{PANEL_QUESTION.sentences[question.state]}")
    if "panel_member" not in person.wide_roles_on(london_day(now)):
        raise Refused("CW-STATE-ROLE", "Only members of the public panel vote here.")
    if person.public_id not in question.eligible:
        raise Refused(
            "CW-PANEL-VOTE",
            "You joined the panel after the vote was opened: you are not in it.",
        )
    if now >= closes_at(question):
        raise Refused("CW-PANEL-VOTE", "The time for voting is over.")


def can_vote(person: User, question: Question, now: datetime) -> bool:
    """Whether `check_vote` passes."""
    try:
        check_vote(person, question, now)
    except Refused:
        return False
    return True


def check_note(person: User, meeting: Meeting, day: date) -> None:
    """Refuse notes by somebody who is not independent, too early, or a second time.

    Raises `Refused` CW-STATE-ROLE, CW-STATE-GUARD or CW-STATE-STEP.
    """
    if "rapporteur" not in person.wide_roles_on(day):
        raise Refused("CW-STATE-ROLE", "Only the rapporteur can do this.")
    if meeting.noted_at is not None:
        raise Refused("CW-STATE-STEP", "The notes are written, and nobody changes them.")
    if meeting.held_on > day:
        raise Refused("CW-STATE-STEP", "It has not been held yet.")
    if not is_independent(person, day, meeting.called_by.public_id):
        raise Refused("CW-STATE-GUARD", PANEL_NOTES)


def can_note(person: User, meeting: Meeting, day: date) -> bool:
    """Whether `check_note` passes."""
    try:
        check_note(person, meeting, day)
    except Refused:
        return False
    return True


PANEL_NOTES = "Notes are written by somebody who neither asks for data nor decides about them."
