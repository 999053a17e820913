"""The search for forms with nothing clever: every choice of forms, people and sets.

`Case` is a tiny release as plain Python sees it. A view is a list of (person, values by variable,
sensitive value); a form of a variable is a function from its agreed values, as a dict.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.papers.permit import RiskLimits
from commonweal.vault.release.form_search import Searches, ways_of
from commonweal.vault.release.ladders import Offer, _chains
from commonweal.vault.release.laid import Atom, Cells, LaidView, compressed

Row = tuple[int, Mapping[str, int], int]
EPSILON = 1e-9


@dataclass(frozen=True)
class Case:
    """`forms[variable][form][value]`: what a value is shown as; the first form is the agreed one.

    `lasting[variable][form]`: whether the views in `beside[variable]` hold it in that form; in
    others a variable is there always. `rows[variable]`: rows by value, for the loss.
    """

    views: Mapping[str, Sequence[Row]]
    forms: Mapping[str, Mapping[str, Mapping[int, int]]]
    rows: Mapping[str, Mapping[int, int]]
    limits: RiskLimits
    most: int
    lasting: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    beside: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def choices(self) -> Iterable[dict[str, str]]:
        """Every choice of forms."""
        for chosen in itertools.product(*self.forms.values()):
            yield dict(zip(self.forms, chosen, strict=True))

    def best(self) -> float | None:
        """The least score of a choice that holds."""
        return min((self.score(one) for one in self.choices() if self.holds(one)), default=None)

    def score(self, chosen: Mapping[str, str]) -> float:
        """The mean share of information lost."""
        lost = []
        for name, form in chosen.items():
            shown: Counter[int] = Counter()
            for value, many in self.rows[name].items():
                shown[self.forms[name][form][value]] += many
            whole = bits(self.rows[name].values())
            lost.append(1 - bits(shown.values()) / whole if whole else 0.0)
        return sum(lost) / len(lost)

    def holds(self, chosen: Mapping[str, str]) -> bool:
        """Leave out whoever fails anywhere, until nobody does; then look at the means."""
        stays = self.who_stays(chosen)
        if self.left_out(chosen) > self.most or not stays:
            return False
        return all(self.means_hold(name, chosen, stays) for name in self.views)

    def left_out(self, chosen: Mapping[str, str]) -> int:
        """How many people do not stay."""
        everybody = {person for rows in self.views.values() for person, _, _ in rows}
        return len(everybody) - len(self.who_stays(chosen))

    def who_stays(self, chosen: Mapping[str, str]) -> set[int]:
        """Everybody without those who fail anywhere, until nobody does."""
        stays = {person for rows in self.views.values() for person, _, _ in rows}
        while True:
            fails: set[int] = set()
            for name in self.views:
                for people, values in self.classes(name, chosen, stays).values():
                    few = len(people) < self.limits.k
                    least = self.limits.distinct_l
                    if few or (least is not None and len(values) < least):
                        fails |= people
            if not fails:
                return stays
            stays -= fails

    def means_hold(self, name: str, chosen: Mapping[str, str], stays: set[int]) -> bool:
        """Mean prosecutor and marketer risk of one view."""
        classes = [people for people, _ in self.classes(name, chosen, stays).values()]
        here = set().union(*classes) if classes else set()
        if not here:
            return True
        own = [max(1 / len(people) for people in classes if one in people) for one in here]
        mean = sum(own) / len(own)
        marketer = len(classes) / sum(len(people) for people in classes)
        limits = ((self.limits.prosecutor_mean, mean), (self.limits.marketer, marketer))
        return all(limit is None or found <= limit + EPSILON for limit, found in limits)

    def classes(
        self, name: str, chosen: Mapping[str, str], stays: set[int]
    ) -> dict[Any, tuple[set[int], set[int]]]:
        """People and sensitive values of each class of a view."""
        found: dict[Any, tuple[set[int], set[int]]] = {}
        for person, values, learnt in self.views[name]:
            if person not in stays:
                continue
            key = tuple(
                self.forms[variable][chosen[variable]][value]
                for variable, value in sorted(values.items())
                if self.is_there(name, variable, chosen[variable])
            )
            people, learnts = found.setdefault(key, (set(), set()))
            people.add(person)
            learnts.add(learnt)
        return found

    def is_there(self, name: str, variable: str, form: str) -> bool:
        """Whether a view holds a variable in a form."""
        if name in self.beside.get(variable, frozenset()):
            return self.lasting[variable][form]
        return True

    # --- the same for the search ------------------------------------------------------------
    def searches(self, budget: Any) -> Searches:
        """The search over this case."""
        offers = [self._offer(name) for name in self.forms]
        views = [self._view(name, offers) for name in self.views]
        ways, every = ways_of(
            offers,
            {
                name: tuple(self.lasting[name][form] for form in self.forms[name])
                for name in self.lasting
            },
        )
        return Searches(
            compressed(views), offers, ways, every, self.limits, self.most, len(offers), budget
        )

    def _offer(self, name: str) -> Offer:
        values = sorted(self.rows[name])
        maps = []
        for form in self.forms[name].values():
            shown = [form[value] for value in values]
            names = {one: place for place, one in enumerate(dict.fromkeys(shown))}
            maps.append(np.array([names[one] for one in shown]))
        rows = np.array([self.rows[name][value] for value in values])
        column = pa.chunked_array([pa.array(values)])
        chains = _chains(maps)
        return Offer(name, tuple(self.forms[name]), column, tuple(maps), rows, chains, {})

    def _view(self, name: str, offers: list[Offer]) -> LaidView:
        rows = self.views[name]
        variables = sorted({variable for _, values, _ in rows for variable in values})
        axes = {offer.name: number for number, offer in enumerate(offers)}
        combos: dict[tuple[int, ...], int] = {}
        pairs, cells = set(), set()
        for person, values, learnt in rows:
            key = tuple(values[variable] for variable in variables)
            place = combos.setdefault(key, len(combos))
            pairs.add((person, place))
            cells.add((person, place, learnt))
        atoms = tuple(
            Atom(
                axes[variable],
                np.array(
                    [sorted(self.rows[variable]).index(key[number]) for key in combos], np.int32
                ),
                len(self.rows[variable]),
                name in self.beside.get(variable, frozenset()),
            )
            for number, variable in enumerate(variables)
        )
        person, place = (np.array(part, np.int32) for part in zip(*sorted(pairs), strict=True))
        single = len(set(person.tolist())) == len(person)
        kept: tuple[Cells, ...] = ()
        if self.limits.distinct_l is not None:
            three = [np.array(part, np.int32) for part in zip(*sorted(cells), strict=True)]
            kept = (Cells(three[0], three[1], three[2], int(three[2].max()) + 1),)
        return LaidView(name, atoms, len(combos), person, place, single, kept)


def bits(counts: Iterable[int]) -> float:
    """Entropy of a variable with these counts."""
    known = [one for one in counts if one]
    total = sum(known)
    return -sum(one / total * math.log2(one / total) for one in known)
