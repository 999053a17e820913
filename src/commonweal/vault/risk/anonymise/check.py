"""One node of the lattice: which classes may be released, how many rows go, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from commonweal.vault.risk.anonymise.arrays import Mask
from commonweal.vault.risk.anonymise.classes import Classes
from commonweal.vault.risk.anonymise.criteria import (
    Criterion,
    DeltaPresence,
    KAnonymity,
    MeanRisk,
    implied,
)
from commonweal.vault.risk.anonymise.metrics import Metric
from commonweal.vault.risk.anonymise.problem import Node, Problem


@dataclass(frozen=True)
class Checked:
    """What was found at a node.

    `hopeless`: fails already by criteria that no finer generalisation can repair. `score` is
    infinite where the node is not feasible; `bound` holds for it and everything above. `k`: people
    of the smallest class before anything is suppressed.
    """

    node: Node
    feasible: bool
    hopeless: bool
    score: float
    bound: float
    suppressed: int
    k: int = 0


class Checker:
    """Checks nodes of one problem against criteria and a limit of suppressed rows."""

    def __init__(
        self,
        problem: Problem,
        criteria: Sequence[Criterion],
        mean_risk: MeanRisk | None,
        metric: Metric,
        limit: int,
    ) -> None:
        self.problem = problem
        self.metric = metric
        self.limit = limit
        self.mean_risk = mean_risk
        self.checks = 0
        self.criteria = tuple(criteria)
        presence = [one for one in criteria if isinstance(one, DeltaPresence)]
        self.no_suppression = any(one.forbids_suppression() for one in presence)
        state = {"suppresses": self.suppresses, "overlapping": problem.overlapping}
        self._other = [one for one in criteria if not one.monotone(**state)]
        self._safe = [one for one in criteria if one.monotone(**state)]
        self._safe += [one for part in self._other for one in implied(part)]
        self._safe.sort(key=lambda one: not isinstance(one, KAnonymity))
        risk_safe = mean_risk is None or mean_risk.monotone(**state)
        self.monotone = not self._other and risk_safe

    @property
    def heights(self) -> Node:
        """The highest level of each attribute."""
        return self.problem.heights

    @property
    def prunes(self) -> bool:
        """Whether a node can show that everything finer fails too."""
        return bool(self._safe) or self.monotone

    @property
    def suppresses(self) -> bool:
        """Whether any row may be left out."""
        return self.limit > 0 and not self.no_suppression

    def kept(self, classes: Classes) -> tuple[Mask, bool]:
        """The classes that may be released, and whether that is hopeless for finer nodes too."""
        good = np.ones(classes.size, dtype=np.bool_)
        for one in self._safe:
            good &= one.holds(classes)
            if not self._fits(classes, good):
                return good, True
        for one in self._other:
            good &= one.holds(classes)
        if self.mean_risk is not None and self._fits(classes, good):
            good = self.mean_risk.enforce(classes, good)
        # Where everything is monotone, whatever fails here fails in all that is finer.
        return good & classes.there, self.monotone and not self._fits(classes, good)

    def fits(self, classes: Classes, kept: Mask) -> bool:
        """Whether few enough rows are suppressed, and somebody is left."""
        gone = int(classes.rows[classes.there & ~kept].sum())
        return gone <= (self.limit if self.suppresses else 0) and bool(kept[classes.there].any())

    def _fits(self, classes: Classes, good: Mask) -> bool:
        if self.no_suppression and not self._everybody(classes):
            return False
        return self.fits(classes, good)

    def _everybody(self, classes: Classes) -> bool:
        presence = [one for one in self.criteria if isinstance(one, DeltaPresence)]
        populated = classes.population > 0
        return all(bool(one.holds(classes)[populated].all()) for one in presence)

    def check(self, node: Node) -> Checked:
        """Make the classes of a node and judge them."""
        self.checks += 1
        of, size = self.problem.classes(node)
        classes = Classes(self.problem, of, size)
        kept, hopeless = self.kept(classes)
        feasible = not hopeless and self._fits(classes, kept)
        score, bound = (
            self.metric.scores(node, classes, kept)
            if (feasible or not self.metric.separable)
            else (float("inf"), self.metric.bound(node))
        )
        gone = int(classes.rows[classes.there & ~kept].sum())
        least = int(classes.people[classes.there].min())
        shown = score if feasible else float("inf")
        return Checked(node, feasible, hopeless, shown, bound, gone, least)
