"""Use cases of the yearly review, one transaction each. Sending and accepting are signed acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.urls import reverse

from commonweal.foundation.errors import Refused
from commonweal.governance.forms.answers import Answers
from commonweal.governance.states.annual_review import ANNUAL_REVIEW
from commonweal.ledger.details import commitment
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.services import answers_part
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.models import Permit
from commonweal.web.projects.permits import permit_paper
from commonweal.web.reviews import telling
from commonweal.web.reviews.contents import (
    MAX_WORDS,
    answers_of,
    found_in,
    paper_for,
    sent_paper,
)
from commonweal.web.reviews.models import WAITING, Review, ReviewDraft, ReviewQuestion
from commonweal.web.reviews.policies import can_write, check_action, check_not_early, held
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

MAX_QUESTIONS = 100


@dataclass(frozen=True)
class Saved:
    """Whether a page was saved; if somebody else saved it meanwhile, what they wrote."""

    done: bool
    theirs: Any = None


# --- the project's people -----------------------------------------------------------------------


def save_answers(
    person: User, row: Review, asked: tuple[str, ...], make: Callable[[Answers], Answers], seen: str
) -> Saved:
    """Save a page of the form, whatever is on it. Raises `Refused` CW-STATE-STEP."""
    with _draft(person, row) as (fresh, draft):
        before = answers_of(fresh, draft.answers)
        theirs = answers_part(before, asked)
        if fingerprint(theirs) != seen:
            return Saved(done=False, theirs=theirs)
        draft.answers = make(before).plain()
    return Saved(done=True)


def save_replies(
    person: User, row: Review, replies: Mapping[str, str], seen: Mapping[str, str]
) -> dict[str, str]:
    """Save what was typed as answers to the hospital's questions. Raises `Refused`.

    `seen`: fingerprints of the answers that the page showed. What somebody else saved meanwhile
    stays, and is returned by question; the rest is saved.
    """
    theirs: dict[str, str] = {}
    with _draft(person, row) as (fresh, draft):
        known = {str(pk) for pk in fresh.questions.values_list("pk", flat=True)}
        for pk in known & replies.keys():
            before = str(draft.replies.get(pk, ""))
            if replies[pk] != before and seen.get(pk) != fingerprint(before):
                theirs[pk] = before
            else:
                draft.replies = {**draft.replies, pk: replies[pk]}
    return theirs


@contextmanager
def _draft(person: User, row: Review) -> Iterator[tuple[Review, ReviewDraft]]:
    with transaction.atomic():
        fresh = locked(row.pk)
        if not can_write(fresh, held(person, fresh, clock.today())):
            said = ANNUAL_REVIEW.sentences[fresh.state]
            raise Refused("CW-STATE-STEP", f"This review cannot be changed now. {said}")
        draft, _ = ReviewDraft.objects.get_or_create(review=fresh)
        yield fresh, draft
        draft.saved_at, draft.saved_by = clock.now(), person
        draft.save()


def send(person: User, row: Review) -> Act:
    """The act with which a review is sent, or sent again with answers.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-REVIEW-EARLY or CW-REVIEW-NOT-COMPLETE.
    """
    role = check_action(row, sending(row), held(person, row, clock.today()))
    check_not_early(row)
    paper = paper_for(row, person.public_id)
    return propose(
        person, role, "send_review", "send", subject=row.permit.reference,
        object_digest=paper.digest(), wish={"review": row.pk, "paper": paper.plain()},
        back=page_of(row),
    )  # fmt: skip


def sending(row: Review) -> str:
    """The step by which a review goes to the hospital now."""
    return "answer" if row.state == "queried" else "send"


# --- the hospital -------------------------------------------------------------------------------
# `seen`: the digest of the review that the person read. It may have been sent anew since.


def ask(person: User, row: Review, words: str, *, seen: str) -> None:
    """Ask the project's people something: it is their turn. Raises `Refused`."""
    with _step(person, row, "ask_applicant", seen) as (fresh, actor):
        said = _readable(words, "Your question")
        if fresh.questions.count() >= MAX_QUESTIONS:
            raise Refused("CW-REVIEW-INPUT", f"At most {MAX_QUESTIONS} questions can be asked.")
        question = ReviewQuestion(
            review=fresh, words=said, asked_by=person, asked_at=clock.now()
        )  # fmt: skip
        govern(moved(fresh, actor, "ask_applicant"), fresh, question)
        telling.asked(fresh)


def put_to_committee(person: User, row: Review, *, seen: str) -> None:
    """Let the committee look at it first. Raises `Refused`."""
    with _step(person, row, "put_to_committee", seen) as (fresh, actor):
        govern(moved(fresh, actor, "put_to_committee"), fresh)
        telling.to_committee(fresh)


def give_back(person: User, row: Review, advice: str, *, seen: str) -> None:
    """Give it back with the committee's advice. Raises `Refused`."""
    with _step(person, row, "return", seen) as (fresh, actor):
        fresh.advice = _readable(advice, "The committee's advice")
        govern(moved(fresh, actor, "return"), fresh)
        telling.arrived(fresh)


def accept(person: User, row: Review, *, seen: str) -> Act:
    """The act with which somebody accepts the review. Nothing follows before the signer has it.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, and CW-REVIEW-SUMMARY where the summary, which
    becomes public, holds what the rules stop.
    """
    role = check_action(row, "accept", held(person, row, clock.today()))
    if is_being_accepted(row):
        raise Refused("CW-STATE-STEP", "This review was accepted; that is being written down.")
    _check_seen(row, seen)
    _check_summary(row)
    return propose(
        person, role, "accept_review", "accept", subject=row.permit.reference,
        object_digest=seen, wish={"review": row.pk}, back=page_of(row),
    )  # fmt: skip


def _check_summary(row: Review) -> None:
    paper = sent_paper(row)
    found = () if paper is None else found_in(row, paper)
    stops = [one.words.strip() for one in found if one.weight == "stop"]
    if stops:
        raise Refused(
            "CW-REVIEW-SUMMARY",
            f"In the summary for everybody this must be taken out first: {', '.join(stops[:5])}.",
            remedy="Ask the project to write it anew.",
        )


def is_being_accepted(row: Review) -> bool:
    """True while the signer has an acceptance that it has not settled."""
    order = getattr(row, "order", None)
    return order is not None and order.state == WAITING


# --- steps of the system ------------------------------------------------------------------------


def begin(permit: Permit, due_on: date, actor: Actor) -> Review:
    """The row of the year that ends on `due_on`; the one that is there already."""
    found = Review.objects.filter(permit=permit, due_on=due_on).first()
    if found is not None:
        return found
    row = Review(permit=permit, due_on=due_on, changed_at=clock.now())
    govern(moved(row, actor, "begin"), row)
    _carry_over(row)
    return row


def _carry_over(row: Review) -> None:
    """Keep what was typed for the same year under the permit that this one took the place of."""
    before = permit_paper(row.permit).supersedes
    old = ReviewDraft.objects.filter(
        review__permit__reference=before or "", review__due_on=row.due_on
    ).first()
    if old is not None:
        ReviewDraft.objects.create(
            review=row, answers=old.answers, saved_at=old.saved_at, saved_by=old.saved_by
        )


def take(row: Review, action: str, actor: Actor, guard: str) -> None:
    """Take a step that nobody takes, in an open transaction."""
    row.state = ANNUAL_REVIEW.check_step(row.state, action, "system", met=(guard,))
    row.changed_at = clock.now()
    govern(moved(row, actor, action), row)


# --- helpers ------------------------------------------------------------------------------------


def locked(pk: Any) -> Review:
    """A review, locked until the transaction ends."""
    rows = Review.objects.select_for_update(of=("self",))
    return rows.select_related(
        "permit__application__organisation", "permit__agreement__decision__version"
    ).get(pk=pk)


def page_of(row: Review) -> str:
    """The path of a review's page."""
    return reverse("reviews:review", args=[row.permit.reference])


def moved(row: Review, actor: Actor, step: str) -> Event:
    """The event that says which step a review took."""
    return Event("review.moved", actor, {"permit": row.permit.reference, "step": step})


def committed(row: Review) -> str:
    """The ledger's commitment to what was sent."""
    return commitment(bytes(row.salt), bytes(row.content or b""))


@contextmanager
def _step(person: User, row: Review, action: str, seen: str) -> Iterator[tuple[Review, Actor]]:
    with transaction.atomic():
        fresh = locked(row.pk)
        role = check_action(fresh, action, held(person, fresh, clock.today()))
        if is_being_accepted(fresh):
            raise Refused("CW-STATE-STEP", "This review was accepted; that is being written down.")
        _check_seen(fresh, seen)
        fresh.state = ANNUAL_REVIEW.check_step(fresh.state, action, role)
        fresh.changed_at = clock.now()
        yield fresh, Actor(role, person.public_id)


def _check_seen(row: Review, seen: str) -> None:
    if row.digest != seen:
        raise Refused("CW-STATE-STEP", "The review has changed since this was opened.")


def _readable(words: str, what: str) -> str:
    said = words.replace("\r\n", "\n").strip()
    if not said or len(said) > MAX_WORDS:
        raise Refused("CW-REVIEW-INPUT", f"{what}: write 1 to {MAX_WORDS:,} characters.")
    return said
