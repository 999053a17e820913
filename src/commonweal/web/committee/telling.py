"""Whom the committee's steps are told to."""

from __future__ import annotations

from collections.abc import Iterable

from commonweal.governance.committee.vocabulary import YES
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.telling import writers
from commonweal.web.committee.models import Decision, Item, Question
from commonweal.web.committee.policies import ANSWERING, CHAIR
from commonweal.web.letters.telling import holding, others, tell_all


def asked(by: User) -> None:
    """A member asked something: the hospital answers."""
    tell_all(others(holding(ANSWERING), by), "question_asked", "committee:questions")


def passed_on(application: Application) -> None:
    """A member's question went on to the applicant."""
    reference = application.reference
    tell_all(writers(application), "question_asked", "committee:applicant_answers", reference)


def answered(questions: Iterable[Question]) -> None:
    """Members' questions were answered."""
    for one in questions:
        tell_all([one.person], "answer_came", "committee:item", one.item_id)


def opened(item: Item) -> None:
    """A vote is open: each member who takes part votes and signs."""
    people = User.objects.filter(public_id__in=item.eligible)
    tell_all(people, "signature_asked", "committee:item", item.pk)


def few(item: Item) -> None:
    """A few members decide: each says first whether they have a conflict. All may call it in."""
    people = User.objects.filter(public_id__in=item.meeting.present)
    tell_all(people, "your_turn", "committee:declare", item.pk)


def with_the_chair(item: Item) -> None:
    """The chair decides with others: they discuss and vote."""
    people = User.objects.filter(public_id__in=item.meeting.present)
    tell_all(people, "your_turn", "committee:item", item.pk)


def called_in(item: Item) -> None:
    """A case was called in: the secretary puts it on an agenda."""
    tell_all(holding(("committee_secretary",)), "your_turn", "committee:item", item.pk)


def closed(item: Item) -> None:
    """A vote is over: the chair signs what it decided."""
    tell_all(holding((CHAIR,)), "signature_asked", "committee:item", item.pk)


def published(application: Application, row: Decision) -> None:
    """A decision was signed and published; after a yes the agreement is next."""
    told = writers(application)
    tell_all(told, "decision_published", "committee:decision", row.reference)
    if row.outcome in YES:
        tell_all(holding(("ig_officer",)), "your_turn", "projects:index")
