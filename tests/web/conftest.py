"""Django once a process, on a home of its own; each test's rows are taken back after it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import Clock
from tests.web.house import make_home


@pytest.fixture(scope="session")
def web_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration home with Django standing on it."""
    from django.conf import settings

    if settings.configured:  # another folder's tests came first in this process
        return Path(settings.ENVIRONMENT.home)
    place = tmp_path_factory.mktemp("web") / "home"
    make_home(place, stores=place.with_name("stores"))
    os.environ["COMMONWEAL_HOME"] = str(place)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    # The real one is slow on purpose (`test_headers` looks at which it is).
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from commonweal.web.prepare import prepare

    prepare()
    return place


@pytest.fixture
def db(web_home: Path) -> Iterator[None]:
    """The database; whatever the test writes is rolled back."""
    from django.core.cache import cache
    from django.db import transaction

    with transaction.atomic():
        cache.clear()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def nothing_waits(db: None) -> None:
    """Nothing waits for its place on the ledger: what tests of the workers really wrote does."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("ledgerlink_intent", "signing_act"):
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture
def client(db: None) -> Any:
    """A browser's requests without the browser."""
    return new_client()


def new_client() -> Any:
    from django.test import Client

    return Client(headers={"host": "localhost:8000"}, REMOTE_ADDR="127.0.0.1")


@pytest.fixture
def sign_in(client: Any) -> Callable[[str], Any]:
    """Sign in as one of the made-up people: `sign_in("amara")`."""

    def signed_in(who: str) -> Any:
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302, answer.content
        return client

    return signed_in


@pytest.fixture
def at(web_home: Path) -> Iterator[Callable[[Clock], None]]:
    """Let the service go by another clock."""
    from commonweal.web.config import clock

    before: list[Clock] = []

    def use(held: Clock) -> None:
        before.append(clock.use_clock(held))

    yield use
    if before:
        clock.use_clock(before[0])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class Page:
    """What a page says, and its elements."""

    def __init__(self, answer: Any) -> None:
        reader = _Reader()
        self.html = answer.content.decode()
        reader.feed(self.html)
        self.text = " ".join(" ".join(reader.text).split())
        self.tags = reader.tags

    def every(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of every element of this kind."""
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and all(attributes.get(k) == v for k, v in wanted.items())
        ]


@pytest.fixture
def page(client: Any) -> Callable[..., Page]:
    """Get a page that must be there: `page("/about")`."""

    def got(path: str, status: int = 200) -> Page:
        answer = client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.content[:500])
        return Page(answer)

    return got
