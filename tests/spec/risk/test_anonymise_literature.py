"""The search on published tables and figures.

LeFevre, DeWitt, Ramakrishnan, "Incognito" (SIGMOD 2005), figures 1 and 2: the hospital table and
its hierarchies; section 3 gives the 2-anonymous generalisations. Li, Li, Venkatasubramanian,
"t-closeness" (ICDE 2007), section 4: distances of the salary example. ARX's figures on Adult are
compared in `benchmarks/anonymise.py`.

The papers themselves could not be read again when this was written: that these are their tables is
from memory. The results follow from the tables by arithmetic alone.
"""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from commonweal.vault.risk.anonymise import Request
from commonweal.vault.risk.anonymise.anonymise import work_out
from commonweal.vault.risk.anonymise.check import Checker
from commonweal.vault.risk.anonymise.classes import Cells
from commonweal.vault.risk.anonymise.criteria import KAnonymity
from commonweal.vault.risk.anonymise.distance import Ground, distances, hierarchical
from commonweal.vault.risk.anonymise.hierarchy import Hierarchy, from_rows
from commonweal.vault.risk.anonymise.metrics import Metric
from commonweal.vault.risk.anonymise.problem import make_problem

PATIENTS = [
    ("1/21/76", "Male", "53715"),
    ("4/13/86", "Female", "53715"),
    ("2/28/76", "Male", "53703"),
    ("1/21/76", "Male", "53703"),
    ("4/13/86", "Female", "53706"),
    ("2/28/76", "Female", "53706"),
]
TABLE = pa.table(
    {name: [row[n] for row in PATIENTS] for n, name in enumerate(("birthdate", "sex", "zipcode"))}
)
HIERARCHIES = {
    "birthdate": from_rows("birthdate", [(day, "*") for day in ("1/21/76", "2/28/76", "4/13/86")]),
    "sex": from_rows("sex", [("Male", "Person"), ("Female", "Person")]),
    "zipcode": from_rows(
        "zipcode",
        [
            ("53715", "5371*", "537**"), ("53710", "5371*", "537**"),
            ("53706", "5370*", "537**"), ("53703", "5370*", "537**"),
        ],
    ),
}  # fmt: skip


def test_the_two_anonymous_generalisations_of_incognito() -> None:
    problem = make_problem(TABLE, HIERARCHIES)
    checker = Checker(
        problem, [KAnonymity(2)], None, Metric(problem, "entropy", counts_suppressed=False), 0
    )
    good = {
        node
        for node in itertools.product(range(2), range(2), range(3))
        if checker.check(node).feasible
    }
    minimal = {
        node
        for node in good
        if not any(
            other != node and all(a <= b for a, b in zip(other, node, strict=True))
            for other in good
        )
    }
    assert minimal == {(1, 1, 0), (0, 1, 2), (1, 0, 2)}


@pytest.mark.parametrize(
    ("metric", "score", "levels"),
    [
        # Two columns go; three values of two rows each are log2 3 a row. Of zipcode two are left.
        ("entropy", 6 + 6 * np.log2(3), {(1, 1, 0), (0, 1, 2)}),
        ("discernibility", 12, {(1, 1, 0), (0, 1, 2)}),
        ("average_class_size", 2, {(1, 1, 0), (0, 1, 2)}),
        # Only sex is left: each cell of the others covers everything.
        ("loss", 2 ** (2 / 3) - 1, {(1, 1, 0), (0, 1, 2), (1, 0, 2)}),
    ],
)
def test_the_best_of_them(metric: str, score: float, levels: set[tuple[int, ...]]) -> None:
    report = work_out(TABLE, HIERARCHIES, Request(k=2, metric=metric)).report
    assert report["optimal"]
    assert report["score"] == pytest.approx(score, rel=1e-12)
    assert tuple(report["levels"].values()) in levels
    assert report["k"] == 2


def cells(values: list[int], own: list[int]) -> Cells:
    """One class that holds `own` of a table with one of each of the values."""
    group = np.zeros(len(own), dtype=np.int64)
    at = np.array([values.index(one) for one in own], dtype=np.int64)
    weight = np.ones(len(own), dtype=np.int64)
    shares = np.full(len(values), 1 / len(values))
    return Cells(group, at, weight, np.array([len(own)]), shares)


def test_distances_of_the_salary_example() -> None:
    """Salaries 3k to 11k: 0.375 for {3k, 4k, 5k} and 0.167 for {6k, 8k, 11k}."""
    salaries = list(range(3, 12))
    ordered = Ground("ordered")
    assert distances(cells(salaries, [3, 4, 5]), 1, ordered)[0] == pytest.approx(0.375)
    assert distances(cells(salaries, [6, 8, 11]), 1, ordered)[0] == pytest.approx(1 / 6)
    equal = distances(cells(salaries, [3, 4, 5]), 1, Ground("equal"))[0]
    assert equal == pytest.approx(2 / 3)


def test_distance_in_a_tree_of_diseases() -> None:
    """Two values under one node are nearer than two whose first common node is the root."""
    tree = Hierarchy("ill", (tuple("abcd"), ("x", "x", "y", "y"), ("*",) * 4))
    ground = hierarchical(tree, tuple("abcd"))
    near = distances(cells([0, 1, 2, 3], [0, 2]), 1, ground)[0]
    far = distances(cells([0, 1, 2, 3], [0, 1]), 1, ground)[0]
    assert (near, far) == (pytest.approx(0.25), pytest.approx(0.5))
