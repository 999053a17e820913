"""The sections of the risk report that are charts, each with its table and what it says.

Sizes, counts and names of items only: nothing of anybody (S15). What is the same in every bar is
left out, and a chart without people is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.charts import Axis, Candidate, Dot, Kind, Row, bar_chart, dot_chart
from commonweal.vault.risk.depth import Deeper
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.page_layout import BEFORE_AND_AFTER, data_table, figure, paragraph
from commonweal.vault.risk.power import Power
from commonweal.vault.risk.sentences import (
    chance_in_words,
    people_in_words,
    share_of_people,
)
from commonweal.vault.risk.shift import ShiftFigures

Key = tuple[tuple[Kind, str], ...]
_BANDS = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999))
_NOT_MEASURED = "not measured"
_WITHOUT: Key = (("before", "with all items"), ("after", "without one item"))
_KNOWING: Key = (("before", "people found alone"), ("after", "average chance of being right"))
_HOLDING: Key = (("after", "keeps the limits"), ("before", "does not"))
MOST_CANDIDATES = 25
"""So many of the candidates are in the table; all are in the chart."""


# --- before and after -----------------------------------------------------------------------


def before_and_after(before: Mapping[str, Figures], after: Mapping[str, Figures]) -> list[str]:
    """The mean chance of picking out a person, table by table, as recorded and as released."""
    shown = {name: one for name, one in after.items() if one.patients}
    if not shown:
        return []
    rows, cells = [], []
    for name, one in shown.items():
        earlier = before.get(name)
        then = _NOT_MEASURED if earlier is None else chance_in_words(earlier.prosecutor_mean)
        now = chance_in_words(one.prosecutor_mean)
        told = f"{_short(then)} before, {_short(now)} released"
        was = None if earlier is None else earlier.prosecutor_mean
        rows.append(Row(f"Table {name}", told, _both(was, one.prosecutor_mean)))
        alone = _NOT_MEASURED if earlier is None else _alone(earlier)
        cells.append((name, then, now, alone, _alone(one)))
    sentence = (
        "The average chance of picking out a person who is known to be in the data, before and "
        "after the data were made coarser."
    )
    chart = bar_chart(
        "before-after",
        "Chance of being picked out, before and as released",
        "Two bars for each table. A bar as wide as the page would be certainty. The table below "
        "holds the same figures.",
        rows,
    )
    head = (
        "Table",
        "Chance before",
        "Chance as released",
        "Stood out before",
        "Stand out as released",
    )
    return [
        "<h2>Risk before and after</h2>",
        *figure(sentence, chart, BEFORE_AND_AFTER),
        *data_table("Risk before and after, by table", head, cells),
    ]


def _both(before: float | None, after: float) -> tuple[tuple[float, Kind], ...]:
    """The bars of a figure before and as released."""
    return ((after, "after"),) if before is None else ((before, "before"), (after, "after"))


def _short(words: str) -> str:
    """Words short enough for a line of a chart: that they are rounded is said once, beside it."""
    return words.removeprefix("about ")


def _alone(one: Figures) -> str:
    if not one.patients:
        return "nobody"
    return share_of_people(one.sample_uniques / one.patients)


# --- sizes of groups ------------------------------------------------------------------------


def class_sizes(ident: str, name: str, before: Figures | None, after: Figures) -> list[str]:
    """People by the size of the group that looks like them."""
    if not after.patients:
        return [paragraph("This table holds nobody.")]
    then, now = _by_band(before), _by_band(after)
    rows, cells = [], []
    for band in now:
        early, late = then.get(band, 0), now[band]
        if not early and not late:
            continue
        told = f"{early:,} before, {late:,} released" if before is not None else f"{late:,} people"
        was = None if before is None else early / max(before.patients, 1)
        rows.append(Row(band, told, _both(was, late / after.patients)))
        earlier = _NOT_MEASURED if before is None else f"{early:,}"
        cells.append((band, earlier, f"{late:,}"))
    sentence = (
        f"How many people look alike in table {name}: the more people look like somebody, the "
        "less likely it is that a guess is right."
    )
    chart = bar_chart(
        ident,
        f"People in table {name} by how many look like them",
        "Two bars for each size of group: the share of people in groups of that size, before and "
        "as released. The table below holds the numbers of people.",
        rows,
    )
    head = ("People who look alike", "People before", "People released")
    return [
        *figure(sentence, chart, BEFORE_AND_AFTER if before is not None else ()),
        *data_table(f"People in table {name} by how many look alike", head, cells),
    ]


def _by_band(figures: Figures | None) -> dict[str, int]:
    found = {_band(low, high): 0 for low, high in _BANDS} | {"1,000 or more": 0}
    for size, people in ({} if figures is None else figures.people_by_size).items():
        fits = [_band(low, high) for low, high in _BANDS if low <= size <= high]
        found[fits[0] if fits else "1,000 or more"] += people
    return found


def _band(low: int, high: int) -> str:
    return "Alone" if high == 1 else f"{low} to {high}"


# --- what each item costs -------------------------------------------------------------------


def costs(after: Mapping[str, Figures], deeper: Mapping[str, Deeper]) -> list[str]:
    """The chance with all items and without each of them, table by table."""
    lines: list[str] = []
    same: dict[str, list[str]] = {}
    for place, (name, one) in enumerate(deeper.items()):
        if one.costs_as is not None:
            same.setdefault(one.costs_as, []).append(name)
        elif one.costs:
            lines += _cost(f"cost-{place}", name, after[name], one)
        elif "without" in one.left:
            lines.append(_too_large(name))
    lines += [
        paragraph(
            f"Of people in {_listed(names)} the same items are known as in table {name}, so that "
            "each costs about the same there."
        )
        for name, names in same.items()
        if deeper[name].costs
    ]
    return ["<h2>What each item costs</h2>", *lines] if lines else []


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"table {names[0]}"
    return f"tables {', '.join(names[:-1])} and {names[-1]}"


def _too_large(name: str) -> str:
    return paragraph(
        f"Table {name} is too large to work this out each time. It can be asked for when the "
        "release is made (--full-risk)."
    )


def _cost(ident: str, name: str, figures: Figures, deeper: Deeper) -> list[str]:
    found = sorted(deeper.costs or (), key=lambda cost: cost.mean)
    if not figures.patients:
        return []
    whole = figures.prosecutor_mean
    rows = [Row("With all items", _short(chance_in_words(whole)), ((1.0, "before"),))]
    cells = [("none (all items are there)", chance_in_words(whole), f"{figures.k:,}")]
    for cost in found:
        told = chance_in_words(cost.mean)
        # Leaving out an item never raises the chance; rounding may, by a hair.
        share = min(cost.mean / whole, 1.0)
        rows.append(Row(f"Without {_item(cost.name)}", _short(told), ((share, "after"),)))
        cells.append((_item(cost.name), told, f"{cost.k:,}"))
    best = found[0]
    sentence = (
        f"Table {name}: somebody who did not know {_item(best.name)} would be right "
        f"{chance_in_words(best.mean)} on average instead of {chance_in_words(whole)}. No other "
        "item counts for more."
    )
    chart = bar_chart(
        ident,
        f"Chance of being picked out in table {name} without each item",
        "The first bar is the chance with all items; each of the others is the chance without one "
        "item, beside it. The shorter a bar, the more its item costs. The table below holds the "
        "same figures.",
        rows,
    )
    head = ("Item left out", "Chance of picking out a person", "Smallest group")
    return [
        *figure(sentence, chart, _WITHOUT),
        *data_table(f"Table {name} without each item", head, cells),
    ]


def _item(name: str) -> str:
    table, _, variable = name.partition(".")
    return f"{variable} (in {table})" if variable else name


# --- several events -------------------------------------------------------------------------


def events(after: Mapping[str, Figures], deeper: Mapping[str, Deeper]) -> list[str]:
    """What somebody can do who knows one, two or three events of a person."""
    lines: list[str] = []
    for place, (name, one) in enumerate(deeper.items()):
        if one.events is not None and after[name].patients:
            lines += _events(f"events-{place}", name, one)
        elif "events" in one.left:
            lines.append(_too_large(name))
    if not lines:
        return []
    told = (
        "So far one event of a person was taken to be known, such as one stay. Somebody may know "
        "more: a broken arm in spring and a birth in summer. These figures count how often that "
        "fits one person alone, taking for granted that all that is known is right to the letter."
    )
    return ["<h2>Somebody who knows several events</h2>", paragraph(told), *lines]


def _events(ident: str, name: str, deeper: Deeper) -> list[str]:
    power = {} if deeper.events is None else deeper.events.power
    rows, cells = [], []
    for known, one in power.items():
        what = "1 event" if known == 1 else f"{known} events"
        alone, right = share_of_people(one.unique), chance_in_words(one.mean)
        told = f"{_short(alone)} alone, {_short(right)} right"
        rows.append(Row(what, told, ((one.unique, "before"), (one.mean, "after"))))
        cells.append((what, alone, right, _how(one)))
    known_by = ", ".join(deeper.known_by)
    by = f" An event is known by what others might know and by {known_by}." if known_by else ""
    last = power[max(power)]
    sentence = (
        f"Table {name}: somebody who knows {max(power)} events of a person finds "
        f"{share_of_people(last.unique)} alone.{by}"
    )
    chart = bar_chart(
        ident,
        f"What knowing several events does in table {name}",
        "Two bars for one, two and three events known: the share of people whom they fit alone, "
        "and the average chance of being right. A bar as wide as the page would be everybody, or "
        "certainty. The table below holds the same figures.",
        rows,
    )
    head = ("Known of a person", "People found alone", "Chance of being right", "How it was found")
    lines = [
        *figure(sentence, chart, _KNOWING),
        *data_table(f"Several events in table {name}", head, cells),
    ]
    return lines + _rare(name, {} if deeper.events is None else deeper.events.rare)


def _rare(name: str, rare: Mapping[str, Mapping[str, int]]) -> list[str]:
    if not rare:
        return []
    cells = [
        (item, f"{one['values']:,}", people_in_words(one["patients"]))
        for item, one in rare.items()
        if one["values"]
    ]
    if not cells:
        return [paragraph(f"No value in table {name} is held by fewer than ten people.")]
    head = ("Item", "Values", "People who have one")
    return data_table(f"Values in table {name} that fewer than ten people have", head, cells)


def _how(power: Power) -> str:
    if power.exact or power.unique_interval is None:
        return "counted"
    low, high = power.unique_interval
    return f"estimated from a sample: between {100 * low:.1f} % and {100 * high:.1f} % found alone"


# --- moved dates ----------------------------------------------------------------------------


def shifts(
    shift: ShiftFigures | None,
    limits: RiskLimits,
    gaps: Mapping[str, Mapping[str, Any] | None],
) -> list[str]:
    """How many moves of a person's dates are possible, and what no move hides."""
    if shift is None or shift.least is None:
        return []
    bands = shift.bands()
    rows = [
        Row(_moves(name), people_in_words(count), ((count / shift.patients, "after"),))
        for name, count in bands.items()
    ]
    text = (
        "Each person's dates are moved by a secret number of whole weeks. Someone who knows on "
        f"which days records are made can rule out some of the {shift.shifts} possible moves. For "
        f"the person with the fewest, {shift.least} are left; the permit asks for at least "
        f"{limits.shift_candidates}."
    )
    chart = bar_chart(
        "shifts",
        "People by the number of moves that are left",
        "One bar for each number of moves that are left: the share of people who have so many. The "
        "table below holds the numbers of people.",
        rows,
    )
    cells = [(name, people_in_words(count)) for name, count in bands.items()]
    lines = [
        "<h2>Moved dates</h2>",
        paragraph(text),
        *figure("The more moves are left, the better a person's dates are hidden.", chart),
        *data_table("People by the number of moves that are left", ("Moves left", "People"), cells),
    ]
    told = [
        (name, people_in_words(one["with_gaps"]), people_in_words(one["unique"]))
        for name, one in gaps.items()
        if one is not None
    ]
    if told:
        lines.append(
            paragraph(
                "Moving all dates of a person leaves the days between them as they are. People "
                "with days between their dates that nobody else has could be found by somebody who "
                "knows these."
            )
        )
        head = ("Date", "People with several dates", "With days between them that nobody else has")
        lines += data_table("What moving dates does not hide", head, told)
    return lines


def _moves(band: str) -> str:
    return "1 move is left" if band == "1" else f"{band} moves are left"


# --- candidates -----------------------------------------------------------------------------


def candidates(tried: Sequence[Candidate]) -> list[str]:
    """Privacy against detail: each way to coarsen the data that was tried."""
    if not tried:
        return []
    holding = [one for one in tried if one.holds]
    best = min(holding, key=lambda one: (one.score, one.suppressed), default=None)
    low, high = min(one.score for one in tried), max(one.score for one in tried)
    most = max(one.suppressed for one in tried)
    dots = [
        Dot(
            (one.score - low) / (high - low) if high > low else 0.0,
            one.suppressed / most if most else 0.0,
            "after" if one.holds else "before",
            ringed=one is best,
        )
        for one in tried
    ]
    keeps = "1 keeps" if len(holding) == 1 else f"{len(holding):,} keep"
    sentence = (
        f"{len(tried):,} ways to make the data coarser were tried; {keeps} the limits of the "
        "permit. The one with a ring keeps them and loses the least detail."
    )
    if best is None:
        sentence = (
            f"{len(tried):,} ways to make the data coarser were tried; none keeps the limits of "
            "the permit."
        )
    chart = dot_chart(
        "candidates",
        "Detail lost and people left out, for each way that was tried",
        "One dot for each way to make the data coarser: the further right, the more detail is "
        "lost; the higher, the more people are left out. The table below holds the best of them.",
        dots,
        Axis("Detail lost, from left to right", "least", "most"),
        Axis("People left out", "0", people_in_words(most)),
    )
    return [
        "<h2>Privacy against detail</h2>",
        *figure(sentence, chart, _HOLDING),
        *_best_candidates(tried),
    ]


def _best_candidates(tried: Sequence[Candidate]) -> list[str]:
    ordered = sorted(tried, key=lambda one: (not one.holds, one.score, one.suppressed))
    cells = [
        (
            _levels(one.levels),
            f"{one.score:.4f}",
            people_in_words(one.k),
            people_in_words(one.suppressed),
            "yes" if one.holds else "no",
        )
        for one in ordered[:MOST_CANDIDATES]
    ]
    head = (
        "Level of detail of each item",
        "Detail lost",
        "Smallest group, if nobody is left out",
        "People left out",
        "Keeps the limits",
    )
    return data_table(f"The best {len(cells)} of {len(tried):,} ways", head, cells)


def _levels(levels: object) -> str:
    if isinstance(levels, Mapping):
        return ", ".join(f"{name}: {level}" for name, level in levels.items())
    if isinstance(levels, tuple | list):
        return ", ".join(str(level) for level in levels)
    return str(levels)
