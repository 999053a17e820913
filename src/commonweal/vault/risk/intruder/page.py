"""The intruder test in plain words, for the report that a committee reads (P12)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from commonweal.vault.risk.intruder.testing import IntruderFigures, Looked, ViewFigures

_WAYS = {"exact": "looking for an exact match", "nearest": "taking the closest record"}


def section(figures: IntruderFigures | None) -> list[str]:
    """The lines of HTML; none where no test was made."""
    if figures is None:
        return []
    lines = [
        "<h2>What happened when attackers were tried out</h2>",
        (
            "<p>A program played people who know some things about patients and try to find their "
            "records. It knew which record was right; nobody has seen any match. Each attacker "
            "was sometimes unsure and sometimes wrong, as people are.</p>"
        ),
        "<ul>",
        *(f"<li>{escape(sentence)}</li>" for sentence in sentences(figures)),
        "</ul>",
        f"<p>{escape(verdict(figures))}</p>",
    ]
    for view in figures.views:
        lines += _table(view)
    return lines


def sentences(figures: IntruderFigures) -> list[str]:
    """One sentence a view, for the way of looking that found more."""
    return [_sentence(view) for view in figures.views]


def _sentence(view: ViewFigures) -> str:
    one = max(view.looked, key=lambda looked: looked.targets.found.high)
    found = one.targets
    return (
        f"Out of {found.tries:,} tries by somebody who knows what {view.title} knows, "
        f"{found.right:,} found the right person and {found.wrong:,} a wrong one; "
        f"{found.none:,} found nobody."
    )


def verdict(figures: IntruderFigures) -> str:
    """What the figures mean for the release."""
    per = 1000
    upper, limit = figures.upper * per, figures.limit * per
    holds = "within" if figures.passed else "over"
    return (
        f"With 95 per cent confidence, no attacker tried here would find more than {upper:.1f} in "
        f"{per:,} people. The permit allows {limit:.1f}, so this is {holds} its limit."
    )


def _table(view: ViewFigures) -> list[str]:
    caption = f"What {view.title} found"
    head = ("How they looked", "Tries", "Right person", "Wrong person", "Nobody",
            "Matches claimed when the record was not there")  # fmt: skip
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    return [
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0">',
        f"<table><caption>{escape(caption)}</caption>",
        f"<thead><tr>{cells}</tr></thead>",
        "<tbody>",
        *(_row(_cells(one)) for one in view.looked),
        "</tbody></table></div>",
        f"<p>They know of: {escape(', '.join(view.details))}.</p>",
    ]


def _cells(one: Looked) -> tuple[str, ...]:
    found, control = one.targets, one.control
    counts = (found.tries, found.right, found.wrong, found.none)
    claimed = f"{control.wrong:,} of {control.tries:,}"
    return (_WAYS[one.method].capitalize(), *(f"{count:,}" for count in counts), claimed)


def _row(cells: Sequence[str]) -> str:
    rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
    return f'<tr><th scope="row">{escape(cells[0])}</th>{rest}</tr>'
