"""Single outputs: every kind of figure, each unsafe way to make it, and near misses that are safe.

Two wards hold many people with even values. A third ward, C, is made in one way or another; who
reads its figure learns a person's value, or that of everybody in it, just when the way is unsafe.
The engine is not asked for a label, and nothing here knows its rules but the smallest group, 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tests.airlock_house import PERSON, col, where

Row = dict[str, Any]
LEAST = 10
KINDS = {"ward": "text", "site": "integer", "answer": "text", "cost": "decimal", "ill": "boolean"}
SITES = {"A": 1, "B": 5, "C": 9}


@dataclass(frozen=True)
class Output:
    """One output: rows of the release, what is asked for, and whether it gives somebody away."""

    name: str
    label: Literal["safe", "disclosive"]
    rows: list[Row]
    asked: dict[str, Any]


def row(person: str, ward: str, cost: float | None, ill: bool, answer: str) -> Row:
    return {
        PERSON: person, "ward": ward, "site": SITES[ward], "cost": cost, "ill": ill,
        "answer": answer,
    }  # fmt: skip


def ward(name: str, people: int, rng: np.random.Generator, stays: int = 3) -> list[Row]:
    """Even values: each of three costs, both answers, ill or not, for a twelfth or more of them."""
    made = []
    for place in range(people):
        cost = float(1 + place % 3)
        for _ in range(int(rng.integers(1, stays + 1))):
            ill, answer = place // 3 % 2 == 0, ("yes", "no")[place // 6 % 2]
            made.append(row(f"{name}{place}", name, cost, ill, answer))
    return made


# --- ways to make ward C ------------------------------------------------------------------------


def one_person(rng: np.random.Generator) -> list[Row]:
    """Many rows, one person."""
    return [row("C0", "C", float(rng.integers(2, 90)), True, "yes")] * int(rng.integers(12, 90))


def too_few(rng: np.random.Generator) -> list[Row]:
    return ward("C", int(rng.integers(2, LEAST)), rng)


def one_answer(rng: np.random.Generator) -> list[Row]:
    """Many people of whom each has the same cost, illness and answer."""
    cost, people = float(rng.integers(2, 90)), int(rng.integers(30, 90))
    return [row(f"C{place}", "C", cost, True, "yes") for place in range(people)]


def no_value(rng: np.random.Generator) -> list[Row]:
    """Many people of whom nobody has a cost or the illness."""
    people = int(rng.integers(30, 90))
    return [row(f"C{place}", "C", None, False, "no") for place in range(people)]


def outlier(rng: np.random.Generator) -> list[Row]:
    """Many people, and one whose cost is far above all others' together."""
    size = float(10 ** int(rng.integers(5, 8)))
    return [*ward("C", int(rng.integers(40, 90)), rng), row("C999", "C", size, True, "yes")]


def much_in_rows(rng: np.random.Generator) -> list[Row]:
    """Many people, and one with far more rows than all others together."""
    rows = [row("C999", "C", 2.0, True, "yes")] * int(rng.integers(3000, 5000))
    return [*ward("C", int(rng.integers(40, 90)), rng), *rows]


def all_but_few(rng: np.random.Generator) -> list[Row]:
    """Everybody is ill but a few."""
    well = int(rng.integers(1, LEAST))
    made = [row(f"C{place}", "C", float(1 + place % 3), True, "yes") for place in range(60)]
    return made + [row(f"C9{place}", "C", 2.0, False, "no") for place in range(well)]


def own_values(rng: np.random.Generator) -> list[Row]:
    """Many people, each with a cost that nobody else has: whoever is at an end is known."""
    costs = rng.permutation(np.arange(200, 400))[: int(rng.integers(40, 90))]
    return [row(f"C{n}", "C", float(cost), n % 2 == 0, "yes") for n, cost in enumerate(costs)]


def just_enough(rng: np.random.Generator) -> list[Row]:
    """Near miss: each value, answer and illness of just as many people as there must be."""
    return ward("C", 12 * LEAST, rng, stays=1)


def shared_large(rng: np.random.Generator) -> list[Row]:
    """Near miss: large costs, but of many people, who share them evenly."""
    size = float(10 ** int(rng.integers(5, 8)))
    made = ward("C", 72, rng, stays=1)
    return [*made, *(row(f"C9{place}", "C", size, place % 2 == 0, "yes") for place in range(24))]


Way = Callable[[np.random.Generator], list[Row]]
COST = col("cost")
SHARE = {
    "measure": "ratio", "per": 100, "denominator": {"of": "people"},
    "numerator": {"of": "people", "where": where("ill", "eq", True)},
}  # fmt: skip
PER_ROW = {
    "measure": "ratio",
    "numerator": {"of": "sum", "column": COST},
    "denominator": {"of": "rows"},
}
OF_COST: tuple[Way, ...] = (one_person, too_few, one_answer, no_value)
UNSAFE: dict[str, tuple[dict[str, Any], tuple[Way, ...]]] = {
    "people": ({"measure": "people"}, (one_person, too_few)),
    "rows": ({"measure": "rows"}, (one_person, too_few, much_in_rows)),
    "sum": ({"measure": "sum", "column": COST}, (*OF_COST, outlier)),
    "mean": ({"measure": "mean", "column": COST}, (*OF_COST, outlier, much_in_rows)),
    "sd": ({"measure": "sd", "column": COST}, (*OF_COST, outlier)),
    "median": ({"measure": "quantile", "column": COST, "q": 0.5}, OF_COST),
    "high quantile": ({"measure": "quantile", "column": COST, "q": 0.99}, (*OF_COST, own_values)),
    "min": ({"measure": "min", "column": COST}, (*OF_COST, own_values)),
    "max": ({"measure": "max", "column": COST}, (*OF_COST, outlier, own_values)),
    "share": (SHARE, (one_person, too_few, one_answer, no_value, all_but_few)),
    "cost per row": (PER_ROW, (one_person, too_few, one_answer, no_value, outlier)),
}
"""For each kind of figure, the ways that give somebody away by it."""
SAFE: tuple[Way, ...] = (just_enough, shared_large)

FORMS: dict[str, dict[str, Any]] = {
    "by ward": {"by": [{"column": col("ward")}]},
    "with totals": {"by": [{"column": col("ward")}], "margins": True},
    "in bands": {"by": [{"column": col("site"), "bands": [4, 8]}]},
    "filtered": {"where": where("ward", "eq", "C")},
}
"""Ways to ask for a figure of ward C."""


def outputs(seed: int) -> Iterator[Output]:
    """Every figure in every form, made in every way that is unsafe, and in those that are safe."""
    for kind, (measure, unsafe) in UNSAFE.items():
        for form, fields in FORMS.items():
            for way in (*unsafe, *SAFE):
                rng = np.random.default_rng([seed, *map(ord, kind + form + way.__name__)])
                others = ward("A", 120, rng, stays=1) + ward("B", 120, rng, stays=1)
                label: Literal["safe", "disclosive"] = "safe" if way in SAFE else "disclosive"
                asked = {**fields, "measures": [measure]}
                yield Output(f"{kind}, {form}: {way.__name__}", label, others + way(rng), asked)
    yield from _empty_cells(seed)


def _empty_cells(seed: int) -> Iterator[Output]:
    """People of ward C by their answer: all say the same, so nobody stands in the other cell."""
    for way, label in ((one_answer, "disclosive"), (no_value, "disclosive"), (just_enough, "safe")):
        for margins in (False, True):
            rng = np.random.default_rng([seed, margins, *map(ord, way.__name__)])
            others = ward("A", 120, rng, stays=1) + ward("B", 120, rng, stays=1)
            by = [{"column": col("ward")}, {"column": col("answer")}]
            asked = {"by": by, "margins": margins, "measures": [{"measure": "people"}]}
            name = f"answers, {'with' if margins else 'without'} totals: {way.__name__}"
            yield Output(name, label, others + way(rng), asked)  # type: ignore[arg-type]
