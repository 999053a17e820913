"""What holds of every count of votes, and that the slow twin counts the same."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.outcome import (
    Deadlocked,
    NotQuorate,
    check_quorum,
    outcome_of,
    tally,
)
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import (
    OUTCOMES,
    ROUTES,
    VOTING_ROLES,
    YES,
    Route,
)
from tests.unit.governance.committee import oracle
from tests.unit.governance.committee.support import Plain, rules

RANK = {"reject": 0, "resubmit": 1, oracle.DEADLOCK: 2, "approve_with_conditions": 3, "approve": 4}
LOWER = {outcome: OUTCOMES[at + 1 :] for at, outcome in enumerate(OUTCOMES)}


def counted(
    votes: list[Plain], under: CommitteeRules, route: Route = "committee", round_: int = 1
) -> str:
    try:
        return outcome_of(votes, under, route=route, round_=round_)[0]
    except Deadlocked:
        return oracle.DEADLOCK
    except NotQuorate:
        return oracle.REFUSED
    except Refused as refused:
        return {"CW-COMMITTEE-VOTE-TWICE": oracle.REFUSED}[refused.code]


@cache
def many_rules() -> tuple[CommitteeRules, ...]:
    """Rules of every kind; the fields that matter less vary along."""
    kinds = (("unanimous", 0), ("majority", 0), ("consensus_and_chair", 1),
             ("consensus_and_chair", 3))  # fmt: skip
    quotas: tuple[list[dict[str, object]], ...] = (
        [], [{"role": "committee_lay", "at_least": 2}],
        [{"role": "committee_chair", "at_least": 1}],
    )  # fmt: skip
    shares = (1, 33, 50, 51, 67, 100)
    made = []
    for number, ((rule, few), members, quota) in enumerate(
        itertools.product(kinds, (2, 4, 6), quotas)
    ):
        made.append(
            rules(
                decision_rule=rule,
                dissent_at_most=few,
                quorum__members=members,
                quorum__by_role=quota,
                quorum__lay_share_percent=shares[number % 6] if number % 2 else 50,
                proportionate__members=2 + number % (members - 1),
                chairs_action__with_lay_members=1 + number % 3,
                deadlock__rounds=1 + number % 3,
                deadlock__then=("resubmit", "reject")[number % 2],
            )
        )
    return tuple(made)


def some_rules() -> st.SearchStrategy[CommitteeRules]:
    return st.deferred(lambda: st.sampled_from(many_rules()))


PEOPLE = [f"m{number}" for number in range(12)]


def some_votes(least: int = 0) -> st.SearchStrategy[list[Plain]]:
    """Any votes at all."""
    one = st.tuples(
        st.sampled_from(PEOPLE), st.sampled_from(VOTING_ROLES), st.sampled_from(OUTCOMES)
    )
    votes = st.lists(one, min_size=least, max_size=12, unique_by=lambda row: row[0])
    return votes.map(lambda rows: [Plain(*row) for row in rows])


@st.composite
def meetings(draw: st.DrawFn) -> list[Plain]:
    """Votes of a meeting that is well attended, in which people often agree."""
    lay = draw(st.integers(3, 6))
    others = draw(st.integers(1, lay - 1))
    palette = draw(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=3))
    roles = ["committee_chair", *["committee_member"] * others, *["committee_lay"] * lay]
    verdicts = draw(st.lists(st.sampled_from(palette), min_size=len(roles), max_size=len(roles)))
    return [Plain(*row) for row in zip(PEOPLE, roles, verdicts, strict=False)]  # type: ignore[arg-type]


@given(meetings() | some_votes(), some_rules(), st.sampled_from(ROUTES), st.integers(1, 3))
def test_the_slow_twin_counts_the_same(
    votes: list[Plain], under: CommitteeRules, route: Route, round_: int
) -> None:
    assert counted(votes, under, route, round_) == oracle.count(votes, under, route, round_)


@given(
    meetings() | some_votes(),
    some_rules(),
    st.sampled_from(ROUTES),
    st.randoms(use_true_random=False),
)
def test_the_order_of_votes_does_not_matter(
    votes: list[Plain], under: CommitteeRules, route: Route, chance: object
) -> None:
    shuffled = list(votes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert counted(shuffled, under, route) == counted(votes, under, route)


@given(meetings() | some_votes(1), some_rules(), st.sampled_from(ROUTES), st.data())
def test_one_vote_turned_towards_no_never_helps(
    votes: list[Plain], under: CommitteeRules, route: Route, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(votes) - 1))
    old = votes[at]
    lower = LOWER[old.verdict] or ("reject",)
    new = Plain(old.person, old.role, data.draw(st.sampled_from(lower)))
    before = counted(votes, under, route)
    after = counted([*votes[:at], new, *votes[at + 1 :]], under, route)
    assert (before == oracle.REFUSED) is (after == oracle.REFUSED)
    if before != oracle.REFUSED:
        assert RANK[after] <= RANK[before]


@given(meetings(), some_rules(), st.sampled_from(VOTING_ROLES), st.sampled_from(ROUTES))
def test_one_more_no_never_turns_a_refusal_into_an_approval(
    votes: list[Plain], under: CommitteeRules, role: str, route: Route
) -> None:
    before = counted(votes, under, route)
    for verdict in ("resubmit", "reject"):
        more = counted([*votes, Plain("one_more", role, verdict)], under, route)  # type: ignore[arg-type]
        # Too few votes are no refusal: one more vote of whatever kind may make them enough.
        if before not in (oracle.REFUSED, *YES):
            assert more not in YES
        if before in YES:
            assert more == oracle.REFUSED or RANK[more] <= RANK[before]


@given(meetings() | some_votes(), some_rules(), st.sampled_from(ROUTES))
def test_whatever_is_decided_has_its_lay_share_and_quorum(
    votes: list[Plain], under: CommitteeRules, route: Route
) -> None:
    outcome = counted(votes, under, route)
    if outcome == oracle.REFUSED:
        return
    lay = [vote for vote in votes if vote.role == "committee_lay"]
    assert len(lay) * 100 >= under.quorum.lay_share_percent * len(votes)
    assert len(votes) >= {"committee": under.quorum.members, "chair": 2,
                          "proportionate": under.proportionate.members}[route]  # fmt: skip


@given(some_votes(1), some_rules(), st.sampled_from(ROUTES), st.data())
def test_no_member_counts_twice(
    votes: list[Plain], under: CommitteeRules, route: Route, data: st.DataObject
) -> None:
    first = data.draw(st.sampled_from(votes))
    again = Plain(
        data.draw(st.sampled_from([first.person, first.person.upper()])),
        data.draw(st.sampled_from(VOTING_ROLES)),
        data.draw(st.sampled_from(OUTCOMES)),
    )
    with pytest.raises(Refused) as caught:
        outcome_of([*votes, again], under, route=route)
    assert caught.value.code == "CW-COMMITTEE-VOTE-TWICE"


@given(meetings(), some_rules(), st.integers(1, 5))
def test_a_deadlock_never_becomes_a_yes(
    votes: list[Plain], under: CommitteeRules, round_: int
) -> None:
    try:
        outcome, by_deadlock = outcome_of(votes, under, round_=round_)
    except Refused:
        return
    if by_deadlock:
        assert round_ >= under.deadlock.rounds
        assert outcome == under.deadlock.then
        assert outcome not in YES
        assert {vote.verdict in YES for vote in votes} == {True, False} or (
            under.decision_rule == "consensus_and_chair"
        )


def test_every_small_count_by_hand_of_the_twin() -> None:
    """All ways in which a chair, a member and two lay members can vote, under every rule."""
    seats = (("c", "committee_chair"), ("m", "committee_member"), ("l1", "committee_lay"),
             ("l2", "committee_lay"))  # fmt: skip
    under = [
        rules(decision_rule=rule, dissent_at_most=few, quorum__members=4, quorum__by_role=[])
        for rule, few in (("unanimous", 0), ("majority", 0), ("consensus_and_chair", 1),
                          ("consensus_and_chair", 3))
    ]  # fmt: skip
    seen = set()
    for verdicts in itertools.product(OUTCOMES, repeat=4):
        votes = [Plain(p, r, v) for (p, r), v in zip(seats, verdicts, strict=True)]  # type: ignore[arg-type]
        for one, route in itertools.product(under, ROUTES):
            found = counted(votes, one, route)
            assert found == oracle.count(votes, one, route, 1)
            seen.add((one.decision_rule, found))
    outcomes = {*OUTCOMES, oracle.DEADLOCK}
    assert seen == set(
        itertools.product(["unanimous", "majority", "consensus_and_chair"], outcomes)
    )


@pytest.mark.parametrize(
    ("chair", "deputy", "found"),
    [
        ("approve", "approve", "approve"),
        ("approve", "reject", oracle.DEADLOCK),
        ("reject", "approve", oracle.DEADLOCK),
        ("approve", "approve_with_conditions", "approve_with_conditions"),
    ],
)
def test_a_consensus_needs_every_chair_who_votes(chair: str, deputy: str, found: str) -> None:
    under = rules(decision_rule="consensus_and_chair", dissent_at_most=1)
    lay = [Plain(f"l{n}", "committee_lay", "approve") for n in range(4)]
    chairs = [Plain("c", "committee_chair", chair), Plain("d", "committee_chair", deputy)]  # type: ignore[arg-type]
    assert counted([*chairs, *lay], under) == found
    assert counted([*lay, *chairs[::-1]], under) == found
    assert oracle.count([*chairs, *lay], under, "committee", 1) == found


def test_a_quorum_check_needs_no_more_than_a_tally() -> None:
    check_quorum(tally([Plain("c", "committee_chair", "reject"),
                        Plain("l", "committee_lay", "reject")]), rules(), "chair")  # fmt: skip
