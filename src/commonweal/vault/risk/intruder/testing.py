"""The figures of an intruder test: each view, both ways of looking, one verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.linking import Links, link_exact, link_nearest
from commonweal.vault.risk.intruder.puzzle import Mask, Puzzle
from commonweal.vault.risk.intruder.scoring import Matches, matches

VERSION = 1
METHODS = ("exact", "nearest")


@dataclass(frozen=True)
class Looked:
    """One way of looking: at people who are in the release, and at those whose record is out."""

    method: str
    targets: Matches
    control: Matches

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **self.targets.plain(),
            "control": {
                "tries": self.control.tries,
                "claims": self.control.plain()["wrong"],
            },
        }


@dataclass(frozen=True)
class ViewFigures:
    """What one attacker found. `details`: columns of the release that the attacker knows of."""

    view: str
    title: str
    details: tuple[str, ...]
    looked: tuple[Looked, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "view": self.view,
            "title": self.title,
            "details": list(self.details),
            "methods": {one.method: one.plain() for one in self.looked},
        }


@dataclass(frozen=True)
class IntruderFigures:
    """The whole test. `limit`: what the permit allows; `seed`: what all chances came from."""

    limit: float
    seed: int
    attackers: str
    views: tuple[ViewFigures, ...]
    without_details: tuple[str, ...]

    @property
    def worst(self) -> tuple[ViewFigures, Looked]:
        """The view and the way of looking with the highest upper bound."""
        every = [(view, one) for view in self.views for one in view.looked]
        return max(every, key=lambda pair: pair[1].targets.found.high)

    @property
    def upper(self) -> float:
        """The upper end of the 95 % interval of the worst attacker's right matches."""
        return self.worst[1].targets.found.high

    @property
    def tries(self) -> int:
        """The fewest tries of any way of looking, control groups among them."""
        every = [one for view in self.views for one in view.looked]
        return min(min(one.targets.tries, one.control.tries) for one in every)

    @property
    def failing(self) -> tuple[tuple[str, ...], ...]:
        """Of each view over the bound the columns that its attacker knows of."""
        return tuple(
            view.details
            for view in self.views
            if any(one.targets.found.high > self.limit for one in view.looked)
        )

    @property
    def passed(self) -> bool:
        """Whether the release may be made."""
        return self.upper <= self.limit

    def plain(self) -> dict[str, Any]:
        """The key `intruder` of `risk.json`: totals only."""
        view, one = self.worst
        return {
            "version": VERSION,
            "attackers": self.attackers,
            "seed": self.seed,
            "limit": self.limit,
            "upper": one.targets.found.plain()["high"],
            "worst": {"view": view.view, "method": one.method},
            "passed": self.passed,
            "views": [each.plain() for each in self.views],
            "without_details": list(self.without_details),
        }


def look(
    puzzle: Puzzle, truth: Ints, control: Mask, seed: int, *, in_bands: bool = False
) -> tuple[Looked, ...]:
    """Both ways of looking at one puzzle.

    `truth`: each target's record, `NOBODY` where it is not there. `control`: which targets are the
    control group: not in the release, or with their own record hidden.
    """
    sides = [np.flatnonzero(~control), np.flatnonzero(control)]
    found = []
    for method in METHODS:
        targets, controls = (
            matches(_link(method, part_of(puzzle, side), seed), truth[side], in_bands=in_bands)
            for side in sides
        )
        found.append(Looked(method, targets, controls))
    return tuple(found)


def _link(method: str, puzzle: Puzzle, seed: int) -> Links:
    return link_exact(puzzle) if method == "exact" else link_nearest(puzzle, seed)


def part_of(puzzle: Puzzle, chosen: Ints) -> Puzzle:
    """The same release, and only some of the targets."""
    return replace(
        puzzle,
        targets=len(chosen),
        facts=tuple(replace(one, known=one.known[chosen]) for one in puzzle.facts),
        happenings=tuple(replace(one, known=one.known[chosen]) for one in puzzle.happenings),
        hidden=puzzle.hidden[chosen],
    )
