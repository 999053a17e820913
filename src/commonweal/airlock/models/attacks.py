"""Attacks on what a model says: who was trained on, and what was hidden of them.

Worst case: the attacker has what the model says of people of whom they know whether they were
trained on, and learns from it about the rest. Everybody is guessed by a guesser that has not seen
them (five parts, by person). LiRA: the attacker makes models like it on other people, and asks how
likely what the model says of a person is with them and without.

Sources: R. Shokri and others, IEEE Symposium on Security and Privacy 2017 (learning from what a
model says); S. Yeom and others, CSF 2018 (the loss alone); N. Carlini and others, IEEE Symposium on
Security and Privacy 2022 (LiRA).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models.examples import Examples
from commonweal.foundation.errors import Unavailable

Array = npt.NDArray[np.float64]
PARTS = 5
_SURE = 1e-6
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Said:
    """What a model says of some people's rows. chances: of each class; none where it says a number.

    rest: all that it says, one line a row.
    """

    of: Examples
    rest: Array
    classes: int

    @property
    def chances(self) -> Array:
        """A chance for each class: scores that are none are made into some."""
        first = np.nan_to_num(self.rest[:, : self.classes], posinf=1e9, neginf=-1e9)
        whole = (first >= -1e-3).all() and np.allclose(first.sum(axis=1), 1.0, atol=1e-2)
        if not whole:
            first = np.exp(np.clip(first - first.max(axis=1, keepdims=True), -50, 0))
        first = np.clip(first, 0.0, None)
        return np.asarray(first / first.sum(axis=1, keepdims=True), np.float64)

    def confidence(self) -> Array:
        """For each row, how sure the model is of what is true, on a scale without ends.

        The logarithm of the odds of the true class; for a number, the logarithm of how near it is.
        """
        if self.classes:
            true = self.chances[np.arange(len(self.rest)), self.of.outcome.astype(np.int64)]
            true = np.clip(true, _SURE, 1 - _SURE)
            return np.asarray(np.log(true) - np.log1p(-true), np.float64)
        away = np.abs(np.nan_to_num(self.rest[:, 0]) - self.of.outcome)
        scale = np.median(away) or 1.0
        return np.asarray(-np.log(away / scale + 1e-3), np.float64)

    def by_person(self) -> Array:
        """The confidence in what is true of each person, over their rows."""
        return self.of.by_person(self.confidence())

    def clues(self) -> Array:
        """All that an attacker may learn from: a line for each person."""
        rows = [self.confidence()[:, None]]
        if self.classes:
            ranked = np.sort(self.chances, axis=1)[:, ::-1]
            clipped = np.clip(ranked, _SURE, 1.0)
            chosen = np.argmax(self.chances, axis=1)
            rows += [
                ranked[:, :3],
                -(ranked * np.log(clipped)).sum(axis=1, keepdims=True),
                (chosen == self.of.outcome)[:, None].astype(np.float64),
            ]
        rest = np.clip(np.nan_to_num(self.rest[:, : self.classes + 32]), -1e6, 1e6)
        per_row = np.hstack([*rows, rest])
        sure = per_row[:, 0]
        return np.hstack(
            [
                self.of.by_person(per_row),
                self.of.by_person(sure, "min")[:, None],
                self.of.by_person(sure, "max")[:, None],
            ]
        )


def worst_case(members: Said, others: Said, seed: int) -> dict[str, tuple[Array, Array]]:
    """Scores of members and of others, by each way of guessing; higher is "was trained on".

    `loss` takes how sure the model is of what is true. `learned` is a forest, and `straight` a
    logistic regression, on all that the model says.
    """
    found = {"loss": (members.by_person(), others.by_person())}
    clues = np.vstack([members.clues(), others.clues()])
    truth = np.r_[np.ones(members.of.people), np.zeros(others.of.people)]
    for name in ("learned", "straight"):
        scores = _guessed(clues, truth, name, seed)
        found[name] = scores[: members.of.people], scores[members.of.people :]
    return found


def _guessed(clues: Array, truth: Array, how: str, seed: int) -> Array:
    try:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold
    except ImportError:
        raise Unavailable(
            "CW-MODEL-EXTRA",
            "What attacks models is not installed, so none can be checked.",
            remedy="Install commonweal with its extra `models`.",
        ) from None
    scores = np.zeros(len(truth))
    parts = StratifiedKFold(PARTS, shuffle=True, random_state=seed)
    for seen, unseen in parts.split(clues, truth):
        mean, spread = clues[seen].mean(axis=0), clues[seen].std(axis=0)
        scaled = (clues - mean) / np.where(spread > 1e-12, spread, 1.0)
        if how == "learned":
            guesser = RandomForestClassifier(
                40, min_samples_leaf=10, class_weight="balanced", random_state=seed
            )
        else:
            guesser = LogisticRegression(C=1.0, class_weight="balanced", max_iter=500)
        guesser.fit(scaled[seen], truth[seen])
        # Ranks within a part: guessers of different parts have different scales.
        guessed = guesser.predict_proba(scaled[unseen])[:, 1]
        scores[unseen] = _tied_ranks(guessed)
    return scores


def _tied_ranks(values: Array) -> Array:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    return np.asarray(((ends - (count - 1) / 2)[place.ravel()]) / len(values), np.float64)


def lira(
    target: Array, shadows: Array, inside: npt.NDArray[np.bool_]
) -> dict[str, tuple[Array, npt.NDArray[np.bool_]]]:
    """Scores by LiRA, and for whom there is one: `offline` and `online`.

    target: what the model says of each person (confidence). shadows: the same of each model that
    was made again, one line a model. inside: whether the person was trained on in it. One spread
    for all people is used, as few models tell little of one person's.
    """
    outside = ~inside
    out_mean, out_count = _mean(shadows, outside)
    in_mean, in_count = _mean(shadows, inside)
    out_spread = _spread(shadows, outside, out_mean, out_count)
    in_spread = _spread(shadows, inside, in_mean, in_count)
    from scipy.stats import norm

    found = {}
    if (out_count > 0).any():
        found["offline"] = (np.asarray((target - out_mean) / out_spread), out_count > 0)
    both = (out_count > 0) & (in_count > 0)
    if both.any():
        ratio = norm.logpdf(target, in_mean, in_spread) - norm.logpdf(target, out_mean, out_spread)
        found["online"] = (np.asarray(ratio), both)
    return found


def _mean(shadows: Array, chosen: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    count = chosen.sum(axis=0)
    total = np.where(chosen, shadows, 0.0).sum(axis=0)
    return total / np.maximum(count, 1), count.astype(np.float64)


def _spread(shadows: Array, chosen: npt.NDArray[np.bool_], mean: Array, count: Array) -> float:
    away = np.where(chosen, np.square(shadows - mean), 0.0).sum()
    free = float(np.maximum(count - 1, 0).sum())
    return max(LEAST_SPREAD, float(np.sqrt(away / free))) if free else 1.0


def guess_hidden(said: list[Said], prior: Array) -> npt.NDArray[np.int64]:
    """For each row the level that is likeliest, given what the model says with each put in.

    said: of the same rows, with each level in turn. prior: share of each level among everybody, so
    that a model that says nothing of it leads to the commonest. Rows keep their order.
    """
    sure = np.stack([one.confidence() for one in said])
    chance = -np.logaddexp(0.0, -sure) + np.log(np.clip(prior, _SURE, 1.0))[:, None]
    return np.asarray(np.argmax(chance, axis=0), np.int64)
