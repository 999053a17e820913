"""What is asked of `anonymise`, checked before any work is done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.risk.anonymise.distance import GROUNDS
from commonweal.vault.risk.anonymise.metrics import COUNTS_SUPPRESSED, METRICS
from commonweal.vault.risk.anonymise.search import Budget

DIVERSITIES = ("distinct", "entropy", "recursive")


@dataclass(frozen=True)
class Request:
    """What the result must hold, and how it is looked for.

    `k`: people in each class. `sensitive`: columns whose values must stay mixed. `l` with
    `diversity` (`c` for recursive) and `t` with `ground` hold for each of them. `presence`: least
    and greatest share of the population table's people who may be in the data. `mean_risk`: mean
    prosecutor risk. `suppress`: share of rows that may be left out. `counts_suppressed`: whether
    suppressed rows cost anything in the score (default by metric). `person`: whose row it is;
    else each row is one person. `keep`: other columns to be written as they are. `local`: local
    recoding afterwards.
    Raises `WrongUsage` CW-ANONYMISE-INPUT.
    """

    k: int
    sensitive: Sequence[str] = ()
    l: float | None = None  # noqa: E741 (the letter that everybody uses)
    diversity: str = "distinct"
    c: float = 3.0
    t: float | None = None
    ground: str = "equal"
    presence: tuple[float, float] | None = None
    mean_risk: float | None = None
    suppress: float = 0.0
    metric: str = "entropy"
    counts_suppressed: bool | None = None
    person: str | None = None
    keep: Sequence[str] = ()
    local: bool = False
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        _among("metric", self.metric, METRICS)
        _among("kind of diversity", self.diversity, DIVERSITIES)
        _among("ground distance", self.ground, GROUNDS)
        rules = [
            (self.k >= 1, "k is at least 1."),
            (0.0 <= self.suppress <= 1.0, "The share of rows to suppress lies from 0 to 1."),
            (self.l is None or 1 <= self.l < math.inf, "l is at least 1."),
            (
                self.l is None or self.diversity == "entropy" or float(self.l).is_integer(),
                "l is a whole number, except for entropy.",
            ),
            (0.0 < self.c < math.inf, "c of recursive diversity is above 0."),
            (self.t is None or 0.0 <= self.t <= 1.0, "t lies from 0 to 1."),
            (
                self.mean_risk is None or 0.0 < self.mean_risk <= 1.0,
                "The mean risk lies above 0, up to 1.",
            ),
            (
                self.presence is None or 0.0 <= self.presence[0] <= self.presence[1] <= 1.0,
                "Presence is a least and a greatest share, from 0 to 1.",
            ),
            (
                bool(self.sensitive) or (self.l is None and self.t is None),
                "l and t need at least one sensitive column.",
            ),
            (
                self.budget.nodes >= 1 and self.budget.seconds > 0.0,
                "The budget allows at least one node and some time.",
            ),
        ]
        for fine, sentence in rules:
            if not fine:
                raise wrong(sentence)
        named = [*self.sensitive, *self.keep, *([self.person] if self.person is not None else [])]
        for column in named:
            if named.count(column) > 1:
                raise wrong(f"Column {column} is named twice.")

    @property
    def counts(self) -> bool:
        """Whether suppressed rows cost anything in the score."""
        if self.counts_suppressed is None:
            return COUNTS_SUPPRESSED[self.metric]
        return self.counts_suppressed


def wrong(sentence: str, remedy: str | None = None) -> WrongUsage:
    """The refusal of something that was asked wrongly."""
    return WrongUsage("CW-ANONYMISE-INPUT", sentence, remedy=remedy)


def _among(what: str, said: str, choices: Sequence[str]) -> None:
    if said not in choices:
        raise wrong(f"The {what} is one of {', '.join(choices)}.")
