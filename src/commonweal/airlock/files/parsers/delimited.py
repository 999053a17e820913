"""CSV and TSV: header and rows, every row of the header's length."""

from __future__ import annotations

import csv
import io
import re

from commonweal.airlock.files.parsers.common import Answer, Invalid, decoded

_OTHERS = (";", "\t", "|")


def read(data: bytes, answer: Answer) -> None:
    """Tell the table. Raises `Invalid` for what is no table, `TooLarge`."""
    text, encoding = decoded(data)
    if encoding == "utf-16":
        answer.note("encoding")
    delimiter = _delimiter(text, answer.kind)
    if delimiter != ("\t" if answer.kind == "tsv" else ","):
        answer.note("delimiter")
    csv.field_size_limit(1 << 17)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = (row for row in reader if row)
    try:
        header = next(rows)
        answer.add_table("table", header, rows)
    except StopIteration:
        raise Invalid from None
    except csv.Error:
        raise Invalid from None


def _delimiter(text: str, kind: str) -> str:
    if kind == "tsv":
        return "\t"
    lines = re.sub(r'"(?:[^"]|"")*"', "", text[:65_536]).splitlines()
    first = lines[0] if lines else ""
    if "," in first:
        return ","
    return next((sign for sign in _OTHERS if sign in first), ",")
