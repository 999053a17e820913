"""A yearly review in a real browser: written, sent, asked about, answered and accepted.

Every page on the way is looked at on a wide and on a narrow screen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import faults, visitors
from tests.web.house import Served, at_work, make_home, served
from tests.web.reviews.room import ANSWERS, SUMMARY

Axe = Callable[[Page], list[str]]
Look = Callable[[Page, str], None]
PICTURES = "TEST_PICTURES"
"""A folder for pictures of the pages, for whoever wants to look at them."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    stores = tmp_path_factory.mktemp("reviews") / "stores"
    home = make_home(stores.with_name("home"), stores=stores)
    with served(home) as running:
        yield running


@pytest.fixture(scope="module")
def permit(service: Served, repository: Path) -> Iterator[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.disk", "tests.browser.review_rows"],
        check=False, capture_output=True, text=True, cwd=repository,
        env={**os.environ, "COMMONWEAL_HOME": str(service.home),
             "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Whether a review is due is looked at once a minute: first once there is one.
    stores = {"COMMONWEAL_ROOT_STORE": str(service.home.with_name("stores"))}
    with at_work(service.home, ("signer",), service.address, stores):
        yield done.stdout.strip()


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[..., Page]]:
    with visitors(browser, service.address, 30_000) as found:
        yield found


@pytest.fixture
def look(axe: Axe) -> Look:
    """Hold a page to what every page is held to."""

    def looked(page: Page, name: str) -> None:
        assert faults(page, axe) == [], name
        folder = os.environ.get(PICTURES)
        for width in (1280, 320) if folder else ():
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=Path(str(folder)) / f"{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})

    return looked


def until(page: Page, text: str) -> None:
    """Look again until the page says so: the signer takes a moment."""
    for _ in range(90):
        if text in page.inner_text("main"):
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError(f"{text!r} is not in: {page.inner_text('main')[:1500]}")


def sign(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url("**/reviews/**")


def fill(page: Page) -> None:
    """Type what a page of the form asks for."""
    for name, value in ANSWERS.items():
        if isinstance(value, bool):
            for box in page.locator(
                f"input[type=radio][name={name}][value={'yes' if value else 'no'}]"
            ).all():
                box.check()
        elif name.endswith("_day"):
            for part, typed in zip(("year", "month", "day"), str(value).split("-"), strict=True):
                for box in page.locator(f"[name={name}-{part}]").all():
                    box.fill(typed)
        else:
            for box in page.locator(f"[name={name}]").all():
                box.fill(str(value))
    page.get_by_role("button", name="Save and continue").click()


def test_a_review_from_its_first_page_to_its_acceptance(
    opened: Callable[..., Page], permit: str, look: Look
) -> None:
    amara = opened("Amara Okafor")
    amara.goto(f"/permits/{permit}/")
    until(amara, "The yearly review of the project")
    amara.get_by_role("link", name="The yearly review of the project").click()
    until(amara, "The yearly review is due.")
    look(amara, "due")
    amara.get_by_role("link", name="The past year").click()
    fill(amara)
    look(amara, "section")
    amara.goto(f"/reviews/{permit}/check/")
    look(amara, "check-missing")
    for section in ("year", "changes", "next"):
        amara.goto(f"/reviews/{permit}/form/{section}/")
        fill(amara)
        if section == "year":  # one answer brings up another question
            amara.goto(f"/reviews/{permit}/form/{section}/")
            fill(amara)
    amara.goto(f"/reviews/{permit}/check/")
    look(amara, "check")
    sign(amara, "Send and sign")
    until(amara, "being read")

    edward = opened("Edward Shaw")
    edward.goto("/reviews/")
    look(edward, "index")
    edward.goto(f"/reviews/{permit}/")
    look(edward, "desk")
    edward.get_by_label("Your question").fill("Who are the two patients?")
    edward.get_by_role("button", name="Send the question").click()
    amara.goto(f"/reviews/{permit}/questions/")
    look(amara, "questions")
    amara.get_by_label("Who are the two patients?").fill("Two of our panel.")
    amara.get_by_role("button", name="Save and continue").click()
    sign(amara, "Send and sign")
    until(amara, "Two of our panel.")
    edward.goto(f"/reviews/{permit}/")
    sign(edward, "Accept and sign")
    edward.goto(f"/projects/{permit}/")
    until(edward, SUMMARY)
    look(edward, "register")
