"""The risk report as one HTML page that a committee can read (WCAG 2.2 AA).

Plain British English, charts with the same figures in a table beside each, no script, no style
from elsewhere, nothing to fetch. Every text from outside is escaped. Words for people: never k, l
or class (P12). The sections are in `page_sections` (words and tables) and `page_pictures` (charts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from commonweal.papers.permit import PermitDraft
from commonweal.vault.risk import page_details, page_pictures, page_sections
from commonweal.vault.risk.charts import Candidate
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.page_layout import frame
from commonweal.vault.risk.report import MoreFigures
from commonweal.vault.risk.shift import ShiftFigures


def report_html(
    *,
    release: str,
    permit: PermitDraft,
    people: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Figures],
    after: Mapping[str, Figures],
    shift: ShiftFigures | None,
    more: MoreFigures | None = None,
    candidates: Sequence[Candidate] = (),
    sections: Sequence[Sequence[str]] = (),
) -> str:
    """The page, which holds exact counts of people and so stays with staff inside the vault.

    `people` and `tables`: as in the manifest (`PeopleCounts`, `ReleasedTable`); all reasons of
    removal are shown as one figure. `before` and `after`: figures by table. `shift`: candidate
    shifts, None where no date is moved. `more`: figures beyond these. `candidates`: ways to coarsen
    the data that were tried. `sections`: more sections, each a list of lines of HTML.
    """
    title = f"Risk report for release {release}"
    limits = permit.risk
    beyond = more or MoreFigures()
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>Project: {escape(permit.project.title)}. Permit: {escape(permit.id)}.</p>",
        (
            '<p class="note">For staff of the hospital only: this page holds exact numbers of '
            "people. What others may see is the release summary.</p>"
        ),
        *page_sections.summary(after, shift, limits, beyond),
        *page_pictures.before_and_after(before, after),
        *page_sections.released(people, tables),
        *page_sections.left_out(people, tables),
    ]
    for place, (name, figures) in enumerate(after.items()):
        body += [
            f"<h2>Could someone be recognised in table {escape(name)}?</h2>",
            *page_pictures.class_sizes(f"sizes-{place}", name, before.get(name), figures),
            *page_sections.table_risk(
                name, before.get(name), figures, limits, beyond.deeper.get(name)
            ),
        ]
    body += [
        *page_pictures.costs(after, beyond.deeper),
        *page_details.few_details(beyond),
        *page_details.against_population(beyond),
        *page_pictures.events(after, beyond.deeper),
        *page_pictures.shifts(shift, limits, beyond.gaps),
        *page_pictures.candidates(candidates),
        *(line for section in sections for line in section),
        *page_sections.meaning(),
    ]
    return frame(title, body)
