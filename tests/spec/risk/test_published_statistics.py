"""Tables in, figures out: figures that papers and the test suites of peers print.

sdcMicro 5.8: tests/testthat/test_indivRisk.R, test_suda2.R, test_ldiversity.R (figures only).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from commonweal.vault.risk import More, measure
from commonweal.vault.risk.distances import Cells, ordered_distance
from commonweal.vault.risk.individual import risks
from tests.spec.risk.test_literature import FOUR_ANONYMOUS, THREE_DIVERSE

# --- t-closeness: Li, Li, Venkatasubramanian (2007), section 5 ------------------------------

SALARIES = pa.table(
    {
        "group": ["low"] * 3 + ["spread"] * 3 + ["rest"] * 3,
        "salary": [3, 4, 5, 6, 8, 11, 7, 9, 10],
    }
)


def test_the_salaries_of_the_paper_are_0_375_and_0_167_away() -> None:
    cells = Cells.of(
        np.repeat([0, 1], 3),
        np.array([0, 1, 2, 3, 5, 8]),  # 3, 4, 5 and 6, 8, 11 of the salaries 3 to 11
        np.ones(6, dtype=np.int64),
        np.full(9, 1 / 9),
    )
    low, spread = ordered_distance(cells)
    assert low == pytest.approx(0.375)
    assert spread == pytest.approx(0.167, abs=5e-4)
    assert measure(SALARIES, ["group"], ["salary"])["t"]["salary"]["ordered"] == pytest.approx(
        0.375
    )


def test_table_5_of_the_paper_has_0_167_closeness_of_salaries() -> None:
    table = pa.table(
        {
            "zip": ["4767*"] * 3 + ["4790*"] * 3 + ["4760*"] * 3,
            "salary": [3, 5, 9, 6, 11, 8, 4, 7, 10],
        }
    )
    found = measure(table, ["zip"], ["salary"])["t"]["salary"]["ordered"]
    assert found == pytest.approx(0.167, abs=5e-4)


def test_equal_distance_is_blind_to_order() -> None:
    found = measure(SALARIES, ["group"], ["salary"])["t"]["salary"]
    assert found["equal"] == pytest.approx(2 / 3)
    assert found["hierarchical"] is None


# The tree of diseases of figure 1 of the paper; flu is 1/3 from bronchitis, 2/3 from pulmonary
# embolism and 1 from stomach cancer.
LEAVES = [
    ("flu", "respiratory infection", "respiratory", "*"),
    ("pneumonia", "respiratory infection", "respiratory", "*"),
    ("bronchitis", "respiratory infection", "respiratory", "*"),
    ("pulmonary edema", "vascular lung disease", "respiratory", "*"),
    ("pulmonary embolism", "vascular lung disease", "respiratory", "*"),
    ("gastric ulcer", "stomach disease", "digestive", "*"),
    ("stomach cancer", "stomach disease", "digestive", "*"),
]


@pytest.mark.parametrize(
    ("other", "far"),
    [("bronchitis", 1 / 3), ("pulmonary embolism", 2 / 3), ("stomach cancer", 1.0)],
)
def test_two_diseases_are_as_far_as_the_paper_says(other: str, far: float) -> None:
    table = pa.table({"group": ["a", "b"], "disease": ["flu", other]})
    tree = list(zip(*LEAVES, strict=True))
    found = measure(table, ["group"], ["disease"], more=More(hierarchies={"disease": tree}))
    # Half of the table is the group itself, so half of the mass travels.
    assert found["t"]["disease"]["hierarchical"] == pytest.approx(far / 2)


# --- recursive (c,l)-diversity: Machanavajjhala and others (2007), figures 2 and 3 ----------


def test_recursive_diversity_of_the_inpatients() -> None:
    # (1, 1, 2): r1 = 2 is below c (r2 + r3) = 2c for c above 1 and below c r3 for c above 2.
    found = measure(THREE_DIVERSE, ["zip", "age"], ["condition"])["l"]["condition"]
    assert found["recursive"] == {"2": pytest.approx(1.0), "3": pytest.approx(2.0)}
    # A group with one condition is not (c,2)-diverse for any c.
    found = measure(FOUR_ANONYMOUS, ["zip", "age"], ["condition"])["l"]["condition"]
    assert found["recursive"] == {}


def test_distinct_l_of_sdcmicro_with_missing_key_values() -> None:
    table = pa.table(
        {
            "sex": ["female"] * 3 + ["male"] * 2 + ["female"] * 2,
            "occupation": [None, None, None, "teacher", "teacher", "nurse", "nurse"],
            "ethnicity": ["other"] * 5 + ["majority"] * 2,
            "sensitive": [1, 0, 2, 1, 0, 0, 1],
        }
    )
    found = measure(table, ["sex", "occupation", "ethnicity"], ["sensitive"])
    assert (found["classes"], found["l"]["sensitive"]["distinct"]) == (3, 2)


# --- delta-presence and k-map: the clinical trial of desfontain.es/privacy/delta-presence ----

TRIAL = pa.table({"zip": ["85535"] * 6, "age": ["10-19"] * 5 + ["40-49"]})
TOWN = pa.table(
    {
        "zip": ["85535"] * 5,
        "age": ["10-19", "20-29", "30-39", "40-49", "50+"],
        "people": [5, 5, 10, 10, 20],
    }
)


def test_a_five_map_that_tells_who_is_in_the_trial() -> None:
    found = measure(TRIAL, ["zip", "age"], population=TOWN, more=More(population_count="people"))
    assert found["population"]["k_map"] == 5
    # All of the town between 10 and 19 are in the trial.
    assert found["population"]["delta_presence"] == {"min": 0.0, "max": 1.0}
    assert found["population"]["people"] == 50
    assert found["journalist"]["max"] == pytest.approx(0.2)
    # ARX: the larger of u / sum F = 2/15 and (1/n) sum f/F = (1 + 1/10)/6.
    assert found["journalist"]["mean"] == pytest.approx((1 + 1 / 10) / 6)


# --- individual risk: sdcMicro ---------------------------------------------------------------

WEIGHTS = [18.0, 45.5, 39.0, 17.0, 92.0, 8.0, 123.5, 51.0]
KEYS = pa.table(
    {
        "A": [2, 3, 2, 2, 3, 3, 1, 2],
        "B": [3, 3, 3, 3, 3, 3, 4, 3],
        "C": [1, 3, 1, 2, 1, 1, 1, 1],
        "weight": WEIGHTS,
    }
)
# Classes in the order of their first row: f, sum of weights and sdcMicro's "exact" risk.
CLASSES = [
    (3, 18.0 + 39.0 + 51.0, 0.01355297),
    (1, 45.5, 0.08579129),
    (1, 17.0, 0.17707583),
    (2, 92.0 + 8.0, 0.01877883),
    (1, 123.5, 0.03931625),
]


@pytest.mark.parametrize(("count", "total", "expected"), CLASSES)
def test_individual_risk_of_sdcmicro(count: int, total: float, expected: float) -> None:
    assert risks(np.array([count]), np.array([total]))[0] == pytest.approx(expected, abs=5e-9)


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    # Its table with missing keys, which match every value there: f of 2 to 5.
    [(2, 56.0, 0.032466112), (3, 151.0, 0.009756889), (4, 125.0, 0.010504889),
     (5, 208.0, 0.005962551)],
)  # fmt: skip
def test_individual_risk_of_sdcmicro_for_larger_classes(
    count: int, total: float, expected: float
) -> None:
    assert risks(np.array([count]), np.array([total]))[0] == pytest.approx(expected, abs=5e-10)


def test_individual_risk_of_a_whole_table_of_sdcmicro() -> None:
    found = measure(KEYS, ["A", "B", "C"], more=More(weight="weight"))["individual"]
    expected = sum(count * risk for count, _, risk in CLASSES)
    assert found["expected"] == pytest.approx(expected, abs=5e-8)
    assert found["mean"] == pytest.approx(expected / 8, abs=1e-8)
    assert found["max"] == pytest.approx(0.17707583, abs=5e-9)


def test_individual_risk_without_weights_is_that_of_the_sample() -> None:
    found = risks(np.array([1, 2, 3, 50]), np.array([1.0, 2.0, 3.0, 50.0]))
    assert found.tolist() == pytest.approx([1.0, 0.5, 1 / 3, 0.02])


# --- SUDA: sdcMicro --------------------------------------------------------------------------

BOOK = pa.table(
    {
        "age": ["20s"] * 7 + ["60s"],
        "gender": ["male"] * 4 + ["female"] * 3 + ["male"],
        "income": ["50k+", "50k+"] + ["50k-"] * 6,
        "education": ["highschool"] * 4
        + ["university", "highschool", "middleschool", "university"],
    }
)
GUIDELINE = pa.table(
    {
        "residence": ["U", "U", "U", "U", "R", "U", "U", "U", "U", "U"],
        "gender": ["F", "F", "F", "M", "F", "M", "F", "M", "F", "F"],
        "education": ["si", "si", "pi", "sc", "sc", "sc", "pc", "ps", "si", "si"],
        "labour": ["E", "E", "N", "E", "U", "E", "N", "U", "N", "N"],
    }
)


def scores_of(table: pa.Table) -> list[float]:
    """The score of each row, by the product's arrays: `measure` tells totals only."""
    from commonweal.vault.risk.suda import suda_of

    coded = [column.combine_chunks().dictionary_encode() for column in table.columns]
    columns = [column.indices.to_numpy().astype(np.int64) for column in coded]
    sizes = [len(column.dictionary) for column in coded]
    rows = np.arange(table.num_rows)
    found = suda_of(columns, sizes, rows, table.column_names, len(columns))
    return [float(score) for score in found.scores]


def test_the_book_example_of_sdcmicro() -> None:
    assert scores_of(BOOK)[4:] == [4, 2, 6, 8]
    found = measure(BOOK, BOOK.column_names, more=More(suda=True))["suda"]
    assert found["score"]["max"] == 8


def test_the_guideline_example_of_sdcmicro() -> None:
    assert scores_of(GUIDELINE) == [0, 0, 6, 0, 12, 0, 6, 10, 0, 0]
    found = measure(GUIDELINE, GUIDELINE.column_names, more=More(suda=True))["suda"]
    assert (found["people"], found["score"]) == (4, {"max": 12.0, "mean": pytest.approx(3.4)})


@pytest.mark.parametrize("order", [["a", "b", "c"], ["a", "c", "b"], ["c", "a", "b"]])
def test_the_contributions_of_sdcmicro(order: list[str]) -> None:
    table = pa.table({"a": [2, 1, 1], "b": [0, 3, 0], "c": [0, 6, 0]})
    found = measure(table, order, more=More(suda=True))["suda"]
    assert found["contribution"] == {"a": 0.5, "b": 0.375, "c": 0.375}
    assert found["by_size"] == {"1": 3, "2": 2}
