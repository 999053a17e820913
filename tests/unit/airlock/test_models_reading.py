"""Reading models: what is told of a file, held against the formats' own libraries; hostile files.

A hostile file may be refused or told of, and does nothing else: only our own faults come out.
"""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save

from commonweal.airlock.models.detecting import kind_of
from commonweal.airlock.models.inside import coefficients_file, onnx_file, safetensors_file
from commonweal.airlock.models.inside.answer import Answer, TooLarge
from commonweal.airlock.models.inside.operators import KNOWN
from commonweal.airlock.models.inside.wire import WireError
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.running import Described

MOST = 100_000


def linear(*more: Any, **fields: Any) -> onnx.ModelProto:
    """y = x w + b, with whatever nodes and fields beside it."""
    drawn = np.random.default_rng(1)
    w = numpy_helper.from_array(drawn.normal(size=(4, 2)).astype("f4"), "w")
    b = numpy_helper.from_array(drawn.normal(size=2), "b")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), *more]
    nodes.append(helper.make_node("Add", ["m", "b"], ["y"]))
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])], [w, b],
    )  # fmt: skip
    return helper.make_model(
        graph, producer_name="p", opset_imports=[helper.make_opsetid("", 17)], **fields
    )


def described(model: onnx.ModelProto | bytes) -> Answer:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    answer = onnx_file.describe(content, MOST)
    Described.model_validate(answer.plain())
    return answer


def faults(model: onnx.ModelProto | bytes) -> list[str]:
    return described(model).plain()["faults"]


def numbers_of(answer: Answer) -> dict[str, np.ndarray]:
    told = answer.plain()["arrays"]
    return {one["name"]: values.reshape(one["shape"]) for one, values in
            zip(told, answer._values, strict=True) if one["where"] != "bits"}  # fmt: skip


# --- ONNX --------------------------------------------------------------------------------------


def test_an_honest_model_is_told_in_full() -> None:
    answer = described(linear())
    told = answer.plain()
    assert told["faults"] == []
    assert told["operators"] == {"MatMul": 1, "Add": 1}
    assert told["inputs"] == [{"name": "x", "element": 1, "shape": [-1, 4]}]
    assert told["opsets"] == {"": 17}
    assert [one["text"] for one in told["texts"]] == ["p"]


ELEMENTS = ["f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("raw", [True, False])
def test_each_kind_of_tensor_is_read_as_the_library_reads_it(element: str, raw: bool) -> None:
    values = (np.arange(6).reshape(2, 3) * 3 - (0 if element[0] in "u?" else 4)).astype(element)
    if raw:
        tensor = numpy_helper.from_array(values, "t")
    else:
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor = helper.make_tensor("t", kind, values.shape, values.ravel().tolist())
    model = linear()
    model.graph.initializer.append(tensor)
    assert faults(model) == []
    assert (numbers_of(described(model))["t"] == numpy_helper.to_array(tensor).astype("f8")).all()


@given(
    st.lists(st.floats(width=32, allow_nan=False), max_size=40),
    st.lists(st.integers(-(2**62), 2**62), max_size=40),
)
@settings(max_examples=40, deadline=None)
def test_attributes_are_read_as_the_library_reads_them(
    floats: list[float], ints: list[int]
) -> None:
    node = helper.make_node("LeakyRelu", ["m"], ["q"])
    for name, values in (("floats", floats), ("ints", ints)):
        attribute = node.attribute.add(name=name)
        attribute.type = 6 if name == "floats" else 7
        getattr(attribute, name).extend(values)
    found = numbers_of(described(linear(node)))
    assert (found.get("floats", np.empty(0)) == np.array(floats)).all()
    assert (found.get("ints", np.empty(0)) == np.array(ints, "f8")).all()


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def with_graph(extra: bytes) -> bytes:
    """A model whose graph ends in some bytes that its library never wrote."""
    model = linear()
    graph = model.graph.SerializeToString() + extra
    model.ClearField("graph")
    return model.SerializeToString() + field(7, graph)


HIDDEN: dict[str, Callable[[], bytes]] = {
    "a field that is not known": lambda: linear().SerializeToString() + field(900, b"Mrs Smith"),
    "a field of a later version": lambda: linear().SerializeToString() + field(26, b""),
    "a second producer": lambda: linear().SerializeToString() + field(2, b"Mrs Smith"),
    "a second graph": lambda: linear().SerializeToString() + field(7, b"\x12\x01h"),
    "a number in more bytes": lambda: linear().SerializeToString() + b"\x28\x81\x80\x00",
    "something not known in the graph": lambda: with_graph(field(77, b"secret")),
    "an old group": lambda: with_graph(b"\x98\x06\x01"),
    "training": lambda: linear().SerializeToString() + field(20, b""),
    "functions": lambda: linear().SerializeToString() + field(25, b""),
    "sparse values": lambda: with_graph(field(15, b"")),
    "two forms of one tensor": lambda: changed_tensor(lambda t: t.float_data.append(3.0)),
    "more values than its shape": lambda: changed_tensor(lambda t: t.dims.insert(0, 3)),
    "a shape below nothing": lambda: changed_tensor(lambda t: t.dims.extend([-1, -1])),
    "an attribute of two kinds": lambda: changed_attribute(lambda a: a.ints.append(7)),
    "an attribute without a kind": lambda: changed_attribute(lambda a: a.ClearField("type")),
    "a text in an attribute of numbers": lambda: changed_attribute(lambda a: setattr(a, "s", b"x")),
}


def changed_tensor(change: Callable[[Any], Any]) -> bytes:
    model = linear()
    change(model.graph.initializer[0])
    return model.SerializeToString()


def changed_attribute(change: Callable[[Any], Any]) -> bytes:
    node = helper.make_node("LeakyRelu", ["m"], ["q"], alpha=0.5)
    change(node.attribute[0])
    return linear(node).SerializeToString()


@pytest.mark.parametrize("how", HIDDEN)
def test_what_no_reader_shows_is_told(how: str) -> None:
    content = HIDDEN[how]()
    # The twin: the library reads the file, and shows nothing of it.
    onnx.load_from_string(content)
    assert "hidden" in faults(content)


def test_a_file_behind_a_model_is_told_or_refused() -> None:
    for behind in (b"PK\x03\x04" + b"x" * 50, b"\x00", b"name,nhs\n", b"\xff" * 20):
        try:
            assert "hidden" in faults(linear().SerializeToString() + behind)
        except WireError:
            continue


def test_values_of_another_file_are_told() -> None:
    for where in ("../../etc/passwd", "weights.bin", "/proc/self/environ"):
        model = linear()
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=where)
        assert faults(model) == ["external"]
    model = linear()
    model.graph.initializer[0].external_data.add(key="location", value="x")
    assert "external" in faults(model)


@pytest.mark.parametrize(
    ("op", "domain"),
    [
        ("CDist", "com.microsoft"), ("PyOp", "ai.onnx.contrib"), ("MatMul", "mine"),
        ("RandomNormal", ""), ("ImageDecoder", ""), ("Nothing", ""), ("Optional", ""),
        ("MatMul", "ai.onnx.ml"), ("SVMClassifier", ""),
    ],
)  # fmt: skip
def test_operators_that_are_not_on_the_list_are_told(op: str, domain: str) -> None:
    node = helper.make_node(op, ["m"], ["q"], domain=domain)
    assert "operator" in faults(linear(node))


def test_operators_in_graphs_of_operators_are_told() -> None:
    inner = helper.make_graph([helper.make_node("PyOp", ["a"], ["b"], domain="evil")], "i", [], [])
    node = helper.make_node("If", ["m"], ["q"], then_branch=inner, else_branch=inner)
    assert "operator" in faults(linear(node))
    assert "If" in KNOWN


def test_graphs_in_graphs_have_an_end() -> None:
    inner = helper.make_graph([], "i", [], [])
    for _ in range(12):
        node = helper.make_node("If", ["m"], ["q"], then_branch=inner)
        inner = helper.make_graph([node], "i", [], [])
    with pytest.raises(WireError, match="deep"):
        described(linear(helper.make_node("If", ["m"], ["q"], then_branch=inner)))


def test_every_text_is_told_once_and_its_numbers_are_kept() -> None:
    model = linear()
    model.doc_string = model.graph.doc_string = "age 54, pressure 131.5"
    model.metadata_props.add(key="k", value="-1.5e2 and 7")
    answer = described(model)
    told = {one["text"] for one in answer.plain()["texts"] if one["free"]}
    assert told == {"age 54, pressure 131.5", "k", "-1.5e2 and 7"}
    spoken = [values.tolist() for one, values in
              zip(answer.plain()["arrays"], answer._values, strict=True)
              if one["where"] == "text"]  # fmt: skip
    assert sorted(spoken) == [[-150.0, 7.0], [54.0, 131.5]]


def test_more_than_there_is_room_for_is_too_large() -> None:
    model = linear()
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(MOST + 1, "f4"), "big"))
    with pytest.raises(TooLarge):
        described(model)
    model = linear()
    for number in range(2_100):
        model.metadata_props.add(key=f"k{number}", value="v")
    with pytest.raises(TooLarge):
        described(model)


def test_a_shape_of_more_than_there_is_costs_nothing() -> None:
    def huge(tensor: Any) -> None:
        tensor.dims[:] = [2**62, 2**62]

    assert "hidden" in faults(changed_tensor(huge))


CONTENT = linear(helper.make_node("LeakyRelu", ["m"], ["q"], alpha=0.5)).SerializeToString()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_spoiled_files_end_in_our_own_faults(data: st.DataObject) -> None:
    content = bytearray(CONTENT)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        told = onnx_file.describe(bytes(content[:cut]), MOST).plain()
        Described.model_validate(told)
        json.dumps(told)
    except (WireError, TooLarge):
        pass


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_end_in_our_own_faults(content: bytes) -> None:
    kind_of(content)
    for module in (onnx_file, safetensors_file, coefficients_file):
        try:
            Described.model_validate(module.describe(content, MOST).plain())
        except (WireError, TooLarge):
            continue


# --- safetensors -------------------------------------------------------------------------------


def packed(header: dict[str, Any] | bytes, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def test_safetensors_are_read_as_the_library_reads_them() -> None:
    arrays = {
        element: (np.arange(6).reshape(2, 3) * 2).astype(element)
        for element in ("f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1")
    } | {"flag": np.array([True, False])}
    content = save(arrays, metadata={"format": "pt"})
    answer = safetensors_file.describe(content, MOST)
    assert answer.plain()["faults"] == []
    assert answer.plain()["texts"] == []
    found = numbers_of(answer)
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.astype("f8").tolist() for name, values in arrays.items()
    }
    assert kind_of(content) == "safetensors"


ONE = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
REFUSED_TENSORS: dict[str, bytes] = {
    "no header": b"",
    "a header that is longer than the file": struct.pack("<Q", 1 << 40) + b"{}" * 10,
    "a header that is a list": packed(b"[1, 2, 3, 4]"),
    "a header that is broken": packed(b'{"a": '),
    "a shape that is a text": packed({"a": ONE["a"] | {"shape": "2"}}, b"x" * 8),
    "a shape below nothing": packed({"a": ONE["a"] | {"shape": [-2]}}, b"x" * 8),
    "a shape of true": packed({"a": ONE["a"] | {"shape": [True, 2]}}, b"x" * 8),
    "a huge shape": packed({"a": ONE["a"] | {"shape": [2**60, 2**60]}}, b"x" * 8),
    "offsets beyond the end": packed({"a": ONE["a"] | {"data_offsets": [0, 80]}}, b"x" * 8),
    "offsets that overlap": packed({**ONE, "b": ONE["a"]}, b"x" * 8),
    "offsets that go back": packed({"a": ONE["a"] | {"data_offsets": [8, 0]}}, b"x" * 8),
    "another key": packed({"a": ONE["a"] | {"note": 1}}, b"x" * 8),
    "metadata that is no object": packed({"__metadata__": [1]}, b""),
    "deep": packed(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
}


@pytest.mark.parametrize("how", REFUSED_TENSORS)
def test_broken_safetensors_are_refused(how: str) -> None:
    with pytest.raises(WireError):
        safetensors_file.describe(REFUSED_TENSORS[how], MOST)


HIDDEN_TENSORS: dict[str, bytes] = {
    "bytes behind": packed(ONE, b"x" * 8 + b"Mrs Smith"),
    "bytes between": packed(
        {**ONE, "b": ONE["a"] | {"data_offsets": [17, 25]}}, b"x" * 8 + b"Mrs Smith" + b"y" * 8
    ),
    "a name twice": packed(json.dumps(ONE).encode()[:-1] + b"," + json.dumps(ONE).encode()[1:],
                           b"x" * 8),
    "blanks": packed(json.dumps(ONE).encode() + b" " * 40, b"x" * 8),
    "tabs": packed(json.dumps(ONE).encode().replace(b" ", b"\t"), b"x" * 8),
}  # fmt: skip


@pytest.mark.parametrize("how", HIDDEN_TENSORS)
def test_what_no_reader_of_safetensors_shows_is_told(how: str) -> None:
    assert "hidden" in safetensors_file.describe(HIDDEN_TENSORS[how], MOST).plain()["faults"]


def test_other_metadata_and_other_types_are_told() -> None:
    told = safetensors_file.describe(save({"a": np.zeros(2)}, metadata={"who": "x"}), MOST).plain()
    assert [one["text"] for one in told["texts"] if one["free"]] == ["who", "x"]
    content = packed({"a": ONE["a"] | {"dtype": "F8_E4M3"}}, b"x" * 8)
    assert safetensors_file.describe(content, MOST).plain()["faults"] == ["operator"]


# --- coefficients ------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "coefficients": 1, "family": "logistic", "intercept": -1.5,
    "terms": [{"name": "age", "value": 0.25}],
}  # fmt: skip


def test_coefficients_are_told() -> None:
    told = coefficients_file.describe(json.dumps(GOOD).encode(), MOST).plain()
    assert (told["terms"], told["family"]) == (["age"], "logistic")
    assert [one["count"] for one in told["arrays"]] == [1, 1]


@pytest.mark.parametrize(
    "changed",
    [
        {"coefficients": 2}, {"coefficients": True}, {"family": "tree"}, {"note": "x"},
        {"intercept": "1"}, {"intercept": True}, {"intercept": 1e301}, {"terms": []},
        {"terms": {}}, {"terms": [{"name": "age"}]}, {"terms": [{"name": "", "value": 1}]},
        {"terms": [{"name": 3, "value": 1}]}, {"terms": [{"name": "a", "value": None}]},
        {"terms": [{"name": "a", "value": 1, "se": 2}]},
        {"terms": [{"name": "a" * 200, "value": 1}]},
        {"terms": [{"name": "a", "value": 1}] * 2001},
    ],
)  # fmt: skip
def test_other_coefficients_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        coefficients_file.describe(json.dumps(GOOD | changed).encode(), MOST)


def test_coefficients_that_are_no_json_are_refused() -> None:
    twice = b'{"coefficients": 1, "coefficients": 1, "family": "linear"}'
    for content in (b"", b"{", twice, b"\xff{}", b"[" * 100_000, b'{"a": NaN}'):
        with pytest.raises(WireError):
            coefficients_file.describe(content, MOST)


# --- kinds -------------------------------------------------------------------------------------


def test_a_file_is_what_its_bytes_say(tmp_path: Path) -> None:
    import pickle
    import zipfile

    with zipfile.ZipFile(tmp_path / "m.pt", "w") as made:
        made.writestr("data.pkl", b"x")
    refused = [
        b"", b"GGUF....", b"\x89HDF\r\n", b"\x93NUMPY\x01", b"\x1f\x8b\x08", b"#!/bin/sh\n",
        b"\x7fELF", (tmp_path / "m.pt").read_bytes(), b"name,age\n", b"\x00" * 40, b"ZF0x1",
    ]  # fmt: skip
    for protocol in range(6):
        refused += [pickle.dumps(one, protocol) for one in ([1, 2], {"a": "b"}, np.zeros(3))]
    for content in refused:
        assert kind_of(content) is None, content[:12]
    assert kind_of(CONTENT) == "onnx"
    assert kind_of(json.dumps(GOOD).encode()) == "coefficients"
    # An archive that begins as a model is a model with something hidden behind it.
    behind = CONTENT + (tmp_path / "m.pt").read_bytes()
    with contextlib.suppress(WireError):
        assert "hidden" in faults(behind)


# --- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"people_behind_leaf": 1}, {"people_behind_leaf": 2}, {"auc": 0.95}, {"auc": 0.4},
        {"small_leaf_tree": "pass"}, {"least_holdout": 0}, {"confidence": 0.5}, {"shadows": 1},
        {"degrees_of_freedom": 0}, {"tail": 0.5}, {"advantage": 0.9}, {"more": 1},
        {"agreement": 0.5}, {"true_positives": 0.9}, {"rare_value": 1},
    ],
)  # fmt: skip
def test_no_limits_let_a_single_person_through(changed: dict[str, Any]) -> None:
    from commonweal.papers.base import PaperInvalid

    good = ModelLimits.load().model_dump(mode="json")
    assert ModelLimits.read(good, "x") == ModelLimits.load()
    with pytest.raises(PaperInvalid):
        ModelLimits.read(good | changed, "x")


def test_limits_of_a_custodian_are_a_file(tmp_path: Path) -> None:
    from commonweal.foundation.errors import WrongUsage

    path = tmp_path / "mine.json"
    path.write_text(json.dumps(ModelLimits.load().model_dump(mode="json") | {"auc": 0.55}))
    assert ModelLimits.load(str(path)).auc == 0.55
    with pytest.raises(WrongUsage, match="limits"):
        ModelLimits.load("another")
