"""The room of the releases tests: a copied home, so that what one test builds no other sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import new_client
from tests.web.releases.room import Room, copied


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
def browser_of(room: Room) -> Callable[[str], Any]:
    """A browser in which somebody is signed in: `browser_of("farah")`."""

    def opened(who: str) -> Any:
        client = new_client()
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302
        return client

    return opened
