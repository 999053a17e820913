"""The whole document of `measure`: its keys, what is refused, what is said, what is never told."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.risk import More, measure
from commonweal.vault.risk.coding import combine
from commonweal.vault.risk.power import Postings, power_figures
from commonweal.vault.risk.statistics import all_figures
from commonweal.vault.risk.uniques import pitman_parameters, unique_estimates
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk import statistics_oracle as oracle
from tests.unit.risk.helpers import loaded, temporary_tables

SECRET = "Zebedee-Quill"
START = date(2024, 1, 1)
ROWS: list[dict[str, Any]] = [
    {
        "who": f"p{n % 40}",
        "age": 30 + (n % 40) % 5,
        "sex": "FM"[(n % 40) % 2],
        "ill": f"J{n % 7}",
        "cost": n % 11,
        "day": START + timedelta(days=n * 3 % 97),
        "weight": 2.5 + (n % 40),
    }
    for n in range(200)
]
KINDS = {
    "who": "text", "age": "integer", "sex": "text", "ill": "text", "cost": "integer",
    "day": "date", "weight": "decimal",
}  # fmt: skip
EVERYBODY = pa.table(
    {
        "age": [age for age in range(30, 35) for _ in "FM"],
        "sex": ["F", "M"] * 5,
        "people": [50 + n for n in range(10)],
    }
)
ALL = More(population_count="people", weight="weight", events=("ill", "day"), gaps="day", suda=True)


def table() -> pa.Table:
    return pa.Table.from_pylist(ROWS)


def refused(code: str, *arguments: Any, **more: Any) -> str:
    with pytest.raises(CommonwealError) as found:
        measure(*arguments, **more)
    assert found.value.code == code
    assert SECRET not in found.value.sentence
    return found.value.sentence


# --- the document ---------------------------------------------------------------------------

KEYS = [
    "rows", "patients", "classes", "k", "l", "t", "likeness", "prosecutor", "journalist",
    "marketer",
    "sample_uniques", "population_uniques", "power_m", "shift_candidates", "smallest_classes",
    "population", "individual", "suda", "rare", "gaps", "by_row", "notes",
]  # fmt: skip


def test_the_keys_are_always_the_same_and_the_document_is_json() -> None:
    plain = measure(table(), ["age", "sex"])
    full = measure(table(), ["age", "sex"], ["ill", "cost"], "who", EVERYBODY, more=ALL)
    assert list(plain) == list(full) == KEYS
    assert [key for key in KEYS if plain[key] is None] == [
        "journalist", "population_uniques", "power_m", "shift_candidates", "population",
        "individual", "suda", "rare", "gaps", "by_row",
    ]  # fmt: skip
    assert [key for key in KEYS if full[key] is None] == ["shift_candidates"]
    assert json.loads(json.dumps(full, allow_nan=False)) == full


def test_every_figure_is_that_of_its_twin() -> None:
    found = measure(table(), ["age", "sex"], ["ill"], "who", EVERYBODY, more=ALL)
    everybody = EVERYBODY.to_pylist()
    against = oracle.against(ROWS, everybody, ["age", "sex"], "who", "people")
    assert found["journalist"] == approximately(against["journalist"])
    assert found["population"]["k_map"] == against["k_map"]
    columns = ["age", "sex", "ill", "day"]
    for m in (1, 2, 3):
        expected = oracle.power(ROWS, columns, "who", m)
        assert found["power_m"][str(m)] == approximately(expected)
    assert found["gaps"] == approximately(oracle.gaps(ROWS, "who", "day"))
    assert found["rare"] == {name: oracle.rare(ROWS, "who", name, 10) for name in ("ill", "day")}
    expected = oracle.suda(ROWS, ["age", "sex"], "who")
    assert found["suda"]["by_size"] == expected["by_size"]
    assert found["by_row"]["rows"] == 200
    by_row = oracle.closeness(ROWS, ["age", "sex"], "ill", None, oracle.equal_ground)
    assert found["by_row"]["t"]["ill"]["equal"] == pytest.approx(by_row)


def approximately(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: approximately(value) for key, value in found.items()}
    return pytest.approx(found, rel=1e-9) if isinstance(found, float) else found


def test_the_report_says_why_rows_and_people_differ() -> None:
    rows = [{"who": w, "town": t} for w, t in [*[("a", "x")] * 5, ("b", "y"), ("c", "y")]]
    found = measure(pa.Table.from_pylist(rows), ["town"], person="who")
    assert (found["by_row"]["k"], found["k"]) == (2, 1)
    (note,) = found["notes"]
    assert note == (
        "By row the smallest group has 2, by person 1; 28.6 % of rows and 100.0 % of people are in "
        "groups smaller than 5: several rows of one person look like several people and hide "
        "nobody, and a person in several groups is as exposed as in the smallest."
    )
    one_each = measure(pa.Table.from_pylist(rows[4:]), ["town"], person="who")
    assert one_each["notes"] == ["Each person has one row, so the figures by row are the same."]
    assert measure(pa.Table.from_pylist(rows), ["town"])["notes"] == []


def test_people_in_several_groups_have_no_estimate_and_the_report_says_so() -> None:
    rows = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "z")]
    made = pa.Table.from_pylist([{"who": w, "town": t} for w, t in rows])
    found = measure(made, ["town"], person="who", more=More(population_size=50))
    assert found["population_uniques"] is None
    assert "several groups" in found["notes"][0]
    alone = measure(made, ["town"], more=More(population_size=50))
    assert alone["population_uniques"]["population"] == 50


def test_a_population_that_lacks_people_is_said_and_does_not_lower_the_risk() -> None:
    made = pa.table({"town": ["x", "x", "x", "y"]})
    everybody = pa.table({"town": ["x", "y", "y", "z"]})
    found = measure(made, ["town"], population=everybody)
    assert found["population"]["short"] == 3
    assert found["population"]["k_map"] == 2
    assert found["population"]["delta_presence"] == {"min": 0.0, "max": 1.0}
    assert "3 people are in groups of which the population table has fewer" in found["notes"][0]


def test_values_are_never_told() -> None:
    rows = [
        {"name": SECRET, "ill": SECRET, "who": SECRET, "day": START, "w": 3.0},
        {"name": "x", "ill": "y", "who": "z", "day": START, "w": 2.0},
    ]
    made = pa.Table.from_pylist(rows)
    more = More(weight="w", events=("ill",), gaps="day", suda=True)
    found = measure(made, ["name"], ["ill"], "who", made.select(["name"]), more=more)
    assert SECRET not in repr(found)
    tree = More(hierarchies={"ill": [["x", "y"], ["*", "*"]]})
    refused("CW-RISK-HIERARCHY", made, ["name"], ["ill"], more=tree)


def test_files_are_read_as_tables_are(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "stays.parquet")
    lines = [f"{r['age']},{r['sex']},{r['people']}" for r in EVERYBODY.to_pylist()]
    (tmp_path / "everybody.csv").write_text("\n".join(["age,sex,people", *lines]) + "\n")
    expected = measure(table(), ["age", "sex"], ["ill"], "who", EVERYBODY, more=ALL)
    from_csv = write_csv(tmp_path / "as_text.csv")
    for path in (tmp_path / "stays.parquet", from_csv):
        found = measure(path, ["age", "sex"], ["ill"], "who", tmp_path / "everybody.csv", more=ALL)
        assert found == approximately(expected)


def write_csv(path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def test_text_files_keep_spellings_apart_and_order_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("town,who,code,pay\nx,1,07,9\nx,2,7,10\ny,3,7,10\ny,4,,\n")
    more = More(events=("code",))
    found = measure(path, ["town"], ["pay"], "who", more=more)
    # 07 and 7 are two codes; 9 comes before 10.
    assert found["rare"]["code"] == {"values": 2, "patients": 3}
    expected = oracle.closeness(
        [{"t": "x", "p": 9}, {"t": "x", "p": 10}, {"t": "y", "p": 10}, {"t": "y", "p": None}],
        ["t"], "p", None, oracle.ordered_ground([9, 10, None]),
    )  # fmt: skip
    assert found["t"]["pay"]["ordered"] == pytest.approx(expected)
    path.write_text("town,code\nx,07\nx,7\n")
    assert measure(path, ["town"], ["code"])["t"]["code"]["ordered"] == 0.0
    path.write_text("town,code\nx,07\nx,J7\n")
    assert measure(path, ["town"], ["code"])["t"]["code"]["ordered"] is None


def test_a_table_without_rows_has_figures_of_nothing() -> None:
    empty = table().slice(0, 0)
    found = measure(empty, ["age", "sex"], ["ill", "cost"], "who", EVERYBODY, more=ALL)
    assert (found["patients"], found["journalist"]["max"], found["suda"]["people"]) == (0, 0.0, 0)
    assert found["t"]["cost"] == {"equal": 0.0, "ordered": 0.0, "hierarchical": None}
    assert found["power_m"]["2"]["unique"] == 0.0
    assert found["population"]["people"] == sum(EVERYBODY["people"].to_pylist())


def test_nothing_is_left_in_the_engine(engine: DuckDBEngine) -> None:
    made = loaded(engine, ROWS, KINDS)
    everybody = loaded(
        engine,
        EVERYBODY.to_pylist(),
        {"age": "integer", "sex": "text", "people": "integer"},
        "everybody",
    )
    before = temporary_tables(engine)
    all_figures(engine, made, ["age", "sex"], ["ill", "cost"], "who", everybody, ALL, 0.2)
    with pytest.raises(CommonwealError):
        all_figures(engine, made, ["age"], ["ill"], "who", None, More(gaps="cost"), 0.2)
    assert temporary_tables(engine) == before


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"more": More(events=("ill",))}, "CW-RISK-COLUMNS"),
        ({"more": More(gaps="day")}, "CW-RISK-COLUMNS"),
        ({"person": "who", "more": More(gaps="ill")}, "CW-RISK-COLUMNS"),
        ({"person": "who", "more": More(events=("age",))}, "CW-RISK-COLUMNS"),
        ({"person": "who", "more": More(events=("who",))}, "CW-RISK-COLUMNS"),
        ({"person": "who", "more": More(events=("nothing",))}, "CW-RISK-COLUMNS"),
        ({"more": More(weight="nothing")}, "CW-RISK-COLUMNS"),
        ({"more": More(weight="ill")}, "CW-RISK-WEIGHT"),
        ({"more": More(weight="cost")}, "CW-RISK-WEIGHT"),
        ({"more": More(population_size=3)}, "CW-RISK-POPULATION"),
        ({"more": More(population_count="people")}, "CW-RISK-POPULATION"),
        ({"population": EVERYBODY, "more": More(population_size=900)}, "CW-RISK-POPULATION"),
        ({"population": EVERYBODY, "more": More(population_count="sex")}, "CW-RISK-POPULATION"),
        ({"population": EVERYBODY, "more": More(population_count="men")}, "CW-RISK-COLUMNS"),
        ({"population": EVERYBODY.select(["sex"])}, "CW-RISK-COLUMNS"),
        ({"more": More(suda=True, suda_up_to=0)}, "CW-RISK-SUDA-SIZE"),
    ],
)
def test_wrong_calls_are_refused(arguments: dict[str, Any], code: str) -> None:
    refused(code, table(), ["age", "sex"], **arguments)


def test_populations_that_cannot_be_right_are_refused() -> None:
    day = pa.table({"age": [START] * 5, "sex": ["F"] * 5})
    sentence = refused("CW-RISK-POPULATION", table(), ["age", "sex"], population=day)
    assert sentence == "Column age is integer in the data and date in the population."
    other = pa.table({"age": [130], "sex": ["F"]})
    refused("CW-RISK-POPULATION", table(), ["age", "sex"], population=other)
    for counts in ([3, None], [3, -1]):
        bad = pa.table({"age": [30, 31], "sex": ["F", "M"], "people": counts})
        more = More(population_count="people")
        refused("CW-RISK-POPULATION", table(), ["age", "sex"], population=bad, more=more)
    fewer = pa.table({"age": [30], "sex": ["F"]})
    sentence = refused("CW-RISK-POPULATION", table(), ["age", "sex"], population=fewer)
    assert "fewer people than the data" in sentence


@pytest.mark.parametrize("weight", [None, 0.5, float("nan"), float("inf"), -3.0])
def test_weights_that_cannot_be_right_are_refused(weight: float | None) -> None:
    made = pa.table({"town": ["x", "y"], "w": pa.array([2.0, weight], pa.float64())})
    refused("CW-RISK-WEIGHT", made, ["town"], more=More(weight="w"))


def test_a_person_with_two_weights_is_refused() -> None:
    made = pa.table({"town": ["x", "y"], "who": ["a", "a"], "w": [2.0, 3.0]})
    refused("CW-RISK-WEIGHT", made, ["town"], person="who", more=More(weight="w"))
    assert measure(made, ["town"], more=More(weight="w"))["individual"]["max"] > 0


def test_too_many_columns_for_suda_are_refused_and_small_sets_still_found() -> None:
    wide = pa.table({f"c{n}": [n, n, 7 + n] for n in range(24)})
    refused("CW-RISK-SUDA-SIZE", wide, wide.column_names, more=More(suda=True))
    found = measure(wide, wide.column_names, more=More(suda=True, suda_up_to=2))["suda"]
    assert (found["by_size"], found["complete"], found["people"]) == ({"1": 24}, False, 1)


def test_hierarchies_must_be_trees() -> None:
    made = pa.table({"town": ["x", "y"], "ill": ["a", "b"]})
    crossed = More(hierarchies={"ill": [["a", "b"], ["low", "low"], ["one", "two"]]})
    refused("CW-RISK-HIERARCHY", made, ["town"], ["ill"], more=crossed)


# --- drawn sets and large numbers -----------------------------------------------------------


def test_drawn_figures_hold_the_counted_ones_in_their_intervals() -> None:
    random = np.random.default_rng(5)
    person = np.repeat(np.arange(6000), 4)
    event = (random.random(len(person)) ** 3 * 400).astype(np.int64)
    postings = Postings.of(person, event)
    for m in (1, 2, 3):
        counted = power_figures(postings, m)
        drawn = power_figures(postings, m, exact_sets=0, seed=1)
        assert (counted.exact, drawn.exact) == (True, False)
        assert drawn.unique_interval is not None
        assert drawn.mean_interval is not None
        assert drawn.people_unique is None
        # One set a person: the intervals are for a sample; here everybody was drawn.
        assert drawn.unique_interval[0] <= counted.unique <= drawn.unique_interval[1]
        assert drawn.mean_interval[0] <= counted.mean <= drawn.mean_interval[1]
    assert drawn == power_figures(postings, 3, exact_sets=0, seed=1)


def test_at_most_ten_thousand_people_are_drawn() -> None:
    postings = Postings.of(np.arange(25_000), np.arange(25_000) % 3)
    found = power_figures(postings, 2, exact_sets=0)
    assert (found.patients, found.unique, found.below_10) == (25_000, 0.0, 0.0)
    assert found.mean == pytest.approx(3 / 25_000, rel=1e-3)


def drawn_as_pitman_says(alpha: float, theta: float, people: int, seed: int) -> np.ndarray:
    """The class of each person: people come one by one and join a class or found one."""
    random = np.random.default_rng(seed)
    sizes, known = np.zeros(people), 0
    joined = np.empty(people, dtype=np.int64)
    for come in range(people):
        if random.random() * (theta + come) < theta + alpha * known:
            place, known = known, known + 1
        else:
            chances = np.cumsum(sizes[:known] - alpha)
            place = int(np.searchsorted(chances, random.random() * chances[-1]))
        joined[come] = place
        sizes[place] += 1
    return joined


@pytest.mark.parametrize("alpha", [0.3, 0.6])
def test_pitman_finds_what_made_the_data(alpha: float) -> None:
    # One estimate is off by a tenth to a fifth; the mean of thirty must be right.
    true, found, alphas = [], [], []
    for seed in range(30):
        joined = drawn_as_pitman_says(alpha, 20.0, 3000, seed)
        whole = np.unique(np.bincount(joined), return_counts=True)
        sample = np.bincount(np.random.default_rng(seed).choice(joined, 900, replace=False))
        sizes, counts = np.unique(sample[sample > 0], return_counts=True)
        of_sample = dict(zip(sizes.tolist(), counts.tolist(), strict=True))
        true.append(int(whole[1][0]))
        found.append(unique_estimates(of_sample, 3000).pitman or 0.0)
        alphas.append((pitman_parameters(*whole) or (0.0, 0.0))[1])
    assert np.mean(found) == pytest.approx(np.mean(true), rel=0.1)
    assert np.mean(alphas) == pytest.approx(alpha, abs=0.02)


@pytest.mark.parametrize(
    ("sizes", "population", "chosen"),
    [
        ({2: 5, 3: 1}, 100, "zayatz"),  # nobody is alone
        ({1: 40, 2: 10, 3: 2}, 5000, "pitman"),  # a hundredth sampled
        ({1: 12}, 5000, "zayatz"),  # only uniques: Pitman's likelihood has no maximum
        ({1: 1, 2: 30}, 100, "zayatz"),  # above a tenth; SNB has no solution
        ({1: 2, 2: 1, 9: 4}, 300, "snb"),  # above a tenth; SNB below Zayatz
    ],
)
def test_the_rule_of_dankar_chooses(sizes: dict[int, int], population: int, chosen: str) -> None:
    found = unique_estimates(sizes, population)
    assert found.chosen == chosen
    known = {"pitman": found.pitman, "zayatz": found.zayatz, "snb": found.snb}
    assert found.share == pytest.approx((known[chosen] or 0.0) / population)
    assert found.snb is None or found.snb >= 1 or 1 not in sizes


def test_numbers_of_pairs_stay_apart_beyond_sixty_two_bits() -> None:
    first = np.array([0, 1 << 40, 0, 1 << 40])
    second = np.array([0, 0, 1 << 40, 1 << 40])
    key, size = combine(first, (1 << 40) + 1, second, (1 << 40) + 1)
    assert len(set(key.tolist())) == 4
    assert key.max() < size
