"""What a file is, from its bytes alone: never from its name.

The first bytes say it for binary files, the directory for zip archives, the first signs for texts.
What is not known is "unknown", and nothing unknown leaves.
"""

from __future__ import annotations

import io
import json
import re
import zipfile

from commonweal.airlock.files.parsers.common import Invalid, TooLarge, decoded

_FIRST: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"PAR1", "parquet"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "postscript"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
    (b"{\\rtf", "office"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x93NUMPY", "numpy"),
    (b"GIF8", "gif"),
    (b"\x1f\x8b", "compressed"),
    (b"BZh", "compressed"),
    (b"\xfd7zXZ", "compressed"),
    (b"7z\xbc\xaf", "compressed"),
    (b"\x28\xb5\x2f\xfd", "compressed"),
    (b"SQLite format 3\x00", "database"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"#!", "program"),
    (b"ARROW1", "arrow"),
    (b"RDX2", "pickle"),
    (b"RDX3", "pickle"),
)
# A pickle of protocol 2 to 5: the sign of its version, and behind that a frame or an opcode.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_ZIPPED = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MOST_ENTRIES = 10_000


def detect(data: bytes, declared: str) -> str:
    """The kind of a file. `declared` only decides between kinds that the bytes cannot tell apart:
    a table of one column is csv and tsv, and a model in ONNX has no first sign."""
    if not data:
        return "empty"
    for first, kind in _FIRST:
        if data.startswith(first):
            return kind
    if data.startswith(_ZIPPED):
        return _zipped(data)
    if _PICKLE.match(data):
        return "pickle"
    if _safetensors(data):
        return "safetensors"
    try:
        text, _ = decoded(data)
    except Invalid:
        return "onnx" if declared == "onnx" and data[:1] == b"\x08" else "unknown"
    return _text(text, declared)


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {one.filename for one in archive.infolist()[:_MOST_ENTRIES]}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, OverflowError):
        return "zip"
    except RecursionError:
        raise TooLarge from None
    if "[Content_Types].xml" in names:
        if "xl/workbook.xml" in names:
            return "xlsx"
        return "office"
    if "mimetype" in names and "content.xml" in names:
        return "office"
    if any(name.endswith(("data.pkl", ".pkl")) for name in names):
        return "pickle"
    if names and all(name.endswith(".npy") for name in names):
        return "numpy"
    return "zip"


def _safetensors(data: bytes) -> bool:
    length = int.from_bytes(data[:8], "little")
    return len(data) > 10 and 2 <= length <= len(data) - 8 and data[8:9] == b"{"


def _text(text: str, declared: str) -> str:
    start = text[:4096].lstrip("\ufeff \t\r\n")
    if not start:
        return "empty"
    if start[0] in "{[":
        return _braces(text)
    if start[0] == "<":
        return _angled(text[:65_536])
    # Old pickles are texts of opcodes and end with a full stop.
    if re.match(r"(?:c[a-z_.]{2,40}\n[A-Za-z_]{2,40}\n|\(d[pq]?\d*\n|\(lp\d)", start):
        return "pickle"
    return _delimited(start, declared)


def _braces(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # Its own parser says what is wrong with it.
        return "json"
    notebook = isinstance(value, dict) and "nbformat" in value and "cells" in value
    return "ipynb" if notebook else "json"


def _angled(text: str) -> str:
    bare = re.sub(r"<\?[^>]*\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>", " ", text, flags=re.DOTALL)
    found = re.search(r"<\s*(?:[A-Za-z0-9]+:)?([A-Za-z0-9]+)", bare)
    name = found[1].lower() if found else ""
    if name == "svg":
        return "svg"
    known = {"html", "head", "body", "table", "div", "p", "h1", "h2", "h3", "style", "script",
             "section", "pre", "ul", "ol", "span", "main", "article", "caption"}  # fmt: skip
    return "html" if name in known or "<!doctype html" in text.lower() else "xml"


def _delimited(start: str, declared: str) -> str:
    header = re.sub(r'"(?:[^"]|"")*"', "", start).splitlines()
    first = header[0] if header else ""
    tabs, commas = first.count("\t"), first.count(",") + first.count(";")
    if not tabs and not commas:
        return declared if declared in ("csv", "tsv") else "csv"
    return "tsv" if tabs > commas else "csv"
