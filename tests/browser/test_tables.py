"""A wide table stays inside its column, or in the empty third beside it, on any screen."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

WORDS = ("Organisation", "Responsibility", "admissions.diagnosis", "confidentiality")
CELL = (
    '<td role="cell" class="nhsuk-table__cell"><span class="nhsuk-table-responsive__heading" '
    'aria-hidden="true">Answer </span><span>{0}</span></td>'
)
PAST = """() => {
    const table = document.querySelector("table"), column = table.parentElement;
    const row = column.parentElement.getBoundingClientRect();
    return table.getBoundingClientRect().right
        - (row.right - parseFloat(getComputedStyle(column).paddingRight));
}"""
HANGS_OVER = 2
"""The pixels by which nhsuk-frontend lets a table stand over on either side by design."""


def test_a_wide_table_stays_in_the_row_of_its_column(browser: Browser, repository: Path) -> None:
    static = repository / "src/commonweal/web/nhsuk/static"
    styles = [static / "nhsuk/nhsuk-frontend.min.css", static / "house/house.css"]
    sheets = "".join(f"<style>{one.read_text()}</style>" for one in styles)
    head = "".join(f'<th role="columnheader" scope="col">{one}</th>' for one in WORDS)
    row = "".join(CELL.format(one) for one in WORDS)
    page = browser.new_page()
    page.set_content(
        f'<html lang="en-GB"><head>{sheets}</head><body><div class="nhsuk-width-container">'
        '<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">'
        '<table class="nhsuk-table-responsive" role="table"><thead class="nhsuk-table__head">'
        f'<tr>{head}</tr></thead><tbody class="nhsuk-table__body"><tr class="nhsuk-table__row">'
        f"{row}</tr></tbody></table></div></div></div></body></html>"
    )
    past = {}
    for width in (320, 645, 700, 769, 800, 900, 1000, 1100, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        past[width] = page.evaluate(PAST)
    page.close()
    assert {width: by for width, by in past.items() if by > HANGS_OVER} == {}
