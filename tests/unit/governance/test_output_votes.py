"""Counting votes on outputs: against a slow twin, and what each person is shown."""
# ruff: noqa: E501

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.governance.outputs import (
    Vote,
    count,
    for_author,
    may_judge,
    standing,
    visible_to,
    vote_faults,
)
from commonweal.papers.output_manifest import (
    Findings,
    OutputDecision,
    OutputManifest,
    OutputReview,
)
from tests import output_papers
from tests.output_papers import H

FOUND = Findings.read(output_papers.findings(), "The findings")
FAILED = Findings.read(output_papers.findings(audit_verdict="fail"), "The findings")
MANIFEST = OutputManifest.read(output_papers.manifest(findings=FOUND.digest()), "M")
FAILING = OutputManifest.read(output_papers.manifest(findings=FAILED.digest()), "M")
MEMBERS = ["applies", "iris"]
OVERRIDE = [{"what": "audit", "verdict": "fail", "reason": "wrongly_found"}]


def review(about: OutputManifest = MANIFEST, verdict: str = "approve", **changed: Any) -> OutputReview:  # fmt: skip
    against = verdict in ("return", "reject")
    base = {
        "manifest": about.digest(), "findings": about.findings, "verdict": verdict,
        "reasons": [{"reason": "context_missing"}] if against else [],
    }  # fmt: skip
    return OutputReview.read(output_papers.review(**(base | changed)), "The review")


def votes(*said: tuple[str, str], manifest: OutputManifest = MANIFEST, **changed: Any) -> list[Vote]:  # fmt: skip
    letters = [chr(97 + n % 26) * 32 for n in range(len(said))]
    return [
        Vote(letters[n], who, review(manifest, verdict, **changed), entry=n + 1)
        for n, (who, verdict) in enumerate(said)
    ]


def counted(*said: tuple[str, str]) -> OutputDecision:
    return count(MANIFEST, FOUND, votes(*said), MEMBERS)


TABLE: list[tuple[str, list[tuple[str, str]]]] = [
    ("waiting", []),
    ("waiting", [("ada", "approve")]),
    ("waiting", [("ada", "approve"), ("ada", "approve")]),
    ("waiting", [("ada", "approve"), ("Ada", "approve")]),  # they look alike
    ("waiting", [("ada", "approve"), ("applies", "approve")]),  # the author
    ("waiting", [("ada", "approve"), ("iris", "approve")]),  # of the project
    ("waiting", [("ada", "approve"), ("lris", "approve")]),  # looks like somebody of it
    ("waiting", [("iris", "approve"), ("applies", "approve")]),
    ("approved", [("ada", "approve"), ("ben", "approve")]),
    ("returned", [("ada", "return"), ("ben", "return")]),
    ("rejected", [("ada", "reject"), ("ben", "reject")]),
    ("conflict", [("ada", "approve"), ("ben", "return")]),
    ("conflict", [("ada", "reject"), ("ben", "return")]),
    ("approved", [("ada", "approve"), ("ben", "return"), ("ben", "approve")]),
    ("returned", [("ada", "approve"), ("ben", "return"), ("ada", "return")]),
    ("approved", [("ada", "approve"), ("ben", "return"), ("cleo", "approve")]),
    ("rejected", [("ada", "approve"), ("ben", "reject"), ("cleo", "reject")]),
    ("conflict", [("ada", "approve"), ("ben", "reject"), ("cleo", "return")]),
    ("conflict", [("ada", "approve"), ("ben", "approve"), ("cleo", "reject"), ("dan", "reject")]),
    ("approved", [("ada", "approve"), ("ben", "approve"), ("cleo", "reject"), ("dan", "approve")]),
    ("waiting", [("ada", "approve"), ("ben", "conflicted")]),
    ("waiting", [("ada", "approve"), ("ben", "approve"), ("ben", "conflicted")]),
    ("waiting", [("ada", "approve"), ("ben", "conflicted"), ("ben", "approve")]),
    ("approved", [("ada", "approve"), ("ben", "conflicted"), ("cleo", "approve")]),
]


@pytest.mark.parametrize(("outcome", "said"), TABLE)
def test_what_votes_make(outcome: str, said: list[tuple[str, str]]) -> None:
    assert counted(*said).outcome == outcome


def naive(said: Sequence[tuple[str, str]]) -> str:
    """The rules read aloud: who is in, what each said last, and whether two made a majority."""
    gone = {"applies", "iris"} | {who for who, verdict in said if verdict == "conflicted"}
    last = {who: verdict for who, verdict in said if who not in gone}
    if len(last) < 2:
        return "waiting"
    words = {"approve": "approved", "return": "returned", "reject": "rejected"}
    for verdict, outcome in words.items():
        agreeing = [who for who in last if last[who] == verdict]
        others = [who for who in last if last[who] != verdict]
        if len(agreeing) >= 2 and len(agreeing) > len(others):
            return outcome
    return "conflict"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ada", "ben", "cleo", "dan", "iris", "applies"]),
            st.sampled_from(["approve", "return", "reject", "conflicted"]),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_count_is_what_the_rules_say_in_any_order(
    said: list[tuple[str, str]], dice: random.Random
) -> None:
    made = votes(*said)
    dice.shuffle(made)
    decision = count(MANIFEST, FOUND, made, MEMBERS)
    assert decision.outcome == naive(said)
    assert {one.reviewer for one in decision.votes} <= {"ada", "ben", "cleo", "dan"}
    if decision.outcome == "approved":
        assert sum(one.verdict == "approve" for one in decision.votes) >= 2


def test_every_small_case_agrees_with_the_slow_twin() -> None:
    people, verdicts = ("ada", "ben", "iris"), ("approve", "reject", "conflicted")
    tried = 0
    for size in range(4):
        for said in itertools.product(itertools.product(people, verdicts), repeat=size):
            assert counted(*said).outcome == naive(said), said
            tried += 1
    assert tried == 1 + 9 + 81 + 729


def test_the_first_votes_of_the_first_two_people_are_independent() -> None:
    decision = counted(("ada", "approve"), ("ben", "return"), ("cleo", "approve"))
    assert [(v.reviewer, v.independent) for v in decision.votes] == [
        ("ada", True), ("ben", True), ("cleo", False),
    ]  # fmt: skip
    again = counted(("ada", "approve"), ("ben", "return"), ("ben", "approve"))
    assert [(v.reviewer, v.independent) for v in again.votes] == [("ada", True), ("ben", False)]


def test_an_approval_counts_only_with_a_reason_for_each_check_that_failed() -> None:
    for overrides in (
        [],
        [{**OVERRIDE[0], "verdict": "unreadable"}],
        [{**OVERRIDE[0], "what": "stays.csv"}],
        [*OVERRIDE, {"what": "stays.csv", "verdict": "fail", "reason": "wrongly_found"}],
    ):
        said = votes(("ada", "approve"), ("ben", "approve"), manifest=FAILING, overrides=overrides)
        assert count(FAILING, FAILED, said, MEMBERS).outcome == "waiting"
        assert list(vote_faults(said[0].review, FAILING, FAILED))
    whole = votes(("ada", "approve"), ("ben", "approve"), manifest=FAILING, overrides=OVERRIDE)
    decision = count(FAILING, FAILED, whole, MEMBERS)
    assert decision.outcome == "approved"
    assert len(decision.overrides) == 1
    one_only = [whole[0], *votes(("ben", "approve"), manifest=FAILING)]
    assert count(FAILING, FAILED, one_only, MEMBERS).outcome == "waiting"


@pytest.mark.parametrize("changed", [
    {"manifest": H(99)}, {"output": "out-2"}, {"findings": H(99)},
    {"verdict": "return", "reasons": [{"reason": "file_kind", "file": "other.csv"}]},
])  # fmt: skip
def test_a_review_of_something_else_does_not_count(changed: dict[str, Any]) -> None:
    wrong = review(**changed)
    assert list(vote_faults(wrong, MANIFEST, FOUND))
    said = [Vote("a" * 32, "ada", wrong, 1), Vote("b" * 32, "ben", wrong, 2)]
    assert count(MANIFEST, FOUND, said, MEMBERS).outcome == "waiting"


def test_accounts_that_look_alike_are_one_person() -> None:
    assert not may_judge("lris", MEMBERS)
    assert not may_judge("IRIS", MEMBERS)
    assert may_judge("ada", MEMBERS)


# --- who sees what ------------------------------------------------------------------------------


def test_nobody_sees_another_vote_before_both_are_in() -> None:
    one = votes(("ada", "reject"))
    assert visible_to("ben", one, MEMBERS) == ()
    assert visible_to("ada", one, MEMBERS) == tuple(one)
    assert visible_to("iris", one, MEMBERS) == ()
    two = votes(("ada", "reject"), ("ben", "approve"))
    assert visible_to("ada", two, MEMBERS) == visible_to("cleo", two, MEMBERS) == tuple(two)
    assert visible_to("applies", two, MEMBERS) == ()
    # Votes of people who may not judge open nothing, and neither does a second of one person.
    for other in ("iris", "ada", "Ada"):
        assert visible_to("ben", votes(("ada", "reject"), (other, "approve")), MEMBERS) == ()


@pytest.mark.parametrize(
    "said",
    [
        [("ada", "approve"), ("ben", "conflicted")],
        [("ben", "conflicted"), ("ada", "approve")],
        [("ben", "approve"), ("ada", "approve"), ("ben", "conflicted")],
    ],
)
def test_who_is_conflicted_has_not_judged(said: list[tuple[str, str]]) -> None:
    """Else the second who judges has seen the first, and counts as one who had not."""
    before = votes(*said)
    assert visible_to("cleo", before, MEMBERS) == ()
    both = votes(*said, ("cleo", "approve"))
    assert visible_to("cleo", both, MEMBERS) == tuple(both)
    decision = count(MANIFEST, FOUND, both, MEMBERS)
    assert decision.outcome == "approved"
    assert all(one.independent for one in decision.votes)


def test_the_author_reads_reasons_once_it_is_decided_and_never_who() -> None:
    said = votes(("ada", "return"), ("ben", "return"), to_author="Say which ward.", note="Odd.")
    assert for_author(count(MANIFEST, FOUND, said[:1], MEMBERS), said) is None
    told = for_author(count(MANIFEST, FOUND, said, MEMBERS), said)
    assert told is not None
    assert told["words"] == ["Say which ward."]
    assert not {"ada", "ben", "Odd."} & set(str(told).replace("'", " ").split())
    split = votes(("ada", "approve"), ("ben", "return"))
    assert for_author(count(MANIFEST, FOUND, split, MEMBERS), split) is None


NOW = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(("events", "said", "state"), [
    ([], [], "draft"),
    ([("output.submitted", None)], [], "in_review"),
    ([("output.submitted", None)], [("ada", "approve")], "in_review"),
    ([("output.submitted", None)], [("ada", "approve"), ("ben", "return")], "consolidating"),
    ([("output.submitted", None)], [("ada", "approve"), ("ben", "approve")], "consolidating"),
    ([("output.submitted", None), ("output.moved", "return")], [], "returned"),
    ([("output.submitted", None), ("output.moved", "return"), ("output.submitted", None)], [], "in_review"),
    ([("output.submitted", None), ("output.moved", "reject")], [], "rejected"),
    ([("output.submitted", None), ("output.moved", "find_stale")], [], "draft"),
    ([("output.submitted", None), ("output.approved", None), ("output.released", None)], [], "released"),
    ([("output.submitted", None), ("output.released", None), ("output.recalled", None)], [], "recalled"),
    ([("output.submitted", None), ("output.refused", None)], [], "in_review"),
])  # fmt: skip
def test_where_an_output_stands(
    events: list[tuple[str, str | None]], said: list[tuple[str, str]], state: str
) -> None:
    assert standing(events, counted(*said), MANIFEST, NOW) == state


def test_what_waits_too_long_has_expired_and_what_left_has_not() -> None:
    late = datetime(2026, 5, 1, tzinfo=UTC)
    sent = [("output.submitted", None)]
    assert standing(sent, None, MANIFEST, late) == "expired"
    assert standing([*sent, ("output.released", None)], None, MANIFEST, late) == "released"
