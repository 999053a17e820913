"""From exact counts to what may be told: perturbed, held from month to month, and cut to bands.

1. *Perturbed*: to a count a whole number from -spread to spread is added, all equally likely. It
   follows from a secret, the figure and the people behind it: asked again it is the same, so
   nothing is averaged away, and with one person more or less it is drawn anew. Different figures
   are drawn apart, also where the same people are behind them: that one equals another would tell.
2. *Held*: a later month tells what the one before told until at least ten people more or fewer are
   counted, and how many more than ten is secret, drawn anew each time. Without this, somebody who
   knows that a figure's people are the same but for one would see the draw change.
3. *Bands*: only the band is told. The lowest reaches above every perturbed count of fewer than ten
   people, so whether few or none are there is never told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from commonweal.papers.cube import LEAST_PEOPLE
from commonweal.vault.cube.counting import Keys
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import codes_of, numbers_from

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """What a figure told last. `people`: the exact count then; `value`: the perturbed one;
    `since`: the month it was drawn in; `spread`: what it was drawn with."""

    people: int
    value: int
    since: str
    spread: int


@dataclass(frozen=True)
class Perturbation:
    """The secrets of one custodian's cubes, from a key that never leaves the vault."""

    key: Secret

    def person_keys(self, people: pa.ChunkedArray) -> Keys:
        """128 secret bits for each person of a column of texts."""
        codes = codes_of(self.key.subkey("feasibility-people"), people)
        return np.ascontiguousarray(codes).view(">u8").reshape(-1, 2).astype(np.uint64)

    def draw(self, names: Sequence[str], keys: Keys, spread: int) -> Numbers:
        """What is added to each figure: evenly from -spread to spread."""
        drawn = self._numbers("feasibility-noise", names, keys)
        # 2**64 is so much larger than the range that the remainders are even to 1 in 10**16.
        return (drawn % np.uint64(2 * spread + 1)).astype(np.int64) - spread

    def patience(self, name: str, held: Held) -> int:
        """How many people must be more or fewer before a figure is told anew."""
        nobody = np.zeros((1, 2), np.uint64)
        (drawn,) = self._numbers("feasibility-holding", [f"{name} {held.since}"], nobody).tolist()
        return LEAST_PEOPLE + int(drawn) % (2 * held.spread + 1)

    def _numbers(self, label: str, names: Sequence[str], keys: Keys) -> npt.NDArray[np.uint64]:
        folded = np.ascontiguousarray(keys.astype(">u8"))
        texts = [
            name.encode() + b"\x00" + key.tobytes() for name, key in zip(names, folded, strict=True)
        ]
        return numbers_from(
            codes_of(self.key.subkey(label), pa.chunked_array([pa.array(texts, pa.binary())]))
        )


def hold(
    secrets: Perturbation,
    names: Sequence[str],
    counts: Numbers,
    keys: Keys,
    spread: int,
    month: str,
    before: Mapping[str, Held],
) -> dict[str, Held]:
    """What each figure tells in `month`; figures that are not asked any more stay as they were."""
    drawn = counts + secrets.draw(names, keys, spread)
    told = dict(before)
    for name, count, value in zip(names, counts.tolist(), drawn.tolist(), strict=True):
        was = before.get(name)
        if was is None or abs(count - was.people) >= secrets.patience(name, was):
            told[name] = Held(count, value, month, spread)
    return told


def bands(values: Numbers, edges: Sequence[int]) -> Numbers:
    """The place of the edge that each value has reached; -1 for the lowest band."""
    return np.searchsorted(np.array(edges, np.int64), values, side="right").astype(np.int64) - 1
