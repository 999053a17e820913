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
from tests.enclave_house import Enclave, make_enclave, open_sandbox, write_study
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


@pytest.fixture
def enclave(tmp_path: Path) -> Iterator[Enclave]:
    made = make_enclave(tmp_path / "house", open_sandbox(tmp_path / "users"))
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

    def run(self, run: object, project: str) -> object:
        return self._look(run, project)  # type: ignore[operator]

    def owner(self, project: str) -> int:
        return int(self._real.owner(project))  # type: ignore[attr-defined]
