"""Cases for the analyses: made-up rows from seeds, and what is asked of them.

`python -m tests.airlock_oracle.cases` writes them as JSON, for a program in another environment.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from tests.airlock_house import PERSON, col

KINDS = {
    "ward": "text", "sex": "text", "age": "integer", "cost": "decimal", "year": "integer",
    "ill": "boolean", "visits": "integer", "days": "integer", "hours": "decimal", "dead": "boolean",
}  # fmt: skip
HEAD = {"request": 1, "name": "model", "title": "A model", "table": "stays"}
AGE = {"column": col("age"), "as": "number"}
YEAR = {"column": col("year"), "as": "number"}
WARD = {"column": col("ward"), "as": "category"}
SEX = {"column": col("sex"), "as": "category", "reference": "M"}


def people(seed: int, count: int, several: bool = False) -> list[dict[str, Any]]:
    """Rows of made-up people; with `several`, one to four of each."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        ward, sex = "ABC"[int(rng.integers(3))], "FM"[int(rng.integers(2))]
        leaning = float(rng.normal(0, 0.8))
        for _ in range(int(rng.integers(1, 5)) if several else 1):
            age = int(rng.integers(18, 95))
            risk = -2 + age / 40 + (ward == "B") * 0.7 - (sex == "F") * 0.4 + leaning
            hours = float(rng.exponential(60 * np.exp(-risk / 3)))
            rows.append(
                {
                    PERSON: f"p{number:04d}", "ward": ward, "sex": sex, "age": age,
                    "year": int(rng.integers(2015, 2026)),
                    "cost": round(500 + 7 * age + 90 * risk + float(rng.normal(0, 60)), 4),
                    "ill": bool(rng.random() < 1 / (1 + np.exp(-risk))),
                    "visits": int(rng.poisson(np.exp(risk / 2 + 0.5))),
                    "days": int(np.ceil(hours / 5)), "hours": round(hours, 5),
                    "dead": bool(rng.random() < 0.6),
                }
            )  # fmt: skip
    return rows


def with_gaps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with some values taken out."""
    rng = np.random.default_rng(99)
    names = ("ward", "age", "cost", "ill")
    return [row | {name: None for name in names if rng.random() < 0.05} for row in rows]


def regression(family: str, outcome: str, terms: list[Any], **more: Any) -> dict[str, Any]:
    return {
        **HEAD, "kind": "regression", "family": family, "outcome": col(outcome), "terms": terms,
        **more,
    }  # fmt: skip


def cox(time: str, terms: list[Any], **more: Any) -> dict[str, Any]:
    return regression("cox", time, terms, event=col("dead"), **more)


CROSSED = [
    {"first": col("age"), "second": col("ward")},
    {"first": col("ward"), "second": col("sex")},
]
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "linear, one number": (people(1, 80), regression("linear", "cost", [AGE])),
    "linear, intercept only": (people(2, 40), regression("linear", "cost", [])),
    "linear, numbers and categories": (
        people(3, 150), regression("linear", "cost", [AGE, WARD, SEX])),
    "linear, interactions": (
        people(4, 300), regression("linear", "cost", [AGE, WARD, SEX], interactions=CROSSED)),
    "linear, years of a narrow range": (
        people(5, 200), regression("linear", "cost", [YEAR, AGE])),
    "linear, missing values": (
        with_gaps(people(6, 250)), regression("linear", "cost", [AGE, WARD])),
    "linear, several rows a person": (
        people(7, 120, several=True), regression("linear", "cost", [AGE, WARD])),
    "linear, outcome of two values": (people(8, 200), regression("linear", "ill", [AGE, SEX])),
    "logistic, one number": (people(11, 150), regression("logistic", "ill", [AGE])),
    "logistic, categories": (people(12, 300), regression("logistic", "ill", [AGE, WARD, SEX])),
    "logistic, interactions": (
        people(13, 500), regression("logistic", "ill", [AGE, WARD, SEX], interactions=CROSSED)),
    "logistic, missing values": (
        with_gaps(people(14, 300)), regression("logistic", "ill", [AGE, WARD])),
    "logistic, several rows a person": (
        people(15, 150, several=True), regression("logistic", "ill", [AGE, SEX])),
    "poisson, one number": (people(21, 150), regression("poisson", "visits", [AGE])),
    "poisson, categories": (people(22, 250), regression("poisson", "visits", [AGE, WARD, SEX])),
    "poisson, large counts": (people(23, 200), regression("poisson", "days", [YEAR, SEX])),
    "poisson, several rows a person": (
        people(24, 150, several=True), regression("poisson", "visits", [AGE, WARD])),
    "cox, hardly a tie": (people(31, 150), cox("hours", [AGE])),
    "cox, many ties": (people(32, 300), cox("days", [AGE, WARD, SEX])),
    "cox, hardly anything but ties": (people(33, 300), cox("visits", [AGE, SEX])),
    "cox, interactions": (
        people(34, 400), cox("days", [AGE, WARD, SEX], interactions=CROSSED[:1])),
    "survival, one curve": (people(41, 120), {
        **HEAD, "kind": "survival", "time": col("days"), "event": col("dead"), "step": 1}),
    "survival, by ward": (people(42, 300), {
        **HEAD, "kind": "survival", "time": col("days"), "event": col("dead"), "step": 1,
        "by": [{"column": col("ward")}]}),
    "survival, by age and sex": (people(43, 400), {
        **HEAD, "kind": "survival", "time": col("hours"), "event": col("dead"), "step": 0.001,
        "by": [{"column": col("age"), "bands": [40, 70]}, {"column": col("sex")}]}),
    "correlation": (people(51, 200), {
        **HEAD, "kind": "correlation", "of": [col("age"), col("cost"), col("hours")]}),
}  # fmt: skip
"""Name, rows and request of each case."""


def plain() -> list[dict[str, Any]]:
    """The cases as JSON values."""
    return [
        {"name": name, "rows": rows, "asked": asked, "person": PERSON}
        for name, (rows, asked) in CASES.items()
    ]


if __name__ == "__main__":
    json.dump(plain(), sys.stdout)
