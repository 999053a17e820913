"""What is refused before a program is started, and that nothing is left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from commonweal.foundation.errors import CommonwealError, Unavailable, WrongUsage
from commonweal.sandbox import command, staging, starting
from commonweal.sandbox.guards import still_there
from commonweal.sandbox.orders import JobUser, Limits, Mount, Run
from commonweal.sandbox.running import running
from commonweal.sandbox.runtimes import system_runtime
from commonweal.sandbox.starting import Start, programs

UID = 1_900_000_775
USER = JobUser(UID, UID) if os.geteuid() == 0 else None
TRUE = Run("/usr/bin/true", (), system_runtime(), cgroup=False)


def refused(run: Run) -> Unavailable:
    with running(run, USER) as job, pytest.raises(Unavailable) as error:
        job.wait(60)
    return error.value


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_as_root_only_with_a_user_and_otherwise_without() -> None:
    wrong = None if os.geteuid() == 0 else JobUser(UID, UID)
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Start(TRUE, wrong)


def test_a_run_that_needs_a_cgroup_is_not_started_without() -> None:
    assert refused(replace(TRUE, cgroup=True)).code == "CW-SANDBOX-CGROUP"


def test_what_it_is_to_see_is_not_there(tmp_path: Path) -> None:
    missing = Mount(tmp_path / "nowhere", "/data")
    error = refused(replace(TRUE, mounts=(missing,)))
    assert error.code == "CW-SANDBOX-START"
    assert str(tmp_path) not in error.sentence


@pytest.mark.parametrize("program", ["/usr/bin/nothing-here", "/usr", "/usr/share"])
def test_a_program_that_cannot_be_started(program: str) -> None:
    with running(replace(TRUE, program=program), USER) as job:
        assert job.wait(60).state == "failed"


def test_bubblewrap_that_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.options
    monkeypatch.setattr(command, "options", lambda *a: [*real(*a), "--ro-bind", "/no/such", "/x"])
    error = refused(TRUE)
    assert error.code == "CW-SANDBOX-START"
    assert error.remedy is not None
    assert "/no/such" in error.remedy


def test_bubblewrap_that_is_gone_before_it_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may die between its word on the status pipe and the moment at which we hold its run."""

    def gone(number: int) -> int:
        os.kill(number, signal.SIGKILL)
        raise ProcessLookupError

    monkeypatch.setattr(os, "pidfd_open", gone)
    assert refused(TRUE).code == "CW-SANDBOX-START"


def test_bubblewrap_with_the_set_user_id_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "stat", lambda *_, **__: SimpleNamespace(st_mode=0o104755))
    with pytest.raises(Unavailable, match="set-user-id"):
        programs()


def test_a_program_named_by_path_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bwrap", "prlimit"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert all(not path.startswith(str(tmp_path)) for path in programs())


def test_nothing_is_left_open_or_running() -> None:
    for run in (TRUE, TRUE):  # what is made once is made
        with running(run, USER) as job:
            job.wait(60)
    before, threads = descriptors(), threading.active_count()
    for run in (
        TRUE,
        replace(TRUE, program="/usr/bin/nothing-here"),
        replace(TRUE, mounts=(Mount(Path("/nowhere"), "/data"),)),
        replace(TRUE, program="/usr/bin/sleep", arguments=("60", "0.0001")),
    ):
        suppressed = contextlib.suppress(CommonwealError, TimeoutError)
        with running(run, USER) as job, suppressed:
            job.wait(0.5)
    assert descriptors() == before
    assert threading.active_count() == threads
    assert still_there("sleep\x0060\x000.0001") == []


def test_outputs_are_there_when_it_has_ended_and_not_before() -> None:
    sleep = replace(TRUE, program="/usr/bin/sleep", arguments=("60",))
    with running(sleep, USER) as job:
        with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
            _ = job.outputs
        with pytest.raises(TimeoutError):
            job.wait(0.2)
        job.stop()
        assert job.wait(10).state == "stopped"
        assert os.listdir(job.outputs) == []  # noqa: PTH208


def test_our_own_mounts_do_not_change() -> None:
    before = Path("/proc/self/mountinfo").read_text()
    with running(TRUE, USER) as job:
        job.wait(60)
        assert Path("/proc/self/mountinfo").read_text() == before
    # Where root starts runs, sources are staged there, and here nothing of it is seen.
    if USER is not None:
        assert list(staging.RUN_FOLDER.iterdir()) == []


def test_a_file_and_a_folder_are_seen_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").write_text("inner")
    (tmp_path / "file").write_text("file")
    for place in (tmp_path, tmp_path / "folder"):
        place.chmod(0o755)
    if USER is not None:
        tmp_path.chmod(0o711)
        tmp_path.parent.chmod(0o700)  # where the user cannot go
    mounts = (Mount(tmp_path / "folder", "/data"), Mount(tmp_path / "file", "/one"))
    read = replace(TRUE, program="/usr/bin/cat", arguments=("/data/inner", "/one"), mounts=mounts)
    with running(read, USER) as job:
        assert job.wait(60).output == b"innerfile"
    for target in ("/data/inner", "/data/new", "/one"):
        write = replace(read, program="/usr/bin/cp", arguments=("/etc/passwd", target))
        with running(write, USER) as job:
            outcome = job.wait(60)
        assert outcome.state == "failed"
        assert b"Read-only file system" in outcome.errors


def test_many_at_once() -> None:
    """Threads have a view of the file system each, and do not get in each other's way."""
    found = []

    def one() -> None:
        with running(replace(TRUE, limits=Limits(processes=8)), USER) as job:
            found.append(job.wait(60).state)

    made = [threading.Thread(target=one) for _ in range(12)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()
    assert found == ["finished"] * 12


def test_limits_are_read_from_the_system() -> None:
    assert set(starting._hard_limits()) <= set(starting._LIMIT_NAMES)
