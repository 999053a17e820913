"""Analyses: regressions, curves, tests and correlations, each unsafe way to make one, near misses.

A few people are made in one way or another among many ordinary ones. Where the way is unsafe, an
attacker who knows everybody's terms, and everybody's outcome but one person's, reads that outcome
off the figures; `recovers` is that attacker. The engine is not asked for a label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tests.airlock_house import PERSON, Row
from tests.analysis_house import category, correlation, cox, crossed, number, regression, survival

KINDS = {
    "ward": "text", "sex": "text", "age": "integer", "flag": "integer", "twin": "integer",
    "sum": "integer", "cost": "decimal", "ill": "boolean", "sick": "integer", "visits": "integer",
    "days": "integer", "dead": "boolean",
}  # fmt: skip
LEAST = 10
VICTIM = "victim"
Figures = dict[str, Any]
Attacker = Callable[[Figures, Sequence[Row], Row], bool]


@dataclass(frozen=True)
class Analysis:
    """One analysis: rows of the release, what is asked for, and whether it gives somebody away.

    `recovers`: whether the attacker reads the victim's outcome off the figures, out of rows in
    which it is missing; None where the harm is another.
    """

    name: str
    label: Literal["safe", "disclosive"]
    rows: list[Row]
    asked: dict[str, Any]
    recovers: Attacker | None = None


def people(rng: np.random.Generator, count: int, name: str = "p", **fixed: Any) -> list[Row]:
    """People with ordinary values, one row each."""
    rows = []
    for place in range(count):
        age, ill = int(rng.integers(20, 90)), bool(rng.random() < 0.45)
        row = {
            PERSON: f"{name}{place:04d}", "ward": "ABC"[place % 3], "sex": "FM"[place // 3 % 2],
            "age": age, "flag": 0, "twin": 0, "sum": 0, "ill": ill, "sick": int(ill),
            "cost": round(200 + 2 * age + float(rng.normal(0, 40)), 2),
            "visits": int(rng.poisson(2.5)), "days": int(rng.integers(1, 700)),
            "dead": bool(rng.random() < 0.6),
        }  # fmt: skip
        rows.append(row | fixed)
    return rows


def few(rng: np.random.Generator, count: int, **fixed: Any) -> list[Row]:
    """A few, the victim among them, with mixed outcomes."""
    rows = people(rng, count, "x", **fixed)
    for place, row in enumerate(rows):
        row["ill"], row["sick"] = place % 2 == 0, int(place % 2 == 0)
    # Somebody who never comes leaves a model of counts without estimates: no figures to attack.
    rows[0] |= {PERSON: VICTIM, "dead": True, "visits": 3}
    return rows


# --- attackers ----------------------------------------------------------------------------------


def fitted(figures: Figures, row: Row) -> float:
    """What the published coefficients say of a person whose terms are known."""
    total = 0.0
    for line in figures["coefficients"]:
        size = line["value"]
        for part in [] if line["name"] == "intercept" else line["name"].split(" x "):
            column, _, value = part.partition(" = ")
            size *= row[column] if not value else float(str(row[column]) == value)
        total += size
    if figures["family"] == "logistic":
        return 1 / (1 + math.exp(-total))
    return math.exp(total) if figures["family"] == "poisson" else total


def by_sums(weight: Callable[[Row], float], outcome: str, within: float) -> Attacker:
    """Fitted and true outcomes have the same sum over any combination of columns.

    That is what it means to be fitted (the normal equations), so a combination that is nothing but
    for a few people gives the outcome of one of them to whoever knows the others'.
    """

    def recovers(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
        rest = sum(weight(row) * fitted(figures, row) for row in known)
        rest -= sum(weight(row) * row[outcome] for row in known if row[PERSON] != VICTIM)
        mine = [row for row in known if row[PERSON] == VICTIM]
        found = rest / sum(weight(row) for row in mine)
        return abs(found - victim[outcome]) <= within

    return recovers


def outcome_of(family: str) -> tuple[str, float]:
    return {"linear": ("cost", 0.05), "logistic": ("sick", 0.2), "poisson": ("visits", 0.2)}[family]


def by_mean(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
    """The outcome is nearly all of the sum."""
    total = sum(fitted(figures, row) for row in known)
    return abs(total / victim["cost"] - 1) < 0.05


def by_knowing_all_but_a_few(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
    """As many equations as parameters: so many outcomes follow from the others' few."""
    names = [line["name"] for line in figures["coefficients"]]
    one = {"family": "linear", "coefficients": []}
    design = np.array(
        [
            [fitted(one | {"coefficients": [{"name": name, "value": 1.0}]}, row) for name in names]
            for row in known
        ]
    )
    fits = np.array([fitted(figures, row) for row in known])
    order = sorted(range(len(known)), key=lambda place: known[place][PERSON] != VICTIM)
    unknown = order[: len(names)]
    outcome = np.array([row["cost"] or 0.0 for row in known])
    outcome[unknown] = 0.0
    right = design.T @ (fits - outcome)
    found = np.linalg.lstsq(design[unknown].T, right, rcond=None)[0]
    return abs(found[0] - victim["cost"]) < 1.0


def by_a_step(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
    """The curve falls for the first time when the only one known to have died did."""
    del known
    curves = figures["curves"]
    mine = [one for one in curves if one["where"].get("ward") in (None, victim["ward"])]
    falls = [step for step in mine[0]["steps"] if step["survival"] < 1]
    return bool(falls) and falls[0]["from"] < victim["days"] <= falls[0]["to"]


def by_four_cells(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
    """Margins are known, so the correlation gives the table, and the table the victim's answer."""
    r, count = figures["correlations"][0]["r"], len(known)
    ones = sum(row["flag"] for row in known)
    others = sum(row["twin"] or 0 for row in known) + victim["twin"]  # a published total
    both = r * math.sqrt(ones * (count - ones) * others * (count - others)) + ones * others
    without = sum(row["flag"] * (row["twin"] or 0) for row in known if row[PERSON] != VICTIM)
    return round(both / count) - without == victim["twin"] * victim["flag"]


def by_spread(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
    """One person has the truth: the correlation is their distance from the mean, in deviations."""
    r = figures["correlations"][0]["r"]
    costs = np.array([row["cost"] for row in known if row[PERSON] != VICTIM] + [victim["cost"]])
    mean, deviation, count = costs.mean(), costs.std(), len(known)  # published with the study
    found = mean + r * deviation * math.sqrt(count - 1)
    return bool(abs(found - victim["cost"]) < 0.01 * victim["cost"])


# --- ways ---------------------------------------------------------------------------------------


FORMS: dict[str, list[dict[str, Any]]] = {
    "alone": [],
    "beside age": [number("age")],
    "beside age and sex": [number("age"), category("sex")],
}


def _of(row: Row, column: str, value: Any) -> float:
    return float(row[column] == value)


def _family(family: str, terms: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    outcome = outcome_of(family)[0].replace("sick", "ill")
    return regression(outcome, *terms, family=family, decimals=6, **more)


def _groups(seed: int) -> Iterator[Analysis]:
    """A few people in a category, a number of 0 and 1, a cell of an interaction, a difference."""
    for family in ("linear", "logistic", "poisson"):
        outcome, within = outcome_of(family)
        for form, terms in FORMS.items():
            rng = np.random.default_rng([seed, *map(ord, family + form)])
            others = people(rng, 300)
            # Half of the few are ill, so just enough for a share are twice as many.
            enough = 2 * LEAST if family == "logistic" else LEAST
            for count in (1, 4, LEAST - 1, enough, 30):
                label: Literal["safe", "disclosive"] = "disclosive" if count < LEAST else "safe"
                named = f"{family}, {form}, {count} people"
                lone = family == "logistic" and count == 1  # nothing can be estimated: no attack
                attack = (
                    by_sums(lambda row: _of(row, "ward", "X"), outcome, within)
                    if label == "disclosive" and not lone
                    else None
                )
                rows = [*others, *few(rng, count, ward="X")]
                asked = _family(family, [category("ward"), *terms])
                yield Analysis(f"{named}: a category", label, rows, asked, attack)
                attack = attack and by_sums(lambda row: float(row["flag"]), outcome, within)
                rows = [*others, *few(rng, count, flag=1)]
                asked = _family(family, [number("flag"), *terms])
                yield Analysis(f"{named}: a number", label, rows, asked, attack)
                attack = attack and by_sums(
                    lambda row: _of(row, "ward", "A") * _of(row, "flag", 1), outcome, within
                )
                ordinary = [
                    row | {"flag": place % 2 * _of(row, "ward", "B")}
                    for place, row in enumerate(others)
                ]
                ordinary = [
                    row | {"flag": int(row["flag"])} for row in ordinary if row["ward"] != "C"
                ]
                rows = [*ordinary, *few(rng, count, flag=1, ward="A")]
                asked = _family(
                    family, [category("ward"), number("flag"), *terms],
                    interactions=[crossed("ward", "flag")],
                )  # fmt: skip
                attack = attack and by_sums(
                    lambda row: row["flag"] * _of(row, "ward", "A"), outcome, within
                )
                yield Analysis(f"{named}: an interaction", label, rows, asked, attack)


def _differences(seed: int) -> Iterator[Analysis]:
    """Columns that many people have, whose difference a few have alone."""
    for count in (1, 2, 6, LEAST - 1, 25):
        rng = np.random.default_rng([seed, count])
        label: Literal["safe", "disclosive"] = "disclosive" if count < LEAST else "safe"
        halves = [
            row | {"flag": place % 2, "twin": place % 2}
            for place, row in enumerate(people(rng, 400))
        ]
        rows = [*halves, *few(rng, count, flag=1, twin=0)]
        asked = _family("linear", [number("flag"), number("twin"), number("age")])
        attack = by_sums(lambda row: float(row["flag"] - row["twin"]), "cost", 0.05)
        attacker = attack if label == "disclosive" else None
        yield Analysis(f"two numbers, {count} people apart", label, rows, asked, attacker)
        thirds = [
            row | {"flag": int(place % 3 == 0), "twin": int(place % 3 == 1)}
            for place, row in enumerate(people(rng, 450))
        ]
        rows = [row | {"sum": row["flag"] + row["twin"]} for row in thirds]
        rows += few(rng, count, sum=1)
        asked = _family("linear", [number(n) for n in ("flag", "twin", "sum", "age")])
        attack = by_sums(lambda row: float(row["sum"] - row["flag"] - row["twin"]), "cost", 0.05)
        attacker = attack if label == "disclosive" else None
        yield Analysis(f"a sum of numbers, {count} people apart", label, rows, asked, attacker)


def _others(seed: int) -> Iterator[Analysis]:
    """Copies, large outcomes, saturated and small models, and answers that all give."""
    rng = np.random.default_rng([seed, 7])
    many = people(rng, 300)
    copies = few(rng, 1, flag=1) * 12
    sums = by_sums(lambda row: float(row["flag"]), "cost", 0.05)
    # The copies are one person: what follows is the sum over all of their rows.
    yield Analysis(
        "copies of one row",
        "disclosive",
        [*many, *copies],
        _family("linear", [number("flag"), number("age")]),
        _copied(sums),
    )
    for form, terms in FORMS.items():
        rich = [*many, *few(rng, 1, cost=5e6)]
        asked = _family("linear", terms)
        yield Analysis(f"one large outcome, {form}", "disclosive", rich, asked, by_mean)
        yield Analysis(f"no large outcome, {form}", "safe", many, asked)
        for family in ("logistic", "poisson"):
            yield Analysis(f"{family}, {form}", "safe", many, _family(family, terms))
    small = people(rng, 8) + few(rng, 1)
    terms = [number("age"), category("ward"), category("sex")]
    yield Analysis(
        "nine people", "disclosive", small, _family("linear", terms), by_knowing_all_but_a_few
    )
    small = people(rng, 13) + few(rng, 1)
    yield Analysis(
        "few degrees of freedom",
        "disclosive",
        small,
        _family("linear", terms),
        by_knowing_all_but_a_few,
    )
    crossing = [crossed("ward", "sex")]
    both = [category("ward"), category("sex")]
    cell = [row for row in many if (row["ward"], row["sex"]) != ("A", "F")]
    sums = by_sums(lambda row: _of(row, "ward", "A") * _of(row, "sex", "F"), "cost", 0.05)
    for count in (1, 5, LEAST - 1, 40):
        label: Literal["safe", "disclosive"] = "disclosive" if count < LEAST else "safe"
        rows = [*cell, *few(rng, count, ward="A", sex="F")]
        attack = sums if label == "disclosive" else None
        yield Analysis(
            f"a table of means, {count} people",
            label,
            rows,
            _family("linear", both, interactions=crossing),
            attack,
        )
    alike = [*many, *people(rng, 40, "x", ward="X", cost=77.0)]
    yield Analysis(
        "a table with one answer", "disclosive", alike, _family("linear", [category("ward")])
    )
    ill = [*many, *people(rng, 40, "x", ward="X", ill=True, sick=1)]
    yield Analysis(
        "everybody of a ward is ill", "disclosive", ill, _family("logistic", [category("ward")])
    )
    rare = [
        *many,
        *people(rng, 60, "x", ward="X", ill=False, sick=0),
        *people(rng, 3, "y", ward="X", ill=True, sick=1),
    ]
    yield Analysis(
        "three of a ward are ill", "disclosive", rare, _family("logistic", [category("ward")])
    )
    even = [
        *many,
        *people(rng, 60, "x", ward="X", ill=False, sick=0),
        *people(rng, 30, "y", ward="X", ill=True, sick=1),
    ]
    yield Analysis(
        "thirty of a ward are ill", "safe", even, _family("logistic", [category("ward")])
    )


def _copied(inner: Attacker) -> Attacker:
    def recovers(figures: Figures, known: Sequence[Row], victim: Row) -> bool:
        mine = [row for row in known if row[PERSON] == VICTIM][:1]
        return inner(figures, [*mine, *(row for row in known if row[PERSON] != VICTIM)], victim)

    return recovers


def _times(seed: int) -> Iterator[Analysis]:
    """Curves, log-rank tests and hazard ratios."""
    for count in (1, 4, LEAST - 1, 40):
        rng = np.random.default_rng([seed, 11, count])
        label: Literal["safe", "disclosive"] = "disclosive" if count < LEAST else "safe"
        many = people(rng, 300)
        rows = [*many, *few(rng, count, ward="X", dead=True)]
        lone = by_a_step if count == 1 else None
        for step in (7, 30):
            yield Analysis(
                f"curves by ward, steps of {step}, {count} people",
                label,
                rows,
                survival("ward", step=step, decimals=6),
                lone,
            )
        for form, terms in FORMS.items():
            yield Analysis(
                f"hazard ratios, {form}, {count} people",
                label,
                rows,
                cox(category("ward"), *terms, decimals=6),
            )
        alive = [row | {"dead": False} for row in people(rng, 200)]
        rows = [*alive, *few(rng, count, dead=True)]
        if count != 40:
            yield Analysis(
                f"a curve of {count} events",
                "disclosive",
                rows,
                survival(step=7, decimals=6),
                by_a_step if count == 1 else None,
            )
            yield Analysis(
                f"a hazard ratio of {count} events", "disclosive", rows, cox(number("age"))
            )
        yield Analysis(f"one curve beside {count}", "safe", many, survival(step=30 + count))


def _pairs(seed: int) -> Iterator[Analysis]:
    """Correlations with few people on one side, and tables of two truths."""
    for count in (1, 3, LEAST - 1, 30):
        rng = np.random.default_rng([seed, 13, count])
        label: Literal["safe", "disclosive"] = "disclosive" if count < LEAST else "safe"
        rows = [*people(rng, 300), *few(rng, count, flag=1)]
        lone = by_spread if count == 1 else None
        yield Analysis(
            f"a correlation with a truth of {count}",
            label,
            rows,
            correlation("flag", "cost", decimals=6),
            lone,
        )
        table = [
            row | {"flag": place % 2, "twin": int(place % 2 and place % 3 > 0)}
            for place, row in enumerate(people(rng, 300))
        ]
        rows = [*table, *few(rng, count, flag=0, twin=1)]
        attack = by_four_cells if label == "disclosive" else None
        yield Analysis(
            f"two truths, {count} in a cell",
            label,
            rows,
            correlation("flag", "twin", decimals=6),
            attack,
        )
        yield Analysis(
            f"two measures beside {count}",
            "safe",
            people(rng, 100 + count),
            correlation("age", "cost", "visits"),
        )


def analyses(seed: int) -> Iterator[Analysis]:
    """All of them."""
    for made in (_groups, _differences, _others, _times, _pairs):
        yield from made(seed)
