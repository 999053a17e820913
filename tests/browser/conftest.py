"""Chromium of the system, once for all browser tests; nothing is downloaded."""

from __future__ import annotations

import importlib.resources
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

LOOKS = Path(__file__).with_name("contrast.js")
# The levels that pages are held to, and axe's own advice on good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for name in names if (found := shutil.which(name))), None)
    assert program, "These tests need Chromium; `python3 dev.py test` installs it."
    with sync_playwright() as playwright:
        # Tests may run as root, where Chromium's own sandbox refuses; it shows our own pages only.
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page from its text: `show(html, width)`."""
    contexts = []

    def opened(html: str, width: int = 1280) -> Page:
        # The page forbids scripts; the tests' own must get in.
        context = browser.new_context(
            viewport={"width": width, "height": 900}, bypass_csp=True, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_content(html)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> Callable[[Page], list[str]]:
    """What axe-core finds wrong on a page: one line a rule, with the first place."""
    # `dev.py test --all` asks about every text anew.
    return asked(thrifty="slow" in request.config.getoption("markexpr"))


def asked(*, thrifty: bool) -> Callable[[Page], list[str]]:
    """Asks axe; `thrifty`: not again about the contrast of a text that looks as another did."""
    script = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js")
    source, looks = script.read_text("utf-8"), LOOKS.read_text("utf-8")
    good: set[int] = set()

    def faults(page: Page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(source)
        # The bar at the top moves what has no room into a menu, a frame after a change of width.
        ask = f"""async ([tags, good, thrifty]) => {{
            const frame = () => new Promise(done => requestAnimationFrame(done));
            for (let one = 0; one < 3; one += 1) await frame();
            await Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)));
            const looks = thrifty ? ({looks})(good) : [];
            const only = {{runOnly: {{type: 'tag', values: tags}}, resultTypes: ['violations']}};
            const found = await axe.run(document, only);
            return {{
                passes: found.passes.length, violations: found.violations, looks: [...looks],
            }};
        }}"""
        found: dict[str, Any] = page.evaluate(ask, [TAGS, sorted(good), thrifty])
        good.update(found["looks"])
        assert found["passes"] > 10
        return [
            f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})"
            for one in found["violations"]
        ]

    return faults
