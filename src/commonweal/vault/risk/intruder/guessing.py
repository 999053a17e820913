"""Singling out, linkability and inference, each beside a control group (Giomi and others, 2022).

The same guesses are made about people who are in the release and about people who are not. What
succeeds with both is knowledge about people in general; what the release gives away about the
people in it is the difference, `excess`. Written from the paper for releases of real records, in
which many may look alike: where several records are equally near, one is taken by chance (linking)
or the commonest value among them (inference).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.intervals import Share, band, even, excess, wilson
from commonweal.vault.risk.intruder.puzzle import (
    NOBODY,
    UNKNOWN,
    Classes,
    Fact,
    Floats,
    Mask,
    Puzzle,
    classes_of,
    spread,
)

GUESSES = 499
LEAST_TARGETS = 199
MOST_TARGETS = 1_999
MOST_CELLS = 40_000_000
TOLERANCE = 0.05
"""A guessed number is right within a twentieth of the true one."""
_CELLS_AT_ONCE = 1_000_000
_OPEN = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Guesses:
    """How many guesses were right, about people in the release and about the control group.

    Told in bands of five (S15).
    """

    tries: int
    right: int
    control_tries: int
    control_right: int

    @property
    def attack(self) -> Share:
        """Right guesses about people in the release."""
        return wilson(*band(self.right, self.tries), self.tries)

    @property
    def control(self) -> Share:
        """Right guesses about people who are not."""
        return wilson(*band(self.control_right, self.control_tries), self.control_tries)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "tries": self.tries,
            "right": list(band(self.right, self.tries)),
            "attack": self.attack.plain(),
            "control": {
                "tries": self.control_tries,
                "right": list(band(self.control_right, self.control_tries)),
                **self.control.plain(),
            },
            "excess": excess(self.attack, self.control).plain(),
        }


# --- singling out -------------------------------------------------------------------------
def single_out(puzzle: Puzzle, control: Mask, seed: int, *, several: bool) -> Guesses | None:
    """Statements that fit one record of the release alone: do they fit one person alone?

    `several`: statements about several facts at once, made from records drawn by chance; else
    about one. A try for which no such statement is found is not right. Tried on equally many
    people of both groups. None where there is nothing to say or no control group.
    """
    sides = [np.flatnonzero(~control), np.flatnonzero(control)]
    size = min(len(side) for side in sides)
    if not size or len(puzzle.facts) < (2 if several else 1):
        return None
    chance = np.random.default_rng([seed, int(several)])
    classes = classes_of(puzzle)
    make = _of_several if several else _of_one
    lows, highs = make(puzzle, classes, chance)
    alone = _fitting(classes.codes, classes.sizes, lows, highs) == 1
    lows, highs = lows[alone][:GUESSES], highs[alone][:GUESSES]
    known = puzzle.known
    right = [
        int((_fitting(known[side[:size]], np.ones(size, np.int64), lows, highs) == 1).sum())
        for side in sides
    ]
    return Guesses(GUESSES, right[0], GUESSES, right[1])


def _of_one(puzzle: Puzzle, classes: Classes, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """Statements about one fact: a value, or for what has an order an end of it."""
    lows, highs = [], []
    width = len(puzzle.facts)
    for place, fact in enumerate(puzzle.facts):
        shown = np.unique(classes.codes[:, place])
        held = shown[shown > 0]
        bounds = [np.stack([shown, shown], axis=1)]
        if fact.ordered and len(held):
            ends = [[1, held[0]], [held[-1], fact.size - 1]]
            bounds.append(np.array(ends, dtype=np.int64))
        found = np.unique(np.concatenate(bounds), axis=0)
        low = np.full((len(found), width), UNKNOWN, dtype=np.int64)
        high = np.full((len(found), width), _OPEN, dtype=np.int64)
        low[:, place], high[:, place] = found[:, 0], found[:, 1]
        lows.append(low)
        highs.append(high)
    order = chance.permutation(sum(len(low) for low in lows))
    return np.concatenate(lows)[order], np.concatenate(highs)[order]


def _of_several(puzzle: Puzzle, classes: Classes, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """Statements about two facts or more of a record: its value, or its side of the middle."""
    width = len(puzzle.facts)
    records = classes.of[chance.integers(0, puzzle.people, GUESSES)]
    codes = classes.codes[records]
    # Each fact is used where its random number is among the smallest of its row.
    drawn = np.argsort(np.argsort(chance.random((GUESSES, width)), axis=1), axis=1)
    used = drawn < chance.integers(2, width + 1, GUESSES)[:, None]
    lows, highs = codes.copy(), codes.copy()
    for place, fact in enumerate(puzzle.facts):
        if not fact.ordered:
            continue
        middle = np.median(fact.released[fact.released > 0]) if (fact.released > 0).any() else 0
        held = codes[:, place] > 0
        below = held & (codes[:, place] <= middle)
        lows[below, place] = 1
        highs[held & ~below, place] = fact.size - 1
    return np.where(used, lows, UNKNOWN), np.where(used, highs, _OPEN)


def _fitting(codes: Ints, sizes: Ints, lows: Ints, highs: Ints) -> Ints:
    """How many people each statement fits."""
    found = np.zeros(len(lows), dtype=np.int64)
    step = max(1, _CELLS_AT_ONCE // max(1, len(codes)))
    for begin in range(0, len(lows), step):
        part = slice(begin, begin + step)
        fits = np.ones((len(lows[part]), len(codes)), dtype=np.bool_)
        for place in range(codes.shape[1]):
            column = codes[:, place][None, :]
            fits &= (column >= lows[part, place][:, None]) & (column <= highs[part, place][:, None])
        found[part] = fits @ sizes
    return found


# --- linkability --------------------------------------------------------------------------
def link_two(puzzle: Puzzle, control: Mask, seed: int) -> tuple[Guesses, tuple[str, ...]] | None:
    """Two sources hold different facts of a person: does the release join them?

    The first holds the first half of the facts, the second the rest. Right where the records
    nearest to both are one and the same. Also gives the names of the facts of the first.
    """
    if len(puzzle.facts) < 2:
        return None
    half = (len(puzzle.facts) + 1) // 2
    parts = (puzzle.facts[:half], puzzle.facts[half:])
    chance = np.random.default_rng([seed, 2])
    asked = _asked(puzzle, control)
    nearest = [_one_nearest(puzzle, facts, asked, chance) for facts in parts]
    right = (nearest[0] == nearest[1]) & (nearest[0] != NOBODY)
    return _counted(right, control[asked]), tuple(fact.name for fact in parts[0])


def _asked(puzzle: Puzzle, control: Mask, able: Mask | None = None) -> Ints:
    """The targets of both groups about whom guesses are made: as many as the work allows.

    `able`: who can be asked about. Of both groups so many that counts fall into whole bands.
    """
    # Equal records are looked at together; so few are only asked where all could differ.
    most = max(min(MOST_TARGETS, MOST_CELLS // max(1, puzzle.people)), LEAST_TARGETS)
    there = np.ones(puzzle.targets, dtype=np.bool_) if able is None else able
    sides = [np.flatnonzero(there & ~control), np.flatnonzero(there & control)]
    return np.concatenate([side[: even(min(len(side), most))] for side in sides])


def _one_nearest(
    puzzle: Puzzle, facts: tuple[Fact, ...], asked: Ints, chance: np.random.Generator
) -> Ints:
    """One record of those nearest to each target by some facts, drawn by chance."""
    some = Puzzle(puzzle.people, puzzle.targets, facts, (), puzzle.hidden)
    classes = classes_of(some)
    drawn = chance.random(len(asked))
    found = np.full(len(asked), NOBODY, dtype=np.int64)
    for part, near, sizes in _nearest(some, classes, asked):
        counts = np.where(near, sizes, 0).cumsum(axis=1)
        place = (drawn[part] * counts[:, -1]).astype(np.int64)
        column = (counts <= place[:, None]).sum(axis=1).clip(max=len(classes.codes) - 1)
        rows = np.arange(len(column))
        within = place - (counts[rows, column] - np.where(near, sizes, 0)[rows, column])
        found[part] = _member(some, classes, asked[part], column, within)
        found[part][counts[:, -1] == 0] = NOBODY
    return found


def _member(puzzle: Puzzle, classes: Classes, targets: Ints, column: Ints, within: Ints) -> Ints:
    """The so-manieth person of a class, the target's hidden record passed over."""
    starts, ends = classes.starts[column], classes.starts[column + 1]
    hidden = puzzle.hidden[targets]
    place = np.minimum(starts + within, ends - 1)
    # People of a class stand in ascending order: from the hidden one on, one place further.
    inside = (hidden >= 0) & (classes.of[np.maximum(hidden, 0)] == column)
    past = inside & (classes.people[place] >= hidden)
    return np.asarray(classes.people[np.minimum(place + past, ends - 1)], dtype=np.int64)


def _nearest(puzzle: Puzzle, classes: Classes, asked: Ints) -> Any:
    """(places in `asked`, which classes are nearest, people in each) in parts.

    Distance is that of Gower (1971): 1 for another value, or the share of the range between two.
    """
    step = max(1, _CELLS_AT_ONCE // max(1, len(classes.codes)))
    for begin in range(0, len(asked), step):
        part = slice(begin, min(begin + step, len(asked)))
        targets = asked[part]
        sizes = np.repeat(classes.sizes[None, :], len(targets), axis=0)
        hidden = puzzle.hidden[targets]
        rows = np.flatnonzero(hidden >= 0)
        sizes[rows, classes.of[hidden[rows]]] -= 1
        far = np.zeros((len(targets), len(classes.codes)))
        for place, fact in enumerate(puzzle.facts):
            far += _gower(fact, fact.known[targets][:, None], classes.codes[:, place][None, :])
        far[sizes == 0] = np.inf
        least = far.min(axis=1, keepdims=True)
        yield part, (far <= least + 1e-9) & np.isfinite(far), sizes


def _gower(fact: Fact, known: Ints, shown: Ints) -> Floats:
    if fact.ordered:
        apart = np.abs(shown - known) / max(1, fact.size - 2)
        apart = np.where((shown > 0) & (known > 0), apart, (shown != known).astype(np.float64))
    else:
        apart = (shown != known).astype(np.float64)
    return np.asarray(np.where(known == UNKNOWN, 0.0, apart), dtype=np.float64)


# --- inference ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Secret:
    """What is to be guessed: a number below `size` for each person shown and each target, 0 where
    it is missing. `numbers`: what the numbers stand for, where that is a number."""

    name: str
    released: Ints
    true: Ints
    size: int
    numbers: Floats | None = None


def infer(puzzle: Puzzle, secret: Secret, control: Mask) -> Guesses | None:
    """The commonest secret of the nearest records, taken for the target's own.

    None where nothing is known of anybody. Targets whose secret is missing are not asked about.
    """
    if not puzzle.facts:
        return None
    asked = _asked(puzzle, control, secret.true > 0)
    classes = classes_of(puzzle)
    held = _Held.of(secret, classes)
    guess = np.zeros(len(asked), dtype=np.int64)
    for part, near, sizes in _nearest(puzzle, classes, asked):
        # The largest of the nearest classes speaks; somebody is in it, or nobody is near.
        column = np.where(near, sizes, -1).argmax(axis=1)
        found = held.commonest(column, puzzle.hidden[asked[part]])
        guess[part] = np.where(near.any(axis=1), found, 0)
    right = (guess == secret.true[asked]) & (guess > 0)
    if secret.numbers is not None:
        said, true = secret.numbers[guess], secret.numbers[secret.true[asked]]
        right |= (guess > 0) & (np.abs(said - true) <= TOLERANCE * np.abs(true))
    return _counted(right, control[asked])


@dataclass(frozen=True)
class _Held:
    """Which secrets each class holds, and how often: those of class c lie at starts[c] on."""

    secret: Secret
    classes: Classes
    values: Ints
    counts: Ints
    starts: Ints

    @classmethod
    def of(cls, secret: Secret, classes: Classes) -> _Held:
        """The secrets of all people by class."""
        there = secret.released > 0
        key = classes.of[there] * secret.size + secret.released[there]
        pairs, counts = np.unique(key, return_counts=True)
        places = np.arange(len(classes.codes) + 1)
        starts = np.searchsorted(pairs // secret.size, places).astype(np.int64)
        return cls(secret, classes, pairs % secret.size, counts.astype(np.int64), starts)

    def commonest(self, column: Ints, hidden: Ints) -> Ints:
        """The commonest secret of each class (the last of several), 0 where it has none."""
        lengths = self.starts[column + 1] - self.starts[column]
        owner, place = spread(self.starts[column], lengths)
        values, counts = self.values[place], self.counts[place]
        gone = np.where(
            (hidden >= 0) & (self.classes.of[hidden] == column), self.secret.released[hidden], -1
        )
        counts = counts - (values == gone[owner])
        order = np.lexsort((values, counts, owner))
        last = order[np.flatnonzero(np.diff(owner[order], append=-1))]
        found = np.zeros(len(column), dtype=np.int64)
        found[owner[last]] = np.where(counts[last] > 0, values[last], 0)
        return found


def _counted(right: Mask, control: Mask) -> Guesses:
    return Guesses(
        int((~control).sum()),
        int((right & ~control).sum()),
        int(control.sum()),
        int((right & control).sum()),
    )
