"""A researcher in a real browser, the real workers beside: sent, run, and taken back.

Nothing here is stood in for: the worker of the room `enclave` reads the file and runs the study in
the sandbox while the page, which works without scripts, is looked at again.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from commonweal.foundation.clock import SystemClock
from commonweal.papers.job import quarter_before
from tests.browser.looking import visitors
from tests.web.house import Served, make_home, served
from tests.web.releases.room import LIVE, Room
from tests.web.studies.room import SLEEPS, study

PREPARE = "import django; django.setup()\nfrom commonweal.web.prepare import prepare; prepare()"
ROOT = Path(__file__).parents[2]
STATES = ("Waiting", "At work", "Finished")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from commonweal.ledger.entry import Actor
    from commonweal.vault.custody import find_permit, open_custody
    from commonweal.vault.release.build import build_release

    place = tmp_path_factory.mktemp("studies")
    home = make_home(place / "home", stores=place / "stores")
    room = Room(home, people=40)
    room.furnish()
    with open_custody(home, SystemClock(), root_store=place / "stores") as custody:
        build_release(
            custody, find_permit(custody, LIVE), place / "catalogue.json", room.choices,
            by=Actor("data_manager", "farah"),
        )  # fmt: skip
    # Beside the workers on a busy machine it would take longer than the service may to begin.
    subprocess.run(
        [sys.executable, "-c", PREPARE], check=True, cwd=ROOT, capture_output=True,
        env=os.environ | {
            "COMMONWEAL_HOME": str(home), "COMMONWEAL_ROOT_STORE": str(place / "stores"),
            "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
        },
    )  # fmt: skip
    with served(home, workers=True, COMMONWEAL_ROOT_STORE=str(place / "stores")) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[..., Page]]:
    with visitors(browser, service.address, 60_000) as pages:
        yield pages


def states(home: Path) -> list[str]:
    """How the enclave's own jobs stand, the oldest first."""
    database = home / "enclave" / "queue.sqlite"
    if not database.exists():
        return []
    with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as queue:
        rows = queue.execute("SELECT state FROM job ORDER BY submitted_at").fetchall()
    return [str(state) for (state,) in rows]


def wait_until(what: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.2)


def send(page: Page, file: Path) -> None:
    page.goto(f"/studies/{LIVE}/send")
    page.get_by_label("The file with your study").set_input_files(str(file))
    page.get_by_role("button", name="Send it").click()
    page.get_by_text("Your study was sent.").wait_for()


def test_sent_run_and_taken_back(
    opened: Callable[..., Page], service: Served, tmp_path: Path
) -> None:
    quick, slow = tmp_path / "quick.zip", tmp_path / "slow.zip"
    quick.write_bytes(study(tmp_path / "q", title="Quick"))
    slow.write_bytes(study(tmp_path / "s", SLEEPS, title="Slow", limits={"minutes": 10}))
    amara = opened("Amara Okafor", scripts=False)

    def runs() -> bool:  # whom the permit names, and that the sandbox holds, the worker tells
        found = amara.goto(f"/studies/{LIVE}/")
        told = found is not None and found.status == 200
        return told and "not run at the moment" not in amara.content()

    # Until it was told the page is not there, which the browser says.
    wait_until(lambda: runs_quietly(service) and runs())
    amara.get_by_role("link", name="Studies", exact=True).click()
    amara.get_by_role("link", name="Asthma in winter").click()
    amara.get_by_role("button", name="Send a study").click()
    quarter = quarter_before(SystemClock().now())
    send(amara, quick)
    send(amara, slow)
    wait_until(lambda: states(service.home) == ["finished", "running"])
    amara.goto(f"/studies/{LIVE}/")
    shown = [amara.get_by_text(word, exact=True).count() for word in STATES]
    # How they stand is told on a full quarter of an hour, which may just have been (S4).
    if quarter == quarter_before(SystemClock().now()):
        assert dict(zip(STATES, shown, strict=True)) == {"Waiting": 2, "At work": 0, "Finished": 0}
    assert sum(shown) == 2
    amara.get_by_role("link", name="Slow").click()
    amara.get_by_role("button", name="Take it back").click()
    amara.get_by_role("heading", name="Take this study back?").wait_for()
    amara.get_by_role("button", name="Take it back").click()
    amara.get_by_text("has asked to take it back").wait_for()
    wait_until(lambda: states(service.home) == ["finished", "cancelled"])
    amara.reload()
    shown_now = sum(amara.get_by_text(word, exact=True).count() for word in (*STATES, "Taken back"))
    assert shown_now == 1


def runs_quietly(service: Served) -> bool:
    """Whether the worker has told whom the permit names, looked at beside the service."""
    (database,) = service.home.rglob("service.sqlite")
    with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as rows:
        return bool(rows.execute("SELECT count(*) FROM studies_named").fetchone()[0])
