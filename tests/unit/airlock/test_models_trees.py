"""Which leaf an example falls in, against a slow walk; trees that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from commonweal.airlock.models.inside.trees import leaves, trees_of
from commonweal.airlock.models.inside.wire import WireError


def tree(depth: int, seed: int, trees: int = 2) -> dict[str, Any]:
    """Attributes of whole trees with branches of every mode."""
    drawn = np.random.default_rng(seed)
    told: dict[str, list[Any]] = {name: [] for name in (
        "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes",
        "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
    )}  # fmt: skip
    for number in range(trees):
        for place in range(2 ** (depth + 1) - 1):
            leaf = place >= 2**depth - 1
            modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ"]
            for name, value in zip(
                told,
                (number, place, int(drawn.integers(3)), float(drawn.integers(-2, 3)),
                 "LEAF" if leaf else str(drawn.choice([*modes, "BRANCH_NEQ"])),
                 0 if leaf else 2 * place + 1, 0 if leaf else 2 * place + 2,
                 int(drawn.integers(2))),
                strict=True,
            ):  # fmt: skip
                told[name].append(value)
    return told


def tree_model(told: dict[str, Any]) -> bytes:
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **told
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
    )  # fmt: skip
    return helper.make_model(graph).SerializeToString()


def slow_leaf(told: dict[str, Any], number: int, row: np.ndarray) -> int:
    """The place of a row's leaf, one step after another."""
    nodes = {
        node: place for place, (tree, node) in
        enumerate(zip(told["nodes_treeids"], told["nodes_nodeids"], strict=True)) if tree == number
    }  # fmt: skip
    at = nodes[0]
    tests: dict[str, Callable[[float, float], bool]] = {
        "BRANCH_LEQ": lambda a, b: a <= b, "BRANCH_LT": lambda a, b: a < b,
        "BRANCH_GTE": lambda a, b: a >= b, "BRANCH_GT": lambda a, b: a > b,
        "BRANCH_EQ": lambda a, b: a == b, "BRANCH_NEQ": lambda a, b: a != b,
    }  # fmt: skip
    while told["nodes_modes"][at] != "LEAF":
        value = row[told["nodes_featureids"][at]]
        met = (
            bool(told["nodes_missing_value_tracks_true"][at])
            if np.isnan(value)
            else tests[told["nodes_modes"][at]](value, told["nodes_values"][at])
        )
        at = nodes[told["nodes_truenodeids" if met else "nodes_falsenodeids"][at]]
    return at


@given(st.integers(0, 4), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_leaves_are_those_of_the_slow_walk(depth: int, seed: int) -> None:
    told = tree(depth, seed)
    rows = np.random.default_rng(seed).integers(-3, 4, (20, 3)).astype(float)
    rows[0, 0] = np.nan
    found = trees_of(tree_model(told))
    assert found is not None
    expected = [[slow_leaf(told, number, row) for number in range(2)] for row in rows]
    assert leaves(found, rows).tolist() == expected
    assert len(found.leaves) == 2 * 2**depth


SPOILED_TREES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a loop": lambda t: t["nodes_truenodeids"].__setitem__(1, 0),
    "a loop below": lambda t: t["nodes_truenodeids"].__setitem__(3, 1),
    "a child that is not there": lambda t: t["nodes_truenodeids"].__setitem__(0, 999),
    "a child below nothing": lambda t: t["nodes_truenodeids"].__setitem__(0, -1),
    "a feature that is not there": lambda t: t["nodes_featureids"].__setitem__(0, 9),
    "a feature below nothing": lambda t: t["nodes_featureids"].__setitem__(0, -9),
    "a node twice": lambda t: t["nodes_nodeids"].__setitem__(1, 0),
    "a mode that is none": lambda t: t["nodes_modes"].__setitem__(0, "BRANCH_MAYBE"),
    "too few values": lambda t: t["nodes_values"].pop(),
    "a huge number": lambda t: t["nodes_nodeids"].__setitem__(1, 2**60),
}


@pytest.mark.parametrize("how", SPOILED_TREES)
def test_trees_that_are_none_are_refused_and_have_an_end(how: str) -> None:
    told = tree(3, 1)
    SPOILED_TREES[how](told)
    with pytest.raises(WireError):
        leaves(trees_of(tree_model(told)) or pytest.fail("trees"), np.zeros((4, 3)))


def test_trees_that_are_fed_with_something_else_are_not_looked_at() -> None:
    model = onnx.load_from_string(tree_model(tree(2, 1)))
    model.graph.node[0].input[0] = "z"
    model.graph.node.insert(0, helper.make_node("Neg", ["x"], ["z"]))
    assert trees_of(model.SerializeToString()) is None
    model.graph.node[1].op_type = "MatMul"
    assert trees_of(model.SerializeToString()) is None
