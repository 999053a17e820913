"""The page of `commonweal anonymise` in a real browser, with hostile names and on any screen."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest
from playwright.sync_api import Page

from commonweal.vault.risk.anonymise import Hierarchy, Request
from commonweal.vault.risk.anonymise.anonymise import work_out
from commonweal.vault.risk.page_anonymise import anonymise_html

HOSTILE = "<script>alert(1)</script>"
LONG = "a_very_long_name_of_a_column_that_somebody_chose"
ROWS = 60


@pytest.fixture(scope="module")
def page() -> str:
    """Three columns, two of them with names that are no good."""
    table = pa.table(
        {
            HOSTILE: [str(n % 12) for n in range(ROWS)],
            LONG: ["FM"[n % 2] for n in range(ROWS)],
            "born": [str(n * 7 % 30) for n in range(ROWS)],
        }
    )
    trees = {
        HOSTILE: (tuple(map(str, range(12))), tuple(str(n // 4) for n in range(12)), ("*",) * 12),
        LONG: (("F", "M"), ("*", "*")),
        "born": (tuple(map(str, range(30))), tuple(str(n // 10) for n in range(30)), ("*",) * 30),
    }
    known = {name: Hierarchy(name, levels) for name, levels in trees.items()}
    made = work_out(table, known, Request(k=3, suppress=0.1, metric="loss", local=True))
    return anonymise_html(f"{HOSTILE}.csv", made.report, made.candidates)


def test_everybody_can_read_it_on_any_screen_and_nothing_in_it_runs(
    show: Callable[..., Page], axe: Callable[[Page], list[str]], page: str
) -> None:
    for width in (1280, 320):
        opened = show(page, width)
        assert axe(opened) == []
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.locator("script").count() == 0
    charts = opened.locator("figure svg[role=img]")
    assert charts.count() == 3
    for place in range(charts.count()):
        following = charts.nth(place).locator("xpath=ancestor::figure/following-sibling::*[1]")
        assert following.locator("table caption").count() == 1
    assert opened.locator("svg .ring").count() == 1
    opened.emulate_media(forced_colors="active")
    assert axe(opened) == []
