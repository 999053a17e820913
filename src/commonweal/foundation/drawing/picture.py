"""What is to be drawn, read off the very texts that are published.

A figure is kept as it is spelled there; what is no number (`hidden`, or nothing) has no place in a
picture and is said in words.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["bar", "line", "curve"]
HIDDEN = "hidden"
MOST_SIDES = 2
MOST_POINTS = 400
"""Of a picture: more are not told apart, and the table beside it has them."""
LONGEST = 120
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NO_VALUE = "no value"


@dataclass(frozen=True)
class Point:
    """One figure as it is published (`said`), and what stands beside it. `at`: the time, of a
    curve."""

    label: str
    said: str
    at: float | None = None

    @property
    def value(self) -> float | None:
        """The number, where a number is published."""
        return float(self.said) if _NUMBER.fullmatch(self.said) else None

    @property
    def words(self) -> str:
        """The figure for who hears the picture."""
        return self.said or "no figure"


@dataclass(frozen=True)
class Line:
    """Figures that belong together, in the order of the table. `after`: what a curve comes to at a
    time that is not told."""

    name: str
    points: tuple[Point, ...]
    after: str | None = None


@dataclass(frozen=True)
class Panel:
    """One measure, drawn by itself with a scale of its own."""

    name: str
    across: str
    lines: tuple[Line, ...]

    def values(self) -> list[float]:
        """Every number that is published of it."""
        found = (point.value for line in self.lines for point in line.points)
        return [one for one in found if one is not None]


@dataclass(frozen=True)
class Picture:
    """A whole picture. `notes`: what was done to its figures."""

    kind: Kind
    title: str
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """How many figures are in it."""
        return sum(len(line.points) for panel in self.panels for line in panel.lines)

    def alternative(self) -> str:
        """The same in words, for who does not see it."""
        said = []
        for panel in self.panels:
            lines = []
            for line in panel.lines:
                figures = [f"{one.label} {one.words}" for one in line.points]
                figures += [] if line.after is None else [f"after that {line.after}"]
                told = ", ".join(figures) or HIDDEN
                lines.append(f"{line.name}: {told}" if line.name else told)
            said.append(f"{panel.name} by {panel.across}. {'; '.join(lines)}.")
        return " ".join([*said, *(f"Note: {one}." for one in self.notes)])


def of_rows(
    kind: Kind,
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    groups: Sequence[int],
    *,
    totals: bool = False,
    notes: Sequence[str] = (),
) -> Picture:
    """A table as it is published, as bars or lines: a panel for each measure.

    `rows`: one for each cell, the last grouping moving fastest, first its labels and then its
    figures. `groups`: how many groups each of the one or two groupings has; with `totals` each has
    one place more, which is not drawn. Raises ValueError for a table of another form.
    """
    sides = len(groups)
    places = [count + totals for count in groups]
    if not 1 <= sides <= MOST_SIDES or len(rows) != _product(places):
        raise ValueError("no table of one or two groupings")
    if not all(groups):
        return Picture(kind, clean(title, 500), ())
    second = groups[1] if sides == MOST_SIDES else 1
    wide = places[1] if sides == MOST_SIDES else 1
    panels = []
    for column in range(sides, len(head)):
        lines = []
        for part in range(second):
            cells = [rows[group * wide + part] for group in range(groups[0])]
            name = clean(f"{head[1]} {cells[0][1]}") if sides == MOST_SIDES and cells else ""
            points = tuple(Point(clean(cell[0]), clean(cell[column])) for cell in cells)
            lines.append(Line(name, points))
        panels.append(Panel(clean(head[column]), clean(head[0]), tuple(lines)))
    return Picture(kind, clean(title, 500), tuple(panels), tuple(clean(one, 300) for one in notes))


def of_curves(plain: Mapping[str, Any]) -> Picture:
    """Survival curves as they are published (JSON values). Raises as a wrong document does."""
    lines = []
    for curve in plain["curves"]:
        name = ", ".join(f"{side} {said}" for side, said in curve["where"].items())
        points, after = [], None
        for step in curve["steps"]:
            said = "" if step["survival"] is None else json.dumps(step["survival"])
            if step["to"] is None:
                after = said or None
                continue
            points.append(Point(json.dumps(step["to"]), said, float(step["to"])))
        lines.append(Line(clean(name), tuple(points), after))
    panel = Panel("Survival", "time", tuple(lines))
    return Picture("curve", clean(str(plain["title"]), 500), (panel,))


def clean(text: str, longest: int = LONGEST) -> str:
    """A text as it is drawn: one line, and nothing in it that a reader cannot see."""
    seen = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one)[0] == "C" else
        " " if unicodedata.category(one) in ("Zl", "Zp") else one
        for one in text
    )  # fmt: skip
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"


def apart(label: str) -> bool:
    """Whether a group stands beside the order of the others."""
    return label == _NO_VALUE


def _product(counts: Sequence[int]) -> int:
    found = 1
    for one in counts:
        found *= one
    return found
