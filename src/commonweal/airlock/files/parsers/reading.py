"""The one parser that is asked: what the file is, and what it holds if it is what it should be."""

from __future__ import annotations

import importlib
from typing import Any, BinaryIO

from commonweal.airlock.files.parsers.common import Answer, read_all
from commonweal.airlock.files.parsers.detecting import detect

READERS = {
    "csv": "delimited",
    "tsv": "delimited",
    "json": "documents",
    "parquet": "columns",
    "png": "pictures",
    "jpeg": "pictures",
    "xlsx": "workbooks",
    "ipynb": "notebooks",
    "svg": "drawings",
    "html": "pages",
}
"""The module that reads each kind. What is not here is told apart and never read."""


def parse(stream: BinaryIO, options: dict[str, Any]) -> dict[str, Any]:
    """Options: `declared`, the kind that the file's name says.

    The content is told only where the detected kind is the declared one and may leave.
    Raises `Invalid` and `TooLarge`.
    """
    data = read_all(stream)
    declared = str(options["declared"])
    detected = detect(data, declared)
    answer = Answer(detected)
    if detected == declared and detected in READERS:
        module = f"commonweal.airlock.files.parsers.{READERS[detected]}"
        importlib.import_module(module).read(data, answer)
    return answer.plain()
