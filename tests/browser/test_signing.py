"""People sign in the service that `commonweal serve` runs, with its signer beside it.

One signs with a security key (Chromium's virtual one) that the roster of the home names; another,
in the same demonstration, with a button and without scripts. What they signed is on the ledger.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, Page, expect

from commonweal.demo.walkthrough.deciding import CHANGERS, people_list
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.files import write_atomic
from commonweal.foundation.london import london_day
from commonweal.papers.credentials import unb64url
from commonweal.vault.custody import open_custody
from commonweal.vault.custody.acts import records_about
from commonweal.vault.custody.roster_changes import (
    PeopleList,
    adopt_roster,
    propose_roster,
    sign_roster,
)
from commonweal.vault.custody.version_papers import draft_bytes
from tests.authenticator import Authenticator
from tests.browser.looking import SIZES, Axe, visitors
from tests.web.house import Served, free_port, make_home, served

KEY = Authenticator("amara's own")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "stores"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, stores: Path) -> Iterator[Served]:
    home = make_home(tmp_path_factory.mktemp("signing") / "home", stores=stores)
    port = free_port()
    adopt_key(home, stores, f"http://localhost:{port}")
    with served(home, workers=("signer",), port=port, COMMONWEAL_ROOT_STORE=str(stores)) as running:
        yield running


def adopt_key(home: Path, stores: Path, origin: str) -> None:
    """Amara signs with a security key at `origin`; two people sign the list that says so."""
    file = home.with_name("next.roster")
    with open_custody(home, SystemClock(), root_store=stores) as custody:
        plain = people_list(london_day(custody.book.now()))
        (amara,) = [one for one in plain["people"] if one["id"] == "amara"]
        known = KEY.credential()
        amara["credentials"] = [{"webauthn": known["id"], "public_key": known["public_key"]}]
        plain["site"] = {"rp_id": "localhost", "origins": [origin]}
        asked = PeopleList.read(plain, "The list of people")
        write_atomic(file, draft_bytes(propose_roster(custody, asked)))
        for key in CHANGERS:
            sign_roster(custody, file, key)
        adopt_roster(custody, file)


@pytest.fixture(scope="module")
def rows(service: Served, repository: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.disk", "tests.browser.signing_rows"],
        check=False, capture_output=True, text=True, cwd=repository,
        env={**os.environ, "COMMONWEAL_HOME": str(service.home),
             "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[..., Page]]:
    with visitors(browser, service.address, 15_000) as pages:
        yield pages


def hold_key(page: Page, key: Authenticator | None) -> Callable[[], Any]:
    """Give the browser a virtual security key: `key`, or one that knows no site yet.

    Returns what takes it away again.
    """
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": False,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    authenticator = {"authenticatorId": made["authenticatorId"]}
    if key is None:
        return lambda: devtools.send("WebAuthn.removeVirtualAuthenticator", authenticator)
    private = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    devtools.send("WebAuthn.addCredential", {
        **authenticator,
        "credential": {
            "credentialId": base64.b64encode(unb64url(key.id)).decode(),
            "isResidentCredential": False, "rpId": "localhost",
            "privateKey": base64.b64encode(private).decode(), "signCount": 1,
        },
    })  # fmt: skip
    return lambda: devtools.send("WebAuthn.removeVirtualAuthenticator", authenticator)


def assert_fit(page: Page, axe: Axe) -> None:
    """No fault of accessibility, and nothing to scroll sideways, on a wide and a narrow screen."""
    for width in SIZES:
        page.set_viewport_size({"width": width, "height": 900})
        assert axe(page) == [], (page.url, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)


def recorded(service: Served, stores: Path, reference: str) -> list[Any]:
    with open_custody(service.home, SystemClock(), root_store=stores) as custody:
        return list(records_about(custody, reference).acts.values())


def test_a_person_signs_with_a_security_key(
    opened: Callable[..., Page], service: Served, rows: dict[str, Any], stores: Path, axe: Axe
) -> None:
    page = opened("Amara Okafor")
    take_away = hold_key(page, Authenticator("a stranger's"))
    reference = rows["amara"]
    page.goto(f"/applications/{reference}/")
    page.get_by_role("button", name="Sign what you sent").click()
    page.get_by_role("heading", level=1, name="What you sent").wait_for()
    assert "I send this application for a decision" in page.inner_text("main")
    assert_fit(page, axe)
    # A key that is not hers does not answer; nothing is lost, and her own is taken after it.
    page.get_by_role("button", name="Sign with your security key").click()
    page.get_by_text("The security key did not answer").wait_for()
    assert recorded(service, stores, reference) == []
    take_away()
    hold_key(page, KEY)
    page.get_by_role("button", name="Sign with your security key").click()
    page.get_by_text("You signed it, and the ledger has heard of it.").wait_for()
    assert page.url.endswith(f"/applications/{reference}/sent/1/")
    expect(page.locator("main")).to_contain_text("It is signed")
    (record,) = recorded(service, stores, reference)
    assert (record.actor, record.kind, record.credential) == ("amara", "send", KEY.id)
    page.goto("/sign/")
    assert "The ledger heard of it on" in page.inner_text("main")
    assert_fit(page, axe)
    page.get_by_role("link", name="I send this application").first.click()
    page.get_by_role("heading", level=1, name="You signed it").wait_for()
    assert_fit(page, axe)
    for state in ("late", "refused"):
        page.goto(f"/sign/{rows['acts'][state]}/")
        assert_fit(page, axe)


def test_a_made_up_person_signs_without_scripts(
    opened: Callable[..., Page], service: Served, rows: dict[str, Any], stores: Path
) -> None:
    page = opened("Divya Nair", scripts=False)
    reference = rows["divya"]
    page.goto(f"/applications/{reference}/")
    page.get_by_role("button", name="Sign what you sent").click()
    page.get_by_role("button", name="Sign", exact=True).click()
    # Where the machine is slow the page says that it is on its way; a person looks again.
    for _ in range(20):
        if f"/applications/{reference}/" in page.url:
            break
        link = page.get_by_role("button", name="Look again").or_(
            page.get_by_role("button", name="Continue")
        )
        link.click()
    expect(page.locator("main")).to_contain_text("It is signed")
    (record,) = recorded(service, stores, reference)
    assert (record.actor, record.kind) == ("divya", "send")


def test_a_key_for_signing_is_set_up(opened: Callable[..., Page], axe: Axe) -> None:
    page = opened("Grace Adeyemi")
    hold_key(page, None)
    page.goto("/sign/key/")
    offered = page.get_by_role("button", name="Set up the key")
    # Until the signer's worker has told of the list of people, the page says that nobody can sign.
    for _ in range(60):
        if offered.count():
            break
        assert "Nobody can sign here yet" in page.inner_text("main")
        page.wait_for_timeout(500)
        page.goto("/sign/key/")
    assert_fit(page, axe)
    offered.click()
    page.get_by_role("heading", level=1, name="does not count yet").wait_for()
    assert "among the credentials of grace" in page.inner_text("pre")
    assert_fit(page, axe)
    with page.expect_download() as got:
        page.get_by_role("link", name="Download it as a file").click()
    assert got.value.suggested_filename == "security-key-of-grace.yaml"
