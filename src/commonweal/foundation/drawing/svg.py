"""A picture as SVG that stands alone: closed marks, no style sheet, no script, no address.

The colours are those of Okabe and Ito, which people see apart who see few colours; lines differ in
their dashes and marks as well, and bars have their words beside them. Each number that is written
is a published one, but for the 0 at the foot of a scale and the 1 at the top of a survival curve. A
figure that is hidden has no length and no place: it is the word `hidden`, always drawn alike.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from commonweal.foundation.drawing.picture import (
    HIDDEN,
    MOST_POINTS,
    Line,
    Panel,
    Picture,
    Point,
    apart,
)

WIDE = 760
BAR_MOST = 430
"""How long the longest bar is; a bar is its share of it."""
_LEFT, _LINE, _BAR = 12, 22, 16
_PLOT_LEFT, _PLOT_WIDE, PLOT_HIGH = 70, 660, 260
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_DASHES = ("", "7 4", "2 3", "10 3 2 3")
_INK, _RULE = "#212b32", "#4c6272"
_LONGEST_WORDS = 20_000
_SAID_BESIDE = 40
"""Up to so many figures are written at the marks of a panel of lines."""


@dataclass
class _Sheet:
    """Marks from top to bottom. `top`: where the next begins."""

    top: float = 0
    parts: list[str] = field(default_factory=list)

    def mark(self, tag: str, **said: object) -> None:
        """One mark."""
        told = "".join(
            f' {name.replace("_", "-")}="{_number(value)}"' for name, value in said.items()
        )
        self.parts.append(f"<{tag}{told}/>")

    def text(self, words: str, x: float, y: float, **said: object) -> None:
        """Words at a place."""
        told = "".join(
            f' {name.replace("_", "-")}="{_number(value)}"' for name, value in said.items()
        )
        self.parts.append(f'<text x="{_number(x)}" y="{_number(y)}"{told}>{escape(words)}</text>')

    def lines(self, words: str, broad: int, **said: object) -> None:
        """Words on as many lines as they need."""
        for one in textwrap.wrap(words, broad) or [""]:
            self.top += _LINE
            self.text(one, _LEFT, self.top - 6, **said)


def drawn(picture: Picture) -> str:
    """The picture as SVG."""
    sheet = _Sheet()
    sheet.lines(picture.title, 78, font_weight="bold")
    if picture.points > MOST_POINTS:
        sheet.lines("There are too many figures to draw. The table beside this has them.", 90)
    elif not picture.points:
        sheet.lines("There is no figure to draw.", 90)
    else:
        draw = _bars if picture.kind == "bar" else _plot
        for panel in picture.panels:
            draw(sheet, panel, picture)
    for note in picture.notes:
        sheet.lines(f"Note: {note}.", 90)
    return _whole(picture, sheet)


def _whole(picture: Picture, sheet: _Sheet) -> str:
    words = picture.alternative()
    if len(words) > _LONGEST_WORDS:
        words = words[: _LONGEST_WORDS - 1] + "…"
    high = _number(sheet.top + 12)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" role="img" width="{WIDE}" '
        f'height="{high}" viewBox="0 0 {WIDE} {high}" font-family="sans-serif" font-size="16" '
        f'fill="{_INK}"><title>{escape(picture.title)}</title><desc>{escape(words)}</desc>'
        f'<rect x="0" y="0" width="{WIDE}" height="{high}" fill="#ffffff"/>'
        f"{''.join(sheet.parts)}</svg>\n"
    )


# --- bars -----------------------------------------------------------------------------------------


def _bars(sheet: _Sheet, panel: Panel, _: Picture) -> None:
    """Bars that lie, each with its figure beside it; all begin at 0."""
    sheet.lines(f"{panel.name} by {panel.across}", 84, font_weight="bold")
    values = panel.values()
    below, above = max([0.0, *(-one for one in values)]), max([0.0, *values])
    unit = BAR_MOST / (below + above) if below + above > 0 else 0.0
    zero = _LEFT + below * unit
    points = max((len(line.points) for line in panel.lines), default=0)
    for place in range(points):
        sheet.lines(panel.lines[0].points[place].label, 90)
        for number, line in enumerate(panel.lines):
            _bar(sheet, line, line.points[place], number, (zero, unit))
        sheet.top += 4
    sheet.top += 10


def _bar(sheet: _Sheet, line: Line, point: Point, number: int, scale: tuple[float, float]) -> None:
    zero, unit = scale
    said = f"{line.name}: {point.words}" if line.name else point.words
    value, foot = point.value, sheet.top + _BAR - 3
    if value is None:
        # Always alike, wherever the scale ends and whatever is hidden.
        sheet.mark("rect", x=_LEFT, y=sheet.top + 1, width=8, height=_BAR - 2, fill="#ffffff",
                   stroke=_RULE, stroke_dasharray="2 2")  # fmt: skip
        sheet.text(said, _LEFT + 16, foot, font_style="italic")
    else:
        long = abs(value) * unit
        start = zero - long if value < 0 else zero
        sheet.mark("rect", x=start, y=sheet.top, width=long, height=_BAR,
                   fill=_COLOURS[number % len(_COLOURS)])  # fmt: skip
        sheet.text(said, max(zero, start + long) + 8, foot)
    sheet.top += _BAR + 5


# --- lines and curves -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scale:
    """Where a value stands: `low` at the foot of the plot and `high` at its top."""

    low: float
    high: float
    top: float

    def up(self, value: float) -> float:
        """The place of a value, from above."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.0
        return self.top + PLOT_HIGH * (1 - share)


def _plot(sheet: _Sheet, panel: Panel, picture: Picture) -> None:
    curve = picture.kind == "curve"
    name = f"{panel.name} by {panel.across}"
    sheet.lines(name, 84, font_weight="bold")
    values = panel.values()
    high = 1.0 if curve else max([0.0, *values])
    low = min([0.0, *values])
    scale = _Scale(low, high, sheet.top + 14)
    foot = scale.top + PLOT_HIGH
    for y in (scale.top, scale.up(0), foot):
        sheet.mark("line", x1=_PLOT_LEFT, y1=y, x2=_PLOT_LEFT + _PLOT_WIDE, y2=y, stroke=_RULE)
    _said_up(sheet, panel, scale, curve=curve)
    for number, line in enumerate(panel.lines):
        (_curve if curve else _line)(sheet, panel, line, number, scale)
    if curve:
        _times(sheet, panel, foot)
    else:
        _names(sheet, panel, foot)
    _key(sheet, panel)
    sheet.top += 10


def _said_up(sheet: _Sheet, panel: Panel, scale: _Scale, *, curve: bool) -> None:
    """What the ends of the scale are, in the words of the figures that they are."""
    ends = {0.0: "0", 1.0: "1"} if curve else {0.0: "0"}
    for line in panel.lines:
        ends |= {one.value: one.said for one in line.points if one.value is not None}
    for value in dict.fromkeys((scale.high, 0.0, scale.low)):
        sheet.text(ends[value], _PLOT_LEFT - 8, scale.up(value) + 5, text_anchor="end")


def _across(panel: Panel, place: int) -> float:
    groups = max(len(line.points) for line in panel.lines)
    return _PLOT_LEFT + _PLOT_WIDE * (place + 0.5) / groups


def _line(sheet: _Sheet, panel: Panel, line: Line, number: int, scale: _Scale) -> None:
    """Marks, joined where both neighbours have a figure."""
    figures = sum(len(one.points) for one in panel.lines)
    before: tuple[float, float] | None = None
    for place, point in enumerate(line.points):
        x, value = _across(panel, place), point.value
        if value is None:
            before = None
            if point.said == HIDDEN:
                y = scale.top + PLOT_HIGH - 6 - 14 * number
                sheet.text(HIDDEN, x, y, text_anchor="middle", font_style="italic", font_size=12)
            continue
        y = scale.up(value)
        if before is not None and not apart(point.label):
            _stroke(sheet, number, [before, (x, y)])
        _dot(sheet, x, y, number)
        if figures <= _SAID_BESIDE:
            sheet.text(point.said, x, y - 9, text_anchor="middle", font_size=13)
        before = (x, y)


def _curve(sheet: _Sheet, panel: Panel, line: Line, number: int, scale: _Scale) -> None:
    """Everybody at first; at the end of each step down to what is published of it."""
    last = max((one.at or 0.0 for each in panel.lines for one in each.points), default=0.0)
    path = [(float(_PLOT_LEFT), scale.up(1))]
    for point in line.points:
        if point.value is None or point.at is None:
            break
        x = _PLOT_LEFT + _PLOT_WIDE * point.at / last
        path += [(x, path[-1][1]), (x, scale.up(point.value))]
        _dot(sheet, *path[-1], number)
    if len(path) > 1:
        _stroke(sheet, number, path)


def _times(sheet: _Sheet, panel: Panel, foot: float) -> None:
    """The beginning, and the last time that is published."""
    sheet.top = foot + _LINE
    sheet.text("0", _PLOT_LEFT, sheet.top - 4, text_anchor="middle")
    every = [one for line in panel.lines for one in line.points if one.at is not None]
    if every:
        last = max(every, key=lambda one: one.at or 0.0)
        sheet.text(last.label, _PLOT_LEFT + _PLOT_WIDE, sheet.top - 4, text_anchor="end")


def _names(sheet: _Sheet, panel: Panel, foot: float) -> None:
    """The groups below the plot; where they are too broad for one line, below each other."""
    labels = [one.label for one in max(panel.lines, key=lambda line: len(line.points)).points]
    sheet.top = foot + 4
    fits = sum(len(one) + 2 for one in labels) <= 76
    if fits and max(map(len, labels), default=0) * len(labels) <= 76:
        sheet.top += _LINE
        for place, label in enumerate(labels):
            sheet.text(label, _across(panel, place), sheet.top - 6, text_anchor="middle")
        return
    sheet.lines(f"From left to right: {', '.join(labels)}", 90)


def _key(sheet: _Sheet, panel: Panel) -> None:
    """Which line is which, with a piece of it; and what a curve comes to after its last time."""
    for number, line in enumerate(panel.lines):
        said = [line.name] if line.name else []
        if not line.points and line.after is None:
            said.append(HIDDEN)
        if line.after is not None:
            said.append(f"{line.after} at a later time, which is not told")
        if said:
            sheet.top += _LINE
            y = sheet.top - 11
            _stroke(sheet, number, [(_LEFT, y), (_LEFT + 40, y)])
            _dot(sheet, _LEFT + 20, y, number)
            sheet.text(": ".join(said), _LEFT + 50, sheet.top - 6)


def _stroke(sheet: _Sheet, number: int, path: Sequence[tuple[float, float]]) -> None:
    said: dict[str, object] = {"points": _path(path), "fill": "none", "stroke_width": 2.5,
                               "stroke": _COLOURS[number % len(_COLOURS)]}  # fmt: skip
    dashes = _DASHES[number % len(_DASHES)]
    sheet.mark("polyline", **said, **({"stroke_dasharray": dashes} if dashes else {}))


def _dot(sheet: _Sheet, x: float, y: float, number: int) -> None:
    colour = _COLOURS[number % len(_COLOURS)]
    shape = number % 3
    if shape == 0:
        sheet.mark("circle", cx=x, cy=y, r=4, fill=colour)
    elif shape == 1:
        sheet.mark("rect", x=x - 4, y=y - 4, width=8, height=8, fill=colour)
    else:
        corners = [(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)]
        sheet.mark("polygon", points=_path(corners), fill=colour)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: object) -> str:
    """A place to the hundredth of a pixel, always spelled alike."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
