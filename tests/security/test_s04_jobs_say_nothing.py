"""S4: exit codes, error names, durations, sizes and file names carry what is in the data.

A hostile study has read a secret from the data: 16 bits. Nothing of it can leave through the
network, so it uses what an author is told of every job. The naive twin tells what most systems for
jobs tell: exit code, last line of the error, seconds, names and sizes of files, at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave.queue import Job
from commonweal.enclave.telling import shown_at
from commonweal.foundation.clock import FixedClock
from commonweal.papers.job import ERROR_CLASSES, MAX_LINE, REPORT_STATES
from commonweal.sandbox.running import Outcome
from tests import factories
from tests.enclave_house import Enclave, copied, make_template, open_sandbox, write_study

SECRET = 0xB00B


@pytest.fixture(scope="module")
def enclave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enclave]:
    sandbox = open_sandbox(tmp_path_factory.mktemp("users") / "users")
    template = make_template(tmp_path_factory.mktemp("template") / "house", sandbox)
    made = copied(template, tmp_path_factory.mktemp("home") / "house", sandbox)
    (made.room.folder / "settings.yaml").write_text("jobs_a_day: 500\n")
    yield made
    made.close()


@dataclass
class Naive:
    """What a naive system tells the author of a job."""

    exit_code: int | None
    error: str
    seconds: float
    files: dict[str, int]

    @classmethod
    def tells(cls, outcome: Outcome, files: dict[str, int]) -> Naive:
        last = outcome.errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return cls(outcome.exit_code, last, outcome.seconds, files)


READ = f"""
import os, sys, time
secret = {SECRET}  # as if it had been counted in /release
high, low = secret >> 8, secret & 255
"""
WAYS = {
    "exit code": "sys.exit(high)",
    "name of the error": "raise type(f'E{secret}', (Exception,), {})()",
    "words of the error": "raise ValueError(f'{secret}')",
    "signal": "os.kill(os.getpid(), 1 + secret % 9)",
    "time": "time.sleep((secret % 7) * 0.2)\nopen('/outputs/table.json', 'w').write('{}')",
    "size": "open('/outputs/table.json', 'w').write(' ' * secret)",
    "name of a file": "open(f'/outputs/{secret}', 'w').write('')",
    "number of files": "[open(f'/outputs/{n}', 'w') for n in range(high % 20)]",
    "a folder": "os.makedirs(f'/outputs/{secret}/x')",
    "what it prints": "print(secret)\nopen('/outputs/table.json', 'w').write('{}')",
    "a made-up place": (
        'print(f\'Traceback (most recent call last):\\n  File "/study/{secret}.py", line {secret},'
        " in x\\nKeyError: {secret}', file=sys.stderr)\nsys.exit(1)"
    ),
}


def shown(job: Job) -> dict[str, Any]:
    """All that the author is ever shown of a job, but for its random name and when it was sent."""
    _, report = shown_at(job, factories.NOW + timedelta(days=1))
    assert report is not None
    return {k: v for k, v in report.plain().items() if k != "job"}


@pytest.mark.parametrize("way", WAYS)
def test_ours_two_secrets_look_alike(way: str, enclave: Enclave, tmp_path: Path) -> None:
    """What is shown is the same for this secret and for another one."""
    told = []
    for number, secret in enumerate((SECRET, 0x1F07)):
        code = (READ + WAYS[way]).replace(str(SECRET), str(secret))
        # One file for both: a study cannot be changed by what it reads.
        source = write_study(tmp_path / f"s{number}", code)
        told.append(shown(enclave.ran(source, code)))
    assert told[0] == told[1]
    text = json.dumps(told[0])
    for spelt in (str(SECRET), f"{SECRET:x}", str(SECRET >> 8), str(SECRET & 255)):
        assert not re.search(rf"(?<![0-9a-f]){spelt}(?![0-9a-f])", text.lower()), (way, text)


def test_naive_the_author_reads_the_secret_off_each_job() -> None:
    end = Outcome("failed", None, SECRET >> 8, b"", f"Traceback\nE{SECRET}\n".encode(), False, 2.4)
    found = Naive.tells(end, {f"{SECRET}.csv": SECRET})
    assert found.exit_code == SECRET >> 8
    assert str(SECRET) in found.error
    assert next(iter(found.files)).startswith(str(SECRET))
    assert next(iter(found.files.values())) == SECRET
    assert round(found.seconds, 1) == 2.4


def ended(clock: FixedClock, seconds: float, state: str = "finished") -> Job:
    from tests.unit.enclave.test_queue import WHAT

    begun = clock.now()
    return Job(
        id="job-x", project="p", permit="p-1", permit_hash=WHAT.permit_hash, study=WHAT.study,
        declaration=WHAT.declaration, submitted_by="amira", submitted_at=begun,
        state=state, attempt=1, cancel=False, release="r", begun_at=begun,  # type: ignore[arg-type]
        ended_at=begun + timedelta(seconds=seconds), error=None, because=None,
    )  # fmt: skip


def test_ours_watching_a_job_second_by_second_tells_no_time() -> None:
    """A job that sleeps for as many seconds as it has to say; its author asks every second."""
    clock = FixedClock(factories.NOW + timedelta(minutes=2, seconds=7))
    histories = set()
    for seconds in range(1, 700, 13):
        job = ended(clock, seconds)
        seen = tuple((shown_at(job, clock.now() + timedelta(seconds=at))) for at in range(1000))
        histories.add(tuple((one, None if r is None else r.digest()) for one, r in seen))
    assert len(histories) == 1


def test_naive_watching_tells_the_time_to_the_second() -> None:
    found = set()
    for seconds in range(1, 700, 13):
        job = ended(FixedClock(factories.NOW), seconds)
        assert job.ended_at is not None
        assert job.begun_at is not None
        found.add(int((job.ended_at - job.begun_at).total_seconds()))
    assert len(found) == 54


def test_ours_what_is_left_is_counted() -> None:
    """What a job can still say: an end, a class and a line of its own code; and few jobs a day."""
    from commonweal.enclave.settings import Settings

    lines = 200
    words = len(REPORT_STATES) + len(ERROR_CLASSES) * (lines + 1)
    assert words.bit_length() <= 13
    assert Settings().jobs_a_day <= 20
    assert MAX_LINE <= 20_000
