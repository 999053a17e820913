"""The queue of jobs over a site's engine: each job runs there once, whatever is lost or killed.

The site is the scripted TES server; its shared folders lie on this machine, and what a task would
have written is put there by the test.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave import elsewhere, working
from commonweal.enclave.elsewhere import Elsewhere
from commonweal.enclave.engines import tes
from commonweal.enclave.engines.tes import TesEngine
from commonweal.enclave.queue import Job
from commonweal.enclave.runtimes import environment
from commonweal.enclave.working import worker
from commonweal.foundation.clock import stamp
from commonweal.papers.site import SiteStatement
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import change_state
from commonweal.wiring.engines import engine_of
from tests import factories
from tests.enclave_house import Enclave, copied, make_template, open_sandbox, write_study
from tests.engine_house import IMAGE, Scripted, scripted, statement_data
from tests.release_house import refused


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "house", sandbox)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with scripted(tmp_path_factory.mktemp("outputs")) as found:
        yield found


class There:
    """A home whose jobs run at the site."""

    def __init__(self, enclave: Enclave, server: Scripted, volume: Path) -> None:
        self.enclave, self.server, self.volume = enclave, server, volume

    def state(self, **changes: Any) -> None:
        """Sign the statement and name the site in the settings."""
        folder = self.enclave.room.folder
        named = {"address": f"file://{self.volume}", "folder": str(self.volume),
                 "how": "A file system in memory of the site, shared with us alone."}  # fmt: skip
        plain = statement_data(self.server.address, volume=named) | changes
        plain = {name: value for name, value in plain.items() if value is not None}
        plain["stated_at"] = stamp(factories.NOW)
        paper = SiteStatement.read(plain, "The statement")
        signer = self.enclave.house.custody().signer("permit-signer")
        (folder / "site.jws").write_text(paper.signed([signer], factories.NOW))
        (folder / "token").write_text("tok-very-secret\n")
        packages = environment("python", {}).packages
        site = {"address": self.server.address, "statement": str(folder / "site.jws"),
                "outputs": f"file://{self.server.folder}", "token_file": str(folder / "token"),
                "outputs_folder": str(self.server.folder), "owner": os.geteuid(),
                "images": {packages: IMAGE}}  # fmt: skip
        (folder / "settings.yaml").write_text(json.dumps({"engine": "tes", "site": site}))

    def engine(self) -> Elsewhere:
        found = engine_of(self.enclave.house.custody(), self.enclave.room)
        assert found is not None
        assert isinstance(found.engine, TesEngine)
        found.engine._pause = lambda _: None
        return found

    def work(self) -> Job | None:
        made = self.enclave
        with (
            made.queue() as queue,
            worker(made.room, queue, made.desk, made.sandbox, made.house.clock,
                   self.engine()) as one,
        ):  # fmt: skip
            return one.work_one()

    def submit(self, base: Path, **changes: Any) -> str:
        return self.enclave.submit(write_study(base / "s", **changes)).id

    def job(self, name: str) -> Job:
        return self.enclave.job(name)

    def tasks(self) -> list[dict[str, Any]]:
        return self.server.held()["tasks"]

    def lies(self) -> list[str]:
        return sorted(one.name for one in self.volume.iterdir())

    def clean(self) -> None:
        """Nothing of any job is left at the site."""
        assert self.lies() == []
        assert self.enclave.room.notes.names() == []
        assert list(self.server.folder.iterdir()) == []


@pytest.fixture
def there(
    tmp_path: Path, template: Path, sandbox: Sandbox, server: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[There]:  # fmt: skip
    monkeypatch.setattr(elsewhere, "LOOK_SECONDS", 0.02)
    server.script(reset=True)
    for left in server.folder.iterdir():
        shutil.rmtree(left)
    volume = tmp_path / "volume"
    volume.mkdir(mode=0o711)
    made = There(copied(template, tmp_path / "house", sandbox), server, volume)
    made.state()
    yield made
    made.enclave.close()


def leaves(there: There, monkeypatch: pytest.MonkeyPatch, seen: list[Any] | None = None) -> None:
    """As if each task had written its output by the time that it is said to have finished."""
    real = TesEngine.collect

    def collect(self: TesEngine, ticket: Any, task: Any, into: Path) -> Any:
        place = there.server.folder / ticket.mark
        if not place.exists():
            place.mkdir()
            (place / "table.json").write_text("{}")
        if seen is not None:
            at = there.volume / task.name
            seen.append({
                "tree": sorted(str(p.relative_to(at)) for p in at.rglob("*") if p.is_file()),
                "modes": {oct(p.stat().st_mode & 0o777) for p in at.rglob("*") if p.is_file()},
                "task": there.tasks()[-1],
            })  # fmt: skip
        return real(self, ticket, task, into)

    monkeypatch.setattr(TesEngine, "collect", collect)


def test_a_job_runs_there_and_its_outputs_are_collected_as_here(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    leaves(there, monkeypatch, seen)
    there.server.script(states=["QUEUED", "RUNNING", "COMPLETE"])
    name = there.submit(tmp_path)
    there.work()
    assert (there.job(name).state, there.job(name).attempt) == ("finished", 1)
    (found,) = seen
    assert {one.partition("/")[0] for one in found["tree"]} == {"release", "study"}
    assert "study/main.py" in found["tree"]
    assert found["modes"] <= {"0o400", "0o444"}
    task = found["task"]
    assert task["inputs"][0]["url"] == f"file://{there.volume}/{name}.1/release"
    assert task["resources"]["backend_parameters"] == {"network": "none"}
    assert len(there.tasks()) == 1
    there.clean()
    folder = there.enclave.room.jobs / name
    assert sorted(one.name for one in folder.iterdir()) == ["order.json", "outputs", "outputs.json"]
    assert len(there.enclave.events("outputs.collected")) == 1
    assert [one["use"] for one in there.enclave.events("release.opened")] == ["job"]
    assert there.enclave.house.ledger_faults() == []


LOST = [
    [("create", "after")], [("create", "lost")], [("create", "twice")], [("create", "500")],
    [("get", "500"), ("get", "lost")], [("get", "cut")], [("list", "lost")], [("get", "text:{")],
]  # fmt: skip


@pytest.mark.parametrize("steps", LOST, ids=lambda steps: "-".join(f"{a}.{b}" for a, b in steps))
def test_answers_that_are_lost_run_nothing_twice(
    steps: list[tuple[str, str]], there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves(there, monkeypatch)
    there.server.script(*steps)
    name = there.submit(tmp_path, limits={"minutes": 10, "memory_gb": 1, "outputs_mb": 1})
    for _ in range(4):
        if there.job(name).state == "finished":
            break
        there.server.script(states=["COMPLETE"])
        there.work()
        there.enclave.house.clock.advance(timedelta(seconds=31))
    assert there.job(name).state == "finished"
    tasks = there.tasks()
    assert {one["name"] for one in tasks} == {f"{name}.1"}
    assert sum(one["state"] != "CANCELED" for one in tasks) == 1
    assert len(there.enclave.events("job.started")) == 1
    there.clean()


class Died(BaseException):
    """As if the process had ended there."""


@pytest.mark.parametrize("where", ["before it is sent", "before its id is known", "while it runs",
                                   "while it is collected", "before the ledger knows"])  # fmt: skip
def test_a_worker_that_died_is_followed_by_one_that_goes_on(
    where: str, there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = there.submit(tmp_path)

    def die(*_: object, **__: object) -> None:
        raise Died

    there.server.script(states=["RUNNING", "COMPLETE"])
    with monkeypatch.context() as patch:
        if where == "before it is sent":
            patch.setattr(TesEngine, "submit", die)
        elif where == "before its id is known":
            real = TesEngine._create
            patch.setattr(TesEngine, "_create", lambda *a: (real(*a), die()))
        elif where == "while it runs":
            patch.setattr(working, "watched", die)
        elif where == "while it is collected":
            patch.setattr(TesEngine, "collect", die)
        else:
            leaves(there, patch)
            patch.setattr(working, "record_and_place", die)
        with pytest.raises(Died):
            there.work()
    assert there.lies() == [f"{name}.1"]
    leaves(there, monkeypatch)
    if not where.startswith(("while it is", "before the")):
        there.server.script(states=["COMPLETE"])
    there.work()
    assert (there.job(name).state, there.job(name).attempt) == ("finished", 1)
    assert len(there.tasks()) == 1
    assert len(there.enclave.events("job.started")) == 1
    assert len(there.enclave.events("outputs.collected")) == 1
    there.clean()


def test_a_worker_that_died_before_anything_was_noted_leaves_nothing(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = there.submit(tmp_path)

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(elsewhere.Notes, "write", die)
        with pytest.raises(Died):
            there.work()
    assert there.lies() == [f"{name}.1"]
    leaves(there, monkeypatch)
    there.server.script(states=["COMPLETE"])
    there.work()
    assert (there.job(name).state, there.job(name).attempt) == ("finished", 2)
    assert [one["name"] for one in there.tasks()] == [f"{name}.2"]
    there.clean()


@pytest.mark.parametrize(("step", "code"), [("revoke", "CW-PERMIT-REVOKED"),
                                            ("suspend", "CW-PERMIT-SUSPENDED")])  # fmt: skip
def test_a_permit_that_is_stopped_cancels_it_there(
    step: Any, code: str, there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = there.submit(tmp_path)
    real, looks = elsewhere.looked, []

    def looked(*arguments: Any) -> Any:
        looks.append(time.monotonic())
        if len(looks) == 2:
            change_state(there.enclave.house.custody(), there.enclave.permit, step)
        return real(*arguments)

    monkeypatch.setattr(elsewhere, "looked", looked)
    there.server.script(states=["RUNNING"])
    there.work()
    assert (there.job(name).state, there.job(name).because) == ("refused", code)
    assert [one["state"] for one in there.tasks()] == ["CANCELED"]
    assert there.enclave.events("outputs.collected") == []
    there.clean()


def test_a_permit_that_was_revoked_while_nobody_worked(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = there.submit(tmp_path)

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(working, "watched", die)
        with pytest.raises(Died):
            there.work()
    change_state(there.enclave.house.custody(), there.enclave.permit, "revoke")
    there.work()
    assert there.job(name).because == "CW-PERMIT-REVOKED"
    assert [one["state"] for one in there.tasks()] == ["CANCELED"]
    there.clean()


def test_a_site_that_is_silent_does_not_keep_the_release_of_a_permit_that_was_revoked(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the site could let nothing through, and so have the data go on lying there."""
    name = there.submit(tmp_path)

    def die(*_: object) -> None:
        raise Died

    def silent(*_: object) -> None:
        raise tes._Unanswered

    with monkeypatch.context() as patch:
        patch.setattr(working, "watched", die)
        with pytest.raises(Died):
            there.work()
    assert there.lies() == [f"{name}.1"]
    with monkeypatch.context() as patch:
        patch.setattr(TesEngine, "_send", silent)
        there.work()
        assert there.lies() == [f"{name}.1"]  # the permit lives: it goes on there
        change_state(there.enclave.house.custody(), there.enclave.permit, "revoke")
        there.enclave.house.clock.advance(timedelta(seconds=31))
        there.work()
        assert (there.job(name).state, there.job(name).because) == ("refused", "CW-PERMIT-REVOKED")
        assert there.lies() == []
        # It is known that a task may go on there, until the site has said that it does not.
        assert there.enclave.room.notes.names() == [f"{name}.1"]
    there.work()
    assert [one["state"] for one in there.tasks()] == ["CANCELED"]
    there.clean()


def test_a_permit_that_was_stopped_before_a_task_was_sent_sends_none(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = there.submit(tmp_path)

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(TesEngine, "submit", die)
        with pytest.raises(Died):
            there.work()
    change_state(there.enclave.house.custody(), there.enclave.permit, "suspend")
    there.work()
    assert (there.job(name).state, there.job(name).because) == ("refused", "CW-PERMIT-SUSPENDED")
    assert there.tasks() == []
    there.clean()


def test_taken_back_and_over_its_time(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = there.submit(tmp_path)
    monkeypatch.setattr(working.Queue, "beat", lambda *_: True)
    there.work()
    assert there.job(name).state == "cancelled"
    monkeypatch.undo()
    monkeypatch.setattr(elsewhere, "LOOK_SECONDS", 0.02)
    there.clean()
    late = there.submit(tmp_path)
    real = elsewhere.Notes.write

    def slow(self: Any, order: Any) -> None:
        real(self, order)
        there.enclave.house.clock.advance(timedelta(minutes=2))

    monkeypatch.setattr(elsewhere.Notes, "write", slow)
    there.work()
    assert there.job(late).state == "over_limit"
    there.clean()


@pytest.mark.parametrize(
    ("state", "ended", "attempts"),
    [("EXECUTOR_ERROR", "failed", 1), ("SYSTEM_ERROR", "finished", 2), ("PREEMPTED", "finished", 2),
     ("CANCELED", "finished", 2)],
)  # fmt: skip
def test_how_tasks_end_there(
    state: str, ended: str, attempts: int, there: There, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    leaves(there, monkeypatch)
    name = there.submit(tmp_path)
    there.server.script(states=[state])
    there.work()
    if attempts == 2:
        there.server.script(states=["COMPLETE"])
        there.work()
    job = there.job(name)
    assert (job.state, job.attempt) == (ended, attempts)
    assert job.error is None or job.error.kind == "other"
    assert not (there.enclave.room.logs / f"{name}.1").exists()
    there.clean()


def test_what_may_not_be_left_is_not_taken(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TesEngine.collect

    def collect(self: TesEngine, ticket: Any, task: Any, into: Path) -> Any:
        place = there.server.folder / ticket.mark
        place.mkdir()
        (place / "table.json").symlink_to("/etc/passwd")
        return real(self, ticket, task, into)

    monkeypatch.setattr(TesEngine, "collect", collect)
    name = there.submit(tmp_path)
    there.server.script(states=["COMPLETE"])
    there.work()
    job = there.job(name)
    assert (job.state, job.error and job.error.kind) == ("failed", "outputs")
    there.clean()


def test_a_site_without_a_volume_gets_no_release(there: There, tmp_path: Path) -> None:
    there.state(volume=None)
    there.submit(tmp_path)
    found = refused(there.engine)
    assert found.code == "CW-ENGINE-VOLUME"
    assert "names no volume" in found.sentence
    assert there.server.held()["calls"] == []


@pytest.mark.parametrize("how", ["others may write", "a link", "somebody else's", "gone"])
def test_a_volume_that_others_could_change_is_not_used(
    how: str, there: There, tmp_path: Path
) -> None:
    if how == "others may write":
        there.volume.chmod(0o777)
    elif how == "somebody else's":
        os.chown(there.volume, 12_345, -1)
    else:
        there.volume.rmdir()
        if how == "a link":
            (tmp_path / "other").mkdir()
            there.volume.symlink_to(tmp_path / "other")
    name = there.submit(tmp_path)
    before = len(there.enclave.events("release.opened"))
    for _ in range(3):
        there.work()
    assert there.job(name).state == "refused"
    assert len(there.enclave.events("release.opened")) == before
    assert there.tasks() == []


def test_a_desk_believes_the_statement_and_not_whoever_asks(there: There, tmp_path: Path) -> None:
    """A room that was taken over cannot have a release laid where it likes."""
    forged = SiteStatement.read(
        statement_data(there.server.address, volume={
            "address": "file:///x", "folder": str(tmp_path), "how": "mine"}), "The statement",
    ).signed([factories.signer()], factories.NOW)  # fmt: skip
    desk, permit = there.enclave.desk, there.enclave.permit_id
    for text in (forged.encode(), b"", b"{}"):
        assert refused(lambda text=text: desk.lend_to_site(permit, "job-x.1", 0, text))
    there.enclave.house.clock.advance(timedelta(days=300))
    real = (there.enclave.room.folder / "site.jws").read_bytes()
    found = refused(lambda: desk.lend_to_site(permit, "job-x.1", 0, real))
    assert found.code == "CW-ENGINE-STATEMENT"
    assert there.lies() == []


def test_what_a_site_cannot_do_is_refused_when_it_is_handed_in(
    there: There, tmp_path: Path
) -> None:
    for asked in ({"checkpoints": True}, {"gpu": True}):
        source = write_study(tmp_path / "s", **asked)
        assert refused(lambda s=source: there.enclave.submit(s)).code == "CW-STUDY-ENGINE"


def test_a_site_that_is_not_as_stated_runs_nothing(there: There, tmp_path: Path) -> None:
    there.server.script(service={"id": "org.example.other"})
    name = there.submit(tmp_path)
    for _ in range(3):
        there.work()
    assert (there.job(name).state, there.job(name).because) == ("refused", "CW-ENGINE-SITE")
    assert there.tasks() == []
    there.clean()
