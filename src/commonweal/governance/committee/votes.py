"""The ballot on one version: blind, with reasons, and stopped by a question.

Nobody sees another member's vote until every member who takes part has voted or the vote is
closed; until then a member may change their own vote, and after that nobody can. "I do not
understand this" takes one click and stops the vote until it is answered or taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.conflicts import (
    EXCLUDED,
    Declaration,
    check_takes_part,
    excluded,
)
from commonweal.governance.committee.membership import Membership
from commonweal.governance.committee.vocabulary import Outcome, Route, VotingRole
from commonweal.papers.base import Identifier, Line, Moment, Paper, Sha256, Text

NOT_UNDERSTOOD = "I do not understand this."
"""The question that one click asks."""


class Vote(Paper):
    """One member's vote, as they signed it. `role`: the seat they held when they voted.

    `route` and `round` say on which ballot: a vote on one never counts on another.
    """

    vote: Literal[1]
    person: Identifier
    role: VotingRole
    version_digest: Sha256
    route: Route = "committee"
    round: Annotated[int, Field(ge=1, le=5)] = 1
    verdict: Outcome
    reasons: Text
    conditions: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    at: Moment

    @model_validator(mode="after")
    def _conditions_fit(self) -> Vote:
        if (self.verdict == "approve_with_conditions") is not bool(self.conditions):
            raise ValueError("conditions go with a vote to approve with conditions")
        return self


class Question(Paper):
    """A member's question. `where`: the dotted path of what it is about."""

    question: Literal[1]
    id: Identifier
    person: Identifier
    version_digest: Sha256
    where: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    words: Line = NOT_UNDERSTOOD
    asked_at: Moment
    answer: Text | None = None
    answered_at: Moment | None = None
    taken_back_at: Moment | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Question:
        if (self.answer is None) is not (self.answered_at is None):
            raise ValueError("an answer goes with its time")
        ends = [at for at in (self.answered_at, self.taken_back_at) if at is not None]
        if any(at < self.asked_at for at in ends):
            raise ValueError("a question cannot end before it is asked")
        return self

    @property
    def open(self) -> bool:
        """True while it stops the vote."""
        return self.answered_at is None and self.taken_back_at is None


class Ballot(Paper):
    """The state of one vote: who may vote, what was cast and asked, and whether it is closed.

    `eligible`: accounts of the members who take part, fixed when the vote opens. Each step returns
    a new ballot; a step that may not be taken raises `Refused` and changes nothing.
    """

    ballot: Literal[1]
    version_digest: Sha256
    route: Route = "committee"
    round: Annotated[int, Field(ge=1, le=5)] = 1
    eligible: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=100)]
    votes: tuple[Vote, ...] = ()
    questions: tuple[Question, ...] = ()
    opened_at: Moment
    closed_at: Moment | None = None

    @model_validator(mode="after")
    def _whole(self) -> Ballot:
        if len({person.casefold() for person in self.eligible}) != len(self.eligible):
            raise ValueError("a member is named twice")
        voters = [vote.person for vote in self.votes]
        if len(set(voters)) != len(voters) or not set(voters) <= set(self.eligible):
            raise ValueError("a vote is cast twice, or by somebody who may not vote")
        about = {vote.version_digest for vote in self.votes}
        about |= {question.version_digest for question in self.questions}
        if about - {self.version_digest}:
            raise ValueError("a vote or question is about another version")
        if any((vote.route, vote.round) != (self.route, self.round) for vote in self.votes):
            raise ValueError("a vote belongs to another route or round")
        if len({one.id for one in self.questions}) != len(self.questions):
            raise ValueError("a question is named twice")
        return self

    @property
    def stopped(self) -> bool:
        """True while a question is open."""
        return any(one.open for one in self.questions)

    @property
    def complete(self) -> bool:
        """True once everybody who may vote has voted."""
        return len(self.votes) == len(self.eligible)

    @property
    def shown(self) -> bool:
        """True once votes are no longer blind: all are in and nothing is open, or it is closed."""
        return self.closed_at is not None or (self.complete and not self.stopped)

    def with_changes(self, **changes: object) -> Ballot:
        """This ballot with some fields changed, checked anew. Raises CW-COMMITTEE-VOTE."""
        changed = self.model_copy(update=changes)
        return Ballot.read(changed.plain(), "The ballot", "CW-COMMITTEE-VOTE")


def open_ballot(
    version_digest: str,
    membership: Membership,
    declarations: Collection[Declaration],
    involved: Collection[str],
    present: Collection[str],
    at: datetime,
    *,
    round_: int = 1,
    route: Route = "committee",
) -> Ballot:
    """A ballot for the members who are `present`. Raises as `check_takes_part` for each of them.

    A member with a conflict who is in the room is left out; one who has not declared stops it. A
    round beyond those that any rules can allow is refused as CW-COMMITTEE-VOTE.
    """
    out = excluded(declarations, version_digest, involved)
    taking_part = sorted({person for person in present if person not in out})
    for person in taking_part:
        check_takes_part(person, membership, declarations, version_digest, involved, at)
    if not taking_part:
        raise Refused("CW-COMMITTEE-QUORUM", "Nobody who may vote on this is here.")
    made = Ballot.model_construct(
        ballot=1,
        version_digest=version_digest,
        route=route,
        round=round_,
        eligible=tuple(taking_part),
        opened_at=at,
    )
    return Ballot.read(made.plain(), "The ballot", "CW-COMMITTEE-VOTE")


def cast(ballot: Ballot, vote: Vote, membership: Membership) -> Ballot:
    """The ballot with `vote`; an earlier vote of the same member is replaced while votes are blind.

    Raises `Refused` CW-COMMITTEE-VOTE, CW-COMMITTEE-MEMBER or CW-COMMITTEE-QUESTION.
    """
    _check_open(ballot)
    _check_eligible(ballot, vote.person)
    if vote.version_digest != ballot.version_digest:
        raise Refused("CW-COMMITTEE-VOTE", "The vote is about another version.")
    if (vote.route, vote.round) != (ballot.route, ballot.round):
        raise Refused("CW-COMMITTEE-VOTE", "The vote is for another route, or another round.")
    seat = membership.seat_of(vote.person, vote.at)
    if seat is None or seat.role != vote.role:
        raise Refused("CW-COMMITTEE-MEMBER", "The vote names a seat that the member does not hold.")
    if vote.at < ballot.opened_at:
        raise Refused("CW-COMMITTEE-VOTE", "The vote was cast before the vote was opened.")
    others = tuple(one for one in ballot.votes if one.person != vote.person)
    return ballot.with_changes(votes=(*others, vote))


def ask(ballot: Ballot, question: Question) -> Ballot:
    """The ballot, stopped by `question`. Raises CW-COMMITTEE-VOTE, CW-COMMITTEE-MEMBER."""
    if ballot.shown:
        raise Refused("CW-COMMITTEE-VOTE", "The vote is over.")
    _check_eligible(ballot, question.person)
    if question.version_digest != ballot.version_digest or not question.open:
        raise Refused("CW-COMMITTEE-QUESTION", "The question is about another version, or ended.")
    if question.id in {one.id for one in ballot.questions}:
        raise Refused("CW-COMMITTEE-QUESTION", "There is a question of this name already.")
    return ballot.with_changes(questions=(*ballot.questions, question))


def answer(ballot: Ballot, question_id: str, words: str, at: datetime) -> Ballot:
    """The ballot with one question answered. Raises CW-COMMITTEE-QUESTION."""
    found = _open_question(ballot, question_id)
    if at < found.asked_at:
        raise Refused("CW-COMMITTEE-QUESTION", "The answer is older than its question.")
    return _with_question(ballot, found, answer=words, answered_at=at)


def take_back(ballot: Ballot, question_id: str, person: str, at: datetime) -> Ballot:
    """The ballot with one question taken back by whoever asked. Raises CW-COMMITTEE-QUESTION."""
    found = _open_question(ballot, question_id)
    if found.person != person:
        raise Refused("CW-COMMITTEE-QUESTION", "Only the member who asked can take it back.")
    return _with_question(ballot, found, taken_back_at=max(at, found.asked_at))


def withdraw_member(ballot: Ballot, declaration: Declaration) -> Ballot:
    """The ballot without a member who declares a conflict while the vote is open.

    Their vote is void and their questions no longer stop it. Raises CW-COMMITTEE-DECLARATION once
    votes are shown: then the vote is to be taken again with that member left out.
    """
    if declaration.free or declaration.version_digest != ballot.version_digest:
        raise Refused("CW-COMMITTEE-DECLARATION", "This declares no conflict about this version.")
    if ballot.shown:
        raise Refused(
            "CW-COMMITTEE-DECLARATION", "The votes are known; this vote has to be taken again."
        )
    rest = tuple(person for person in ballot.eligible if person != declaration.person)
    if not rest:
        raise Refused("CW-COMMITTEE-QUORUM", "Nobody who may vote on this would be left.")
    return ballot.with_changes(
        eligible=rest,
        votes=tuple(one for one in ballot.votes if one.person != declaration.person),
        questions=tuple(
            one if one.person != declaration.person or not one.open
            else one.model_copy(update={"taken_back_at": max(declaration.at, one.asked_at)})
            for one in ballot.questions
        ),
    )  # fmt: skip


def close(ballot: Ballot, at: datetime) -> Ballot:
    """The ballot, closed. Raises CW-COMMITTEE-QUESTION while a question is open."""
    if ballot.closed_at is not None:
        raise Refused("CW-COMMITTEE-VOTE", "The vote is over.")
    if ballot.stopped:
        raise Refused("CW-COMMITTEE-QUESTION", "A question is open: the vote waits for it.")
    return ballot.with_changes(closed_at=max([at, *(vote.at for vote in ballot.votes)]))


def check_may_read(ballot: Ballot, person: str) -> None:
    """Refuse to show the members' votes to `person`.

    Raises `Refused` CW-COMMITTEE-CONFLICT for whoever takes no part, at any time, and
    CW-COMMITTEE-BLIND while votes are blind.
    """
    if person not in ballot.eligible:
        raise Refused("CW-COMMITTEE-CONFLICT", EXCLUDED)
    if not ballot.shown:
        missing = len(ballot.eligible) - len(ballot.votes)
        raise Refused(
            "CW-COMMITTEE-BLIND",
            f"Votes are shown when all are in; {missing} still to come."
            if missing
            else "Votes are shown when the open question is settled.",
        )


def can_read(ballot: Ballot, person: str) -> bool:
    """True if `check_may_read` would let `person` see the votes."""
    return person in ballot.eligible and ballot.shown


def shown_to(ballot: Ballot, person: str) -> tuple[Vote, ...]:
    """The votes that `person` may see now: their own, and the others' once votes are shown."""
    if person not in ballot.eligible:
        return ()
    return tuple(one for one in ballot.votes if ballot.shown or one.person == person)


def _check_open(ballot: Ballot) -> None:
    if ballot.shown:
        raise Refused("CW-COMMITTEE-VOTE", "The vote is over; votes cannot be changed.")
    if ballot.stopped:
        raise Refused(
            "CW-COMMITTEE-QUESTION", "A member has asked a question: the vote waits for the answer."
        )


def _check_eligible(ballot: Ballot, person: str) -> None:
    if person not in ballot.eligible:
        raise Refused("CW-COMMITTEE-MEMBER", "Only members who take part in this vote can do this.")


def _open_question(ballot: Ballot, question_id: str) -> Question:
    for one in ballot.questions:
        if one.id == question_id and one.open:
            return one
    raise Refused("CW-COMMITTEE-QUESTION", "There is no open question of this name.")


def _with_question(ballot: Ballot, found: Question, **changes: object) -> Ballot:
    plain = found.model_copy(update=changes).plain()
    changed = Question.read(plain, "The answer", "CW-COMMITTEE-QUESTION")
    return ballot.with_changes(
        questions=tuple(changed if one.id == found.id else one for one in ballot.questions)
    )
