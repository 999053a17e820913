"""The room of the releases tests: a copied home, so that what one test builds no other sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import new_client
from tests.web.releases.room import LIVE, Room, copied


@pytest.fixture
def room(web_home: Path, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A home of its own with a live permit and records."""
    from django.conf import settings

    home = copied(web_home, tmp_path)
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    made = Room(home)
    made.furnish()
    return made


@pytest.fixture
def browser_of(db: None) -> Callable[[str], Any]:
    """A browser in which somebody is signed in: `browser_of("farah")`."""

    def opened(who: str) -> Any:
        client = new_client()
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302
        return client

    return opened


@pytest.fixture(scope="session")
def built_home(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which farah planned and built a release, for copying."""
    from commonweal.ledger.entry import Actor
    from commonweal.vault.custody import find_permit
    from commonweal.vault.release.build import build_release

    made = Room(copied(web_home, tmp_path_factory.mktemp("built")))
    made.furnish()
    by = Actor("data_manager", "farah")
    made.with_custody(
        lambda custody: build_release(
            custody, find_permit(custody, LIVE), made.beside / "catalogue.json", made.choices, by=by
        )
    )
    return made.home


@pytest.fixture
def measured(built_home: Path, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A room with a release that waits for a second person; its row is told by the worker."""
    from django.conf import settings

    home = copied(built_home, tmp_path)
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    made = Room(home)
    made.furnish()
    made.work()
    return made
