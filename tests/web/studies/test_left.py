"""What jobs left behind calls a worker, though no job waits."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from commonweal.enclave.elsewhere import Notes
from commonweal.enclave.queue import Queue
from commonweal.foundation.clock import FixedClock
from tests import factories

IMAGE = {"sha256:" + "a" * 64: "registry.example/study@sha256:" + "b" * 64}


@pytest.mark.usefixtures("db")
def test_a_task_that_may_go_on_at_the_site_calls_a_worker(tmp_path: Path) -> None:
    """Its job was ended while the site was silent: its permit may be revoked, and nobody else asks
    the site again before another job is sent."""
    from commonweal.web.studies.workers import jobs_wait

    clock = FixedClock(factories.NOW)
    custody = cast("Any", SimpleNamespace(home=SimpleNamespace(path=tmp_path), clock=clock))
    room = tmp_path / "enclave"
    room.mkdir(mode=0o700)
    with Queue.open(room, clock):
        assert jobs_wait(custody) == 0
    (Notes.of(room).folder / "job-gone.1.json").write_text("{}")
    # Where jobs run here, nobody could ask the site, and calling a worker would help nobody.
    assert jobs_wait(custody) == 0
    site = {"address": "https://site.example", "statement": str(tmp_path / "site.jws"),
            "outputs": f"file://{tmp_path}", "outputs_folder": str(tmp_path), "owner": 1000,
            "images": IMAGE}  # fmt: skip
    (room / "settings.yaml").write_text(json.dumps({"engine": "tes", "site": site}))
    assert jobs_wait(custody) == 1
