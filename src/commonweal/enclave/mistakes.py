"""What went wrong in a study, told without a word of the study's own (S4).

A traceback quotes values, and its author chooses every character of it. So of all that a job
wrote, only this is believed: which of the study's own files, which line of it, and a class of
error from a closed list. The rest of what it wrote is for the airlock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from commonweal.papers.base import PaperInvalid
from commonweal.papers.job import MAX_LINE, ErrorClass, JobError

STUDY = "/study/"
_MOST = 1 << 20

_BUILT_IN: dict[str, ErrorClass] = {
    "ArithmeticError": "arithmetic",
    "FloatingPointError": "arithmetic",
    "OverflowError": "arithmetic",
    "ZeroDivisionError": "arithmetic",
    "AssertionError": "assertion",
    "AttributeError": "attribute",
    "ImportError": "import",
    "ModuleNotFoundError": "import",
    "IndexError": "index",
    "KeyError": "key",
    "MemoryError": "memory",
    "FileNotFoundError": "missing_file",
    "NameError": "name",
    "UnboundLocalError": "name",
    "NotImplementedError": "not_implemented",
    "BlockingIOError": "operating_system",
    "BrokenPipeError": "operating_system",
    "IsADirectoryError": "operating_system",
    "NotADirectoryError": "operating_system",
    "OSError": "operating_system",
    "TimeoutError": "operating_system",
    "PermissionError": "permission",
    "RecursionError": "recursion",
    "IndentationError": "syntax",
    "SyntaxError": "syntax",
    "TabError": "syntax",
    "TypeError": "type",
    "UnicodeDecodeError": "unicode",
    "UnicodeEncodeError": "unicode",
    "ValueError": "value",
}
_BY_PACKAGE: dict[str, ErrorClass] = {
    "_duckdb": "database",
    "duckdb": "database",
    "sqlite3": "database",
    "pandas": "data_frame",
    "polars": "data_frame",
    "pyarrow": "data_frame",
    "onnx": "model",
    "onnxruntime": "model",
    "safetensors": "model",
    "sklearn": "model",
    "skl2onnx": "model",
    "statsmodels": "model",
    "commonweal": "study",
}
_FRAME = re.compile(r'  File "([^"\n]{1,600})", line ([0-9]{1,6})(?:, in [^\n]*)?', re.ASCII)
_ENDING = re.compile(r"([A-Za-z_][A-Za-z0-9_.]{0,200})(?::|$)", re.ASCII)
_BEGINNING = "Traceback (most recent call last):"


def lines_of(folder: Path, files: Mapping[str, str]) -> dict[str, int]:
    """How many lines each file of a study has, as far as lines are told."""
    found = {}
    for path in files:
        content = (folder / path).read_bytes()
        found[path] = content.count(b"\n") + (not content.endswith(b"\n"))
    return found


def mistake(errors: bytes, lines: Mapping[str, int]) -> JobError:
    """What the last traceback in `errors` says, as far as it can be believed.

    `lines`: the study's own files and how many lines each has. A place that is not there is not
    told: nothing reaches the author that could not be a place in the code.
    """
    written = errors[-_MOST:].decode("utf-8", "replace").split("\n")
    starts = [number for number, line in enumerate(written) if line.strip() == _BEGINNING]
    block = written[starts[-1] :] if starts else written
    place: tuple[str, int] | None = None
    kind: ErrorClass = "other"
    for line in block:
        frame = _FRAME.fullmatch(line)
        if frame is not None:
            place = _place(frame[1], int(frame[2]), lines) or place
            continue
        ending = _ENDING.match(line)
        if ending is not None and line != _BEGINNING:
            found = _kind(ending[1])
            kind = found or kind
    if place is None:
        return JobError(kind=kind)
    try:
        return JobError.read({"kind": kind, "file": place[0], "line": place[1]}, "The error")
    except PaperInvalid:
        return JobError(kind=kind)


def _place(path: str, line: int, lines: Mapping[str, int]) -> tuple[str, int] | None:
    name = path.removeprefix(STUDY)
    most = min(lines.get(name, 0), MAX_LINE)
    return (name, line) if path.startswith(STUDY) and 1 <= line <= most else None


def _kind(name: str) -> ErrorClass | None:
    package = name.partition(".")[0] if "." in name else ""
    return _BY_PACKAGE.get(package) if package else _BUILT_IN.get(name)
