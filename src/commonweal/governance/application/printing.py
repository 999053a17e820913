"""A small document: headings, paragraphs, lists and tables, as Markdown or as one HTML page.

Everything that people typed is escaped, in both. The HTML page holds its own style, no script, no
picture and no address, so that it can be kept, sent on and printed anywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 to 4; the document's title is level 1."""

    level: int
    text: str


@dataclass(frozen=True)
class Contents:
    """The list of the headings of level 2 that come after it, each with a link to it."""


@dataclass(frozen=True)
class Paragraph:
    """Text. Its line breaks are kept."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table. The first column names its rows."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Items | Grid
Printed = Block | Contents

_LISTED = 2
_WIDE = 2
"""A table with more columns than this scrolls sideways on a small screen."""
_MARKS = re.compile(r"([\\`*_\[\]<>|~&#$])")
_LINE_START = re.compile(r"^([ \t]*)([-+=]|[0-9]{1,9}[.)])", re.ASCII)
_BARE_ADDRESS = re.compile(r"(?i)(https?|ftp|mailto|www)([:.])")

STYLE = """
body { font-family: Arial, sans-serif; line-height: 1.5; max-width: 44em; margin: 2em auto;
  padding: 0 1em; color: #212b32; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.8em; } h2 { font-size: 1.4em; border-bottom: 2px solid #005eb8; margin-top: 2em; }
h3 { font-size: 1.1em; } table { border-collapse: collapse; width: 100%; margin: 1em 0; }
th, td { border: 1px solid #768692; padding: 0.3em 0.5em; text-align: left; vertical-align: top; }
.grid { overflow-x: auto; } .grid tbody th { min-width: 9em; } nav li { list-style: none; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; }
  h2, h3 { break-after: avoid; } tr { break-inside: avoid; } thead { display: table-header-group; }
  nav a { color: inherit; text-decoration: none; } }
""".strip()


def as_markdown(title: str, blocks: Iterable[Printed]) -> str:
    """The document as Markdown (CommonMark with tables)."""
    listed = list(blocks)
    parts = [f"# {_plain_line(title)}", *(_markdown(block, listed) for block in listed)]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(title: str, blocks: Iterable[Printed]) -> str:
    """The document as one HTML page that needs nothing else."""
    listed = list(blocks)
    body = "\n".join(_html(block, listed) for block in listed)
    shown = html.escape(" ".join(title.split()))
    # The page may be opened from a disk, where nobody sends a policy with it: it brings its own.
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{shown}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def escape_markdown(text: str) -> str:
    """`text` so that Markdown shows it as it is: no mark-up, no link, no HTML."""
    lines = (_escape_line(line) for line in text.split("\n"))
    return "\n".join(_LINE_START.sub(_escape_start, line) for line in lines)


def _escape_line(line: str) -> str:
    return _break_addresses(_MARKS.sub(r"\\\1", line.strip()))


def _escape_start(match: re.Match[str]) -> str:
    mark = match[2]
    return f"{match[1]}{mark[:-1]}\\{mark[-1]}"


def _break_addresses(line: str) -> str:
    # Some readers make a link of a bare address; an escaped colon or dot keeps it text.
    return _BARE_ADDRESS.sub(r"\1\\\2", line)


def _plain_line(text: str) -> str:
    # Inside a heading or a cell a line cannot begin a list.
    return _escape_line(" ".join(text.split()))


def headed(blocks: Sequence[Printed]) -> list[tuple[str, Heading]]:
    """The headings that a list of contents names, each with the name of its place."""
    first = next((n for n, each in enumerate(blocks) if isinstance(each, Contents)), len(blocks))
    found = [each for each in blocks[first:] if isinstance(each, Heading) and each.level == _LISTED]
    return [(f"part-{n}", each) for n, each in enumerate(found, start=1)]


def _place(block: Heading, blocks: Sequence[Printed]) -> str:
    # The same words may stand in two headings: what counts is which of them it is.
    return next((name for name, each in headed(blocks) if each is block), "")


def _markdown(block: Printed, blocks: Sequence[Printed]) -> str:
    if isinstance(block, Contents):
        return "\n".join(f"- {_plain_line(each.text)}" for _, each in headed(blocks))
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain_line(block.text)}"
    if isinstance(block, Paragraph):
        paragraphs = re.split(r"\n\s*\n", block.text.strip())
        return "\n\n".join(escape_markdown(each).replace("\n", "  \n") for each in paragraphs)
    if isinstance(block, Items):
        return "\n".join(f"- {escape_markdown(' '.join(item.split()))}" for item in block.items)
    lines = [_row(block.head), f"|{' --- |' * len(block.head)}", *(_row(r) for r in block.rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain_line(cell) for cell in cells)} |"


def _html(block: Printed, blocks: Sequence[Printed]) -> str:
    if isinstance(block, Contents):
        links = (f'<li><a href="#{name}">{html.escape(each.text)}</a></li>'
                 for name, each in headed(blocks))  # fmt: skip
        return '<nav aria-label="Contents">\n<ul>\n{}\n</ul>\n</nav>'.format("\n".join(links))
    if isinstance(block, Heading):
        name = _place(block, blocks)
        id_ = f' id="{name}"' if name else ""
        return f"<h{block.level}{id_}>{html.escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        paragraphs = re.split(r"\n\s*\n", block.text.strip())
        return "\n".join(f"<p>{html.escape(p).replace(chr(10), '<br>')}</p>" for p in paragraphs)
    if isinstance(block, Items):
        items = "\n".join(f"<li>{html.escape(item)}</li>" for item in block.items)
        return f"<ul>\n{items}\n</ul>"
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in block.head)
    rows = "\n".join(_html_row(row) for row in block.rows)
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<div class="grid" tabindex="0">\n{table}\n</div>' if len(block.head) > _WIDE else table


def _html_row(row: Sequence[str]) -> str:
    first, rest = html.escape(row[0]), row[1:]
    cells = "".join(f"<td>{html.escape(cell).replace(chr(10), '<br>')}</td>" for cell in rest)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'
