"""Models of real studies, made again by their own code: what passes and what fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commonweal.sandbox.box import Sandbox
from tests.again_house import LOGISTIC, MODEL, REMEMBERING, SHADOWS, TREE, Again, make_again, rules
from tests.enclave_house import open_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Again]:
    made = make_again(tmp_path_factory.mktemp("again") / "house", sandbox)
    yield made
    made.enclave.close()


def test_a_model_that_its_code_makes_again_passes(house: Again) -> None:
    job = house.ran("calm", LOGISTIC, MODEL)
    assert job.state == "finished", job
    report = house.checked(job, "risk.json")
    assert [(one.rule, one.where, one.value, one.said) for one in report.findings] == []
    assert report.verdict("reviewer") == "pass"
    assert (
        f"  models made again: {SHADOWS} of {SHADOWS} on other people; the one on the same "
        "people differs by at most 0.000000" in report.card
    )
    assert house.enclave.loans() == []


def test_a_model_that_remembers_people_fails_with_the_figures_of_the_attack(house: Again) -> None:
    job = house.ran("tree", REMEMBERING, TREE)
    assert job.state == "finished", job
    report = house.checked(job, "risk.onnx")
    assert report.verdict("reviewer") == "fail"
    assert {"model-leaf", "model-attack"} <= rules(report, "fail")
