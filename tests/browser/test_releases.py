"""A data manager and a second person in a real browser: plan, build, look, sign off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import Axe, faults, visitors
from tests.web.house import Served, make_home, served
from tests.web.releases.room import LIVE, Room

R1 = f"{LIVE}.r1"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("releases")
    home = make_home(place / "home", stores=place / "stores")
    Room(home).furnish()
    with served(home, COMMONWEAL_ROOT_STORE=str(place / "stores")) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, service: Served) -> Iterator[Callable[..., Page]]:
    """A signed-in page: `opened(who)`. At the end no page may have complained."""
    with visitors(browser, service.address, 15_000) as pages:
        yield pages


def work(service: Served, room: str = "vault") -> None:
    """One round of a room's worker, beside the service, in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "tests.web.releases.working", str(service.home), room],
        check=True, cwd=ROOT, timeout=120, capture_output=True,
    )  # fmt: skip


def test_planned_built_and_looked_at_by_a_second_person(
    opened: Callable[..., Page], service: Served, axe: Axe
) -> None:
    wrong: dict[str, list[str]] = {}
    # The first of the two works without scripts, and looks again by hand.
    farah = opened("Farah Aziz", scripts=False)
    farah.get_by_role("link", name="Releases", exact=True).click()
    farah.get_by_role("link", name="Asthma in winter").click()
    farah.get_by_role("button", name="Plan a release").click()
    farah.get_by_role("heading", name="Planning a release").wait_for()
    work(service)
    farah.get_by_role("link", name="Look again").click()
    farah.get_by_role("heading", name="What the permit would give").wait_for()
    seeing = opened("Farah Aziz")
    for name, path in (("list", ""), ("plan", f"{LIVE}/"), ("confirm", f"{LIVE}/build")):
        seeing.goto(f"/releases/{path}")
        wrong[name] = faults(seeing, axe)
    seeing.get_by_role("button", name="Build release").click()
    seeing.get_by_role("button", name="Sign", exact=True).wait_for()
    wrong["sign the order"] = faults(seeing, axe)
    seeing.get_by_role("button", name="Sign", exact=True).click()
    seeing.get_by_role("heading", name="On its way to the ledger").wait_for()
    work(service, "signer")
    seeing.goto(f"/releases/{LIVE}/")
    seeing.get_by_role("status").wait_for()
    wrong["under way"] = faults(seeing, axe)
    work(service)
    # With scripts the page looks by itself.
    seeing.get_by_role("link", name=R1).wait_for()
    edward = opened("Edward Shaw")
    edward.goto(f"/releases/{LIVE}/{R1}/")
    edward.get_by_text("For experts").click()
    wrong["release"] = faults(edward, axe)
    edward.get_by_role("button", name="Send it back").click()
    edward.get_by_role("button", name="Go on to sign").click()
    edward.locator(".nhsuk-error-summary").wait_for()
    wrong["send back"] = faults(edward, axe)
    edward.goto(f"/releases/{LIVE}/{R1}/sign-off")
    wrong["sign off"] = faults(edward, axe)
    assert {name: found for name, found in wrong.items() if found} == {}
