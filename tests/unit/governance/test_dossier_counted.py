"""The dossier: no change of any value is believed, and votes that are set aside are not counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.dossier import Dossier
from commonweal.governance.dossier.checking import judge_dossier
from commonweal.papers.act_records import ActRecords
from tests import factories, people
from tests.dossiers import Desk, Rules

# --- any change at all --------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_change_of_one_value_is_believed(data: st.DataObject) -> None:
    """Whatever single value is changed in a dossier, it is refused."""
    desk = WHOLE
    plain = json.loads(desk.dossier().canonical())
    place = data.draw(st.sampled_from(list(leaves(plain))))
    *path, last = place
    inner = plain
    for step in path:
        inner = inner[step]
    value = inner[last]
    inner[last] = value + 1 if isinstance(value, int | float) else f"{value}x"
    if isinstance(value, bool):
        inner[last] = not value
    with pytest.raises((CommonwealError, KeyError, ValueError, TypeError)):
        judge_dossier(
            Dossier.read(plain, "The dossier", "CW-DOSSIER-INVALID"), desk.history,
            factories.trust(), Rules(), factories.catalogue(), desk.now, home=people.HOME,
            records=ActRecords.of(desk.records.values()),
        )  # fmt: skip


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


WHOLE = Desk().complete()


# --- a vote that is set aside --------------------------------------------------------------------


def five(change: Callable[[Desk], object]) -> Desk:
    """A dossier on which five voted; the decision counts those in `count`."""
    desk = Desk()
    desk.review("chair", "member", "lena", "luke")
    change(desk)
    return desk


def finished(desk: Desk, *counted: str) -> Desk:
    lay = sum(people.ROLES[who] == "committee_lay" for who in counted)
    desk.decide(votes={"cast": len(counted), "lay": lay})
    desk.agree()
    desk.countersign()
    return desk


def test_a_vote_is_set_aside_where_its_member_declares_a_conflict_later() -> None:
    desk = five(lambda d: d.declare("member", "money"))
    assert finished(desk, "chair", "lena", "luke").judge().draft.conditions == ("Publish it.",)


def test_a_no_that_is_set_aside_need_not_be_asked_again() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "member", "lena", "luke"):
        desk.declare(who)
        desk.vote(who, "reject" if who == "member" else "approve")
    desk.declare("member", "rival")
    for who in ("chair", "lena", "luke"):
        desk.vote(who, round_=2)
    assert finished(desk, "chair", "lena", "luke").judge().draft


# --- asked again until the answer pleases ---------------------------------------------------------


def test_an_officers_refusal_is_not_undone_by_signing_the_decision_again() -> None:
    desk = Desk()
    desk.review()
    desk.decide()
    desk.agree()
    desk.countersign("siro", verdict="refuse")
    left_out = [one for one in desk.acts if one.act.kind in ("decide", "agree", "countersign")]
    desk.acts = [one for one in desk.acts if one not in left_out]
    desk.finish()
    with pytest.raises(CommonwealError, match="CW-DOSSIER-"):
        desk.judge()


def test_a_signed_no_does_not_become_a_yes_by_a_conflict_that_comes_after_it() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "member", "lena", "luke"):
        desk.declare(who)
    for who in ("chair", "member", "lena", "luke"):
        desk.vote(who, "reject" if who == "member" else "approve")
    desk.decide("reject")
    desk.acts = [one for one in desk.acts if one.act.kind != "decide"]
    desk.declare("member", "I know them")
    desk.decide("approve", votes={"cast": 3, "lay": 2})
    desk.agree()
    desk.countersign()
    with pytest.raises(CommonwealError, match="CW-DOSSIER-ORDER"):
        desk.judge()
