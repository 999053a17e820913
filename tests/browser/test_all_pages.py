"""Every page of the service is held to the same bars, and none is left out.

The table in `every_page.py` has a line for each address that Django knows. Each page is looked at
by somebody who may see it, wide and narrow, with axe, with the console and what leaves the machine
watched, and is asked for once more without a browser: what it says does not wait for a script.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    Route,
)

from commonweal.governance.readability import hard_words
from commonweal.web.config.providers import private_key
from tests.browser.every_page import (
    AREAS,
    FETCHED,
    LED_ON,
    NEVER,
    NOBODY,
    PAGE,
    PLAIN,
    POSTED,
    REFUSED,
    VISITS,
    Visit,
    unseen,
)
from tests.browser.forms_of import form_faults
from tests.browser.looking import BACK_LINK, Axe, faults
from tests.web.house import served
from tests.web.provider import CLIENT, client_key, local_provider
from tests.web.public_words import Words
from tests.web.test_accounts import PASSWORD

# The home for all of it takes half a minute of work to make, on a busy machine several.
pytestmark = pytest.mark.timeout(1200)
COOKIE = "session"
SHOWN = {PAGE: 200, REFUSED: 403}
"""The status of each kind of visit that a person looks at."""
REFUSAL = re.compile(r"Failed to load resource: .* status of [45]\d\d")
EXCUSED = (BACK_LINK, "breadcrumb")
"""What nhsuk-frontend puts before the main part by design."""


@dataclass
class Service:
    """The service on its home, and where each visit goes."""

    address: str
    told: dict[str, Any]

    def path(self, visit: Visit) -> str:
        """The address of a visit."""
        return str(self.told["paths"][VISITS.index(visit)])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Service]:
    place = tmp_path_factory.mktemp("every")
    home, stores = place / "home", place / "stores"
    made = subprocess.run(
        [sys.executable, "-m", "tests.disk", "tests.browser.every_home", str(home), str(stores)],
        check=False, capture_output=True, text=True, cwd=repository,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-5_000:]
    key = client_key(place / "cis2.pem")
    with (
        local_provider(client=private_key(key)) as provider,
        served(
            home, COMMONWEAL_ROOT_STORE=str(stores), COMMONWEAL_CIS2_ISSUER=provider.issuer,
            COMMONWEAL_CIS2_CLIENT=CLIENT, COMMONWEAL_CIS2_KEY=str(key),
        ) as running,
    ):  # fmt: skip
        yield Service(running.address, json.loads(made.stdout))


@dataclass
class Visitors:
    """One browser for each person, and what their pages complained of."""

    browser: Browser
    service: Service
    complaints: list[str] = field(default_factory=list)
    pages: dict[str, Page] = field(default_factory=dict)
    going_to: str = ""

    def page(self, who: str) -> Page:
        """The page of a person; always the same one."""
        if who not in self.pages:
            context = self.browser.new_context(
                viewport={"width": 1280, "height": 900}, base_url=self.service.address
            )
            context.set_default_timeout(20_000)
            sign_in(context, self.service, who)
            page = self.pages[who] = context.new_page()
            page.on("console", self._said)
            page.on("pageerror", lambda error: self._note(str(error)))
            page.on("request", lambda asked: self._asked(asked.url))
        return self.pages[who]

    def _asked(self, url: str) -> None:
        if not url.startswith((self.service.address, "data:")):
            self._note(f"asked {url}")

    def _said(self, message: ConsoleMessage) -> None:
        # What a page could not load is a fault; the status of the page itself is compared.
        own = message.location["url"] == f"{self.service.address}{self.going_to}"
        if not (own and REFUSAL.search(message.text)):
            self._note(f"{message.type}: {message.text}")

    def _note(self, text: str) -> None:
        self.complaints.append(text)

    def go(self, page: Page, path: str) -> Response | None:
        """Open a page."""
        self.going_to = path
        return page.goto(path)

    def fetch(self, visit: Visit) -> APIResponse:
        """What a GET gives, without a browser and without going on."""
        return self.page(visit.who).request.get(self.service.path(visit), max_redirects=0)

    def close(self) -> None:
        """Close every browser."""
        for page in self.pages.values():
            page.context.close()


def sign_in(context: BrowserContext, service: Service, who: str) -> None:
    """Give a browser the session of a person."""
    if who != NOBODY:
        session = service.told["sessions"][who]
        context.add_cookies([{"name": COOKIE, "value": session, "url": service.address}])


@pytest.fixture(scope="module")
def visitors(browser: Browser, service: Service) -> Iterator[Visitors]:
    made = Visitors(browser, service)
    yield made
    made.close()


def test_every_address_has_a_line(service: Service) -> None:
    assert unseen(set(service.told["names"])) == []
    # A line for an address that is gone would look at nothing.
    assert {one.name for one in VISITS} <= set(service.told["names"])
    assert unseen({"desk:new_thing"})[0].startswith('desk:new_thing: add a line such as see("desk:')


def test_what_is_no_page_is_what_its_line_says(visitors: Visitors) -> None:
    checks: dict[str, Callable[[APIResponse], bool]] = {
        POSTED: lambda answer: answer.status == 405,
        FETCHED: lambda answer: answer.status == 200 and not is_page(answer),
        LED_ON: lambda answer: answer.status in (301, 302),
    }
    others = [one for one in VISITS if one.kind not in SHOWN]
    answers = {str(one): (one, visitors.fetch(one)) for one in others}
    wrong = {
        name: answer.status for name, (one, answer) in answers.items()
        if not checks[one.kind](answer)
    }  # fmt: skip
    assert wrong == {}
    assert {one.kind for one in others} == checks.keys()


def is_page(answer: APIResponse) -> bool:
    """True for what a browser shows as a page."""
    return answer.headers.get("content-type", "").startswith("text/html") and not (
        answer.headers.get("content-disposition", "").startswith("attachment")
    )


@pytest.mark.parametrize("area", AREAS)
def test_every_page_is_held_to_the_same_bars(visitors: Visitors, axe: Axe, area: str) -> None:
    first, _ = split(area)
    assert wrong_with(first, visitors, axe) == {}


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_so_is_every_page_in_its_other_states(visitors: Visitors, axe: Axe, area: str) -> None:
    _, more = split(area)
    assert wrong_with(more, visitors, axe) == {}


def split(area: str) -> tuple[list[Visit], list[Visit]]:
    """What is looked at in an area: the first line of each address, and its further ones."""
    shown = [one for one in AREAS[area] if one.kind in SHOWN]
    firsts = {one.name: one for one in reversed(shown)}
    first = [one for one in shown if firsts[one.name] == one]
    return first, [one for one in shown if one not in first]


def wrong_with(visits: list[Visit], visitors: Visitors, axe: Axe) -> dict[str, list[str]]:
    """What is wrong with each page of these, and what it complained of."""
    wrong: dict[str, list[str]] = {}
    for visit in visits:
        before = len(visitors.complaints)
        found = seen(visitors, visit, axe) + visitors.complaints[before:]
        if found:
            wrong[f"{visit} {visitors.service.path(visit)}"] = found
    return wrong


def test_every_page_for_what_went_wrong(visitors: Visitors, axe: Axe) -> None:
    """400 to 503, as the service answered; with its styles, scripts and policy."""
    page, wrong = visitors.page(NOBODY), {}
    assert visitors.service.told["gone_wrong"].keys() == {
        "400", "403", "404", "405", "413", "429", "500", "503",
    }  # fmt: skip
    for status, answer in visitors.service.told["gone_wrong"].items():
        address = f"/gone-wrong/{status}"
        page.route(f"**{address}", answered(int(status), answer))
        before = len(visitors.complaints)
        visitors.go(page, address)
        found = [*without_scripts(answer["body"]), *faults(page, axe, EXCUSED)]
        if found := found + visitors.complaints[before:]:
            wrong[status] = found
    assert wrong == {}


def answered(status: int, answer: dict[str, Any]) -> Callable[[Route], None]:
    """What gives a browser an answer that the service gave before."""
    return lambda route: route.fulfill(status=status, **answer)


def seen(visitors: Visitors, visit: Visit, axe: Axe) -> list[str]:
    """What is wrong with one page."""
    page, path = visitors.page(visit.who), visitors.service.path(visit)
    answer = visitors.go(page, path)
    if "/account/reauthenticate/" in page.url and "/account/reauthenticate/" not in path:
        # What matters most is asked for anew after five minutes; the page itself has its own line.
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
        answer = visitors.go(page, path)
    landed = page.url.removeprefix(visitors.service.address)
    if not (landed.endswith(visit.lands) if visit.lands else landed == path):
        return [f"led on to {landed}"]
    if answer is None or answer.status != SHOWN[visit.kind]:
        return [f"answered {answer and answer.status}: {page.title()}"]
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    html = answer.text()
    return [
        *without_scripts(html),
        *form_faults(html),
        *never_said(visit, html),
        *faults(page, axe, EXCUSED),
    ]


def never_said(visit: Visit, html: str) -> list[str]:
    """The words of a page that no page of its area may use."""
    plain = any(visit in AREAS[area] for area in PLAIN)
    said = {word for word, _ in hard_words(Words(html).text)} & NEVER if plain else ()
    return [f'says "{word}"' for word in sorted(said)]


@pytest.mark.parametrize(
    ("inside", "faults"),
    [
        ('<form method="post">{t}<input name="a"><button>Go</button></form>', []),
        ('<form><input name="q"><input type="submit" value="Go"></form>', []),
        ('<form method="post">{t}<button type="button" hidden>x</button><button>Go</button></form>',
         []),
        ('<form method="post">{t}<input name="a"></form>',
         ["form 1 has no button that sends it"]),
        ('<form method="post"><button>Go</button></form>', ["form 1 has no token"]),
        ('<form method="post">{t}</form>', []),
        ('<form method="post">{t}<select name="a"></select><button disabled>Go</button></form>',
         ["form 1 has no button that sends it"]),
        ('<form method="dialog"><button>Go</button></form>', ["form 1 is sent by dialog"]),
        ('<form>{t}<button>Go</button><button type="button" id="more">+</button></form>',
         ["more does nothing without scripts"]),
        ('<button id="lone">Go</button>', ["lone does nothing without scripts"]),
    ],
)  # fmt: skip
def test_a_form_that_needs_scripts_is_found(inside: str, faults: list[str]) -> None:
    token = '<input type="hidden" name="csrfmiddlewaretoken" value="x">'
    html = f"<body><button id='menu'>Menu</button><main>{inside.format(t=token)}</main></body>"
    assert form_faults(html) == faults


def test_a_word_that_few_people_know_is_found_and_only_where_it_matters() -> None:
    html = "<main><h1>The Cohort</h1><p>Your custodians, k is <code>merkle</code></p></main>"
    (public, desk) = (AREAS[area][0] for area in ("public", "desk"))
    found = ['says "cohort"', 'says "custodian"', 'says "k"']
    assert (never_said(public, html), never_said(desk, html)) == (found, [])


def without_scripts(html: str) -> list[str]:
    """What is wrong with a page as it comes from the service, before any script ran."""
    main = html.partition("<main")[2].partition("</main>")[0]
    headings = len(re.findall(r"<h1[ >]", main))
    return [] if headings == 1 else [f"{headings} main headings without scripts"]
