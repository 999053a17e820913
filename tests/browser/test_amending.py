"""A small change in a real browser: asked for on the permit's page, agreed by an officer, in force.

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

from tests.browser.looking import Axe, faults, visitors
from tests.web.house import Served, make_home, served

PICTURES = "TEST_PICTURES"
"""A folder for pictures of the pages, for whoever wants to look at them."""
Rows = Callable[..., str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    stores = tmp_path_factory.mktemp("changes") / "stores"
    home = make_home(stores.with_name("home"), stores=stores, say_no_days=0)
    with served(home, workers=("signer",), COMMONWEAL_ROOT_STORE=str(stores)) as running:
        yield running


@pytest.fixture
def rows(service: Served, repository: Path) -> Rows:
    def made(*what: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tests.disk", "tests.browser.amending_rows", *what],
            check=False, capture_output=True, text=True, cwd=repository,
            env={**os.environ, "COMMONWEAL_HOME": str(service.home),
                 "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return made


def look(page: Page, axe: Axe, name: str) -> None:
    assert faults(page, axe) == [], name
    folder = os.environ.get(PICTURES)
    if folder:
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


def sign(page: Page, button: str, back: str) -> None:
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url(back)


def test_a_small_change_from_the_permit_to_the_newer_permit(
    browser: Browser, service: Served, rows: Rows, axe: Axe
) -> None:
    first = rows("permit")
    with visitors(browser, service.address, 15_000) as opened:
        amara = opened("Amara Okafor")
        amara.goto(f"/permits/{first}-1/")
        look(amara, axe, "permit-in-force")
        amara.get_by_role("link", name="Ask for a change").click()
        look(amara, axe, "ask")
        amara.get_by_label("Why do you ask for this?").fill("We need less than we thought.")
        amara.get_by_role("button", name="Begin").click()
        amara.get_by_text("Nothing differs yet from what is allowed now.").wait_for()
        look(amara, axe, "change-begun")
        reference = amara.url.rstrip("/").rpartition("/")[2]
        rows("write", reference)
        amara.reload()
        amara.get_by_text("was taken out").first.wait_for()
        look(amara, axe, "change-written")
        amara.get_by_role("link", name="Change what you need, then send it").click()
        look(amara, axe, "tasks")
        amara.goto(f"/applications/{reference}/send/")
        sign(amara, "Send", "**/sent/1/")

        edward = opened("Edward Shaw")
        edward.goto(f"/desk/{reference}/")
        edward.get_by_role("link", name="Begin to check the application").click()
        edward.get_by_role("main").get_by_role("button").first.click()
        look(edward, axe, "desk")
        edward.get_by_role("link", name="Agree this small change").click()
        look(edward, axe, "agree")
        edward.get_by_label("What changes, in plain words").fill("Less is seen of each record.")
        edward.get_by_label("Why this can be agreed").fill("It is on the published list.")
        sign(edward, "Go on to sign", "**/agree/")
        look(edward, axe, "agreed")

        newer = rows("finish", reference)
        amara.goto(f"/permits/{newer}/")
        amara.get_by_text("Permits of this project").wait_for()
        look(amara, axe, "newer-permit")
        amara.goto(f"/permits/{first}-1/")
        amara.get_by_text("The permit has been replaced by a newer one.").first.wait_for()
        amara.goto(f"/projects/{newer}/")
        amara.get_by_text("How the project has changed").wait_for()
        look(amara, axe, "register-project")
        amara.goto("/projects/")
        look(amara, axe, "register")
