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
from tests.web.projects.room import Road


@pytest.fixture(scope="module")
def begun(
    web_home: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Road]:
    """An application that was decided, and brought as far as the module's `FROM` says."""
    from django.conf import settings
    from django.db import transaction

    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        home = copied(web_home, tmp_path_factory.mktemp("decided"))
        patch.setattr(settings, "ENVIRONMENT", dataclasses.replace(settings.ENVIRONMENT, home=home))
        found = Road(home, whole=getattr(request.module, "WHOLE", False)).decided()
        stage = getattr(request.module, "FROM", "")
        if stage:
            getattr(found, stage)()
        yield found
        transaction.set_rollback(True)


def copied(home: Path, to: Path) -> Path:
    """A copy of a home and of its root store."""
    shutil.copytree(home.with_name("stores"), to / "stores")
    return Path(shutil.copytree(home, to / "home"))


@pytest.fixture
def road(begun: Road, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """The module's application, for one test."""
    from django.conf import settings

    found = copy.deepcopy(begun)
    found.home = copied(begun.home, tmp_path)
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
