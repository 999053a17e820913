"""Somebody looks at their own record and says no, in a browser: by a real provider and a worker.

Everything by keyboard and without scripts, with axe where scripts are on, wide and narrow.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from commonweal.foundation.files import make_private_folder
from commonweal.vault.mydata.believed import set_provider
from commonweal.vault.mydata.order_key import publish_order_key
from commonweal.web.config.providers import private_key
from tests.browser.looking import Axe, faults, heading
from tests.release_house import House, make_house, permitted
from tests.shared import made_once
from tests.unit.mydata.helpers import jwks
from tests.web.house import Served, _tables, served
from tests.web.nhs_login import NHSLogin, nhs_login
from tests.web.provider import CLIENT, client_key, new_key

pytestmark = pytest.mark.timeout(600)
THEIRS = new_key("first")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    now = datetime.now(UTC).replace(microsecond=0)
    made = make_house(
        tmp_path_factory.mktemp("own") / "house", count=24, at=now - timedelta(hours=2)
    )
    made.build(made.issue(data=permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})))
    publish_order_key(made.custody())
    if ready := made_once("tables", _tables):
        make_private_folder(made.home / "web")
        shutil.copy2(ready / "service.sqlite", made.home / "web" / "service.sqlite")
    return made


@pytest.fixture(scope="module")
def running(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[
    tuple[Served, NHSLogin]
]:  # fmt: skip
    key: Path = client_key(tmp_path_factory.mktemp("key") / "nhs-login.pem")
    with nhs_login(client=private_key(key), keys=[THEIRS], asks=True) as provider:
        set_provider(house.custody(), provider.issuer, CLIENT, frozenset({"RS512"}), jwks(THEIRS))
        house.close()
        with served(
            house.home,
            workers=("vault",),
            COMMONWEAL_ROOT_STORE=str(house.root),
            COMMONWEAL_NHS_LOGIN_ISSUER=provider.issuer,
            COMMONWEAL_NHS_LOGIN_CLIENT=CLIENT,
            COMMONWEAL_NHS_LOGIN_KEY=str(key),
        ) as service:
            yield service, provider


def by_keyboard(page: Page, name: str) -> None:
    """Go to a link, button or summary by its words, with the tabulator alone, and press Enter."""
    for _ in range(80):
        page.keyboard.press("Tab")
        words = page.evaluate(
            "(document.activeElement.innerText || '').replace(/\\s+/g, ' ').trim()"
        )
        if words.startswith(name):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} cannot be reached")


def at_page(page: Page, title: str) -> None:
    page.get_by_role("heading", level=1, name=title).wait_for()


def wait_open(page: Page) -> None:
    """Until the worker has said that the vault would answer."""
    for _ in range(120):
        page.goto("/my-data/")
        if page.get_by_role("button", name="Sign in with NHS login").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError("the page stays closed")


def test_looks_and_says_no(
    browser: Browser, running: tuple[Served, NHSLogin], house: House, axe: Axe
) -> None:
    service, provider = running
    provider.person.nhs_number = house.numbers[0]  # type: ignore[attr-defined]
    wrong: dict[str, list[str]] = {}
    complaints: list[str] = []
    context = browser.new_context(base_url=service.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text))
    wait_open(page)
    wrong["open"] = faults(page, axe)
    page.get_by_role("button", name="Sign in with NHS login").click()
    page.get_by_role("link", name="Sign in as").click()
    at_page(page, "Your record")  # the waiting page went on by itself
    assert page.get_by_text("Your record was in the data of 1 of 1 project.").is_visible()
    title = page.locator("details h3").first
    assert not title.is_visible()  # neutral until it is opened
    wrong["record"] = faults(page, axe)
    page.locator("summary", has_text="Project 1").click()
    assert title.is_visible()
    wrong["opened"] = faults(page, axe)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Get the signed paper").click()
    assert waiting.value.suggested_filename == "my-data.json"
    assert house.numbers[0] not in page.content()

    page.get_by_role("button", name="Say no to something").click()
    wrong["choose"] = faults(page, axe)
    page.get_by_label("No to training AI").check()
    page.get_by_role("button", name="Continue").click()
    at_page(page, "Check your choice")
    wrong["check"] = faults(page, axe)
    page.get_by_role("button", name="Confirm with NHS login").click()
    page.get_by_role("link", name="Sign in as").click()
    at_page(page, "Your choice is written down")
    wrong["receipt"] = faults(page, axe)
    page.get_by_role("button", name="Close this page for good").click()
    at_page(page, "Your answer is gone from here")
    wrong["left"] = faults(page, axe)
    page.goto("/my-data/answer/")
    assert heading(page) == "We cannot show this"
    wrong["refused"] = faults(page, axe)
    assert {name: found for name, found in wrong.items() if found} == {}
    # Chromium also complains of the refused page, and of the provider's icon, which there is none.
    assert [one for one in complaints if "Failed to load resource" not in one] == []
    context.close()


def test_by_keyboard_and_without_scripts(
    browser: Browser, running: tuple[Served, NHSLogin], house: House
) -> None:
    service, provider = running
    provider.person.nhs_number = house.numbers[1]  # type: ignore[attr-defined]
    context = browser.new_context(base_url=service.address, java_script_enabled=False)
    context.set_default_timeout(30_000)
    page = context.new_page()
    wait_open(page)
    by_keyboard(page, "Sign in with NHS login")
    at_page(page, "Sign in")
    by_keyboard(page, "Sign in as")
    at_page(page, "Your record")
    by_keyboard(page, "Project 1")
    assert page.locator("details h3").first.is_visible()
    by_keyboard(page, "Say no to this project")
    at_page(page, "Check your choice")
    by_keyboard(page, "Confirm with NHS login")
    at_page(page, "Sign in")
    by_keyboard(page, "Sign in as")
    at_page(page, "Your choice is written down")
    assert page.get_by_text("No to one project").is_visible()
    context.close()
