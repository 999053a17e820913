"""Figures that ARX, pycanon and the suda package print in their own tests and pages.

ARX 3.9: src/test/java/org/deidentifier/arx/test/TestRiskMetrics.java (Apache-2.0), Adult, 30,162
rows, nine quasi-identifiers. pycanon 1.3: tests/test_anonymity.py (Apache-2.0), scores of 216
students. suda 0.2 (MIT): README. Figures only; the data are given as counts.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from commonweal.vault.risk import Figures, More, measure
from commonweal.vault.risk.suda import Suda
from commonweal.vault.risk.uniques import unique_estimates

# --- ARX: how many classes of which size Adult has -------------------------------------------

ADULT = {
    1: 15512, 2: 2098, 3: 754, 4: 375, 5: 189, 6: 155, 7: 97, 8: 73, 9: 39, 10: 37, 11: 29, 12: 18,
    13: 23, 14: 14, 15: 15, 16: 9, 17: 11, 18: 10, 19: 10, 20: 5, 21: 3, 22: 4, 23: 3, 24: 2, 25: 1,
    26: 3, 27: 5, 29: 1, 30: 2, 32: 1, 34: 1, 35: 1, 36: 1, 45: 1,
}  # fmt: skip
ROWS = 30_162


def test_the_average_and_the_highest_risk_of_adult() -> None:
    found = Figures.from_sizes(
        rows=ROWS,
        classes_by_size=ADULT,
        people_by_size={size: size * count for size, count in ADULT.items()},
        distinct_l={},
        entropy_l={},
    )
    assert found.prosecutor_mean == 0.6465751607983555
    assert found.marketer == 0.6465751607983555
    assert found.prosecutor_max == 1.0
    assert found.sample_uniques / ROWS == 0.5142895033485844


@pytest.mark.parametrize(
    ("sampled", "pitman"), [(0.1, 0.27684993883653597), (0.01, 0.1446083531167384)]
)
def test_pitman_of_arx_is_the_limit_for_a_large_population(sampled: float, pitman: float) -> None:
    population = int(ROWS / sampled)
    found = unique_estimates(ADULT, population)
    assert found.pitman_limit is not None
    assert found.pitman is not None
    # ARX compares four digits; its Newton steps end after eleven.
    assert found.pitman_limit / population == pytest.approx(pitman, abs=1e-11)
    assert found.chosen == "pitman"
    # The mean for just this population lies a little below its limit.
    assert 0.99 < found.pitman / found.pitman_limit < 1.0


@pytest.mark.parametrize(
    ("sampled", "zayatz"), [(0.1, 0.3207402393466189), (0.2, 0.3577099234829125)]
)
def test_zayatz_of_arx(sampled: float, zayatz: float) -> None:
    population = int(ROWS / sampled)
    found = unique_estimates(ADULT, population)
    assert found.zayatz is not None
    assert found.zayatz / population == pytest.approx(zayatz, abs=1e-9)


def test_a_sample_of_everybody_has_its_own_uniques() -> None:
    assert unique_estimates(ADULT, ROWS).share == pytest.approx(0.5142895033485844, abs=1e-15)
    # ARX's test data after 2-anonymity: nobody is unique in any population.
    assert unique_estimates({2: 3, 3: 2}, 120).share == 0.0


# --- pycanon: scores of students by teacher, gender, ethnicity, lunch and class ---------------

# The scores of the students of each class, with / between classes.
STUDENTS = """
76 42 75 30 30 72 55 / 56 72 30 73 37 52 71 / 34 82 60 57 56 / 59 68 69 / 73 40 39 58 76 / 58 64
65 50 40 / 62 39 74 52 / 78 64 36 38 51 / 48 54 67 47 / 66 67 / 68 43 39 72 / 34 33 48 / 44 67
32 68 / 32 69 74 80 50 34 54 59 33 / 36 51 65 77 / 60 51 87 48 87 95 64 84 53 52 53 / 47 50 66
74 84 / 62 80 77 67 95 87 60 / 55 52 / 69 45 91 79 57 59 / 72 65 80 46 48 / 85 76 65 / 68 91 /
82 69 92 / 49 73 60 / 72 68 / 89 79 53 83 61 51 60 95 / 85 91 48 86 71 / 65 84 / 62 71 79 82 /
57 / 51 90 47 79 45 75 79 / 71 59 53 72 94 / 77 89 93 73 89 / 85 85 93 56 / 89 91 58 64 68 / 62
61 79 66 52 87 / 61 46 85 48 89 56 / 70 59 63 68 45 / 61 58 / 52 88 76 53 58 68 64 83 / 82 93 65
82 70 53 / 78 83 84 83 / 57 67 57 81 91 57 / 87 63 83 83 72 / 65 53
"""


def students() -> pa.Table:
    classes = [scores.split() for scores in STUDENTS.split("/")]
    told = [(group, int(score)) for group, scores in enumerate(classes) for score in scores]
    group, score = zip(*told, strict=True)
    return pa.table({"group": group, "score": score})


def test_the_students_of_pycanon() -> None:
    table = students()
    assert table.num_rows == 216
    found = measure(table, ["group"], ["score"])
    likeness = found["likeness"]["score"]
    assert (found["k"], found["l"]["score"]["distinct"]) == (1, 1)
    assert math.floor(found["l"]["score"]["entropy"]) == 1
    assert found["l"]["score"]["recursive"] == {}
    assert likeness["alpha"] == 1.0
    assert likeness["beta"] == pytest.approx(71.0, rel=1e-15)
    assert likeness["enhanced_beta"] == pytest.approx(5.375278407684164, rel=1e-15)
    assert likeness["delta"] == pytest.approx(4.276666119016055, rel=1e-15)
    assert found["t"]["score"]["ordered"] == pytest.approx(0.4165919952210274, rel=1e-14)


# --- suda: the file's risk handed out by scores ----------------------------------------------


def test_the_risk_of_the_file_is_handed_out_as_the_suda_package_prints() -> None:
    # Its table: a file-level risk of 0.1 over scores of 58 in all gives 12 and 16 points 0.020690
    # and 0.027586. Ours is as many times that as people are singled out, so that it is a chance.
    scores = np.array([0.0, 12.0, 16.0, 30.0])
    # pi = 1/2, n1 = 1 and n2 = 4.5 would be 0.1; with whole numbers: 2 and 9.
    found = Suda(4, 3, {}, 30.0, 14.5, {}, 4, True, ones=2, pairs=9, population=8, scores=scores)
    assert found.dis == pytest.approx(0.1)
    each = found.dis_scores()
    assert each is not None
    assert (each / 3)[1:3] == pytest.approx([0.020690, 0.027586], abs=5e-7)
    assert each[1:].mean() == pytest.approx(0.1)


def test_dis_of_the_guideline_of_sdcmicro_by_its_formula() -> None:
    # Its ten records have four uniques and three pairs; with one in a hundred sampled the chance
    # of a right match is 4/(4 + 2 * 99 * 3). (The guide prints record-level scores that are
    # calibrated in another way.)
    table = pa.table(
        {
            "residence": ["U", "U", "U", "U", "R", "U", "U", "U", "U", "U"],
            "gender": ["F", "F", "F", "M", "F", "M", "F", "M", "F", "F"],
            "education": ["si", "si", "pi", "sc", "sc", "sc", "pc", "ps", "si", "si"],
            "labour": ["E", "E", "N", "E", "U", "E", "N", "U", "N", "N"],
        }
    )
    more = More(suda=True, population_size=1000)
    found = measure(table, table.column_names, more=more)["suda"]
    assert found["dis"]["file"] == pytest.approx(4 / (4 + 2 * 99 * 3))
    assert found["dis"]["max"] == pytest.approx(4 * 12 / 34 * found["dis"]["file"])
    assert measure(table, table.column_names, more=More(suda=True))["suda"]["dis"] is None
