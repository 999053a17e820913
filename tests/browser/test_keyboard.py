"""From signing in to the page on which one signs, with nothing but a keyboard.

Each thing that has the focus on the way must be seen to have it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import SIZES, heading
from tests.web.house import Served, make_home, served

RING = """() => {
    const one = document.activeElement;
    const drawn = one.matches('input[type=radio], input[type=checkbox]')
        ? getComputedStyle(one.labels[0], '::before') : getComputedStyle(one);
    const outline = drawn.outlineStyle !== 'none' && parseFloat(drawn.outlineWidth) > 0;
    const words = one.labels?.[0]?.textContent ?? one.textContent;
    return {
        name: words.trim().replace(/\\s+/g, ' '), tag: one.tagName,
        seen: outline || drawn.boxShadow !== 'none',
    };
}"""
"""What has the focus, and whether a ring or a shadow is drawn around it. The boxes of
nhsuk-frontend's radio buttons are drawn before their labels; the buttons themselves are unseen."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("keyboard")
    home = make_home(place / "home", stores=place / "stores")
    variables = {"COMMONWEAL_HOME": str(home),
                 "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings"}  # fmt: skip
    with served(home) as running:
        subprocess.run(
            [sys.executable, "-m", "tests.disk", "tests.browser.keyboard_rows"],
            check=True, cwd=repository, env={**os.environ, **variables},
        )  # fmt: skip
        yield running


@pytest.fixture
def page(browser: Browser, service: Served) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": SIZES[0], "height": 900}, base_url=service.address
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def focused(page: Page) -> str:
    """The name of what has the focus, which can be seen to have it."""
    found = page.evaluate(RING)
    assert found["seen"] or found["tag"] == "BODY", found
    return str(found["name"])


def reach(page: Page, name: str, most: int = 70) -> None:
    """Press Tab until the focus is on what is called so."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        passed.append(focused(page)[:60])
        if passed[-1].startswith(name):
            return
    raise AssertionError(f"{name} cannot be reached: {passed}")


def follow(page: Page, name: str, title: str) -> None:
    """Go to a link or a button, press Enter, and arrive at a page with this heading."""
    reach(page, name)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=title).wait_for()


def test_from_signing_in_to_the_page_to_sign_on(page: Page) -> None:
    page.goto("/account/people/")
    # The first stop of every page leads past the menu.
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    page.keyboard.press("Enter")
    page.wait_for_url("**#maincontent")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.keyboard.press("Shift+Tab")
    follow(page, "Sign in as Amara Okafor", "Amara Okafor")
    follow(page, "Applications", "Your applications")
    follow(page, "Apply for data", "Apply to use data")
    follow(page, "Start now", "Who would see the data?")

    # What is missing is said first, and its line leads to where it is put right.
    reach(page, "Continue")
    page.keyboard.press("Enter")
    page.locator(".nhsuk-error-summary:focus").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.type") == "radio"
    focused(page)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Other staff of the organisation that holds the data"
    reach(page, "Continue", most=3)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="What would they see?").wait_for()

    follow(page, "Go to the list of parts", "Application without a title")
    follow(page, "The project", "The project")
    reach(page, "Title")
    page.keyboard.type("Written without a mouse")
    reach(page, "Save and continue")
    page.keyboard.press("Enter")
    page.get_by_text("Saved.", exact=True).wait_for()
    follow(page, "Applications", "Your applications")
    assert page.get_by_role("link", name="Written without a mouse").count() == 1

    follow(page, "Asthma admissions in winter", "Asthma admissions in winter")
    follow(page, "Check your answers", "Check your answers")
    follow(page, "Go on to send", "Send the application")
    follow(page, "Send now", "What you sent")
    assert "/sign/" in page.url
    reach(page, "Sign", most=40)
    assert heading(page).endswith("What you sent")


@pytest.mark.parametrize(("rule", "seen"), [("a {}", True), ("a { outline: none }", False)])
def test_a_focus_that_cannot_be_seen_is_found(browser: Browser, rule: str, seen: bool) -> None:
    page = browser.new_page()
    page.set_content(f"<style>{rule}</style><a href='/x'>Go on</a>")
    page.keyboard.press("Tab")
    found = page.evaluate(RING)
    page.close()
    assert (found["name"], found["seen"]) == ("Go on", seen)
