"""Events: how many of those that are known of a target does a record have?

Dates that were moved are compared under every shift of whole weeks, the same for all of a person's
dates: two events keep the days between them, and a weekday stays a weekday (S16).
"""

from __future__ import annotations

import math

import numpy as np

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.puzzle import UNSAID, Floats, Happening, chunks, spread

WEEK = 7
MATCH = 0.9
"""The chance, as attackers see it, that an event they know of is in the person's record."""
_CELLS = 4_000_000


def agreeing(one: Happening, targets: Ints, people: Ints, within: int) -> Ints:
    """For each pair of target and person, how many of the known events are in the record."""
    found = np.zeros(len(targets), dtype=np.int64)
    lengths = one.offsets[people + 1] - one.offsets[people]
    shifts = 1 if one.weeks is None else 2 * one.weeks + 1
    for part in chunks(lengths + shifts, _CELLS):
        known = one.known[targets[part]]
        owner, place = spread(one.offsets[people[part]], lengths[part])
        counts = np.zeros((len(known), shifts), dtype=np.int8)
        for event in range(known.shape[1]):
            said = known[:, event] != UNSAID
            away = one.released[place] - np.where(said, known[:, event], 0)[owner]
            hits = np.zeros((len(known), shifts), dtype=np.bool_)
            if one.weeks is None:
                hits[owner[np.abs(away) <= within], 0] = True
            else:
                _mark(hits, owner, away, within, one.weeks)
            counts += hits & said[:, None]
        found[part] = counts.max(axis=1)
    return found


def _mark(hits: np.ndarray, owner: Ints, away: Ints, within: int, weeks: int) -> None:
    """Mark each shift, in weeks, by which a date lies no further than `within` days away."""
    low = np.maximum(-((within - away) // WEEK), -weeks)
    high = np.minimum((away + within) // WEEK, weeks)
    for step in range(2 * within // WEEK + 1):
        right = low + step <= high
        hits[owner[right], (low + step)[right] + weeks] = True


def gains(one: Happening, people: int, seed: np.random.Generator, draws: int) -> Floats:
    """What a record gains by having so many of the known events: gains[known][found], in nats.

    The logarithm of how much likelier that is of the person than of somebody at random, which is
    counted in pairs drawn at random.
    """
    events = one.known.shape[1]
    table = np.zeros((events + 1, events + 1))
    told = one.told
    able = np.flatnonzero(told)
    if not len(able) or not people:
        return table
    targets = able[seed.integers(0, len(able), draws)]
    others = seed.integers(0, people, draws)
    found = agreeing(one, targets, others, one.within)
    for known in range(1, events + 1):
        seen = np.bincount(found[told[targets] == known], minlength=known + 1)[: known + 1]
        by_chance = (seen + 0.5) / (seen.sum() + 0.5 * (known + 1))
        if not seen.sum():
            continue
        places = np.arange(known + 1)
        ways = np.array([math.comb(known, int(place)) for place in places], dtype=np.float64)
        same = ways * MATCH**places * (1 - MATCH) ** (known - places)
        table[known, : known + 1] = np.log(same / by_chance)
    return table
