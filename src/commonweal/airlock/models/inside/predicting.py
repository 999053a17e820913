"""What a model says of rows: it is run here, and only its numbers come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models.inside.wire import WireError

BATCH = 4_096
MOST_COLUMNS = 64
_KINDS = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64,
    "tensor(int32)": np.int32, "tensor(bool)": np.bool_, "tensor(float16)": np.float16,
}  # fmt: skip
Rows = npt.NDArray[np.float64]


def predict(content: bytes, rows: Rows, names: list[str], classes: list[str]) -> Rows:
    """One line for each row: the probability of each class (or the number that is foretold), then
    whatever else the model says in numbers.

    names: of the numbers of a row, for models with an input for each. Raises `WireError` where the
    model cannot be run, or says nothing of the form that it should.
    """
    import onnxruntime as runtime

    runtime.set_default_logger_severity(4)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    wanted = [one.name for one in session.get_outputs()]
    made = []
    for at in range(0, len(rows), BATCH):
        part = rows[at : at + BATCH]
        said = session.run(wanted, _fed(inputs, part, names))
        made.append(_columns(said, len(part), classes))
    if not made or len({one.shape[1] for one in made}) != 1:
        raise WireError("form")
    return np.concatenate(made)


def _fed(inputs: list[Any], rows: Rows, names: list[str]) -> dict[str, Any]:
    kinds = [_KINDS.get(one.type) for one in inputs]
    if any(kind is None for kind in kinds):
        raise WireError("form")
    if len(inputs) == 1:
        return {inputs[0].name: rows.astype(kinds[0])}
    if [one.name for one in inputs] != names:
        raise WireError("form")
    return {
        one.name: rows[:, [place]].astype(kind)
        for place, (one, kind) in enumerate(zip(inputs, kinds, strict=True))
    }


def _columns(said: list[Any], count: int, classes: list[str]) -> Rows:
    blocks = [_block(one, count, classes) for one in said]
    wide = max(1, len(classes))
    first = next((one for one in blocks if one[0] and one[1].shape[1] == wide), None)
    if first is None and len(classes) == 2:
        # One number: the probability of the second class.
        one = next((one for one in blocks if one[0] and one[1].shape[1] == 1), None)
        first = None if one is None else (True, np.hstack([1 - one[1], one[1]]))
    if first is None:
        first = next((one for one in blocks if one[1].shape[1] == wide), None)
    if first is None:
        raise WireError("form")
    rest = [values for _, values in blocks if values.shape[1]]
    return np.hstack([first[1], *rest])[:, : wide + MOST_COLUMNS]


def _block(said: Any, count: int, classes: list[str]) -> tuple[bool, Rows]:
    """(whether these are measured numbers and no labels, the numbers of each row)."""
    if isinstance(said, list):
        if len(said) != count or not all(isinstance(one, dict) for one in said):
            raise WireError("form")
        keys = list(said[0]) if said else []
        by_text = {str(key): key for key in keys}
        order = [by_text[one] for one in classes if one in by_text]
        chosen = order if len(order) == len(classes) else keys[:MOST_COLUMNS]
        return True, np.array([[float(one[key]) for key in chosen] for one in said])
    values = np.asarray(said)
    if values.ndim == 0 or values.shape[0] != count:
        raise WireError("form")
    if values.dtype.kind in "OUS":
        told = values.reshape(count, -1)[:, 0].astype(str)
        return False, (told[:, None] == np.array(classes, str)[None, :]).astype(np.float64)
    flat = values.reshape(count, -1)[:, :MOST_COLUMNS].astype(np.float64)
    if values.dtype.kind in "iub" and classes:
        labels = flat[:, :1].astype(np.int64).astype(str)
        return False, (labels == np.array(classes, str)[None, :]).astype(np.float64)
    return True, flat
