"""The risk report as one HTML page that a committee can read (WCAG 2.2 AA).

Plain British English, data tables with captions and headers, no script, no style from elsewhere,
nothing to fetch. Every text from outside is escaped. Words for people: never k, l or class (P12).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from commonweal.papers.forms import Form
from commonweal.papers.permit import PermitDraft, RiskLimits
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import check_limits
from commonweal.vault.risk.sentences import people_in_words, share_in_words
from commonweal.vault.risk.shift import ShiftFigures
from commonweal.vault.risk.utility_section import Utility, utility_html

_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 52rem; padding: 1rem; background: #fff; color: #212b32;
  font: 1.125rem/1.6 Arial, sans-serif; }
h1, h2, h3 { line-height: 1.25; }
.wide { overflow-x: auto; }
.wide:focus { outline: 3px solid #212b32; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
caption { font-weight: bold; text-align: left; padding: 0.5rem 0; }
th, td { border-bottom: 1px solid #4c6272; padding: 0.5rem; text-align: left; vertical-align: top; }
.note { border-left: 8px solid #005eb8; padding: 0.5rem 1rem; background: #f0f4f5; }
@media print { body { max-width: none; } }
"""


_NO_LIMIT = "no limit set"
_CODED = frozenset({"pseudonym", "record_code"})
_KNOWABLE = frozenset({"quasi_identifier", "direct_identifier"})


def report_html(
    *,
    release: str,
    permit: PermitDraft,
    people: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Figures],
    after: Mapping[str, Figures],
    shift: ShiftFigures | None,
    utility: Utility | None = None,
    more: Sequence[str] = (),
) -> str:
    """The page, which holds exact counts of people and so stays with staff inside the vault.

    `people` and `tables`: as in the manifest (`PeopleCounts`, `ReleasedTable`); all reasons of
    removal are shown as one figure. `before` and `after`: figures by table. `shift`: candidate
    shifts, None where no date is moved. `utility`: what was lost. `more`: sections, as HTML, before
    the last.
    """
    title = f"Risk report for release {release}"
    limits = permit.risk
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>Project: {escape(permit.project.title)}. Permit: {escape(permit.id)}.</p>",
        (
            '<p class="note">For staff of the hospital only: this page holds exact numbers of '
            "people. What others may see is the release summary.</p>"
        ),
        *_summary(after, shift, limits),
        *_released(people, tables),
        *_left_out(people, tables),
    ]
    for name, figures in after.items():
        body += _table_risk(name, before.get(name), figures, limits)
    body += utility_html(utility, _data_table)
    body += [*_shifts(shift, limits), *more, *_meaning()]
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _summary(
    after: Mapping[str, Figures], shift: ShiftFigures | None, limits: RiskLimits
) -> list[str]:
    breaches = check_limits(after, shift, limits)
    if breaches:
        over = "1 figure is" if len(breaches) == 1 else f"{len(breaches)} figures are"
        sentence = f"{over} over the limits of the permit, so nothing may be released."
    else:
        sentence = "Every figure is within the limits of the permit."
    lines = [breach.sentence for breach in breaches]
    lines += [_in_short(name, figures) for name, figures in after.items()]
    items = [f"<li>{escape(line)}</li>" for line in lines]
    return ["<h2>In short</h2>", f"<p>{sentence}</p>", "<ul>", *items, "</ul>"]


def _in_short(name: str, figures: Figures) -> str:
    if not figures.patients:
        return f"Table {name} holds nobody."
    share = share_in_words(figures.sample_uniques / figures.patients)
    if figures.sample_uniques == 0:
        alone = "nobody would"
    else:
        alone = "everybody would" if share == "all" else f"{share} people would"
    return (
        f"Table {name}: {alone} stand out as the only one of their kind. The smallest group of "
        f"people who look alike has {people_in_words(figures.k)}."
    )


def _released(people: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
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
        *_data_table("Tables and their rows", ("Table", "Rows"), sizes),
        *_data_table("Items in the data", head, rows),
    ]


def _knowable(column: Mapping[str, Any]) -> bool:
    return column["role"] in _KNOWABLE and Form.parse(column["form"]).kind not in _CODED


def _left_out(people: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
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
        *_data_table("People left out, each counted once", ("Reason", "People"), shown),
        *_data_table("Details left out", head, lost),
    ]


def _table_risk(name: str, before: Figures | None, after: Figures, limits: RiskLimits) -> list[str]:
    head = ("Measure", "Before", "Released", "Limit of the permit")
    return [
        f"<h2>Could someone be recognised in table {escape(name)}?</h2>",
        *_data_table(f"Risk in table {name}", head, _risk_rows(before, after, limits)),
    ]


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
    return rows


def _variety(figures: Figures, column: str) -> str:
    found = figures.distinct_l.get(column)
    return "not measured" if found is None else f"{found:,}"


def _shifts(shift: ShiftFigures | None, limits: RiskLimits) -> list[str]:
    if shift is None or shift.least is None:
        return []
    rows = [(name, people_in_words(count)) for name, count in shift.bands().items()]
    text = (
        "Each person's dates are moved by a secret number of whole weeks. Someone who knows on "
        f"which days records are made can rule out some of the {shift.shifts} possible moves. For "
        f"the person with the fewest, {shift.least} are left; the permit asks for at least "
        f"{limits.shift_candidates}."
    )
    caption = "People by the number of moves that are left"
    return [
        "<h2>Moved dates</h2>",
        f"<p>{text}</p>",
        *_data_table(caption, ("Moves left", "People"), rows),
    ]


def _meaning() -> list[str]:
    alike = (
        "People look alike when everything that others might know about them is shown in the same "
        "way. In a group of five who look alike, someone who knows that a person is in the data "
        "has 1 chance in 5 of picking the right record."
    )
    limits = (
        "The figures count people, not records. Details that identify people are removed or "
        "replaced by a code, but the risk is never totally gone. The figures say nothing about "
        "what someone who knows unusual details could find."
    )
    return ["<h2>What these figures mean</h2>", f"<p>{alike}</p>", f"<p>{limits}</p>"]


def _data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
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
