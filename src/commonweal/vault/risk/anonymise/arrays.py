"""Integer codes of combinations of values, without a Python loop over rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LARGEST_KEY = 1 << 62
_DENSE = 65_536
"""A table of counts of this many cells, and 16 for each key, is cheaper than a sort of the keys."""


def combine(codes: Sequence[npt.NDArray[Any]], cards: Sequence[int]) -> tuple[Ints, int]:
    """One key a row for the combination of several codes (mixed radix), and how many keys exist.

    `codes[i]` lies from 0 to `cards[i]` - 1. Where the product of the cards would not fit into 62
    bits the keys so far are numbered anew, so that any number of columns can be combined. Keys
    keep the order of the codes, the first most significant.
    """
    key = np.zeros(len(codes[0]) if codes else 0, dtype=np.int64)
    size = 1
    for column, card in zip(codes, cards, strict=True):
        if size * card >= _LARGEST_KEY:
            found, key = np.unique(key, return_inverse=True)
            size = max(len(found), 1)
        key = key * card + column
        size *= card
    return key, size


def dense(key: Ints, size: int) -> tuple[Ints, int]:
    """The keys as they are where a table of them is small, else numbered from 0 in their order."""
    if size <= _DENSE + 16 * len(key):
        return key, size
    found, numbered = np.unique(key, return_inverse=True)
    return numbered.astype(np.int64, copy=False), len(found)


def count(key: Ints, size: int, weights: Ints | None = None) -> Ints:
    """How often each key from 0 to `size` - 1 occurs, or the sum of its weights; exact to 2**53."""
    if weights is None:
        return np.bincount(key, minlength=size).astype(np.int64, copy=False)
    return np.bincount(key, weights=weights, minlength=size).astype(np.int64)


def distinct_per(key: Ints, size: int, of: Ints, card: int) -> Ints:
    """For each key how many different codes `of` occur with it."""
    pairs, _ = combine([key, of], [size, card])
    first = np.unique(pairs, return_index=True)[1]
    return count(key[first], size)
