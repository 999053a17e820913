"""Questions to the applicant and their answers, in turns: whoever has the turn, has it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Refused
from commonweal.governance.application.model import SECTIONS
from commonweal.governance.roles import RoleName
from commonweal.governance.states.application import APPLICATION
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import application_of, role_for
from commonweal.web.config import clock
from commonweal.web.desk import telling
from commonweal.web.desk.models import SCREENING, AnswerDraft, Asked, Query
from commonweal.web.desk.policies import Standing, role_in
from commonweal.web.desk.services import MAX_WORDS, actor, locked
from commonweal.web.ledgerlink.services import govern

MAX_QUESTIONS = 20
Question = tuple[str, str]
"""Where in the application (a section, or empty for the whole), and the words."""


def ask(at: Standing, questions: Sequence[Question]) -> Query:
    """Ask the applicant, all questions at once.

    Raises as `policies.role_in`, and `Refused` CW-DESK-INPUT for no question or a wrong one.
    """
    with transaction.atomic():
        fresh = locked(at)
        role, to = check_ask(fresh)
        row = _asked(fresh, role, to, questions)
        telling.asked(fresh.application)
        return row


def check_ask(at: Standing) -> tuple[RoleName, str]:
    """The role in which a person asks, and the state after it. Raises as `policies.role_in`.

    The committee asks on its own pages, so here it is refused (CW-STATE-STEP).
    """
    if at.application.state == "with_committee":
        raise Refused("CW-STATE-STEP", "The committee has the application: it asks on its pages.")
    return role_in(at, APPLICATION, at.application.state, "ask_applicant")


def _asked(at: Standing, role: str, to: str, questions: Sequence[Question]) -> Query:
    kept = _questions(questions)
    application = at.application
    application.state = to
    salt = new_salt()
    row = Query(
        application=application, version=at.version, by=SCREENING, asked_by=at.person,
        asked_at=clock.now(), salt=salt,
    )  # fmt: skip
    fields = {
        "application": application.reference,
        "query": commitment(salt, asked_bytes(kept)),
        "by": SCREENING,
    }
    asked = [
        Asked(query=row, number=n, where=where, words=words)
        for n, (where, words) in enumerate(kept, 1)
    ]
    govern(Event("application.queried", actor(at.person, role), fields), row, application, *asked)
    return row


def _questions(questions: Sequence[Question]) -> list[Question]:
    kept = [(where, words.strip()) for where, words in questions if words.strip()]
    if not kept:
        raise Refused("CW-DESK-INPUT", "Write at least one question.")
    if len(kept) > MAX_QUESTIONS:
        raise Refused("CW-DESK-INPUT", f"Ask at most {MAX_QUESTIONS} questions at once.")
    for n, (where, words) in enumerate(kept, 1):
        if where and where not in SECTIONS:
            raise Refused("CW-DESK-INPUT", f"Question {n}: choose a part of the application.")
        if len(words) > MAX_WORDS:
            raise Refused("CW-DESK-INPUT", f"Question {n} is longer than {MAX_WORDS:,} characters.")
    return kept


def asked_bytes(questions: Sequence[Question]) -> bytes:
    """What the ledger's commitment to a query is about."""
    return canonical([{"where": where, "words": words} for where, words in questions])


def answer_bytes(answers: Sequence[str]) -> bytes:
    """What the ledger's commitment to answers is about."""
    return canonical(list(answers))


# --- answering ----------------------------------------------------------------------------------


def open_query(application: Application) -> Query | None:
    """The query that waits for an answer, or None."""
    return application.queries.filter(answered_at__isnull=True).first()


def save_answers(person: User, application: Application, typed: Mapping[int, str]) -> None:
    """Keep what a writer typed, by the question's number. Never refuses what it says.

    Raises `Fault` CW-WEB-NOT-FOUND for somebody else, `Refused` CW-STATE-STEP when nothing is
    asked.
    """
    with transaction.atomic():
        fresh = _mine_locked(person, application)
        query = _waiting(fresh)
        for one in query.questions.all():
            if one.number in typed:
                words = typed[one.number]
                AnswerDraft.objects.update_or_create(
                    question=one,
                    defaults={"words": words, "saved_at": clock.now(), "saved_by": person},
                )


def send_answers(person: User, application: Application) -> Query:
    """Send the answers as they are saved.

    Raises as `save_answers`, and `Refused` CW-STATE-GUARD while one is missing, CW-DESK-INPUT for
    one that is too long.
    """
    with transaction.atomic():
        fresh = _mine_locked(person, application)
        query = _waiting(fresh)
        rows = list(query.questions.select_related("draft"))
        for one in rows:
            one.answer = _words_of(one)
        if too_long := [one.number for one in rows if len(one.answer) > MAX_WORDS]:
            raise Refused(
                "CW-DESK-INPUT",
                f"The answer to question {too_long[0]} is longer than {MAX_WORDS:,} characters.",
            )
        met = ("something_answered",) if all(one.answer for one in rows) else ()
        role = role_for(person, fresh, clock.today())
        fresh.state = APPLICATION.check_step(fresh.state, "answer", role, met=met)
        salt = new_salt()
        query.answered_by, query.answered_at, query.answer_salt = person, clock.now(), salt
        fields = {
            "application": fresh.reference,
            "answer": commitment(salt, answer_bytes([one.answer for one in rows])),
        }
        event = Event("application.answered", Actor(role, person.public_id), fields)
        govern(event, query, fresh, *rows)
        telling.answered(fresh, query.asked_by)
    return query


def _words_of(one: Asked) -> str:
    draft = getattr(one, "draft", None)
    return draft.words.strip() if draft is not None else ""


def _mine_locked(person: User, application: Application) -> Application:
    Application.objects.select_for_update().get(pk=application.pk)
    return application_of(person, application.reference, clock.today())


def _waiting(application: Application) -> Query:
    APPLICATION.step(application.state, "answer")
    query = open_query(application)
    if query is None:
        raise Refused("CW-STATE-STEP", "There is no question that waits for an answer.")
    return query
