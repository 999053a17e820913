"""The whole way in a real browser: from an application that is filled in to a release.

Seventeen people click, each in a browser of their own, on one service with its workers. At the
end the permit and the release hold exactly what was decided.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import journey
from tests.browser.journey_home import make_hospital_home
from tests.web.house import Served, served


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journey")


def filled_in(service: Served, repository: Path, **variables: str) -> str:
    """The reference of the application that Amara has filled in."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.journey_home"],
        check=False, capture_output=True, text=True, cwd=repository,
        env={**os.environ, "COMMONWEAL_HOME": str(service.home), **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_whole_journey(browser: Browser, place: Path, repository: Path) -> None:
    stores = place / "stores"
    home = make_hospital_home(place, stores)
    with served(home, workers=True, COMMONWEAL_ROOT_STORE=str(stores)) as service:
        filled_in(service, repository)
        with journey.people_at(browser, service.address) as people:
            journey.hand_in(people)
            journey.send(people)
            journey.take_up(people)
            journey.assess(people)
            journey.decide(people)
            journey.agree(people)
            journey.release(people)
            assert people.complaints == []
