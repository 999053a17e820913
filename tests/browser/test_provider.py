"""The way through a provider of identity in a real browser: in, refused, in again, and out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from commonweal.web.config.providers import private_key
from tests.browser.looking import Axe, faults
from tests.browser.test_service import mail_to
from tests.web.house import Served, make_home, served
from tests.web.provider import CLIENT, LocalProvider, client_key, local_provider


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProvider]:
    key = client_key(tmp_path_factory.mktemp("key") / "cis2.pem")
    with local_provider(asks=True, client=private_key(key)) as running:
        running.lies["key_file"] = key
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, provider: LocalProvider) -> Iterator[Served]:
    home = make_home(
        tmp_path_factory.mktemp("cis2") / "home", stores=tmp_path_factory.mktemp("s") / "stores"
    )
    with served(
        home,
        COMMONWEAL_CIS2_ISSUER=provider.issuer,
        COMMONWEAL_CIS2_CLIENT=CLIENT,
        COMMONWEAL_CIS2_KEY=str(provider.lies.pop("key_file")),
    ) as running:
        yield running


def test_in_by_the_provider_and_out_again(
    browser: Browser, service: Served, provider: LocalProvider, axe: Axe
) -> None:
    complaints: list[str] = []
    wrong: dict[str, list[str]] = {}
    host = browser.new_context(base_url=service.address).new_page()
    host.goto("/account/people/")
    host.get_by_role("button", name="Sign in as Edward Shaw").click()
    host.goto("/account/invite/")
    host.get_by_label("Their e-mail address").fill("tess@example.org")
    place = "Meadowbank Hospitals NHS Trust (fictional)"
    host.get_by_label("Organisation").select_option(label=place)
    host.get_by_label("Role").select_option(label="Output checker")
    host.get_by_role("button", name="Send the invitation").click()
    link = re.search(
        r"http://localhost:\d+/account/invitation/\S+", mail_to(service, "tess@example.org")
    )
    assert link is not None

    context = browser.new_context(base_url=service.address)
    context.set_default_timeout(8_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    page.goto(link[0])
    wrong["accept"] = faults(page, axe, ())
    page.get_by_role("button", name="Use NHS CIS2").click()
    page.get_by_role("link", name="Sign in as Tess Ting").click()
    page.get_by_role("heading", level=1, name="Tess Ting").wait_for()
    expect(page.get_by_text("You signed in with NHS CIS2")).to_be_visible()
    wrong["account"] = faults(page, axe, ())

    # Out here, and there: no policy of the page stands in the way of going on.
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Signed out at the provider").wait_for()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Sign in", exact=True).wait_for()

    page.goto("/account/login/")
    wrong["login"] = faults(page, axe, ())
    provider.person.acr = "AAL2_ANY"
    page.get_by_role("button", name="Sign in with NHS CIS2").click()
    page.get_by_role("link", name="Sign in as Tess Ting").click()
    page.get_by_text("You did not sign in strongly enough").wait_for()
    wrong["refused"] = faults(page, axe, ())
    provider.person.acr = "AAL3_ANY"
    page.goto("/account/login/?next=/account/keys/")
    page.get_by_role("button", name="Sign in with NHS CIS2").click()
    page.get_by_role("link", name="Sign in as Tess Ting").click()
    page.get_by_role("heading", level=1, name="Tess Ting").wait_for()
    assert provider.refused == []
    assert {name: found for name, found in wrong.items() if found} == {}
    assert complaints == []
