"""From a decision to a permit in a real browser: each person signs, the signer makes the permit.

Every page on the way is looked at on a wide and on a narrow screen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.looking import faults
from tests.web.house import Served, make_home, served

Axe = Callable[[Page], list[str]]
Look = Callable[[Page, str], None]
PICTURES = "TEST_PICTURES"
"""A folder for pictures of the pages, for whoever wants to look at them."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    stores = tmp_path_factory.mktemp("permits") / "stores"
    home = make_home(stores.with_name("home"), stores=stores)
    with served(home, workers=("signer",), COMMONWEAL_ROOT_STORE=str(stores)) as running:
        yield running


@pytest.fixture(scope="module")
def reference(service: Served, repository: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.disk", "tests.browser.permit_rows"],
        check=False, capture_output=True, text=True, cwd=repository,
        env={**os.environ, "COMMONWEAL_HOME": str(service.home),
             "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[[str], Page]]:
    """A page of somebody who is signed in. At the end no page may have complained, but for the one
    form that was sent with something missing."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def page_of(who: str) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, base_url=service.address
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/account/people/")
        page.get_by_role("button", name=f"Sign in as {who}").click()
        page.get_by_role("heading", level=1, name=who).wait_for()
        return page

    yield page_of
    for context in contexts:
        context.close()
    assert [one for one in complaints if "400 (Bad Request)" not in one] == []


@pytest.fixture
def look(axe: Axe) -> Look:
    """Hold a page to what every page is held to."""

    def looked(page: Page, name: str) -> None:
        assert faults(page, axe) == [], name
        folder = os.environ.get(PICTURES)
        if folder:
            for width in (1280, 320):
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
            page.set_viewport_size({"width": 1280, "height": 900})

    return looked


def sign(page: Page, button: str) -> None:
    """Press the button, sign, and come back to where it was pressed from."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url("**/permits/**")


def until(page: Page, text: str) -> None:
    """Look again until the page says so: the signer takes a moment."""
    for _ in range(60):
        if text in page.inner_text("main"):
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{text!r} is not in: {page.inner_text('main')[:1500]}")


def test_from_a_decision_to_a_permit(
    opened: Callable[[str], Page], reference: str, look: Look
) -> None:
    edward = opened("Edward Shaw")
    edward.goto("/permits/")
    look(edward, "index")
    edward.get_by_role("link", name="Asthma admissions in winter").click()
    look(edward, "offer-framework")
    for side, office in (("applicant", "Registrar"), ("custodian", "Chief executive")):
        edward.locator(f"#{side}-office").fill(office)
    edward.locator("#ends-year").fill("2090")
    edward.get_by_role("button", name="Offer it").click()
    framework = edward.url
    colin, vera = opened("Colin Marsh"), opened("Vera Novak")
    for page in (colin, vera):
        page.goto(framework)
        look(page, "framework")
        sign(page, "Accept and sign")
    until(vera, "in force until its last day")

    edward.goto(f"/permits/agreements/for/{reference}/")
    look(edward, "offer")
    edward.get_by_role("button", name="Offer it").click()
    look(edward, "offer-wrong")
    for side, office in (("applicant", "Registrar"), ("custodian", "Chief executive")):
        edward.locator(f"#{side}-office").fill(office)
    edward.get_by_role("button", name="Offer it").click()
    agreement = edward.url
    for page in (colin, vera):
        page.goto(agreement)
        look(page, "agreement")
        sign(page, "Accept and sign")
    for who in ("Owen Griffiths", "Priya Raman"):
        page = opened(who)
        page.goto(f"{agreement}countersign/")
        look(page, "countersign")
        sign(page, "Agree and sign")
    until(edward, "The agreement is in force")
    edward.get_by_role("link", name="Go to the permit").click()
    until(edward, "Planned: people can say no before")
    until(edward, "It is the one on the public register and on the ledger.")
    look(edward, "permit")

    page.goto(edward.url)
    page.get_by_role("link", name="Suspend").click()
    look(page, "step")
    page.get_by_role("radio", name="Something went wrong.").check()
    sign(page, "Go on to sign")
    until(page, "all work is stopped until it is resumed")
    look(page, "suspended")
    edward.goto("/permits/")
    look(edward, "index-after")
