"""The committee's house for each test: nothing of one test is left for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.vault.custody import open_custody
from tests.web.committee.house import House, now
from tests.web.signing_room import WebClock


@pytest.fixture(scope="module")
def custody(web_home: Path) -> Iterator[Any]:
    """The signer's side of the home, opened once: opening it costs more than a signature."""
    with open_custody(web_home, WebClock(), root_store=web_home.with_name("stores")) as opened:
        yield opened


@pytest.fixture
def house(custody: Any, db: None, at: Callable[[Any], None]) -> Iterator[House]:
    from django.test import override_settings
    from django.urls import clear_url_caches

    from commonweal.web.signing.workers import tell_roster

    held = FixedClock(now())
    at(held)
    with override_settings(ROOT_URLCONF="tests.web.committee.addresses"):
        clear_url_caches()
        tell_roster(custody)
        yield House(custody, held)
    clear_url_caches()
