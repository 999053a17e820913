"""Counting people in every figure of a cube at once, each with the key of who is behind it.

A person's key is 128 secret bits; a figure's key is the exclusive or of its people's keys, so two
figures have the same key where the same people are behind them, and one person more or less gives
a key that has nothing to do with the one before (the cell key method of the Australian Bureau of
Statistics; Fraser and Wooton, 2005). People with the same pattern of categories are put together
first, so the work after that hangs on patterns and not on people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Belongs = npt.NDArray[np.bool_]
"""(people, categories): who is in which category of one dimension."""
Keys = npt.NDArray[np.uint64]
"""(people, 2): 128 bits a person."""


@dataclass(frozen=True)
class Counted:
    """Every figure: its categories (None: not asked), its people and its key."""

    at: tuple[tuple[int | None, ...], ...]
    count: npt.NDArray[np.int64]
    key: Keys


@dataclass(frozen=True)
class _Patterns:
    """People with the same categories, as one. `belongs`: by dimension, (patterns, categories)."""

    belongs: tuple[Belongs, ...]
    count: npt.NDArray[np.int64]
    key: Keys


def first_few(belongs: Belongs, at_most: int) -> Belongs:
    """Each person in `at_most` categories, the first that they are in."""
    return belongs & (np.cumsum(belongs, axis=1) <= at_most)


def count_cells(keys: Keys, dimensions: Sequence[Belongs]) -> Counted:
    """All figures over `dimensions`, those without a dimension first."""
    patterns = _patterns(keys, dimensions)
    at: list[tuple[int | None, ...]] = []
    counts: list[int] = []
    found: list[Keys] = []

    def go_on(before: tuple[int | None, ...], chosen: npt.NDArray[np.int64]) -> None:
        if len(before) == len(patterns.belongs):
            at.append(before)
            counts.append(int(patterns.count[chosen].sum()))
            found.append(np.bitwise_xor.reduce(patterns.key[chosen], axis=0))
            return
        go_on((*before, None), chosen)
        belongs = patterns.belongs[len(before)]
        for place in range(belongs.shape[1]):
            go_on((*before, place), chosen[belongs[chosen, place]])

    go_on((), np.arange(len(patterns.count)))
    return Counted(tuple(at), np.array(counts, np.int64), np.stack(found))


def _patterns(keys: Keys, dimensions: Sequence[Belongs]) -> _Patterns:
    people = len(keys)
    if not people:
        nobody = tuple(np.zeros((0, one.shape[1]), np.bool_) for one in dimensions)
        return _Patterns(nobody, np.zeros(0, np.int64), np.zeros((0, 2), np.uint64))
    which = np.zeros(people, np.int64)
    for belongs in dimensions:
        bits = belongs @ (np.int64(1) << np.arange(belongs.shape[1], dtype=np.int64))
        _, mine = np.unique(bits, return_inverse=True)
        # Numbered anew after each dimension, so that numbers stay below the number of people.
        _, which = np.unique(which * (int(mine.max()) + 1) + mine, return_inverse=True)
    order = np.argsort(which, kind="stable")
    starts = np.flatnonzero(np.diff(which[order], prepend=-1))
    together = np.bitwise_xor.reduceat(keys[order], starts, axis=0)
    first = order[starts]
    return _Patterns(tuple(one[first] for one in dimensions), np.bincount(which), together)
