"""Individual risk for weighted samples: the model of Benedetti and Franconi.

A survey's weight says how many people of the population a person of the sample stands for. f people
of the sample are in a class and their weights sum to F; with p = f/F and q = 1 - p the number of
people of the population in the class is negative binomial, and the risk is the mean of 1 over it:

    r = E(1/F | f) = p * integral from 0 to 1 of t**(f-1) / (p + q t) dt
      = (p/f) * 2F1(1, 1; f + 1; q)

f = 1: (p/q) ln(1/p); f = 2: (p/q**2)(p ln p + q); f = 3: p/(2 q**3) (q (3q - 2) - 2 p**2 ln p).
Benedetti, Franconi, "Statistical and technological solutions for controlled data dissemination"
(1998), with Capobianchi (2003). Exact for every f, where sdcMicro's default takes p/(f - q) from
f = 3 on. The sum over people is the number of re-identifications to be expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.vault.risk.classes import PLACE, check_columns, refuse_missing_people
from commonweal.vault.risk.coding import Floats, Ints, as_ints
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_WEIGHT = "cw__weight"
_COUNT = "cw__count"
_SUM = "cw__sum"
_TERMS = 120
_RECURSE_TO = 30


@dataclass(frozen=True)
class IndividualRisk:
    """`most` and `mean` risk of a person; `expected` re-identifications; `people` of the sample."""

    people: int
    most: float
    mean: float
    expected: float

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure`."""
        return {"max": self.most, "mean": self.mean, "expected": self.expected}


def individual_figures(
    engine: Engine, table: ops.Table, quasi: Sequence[str], weight: str, person: str | None
) -> IndividualRisk:
    """The individual risk of the people (rows) of a weighted sample.

    By person each person counts once in a class; one with rows in several classes has the risk of
    the riskiest. Weights are numbers from 1 and the same on all rows of a person. Raises
    `WrongUsage` CW-RISK-COLUMNS, CW-RISK-WEIGHT and `Fault` CW-RISK-PERSON-MISSING, CW-RISK-WEIGHT.
    """
    check_columns(table, [*quasi, weight], (), person)
    if ops.kinds(table)[weight] not in ("integer", "decimal"):
        raise WrongUsage("CW-RISK-WEIGHT", f"The weights in {weight} are not numbers.")
    _refuse_weights(engine, table, weight)
    if person is not None:
        refuse_missing_people(engine, table, person)
        _refuse_two_weights(engine, table, weight, person)
    wanted = {name: table[name] for name in quasi} | {_WEIGHT: table[weight]}
    if person is not None:
        members = ops.distinct(ops.project(table, wanted | {PLACE: table[person]}))
    else:
        members = ops.project(table, wanted)
    measures = {_COUNT: ops.count_rows(members), _SUM: ops.total(members[_WEIGHT])}
    classes = ops.group(members, quasi, measures)
    if person is None:
        found = engine.arrow(ops.select(classes, [_COUNT, _SUM]))
        count, total = as_ints(found[_COUNT]), found[_SUM].to_numpy().astype(np.float64)
        return _figures(risks(count, total), count)
    own = ops.inner_join_same(members, classes, {n: n for n in quasi}, {_COUNT: _COUNT, _SUM: _SUM})
    found = engine.arrow(ops.select(own, [PLACE, _COUNT, _SUM]))
    place = found[PLACE].combine_chunks().dictionary_encode().indices.to_numpy()
    each = risks(as_ints(found[_COUNT]), found[_SUM].to_numpy().astype(np.float64))
    riskiest = np.zeros(int(place.max(initial=-1)) + 1)
    np.maximum.at(riskiest, place, each)
    return _figures(riskiest, np.ones(len(riskiest), dtype=np.int64))


def risks(count: Ints, total: Floats) -> Floats:
    """The risk of classes of `count` people whose weights sum to `total`, at least `count`."""
    p = np.minimum(count / np.maximum(total, 1.0), 1.0)
    q = 1.0 - p
    found = _series(count, p, q)
    # The series is slow where q is near 1 and f small; the recursion is exact and stable there.
    few = (count <= _RECURSE_TO) & (q > 0.5)
    found[few] = _recursion(count[few], p[few], q[few])
    return found


def _series(count: Ints, p: Floats, q: Floats) -> Floats:
    """(p/f) sum over k of q**k k! f! / (f + k)!."""
    term = np.ones(len(count))
    total = np.ones(len(count))
    for k in range(1, _TERMS):
        term = term * q * k / (count + k)
        total += term
    found: Floats = p / count * total
    return found


def _recursion(count: Ints, p: Floats, q: Floats) -> Floats:
    """I(1) = ln(1/p)/q and I(f + 1) = (1/f - p I(f))/q; the risk is p I(f)."""
    integral = -np.log(p) / q
    found = p * integral
    for size in range(1, int(count.max(initial=1))):
        integral = (1.0 / size - p * integral) / q
        found = np.where(count == size + 1, p * integral, found)
    return found


def _figures(risk: Floats, times: Ints) -> IndividualRisk:
    people = int(times.sum())
    if not people:
        return IndividualRisk(0, 0.0, 0.0, 0.0)
    expected = float((risk * times).sum())
    return IndividualRisk(people, float(risk.max()), expected / people, expected)


def _refuse_weights(engine: Engine, table: ops.Table, weight: str) -> None:
    wrong = ops.either(
        ops.is_missing(table[weight]),
        ops.compare(table[weight], "lt", ops.constant(1.0, "decimal")),
        ops.compare(table[weight], "gt", ops.constant(1e12, "decimal")),
    )
    count = engine.one(ops.group(table, [], {_COUNT: ops.count_where(table, wrong)}))[_COUNT]
    if count:
        raise Fault(
            "CW-RISK-WEIGHT",
            f"{count:,} row(s) have no weight in {weight}, or one that is not from 1 up.",
            remedy="A weight says for how many people a person stands, themselves included.",
        )


def _refuse_two_weights(engine: Engine, table: ops.Table, weight: str, person: str) -> None:
    spread = {_COUNT: ops.smallest(table[weight]), _SUM: ops.largest(table[weight])}
    people = ops.group(table, [person], spread)
    differ = ops.count_where(people, ops.compare(people[_COUNT], "ne", people[_SUM]))
    count = engine.one(ops.group(people, [], {_COUNT: differ}))[_COUNT]
    if count:
        raise Fault(
            "CW-RISK-WEIGHT", f"{count:,} person(s) have rows with different weights in {weight}."
        )
