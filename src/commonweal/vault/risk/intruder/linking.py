"""Two ways to look for a person in a release: everything must fit, or the nearest is taken.

`link_exact`: all that is known must be shown exactly so, and one record alone may fit.
`link_nearest`: what agrees is weighed (`agreement`), and a record is claimed where it is likelier
than not to be the right one: likelier than all others together.

Both give for each target the record claimed, or `NOBODY`. People who look alike in all facts are
looked at together, so a release of many people in few classes costs little. The work is limited by
counts, never by a clock, so that the same question has the same answer: where it is too much,
fewer targets are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.agreement import Weights, correct_hidden, learned
from commonweal.vault.risk.intruder.happenings import agreeing, gains
from commonweal.vault.risk.intruder.puzzle import (
    NOBODY,
    UNKNOWN,
    Classes,
    Floats,
    Mask,
    Puzzle,
    chunks,
    classes_of,
    row_numbers,
    spread,
)

MOST_PAIRS = 40_000_000
MOST_CELLS = 100_000_000
CLAIM_ABOVE = 0.5
_PAIRS_AT_ONCE = 1_000_000
_CELLS_AT_ONCE = 500_000
_DRAWS = 20_000
_PAIR = 2
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Links:
    """The record claimed for each of the first `tries` targets, or `NOBODY`."""

    claims: Ints

    @property
    def tries(self) -> int:
        """How many targets were looked for."""
        return len(self.claims)


# --- everything must fit ------------------------------------------------------------------
def link_exact(puzzle: Puzzle) -> Links:
    """Claim the only record that shows all that is known, where there is exactly one."""
    candidates = _fitting(puzzle, classes_of(puzzle))
    events = puzzle.knows_events
    tries = _affordable(np.where(events, candidates.counts, 0), MOST_PAIRS)
    # Without events, more than a record beside the hidden one is already too many.
    wanted = np.where(events, candidates.counts, candidates.counts.clip(max=3))[:tries]
    claims = np.full(tries, NOBODY, dtype=np.int64)
    for part in chunks(wanted, _PAIRS_AT_ONCE):
        owner, people = candidates.pairs(part, wanted[part])
        targets = owner + part.start
        fits = people != puzzle.hidden[targets]
        for one in puzzle.happenings:
            fits &= agreeing(one, targets, people, 0) == one.told[targets]
        claims[part] = _only(owner[fits], people[fits], part.stop - part.start)
    return Links(claims)


def _only(owner: Ints, people: Ints, targets: int) -> Ints:
    """The person of each owner that has exactly one."""
    claims = np.full(targets, NOBODY, dtype=np.int64)
    claims[owner] = people
    claims[np.bincount(owner, minlength=targets) != 1] = NOBODY
    return claims


@dataclass(frozen=True)
class _Fitting:
    """Who fits each target's facts: a range of one of several orders of all people."""

    orders: Ints
    which: Ints
    starts: Ints
    counts: Ints

    def pairs(self, part: slice, wanted: Ints) -> tuple[Ints, Ints]:
        """(target counted from the start of `part`, person) for the first `wanted` who fit."""
        owner, place = spread(self.starts[part], wanted)
        return owner, self.orders[self.which[part][owner], place]


def _fitting(puzzle: Puzzle, classes: Classes) -> _Fitting:
    known = puzzle.known
    patterns, which = np.unique(known != UNKNOWN, axis=0, return_inverse=True)
    which = which.reshape(-1).astype(np.int64)
    starts = np.zeros(puzzle.targets, dtype=np.int64)
    counts = np.zeros(puzzle.targets, dtype=np.int64)
    orders = []
    for number, pattern in enumerate(patterns):
        mine = np.flatnonzero(which == number)
        facts = np.flatnonzero(pattern)
        both = np.concatenate([classes.codes[:, facts], known[np.ix_(mine, facts)]])
        sizes = [puzzle.facts[fact].size for fact in facts]
        key, _ = row_numbers(list(both.T), sizes, len(both))
        of_class, of_target = key[: len(classes.codes)], key[len(classes.codes) :]
        of_person = of_class[classes.of]
        order = np.argsort(of_person, kind="stable")
        inside = of_person[order]
        starts[mine] = np.searchsorted(inside, of_target, side="left")
        counts[mine] = np.searchsorted(inside, of_target, side="right") - starts[mine]
        orders.append(order)
    return _Fitting(np.stack(orders), which, starts, counts)


def _affordable(costs: Ints, most: int) -> int:
    """How many targets, from the first, cost at most `most` together."""
    return int(np.searchsorted(np.cumsum(costs), most, side="right"))


# --- the nearest --------------------------------------------------------------------------
def link_nearest(puzzle: Puzzle, seed: int) -> Links:
    """Claim the record that is likelier than not to be the target's, where there is one.

    `seed`: for the pairs drawn to see how often events agree by chance.
    """
    classes = classes_of(puzzle)
    width = max(1, len(classes.codes))
    tries = min(puzzle.targets, MOST_CELLS // width)
    drawn = np.random.default_rng(seed)
    tables = [gains(one, puzzle.people, drawn, _DRAWS) for one in puzzle.happenings]
    search = _Search(puzzle, classes, learned(puzzle, classes), tables)
    claims: list[Ints] = []
    step = max(1, _CELLS_AT_ONCE // width)
    for begin in range(0, tries, step):
        part = slice(begin, min(begin + step, tries))
        found = search.claims(part)
        claims.append(found)
        if len(found) < part.stop - part.start:
            break
    return Links(np.concatenate(claims) if claims else np.zeros(0, dtype=np.int64))


@dataclass
class _Search:
    puzzle: Puzzle
    classes: Classes
    weights: Weights
    tables: list[Floats]
    left: int = MOST_PAIRS

    def __post_init__(self) -> None:
        self.logs = np.log(self.classes.sizes)
        self.events = self.puzzle.knows_events

    def claims(self, part: slice) -> Ints:
        """The claims for some targets; fewer than asked where the work runs out."""
        scores = self.weights.scores(self.puzzle, self.classes, part)
        likely = scores + self.logs
        correct_hidden(likely, scores, self.puzzle, self.classes, part)
        # A class of which only the hidden record is left is no class.
        scores[np.isneginf(likely)] = -np.inf
        top = scores.max(axis=1, keepdims=True)
        near = (scores >= top - self._swing(part)[:, None]) & np.isfinite(scores)
        pairs = near @ self.classes.sizes
        # Without events two who are equally near leave no claim: they need not be looked at.
        hopeless = ~self.events[part] & (pairs > _PAIR)
        near[hopeless] = False
        pairs[hopeless] = 0
        enough = _affordable(pairs, self.left)
        self.left -= int(pairs[:enough].sum())
        likely[near] = -np.inf
        rest = _summed(likely)
        claims = np.full(enough, NOBODY, dtype=np.int64)
        for run in chunks(pairs[:enough], _PAIRS_AT_ONCE):
            claims[run] = self._chosen(part.start, run, scores[run], near[run], rest[run])
        return claims

    def _swing(self, part: slice) -> Floats:
        """By how much events may still change the order of two people."""
        total = np.zeros(part.stop - part.start)
        for one, table in zip(self.puzzle.happenings, self.tables, strict=True):
            lows = np.array([table[k, : k + 1].min() for k in range(len(table))])
            highs = np.array([table[k, : k + 1].max() for k in range(len(table))])
            total += (highs - lows)[one.told[part]]
        return total + _ROUNDING

    def _chosen(self, start: int, run: slice, scores: Floats, near: Mask, rest: Floats) -> Ints:
        """The record of each target that outweighs all others together, or `NOBODY`.

        `rest`: ln of the weight of all who are not looked at one by one.
        """
        rows, columns = np.nonzero(near)
        owner, place = spread(self.classes.starts[columns], self.classes.sizes[columns])
        row, people = rows[owner], self.classes.people[place]
        targets = row + start + run.start
        weight = scores[row, columns[owner]]
        for one, table in zip(self.puzzle.happenings, self.tables, strict=True):
            found = agreeing(one, targets, people, one.within)
            weight = weight + table[one.told[targets], found]
        weight[people == self.puzzle.hidden[targets]] = -np.inf
        best = np.full(len(scores), -np.inf)
        np.maximum.at(best, row, weight)
        # Nobody weighs more than the best, so the sum is taken in units of it.
        unit = np.where(np.isfinite(best), best, 0.0)
        others = np.bincount(row, np.exp(weight - unit[row]), minlength=len(scores))
        there = np.isfinite(best)
        share = there / np.where(there, others + np.exp(rest - unit), 1.0)
        first = np.full(len(scores), NOBODY, dtype=np.int64)
        leading = weight >= best[row]
        first[row[leading]] = people[leading]
        return np.where(share > CLAIM_ABOVE, first, NOBODY)


def _summed(logs: Floats) -> Floats:
    """ln of the sum of exp of each row."""
    top = logs.max(axis=1)
    unit = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(logs - unit[:, None]).sum(axis=1)) + unit)
