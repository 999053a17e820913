"""Running our readers, and the model itself, in the sandbox: files go in, plain numbers come out.

A model's file is read by our code and by onnxruntime, and either could be taken over by it. So both
run with that file, the rows that are asked about, and nothing else; and what they leave is believed
only in one form: a small JSON object of ours, and an array of float64 of the size that it says.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.foundation.files import make_private_folder, read_bytes, thaw_and_remove
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.collecting import Declaration, Declared, collect
from commonweal.sandbox.orders import MIB, Limits, Mount, Run
from commonweal.sandbox.runtimes import CODE, python_runtime

Array = npt.NDArray[np.float64]
Task = Literal["describe", "predict", "leaves"]
_ANSWER_BYTES = 16 * MIB
_ENVIRONMENT = (
    ("HOME", "/tmp"),  # noqa: S108 (inside)
    ("LANG", "C.UTF-8"),
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
)
Short = Annotated[str, Field(max_length=500)]
Whole = Annotated[int, Field(ge=-1, le=1 << 53)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class SaidArray(_Said):
    """One array: where it stood, its shape, and how many numbers of `values.bin` are its."""

    name: Short
    where: Literal["initialiser", "attribute", "number", "bits", "text", "tensor", "coefficients"]
    shape: Annotated[list[Whole], Field(max_length=8)]
    count: Whole
    node: Whole
    op: Short


class SaidText(_Said):
    """One text. `size`: its bytes in the file; `free`: whether no reader needs it."""

    where: Short
    text: Short
    size: Whole
    free: bool


class SaidValue(_Said):
    """An input or output: its name, the number of its type of elements, its shape."""

    name: Short
    element: int
    shape: Annotated[list[Whole], Field(max_length=8)]


class Described(_Said):
    """What a file holds, in one form for all kinds."""

    kind: Literal["onnx", "safetensors", "coefficients"]
    faults: list[Literal["hidden", "external", "operator"]]
    arrays: Annotated[list[SaidArray], Field(max_length=20_000)]
    texts: Annotated[list[SaidText], Field(max_length=2_000)]
    opsets: dict[Short, int]
    operators: dict[Short, int]
    inputs: Annotated[list[SaidValue], Field(max_length=2_500)]
    outputs: Annotated[list[SaidValue], Field(max_length=50)]
    family: Literal["linear", "logistic", "poisson", "cox"] | None = None
    terms: Annotated[list[Short], Field(max_length=2_000)] = []


class _Counted(_Said):
    rows: Annotated[int, Field(ge=0)]
    columns: Annotated[int, Field(ge=0)]
    trees: Annotated[int, Field(ge=0)] = 0
    leaves: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Bench:
    """Where models are looked at: the sandbox, the project, and a folder for what is on its way.

    work: a folder of the airlock's alone, in memory where rows are real.
    """

    sandbox: Sandbox
    project: str
    work: Path

    def describe(self, file: Path, kind: str, most_values: int) -> tuple[Described, list[Array]]:
        """What the file holds, and the numbers of each of its arrays. Raises `Fault`."""
        options = {"kind": kind, "most_values": most_values}
        with self._done("describe", file, None, options, most_values * 8) as (answer, values):
            try:
                said = Described.model_validate(answer)
            except ValidationError:
                raise _odd() from None
        sizes = [one.count for one in said.arrays]
        if min(sizes, default=0) < 0 or sum(sizes) != len(values):
            raise _odd()
        return said, np.split(values, np.cumsum(sizes)[:-1]) if sizes else []

    def predict(self, file: Path, rows: Array, names: list[str], classes: list[str]) -> Array:
        """What the model says: a line for each row. Raises `Fault`."""
        options = {"names": names, "classes": classes}
        most = max(1, len(rows)) * (max(1, len(classes)) + 64) * 8
        with self._done("predict", file, rows, options, most) as (answer, values):
            said = _counted(answer)
        least = max(1, len(classes))
        if said.rows != len(rows) or said.columns < least or said.columns > least + 64:
            raise _odd()
        return _shaped(said, values)

    def leaves(self, file: Path, rows: Array) -> tuple[Array, int] | None:
        """The leaf of each row in each tree and how many leaves there are; None: no trees."""
        with self._done("leaves", file, rows, {}, 512 * MIB) as (answer, values):
            said = _counted(answer)
        if said.trees == 0:
            return None
        if said.rows != len(rows) or said.columns != said.trees:
            raise _odd()
        return _shaped(said, values), said.leaves

    @contextmanager
    def _done(
        self, task: Task, file: Path, rows: Array | None, options: dict[str, Any], most: int
    ) -> Iterator[tuple[Any, Array]]:
        """The answer and the numbers of one task; what is on its way is gone at the end."""
        folder = self.work / f"model-{secrets.token_hex(8)}"
        make_private_folder(folder)
        try:
            # A copy that the reader, who is another user, may read.
            copy = folder / "model"
            shutil.copyfile(file, copy)
            copy.chmod(0o444)
            run = _run(task, copy, self._rows(folder, rows), options, rows, most)
            taken = folder / "taken"
            # Another user than the project's jobs, which may be running.
            who = f"model:{self.project}"
            with self.sandbox.run(run, who) as job:
                outcome = job.wait()
                if outcome.state == "over_limit":
                    raise Fault("CW-MODEL-LARGE", "A model took too much time or memory.")
                if outcome.state != "finished":
                    raise Fault("CW-MODEL-FILE", "Reading a model was ended by its file.")
                left = Declaration(
                    (Declared("answer.json", _ANSWER_BYTES), Declared("values.bin", most)),
                    most + _ANSWER_BYTES,
                )
                collect(job.outputs, left, taken, owner=self.sandbox.owner(who))
            yield _answer(taken), _numbers(taken / "values.bin")
        finally:
            thaw_and_remove(folder)

    def _rows(self, folder: Path, rows: Array | None) -> Path | None:
        if rows is None:
            return None
        inside = folder / "rows"
        inside.mkdir(mode=0o755)
        path = inside / "rows.bin"
        path.write_bytes(np.ascontiguousarray(rows, "<f8").tobytes())
        path.chmod(0o444)
        return inside


def _run(
    task: Task, file: Path, rows: Path | None, options: dict[str, Any], given: Array | None,
    most: int,
) -> Run:  # fmt: skip
    if task == "predict" and find_spec("onnxruntime") is None:
        raise Unavailable(
            "CW-MODEL-EXTRA",
            "What runs models is not installed, so none can be checked.",
            remedy="Install commonweal with its extra `models`.",
        )
    runtime, program = python_runtime()
    mounts = [Mount(file.absolute(), "/model/file")]
    if rows is not None and given is not None:
        mounts.append(Mount(rows.absolute(), "/rows"))
        options = {**options, "rows": given.shape[0], "width": given.shape[1]}
    script = f"{CODE}/commonweal/airlock/models/inside/main.py"
    return Run(
        program,
        ("-I", "-S", "-B", script, task, json.dumps(options)),
        runtime,
        tuple(mounts),
        _ENVIRONMENT,
        limits=Limits(
            wall_seconds=120.0, cpu_seconds=110, memory_bytes=4096 * MIB, address_bytes=8192 * MIB,
            processes=16, file_bytes=most + _ANSWER_BYTES, output_bytes=most + _ANSWER_BYTES + MIB,
            output_files=4, tmp_bytes=16 * MIB, tmp_files=20, log_bytes=0,
        ),
    )  # fmt: skip


def _answer(taken: Path) -> Any:
    content = read_bytes(taken / "answer.json", "an answer about a model", limit=_ANSWER_BYTES)
    try:
        answer = parse_json(content, "an answer about a model", max_bytes=_ANSWER_BYTES)
    except CommonwealError:
        raise _odd() from None
    if isinstance(answer, dict) and "fault" in answer:
        if answer["fault"] == "large":
            raise Fault("CW-MODEL-LARGE", "A model is larger than what can be looked at.")
        raise Fault("CW-MODEL-FILE", "A model cannot be read as what it is.")
    return answer


def _counted(answer: Any) -> _Counted:
    try:
        return _Counted.model_validate(answer)
    except ValidationError:
        raise _odd() from None


def _numbers(path: Path) -> Array:
    content = path.read_bytes()
    if len(content) % 8:
        raise _odd()
    return np.frombuffer(content, "<f8")


def _shaped(said: _Counted, values: Array) -> Array:
    if len(values) != said.rows * said.columns:
        raise _odd()
    return values.reshape(said.rows, said.columns)


def _odd() -> Fault:
    return Fault("CW-MODEL-FILE", "What was read of a model does not have its form.")
