"""Homes of the studies tests: one release is built, and copied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.papers.job import quarter_after
from commonweal.sandbox.box import Sandbox
from tests.enclave_house import open_sandbox
from tests.web.conftest import new_client
from tests.web.releases.room import LIVE, copied
from tests.web.releases.room import Room as Releases
from tests.web.studies.room import Room


@pytest.fixture(scope="session")
def released_home(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a release of the live permit, for copying."""
    from commonweal.ledger.entry import Actor
    from commonweal.vault.custody import find_permit
    from commonweal.vault.release.build import build_release

    made = Releases(copied(web_home, tmp_path_factory.mktemp("released")), people=40)
    made.furnish()
    by = Actor("data_manager", "farah")
    made.with_custody(
        lambda custody: build_release(
            custody, find_permit(custody, LIVE), made.beside / "catalogue.json", made.choices, by=by
        )
    )
    return made.home


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A sandbox whose guards were tried once."""
    return open_sandbox(tmp_path_factory.mktemp("sandbox") / "users")


@pytest.fixture
def bare_room(
    released_home: Path, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Room]:
    """A home of its own of which nothing was told yet."""
    from django.conf import settings

    home = copied(released_home, tmp_path)
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    made = Room(home)
    yield made
    made.close()


@pytest.fixture
def room(bare_room: Room, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The same with a sandbox, whose worker has told the pages what they need to know."""
    from commonweal.web.studies import workers

    monkeypatch.setattr(workers, "sandbox_of", lambda *_, **__: sandbox)
    bare_room.work()
    return bare_room


@pytest.fixture
def clock(at: Callable[[Any], None]) -> FixedClock:
    """The service's clock, a second after the next full quarter of an hour."""
    held = FixedClock(quarter_after(datetime.now(UTC)) + timedelta(seconds=1))
    at(held)
    return held


@pytest.fixture
def browser_of(db: None) -> Callable[[str], Any]:
    """A browser in which somebody is signed in: `browser_of("amara")`."""

    def opened(who: str) -> Any:
        client = new_client()
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302
        return client

    return opened
