"""Pages of who checks outputs in a browser: by keyboard alone, with keys that can be switched off,
without scripts, wide and narrow, and held to axe. The rows are made by the airlock itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import Axe, faults, heading, visitors
from tests.web.house import Served, make_home, served

Review = tuple[Served, dict[str, Any]]
WAIT = 30_000
# A page with all that was found is long: axe takes its time on a busy machine.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Review]:
    place = tmp_path_factory.mktemp("checking")
    home, stores = place / "home", place / "stores"
    make_home(home, stores=stores)
    with served(home, COMMONWEAL_ROOT_STORE=str(stores)) as running:
        variables = {
            **os.environ, "COMMONWEAL_HOME": str(home), "COMMONWEAL_ROOT_STORE": str(stores),
            "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
        }  # fmt: skip
        made = subprocess.run(
            [sys.executable, "-m", "tests.disk", "tests.browser.output_rows"],
            env=variables, cwd=repository, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr[-3_000:]
        yield running, json.loads(made.stdout)


@pytest.fixture
def page_of(browser: Browser, service: Review) -> Iterator[Callable[..., Page]]:
    with visitors(browser, service[0].address, WAIT) as opened:
        yield opened


def review(page: Page, service: Review, name: str = "output.waits") -> None:
    page.goto(f"/outputs/review/{service[1][name]}/")


VISITS = [
    ("Tara Singh", "output.waits", ""), ("Umar Farouk", "output.two", ""),
    ("Edward Shaw", "output.recalled", ""), ("Edward Shaw", "output.left", "recall"),
    ("Tara Singh", "output.waits", "files/2"), ("Umar Farouk", "output.model", "files/4"),
    ("Umar Farouk", "output.model", "files/6/text"), ("Tara Singh", "output.waits", "together"),
    ("Tara Singh", None, ""), ("Edward Shaw", None, "history"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "name", "path"), VISITS)
def test_pages_are_accessible_and_fit_with_all_of_them_open(
    page_of: Callable[..., Page],
    service: Review,
    axe: Axe,
    who: str,
    name: str | None,
    path: str,
) -> None:
    page = page_of(who)
    page.goto(f"/outputs/review/{service[1][name] + '/' if name else ''}{path}")
    for one in page.locator("details").all():
        one.evaluate("one => { one.open = true; }")
    assert faults(page, axe) == []


def test_keys_move_and_choose_and_never_send(page_of: Callable[..., Page], service: Review) -> None:
    page = page_of("Tara Singh")
    review(page, service)
    page.keyboard.press("f")
    page.wait_for_url("**/files/1")
    for key, number in (("n", 1), ("n", 2), ("N", 3), ("p", 2)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == f"finding-{number}"
    for key, lands in (("f", "**/files/2"), ("b", "**/files/1"), ("o", "**/out-1/")):
        page.keyboard.press(key)
        page.wait_for_url(lands)
    address = page.url
    for key, verdict in (("a", "approve"), ("s", "return"), ("r", "reject")):
        page.keyboard.press(key)
        assert page.locator("input[name=verdict]:checked").get_attribute("value") == verdict
    assert page.url == address
    page.get_by_text("Words to the author, or a note").click()
    page.locator("textarea[name=note]").fill("")
    page.locator("textarea[name=note]").press_sequentially("as n")
    assert page.locator("textarea[name=note]").input_value() == "as n"
    assert page.locator("input[name=verdict]:checked").get_attribute("value") == "reject"
    page.keyboard.press("Control+a")
    assert page.locator("input[name=verdict]:checked").get_attribute("value") == "reject"


def test_keys_can_be_switched_off_and_stay_off(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Tara Singh")
    review(page, service)
    page.get_by_text("Keys", exact=True).click()
    switch = page.get_by_role("button", name="Keys are on")
    assert switch.get_attribute("aria-pressed") == "true"
    switch.press("Enter")
    page.locator("body").press("a")
    assert page.locator("input[name=verdict]:checked").count() == 0
    page.reload()
    page.get_by_text("Keys", exact=True).click()
    assert page.get_by_role("button", name="Keys are off").get_attribute("aria-pressed") == "false"
    page.locator("body").press("r")
    assert page.locator("input[name=verdict]:checked").count() == 0


def test_judging_with_tab_space_and_enter_alone(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Umar Farouk")
    review(page, service)

    def tab_to(selector: str) -> None:
        for _ in range(400):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"no way to {selector} by Tab")

    tab_to("input[name=verdict]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert page.locator("input[name=verdict]:checked").get_attribute("value") == "return"
    tab_to("input[name=reasons]")
    page.keyboard.press("Space")
    tab_to("form button[type=submit]")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Send this output back to its author").wait_for()


def test_an_output_of_two_tables_fits_on_three_screens(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Tara Singh")
    review(page, service, "output.tables")
    assert page.evaluate("document.documentElement.scrollHeight") < 3 * 1_080


def test_a_picture_is_drawn_and_never_a_script(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Umar Farouk")
    page.goto(f"/outputs/review/{service[1]['output.model']}/files/4")
    picture = page.locator("img.review-picture")
    assert picture.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [320, 160]


def test_what_belongs_to_an_answer_opens_with_it(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Tara Singh")
    review(page, service)
    expect(page.locator("select").first).not_to_be_visible()
    page.get_by_label("It may leave", exact=True).check()
    expect(page.locator("select").first).to_be_visible()
    expect(page.locator("input[name=reasons]").first).not_to_be_visible()
    page.get_by_label("It may not leave", exact=True).check()
    expect(page.locator("input[name=reasons]").first).to_be_visible()


def test_the_page_works_without_scripts_and_says_what_is_missing(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Umar Farouk", scripts=False)
    review(page, service)
    expect(page.locator("#review-keys")).not_to_be_visible()
    page.get_by_label("It may leave", exact=True).check()
    page.get_by_role("button", name="Go on to sign").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(page.get_by_text("The checks say:")).to_be_visible()
    assert "Stays and costs by ward" in heading(page)


def test_before_and_now_stand_beside_each_other_or_below(
    page_of: Callable[..., Page], service: Review
) -> None:
    page = page_of("Tara Singh")
    page.goto(f"/outputs/review/{service[1]['output.waits']}/files/1")
    before, now = (page.locator(".review-pair .review-beside > div").nth(one) for one in (0, 1))
    for width, beside in ((1280, True), (320, False)):
        page.set_viewport_size({"width": width, "height": 900})
        left, right = before.bounding_box(), now.bounding_box()
        assert left is not None
        assert right is not None
        assert (right["x"] > left["x"]) is beside
        assert (right["y"] > left["y"]) is not beside
