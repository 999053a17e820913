"""Trees of codes that come with Commonweal, for `hierarchical` t of what is released.

Two codes are as far from each other as what they have in common is high: the same category, block
or chapter of ICD-10, or nothing. A missing value, and what reads as no code, has a branch of its
own, as far from every code as codes of two chapters are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.icd10 import icd10_levels

TreeOf = Callable[[Sequence[object]], Sequence[Ints]]
"""For the different values of a column, in their order, the number of the node of each on every
level, from the values themselves to one root (as `distances.hierarchical_distance` takes them)."""

_ABOVE = 3
"""Category, block and chapter."""


def icd10_tree(values: Sequence[object]) -> list[Ints]:
    """The tree of ICD-10 over these texts, each once."""
    paths = [_path(value) for value in values]
    levels = []
    for level in range(_ABOVE + 1):
        numbers: dict[object, int] = {}
        found = [numbers.setdefault(path[level], len(numbers)) for path in paths]
        levels.append(np.array(found, dtype=np.int64))
    return [*levels, np.zeros(len(paths), dtype=np.int64)]


def _path(value: object) -> tuple[object, ...]:
    known = icd10_levels(value) if isinstance(value, str) else None
    # A code may be spelt like a chapter; a branch of its own is never that of a code.
    above = known if known is not None else ((value, None),) * _ABOVE
    return (value, *above)
