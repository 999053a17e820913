"""The room of these tests: one home with counts for all that only read, copies for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.web.feasibility.room import PEOPLE, contract, counted_room
from tests.web.releases.conftest import browser_of  # noqa: F401 (a fixture)
from tests.web.releases.room import Room, copied


@pytest.fixture(scope="session")
def set_up_room(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Counts are set up, and none was made."""
    return counted_room(tmp_path_factory.mktemp("counted"))


@pytest.fixture(scope="session")
def frozen_room(set_up_room: Room, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """This month's counts are frozen. Nobody may change this one."""
    from commonweal.vault.cube.monthly import build_month, every_monthly

    room = copy_of(set_up_room, tmp_path_factory.mktemp("frozen"))
    room.with_custody(lambda custody: build_month(custody, every_monthly(custody)[0]))
    return room


def copy_of(room: Room, to: Path) -> Room:
    made = Room(copied(room.home, to), people=PEOPLE)
    made.furnish()
    return made


@pytest.fixture
def waiting(set_up_room: Room, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A home of its own in which the month's counts wait to be made."""
    made = copy_of(set_up_room, tmp_path)
    stand_on(monkeypatch, made)
    return made


@pytest.fixture
def told(frozen_room: Room, db: None, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The pages know this month's counts, and the university has a contract."""
    from commonweal.web.discovery.workers import tell_counts

    stand_on(monkeypatch, frozen_room)
    frozen_room.with_custody(tell_counts)
    contract("university")
    return frozen_room


def stand_on(monkeypatch: pytest.MonkeyPatch, room: Room) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=room.home))


@pytest.fixture
def asks(browser_of: Callable[[str], Any]) -> Callable[..., Any]:  # noqa: F811
    """The answer to a question: `asks("amara", sex="F")`; None of `who` is nobody."""
    from tests.web.conftest import new_client

    browsers: dict[str | None, Any] = {}

    def asked(who: str | None, dataset: str = "hospital", /, **question: Any) -> Any:
        if who not in browsers:
            browsers[who] = browser_of(who) if who else new_client()
        return browsers[who].get(f"/data/feasibility/{dataset}", question)

    return asked
