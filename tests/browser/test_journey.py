"""The whole way in a real browser: from an application that is filled in to a release.

Nineteen people click, each in a browser of their own, on one service with its workers. At the
end the permit and the release hold exactly what was decided.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser

from commonweal.demo.walkthrough import papers
from commonweal.demo.walkthrough.application import STRUCK
from commonweal.foundation.clock import SystemClock
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody, find_permit, open_custody, verify_ledger
from commonweal.vault.custody.permits import load_permit
from commonweal.vault.release.opening import open_release
from tests.browser import journey
from tests.browser.journey_home import PATIENTS, make_hospital_home
from tests.fixtures_postgres import Cluster
from tests.web.house import served

PUBLISHED = "The results of the work are published, whatever they are."


def walk(browser: Browser, place: Path, **variables: str) -> None:
    """Everything, on a home that is made in `place`, with what `variables` say of the service."""
    stores = place / "stores"
    home = make_hospital_home(place, stores)
    variables |= {"COMMONWEAL_ROOT_STORE": str(stores)}
    with (
        served(home, workers=True, **variables) as service,
        journey.people_at(browser, service.address) as people,
    ):
        for part in journey.WAY:
            part(people)
        assert people.complaints == []
    report = verify_ledger(home, SystemClock(), root_store=stores)
    assert report.faults == []
    with open_custody(home, SystemClock(), root_store=stores) as custody:
        (file,) = (custody.home.path / "permits").iterdir()
        assert_decided(custody, load_permit(custody, file))


def decided() -> dict[str, dict[str, str]]:
    """The form of each variable by table, as the committee of the journey decided."""
    found = {
        table: {name: papers.SMALLER.get(name, {"form": form})["form"]
                for name, form in forms.items()}
        for table, forms in papers.ASKED.items()
    }  # fmt: skip
    assert found["admissions"]["primary_diagnosis"] == "truncate(3)"
    assert STRUCK[1] not in found[STRUCK[0]]
    return found


def assert_decided(custody: Custody, permit: Permit) -> None:
    """The permit, and the data when opened, hold what was decided and nothing else."""
    assert permit.authority == "committee"
    allowed = {
        table.table: {one.variable: str(one.form) for one in table.variables}
        for table in permit.dataset.tables
    }
    assert allowed == decided()
    asked = papers.draft(journey.today(), PATIENTS)
    assert permit.until == permit.from_ + timedelta(days=journey.DAYS)
    assert permit.until.isoformat() < asked["until"]
    assert list(permit.purposes) == asked["purposes"]
    # The committee's, and what the custodian's lists ask of every university.
    assert permit.conditions == (journey.CONDITION, PUBLISHED)
    folder = custody.home.releases / f"{permit.id}.r1"
    manifest = ReleaseManifest.load((folder / "manifest.jws").read_bytes(), custody.belief)
    assert manifest.permit_hash == permit.digest()
    assert 0 < manifest.patients.released < PATIENTS
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        opened = open_release(custody, folder, find_permit(custody, permit.id), Path(memory) / "it")
        columns = {
            table: set(pq.ParquetFile(opened.folder / table / "part-0.parquet").schema_arrow.names)
            for table in opened.tables
        }
    assert columns == {table: set(forms) for table, forms in decided().items()}


def test_the_whole_journey(browser: Browser, tmp_path: Path) -> None:
    walk(browser, tmp_path)


@pytest.mark.slow
def test_the_whole_journey_on_postgresql(
    browser: Browser, tmp_path: Path, postgres_cluster: Cluster
) -> None:
    walk(browser, tmp_path, DATABASE_URL=postgres_cluster.new())
