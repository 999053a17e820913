"""Survival curves (Kaplan and Meier, JASA 1958) in steps, and the log-rank test.

The curve is computed from every time, and kept at the ends of steps only: a time of its own is one
person's. Steps are merged until enough people have an event in each, so that neither the curve nor
a median read off it shows when a few people died.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from commonweal.airlock.analysis.results import LogRank, Steps
from commonweal.airlock.analysis.rows import Codes
from commonweal.airlock.figures import Marks, Numbers

MOST_STEPS = 10**15
"""Times beyond so many steps are in the last one: it is an open one for all that anybody reads."""
_HAIR = 1e-12
"""Share of a number of steps that binary may be away from what decimals say."""


def steps_of(time: Numbers, event: Marks, width: float) -> Steps:
    """The curve of one group, in steps of `width`. Who leaves at 0 leaves in the first step."""
    times, place = np.unique(time, return_inverse=True)
    events = np.bincount(place[event], minlength=len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(time) - np.concatenate([[0], np.cumsum(leaving)[:-1]]).astype(np.int64)
    survival: Numbers = np.cumprod(1 - events / at_risk).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
    error = survival * np.sqrt(np.cumsum(terms))
    end = step_of(times, width)
    ends, first, step = np.unique(end, return_index=True, return_inverse=True)
    last = np.concatenate([first[1:], [len(times)]]).astype(np.int64) - 1 if len(times) else first
    return Steps(
        end=ends,
        at_risk=at_risk[first],
        events=np.bincount(step, events, len(ends)).astype(np.int64),
        censored=np.bincount(step, leaving - events, len(ends)).astype(np.int64),
        survival=np.asarray(survival[last], np.float64),
        error=error[last],
    )


def step_of(time: Numbers, width: float) -> Codes:
    """The number of the step that each time lies in, from 1; a step holds its end.

    A time that is a whole number of steps in decimals may be a hair more in binary (2.1 / 0.3).
    """
    with np.errstate(over="ignore"):
        steps = np.minimum(time / width, MOST_STEPS)
    whole = np.rint(steps)
    near = np.abs(steps - whole) <= _HAIR * np.maximum(whole, 1)
    found: Codes = np.maximum(np.where(near, whole, np.ceil(steps)), 1).astype(np.int64)
    return found


@dataclass(frozen=True)
class Merged:
    """A curve that can be shown. `open_end`: its last step runs to an end that is not told, because
    few people are in the rest. `remaining`: people at risk when the curve stops."""

    steps: Steps
    open_end: bool
    remaining: int

    def median(self) -> int | None:
        """The end of the first step at which half or less are left; None where there is none."""
        below = np.flatnonzero(self.steps.survival <= 0.5)
        if not len(below) or (self.open_end and below[0] == len(self.steps.end) - 1):
            return None
        return int(self.steps.end[below[0]])


def merged(steps: Steps, fewest: int) -> Merged | None:
    """Steps with `fewest` people with an event in each, and 0 or `fewest` who were censored.

    Whoever stays at risk after the last is not shown any further; a rest of fewer than `fewest` is
    taken into the last step. None where no step can be shown.
    """
    groups = _closed(steps, fewest)
    stop = groups[-1][1] if groups else 0
    rest = int(steps.at_risk[stop]) if stop < len(steps.end) else 0
    if not groups:
        return None
    open_end = 0 < rest < fewest
    if open_end:
        groups[-1] = (groups[-1][0], len(steps.end))
        while not _enough(steps, groups[-1], fewest):
            if len(groups) == 1:
                return None
            _, end = groups.pop()
            groups[-1] = (groups[-1][0], end)
        rest = 0
    first, last = (np.array(one, np.int64) for one in zip(*groups, strict=True))
    return Merged(
        Steps(
            end=steps.end[last - 1],
            at_risk=steps.at_risk[first],
            events=np.array([steps.events[a:b].sum() for a, b in groups], np.int64),
            censored=np.array([steps.censored[a:b].sum() for a, b in groups], np.int64),
            survival=steps.survival[last - 1],
            error=steps.error[last - 1],
        ),
        open_end,
        rest,
    )


def _closed(steps: Steps, fewest: int) -> list[tuple[int, int]]:
    """Runs of steps from the first on, each closed as soon as enough people left in it."""
    groups: list[tuple[int, int]] = []
    start = 0
    for place in range(len(steps.end)):
        if _enough(steps, (start, place + 1), fewest):
            groups.append((start, place + 1))
            start = place + 1
    return groups


def _enough(steps: Steps, run: tuple[int, int], fewest: int) -> bool:
    events, censored = (int(one[slice(*run)].sum()) for one in (steps.events, steps.censored))
    return events >= fewest and (censored == 0 or censored >= fewest)


def log_rank(time: Numbers, event: Marks, group: Codes, groups: int) -> LogRank | None:
    """The log-rank test over `groups` groups. None where there is nothing to compare.

    Observed less expected events of each group, with the covariance of the hypergeometric
    distribution, over all times with events (Peto and Peto, JRSS A 1972).
    """
    times, place = np.unique(time, return_inverse=True)
    if groups < 2 or not event.any():
        return None
    shape = (len(times), groups)
    leaving = np.zeros(shape)
    np.add.at(leaving, (place, group), 1)
    dying = np.zeros(shape)
    np.add.at(dying, (place[event], group[event]), 1)
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    all_at_risk, all_dying = at_risk.sum(1), dying.sum(1)
    share = at_risk / all_at_risk[:, None]
    excess = (dying - share * all_dying[:, None]).sum(0)
    factor = all_dying * np.where(
        all_at_risk > 1, (all_at_risk - all_dying) / np.maximum(all_at_risk - 1, 1), 0.0
    )
    covariance = np.diag((share * factor[:, None]).sum(0)) - share.T @ (share * factor[:, None])
    inner = covariance[1:, 1:]
    if np.linalg.matrix_rank(inner) < groups - 1:
        return None
    statistic = float(excess[1:] @ np.linalg.solve(inner, excess[1:]))
    return LogRank(statistic, groups - 1, float(stats.chi2.sf(statistic, groups - 1)))
