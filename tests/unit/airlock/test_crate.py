"""The crate of a project: accepted by another's validator, true, and silent on who checked."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.leaving.crate import write_crate
from tests.output_house import OutputHouse, copied, counts, make_output_house, refused

HERE = Path(__file__).resolve().parents[2] / "crate_oracle"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    """A home with one output that left and one that was recalled."""
    house = make_output_house(tmp_path_factory.mktemp("crate") / "made")
    for output in ("out-1", "out-2"):
        house.approved(output, counts(output))
        house.release(output)
    house.recall("out-2")
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    yield here
    here.close()


def written(house: OutputHouse, name: str = "crate") -> Path:
    to = house.base / name
    project = house.ground.permit("permit-1").project.id
    outputs = write_crate(house.store, house.ground, project, "Wharfedale Hospital", to)
    assert outputs == ("out-1",)
    return to


def graph(folder: Path) -> dict[str, dict[str, Any]]:
    plain = json.loads((folder / "data" / "ro-crate-metadata.json").read_text())
    entities = plain["@graph"]
    found = {one["@id"]: one for one in entities}
    assert len(found) == len(entities)
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            for inner in value.values():
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_is_to_something_that_is_described(house: OutputHouse) -> None:
    found = graph(written(house))
    outside = {"https://w3id.org/ro/crate/1.2", *(
        f"https://w3id.org/shp#{name}"
        for name in ("SignOff", "DisclosureCheck", "GenerateCheckValue")
    )}  # fmt: skip
    named = {id_ for one in found.values() for id_ in references(one)}
    assert named - set(found) <= outside


def test_what_the_profile_asks_for_is_there(house: OutputHouse) -> None:
    folder = written(house)
    found = graph(folder)
    root = found["./"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/5s-crate/0.4"}
    assert found[root["sourceOrganization"]["@id"]]["@type"] == "Project"
    mentioned = [found[one["@id"]] for one in root["mentions"]]
    runs = [one for one in mentioned if one["@type"] == "CreateAction"]
    assert {one["instrument"]["@id"] for one in runs} == {root["mainEntity"]["@id"]}
    for run in runs:
        agent = found[run["agent"]["@id"]]
        assert (agent["@type"], agent["name"]) == ("Person", "Amira Khan")
        assert "affiliation" in agent
    checks = [one for one in mentioned if one["@type"] == "AssessAction"]
    assert len(checks) == 4
    assert all(one["endTime"].endswith("Z") for one in checks)
    states = {one["@id"]: one["actionStatus"].rpartition("/")[2] for one in checks}
    assert states["#disclosure-out-1"] == "CompletedActionStatus"
    assert states["#disclosure-out-2"] == "FailedActionStatus"


def test_files_are_those_that_left_and_none_that_was_recalled(house: OutputHouse) -> None:
    folder = written(house)
    found = graph(folder)
    files = {id_ for id_, one in found.items() if one["@type"] == "File"}
    assert files == {"outputs/out-1/stays.csv", "outputs/out-1/record.json"}
    content = (folder / "data" / "outputs" / "out-1" / "stays.csv").read_bytes()
    told = found["outputs/out-1/stays.csv"]
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["contentSize"] == str(len(content))
    assert not (folder / "data" / "outputs" / "out-2").exists()


def test_who_checked_is_nowhere_and_neither_is_what_was_found(house: OutputHouse) -> None:
    folder = written(house)
    text = "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    for hidden in ("ada", "ben", "Ada Checks", "Ben Looks"):
        assert f'"{hidden}"' not in text
    assert house.store.read("out-1").findings.salt not in text
    assert house.store.read("out-1").manifest.findings not in text


def test_the_bag_has_the_hashes_of_all_that_is_in_it(house: OutputHouse) -> None:
    folder = written(house)
    assert (folder / "bagit.txt").read_text().startswith("BagIt-Version: 1.0\n")
    assert "External-Identifier: urn:uuid:" in (folder / "bag-info.txt").read_text()
    for name, inside in (("manifest-sha512.txt", True), ("tagmanifest-sha512.txt", False)):
        lines = [line.split("  ") for line in (folder / name).read_text().splitlines()]
        for hashed, path in lines:
            assert hashlib.sha512((folder / path).read_bytes()).hexdigest() == hashed
        there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        data = {path for path in there if path.startswith("data/")}
        wanted = data if inside else there - data - {"tagmanifest-sha512.txt"}
        assert {path for _, path in lines} == wanted


def test_what_is_refused(house: OutputHouse) -> None:
    project = house.ground.permit("permit-1").project.id
    to = house.base / "crate"
    refused("CW-LEAVING-UNKNOWN", write_crate, house.store, house.ground, "other", "W", to)
    path = house.store.released / "out-1" / "files" / "stays.csv"
    path.chmod(0o600)
    path.write_text("changed")
    refused("CW-LEAVING-FILE", write_crate, house.store, house.ground, project, "W", to)
    assert not to.exists()
    to.mkdir()
    refused("CW-FILE-EXISTS", write_crate, house.store, house.ground, project, "W", to)


def judged(folder: Path) -> dict[str, Any]:
    """What roc-validator says of a crate, in the oracles' environment and without network."""
    from tools.side import side_environment

    python = side_environment("oracles", "acro, roc-validator and py-tes")
    said = subprocess.run(
        [python, HERE / "validate.py", folder / "data", HERE / "terms.json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def test_another_validator_accepts_it_and_refuses_what_is_spoilt(house: OutputHouse) -> None:
    folder = written(house)
    said = judged(folder)
    assert (said["passed"], said["issues"]) == (True, [])
    assert said["checked"] > 60
    path = folder / "data" / "ro-crate-metadata.json"
    plain = json.loads(path.read_text())
    del plain["@graph"][1]["datePublished"]
    path.write_text(json.dumps(plain))
    assert not judged(folder)["passed"]
