"""The page of `commonweal anonymise`: risk and use before and after, and every choice tried.

In the look of the risk report, with the same figures in a table beside each chart; it fetches and
runs nothing. Names of columns, sizes, shares and counts: no value, nor a label of one (S15).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from commonweal.vault.risk.anonymise.candidates import Candidate
from commonweal.vault.risk.charts import Axis, Dot, Kind, Row, bar_chart, dot_chart
from commonweal.vault.risk.page_layout import data_table, figure, frame, paragraph
from commonweal.vault.risk.sentences import chance_in_words, people_in_words, share_in_words

MOST_SHOWN = 25
"""So many of the choices are in the table; all that are known are in the chart."""
_HOLDING: tuple[tuple[Kind, str], ...] = (
    ("after", "holds what was asked"),
    ("before", "does not"),
)
_BEFORE_AND_AFTER: tuple[tuple[Kind, str], ...] = (
    ("before", "in the table as it was"),
    ("after", "in the new table"),
)
_LOST: tuple[tuple[Kind, str], ...] = (("after", "part of what the column said that is lost"),)


def anonymise_html(name: str, report: Mapping[str, Any], candidates: Sequence[Candidate]) -> str:
    """The page for the new table in the file `name`. `report`: as `anonymise --json`."""
    title = f"How {name} was made coarse enough"
    body = [
        f"<h1>{escape(title)}</h1>",
        (
            '<p class="note">For staff of the hospital only: this page holds exact numbers of '
            "people. The new table stays data about patients, until a person has decided "
            "otherwise.</p>"
        ),
        *_short(report),
        *_risk(report),
        *_columns(report),
        *_candidates(report, candidates),
        *_meaning(report),
    ]
    return frame(title, body)


def _short(report: Mapping[str, Any]) -> list[str]:
    before, after = report["risk"]["before"], report["risk"]["after"]
    was, now = (chance_in_words(one["prosecutor"]["mean"]) for one in (before, after))
    kept, gone = f"{report['released']:,}", _were(report["suppressed"])
    k, earlier = people_in_words(report["k"]), people_in_words(before["k"])
    lines = [
        f"{kept} of {report['rows']:,} rows are in the new table; {gone} left out.",
        f"The smallest group of people who look alike has {k}; before, it had {earlier}.",
        f"A guess among those who look alike is right {now} on average; before: {was}.",
        _proof(report),
    ]
    if "local" in report:
        won = report["local"]
        lines.append(
            f"Group by group, detail was then won back: {_rows(won['rows_regained'])} came back."
        )
    return ["<h2>In short</h2>", "<ul>", *(f"<li>{escape(one)}</li>" for one in lines), "</ul>"]


def _proof(report: Mapping[str, Any]) -> str:
    if report["optimal"]:
        return (
            "It is proved that no other choice of one level for each column holds what was asked "
            "and loses less."
        )
    return (
        f"The search was ended early. The choice made scores {report['score']:.6g} in lost detail; "
        f"none can score below {report['bound']:.6g}."
    )


def _risk(report: Mapping[str, Any]) -> list[str]:
    before, after = report["risk"]["before"], report["risk"]["after"]
    rows, cells = [], []
    for label, was, now in zip(_CHANCES, _chances(before), _chances(after), strict=True):
        words = chance_in_words if label in _CHANCES[:2] else share_in_words
        told = [words(share) for share in (was, now)]
        rows.append(Row(label, f"{told[0]} before, {told[1]} after", _both(was, now)))
        cells.append((label, f"{told[0]} ({was:.4f})", f"{told[1]} ({now:.4f})"))
    chart = bar_chart(
        "risk",
        "Chances of being recognised, before and after",
        "Two bars for each chance. A bar as wide as the page would be certainty, or everybody. The "
        "table below holds the same figures.",
        rows,
    )
    sentence = "How likely it is that somebody is recognised, before and in the new table."
    return [
        "<h2>Risk before and after</h2>",
        *figure(sentence, chart, _BEFORE_AND_AFTER),
        *data_table("Risk before and after", ("Measure", "Before", "New table"), cells),
    ]


_CHANCES = (
    "Chance of picking out a person, on average",
    "Chance for the most exposed person",
    "People matched rightly if everybody is matched",
    "People who are the only one of their kind",
)


def _chances(risk: Mapping[str, Any]) -> tuple[float, ...]:
    alone = risk["sample_uniques"] / max(risk["patients"], 1)
    return (risk["prosecutor"]["mean"], risk["prosecutor"]["max"], risk["marketer"], alone)


def _both(was: float, now: float) -> tuple[tuple[float, Kind], ...]:
    return ((was, "before"), (now, "after"))


def _columns(report: Mapping[str, Any]) -> list[str]:
    rows, cells = [], []
    for name, level in report["levels"].items():
        one = report["utility"]["columns"][name]
        values = f"{one['values']['after']:,} of {one['values']['before']:,}"
        rows.append(Row(name, f"{values} values are left", ((one["entropy"], "after"),)))
        cells.append((name, str(level), values, f"{100 * one['entropy']:.1f} %"))
    chart = bar_chart(
        "columns",
        "What each column lost",
        "One bar for each column: the part of what it said that is lost. A bar as wide as the page "
        "would be a column that says nothing any more. The table below holds the same figures.",
        rows,
    )
    head = ("Column", "Level", "Values left", "Lost")
    sentence = "What each column that others may know can no longer tell."
    return [
        "<h2>What each column costs</h2>",
        *figure(sentence, chart, _LOST),
        *data_table("What each column lost", head, cells),
        paragraph(
            "Level 0 is the column as it was; the higher the level, the coarser it is. What rows "
            "that were left out said is lost in every column."
        ),
    ]


def _candidates(report: Mapping[str, Any], tried: Sequence[Candidate]) -> list[str]:
    """Privacy against use: each choice that was looked at."""
    if not tried:
        return []
    names = tuple(report["levels"])
    chosen = tuple(str(level) for level in report["levels"].values())
    low, high = min(one.score for one in tried), max(one.score for one in tried)
    heights, up, what = _privacy(tried)
    dots = [
        Dot(
            (one.score - low) / (high - low) if high > low else 0.0,
            height,
            "after" if one.holds else "before",
            ringed=one.levels == chosen,
        )
        for one, height in zip(tried, heights, strict=True)
    ]
    holding = sum(one.holds for one in tried)
    sentence = (
        f"{len(tried):,} choices of levels were looked at, of {report['nodes']:,} that there are; "
        f"{holding:,} of them hold what was asked. The one with a ring was chosen."
    )
    chart = dot_chart(
        "candidates",
        "Detail lost and privacy, for each choice that was looked at",
        "One dot for each choice of levels: the further right, the more detail is lost; the "
        f"higher, {what} The table below holds the best of them.",
        dots,
        Axis("Detail lost, from left to right", f"{low:.4g}", f"{high:.4g}"),
        up,
    )
    ordered = sorted(tried, key=lambda one: (not one.holds, one.score, one.levels))
    cells = [
        (
            ", ".join(f"{name} {level}" for name, level in zip(names, one.levels, strict=True)),
            f"{one.score:.6g}" if one.holds else f"at least {one.score:.6g}",
            people_in_words(one.k),
            _left(one),
            "yes" if one.holds else "no",
        )
        for one in ordered[:MOST_SHOWN]
    ]
    head = ("Level of each column", "Detail lost", "Smallest group, if no row is left out",
            "Rows left out", "Holds what was asked")  # fmt: skip
    return [
        "<h2>Privacy against detail</h2>",
        *figure(sentence, chart, _HOLDING),
        *data_table(f"The best {len(cells)} of {len(tried):,} choices", head, cells),
    ]


def _privacy(tried: Sequence[Candidate]) -> tuple[list[float], Axis, str]:
    """How high each choice stands, what the axis says, and what being higher means.

    Where rows may be left out, each choice that holds gives the same privacy at the price of some
    rows; else the smallest group says how much it gives.
    """
    most = max(one.suppressed for one in tried)
    if any(one.suppressed for one in tried if one.holds):
        heights = [one.suppressed / most for one in tried]
        what = "the more rows have to be left out so that groups are large enough."
        return heights, Axis("Rows left out", "0", _rows(most)), what
    largest = max(one.k for one in tried)
    whole = math.log(largest) if largest > 1 else 1.0
    heights = [math.log(max(one.k, 1)) / whole for one in tried]
    axis = Axis("Smallest group, in ever larger steps", "1", people_in_words(largest))
    what = "the larger the smallest group of people who look alike. Each step up is so many times "
    return heights, axis, what + "as many people."


def _left(one: Candidate) -> str:
    # What does not hold is given up as soon as that is clear.
    return f"{one.suppressed:,}" if one.holds else f"{one.suppressed:,} or more"


def _meaning(report: Mapping[str, Any]) -> list[str]:
    asked = "; ".join(report["criteria"])
    return [
        "<h2>What these figures mean</h2>",
        paragraph(
            "People look alike when all columns that others may know are shown in the same way. "
            "In a group of five, someone who knows that a person is in the data has 1 chance in 5 "
            "of picking the right record. The risk is never totally gone: the figures say nothing "
            "about what somebody could find who knows other columns, or several rows of a person."
        ),
        paragraph(f"What was asked, in the words of statistics: {asked}."),
        paragraph(f"Lost detail was measured by: {report['metric'].replace('_', ' ')}."),
    ]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _were(count: int) -> str:
    return f"{_rows(count)} {'was' if count == 1 else 'were'}"
