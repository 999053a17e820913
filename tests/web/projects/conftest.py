"""One decided application for all tests here, each in a copy of the home and in rows of its own."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import new_client
from tests.web.projects.room import OTHERS, Nothing, Road


@pytest.fixture(scope="module")
def decided(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """An application that was sent, voted on and decided."""
    from django.conf import settings
    from django.db import transaction

    from commonweal.web.signing import handlers

    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        for kind in OTHERS:
            patch.setitem(handlers._handlers, kind, Nothing())
        home = copied(web_home, tmp_path_factory.mktemp("decided"))
        patch.setattr(settings, "ENVIRONMENT", dataclasses.replace(settings.ENVIRONMENT, home=home))
        yield Road(home).decided()
        transaction.set_rollback(True)


def copied(home: Path, to: Path) -> Path:
    """A copy of a home and of its root store."""
    shutil.copytree(home.with_name("stores"), to / "stores")
    return Path(shutil.copytree(home, to / "home"))


@pytest.fixture
def road(decided: Road, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """The decided application, for one test."""
    from django.conf import settings

    found = copy.deepcopy(decided)
    found.home = copied(decided.home, tmp_path)
    found.application.refresh_from_db()
    monkeypatch.setattr(
        settings, "ENVIRONMENT", dataclasses.replace(settings.ENVIRONMENT, home=found.home)
    )
    return found


@pytest.fixture
def browser_of(db: None) -> Callable[[str], Any]:
    """A browser in which somebody is signed in: `browser_of("owen")`."""

    def opened(who: str) -> Any:
        client = new_client()
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302
        return client

    return opened
