"""From what is true of a person to what an attacker believes: parts unknown, parts mistaken.

All chances come from one seeded generator and are drawn in a fixed order, so that the same seed
gives the same beliefs.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.attackers import Knows
from commonweal.vault.risk.intruder.puzzle import Mask

DAYS_OF_YEAR = 365
_DAY = 86_400_000_000


def ranks(chance: np.random.Generator, owners: Ints) -> Ints:
    """A random order of each owner's rows, from 0. Rows of an owner stand together."""
    drawn = np.lexsort((chance.random(len(owners)), owners))
    starts = np.searchsorted(owners, owners, side="left")
    places = np.empty(len(owners), dtype=np.int64)
    places[drawn] = np.arange(len(owners))
    return places - starts


def believed(chance: np.random.Generator, true: pa.Array, knows: Knows) -> tuple[pa.Array, Mask]:
    """What is believed instead of `true`, and where anything is.

    Where the source has no value, nothing is known either. A wrong belief is true of another row;
    a rough one is off by up to `within_days` either way, evenly (an age by the whole years in it).
    """
    rows = len(true)
    unknown, wrong = chance.random(rows), chance.random(rows)
    taken = chance.integers(0, max(rows, 1), rows)
    off = chance.integers(-knows.within_days, knows.within_days + 1, rows)
    places = np.where(wrong < knows.wrong, taken, np.arange(rows))
    values = _moved(true.take(pa.array(places)), off) if knows.within_days else true.take(places)
    there = values.is_valid().to_numpy(zero_copy_only=False)
    return values, there & (unknown >= knows.unknown)


def _moved(values: pa.Array, days: Ints) -> pa.Array:
    kind = values.type
    if pa.types.is_date(kind):
        moved = pc.add(values.cast(pa.date32()).cast(pa.int32()), pa.array(days, pa.int32()))
        return moved.cast(pa.date32()).cast(kind)
    if pa.types.is_timestamp(kind):
        spans = pa.array(days * _DAY, pa.int64()).cast(pa.duration("us"))
        return pc.add(values.cast(pa.timestamp("us")), spans)
    if pa.types.is_integer(kind):
        years = np.trunc(days / DAYS_OF_YEAR).astype(np.int64)
        return pc.add(values.cast(pa.int64()), pa.array(years))
    return values
