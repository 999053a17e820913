"""The desk in a real browser: from a question to its answer, and every main page held to WCAG."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import SIZES, Axe, faults, heading, visitors
from tests.web.house import Served, make_home, served

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[str]]]:
    """A running service with three applications at its desk."""
    place = tmp_path_factory.mktemp("desk")
    home = make_home(place / "home", stores=place / "stores")
    said = subprocess.run(
        [sys.executable, "-m", "tests.browser.desk_home"], cwd=REPOSITORY, text=True,
        capture_output=True, check=False,
        env={**os.environ, "COMMONWEAL_HOME": str(home)},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    with served(home) as running:
        yield running, said.stdout.split()[-3:]


@pytest.fixture
def opened(
    browser: Browser, desk: tuple[Served, list[str]]
) -> Iterator[Callable[[str], Page]]:  # fmt: skip
    with visitors(browser, desk[0].address, 8_000) as pages:
        yield pages


def test_the_main_pages(
    desk: tuple[Served, list[str]], opened: Callable[[str], Page], axe: Axe
) -> None:
    new, asked, ai = desk[1]
    wrong: list[str] = []
    pictures = os.environ.get("DESK_PICTURES")

    def look(page: Page, path: str, name: str) -> None:
        page.mouse.move(0, 0)  # nothing under the mouse is half-way to another colour
        page.goto(path)
        heading(page)
        wrong.extend(f"{path} {one}" for one in faults(page, axe))
        if pictures:
            for width in SIZES:
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=f"{pictures}/{name}-{width}.png", full_page=True)
            page.set_viewport_size({"width": SIZES[0], "height": 900})

    edward = opened("Edward Shaw")
    look(edward, "/desk/?late=yes&order=due", "late")
    look(edward, "/desk/", "list")
    edward.get_by_role("link", name="Falls at night in older people").click()
    look(edward, edward.url, "case")
    look(edward, f"/desk/{new}/steps/take_up/", "step")
    edward.get_by_role("button", name="Yes").click()
    edward.get_by_text("Done, and written down.").wait_for()
    look(edward, f"/desk/{new}/checks/", "checks")
    look(edward, f"/desk/{new}/ask/", "ask")
    look(edward, f"/desk/{new}/documents/protocol/", "document")
    look(edward, f"/desk/{new}/versions/1/print/", "print")
    look(edward, f"/desk/{ai}/assessment/", "assessment")
    look(opened("Quentin Hale"), f"/desk/{new}/advice/", "advice")
    leon = opened("Leon Baptiste")
    look(leon, f"/desk/{ai}/assessment/write_record/", "write_record")
    leon.get_by_label("What was said, all in all").fill("People had hopes and doubts.")
    leon.get_by_label("Point 1").fill("Small groups may come off worse.")
    leon.get_by_role("button", name="Hand in the record").click()
    leon.get_by_text("Done, and written down.").wait_for()
    amara = opened("Amara Okafor")
    look(amara, f"/applications/{asked}/", "standing")
    amara.get_by_role("link", name="Answer the questions").click()
    look(amara, amara.url, "answer")
    amara.get_by_label("Your answer to question 1").fill("The second letter, of May.")
    amara.get_by_role("button", name="Send the answers").click()
    amara.get_by_text("Sent. It is the hospital's turn.").wait_for()
    look(amara, f"/applications/{ai}/points/", "points")
    look(amara, f"/applications/{asked}/documents/", "documents")
    edward.goto(f"/desk/{asked}/questions/")
    edward.get_by_text("The second letter, of May.").wait_for()
    assert wrong == []
