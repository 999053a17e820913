"""One project with a permit for three years, in a copy of the home and in rows of its own."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.web.projects.conftest import browser_of as browser_of
from tests.web.projects.conftest import copied
from tests.web.reviews.room import Reviewed


@pytest.fixture(scope="module")
def begun(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """The permit, made once for a file and rolled back after it; its review is not due yet."""
    from django.conf import settings
    from django.db import transaction

    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        home = copied(web_home, tmp_path_factory.mktemp("reviewed"))
        patch.setattr(settings, "ENVIRONMENT", dataclasses.replace(settings.ENVIRONMENT, home=home))
        found = Reviewed(home)
        found.begin()
        yield found
        transaction.set_rollback(True)


@pytest.fixture
def house(
    begun: Reviewed, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    at: Callable[[Any], None],
) -> Reviewed:  # fmt: skip
    """The project, for one test, with a clock that the test moves."""
    from django.conf import settings

    found = copy.deepcopy(begun)
    found.home = copied(begun.home, tmp_path)
    found.application.refresh_from_db()
    found.use = at
    monkeypatch.setattr(
        settings, "ENVIRONMENT", dataclasses.replace(settings.ENVIRONMENT, home=found.home)
    )
    found.later(timedelta(minutes=1))
    return found
