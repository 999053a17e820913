"""SUDA: which few details of a person are enough to single them out.

A minimal sample unique (MSU) is a set of columns and their values that one person alone has, while
every smaller part of it is shared. With M columns an MSU of k columns scores (M - k)!, and a
person's score is the sum over their MSUs: few details, or many ways, score high. A column's
contribution is the share of all scores that comes from MSUs with it. Elliot, Manning, Ford, "A
computational algorithm for handling the special uniques problem" (2002); Manning, Haglin, Keane, "A
recursive search algorithm for statistical disclosure assessment" (SUDA2, 2008).

DIS, the chance that a unique match of data and population is right (Skinner, Elliot, "A measure of
disclosure risk for microdata", 2002), is pi n1 / (pi n1 + 2 (1 - pi) n2) for n1 classes of one
person, n2 of two and a share pi of the population in the data. DIS-SUDA (Elliot, Manning, Mayes,
Gurd, Bane, "SUDA: a program for detecting special uniques", 2005) hands it out among those who are
singled out in proportion to their scores, so that their mean is DIS; never above 1.

Sets of columns are tried from small to large. Two things are known beforehand: whoever shares all M
values has no MSU, and whoever is unique on a part of a set has none on the whole of it; a set for
which nobody is left is not counted. Each count runs over whole columns of numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.risk.classes import check_columns, refuse_missing_people
from commonweal.vault.risk.coding import (
    Floats,
    Ints,
    Mask,
    columns_of,
    combine,
    numbered,
    with_number,
)
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

MOST_SETS = 50_000
"""SUDA is refused where more sets of columns than this would be tried."""
_CODE = "cw__code_{}"
_PERSON = "cw__person"


@dataclass(frozen=True)
class Suda:
    """`people`: with at least one MSU, of `patients`. `by_size`: MSUs by their number of columns.

    `score_max`, `score_mean`: over all patients, those without MSU at 0. `contribution`: by column.
    `complete`: all sizes were tried; else MSUs up to `up_to` columns only. `ones`, `pairs`: classes
    of one person and of two. `population`: how many people the data are a sample of, if known.
    """

    patients: int
    people: int
    by_size: Mapping[int, int]
    score_max: float
    score_mean: float
    contribution: Mapping[str, float]
    up_to: int
    complete: bool
    ones: int = 0
    pairs: int = 0
    population: int | None = None
    scores: Floats = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)

    @property
    def dis(self) -> float | None:
        """The chance that a unique match is right; None where the population is not known."""
        if self.population is None:
            return None
        if not self.ones:
            return 0.0
        sampled = self.patients / self.population
        right = sampled * self.ones
        return right / (right + 2 * (1 - sampled) * self.pairs)

    def dis_scores(self) -> Floats | None:
        """DIS-SUDA of each person; None where the population is not known."""
        dis, total = self.dis, float(self.scores.sum())
        if dis is None:
            return None
        share: Floats = self.scores * (dis * self.people / total if total else 0.0)
        return np.minimum(share, 1.0)

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure`."""
        each = self.dis_scores()
        dis = None
        if each is not None:
            mean = float(each.mean()) if len(each) else 0.0
            dis = {"file": self.dis, "max": float(each.max(initial=0.0)), "mean": mean}
        return {
            "dis": dis,
            "people": self.people,
            "by_size": {str(size): count for size, count in self.by_size.items()},
            "score": {"max": self.score_max, "mean": self.score_mean},
            "contribution": dict(self.contribution),
            "up_to": self.up_to,
            "complete": self.complete,
        }


def suda_figures(
    engine: Engine,
    table: ops.Table,
    quasi: Sequence[str],
    person: str | None,
    *,
    up_to: int | None = None,
    population: int | None = None,
) -> Suda:
    """Minimal sample uniques over the columns `quasi`, by person or by row.

    `up_to`: the most columns of an MSU (default: all). `population`: how many people the data are a
    sample of, for DIS. Raises `WrongUsage` CW-RISK-COLUMNS, CW-RISK-SUDA-SIZE and
    CW-RISK-POPULATION, `Fault` CW-RISK-PERSON-MISSING.
    """
    check_columns(table, quasi, (), person)
    most = len(quasi) if up_to is None else min(up_to, len(quasi))
    sets = sum(math.comb(len(quasi), size) for size in range(1, most + 1))
    if most < 1 or sets > MOST_SETS:
        raise WrongUsage(
            "CW-RISK-SUDA-SIZE",
            f"{len(quasi)} columns have more than {MOST_SETS:,} sets, or none was to be tried.",
            remedy="Name fewer columns, or look only for sets of up to three.",
        )
    if person is not None:
        refuse_missing_people(engine, table, person)
    names = [_CODE.format(place) for place in range(len(quasi))]
    with ExitStack() as stack:
        coded, sizes = table, []
        for name, column in zip(names, quasi, strict=True):
            numbers, count = stack.enter_context(numbered(engine, table, [column], "suda"))
            coded = with_number(coded, [column], numbers, name)
            sizes.append(count)
        if person is None:
            columns = columns_of(engine, ops.select(coded, names), names)
            people: Ints = np.arange(len(columns[0]), dtype=np.int64)
        else:
            numbers, _ = stack.enter_context(numbered(engine, table, [person], "people"))
            placed = with_number(coded, [person], numbers, _PERSON)
            pairs = ops.distinct(ops.select(placed, [*names, _PERSON]))
            *columns, people = columns_of(engine, pairs, [*names, _PERSON])
    found = suda_of(columns, sizes, people, list(quasi), most)
    if population is not None and population < found.patients:
        raise WrongUsage("CW-RISK-POPULATION", "The population has fewer people than the data.")
    return replace(found, population=population)


def suda_of(
    columns: Sequence[Ints], sizes: Sequence[int], people: Ints, names: Sequence[str], most: int
) -> Suda:
    """SUDA over coded columns. `people`: whose row each is; `sizes`: numbers of each column."""
    width = len(columns)
    patients = int(people.max(initial=-1)) + 1
    scores = np.zeros(patients)
    part = dict.fromkeys(names, 0.0)
    by_size = dict.fromkeys(range(1, most + 1), 0)
    open_rows = np.flatnonzero(_alone(*_key(columns, sizes, range(width)), people))
    # Bit s of row r: unique on set s; kept only for sets that have one.
    unique_on: dict[tuple[int, ...], Mask] = {}
    for size in range(1, most + 1):
        if not len(open_rows):
            break
        for chosen in itertools.combinations(range(width), size):
            covered = _covered(unique_on, chosen, len(open_rows))
            if covered.all():
                unique_on[chosen] = covered
                continue
            alone = _alone(*_key(columns, sizes, chosen), people)[open_rows]
            minimal = open_rows[alone & ~covered]
            unique_on[chosen] = alone
            if len(minimal):
                singled = _first_rows(columns, sizes, chosen, people, minimal)
                weight = float(math.factorial(width - size))
                by_size[size] += len(singled)
                np.add.at(scores, singled, weight)
                for place in chosen:
                    part[names[place]] += weight * len(singled)
    total = float(scores.sum())
    ones, pairs = _small_classes(*_key(columns, sizes, range(width)), people)
    return Suda(
        patients=patients,
        people=int((scores > 0).sum()),
        by_size={size: count for size, count in by_size.items() if count},
        score_max=float(scores.max(initial=0.0)),
        score_mean=total / patients if patients else 0.0,
        contribution={name: part[name] / total if total else 0.0 for name in names},
        up_to=most,
        complete=most == width,
        ones=ones,
        pairs=pairs,
        scores=scores,
    )


def _key(
    columns: Sequence[Ints], sizes: Sequence[int], chosen: Sequence[int] | range
) -> tuple[Ints, int]:
    first, *others = chosen
    key, size = columns[first], max(sizes[first], 1)
    for place in others:
        key, size = combine(key, size, columns[place], max(sizes[place], 1))
    return key, size


def _small_classes(key: Ints, size: int, people: Ints) -> tuple[int, int]:
    """How many classes have one person, and how many two."""
    both, _ = combine(key, size, people, int(people.max(initial=-1)) + 1)
    once = np.unique(both, return_index=True)[1]
    sizes = np.bincount(key[once], minlength=1)
    return int((sizes == 1).sum()), int((sizes == 2).sum())


def _alone(key: Ints, size: int, people: Ints) -> Mask:
    """Whether all rows with a row's key are of one person."""
    someone = np.zeros(size, dtype=np.int64)
    someone[key] = people
    shared = np.zeros(size, dtype=np.bool_)
    shared[key[someone[key] != people]] = True
    found: Mask = ~shared[key]
    return found


def _covered(unique_on: Mapping[tuple[int, ...], Mask], chosen: tuple[int, ...], rows: int) -> Mask:
    """Rows that are unique on a part of the set: one column less is enough to look at."""
    found = np.zeros(rows, dtype=np.bool_)
    if len(chosen) > 1:
        for left_out in range(len(chosen)):
            found |= unique_on[chosen[:left_out] + chosen[left_out + 1 :]]
    return found


def _first_rows(
    columns: Sequence[Ints],
    sizes: Sequence[int],
    chosen: tuple[int, ...],
    people: Ints,
    rows: Ints,
) -> Ints:
    """The person of each different value among `rows`: several rows of one person are one MSU."""
    key, _ = _key([column[rows] for column in columns], sizes, chosen)
    first = np.unique(key, return_index=True)[1]
    found: Ints = people[rows[first]]
    return found
