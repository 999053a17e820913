"""Decisions without the whole committee: believed with every signature they need, not with less."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from tests.dossiers import CALL_IN, Desk

FEW = ("chair", "member", "lena", "luke")
SHORT = "proportionate"


def begun() -> Desk:
    """Sent, advised, and everybody free."""
    desk = Desk()
    desk.send()
    desk.advise()
    for who in FEW:
        desk.declare(who)
    return desk


def voted(desk: Desk, route: str, *who: str, verdict: str = "approve", round_: int = 1) -> None:
    for one in who or FEW:
        desk.vote(one, verdict, round_, route=route)


def ended(desk: Desk, route: str, counted: int = 4, lay: int = 2, **changes: Any) -> Desk:
    """Decided by `route`, waited, agreed and countersigned."""
    desk.decide(route=route, votes={"cast": counted, "lay": lay}, **changes)
    desk.now += CALL_IN
    desk.agree()
    desk.countersign()
    return desk


def short(change: Callable[[Desk], object] = lambda _: None) -> Desk:
    """The short route as it should be, with `change` before it is decided."""
    desk = begun()
    desk.propose_route("sally", SHORT)
    voted(desk, SHORT)
    change(desk)
    return ended(desk, SHORT)


def by_chair(change: Callable[[Desk], object] = lambda _: None, **changes: Any) -> Desk:
    """A decision of the committee, and the chair's action that builds on it."""
    desk = begun()
    voted(desk, "committee")
    desk.decide()
    desk.earlier = desk.decision
    change(desk)
    desk.propose_route("chair", "chair", digest(desk.earlier))
    voted(desk, "chair", "chair", "lena")
    return ended(desk, "chair", 2, 1, **changes)


def code_of(desk: Desk) -> str:
    with pytest.raises(CommonwealError) as caught:
        desk.judge()
    return caught.value.code


def test_the_short_route_with_all_that_it_needs() -> None:
    assert short().judge().draft.conditions == ("Publish it.",)


def test_the_chairs_action_with_all_that_it_needs() -> None:
    assert by_chair().judge().draft


def test_the_whole_committee_after_a_short_route_that_was_called_in() -> None:
    desk = begun()
    desk.propose_route("sally", SHORT)
    voted(desk, SHORT, "member", "lena")
    desk.call_in("luke")
    voted(desk, "committee")
    assert ended(desk, "committee").judge().draft


def test_who_said_no_on_the_short_route_votes_in_the_committee_too() -> None:
    desk = begun()
    desk.propose_route("sally", SHORT)
    voted(desk, SHORT, "member", verdict="reject")
    voted(desk, "committee", "chair", "lena")
    assert code_of(ended(desk, "committee", 2, 1)) == "CW-DOSSIER-ACT-MISSING"


def test_a_no_of_an_earlier_round_is_counted_in_the_decision_that_the_chair_builds_on() -> None:
    desk = begun()
    voted(desk, "committee", "member", verdict="reject")
    voted(desk, "committee", "chair", "lena", "luke")
    voted(desk, "committee", round_=2)
    desk.decide()
    desk.earlier = desk.decision
    desk.propose_route("chair", "chair", digest(desk.earlier))
    voted(desk, "chair", "chair", "lena")
    assert ended(desk, "chair", 2, 1).judge().draft


# --- a chair's action that came to nothing ------------------------------------------------------


def undone(*steps: Callable[[Desk], object], counted: int = 4, lay: int = 2) -> Desk:
    """The committee's decision, with a chair's action after it that did `steps`."""
    desk = begun()
    voted(desk, "committee")
    desk.decide(votes={"cast": counted, "lay": lay})
    for step in (propose, *steps):
        step(desk)
    desk.now += CALL_IN
    desk.agree()
    desk.countersign()
    return desk


def propose(desk: Desk) -> None:
    desk.propose_route("chair", "chair", digest(desk.decision))


def agree_with_the_chair(desk: Desk) -> None:
    voted(desk, "chair", "chair", "lena")


def differ_from_the_chair(desk: Desk) -> None:
    desk.vote("chair", "approve", 1, route="chair")
    desk.vote("lena", "reject", 1, route="chair")


def sign_by_the_chair(desk: Desk) -> None:
    """What the chair decided: another text. The service hands in the committee's decision."""
    desk.sign("chair", "decide", "approve", "sha256:" + "9" * 64)
    desk.acts.pop()


def call_it_in(desk: Desk) -> None:
    desk.call_in("luke")


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (call_it_in,),
        (differ_from_the_chair,),
        (agree_with_the_chair, call_it_in),
        (agree_with_the_chair, sign_by_the_chair, call_it_in),
    ],
    ids=lambda steps: ", ".join(one.__name__ for one in steps) or "only proposed",
)
def test_the_committees_decision_stays_as_it_was(steps: tuple[Callable[[Desk], object]]) -> None:
    assert undone(*steps).judge().draft


def called_in_before_it_was_signed() -> Desk:
    return undone(agree_with_the_chair, call_it_in, sign_by_the_chair)


def signed_and_not_called_in() -> Desk:
    return undone(agree_with_the_chair, sign_by_the_chair)


def call_left_out() -> Desk:
    desk = undone(agree_with_the_chair, sign_by_the_chair, call_it_in)
    desk.acts.remove(next(one for one in desk.acts if one.act.kind == "call_in"))
    return desk


def voted_without_a_proposal() -> Desk:
    """Votes on the chair's ballot after the decision, and nobody proposed one."""
    desk = begun()
    voted(desk, "committee")
    desk.decide()
    agree_with_the_chair(desk)
    desk.agree()
    desk.countersign()
    return desk


def voted_again_in_committee() -> Desk:
    """A new vote of the whole committee, dressed up as a part of the chair's action."""
    return undone(lambda desk: desk.vote("lena", "reject", 1, route="committee"), call_it_in)


def decided_before_it_was_proposed() -> Desk:
    """Another decision, of before the proposal: no call-in of a chair's action undoes it."""
    desk = begun()
    voted(desk, "committee")
    desk.decide()
    sign_by_the_chair(desk)
    propose(desk)
    call_it_in(desk)
    desk.agree()
    desk.countersign()
    return desk


STILL_WRONG: dict[str, tuple[str, Callable[[], Desk]]] = {
    "what the chair decided stands": ("CW-DOSSIER-ORDER", signed_and_not_called_in),
    "it was called in before and not after": ("CW-DOSSIER-ORDER", called_in_before_it_was_signed),
    "the call is left out": ("CW-DOSSIER-ACT-MISSING", call_left_out),
    "nobody proposed it": ("CW-DOSSIER-ORDER", voted_without_a_proposal),
    "the whole committee voted again": ("CW-DOSSIER-VOTE-TWICE", voted_again_in_committee),
    "decided before it was proposed": ("CW-DOSSIER-ORDER", decided_before_it_was_proposed),
}


@pytest.mark.parametrize(("code", "make"), STILL_WRONG.values(), ids=STILL_WRONG)
def test_nothing_else_is_left_out(code: str, make: Callable[[], Desk]) -> None:
    assert code_of(make()) == code


# --- one thing wrong ----------------------------------------------------------------------------


def without_proposal() -> Desk:
    """A web database that calls a vote of a few the short route, and nobody signed that it is."""
    desk = begun()
    voted(desk, SHORT)
    return ended(desk, SHORT)


def marked_only() -> Desk:
    """Votes of the whole committee, and a decision that is only marked as one of the chair."""
    desk = begun()
    voted(desk, "committee")
    return ended(desk, "chair")


def proposed_after_the_first_vote() -> Desk:
    desk = begun()
    voted(desk, SHORT, "member")
    desk.propose_route("sally", SHORT)
    voted(desk, SHORT, "chair", "lena", "luke")
    return ended(desk, SHORT)


def proposed_by(who: str, route: str = SHORT) -> Desk:
    desk = begun()
    desk.propose_route(who, route)
    voted(desk, SHORT)
    return ended(desk, SHORT)


def called_in_at_the_end() -> Desk:
    desk = short()
    desk.call_in("luke")
    return desk


def called_in_and_left_out() -> Desk:
    """The web drops the act; the ledger heard of it."""
    desk = called_in_at_the_end()
    desk.acts.pop()
    return desk


def too_early() -> Desk:
    desk = begun()
    desk.propose_route("sally", SHORT)
    voted(desk, SHORT)
    desk.decide(route=SHORT)
    desk.now += CALL_IN - timedelta(hours=1)
    desk.agree()
    desk.countersign()
    return desk


def text_changed() -> Desk:
    desk = short()
    desk.routes[0] = desk.routes[0] | {"route": "chair"}
    return desk


def proposal_nobody_signed() -> Desk:
    desk = short()
    desk.routes.append(desk.routes[0] | {"at": stamp(desk.now)})
    return desk


def other_earlier() -> Desk:
    """The chair signed one decision of the committee, and another is handed in."""
    desk = by_chair()
    assert desk.earlier is not None
    desk.earlier = desk.earlier | {"reasons": ["Another."]}
    return desk


def earlier_without_a_signature() -> Desk:
    desk = begun()
    voted(desk, "committee")
    desk.earlier = {
        "application": desk.application, "version_digest": digest(desk.version),
        "outcome": "approve", "reasons": ["It helps patients."], "conditions": [],
        "votes": {"cast": 4, "lay": 2}, "decided_at": stamp(desk.now),
    }  # fmt: skip
    desk.propose_route("chair", "chair", digest(desk.earlier))
    voted(desk, "chair", "chair", "lena")
    return ended(desk, "chair", 2, 1)


def earlier_is_not_what_the_votes_made() -> Desk:
    """A no of the committee, passed off as the yes that the chair confirms."""
    desk = begun()
    voted(desk, "committee", verdict="reject")
    desk.decide()
    desk.earlier = desk.decision
    desk.propose_route("chair", "chair", digest(desk.earlier))
    voted(desk, "chair", "chair", "lena")
    return ended(desk, "chair", 2, 1)


def earlier_that_nobody_names() -> Desk:
    desk = begun()
    voted(desk, "committee")
    desk.decide()
    desk.earlier = desk.decision
    desk.decide()
    desk.agree()
    desk.countersign()
    return desk


def something_else_was_decided_since() -> Desk:
    def again(desk: Desk) -> None:
        desk.sign("chair", "decide", "reject", "sha256:" + "9" * 64)
        desk.acts.pop()  # the web does not hand it in; the ledger heard of it

    return by_chair(again)


WRONG: dict[str, tuple[str, Callable[[], Desk]]] = {
    "nobody proposed the short route": ("CW-COMMITTEE-ROUTE", without_proposal),
    "only marked as decided by the chair": ("CW-DOSSIER-ACT-MISSING", marked_only),
    "proposed after the first vote": ("CW-COMMITTEE-ROUTE", proposed_after_the_first_vote),
    "the chair proposes the short route": ("CW-COMMITTEE-ROUTE", lambda: proposed_by("chair")),
    "another route was proposed": (
        "CW-COMMITTEE-ROUTE", lambda: proposed_by("chair", "chair"),
    ),
    "called in before the decision": ("CW-COMMITTEE-ROUTE", lambda: short(Desk.call_in)),
    "called in at the last moment": ("CW-COMMITTEE-ROUTE", called_in_at_the_end),
    "called in, and that is left out": ("CW-DOSSIER-ACT-MISSING", called_in_and_left_out),
    "the time to call it in is not over": ("CW-COMMITTEE-ROUTE", too_early),
    "the proposal was changed": ("CW-DOSSIER-DIGEST", text_changed),
    "a proposal that nobody signed": ("CW-DOSSIER-DIGEST", proposal_nobody_signed),
    "a no of the short route by one": (
        "CW-DOSSIER-OUTCOME",
        lambda: short(lambda d: d.vote("lena", "reject", 2, route=SHORT)),
    ),
    "the chair builds on another text": ("CW-DOSSIER-DIGEST", other_earlier),
    "the chair builds on what nobody signed": ("CW-COMMITTEE-ROUTE", earlier_without_a_signature),
    "the chair turns a no into a yes": ("CW-DOSSIER-OUTCOME", earlier_is_not_what_the_votes_made),
    "an earlier decision that nobody names": ("CW-DOSSIER-DIGEST", earlier_that_nobody_names),
    "decided again in between": ("CW-COMMITTEE-ROUTE", something_else_was_decided_since),
}  # fmt: skip


@pytest.mark.parametrize(("code", "make"), WRONG.values(), ids=WRONG)
def test_one_thing_wrong(code: str, make: Callable[[], Desk]) -> None:
    assert code_of(make()) == code
