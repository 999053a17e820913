"""The vote on an item: the ballot as the rules know it, made from rows, and what it comes to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.db.models import Max, Min

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.committee.conflicts import excluded
from commonweal.governance.committee.outcome import (
    Deadlocked,
    NotQuorate,
    all_yes,
    check_quorum,
    outcome_of,
    standing,
)
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import NO
from commonweal.governance.committee.votes import Ballot, open_ballot
from commonweal.governance.committee.votes import Question as QuestionPaper
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.governance.states.item import ITEM
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.services import paper_of
from commonweal.web.committee import telling
from commonweal.web.committee.models import Item, Question
from commonweal.web.committee.policies import (
    check_part,
    check_records,
    members,
    standing_of,
)
from commonweal.web.committee.services import declarations_of, every_vote_of
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_at, rules_in_force
from commonweal.web.ledgerlink.services import govern
from commonweal.web.signing.models import ASKED, SIGNED, Act

Result = Literal["decided", "deadlock", "last_deadlock", "too_few"]
HOURS = (1, 24, 72, 168)
"""How long a vote may be waited for."""


def whole(at: datetime) -> datetime:
    """`at` as papers write it: whole milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def locked(item: Item) -> Item:
    """The row as it is now, locked with its application until the transaction ends.

    Raises `Refused` CW-STATE-STEP for an application that is no longer before the committee.
    """
    fresh = (
        Item.objects.select_for_update(of=("self", "version__application"))
        .select_related("version__application", "meeting")
        .get(pk=item.pk)
    )
    application = fresh.version.application
    if application.state in ("withdrawn", "lapsed"):
        raise Refused("CW-STATE-STEP", "This cannot be done now. The application was taken back.")
    return fresh


def has_ended(item: Item) -> bool:
    """True where nothing more can be done with an item."""
    gone = item.version.application.state in ("withdrawn", "lapsed")
    return gone or item.state in ITEM.final


def ballot_of(item: Item) -> Ballot:
    """The ballot of an item whose vote was opened. Raises `Refused` CW-COMMITTEE-VOTE."""
    if item.opened_at is None:
        raise Refused("CW-COMMITTEE-VOTE", "The vote is not open.")
    last: dict[str, VotePaper] = {}
    for one in every_vote_of(item.version):
        on_it = (one.route, one.round) == (item.meeting.route, item.round)
        if on_it and one.person in item.eligible:
            last[one.person] = one
    made = Ballot.model_construct(
        ballot=1,
        version_digest=item.version.digest,
        route=item.meeting.route,
        round=item.round,
        eligible=tuple(item.eligible),
        votes=tuple(last.values()),
        questions=tuple(question_paper(one, item.version.digest) for one in _questions(item)),
        opened_at=whole(item.opened_at),
        closed_at=None if item.closed_at is None else whole(item.closed_at),
    )
    return Ballot.read(made.plain(), "The vote", "CW-COMMITTEE-VOTE")


def rules_for(item: Item) -> CommitteeRules:
    """The rules by which the vote on an item is counted: those in force when its first vote was
    cast, so that rules which change meanwhile change no vote. Before that, those in force now."""
    cast = item.version.votes.filter(route=item.meeting.route, round=item.round)
    began = cast.aggregate(began=Min("made_at"))["began"]
    return rules_in_force() if began is None else rules_at(began)


def counted(item: Item) -> tuple[VotePaper, ...]:
    """The votes of an item that count: none of a member who has declared a conflict since."""
    paper = paper_of(item.version)
    out = excluded(declarations_of(item.version), item.version.digest, paper.involved)
    return standing(ballot_of(item).votes, out)


def _questions(item: Item) -> list[Question]:
    return list(item.questions.select_related("person"))


def question_paper(row: Question, version_digest: str) -> QuestionPaper:
    """A question as the rules know it."""
    plain = {
        "question": 1, "id": row.public_id, "person": row.person.public_id, "where": row.where,
        "version_digest": version_digest, "words": row.words, "asked_at": stamp(row.asked_at),
    }  # fmt: skip
    if row.state in ("answered", "settled") and row.answers and row.answered_at is not None:
        plain |= {"answer": row.answers[-1]["words"], "answered_at": stamp(row.answered_at)}
    if row.taken_back_at is not None:
        plain["taken_back_at"] = stamp(row.taken_back_at)
    return QuestionPaper.read(plain, "The question", "CW-COMMITTEE-QUESTION")


def next_round(item: Item) -> int:
    """The number of the next vote on the version. Rounds are counted by what the ledger heard."""
    cast = item.version.votes.filter(route=item.meeting.route)
    return int(cast.aggregate(last=Max("round"))["last"] or 0) + 1


def move(item: Item, to: str, actor: Actor) -> None:
    """Write that an item took a step."""
    item.state = to
    fields = {"application": item.version.application.reference, "to": to}
    govern(Event("agenda.moved", actor, fields), item)


# --- opening ----------------------------------------------------------------------------------


def open_vote(person: User, item: Item, hours: int) -> Item:
    """Open the vote for the members who are present, take part and could decide.

    Raises what `open_ballot` and `check_quorum` raise; `Refused` CW-STATE-STEP, CW-COMMITTEE-VOTE,
    CW-COMMITTEE-QUESTION.
    """
    if hours not in HOURS:
        raise Refused("CW-COMMITTEE-VOTE", "Choose how long the vote may last.")
    with transaction.atomic():
        fresh = locked(item)
        paper = paper_of(fresh.version)
        check_part(person, fresh, paper)
        role = ITEM.role_among(fresh.state, "open_vote", standing_of(person, fresh, paper).roles)
        if any(one.stops for one in _questions(fresh)):
            raise Refused("CW-COMMITTEE-QUESTION", "A question is open: the vote waits for it.")
        now, round_ = whole(clock.now()), next_round(fresh)
        ballot = open_ballot(
            fresh.version.digest, members(), declarations_of(fresh.version), paper.involved,
            fresh.meeting.present, now, round_=_allowed(round_), route=fresh.meeting.route,
        )  # fmt: skip
        _check_could_decide(ballot, now)
        _check_asked_again(fresh, ballot)
        fresh.state = ITEM.check_step(fresh.state, "open_vote", role, met=("quorate",))
        fresh.eligible, fresh.round = list(ballot.eligible), round_
        fresh.opened_at, fresh.closed_at = now, None
        fresh.ends_at = now + timedelta(hours=hours)
        fields = {
            "application": paper.application, "round": round_, "eligible": len(ballot.eligible),
        }  # fmt: skip
        govern(Event("vote.opened", Actor(role, person.public_id), fields), fresh)
        telling.opened(fresh)
    return fresh


def _allowed(round_: int) -> int:
    if round_ > rules_in_force().deadlock.rounds:
        raise Refused(
            "CW-COMMITTEE-VOTE",
            "The rules do not allow another vote on this version of the application.",
            remedy="It can be decided once it was changed and sent again.",
        )
    return round_


def _check_could_decide(ballot: Ballot, at: datetime) -> None:
    """Refuse a vote that could not decide anything if everybody said yes. Raises `NotQuorate`."""
    known = members()
    seats = [seat for seat in known.sitting(at) if seat.person in ballot.eligible]
    check_quorum(all_yes(seat.role for seat in seats), rules_in_force(), ballot.route)


def _check_asked_again(item: Item, ballot: Ballot) -> None:
    """Whoever said no before is asked again, or nobody could make a permit of the answer."""
    paper = paper_of(item.version)
    out = excluded(declarations_of(item.version), item.version.digest, paper.involved)
    votes = every_vote_of(item.version)
    if item.meeting.route == "chair":  # what the committee said before was counted by itself
        votes = [one for one in votes if one.route == "chair"]
    said_no = {one.person for one in votes if one.verdict in NO}
    if any(person not in ballot.eligible and person not in out for person in said_no):
        raise Refused(
            "CW-COMMITTEE-VOTE",
            "Somebody who did not say yes before is not here. Nobody is just not asked again.",
            remedy="Wait until they are here.",
        )


# --- closing ----------------------------------------------------------------------------------


def close_vote(person: User, item: Item) -> Item:
    """Close a vote whose time is over. Raises `Refused` CW-STATE-GUARD while it is not."""
    with transaction.atomic():
        fresh = locked(item)
        paper = paper_of(fresh.version)
        check_records(person, fresh, paper)
        role = ITEM.role_among(fresh.state, "close_vote", standing_of(person, fresh, paper).roles)
        _check_none_under_way(fresh)
        over = fresh.ends_at is not None and clock.now() >= fresh.ends_at
        met = ("every_vote_in",) if over or ballot_of(fresh).shown else ()
        ITEM.check_step(fresh.state, "close_vote", role, met=met)
        _close(fresh, Actor(role, person.public_id))
    return fresh


def _check_none_under_way(item: Item) -> None:
    """A vote that was signed in time counts, though the signer has not settled it yet.

    The ledger may have heard of it already: closed without it, no permit could be made of the rest.
    """
    votes = Act.objects.filter(kind="vote", subject=item.version.application.reference)
    if votes.filter(state__in=(SIGNED, ASKED)).exists():
        raise Refused(
            "CW-STATE-GUARD",
            "A vote is on its way to the ledger.",
            remedy="Wait a minute, then close the vote.",
        )


def go_on(item: Item) -> None:
    """After a step: let a vote go on that nothing stops, and close one that is complete."""
    if item.state == "stopped" and not any(one.stops for one in _questions(item)):
        to = ITEM.check_step("stopped", "answer", "applicant", met=("something_answered",))
        move(item, to, Actor("system", "committee"))
    if item.state == "voting" and ballot_of(item).shown:
        ITEM.check_step(item.state, "close_vote", "system", met=("every_vote_in",))
        _close(item, Actor("system", "committee"))


def _close(item: Item, actor: Actor) -> None:
    ballot = ballot_of(item)
    item.state, item.closed_at = "closed", max([whole(clock.now()), *(v.at for v in ballot.votes)])
    found = result_of(item)
    words = {"last_deadlock": "deadlock"}
    fields = {
        "application": item.version.application.reference, "round": item.round,
        "cast": len(ballot.votes), "result": words.get(found, found),
    }  # fmt: skip
    govern(Event("vote.closed", actor, fields), item)
    telling.closed(item)


def result_of(item: Item) -> Result:
    """What the votes of a closed item come to, without those that were set aside."""
    try:
        outcome, by_deadlock = outcome_of(
            counted(item), rules_for(item), route=item.meeting.route, round_=item.round
        )
    except NotQuorate:
        return "too_few"
    except Deadlocked:
        return "deadlock"
    if item.meeting.route == "chair" and outcome in NO:
        return "deadlock"  # the chair does not undo a yes of the committee
    return "last_deadlock" if by_deadlock else "decided"
