"""ONNX: graph, initialisers, attributes, metadata and operator sets, without running anything.

Source: onnx.proto of ONNX (IR version 13 and before); field numbers are those of its messages.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models.inside.answer import Answer, TooLarge
from commonweal.airlock.models.inside.operators import KNOWN
from commonweal.airlock.models.inside.wire import Reader, Schema, Tree, WireError, numbers

SCHEMA: Schema = {
    "Model": {
        1: ("ir_version", "int", False), 2: ("producer_name", "text", False),
        3: ("producer_version", "text", False), 4: ("domain", "text", False),
        5: ("model_version", "int", False), 6: ("doc_string", "text", False),
        7: ("graph", "Graph", False), 8: ("opset_import", "OperatorSet", True),
        14: ("metadata_props", "Entry", True), 20: ("training_info", "bytes", True),
        25: ("functions", "bytes", True),
    },
    "OperatorSet": {1: ("domain", "text", False), 2: ("version", "int", False)},
    "Entry": {1: ("key", "text", False), 2: ("value", "text", False)},
    "Graph": {
        1: ("node", "Node", True), 2: ("name", "text", False), 5: ("initializer", "Tensor", True),
        10: ("doc_string", "text", False), 11: ("input", "Value", True),
        12: ("output", "Value", True), 13: ("value_info", "Value", True),
        14: ("quantization_annotation", "bytes", True),
        15: ("sparse_initializer", "bytes", True), 16: ("metadata_props", "Entry", True),
    },
    "Node": {
        1: ("input", "text", True), 2: ("output", "text", True), 3: ("name", "text", False),
        4: ("op_type", "text", False), 5: ("attribute", "Attribute", True),
        6: ("doc_string", "text", False), 7: ("domain", "text", False),
        8: ("overload", "text", False), 9: ("metadata_props", "Entry", True),
    },
    "Attribute": {
        1: ("name", "text", False), 2: ("f", "float", False), 3: ("i", "int", False),
        4: ("s", "bytes", False), 5: ("t", "Tensor", False), 6: ("g", "Graph", False),
        7: ("floats", "float", True), 8: ("ints", "int", True), 9: ("strings", "bytes", True),
        10: ("tensors", "Tensor", True), 11: ("graphs", "Graph", True),
        13: ("doc_string", "text", False), 20: ("type", "int", False),
    },
    "Tensor": {
        1: ("dims", "int", True), 2: ("data_type", "int", False), 4: ("float_data", "float", True),
        5: ("int32_data", "int", True), 6: ("string_data", "bytes", True),
        7: ("int64_data", "int", True), 8: ("name", "text", False), 9: ("raw_data", "bytes", False),
        10: ("double_data", "double", True), 11: ("uint64_data", "int", True),
        12: ("doc_string", "text", False), 13: ("external_data", "Entry", True),
        14: ("data_location", "int", False), 16: ("metadata_props", "Entry", True),
    },
    "Value": {
        1: ("name", "text", False), 2: ("type", "Type", False), 3: ("doc_string", "text", False),
        4: ("metadata_props", "Entry", True),
    },
    "Type": {
        1: ("tensor_type", "TensorType", False), 4: ("sequence_type", "SequenceType", False),
        5: ("map_type", "MapType", False), 6: ("denotation", "text", False),
    },
    "TensorType": {1: ("elem_type", "int", False), 2: ("shape", "Shape", False)},
    "SequenceType": {1: ("elem_type", "Type", False)},
    "MapType": {1: ("key_type", "int", False), 2: ("value_type", "Type", False)},
    "Shape": {1: ("dim", "Dimension", True)},
    "Dimension": {
        1: ("dim_value", "int", False), 2: ("dim_param", "text", False),
        3: ("denotation", "text", False),
    },
}  # fmt: skip

ELEMENTS: dict[int, tuple[str, str]] = {
    1: ("<f4", "float_data"), 2: ("u1", "int32_data"), 3: ("i1", "int32_data"),
    4: ("<u2", "int32_data"), 5: ("<i2", "int32_data"), 6: ("<i4", "int32_data"),
    7: ("<i8", "int64_data"), 9: ("?", "int32_data"), 10: ("<f2", "int32_data"),
    11: ("<f8", "double_data"), 12: ("<u4", "uint64_data"), 13: ("<u8", "uint64_data"),
}  # fmt: skip
"""Type of a tensor's elements -> how they are in `raw_data`, and their field otherwise."""
STRINGS = 8
_DATA = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")
_VALUES = ("f", "i", "s", "t", "g", "floats", "ints", "strings", "tensors", "graphs")
_BY_TYPE = {
    1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 9: "tensors",
    10: "graphs",
}  # fmt: skip
DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})


def read(content: bytes) -> tuple[Tree, int]:
    """The model as a tree, and how many hidden parts it has. Raises `WireError`."""
    reader = Reader(SCHEMA, content)
    tree = reader.message("Model")
    if "graph" not in tree or "ir_version" not in tree or not tree.get("opset_import"):
        raise WireError("form")
    return tree, reader.hidden


def describe(content: bytes, most_values: int) -> Answer:
    """All that the file holds. Raises `WireError` and `TooLarge`."""
    tree, hidden = read(content)
    return _Describing(most_values).model(tree, hidden)


class _Describing:
    def __init__(self, most_values: int) -> None:
        self.answer = Answer("onnx", most_values)
        self.operators: dict[str, int] = {}
        self.nodes = 0

    def model(self, tree: Tree, hidden: int) -> Answer:
        answer = self.answer
        if hidden or tree.get("training_info") or tree.get("functions"):
            answer.faults.add("hidden")
        for name in ("producer_name", "producer_version", "domain"):
            answer.text("producer", tree.get(name, b""), free=False)
        self._said(tree)
        opsets = {}
        for one in tree["opset_import"]:
            domain = one.get("domain", b"")
            if domain not in DOMAINS:
                answer.faults.add("operator")
            answer.text("name", domain, free=False)
            opsets[domain.decode("utf-8", "replace")[:40]] = int(one.get("version", 0))
        self.graph(tree["graph"])
        graph = tree["graph"]
        given = {one.get("name", b"") for one in graph.get("initializer", [])}
        inputs = [one for one in graph.get("input", []) if one.get("name", b"") not in given]
        answer.more = {
            "opsets": dict(list(opsets.items())[:20]),
            "operators": dict(list(self.operators.items())[:500]),
            "inputs": [_told(one) for one in inputs[:2_500]],
            "outputs": [_told(one) for one in graph.get("output", [])[:50]],
        }
        return answer

    def graph(self, graph: Tree) -> None:
        answer = self.answer
        if graph.get("sparse_initializer") or graph.get("quantization_annotation"):
            answer.faults.add("hidden")
        answer.text("name", graph.get("name", b""), free=False)
        self._said(graph)
        for field in ("input", "output", "value_info"):
            for one in graph.get(field, []):
                answer.text("name", one.get("name", b""), free=False)
                self._said(one)
                self._type(one.get("type", {}), 0)
        for tensor in graph.get("initializer", []):
            self.tensor(tensor, "initialiser", -1, "")
        for node in graph.get("node", []):
            self.node(node)

    def node(self, node: Tree) -> None:
        answer = self.answer
        domain, op = node.get("domain", b""), node.get("op_type", b"")
        said = f"{domain.decode('utf-8', 'replace')}:{op.decode('utf-8', 'replace')}"
        # Both spellings of the one standard set.
        said = said.removeprefix("ai.onnx:").removeprefix(":")[:80]
        self.operators[said] = self.operators.get(said, 0) + 1
        if domain not in DOMAINS or said not in KNOWN or node.get("overload"):
            answer.faults.add("operator")
        number = self.nodes
        self.nodes += 1
        for text in (node.get("name", b""), op, *node.get("input", []), *node.get("output", [])):
            answer.text("name", text, free=False)
        self._said(node)
        for attribute in node.get("attribute", []):
            self.attribute(attribute, number, said)

    def attribute(self, attribute: Tree, node: int, op: str) -> None:
        answer = self.answer
        name = attribute.get("name", b"").decode("utf-8", "replace")
        answer.text("name", attribute.get("name", b""), free=False)
        self._said(attribute)
        meant = _BY_TYPE.get(attribute.get("type", 0))
        # Values of another type than the attribute's are seen by no reader.
        if meant is None or any(attribute.get(one) for one in _VALUES if one != meant):
            answer.faults.add("hidden")
        for field in ("f", "i"):
            if field in attribute:
                answer.array(name, "number", np.array([attribute[field]]), (1,), node, op)
        for field, dtype in (("floats", np.float32), ("ints", np.int64)):
            values = numbers(attribute.get(field), dtype)
            if len(values):
                answer.array(name, "attribute", values, (len(values),), node, op)
        for text in (attribute.get("s", b""), *attribute.get("strings", [])):
            answer.text(name[:60] or "attribute", text, free=False)
        for tensor in ([attribute["t"]] if "t" in attribute else []) + attribute.get("tensors", []):
            self.tensor(tensor, "attribute", node, op, name)
        for graph in ([attribute["g"]] if "g" in attribute else []) + attribute.get("graphs", []):
            self.graph(graph)

    def tensor(self, tensor: Tree, where: str, node: int, op: str, name: str = "") -> None:
        answer = self.answer
        answer.text("name", tensor.get("name", b""), free=False)
        self._said(tensor)
        if tensor.get("external_data") or tensor.get("data_location"):
            answer.faults.add("external")
            return
        name = name or tensor.get("name", b"").decode("utf-8", "replace")
        shape = tuple(int(one) for one in numbers(tensor.get("dims"), np.int64))
        if tensor.get("data_type") == STRINGS:
            for text in tensor.get("string_data", []):
                answer.text("tensor", text, free=False)
            self._only(tensor, "string_data")
            return
        values = self._elements(tensor)
        if min(shape, default=1) < 0 or math.prod(shape) != len(values):
            answer.faults.add("hidden")
            shape = (len(values),)
        answer.array(name, where, values, shape, node, op)

    def _elements(self, tensor: Tree) -> npt.NDArray[Any]:
        known = ELEMENTS.get(int(tensor.get("data_type", 0)))
        if known is None:
            self.answer.faults.add("operator")
            return np.frombuffer(tensor.get("raw_data", b""), np.uint8)
        element, field = known
        raw = tensor.get("raw_data")
        if raw is not None:
            self._only(tensor, "raw_data")
            size = np.dtype(element).itemsize
            if len(raw) % size:
                self.answer.faults.add("hidden")
            return np.frombuffer(raw[: len(raw) // size * size], element)
        self._only(tensor, field)
        wide = {"float_data": np.float32, "double_data": np.float64}.get(field, np.int64)
        found = numbers(tensor.get(field), wide)
        if element == "<f2":
            return found.astype(np.uint16).view(np.float16)
        if wide is np.int64 and not (found.astype(element).astype(np.int64) == found).all():
            self.answer.faults.add("hidden")
        return found

    def _only(self, tensor: Tree, field: str) -> None:
        if any(tensor.get(one) for one in (*_DATA, "raw_data") if one != field):
            self.answer.faults.add("hidden")

    def _said(self, message: Tree) -> None:
        self.answer.text("doc_string", message.get("doc_string", b""), free=True)
        for entry in message.get("metadata_props", []):
            self.answer.text("metadata", entry.get("key", b""), free=True)
            self.answer.text("metadata", entry.get("value", b""), free=True)

    def _type(self, kind: Tree, depth: int) -> None:
        self.answer.text("denotation", kind.get("denotation", b""), free=True)
        for one in kind.get("tensor_type", {}).get("shape", {}).get("dim", []):
            self.answer.text("name", one.get("dim_param", b""), free=False)
            self.answer.text("denotation", one.get("denotation", b""), free=True)
        for inner in (kind.get("sequence_type", {}).get("elem_type"),
                      kind.get("map_type", {}).get("value_type")):  # fmt: skip
            if inner:
                self._type(inner, depth + 1)


def _told(value: Tree) -> dict[str, Any]:
    """Name, type of elements and shape (-1 for a free axis) of an input or output."""
    tensor = value.get("type", {}).get("tensor_type", {})
    dims = tensor.get("shape", {}).get("dim", [])
    return {
        "name": value.get("name", b"").decode("utf-8", "replace")[:120],
        "element": int(tensor.get("elem_type", 0)),
        "shape": [max(-1, min(int(one.get("dim_value", -1)), 1 << 40)) for one in dims[:8]],
    }


__all__ = ["ELEMENTS", "SCHEMA", "TooLarge", "WireError", "describe", "read"]
