"""The ballot: blind, with reasons, stopped by a question, closed for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused
from commonweal.governance.committee import votes
from commonweal.governance.committee.votes import NOT_UNDERSTOOD, Ballot, Question, Vote
from commonweal.papers.base import PaperInvalid
from tests.unit.governance.committee.support import (
    MEETING,
    OTHER,
    SEATS,
    VERSION,
    declared,
    everyone_free,
    membership,
    vote,
)

LATER = MEETING + timedelta(minutes=40)
HERE = ("chair", "doctor", "lay1", "lay2")


def opened(people: tuple[str, ...] = HERE, **changes: Any) -> Ballot:
    return votes.open_ballot(
        VERSION, membership(), changes.get("declarations", everyone_free()),
        changes.get("involved", ()), people, MEETING,
    )  # fmt: skip


def voted(ballot: Ballot, *people: str) -> Ballot:
    for person in people:
        ballot = votes.cast(ballot, vote(person, "approve"), membership())
    return ballot


def question(person: str = "lay1", **changes: Any) -> Question:
    fields: dict[str, Any] = {"question": 1, "id": "q1", "person": person,
                              "version_digest": VERSION, "asked_at": MEETING}  # fmt: skip
    return Question(**{**fields, **changes})


def refused(what: Any) -> str:
    with pytest.raises(Refused) as caught:
        what()
    assert caught.value.sentence.endswith(".")
    return caught.value.code


def test_votes_are_blind_until_all_are_in() -> None:
    ballot = voted(opened(), "chair", "doctor", "lay1")
    assert not ballot.shown
    for person in HERE:
        assert refused(lambda p=person: votes.check_may_read(ballot, p)) == "CW-COMMITTEE-BLIND"  # type: ignore[misc]
        seen = votes.shown_to(ballot, person)
        assert [one.person for one in seen] == ([person] if person != "lay2" else [])
    whole = voted(ballot, "lay2")
    assert whole.shown
    for person in HERE:
        votes.check_may_read(whole, person)
        assert len(votes.shown_to(whole, person)) == 4


def test_or_until_it_is_closed() -> None:
    ballot = votes.close(voted(opened(), "chair"), LATER)
    assert ballot.shown
    assert [one.person for one in votes.shown_to(ballot, "lay2")] == ["chair"]
    assert refused(lambda: votes.close(ballot, LATER)) == "CW-COMMITTEE-VOTE"


def test_a_vote_can_be_changed_while_blind_and_never_after() -> None:
    ballot = voted(opened(), "chair")
    changed = votes.cast(ballot, vote("chair", "reject"), membership())
    assert [(one.person, one.verdict) for one in changed.votes] == [("chair", "reject")]
    for over in (voted(changed, "doctor", "lay1", "lay2"), votes.close(changed, LATER)):
        assert refused(lambda o=over: votes.cast(o, vote("chair", "approve"), membership())) == (  # type: ignore[misc]
            "CW-COMMITTEE-VOTE"
        )


def test_who_takes_no_part_sees_nothing_and_can_do_nothing() -> None:
    conflict = declared("lay1", "money")
    ballot = opened(declarations=[*everyone_free(), conflict])
    assert "lay1" not in ballot.eligible
    whole = voted(ballot, "chair", "doctor", "lay2")
    assert whole.shown
    for state in (ballot, whole, votes.close(ballot, LATER)):
        assert votes.shown_to(state, "lay1") == ()
        assert not votes.can_read(state, "lay1")
        with pytest.raises(Refused, match="You take no part in it") as caught:
            votes.check_may_read(state, "lay1")
        assert caught.value.code == "CW-COMMITTEE-CONFLICT"
    assert refused(lambda: votes.cast(ballot, vote("lay1", "approve"), membership())) == (
        "CW-COMMITTEE-MEMBER"
    )
    assert refused(lambda: votes.ask(ballot, question())) == "CW-COMMITTEE-MEMBER"


def test_a_vote_does_not_open_with_somebody_who_has_not_declared() -> None:
    some = [one for one in everyone_free() if one.person != "lay2"]
    assert refused(lambda: opened(declarations=some)) == "CW-COMMITTEE-DECLARATION"
    assert refused(lambda: opened(("chair", "stranger"))) == "CW-COMMITTEE-MEMBER"
    assert refused(lambda: opened(("chair",), involved=["chair"])) == "CW-COMMITTEE-QUORUM"
    assert refused(lambda: opened(())) == "CW-COMMITTEE-QUORUM"


def test_who_is_named_twice_votes_once_and_rounds_have_an_end() -> None:
    assert opened(("chair", "lay1", "chair")).eligible == ("chair", "lay1")
    for round_ in (0, 6):
        with pytest.raises(PaperInvalid) as caught:
            votes.open_ballot(
                VERSION, membership(), everyone_free(), (), HERE, MEETING, round_=round_
            )
        assert caught.value.code == "CW-COMMITTEE-VOTE"


def test_one_click_stops_the_vote_until_it_is_answered() -> None:
    ballot = votes.ask(voted(opened(), "chair"), question(where="data.variables.3"))
    assert ballot.stopped
    assert ballot.questions[0].words == NOT_UNDERSTOOD
    assert refused(lambda: voted(ballot, "doctor")) == "CW-COMMITTEE-QUESTION"
    assert refused(lambda: votes.close(ballot, LATER)) == "CW-COMMITTEE-QUESTION"
    answered = votes.answer(ballot, "q1", "It is the year of birth.", LATER)
    assert not answered.stopped
    assert [one.person for one in voted(answered, "doctor").votes] == ["chair", "doctor"]
    assert refused(lambda: votes.answer(answered, "q1", "Again.", LATER)) == "CW-COMMITTEE-QUESTION"


def test_or_taken_back_by_whoever_asked() -> None:
    ballot = votes.ask(opened(), question())
    assert refused(lambda: votes.take_back(ballot, "q1", "chair", LATER)) == "CW-COMMITTEE-QUESTION"
    assert not votes.take_back(ballot, "q1", "lay1", LATER).stopped
    assert refused(lambda: votes.take_back(ballot, "q2", "lay1", LATER)) == "CW-COMMITTEE-QUESTION"


def test_two_questions_both_stop_it() -> None:
    ballot = votes.ask(votes.ask(opened(), question()), question("lay2", id="q2"))
    assert votes.answer(ballot, "q1", "Yes.", LATER).stopped
    assert not votes.answer(votes.answer(ballot, "q1", "Yes.", LATER), "q2", "No.", LATER).stopped
    assert refused(lambda: votes.ask(ballot, question())) == "CW-COMMITTEE-QUESTION"


@pytest.mark.parametrize("words", ["", "  ", "\n", "\x00", "x" * 20_001, "a\u202eb"])
def test_an_answer_that_cannot_be_read_is_none(words: str) -> None:
    ballot = votes.ask(opened(), question())
    with pytest.raises(PaperInvalid) as caught:
        votes.answer(ballot, "q1", words, LATER)
    assert caught.value.code == "CW-COMMITTEE-QUESTION"
    assert ballot.stopped


def test_a_question_of_another_version_or_too_late() -> None:
    assert refused(lambda: votes.ask(opened(), question(version_digest=OTHER))) == (
        "CW-COMMITTEE-QUESTION"
    )
    ended = question(taken_back_at=MEETING)
    assert refused(lambda: votes.ask(opened(), ended)) == "CW-COMMITTEE-QUESTION"
    over = votes.close(opened(), LATER)
    assert refused(lambda: votes.ask(over, question())) == "CW-COMMITTEE-VOTE"
    early = MEETING - timedelta(minutes=1)
    ballot = votes.ask(opened(), question())
    assert refused(lambda: votes.answer(ballot, "q1", "Yes.", early)) == "CW-COMMITTEE-QUESTION"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version_digest": OTHER}, "CW-COMMITTEE-VOTE"),
        ({"round": 2}, "CW-COMMITTEE-VOTE"),
        ({"at": MEETING - timedelta(minutes=1)}, "CW-COMMITTEE-VOTE"),
        ({"role": "committee_lay"}, "CW-COMMITTEE-MEMBER"),
        ({"at": MEETING + timedelta(days=3650)}, "CW-COMMITTEE-MEMBER"),
    ],
)
def test_a_vote_that_does_not_belong_here(changes: dict[str, Any], code: str) -> None:
    one = vote("doctor", "approve", **changes)
    assert refused(lambda: votes.cast(opened(), one, membership())) == code


def test_a_conflict_found_while_voting_voids_the_vote() -> None:
    asked = votes.ask(voted(opened(), "chair", "lay1"), question("lay1"))
    found = votes.withdraw_member(asked, declared("lay1", "money", at=LATER))
    assert "lay1" not in found.eligible
    assert [one.person for one in found.votes] == ["chair"]
    assert not found.stopped
    assert votes.shown_to(found, "lay1") == ()
    over = votes.close(voted(opened(), "chair"), LATER)
    for ballot, declaration in (
        (over, declared("lay1", "money")),
        (opened(), declared("lay1")),
        (opened(), declared("lay1", "money", version=OTHER)),
    ):
        assert refused(lambda b=ballot, d=declaration: votes.withdraw_member(b, d)) == (  # type: ignore[misc]
            "CW-COMMITTEE-DECLARATION"
        )
    alone = opened(("chair",))
    assert refused(lambda: votes.withdraw_member(alone, declared("chair", "money"))) == (
        "CW-COMMITTEE-QUORUM"
    )


def test_an_open_question_keeps_even_a_whole_vote_blind() -> None:
    """The last vote that was missing goes away with its member; the question is still open."""
    asked = votes.ask(voted(opened(("chair", "doctor", "lay1")), "chair", "doctor"),
                      question("doctor"))  # fmt: skip
    left = votes.withdraw_member(asked, declared("lay1", "money", at=LATER))
    assert left.complete
    assert not left.shown
    with pytest.raises(Refused, match="when the open question is settled") as caught:
        votes.check_may_read(left, "chair")
    assert caught.value.code == "CW-COMMITTEE-BLIND"
    assert votes.take_back(left, "q1", "doctor", LATER).shown


def test_reasons_are_required_and_conditions_fit() -> None:
    good = vote("chair", "approve").plain()
    for changes in (
        {"reasons": ""}, {"reasons": "  "}, {"reasons": None}, {"verdict": "abstain"},
        {"conditions": ["x"]}, {"verdict": "approve_with_conditions"}, {"round": 0},
        {"role": "committee_secretary"}, {"person": "Jane Smith"}, {"proxy_for": "lay1"},
    ):  # fmt: skip
        with pytest.raises(PaperInvalid):
            Vote.read({**good, **changes}, "vote")


def test_a_ballot_that_was_tampered_with_cannot_be_read() -> None:
    good = voted(opened(), "chair").plain()
    stranger = vote("nurse", "approve").plain()
    for changes in (
        {"votes": [*good["votes"], good["votes"][0]]},
        {"votes": [stranger]},
        {"eligible": ["chair", "CHAIR"]},
        {"eligible": []},
        {"version_digest": OTHER},
        {"round": 2},
        {"votes": [vote("chair", "approve", version_digest=OTHER).plain()]},
        {"questions": [question().plain(), question().plain()]},
        {"questions": [{**question().plain(), "answer": "x"}]},
        {"questions": [{**question().plain(), "taken_back_at": "2020-01-01T00:00:00.000Z"}]},
    ):
        with pytest.raises(PaperInvalid):
            Ballot.read({**good, **changes}, "ballot")


STEPS = st.sampled_from(["vote", "ask", "answer", "take_back", "close", "conflict"])


@given(st.lists(st.tuples(STEPS, st.sampled_from(HERE)), max_size=14))
def test_whatever_happens_nobody_sees_more_than_they_may(steps: list[tuple[str, str]]) -> None:
    ballot = opened()
    out: set[str] = set()
    for number, (step, person) in enumerate(steps):
        was_shown = ballot.shown
        before = ballot.votes
        try:
            ballot = _step(ballot, step, person, number)
        except Refused:
            continue
        if step == "conflict":
            out.add(person)
        if was_shown:
            assert ballot.votes == before, "a vote changed after votes were shown"
        for reader in SEATS:
            seen = {one.person for one in votes.shown_to(ballot, reader)}
            if reader in out or reader not in HERE:
                assert seen == set()
            elif not ballot.shown:
                assert seen <= {reader}
        assert ballot.stopped == any(one.open for one in ballot.questions)
        assert not (ballot.stopped and ballot.closed_at)


def _step(ballot: Ballot, step: str, person: str, number: int) -> Ballot:
    at = MEETING + timedelta(minutes=30 + number)
    if step == "vote":
        return votes.cast(ballot, vote(person, "approve", at=at), membership())
    if step == "ask":
        return votes.ask(ballot, question(person, id=f"q{number}", asked_at=at))
    if step == "close":
        return votes.close(ballot, at)
    if step == "conflict":
        return votes.withdraw_member(ballot, declared(person, "money", at=at))
    waiting = [one.id for one in ballot.questions if one.open]
    if step == "answer":
        return votes.answer(ballot, (waiting or ["none"])[0], "Yes.", at)
    return votes.take_back(ballot, (waiting or ["none"])[0], person, at)
