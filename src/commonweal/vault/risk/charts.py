"""Charts as inline SVG, for pages that fetch and run nothing.

Positions across are in hundredths of the width and everything else in pixels, without a `viewBox`:
a chart takes the width it is given, and its text stays as large as the text around it, on a narrow
screen, enlarged and on paper. Two kinds of mark differ in shape or filling as well as in colour.
Each chart has a title and a description for those who do not see it, and the page shows the same
figures in a table beside it. Every text from outside is escaped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, Protocol

Kind = Literal["before", "after"]

STYLE = """
svg.chart { display: block; width: 100%; margin: 0.5rem 0 1rem; font: inherit; overflow: visible; }
svg.chart text { fill: #212b32; font-size: 1rem; }
svg.chart text.label { font-weight: bold; }
svg.chart .rule { stroke: #4c6272; stroke-width: 1; }
svg.chart .limit { stroke: #212b32; stroke-width: 2; stroke-dasharray: 6 4; }
svg.chart .after { fill: #005eb8; stroke: #005eb8; stroke-width: 2; }
svg.chart .before { fill: #fff; stroke: #4c6272; stroke-width: 2; }
svg.chart .ring { fill: none; stroke: #212b32; stroke-width: 3; }
@media (forced-colors: active) {
  svg.chart text { fill: CanvasText; }
  svg.chart .rule, svg.chart .limit, svg.chart .ring { stroke: CanvasText; }
  svg.chart .after { fill: CanvasText; stroke: CanvasText; }
  svg.chart .before { fill: Canvas; stroke: CanvasText; }
}
@media print {
  svg.chart, figure { break-inside: avoid; }
  svg.chart .after, svg.chart .before { print-color-adjust: exact; }
}
"""

_LINE = 22
_BAR = 12
_GAP = 12
_BROAD = 30
_BROAD_BOLD = 26
"""Letters that fit a line of a chart on a screen of 320 pixels, also in the widest usual font."""
_PLOT = 260
_MARK = 5


@dataclass(frozen=True)
class Row:
    """What is measured (`label`), its figures in words (`told`), and the bars below them.

    Of each bar the share of the whole width, and its kind: `before` is drawn as an outline, `after`
    filled.
    """

    label: str
    told: str
    bars: tuple[tuple[float, Kind], ...]


class Candidate(Protocol):
    """A way to coarsen the data that was tried: what it loses, and whether the limits hold."""

    @property
    def levels(self) -> object:
        """Which level of detail each item has, by name."""
        ...

    @property
    def score(self) -> float:
        """How much detail is lost; less is better."""
        ...

    @property
    def suppressed(self) -> int:
        """How many people have to be left out."""
        ...

    @property
    def k(self) -> int:
        """How many people the smallest group has before anybody is left out."""
        ...

    @property
    def holds(self) -> bool:
        """Whether the limits of the permit hold."""
        ...


@dataclass(frozen=True)
class Dot:
    """One dot: `across` and `up` from 0 to 1. `kind`: as in `Row`; `ringed`: the one chosen."""

    across: float
    up: float
    kind: Kind = "after"
    ringed: bool = False


@dataclass(frozen=True)
class Axis:
    """What an axis says: its `name`, and what stands at its beginning and its end."""

    name: str
    first: str
    last: str


def bar_chart(ident: str, title: str, description: str, rows: Sequence[Row]) -> str:
    """Bars that lie, each below the text that says what it is. `ident`: unique in the page."""
    parts: list[str] = []
    top = 0
    for row in rows:
        texts = ((row.label, ' class="label"', _BROAD_BOLD), (row.told, "", _BROAD))
        for text, style, broad in texts:
            for line in textwrap.wrap(text, broad):
                top += _LINE
                parts.append(f'<text{style} x="0" y="{top - 6}">{escape(line)}</text>')
        start = top
        for share, kind in row.bars:
            if share > 0:
                # Something is never drawn as nothing, nor an outline cut off at the edge.
                wide = min(max(100 * share, 0.4), 99.4)
                parts.append(
                    f'<rect class="{kind}" x="1" y="{top + 2}" width="{wide:.2f}%" '
                    f'height="{_BAR}"/>'
                )
            top += _BAR + 5
        parts.append(f'<line class="rule" x1="0" y1="{start}" x2="0" y2="{top}"/>')
        top += _GAP
    return _svg(ident, title, description, parts, top)


def dot_chart(
    ident: str, title: str, description: str, dots: Sequence[Dot], across: Axis, up: Axis
) -> str:
    """Dots between two axes; those that are ringed come last, so that nothing hides them."""
    top, foot = _LINE + 8, _LINE + 8 + _PLOT
    parts = [
        f'<text x="0" y="{_LINE - 6}">{escape(up.name)}: {escape(up.last)} at the top</text>',
        f'<line class="rule" x1="0" y1="{top}" x2="0" y2="{foot}"/>',
        f'<line class="rule" x1="0" y1="{foot}" x2="100%" y2="{foot}"/>',
    ]
    for dot in sorted(dots, key=lambda one: (one.ringed, one.kind == "after")):
        place = f'cx="{2 + 96 * dot.across:.2f}%" cy="{foot - 8 - (_PLOT - 16) * dot.up:.1f}"'
        parts.append(f'<circle class="{dot.kind}" {place} r="{_MARK}"/>')
        if dot.ringed:
            parts.append(f'<circle class="ring" {place} r="{_MARK + 6}"/>')
    parts += [
        f'<text x="0" y="{foot + _LINE - 4}">{escape(across.first)}</text>',
        f'<text x="100%" y="{foot + _LINE - 4}" text-anchor="end">{escape(across.last)}</text>',
        f'<text x="0" y="{foot + 2 * _LINE - 4}">{escape(across.name)}</text>',
    ]
    return _svg(ident, title, description, parts, foot + 2 * _LINE + 4)


def key_of(marks: Sequence[tuple[Kind, str]]) -> str:
    """What each kind of mark means, as a list with a sample of it."""
    items = "".join(
        '<li><svg class="chart key" width="22" height="16" aria-hidden="true" focusable="false">'
        f'<rect class="{kind}" x="1" y="1" width="20" height="14"/></svg> {escape(text)}</li>'
        for kind, text in marks
    )
    return f'<ul class="key">{items}</ul>'


def _svg(ident: str, title: str, description: str, parts: Sequence[str], height: int) -> str:
    return (
        f'<svg class="chart" role="img" focusable="false" height="{height}" '
        f'aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">{escape(title)}</title>'
        f'<desc id="{ident}-desc">{escape(description)}</desc>' + "".join(parts) + "</svg>"
    )
