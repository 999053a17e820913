"""The committee's pages in a real browser, wide and narrow, held to WCAG 2.2 AA by axe."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.house import Served, make_home, served

SIZES = (1280, 320)
SHOWN: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    (None, ("/committee/", "/committee/rules/", "/committee/decisions/", "yes", "no",
            "minuted", "confirmed")),
    ("Kate Lindqvist", ("/committee/meetings/", "/committee/meetings/new/", "meeting", "held",
                        "talked", "/committee/short/", "propose", "few", "minutes")),
    ("Grace Adeyemi", ("/committee/chair/", "by_chair", "voting", "voting vote/", "closed",
                       "closed decide/", "talked variables/")),
    ("Irene Walsh", ("/committee/", "fresh", "fresh declare/", "voting vote/", "talked", "closed",
                     "held pack/", "few", "few call-in/", "minutes",
                     "acting", "acting call-in/")),
    ("Xanthe Moore", ("voting", "held pack/")),
    ("Edward Shaw", ("/committee/questions/", "answer")),
    ("Amara Okafor", ("answers", "appeal", "final")),
    ("Owen Griffiths", ("/committee/appeals/", "hear")),
)  # fmt: skip
"""Who looks at which pages; a word is one of those that `committee_rows` names."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, str]]]:
    stores = tmp_path_factory.mktemp("stores")
    home = make_home(tmp_path_factory.mktemp("committee") / "home", stores=stores)
    with working(home, stores) as running:
        yield running


@contextmanager
def working(home: Path, stores: Path) -> Iterator[tuple[Served, dict[str, str]]]:
    """A home with the committee's work in it, served; and where its pages are."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.disk", "tests.browser.committee_rows", str(home),
         str(stores)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with served(home) as running:
        yield running, json.loads(made.stdout)


def address(known: dict[str, str], name: str) -> str:
    """Where a page of `SHOWN` is."""
    first, _, rest = name.partition(" ")
    return known.get(first, first) + rest


def _back_link(fault: str) -> bool:
    # nhsuk-frontend puts it before the main part on purpose; it is advice, no rule of WCAG.
    return fault.startswith("region:") and "back-link" in fault


# Each address is looked at by test_all_pages.py; here they are in more states.
@pytest.mark.slow
def test_every_page_is_accessible_wide_and_narrow(
    browser: Browser,
    service: tuple[Served, dict[str, str]],
    axe: Callable[[Page], list[str]],
) -> None:
    running, known = service
    complaints: list[str] = []
    for who, names in SHOWN:
        context = browser.new_context(base_url=running.address, bypass_csp=True)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if who is not None:
            page.goto("/account/people/")
            page.get_by_role("button", name=f"Sign in as {who}").click()
        for name in names:
            for width in SIZES:
                # Loaded anew for each: while the menu folds itself its colours are in between.
                page.set_viewport_size({"width": width, "height": 900})
                answer = page.goto(address(known, name))
                assert answer is not None
                assert answer.status == 200, (who, name, answer.status)
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                found = [one for one in axe(page) if not _back_link(one)]
                assert found == [], (who, name, width)
                over = page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert over <= 0, (who, name, width, over)
        context.close()
    assert complaints == []


def test_a_member_calls_a_case_in_without_scripts(
    browser: Browser, service: tuple[Served, dict[str, str]]
) -> None:
    """Zofia is not among the few who decided; one click and a signature are enough."""
    running, known = service
    context = browser.new_context(base_url=running.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/account/people/")
    page.get_by_role("button", name="Sign in as Zofia Nowak").click()
    page.goto(known["few"])
    assert "Any member can call it in until" in page.inner_text("main")
    page.get_by_role("link", name="Call it in to the whole committee").click()
    expect(page.locator("main")).to_contain_text("need not say why")
    page.get_by_role("button", name="Go on to sign").click()
    expect(page.locator("main")).to_contain_text(
        "I ask that the whole committee decides this application"
    )
    context.close()
