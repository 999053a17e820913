"""Notebooks (nbformat 4): the sources of their cells. Outputs and all else are told of only.

An output of a notebook is a figure that nobody declared: a table in HTML, a picture, a widget's
state. So outputs do not leave with it; what should leave is declared as a file of its own.
"""

from __future__ import annotations

import re
from typing import Any

from commonweal.airlock.files.parsers.common import MOST_ROWS, Answer, Invalid, TooLarge, decoded
from commonweal.airlock.files.parsers.documents import check_depth, strict

_USUAL = frozenset({"kernelspec", "language_info"})
_UNBROKEN = re.compile(r"[A-Za-z0-9+/=_-]{400,}")


def read(data: bytes, answer: Answer) -> None:
    """Tell type and source of each cell. Raises `Invalid` and `TooLarge`."""
    import nbformat

    text, _ = decoded(data)
    value = strict(text)
    check_depth(value)
    if not isinstance(value, dict) or value.get("nbformat") != 4:
        raise Invalid
    try:
        nbformat.validate(value, relax_add_props=True)
    except (nbformat.ValidationError, KeyError, TypeError, AttributeError, ValueError):
        raise Invalid from None
    cells = value["cells"]
    if len(cells) > MOST_ROWS:
        raise TooLarge
    told = [(cell["cell_type"], _source(cell)) for cell in cells]
    for cell in cells:
        answer.note("outputs", len(cell.get("outputs", ())))
        answer.note("attachments", len(cell.get("attachments", {})))
        answer.note("metadata", bool(cell.get("metadata")))
    metadata = value["metadata"]
    answer.note("widgets", "widgets" in metadata)
    answer.note("metadata", len(set(metadata) - _USUAL - {"widgets"}))
    answer.note("encoded", sum(_is_encoded(source) for _, source in told))
    answer.body = {"cells": [{"type": kind, "source": source} for kind, source in told]}


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else str(source)


def _is_encoded(source: str) -> bool:
    """Whether a text carries what nobody reads: long unbroken runs, or data in an address."""
    return bool(_UNBROKEN.search(source)) or "base64," in source.lower()
