"""Distances between the values of a class and those of the whole table (t-closeness).

Li, Li, Venkatasubramanian, "t-closeness" (2007): the earth mover's distance with one of three
ground distances. `equal`: all values are equally far, the distance is half of sum |p - q|.
`ordered`: values stand in a row, the distance is the sum over i of |sum over j <= i of (p_j - q_j)|
over m - 1. `hierarchical`: two values are as far as the height of their lowest common ancestor
over the height of the tree; at each inner node of height h flows h/H * min(surplus, lack).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from commonweal.foundation.errors import Fault
from commonweal.vault.risk.anonymise.arrays import Floats, Ints
from commonweal.vault.risk.anonymise.classes import Cells
from commonweal.vault.risk.anonymise.hierarchy import Hierarchy

GROUNDS = ("equal", "ordered", "hierarchical")
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Ground:
    """A ground distance. `tree`: for each value its node on level 0, 1, ... (hierarchical only)."""

    kind: str
    tree: tuple[Ints, ...] = field(default=(), repr=False)


def hierarchical(hierarchy: Hierarchy, values: tuple[str | None, ...]) -> Ground:
    """The ground distance of a hierarchy for these values; values must all stand in it.

    Raises `Fault` CW-ANONYMISE-VALUE. Without one topmost label a root is added above.
    """
    at = {value: number for number, value in enumerate(hierarchy.levels[0])}
    lost = sum((value or "") not in at for value in values)
    if lost:
        raise Fault(
            "CW-ANONYMISE-VALUE",
            f"{lost:,} value(s) of {hierarchy.column} are not in its hierarchy.",
        )
    order = np.array([at[value or ""] for value in values])
    tree = []
    for level in hierarchy.levels:
        numbers: dict[str, int] = {}
        whole = np.array([numbers.setdefault(label, len(numbers)) for label in level])
        tree.append(whole[order])
    if len(np.unique(tree[-1])) > 1:
        tree.append(np.zeros(len(values), dtype=np.int64))
    return Ground("hierarchical", tuple(tree))


def distances(cells: Cells, size: int, ground: Ground) -> Floats:
    """The distance of each class; 0 for classes without rows."""
    if ground.kind == "equal":
        share = cells.weight / np.maximum(cells.held[cells.group], 1)
        common = np.minimum(share, cells.shares[cells.value])
        shared = np.bincount(cells.group, weights=common, minlength=size)
        equal: Floats = np.where(cells.held > 0, 1.0 - shared, 0.0)
        return equal
    found = np.zeros(size)
    present, group = np.unique(cells.group, return_inverse=True)
    values = len(cells.shares)
    step = max(1, _CELLS_AT_ONCE // values)
    for start in range(0, len(present), step):
        inside = (group >= start) & (group < start + step)
        own = min(step, len(present) - start)
        table = np.zeros((own, values))
        table[group[inside] - start, cells.value[inside]] = cells.weight[inside]
        table /= table.sum(axis=1, keepdims=True)
        table -= cells.shares
        worked = _ordered(table) if ground.kind == "ordered" else _tree(table, ground.tree)
        found[present[start : start + own]] = worked
    return found


def _ordered(difference: Floats) -> Floats:
    if difference.shape[1] == 1:
        return np.zeros(len(difference))
    moved = np.abs(np.cumsum(difference, axis=1)[:, :-1]).sum(axis=1)
    return np.asarray(moved / (difference.shape[1] - 1))


def _tree(difference: Floats, tree: tuple[Ints, ...]) -> Floats:
    """From the leaves up: what a node's children cannot settle among themselves goes higher."""
    height = len(tree) - 1
    cost = np.zeros(len(difference))
    extra = difference
    children = np.arange(difference.shape[1])
    for level in range(1, height + 1):
        _, first = np.unique(children, return_index=True)
        parents, to = np.unique(tree[level][first], return_inverse=True)
        belongs = np.zeros((len(first), len(parents)))
        belongs[np.arange(len(first)), to] = 1.0
        surplus = np.maximum(extra, 0.0) @ belongs
        extra = extra @ belongs
        cost += level / height * np.minimum(surplus, surplus - extra).sum(axis=1)
        children = np.searchsorted(parents, tree[level])
    return cost
