"""Makes the pictures of the documentation anew: `python3 dev.py pictures`.

The whole journey of `journey.py` is walked in a home that is made for it, by the real service with
its workers, and each main page is taken as the person sees it whose page it is. Nothing is drawn by
hand, and nobody in the pictures exists. Writes docs/images/service-*.png, each under 150 kB, and
then the other three pictures, which have programs of their own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import applying_pictures, checking_pictures, journey, screenshot
from tests.browser.journey import People, at_desk, at_item, click, go, people_at
from tests.browser.journey_home import make_hospital_home
from tests.web.house import served

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
MOST_BYTES = 150_000
WIDTH = 1000


def main() -> None:
    """Walk the journey, and take each picture when there is something on its page."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder)
        stores = place / "stores"
        home = make_hospital_home(place, stores)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with (
            served(home, workers=True, COMMONWEAL_ROOT_STORE=str(stores)) as service,
            people_at(browser, service.address) as people,
        ):
            walk(people)
        browser.close()
    applying_pictures.main()
    checking_pictures.main()
    screenshot.main()


def walk(people: People) -> None:
    """The journey's parts, with the pictures between them and in place of some."""
    for part in journey.WAY:
        for shot in BEFORE.get(part, ()):
            shot(people)
        INSTEAD.get(part, part)(people)


def take(page: Page, name: str, *, height: int = 1000) -> None:
    """Keep the top of a page. Raises `SystemExit` if the picture is too large to be kept."""
    page.mouse.move(0, 0)
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate("window.scrollTo(0, 0)")
    file = IMAGES / f"service-{name}.png"
    page.screenshot(path=file)
    size = file.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{file.name} has {size:,} bytes: at most {MOST_BYTES:,}.")
    sys.stdout.write(f"{file.name}: {size:,} bytes\n")
    sys.stdout.flush()


def catalogue(people: People) -> None:
    """What is held, as everybody can see it."""
    page = people("Mary Doyle")
    go(page, "Data we hold")
    take(page, "catalogue")


def signing(people: People) -> None:
    """What is signed, before it is."""
    page = people("Amara Okafor")
    go(page, "Applications")
    click(page, journey.TITLE)
    click(page, "Check your answers")
    click(page, "Go on to send")
    click(page, "Send now")
    take(page, "signing", height=1100)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url(lambda url: "/sign/" not in url)


def desk(people: People) -> None:
    """An application at the desk."""
    take(at_desk(people, "Edward Shaw"), "desk")


def committee_papers(people: People) -> None:
    """The papers of a meeting, as a lay member reads them."""
    page = at_item(people, "Irene Walsh")
    take(page, "committee-papers", height=1100)


def panel(people: People) -> None:
    """A question to the public panel that is being voted on."""
    page = people("Nadia Petrova")
    page.goto("/panel/questions/new/")
    page.get_by_label("What do you ask the panel?").fill("May a company train AI on chest X-rays?")
    page.get_by_label("Why do you ask?").fill(
        "A company wants to make a tool that helps doctors to read X-rays. It would learn from "
        "pictures without names."
    )
    click(page, "Save")
    click(page, "Add a paper")
    page.get_by_label("Title").fill("What is planned")
    page.get_by_label("The paper").fill(
        "The pictures stay in the hospital. The company sends its tool in, and takes out what the "
        "tool has learned once a person has checked it."
    )
    click(page, "Add it")
    click(page, "Send the papers and invitations")
    click(page, "Open the vote")
    mary = people("Mary Doyle")
    mary.goto(page.url)
    take(mary, "panel", height=900)


def permit(people: People) -> None:
    """A permit, sentence by sentence."""
    page = people("Amara Okafor")
    go(page, "Permits")
    page.get_by_role("main").get_by_role("link", name=journey.TITLE).last.click()
    take(page, "permit", height=1100)


def plan(people: People) -> None:
    """What a release would give."""
    page = people("Farah Aziz")
    go(page, "Releases")
    click(page, journey.TITLE)
    click(page, "Plan a release")
    journey.until(page, "What the permit would give")
    take(page, "release-plan", height=1100)


def register(people: People) -> None:
    """A project on the public register."""
    page = people("Mary Doyle")
    go(page, "Projects")
    click(page, journey.TITLE)
    take(page, "register", height=1100)


Part = Callable[[People], None]
BEFORE: dict[Part, tuple[Part, ...]] = {
    journey.hand_in: (catalogue, panel),
    journey.check: (desk,),
    journey.vote: (committee_papers,),
    journey.release: (permit,),
}
INSTEAD: dict[Part, Part] = {
    journey.send: signing,
    journey.release: plan,
    journey.read_register: register,
}


if __name__ == "__main__":
    main()
