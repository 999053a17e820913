"""The sections of the risk report that are words and tables; `page` puts them together.

Each is a list of lines of HTML. Words for people: never k, l or class (P12).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from commonweal.papers.forms import Form
from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.depth import Deeper
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import check_limits
from commonweal.vault.risk.page_layout import data_table, paragraph
from commonweal.vault.risk.report import MoreFigures
from commonweal.vault.risk.sentences import (
    chance_in_words,
    people_in_words,
    share_in_words,
    share_of_people,
)
from commonweal.vault.risk.shift import ShiftFigures
from commonweal.vault.risk.statistics import why_rows_differ

_NO_LIMIT = "no limit set"
_CODED = frozenset({"pseudonym", "record_code"})
_KNOWABLE = frozenset({"quasi_identifier", "direct_identifier"})


def summary(
    after: Mapping[str, Figures],
    shift: ShiftFigures | None,
    limits: RiskLimits,
    more: MoreFigures,
) -> list[str]:
    """Whether the limits hold, and one sentence a table."""
    breaches = check_limits(after, shift, limits)
    if breaches:
        over = "1 figure is" if len(breaches) == 1 else f"{len(breaches)} figures are"
        sentence = f"{over} over the limits of the permit, so nothing may be released."
    else:
        sentence = "Every figure is within the limits of the permit."
    lines = [breach.sentence for breach in breaches]
    lines += [_in_short(name, figures) for name, figures in after.items()]
    lines += _events_in_short(more)
    items = [f"<li>{escape(line)}</li>" for line in lines]
    return ["<h2>In short</h2>", f"<p>{sentence}</p>", "<ul>", *items, "</ul>"]


def _in_short(name: str, figures: Figures) -> str:
    if not figures.patients:
        return f"Table {name} holds nobody."
    alone = share_of_people(figures.sample_uniques / figures.patients)
    return (
        f"Table {name}: {alone} would stand out as the only one of their kind. The smallest group "
        f"of people who look alike has {people_in_words(figures.k)}; a guess among those who look "
        f"alike is right {_times(figures.prosecutor_mean)} on average."
    )


def _events_in_short(more: MoreFigures) -> list[str]:
    """What the limits of the permit say nothing about, and a committee ought to know: the worst."""
    power = {
        name: one.events.power
        for name, one in more.deeper.items()
        if one.events is not None and one.events.power
    }
    if not power:
        return []
    known = max(max(one) for one in power.values())
    name = max(power, key=lambda table: power[table][known].unique)
    found = share_of_people(power[name][known].unique)
    told = (
        "The limits say nothing about somebody who knows several events of a person. Who knows "
        f"{known}, right to the letter, would find {found} alone in table {name}."
    )
    return [told]


def _times(chance: float) -> str:
    told = chance_in_words(chance)
    return told if told.startswith(("no", "cert", "near")) else told.replace(" in ", " time in ")


def released(people: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is in the data, item by item."""
    rows = [
        (
            f"{name}: {column['name']}",
            Form.parse(column["form"]).sentence,
            "yes" if _knowable(column) else "no",
        )
        for name, table in tables.items()
        for column in table["columns"]
    ]
    head = ("Table and item", "How it is shown", "Others might know it")
    sizes = [(name, f"{table['rows']:,}") for name, table in tables.items()]
    return [
        "<h2>What is in the data</h2>",
        f"<p>The data are about {people_in_words(people['released'])}.</p>",
        *data_table("Tables and their rows", ("Table", "Rows"), sizes),
        *data_table("Items in the data", head, rows),
    ]


def _knowable(column: Mapping[str, Any]) -> bool:
    return column["role"] in _KNOWABLE and Form.parse(column["form"]).kind not in _CODED


def left_out(people: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Whom and what the data do not hold."""
    removed = people["removed"]
    total = sum(removed.values())
    # One figure for all choices: a figure for each could say that one neighbour opted out (S14).
    rows = [
        ("By their own choice, or because their choice could not be looked up", total),
        ("No record of theirs was left", people.get("left_empty", 0)),
        ("They were among too few people who look alike", people.get("suppressed", 0)),
        ("Kept back by the hospital to test models with", people.get("held_out", 0)),
    ]
    shown = [(reason, people_in_words(count)) for reason, count in rows]
    lost = [
        (
            name,
            f"{table.get('trimmed', 0):,}",
            f"{table.get('restricted_rows', 0):,}",
            f"{table.get('rare_values', 0):,}",
        )
        for name, table in tables.items()
    ]
    head = (
        "Table",
        "Rows or dates too near the edge of the period",
        "Rows with legally restricted codes",
        "Rare values joined or left out",
    )
    return [
        "<h2>What was left out</h2>",
        *data_table("People left out, each counted once", ("Reason", "People"), shown),
        *data_table("Details left out", head, lost),
    ]


def table_risk(
    name: str,
    before: Figures | None,
    after: Figures,
    limits: RiskLimits,
    deeper: Deeper | None = None,
) -> list[str]:
    """The figures of one table against the limits, and what programs say that count rows."""
    head = ("Measure", "Before", "Released", "Limit of the permit")
    lines = data_table(f"Risk in table {name}", head, _risk_rows(before, after, limits))
    by_row = after.by_row()
    if by_row is not None and after.rows > after.patients:
        lines.append(paragraph(f"Many programs count rows. {why_rows_differ(after, by_row)}"))
    if deeper is not None and deeper.uniques is not None and deeper.uniques.share > 0:
        unique = deeper.uniques
        lines.append(
            paragraph(
                f"Among {unique.population:,} people, {share_of_people(unique.share)} would be the "
                "only one of their kind, by an estimate from those released."
            )
        )
    return lines


def _risk_rows(
    before: Figures | None, after: Figures, limits: RiskLimits
) -> list[tuple[str, str, str, str]]:
    def both(read: Callable[[Figures], str]) -> tuple[str, str]:
        return ("not measured" if before is None else read(before), read(after))

    def share(value: float) -> str:
        return f"{share_in_words(value)} ({value:.4f})"

    def most(limit: float | None) -> str:
        return _NO_LIMIT if limit is None else f"at most {share(limit)}"

    few = limits.k
    rows = [
        ("People", *both(lambda one: f"{one.patients:,}"), _NO_LIMIT),
        ("People in the smallest group that looks alike", *both(lambda one: f"{one.k:,}"),
         f"at least {few:,}"),
        ("People who are the only one of their kind",
         *both(lambda one: f"{one.sample_uniques:,}"), "none"),
        (f"People in groups of fewer than {few:,}",
         *both(lambda one: f"{one.people_below(few):,}"), "none"),
        ("Mean chance of picking out a person known to be in the data",
         *both(lambda one: share(one.prosecutor_mean)), most(limits.prosecutor_mean)),
        ("People matched rightly by someone who tries to match everybody",
         *both(lambda one: share(one.marketer)), most(limits.marketer)),
    ]  # fmt: skip
    least = _NO_LIMIT if limits.distinct_l is None else f"at least {limits.distinct_l:,}"
    rows += [
        (
            f"Fewest different values of {column} in a group",
            "not measured" if before is None else _variety(before, column),
            _variety(after, column),
            least,
        )
        for column in after.distinct_l
    ]
    rows += [
        (
            f"Most that {column} can differ in a group from what it is for everybody",
            "not measured",
            f"{share_in_words(one.equal)} ({one.equal:.4f})",
            _NO_LIMIT,
        )
        for column, one in after.closeness.items()
    ]
    rows += [
        (
            f"The same for {column}, where codes of one kind count as nearly alike",
            "not measured",
            f"{share_in_words(one.hierarchical)} ({one.hierarchical:.4f})",
            _NO_LIMIT,
        )
        for column, one in after.closeness.items()
        if one.hierarchical is not None
    ]
    return rows


def _variety(figures: Figures, column: str) -> str:
    found = figures.distinct_l.get(column)
    return "not measured" if found is None else f"{found:,}"


def meaning() -> list[str]:
    """What the figures mean and what they do not say."""
    alike = (
        "People look alike when everything that others might know about them is shown in the same "
        "way. In a group of five who look alike, someone who knows that a person is in the data "
        "has 1 chance in 5 of picking the right record."
    )
    limits = (
        "The figures count people, not records. Details that identify people are removed or "
        "replaced by a code, but the risk is never totally gone. The figures say nothing about "
        "what someone could find who knows details that are not counted here as known to others."
    )
    return ["<h2>What these figures mean</h2>", f"<p>{alike}</p>", f"<p>{limits}</p>"]
