"""How much it says that a detail agrees: the weights of Fellegi and Sunter (1969).

A detail is equal, near (a value beside it, in order) or far. How often each happens by chance
follows from the release's own shares, so a rare value says more. How often it happens for the right
person is estimated from what the attacker has, without knowing who is who (expectation and
maximisation).
The attacker takes each target to be in the release: nobody is harder to hide from (prosecutor).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.vault.risk.intruder.puzzle import UNKNOWN, Classes, Fact, Floats, Puzzle

ROUNDS = 5
LEARN_FROM = 200
_LEARN_CELLS = 4_000_000
_CELLS = 500_000
_EQUAL, _NEAR, _FAR = range(3)
_ORDERED = np.array([0.90, 0.07, 0.03])
_OTHER = np.array([0.95, 0.0, 0.05])
_WEIGHT = 20.0
"""How many people's worth the first guess counts beside what is learned."""


@dataclass(frozen=True)
class Weights:
    """By fact: the weight of an equal, a near and a far value for each target, in nats."""

    levels: tuple[Floats, ...]

    def scores(self, puzzle: Puzzle, classes: Classes, part: slice) -> Floats:
        """Weights of some targets (rows) for every class (columns)."""
        total = np.zeros((part.stop - part.start, len(classes.codes)))
        for place, fact in enumerate(puzzle.facts):
            table = _by_value(fact, fact.known[part], self.levels[place][:, part])
            total += np.take(table, classes.codes[:, place], axis=1)
        return total


def _by_value(fact: Fact, known: np.ndarray, levels: Floats) -> Floats:
    """What each value of a fact would say: targets x values."""
    rows = np.arange(len(known))
    table = np.repeat(levels[_FAR][:, None], fact.size, axis=1)
    if fact.ordered:
        for step in (*range(-fact.near, 0), *range(1, fact.near + 1)):
            beside = known + step
            there = (known > 0) & (beside > 0) & (beside < fact.size)
            table[rows[there], beside[there]] = levels[_NEAR][there]
    said = known != UNKNOWN
    table[rows[said], known[said]] = levels[_EQUAL][said]
    table[~said] = 0.0
    return table


def learned(puzzle: Puzzle, classes: Classes) -> Weights:
    """The weights after a few rounds of learning."""
    chance = [_by_chance(fact, puzzle.people) for fact in puzzle.facts]
    first = [_ORDERED if fact.ordered else _OTHER for fact in puzzle.facts]
    belief = list(first)
    most = max(1, _LEARN_CELLS // max(1, len(classes.codes)))
    used = min(puzzle.targets, LEARN_FROM, most)
    for _ in range(ROUNDS if puzzle.facts else 0):
        counts = _expected(puzzle, classes, _weights(puzzle, chance, belief), used)
        belief = [
            (seen + _WEIGHT * prior) / (seen.sum() + _WEIGHT)
            for seen, prior in zip(counts, first, strict=True)
        ]
    return _weights(puzzle, chance, belief)


def _by_chance(fact: Fact, people: int) -> Floats:
    """For each target, how often somebody at random is equal, near and far."""
    shares = (np.bincount(fact.released, minlength=fact.size) + 0.5) / (people + 0.5 * fact.size)
    beside = np.zeros(fact.size)
    if fact.ordered:
        for step in range(1, min(fact.near, fact.size - 2) + 1):
            beside[1:-step] += shares[1 + step :]
            beside[1 + step :] += shares[1:-step]
    known = np.maximum(fact.known, 0)
    equal, near = shares[known], np.where(known > 0, beside[known], 0.0)
    near = np.minimum(near, 1.0 - equal)
    return np.stack([equal, near, np.maximum(1.0 - equal - near, 0.5 / people)])


def _weights(puzzle: Puzzle, chance: list[Floats], belief: list[Floats]) -> Weights:
    levels = []
    for fact, by_chance, same in zip(puzzle.facts, chance, belief, strict=True):
        made = np.log(np.maximum(same, 1e-6)[:, None] / np.maximum(by_chance, 1e-9))
        if not fact.ordered:
            made[_NEAR] = made[_FAR]
        levels.append(made)
    return Weights(tuple(levels))


def _expected(puzzle: Puzzle, classes: Classes, weights: Weights, used: int) -> list[Floats]:
    """How often each level is expected among right matches."""
    counts = [np.zeros(3) for _ in puzzle.facts]
    step = max(1, _CELLS // max(1, len(classes.codes)))
    logs = np.log(classes.sizes)
    for begin in range(0, used, step):
        part = slice(begin, min(begin + step, used))
        chance = posterior(weights.scores(puzzle, classes, part), logs, puzzle, classes, part)
        for place, fact in enumerate(puzzle.facts):
            known = fact.known[part][:, None]
            shown = classes.codes[:, place][None, :]
            equal = float(chance[shown == known].sum())
            near = 0.0
            if fact.ordered:
                away = np.abs(shown - known)
                beside = (away > 0) & (away <= fact.near) & (shown > 0) & (known > 0)
                near = float(chance[beside].sum())
            said = float(chance[fact.known[part] != UNKNOWN].sum())
            counts[place] += np.array([equal, near, max(0.0, said - equal - near)])
    return counts


def posterior(
    scores: Floats, logs: Floats, puzzle: Puzzle, classes: Classes, part: slice
) -> Floats:
    """The chance that a target is one of the people of a class: targets x classes."""
    likely = scores + logs
    correct_hidden(likely, scores, puzzle, classes, part)
    top = likely.max(axis=1, keepdims=True)
    np.exp(likely - np.where(np.isfinite(top), top, 0.0), out=likely)
    return np.asarray(likely / np.maximum(likely.sum(axis=1, keepdims=True), 1e-300))


def correct_hidden(
    likely: Floats, scores: Floats, puzzle: Puzzle, classes: Classes, part: slice
) -> None:
    """Take each hidden record out of the weight (score and ln size) of its class."""
    hidden = puzzle.hidden[part]
    rows = np.flatnonzero(hidden >= 0)
    columns = classes.of[hidden[rows]]
    with np.errstate(divide="ignore"):
        left = np.log(classes.sizes[columns] - 1.0)
    likely[rows, columns] = scores[rows, columns] + left
