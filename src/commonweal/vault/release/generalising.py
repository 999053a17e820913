"""Optimal generalisation inside a release, where the permit lets coarser forms be chosen.

The permit names the finest form of each variable. Here the forms are found in which the release
holds the permit's limits and loses least, over everything that could be laid together in it. The
search only proposes: the forms it finds are put into the recipe, and the ordinary gate leaves
people out and measures as it always does. If the gate finds more risk than the search did, the
build fails, unless leaving people out made a value rare and that changed what is shown: then the
next best forms are tried. So they are where the permit asks for an intruder test and it fails:
choices are tried in the order of their loss, so the first that passes loses least of all that do.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from commonweal.foundation.errors import Failure, Refused
from commonweal.papers.catalogue import Catalogue
from commonweal.vault.release.form_search import Best, Searches, make_searches
from commonweal.vault.release.ladders import NOTHING_MORE, Offer, could_be_issued, make_offers
from commonweal.vault.release.progress import Progress
from commonweal.vault.release.recipe import Recipe, watches_rare
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.risk import Breach
from commonweal.vault.risk.anonymise.candidates import Candidate
from commonweal.vault.risk.anonymise.search import Budget
from commonweal.vault.tables import ops

BUDGET = Budget(nodes=100_000, seconds=300.0)
METRIC = "entropy"
_MOST_REFUSED = 20
MOST_TESTED = 20
"""In so many choices an intruder is tried; together they may take as long as a search."""
_MOST_NODES = 10**12
"""What the manifest can hold: of more choices it says this many."""
_OF_CLASSES = frozenset({"k", "distinct_l", "prosecutor_mean", "marketer"})


@dataclass(frozen=True)
class Earlier:
    """The forms that a linked release must keep to: `forms` by `table.variable`."""

    release: str
    forms: Mapping[str, str]


@dataclass(frozen=True)
class Generalisation:
    """Which forms were chosen, and how.

    `levels`: by `table.variable` the agreed form and the one that is shown. `score`: the mean share
    of their information that the quasi-identifiers lose against the agreed forms. `optimal`: proved
    that no other choice of `nodes` loses less and passes; else `bound` is what none loses less
    than. `found`: whether any choice passes. `fixed_by`: the linked release before this one, whose
    forms are kept. `not_used`: offered forms that were no choice, with the reason. `tested`: in how
    many choices an intruder was tried; `caught`: in none of them was too little found.
    """

    levels: Mapping[str, tuple[str, str]]
    score: float
    optimal: bool
    bound: float
    nodes: int
    nodes_checked: int
    found: bool
    fixed_by: str | None = None
    not_used: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    tested: int = 0
    caught: bool = False

    @property
    def had_a_choice(self) -> bool:
        """Whether there was more than one choice, or one that an earlier release made."""
        return self.nodes > 1 or self.fixed_by is not None

    def plain(self) -> dict[str, Any]:
        """The part `generalisation` of the manifest."""
        return {
            "metric": METRIC,
            "score": self.score,
            "optimal": self.optimal,
            "bound": self.bound,
            "nodes": min(self.nodes, _MOST_NODES),
            "nodes_checked": self.nodes_checked,
            **({} if self.fixed_by is None else {"fixed_by": self.fixed_by}),
            "tested": self.tested,
            "levels": {
                name: {"permitted": agreed, "released": shown}
                for name, (agreed, shown) in self.levels.items()
            },
        }

    @property
    def remedy(self) -> str:
        """What may be done where the chosen forms do not keep the limits."""
        if self.fixed_by is not None:
            return (
                "This permit links people's codes, so details must be shown as in release "
                f"{self.fixed_by}. Ask for a new permit: with other limits, with coarser forms, "
                "or without linked codes."
            )
        if self.optimal:
            return (
                "Even the coarsest forms that the catalogue offers do not keep the limits. Ask "
                "for other limits, for fewer variables, or for coarser forms in the catalogue."
            )
        return (
            "No forms that keep the limits were found in the time that a search may take. Ask for "
            "coarser forms in the permit."
        )

    def sentences(self) -> list[str]:
        """What was chosen, for the data manager."""
        changed = [
            f"{name}: shown as {shown}; agreed was {agreed}."
            for name, (agreed, shown) in self.levels.items()
            if agreed != shown
        ]
        if self.fixed_by is not None:
            return [f"Details are shown as in release {self.fixed_by}, which this continues."]
        if not self.found or self.nodes == 1:
            return []
        if self.caught:
            return [self.intruder_remedy]
        if not changed:
            return ["All details can be shown as agreed."]
        share = f"{self.score:.1%}"
        holds = "keeps the limits and the bound of the intruder test" if self.tested else None
        proof = (
            f"No other choice of forms that {holds or 'keeps the limits'} loses less."
            if self.optimal
            else f"A choice that loses less may exist; none loses less than {self.bound:.1%}."
        )
        tried = []
        if self.tested > 1:
            tried = [f"In {self.tested - 1} choice(s) that lose less an intruder found too many."]
        return [
            *changed,
            f"On average they lose {share} of what they say. {proof}",
            *tried,
        ]

    @property
    def intruder_remedy(self) -> str:
        """What may be done where an intruder finds too many in every choice that was tried."""
        tried = f"An intruder was tried in {self.tested} choice(s) of forms and found too many in "
        tried += "all of them. "
        if self.optimal:
            return (
                f"{tried}No choice is left that the catalogue offers. Ask for a higher bound, for "
                "fewer variables, or for coarser forms in the catalogue."
            )
        return f"{tried}Others were not reached. Ask for coarser forms in the permit."


class Verdict(Protocol):
    """What an intruder found in a set of forms."""

    @property
    def passed(self) -> bool:
        """Whether that is within the permit's bound."""
        ...

    @property
    def upper(self) -> float:
        """The upper end of the interval of right matches, of the worst attacker."""
        ...

    @property
    def failing(self) -> Sequence[Sequence[str]]:
        """Of each attacker over the bound the items (`table.variable`) that they know of."""
        ...


class Gate(Protocol):
    """What the gate found for a set of forms."""

    @property
    def breaches(self) -> Sequence[Breach]:
        """The figures over a limit."""
        ...

    @property
    def suppressed(self) -> int:
        """People left out."""
        ...

    @property
    def intruder(self) -> Verdict | None:
        """What an intruder found, where one was tried."""
        ...


Judged = TypeVar("Judged", bound=Gate)


def generalise(
    shaper: Shaper,
    people: ops.Table,
    catalogue: Catalogue,
    most: int,
    gate: Callable[[Shaper], Judged],
    progress: Progress,
    *,
    earlier: Earlier | None = None,
    budget: Budget = BUDGET,
    trial: Callable[[Shaper, Judged], Judged] | None = None,
) -> tuple[Shaper, Judged, Generalisation]:
    """(a shaper with the chosen forms, what the gate found for it, the choice).

    `people`: those to be released if nobody is left out; `most`: how many may be. `gate` judges a
    shaper; `trial` tries an intruder in what passed it. Where no choice passes the gate, the agreed
    forms are given with what the gate found for them; where an intruder finds too many in all that
    were tried, the one in which fewest are found. Raises `Refused` CW-RELEASE-OPTIMISE-SIZE,
    CW-RELEASE-FORMS-FIXED and `Failure` CW-RELEASE-INCONSISTENT where the gate and the search
    disagree.
    """
    if earlier is not None:
        return _as_before(shaper, people, catalogue, gate, earlier)
    offers = make_offers(shaper, people, catalogue)
    quasi = _quasi(shaper.loaded.recipe)
    if not any(len(one.forms) > 1 for one in offers):
        levels = {name: (form, form) for name, form in quasi.items()}
        reasons = {one.name: one.not_used for one in offers if one.not_used}
        alone = Generalisation(levels, 0.0, True, 0.0, 1, 1, found=True, not_used=reasons)
        return shaper, gate(shaper), alone
    progress("Looking for the forms that lose least")
    searches = make_searches(shaper, people, offers, most, len(quasi), budget)
    return _Looking(shaper, catalogue, gate, trial, quasi, searches).end()


@dataclass
class _Looking(Generic[Judged]):
    """Tries what the search finds, one choice after the other, until one passes everything."""

    shaper: Shaper
    catalogue: Catalogue
    gate: Callable[[Shaper], Judged]
    trial: Callable[[Shaper, Judged], Judged] | None
    quasi: Mapping[str, str]
    searches: Searches
    caught: list[tuple[Shaper, Judged, Best]] = field(default_factory=list)

    def end(self) -> tuple[Shaper, Judged, Generalisation]:
        """The first choice that passes, else what is said in `generalise`."""
        ends = time.monotonic() + self.searches.budget.seconds
        refused = 0
        while True:
            found = self.searches.run()
            if found.forms is None:
                return self._none(found, proved=found.optimal)
            chosen = self.shaper.in_forms(found.forms)
            _refuse_unlawful(self.shaper.loaded.recipe, self.catalogue, found.forms)
            judged = self.gate(chosen)
            if _over(judged):
                self._require_rare(chosen, judged)
                refused += 1
            else:
                judged = self._tried(chosen, judged)
                if judged.intruder is None or judged.intruder.passed:
                    return chosen, judged, self._made(found, judged)
                self._learn(chosen, judged, found)
            self.searches.refuse(found.forms)
            late = bool(self.caught) and time.monotonic() > ends
            if late or refused >= _MOST_REFUSED or len(self.caught) >= MOST_TESTED:
                none = replace(found, forms=None, optimal=False)
                return self._none(none, proved=False)

    def _tried(self, chosen: Shaper, judged: Judged) -> Judged:
        if self.trial is None or judged.breaches:
            return judged
        return self.trial(chosen, judged)

    def _learn(self, chosen: Shaper, judged: Judged, found: Best) -> None:
        """What an attacker sees follows from who is released and the items that they know of: all
        choices that show these so, and leave out nobody either, fail as this one does."""
        self.caught.append((chosen, judged, found))
        if judged.suppressed or judged.intruder is None or found.forms is None:
            return
        for names in judged.intruder.failing:
            self.searches.rule_out(
                {name: form for name, form in found.forms.items() if name in names}
            )

    def _require_rare(self, chosen: Shaper, judged: Judged) -> None:
        if not (judged.suppressed and _watches_rare(chosen)):
            raise Failure(
                "CW-RELEASE-INCONSISTENT",
                "The forms that were found to keep the limits do not keep them when measured.",
            )

    def _none(self, found: Best, *, proved: bool) -> tuple[Shaper, Judged, Generalisation]:
        if not self.caught:
            return self.shaper, self.gate(self.shaper), self._made(found, None)
        chosen, judged, best = min(self.caught, key=lambda one: _upper(one[1]))
        made = self._made(replace(best, candidates=found.candidates), judged)
        return chosen, judged, replace(made, optimal=proved, caught=True)

    def _made(self, found: Best, judged: Judged | None) -> Generalisation:
        made = _made(self.quasi, self.searches.offers, found)
        passed = judged is not None and judged.intruder is not None and judged.intruder.passed
        return replace(made, tested=len(self.caught) + passed)


def _upper(judged: Gate) -> float:
    return 1.0 if judged.intruder is None else judged.intruder.upper


def _over(judged: Gate) -> bool:
    """Whether a figure of classes is over its limit; moved dates no form of these can mend."""
    return any(breach.measure in _OF_CLASSES for breach in judged.breaches)


def _watches_rare(shaper: Shaper) -> bool:
    """Whether leaving people out can change what is shown of the others."""
    limits = shaper.loaded.recipe.permit.risk
    for table in shaper.loaded.recipe.tables:
        items = (*table.quasi, *(table.sensitive if limits.distinct_l is not None else ()))
        if any(watches_rare(item) for item in items):
            return True
    return False


def _quasi(recipe: Recipe) -> dict[str, str]:
    """The form of every released quasi-identifier of tables about people."""
    return {
        item.name: item.form.text
        for table in recipe.tables
        if table.about_people
        for item in table.quasi
    }


def _made(quasi: Mapping[str, str], offers: Sequence[Offer], found: Best) -> Generalisation:
    shown = {**quasi, **(found.forms or {})}
    return Generalisation(
        levels={name: (form, shown[name]) for name, form in quasi.items()},
        score=found.score,
        optimal=found.optimal,
        bound=found.bound,
        nodes=math.prod(len(one.forms) for one in offers),
        nodes_checked=found.checks,
        found=found.forms is not None,
        not_used={one.name: one.not_used for one in offers if one.not_used},
        variables=tuple(one.name for one in offers),
        candidates=found.candidates,
    )


def _refuse_unlawful(recipe: Recipe, catalogue: Catalogue, forms: Mapping[str, str]) -> None:
    """The rules were asked for one form at a time; once more for all of them together."""
    if not could_be_issued(recipe, catalogue, forms):
        raise Failure(
            "CW-RELEASE-INCONSISTENT", "The forms that were found may not stand beside each other."
        )


# --- linked releases ------------------------------------------------------------------------
def _as_before(
    shaper: Shaper,
    people: ops.Table,
    catalogue: Catalogue,
    gate: Callable[[Shaper], Judged],
    earlier: Earlier,
) -> tuple[Shaper, Judged, Generalisation]:
    """The forms of the linked release before this one, whatever the search would say now (S13)."""
    recipe = shaper.loaded.recipe
    quasi = _quasi(recipe)
    kept = {name: form for name, form in earlier.forms.items() if name in quasi}
    offers = make_offers(shaper, people, catalogue, only={**quasi, **kept})
    known = {one.name: one for one in offers}
    lost = 0.0
    for name, form in kept.items():
        if form == quasi[name]:
            continue
        offer = known.get(name)
        if offer is not None and form in offer.forms:
            lost += float(offer.ladder((0, 1), (True, True)).lost[1])
        elif offer is None or offer.not_used.get(form) != NOTHING_MORE:
            raise Refused(
                "CW-RELEASE-FORMS-FIXED",
                f"{name} was shown as {form} in release {earlier.release}, which this one "
                f"continues; on today's data that does not join all that {quasi[name]} joins, or "
                "it is not offered any more.",
                remedy="Ask for a new permit without linked codes.",
            )
    _refuse_unlawful(recipe, catalogue, kept)
    chosen = shaper.in_forms(kept)
    levels = {name: (form, kept.get(name, form)) for name, form in quasi.items()}
    made = Generalisation(
        levels, lost / max(len(quasi), 1), False, 0.0, 1, 1, found=True, fixed_by=earlier.release
    )
    return chosen, gate(chosen), made
