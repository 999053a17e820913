"""The first lines that run inside on a model. A script: it is started, not imported.

`main.py TASK OPTIONS` with the file at /model/file and rows at /rows/rows.bin; it leaves
`answer.json`, and `values.bin` where there are numbers, in /outputs. A fault is a word of a closed
list: messages of libraries quote what is in files, and are never told.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

CODE, PACKAGES = "/app", "/packages"
MODEL, ROWS, OUTPUTS = Path("/model/file"), Path("/rows/rows.bin"), Path("/outputs")


def describe(options: dict[str, Any]) -> None:
    """Leave what the file holds."""
    import importlib

    kinds = {
        "onnx": "onnx_file", "safetensors": "safetensors_file", "coefficients": "coefficients_file"
    }  # fmt: skip
    module = importlib.import_module(f"commonweal.airlock.models.inside.{kinds[options['kind']]}")
    module.describe(MODEL.read_bytes(), options["most_values"]).write(OUTPUTS)


def predict(options: dict[str, Any]) -> None:
    """Leave what the model says of each row."""
    from commonweal.airlock.models.inside.predicting import predict as said_of

    _leave(said_of(MODEL.read_bytes(), _rows(options), options["names"], options["classes"]), {})


def leaves(options: dict[str, Any]) -> None:
    """Leave the leaf of each row in each tree, and which leaves there are."""
    import numpy as np

    from commonweal.airlock.models.inside.trees import leaves as leaf_of
    from commonweal.airlock.models.inside.trees import trees_of

    trees = trees_of(MODEL.read_bytes())
    if trees is None:
        _leave(np.empty((0, 0)), {"trees": 0, "leaves": 0})
        return
    found = leaf_of(trees, _rows(options))
    _leave(found.astype("f8"), {"trees": len(trees.roots), "leaves": len(trees.leaves)})


def _rows(options: dict[str, Any]) -> Any:
    import numpy as np

    return np.frombuffer(ROWS.read_bytes(), "<f8").reshape(options["rows"], options["width"])


def _leave(values: Any, more: dict[str, Any]) -> None:
    (OUTPUTS / "values.bin").write_bytes(values.astype("<f8").tobytes())
    answer = {"rows": values.shape[0], "columns": values.shape[1], **more}
    (OUTPUTS / "answer.json").write_text(json.dumps(answer), "utf-8")


def main(task: str, options: dict[str, Any]) -> None:
    """Do one task, or leave the word of its fault."""
    try:
        {"describe": describe, "predict": predict, "leaves": leaves}[task](options)
    except MemoryError:
        fault = "large"
    except Exception as error:  # noqa: BLE001 (never told: it may quote the file)
        known = {"TooLarge": "large", "WireError": getattr(error, "fault", "form")}
        fault = str(known.get(type(error).__name__, "form"))
    else:
        return
    (OUTPUTS / "values.bin").write_bytes(b"")
    (OUTPUTS / "answer.json").write_text(json.dumps({"fault": fault}), "utf-8")


if __name__ == "__main__":
    # What a library prints is nobody's business.
    nowhere = os.open("/dev/null", os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.path[:0] = [CODE, PACKAGES]
    main(sys.argv[1], json.loads(sys.argv[2]))
