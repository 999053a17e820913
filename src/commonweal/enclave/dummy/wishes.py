"""Ways to be in a cohort: for each table, which rows a person must have and what no row may say.

A cohort is a tree of all, any and not. One way through it fixes which of its conditions a person
meets and which they do not; a row that a person must have meets one condition and none of those
that the person does not. Ways that nobody can go are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from commonweal.enclave.dummy.meeting import Asked, Choice
from commonweal.foundation.errors import Refused
from commonweal.papers.cohort import AtLeast, Cohort, Condition

MOST_TRIED, MOST_WAYS = 512, 12

Leaf = Condition | AtLeast
Choose = Callable[[str, str, Asked], Choice | None]
"""The values for a column of a table of which something is asked; None if there are none."""


@dataclass(frozen=True)
class Literal:
    """A condition that a person meets (`held`) or does not."""

    leaf: Leaf
    held: bool

    @property
    def table(self) -> str:
        """The table that it looks at."""
        return self.leaf.of.table if isinstance(self.leaf, AtLeast) else self.leaf.table


@dataclass(frozen=True)
class Row:
    """A row of a table: what is asked of its columns. Columns that are not here are free.

    `times`: how many such rows a person has. Their dates in `date` lie within `within_days` of each
    other, and each more than `apart_days` from the next.
    """

    asked: dict[str, Asked] = field(default_factory=dict)
    times: int = 1
    date: str | None = None
    within_days: int | None = None
    apart_days: int | None = None


@dataclass(frozen=True)
class Wish:
    """The rows of one table for people who go one way. `filler`: what other rows are, if any."""

    rows: tuple[Row, ...]
    filler: Row | None


Way = dict[str, Wish]
"""For each table that the cohort looks at, what people of this way have in it."""


def ways(
    cohort: Cohort, single: Callable[[str], bool], choose: Choose, rng: np.random.Generator
) -> list[Way]:
    """Some ways to be in `cohort`. `single`: whether a person has one row in a table.

    Raises `Refused` CW-DUMMY-COHORT where none was found.
    """
    found: list[Way] = []
    for literals in itertools.islice(_paths(cohort, True, rng), MOST_TRIED):
        way = _way(literals, single, choose)
        if way is not None:
            found.append(way)
        if len(found) == MOST_WAYS:
            break
    if not found:
        raise Refused(
            "CW-DUMMY-COHORT",
            "Nobody could be made up who meets the permit's cohort: its conditions seem to "
            "exclude each other.",
        )
    return found


def _paths(cohort: Cohort, held: bool, rng: np.random.Generator) -> Iterator[tuple[Literal, ...]]:
    """The sets of literals under which the cohort is met (or, if not `held`, is not)."""
    if cohort.everyone:
        if held:
            yield ()
        return
    if cohort.not_ is not None:
        yield from _paths(cohort.not_, not held, rng)
        return
    leaf = cohort.where or cohort.at_least
    if leaf is not None:
        yield (Literal(leaf, held),)
        return
    together = (cohort.all is not None) == held
    children = cohort.children()
    if not together:
        order = [children[place] for place in rng.permutation(len(children))]
        parts = [_paths(child, held, rng) for child in order]
        # In turn, so that a branch with many ways does not stand before all others.
        while parts:
            for part in list(parts):
                path = next(part, None)
                if path is None:
                    parts.remove(part)
                else:
                    yield path
        return
    yield from _crossed([list(itertools.islice(_paths(one, held, rng), 64)) for one in children])


def _crossed(parts: list[list[tuple[Literal, ...]]]) -> Iterator[tuple[Literal, ...]]:
    for chosen in itertools.product(*parts):
        yield tuple(itertools.chain.from_iterable(chosen))


def _way(
    literals: tuple[Literal, ...], single: Callable[[str], bool], choose: Choose
) -> Way | None:
    made: Way = {}
    for table in dict.fromkeys(one.table for one in literals):
        mine = [one for one in dict.fromkeys(literals) if one.table == table]
        wish = (_in_one_row if single(table) else _in_rows)(table, mine, choose)
        if wish is None:
            return None
        made[table] = wish
    return made


def _of(leaf: Leaf) -> Condition:
    return leaf.of if isinstance(leaf, AtLeast) else leaf


def _needed(leaf: Leaf) -> int:
    return leaf.n if isinstance(leaf, AtLeast) else 1


def _in_one_row(table: str, literals: list[Literal], choose: Choose) -> Wish | None:
    must, must_not = [], []
    dates: set[str] = set()
    for one in literals:
        if one.held and _needed(one.leaf) > 1:
            return None
        if one.held:
            must.append(_of(one.leaf))
        elif _needed(one.leaf) == 1:
            must_not.append(_of(one.leaf))
    row = _row(table, must, must_not, dates, choose)
    return None if row is None else Wish((row,), None)


def _in_rows(table: str, literals: list[Literal], choose: Choose) -> Wish | None:
    never = [_of(one.leaf) for one in literals if not one.held and _needed(one.leaf) == 1]
    seldom = [one.leaf for one in literals if not one.held and _needed(one.leaf) > 1]
    room = [_needed(leaf) - 1 for leaf in seldom]
    rows: list[Row] = []
    for one in literals:
        if one.held:
            row = _required(table, one.leaf, never, seldom, room, choose)
            if row is None:
                return None
            rows.append(row)
    filler = _row(table, [], [*never, *map(_of, seldom)], set(), choose)
    return Wish(tuple(rows), filler)


def _required(
    table: str,
    leaf: Leaf,
    never: list[Condition],
    seldom: list[Leaf],
    room: list[int],
    choose: Choose,
) -> Row | None:
    """A row that meets `leaf`; it meets what is seldom only where it must, while there is room."""
    close = leaf if isinstance(leaf, AtLeast) and leaf.n > 1 and leaf.date is not None else None
    date = close.date if close is not None else None
    within = close.within_days if close is not None else None
    apart: int | None = None
    forbidden = list(never)
    for place, other in enumerate(seldom):
        dates = {date} if date is not None else set()
        if _row(table, [_of(leaf)], [*forbidden, _of(other)], dates, choose) is not None:
            forbidden.append(_of(other))
            continue
        spaced = _spaced(leaf, other, date, within)
        if spaced is None:
            room[place] -= _needed(leaf)
        else:
            # Rows so far apart count as one in whatever window is looked at.
            date, apart = spaced[0], max(spaced[1], apart or 0)
            room[place] -= 1
        if room[place] < 0:
            return None
    dates = {date} if date is not None else set()
    row = _row(table, [_of(leaf)], forbidden, dates, choose)
    if row is None or (apart is not None and row.asked[str(date)] != Asked(present=True)):
        return None
    return Row(row.asked, _needed(leaf), date, within, apart)


def _spaced(
    leaf: Leaf, other: Leaf, date: str | None, within: int | None
) -> tuple[str, int] | None:
    """(date, days) by which rows of `leaf` can lie apart so that no two are in one window of
    `other`."""
    if not isinstance(other, AtLeast) or other.date is None or other.within_days is None:
        return None
    if _needed(leaf) == 1 or date not in (None, other.date):
        return None
    room = within is None or (_needed(leaf) - 1) * (other.within_days + 1) <= within
    return (other.date, other.within_days) if room else None


def _row(
    table: str,
    must: list[Condition],
    must_not: list[Condition],
    present: set[str],
    choose: Choose,
) -> Row | None:
    names = dict.fromkeys([*(one.variable for one in (*must, *must_not)), *sorted(present)])
    asked = {
        name: Asked(
            tuple(one for one in must if one.variable == name),
            tuple(one for one in must_not if one.variable == name),
            name in present,
        )
        for name in names
    }
    if any(choose(table, name, one) is None for name, one in asked.items()):
        return None
    return Row(asked)
