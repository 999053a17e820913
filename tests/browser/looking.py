"""What tests of pages share: people who are signed in, and what every page is held to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

Axe = Callable[[Page], list[str]]
SIZES = (1280, 320)
BACK_LINK = "back-link"
"""The way back stands before the main part by design of nhsuk-frontend."""


@contextmanager
def visitors(browser: Browser, address: str, wait: int) -> Iterator[Callable[..., Page]]:
    """Pages, signed in as `who` where one is named. At the end no page may have complained.

    `wait`: milliseconds until something that is looked for must be there.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def page_of(who: str | None, *, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": SIZES[0], "height": 900}, java_script_enabled=scripts,
            base_url=address,
        )  # fmt: skip
        context.set_default_timeout(wait)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if who is not None:
            sign_in(page, who)
        return page

    yield page_of
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, who: str) -> None:
    page.goto("/account/people/")
    page.get_by_role("button", name=f"Sign in as {who}").click()
    page.get_by_role("heading", level=1, name=who).wait_for()


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def faults(page: Page, axe: Axe, excused: tuple[str, ...] = (BACK_LINK,)) -> list[str]:
    """What is wrong with a page, on a wide and on a narrow screen.

    `excused`: places that may stand outside of a region.
    """
    found = []
    for width in SIZES:
        page.set_viewport_size({"width": width, "height": 900})
        found += [
            f"{width}: {one}" for one in axe(page)
            if not (one.startswith("region:") and any(place in one for place in excused))
        ]  # fmt: skip
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{width}: scrolls sideways ({wide})"] if wide > width else []
    page.set_viewport_size({"width": SIZES[0], "height": 900})
    return found
