"""An applicant in a real browser: starts, is interrupted, and finds everything as it was typed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import SIZES, Axe, faults, heading, sign_in, visitors
from tests.web.house import Served, make_home, served

LONG = "We want to learn why more people come in winter. " * 500
HALF = "31"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = make_home(
        tmp_path_factory.mktemp("applying") / "home", stores=tmp_path_factory.mktemp("s") / "stores"
    )
    with served(home) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[..., Page]]:
    """A signed-in page: `opened(who)`. At the end no page may have complained."""
    with visitors(browser, service.address, 8_000) as pages:
        yield pages


def answer_route(page: Page) -> None:
    """The seven questions, as for records without details that identify people."""
    for choice in ("Anybody else", "Records:", "No", "No, or not", "No", "Yes", "No"):
        exact = choice in ("Yes", "No")
        page.get_by_role("radio", name=choice, exact=exact).check()
        page.get_by_role("button", name="Continue").click()
    assert "Records without details that identify people" in heading(page)


def test_an_applicant_finds_everything_as_it_was_typed(
    opened: Callable[..., Page], axe: Axe
) -> None:
    page = opened("Amara Okafor")
    wrong: dict[str, list[str]] = {}

    pictures = os.environ.get("APPLYING_PICTURES")

    def look(name: str) -> None:
        wrong[name] = faults(page, axe)
        for width in SIZES if pictures else ():
            page.set_viewport_size({"width": width, "height": 900})
            shown = name.strip("/").replace("/", "-").replace(" ", "-")
            page.screenshot(path=f"{pictures}/{shown}-{width}.png", full_page=True)
        page.set_viewport_size({"width": SIZES[0], "height": 900})

    page.get_by_role("link", name="Applications").click()
    look("no applications")
    page.get_by_role("link", name="Apply for data").click()
    look("start")
    page.get_by_role("button", name="Start now").click()
    look("question")
    page.get_by_role("button", name="Continue").click()
    page.locator(".nhsuk-error-summary").wait_for()
    look("question without an answer")
    answer_route(page)
    look("route")
    page.get_by_role("button", name="Go on to the parts").click()
    look("tasks")
    base = page.url
    page.get_by_role("link", name="The project").click()
    page.get_by_label("Title", exact=True).fill("Asthma in winter")
    page.get_by_label("Summary in plain words").fill(LONG)
    page.get_by_role("button", name="Save and stay here").last.click()
    look("project")
    page.goto(base + "parts/period/")
    page.get_by_label("Day", exact=True).first.fill(HALF)
    page.get_by_role("button", name="Save and continue").click()
    page.goto(base + "parts/people/new/")
    page.get_by_label("Name", exact=True).fill("Dr Amara Okafor")
    look("person")
    page.get_by_role("button", name="Save and continue").click()
    look("people")
    page.goto(base + "parts/data/")
    page.get_by_label("Dataset").select_option("hospital")
    page.get_by_role("button", name="Save and stay here").last.click()
    page.get_by_role("link", name="Add a group of variables").click()
    page.locator("summary", has_text="births").click()
    page.get_by_role("checkbox", name="born:").check()
    page.get_by_role("button", name="Save and continue").click()
    look("group")
    page.get_by_role("link", name="born").click()
    look("variable")
    for path in ("cohort/", "parts/purpose/", "parts/legal/", "parts/declarations/", "forms/dpia/",
                 "check/", "send/", "authors/", "withdraw/", "print/", "copy/"):  # fmt: skip
        page.goto(base + path)
        look(path)
    page.goto(base + "comments/purpose/")
    page.get_by_role("button", name="Add the comment").click()
    look("comment without words")
    page.get_by_label("Your comment").fill("Is this too broad? " * 20)
    page.get_by_role("button", name="Add the comment").click()
    look("comments of a part")
    page.goto(base + "comments/")
    look("comments")
    page.goto(base + "copy/")
    page.get_by_role("button", name="Begin the new application").click()
    page.get_by_text("This began as a copy of").wait_for()
    look("a copy")
    begun = page.url
    page.goto("/applications/start/")
    page.get_by_role("button", name="Start now").click()
    page.goto(page.url.split("/route/")[0] + "/records/")
    look("records")
    page.get_by_role("checkbox", name="Dr Amara Okafor").check()
    page.get_by_role("button", name="Take over what is ticked").click()
    page.get_by_text("1 record was taken over").wait_for()
    for one in (page.url, begun):
        page.goto(f"{one}withdraw/")
        page.get_by_role("button").last.click()
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "Amara Okafor")
    page.get_by_role("link", name="Applications").click()
    look("one application")
    page.get_by_role("link", name="Asthma in winter").click()
    page.get_by_role("link", name="The project").click()
    assert page.get_by_label("Title", exact=True).input_value() == "Asthma in winter"
    assert page.get_by_label("Summary in plain words").input_value() == LONG
    page.goto(base + "parts/period/")
    assert page.get_by_label("Day", exact=True).first.input_value() == HALF
    page.goto(base + "parts/people/0/")
    assert page.get_by_label("Name", exact=True).input_value() == "Dr Amara Okafor"
    page.goto(base + "groups/0/")
    assert page.get_by_role("checkbox", name="born:").is_checked()
    page.goto(base + "send/")
    # Each line leads to the box that puts it right.
    page.get_by_role("link", name="Short name for machines").click()
    page.wait_for_url("**parts/project/#q-project-id")
    assert {name: found for name, found in wrong.items() if found} == {}


def test_it_works_without_scripts_and_a_table_grows(opened: Callable[..., Page]) -> None:
    page = opened("Divya Nair", scripts=False)
    page.get_by_role("link", name="Applications").click()
    page.get_by_role("link", name="Apply for data").click()
    page.get_by_role("button", name="Start now").click()
    answer_route(page)
    page.get_by_role("button", name="Go on to the parts").click()
    page.get_by_role("link", name="Who answers for the data").click()
    page.get_by_label("Name", exact=True).first.fill("The hospital")
    page.get_by_role("button", name="Add one more: controllers").click()
    names = page.get_by_label("Name", exact=True)
    assert names.nth(0).input_value() == "The hospital"
    names.nth(1).fill("The company")
    # The Enter key saves, and takes nothing away.
    names.nth(1).press("Enter")
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Take away Controllers: 1").click()
    assert page.get_by_label("Name", exact=True).first.input_value() == "The company"


def test_a_question_is_answered_by_keyboard_alone(opened: Callable[..., Page]) -> None:
    page = opened("Amara Okafor")
    page.goto("/applications/start/")
    page.get_by_role("button", name="Start now").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/route/who/")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Continue"
    page.keyboard.press("Enter")
    page.wait_for_url("**/route/what/")
    page.go_back()
    assert page.get_by_role("radio").nth(1).is_checked()
