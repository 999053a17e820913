"""What a hostile review found in how decisions are made, each with the naive twin that fell for it.

1. A conflict escaped under another spelling of the account. 2. A vote was lost under another
subject. 3. A model trained at several sites needed no assessment. 4. A version that named old lists
was not held against any. 5. A vote for one ballot counted on another.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError
from commonweal.governance import compiling
from commonweal.governance.ai_use import needs_assessment
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee import conflicts
from commonweal.governance.committee.appeal import check_hearer
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.outcome import decide
from commonweal.governance.committee.recount import check_recount
from commonweal.governance.committee.votes import Vote, cast, open_ballot
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.base import PaperInvalid
from tests import applications
from tests.applications import compiled
from tests.dossiers import Desk
from tests.unit.governance.committee.support import (
    MEETING,
    SEATS,
    VERSION,
    ballot,
    case,
    everyone_free,
    membership,
    rules,
    vote,
)
from tests.unit.governance.committee.test_decide import evidence

END = MEETING + timedelta(hours=2)
SIX = ("chair", "doctor", "nurse", "lay1", "lay2", "lay3")
SPELLINGS = ("LAY1", "Lay1", "lay.1", "Iay1", "lay_1", "layl")


def refused(code: str, call: Any, *args: Any, **more: Any) -> None:
    with pytest.raises(CommonwealError) as caught:
        call(*args, **more)
    assert caught.value.code == code, caught.value.sentence


# --- 1. one person under two spellings ----------------------------------------------------------


def naive_excluded(person: str, involved: Collection[str]) -> bool:
    """The twin: letter by letter."""
    return person in frozenset(involved)


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_a_member_whom_the_application_names_in_another_spelling(spelt: str) -> None:
    assert not naive_excluded("lay1", [spelt])
    assert "lay1" in conflicts.excluded((), VERSION, [spelt])
    refused(
        "CW-COMMITTEE-CONFLICT", conflicts.check_takes_part,
        "lay1", membership(), everyone_free(), VERSION, [spelt], MEETING,
    )  # fmt: skip
    seats = membership().sitting(MEETING)
    assert "lay1" not in conflicts.undeclared(seats, (), VERSION, [spelt])
    refused("CW-APPEAL-HEARER", check_hearer, "lay1", (), (), [spelt])
    votes = [vote(one, "approve") for one in SIX]
    refused(
        "CW-COMMITTEE-CONFLICT", decide,
        case(involved=[spelt]), ballot(votes), rules(), membership(), END,
    )  # fmt: skip
    opened = open_ballot(VERSION, membership(), everyone_free(), [spelt], SIX, MEETING)
    assert "lay1" not in opened.eligible


@pytest.mark.parametrize("spelt", ["MEMBER", "Member", "mem.ber"])
def test_the_signer_sees_it_as_well(spelt: str) -> None:
    desk = Desk()
    desk.version["involved"].append(spelt)
    desk.complete()
    assert not naive_excluded("member", desk.version["involved"])
    refused("CW-DOSSIER-SIDES", desk.judge)


@pytest.mark.parametrize("who", ["GUARDIAN", "Signs", "DPO", "Chair"])
def test_nobody_acts_for_both_sides_in_another_spelling(who: str) -> None:
    desk = Desk()
    desk.version["involved"].append(who)
    desk.complete()
    refused("CW-DOSSIER-SIDES", desk.judge)


NAMES = st.lists(st.sampled_from(["lay1", "LAY1", "layl", "chair", "Chair", "nurse"]), max_size=5)


def slow_same(one: str, other: str) -> bool:
    """The oracle, for these names only."""
    return one.lower().replace("1", "l").replace("l", "i") == (
        other.lower().replace("1", "l").replace("l", "i")
    )


@given(NAMES, NAMES)
def test_a_set_of_people_never_compares_letters(left: list[str], right: list[str]) -> None:
    one, other = People(left), frozenset(right)
    shared = {a for a in left for b in right if slow_same(a, b)}
    assert bool(one & other) is bool(other & one) is bool(shared)
    assert one.isdisjoint(other) is not bool(shared)
    assert all(any(slow_same(kept, a) for a in left) for kept in one)
    assert len(one) == len({a.lower().replace("1", "l") for a in left})
    assert not [a for a in one - other if any(slow_same(a, b) for b in right)]
    assert (one <= other) is all(any(slow_same(a, b) for b in right) for a in left)
    assert (one == other) is ((one <= other) and (People(right) <= People(left)))


# --- 2. a vote under another subject ------------------------------------------------------------


def test_a_vote_that_was_recorded_under_another_subject_is_not_lost() -> None:
    desk = Desk()
    desk.review()
    against = {"role": "committee_lay", "content": digest({"any": "vote"})}
    about = digest(desk.version)
    lost = desk.sign("lena", "vote", "reject", about, subject="application-99", **against)
    desk.acts.remove(lost)
    desk.finish()
    naive = [one for one in desk.records.values() if one.subject == desk.application]
    assert desk.judge(records=ActRecords.of(naive)).draft.id  # the twin signs a permit
    refused("CW-DOSSIER-ACT-MISSING", desk.judge)


def test_the_same_answers_in_another_application_are_not_an_act_about_this_one() -> None:
    desk = Desk()
    desk.review()
    dpia = desk.version["draft"]["dpia_hash"]
    other = desk.sign("dpo", "advise", "content_with_conditions", dpia, subject="application-99")
    desk.acts.remove(other)
    desk.finish()
    assert desk.judge().draft.id


# --- 3. training at several sites ---------------------------------------------------------------


def naive_uses_ai(purposes: Collection[str], processing: Collection[str]) -> bool:
    """The twin: the application's own check did not know of work at several sites."""
    return bool({"ai_research", "ai_train", "ai_test"} & set(purposes)) or "train" in processing


def test_training_at_several_sites_needs_an_assessment_for_everybody_alike() -> None:
    plain = applications.version().plain()
    plain["content"]["access"] |= {"processing": ["federated"], "sites": ["Here", "There"]}
    sent = ApplicationVersion.read(plain, "The version")
    assert not naive_uses_ai(sent.content.purpose.codes, sent.content.access.processing)
    assert needs_assessment(sent.content.purpose.codes, sent.content.access.processing)
    assert sent.content.uses_ai
    assert sent.needs_assessment
    refused("CW-COMPILE-ASSESSMENT", compiled, sent)


# --- 4. lists that were in force once -----------------------------------------------------------


def test_naming_an_old_list_is_no_way_round_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = applications.version().plain()
    plain["content"]["safeguards"]["k"] = 2
    forged = ApplicationVersion.read(plain, "The version")
    newer = {name: number + 1 for name, number in forged.rules.items()}
    monkeypatch.setattr(compiling, "seed_versions", lambda: newer)
    assert forged.rules != newer  # the twin looked no further than this
    with pytest.raises(CommonwealError, match="lists have changed") as caught:
        compiled(forged)
    assert caught.value.code == "CW-COMPILE-INCOMPLETE"


# --- 5. one ballot for each route and round -----------------------------------------------------


def routed(person: str, verdict: Any = "approve", **changes: Any) -> Vote:
    return vote(person, verdict, route="proportionate", **changes)


def test_a_vote_for_the_short_route_is_not_one_for_the_committee() -> None:
    opened = open_ballot(VERSION, membership(), everyone_free(), (), SIX, MEETING)
    short = open_ballot(
        VERSION, membership(), everyone_free(), (), SIX, MEETING, route="proportionate"
    )
    assert (opened.route, short.route, opened.round, short.round) == (
        "committee", "proportionate", 1, 1,
    )  # fmt: skip
    # The twin told ballots apart by their round alone.
    assert routed("lay1").round == opened.round
    refused("CW-COMMITTEE-VOTE", cast, opened, routed("lay1"), membership())
    refused("CW-COMMITTEE-VOTE", cast, short, vote("lay1", "approve"), membership())
    assert len(cast(short, routed("lay1"), membership()).votes) == 1
    with pytest.raises(PaperInvalid, match="another route or round"):
        ballot([vote("lay1", "approve")]).with_changes(route="proportionate")


def test_a_decision_is_counted_from_votes_for_its_own_route() -> None:
    votes = [vote(one, "approve") for one in SIX]
    right: Decision = decide(case(), ballot(votes), rules(), membership(), END)
    mixed = [*votes[:-1], routed(SIX[-1])]
    refused("CW-COMMITTEE-VOTE", check_recount, right, evidence(votes=mixed), rules(), membership())
    refused(
        "CW-DECISION-OTHER", decide,
        case(), ballot(votes, route="proportionate"), rules(), membership(), END,
    )  # fmt: skip
    assert set(SIX) <= set(SEATS)


def test_the_signer_counts_the_route_of_the_decision_only() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "member", "lena", "luke"):
        desk.declare(who)
    desk.vote("lena", route="proportionate")
    desk.vote("luke", route="proportionate")
    for who in ("chair", "member"):
        desk.vote(who)
    desk.finish()
    refused("CW-DOSSIER-OUTCOME", desk.judge)  # no lay vote is left; the twin counted two
    for who in ("lena", "luke"):
        only = Desk()
        only.send()
        only.advise()
        only.declare(who)
        only.vote(who, route="proportionate")
        only.finish()
        refused("CW-DOSSIER-ACT-MISSING", only.judge)


def test_who_said_no_on_the_short_route_votes_in_the_committee() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "member", "lena", "luke", "guardian"):
        if who != "guardian":
            desk.declare(who)
    desk.vote("luke", "reject", route="proportionate")
    for who in ("chair", "member", "lena"):
        desk.vote(who)
    desk.finish()
    refused("CW-DOSSIER-ACT-MISSING", desk.judge)
    again = Desk()
    again.send()
    again.advise()
    for who in ("chair", "member", "lena", "luke"):
        again.declare(who)
    again.vote("luke", "reject", route="proportionate")
    for who in ("chair", "member", "lena", "luke"):
        again.vote(who)
    again.finish()
    assert again.judge().draft.id
