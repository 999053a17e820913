"""S6: reviewers see an earlier table beside the new one, also where a picture of it left too."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest


def _file(folder: Path, path: str, content: bytes, kind: str, type_: str) -> dict[str, Any]:
    (folder / path).write_bytes(content)
    hashed = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"path": path, "sha256": hashed, "bytes": len(content), "type": type_,
            "grade": "recomputed", "kind": kind, "made_from": "stays.json"}  # fmt: skip


@pytest.mark.usefixtures("db")
def test_a_picture_does_not_take_the_place_of_its_table(tmp_path: Path) -> None:
    from commonweal.web.outputs.workers.papers import earlier_of

    left = tmp_path / "out-1"
    (left / "files").mkdir(parents=True)
    files = [
        _file(left / "files", "stays.csv", b"sex,people\nF,30\n", "table", "csv"),
        _file(left / "files", "stays.svg", b"<svg/>", "drawing", "svg"),
    ]
    (left / "manifest.json").write_text(json.dumps({"files": files}))
    found = SimpleNamespace(
        findings=SimpleNamespace(audit={"findings": [{"sum": [{"output": "out-1"}]}]}),
        manifest=SimpleNamespace(id="out-2", compared=[SimpleNamespace(output="out-1")]),
    )
    store = SimpleNamespace(released=tmp_path)
    shown = earlier_of(cast("Any", store), cast("Any", found))
    assert shown["out-1"]["stays"]["rows"] == [["F", "30"]]
