"""Outputs labelled by somebody who had not seen the rules' code: only the facts about disclosure.

Each disclosive table carries an attacker, who is shown the published figures and nothing else, and
reads off them the size of a group of fewer than ten people, or one person's value (alone, or as the
second largest who takes off their own). A safe one is the same table with what the attacker needs
taken away. The tests run the attackers on figures of the slow twin, so the labels are proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tests.airlock_house import PERSON, col, where

Row = dict[str, Any]
Figures = Mapping[tuple[str, ...], list[float]]
Reads = Callable[[Figures], bool]
KINDS = {
    "clinic": "text", "drug": "text", "age": "integer", "score": "integer", "spend": "decimal",
    "days": "decimal", "smoker": "boolean",
}  # fmt: skip
PEOPLE: dict[str, Any] = {"measure": "people"}
ROWS: dict[str, Any] = {"measure": "rows"}


@dataclass(frozen=True)
class Unseen:
    """rows of the release; what is asked for; `reads`: the attacker, of disclosive ones."""

    name: str
    label: Literal["safe", "disclosive"]
    rows: list[Row]
    asked: dict[str, Any]
    reads: Reads | None = None


def patients(rng: np.random.Generator, name: str, count: int, **fixed: Any) -> list[Row]:
    """`count` people, one row each: values that many of them share, in an even mix."""
    made = []
    for n in range(count):
        row = {
            PERSON: f"{name}{n}", "clinic": name, "drug": ("iron", "zinc")[n % 2],
            "age": 30 + 20 * (n // 2 % 2), "score": 1 + n // 4 % 3, "spend": float(5 + n // 2 % 3),
            "days": float(2 + n // 2 % 2), "smoker": n // 2 % 2 == 0,
        }  # fmt: skip
        made.append(row | fixed)
    order = rng.permutation(len(made))
    return [made[place] for place in order]


def base(rng: np.random.Generator) -> list[Row]:
    return patients(rng, "east", 120) + patients(rng, "west", 144)


BY_CLINIC = [{"column": col("clinic")}]
BY_BOTH = [{"column": col("clinic")}, {"column": col("drug")}]


def of(measure: str, column: str, **more: Any) -> dict[str, Any]:
    return {"measure": measure, "column": col(column), **more}


def share(name: str, op: str, value: Any, per: int = 100) -> dict[str, Any]:
    return {
        "measure": "ratio", "per": per, "denominator": {"of": "people"},
        "numerator": {"of": "people", "where": where(name, op, value)},
    }  # fmt: skip


def small(*place: str, measure: int = 0) -> Reads:
    """The figure itself is the size of a small group."""
    return lambda told: 0 < told[place][measure] < 10


def near(value: float, *place: str, within: float = 0.1, off: float = 0.0) -> Reads:
    """The figure, less what the attacker knows, is somebody's value to within a share of it."""
    return lambda told: abs(told[place][0] - off - value) <= within * abs(value)


def gap(first: Callable[[Figures], float], second: Callable[[Figures], float]) -> Reads:
    """Two sizes that follow from the figures are a small group apart."""
    return lambda told: 0.5 < round(first(told) - second(told), 6) < 9.5


# --- counts ---------------------------------------------------------------------------------------


def counts(rng: np.random.Generator) -> Iterator[Unseen]:
    for few in (2, 9, 10, 16):
        label: Literal["safe", "disclosive"] = "disclosive" if few < 10 else "safe"
        both = [*patients(rng, "north", 40, drug="iron"), *patients(rng, "n", few, clinic="north",
                                                                     drug="zinc")]  # fmt: skip
        reads = small("north", "zinc") if few < 10 else None
        asked = {"by": BY_BOTH, "measures": [PEOPLE]}
        yield Unseen(f"a cell of two sides of {few}", label, base(rng) + both, asked, reads)
        hidden = patients(rng, "north", 40) + patients(rng, "n", few, clinic="north", drug=None)
        reads = small("north", "no value") if few < 10 else None
        plain = [{**row, "drug": row["drug"] or None} for row in base(rng) + hidden]
        other = patients(rng, "e", 20, clinic="east", drug=None) + patients(
            rng, "w", 20, clinic="west", drug=None
        )
        yield Unseen(f"{few} without a value", label, plain + other, asked, reads)
        old = patients(rng, "o", few, clinic="east", age=95)
        bands = [{"column": col("age"), "bands": [40, 90]}]
        reads = small("90 and over") if few < 10 else None
        yield Unseen(
            f"{few} in an open band", label, base(rng) + old, {"by": bands, "measures": [PEOPLE]},
            reads,
        )  # fmt: skip
        picked = {
            "all": [where("age", "ge", 90), {"not": where("clinic", "in", ["west", "north"])}]
        }
        reads = small() if few < 10 else None
        yield Unseen(
            f"{few} by a filter that says not", label, base(rng) + old,
            {"where": picked, "measures": [PEOPLE]}, reads,
        )  # fmt: skip
        often = [row for row in patients(rng, "north", few) for _ in range(11)]
        reads = (lambda told: 0 < told["north",][0] / 11 < 10) if few < 10 else None
        yield Unseen(
            f"{few} people who come eleven times each", label, base(rng) + often,
            {"by": BY_CLINIC, "measures": [ROWS]}, reads,
        )  # fmt: skip


def classes(rng: np.random.Generator) -> Iterator[Unseen]:
    """Everybody of a group is in one cell: whoever knows them to be in it knows the rest."""
    one = base(rng) + patients(rng, "north", 50, drug="iron")

    def known(told: Figures) -> bool:
        return told["north", "iron"][0] == told["north", "all"][0]

    asked = {"by": BY_BOTH, "margins": True, "measures": [PEOPLE]}
    yield Unseen("a clinic with one drug", "disclosive", one, asked, known)
    mixed = base(rng) + patients(rng, "north", 50)
    yield Unseen("a clinic with both drugs", "safe", mixed, asked)
    full = base(rng) + patients(rng, "north", 50, smoker=True)
    yield Unseen(
        "all of them smoke", "disclosive", full,
        {"by": BY_CLINIC, "measures": [share("smoker", "eq", True)]},
        lambda told: told["north",][0] == 100,
    )  # fmt: skip
    for well in (1, 9, 12):
        label: Literal["safe", "disclosive"] = "disclosive" if well < 10 else "safe"
        rows = base(rng) + patients(rng, "north", 60, smoker=True)
        rows += patients(rng, "n", well, clinic="north", smoker=False)
        asked = {"by": BY_CLINIC, "measures": [PEOPLE, share("smoker", "eq", True)]}
        rest = gap(lambda t: t["north",][0], lambda t: t["north",][0] * t["north",][1] / 100)
        yield Unseen(f"all but {well} smoke", label, rows, asked, rest if well < 10 else None)
        swapped = [row | {"smoker": not row["smoker"]} for row in rows]
        few = gap(lambda t: t["north",][0] * t["north",][1] / 100, lambda t: 0.0)
        yield Unseen(f"{well} smoke", label, swapped, asked, few if well < 10 else None)
    same = base(rng) + patients(rng, "north", 50, spend=17.0)
    for kind in ("mean", "max", "min"):
        yield Unseen(
            f"one spend, its {kind}", "disclosive", same,
            {"by": BY_CLINIC, "measures": [of(kind, "spend")]}, near(17.0, "north", within=0),
        )  # fmt: skip
    yield Unseen(
        "one spend, its deviation", "disclosive", same,
        {"by": BY_CLINIC, "measures": [of("sd", "spend")]}, lambda told: told["north",][0] == 0,
    )  # fmt: skip


# --- sums and means -------------------------------------------------------------------------------


def rich(rng: np.random.Generator, *large: float, rest: float, people: int = 50) -> list[Row]:
    """A clinic whose spending is `large`, and `rest` shared by all others."""
    rows = patients(rng, "n", people, clinic="north", spend=rest / people)
    return rows + [
        row | {"spend": one, PERSON: f"big{place}"}
        for place, one in enumerate(large)
        for row in patients(rng, "north", 1)
    ]


def sums(rng: np.random.Generator) -> Iterator[Unseen]:
    asked = {"by": BY_CLINIC, "measures": [of("sum", "spend")]}
    # The second largest takes off their own and has the largest to within a tenth.
    for name, large, rest in (
        ("one has nearly all", (9000.0,), 500.0),
        ("two have nearly all", (5000.0, 4500.0), 400.0),
        ("two, and the rest is just under a tenth of the larger", (6000.0, 3000.0), 590.0),
    ):
        second = sorted((*large, 0.0))[-2]
        reads = near(large[0], "north", off=second)
        yield Unseen(f"a sum: {name}", "disclosive", base(rng) + rich(rng, *large, rest=rest),
                     asked, reads)  # fmt: skip
        total = {**asked, "margins": True}
        alone = rich(rng, *large, rest=rest)
        yield Unseen(f"a sum with totals: {name}", "disclosive", base(rng) + alone, total, reads)
    spread = rich(rng, 3000.0, 2500.0, 2000.0, rest=9000.0)
    yield Unseen("a sum: three have much", "safe", base(rng) + spread, asked)
    # One person's many rows are one person's contribution.
    drip = patients(rng, "north", 60, spend=1.0)
    drip += [drip[0] | {"spend": 2.0, PERSON: "drip"}] * 2000
    yield Unseen("a sum: one pays two pounds two thousand times", "disclosive", base(rng) + drip,
                 asked, near(4000.0, "north"))  # fmt: skip
    shared = patients(rng, "north", 60, spend=1.0) + [
        drip[0] | {"spend": 2.0, PERSON: f"d{n % 50}"} for n in range(2000)
    ]
    yield Unseen("a sum: fifty pay two pounds forty times", "safe", base(rng) + shared, asked)
    zeros = patients(rng, "north", 80, spend=0.0)
    zeros[0] |= {"spend": 700.0}
    yield Unseen("a sum: all the others pay nothing", "disclosive", base(rng) + zeros, asked,
                 near(700.0, "north", within=0))  # fmt: skip
    yield Unseen("a mean: all the others pay nothing", "disclosive", base(rng) + zeros,
                 {"by": BY_CLINIC, "measures": [PEOPLE, of("mean", "spend")]},
                 lambda told: abs(told["north",][0] * told["north",][1] - 700) < 1)  # fmt: skip
    for count in (4, 30):
        sparse = patients(rng, "north", 80, spend=None)
        sparse += patients(rng, "n", count, clinic="north")
        label: Literal["safe", "disclosive"] = "disclosive" if count < 10 else "safe"
        reads = gap(lambda t: t["north",][0] / t["north",][1], lambda t: 0.0)
        yield Unseen(f"a mean of {count} who have a value", label, base(rng) + sparse,
                     {"by": BY_CLINIC, "measures": [of("sum", "spend"), of("mean", "spend")]},
                     reads if count < 10 else None)  # fmt: skip
    for count in (3, 24):
        gone = patients(rng, "north", 60) + patients(rng, "n", count, clinic="north", spend=None)
        gone += [row | {PERSON: row[PERSON] + "x", "spend": None} for row in base(rng)[::3]]
        label = "disclosive" if count < 10 else "safe"
        without = gap(lambda t: t["north",][0], lambda t: t["north",][1] / t["north",][2])
        asked_for = {"by": BY_CLINIC, "measures": [PEOPLE, of("sum", "spend"), of("mean", "spend")]}
        yield Unseen(f"sum over mean tells {count} without a value", label, base(rng) + gone,
                     asked_for, without if count < 10 else None)  # fmt: skip
    even = base(rng) + patients(rng, "north", 60)
    even.append(even[-1] | {PERSON: "owing", "spend": -80_000.0})
    yield Unseen("a sum with one who is owed", "disclosive", even, asked,
                 near(-80_000.0, "north"))  # fmt: skip


def positions(rng: np.random.Generator) -> Iterator[Unseen]:
    own = [row | {"spend": 100.0 + 7 * n} for n, row in enumerate(patients(rng, "north", 60))]
    top = max(row["spend"] for row in own)
    for kind, value in (("max", top), ("min", 100.0)):
        yield Unseen(f"the {kind} of values of their own", "disclosive", base(rng) + own,
                     {"by": BY_CLINIC, "measures": [of(kind, "spend")]},
                     near(value, "north", within=0))  # fmt: skip
        yield Unseen(f"the {kind} of a score that many have", "safe",
                     base(rng) + patients(rng, "north", 72),
                     {"by": BY_CLINIC, "measures": [of(kind, "score")]})  # fmt: skip
    far = [*patients(rng, "north", 60)]
    far[3] |= {"spend": 1e6}
    yield Unseen("a high quantile beside one far away", "disclosive", base(rng) + far,
                 {"by": BY_CLINIC, "measures": [of("quantile", "spend", q=0.99)]},
                 # Between the two largest at a known place: the largest follows.
                 lambda told: abs((told["north",][0] - 7 * 0.59) / 0.41 - 1e6) < 1e5)  # fmt: skip
    yield Unseen("a median of values that many have", "safe",
                 base(rng) + patients(rng, "north", 72),
                 {"by": BY_CLINIC, "measures": [of("quantile", "spend", q=0.5)]})  # fmt: skip
    few = patients(rng, "north", 6)
    yield Unseen("a median of six", "disclosive", base(rng) + few,
                 {"by": BY_CLINIC, "measures": [PEOPLE, of("quantile", "spend", q=0.5)]},
                 small("north"))  # fmt: skip


# --- ratios, and two figures of one table ---------------------------------------------------------


def ratios(rng: np.random.Generator) -> Iterator[Unseen]:
    per_day = {"measure": "ratio", "numerator": {"of": "sum", "column": col("spend")},
               "denominator": {"of": "sum", "column": col("days")}}  # fmt: skip
    asked = {"by": BY_CLINIC, "measures": [per_day]}
    rows = patients(rng, "north", 60)
    rows[5] |= {"days": 90_000.0, "spend": 270_000.0}
    yield Unseen("pounds a day, where one stayed nearly all of the days", "disclosive",
                 base(rng) + rows, asked, near(3.0, "north"))  # fmt: skip
    yield Unseen("pounds a day of many", "safe", base(rng) + patients(rng, "north", 60), asked)
    for count in (5, 24):
        label: Literal["safe", "disclosive"] = "disclosive" if count < 10 else "safe"
        rows = patients(rng, "north", 60, score=1) + patients(
            rng, "n", count, clinic="north", score=3
        )
        rows += patients(rng, "nn", 30, clinic="north", score=2)
        both = {"by": BY_CLINIC, "measures": [PEOPLE, share("score", "ge", 2),
                                              share("score", "eq", 2)]}  # fmt: skip
        apart = gap(lambda t: t["north",][0] * t["north",][1] / 100,
                    lambda t: t["north",][0] * t["north",][2] / 100)  # fmt: skip
        yield Unseen(f"two shares, {count} apart", label, base(rng) + rows, both,
                     apart if count < 10 else None)  # fmt: skip
        rows = patients(rng, "north", 60, drug="iron") + patients(
            rng, "n", count, clinic="north", drug="zinc"
        )
        part = {"measure": "ratio", "per": 100,
                "denominator": {"of": "people", "where": where("drug", "eq", "zinc")},
                "numerator": {"of": "people", "where": {"all": [where("smoker", "eq", True),
                              where("drug", "eq", "zinc")]}}}  # fmt: skip
        # Of five, shares are fifths: no other size of a group gives such a share.
        yield Unseen(f"a share of the {count} on one drug", label, base(rng) + rows,
                     {"by": BY_CLINIC, "measures": [part]},
                     (lambda told: told["north",][0] in (40.0, 60.0)) if count < 10
                     else None)  # fmt: skip
    for count in (2, 30):
        label = "disclosive" if count < 10 else "safe"
        rows = patients(rng, "north", 80)
        rows += [row | {"spend": 6.0} for row in rows[:count]]
        twice = gap(lambda t: t["north",][1], lambda t: t["north",][0])
        yield Unseen(f"rows and people tell of {count} who came again", label, base(rng) + rows +
                     [row for row in base(rng) if row["score"] == 1],
                     {"by": BY_CLINIC, "measures": [PEOPLE, ROWS]},
                     twice if count < 10 else None)  # fmt: skip


def unseen(seed: int) -> Iterator[Unseen]:
    """All of them."""
    for made in (counts, classes, sums, positions, ratios):
        yield from made(np.random.default_rng([seed, *map(ord, made.__name__)]))
