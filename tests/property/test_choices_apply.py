"""Random people, choices and days: equal to the slow oracle, and what must never happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.connection import connect
from commonweal.vault.choices.apply import apply_choices
from commonweal.vault.choices.decision import Decision
from commonweal.vault.choices.folder import read_choices
from commonweal.vault.choices.naming import PersonKeys
from commonweal.vault.choices.rules import KINDS, REASONS
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests import factories
from tests.unit.choices.helpers import (
    NO_JOURNAL,
    One,
    Row,
    load_people,
    nhs_numbers,
    oracle_reason,
    write_folder,
)

N = nhs_numbers(8)
OTHERS = nhs_numbers(24)[8:]
AT = date(2026, 3, 2)
PROJECTS = {"asthma", "asthma-1"}
# Each example plans about a dozen statements, so a few say enough here; `--all` tries 1000.
EXAMPLES = settings(max_examples=max(6, settings().max_examples // 10))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(connect(tmp_path_factory.mktemp("engine"), threads=1))
    yield made
    made.close()


def spelled(number: str) -> st.SearchStrategy[str]:
    groups = (number[:3], number[3:6], number[6:])
    wide = number.translate({0x30 + digit: 0xFF10 + digit for digit in range(10)})
    return st.sampled_from(
        [number, wide, f"{number}.0", *(gap.join(groups) for gap in (" ", "\u00a0", "  ", "."))]
    )


DAYS = st.integers(-3, 3).map(lambda days: AT + timedelta(days=days))
KEYS = st.sampled_from(
    ["A", "B", "C", "A-1", "a1", "\uff21\uff11", "A 1", "Stra\u00dfe", "STRASSE", "\u00e9",
     "E\u0301", "007", "7", "7.0", N[0]]
)  # fmt: skip
IDENTIFIERS = st.one_of(KEYS, st.sampled_from(N).flatmap(spelled))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    rule = draw(st.sampled_from(KINDS))
    project = draw(st.sampled_from(["asthma", "asthma-1", "gout"])) if rule.names_project else None
    begins = draw(DAYS)
    ends = draw(st.none() | st.integers(0, 4).map(lambda days: begins + timedelta(days=days)))
    return Row(draw(IDENTIFIERS), rule.kind, project, begins, ends)


@st.composite
def cohorts(draw: st.DrawFn) -> list[One]:
    keys = draw(st.lists(KEYS, unique=True, max_size=7))
    unkeyed: list[str | None] = [None] * draw(st.integers(0, 2))
    return [
        One(key, draw(st.none() | st.sampled_from(N)), draw(st.booleans()), draw(st.booleans()))
        for key in draw(st.permutations([*keys, *unkeyed]))
    ]


decisions = st.builds(
    Decision,
    national=st.booleans(),
    kinds=st.sets(st.sampled_from([rule.kind for rule in KINDS])).map(frozenset),
    consent_needed=st.booleans(),
    objections=st.just(True),
    include_without_identifier=st.booleans(),
    sentences=st.just(()),
)


def outcome(
    engine: DuckDBEngine,
    folder: Path,
    people: Sequence[One],
    decision: Decision,
    said: Sequence[Row],
    allowed: Sequence[str],
    outside: Sequence[One] = (),
) -> tuple[set[str], dict[str, int]]:
    write_folder(
        folder,
        allowed=sorted([*allowed, *OTHERS]),
        objections=[row.line() for row in said],
        requested=100,
    )
    choices = read_choices(folder, **NO_JOURNAL, needs_national=True, clock=factories.clock())
    # The list is judged by a dataset that is on it, so that small cohorts are never "others".
    listed = [One(f"L{n}", n, True) for n in OTHERS]
    everyone = load_people(engine, [*people, *outside, *listed], "everyone")
    result = apply_choices(
        engine, load_people(engine, people), decision, choices, project_ids=sorted(PROJECTS),
        at=AT, keys=PersonKeys("other_identifier"), everyone=everyone,
    )  # fmt: skip
    found = {row["person"] for row in engine.rows(result.allowed, 100)}
    return found, result.removed


ALLOWED = st.lists(st.sampled_from(N), unique=True, min_size=1)


@EXAMPLES
@given(cohorts(), decisions, st.lists(rows(), max_size=8), ALLOWED, st.integers(0, 2))
def test_equal_to_the_oracle(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    people: list[One],
    decision: Decision,
    said: list[Row],
    allowed: list[str],
    cut: int,
) -> None:
    people, outside = people[cut:], people[:cut]
    everyone = [*people, *outside]
    reasons = [
        oracle_reason(one, everyone, decision, said, set(allowed), PROJECTS, AT) for one in people
    ]
    expected = {one.person for one, reason in zip(people, reasons, strict=True) if reason is None}
    folder = tmp_path_factory.mktemp("choices")
    found, removed = outcome(engine, folder, people, decision, said, allowed, outside)
    assert found == expected
    assert removed == {reason: reasons.count(reason) for reason in REASONS}


@EXAMPLES
@given(cohorts(), decisions, st.lists(rows(), max_size=5), rows(), ALLOWED)
def test_one_more_objection_never_lets_anybody_in(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    people: list[One],
    decision: Decision,
    said: list[Row],
    more: Row,
    allowed: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("choices")
    before, _ = outcome(engine, folder, people, decision, said, allowed)
    after, _ = outcome(engine, folder, people, decision, [*said, more], allowed)
    if more.kind == "project_consent":
        assert before <= after
    else:
        assert after <= before


@EXAMPLES
@given(cohorts(), decisions, st.lists(rows(), max_size=6), ALLOWED, st.randoms())
def test_order_does_not_matter(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    people: list[One],
    decision: Decision,
    said: list[Row],
    allowed: list[str],
    random: object,
) -> None:
    folder = tmp_path_factory.mktemp("choices")
    once = outcome(engine, folder, people, decision, said, allowed)
    mixed = [sorted(each, key=lambda _: random.random()) for each in (people, said, allowed)]  # type: ignore[attr-defined]
    assert outcome(engine, folder, mixed[0], decision, mixed[1], mixed[2]) == once


@EXAMPLES
@given(cohorts(), decisions, st.lists(rows(), max_size=4), ALLOWED)
def test_a_shorter_list_never_lets_anybody_in(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    people: list[One],
    decision: Decision,
    said: list[Row],
    allowed: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("choices")
    before, _ = outcome(engine, folder, people, decision, said, allowed)
    after, _ = outcome(engine, folder, people, decision, said, allowed[1:])
    assert after <= before
