"""What leaves, written anew from values (S18): tables, pictures, documents, notebooks, drawings.

The same values make the same bytes. Nothing of the file's own form is kept: no order of keys in an
archive, no padding, no chunk, no white space, no invisible character.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from commonweal.airlock.files.answers import Markup, Notebook, Picture, Sheet
from commonweal.airlock.files.parsers.allowed import (
    HTML_EMPTY,
    attribute_fault,
    css_runs,
    tag_fault,
)
from commonweal.foundation.errors import Fault

Media = Literal[
    "text/csv", "image/png", "application/json", "application/x-ipynb+json", "image/svg+xml",
    "text/html", "text/plain",
]  # fmt: skip
_SHOWN = frozenset({"text/csv", "image/png", "text/plain", "application/json"})
_LEVELS = np.rint(np.rint(np.arange(256) * 63 / 255) * 255 / 63).astype(np.uint8)
"""Each colour in the nearest of 64 steps: the low bits of a picture carry nothing out."""
_NUMBER = re.compile(r"[+-]?(?:[0-9][0-9,]*)?\.?[0-9]+(?:[eE][+-]?[0-9]+)?%?", re.ASCII)
_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Rendering:
    """One file as it leaves, or as a reviewer reads it.

    name: ours, never the author's. leaves: whether this is what leaves; else it is for reading
    only. Pages show it themselves only where `inline` (S18: never HTML or SVG).
    """

    name: str
    media: Media
    content: bytes
    leaves: bool = True

    @property
    def inline(self) -> bool:
        """Whether a page may show it."""
        return self.media in _SHOWN

    @property
    def sha256(self) -> str:
        """`sha256:` and the digits of its bytes."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


def plain_text(text: str) -> str:
    """A text without what nobody sees: control and format characters, private and lone ones.

    Line ends and tabs stay; each line end is one.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    if unified.isascii() and unified.isprintable():
        return unified
    return "".join(
        sign
        for sign in unified
        if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula and run it."""
    if not cell.startswith(_SIGNS) or len(cell) == 1:
        return False
    return _NUMBER.fullmatch(cell) is None


def csv_cell(cell: str | None) -> str:
    """A cell as it leaves in CSV: a formula has an apostrophe before it, and so is a text."""
    text = plain_text(cell or "")
    return "'" + text if is_formula(text) else text


def table_file(sheet: Sheet, name: str) -> Rendering:
    """A table as CSV: UTF-8, commas, quotes where they are needed, lines that end in CR LF."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow([csv_cell(column.name) for column in sheet.columns])
    rows = zip(*(column.values for column in sheet.columns), strict=True)
    writer.writerows([csv_cell(cell) for cell in row] for row in rows)
    return Rendering(f"{name}.csv", "text/csv", sink.getvalue().encode())


def picture_file(picture: Picture, name: str) -> Rendering:
    """Pixels as PNG (ISO/IEC 15948): a header, one run of compressed lines, an end; no more."""
    pixels = _LEVELS[np.frombuffer(picture.rgb, np.uint8)]
    lines = pixels.reshape(picture.height, picture.width * 3)
    # Each line begins with its filter: none.
    told = np.zeros((picture.height, 1 + lines.shape[1]), np.uint8)
    told[:, 1:] = lines
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(told.tobytes(), 6)), (b"IEND", b""))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)
    return Rendering(f"{name}.png", "image/png", content)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def document_file(value: Any, name: str) -> Rendering:
    """A value as JSON in ASCII, its keys in their order."""
    text = json.dumps(_visible(value), indent=1, ensure_ascii=True, allow_nan=False)
    return Rendering(f"{name}.json", "application/json", text.encode() + b"\n")


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [_visible(one) for one in value]
    if isinstance(value, dict):
        return {plain_text(key): _visible(one) for key, one in value.items()}
    return value


def notebook_file(notebook: Notebook, name: str) -> Rendering:
    """The sources of a notebook's cells as a notebook: no output, no attachment, no metadata."""
    cells: list[dict[str, Any]] = []
    for cell in notebook.cells:
        made: dict[str, Any] = {"cell_type": cell.type, "metadata": {}}
        if cell.type == "code":
            made |= {"execution_count": None, "outputs": []}
        cells.append({**made, "source": plain_text(cell.source)})
    value = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    text = json.dumps(value, indent=1, ensure_ascii=True)
    return Rendering(f"{name}.ipynb", "application/x-ipynb+json", text.encode() + b"\n")


def sources_file(notebook: Notebook, name: str) -> Rendering:
    """The same to read."""
    parts = [f"# [{cell.type}]\n{plain_text(cell.source)}\n" for cell in notebook.cells]
    return Rendering(f"{name}.txt", "text/plain", "\n".join(parts).encode(), leaves=False)


def texts_file(texts: Iterable[str], name: str) -> Rendering:
    """Texts of a drawing or page to read."""
    lines = "\n".join(" ".join(plain_text(text).split()) for text in texts)
    return Rendering(f"{name}.txt", "text/plain", lines.encode(), leaves=False)


def markup_file(markup: Markup, kind: Literal["svg", "html"], name: str) -> Rendering:
    """A drawing or page from its events, each held against the closed lists once more.

    Raises `Fault` CW-PARSE-ANSWER for anything that is not on them, or not well formed.
    """
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    parts: list[str] = []
    open_: list[str] = []
    for event in markup.events:
        if event[0] == "open":
            attributes = "".join(_attribute(kind, *pair) for pair in event[2])
            if tag_fault(kind, event[1]) is not None or (event[1] == "svg" and open_):
                raise _not_listed()
            parts.append((head if event[1] == "svg" else f"<{event[1]}") + attributes + ">")
            if not (kind == "html" and event[1] in HTML_EMPTY):
                open_.append(event[1])
        elif event[0] == "close":
            if not open_ or open_.pop() != event[1]:
                raise _not_listed()
            parts.append(f"</{event[1]}>")
        else:
            parts.append(_text(kind, open_, event[1]))
    if open_ or not parts:
        raise _not_listed()
    media: Media = "image/svg+xml" if kind == "svg" else "text/html"
    first = "" if kind == "svg" else "<!DOCTYPE html>\n"
    return Rendering(f"{name}.{kind}", media, (first + "".join(parts)).encode())


def _text(kind: str, open_: Sequence[str], text: str) -> str:
    """A text as it stands in a document. Only a page has texts outside of all elements."""
    styled = bool(open_) and open_[-1] == "style"
    if (kind == "svg" and not open_) or (styled and css_runs(text)):
        raise _not_listed()
    return html.escape(plain_text(text), quote=not styled)


def _attribute(kind: str, name: str, value: str) -> str:
    if attribute_fault(kind, name, value) is not None:
        raise _not_listed()
    told = "xlink:href" if name == "href" else name
    return f' {told}="{html.escape(plain_text(value))}"'


def _not_listed() -> Fault:
    return Fault("CW-PARSE-ANSWER", "A parser told a mark that may not leave.")
