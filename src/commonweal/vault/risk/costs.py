"""What each item costs: the risk of a table if one of the items that others may know were left out.

Someone who knows all items of a person but one looks for everybody who shares the others. How much
the chance falls without an item says what that item costs. Where the class follows from the person
the kinds of people are few, and all is worked out of them and their sizes; else, of people and
the kinds of their events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.vault.risk.coding import Ints, as_ints, combine, dense_codes
from commonweal.vault.risk.leave_out import RiskView
from commonweal.vault.risk.settled import class_sizes
from commonweal.vault.risk.view_items import (
    WHOSE,
    Codes,
    fetched,
    item_codes,
    item_names,
    pairs_of,
)
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

MOST_KINDS = 1_000_000
"""With more kinds of people nothing is worked out: they are held in memory."""
_COUNT = "cw__count"


@dataclass(frozen=True)
class Cost:
    """The risk without the item `name` (`table.variable`): `mean` chance of picking out a person
    known to be in the data, `k` people in the smallest group, `alone` people alone in theirs."""

    name: str
    mean: float
    k: int
    alone: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON values, beside the item's name."""
        return {"mean": self.mean, "k": self.k, "sample_uniques": self.alone}


def variable_costs(engine: Engine, view: RiskView, *, most_rows: int) -> tuple[Cost, ...] | None:
    """What each item of a view costs, in the order of its columns.

    None where there are more than a million kinds, or for events more than `most_rows` pairs of
    people and kinds. Empty where fewer than two items are known.
    """
    called = item_names(view)
    if len(called) < 2:
        return ()
    if view.settled is not None:
        numbers, sizes = class_sizes(engine, view.settled)
        if len(numbers) > MOST_KINDS:
            return None
        kinds_there = pa.table({view.quasi[0]: numbers})
        return _of_kinds(called, item_codes(engine, view, kinds_there), sizes)
    pairs = pairs_of(view)
    if view.by_person:
        kinds = ops.group(pairs, view.quasi, {_COUNT: ops.count_rows(pairs)})
        found = fetched(engine, kinds, MOST_KINDS)
        if found is None:
            return None
        codes = item_codes(engine, view, found)
        return _of_kinds(called, codes, as_ints(found[_COUNT]))
    found = fetched(engine, pairs, most_rows)
    if found is None:
        return None
    codes = item_codes(engine, view, found)
    return _of_events(called, codes, dense_codes([found[WHOSE]]))


def _of_kinds(called: Sequence[str], codes: Codes, people: Ints) -> tuple[Cost, ...]:
    total = max(int(people.sum()), 1)
    found = []
    for place, name in enumerate(called):
        key, size = _without(codes, place, len(people))
        sizes = np.bincount(key, weights=people, minlength=size)
        sizes = sizes[sizes > 0]
        least = int(sizes.min(initial=total)) if len(sizes) else 0
        found.append(Cost(name, len(sizes) / total, least, int((sizes == 1).sum())))
    return tuple(found)


def _of_events(called: Sequence[str], codes: Codes, who: tuple[Ints, int]) -> tuple[Cost, ...]:
    person, people = who
    found = []
    for place, name in enumerate(called):
        key, size = _without(codes, place, len(person))
        pair = np.unique(combine(key, size, person, people)[0], return_index=True)[1]
        kind, whose = key[pair], person[pair]
        sizes = np.bincount(kind, minlength=size)
        own = np.full(people, len(pair) + 1, dtype=np.int64)
        np.minimum.at(own, whose, sizes[kind])
        mean = float((1.0 / own).mean()) if people else 0.0
        least = int(own.min()) if people else 0
        found.append(Cost(name, mean, least, int((own == 1).sum())))
    return tuple(found)


def _without(codes: Codes, left_out: int, rows: int) -> tuple[Ints, int]:
    key, size = np.zeros(rows, dtype=np.int64), 1
    for place, (code, count) in enumerate(codes):
        if place != left_out:
            key, size = combine(key, size, code, max(count, 1))
    return key, size
