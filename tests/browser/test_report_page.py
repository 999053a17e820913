"""The risk report in a real browser: for everyone, on any screen, in any colours, on paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.unit.risk.report_pages import AFTER, BEFORE, figures, full_page, page

Show = Callable[..., Page]
Axe = Callable[[Page], list[str]]

WIDE, NARROW = 1280, 320


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("media", ["screen", "forced colours", "print"])
def test_nothing_is_wrong_by_the_rules_of_accessibility(
    show: Show, axe: Axe, width: int, media: str
) -> None:
    opened = show(full_page(), width)
    if media == "forced colours":
        opened.emulate_media(forced_colors="active")
    elif media == "print":
        opened.emulate_media(media="print")
    assert axe(opened) == []


def test_axe_would_find_a_fault(show: Show, axe: Axe) -> None:
    broken = full_page().replace("<h1>", '<p style="color: #ccc">').replace("</h1>", "</p>")
    assert any(fault.startswith("color-contrast") for fault in axe(show(broken)))
    nameless = full_page().replace("aria-labelledby=", "data-none=").replace("<title id", "<g id")
    nameless = nameless.replace("</title><desc", "</g><desc")
    assert any(fault.startswith("svg-img-alt") for fault in axe(show(nameless)))


def test_a_page_over_the_limits_and_an_empty_one_are_as_good(show: Show, axe: Axe) -> None:
    assert axe(show(full_page(after=BEFORE), NARROW)) == []
    empty = figures()
    assert axe(show(page(before={}, after={"patients": empty}, shift=None), NARROW)) == []


@pytest.mark.parametrize("width", [WIDE, NARROW, 256])
def test_the_page_never_scrolls_sideways_and_no_text_of_a_chart_is_cut_off(
    show: Show, width: int
) -> None:
    opened = show(full_page(), width)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    outside = opened.evaluate(
        """[...document.querySelectorAll('svg.chart text')]
           .filter(one => one.getBoundingClientRect().right > innerWidth)
           .map(one => one.textContent)"""
    )
    # Words longer than the narrowest screen are broken, so that they fit the usual narrow one.
    assert outside == [] or width == 256


def test_enlarged_text_enlarges_the_text_of_charts(show: Show) -> None:
    opened = show(full_page(), WIDE)
    size = "parseFloat(getComputedStyle(document.querySelector('svg.chart text')).fontSize)"
    before = opened.evaluate(size)
    opened.add_style_tag(content=":root { font-size: 200%; }")
    assert opened.evaluate(size) == 2 * before


def test_marks_differ_without_colour(show: Show) -> None:
    opened = show(full_page(), WIDE)
    fills = """[...document.querySelectorAll('svg.chart rect')].map(one => {
        const style = getComputedStyle(one);
        return [one.getAttribute('class'), style.fill, style.stroke];
    })"""
    kinds = {(kind, fill) for kind, fill, _ in opened.evaluate(fills)}
    assert kinds == {("before", "rgb(255, 255, 255)"), ("after", "rgb(0, 94, 184)")}
    opened.emulate_media(forced_colors="active")
    forced = {kind: (fill, stroke) for kind, fill, stroke in opened.evaluate(fills)}
    # An outline and a filled bar, in the colours that the reader chose.
    assert forced["before"][0] != forced["before"][1]
    assert forced["after"][0] == forced["after"][1] == forced["before"][1]


def test_each_chart_has_a_name_a_description_and_its_table(show: Show) -> None:
    opened = show(full_page(), WIDE)
    charts = opened.locator("figure svg[role=img]")
    assert charts.count() == 9
    for place in range(charts.count()):
        chart = charts.nth(place)
        ids = (chart.get_attribute("aria-labelledby") or "").split()
        texts = [opened.locator(f"[id='{one}']").text_content() or "" for one in ids]
        assert len(texts) == 2
        assert all(texts)
        following = chart.locator("xpath=ancestor::figure/following-sibling::*[1]")
        assert following.locator("table caption").count() == 1
    everything = opened.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(everything) == len(set(everything))


def test_bars_are_as_long_as_their_figures(show: Show) -> None:
    opened = show(full_page(), WIDE)
    bars = opened.locator("svg[aria-labelledby^=before-after] rect.after")
    whole = opened.locator("svg[aria-labelledby^=before-after]").bounding_box()
    assert whole is not None
    for place, one in enumerate(AFTER.values()):
        box = bars.nth(place).bounding_box()
        assert box is not None
        # The line around a bar adds two pixels.
        assert (box["width"] - 2) / whole["width"] == pytest.approx(one.prosecutor_mean, abs=0.004)


def test_on_paper_nothing_stays_hidden(show: Show) -> None:
    opened = show(full_page(), WIDE)
    opened.emulate_media(media="print")
    hidden = opened.evaluate(
        """[...document.querySelectorAll('.wide')].filter(
            one => getComputedStyle(one).overflowX !== 'visible').length"""
    )
    assert hidden == 0
    assert opened.pdf(format="A4").startswith(b"%PDF")


def test_the_page_asks_for_nothing_and_runs_nothing(show: Show) -> None:
    opened = show("<p>nothing yet</p>")
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.set_content(full_page(release='<script>console.log("run")</script>'))
    opened.wait_for_timeout(50)
    assert asked == said == []
