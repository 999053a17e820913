"""The service in a real browser: for everyone, on any screen, by keyboard, without outside help."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import looking
from tests.browser.looking import Axe
from tests.web.house import Served, make_home, served

Watch = Callable[..., "Watched"]
PASSWORD = "four unrelated plain words"
WIDE = looking.SIZES[0]

PUBLIC = (
    "/", "/about", "/accessibility", "/cookies", "/data/", "/data/?q=born&role=other",
    "/data/?q=nothing-like-this", "/data/hospital/", "/data/hospital/patients/",
    "/data/hospital/patients/born/", "/data/hospital/patients/sex/", "/data/?show=datasets",
    "/data/odd/a~2Fb/", "/projects/", "/projects/?stage=planned",
    "/projects/permit-0/", "/projects/permit-3/", "/no-such-page", "/account/login/",
    "/account/signup/", "/account/password/reset/", "/account/people/",
)  # fmt: skip
SIGNED_IN = (
    "/account/", "/account/keys/", "/account/invite/", "/account/logout/", "/account/sessions/",
    "/account/mail/", "/account/directory/", "/account/directory/who-decides/",
    "/account/directory/organisations/", "/account/directory/organisations/new/",
    "/account/directory/invitations/", "/account/directory/mail/",
    "/account/directory/people/william/",
)  # fmt: skip


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
        context.set_default_timeout(8_000)
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
def watch(browser: Browser, service: Served) -> Iterator[Watch]:
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
    expect(page.get_by_role("heading", level=1)).to_have_text(who)
    return page


def faults(page: Page, axe: Axe) -> list[str]:
    """What is wrong with a page; breadcrumbs stand before the main part, too."""
    return looking.faults(page, axe, (looking.BACK_LINK, "breadcrumb"))


# Looked at by test_all_pages.py each time; here on another home.
@pytest.mark.slow
def test_every_public_page_is_for_everyone(watch: Watch, axe: Axe) -> None:
    watched = watch()
    wrong = {path: faults(watched.open(path), axe) for path in PUBLIC}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_every_page_of_a_person_is_for_everyone(watch: Watch, axe: Axe) -> None:
    watched = watch()
    page = sign_in(watched, "Farah Aziz")
    wrong = {path: faults(watched.open(path), axe) for path in SIGNED_IN}
    watched.open("/account/keys/")
    page.get_by_role("button", name="Make a key").click()
    # The error summary is what a screen reader says first.
    page.locator(".nhsuk-error-summary:focus").wait_for()
    wrong["errors"] = faults(page, axe)
    page.get_by_role("link", name="Say what the key is for.").click()
    assert page.evaluate("document.activeElement.id") == "id_name"
    page.keyboard.type("nightly list")
    page.get_by_label("Read the catalogue").check()
    page.get_by_role("button", name="Make a key").click()
    assert (page.locator("#new-key").text_content() or "").strip().startswith("cw_")
    wrong["a key"] = faults(page, axe)
    assert {path: found for path, found in wrong.items() if found} == {}


def test_the_way_through_by_keyboard_alone(watch: Watch) -> None:
    watched = watch()
    page = watched.open("/data/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    page.keyboard.press("Enter")
    page.wait_for_url("**#maincontent")
    reach(page, "Search")
    page.keyboard.type("born")
    reach(page, "What it is")
    page.keyboard.press("Enter")
    reach(page, "Says who somebody is")
    page.keyboard.press("Space")
    reach(page, "Show results")
    page.keyboard.press("Enter")
    page.wait_for_url("**/data/?*")
    expect(page.get_by_role("heading", name="1 detail")).to_be_visible()
    assert page.get_by_label("Says who somebody is").is_checked()
    reach(page, "born")
    page.keyboard.press("Enter")
    page.wait_for_url("**/born/")
    watched.open("/account/people/")
    reach(page, "Sign in as Grace Adeyemi", most=90)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    assert page.get_by_role("heading", level=1).inner_text() == "Grace Adeyemi"


def focused(page: Page) -> str:
    """The name of what has the focus, and that it can be seen to have it."""
    name, seen = page.evaluate(
        """() => {
            const one = document.activeElement;
            const style = getComputedStyle(one);
            const label = one.labels?.[0]?.textContent ?? one.textContent;
            const ring = [style.outlineStyle, style.boxShadow, style.borderBottomWidth].join(" ");
            return [label.trim().replace(/\\s+/g, " "), ring];
        }"""
    )
    assert seen != "none none 0px", name
    return str(name)


def reach(page: Page, name: str, most: int = 40) -> None:
    """Press Tab until the focus is on what is called `name`."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page).startswith(name):
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_everything_but_a_security_key_works_without_scripts(watch: Watch) -> None:
    watched = watch(java_script_enabled=False)
    page = watched.open("/data/")
    page.get_by_label("Search", exact=True).fill("born")
    page.get_by_role("button", name="Show results").click()
    expect(page.get_by_role("heading", name="1 detail")).to_be_visible()
    page = sign_in(watched, "Tara Singh")
    page.get_by_role("link", name="Keys for programs").click()
    page.get_by_label("What is the key for?").fill("list")
    page.get_by_label("Read the register of projects").check()
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator("#new-key")).to_be_visible()
    page.get_by_role("button", name="Take back list").click()
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_on_paper_nothing_stays_hidden(watch: Watch) -> None:
    page = watch().open("/projects/permit-0/")
    page.emulate_media(media="print")
    expect(page.get_by_text("as an age group of 5 years")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).not_to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


# --- a real account: invitation, second factor, signing in with a security key --------------------


def mail_to(service: Served, address: str) -> str:
    """The last mail to somebody, from the folder where it waits without a mail server.

    It goes out after what it is about was written, so it may take a moment.
    """
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        texts = [path.read_text() for path in sorted((service.home / "web" / "outbox").glob("*"))]
        found = [text for text in texts if f"To: {address}" in text]
        if found:
            return found[-1]
        time.sleep(0.1)
    raise AssertionError(f"no mail came to {address}")


def security_key(page: Page) -> None:
    """Plug in a made-up security key that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "usb", "hasResidentKey": True,
                "hasUserVerification": True, "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip


def test_a_member_of_staff_comes_in_by_invitation_and_signs_in_with_a_key(
    watch: Watch, service: Served, axe: Axe
) -> None:
    wrong: dict[str, list[str]] = {}
    host = sign_in(watch(), "Farah Aziz")
    host.goto(f"{service.address}/account/invite/")
    host.get_by_label("Their e-mail address").fill("olga@example.org")
    host.get_by_label("Organisation").select_option(
        label="Meadowbank Hospitals NHS Trust (fictional)"
    )
    host.get_by_label("Role").select_option(label="Output checker")
    host.get_by_role("button", name="Send the invitation").click()
    wrong["invited"] = faults(host, axe)
    found = re.search(
        r"http://localhost:\d+/account/invitation/\S+", mail_to(service, "olga@example.org")
    )
    assert found is not None

    watched = watch()
    page = watched.page
    security_key(page)
    page.goto(found[0])
    wrong["accept"] = faults(page, axe)
    page.get_by_label("Your full name").fill("Olga Olsen")
    page.get_by_label("Make a password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    wrong["accepted"] = faults(page, axe)
    page.get_by_role("button", name="Sign in").click()
    enter_password(page)

    # No page of hers opens before she has a second factor.
    assert page.get_by_role("heading", level=1).inner_text() == "Your second factor"
    wrong["factors"] = faults(page, axe)
    watched.open("/account/second-factor/totp/activate/")
    assert page.get_by_role("heading", level=1).inner_text() == "Show that it is you"
    wrong["again"] = faults(page, axe)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("img.house-qr")).to_be_visible()
    wrong["app"] = faults(page, axe)
    watched.open("/account/second-factor/webauthn/")
    wrong["no keys"] = faults(page, axe)
    page.get_by_role("button", name="Add a security key").click()
    wrong["add a key"] = faults(page, axe)
    page.get_by_label("Name").fill("blue key")
    page.get_by_role("button", name="Add the key").click()
    page.wait_for_url("**/recovery-codes/")
    assert page.locator("#recovery-codes li").count() == 10
    wrong["codes"] = faults(page, axe)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Olga Olsen")

    for path in (
        "/account/password/change/", "/account/email/", "/account/second-factor/",
        "/account/second-factor/webauthn/", "/account/second-factor/recovery-codes/",
        "/account/second-factor/recovery-codes/generate/",
        "/account/second-factor/reauthenticate/", "/account/second-factor/webauthn/reauthenticate/",
    ):  # fmt: skip
        wrong[path] = faults(watched.open(path), axe)
    watched.open("/account/second-factor/webauthn/")
    for name, back in (("Rename blue key", "/edit/"), ("Remove blue key", "/remove/")):
        page.get_by_role("link", name=name).click()
        page.wait_for_url(f"**{back}")
        wrong[name] = faults(page, axe)
        page.go_back()

    watched.open("/account/logout/")
    page.get_by_role("button", name="Sign out").click()
    watched.open("/account/login/")
    enter_password(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Show your second factor"
    wrong["second factor"] = faults(page, axe)
    watched.open("/account/")  # half signed in is not signed in
    assert page.get_by_role("heading", level=1).inner_text() == "Show your second factor"
    page.get_by_role("button", name="Use my security key").click()
    page.wait_for_url("**/account/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Olga Olsen")
    assert {name: found for name, found in wrong.items() if found} == {}


def enter_password(page: Page) -> None:
    page.get_by_label("Email").fill("olga@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
