"""A hospital with one release, NHS login beside it, and a browser that goes the whole way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from commonweal.vault.mydata.believed import set_provider
from commonweal.vault.mydata.order_key import publish_order_key
from commonweal.vault.mydata.tries import WINDOW
from commonweal.web.config.providers import read_nhs_login
from tests.release_house import House, make_house, permitted
from tests.unit.choices.helpers import nhs_numbers
from tests.unit.mydata.helpers import jwks
from tests.web.conftest import Page, new_client
from tests.web.nhs_login import NHSLogin, nhs_login
from tests.web.provider import CLIENT, client_key, new_key

STRANGER = nhs_numbers(40)[-1]
THEIRS = new_key("first")


@dataclass
class Hospital:
    """The home, the provider and the release that the tests' people are in."""

    house: House
    provider: NHSLogin
    release: str

    def work(self) -> int:
        """Every step of the vault for this app, once; nothing is waited for."""
        from commonweal.web.patients.workers import steps

        return sum(step(self.house.custody()) for step in steps("vault"))

    def go(self, browser: Any, number: str, begin: str = "/my-data/sign-in/") -> Any:
        """The way there and back as somebody; gives the answer to the callback."""
        self.provider.person.nhs_number = number  # type: ignore[attr-defined]
        there = browser.get(begin)
        assert there.status_code == 302, Page(there).text
        return browser.get(local(at_provider(there["Location"])))

    def look(self, number: str, browser: Any = None) -> Page:
        """Signs in, has the vault work, and reads the page."""
        browser = browser or new_client()
        assert self.go(browser, number)["Location"] == "/my-data/answer/"
        self.work()
        return Page(browser.get("/my-data/answer/"))


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def at_provider(address: str) -> str:
    """What a browser does there: opens the address; where it is sent back to."""
    with pytest.raises(HTTPError) as caught:
        build_opener(_Stay).open(address)
    assert caught.value.code == 302
    return str(caught.value.headers["Location"])


def local(address: str) -> str:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost:8000"
    return f"{parts.path}?{parts.query}"


@pytest.fixture(scope="session")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    place = tmp_path_factory.mktemp("patients")
    house = make_house(place / "house", count=24)
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    report = house.build(house.issue(data=data))
    publish_order_key(house.custody())
    yield house, str(report.manifest["release"])
    house.close()


@pytest.fixture(scope="session")
def our_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return client_key(tmp_path_factory.mktemp("key") / "nhs-login.pem")


@pytest.fixture(scope="session")
def running(own_house: tuple[House, str], our_key: Path) -> Iterator[tuple[NHSLogin, Any]]:
    """The provider, and what the vault believes of it: once for all tests."""
    house = own_house[0]
    said = {"ISSUER": "https://x.example", "CLIENT": CLIENT, "KEY": str(our_key)}
    ours = read_nhs_login({f"COMMONWEAL_NHS_LOGIN_{name}": text for name, text in said.items()})
    assert ours is not None
    with nhs_login(
        client=ours.key, keys=[THEIRS], clock=lambda: house.clock.now().timestamp()
    ) as provider:
        set_provider(house.custody(), provider.issuer, CLIENT, frozenset({"RS512"}), jwks(THEIRS))
        yield provider, replace(ours, issuer=provider.issuer)


@pytest.fixture
def hospital(
    db: None,
    own_house: tuple[House, str],
    running: tuple[NHSLogin, Any],
    at: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Hospital]:
    from django.conf import settings

    from commonweal.web.accounts.oidc.metadata import forget
    from commonweal.web.patients import workers
    from tests.web.nhs_login import Patient

    house, release = own_house
    house.clock.advance(WINDOW + timedelta(minutes=1))
    at(house.clock)
    forget()
    provider, ours = running
    provider.person, provider.lies = Patient(), {}
    provider.refused.clear()
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=house.home))
    monkeypatch.setattr(settings, "PATIENTS_PROVIDER", ours)
    monkeypatch.setattr(workers, "sleep", lambda _seconds: None)
    made = Hospital(house, provider, release)
    made.work()  # the vault says that it would answer
    yield made
    assert provider.refused == [] or provider.lies


@pytest.fixture
def browser(db: None) -> Any:
    return new_client()
