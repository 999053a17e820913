"""A document as a Word file (.docx) that people with screen readers can use.

Real headings, a list of contents with links, tables whose first row is a header and comes again on
each page, a page number, and British English as its language. Everything that people typed is text:
no field, no macro, no link, nothing from outside. The parts are those of ECMA-376 (Office Open
XML), written here because the libraries for it need one whose wheel holds code under the LGPL.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from commonweal.foundation.clock import stamp
from commonweal.governance.application.printing import (
    Contents,
    Grid,
    Heading,
    Items,
    Paragraph,
    Printed,
    headed,
)
from commonweal.governance.application.word_parts import FIXED, LANGUAGE, WORD

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_UNWRITABLE = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, and the carriage return, which XML readers turn into a line break."""
_WIDTH = 9_600
"""Of a table, in twentieths of a point: an A4 page without its margins."""
_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every part inside, so that one document always has the same bytes."""
_CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_DUBLIN = "http://purl.org/dc/elements/1.1/"
_TERMS = "http://purl.org/dc/terms/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def as_docx(title: str, blocks: Sequence[Printed], made_at: datetime) -> bytes:
    """The document as a Word file. `made_at` is written into it; the same input, the same bytes."""
    name = " ".join(title.split())
    parts = {
        **FIXED,
        "docProps/core.xml": _about(name, made_at),
        "word/document.xml": _document(name, blocks),
        "word/footer1.xml": _footer(name),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for part, content in parts.items():
            made.writestr(zipfile.ZipInfo(part, _DAY), content, compress_type=zipfile.ZIP_DEFLATED)
    return held.getvalue()


# --- small pieces -------------------------------------------------------------------------------


def _w(name: str, /, **attributes: str) -> ET.Element:
    """An element of WordprocessingML with attributes of it."""
    said = {f"{{{WORD}}}{key}": value for key, value in attributes.items()}
    return ET.Element(f"{{{WORD}}}{name}", said)


def _in(outer: ET.Element, *inner: ET.Element) -> ET.Element:
    outer.extend(inner)
    return outer


def _run(text: str, *, bold: bool = False) -> ET.Element:
    """Text, its line breaks kept."""
    run = _w("r")
    if bold:
        run.append(_in(_w("rPr"), _w("b")))
    for n, line in enumerate(_UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n")).split("\n")):
        if n:
            run.append(_w("br"))
        words = _w("t")
        words.set(_SPACE, "preserve")
        words.text = line
        run.append(words)
    return run


def _paragraph(style: str, *inner: ET.Element) -> ET.Element:
    made = _w("p")
    if style:
        made.append(_in(_w("pPr"), _w("pStyle", val=style)))
    return _in(made, *inner)


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- the document -------------------------------------------------------------------------------


def _document(title: str, blocks: Sequence[Printed]) -> bytes:
    places = {id(each): (name, n) for n, (name, each) in enumerate(headed(blocks), start=1)}
    body = _in(_w("body"), _paragraph("Title", _run(title)))
    for block in blocks:
        if isinstance(block, Heading):
            body.append(_heading(block, places.get(id(block))))
        elif isinstance(block, Contents):
            body.extend(_link(name, each.text) for name, each in headed(blocks))
        elif isinstance(block, Paragraph):
            body.extend(
                _paragraph("", _run(text)) for text in re.split(r"\n\s*\n", block.text.strip())
            )
        elif isinstance(block, Items):
            body.extend(_paragraph("ListBullet", _run(text)) for text in block.items)
        else:
            body.extend(_grid(block))
    page = _in(
        _w("sectPr"),
        _footer_here(),
        _w("pgSz", w="11906", h="16838"),
        _w("pgMar", top="1134", right="1134", bottom="1134", left="1134", header="567",
           footer="567", gutter="0"),
    )  # fmt: skip
    return _bytes(_in(_w("document"), _in(body, page)))


def _heading(block: Heading, place: tuple[str, int] | None) -> ET.Element:
    """A heading; one that the list of contents names has a bookmark around it."""
    run = _run(_one_line(block.text))
    style = f"Heading{block.level - 1}"
    if place is None:
        return _paragraph(style, run)
    name, number = place
    return _paragraph(
        style, _w("bookmarkStart", id=str(number), name=name), run,
        _w("bookmarkEnd", id=str(number)),
    )  # fmt: skip


def _link(name: str, text: str) -> ET.Element:
    return _paragraph("", _in(_w("hyperlink", anchor=name), _run(_one_line(text))))


def _grid(grid: Grid) -> Iterator[ET.Element]:
    """A table, and an empty paragraph after it: Word joins two tables that touch."""
    widths = _widths(len(grid.head))
    about = _in(
        _w("tblPr"),
        _w("tblStyle", val="TableGrid"),
        _w("tblW", w=str(sum(widths)), type="dxa"),
        _w("tblLayout", type="fixed"),
        _w("tblLook", val="0620", firstRow="1", lastRow="0", firstColumn="1", lastColumn="0",
           noHBand="1", noVBand="1"),
    )  # fmt: skip
    columns = _in(_w("tblGrid"), *(_w("gridCol", w=str(width)) for width in widths))
    rows = (_row(row, widths, header=False) for row in grid.rows)
    yield _in(_w("tbl"), about, columns, _row(grid.head, widths, header=True), *rows)
    yield _paragraph("")


def _widths(columns: int) -> list[int]:
    if columns == 2:  # a question is shorter than its answer
        return [_WIDTH // 3, _WIDTH - _WIDTH // 3]
    return [_WIDTH // columns] * columns


def _row(cells: Sequence[str], widths: Sequence[int], *, header: bool) -> ET.Element:
    row = _w("tr")
    if header:
        row.append(_in(_w("trPr"), _w("cantSplit"), _w("tblHeader")))
    for n, (text, width) in enumerate(zip(cells, widths, strict=True)):
        size = _in(_w("tcPr"), _w("tcW", w=str(width), type="dxa"))
        run = _run(text, bold=header or n == 0)
        row.append(_in(_w("tc"), size, _paragraph("", run)))
    return row


# --- around it ----------------------------------------------------------------------------------


def _footer_here() -> ET.Element:
    made = _w("footerReference", type="default")
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    made.set(f"{{{relations}}}id", "rId3")
    return made


def _footer(title: str) -> bytes:
    number = _in(_w("fldSimple", instr=" PAGE "), _run("1"))
    return _bytes(_in(_w("ftr"), _paragraph("Footer", _run(f"{title}. Page "), number)))


def _about(title: str, made_at: datetime) -> bytes:
    """What the file says of itself: title, language, and when it was so."""
    made = ET.Element(f"{{{_CORE}}}coreProperties")
    for name, text in (("title", title[:255]), ("creator", "Commonweal"), ("language", LANGUAGE)):
        ET.SubElement(made, f"{{{_DUBLIN}}}{name}").text = _UNWRITABLE.sub("\ufffd", text)
    for name in ("created", "modified"):
        at = ET.SubElement(made, f"{{{_TERMS}}}{name}", {f"{{{_XSI}}}type": "dcterms:W3CDTF"})
        at.text = stamp(made_at.replace(microsecond=0))
    ET.register_namespace("dcterms", _TERMS)
    return _bytes(made)


def _bytes(element: ET.Element) -> bytes:
    ET.register_namespace("w", WORD)
    content: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return content
