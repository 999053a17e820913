"""A home with a release and a room for jobs, for tests that really run studies in the sandbox."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commonweal.enclave.queue import Job, Queue
from commonweal.enclave.room import Room
from commonweal.enclave.submitting import submit
from commonweal.enclave.working import Worker, worker
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.files import thaw_and_remove
from commonweal.sandbox.box import Sandbox
from commonweal.vault.release.job_desk import JobDesk
from commonweal.vault.release.lending import loans_of
from tests import factories
from tests.release_house import House, make_house

PERSON = factories.draft_data()["people"][0]["id"]
PROCESSING = ["table", "python"]
GOOD = """
import json, os
release = json.load(open(os.environ["COMMONWEAL_RELEASE"] + "/release.json"))
json.dump({"tables": sorted(release["tables"])},
          open(os.environ["COMMONWEAL_OUTPUTS"] + "/table.json", "w"))
"""


def write_study(folder: Path, code: str = GOOD, **changes: Any) -> Path:
    """A study with one file of code."""
    folder.mkdir(parents=True, exist_ok=True)
    declared = {
        "study": 1,
        "title": "A test",
        "command": ["python", "main.py"],
        "outputs": [{"file": "table.json", "kind": "request", "about": "a table"}],
        "limits": {"minutes": 1, "memory_gb": 1, "outputs_mb": 1},
    } | changes
    (folder / "study.yaml").write_text(yaml.safe_dump(declared))
    (folder / "main.py").write_text(code)
    return folder


@dataclass
class Enclave:
    """A house, its room for jobs, and a sandbox that was tried once."""

    house: House
    sandbox: Sandbox
    permit: Path
    permit_id: str = "permit-1"

    @property
    def room(self) -> Room:
        return Room.open(self.house.home, self.house.clock)

    @property
    def desk(self) -> JobDesk:
        return JobDesk(self.house.custody())

    @contextlib.contextmanager
    def queue(self) -> Iterator[Queue]:
        with Queue.open(self.room.folder, self.house.clock) as queue:
            yield queue

    def submit(self, source: Path, by: str = PERSON) -> Job:
        with self.queue() as queue:
            study = self.room.shelf.take_in(source)
            return submit(self.room, queue, self.desk, study, self.permit_id, by)

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        with (
            self.queue() as queue,
            worker(self.room, queue, self.desk, self.sandbox, self.house.clock) as made,
        ):
            yield made

    def work(self) -> Job | None:
        """See the next job through."""
        with self.worker() as made:
            return made.work_one()

    def job(self, name: str) -> Job:
        with self.queue() as queue:
            return queue.job(name)

    def run(self, source: Path, by: str = PERSON) -> Job:
        """Submit a study and see it through."""
        name = self.submit(source, by).id
        self.work()
        return self.job(name)

    def ran(self, folder: Path, code: str, **changes: Any) -> Job:
        """A study with this code, seen through."""
        return self.run(write_study(folder, code, **changes))

    def loans(self) -> list[str]:
        return sorted(one.name for one in loans_of(self.house.custody()).iterdir())

    def events(self, type_: str) -> list[dict[str, Any]]:
        return self.house.events(type_)

    def close(self) -> None:
        shutil.rmtree(loans_of(self.house.custody()), ignore_errors=True)
        thaw_and_remove(self.room.folder)
        self.house.close()


def make_enclave(base: Path, sandbox: Sandbox, **permit: Any) -> Enclave:
    """A home with one permit and one release of it."""
    house = make_house(base)
    paper = house.issue(**({"processing": PROCESSING} | permit))
    house.build(paper)
    return Enclave(house, sandbox, paper)


def make_template(base: Path, sandbox: Sandbox, **permit: Any) -> Path:
    """A home with a release, closed, for `copied`."""
    made = make_enclave(base, sandbox, **permit)
    made.close()
    return base


def copied(template: Path, base: Path, sandbox: Sandbox) -> Enclave:
    """A copy of the home that `make_template` made, opened."""
    shutil.copytree(template, base)
    return opened_again(base, sandbox)


def opened_again(base: Path, sandbox: Sandbox) -> Enclave:
    """The home that lies in `base` already, opened."""
    house = House(base, FixedClock(factories.NOW), {}, {}, permits=1)
    return Enclave(house, sandbox, base / "permit-1.jws")


def open_sandbox(record: Path) -> Sandbox:
    """A sandbox as a demonstration home has it."""
    return Sandbox.open(record, demo=True, cgroup=os.environ.get("COMMONWEAL_CGROUP"))
