"""The public pages in a real browser: printed, in forced colours, by keyboard, without scripts.

Wide and narrow (which is also 400 % zoom) with axe they are looked at in `test_all_pages.py`; here
is what only these pages are held to, with one service and each page loaded once for all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import BACK_LINK, Axe
from tests.browser.test_keyboard import RING
from tests.web.house import Served, make_home, served
from tests.web.publicpages.texts import with_pages

ADDRESSES = (
    "/", "/pages/", "/your-choices/", "/your-choices/form/", "/notice/", "/pages/risks/",
    "/pages/your-rights/", "/accessibility",
)  # fmt: skip
LONGEST = f"""\
phone: +44 1632 960 123 45
phone_hours: {"Monday to Friday from nine " * 4}
email: {"a" * 60}@example.nhs.uk
post: [{", ".join(["Floor twelve of the building beside the old main entrance"] * 6)}]
desk: {"The information desk beside the lifts " * 3}
"""
_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("public")
    made = make_home(place / "home", stores=place / "stores")
    with_pages(made)
    return made


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Served]:
    with served(home) as running:
        yield running


@pytest.fixture
def page(browser: Browser, service: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=service.address)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_printed_in_forced_colours_and_at_four_times_the_size(page: Page, axe: Axe) -> None:
    wrong: dict[str, list[str]] = {}
    for address in ADDRESSES:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200
        found = []
        page.set_viewport_size({"width": 320, "height": 900})
        page.emulate_media(forced_colors="active")
        found += [f"forced colours: {one}" for one in axe(page) if not excused(one)]
        page.emulate_media(forced_colors="none", media="print")
        page.set_viewport_size({"width": 703, "height": 1032})  # A4 less its margins, in pixels
        found += [f"print: {one}" for one in axe(page) if not excused(one)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"print: runs off the sheet ({wide})"] if wide > 703 else []
        found += ["print: shows the menu"] if page.get_by_role("navigation").count() else []
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1280, "height": 900})
        if found:
            wrong[address] = found
    assert wrong == {}


def excused(fault: str) -> bool:
    """What nhsuk-frontend puts before the main part by design."""
    return fault.startswith("region:") and (BACK_LINK in fault or "breadcrumb" in fault)


def sheets(page: Page, address: str) -> int:
    """On how many sheets a page is printed."""
    page.goto(address)
    return len(_PAGE.findall(page.pdf(prefer_css_page_size=True, print_background=True)))


def test_the_notice_and_the_form_are_one_sheet_of_paper(page: Page, home: Path) -> None:
    contacts = home / "public" / "contacts.yaml"
    before = contacts.read_text()
    try:
        for text in (before, LONGEST, "{}\n"):
            contacts.write_text(text)
            assert (sheets(page, "/notice/"), sheets(page, "/your-choices/form/")) == (1, 1), text
    finally:
        contacts.write_text(before)
    assert sheets(page, "/pages/your-rights/") > 1  # so sheets are counted


def test_home_by_keyboard(page: Page) -> None:
    """From the top: the questions come in their order, each is seen to have the focus."""
    page.goto("/")
    order = page.locator(".house-cards a").all_inner_texts()
    assert order[0] == "Who uses data, and why?"
    names: list[str] = []
    while len(names) < 40 and (not names or names[-1] != order[-1]):
        page.keyboard.press("Tab")
        one = page.evaluate(RING)
        assert one["seen"], one
        names.append(one["name"])
    assert names[0] == "Skip to main content"
    assert names[-len(order) :] == order
    page.goto("/")
    page.get_by_role("link", name="Can I stop it?").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Your choices").wait_for()


def test_without_scripts(browser: Browser, service: Served) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=service.address)
    page = context.new_page()
    for address in ADDRESSES:
        page.goto(address)
        assert page.locator("main h1").count() == 1
        assert page.get_by_role("navigation", name="Main").is_visible()
    page.goto("/")
    page.get_by_role("link", name="Can I stop it?").click()
    page.get_by_role("link", name="Print a form").click()
    assert page.locator("h1").inner_text() == "A form to say no"
    with page.expect_download() as waiting:
        page.goto("/pages/risks/")
        page.get_by_role("link", name="Easy read (PDF)").click()
    assert waiting.value.suggested_filename == "risks.easy-read.pdf"
    context.close()
