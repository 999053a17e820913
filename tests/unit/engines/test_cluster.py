"""The Job of a study for a cluster: what a custodian says of it, held to the check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.enclave.engines.cluster import ClusterFile, documents_for
from commonweal.enclave.engines.kubernetes import as_yaml, check_manifests
from commonweal.papers.job import JobOrder
from tests.engine_house import IMAGE
from tests.release_house import refused
from tests.unit.papers.test_job import order
from tests.unit.papers.test_study import study

CLAIMS = {"/release": "r1", "/study": "s1", "/outputs": "out", "/reference/imd_2019.csv": "imd"}


def said(**changes: Any) -> dict[str, Any]:
    return {"cluster": 1, "user": 20_001, "image": IMAGE, "claims": CLAIMS, **changes}


def test_an_order_becomes_documents_that_pass_the_check() -> None:
    made = documents_for(JobOrder.read(order(), "The order"), ClusterFile.read(said(), "x"), 2)
    check_manifests(list(yaml.safe_load_all(as_yaml(made))))
    container = made[2]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == IMAGE
    assert container["workingDir"] == "/study"


@pytest.mark.parametrize(
    "changes",
    [{"user": 0}, {"user": 999}, {"more": 1}, {"cluster": 2}, {"image": ""}, {"claims": None},
     {"claims": {"/release": "r1"}}, {"claims": {**CLAIMS, "/etc": "x"}}, {"image": "study:latest"},
     {"claims": {**CLAIMS, "/study": "../x"}}, {"runtime": "G visor"}, {"profile": "/etc/x"}],
)  # fmt: skip
def test_what_would_not_be_apart_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump(said(**changes)))
    one = JobOrder.read(order(), "The order")
    code = refused(lambda: documents_for(one, ClusterFile.load(path), 2)).code
    assert code in ("CW-ENGINE-TASK", "CW-ENGINE-MANIFEST")


@pytest.mark.parametrize("asked", [{"gpu": True}, {"checkpoints": True}])
def test_what_a_cluster_is_not_asked_for(asked: dict[str, Any]) -> None:
    plain = order(declaration=study(**asked), **({"gpu": True} if "gpu" in asked else {}))
    one = JobOrder.read(plain, "The order")
    found = refused(lambda: documents_for(one, ClusterFile.read(said(), "x"), 2))
    assert found.code == "CW-STUDY-ENGINE"
