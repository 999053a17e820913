"""Asking a model what it says of people's rows, and whether what it says means anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models import attacks, figures, linear
from commonweal.airlock.models.attacks import Said
from commonweal.airlock.models.detecting import Kind
from commonweal.airlock.models.examples import Examples, fed_names, text
from commonweal.airlock.models.running import Bench
from commonweal.foundation.errors import Fault
from commonweal.papers.model_recipe import Feature, ModelRecipe

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Teller:
    """Asks a model of one kind, fed by one recipe."""

    bench: Bench
    kind: Kind
    recipe: ModelRecipe

    def said(self, file: Path, *of: Examples) -> list[Said]:
        """What the model says of some rows, asked once for all of them. Raises `Fault`."""
        classes = len(self.recipe.target.classes)
        if self.kind == "safetensors":
            raise Fault("CW-MODEL-RUN", "A file of weights alone cannot be run.")
        fed = np.concatenate([one.fed for one in of])
        if self.kind == "coefficients":
            told, values = self.bench.describe(file, self.kind, 1_000_000)
            rest = linear.said_by(told, values, fed, fed_names(self.recipe), classes)
        else:
            names = [text(one) for one in self.recipe.target.classes]
            rest = self.bench.predict(file, fed, fed_names(self.recipe), names)
        parts = np.split(rest, np.cumsum([len(one.fed) for one in of])[:-1])
        return [Said(one, part, classes) for one, part in zip(of, parts, strict=True)]

    def apart(self, file: Path, *said: Said) -> float:
        """The most by which another model says something else of the same rows.

        Where one of them says a number and the other none, that is without end.
        """
        others = self.said(file, *(one.of for one in said))
        wide = max(1, said[0].classes)
        scale = 1.0 if said[0].classes else float(np.nanstd(said[0].of.outcome)) or 1.0
        pairs = zip(others, said, strict=True)
        return max(most_apart(a.rest[:, :wide], b.rest[:, :wide]) for a, b in pairs) / scale

    def guessed(
        self, file: Path, of: tuple[Examples, Examples], at: int, hidden: Feature
    ) -> list[npt.NDArray[np.bool_]]:
        """For members and for others: whether the hidden level of each person is guessed right.

        One row of each person, put to the model with each level in turn. How common a level is, is
        known from the members.
        """
        levels, end = len(hidden.levels), at + hidden.width
        ones = np.eye(levels) if hidden.as_ == "one_of" else np.arange(levels)[:, None]
        first = [np.unique(one.person, return_index=True)[1] for one in of]
        truths = [_level(one.fed[:, at:end]) for one in of]
        prior = np.bincount(truths[0][truths[0] >= 0], minlength=levels) / len(truths[0])
        tries = []
        for one, rows in zip(of, first, strict=True):
            for level in ones:
                put = one.fed[rows].copy()
                put[:, at:end] = level
                people = len(rows)
                tries.append(Examples(put, one.outcome[rows], np.arange(people), people, one.codes))
        said = self.said(file, *tries)
        halves = (said[:levels], said[levels:])
        return [
            np.asarray(attacks.guess_hidden(half, prior) == truth[rows], bool)
            for half, truth, rows in zip(halves, truths, first, strict=True)
        ]


def most_apart(one: Array, other: Array) -> float:
    """The largest difference of two answers; without end where only one of them is a number."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        away = np.where(same, 0.0, np.abs(one - other))
    return float(np.where(np.isnan(away), np.inf, away).max(initial=0.0))


def _level(fed: Array) -> npt.NDArray[np.int64]:
    """The place of each row's level; -1 for a row with none."""
    if fed.shape[1] == 1:
        return np.asarray(fed[:, 0], np.int64)
    return np.where(fed.any(axis=1), np.argmax(fed, axis=1), -1)


def says_something(said: Said, confidence: float) -> bool:
    """Whether the model, as it is fed, foretells the outcome better than chance.

    An attack on a model that is fed with what it does not know would find nothing, and mean
    nothing. One row of each person is looked at.
    """
    first = np.unique(said.of.person, return_index=True)[1]
    truth = said.of.outcome[first]
    if not said.classes:
        from scipy.stats import spearmanr

        told = np.nan_to_num(said.rest[first, 0])
        if len(np.unique(told)) < 2 or len(np.unique(truth)) < 2 or len(truth) < 5:
            return False
        return bool(spearmanr(told, truth).statistic > 2.6 / np.sqrt(len(truth) - 3))
    for number in range(said.classes):
        is_so = truth == number
        if min(is_so.sum(), (~is_so).sum()) < 2:
            continue
        chances = said.chances[first, number]
        # Scores of some kinds of models fall with the chance: they say as much.
        found = figures.area(chances[is_so], chances[~is_so], confidence)
        if found.low > 0.5 or found.high < 0.5:
            return True
    return False
