"""The service in a real browser: for everyone, on any screen, by keyboard, without outside help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.web.house import FORMULA, Served, make_home, served

Axe = Callable[[Page], list[str]]
WIDE, NARROW = 1280, 320

PUBLIC = (
    "/", "/about", "/accessibility", "/cookies", "/data/", "/data/?q=born&role=other",
    "/data/?q=nothing-like-this", "/data/hospital/", "/data/hospital/patients/",
    "/data/hospital/patients/born/", "/data/odd/a~2Fb/", "/projects/", "/projects/?stage=planned",
    "/projects/permit-0/", "/projects/permit-3/", "/no-such-page", "/account/login/",
    "/account/signup/", "/account/password/reset/", "/account/people/",
)  # fmt: skip
SIGNED_IN = ("/account/", "/account/keys/", "/account/invite/", "/account/logout/")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = make_home(
        tmp_path_factory.mktemp("served") / "home", stores=tmp_path_factory.mktemp("s") / "stores"
    )
    with served(home) as running:
        yield running


class Watched:
    """A browser that notes every complaint and every request that leaves this machine."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda said: self._note(said.text, said.type))
        self.page.on("pageerror", lambda error: self._note(str(error), "error"))
        self.page.on("request", self._requested)

    def _note(self, text: str, kind: str) -> None:
        # A page that is not there is what some tests ask for.
        if "Failed to load resource" not in text or " 404 " not in text:
            self.complaints.append(f"{kind}: {text}")

    def _requested(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith((self.address, "data:")):
            self.complaints.append(f"outside: {url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page


@pytest.fixture
def watch(browser: Browser, service: Served) -> Iterator[Callable[..., Watched]]:
    """A new browser context: `watch(width)`. At the end nothing may have been complained about."""
    made: list[Watched] = []

    def opened(width: int = WIDE, **more: bool) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        made.append(Watched(context, service.address))
        return made[-1]

    yield opened
    complaints = [one for watched in made for one in watched.complaints]
    for watched in made:
        watched.context.close()
    assert complaints == []


def sign_in(watched: Watched, who: str) -> Page:
    page = watched.open("/account/people/")
    page.get_by_role("button", name=f"Sign in as {who}").click()
    assert page.get_by_role("heading", level=1).inner_text() == who
    return page


def faults(page: Page, axe: Axe, width: int) -> list[str]:
    """What is wrong with a page: by axe, or because it is wider than its screen."""
    found = [
        one for one in axe(page)
        # The way back stands before the main part by design of nhsuk-frontend.
        if not (one.startswith("region:") and ("back-link" in one or "breadcrumb" in one))
    ]  # fmt: skip
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([f"scrolls sideways: {wide}"] if wide > width else [])]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_public_page_is_for_everyone(
    watch: Callable[..., Watched], axe: Axe, width: int
) -> None:
    watched = watch(width)
    wrong = {path: faults(watched.open(path), axe, width) for path in PUBLIC}
    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_page_of_a_person_is_for_everyone(
    watch: Callable[..., Watched], axe: Axe, width: int
) -> None:
    watched = watch(width)
    sign_in(watched, "Farah Aziz")
    wrong = {path: faults(watched.open(path), axe, width) for path in SIGNED_IN}
    assert {path: found for path, found in wrong.items() if found} == {}
