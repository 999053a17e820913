"""Excel workbooks (xlsx): the values of visible cells, and all that a workbook can carry beside.

ECMA-376 (Office Open XML). What is hidden is found in the archive itself, because openpyxl, as any
reader, passes over parts that it does not know.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from commonweal.airlock.files.parsers.archives import unpacked
from commonweal.airlock.files.parsers.common import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    Answer,
    Invalid,
    TooLarge,
)

_PARTS: tuple[tuple[str, str], ...] = (
    (
        r"xl/vbaProject.*|xl/macrosheets/.*|xl/dialogsheets/.*|.*\.bin(?<!printerSettings\d\.bin)",
        "macros",
    ),
    (r"xl/externalLinks/.*|xl/connections\.xml|xl/queryTables/.*|xl/webPr.*", "external"),
    (r"xl/pivot(?:Cache|Tables)/.*|xl/slicer.*|xl/timeline.*|xl/model/.*", "pivot"),
    (r"xl/embeddings/.*|xl/activeX/.*|xl/ctrlProps/.*", "embedded"),
    (r"xl/comments.*|xl/threadedComments/.*|xl/persons/.*", "comments"),
    (r"xl/media/.*|xl/drawings/.*|xl/charts/.*|xl/chartsheets/.*|xl/diagrams/.*", "drawings"),
    (r"customXml/.*|docProps/custom\.xml|xl/revisions/.*|xl/customProperty.*", "metadata"),
)
_KNOWN = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core)\.xml|docProps/thumbnail\.\w+|"
    r"xl/(?:workbook|styles|sharedStrings|calcChain|metadata)\.xml|"
    r"xl/theme/.*|xl/worksheets/[^/]*\.xml|xl/tables/.*|xl/printerSettings/.*|.*\.rels"
)
_LEAST_SEEN = 0.5
_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read(data: bytes, answer: Answer) -> None:
    """Tell each visible sheet. Raises `Invalid` and `TooLarge`."""
    parts = unpacked(data, answer)
    _note_parts(parts, answer)
    states = _states(parts, answer)
    for name, content in parts.items():
        if re.fullmatch(r"xl/worksheets/[^/]*\.xml", name):
            _note_sheet(content, answer)
    _add_sheets(data, states, answer)
    if not answer.sheets:
        raise Invalid


def tree_of(content: bytes) -> Element:
    """An XML document without entities. Raises `Invalid`."""
    import defusedxml
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        raise Invalid from None
    except RecursionError:
        raise TooLarge from None
    return root


def _note_parts(parts: dict[str, bytes], answer: Answer) -> None:
    for name in parts:
        for pattern, note in _PARTS:
            if re.fullmatch(pattern, name):
                answer.note(note)
                break
        else:
            if not _KNOWN.fullmatch(name):
                answer.note("unknown_part")
    for name, content in parts.items():
        if name.endswith(".rels") and b'TargetMode="External"' in content.replace(b"'", b'"'):
            answer.note("external")
    types = parts.get("[Content_Types].xml", b"")
    if b"macroEnabled" in types or b"vbaProject" in types:
        answer.note("macros")


def _states(parts: dict[str, bytes], answer: Answer) -> dict[str, str]:
    """`visible`, `hidden` or `veryHidden` by the sheet's name."""
    root = tree_of(parts["xl/workbook.xml"])
    states = {
        sheet.get("name", ""): sheet.get("state", "visible")
        for sheet in root.iter(f"{_SPACE}sheet")
    }
    answer.note("hidden_sheets", sum(state != "visible" for state in states.values()))
    answer.note("defined_names", sum(1 for _ in root.iter(f"{_SPACE}definedName")))
    return states


def _note_sheet(content: bytes, answer: Answer) -> None:
    """Tell rows and columns that nobody sees, formulas, and texts that stand beside cells."""
    root = tree_of(content)
    lines = [*root.iter(f"{_SPACE}row"), *root.iter(f"{_SPACE}col")]
    answer.note("hidden_lines", sum(map(_is_hidden, lines)))
    forms = root.iter(f"{_SPACE}sheetFormatPr")
    answer.note("hidden_lines", sum(one.get("zeroHeight") in ("1", "true") for one in forms))
    answer.note("formulas", sum(1 for _ in root.iter(f"{_SPACE}f")))
    for tag in ("dataValidation", "conditionalFormatting", "scenario", "headerFooter"):
        answer.note("beside_cells", sum(1 for _ in root.iter(_SPACE + tag)))


def _is_hidden(line: Element) -> bool:
    """Whether a row or column is hidden, or too small to be seen (points, characters)."""
    if line.get("hidden") in ("1", "true"):
        return True
    try:
        sizes = [float(line.get(name, "9")) for name in ("ht", "width")]
    except ValueError:
        raise Invalid from None
    return min(sizes) < _LEAST_SEEN


def _add_sheets(data: bytes, states: dict[str, str], answer: Answer) -> None:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=True, keep_links=False, keep_vba=False
            )
            for sheet in book.worksheets:
                if states.get(sheet.title) == "visible":
                    _add_sheet(sheet, answer)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, ParseError,
            ArithmeticError, zipfile.BadZipFile, EOFError, AssertionError):  # fmt: skip
        # openpyxl raises nearly anything for a part that is not as it expects.
        raise Invalid from None
    if set(states) != set(book.sheetnames):
        raise Invalid


def _add_sheet(sheet: Any, answer: Answer) -> None:
    # What a sheet says of its own size is the author's word.
    sheet.reset_dimensions()
    rows: list[list[str | None]] = []
    cells = last = 0
    for seen, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row)
        if len(row) > MOST_COLUMNS or cells > MOST_CELLS or seen > 1 << 20:
            raise TooLarge
        if any(cell is not None for cell in row):
            last = seen
        if seen <= MOST_ROWS + 1:
            rows.append([_text(cell) for cell in row])
    width = max((len(row) for row in rows), default=0)
    full = [row + [None] * (width - len(row)) for row in rows]
    while full and all(cell is None for cell in full[-1]):
        full.pop()
    if not full:
        return
    answer.add_table(sheet.title, [cell or "" for cell in full[0]], full[1:])
    answer.sheets[-1]["rows"] = last - 1


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
