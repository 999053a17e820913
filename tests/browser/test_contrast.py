"""A text that looks as another did is not asked about again, and any other is."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import asked

PAGE = """<!doctype html><html lang="en"><head><title>Contrast</title><style>
    body {{ background: #fff; color: #111; font: 16px sans-serif; margin: 20px }}
    p {{ margin: 0 }}
    .box {{ background: #000; height: 60px }} .box p {{ color: #eee }}
    .large {{ color: #888; font-size: 30px }}
    .bold {{ color: #888; font-size: 19px; font-weight: bold }}
    .dark {{ position: absolute; inset: 0; background: #222 }}
    .within {{ position: relative; z-index: 0 }}
    @media (max-width: 400px) {{ .narrow {{ color: #ccc }} }}
</style></head><body><header><a href="#x">Away</a></header><main id="x"><h1>Words</h1>{inside}
<ul><li>One thing</li></ul><img alt="A picture" src="data:,"></main></body></html>"""
GOOD = """<p>These are words</p> <div><p>These are words</p></div>
    <div class="box"><p>These are words</p></div> <p class="large">These are words</p>
    <p class="bold">These are words</p> <p class="narrow">These are words</p>
    <div class="within"><p>These are words</p></div>"""
FAULT = "color-contrast: "
DIFFERENT = (
    ('<p style="color: #bbb">These are words</p>', 1280),
    ('<p style="opacity: 0.3">These are words</p>', 1280),
    ('<div style="opacity: 0.3"><p>These are words</p></div>', 1280),
    ('<div style="background: #222"><p>These are words</p></div>', 1280),
    # Its lines lie under the black box that is around it, on white.
    ('<div class="box"><p style="padding-top: 90px">These are words</p></div>', 1280),
    # Something that is not around it lies behind it.
    ('<div class="within"><p>These are words</p><div class="dark" style="z-index: -1"></div></div>',
     1280),
    ('<div class="within"><div class="dark"></div><p class="within">These are words</p></div>',
     1280),
    ('<p class="large" style="font-size: 16px">These are words</p>', 1280),
    ('<p class="bold" style="font-weight: normal">These are words</p>', 1280),
    ('<p class="narrow">These are words</p>', 320),
    # Of one letter axe does not say whether it can be read; of words it does.
    ('<p style="color: #bbb">T</p><p style="color: #bbb">These are words</p>', 1280),
)  # fmt: skip
"""What each has that no good text has, and how wide the screen is."""


def test_what_differs_in_whatever_way_is_found(show: Callable[..., Page]) -> None:
    faults = asked(thrifty=True)
    page = show(PAGE.format(inside=GOOD))
    assert faults(page) == []
    missed = []
    for inside, width in DIFFERENT:
        page.set_content(PAGE.format(inside=inside))
        page.set_viewport_size({"width": width, "height": 900})
        found = faults(page)
        if [one.startswith(FAULT) for one in found] != [True]:
            missed.append((inside, width, found))
    assert missed == []


def test_what_looks_the_same_is_asked_about_once(show: Callable[..., Page]) -> None:
    thrifty, plain = asked(thrifty=True), asked(thrifty=False)
    page = show(PAGE.format(inside=GOOD))
    count = """() => {
        const itself = axe._audit.checks['color-contrast'].evaluate;
        window.asked = 0;
        window.axeItself = function (...all) { window.asked += 1; return itself.apply(this, all) };
    }"""
    assert plain(page) == []
    page.evaluate(count)
    assert thrifty(page) == []
    first = page.evaluate("window.asked")
    assert first > 5
    assert thrifty(page) == []
    assert page.evaluate("window.asked") == first
