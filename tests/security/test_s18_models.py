"""S18: a model's file exploits its reader beside the secrets.

Everything that reads or runs a model is in the sandbox with that file and, where it is asked about
rows, those rows. The naive twin reads it beside everything else. Hostile files end in a finding, or
in a fault of ours, and never in another way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from commonweal.airlock.models import running
from commonweal.airlock.models.inside import main
from commonweal.airlock.models.running import Bench
from commonweal.foundation.errors import Fault, WrongUsage
from tests.models_house import looked_at, open_bench, rules


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return open_bench(tmp_path_factory.mktemp("bench"))


def model(nodes: list[Any], *tensors: Any, out: str = "y") -> bytes:
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)], list(tensors),
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets).SerializeToString()


def tensor(values: Any, name: str) -> Any:
    return numpy_helper.from_array(np.asarray(values), name)


def endless() -> bytes:
    """A loop of 2**62 rounds."""
    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_"]) for name in ("on", "v")],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("on", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("on_", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v_", TensorProto.FLOAT, None)],
    )  # fmt: skip
    loop = helper.make_node("Loop", ["many", "yes", "x"], ["y"], body=body)
    return model([loop], tensor(np.int64(2**62), "many"), tensor(np.bool_(True), "yes"))


GOOD = model([helper.make_node("MatMul", ["x", "w"], ["y"])], tensor(np.ones((3, 1), "f4"), "w"))
HUGE = model([helper.make_node("Expand", ["x", "s"], ["y"])], tensor([2**30, 2**12, 3], "s"))
OUTSIDE = onnx.load_from_string(GOOD)
OUTSIDE.graph.initializer[0].ClearField("raw_data")
OUTSIDE.graph.initializer[0].data_location = TensorProto.EXTERNAL
OUTSIDE.graph.initializer[0].external_data.add(key="location", value="../../../../etc/hostname")
FILES: dict[str, tuple[bytes, set[str]]] = {
    "empty": (b"", {"model-kind"}),
    "a pickle": (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix.", {"model-kind"}),
    "an archive": (b"PK\x03\x04" + b"\x00" * 60, {"model-kind"}),
    "half a model": (GOOD[: len(GOOD) // 2], {"model-file"}),
    "a model less a byte": (GOOD[:-1], {"model-file"}),
    "values of another file": (OUTSIDE.SerializeToString(), {"model-external"}),
    "a length beyond the end": (b"\x3a\xff\xff\xff\xff\x0f", {"model-file"}),
    "safetensors without an end": (b"\xff\xff\x00\x00\x00\x00\x00\x00{" + b" " * 80_000,
                                   {"model-file"}),
    "json without an end": (b"{" * 90_000, {"model-file"}),
    "an operator of somebody": (
        model([helper.make_node("PyOp", ["x"], ["y"], domain="evil")]), {"model-operator"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_hostile_files_end_in_a_finding(bench: Bench, tmp_path: Path, name: str) -> None:
    content, expected = FILES[name]
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    report = looked_at(file, bench, None)
    assert report.card["verdict"] == "fail"
    assert expected <= rules(report, "fail")
    # What was found is told without a word of the file.
    assert all("hostname" not in json.dumps(one.where) for one in report.findings)
    json.dumps(report.card)


RUNS: dict[str, bytes] = {
    "a huge answer": HUGE,
    "rows of another number": model(
        [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=1)]
    ),
    "an answer without rows": model([helper.make_node("Shape", ["x"], ["y"])]),
    "values of another file": OUTSIDE.SerializeToString(),
    "no model": b"\x08\x01",
    "another width": model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], tensor(np.ones((9, 1), "f4"), "w")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_models_that_do_not_answer_as_they_should_are_faults(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(RUNS[name])
    with pytest.raises(Fault) as fault:
        bench.predict(file, np.ones((5, 3)), [], [])
    assert fault.value.code in {"CW-MODEL-FILE", "CW-MODEL-LARGE"}
    assert not list(bench.work.iterdir())


def test_a_model_without_an_end_is_ended(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(endless())
    limits = running.Limits
    monkeypatch.setattr(running, "Limits", lambda **told: limits(**told | {"wall_seconds": 3.0}))
    with pytest.raises(Fault, match="too much time"):
        bench.predict(file, np.ones((5, 3)), [], [])
    assert not list(bench.work.iterdir())


def test_an_honest_model_answers(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(GOOD)
    assert bench.predict(file, np.ones((5, 3)), [], [])[:, 0].tolist() == [3.0] * 5


# --- a reader that was taken over --------------------------------------------------------------

TAKEN_OVER: dict[str, tuple[Any, bytes]] = {
    "says that there is nothing": ({"kind": "onnx"}, b""),
    "says more than there is": ({"rows": 5, "columns": 1000}, b"x" * 80),
    "says it of other rows": ({"rows": 4, "columns": 1}, b"x" * 32),
    "says a part of a number": ({"rows": 5, "columns": 1}, b"x" * 39),
    "says something beside": ({"rows": 5, "columns": 1, "note": "Mrs Smith"}, b"x" * 40),
    "says less than nothing": ({"rows": -5, "columns": -1}, b"x" * 40),
    "says a fault of its own": ({"fault": "Mrs Smith has diabetes"}, b""),
    "says a list": ([1, 2], b""),
}


@pytest.mark.parametrize("name", TAKEN_OVER)
def test_what_a_taken_over_reader_says_is_believed_in_one_form_only(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer, values = TAKEN_OVER[name]
    monkeypatch.setattr(running, "_answer", lambda taken: running_answer(tmp_path, answer))
    monkeypatch.setattr(running, "_numbers", lambda path: running_numbers(tmp_path, values))
    file = tmp_path / "model.onnx"
    file.write_bytes(GOOD)
    with pytest.raises(Fault) as fault:
        bench.predict(file, np.ones((5, 3)), [], [])
    assert "Smith" not in fault.value.sentence


REAL_ANSWER, REAL_NUMBERS = running._answer, running._numbers


def running_answer(folder: Path, answer: Any) -> Any:
    (folder / "answer.json").write_text(json.dumps(answer))
    return REAL_ANSWER(folder)


def running_numbers(folder: Path, values: bytes) -> Any:
    (folder / "other.bin").write_bytes(values)
    return REAL_NUMBERS(folder / "other.bin")


def test_nothing_but_the_file_and_the_rows_is_there(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(GOOD)
    (tmp_path / "secret").write_text("x")
    run = running._run("predict", file, tmp_path / "rows", {}, np.ones((2, 3)), 80)
    given = {mount.target for mount in run.mounts}
    assert given == {"/model/file", "/rows"}
    assert run.proc is False
    describe = running._run("describe", file, None, {}, None, 80)
    assert {mount.target for mount in describe.mounts} == {"/model/file"}
    assert "secret" not in str([mount.source for mount in (*run.mounts, *describe.mounts)])


def test_a_name_of_a_project_that_is_none_is_refused(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(GOOD)
    with pytest.raises(WrongUsage):
        Bench(bench.sandbox, "../x", bench.work).describe(file, "onnx", 1000)


def test_the_script_inside_tells_faults_by_one_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"Mrs Smith")
    monkeypatch.setattr(main, "MODEL", tmp_path / "file")
    monkeypatch.setattr(main, "OUTPUTS", tmp_path)
    for kind in ("onnx", "safetensors", "coefficients", "another"):
        main.main("describe", {"kind": kind, "most_values": 10})
        told = (tmp_path / "answer.json").read_text()
        assert set(json.loads(told)) == {"fault"}
        assert "Smith" not in told
