"""The service set up for a provider that the test runs, and the way there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.web.config.providers import read_cis2
from tests.web.conftest import Page
from tests.web.provider import CLIENT, LocalProvider, client_key, local_provider, new_key
from tests.web.test_accounts import person

WAY = "/account/with/cis2/"
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
"""Tomorrow: the demonstration's people have their roles since today."""


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return client_key(tmp_path_factory.mktemp("key") / "cis2.pem")


@pytest.fixture(scope="module")
def first_keys() -> list[Any]:
    return [new_key("first"), new_key("second")]


@pytest.fixture(scope="module")
def ours(key_file: Path) -> Any:
    """What we are to the provider; each test's provider has an address of its own."""
    found = read_cis2(settings_for(key_file, CLIENT=CLIENT))
    assert found is not None
    return found


@pytest.fixture
def held(at: Callable[[Any], None]) -> FixedClock:
    clock = FixedClock(NOW)
    at(clock)
    return clock


@pytest.fixture
def provider(
    client: Any,
    held: FixedClock,
    ours: Any,
    first_keys: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[LocalProvider]:
    """The provider, and the service set up for it."""
    from django.conf import settings

    from commonweal.web.accounts.oidc.metadata import forget

    forget()
    with local_provider(keys=first_keys[:1], clock=lambda: held.now().timestamp()) as running:
        running.client = ours.key
        monkeypatch.setattr(settings, "PROVIDERS", {"cis2": replace(ours, issuer=running.issuer)})
        yield running


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def at_provider(address: str) -> str:
    """What a browser does there: opens the address; where it is sent back to."""
    with pytest.raises(HTTPError) as caught:
        build_opener(_Stay).open(address)
    assert caught.value.code == 302
    return str(caught.value.headers["Location"])


def go(browser: Any, begin: str = WAY) -> Any:
    """The whole way: begin here, sign in there, and the answer here."""
    answer = browser.get(begin)
    assert answer.status_code == 302, answer.content
    return browser.get(local(at_provider(answer["Location"])))


def local(address: str) -> str:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost:8000"
    return f"{parts.path}?{parts.query}"


def linked(role: str | None = "siro", subject: str = "555500000001", **more: Any) -> Any:
    """A person with an account that is connected with the provider's person."""
    from django.conf import settings

    from commonweal.web.accounts.linking import link

    user = person(role, **more)
    link(user, settings.PROVIDERS["cis2"], subject)
    return user


def said(answer: Any, code: str, status: int = 403) -> str:
    """The one sentence of a refusal: it has the code, and the person is nobody."""
    shown = Page(answer).text
    assert answer.status_code == status, shown
    assert code in shown
    return shown


def settings_for(key: Path, **more: str) -> dict[str, str]:
    said_ = {"ISSUER": "https://am.example.nhs.uk", "CLIENT": "c", "KEY": str(key)} | more
    return {f"COMMONWEAL_CIS2_{name}": value for name, value in said_.items()}
