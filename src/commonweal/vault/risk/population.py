"""Risk against a population table: what somebody can do who does not know who is in the data.

f is the number of people of the data in a class, F the number of people of the population in it, n
the number of people in the data, u the number of their classes.

* k-map: min F over the classes of the data (Sweeney, "k-anonymity", 2002).
* journalist risk of a person: 1/F of the class with the smallest F that the person is in; `max` is
  1/k-map, `mean` the larger of u / sum F and (1/n) sum f/F, `at_risk` the share of people with 1/F
  above the threshold (El Emam, "Guide to the De-Identification of Personal Health Information",
  2013; the same as in ARX).
* marketer risk: (1/n) sum f/F.
* delta-presence: the smallest and the largest f/F over the classes of the population, also of those
  without anybody in the data (Nergiz, Atzori, Clifton, "Hiding the presence of individuals from
  shared databases", SIGMOD 2007): what being in a class says about being in the data.

People of the data belong to the population. Where the table has fewer people in a class than the
data, it is wrong there; F is then taken as f, the least that it can be, and `short` counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.vault.risk.classes import PLACE, check_columns, kept, refuse_missing_people
from commonweal.vault.risk.coding import Floats, Ints, as_ints
from commonweal.vault.risk.figures import AT_RISK_ABOVE
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_HERE = "cw__here"
_THERE = "cw__there"
_COUNT = "cw__count"
_ROW = "cw__row"
_ALIKE = ({"integer", "decimal"}, {"text", "integer"}, {"text", "date"})


@dataclass(frozen=True)
class PopulationFigures:
    """Figures against a population of `people`; 0 everywhere for data without people.

    `k_map`: the smallest F. `short`: people of the data in classes of which the population has
    fewer people than the data. `presence_least` is 0 where the population has classes without
    anybody in the data.
    """

    people: int
    k_map: int
    journalist_max: float
    journalist_mean: float
    journalist_at_risk: float
    marketer: float
    presence_least: float
    presence_most: float
    short: int

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure`."""
        return {
            "people": self.people,
            "k_map": self.k_map,
            "journalist": {
                "max": self.journalist_max,
                "mean": self.journalist_mean,
                "at_risk": self.journalist_at_risk,
            },
            "marketer": self.marketer,
            "delta_presence": {"min": self.presence_least, "max": self.presence_most},
            "short": self.short,
        }


def population_figures(
    engine: Engine,
    table: ops.Table,
    population: ops.Table,
    quasi: Sequence[str],
    person: str | None,
    *,
    count: str | None = None,
    at_risk_above: float = AT_RISK_ABOVE,
) -> PopulationFigures:
    """The figures of `table` against `population`.

    `population`: has the columns `quasi`; one row is one person, or as many people as its column
    `count` says (counts by area, age and sex). `person`: as in `class_figures`.
    Raises `WrongUsage` CW-RISK-COLUMNS and CW-RISK-POPULATION, `Fault` CW-RISK-PERSON-MISSING and
    CW-RISK-POPULATION.
    """
    check_columns(table, quasi, (), person)
    _check_population(engine, table, population, quasi, count)
    table, population = _alike(table, population, quasi)
    if person is not None:
        refuse_missing_people(engine, table, person)
        own = {name: table[name] for name in quasi} | {PLACE: table[person]}
        members = ops.distinct(ops.project(table, own))
    else:
        members = ops.select(table, quasi)
    with kept(engine, _both(members, population, quasi, count), "population") as classes:
        sizes = engine.arrow(ops.group(classes, [_HERE, _THERE], {_COUNT: ops.count_rows(classes)}))
        here, there, times = (as_ints(sizes[name]) for name in (_HERE, _THERE, _COUNT))
        _refuse_strangers(here, there)
        if person is None:
            own_there, own_times = _larger(here, there), here * times
        else:
            own_there, own_times = _own(engine, members, classes, quasi)
    return _figures(here, there, times, own_there, own_times, at_risk_above)


def _both(
    members: ops.Table, population: ops.Table, quasi: Sequence[str], count: str | None
) -> ops.Table:
    """One row a class of data or population: `f` and `F`. A union, so that missing values meet."""
    one, none = ops.constant(1, "integer"), ops.constant(0, "integer")
    keys = {name: population[name] for name in quasi}
    people = one if count is None else population[count]
    mine = ops.project(members, {n: members[n] for n in quasi} | {_HERE: one, _THERE: none})
    theirs = ops.project(population, keys | {_HERE: none, _THERE: people})
    rows = ops.union(mine, theirs)
    sums = {name: ops.total(rows[name]) for name in (_HERE, _THERE)}
    found = ops.group(rows, quasi, sums)
    some = ops.either(
        *(ops.compare(found[n], "gt", ops.constant(0, "integer")) for n in (_HERE, _THERE))
    )
    return ops.keep_where(found, some)


def _own(
    engine: Engine, members: ops.Table, classes: ops.Table, quasi: Sequence[str]
) -> tuple[Ints, Ints]:
    """The smallest F of the classes that a person is in, and how many people have it."""
    larger = ops.choose(
        ops.compare(classes[_HERE], "gt", classes[_THERE]), classes[_HERE], classes[_THERE]
    )
    sized = ops.derive(classes, {_ROW: larger})
    placed = ops.inner_join_same(members, sized, {name: name for name in quasi}, {_ROW: _ROW})
    people = ops.group(placed, [PLACE], {_ROW: ops.smallest(placed[_ROW])})
    found = engine.arrow(ops.group(people, [_ROW], {_COUNT: ops.count_rows(people)}))
    return as_ints(found[_ROW]), as_ints(found[_COUNT])


def _figures(
    here: Ints, there: Ints, times: Ints, own_there: Ints, own_times: Ints, above: float
) -> PopulationFigures:
    inside = here > 0
    size = _larger(here, there)
    people = int(own_times.sum())
    places = int((here * times)[inside].sum())
    if not people:
        return PopulationFigures(int((there * times).sum()), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
    classes = int(times[inside].sum())
    matched = float((times * here / size)[inside].sum()) / places
    chance: Floats = 1.0 / own_there
    share = here / size
    return PopulationFigures(
        people=int((there * times).sum()),
        k_map=int(size[inside].min()),
        journalist_max=float(1 / size[inside].min()),
        journalist_mean=max(classes / int((size * times)[inside].sum()), matched),
        journalist_at_risk=float(own_times[chance > above].sum()) / people,
        marketer=matched,
        presence_least=float(share.min()),
        presence_most=float(share.max()),
        short=int((here * times)[inside & (there < here)].sum()),
    )


def _larger(here: Ints, there: Ints) -> Ints:
    return np.maximum(here, there)


def _alike(
    table: ops.Table, population: ops.Table, quasi: Sequence[str]
) -> tuple[ops.Table, ops.Table]:
    """Both with text where one has text and the other whole numbers or dates (text files)."""
    ours, theirs = ops.kinds(table), ops.kinds(population)
    for name in quasi:
        if ours[name] != theirs[name] and "text" in (ours[name], theirs[name]):
            table = ops.derive(table, {name: ops.as_text(table[name])})
            population = ops.derive(population, {name: ops.as_text(population[name])})
    return table, population


def _check_population(
    engine: Engine,
    table: ops.Table,
    population: ops.Table,
    quasi: Sequence[str],
    count: str | None,
) -> None:
    if not quasi:
        raise WrongUsage("CW-RISK-COLUMNS", "A population needs at least one quasi-identifier.")
    ours, theirs = ops.kinds(table), ops.kinds(population)
    for name in quasi:
        if name not in theirs:
            raise WrongUsage(
                "CW-RISK-COLUMNS", f"There is no column {name} in the population table."
            )
        if ours[name] != theirs[name] and {ours[name], theirs[name]} not in _ALIKE:
            raise WrongUsage(
                "CW-RISK-POPULATION",
                f"Column {name} is {ours[name]} in the data and {theirs[name]} in the population.",
                remedy="Write both in the same way.",
            )
    if count is None:
        return
    if theirs.get(count) != "integer" or count in quasi:
        raise WrongUsage(
            "CW-RISK-POPULATION", f"The population has no column {count} of whole numbers."
        )
    wrong = ops.either(
        ops.is_missing(population[count]),
        ops.compare(population[count], "lt", ops.constant(0, "integer")),
    )
    bad = engine.one(ops.group(population, [], {_COUNT: ops.count_where(population, wrong)}))
    if bad[_COUNT]:
        raise Fault(
            "CW-RISK-POPULATION",
            f"{bad[_COUNT]:,} row(s) of the population have no count, or one below 0.",
        )


def _refuse_strangers(here: Ints, there: Ints) -> None:
    if (here > 0).any() and not ((here > 0) & (there > 0)).any():
        raise Fault(
            "CW-RISK-POPULATION",
            "Nobody in the data is in a group that the population table has.",
            remedy="Write the columns of both tables in the same way.",
        )
