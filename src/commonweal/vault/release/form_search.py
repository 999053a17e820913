"""The search for the best forms, over every ladder that the offered forms make.

A search goes up ladders. Where the forms of a variable go different ways there is one search for
each way, all on the same arrays; together they look at every choice of forms.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from commonweal.papers.permit import RiskLimits
from commonweal.vault.release.ladders import Chain, Ladder, Offer
from commonweal.vault.release.laid import Laid, lay_out
from commonweal.vault.release.node_checks import (
    Forms,
    ReleaseChecker,
    RuledOut,
    forms_of,
    is_refused,
)
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.release.views import lasting_columns
from commonweal.vault.risk.anonymise.candidates import Candidate, fewest
from commonweal.vault.risk.anonymise.check import Checked
from commonweal.vault.risk.anonymise.search import Budget, search
from commonweal.vault.tables import ops

MOST_SEARCHES = 256
"""Ways that are searched; of more, variables keep their longest way, and nothing is proved."""


@dataclass(frozen=True)
class Best:
    """The end of all searches. `forms` by `table.variable`, None where no choice holds.

    `optimal`: proved that no other choice that holds scores less (or that none holds); `bound`:
    none scores less.
    """

    forms: Mapping[str, str] | None
    score: float
    bound: float
    optimal: bool
    checks: int
    candidates: tuple[Candidate, ...]


@dataclass
class Searches:
    """All searches of one release; may be run again after forms were refused."""

    laid: Laid
    offers: Sequence[Offer]
    ways: Sequence[tuple[Ladder, ...]]
    every_way: bool
    limits: RiskLimits
    most: int
    quasi: int
    budget: Budget
    refused: set[Forms] = field(default_factory=set)
    ruled_out: list[RuledOut] = field(default_factory=list)
    known: dict[Forms, Checked] = field(default_factory=dict)

    def rule_out(self, forms: Mapping[str, str]) -> None:
        """Look at no choice any more that shows these variables so and leaves nobody out.

        `forms`: by `table.variable`; variables without a choice are always shown so.
        """
        places = {one.name: place for place, one in enumerate(self.offers)}
        chosen = tuple((places[name], form) for name, form in forms.items() if name in places)
        self.ruled_out.append(RuledOut(chosen))

    def refuse(self, forms: Mapping[str, str]) -> int:
        """Look at these forms no more; how many were refused so far."""
        self.refused.add(tuple(forms[one.name] for one in self.offers))
        return len(self.refused)

    def run(self) -> Best:
        """Search every way, each only for what is better than all before."""
        ends = time.monotonic() + self.budget.seconds
        best, score, bound, proved = None, math.inf, math.inf, self.every_way
        for ladders in self.ways:
            left = Budget(self.budget.nodes - len(self.known), max(ends - time.monotonic(), 0.0))
            checker = ReleaseChecker(
                self.laid, ladders, self.limits, self.most, self.quasi,
                self.refused, self.ruled_out, self.known,
            )  # fmt: skip
            found = search(checker, left, beat=score)
            proved = proved and found.optimal
            bound = min(bound, found.bound)
            if found.best is not None:
                best, score = forms_of(ladders, found.best.node), found.best.score
        named = None
        if best is not None:
            named = {one.name: form for one, form in zip(self.offers, best, strict=True)}
        shown = 0.0 if best is None else score
        return Best(
            named,
            shown,
            shown if proved else min(bound, shown),
            proved,
            len(self.known),
            self._candidates(best),
        )

    def _candidates(self, best: Forms | None) -> tuple[Candidate, ...]:
        return fewest(
            [
                Candidate(
                    forms,
                    one.bound,
                    one.suppressed,
                    one.k,
                    one.feasible and not is_refused(forms, one, self.refused, self.ruled_out),
                )
                for forms, one in self.known.items()
            ],
            best,
        )


def make_searches(
    shaper: Shaper,
    people: ops.Table,
    offers: Sequence[Offer],
    most: int,
    quasi: int,
    budget: Budget,
) -> Searches:
    """Read what is searched. `most`: people who may be left out; `quasi`: how many variables count.

    Raises `Refused` CW-RELEASE-OPTIMISE-SIZE.
    """
    limits = shaper.loaded.recipe.permit.risk
    lasting = _lasting(shaper, people, offers)
    also: dict[str, set[str]] = {}
    for name, levels in lasting.items():
        if any(levels):
            table, _, column = name.partition(".")
            also.setdefault(table, set()).add(column)
    laid = lay_out(
        shaper,
        people,
        offers,
        {table: frozenset(columns) for table, columns in also.items()},
        sensitive=limits.distinct_l is not None,
    )
    ways, every = ways_of(offers, lasting)
    return Searches(laid, offers, ways, every, limits, most, quasi, budget)


def ways_of(
    offers: Sequence[Offer], lasting: Mapping[str, tuple[bool, ...]]
) -> tuple[list[tuple[Ladder, ...]], bool]:
    """(a ladder for each offer, for each way that they make together; whether these are all).

    `lasting`: by `table.variable` whether it is a fact about the person in each form, where that is
    not always so.
    """
    chains, every = _few_enough([one.chains for one in offers])
    ways = [
        tuple(
            offer.ladder(chain, lasting.get(offer.name, (True,) * len(offer.forms)))
            for offer, chain in zip(offers, way, strict=True)
        )
        for way in itertools.product(*chains)
    ]
    return ways, every


def _few_enough(chains: Sequence[Sequence[Chain]]) -> tuple[list[list[Chain]], bool]:
    """(the chains to search, the longest first; whether they are all)."""
    kept = [sorted(one, key=lambda chain: (-len(chain), chain)) for one in chains]
    every = True
    while math.prod(len(one) for one in kept) > MOST_SEARCHES:
        every = False
        widest = max(range(len(kept)), key=lambda number: len(kept[number]))
        kept[widest] = kept[widest][:1]
    return kept, every


def _lasting(
    shaper: Shaper, people: ops.Table, offers: Sequence[Offer]
) -> dict[str, tuple[bool, ...]]:
    """For columns of tables with several rows a person: in which forms they are lasting facts."""
    known = {one.name: one for one in offers}
    layers = []
    for place in range(max(len(one.forms) for one in offers)):
        at = {one.name: one.forms[min(place, len(one.forms) - 1)] for one in offers}
        layers.append(lasting_columns(shaper.in_forms(at), people))
    found = {}
    for table in shaper.loaded.recipe.tables:
        for item in table.quasi if table.name in layers[0] else ():
            forms = len(known[item.name].forms) if item.name in known else 1
            found[item.name] = tuple(
                item.variable.name in layers[place][table.name] for place in range(forms)
            )
    return found
