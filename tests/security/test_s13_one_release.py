"""S13, S19: a job that sees two releases sees who left; one that is lent data keeps none.

The hostile study copies what it can reach. In the naive twin a job was promised the release that
was newest when it was handed in, and finds it beside the newer one, as folders of a store do: the
person who objected in between is the difference. Ours gets the newest at the moment it begins, and
nothing else, in memory, as another user than any other project's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commonweal.vault.custody import settle
from commonweal.vault.release.lending import loans_of
from commonweal.vault.release.refresh_requests import ask_refresh
from commonweal.vault.release.refreshing import refresh_asked
from commonweal.vault.release.store import read_manifest
from tests.enclave_house import Enclave, open_sandbox, write_study
from tests.refresh_house import make_old_template, old_home, paper
from tests.release_house import objection

COPY = """
import json, os
import pyarrow.parquet as pq
found = {}
for above, _, names in os.walk("/release"):
    for name in names:
        if name.endswith(".parquet") and "patients" in above:
            path = os.path.join(above, name)
            found[path] = pq.read_table(path).num_rows
described = json.load(open("/release/release.json"))
json.dump({"found": found, "id": described["id"]}, open("/outputs/table.json", "w"))
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_old_template(tmp_path_factory.mktemp("s13") / "house")


@pytest.fixture
def enclave(template: Path, tmp_path: Path) -> Iterator[Enclave]:
    house = old_home(template, tmp_path / "house", days=0)
    made = Enclave(house, open_sandbox(tmp_path / "users"), paper(house))
    yield made
    made.close()


def refreshed(enclave: Enclave) -> None:
    """Somebody objects, and the release is made again."""
    house = enclave.house
    house.clock.advance(timedelta(days=1))
    house.choose(objections=[objection(house.numbers[0])])
    house.build(enclave.permit)


def test_ours_the_newest_at_the_moment_it_begins_and_no_other(
    enclave: Enclave, tmp_path: Path
) -> None:
    job = enclave.submit(write_study(tmp_path / "s", COPY))
    first = enclave.house.events("release.completed")[0]["release"]
    refreshed(enclave)
    enclave.work()
    assert enclave.job(job.id).state == "finished"
    said = json.loads((enclave.room.jobs / job.id / "outputs" / "table.json").read_text())
    assert said["id"] == enclave.job(job.id).release == "permit-1.r2" != first
    assert list(said["found"]) == ["/release/data/patients/part-0.parquet"]
    opened = [one["release"] for one in enclave.events("release.opened")]
    assert opened == ["permit-1.r2"]


def test_naive_two_releases_side_by_side_show_who_left(enclave: Enclave, tmp_path: Path) -> None:
    """Both folders opened, codes for ever the same: the naive store."""
    house = enclave.house
    first = house.tables["patients"]
    left = house.numbers[0]
    second = [row for row in first if row["nhs_number"] != left]
    codes = [{hash(row["nhs_number"]) for row in rows} for rows in (first, second)]
    assert codes[0] - codes[1] == {hash(left)}


def test_ours_old_choices_start_nothing_until_a_refresh(enclave: Enclave, tmp_path: Path) -> None:
    job = enclave.submit(write_study(tmp_path / "s", COPY))
    house = enclave.house
    house.clock.advance(timedelta(days=house.custody().trust.fresh.choices_days, hours=2))
    enclave.work()
    assert (enclave.job(job.id).state, enclave.job(job.id).attempt) == ("queued", 0)
    assert enclave.events("job.started") == enclave.events("release.opened") == []
    refreshed(enclave)
    enclave.work()
    assert enclave.job(job.id).release == "permit-1.r2"


def test_naive_the_old_release_is_taken_since_nobody_has_built_another(
    enclave: Enclave, tmp_path: Path
) -> None:
    """The twin mounts what there is: whoever said no since is read for as long as nobody builds."""
    house = enclave.house
    objected = house.numbers[0]
    house.choose(objections=[objection(objected)])
    mounted = read_manifest(
        house.releases, house.releases / "permit-1.r1", house.custody().belief
    ).patients
    assert mounted.released == len(house.numbers)


def test_ours_who_objected_is_gone_from_the_next_job_though_nobody_builds(
    enclave: Enclave, tmp_path: Path
) -> None:
    house = enclave.house
    jobs = [enclave.submit(write_study(tmp_path / "s", COPY)) for _ in range(2)]
    house.clock.advance(timedelta(days=house.custody().trust.fresh.choices_days, hours=2))
    house.choose(objections=[objection(house.numbers[0])])
    for _ in jobs:
        enclave.work()
    assert enclave.events("job.started") == []
    assert len(enclave.events("release.refresh_asked")) == 1
    # The vault's worker takes it up; the room of jobs has built nothing.
    assert len(enclave.events("release.authorised")) == 1
    assert [one.release for one in refresh_asked(house.custody())] == ["permit-1.r2"]
    assert refresh_asked(house.custody()) == []
    house.clock.advance(timedelta(minutes=1))
    for _ in jobs:
        enclave.work()
    for job in jobs:
        assert (enclave.job(job.id).state, enclave.job(job.id).release) == (
            "finished", "permit-1.r2"
        )  # fmt: skip
        said = json.loads((enclave.room.jobs / job.id / "outputs" / "table.json").read_text())
        assert said["found"] == {"/release/data/patients/part-0.parquet": len(house.numbers) - 1}


def test_ours_whoever_asks_gets_nothing_that_people_did_not_decide(enclave: Enclave) -> None:
    """A room of jobs that is taken over asks as it likes: for a young release, or a changed one."""
    house = enclave.house
    ask_refresh(house.custody(), "permit-1", "permit-1.r1", "job-a")
    assert refresh_asked(house.custody()) == []
    house.catalogue_data["datasets"][0]["tables"][0]["variables"][4]["forms"].append("rollup(5)")
    house.write_catalogue()
    house.clock.advance(timedelta(days=8))
    house.choose()
    (found,) = refresh_asked(house.custody())
    assert found.code == "CW-REFRESH-CHANGED"
    assert len(house.events("release.authorised")) == 1


def test_ours_nothing_of_a_loan_stays_or_lies_on_a_disk(enclave: Enclave, tmp_path: Path) -> None:
    """While it runs the data lie in memory only, for its own user; afterwards nowhere."""
    report = enclave.house.custody().home.releases / "permit-1.r1"
    seen: dict[str, object] = {}
    loans = loans_of(enclave.house.custody())
    real = enclave.sandbox.run

    def look(run: object, project: str) -> object:
        (folder,) = loans.iterdir()
        part = next(folder.rglob("*.parquet"))
        seen["owner"] = part.stat().st_uid
        seen["mode"] = part.stat().st_mode & 0o777
        seen["rows"] = pq.read_metadata(part).num_rows
        return real(run, project)  # type: ignore[arg-type]

    object.__setattr__(enclave, "sandbox", _Watched(enclave.sandbox, look))
    job = enclave.run(write_study(tmp_path / "s", COPY))
    assert job.state == "finished"
    assert seen["owner"] == enclave.sandbox.owner(job.project)
    assert (os.geteuid() != 0) or seen["owner"] != 0
    assert seen["mode"] == 0o400
    assert list(loans.iterdir()) == []
    settle(enclave.house.custody())
    for path in enclave.house.base.rglob("*.parquet"):
        assert report in path.parents or path.read_bytes()[:4] != b"PAR1"


class _Watched:
    """A sandbox that is looked at when a run begins."""

    def __init__(self, real: object, look: object) -> None:
        self._real, self._look = real, look

    def run(self, run: object, project: str, fill: object = None) -> object:
        del fill  # nothing was kept of an attempt before
        return self._look(run, project)  # type: ignore[operator]

    def owner(self, project: str) -> int:
        return int(self._real.owner(project))  # type: ignore[attr-defined]
