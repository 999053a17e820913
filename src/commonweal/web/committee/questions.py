"""Members' questions: asked with one click, taken back, passed on, answered, and asked again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import cast

from django.db import transaction
from django.db.models import QuerySet

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.committee.votes import NOT_UNDERSTOOD, ask
from commonweal.governance.roles import RoleName
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.item import ITEM
from commonweal.governance.states.question import QUESTION
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import role_for
from commonweal.web.applications.services import paper_of
from commonweal.web.committee import telling
from commonweal.web.committee.ballots import ballot_of, go_on, locked, question_paper
from commonweal.web.committee.models import Item, Question
from commonweal.web.committee.policies import (
    ANSWERING,
    CHAIR,
    SITTING,
    check_part,
    check_records,
    check_role,
    no_page,
    standing_of,
)
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern

ASKING = ("listed", "declaring", "discussing", "voting", "stopped", "postponed")
"""States of an item in which members read and ask."""


def ask_about(person: User, item: Item, where: str, words: str = NOT_UNDERSTOOD) -> Question:
    """A member's question; it stops the vote. A second click asks nothing new.

    Raises what `check_takes_part` raises; `Refused` CW-STATE-STEP, CW-COMMITTEE-VOTE,
    CW-COMMITTEE-MEMBER; `Fault` CW-COMMITTEE-QUESTION for words that are none.
    """
    with transaction.atomic():
        fresh = locked(item)
        seat = check_part(person, fresh, paper_of(fresh.version))
        if fresh.state not in ASKING:
            raise Refused("CW-COMMITTEE-VOTE", "The vote is over.")
        for one in fresh.questions.filter(person=person, where=where, words=words):
            if one.stops:
                return one
        now = clock.now()
        row = Question(
            public_id="q-" + "".join(secrets.choice("bcdfghjkmnpqrstvwxyz") for _ in range(10)),
            item=fresh, person=person, where=where, words=words, salt=new_salt(), asked_at=now,
        )  # fmt: skip
        paper = question_paper(row, fresh.version.digest)
        if fresh.state in ("voting", "stopped"):
            ask(ballot_of(fresh), paper)
        if fresh.state == "voting":
            fresh.state = ITEM.check_step("voting", "ask", seat.role)
        fields = {
            "application": fresh.version.application.reference, "question": row.public_id,
            "words": commitment(bytes(row.salt), paper.canonical()),
        }  # fmt: skip
        govern(Event("question.asked", Actor(seat.role, person.public_id), fields), row, fresh)
        telling.asked(person)
    return row


def take_back(person: User, public_id: str) -> Question:
    """Take one's own question back. Raises `Refused` CW-STATE-STEP, CW-COMMITTEE-QUESTION."""
    return _own_step(person, public_id, "take_back", "taken_back")


def settle(person: User, public_id: str) -> Question:
    """Say that an answer will do. Raises as `take_back`."""
    return _own_step(person, public_id, "settle", "settled")


def _own_step(person: User, public_id: str, action: str, how: str) -> Question:
    with transaction.atomic():
        row, item = _locked_question(public_id)
        seat = check_part(person, item, paper_of(item.version))
        met = ("own_question",) if row.person_id == person.pk else ()
        asked_applicant = row.state == "with_applicant"
        row.state = QUESTION.check_step(row.state, action, seat.role, met=met)
        if action == "take_back":
            row.taken_back_at = max(clock.now(), row.asked_at)
        actor = Actor(seat.role, person.public_id)
        if asked_applicant and passed_on(item.version.application) == [row]:
            _back_to_committee(row, item, actor, how)
        else:
            _ended(row, item, actor, how)
        go_on(item)
    return row


def ask_again(person: User, public_id: str) -> Question:
    """Say that an answer will not do; it stops the vote again. Raises as `take_back`."""
    with transaction.atomic():
        row, item = _locked_question(public_id)
        seat = check_part(person, item, paper_of(item.version))
        if item.state not in ASKING:
            raise Refused("CW-COMMITTEE-VOTE", "The vote is over.")
        met = ("own_question",) if row.person_id == person.pk else ()
        row.state = QUESTION.check_step(row.state, "ask_again", seat.role, met=met)
        row.answered_at = None
        if item.state == "voting":
            item.state = ITEM.check_step("voting", "ask", seat.role)
        fields = {
            "application": item.version.application.reference, "question": row.public_id,
            "words": commitment(
                bytes(row.salt), question_paper(row, item.version.digest).canonical()
            ),
        }  # fmt: skip
        govern(Event("question.asked", Actor(seat.role, person.public_id), fields), row, item)
        telling.asked(person)
    return row


def answer(person: User, public_id: str, words: str) -> Question:
    """The hospital's answer; the vote goes on.

    Raises `Refused` CW-STATE-STEP, CW-COMMITTEE-QUESTION.
    """
    with transaction.atomic():
        row, item = _locked_question(public_id)
        _check_may_answer(person, item)
        held = check_role(person, ANSWERING, item.version.application.reference)
        role = QUESTION.role_among(row.state, "answer", held)
        _answered(row, item, Actor(role, person.public_id), words, "The hospital")
        telling.answered([row])
        go_on(item)
    return row


def _check_may_answer(person: User, item: Item) -> None:
    paper = paper_of(item.version)
    if check_role(person, ANSWERING, paper.application) & (SITTING | {CHAIR}):
        check_records(person, item, paper)
    elif not standing_of(person, item, paper).reads:
        raise no_page()


def _answered(row: Question, item: Item, actor: Actor, words: str, by: str) -> None:
    met = ("something_answered",) if words.strip() else ()
    row.state = QUESTION.check_step(row.state, "answer", actor.role, met=met)  # type: ignore[arg-type]
    row.answered_at = max(clock.now(), row.asked_at)
    row.answers = [*row.answers, {"words": words, "by": by, "at": stamp(row.answered_at)}]
    question_paper(row, item.version.digest)
    _ended(row, item, actor, "answered")


def _ended(row: Question, item: Item, actor: Actor, how: str, *more: Application) -> None:
    reference = item.version.application.reference
    fields = {"application": reference, "question": row.public_id, "how": how}
    govern(Event("question.ended", actor, fields), row, *more)


def _back_to_committee(row: Question, item: Item, actor: Actor, how: str) -> None:
    """The writers were asked nothing else: without this nobody could go on with the application."""
    application = item.version.application
    role = cast("RoleName", actor.role)
    application.state = APPLICATION.check_step(
        application.state, "ask_nothing", role, met=("nothing_asked",)
    )
    _ended(row, item, actor, how, application)


def pass_on(person: User, public_id: str) -> Question:
    """Let the applicant answer. The application is theirs until they have.

    Raises `Refused` CW-STATE-STEP, CW-COMMITTEE-CONFLICT.
    """
    with transaction.atomic():
        row, item = _locked_question(public_id)
        paper = paper_of(item.version)
        check_records(person, item, paper)
        held = check_role(person, SITTING, paper.application)
        role = QUESTION.role_among(row.state, "pass_on", held)
        row.state = QUESTION.check_step(row.state, "pass_on", role)
        application = item.version.application
        rows: list[Question | Application] = [row]
        if application.state != "queried_by_committee":
            application.state = APPLICATION.check_step(application.state, "ask_applicant", role)
            rows.append(application)
        asked = question_paper(row, item.version.digest).canonical()
        fields = {
            "application": application.reference, "by": "committee",
            "query": commitment(bytes(row.salt), asked),
        }  # fmt: skip
        govern(Event("application.queried", Actor(role, person.public_id), fields), *rows)
        telling.passed_on(application)
    return row


def passed_on(application: Application) -> list[Question]:
    """The questions that wait for the applicant, in order."""
    rows = Question.objects.filter(item__version__application=application, state="with_applicant")
    return list(rows.select_related("item__version").order_by("asked_at", "id"))


def answer_all(person: User, application: Application, words: Mapping[str, str]) -> None:
    """The applicant's answers, all at once; the committee has the application again.

    `words`: by the question's public id. Raises `Refused` CW-STATE-STEP.
    """
    with transaction.atomic():
        fresh = Application.objects.select_for_update().get(pk=application.pk)
        role = role_for(person, fresh, clock.today())
        waiting = passed_on(fresh)
        whole = waiting and all(words.get(one.public_id, "").strip() for one in waiting)
        met = ("something_answered",) if whole else ()
        if fresh.state != "queried_by_committee":
            APPLICATION.step(fresh.state, "answer")
            raise Refused("CW-STATE-STEP", "The committee has asked nothing that is still open.")
        fresh.state = APPLICATION.check_step(fresh.state, "answer", role, met=met)
        said = {one.public_id: words[one.public_id] for one in waiting}
        fields = {
            "application": fresh.reference,
            "answer": commitment(bytes(waiting[0].salt), canonical({"answers": said})),
        }
        govern(Event("application.answered", Actor(role, person.public_id), fields), fresh)
        items: dict[int, Item] = {}
        for one in waiting:
            item = items.setdefault(one.item_id, locked(one.item))
            _answered(one, item, Actor(role, person.public_id), words[one.public_id],
                      "The applicant")  # fmt: skip
        telling.answered(waiting)
        for item in items.values():
            go_on(item)


def _locked_question(public_id: str) -> tuple[Question, Item]:
    found = Question.objects.select_related("item__version").filter(public_id=public_id).first()
    if found is None:
        raise no_page()
    item = locked(found.item)
    row = Question.objects.select_related("person").get(pk=found.pk)
    row.item = item
    return row, item


def open_questions() -> QuerySet[Question]:
    """Questions that wait for the hospital's answer, oldest first."""
    rows = Question.objects.filter(state="asked").order_by("asked_at", "id")
    return rows.select_related("item__version__application", "item__meeting", "person")
