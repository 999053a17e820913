"""Code comes to the data, in a real browser: study, job, outputs, two people, release, register.

Amara sends two studies as zip files; the enclave's worker runs them in the sandbox, on a release
of made-up patients. Of the one the output leaves and is on the public register; the other gives
people away together with it, and does not. Everybody clicks in a browser of their own.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from pathlib import Path
from unittest import mock

import pytest
from playwright.sync_api import Browser, Page

from commonweal.demo.walkthrough.story import make_released
from commonweal.demo.walkthrough.studying import Written, first_study, second_study
from commonweal.foundation.clock import SystemClock
from commonweal.papers.permit import Permit
from commonweal.vault.custody import verify_ledger
from tests.browser.journey import WAIT_MS, People, click, go, people_at, sign, until
from tests.browser.looking import Axe, faults
from tests.browser.moved_clock import MovedClock
from tests.web.house import served

PATIENTS = 300
AMARA, CHECKERS, MARY = "Amara Okafor", ("Tara Singh", "Umar Farouk"), "Mary Doyle"
CONTEXT = "Table 1 of the paper: who came to hospital."
CONTROLS = "People are counted, and no group is small."
WORDS = "Please do not leave a rare group out."
ANSWERS = "answers"
"""Where the airlock's worker keeps what came of a check until it may be told."""
CHECK_SECONDS = 120
RARE = "Q99"
"""A diagnosis that hardly anybody has: what is counted without it differs by a few people."""


def zipped(study: Written, folder: Path) -> bytes:
    """The study as somebody sends it."""
    study.write(folder)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return content.getvalue()


class Walk:
    """The parts of the way, on one service."""

    def __init__(
        self, people: People, axe: Axe, permit: Permit, clock: MovedClock, home: Path, work: Path
    ) -> None:
        self.people, self.axe, self.permit = people, axe, permit
        self.clock, self.home, self.work = clock, home, work
        self.title = permit.project.title

    def wait(self) -> None:
        """The next quarter of an hour begins, and those who were signed in are not any more."""
        self.clock.to_the_next_quarter()
        self.people.leave()

    def looked_at(self, page: Page) -> None:
        """A page of the way is held to what every page is held to."""
        assert faults(page, self.axe) == []

    def run(self, study: Written) -> Page:
        """Amara sends a study and waits; the page of the job, which has finished."""
        amara = self.people(AMARA)
        # The enclave tells whom the permit names; until then there is nothing for her there.
        assert seen(amara, "Studies", "header", seconds=60)
        go(amara, "Studies")
        click(amara, self.title)
        click(amara, "Send a study")
        file = {"name": f"{study.name}.zip", "mimeType": "application/zip",
                "buffer": zipped(study, self.work / study.name)}  # fmt: skip
        amara.locator("input[type=file]").set_input_files(file)
        click(amara, "Send it")
        link = amara.get_by_role("main").get_by_role("link", name=study.title, exact=True)
        link.wait_for()
        link.click()
        address = amara.url
        # It may have ended by now. Before the quarter of an hour is full nobody is told.
        amara.wait_for_timeout(3_000)
        amara.reload()
        assert "Ask for the outputs" not in amara.inner_text("main")
        for _ in range(2):  # the second time only where it ended after the first quarter
            self.wait()
            amara = self.people(AMARA)
            amara.goto(address)
            if seen(amara, "Ask for the outputs", seconds=10):
                break
        self.looked_at(amara)
        return amara

    def submit(self, study: Written, amara: Page) -> None:
        """She asks for what it left, waits for the checks, and signs."""
        click(amara, "Ask for the outputs")
        address = amara.url
        amara.get_by_label("What is this output?").fill(study.title)
        amara.locator("[name=context]").fill(CONTEXT)
        amara.locator("[name=controls]").fill(CONTROLS)
        self.looked_at(amara)
        amara.get_by_role("main").locator("form button[type=submit]").last.click()
        # Were the clock moved before, the check would begin late, and be told at a full hour.
        self.checked(amara)
        amara.goto(address)
        assert "Sign and submit" not in amara.inner_text("main")
        self.wait()
        amara = self.people(AMARA)
        amara.goto(address)
        assert seen(amara, "Sign and submit", seconds=60)
        self.looked_at(amara)
        told = amara.inner_text("main")
        assert "people are behind" not in told, told
        assert " minus " not in told, told
        sign(amara, "Sign and submit")

    def checked(self, page: Page) -> None:
        """Wait until the check of what was sent has ended: what came of it is kept until told."""
        for _ in range(CHECK_SECONDS * 4):
            if list(self.home.glob(f"airlock/{ANSWERS}/*.json")):
                return
            page.wait_for_timeout(250)
        raise AssertionError("the check does not end")

    def judge(self, study: Written, verdict: str, *, reason: str = "") -> None:
        """Tara and Umar look, each by themselves, and sign."""
        for who in CHECKERS:
            page = self.people(who)
            go(page, "Outputs")
            until(page, study.title)
            click(page, study.title)
            self.looked_at(page)
            assert "What people said" not in page.inner_text("main")
            if reason:
                assert "The sum that gives people away" in page.inner_text("main")
                click(page, "Together with what has left")
                told = page.inner_text("main")
                assert "in_hospital" in told, told
                assert " minus " in told, told
                click(page, "Judge this output")
            page.get_by_label(verdict, exact=True).check()
            if reason:
                page.get_by_label(reason).first.check()
                page.get_by_text("Words to the author, or a note").click()
                page.locator("[name=to_author]").fill(WORDS)
            sign(page, "Go on to sign")


def seen(page: Page, text: str, part: str = "main", *, seconds: int) -> bool:
    """Whether a part of the page says so within a time; it is looked at again and again."""
    for _ in range(seconds * 2):
        if text in (page.locator(part).first.text_content() or ""):
            return True
        page.wait_for_timeout(500)
        page.reload()
    return False


@pytest.mark.timeout(900)
def test_what_is_safe_leaves_and_what_is_not_stays(
    browser: Browser, axe: Axe, tmp_path: Path
) -> None:
    home, stores, clock = tmp_path / "home", tmp_path / "stores", MovedClock(tmp_path / "clock")
    variables = {"COMMONWEAL_ROOT_STORE": str(stores)}
    with mock.patch.dict(os.environ, variables):
        permit = make_released(home, patients=PATIENTS)
    variables |= clock.variables
    with (
        served(home, workers=True, **variables) as service,
        people_at(browser, service.address) as people,
    ):
        walk = Walk(people, axe, permit, clock, home, tmp_path)
        safe, telling = first_study(), second_study(RARE)
        walk.submit(safe, walk.run(safe))
        walk.judge(safe, "It may leave")
        downloaded(people(AMARA), safe)
        registered(people(MARY), walk, safe)
        walk.submit(telling, walk.run(telling))
        walk.judge(
            telling, "It may not leave",
            reason="Too much follows from this together with what has left.",
        )  # fmt: skip
        rejected(people(AMARA), telling)
        assert telling.title not in registered(people(MARY), walk, safe)
        assert people.complaints == []
    assert verify_ledger(home, SystemClock(), root_store=stores).faults == []
    (left,) = (home / "airlock" / "released").iterdir()
    assert [path.name for path in (left / "files").iterdir()] == [f"{safe.name}.csv"]


def downloaded(amara: Page, study: Written) -> None:
    """Amara gets the files that left: the airlock's figures, and nothing else."""
    go(amara, "Outputs")
    click(amara, study.title)
    until(amara, "Get the files")
    click(amara, "Get the files")
    amara.get_by_role("button", name="Download the files").wait_for(timeout=WAIT_MS)
    with amara.expect_download() as coming:
        click(amara, "Download the files")
    with zipfile.ZipFile(coming.value.path()) as archive:
        names = archive.namelist()
        table = next(name for name in names if name.endswith(f"{study.name}.csv"))
        rows = list(csv.DictReader(io.StringIO(archive.read(table).decode())))
    assert not [name for name in names if name.endswith(f"{study.name}.json")]
    assert sorted(row["sex"] for row in rows) == ["1", "2"]
    assert all(int(row["people"]) >= 10 for row in rows)


def registered(page: Page, walk: Walk, study: Written) -> str:
    """Anybody reads what has left, with its place on the log; the words of the project's page."""
    go(page, "Projects")
    click(page, walk.title)
    until(page, study.title)
    walk.looked_at(page)
    told = page.inner_text("main")
    assert not re.search(r"Tara|Umar|Amara", told), told
    return told


def rejected(amara: Page, study: Written) -> None:
    """Amara reads the rule and the words meant for her, and no sum."""
    go(amara, "Outputs")
    click(amara, study.title)
    until(amara, WORDS)
    told = amara.inner_text("main")
    assert "Too much follows from this together with what has left." in told
    assert " minus " not in told
    assert "Get the files" not in told
