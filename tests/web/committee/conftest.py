"""The committee's house for each test: nothing of one test is left for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from tests.web.committee.house import House, now
from tests.web.signing_room import signer


@pytest.fixture
def house(web_home: Path, db: None, at: Callable[[Any], None]) -> Iterator[House]:
    from django.test import override_settings
    from django.urls import clear_url_caches

    held = FixedClock(now())
    at(held)
    with override_settings(ROOT_URLCONF="tests.web.committee.addresses"):
        clear_url_caches()
        with signer(web_home):
            pass  # the service is told who may vote
        yield House(web_home, held)
    clear_url_caches()
