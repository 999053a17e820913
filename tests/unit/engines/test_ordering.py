"""An order becomes a task: the same places and limits, an image that holds what was ordered."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.enclave.engines.kubernetes import Cluster, manifests
from commonweal.enclave.engines.ordering import Lying, task_of
from commonweal.enclave.leaving import declaration_of
from commonweal.papers.job import JobOrder
from tests.engine_house import IMAGE
from tests.release_house import refused
from tests.unit.papers.test_job import HASH, order


def lying(**changes: Any) -> Lying:
    return Lying(**{"release": "file:///srv/r1", "study": "file:///srv/s1",
                    "references": {"imd_2019.csv": "file:///srv/imd_2019.csv"},
                    "images": {HASH: IMAGE}, **changes})  # fmt: skip


def ordered(**changes: Any) -> JobOrder:
    return JobOrder.read(order(**changes), "The order")


def test_a_task_is_what_was_ordered() -> None:
    one = ordered(limits={"minutes": 20, "memory_gb": 2, "outputs_mb": 16})
    found = task_of(one, lying(), cores=2)
    assert found.name == "p1-j1.1"
    assert found.command == one.declaration.command
    places = [(given.inside, given.kind) for given in found.given]
    assert places[:2] == [("/release", "folder"), ("/study", "folder")]
    assert places[2:] == [("/reference/imd_2019.csv", "file")]
    assert (found.needs.minutes, found.needs.memory_gb, found.needs.disk_gb) == (20, 2, 1)
    assert found.outputs == declaration_of(one)
    assert found.environment["COMMONWEAL_OUTPUTS"] == "/outputs"
    assert found.workdir == "/study"
    claims = {given.inside: "held" for given in found.given} | {"/outputs": "held"}
    assert len(manifests(found, Cluster(20_001, claims))) == 3


@pytest.mark.parametrize(
    "changes",
    [{"images": {}}, {"images": {HASH: "study:latest"}}, {"references": {}},
     {"release": "http://site/r1"}, {"study": "file:///srv/../etc"}],
)  # fmt: skip
def test_what_a_site_does_not_hold_is_refused(changes: dict[str, Any]) -> None:
    assert refused(lambda: task_of(ordered(), lying(**changes), 2)).code == "CW-ENGINE-TASK"
