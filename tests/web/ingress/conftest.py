"""The room of the ingress tests: one home with a permit, copied; one sandbox, tried once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commonweal.sandbox.box import Sandbox
from tests.enclave_house import open_sandbox
from tests.web.conftest import new_client
from tests.web.ingress.room import Room
from tests.web.own_permits import issue_own, own_rows
from tests.web.releases.room import copied


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="session")
def own_home(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a permit of amara and bethan, for copying."""
    from django.db import transaction

    home = copied(web_home, tmp_path_factory.mktemp("own"))
    with transaction.atomic():
        issue_own(home)
        transaction.set_rollback(True)
    return home


@pytest.fixture
def bare(own_home: Path, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A copied home without a sandbox: nothing of it is opened that needs one."""
    from django.conf import settings

    shutil.copytree(own_home.with_name("stores"), tmp_path / "stores")
    shutil.copytree(own_home, tmp_path / "home")
    home = tmp_path / "home"
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    own_rows()
    return Room(home)


@pytest.fixture
def room(bare: Room, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The same with a sandbox."""
    from commonweal.web.ingress import workers

    monkeypatch.setattr(workers, "opened_sandbox", lambda _custody: sandbox)
    return bare


@pytest.fixture
def browser_of(db: None) -> Callable[[str], Any]:
    """A browser in which somebody is signed in: `browser_of("farah")`."""

    def opened(who: str) -> Any:
        client = new_client()
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302
        return client

    return opened
