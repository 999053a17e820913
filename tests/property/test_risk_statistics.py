"""Properties of the statistics against their slow twins: any small table, any order, any name."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from commonweal.vault.risk.closeness import closeness_figures
from commonweal.vault.risk.individual import individual_figures, risks
from commonweal.vault.risk.population import population_figures
from commonweal.vault.risk.power import Postings, draw_events, fitting, gap_figures, power_figures
from commonweal.vault.risk.statistics import More, all_figures
from commonweal.vault.risk.suda import suda_figures
from commonweal.vault.risk.uniques import (
    pitman_limit,
    pitman_parameters,
    pitman_uniques,
    snb_parameters,
    unique_estimates,
    zayatz_uniques,
)
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk import statistics_oracle as oracle
from tests.unit.risk.helpers import an_engine, loaded

KINDS = {
    "who": "text", "age": "integer", "sex": "text", "town": "text", "ill": "text",
    "pay": "integer", "day": "date",
}  # fmt: skip
QUASI = ["age", "sex"]
PEOPLE_KINDS = {"age": "integer", "sex": "text", "many": "integer"}
START = date(2024, 2, 27)
TREE = [
    ["", "a", "b", "c", "d", "e"],
    ["none", "low", "low", "high", "high", "top"],
    ["none", "ill", "ill", "ill", "ill", "ill"],
]
Rows = list[dict[str, Any]]
ROW = st.fixed_dictionaries(
    {
        "who": st.sampled_from([f"p{n}" for n in range(10)]),
        "age": st.none() | st.integers(0, 5),
        "sex": st.none() | st.sampled_from(["F", "M"]),
        "town": st.sampled_from(["u", "v", "w"]),
        "ill": st.none() | st.sampled_from(["a", "b", "c", "d", "e"]),
        "pay": st.none() | st.integers(-3, 6),
        "day": st.none() | st.integers(0, 6).map(lambda n: START + timedelta(days=n)),
    }
)
ROWS = st.lists(ROW, max_size=30)
SOME_ROWS = st.lists(ROW, min_size=1, max_size=30)
PERSON = st.sampled_from([None, "who"])
SIZES = st.dictionaries(st.integers(1, 12), st.integers(1, 30), min_size=1, max_size=6)
FEWER = settings(max_examples=max(10, settings().max_examples // 4))
# Two whole documents an example: some fifty questions to the engine.
FEWEST = settings(max_examples=max(5, settings().max_examples // 12))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with an_engine(tmp_path_factory.mktemp("risk")) as opened:
        yield opened


def close(found: Any, rel: float = 1e-9) -> Any:
    if isinstance(found, dict):
        return {key: close(value, rel) for key, value in found.items()}
    return pytest.approx(found, rel=rel, abs=1e-12) if isinstance(found, float) else found


def coarser(rows: Rows) -> Rows:
    return [{**row, "age": None if row["age"] is None else row["age"] // 2} for row in rows]


def renamed(rows: Rows) -> Rows:
    """Other names for people and unordered values; numbers moved and stretched."""
    return [
        {
            **row,
            "who": "z" + row["who"][::-1],
            "age": None if row["age"] is None else 900 - 7 * row["age"],
            "sex": None if row["sex"] is None else row["sex"] * 3,
            "town": {"u": "zz", "v": "a", "w": "mm"}[row["town"]],
            "pay": None if row["pay"] is None else 100 + 5 * row["pay"],
        }
        for row in rows
    ]


# --- closeness ------------------------------------------------------------------------------


@FEWER
@given(rows=ROWS, person=PERSON)
def test_closeness_and_recursive_l_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, person: str | None
) -> None:
    table = loaded(engine, rows, KINDS)
    found = closeness_figures(engine, table, QUASI, ["ill", "pay"], person, {"ill": TREE})
    tree = oracle.tree_ground(TREE)
    ill = oracle.closeness(rows, QUASI, "ill", person, oracle.equal_ground)
    assert found["ill"].equal == close(ill)
    assert found["ill"].ordered is None
    assert found["ill"].hierarchical == close(oracle.closeness(rows, QUASI, "ill", person, tree))
    values = sorted({row["pay"] for row in rows}, key=lambda pay: (pay is None, pay or 0))
    ordered = oracle.closeness(rows, QUASI, "pay", person, oracle.ordered_ground(values))
    assert found["pay"].ordered == close(ordered)
    assert found["pay"].hierarchical is None
    for least, ratio in found["ill"].recursive.items():
        assert ratio == close(oracle.recursive(rows, QUASI, "ill", person, least))


@FEWER
@given(rows=SOME_ROWS)
def test_coarser_classes_are_never_farther_from_the_whole(engine: DuckDBEngine, rows: Rows) -> None:
    # By row: the earth mover's distance is convex, so a union of classes is no farther than its
    # farthest part. Recursive (c,l) is monotone too (Machanavajjhala and others, theorem 5.2).
    columns = ["ill", "pay"]
    fine = closeness_figures(
        engine, loaded(engine, rows, KINDS), QUASI, columns, None, {"ill": TREE}
    )
    table = loaded(engine, coarser(rows), KINDS)
    coarse = closeness_figures(engine, table, QUASI, columns, None, {"ill": TREE})
    for column in columns:
        assert coarse[column].equal <= fine[column].equal + 1e-12
        for least, ratio in coarse[column].recursive.items():
            assert ratio <= fine[column].recursive[least] + 1e-12
    assert coarse["pay"].ordered is not None
    assert fine["pay"].ordered is not None
    assert coarse["pay"].ordered <= fine["pay"].ordered + 1e-12
    assert coarse["ill"].hierarchical is not None
    assert fine["ill"].hierarchical is not None
    assert coarse["ill"].hierarchical <= fine["ill"].hierarchical + 1e-12
    assert coarse["ill"].hierarchical <= coarse["ill"].equal + 1e-12


# --- everything together --------------------------------------------------------------------


@FEWEST
@given(rows=SOME_ROWS, person=PERSON, data=st.data())
def test_order_and_names_do_not_matter(
    engine: DuckDBEngine, rows: Rows, person: str | None, data: st.DataObject
) -> None:
    def measured(some: Rows) -> dict[str, Any]:
        more = More(
            population_size=100,
            events=("town", "day") if person else (),
            gaps="day" if person else None,
            suda=True,
            hierarchies={"ill": TREE},
        )
        table = loaded(engine, some, KINDS)
        return all_figures(engine, table, QUASI, ["ill", "pay"], person, None, more, 0.2)

    expected = measured(rows)
    shuffled = data.draw(st.permutations(rows))
    assert measured(renamed(shuffled)) == close(expected)


# --- population -----------------------------------------------------------------------------


@FEWER
@given(
    rows=SOME_ROWS,
    population=st.lists(
        st.fixed_dictionaries(
            {
                "age": st.none() | st.integers(0, 5),
                "sex": st.none() | st.sampled_from(["F", "M"]),
                "many": st.integers(0, 9),
            }
        ),
        min_size=1,
        max_size=30,
    ),
    person=PERSON,
    count=st.sampled_from([None, "many"]),
)
def test_journalist_figures_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, population: Rows, person: str | None, count: str | None
) -> None:
    known = {(row["age"], row["sex"]) for row in population if count is None or row["many"]}
    assume(known & {(row["age"], row["sex"]) for row in rows})
    table = loaded(engine, rows, KINDS)
    everybody = loaded(engine, population, PEOPLE_KINDS, "everybody")
    found = population_figures(engine, table, everybody, QUASI, person, count=count)
    assert found.as_dict() == close(oracle.against(rows, population, QUASI, person, count))


@FEWER
@given(rows=SOME_ROWS, others=st.lists(ROW, max_size=30), person=PERSON)
def test_a_population_that_holds_the_data_never_raises_the_risk(
    engine: DuckDBEngine, rows: Rows, others: Rows, person: str | None
) -> None:
    table = loaded(engine, rows, KINDS)
    alone = loaded(engine, rows, KINDS, "everybody")
    first = population_figures(engine, table, alone, QUASI, person)
    more = loaded(engine, rows + others, KINDS, "everybody")
    second = population_figures(engine, table, more, QUASI, person)
    assert second.k_map >= first.k_map
    assert second.journalist_max <= first.journalist_max
    assert second.journalist_mean <= first.journalist_mean + 1e-12
    assert second.marketer <= first.marketer + 1e-12
    assert second.presence_most <= first.presence_most
    assert second.short <= first.short
    if person is None:
        assert first.short == 0
        assert first.presence_most == 1.0
    coarse = population_figures(
        engine,
        loaded(engine, coarser(rows), KINDS),
        loaded(engine, coarser(rows + others), KINDS, "everybody"),
        QUASI,
        person,
    )
    assert coarse.k_map >= second.k_map
    assert coarse.journalist_max <= second.journalist_max


# --- uniqueness -----------------------------------------------------------------------------


def arrays(sizes: dict[int, int]) -> tuple[Any, Any]:
    known = np.array(sorted(sizes))
    return known, np.array([sizes[int(size)] for size in known])


@given(sizes=SIZES, more=st.integers(0, 2000))
def test_zayatz_is_that_of_whole_numbers(sizes: dict[int, int], more: int) -> None:
    sizes = {**sizes, 1: sizes.get(1, 3)}
    population = sum(s * c for s, c in sizes.items()) + max(sizes) + more
    expected = float(oracle.zayatz(sizes, population))
    assert zayatz_uniques(*arrays(sizes), population) == pytest.approx(expected, rel=1e-8)


@given(sizes=SIZES, theta=st.floats(0.01, 500), alpha=st.floats(1e-6, 0.999))
def test_no_parameters_are_likelier_than_those_of_the_fit(
    sizes: dict[int, int], theta: float, alpha: float
) -> None:
    fitted = pitman_parameters(*arrays(sizes))
    assume(fitted is not None and sum(sizes.values()) > 2)
    assert fitted is not None
    best = oracle.pitman_likelihood(*fitted, sizes)
    slack = 1e-7 * max(1.0, abs(best))
    assert oracle.pitman_likelihood(theta, alpha, sizes) <= best + slack
    for factor in (0.99, 1.01):
        beside = (max(fitted[0] * factor, -fitted[1] * 0.999), fitted[1])
        assert oracle.pitman_likelihood(*beside, sizes) <= best + slack
    population = sum(s * c for s, c in sizes.items()) * 7
    expected = oracle.pitman_expected(*fitted, population)
    assert pitman_uniques(fitted, population) == pytest.approx(expected, rel=1e-6)
    # The limit is above the mean, and comes near to it as the population grows.
    far = [
        pitman_limit(fitted, population * times) / pitman_uniques(fitted, population * times)
        for times in (1, 1000, 10**6)
    ]
    assert all(ratio == pytest.approx(1.0, abs=0.5) or ratio > 1.0 for ratio in far)
    assert abs(far[2] - 1) <= abs(far[0] - 1) + 1e-6


@given(alpha=st.floats(0.05, 20), beta=st.floats(0.05, 0.95), sampled=st.floats(0.05, 0.9))
@example(alpha=1.0, beta=0.5, sampled=0.5)
def test_the_fit_of_snb_gives_the_classes_that_were_seen(
    alpha: float, beta: float, sampled: float
) -> None:
    one, two = oracle.snb_moments(alpha, beta, sampled)
    classes = 1e6
    ones, pairs = round(classes * one), round(classes * two)
    assume(ones > 1000 and pairs > 1000)
    fitted = snb_parameters(classes, sampled, ones, pairs)
    if fitted is None:
        return  # several pairs of parameters explain the same two counts
    again = oracle.snb_moments(*fitted, sampled)
    assert classes * again[0] == pytest.approx(ones, rel=1e-6)
    assert classes * again[1] == pytest.approx(pairs, rel=1e-6)


@given(sizes=SIZES, more=st.integers(0, 100_000))
def test_estimates_lie_between_nobody_and_everybody(sizes: dict[int, int], more: int) -> None:
    population = sum(s * c for s, c in sizes.items()) + more
    found = unique_estimates(sizes, population)
    for estimate in (found.pitman, found.zayatz, found.snb):
        assert estimate is None or 0.0 <= estimate <= population * (1 + 1e-9)
    assert 0.0 <= found.share <= 1.0 + 1e-9
    if 1 not in sizes:
        assert found.share == 0.0


# --- weights --------------------------------------------------------------------------------


@given(count=st.integers(1, 60), p=st.floats(0.02, 1.0))
def test_individual_risk_is_the_sum_of_its_terms(count: int, p: float) -> None:
    found = risks(np.array([count]), np.array([count / p]))[0]
    expected = oracle.individual_risk(count, count / p, most=count + 20_000)
    assert found == pytest.approx(expected, rel=1e-9)


@FEWER
@given(rows=SOME_ROWS, weights=st.lists(st.floats(1, 500), min_size=10, max_size=10), person=PERSON)
def test_individual_figures_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, weights: list[float], person: str | None
) -> None:
    weighted = [{**row, "w": weights[int(row["who"][1:])]} for row in rows]
    table = loaded(engine, weighted, {**KINDS, "w": "decimal"})
    found = individual_figures(engine, table, QUASI, "w", person)
    members = oracle.classes_of(weighted, QUASI, person)
    of = {who: row["w"] for who, row in oracle.identified(weighted, person)}
    own: dict[Any, float] = {}
    for people in members.values():
        risk = oracle.individual_risk(len(people), sum(of[who] for who in people), 30_000)
        for who in people:
            own[who] = max(own.get(who, 0.0), risk)
    # The twin stops its sum after 30,000 people.
    assert found.expected == pytest.approx(sum(own.values()), rel=1e-4)
    assert found.most == pytest.approx(max(own.values()), rel=1e-4)
    assert found.people == len(own)


# --- SUDA -----------------------------------------------------------------------------------


@FEWER
@given(
    rows=ROWS,
    person=PERSON,
    quasi=st.sampled_from([["age"], ["age", "sex"], ["age", "sex", "town", "ill"]]),
    up_to=st.none() | st.integers(1, 3),
)
def test_minimal_sample_uniques_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, person: str | None, quasi: list[str], up_to: int | None
) -> None:
    found = suda_figures(engine, loaded(engine, rows, KINDS), quasi, person, up_to=up_to)
    expected = oracle.suda(rows, quasi, person, up_to)
    assert sorted(found.scores.tolist()) == expected.pop("scores")
    told = found.as_dict()
    assert {name: told[name] for name in expected} == close(expected)
    assert found.complete == (up_to is None or up_to >= len(quasi))


# --- events ---------------------------------------------------------------------------------


def postings(rows: Rows, columns: list[str]) -> Postings:
    events = {row: n for n, row in enumerate({tuple(r[c] for c in columns) for r in rows})}
    people = np.array([int(row["who"][1:]) for row in rows], dtype=np.int64)
    told = np.array([events[tuple(r[c] for c in columns)] for r in rows], dtype=np.int64)
    return Postings.of(people, told)


@given(rows=ROWS, events=st.integers(1, 4))
def test_power_figures_are_those_of_the_oracle(rows: Rows, events: int) -> None:
    columns = ["town", "pay"]
    found = power_figures(postings(rows, columns), events).as_dict()
    assert found == close(oracle.power(rows, columns, "who", events))


@given(rows=SOME_ROWS)
def test_who_knows_more_finds_more(rows: Rows) -> None:
    # Where everybody has at least three events; else "two" and "three" may be the same knowledge.
    known = postings(rows, ["town", "pay", "ill"])
    one, two, three = (power_figures(known, m) for m in (1, 2, 3))
    assert one.mean <= two.mean + 1e-12 <= three.mean + 2e-12
    assert one.unique <= two.unique + 1e-12 <= three.unique + 2e-12
    assert one.people_unique is not None
    assert two.people_unique is not None
    assert power_figures(postings(rows, ["town"]), 1).mean <= one.mean + 1e-12


@given(rows=SOME_ROWS, events=st.integers(1, 3), seed=st.integers(0, 99))
def test_drawn_sets_fit_as_many_people_as_a_count_by_hand(
    rows: Rows, events: int, seed: int
) -> None:
    known = postings(rows, ["town", "pay"])
    people = np.arange(known.people)
    sets = draw_events(known, people, events, np.random.default_rng(seed))
    have = [set(known.event[a:b].tolist()) for a, b in itertools.pairwise(known.starts)]
    fits = []
    for who, row in enumerate(sets.tolist()):
        told = {event for event in row if event >= 0}
        assert told <= have[who]
        assert len(told) == min(events, len(have[who]))
        fits.append(sum(told <= theirs for theirs in have))
    assert fitting(known, sets).tolist() == fits


@given(rows=ROWS)
def test_gap_signatures_are_those_of_the_oracle(rows: Rows) -> None:
    dated = [row for row in rows if row["day"] is not None]
    people = np.array([int(row["who"][1:]) for row in dated], dtype=np.int64)
    days = np.array([(row["day"] - START).days for row in dated], dtype=np.int64)
    assert gap_figures(people, days) == close(oracle.gaps(rows, "who", "day"))
    # A shift of all dates of a person leaves the signature as it is.
    shifted = days + 7 * (people % 5)
    assert gap_figures(people, shifted) == close(oracle.gaps(rows, "who", "day"))


@given(share=st.integers(0, 200))
def test_the_interval_of_wilson_solves_its_equation(share: int) -> None:
    from commonweal.vault.risk.power import wilson

    low, high = wilson(share / 200, 200)
    for edge in (low, high):
        if 0 < edge < 1:
            distance = abs(share / 200 - edge) / math.sqrt(edge * (1 - edge) / 200)
            assert distance == pytest.approx(1.959963984540054)
    assert low <= share / 200 <= high
