"""What could be laid together in a release, as integers: the views before any form is coarsened.

Each view is read once: every different combination of what it tells, and which people stand in
which combination. A coarser form joins values, so it joins combinations; thousands of choices of
forms are then judged on whole arrays without looking at the data again. Only numbers are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.foundation.errors import Failure, Refused
from commonweal.vault.release.ladders import Offer, encoded
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.release.views import LaidOut, Lasting, Legend, Shown, laid_out_views
from commonweal.vault.risk.anonymise.arrays import Ints, combine
from commonweal.vault.risk.coding import NUMBER, columns_of, numbered, with_number
from commonweal.vault.tables import ops

MOST_PAIRS = 60_000_000
"""People and combinations that are held in memory at once, 12 bytes each and as much to work on."""
Small = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Atom:
    """One variable in the combinations of a view.

    `axis`: the number of its offer, None where it has one form only; `codes`: its value in the
    agreed form in each combination, below `card`. `lasting`: it is laid beside only in those forms
    in which it is a fact about the person.
    """

    axis: int | None
    codes: Small
    card: int
    lasting: bool = False


@dataclass(frozen=True)
class Cells:
    """A sensitive column: `person` with combination `place` has `value`, below `card`."""

    person: Small
    place: Small
    value: Small
    card: int


@dataclass(frozen=True)
class LaidView:
    """One view. `person[i]` stands in combination `place[i]`, each pair once.

    `combinations`: how many there are. `single`: nobody stands in two.
    """

    name: str
    atoms: tuple[Atom, ...]
    combinations: int
    person: Small
    place: Small
    single: bool
    cells: tuple[Cells, ...] = ()


@dataclass(frozen=True)
class Laid:
    """All views. `weight`: how many people each person number stands for."""

    views: tuple[LaidView, ...]
    weight: Ints

    @property
    def people(self) -> int:
        """How many people there are in all views together."""
        return int(self.weight.sum())


def lay_out(
    shaper: Shaper,
    people: ops.Table,
    offers: Sequence[Offer],
    lasting: Lasting,
    *,
    sensitive: bool,
) -> Laid:
    """Read the views of `people` in the agreed forms.

    `lasting`: by table the columns that are facts about the person in any form that they may be
    shown in, though the table has several rows a person. `sensitive`: with the sensitive columns.
    Raises `Refused` CW-RELEASE-OPTIMISE-SIZE where that would not fit into memory.
    """
    reading = _Reading(shaper, {one.name: (n, one) for n, one in enumerate(offers)})
    with laid_out_views(shaper, people, sensitive=sensitive, lasting=lasting) as views:
        found = [reading.view(one, sensitive=sensitive) for one in views]
    return compressed(found)


class _Reading:
    """Turns views of the engine into arrays."""

    def __init__(self, shaper: Shaper, offers: Mapping[str, tuple[int, Offer]]) -> None:
        self.engine = shaper.engine
        self.offers = offers
        self.pairs = 0
        self._legends: dict[str, tuple[Ints, list[Atom]]] = {}

    def view(self, laid: LaidOut, *, sensitive: bool) -> LaidView:
        """The arrays of one view; person numbers are those of the release."""
        view, engine = laid.view, self.engine
        with numbered(engine, view.table, view.quasi, "laid") as (numbers, many):
            atoms = self._combinations(laid, numbers)
            placed = with_number(view.table, view.quasi, numbers, "cw__place")
            pairs = ops.project(
                placed, {"person": placed[view.person], "place": placed["cw__place"]}
            )
            (person, place), single = self._pairs(ops.distinct(pairs))
            cells = tuple(
                self._cells(placed, view.person, column)
                for column in (view.sensitive if sensitive else ())
            )
        return LaidView(view.name, tuple(atoms), many, person, place, single, cells)

    def _pairs(self, pairs: ops.Table) -> tuple[tuple[Small, Small], bool]:
        name = self.engine.fresh("pairs")
        kept = self.engine.keep(name, pairs)
        try:
            self._count(kept)
            person, place = (one.astype(np.int32) for one in _columns(self, kept))
        finally:
            self.engine.forget(name)
        return (person, place), len(np.unique(person)) == len(person)

    def _cells(self, placed: ops.Table, who: str, column: str) -> Cells:
        wanted = {"person": placed[who], "place": placed["cw__place"], "value": placed[column]}
        name = self.engine.fresh("cells")
        kept = self.engine.keep(name, ops.distinct(ops.project(placed, wanted)))
        try:
            self._count(kept)
            person, place = (one.astype(np.int32) for one in _columns(self, kept))
            values = self.engine.arrow(ops.select(kept, ["value"]))["value"]
        finally:
            self.engine.forget(name)
        codes, found = encoded(values)
        return Cells(person, place, codes.astype(np.int32), max(len(found), 1))

    def _count(self, kept: ops.Table) -> None:
        counted = ops.group(kept, [], {"n": ops.count_rows(kept)})
        self.pairs += int(self.engine.one(counted)["n"])
        if self.pairs > MOST_PAIRS:
            raise Refused(
                "CW-RELEASE-OPTIMISE-SIZE",
                f"The permit lets coarser forms be chosen, and the data have more than "
                f"{MOST_PAIRS:,} different records of people: too many to search.",
                remedy="Ask for a permit that names the coarser forms.",
            )

    # --- what combinations are made of ------------------------------------------------------
    def _combinations(self, laid: LaidOut, numbers: ops.Table) -> list[Atom]:
        if not laid.parts:
            return []
        cells = self.engine.arrow(ops.select(numbers, [*laid.parts, NUMBER]))
        order = np.argsort(cells[NUMBER].to_numpy(), kind="stable")
        return self._atoms(cells.take(pa.array(order)), laid.parts)

    def _atoms(self, cells: pa.Table, parts: Mapping[str, Shown | Legend]) -> list[Atom]:
        found: list[Atom] = []
        for column, part in parts.items():
            if isinstance(part, Shown):
                found.append(self._atom(cells[column], part))
            else:
                found += self._expanded(cells[column], part)
        return found

    def _atom(self, column: pa.ChunkedArray, part: Shown) -> Atom:
        known = self.offers.get(part.name)
        if known is None:
            codes, found = encoded(column)
            return Atom(None, codes.astype(np.int32), max(len(found), 1))
        number, offer = known
        card = len(offer.values)
        both = pa.chunked_array([*offer.values.chunks, *column.chunks], type=offer.values.type)
        codes, found = encoded(both)
        if len(found) > card:
            raise Failure("CW-RELEASE-INCONSISTENT", f"{part.name} changed while it was measured.")
        return Atom(number, codes[card:].astype(np.int32), card, part.lasting)

    def _expanded(self, column: pa.ChunkedArray, legend: Legend) -> list[Atom]:
        """What a column of class numbers stands for. Rows without a class are told apart."""
        place, atoms = self._legend(legend)
        numbers = np.asarray(pc.fill_null(column, -1).to_numpy(), dtype=np.int64)
        known = numbers >= 0
        at = place[np.where(known, numbers, 0)]
        found = []
        if not known.all():
            found.append(Atom(None, known.astype(np.int32), 2))
        for one in atoms:
            codes = np.where(known, one.codes[at], 0).astype(np.int32)
            found.append(Atom(one.axis, codes, one.card, one.lasting))
        return found

    def _legend(self, legend: Legend) -> tuple[Ints, list[Atom]]:
        """(place of each class number in the atoms, the atoms of the classes)."""
        key = legend.table.get_name()
        if key not in self._legends:
            cells = self.engine.arrow(ops.select(legend.table, [legend.number, *legend.parts]))
            numbers = np.asarray(cells[legend.number].to_numpy(), dtype=np.int64)
            place = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
            place[numbers] = np.arange(len(numbers))
            self._legends[key] = (place, self._atoms(cells, legend.parts))
        return self._legends[key]


def _columns(reading: _Reading, kept: ops.Table) -> list[Ints]:
    return columns_of(reading.engine, kept, ["person", "place"])


def compressed(views: list[LaidView]) -> Laid:
    """People numbered from 0; where nobody stands in two combinations of any view, people who
    stand in the same ones are kept once, with how many they are."""
    known = np.unique(np.concatenate([one.person for one in views]))
    views = [_renumbered(one, np.searchsorted(known, one.person), known) for one in views]
    weight = np.ones(len(known), dtype=np.int64)
    if not all(one.single for one in views) or any(one.cells for one in views):
        return Laid(tuple(views), weight)
    stands = [np.full(len(known), -1, dtype=np.int64) for _ in views]
    for place, one in zip(stands, views, strict=True):
        place[one.person] = one.place
    key, _ = combine([place + 1 for place in stands], [one.combinations + 1 for one in views])
    _, first, many = np.unique(key, return_index=True, return_counts=True)
    small = []
    for stand, one in zip(stands, views, strict=True):
        alike = stand[first]
        person = np.flatnonzero(alike >= 0)
        place = alike[person]
        small.append(
            LaidView(
                one.name, one.atoms, one.combinations,
                person.astype(np.int32), place.astype(np.int32), True,
            )
        )  # fmt: skip
    return Laid(tuple(small), many.astype(np.int64))


def _renumbered(view: LaidView, person: Ints, known: Ints) -> LaidView:
    cells = tuple(
        Cells(np.searchsorted(known, one.person).astype(np.int32), one.place, one.value, one.card)
        for one in view.cells
    )
    return LaidView(
        view.name, view.atoms, view.combinations, person.astype(np.int32), view.place,
        view.single, cells,
    )  # fmt: skip
