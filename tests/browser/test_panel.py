"""The public panel in a real browser: from a question to what everybody reads, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import Axe, faults, heading, visitors
from tests.web.house import Served, make_home, served

ASK = "May a company train AI on chest X-rays?"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("panel")
    home = make_home(place / "home", stores=place / "stores")
    stores = {"COMMONWEAL_ROOT_STORE": str(place / "stores")}
    with served(home, workers=("signer",), **stores) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[..., Page]]:
    with visitors(browser, service.address, 8_000) as pages:
        yield pages


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()


def test_from_a_question_to_what_everybody_reads(opened: Callable[..., Page], axe: Axe) -> None:
    seen: list[str] = []

    def check(page: Page) -> None:
        seen.extend(f"{page.url}: {one}" for one in faults(page, axe))

    boss = opened("Nadia Petrova")
    boss.goto("/panel/questions/new/")
    check(boss)
    boss.get_by_label("What do you ask the panel?").fill(ASK)
    press(boss, "Save")
    check(boss)  # with what is missing
    assert boss.get_by_label("What do you ask the panel?").input_value() == ASK
    boss.get_by_label("Why do you ask?").fill("A company wants to make a tool for doctors.")
    press(boss, "Save")
    assert heading(boss) == ASK
    follow(boss, "Add a paper")
    boss.get_by_label("Title").fill("What is planned")
    boss.get_by_label("The paper").fill("The company would look at pictures without names.")
    press(boss, "Add it")
    press(boss, "Send the papers and invitations")
    press(boss, "Open the vote")
    check(boss)
    question = boss.url
    boss.goto("/panel/meetings/new/")
    check(boss)
    member = opened("Mary Doyle", scripts=False)  # votes without scripts
    member.goto("/panel/")
    follow(member, ASK)
    press(member, "Vote")
    member.get_by_label("Yes, but only if something is done").check()
    member.get_by_label("Why?").fill("If no group is left out.")
    press(member, "Go on to sign")
    press(member, "Sign")
    for _ in range(40):  # without scripts a person looks again by hand
        member.goto(question)
        if member.get_by_role("heading", name="Your vote").count():
            break
        member.wait_for_timeout(500)
    assert "If no group is left out." in member.inner_text("main")
    boss.goto(question)
    press(boss, "Close the vote")
    check(boss)
    writer = opened("Leon Baptiste")
    writer.goto(question)
    follow(writer, "Hand in the record")
    writer.get_by_label("What did the panel say?").fill("They want it if it is fair to everybody.")
    check(writer)
    press(writer, "Hand it in")
    officer = opened("Owen Griffiths")
    officer.goto(question)
    follow(officer, "Publish what was heard and what changed")
    officer.get_by_label("What do you change, and why?").fill("Each group is reported by itself.")
    press(officer, "Publish")
    anybody = opened(None)
    anybody.goto("/panel/")
    check(anybody)
    follow(anybody, ASK)
    check(anybody)
    text = anybody.get_by_role("main").inner_text()
    for words in ("If no group is left out.", "They want it", "Each group is reported by itself."):
        assert words in text
    assert "Mary" not in text
    anybody.goto("/panel/heard/")
    check(anybody)
    assert seen == []
