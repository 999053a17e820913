"""The walk-through of `commonweal demo`, whole, on a small hospital."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_cli_process import done
from tests.web.house import with_tables

_SECONDS = 600
"""A year of projects takes a while on a machine that does other things."""


@pytest.mark.timeout(2 * _SECONDS)
def test_the_demonstration_goes_from_patients_to_a_proved_release(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    records = tmp_path / "service.sqlite"
    with_tables(records)
    code, out, err = done(
        "demo", "--no-serve", "--patients", "300", "--json", home=home, seconds=_SECONDS,
        DATABASE_URL=f"sqlite://{records}",
    )  # fmt: skip
    assert code == 0, err
    story = json.loads(out)
    assert story["ledger_faults"] == 0
    folder = Path(story["release_folder"])
    assert (folder / "report.html").is_file()
    steps = {step["title"]: step for step in story["steps"]}
    assert len(steps) >= 14
    assert story["other_projects"] >= 12
    assert_a_year_of_other_projects(home)
    safe, telling = steps["Only what is safe leaves"]["outputs"]
    assert (safe["released"], telling["released"]) == (True, False)
    assert len(steps["Code comes to the data"]["jobs"]) == 2
    left = {path.name for path in (home / "airlock" / "released").iterdir()}
    assert left == {safe["output"]}
    assert (home / "airlock" / "released" / safe["output"] / "files" / "in_hospital.csv").is_file()
    # What it made is a home like any other: the commands find the release and the ledger whole.
    assert done("release", "verify", str(folder), home=home)[0] == 0
    assert done("ledger", "verify", home=home)[0] == 0
    # Run again in the same place, it begins anew: what was there is a demonstration's.
    code, out, err = done(
        "demo", "--no-serve", "--patients", "300", "--quick", home=home, seconds=_SECONDS
    )
    assert code == 0, err
    assert "/projects/refused/" not in out
    assert {path.name for path in (home / "airlock" / "released").iterdir()} != left


def assert_a_year_of_other_projects(home: Path) -> None:
    """The register has each in the state that the plan says, by what the ledger heard of it."""
    entries = json.loads((home / "public" / "register.json").read_bytes())["entries"]
    told = {
        one["permit"]["project"]["id"]: [each["what"] for each in one["events"]] for one in entries
    }
    assert told["asthma"] == ["issued", "reviewed"]
    assert told["falls"] == ["issued", "reviewed", "closed"]
    assert told["checks"] == ["issued", "revoked"]
    assert told["tablets"] == ["issued", "paused"]
    assert {name for name, events in told.items() if events == ["issued"]} == {
        "weekend", "kidney", "sepsis", "hips", "stroke"
    }  # fmt: skip
    kinds = {one["permit"]["organisation"]["kind"] for one in entries}
    assert kinds == {"university", "nhs_body", "custodian", "company", "charity"}
