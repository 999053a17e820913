"""Setting the puzzle: shown values of a release and beliefs about targets become one `Puzzle`.

A detail of which every person of the release has one value becomes a fact, any other a happening.
All dates that were moved become one happening: they were moved by the same weeks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.encoding import as_days, coded, kind_of, plain
from commonweal.vault.risk.intruder.knowledge import DAYS_OF_YEAR
from commonweal.vault.risk.intruder.puzzle import (
    UNKNOWN,
    UNSAID,
    Fact,
    Happening,
    Mask,
    Puzzle,
)

MOVED = "moved dates"
_APART = 10_000_000
"""Days between dates of different columns: no shift joins them."""
_DAYS_OF_MONTH = 30


@dataclass(frozen=True)
class Shown:
    """One column of a release: whose row it is (ascending, from 0) and what it shows.

    `weeks`: by how many weeks at most its dates may have been moved, None where they were not.
    """

    name: str
    owners: Ints
    values: pa.Array
    weeks: int | None = None


@dataclass(frozen=True)
class Believed:
    """What is believed of targets in one column, in the values in which the release shows it.

    `targets`: whose belief it is. `ranks`: the how-manieth of the target's. `there`: False where
    nothing is known. `within_days`: by how much a date may be off.
    """

    targets: Ints
    ranks: Ints
    values: pa.Array
    there: Mask
    within_days: int = 0


def has_one_value(shown: Shown, people: int) -> bool:
    """Whether nobody has two different values in a column."""
    owners = shown.owners
    if len(owners) <= people and bool((np.diff(owners) > 0).all()):
        return True
    values = plain(shown.values)
    codes = coded(values, values).released
    same_owner = owners[1:] == owners[:-1]
    return not bool((same_owner & (codes[1:] != codes[:-1])).any())


def make_puzzle(
    people: int, targets: int, details: Sequence[tuple[Shown, Believed]], hidden: Ints
) -> Puzzle:
    """The puzzle that these details make."""
    facts, happenings, moved = [], [], []
    for shown, belief in details:
        if shown.weeks is not None:
            moved.append((shown, belief))
        elif has_one_value(shown, people) and not _is_rough_day(shown, belief):
            facts.append(_fact(people, targets, shown, belief))
        else:
            happenings.append(_happening(people, targets, [(shown, belief)], shown.name))
    if moved:
        happenings.append(_happening(people, targets, moved, MOVED))
    return Puzzle(people, targets, tuple(facts), tuple(happenings), hidden)


def _is_rough_day(shown: Shown, belief: Believed) -> bool:
    """Whether a day is known by a few days only: days are counted there, not values."""
    return belief.within_days > 0 and kind_of(plain(shown.values)) == "date"


def _fact(people: int, targets: int, shown: Shown, belief: Believed) -> Fact:
    both = coded(plain(shown.values), plain(belief.values))
    released = np.zeros(people, dtype=np.int64)
    released[shown.owners] = both.released
    known = np.full(targets, UNKNOWN, dtype=np.int64)
    first = belief.there & (belief.ranks == 0)
    known[belief.targets[first]] = both.known[first]
    near = steps_near(plain(shown.values), belief.within_days) if both.ordered else 1
    return Fact(shown.name, released, known, both.size, both.ordered, near)


def steps_near(values: pa.Array, within_days: int) -> int:
    """How many values on a belief may be, that is off by so many days: at least one.

    A value is a month, a year (numbers) or a group of years.
    """
    held = values.drop_null()
    days = DAYS_OF_YEAR
    if kind_of(values) == "text" and len(held):
        if pc.all(pc.match_substring_regex(held, r"^[0-9]{4}-[0-9]{2}$")).as_py():
            days = _DAYS_OF_MONTH
        else:
            firsts = np.unique(pc.extract_regex(held, r"^(?P<first>[0-9]{1,9})").field("first"))
            years = np.diff(np.sort(firsts.astype(np.int64)))
            days = DAYS_OF_YEAR * (int(np.median(years)) if len(years) else 1)
    return max(1, math.ceil(within_days / max(1, days)))


def _happening(
    people: int, targets: int, parts: Sequence[tuple[Shown, Believed]], name: str
) -> Happening:
    """Events of several columns as one: a place in time is told apart by its column."""
    owners, values, said = [], [], []
    within, weeks = 0, None
    for place, (shown, belief) in enumerate(parts):
        released, known, within_here = _in_time(shown, belief)
        there = released != UNSAID
        owners.append(shown.owners[there])
        values.append(released[there] + place * _APART)
        known = np.where(belief.there & (known != UNSAID), known + place * _APART, UNSAID)
        said.append(_by_target(targets, belief, known))
        within, weeks = max(within, within_here), shown.weeks
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    offsets = np.searchsorted(owner[order], np.arange(people + 1)).astype(np.int64)
    events = np.concatenate(said, axis=1)
    return Happening(name, offsets, np.concatenate(values)[order], events, within, weeks)


def _by_target(targets: int, belief: Believed, known: Ints) -> Ints:
    most = int(belief.ranks.max(initial=0)) + 1
    table = np.full((targets, most), UNSAID, dtype=np.int64)
    table[belief.targets, belief.ranks] = known
    return table


def _in_time(shown: Shown, belief: Believed) -> tuple[Ints, Ints, int]:
    """Both sides as places (in days, months, years or a list), and how far a belief may be off."""
    released, known = plain(shown.values), plain(belief.values)
    both = pa.concat_arrays([released, known])
    found = as_days(both)
    within = 0
    if found is None:
        codes = coded(released, known)
        places = np.concatenate([codes.released, codes.known])
        return (
            np.where(places == 0, UNSAID, places)[: len(released)],
            np.where(places == 0, UNSAID, places)[len(released) :],
            0,
        )
    there, values = found
    if kind_of(both) == "date":
        within = belief.within_days
    elif kind_of(both) == "text":
        within = math.ceil(belief.within_days / _DAYS_OF_MONTH)
    elif pc.all(pc.and_(pc.greater(both, 1800), pc.less(both, 2200))).as_py():
        within = math.ceil(belief.within_days / DAYS_OF_YEAR)
    places = np.full(len(both), UNSAID, dtype=np.int64)
    places[there] = values
    return places[: len(released)], places[len(released) :], within
