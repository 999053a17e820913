"""Which leaf of each tree an example falls in, worked out from the file alone.

Source: the description of `TreeEnsembleClassifier` and `TreeEnsembleRegressor` of `ai.onnx.ml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models.inside.onnx_file import read
from commonweal.airlock.models.inside.operators import TREES
from commonweal.airlock.models.inside.wire import Tree, WireError, numbers

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "LEAF")
LEAF = 6
_AT_ONCE = 2_000_000
_PASSING = frozenset({b"Cast", b"Identity"})
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trees:
    """The nodes of all trees of one operator, in the file's order; children by their place.

    roots: place of each tree's first node that is nobody's child.
    """

    feature: Ints
    value: npt.NDArray[np.float64]
    mode: Ints
    yes: Ints
    no: Ints
    missing_yes: npt.NDArray[np.bool_]
    roots: Ints

    @property
    def leaves(self) -> Ints:
        """Places of all leaves."""
        return np.flatnonzero(self.mode == LEAF)


def trees_of(content: bytes) -> Trees | None:
    """The trees of a model that is one ensemble fed with its input as it is, else None.

    Raises `WireError` where the trees are not whole.
    """
    graph = read(content)[0]["graph"]
    nodes = graph.get("node", [])
    found = [one for one in nodes if _name(one) in TREES]
    if len(found) != 1 or len(graph.get("input", [])) != 1:
        return None
    made_by = {name: one for one in nodes for name in one.get("output", [])}
    fed = found[0].get("input", [b""])[0]
    for _ in range(len(nodes) + 1):
        if fed == graph["input"][0].get("name", b""):
            return _trees(found[0])
        above = made_by.get(fed)
        if above is None or above.get("op_type") not in _PASSING:
            return None
        fed = above.get("input", [b""])[0]
    return None


def _name(node: Tree) -> str:
    domain, op = node.get("domain", b""), node.get("op_type", b"")
    return f"{domain.decode('utf-8', 'replace')}:{op.decode('utf-8', 'replace')}"


def _trees(node: Tree) -> Trees:
    told = {one.get("name", b"").decode("utf-8", "replace"): one for one in node["attribute"]}

    def ints(name: str) -> Ints:
        return numbers(told.get(name, {}).get("ints"), np.int64)

    tree, inner = ints("nodes_treeids"), ints("nodes_nodeids")
    count = len(tree)
    value = numbers(told.get("nodes_values", {}).get("floats"), np.float64)
    modes = told.get("nodes_modes", {}).get("strings", [])
    known = {name.encode(): place for place, name in enumerate(MODES)}
    columns = (inner, ints("nodes_featureids"), value, modes, ints("nodes_truenodeids"),
               ints("nodes_falsenodeids"))  # fmt: skip
    if count == 0 or any(len(one) != count for one in columns):
        raise WireError("form")
    if any(one not in known for one in modes):
        raise WireError("form")
    mode = np.array([known[one] for one in modes], np.int64)
    place = _Places(tree, inner)
    missing = ints("nodes_missing_value_tracks_true")
    branch = mode != LEAF
    yes = place.of(tree, np.where(branch, ints("nodes_truenodeids"), inner))
    no = place.of(tree, np.where(branch, ints("nodes_falsenodeids"), inner))
    roots = _roots(tree, yes, no, branch)
    return Trees(
        ints("nodes_featureids"), value, mode, yes, no,
        missing.astype(bool) if len(missing) == count else np.zeros(count, bool), roots,
    )  # fmt: skip


def _roots(tree: Ints, yes: Ints, no: Ints, branch: npt.NDArray[np.bool_]) -> Ints:
    """The first node of each tree. Raises `WireError` unless every node hangs on one, once."""
    parents = np.bincount(np.concatenate((yes[branch], no[branch])), minlength=len(tree))
    roots = np.flatnonzero(parents == 0)
    whole = len(roots) == len(np.unique(tree)) == len(np.unique(tree[roots]))
    if not whole or parents.max(initial=0) > 1:
        raise WireError("form")
    level, reached = roots, 0
    while len(level):
        reached += len(level)
        on = level[branch[level]]
        level = np.concatenate((yes[on], no[on]))
    # A ring of nodes hangs on none.
    if reached != len(tree):
        raise WireError("form")
    return roots


class _Places:
    """Place in the file of a node, by its tree and number."""

    def __init__(self, tree: Ints, inner: Ints) -> None:
        if min(tree.min(), inner.min()) < 0 or max(tree.max(), inner.max()) >= 1 << 31:
            raise WireError("form")
        keys = tree << 31 | inner
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        if len(np.unique(keys)) != len(keys):
            raise WireError("form")

    def of(self, tree: Ints, inner: Ints) -> Ints:
        if inner.min() < 0 or inner.max() >= 1 << 31:
            raise WireError("form")
        wanted = tree << 31 | inner
        found = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        if (self._keys[found] != wanted).any():
            raise WireError("form")
        return self._order[found].astype(np.int64)


def leaves(trees: Trees, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """For each row and tree the place of its leaf. Raises `WireError` where one has no end."""
    given = rows.astype(np.float32).astype(np.float64)
    branch = trees.mode != LEAF
    if (
        branch.any()
        and not 0 <= trees.feature[branch].min() <= trees.feature[branch].max() < rows.shape[1]
    ):
        raise WireError("form")
    step = max(1, _AT_ONCE // len(trees.roots))
    made = [_descend(trees, given[at : at + step]) for at in range(0, len(given), step)]
    empty = np.empty((0, len(trees.roots)), np.int32)
    return np.concatenate([empty, *made])


def _descend(trees: Trees, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    at = np.broadcast_to(trees.roots, (len(rows), len(trees.roots))).copy()
    number = np.broadcast_to(np.arange(len(rows))[:, None], at.shape)
    for _ in range(len(trees.mode) + 1):
        going = trees.mode[at] != LEAF
        if not going.any():
            return at.astype(np.int32)
        here = at[going]
        at[going] = np.where(
            _met(trees, here, rows[number[going], trees.feature[here]]),
            trees.yes[here],
            trees.no[here],
        )
    raise WireError("form")


def _met(trees: Trees, here: Ints, found: Any) -> npt.NDArray[np.bool_]:
    value, mode = trees.value[here], trees.mode[here]
    met = np.select(
        [mode == number for number in range(LEAF)],
        [found <= value, found < value, found >= value, found > value, found == value,
         found != value],
    ).astype(bool)  # fmt: skip
    return np.asarray(np.where(np.isnan(found), trees.missing_yes[here], met), bool)
