"""The parts of a Word file that are the same in every one: types, relations, styles, bullets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LANGUAGE = "en-GB"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _types() -> str:
    parts = {
        "/word/document.xml": f"{_TYPE}.document.main+xml",
        "/word/styles.xml": f"{_TYPE}.styles+xml",
        "/word/numbering.xml": f"{_TYPE}.numbering+xml",
        "/word/footer1.xml": f"{_TYPE}.footer+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    said = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in parts.items()
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{said}</Types>'
    )


def _relations(*rows: tuple[str, str]) -> str:
    said = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(rows, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{said}</Relationships>'


def _style(id_: str, name: str, size: int, *, outline: int | None = None, more: str = "") -> str:
    """A style of paragraphs. `size`: in half points. `outline`: its level among headings."""
    level = "" if outline is None else f'<w:outlineLvl w:val="{outline}"/>'
    keep = "" if outline is None else "<w:keepNext/>"
    bold = "" if outline is None else "<w:b/>"
    above = 120 if outline is None else 320
    return (
        f'<w:style w:type="paragraph" w:styleId="{id_}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/>'
        f'<w:pPr>{keep}{more}<w:spacing w:before="{above}" w:after="120"/>{level}</w:pPr>'
        f'<w:rPr>{bold}<w:sz w:val="{size}"/></w:rPr></w:style>'
    )


def _styles() -> str:
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="768692"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    bullet = '<w:numPr><w:numId w:val="1"/></w:numPr>'
    return (
        f'{_HEAD}<w:styles xmlns:w="{WORD}"><w:docDefaults><w:rPrDefault><w:rPr>'
        '<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial" w:eastAsia="Arial"/>'
        f'<w:sz w:val="22"/><w:lang w:val="{LANGUAGE}" w:eastAsia="{LANGUAGE}"/></w:rPr>'
        '</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="80"/></w:pPr></w:pPrDefault>'
        '</w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal">'
        '<w:name w:val="Normal"/><w:qFormat/></w:style>'
        f"{_style('Title', 'Title', 40)}"
        f"{_style('Heading1', 'heading 1', 32, outline=0)}"
        f"{_style('Heading2', 'heading 2', 26, outline=1)}"
        f"{_style('Heading3', 'heading 3', 22, outline=2)}"
        f"{_style('ListBullet', 'List Bullet', 22, more=bullet)}"
        f"{_style('Footer', 'footer', 18)}"
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal">'
        '<w:name w:val="Normal Table"/><w:tblPr><w:tblCellMar><w:left w:w="108" w:type="dxa"/>'
        '<w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>'
        '<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/>'
        f'<w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>{sides}</w:tblBorders></w:tblPr>'
        "</w:style></w:styles>"
    )


def _numbering() -> str:
    return (
        f'{_HEAD}<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0">'
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/>'
        '<w:lvlText w:val="\u2022"/><w:pPr><w:ind w:left="360" w:hanging="360"/></w:pPr></w:lvl>'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )


FIXED: Mapping[str, bytes] = MappingProxyType(
    {
        "[Content_Types].xml": _types().encode(),
        "_rels/.rels": _relations(
            (f"{_OFFICE}/officeDocument", "word/document.xml"),
            (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ).encode(),
        "word/_rels/document.xml.rels": _relations(
            (f"{_OFFICE}/styles", "styles.xml"),
            (f"{_OFFICE}/numbering", "numbering.xml"),
            (f"{_OFFICE}/footer", "footer1.xml"),
        ).encode(),
        "word/styles.xml": _styles().encode(),
        "word/numbering.xml": _numbering().encode(),
    }
)
"""Path inside the package, and bytes. The document's relations are numbered in this order."""
