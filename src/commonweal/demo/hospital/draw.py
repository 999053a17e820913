"""Seeded drawing, a column at a time: the small vocabulary that the hospital is made with.

Nothing here loops over rows. Events are drawn as a Poisson process: the total is drawn once, then
each event finds its person in the running sum of the rates (superposition and splitting), so the
cost follows the number of events and not people times kinds of event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]


def zipf(size: int, exponent: float = 0.8, shift: float = 2.0) -> Floats:
    """Weights that fall like 1 / (rank + shift) ** exponent and sum to 1."""
    weights = (np.arange(size) + shift) ** -exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def pick(rng: Generator, weights: Sequence[float] | Floats, size: int) -> Ints:
    """`size` indices drawn in proportion to `weights`."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return np.asarray(np.minimum(found, len(cumulative) - 1), dtype=np.int64)


def pick_in_group(rng: Generator, weights: Floats, group: Ints) -> Ints:
    """One index for each row, by the weights of the row's group (`weights`: groups x choices)."""
    running = np.cumsum(weights, axis=1)
    running /= running[:, -1:]
    flat = (running + np.arange(len(weights))[:, None]).ravel()
    found = np.searchsorted(flat, group + rng.random(len(group)), side="right")
    return np.asarray(
        np.minimum(found - group * weights.shape[1], weights.shape[1] - 1), dtype=np.int64
    )


def ragged(counts: Ints) -> tuple[Ints, Ints]:
    """Owner and place of every item when owner i has counts[i] items, in order of owner."""
    owner = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner), dtype=np.int64) - np.repeat(starts, counts)


def ragged_take(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Owner and flat index for runs [starts[i], starts[i] + counts[i]) laid end to end."""
    owner, place = ragged(counts)
    return owner, starts[owner] + place


def happenings(rng: Generator, rate: Floats) -> Ints:
    """The people of a Poisson process: index i appears Poisson(rate[i]) times, unordered."""
    running = np.cumsum(rate)
    total = float(running[-1]) if len(running) else 0.0
    count = int(rng.poisson(total))
    if not count:
        return np.empty(0, dtype=np.int64)
    found = np.searchsorted(running, rng.random(count) * total, side="right")
    return np.minimum(found, len(rate) - 1).astype(np.int64)


def chosen(rng: Generator, probability: float | Floats, size: int) -> Flags:
    """True with the given probability, for each row."""
    return np.asarray(rng.random(size) < probability, dtype=np.bool_)


def previous_in_run(owner: Ints) -> Flags:
    """True where the row has the same owner as the row before it (rows sorted by owner)."""
    same = np.zeros(len(owner), dtype=np.bool_)
    same[1:] = owner[1:] == owner[:-1]
    return same


def coded(index: Ints, values: Sequence[str] | pa.Array, missing: Flags | None = None) -> pa.Array:
    """A dictionary-coded text column: `values[index]`, empty where `missing`."""
    if isinstance(values, pa.Array):
        dictionary = values
    else:
        # A dictionary that names a value twice is not written the same way every time.
        distinct = list(dict.fromkeys(values))
        place = np.array([distinct.index(value) for value in values], dtype=np.int64)
        index, dictionary = place[index], pa.array(distinct, pa.string())
    indices = pa.array(np.asarray(index, dtype=np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(indices, dictionary)


def texts(index: Ints, values: Sequence[str] | pa.Array, missing: Flags | None = None) -> pa.Array:
    """A plain text column: `values[index]`, empty where `missing`."""
    dictionary = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return dictionary.take(pa.array(np.asarray(index, dtype=np.int64), mask=missing))


def dates(days: Ints, missing: Flags | None = None) -> pa.Array:
    """A date column from days since 1970-01-01."""
    return pa.array(np.asarray(days, dtype=np.int32), pa.int32(), mask=missing).cast(pa.date32())


def moments(minutes: Ints, missing: Flags | None = None) -> pa.Array:
    """A timestamp column (microseconds, no zone) from minutes since 1970-01-01."""
    values = pa.array(np.asarray(minutes, dtype=np.int64) * 60_000_000, pa.int64(), mask=missing)
    return values.cast(pa.timestamp("us"))
