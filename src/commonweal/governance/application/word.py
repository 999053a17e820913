"""A document as a Word file (.docx) that people with screen readers can use.

Real headings, a list of contents with links, tables whose first row is a header and comes again on
each page, and British English as its language. Everything that people typed is text: no field, no
macro, no link of theirs. Tables are built from elements, for python-docx's own cells are slow.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from commonweal.governance.application.printing import (
    Contents,
    Grid,
    Heading,
    Items,
    Paragraph,
    Printed,
    headed,
)

LANGUAGE = "en-GB"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""
_WIDTH = 9_000
"""Of a table, in twentieths of a point."""


def as_docx(title: str, blocks: Sequence[Printed], made_at: datetime) -> bytes:
    """The document as a Word file. `made_at` is written into it."""
    made = Document()
    _settle(made, title, made_at)
    made.add_heading(_clean(" ".join(title.split())), level=0)
    places = {id(each): (name, n) for n, (name, each) in enumerate(headed(blocks), start=1)}
    for block in blocks:
        if isinstance(block, Heading):
            paragraph = made.add_heading(_clean(" ".join(block.text.split())), block.level - 1)
            if id(block) in places:
                _mark(paragraph._p, *places[id(block)])
        elif isinstance(block, Contents):
            for name, each in headed(blocks):
                _link(made.add_paragraph()._p, name, each.text)
        elif isinstance(block, Paragraph):
            for text in re.split(r"\n\s*\n", block.text.strip()):
                made.add_paragraph(_clean(text))
        elif isinstance(block, Items):
            for text in block.items:
                made.add_paragraph(_clean(text), style="List Bullet")
        else:
            _grid(made, block)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def _settle(made: Any, title: str, made_at: datetime) -> None:
    """Language, type and what the file says about itself."""
    told = made.core_properties
    told.title = _clean(" ".join(title.split()))[:255]
    told.language, told.author, told.last_modified_by = LANGUAGE, "Commonweal", "Commonweal"
    told.comments, told.revision = "", 1
    told.created = told.modified = made_at.replace(tzinfo=None, microsecond=0)
    normal = made.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(11)
    for held in made.styles.element.iter(qn("w:lang")):
        held.set(qn("w:val"), LANGUAGE)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _mark(paragraph: Any, name: str, number: int) -> None:
    """Put a bookmark around a heading, to which the list of contents leads."""
    for kind in ("w:bookmarkStart", "w:bookmarkEnd"):
        mark = OxmlElement(kind)
        mark.set(qn("w:id"), str(number))
        if kind == "w:bookmarkStart":
            mark.set(qn("w:name"), name)
            paragraph.insert(1 if paragraph.pPr is not None else 0, mark)
        else:
            paragraph.append(mark)


def _link(paragraph: Any, name: str, text: str) -> None:
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), name)
    link.append(_run(" ".join(text.split())))
    paragraph.append(link)


def _run(text: str, *, bold: bool = False) -> Any:
    run = OxmlElement("w:r")
    if bold:
        properties = OxmlElement("w:rPr")
        properties.append(OxmlElement("w:b"))
        run.append(properties)
    run.text = _clean(text)
    return run


def _grid(made: Any, grid: Grid) -> None:
    table = made.add_table(rows=0, cols=len(grid.head), style="Table Grid")
    widths = _widths(len(grid.head))
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width * 635
    element = table._tbl
    element.append(_row(grid.head, widths, header=True))
    for row in grid.rows:
        element.append(_row(row, widths, header=False))
    made.add_paragraph()


def _widths(columns: int) -> list[int]:
    if columns == 2:  # a question is shorter than its answer
        return [_WIDTH // 3, _WIDTH - _WIDTH // 3]
    return [_WIDTH // columns] * columns


def _row(cells: Sequence[str], widths: Sequence[int], *, header: bool) -> Any:
    row = OxmlElement("w:tr")
    properties = OxmlElement("w:trPr")
    if header:
        properties.append(OxmlElement("w:cantSplit"))
        properties.append(OxmlElement("w:tblHeader"))
    row.append(properties)
    for n, (text, width) in enumerate(zip(cells, widths, strict=True)):
        cell = OxmlElement("w:tc")
        about = OxmlElement("w:tcPr")
        wide = OxmlElement("w:tcW")
        wide.set(qn("w:w"), str(width))
        wide.set(qn("w:type"), "dxa")
        about.append(wide)
        cell.append(about)
        paragraph = OxmlElement("w:p")
        paragraph.append(_run(text, bold=header or n == 0))
        cell.append(paragraph)
        row.append(cell)
    return row
