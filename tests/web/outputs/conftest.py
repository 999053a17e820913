"""Homes for the tests of outputs: made once a session, copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.outputs.room import Airlock, make_template
from tests.web.releases.conftest import browser_of  # noqa: F401 (a fixture)
from tests.web.releases.room import copied


@pytest.fixture(scope="session")
def released_home(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a live permit of amara's and a release of it, for copying."""
    return make_template(tmp_path_factory.mktemp("airlock"))


@pytest.fixture
def airlock(
    released_home: Path, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Airlock]:
    """A room whose worker has a release to recompute on."""
    from django.conf import settings

    from commonweal.web.config.trusting import look_at_home

    home = copied(released_home, tmp_path)
    monkeypatch.setattr(settings, "HOME", look_at_home(home))
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    made = Airlock(home)
    made.begin()
    yield made
    made.end()
