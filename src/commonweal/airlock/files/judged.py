"""The cells of a file, taken from the very values that leave.

A parser that was taken over could tell harmless cells beside a document that holds others. So cells
of documents, notebooks, drawings and pages are made here, from what is written out; only tables,
whose cells are what leaves, come as their parser told them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from commonweal.airlock.files.answers import (
    Answer,
    Body,
    Column,
    Document,
    Markup,
    Notebook,
    Sheet,
)
from commonweal.airlock.files.parsers.allowed import PLACED
from commonweal.airlock.files.parsers.common import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, MOST_TEXT
from commonweal.foundation.errors import Fault

Cells = list[str | None]
_MOST_WITHIN = 50
"""Tables within a document that are looked at by themselves; all values are looked at in any case.
"""


def sheets_of(answer: Answer, body: Body) -> list[Sheet]:
    """All cells of a file that may leave, as tables and texts.

    Raises `Fault` CW-PARSE-LIMIT for more than are looked at.
    """
    if isinstance(body, Document):
        return _bounded(_documents(body.value))
    if isinstance(body, Notebook):
        return _bounded(_texts("cells", [cell.source for cell in body.cells]))
    if isinstance(body, Markup):
        said = [event[1] for event in body.events if event[0] == "text"]
        pairs = (pair for event in body.events if event[0] == "open" for pair in event[2])
        beside = sorted({value for name, value in pairs if name not in PLACED})
        tables = _tables(body) if answer.detected == "html" else []
        return _bounded([*_texts("texts", said), *_texts("attributes", beside), *tables])
    return list(answer.sheets)


def _bounded(sheets: list[Sheet]) -> list[Sheet]:
    cells = [c for sheet in sheets for column in sheet.columns for c in column.values if c]
    if len(cells) > MOST_CELLS or sum(map(len, cells)) > MOST_TEXT:
        raise _too_much()
    return sheets


def _too_much() -> Fault:
    return Fault("CW-PARSE-LIMIT", "A file holds more than is looked at.")


def _sheet(name: str, columns: Sequence[tuple[str, Cells]], rows: int) -> Sheet:
    if not 0 < len(columns) <= MOST_COLUMNS:
        raise _too_much()
    kept = [Column(name=title, values=values[:MOST_ROWS]) for title, values in columns]
    return Sheet(name=name, form="table", rows=rows, columns=kept)


def _texts(name: str, texts: Iterable[str]) -> list[Sheet]:
    """Texts that are no table; none where there are none."""
    values: Cells = [text for text in texts if text.strip()]
    if len(values) > MOST_ROWS:
        values = ["\n".join(text for text in values if text)]
    made = Sheet(name=name, form="text", rows=len(values),
                 columns=[Column(name="text", values=values)])  # fmt: skip
    return [made] if values else []


# --- documents -------------------------------------------------------------------------------


def _documents(value: Any) -> list[Sheet]:
    """The document, and each table that lies anywhere within it: its rows may be somebody's."""
    whole = _document(value)
    found: list[Sheet] = []
    level = [value] if whole.name == "document" else []
    while level and len(found) < _MOST_WITHIN:
        inner = [
            one
            for outer in level
            if isinstance(outer, dict | list)
            for one in (outer.values() if isinstance(outer, dict) else outer)
        ]
        tables = [one for one in inner if _is_records(one) or _is_frame(one)]
        found += [_document(one) for one in tables]
        level = [one for one in inner if not any(one is table for table in tables)]
    return [whole, *found[:_MOST_WITHIN]]


def _document(value: Any) -> Sheet:
    """A list of records and columns by name are tables. Of all else, what stands at one place
    (`a.b[]`) is a column, so that rules see the values of one meaning together."""
    if _is_records(value):
        names = list(dict.fromkeys(name for one in value for name in one))
        columns = [(name, [_cell(one.get(name)) for one in value]) for name in names]
        return _sheet("records", columns, len(value))
    if _is_frame(value):
        keys: Cells = list(next(iter(value.values())))
        frame = [(name, [_cell(cell) for cell in one.values()]) for name, one in value.items()]
        return _sheet("columns", [("keys", keys), *frame], len(keys))
    found: dict[str, Cells] = {}
    _walk(value, "", 0, found)
    rows = max((len(values) for values in found.values()), default=0)
    padded = [(name, values + [None] * (rows - len(values))) for name, values in found.items()]
    return _sheet("document", padded, rows)


def _is_records(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and one for one in value)
        and not any(isinstance(cell, dict | list) for one in value for cell in one.values())
    )


def _is_frame(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    columns = list(value.values())
    return (
        all(isinstance(one, dict) and list(one) == list(columns[0]) for one in columns)
        and bool(columns[0])
        and not any(isinstance(cell, dict | list) for one in columns for cell in one.values())
    )


def _walk(value: Any, place: str, depth: int, found: dict[str, Cells]) -> None:
    if len(found) > MOST_COLUMNS:
        raise _too_much()
    if isinstance(value, dict):
        # Keys can carry what values can.
        found.setdefault(f"keys {depth}", []).extend(value)
        for key, one in value.items():
            _walk(one, f"{place}.{key}", depth + 1, found)
    elif isinstance(value, list):
        for one in value:
            _walk(one, f"{place}[]", depth + 1, found)
    else:
        found.setdefault(place, []).append(_cell(value))


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


# --- pages -----------------------------------------------------------------------------------


def _tables(page: Markup) -> list[Sheet]:
    made = []
    for place, rows in enumerate(_rows(page), start=1):
        width = max(map(len, rows), default=0)
        if width:
            full = [row + [""] * (width - len(row)) for row in rows]
            columns: list[tuple[str, Cells]] = [
                (cells[0], list(cells[1:])) for cells in zip(*full, strict=True)
            ]
            made.append(_sheet(f"table {place}", columns, len(full) - 1))
    return made


def _rows(page: Markup) -> Iterator[list[list[str]]]:
    """The rows of each table of a page. A table in a table is another one."""
    tables: list[list[list[str]]] = []
    inside: list[list[list[str]]] = []
    cells: list[list[str] | None] = []
    for event in page.events:
        if event[0] == "open":
            tag = event[1]
            if tag == "table":
                inside.append([])
                tables.append(inside[-1])
                cells.append(None)
            elif tag == "tr" and inside:
                inside[-1].append([])
            elif tag in ("td", "th") and inside:
                if not inside[-1]:
                    inside[-1].append([])
                cells[-1] = []
        elif event[0] == "text":
            for one in cells:
                if one is not None:
                    one.append(event[1])
        elif event[1] == "table" and inside:
            inside.pop()
            cells.pop()
        elif event[1] in ("td", "th") and inside and cells[-1] is not None:
            inside[-1][-1].append(" ".join("".join(cells[-1]).split()))
            cells[-1] = None
    yield from tables
