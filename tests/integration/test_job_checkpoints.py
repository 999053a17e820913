"""Jobs of days: what a job keeps survives our cutting it off, for that job alone, and no longer."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave import engine, working
from commonweal.enclave.checkpoints import Keeper
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import change_state
from tests.enclave_house import (
    Enclave,
    copied,
    make_template,
    open_sandbox,
    write_study,
)
from tests.integration.test_jobs import left, meanwhile

KEEPING = {"checkpoints": True}
GROWS = """
import json, os, time
from commonweal.enclave import study
at = study.checkpoints()
steps = at.folder / "deep" / "steps.txt"
if not at.earlier:
    with at.writing() as folder:
        (folder / "deep").mkdir()
        steps.write_text("first" * 100_000)
        (folder / "empty.txt").touch()
    time.sleep(60)
json.dump({"earlier": at.earlier, "text": len(steps.read_text()), "mode": oct(steps.stat().st_mode),
           "uid": steps.stat().st_uid, "there": sorted(os.listdir(at.folder)),
           "all": sorted(n for n in os.environ if "CHECK" in n)},
          open("/outputs/table.json", "w"))
steps.write_text("second")
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "house", sandbox)


@pytest.fixture
def enclave(tmp_path: Path, template: Path, sandbox: Sandbox) -> Iterator[Enclave]:
    made = copied(template, tmp_path / "house", sandbox)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LOOK_SECONDS", 0.1)


class Died(BaseException):
    """As if the process had ended there."""


def cut_off_when_kept(
    enclave: Enclave, monkeypatch: pytest.MonkeyPatch, code: str = GROWS, **changes: Any
) -> str:
    """A job whose worker dies once its checkpoint has its place; its name."""
    real = Keeper._settle

    def die(self: Keeper) -> None:
        real(self)
        if self._kept:
            raise Died

    source = write_study(enclave.house.home.parent / "s", code, **(KEEPING | changes))
    name = enclave.submit(source).id
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "_settle", die)
        with pytest.raises(Died):
            enclave.work()
    return name


def files(enclave: Enclave) -> list[Path]:
    return sorted(enclave.room.checkpoints.folder.iterdir())


def test_the_next_attempt_goes_on_where_the_first_was_cut_off(
    enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cut_off_when_kept(enclave, monkeypatch)
    (sealed,) = files(enclave)
    assert sealed.name.partition(".")[0] == name
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o600
    assert stat.S_IMODE(sealed.parent.stat().st_mode) == 0o700
    assert b"first" not in sealed.read_bytes()
    assert b"steps" not in sealed.read_bytes()
    job = enclave.work()
    assert job is not None
    assert (job.id, job.state, job.attempt) == (name, "finished", 2)
    found = left(enclave, job)
    assert found == {
        "earlier": True, "text": 500_000, "mode": "0o100600", "uid": 65534,
        "there": ["deep", "empty.txt"],
        "all": ["COMMONWEAL_CHECKPOINTS", "COMMONWEAL_CHECKPOINTS_EARLIER"],
    }  # fmt: skip
    assert files(enclave) == []


def test_what_is_kept_is_never_an_output_and_nothing_is_told_of_it(
    enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cut_off_when_kept(enclave, monkeypatch)
    enclave.work()
    folder = enclave.room.jobs / name
    assert [one.name for one in (folder / "outputs").iterdir()] == ["table.json"]
    for event in ("job.started", "job.ended", "outputs.collected"):
        assert [one for one in enclave.events(event) if "checkpoint" in str(one)] == []


OTHERS = """
import json, os
json.dump(sorted(os.listdir("/checkpoints")), open("/outputs/table.json", "w"))
"""


def test_another_job_gets_nothing_of_it(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cut_off_when_kept(enclave, monkeypatch)
    with enclave.queue() as queue, queue.worker() as me:
        held = [one for one in queue.seize_lost(me) if one.job.id == name]
        queue.step(held[0], "cut_off")
        queue._connection.execute(
            "UPDATE job SET not_before = '2200-01-01T00:00:00.000Z' WHERE id = ?", (name,)
        )
    other = enclave.ran(tmp_path / "other", OTHERS, **KEEPING)
    assert (other.state, left(enclave, other)) == ("finished", [])
    # The same study, handed in again, is another job.
    again = enclave.run(tmp_path / "other")
    assert left(enclave, again) == []
    assert [one.name.partition(".")[0] for one in files(enclave)] == [name]


def test_it_is_bound_to_release_study_and_job(
    enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cut_off_when_kept(enclave, monkeypatch)
    before = enclave.job(name).release
    enclave.house.clock.advance(timedelta(minutes=5))
    # A newer release leaves out people who have said no since: what was made of the older one goes.
    enclave.house.build(enclave.permit)
    thread = threading.Thread(target=lambda: _cancel_when(enclave, name))
    thread.start()
    enclave.work()
    thread.join()
    found = enclave.job(name)
    assert found.state == "cancelled"  # it began anew, and slept until it was taken back
    assert found.release != before
    assert files(enclave) == []


def _cancel_when(enclave: Enclave, name: str) -> None:
    from commonweal.enclave.queue import Queue

    with Queue.open(enclave.room.folder, enclave.house.clock) as queue:
        until = time.monotonic() + 30
        while time.monotonic() < until and queue.job(name).release is None:
            time.sleep(0.1)
        time.sleep(0.3)
        queue.cancel(name)


@pytest.mark.parametrize("how", ["a bit", "cut short", "another job's"])
def test_one_that_was_changed_is_not_given(
    how: str, enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cut_off_when_kept(enclave, monkeypatch)
    (sealed,) = files(enclave)
    content = bytearray(sealed.read_bytes())
    if how == "a bit":
        content[len(content) // 2] ^= 1
    elif how == "cut short":
        del content[-40:]
    else:
        content[8:40] = os.urandom(32)  # as one sealed under another key
    sealed.write_bytes(content)
    enclave.work()
    found = enclave.job(name)
    assert (found.state, found.because) == ("refused", "CW-JOB-CHECKPOINT")
    assert files(enclave) == []


SPOILT = {
    "a link": "os.symlink('/etc/passwd', '/checkpoints/x')",
    "a link to a folder": "os.symlink('/release', '/checkpoints/x')",
    "a second name": "open('/checkpoints/a', 'w'); os.link('/checkpoints/a', '/checkpoints/b')",
    "a socket": "import socket; s = socket.socket(socket.AF_UNIX); s.bind('/checkpoints/s')",
    "a hole": "f = open('/checkpoints/h', 'w'); f.truncate(900000); f.close()",
    "a sticky folder": "os.mkdir('/checkpoints/d'); os.chmod('/checkpoints/d', 0o1755)",
    "an odd name": "open('/checkpoints/a\\nb', 'w')",
    "too deep": "os.makedirs('/checkpoints/a/b/c/d/e')",
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_no_job_may_keep_ends_it(name: str, enclave: Enclave, tmp_path: Path) -> None:
    job = enclave.ran(tmp_path / "s", f"import os, time\n{SPOILT[name]}\ntime.sleep(50)", **KEEPING)
    assert (job.state, job.error and job.error.kind) == ("failed", "outputs")
    assert files(enclave) == []


def test_its_size_and_number_are_held(enclave: Enclave, tmp_path: Path) -> None:
    code = """
import json, os
try:
    with open("/checkpoints/large", "wb", buffering=0) as sink:
        for _ in range(3): sink.write(b"x" * (1 << 20))
    said = "written"
except OSError as error:
    said = error.errno
json.dump(said, open("/outputs/table.json", "w"))
"""
    limits = {"minutes": 1, "memory_gb": 1, "outputs_mb": 4, "checkpoints_mb": 2}
    job = enclave.ran(tmp_path / "s", code, limits=limits, **KEEPING)
    assert (job.state, left(enclave, job)) == ("finished", 28)  # ENOSPC
    many = "import time\nfor n in range(1500): open(f'/checkpoints/{n}', 'w')\ntime.sleep(50)"
    assert enclave.ran(tmp_path / "m", many, **KEEPING).state == "over_limit"


def test_a_study_that_keeps_nothing_has_no_such_folder(enclave: Enclave, tmp_path: Path) -> None:
    code = "import os\nassert not os.path.exists('/checkpoints')\n"
    code += "from commonweal.enclave import study\nstudy.checkpoints()"
    job = enclave.ran(tmp_path / "s", code)
    assert (job.state, job.error and job.error.kind) == ("failed", "study")


def test_attempts_are_limited_as_before_and_then_it_is_removed(
    enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    (enclave.room.folder / "settings.yaml").write_text("attempts: 1\n")
    name = cut_off_when_kept(enclave, monkeypatch)
    assert files(enclave) != []
    assert enclave.work() is None
    assert (enclave.job(name).state, enclave.job(name).because) == ("refused", "CW-JOB-ATTEMPTS")
    assert files(enclave) == []


def test_a_revoked_permit_removes_it(enclave: Enclave, monkeypatch: pytest.MonkeyPatch) -> None:
    name = cut_off_when_kept(enclave, monkeypatch)
    change_state(enclave.house.custody(), enclave.permit, "revoke")
    enclave.work()
    assert enclave.job(name).state == "refused"
    assert files(enclave) == []


def test_revoking_while_it_runs_removes_it(enclave: Enclave, tmp_path: Path) -> None:
    job = enclave.submit(write_study(tmp_path / "s", GROWS, **KEEPING))

    def stop(custody: Any) -> None:
        until = time.monotonic() + 20
        while not files(enclave) and time.monotonic() < until:
            time.sleep(0.1)
        change_state(custody, enclave.permit, "revoke")

    thread = meanwhile(enclave, stop)
    enclave.work()
    thread.join()
    assert enclave.job(job.id).because == "CW-PERMIT-REVOKED"
    assert files(enclave) == []


def test_what_a_kill_left_is_removed_by_the_next_tidy(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies after the job has its result and before its checkpoint is removed."""
    name = cut_off_when_kept(enclave, monkeypatch)

    def die(*_: object) -> None:
        raise Died

    real, calls = working.Worker.tidy, []

    def second(self: working.Worker) -> int:
        calls.append(1)
        return real(self) if len(calls) == 1 else die()  # type: ignore[return-value]

    with monkeypatch.context() as patch:
        patch.setattr(working.Worker, "tidy", second)
        with pytest.raises(Died):
            enclave.work()
    assert enclave.job(name).state == "finished"
    (enclave.room.checkpoints.folder / f"{name}.half.new").write_text("x")
    assert files(enclave) != []
    assert enclave.work() is None
    assert files(enclave) == []


def test_it_is_copied_again_when_it_changed_and_rests(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import time, pathlib
at = pathlib.Path("/checkpoints/x")
for n in range(2):
    at.write_text(str(n)); time.sleep(2)
open("/outputs/table.json", "w").write("{}")
"""
    placed: list[int] = []
    real = Keeper._settle

    def seen(self: Keeper) -> None:
        had = self._copied is not None
        real(self)
        if had:
            placed.append(len(files(enclave)))

    monkeypatch.setattr(Keeper, "_settle", seen)
    keeper = working.Keeper
    monkeypatch.setattr(working, "Keeper", lambda *a: keeper(*a, seconds=0.0))
    assert enclave.ran(tmp_path / "s", code, **KEEPING).state == "finished"
    assert placed == [1, 1]
    assert files(enclave) == []


def test_limits(enclave: Enclave, tmp_path: Path) -> None:
    from tests.release_house import refused

    def asked(**limits: int) -> str:
        source = write_study(tmp_path / "s", limits={"minutes": 1, **limits}, **KEEPING)
        return refused(lambda: enclave.submit(source)).code

    assert asked(checkpoints_mb=1025) == "CW-STUDY-LIMITS"
    (enclave.room.folder / "settings.yaml").write_text("most: {checkpoints_mb: 10}\n")
    assert asked(checkpoints_mb=11) == "CW-STUDY-LIMITS"
    # What is not said counts as 256.
    assert asked() == "CW-STUDY-LIMITS"
