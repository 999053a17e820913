"""How a page about risk is laid out: its frame, its tables, and figures with their tables.

Nothing is fetched or run. Every text from outside is escaped. What scrolls can be reached from the
keyboard and has a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from commonweal.vault.risk import charts

STYLE = (
    """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 52rem; padding: 1rem; background: #fff; color: #212b32;
  font: 1.125rem/1.6 Arial, sans-serif; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.25; }
h2 { margin-top: 3rem; border-top: 1px solid #4c6272; padding-top: 1rem; }
.wide { overflow-x: auto; margin: 0 0 2rem; }
.wide:focus-visible { outline: 3px solid #212b32; }
table { border-collapse: collapse; width: 100%; }
caption { font-weight: bold; text-align: left; padding: 0.5rem 0; }
th, td { border-bottom: 1px solid #4c6272; padding: 0.5rem; text-align: left; vertical-align: top;
  overflow-wrap: normal; }
figure { margin: 1.5rem 0 0; }
figcaption { font-weight: bold; }
ul.key { list-style: none; margin: 0.5rem 0 0; padding: 0; }
svg.chart.key { display: inline-block; width: 22px; margin: 0; vertical-align: -2px; }
.note { border-left: 8px solid #005eb8; padding: 0.5rem 1rem; background: #f0f4f5; }
@media (max-width: 30rem) { ul { padding-left: 1.25rem; } table { font-size: 1rem; }
  th, td { padding: 0.375rem 0.25rem; } }
@media print { body { max-width: none; font-size: 11pt; } .wide { overflow-x: visible; }
  h2, h3, caption { break-after: avoid; } tr { break-inside: avoid; } }
"""
    + charts.STYLE
)

BEFORE_AND_AFTER: tuple[tuple[charts.Kind, str], ...] = (
    ("before", "as recorded in the hospital, before anything was made coarser or left out"),
    ("after", "as released"),
)


def frame(title: str, body: Sequence[str]) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Should a name ever get past the escaping, nothing in the page can run or call home.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def figure(sentence: str, chart: str, key: Sequence[tuple[charts.Kind, str]] = ()) -> list[str]:
    """A chart under the sentence that says what it shows. Its table is to come right after it."""
    legend = [charts.key_of(key)] if key else []
    caption = f"<figcaption>{escape(sentence)}</figcaption>"
    return ["<figure>", caption, *legend, chart, "</figure>"]


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table with a caption; the first cell of each row is its header."""
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = [
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    ]
    return [
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0">',
        f"<table><caption>{escape(caption)}</caption>",
        f"<thead><tr>{cells}</tr></thead>",
        "<tbody>",
        *lines,
        "</tbody></table></div>",
    ]
