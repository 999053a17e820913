"""Outputs over a column that a study made, and pictures of outputs: safe ones, and those that give
somebody away.

The column says something of each person; who reads a figure of few, or of one who stands out, reads
that of them. A picture gives a person away just when it shows what its table must not. The engine
is not asked for a label, and nothing here knows its rules but the smallest group, 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tests.airlock_corpus.single import LEAST, Row, row
from tests.airlock_house import PERSON, col, where

MADE = "made_by_study"
PEOPLE = 240
Column = list[tuple[str, float]]
RISK = col("risk", MADE)


@dataclass(frozen=True)
class MadeOutput:
    """One output over a column. `secret`: what a picture of it may not say."""

    name: str
    label: Literal["safe", "disclosive"]
    rows: list[Row]
    column: Column
    asked: dict[str, Any]
    secret: str | None = None


def everybody() -> list[Row]:
    """240 people in two wards, with even values; every second one is ill."""
    return [
        row(f"p{n:03}", "AB"[n % 2], float(1 + n // 2 % 3), n // 2 % 2 == 0, "yes")
        for n in range(PEOPLE)
    ]


def column_of(value: Callable[[int], float | None]) -> Column:
    """The column that gives person n this value; who has None is not in it."""
    found = ((f"p{n:03}", value(n)) for n in range(PEOPLE))
    return [(code, float(one)) for code, one in found if one is not None]


def _ways(rng: np.random.Generator) -> dict[str, tuple[Column, bool]]:
    """Columns for grouping by: whether somebody is told of."""
    one, few = int(rng.integers(0, PEOPLE)), int(rng.integers(2, LEAST))
    return {
        "thirds": (column_of(lambda n: n // 2 % 3), False),
        "shuffled halves": (column_of(lambda n: n // 2 % 2), False),
        "just enough": (column_of(lambda n: n < 2 * LEAST), False),
        "one person marked": (column_of(lambda n: n == one), True),
        "all but one marked": (column_of(lambda n: n != one), True),
        "few marked": (column_of(lambda n: n < few), True),
        "one left out": (column_of(lambda n: None if n == one else n // 2 % 2), True),
    }


def outputs(seed: int) -> Iterator[MadeOutput]:
    """Each column in each form of asking."""
    rng = np.random.default_rng(seed)
    rows = everybody()
    people = [{"measure": "people"}]
    for name, (column, told) in _ways(rng).items():
        label: Literal["safe", "disclosive"] = "disclosive" if told else "safe"
        forms: dict[str, dict[str, Any]] = {
            "by value": {"by": [{"column": RISK}]},
            "by label": {"by": [{"column": RISK, "labels": ["low", "middle", "high"]}]},
            "in bands": {"by": [{"column": RISK, "bands": [1]}]},
        }
        if name != "shuffled halves":
            forms["with totals"] = {"by": [{"column": RISK}], "margins": True}
        for form, asked in forms.items():
            whole = {**asked, "measures": people, "figure": "bar"}
            yield MadeOutput(f"{name}, {form}", label, rows, column, whole)
    yield from _measured(rng, rows)
    yield from _drawn(rows, rng)


def _measured(rng: np.random.Generator, rows: list[Row]) -> Iterator[MadeOutput]:
    by = [{"column": col("ward")}]
    one, size = int(rng.integers(0, PEOPLE)), float(10 ** int(rng.integers(5, 8)))
    even = column_of(lambda n: 1 + n // 2 % 3)
    outlier = column_of(lambda n: size if n == one else 1 + n // 2 % 3)
    same = column_of(lambda n: 7.0)
    own = column_of(lambda n: 1_000.0 + n)
    for kind, column, told in (
        ("mean", even, False), ("sum", even, False), ("sd", even, False), ("max", even, False),
        ("mean", outlier, True), ("sum", outlier, True), ("sd", outlier, True),
        ("max", outlier, True), ("mean", same, True), ("max", own, True), ("min", own, True),
    ):  # fmt: skip
        name = {id(even): "even", id(outlier): "outlier", id(same): "one answer"}
        label: Literal["safe", "disclosive"] = "disclosive" if told else "safe"
        asked = {"by": by, "measures": [{"measure": kind, "column": RISK}], "figure": "line"}
        yield MadeOutput(
            f"{kind}, {name.get(id(column), 'own values')}", label, rows, column, asked
        )
    marked = column_of(lambda n: n == one)
    halves = column_of(lambda n: n // 2 % 2)
    for column, told in ((marked, True), (halves, False)):
        asked = {
            "by": by,
            "where": where("risk", "eq", 1, MADE),
            "measures": [{"measure": "people"}],
        }
        label = "disclosive" if told else "safe"
        yield MadeOutput(f"filtered, {label}", label, rows, column, asked)


def _drawn(rows: list[Row], rng: np.random.Generator) -> Iterator[MadeOutput]:
    """Pictures of tables of which a cell is hidden: the secret is a cost of few people."""
    halves = column_of(lambda n: n // 2 % 2)
    for people in (1, 2, 9):
        secret = float(rng.integers(100_000, 999_999))
        few = [row(f"c{n}", "C", secret, True, "yes") for n in range(people)]
        for figure in ("bar", "line"):
            for kind in ("mean", "sum", "max"):
                measure = {"measure": kind, "column": col("cost"), "decimals": 0}
                asked = {"by": [{"column": col("ward")}], "measures": [measure],
                         "protect": "suppress", "figure": figure}  # fmt: skip
                shown = f"{secret * people if kind == 'sum' else secret:.0f}"
                name = f"{kind} of {people} hidden, {figure}"
                yield MadeOutput(name, "safe", rows + few, halves, asked, shown)


def codes(rows: list[Row]) -> set[str]:
    """Everybody's code."""
    return {str(one[PERSON]) for one in rows}
