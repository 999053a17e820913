"""The form of the yearly review, what was typed into it, and the paper that it becomes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from pydantic import ValidationError

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Refused
from commonweal.governance.forms.answers import Answers, begin, check_sendable, with_given
from commonweal.governance.forms.answers import problems as form_problems
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.problems import Problem, stopping
from commonweal.governance.publishing.scanning import Found, scan
from commonweal.papers.yearly_review import CALLED, CODE, YearlyReview
from commonweal.web.applications.services import paper_of
from commonweal.web.register.presenters import entry_or_none
from commonweal.web.reviews.models import Review, ReviewDraft

FORM = "annual-review"
SUMMARY = "summary"
"""The answer that everybody can read on the register."""
MAX_WORDS = 5_000
"""So many characters a question, an answer or advice can have."""


def form() -> FormDefinition:
    """The form in use."""
    return our_library().form(FORM)


def answers_of(row: Review, stored: Any) -> Answers:
    """The answers that are stored, with what the application itself knows.

    Answers to another version of the form are not among them; they stay stored as they are.
    """
    found = begin(form())
    if isinstance(stored, dict) and stored:
        try:
            read = Answers.read(stored, "The answers")
        except (ValidationError, ValueError):
            read = found
        if (read.form, read.form_version) == (found.form, found.form_version):
            found = read
    given = paper_of(row.permit.agreement.decision.version).content.given
    return with_given(form(), found, given)


def draft_of(row: Review) -> ReviewDraft:
    """What was typed so far; an empty one before anything was."""
    return ReviewDraft.objects.filter(review=row).first() or ReviewDraft(review=row)


def problems_of(answers: Answers) -> list[Problem]:
    """Everything that stops sending."""
    return list(stopping(form_problems(form(), answers)))


def sent_paper(row: Review) -> YearlyReview | None:
    """The review as it was sent last, or None."""
    if row.content is None:
        return None
    return YearlyReview.read(parse_json(bytes(row.content), CALLED), CALLED, CODE)


def found_in(row: Review, paper: YearlyReview) -> tuple[Found, ...]:
    """What a person must look at in the summary for everybody before it becomes public (S22).

    A figure may stand there where something of the project has left, and then needs a look; before
    that it cannot come from anything that was released.
    """
    entry = entry_or_none(row.permit.reference)
    cites = entry is not None and any(one.recalled is None for one in entry.outputs)
    return scan(paper.summary, cites=cites, known=(settings.HOME.custodian,))


def sent_answers(paper: YearlyReview) -> Answers:
    """The answers in a review that was sent."""
    plain = {"form": paper.form, "form_version": paper.form_version, "values": paper.answers}
    return Answers.read(plain, "The answers")


def replies_missing(row: Review, draft: ReviewDraft) -> bool:
    """True while a question of the hospital has no answer."""
    asked = row.questions.filter(answer="").values_list("pk", flat=True)
    return any(not str(draft.replies.get(str(pk), "")).strip() for pk in asked)


def paper_for(row: Review, sender: str) -> YearlyReview:
    """The paper that what was typed becomes.

    Raises `Refused` CW-REVIEW-NOT-COMPLETE or CW-REVIEW-INPUT.
    """
    draft = draft_of(row)
    answers = answers_of(row, draft.answers)
    if problems_of(answers) or replies_missing(row, draft):
        raise Refused(
            "CW-REVIEW-NOT-COMPLETE",
            "Some answers are still missing, so the review was not sent.",
            remedy="Check your answers: the page says which.",
        )
    if any(len(str(words)) > MAX_WORDS for words in draft.replies.values()):
        raise Refused(
            "CW-REVIEW-INPUT", f"Each answer to a question has at most {MAX_WORDS:,} characters."
        )
    values = Answers(
        form=answers.form, form_version=answers.form_version,
        values=dict(check_sendable(form(), answers).values),
    ).plain()["values"]  # fmt: skip
    asked = [
        {"question": one.words, "answer": one.answer or draft.replies[str(one.pk)].strip()}
        for one in row.questions.all()
    ]
    plain = {
        "yearly_review": 1, "permit": row.permit.reference, "due": row.due_on.isoformat(),
        "form": answers.form, "form_version": answers.form_version, "answers": values,
        "summary": values[SUMMARY], "asked": asked, "sent_by": sender,
    }  # fmt: skip
    return YearlyReview.read(plain, CALLED, CODE)
