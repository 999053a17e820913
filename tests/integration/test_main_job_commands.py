"""The main job by its commands, as a data manager gives them, on every kind of source.

Each command is a process of its own: scan, read and correct the catalogue, check, issue, plan,
build, verify. What the release then holds is held against the source by `release open`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import commonweal
from commonweal.foundation.clock import FixedClock, SystemClock
from tests import factories, prefork
from tests.release_house import (
    HEADER,
    House,
    exempt,
    hospital,
    permitted,
    read_opened,
    without_identifier,
)
from tests.release_stores import as_duckdb, as_parquet, as_postgresql

HEART = Path(__file__).parents[1] / "data" / "heart"
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Desk:
    """A folder in which a data manager works, with a home beside it."""

    folder: Path

    def give(self, *arguments: object, code: int = 0, **environment: str) -> str:
        """Give one command; its output, or its refusal if `code` is not 0."""
        done = subprocess.run(
            [*prefork.command(), *map(str, arguments)],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(commonweal.__file__).parents[1]),
                "COMMONWEAL_HOME": str(self.folder / "home"),
                "COMMONWEAL_ROOT_STORE": str(self.folder / "root"),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    def write(self, name: str, paper: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(paper, sort_keys=False))

    def read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.folder / name).read_text())
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"))
    said = made.give("home", "create", "--name", "Wharfedale Hospital", "--demo")
    assert "a demonstration home" in said
    (made.folder / "nobody").mkdir()  # choices of a source whose people nobody can name
    (made.folder / "nobody" / "objections.csv").write_text(HEADER)
    return made


@pytest.fixture(scope="module")
def records(desk: Desk) -> House:
    """The tests' hospital and the choices of its people, made today; the home is the desk's."""
    house = House(
        desk.folder, FixedClock(SystemClock().now()), hospital(40), factories.catalogue_data()
    )
    house.choose(objections=[f"{house.numbers[3]},local_objection,,2025-01-01,,letter"])
    return house


@pytest.fixture
def opened() -> Iterator[Path]:
    """A folder in memory, gone at the end."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    yield folder / "data"
    shutil.rmtree(folder)


def draft(id_: str, dataset: str, data: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A draft for today."""
    today = SystemClock().now().date()
    data[0]["dataset"] = dataset
    return factories.draft_data(
        id=id_, data=data, **{"from": today.isoformat()},
        until=(today + timedelta(days=300)).isoformat(), **changes,
    )  # fmt: skip


def main_job(
    desk: Desk,
    name: str,
    location: str,
    paper: dict[str, Any],
    correct: Callable[[dict[str, Any]], None],
    choices: str = "choices",
) -> Path:
    """From a scan to a verified release; the release's folder."""
    catalogue, permit = f"{name}.yaml", f"{name}.jws"
    said = desk.give("catalogue", "scan", location, "--out", catalogue, "--dataset", name,
                     "--custodian", "Wharfedale Hospital")  # fmt: skip
    assert f"The suggested catalogue is in {catalogue}." in said
    edited = desk.read(catalogue)
    correct(edited["datasets"][0])
    desk.write(catalogue, edited)
    said = desk.give("catalogue", "check", catalogue)
    assert said.startswith("The catalogue fits its sources")
    desk.write(f"{name}-draft.yaml", paper)
    said = desk.give("permit", "issue", f"{name}-draft.yaml", "--key", "permit-signer",
                     "--out", permit)  # fmt: skip
    assert f"Permit {paper['id']} was issued; authority: direct." in said
    papers = ("--permit", permit, "--catalogue", catalogue, "--choices", choices)
    plan = json.loads(desk.give("release", "plan", *papers, "--json"))
    assert plan["would_be_refused"] == []
    built = json.loads(desk.give("release", "build", *papers, "--json"))
    assert built["patients"] == plan["patients"]
    folder = Path(built["folder"])
    assert "is whole" in desk.give("release", "verify", folder)
    return folder


FORMS: dict[str, dict[str, str]] = {
    "patients": {"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
    "admissions": {
        "nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift",
        "diagnosis": "truncate(3)",
    },
    "tests": {"admission_id": "record_code", "code": "exact", "value": "round(0.5)"},
}  # fmt: skip


def leave(_: dict[str, Any]) -> None:
    """The scan was right in everything that the permit asks for."""


@pytest.mark.parametrize("store", [as_parquet, as_duckdb, as_postgresql])
def test_a_hospital(
    desk: Desk,
    records: House,
    store: Callable[[House, str], tuple[str, str]],
    opened: Path,
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("postgres_url") if store is as_postgresql else ""
    kind, location = store(records, url)
    name = f"{store.__name__}-1"
    paper = draft(name, name, permitted(**FORMS), risk={"k": 2, "suppress_up_to": 0.1})
    folder = main_job(desk, name, location, paper, leave)
    assert desk.read(f"{name}.yaml")["datasets"][0]["source"]["kind"] == kind
    desk.give("release", "open", folder, "--to", opened)
    tables = read_opened(opened)
    assert {table: found.column_names for table, found in tables.items()} == {
        "patients": list(FORMS["patients"]),
        "admissions": list(FORMS["admissions"]),
        "tests": ["person_code", *FORMS["tests"]],
    }
    assert tables["patients"].num_rows == 39  # one objected
    released = str({table: found.to_pylist() for table, found in tables.items()})
    assert not any(number in released for number in records.numbers)
    said = desk.give("release", "summary", folder)
    assert "People released: about 40" in said


def test_four_heart_hospitals(desk: Desk) -> None:
    def correct(dataset: dict[str, Any]) -> None:
        assert dataset["person"] == {"kind": "row"}
        for table in dataset["tables"]:
            for variable in table["variables"]:
                if variable["name"] == "age":
                    variable |= {"role": "quasi_identifier", "forms": ["age_band(20,80)"],
                                 "identifies": "age"}  # fmt: skip
                elif variable["name"] == "sex":
                    variable |= {"role": "quasi_identifier", "forms": ["exact"]}
                elif variable["name"] == "target":
                    variable |= {"role": "sensitive", "forms": ["exact"]}

    forms = {"age": "age_band(20,80)", "sex": "exact", "target": "exact"}
    places = ("cleveland", "hungarian", "switzerland", "va")
    paper = draft(
        "heart-1", "heart", permitted(**{f"processed.{place}": forms for place in places}),
        risk={"k": 5, "suppress_up_to": 0.1},
        choices=exempt() | {"include_people_without_identifier": without_identifier()},
    )  # fmt: skip
    folder = main_job(desk, "heart", str(HEART), paper, correct, "nobody")
    said = desk.give("release", "summary", folder)
    assert "Table processed.va" in said
    assert "People released: about 920" in said or "People released: about 910" in said


def test_a_database_that_cannot_be_reached_is_told_without_its_password(desk: Desk) -> None:
    address = "postgresql://reader:hunter2@127.0.0.1:1/hospital"
    said = desk.give("catalogue", "scan", address, "--out", "never.yaml", code=5)
    assert said.startswith("CW-SOURCE-UNREACHABLE: The database at postgresql://reader@127.0.0.1:1")
    assert "PGPASSWORD" in said
    assert "hunter2" not in said
    assert not (desk.folder / "never.yaml").exists()


def test_a_source_that_changed_after_the_check_is_refused_and_nothing_is_made(desk: Desk) -> None:
    folder = desk.folder / "moved"
    folder.mkdir()
    (folder / "visits.csv").write_text("visit,ward\n" + "".join(
        f"{n},{'Elm' if n % 2 else 'Oak'}\n" for n in range(40)))  # fmt: skip
    paper = draft(
        "moved-1", "moved", permitted(visits={"ward": "exact"}), risk={"k": 2},
        choices=exempt() | {"include_people_without_identifier": without_identifier()},
    )  # fmt: skip
    main_job(desk, "moved", "moved", paper, leave, "nobody")
    papers = ("--permit", "moved.jws", "--catalogue", "moved.yaml", "--choices", "nobody")
    (folder / "visits.csv").write_text("visit,place\n1,Elm\n")
    said = desk.give("release", "build", *papers, code=3)
    assert said.startswith("CW-SOURCE-UNKNOWN: visits.csv has no column ward.")
    said = desk.give("catalogue", "check", "moved.yaml", "--json", code=3)
    (folder / "visits.csv").unlink()
    desk.give("release", "build", *papers, code=3)
    listed = json.loads(desk.give("release", "list", "--json"))["releases"]
    assert [one["release"] for one in listed if one["permit"] == "moved-1"] == ["moved-1.r1"]
