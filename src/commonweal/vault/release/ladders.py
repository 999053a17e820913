"""The forms that a variable could be shown in instead of the one that was agreed, as a ladder.

Level 0 is the form of the permit; each level above is another form that the catalogue offers, that
the permit's rules allow beside the other variables, that is meant to show less, and that joins on
the data at hand all that the level below joins. So classes only grow on the way up. Where forms go
different ways (bands of ten years; bands of twenty from another top) there is a ladder for each.
Forms that move or replace values are no levels, and neither is leaving the variable out: that it is
needed was decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from commonweal.papers.catalogue import Catalogue
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.permit_rules import Wanted, faults
from commonweal.vault.release.recipe import Recipe, TableRecipe, in_form, in_forms
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.risk.anonymise.arrays import Floats, Ints
from commonweal.vault.tables import ops

RULES = "the permit's rules do not allow it beside the other variables"
NOT_JOINED = "it tells apart what the agreed form does not"
NOTHING_MORE = "it joins nothing that the agreed form tells apart"
THE_SAME = "another form joins the same"
Chain = tuple[int, ...]


@dataclass(frozen=True)
class Ladder:
    """One variable in forms that show less and less: what one axis of a search is.

    `maps[level][code]`: the code at a level of a code of level 0. `rows`: rows with each code of
    level 0. `lasting[level]`: whether it is a fact about the person there, though it stands in a
    table with several rows a person.
    """

    name: str
    forms: tuple[str, ...]
    maps: tuple[Ints, ...]
    rows: Ints
    lasting: tuple[bool, ...]

    @property
    def height(self) -> int:
        """The highest level."""
        return len(self.forms) - 1

    def card(self, level: int) -> int:
        """How many values there are at a level."""
        return int(self.maps[level].max()) + 1

    @cached_property
    def lost(self) -> Floats:
        """For each level the share of the variable's information that it loses, from 0 to 1.

        Information is the entropy of the values at level 0 over the rows, in the agreed form.
        """
        whole = entropy(self.rows)
        if whole == 0.0:
            return np.zeros(len(self.forms))
        kept = [entropy(np.bincount(codes, weights=self.rows)) for codes in self.maps]
        return np.clip(1.0 - np.array(kept) / whole, 0.0, 1.0)


@dataclass(frozen=True)
class Offer:
    """One variable and all forms that it may be shown in; the agreed one is the first.

    `values`: what occurs in the agreed form, each once, by its code; the missing value is among
    them. `maps[place][code]`: the code of a value in another form. `chains`: every way from the
    first form up that cannot be made longer, as places. `not_used`: forms that the catalogue
    offers and that are none of them, with the reason.
    """

    name: str
    forms: tuple[str, ...]
    values: pa.ChunkedArray
    maps: tuple[Ints, ...]
    rows: Ints
    chains: tuple[Chain, ...]
    not_used: Mapping[str, str]

    def ladder(self, chain: Chain, lasting: Sequence[bool]) -> Ladder:
        """The ladder along one chain; `lasting` by form."""
        return Ladder(
            self.name,
            tuple(self.forms[place] for place in chain),
            tuple(self.maps[place] for place in chain),
            self.rows,
            tuple(lasting[place] for place in chain),
        )


def entropy(counts: Floats | Ints) -> float:
    """Entropy in bits of a variable that takes its values so many times."""
    used = counts[counts > 0].astype(np.float64)
    total = float(used.sum())
    return float(np.log2(total) - np.sum(used * np.log2(used)) / total) if len(used) > 1 else 0.0


def make_offers(
    shaper: Shaper,
    people: ops.Table,
    catalogue: Catalogue,
    only: Mapping[str, str] | None = None,
) -> list[Offer]:
    """What every quasi-identifier may be shown as for which the catalogue offers something coarser.

    `only`: by `table.variable` the one form that may be used besides the agreed one; a variable
    that is named there with its agreed form has no other.
    """
    recipe = shaper.loaded.recipe
    found = []
    for table in recipe.tables:
        for item in table.quasi if table.about_people else ():
            offered = [form for form in item.variable.offered() if shows_less(form, item.form)]
            if only is not None and item.name in only:
                offered = [form for form in offered if form.text == only[item.name]]
            if offered:
                found.append(_offer(shaper, people, catalogue, table, item, offered))
    return found


def could_be_issued(recipe: Recipe, catalogue: Catalogue, forms: Mapping[str, str]) -> bool:
    """Whether a permit may have these forms beside the others (`table.variable`: form)."""
    changed = in_forms(recipe, forms)
    items = tuple(item for table in changed.tables for item in table.items)
    return not any(faults(recipe.permit, catalogue, items))


def _offer(
    shaper: Shaper,
    people: ops.Table,
    catalogue: Catalogue,
    table: TableRecipe,
    item: Wanted,
    offered: Sequence[Form],
) -> Offer:
    recipe, not_used = shaper.loaded.recipe, {}
    allowed = []
    for form in offered:
        if could_be_issued(recipe, catalogue, {item.name: form.text}):
            allowed.append(form.text)
        else:
            not_used[form.text] = RULES
    items = tuple(in_form(item, form) for form in (None, *allowed))
    cells = shaper.levels(table, people, items)
    names = [f"level_{number}" for number in range(len(items))]
    once = ops.group(cells, names, {"rows": ops.total(cells["rows"])})
    values, codes, rows = _read(shaper.engine.arrow(once), names)
    reasons, places = _usable(codes)
    not_used |= {allowed[place - 1]: reason for place, reason in reasons.items()}
    first = np.unique(codes[0], return_index=True)[1]
    maps = tuple(codes[place][first] for place in places)
    weights = np.bincount(codes[0], weights=rows).astype(np.int64)
    forms = tuple(items[place].form.text for place in places)
    return Offer(item.name, forms, values, maps, weights, _chains(maps), not_used)


def _read(cells: pa.Table, names: Sequence[str]) -> tuple[pa.ChunkedArray, list[Ints], Ints]:
    """(values of level 0 by code, codes of each row at each level, rows).

    A line of missing values is added: whoever has no row in a table has none of its values.
    """
    kinds = {name: cells.schema.field(name).type for name in cells.column_names}
    nobody = {name: pa.array([None if name != "rows" else 0], kinds[name]) for name in kinds}
    cells = pa.concat_tables([cells, pa.table(nobody)])
    codes = []
    values = pa.chunked_array([], type=kinds[names[0]])
    for name in names:
        indices, found = encoded(cells[name])
        codes.append(indices)
        if name == names[0]:
            values = pa.chunked_array([found])
    return values, codes, np.asarray(cells["rows"].to_numpy(), dtype=np.int64)


def encoded(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """The number of each row's value in the order of first sight, and the values; missing is one.

    Numbers are dense.
    """
    plain = column.combine_chunks()
    if isinstance(plain, pa.ChunkedArray):
        plain = plain.chunk(0) if plain.num_chunks else pa.array([], plain.type)
    made = plain.dictionary_encode(null_encoding="encode")
    return made.indices.to_numpy(zero_copy_only=False).astype(np.int64), made.dictionary


def _usable(codes: Sequence[Ints]) -> tuple[dict[int, str], list[int]]:
    """(reasons why forms are of no use, the places of those that are, the agreed one first)."""
    cards = [int(one.max()) + 1 for one in codes]
    reasons: dict[int, str] = {}
    usable = [0]
    for place in range(1, len(codes)):
        if not _joins(codes[0], codes[place]):
            reasons[place] = NOT_JOINED
        elif cards[place] == cards[0]:
            reasons[place] = NOTHING_MORE
        elif any(
            cards[place] == cards[other] and _joins(codes[other], codes[place]) for other in usable
        ):
            reasons[place] = THE_SAME
        else:
            usable.append(place)
    return reasons, usable


def _chains(maps: Sequence[Ints]) -> tuple[Chain, ...]:
    """All ways from the first form up, each step joining more, that cannot be made longer."""
    cards = [int(one.max()) + 1 for one in maps]
    above = {
        place: [
            other
            for other in range(len(maps))
            if cards[other] < cards[place] and _joins(maps[place], maps[other])
        ]
        for place in range(len(maps))
    }

    def ways(place: int) -> Iterator[Chain]:
        # Only to what nothing lies between, or the chain could be made longer.
        following = [
            other for other in above[place] if not any(other in above[b] for b in above[place])
        ]
        if not following:
            yield (place,)
        for other in following:
            for rest in ways(other):
                yield (place, *rest)

    return tuple(ways(0))


def _joins(fine: Ints, coarse: Ints) -> bool:
    """Whether rows that are alike in `fine` are alike in `coarse`."""
    _, first, back = np.unique(fine, return_index=True, return_inverse=True)
    return bool(np.array_equal(coarse[first][back], coarse))
