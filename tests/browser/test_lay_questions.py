"""A lay reader's questions, each answered within three clicks from the home page (issue 6).

Only what a reader has is used: the words of links that are seen, without scripts. What is read at
the end is held against what was really done in the home: `lay_home` makes it by the service's own
steps, from the demonstration's own plan.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from commonweal.demo.others.plan import Other, Plan, plan
from tests.web.house import Served, served

# The home takes a quarter of a minute of work to make, on a busy machine several times that.
pytestmark = pytest.mark.timeout(900)
MOST_CLICKS = 3
WIDE, NARROW = 1280, 320
AFTER_NO = "Your doctors and nurses do not see it there."


@dataclass(frozen=True)
class Walk:
    """From the home page by the words of `links`; at the end the page says all of `answer`."""

    question: str
    links: tuple[str, ...]
    answer: tuple[str, ...]
    width: int = WIDE


def walks(told: Plan) -> Iterator[Walk]:
    """One for each question, with what is true in this home."""
    by_id = {one.id: one for one in told.projects}
    falls, kidney, refused = by_id["falls"], by_id["kidney"], by_id["hearing"]
    to_falls = ("Who uses data, and why?", falls.title)
    yield Walk("Who used the data?", to_falls, ("Rivergate Hospitals NHS Trust", "Ended"))
    yield Walk("Why?", to_falls, (falls.summary, falls.benefit))
    yield Walk(
        "Who decided?",
        ("Who decided?",),
        ("Grace Adeyemi", "A lay member", told.interests["grace"]),
    )
    yield Walk("And why so?", (*to_falls, "Read the whole decision and how the votes were"),
               (decided(falls), "3 of them by lay members"))  # fmt: skip
    yield Walk(
        "Who was told no?", ("Requests that were refused",), (refused.title, decided(refused))
    )
    yield Walk("Can I stop it?", ("Can I stop it?",), ("You need no reason", "one project"), NARROW)
    yield Walk("And then?", ("Can I stop it?", "What happens after you say no"), (AFTER_NO,))
    yield Walk("What happened then?", ("What happened then?",),
               (str(falls.after[0].told["summary"]), falls.title))  # fmt: skip
    yield Walk("Who makes money?", ("Who makes money from it?",),
               (kidney.title, str(kidney.gains), str(kidney.nhs_share)))  # fmt: skip
    wrong = next(one for one in told.texts if one.kind == "incident")
    yield Walk("What went wrong?", ("What went wrong?",), (wrong.title, *wrong.text.split("\n")))
    yield Walk("What became of it?", ("What went wrong?", f"The project: {by_id['checks'].title}"),
               ("The permit was taken back", "A condition was broken."))  # fmt: skip


def decided(one: Other) -> str:
    """What the committee said, in its own words."""
    assert one.decided is not None
    return one.decided.summary


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("lay")
    home, stores = place / "home", place / "stores"
    made = subprocess.run(
        [sys.executable, "-m", "tests.browser.lay_home", str(home), str(stores)],
        check=False, capture_output=True, text=True, cwd=repository,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-5_000:]
    with served(home, COMMONWEAL_ROOT_STORE=str(stores)) as running:
        yield running


def test_each_question_is_answered_within_three_clicks(browser: Browser, service: Served) -> None:
    unanswered = {}
    for walk in walks(plan()):
        context = browser.new_context(
            java_script_enabled=False, base_url=service.address,
            viewport={"width": walk.width, "height": 900},
        )  # fmt: skip
        context.set_default_timeout(60_000)
        found = walked(context.new_page(), walk)
        context.close()
        if found:
            unanswered[walk.question] = found
    assert unanswered == {}


def walked(page: Page, walk: Walk) -> str:
    """Walk; what was wrong, or nothing."""
    page.goto("/")
    if missing(page, walk) == ():
        return "The home page says it already, so this walk shows nothing."
    for clicks, words in enumerate(walk.links, 1):
        if clicks > MOST_CLICKS:
            return f"It takes more than {MOST_CLICKS} clicks."
        link = seen(page, words)
        if link is None:
            return f"No link is seen that says {words!r} at {page.url}."
        link.click()
    left = missing(page, walk)
    return f"At {page.url} it does not say {left}." if left else ""


def seen(page: Page, words: str) -> Locator | None:
    """The first link with these words that a reader sees."""
    links = page.get_by_role("main").get_by_role("link")
    for link in links.filter(has_text=words, visible=True).all():
        if said(link).startswith(words):
            return link
    return None


def missing(page: Page, walk: Walk) -> tuple[str, ...]:
    """What of the answer the page does not say."""
    shown = said(page.get_by_role("main"))
    return tuple(one for one in walk.answer if " ".join(one.split()) not in shown)


def said(place: Locator) -> str:
    """The words that are seen there, however they are broken into lines."""
    return " ".join(place.inner_text().split())


def test_a_walk_that_leads_nowhere_is_found(browser: Browser, service: Served) -> None:
    """The walker finds a link that is not there, one too many, and an answer that is not given."""
    page = browser.new_page(base_url=service.address, java_script_enabled=False)
    page.set_default_timeout(60_000)
    choices = "Can I stop it?"
    never = ("You need to say why.",)
    four = (choices, "Your rights", "When your choice does not apply", "If someone has died")
    for links, answer, wrong in (
        (("Buy the data",), never, "No link is seen"),
        ((choices,), never, "does not say"),
        (("Skip to main content",), never, "No link is seen"),
        (four, never, f"more than {MOST_CLICKS}"),
        ((), ("How patient data are used here",), "says it already"),
    ):
        assert wrong in walked(page, Walk("?", links, answer)), links
    page.close()
