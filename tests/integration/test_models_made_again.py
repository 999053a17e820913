"""Models of real studies, made again by their own code: what passes and what fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.cli.main import run
from commonweal.sandbox.box import Sandbox
from commonweal.wiring.outputs import Asked, check_and_freeze
from tests.again_house import LOGISTIC, MODEL, REMEMBERING, SHADOWS, TREE, Again, kept, make_again
from tests.enclave_house import PERSON, open_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Again]:
    made = make_again(tmp_path_factory.mktemp("again") / "house", sandbox)
    yield made
    made.enclave.close()


def test_a_model_that_its_code_makes_again_passes(house: Again) -> None:
    """As it is submitted, in the service or at the command line."""
    job = house.ran("calm", LOGISTIC, MODEL)
    assert job.state == "finished", job
    words = ("A risk", "How long people stay.", "Few numbers only.")
    asked = Asked(house.enclave.room.jobs / job.id, job.id, *words, PERSON)
    frozen = check_and_freeze(kept(house.enclave.house.custody()), asked)
    found = {one.path: one for one in frozen.submitted.findings.files}
    model, recipe = found["risk.json"], found["risk.recipe.json"]
    assert model.report is not None
    assert model.report["findings"] == []
    assert model.verdict == "pass"
    again = f"  models made again: {SHADOWS} of {SHADOWS} on other people; the one on the same "
    assert (
        f"{again}people differs by at most 0.000000; recipe the same each time"
        in model.report["card"]
    )
    figures = [one for one in model.report["card"] if "models made again with" in one]
    assert figures
    assert all(one.endswith(": pass") for one in figures)
    # The code leaves the same recipe whatever people it sees: nothing of anybody is in it.
    assert recipe.report is not None
    assert recipe.report["findings"] == []
    assert recipe.verdict == "pass"
    assert house.enclave.loans() == []


def test_a_model_that_remembers_people_fails_with_the_figures_of_the_attack(
    house: Again, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    job = house.ran("tree", REMEMBERING, TREE)
    assert job.state == "finished", job
    there = house.enclave.house
    there.close()
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(there.root))
    release = there.releases / f"{house.enclave.permit_id}.r1"

    def check(path: Path, *more: object, code: int = 3) -> str:
        command = ["airlock", "check", path, "--release", release, "--home", there.home, *more]
        capfd.readouterr()
        assert run([str(one) for one in command]) == code
        said = capfd.readouterr()
        return said.out or said.err

    model = house.file(job, "risk.onnx")
    told = check(model)
    assert f"models made again: {SHADOWS} of {SHADOWS} on other people" in told
    assert "CW-MODEL-LEAF" in told
    assert "models made again with and without the person: area under the curve" in told
    assert "CW-MODEL-UNPROVED" not in told
    # The same bytes elsewhere are nobody's, unless their job is named; and it is no other job's.
    copied = house.folder / "risk.onnx"
    copied.write_bytes(model.read_bytes())
    (plain,) = json.loads(check(copied, "--json"))["files"]
    assert "model-unproved" in {one["rule"] for one in plain["findings"]}
    assert "CW-LEAVING-JOB" in check(copied, "--job", "job-none", code=4)
