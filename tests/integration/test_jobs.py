"""Studies that really run: on one release, in the sandbox, under a permit that is followed."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave.leaving import require_whole, staging_of
from commonweal.enclave.queue import Job, Queue
from commonweal.enclave.telling import report_of
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.entry import Event
from commonweal.papers.job import JobOrder
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import change_state, open_custody
from tests.enclave_house import (
    GOOD,
    PERSON,
    Enclave,
    copied,
    make_template,
    open_sandbox,
    write_study,
)
from tests.release_house import refused

LONG = "import time\nwhile True:\n    time.sleep(0.05)\n"
PROBE = """
import json, os, sys
def tree(path):
    return sorted(os.path.join(a, f)[len(path):] for a, _, fs in os.walk(path) for f in fs)
def writable(path):
    try:
        open(path, "w").close()
        return True
    except OSError:
        return False
json.dump({
    "release": tree("/release"), "study": tree("/study"), "top": sorted(os.listdir("/")),
    "environment": dict(os.environ), "folder": os.getcwd(), "uid": os.getuid(),
    "writable": [p for p in ("/release/x", "/study/x", "/packages/x", "/x") if writable(p)],
    "toolkit": os.path.isdir("/app/commonweal"),
}, open("/outputs/table.json", "w"))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """A home with a release, to be copied: to build one takes longer than to run a job."""
    return make_template(tmp_path_factory.mktemp("template") / "house", sandbox)


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, template: Path, sandbox: Sandbox
) -> Iterator[Enclave]:
    """One home for all tests that leave its permit as it is."""
    made = copied(template, tmp_path_factory.mktemp("shared") / "house", sandbox)
    (made.room.folder / "settings.yaml").write_text("jobs_a_day: 500\n")
    yield made
    made.close()


@pytest.fixture
def enclave(tmp_path: Path, template: Path, sandbox: Sandbox) -> Iterator[Enclave]:
    made = copied(template, tmp_path / "house", sandbox)
    yield made
    made.close()


def left(enclave: Enclave, job: Job) -> Any:
    return json.loads((enclave.room.jobs / job.id / "outputs" / "table.json").read_text())


# --- what a job gets and leaves -------------------------------------------------------------
def test_a_job_gets_its_order_and_nothing_else(shared: Enclave, tmp_path: Path) -> None:
    job = shared.ran(tmp_path / "s", PROBE)
    assert job.state == "finished", job
    found = left(shared, job)
    assert found["study"] == ["/main.py", "/study.yaml"]
    assert [one for one in found["release"] if not one.startswith("/data/")] == ["/release.json"]
    assert {one.rpartition(".")[2] for one in found["release"]} == {"json", "parquet"}
    allowed = {"app", "packages", "release", "study", "outputs", "tmp", "dev", "proc", "usr",
               "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "root", "opt"}  # fmt: skip
    assert {one for one in found["top"] if not one.startswith("ready-")} <= allowed
    assert found["writable"] == []
    assert found["toolkit"]
    assert (found["folder"], found["uid"]) == ("/study", 65534)
    given = found["environment"]
    assert given["COMMONWEAL_RELEASE"] == "/release"
    assert given["COMMONWEAL_OUTPUTS"] == "/outputs"
    assert given["COMMONWEAL_REFERENCE"] == "/reference"
    assert given["HOME"] == "/tmp"
    assert not [name for name in given if name.startswith("COMMONWEAL_HOME")]


def test_outputs_are_frozen_and_told_to_the_ledger(shared: Enclave, tmp_path: Path) -> None:
    job = shared.ran(tmp_path / "s", GOOD)
    folder = shared.room.jobs / job.id
    recorded = shared.desk.recorded(shared.permit_id, job.id)
    assert recorded is not None
    paper = require_whole(folder, recorded.outputs)
    assert [(one.file, one.kind) for one in paper.files] == [("table.json", "request")]
    assert (paper.release, paper.study, paper.submitted_by) == (
        "permit-1.r1",
        job.study,
        PERSON,
    )
    order = JobOrder.read(json.loads((folder / "order.json").read_text()), "The order")
    assert (order.job, order.attempt, order.permit_hash) == (job.id, 1, paper.permit_hash)
    its = (folder / "outputs" / "table.json").stat()
    assert (stat.S_IMODE(its.st_mode), its.st_uid) == (0o440, os.geteuid())
    assert shared.loans() == []
    (ended,) = [one for one in shared.events("job.ended") if one["job"] == job.id]
    assert (ended["how"], ended["attempt"]) == ("finished", 1)
    assert shared.house.ledger_faults() == []


ENDS: dict[str, tuple[str, dict[str, Any], str, str | None]] = {
    "an error": ("x = {}\nx[1]\n", {}, "failed", "key"),
    "an exit code": ("raise SystemExit(47)", {}, "failed", "other"),
    "nothing left": ("pass", {}, "failed", "outputs"),
    "a file more": (GOOD + "open('/outputs/x', 'w')", {}, "failed", "outputs"),
    "a link": ("import os; os.symlink('/etc/shadow', '/outputs/table.json')", {}, "failed",
               "outputs"),
    "a folder": ("import os; os.mkdir('/outputs/table.json')", {}, "failed", "outputs"),
    "more than declared": ("open('/outputs/table.json','wb').write(b'x' * (1 << 20) * 2)", {},
                           "failed", "operating_system"),
    "killed by itself": ("import os; os.kill(os.getpid(), 9)", {}, "failed", "other"),
    "too many files": ("for n in range(9000): open(f'/outputs/{n}', 'w')\n" + LONG, {},
                       "over_limit", None),
    "no such file": ("", {"command": ["python", "none.py"]}, "failed", "other"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_how_jobs_end(name: str, shared: Enclave, tmp_path: Path) -> None:
    code, changes, state, kind = ENDS[name]
    job = shared.ran(tmp_path / "s", code, **changes)
    assert (job.state, job.error and job.error.kind) == (state, kind)
    report = report_of(job)
    assert report is not None
    assert report.state == state
    assert not (shared.room.jobs / job.id).exists()
    assert not list(shared.room.jobs.glob(".collecting-*"))
    assert (shared.room.logs / f"{job.id}.1" / "logs" / "stderr").exists()
    assert shared.loans() == []


def test_two_projects_are_two_users_of_the_machine(shared: Enclave, sandbox: Sandbox) -> None:
    if os.geteuid() != 0:
        pytest.skip("an ordinary user has one number only")
    assert sandbox.owner("asthma") not in {0, sandbox.owner("other"), sandbox.owner("parse:asthma")}


# --- what is refused when a study is handed in ----------------------------------------------
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "somebody else": ({}, "mallory", "CW-PERMIT-PERSON"),
    "a model without train": (
        {"outputs": [{"file": "m.onnx", "kind": "model", "about": "a model"}]},
        PERSON,
        "CW-PERMIT-ACTION",
    ),
    "an unknown runtime": ({"runtime": "r-4"}, PERSON, "CW-STUDY-RUNTIME"),
    "another program": ({"command": ["bash", "-c", "id"]}, PERSON, "CW-STUDY-RUNTIME"),
    "an unknown reference": ({"reference": ["x.csv"]}, PERSON, "CW-STUDY-REFERENCE"),
    "too long": ({"limits": {"minutes": 2000}}, PERSON, "CW-STUDY-LIMITS"),
    "too much memory": ({"limits": {"memory_gb": 64}}, PERSON, "CW-STUDY-LIMITS"),
    "too much to leave": ({"limits": {"outputs_mb": 4096}}, PERSON, "CW-STUDY-LIMITS"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_handed_in(name: str, shared: Enclave, tmp_path: Path) -> None:
    changes, by, code = REFUSED[name]
    before = len(shared.events("job.submitted"))
    source = write_study(tmp_path / "s", **changes)
    assert refused(lambda: shared.submit(source, by)).code == code
    assert len(shared.events("job.submitted")) == before
    with shared.queue() as queue:
        assert queue.waiting() == 0


def test_the_quota_of_a_day(enclave: Enclave, tmp_path: Path) -> None:
    (enclave.room.folder / "settings.yaml").write_text("jobs_a_day: 2\n")
    source = write_study(tmp_path / "s", LONG)
    with enclave.queue() as queue:
        for _ in range(2):
            queue.cancel(enclave.submit(source).id)
    assert refused(lambda: enclave.submit(source)).code == "CW-JOB-QUOTA"


def test_a_permit_without_a_release_or_without_python(enclave: Enclave, tmp_path: Path) -> None:
    source = write_study(tmp_path / "s")
    enclave.house.issue(processing=["table", "python"])
    enclave.permit_id = "permit-2"
    assert refused(lambda: enclave.submit(source)).code == "CW-RELEASE-MISSING"
    enclave.house.issue(processing=["table"])
    enclave.permit_id = "permit-3"
    assert refused(lambda: enclave.submit(source)).code == "CW-PERMIT-ACTION"
    enclave.permit_id = "permit-9"
    assert refused(lambda: enclave.submit(source)).code == "CW-PERMIT-UNKNOWN"


# --- what is checked again before it runs ---------------------------------------------------
def test_everything_is_checked_again(enclave: Enclave, tmp_path: Path) -> None:
    source = write_study(tmp_path / "s")
    job = enclave.submit(source)
    code = enclave.room.shelf.find(job.study).folder / "main.py"
    code.chmod(0o644)
    code.write_text("import os")
    enclave.work()
    assert (enclave.job(job.id).state, enclave.job(job.id).because) == (
        "refused",
        "CW-STUDY-CHANGED",
    )
    assert enclave.events("job.started") == []


@pytest.mark.parametrize("step", ["revoke", "suspend", "close"])
def test_a_permit_that_ends_while_a_job_waits(step: Any, enclave: Enclave, tmp_path: Path) -> None:
    job = enclave.submit(write_study(tmp_path / "s"))
    change_state(enclave.house.custody(), enclave.permit, step)
    enclave.work()
    found = enclave.job(job.id)
    assert found.state == "refused"
    assert str(found.because).startswith("CW-PERMIT-")
    assert enclave.events("job.started") == []
    assert enclave.events("release.opened") == []


def test_a_pause_starts_nothing_and_loses_nothing(enclave: Enclave, tmp_path: Path) -> None:
    custody = enclave.house.custody()
    job = enclave.submit(write_study(tmp_path / "s"))
    change_state(custody, enclave.permit, "pause")
    assert refused(lambda: enclave.submit(tmp_path / "s")).code == "CW-PERMIT-PAUSED"
    for _ in range(5):
        enclave.work()
        enclave.house.clock.advance(timedelta(minutes=6))
    assert (enclave.job(job.id).state, enclave.job(job.id).attempt) == ("queued", 0)
    assert enclave.events("job.started") == []
    change_state(custody, enclave.permit, "resume")
    enclave.work()
    assert enclave.job(job.id).state == "finished"


# --- what happens while it runs -------------------------------------------------------------
def meanwhile(enclave: Enclave, act: Callable[[Any], object]) -> threading.Thread:
    """Act on the home from elsewhere, some time after a job has started."""

    def later() -> None:
        house = enclave.house
        with open_custody(house.home, house.clock, root_store=house.root) as custody:
            until = time.monotonic() + 30
            while time.monotonic() < until:
                with custody.ledger.reading() as connection:
                    if connection.execute(
                        "SELECT 1 FROM intent WHERE type = 'job.started'"
                    ).fetchone():
                        break
                time.sleep(0.05)
            time.sleep(0.5)
            act(custody)

    thread = threading.Thread(target=later)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("step", "code"), [("revoke", "CW-PERMIT-REVOKED"), ("suspend", "CW-PERMIT-SUSPENDED")]
)
def test_a_permit_that_is_stopped_kills_within_five_seconds(
    step: Any, code: str, enclave: Enclave, tmp_path: Path
) -> None:
    job = enclave.submit(write_study(tmp_path / "s", "import os\nif os.fork(): os.setsid()\n"
                                     + LONG))  # fmt: skip
    at: list[float] = []

    def stop(custody: Any) -> None:
        change_state(custody, enclave.permit, step)
        at.append(time.monotonic())

    thread = meanwhile(enclave, stop)
    enclave.work()
    took = time.monotonic() - at[0]
    thread.join()
    found = enclave.job(job.id)
    assert (found.state, found.because) == ("refused", code)
    assert took < 5, took
    assert not (enclave.room.jobs / job.id).exists()
    assert enclave.events("outputs.collected") == []
    assert enclave.loans() == []


def test_a_permit_that_runs_out_kills(enclave: Enclave, tmp_path: Path) -> None:
    job = enclave.submit(write_study(tmp_path / "s", LONG))
    thread = meanwhile(enclave, lambda _: enclave.house.clock.advance(timedelta(days=4000)))
    enclave.work()
    thread.join()
    assert enclave.job(job.id).because == "CW-PERMIT-EXPIRED"


def test_a_pause_lets_a_job_finish_and_its_outputs_are_collected(
    enclave: Enclave, tmp_path: Path
) -> None:
    job = enclave.submit(write_study(tmp_path / "s", "import time\ntime.sleep(4)\n" + GOOD))
    thread = meanwhile(enclave, lambda c: change_state(c, enclave.permit, "pause"))
    enclave.work()
    thread.join()
    assert enclave.job(job.id).state == "finished"
    assert len(enclave.events("outputs.collected")) == 1


def test_cancelling_stops_a_job(enclave: Enclave, tmp_path: Path) -> None:
    job = enclave.submit(write_study(tmp_path / "s", LONG))

    def cancel(_: object) -> None:
        with Queue.open(enclave.room.folder, enclave.house.clock) as queue:
            queue.cancel(job.id)

    thread = meanwhile(enclave, cancel)
    enclave.work()
    thread.join()
    assert enclave.job(job.id).state == "cancelled"
    assert report_of(enclave.job(job.id)) is None


def test_a_ledger_that_does_not_answer_stops_a_job(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Unavailable
    from commonweal.vault.release.job_desk import JobDesk

    def silent(*_: object) -> None:
        raise Unavailable("CW-LEDGER-BUSY", "No answer.")

    job = enclave.submit(write_study(tmp_path / "s", LONG))
    monkeypatch.setattr(JobDesk, "standing", silent)
    enclave.work()
    assert (enclave.job(job.id).state, enclave.job(job.id).because) == (
        "refused",
        "CW-JOB-UNSURE",
    )


def test_a_permit_that_is_revoked_during_collection_leaves_nothing(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.release.job_desk import JobDesk

    real = JobDesk.record_outputs

    def late(self: JobDesk, event: Event, outputs: str) -> int:
        change_state(self.custody, enclave.permit, "revoke")
        return real(self, event, outputs)

    monkeypatch.setattr(JobDesk, "record_outputs", late)
    job = enclave.run(write_study(tmp_path / "s"))
    assert (job.state, job.because) == ("refused", "CW-PERMIT-NOT-LIVE")
    assert list(enclave.room.jobs.iterdir()) == []


# --- what a crash leaves --------------------------------------------------------------------
class Died(BaseException):
    """As if the process had ended there."""


def died_at(name: str, enclave: Enclave, source: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job whose worker dies when it comes to a function of `working`."""
    from commonweal.enclave import working

    def die(*_: object, **__: object) -> None:
        raise Died

    job = enclave.submit(source)
    with monkeypatch.context() as patch:
        patch.setattr(working, name, die)
        with pytest.raises(Died):
            enclave.work()
    return job.id


@pytest.mark.parametrize("place", ["run_of", "running", "collect_outputs", "record_and_place"])
def test_a_worker_that_died_before_the_ledger_knew_is_followed_by_another(
    place: str, enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = died_at(place, enclave, write_study(tmp_path / "s"), monkeypatch)
    assert enclave.job(name).state in ("running", "collecting")
    job = enclave.work()
    assert job is not None
    assert (job.id, job.state, job.attempt) == (name, "finished", 2)
    assert [one.name for one in enclave.room.jobs.iterdir()] == [name]
    assert len(enclave.events("outputs.collected")) == 1
    assert [one["how"] for one in enclave.events("job.ended")] == ["cut_off", "finished"]
    assert enclave.loans() == []


def test_a_worker_that_died_after_the_ledger_knew_has_its_result(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.enclave import leaving

    job = enclave.submit(write_study(tmp_path / "s"))

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(leaving, "place", die)
        with pytest.raises(Died):
            enclave.work()
    assert staging_of(enclave.room.jobs, job.id, 1).exists()
    assert enclave.work() is None  # it was settled, and nothing runs again
    found = enclave.job(job.id)
    assert (found.state, found.attempt) == ("finished", 1)
    assert len(enclave.events("job.started")) == 1
    assert [one.name for one in enclave.room.jobs.iterdir()] == [job.id]


def test_outputs_that_were_changed_after_a_crash_are_not_taken(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.enclave import leaving

    def die(*_: object) -> None:
        raise Died

    job = enclave.submit(write_study(tmp_path / "s"))
    with monkeypatch.context() as patch:
        patch.setattr(leaving, "place", die)
        with pytest.raises(Died):
            enclave.work()
    changed = staging_of(enclave.room.jobs, job.id, 1) / "outputs" / "table.json"
    changed.chmod(0o644)
    changed.write_text("{}")
    enclave.work()
    assert (enclave.job(job.id).state, enclave.job(job.id).because) == (
        "refused",
        "CW-COLLECT-CHANGED",
    )


def test_a_job_is_not_tried_for_ever(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (enclave.room.folder / "settings.yaml").write_text("attempts: 2\n")
    name = died_at("running", enclave, write_study(tmp_path / "s"), monkeypatch)
    from commonweal.enclave import working

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(working, "running", die)
        with pytest.raises(Died):
            enclave.work()
    assert enclave.work() is None
    found = enclave.job(name)
    assert (found.state, found.because, found.attempt) == ("refused", "CW-JOB-ATTEMPTS", 2)


def test_of_two_attempts_one_has_the_result(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was slow, not dead: another came to the end first."""
    from commonweal.enclave import working

    name = enclave.submit(write_study(tmp_path / "s")).id
    real = working.record_and_place
    order: list[str] = []

    def slow(*arguments: Any) -> None:
        if order:
            return real(*arguments)
        order.append("slow")
        enclave.house.clock.advance(timedelta(minutes=5))
        with monkeypatch.context() as patch:
            patch.setattr(working, "record_and_place", real)
            enclave.work()
        return real(*arguments)

    monkeypatch.setattr(working, "record_and_place", slow)
    enclave.work()
    found = enclave.job(name)
    assert (found.state, found.attempt) == ("finished", 2)
    assert len(enclave.events("outputs.collected")) == 1
    recorded = enclave.desk.recorded(enclave.permit_id, name)
    assert recorded is not None
    assert recorded.attempt == 2
    require_whole(enclave.room.jobs / name, recorded.outputs)


def test_the_sandbox_that_is_not_there_starts_nothing(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Unavailable

    def missing(*_: object) -> None:
        raise Unavailable("CW-SANDBOX-START", "It could not be set up.")

    monkeypatch.setattr(Sandbox, "run", missing)
    name = enclave.submit(write_study(tmp_path / "s")).id
    for _ in range(3):
        enclave.work()
    assert (enclave.job(name).state, enclave.job(name).because) == ("refused", "CW-SANDBOX-START")
    assert enclave.loans() == []


def test_errors_of_ours_are_ours(enclave: Enclave) -> None:
    with pytest.raises(CommonwealError), enclave.queue() as queue:
        queue.job("none")
