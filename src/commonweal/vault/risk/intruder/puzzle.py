"""What an attacker has before them: a release in numbers, and what is known of each target.

Nobody's name is here, and no value: only numbers that are equal where the shown values are. Which
record is whose is not here either; the attacks cannot look it up (`scoring` can).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commonweal.vault.risk.coding import Ints, combine

UNKNOWN = -1
"""Of a fact: the attacker does not know it. 0 is a value that is missing or left out."""
UNSAID = np.iinfo(np.int64).min
"""Of a happening: one known event fewer."""
NOBODY = -1

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fact:
    """One detail of which each person has one value.

    `released`: a number below `size` for each person of the release, 0 where it is missing.
    `known`: the same for each target, `UNKNOWN` where nothing is known. `ordered`: whether numbers
    beside each other mean values beside each other; then up to `near` numbers away is near.
    """

    name: str
    released: Ints
    known: Ints
    size: int
    ordered: bool = False
    near: int = 1


@dataclass(frozen=True)
class Happening:
    """One kind of event, of which a person may have many: days, months, or places as numbers.

    Person i has `released[offsets[i]:offsets[i + 1]]`. `known`: for each target the events known,
    `UNSAID` where there are fewer. `within`: by how much the attacker may be mistaken. `weeks`:
    by how many weeks at most all of a person's dates may have been moved; None where they were not.
    """

    name: str
    offsets: Ints
    released: Ints
    known: Ints
    within: int = 0
    weeks: int | None = None

    @property
    def told(self) -> Ints:
        """How many events are known of each target."""
        return np.asarray((self.known != UNSAID).sum(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class Puzzle:
    """`hidden`: for each target the record that is taken out before they are looked for, or
    `NOBODY`: with their own record gone, a target is like somebody who was never in the release."""

    people: int
    targets: int
    facts: tuple[Fact, ...]
    happenings: tuple[Happening, ...]
    hidden: Ints

    def __post_init__(self) -> None:
        for fact in self.facts:
            if len(fact.released) != self.people or len(fact.known) != self.targets:
                raise ValueError("a fact is not about these people")
        for one in self.happenings:
            if len(one.offsets) != self.people + 1 or len(one.known) != self.targets:
                raise ValueError("a happening is not about these people")
        if len(self.hidden) != self.targets:
            raise ValueError("not every target has its place")

    @property
    def known(self) -> Ints:
        """targets x facts."""
        columns = [fact.known for fact in self.facts]
        return np.stack(columns, axis=1) if columns else np.zeros((self.targets, 0), np.int64)

    @property
    def knows_events(self) -> Mask:
        """Of which targets any event is known."""
        told = np.zeros(self.targets, dtype=np.int64)
        for one in self.happenings:
            told += one.told
        return told > 0


@dataclass(frozen=True)
class Classes:
    """People of the release by all facts together: `codes` of each class, and its `members`,
    which are people[starts[c]:starts[c + 1]]. `of`: the class of each person."""

    codes: Ints
    of: Ints
    people: Ints
    starts: Ints

    @property
    def sizes(self) -> Ints:
        """How many people each class has."""
        return np.diff(self.starts)


def classes_of(puzzle: Puzzle) -> Classes:
    """Everybody by what is shown of them; people who look alike are told apart by nothing."""
    shown = [fact.released for fact in puzzle.facts]
    key, first = row_numbers(shown, [fact.size for fact in puzzle.facts], puzzle.people)
    count = len(first)
    people = np.argsort(key, kind="stable")
    starts = np.searchsorted(key[people], np.arange(count + 1))
    codes = np.stack([column[first] for column in shown], axis=1) if shown else None
    if codes is None:
        codes = np.zeros((count, 0), dtype=np.int64)
    return Classes(codes, key, people, starts.astype(np.int64))


def row_numbers(columns: Sequence[Ints], sizes: Sequence[int], rows: int) -> tuple[Ints, Ints]:
    """(a number from 0 for each row, the same for equal rows; the first row of each number)."""
    key, size = np.zeros(rows, dtype=np.int64), 1
    for column, width in zip(columns, sizes, strict=True):
        key, size = combine(key, size, column, width)
    _, first, dense = np.unique(key, return_index=True, return_inverse=True)
    return dense.astype(np.int64, copy=False), first.astype(np.int64)


def spread(starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """Ranges as single places: (which range, place) for each place of each range, in order."""
    owner = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    before = np.cumsum(lengths) - lengths
    place = np.arange(len(owner), dtype=np.int64) - before[owner] + starts[owner]
    return owner, place


def chunks(lengths: Ints, most: int) -> list[slice]:
    """The places of `lengths` in runs whose sums are at most `most` (or that hold one place)."""
    ends = np.cumsum(lengths)
    found: list[slice] = []
    begin = 0
    while begin < len(lengths):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + most, side="right")))
        found.append(slice(begin, end))
        begin = end
    return found
