"""S2: code that is run again is hostile: it has seen patients, and it may know that it is tested.

The naive twins run whatever lies where the code lay, take whatever is called like the model, and
compare numbers without asking whether they are numbers.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from commonweal.airlock.models.examples import holdout_at
from commonweal.airlock.models.retraining import Samples
from commonweal.enclave import retraining
from commonweal.enclave.queue import Job
from commonweal.enclave.retraining import Budget
from commonweal.enclave.settings import Gpus
from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.foundation.files import thaw_and_remove
from commonweal.papers.refusal import PermitRefused
from commonweal.sandbox import devices
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.orders import Device
from commonweal.vault.custody import change_state, open_custody
from tests.again_house import MODEL, Again, make_again
from tests.enclave_house import open_sandbox
from tests.release_house import refused

CODE = """
import json, os, sys, time
release = json.load(open("/release/release.json"))
how = release.get("how", "sees")
out = "/outputs/risk.json"
open("/outputs/risk.recipe.json", "w").write("{}")
open("/outputs/picture.png", "w").write("Zebedee has 47 stays")
def sees():
    import pyarrow.parquet as pq
    tree, kinds = [], []
    for above, folders, names in sorted(os.walk("/release")):
        for name in sorted(names):
            path = os.path.join(above, name)
            tree.append((path, oct(os.stat(path).st_mode), os.stat(path).st_uid))
            if name.endswith(".parquet"):
                read = pq.ParquetFile(path)
                about = read.metadata
                kinds.append((about.created_by, about.format_version, str(about.metadata),
                              about.num_row_groups, str(read.schema).split(">", 1)[1],
                              str(read.schema_arrow.metadata),
                              about.row_group(0).column(0).compression))
        tree.append((above, oct(os.stat(above).st_mode)))
    said = {name: told for name, told in release.items() if name != "tables"}
    tables = {name: {key: one for key, one in told.items() if key != "rows"}
              for name, told in release["tables"].items()}
    top = sorted(one for one in os.listdir("/") if not one.startswith("ready-"))
    return {"tree": tree, "kinds": kinds, "environment": dict(os.environ), "top": top,
            "uid": os.getuid(), "folder": os.getcwd(), "arguments": sys.argv, "release": said,
            "tables": tables, "order": list(release["tables"]), "limits": limits()}
def limits():
    import resource
    names = [one for one in dir(resource) if one.startswith("RLIMIT_")]
    return {one: resource.getrlimit(getattr(resource, one)) for one in names}
if how == "sees":
    json.dump(sees(), open(out, "w"))
elif how == "fifo":
    os.mkfifo(out)
elif how == "link":
    os.symlink("/etc/passwd", out)
elif how == "two names":
    open("/tmp/x", "w"); open(out, "w").write("{}"); os.link(out, "/outputs/other.json")
elif how == "hole":
    open(out, "wb").truncate(900000)
elif how == "set-uid":
    open(out, "w").write("{}"); os.chmod(out, 0o4755)
elif how == "folder":
    os.mkdir(out)
elif how == "test rows":
    open(out, "w").write("{}"); open("/outputs/test_rows.csv", "w").write("1")
elif how == "other name":
    open("/outputs/Risk.json", "w").write("{}")
elif how == "exit":
    open(out, "w").write("{}"); raise SystemExit(3)
elif how == "words":
    print("Zebedee has 47 stays"); raise ValueError("Zebedee has 47 stays")
elif how == "net":
    import socket
    socket.create_connection(("1.1.1.1", 80), 2)
elif how == "memory":
    held = bytearray(1 << 40)
elif how == "slow":
    while True: time.sleep(0.05)
elif how == "fine":
    open(out, "w").write("{}")
"""
PICTURE = {"file": "picture.png", "kind": "figure", "about": "a picture"}
ENDS = {
    "none": "did not leave risk.json", "fifo": "", "link": "neither file nor folder",
    "two names": "more than one name", "hole": "holes", "set-uid": "",
    "folder": "not declared", "test rows": "not declared", "other name": "not declared",
    "exit": "ended with an error", "words": "ended with an error", "net": "ended with an error",
    "memory": "ended with an error",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Again]:
    made = make_again(tmp_path_factory.mktemp("again") / "house", sandbox, 120)
    yield made
    made.enclave.close()


@pytest.fixture(scope="module")
def job(house: Again) -> Job:
    done = house.ran("hostile", CODE, [*MODEL, PICTURE], runtime="python")
    assert done.state == "finished", done
    return done


def sample(folder: Path, how: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps({"tables": {}, "how": how}))
    return folder


def again(house: Again, job: Job, folder: Path, how: str) -> Path:
    into = folder / "into"
    into.mkdir(parents=True)
    return house.maker(job, "risk.json").retrain(sample(folder / "sample", how), into)


# --- what may be left ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ENDS)
def test_what_is_no_model_is_not_taken(how: str, house: Again, job: Job, tmp_path: Path) -> None:
    logs = sorted(house.enclave.room.logs.rglob("*"))
    error = refused(lambda: again(house, job, tmp_path, how))
    assert error.code == "CW-MODEL-RETRAIN"
    # Some of it is stopped by the sandbox as it is tried, all else where outputs are taken.
    assert ENDS[how] in error.sentence
    assert "Zebedee" not in error.sentence
    assert list((tmp_path / "into").iterdir()) == []
    # Nothing of what it said or left is kept anywhere.
    assert sorted(house.enclave.room.logs.rglob("*")) == logs
    assert [one.name for one in house.enclave.room.jobs.iterdir()] == [job.id]


def test_only_the_model_and_its_recipe_are_taken(house: Again, job: Job, tmp_path: Path) -> None:
    made = again(house, job, tmp_path, "fine")
    assert made.read_text() == "{}"
    # The study declared a picture, too: what it drew this time is nobody's business.
    assert sorted(one.name for one in made.parent.iterdir()) == ["risk.json", "risk.recipe.json"]
    its = made.stat()
    assert (stat.S_IMODE(its.st_mode), its.st_uid) == (0o440, os.geteuid())
    thaw_and_remove(tmp_path / "into")


# --- what the code can see -----------------------------------------------------------------


def test_the_code_sees_a_sample_as_it_saw_its_release(
    house: Again, job: Job, tmp_path: Path
) -> None:
    first = json.loads(house.file(job, "risk.json").read_text())
    with house.lent(job) as lent:
        samples = Samples(lent.release, holdout_at(lent.folder / "holdout"))
        held = [pq.read_table(one) for one in samples.holdout["patients"]]
        people = pa.concat_tables(held).column("nhs_number").combine_chunks()[:20]
        for name in ("same", "other"):
            place = tmp_path / name
            (place / "into").mkdir(parents=True)
            (place / "sample").mkdir()
            made = (
                samples.same(place / "sample")
                if name == "same"
                else samples.of(people, place / "sample")
            )
            said = house.maker(job, "risk.json").retrain(made, place / "into")
            assert json.loads(said.read_text()) == first, name
        described = json.loads((lent.folder / "release.json").read_text())
        assert json.loads((tmp_path / "same" / "sample" / "release.json").read_text()) == described
        # The twin writes a sample with whatever the library does by itself: that shows.
        naive = tmp_path / "naive.parquet"
        pq.write_table(pq.read_table(made / "data" / "patients" / "part-0.parquet"), naive)
        assert pq.ParquetFile(naive).metadata.row_group(0).column(0).compression != "ZSTD"
    assert first["uid"] == 65534
    assert {one[6] for one in first["kinds"]} == {"ZSTD"}


# --- what runs -----------------------------------------------------------------------------


def naive_code(house: Again, job: Job) -> bytes:
    """The twin: runs what lies on the shelf."""
    return (house.enclave.room.folder / "studies" / job.study[7:] / "main.py").read_bytes()


def test_code_that_was_changed_after_its_job_is_not_run(
    house: Again, job: Job, tmp_path: Path
) -> None:
    place = house.enclave.room.folder / "studies" / job.study[7:]
    code = place / "main.py"
    before = code.read_bytes()
    code.chmod(0o644)
    code.write_bytes(b"open('/outputs/risk.json', 'w').write('{}')")
    try:
        assert naive_code(house, job) != before
        error = refused(lambda: again(house, job, tmp_path / "one", "fine"))
        assert error.code == "CW-STUDY-CHANGED"
    finally:
        code.write_bytes(before)
        code.chmod(0o444)
    place.rename(place.with_name("gone"))
    try:
        error = refused(lambda: again(house, job, tmp_path / "two", "fine"))
        assert error.code == "CW-STUDY-UNKNOWN"
    finally:
        place.with_name("gone").rename(place)


CHANGES: dict[str, Any] = {
    "another command": lambda plain: plain["declaration"].update(command=["python", "-c", "1"]),
    "more time": lambda plain: plain["limits"].update(minutes=1) or plain.update(attempt=2),
    "another study": lambda plain: plain.update(study="sha256:" + "0" * 64),
    "other packages": lambda plain: plain["runtime"].update(packages="sha256:" + "0" * 64),
    "another project": lambda plain: plain.update(project="other"),
    "no order at all": None,
    "no JSON": "no",
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_order_that_the_ledger_does_not_know_is_not_run(
    name: str, house: Again, job: Job, tmp_path: Path
) -> None:
    order = house.enclave.room.jobs / job.id / "order.json"
    before, change = order.read_bytes(), CHANGES[name]
    order.unlink()
    try:
        if isinstance(change, str):
            order.write_text(change)
        elif change is not None:
            plain = json.loads(before)
            change(plain)
            order.write_text(json.dumps(plain))
        assert refused(lambda: again(house, job, tmp_path, "fine")).code == "CW-MODEL-ORDER"
    finally:
        order.unlink(missing_ok=True)
        order.write_bytes(before)


def test_a_runtime_with_other_packages_is_not_used(house: Again, job: Job, tmp_path: Path) -> None:
    from tests.models_house import study_python

    settings = house.enclave.room.folder / "settings.yaml"
    before = settings.read_text()
    settings.write_text(f"runtimes: {{python: {study_python().parents[1]}}}\n")
    try:
        assert refused(lambda: again(house, job, tmp_path, "fine")).code == "CW-STUDY-RUNTIME"
    finally:
        settings.write_text(before)


def test_a_file_that_the_job_did_not_leave_as_it_is_has_no_maker(
    house: Again, job: Job, tmp_path: Path
) -> None:
    from commonweal.wiring.retraining import made_again_by

    made = made_again_by(house.enclave.house.custody(), house.left(job), lambda: None)  # type: ignore[arg-type,return-value]
    other = tmp_path / "risk.json"
    other.write_text("{}")
    assert made(other) is None
    assert made(house.file(job, "risk.json")) is not None
    copied = tmp_path / "copied" / "risk.json"
    copied.parent.mkdir()
    shutil.copyfile(house.file(job, "risk.json"), copied)
    assert made(copied) is not None
    strange = tmp_path / "strange.json"
    shutil.copyfile(copied, strange)
    assert made(strange) is None


# --- how long, and for how long allowed ----------------------------------------------------


def test_time_is_given_once_for_all_runs(house: Again, job: Job, tmp_path: Path) -> None:
    at = [0.0]
    budget = Budget(600.0, lambda: at[0])
    assert budget.required() == 600.0
    at[0] = 500.0
    assert budget.required() == 100.0
    at[0] = 599.5
    error = refused(budget.required)
    assert (error.code, error.sentence[:16]) == ("CW-MODEL-TIME", "The 10 minutes t")


def test_code_that_does_not_end_is_stopped_when_time_is_over(
    house: Again, job: Job, tmp_path: Path
) -> None:
    made = house.maker(job, "risk.json")
    object.__setattr__(made, "budget", Budget(2.0))
    (tmp_path / "into").mkdir()
    (tmp_path / "next").mkdir()
    place = sample(tmp_path / "sample", "slow")
    assert refused(lambda: made.retrain(place, tmp_path / "into")).code == "CW-MODEL-TIME"
    # Another run of the same check gets no time of its own.
    place = sample(tmp_path / "sample2", "fine")
    assert refused(lambda: made.retrain(place, tmp_path / "next")).code == "CW-MODEL-TIME"


def test_a_permit_that_is_stopped_ends_the_run(house: Again, job: Job, tmp_path: Path) -> None:
    there = house.enclave.house

    def take(step: Any, after: float = 0.0) -> None:
        time.sleep(after)
        with open_custody(there.home, there.clock, root_store=there.root) as custody:
            change_state(custody, house.enclave.permit, step)

    later = threading.Thread(target=take, args=("suspend", 1.5))
    later.start()
    try:
        error = refused(lambda: again(house, job, tmp_path, "slow"))
        later.join()
        assert isinstance(error, PermitRefused)
        assert error.code == "CW-PERMIT-SUSPENDED"
        # And none is begun while it is.
        (tmp_path / "next").mkdir()
        made = house.maker(job, "risk.json")
        error = refused(lambda: made.retrain(sample(tmp_path / "s", "fine"), tmp_path / "next"))
        assert error.code == "CW-PERMIT-SUSPENDED"
    finally:
        later.join()
        take("resume")
    # One that is paused takes no new work, and looking at what has been done is none.
    take("pause")
    try:
        (tmp_path / "paused").mkdir()
        made = house.maker(job, "risk.json")
        assert made.retrain(sample(tmp_path / "p", "fine"), tmp_path / "paused").is_file()
    finally:
        take("resume")


def test_a_sandbox_that_cannot_be_had_leaves_no_model(
    house: Again, job: Job, tmp_path: Path
) -> None:
    def none() -> Sandbox:
        raise Unavailable("CW-SANDBOX-GUARD", "A guard of the sandbox does not hold.")

    def busy() -> Sandbox:
        raise Unavailable("CW-BUSY", "Another run is working on it.")

    for given, code in ((none, "CW-MODEL-RETRAIN"), (busy, "CW-BUSY")):
        made = house.maker(job, "risk.json", given)
        place = sample(tmp_path / code, "fine")
        with pytest.raises(CommonwealError) as caught:
            made.retrain(place, tmp_path)
        assert caught.value.code == code


# --- where it runs -------------------------------------------------------------------------

WHERE = """
import json, os
mounts = [line.split() for line in open("/proc/self/mounts")]
lies = {one[1]: one[2] for one in mounts if one[1] in ("/outputs", "/tmp")}
kept = os.environ.get("COMMONWEAL_CHECKPOINTS_EARLIER")
found = {"lies": lies, "kept": kept, "there": sorted(os.listdir("/checkpoints"))}
open("/checkpoints/state", "w").write("Zebedee")
json.dump(found, open("/outputs/risk.json", "w"))
open("/outputs/risk.recipe.json", "w").write("{}")
"""


@contextlib.contextmanager
def setting(house: Again, **more: Any) -> Iterator[None]:
    path = house.enclave.room.folder / "settings.yaml"
    before = path.read_text()
    path.write_text(yaml.safe_dump(yaml.safe_load(before) | more))
    try:
        yield
    finally:
        path.write_text(before)


def test_outputs_lie_on_the_disk_again_and_nothing_of_them_stays(
    house: Again, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study whose outputs fit on a disk only must not be given so much memory; and code must not
    be able to tell by its folders that it is tested."""
    with setting(house, outputs="disk"):
        done = house.ran("where", WHERE, MODEL, runtime="python", checkpoints=True)
        assert done.state == "finished", done
        first = json.loads(house.file(done, "risk.json").read_text())
        assert "tmpfs" not in first["lies"].values()
        room, tidied = house.enclave.room, []
        real = retraining.running

        @contextlib.contextmanager
        def meanwhile(*given: Any) -> Iterator[Any]:
            with real(*given) as ran:
                # A worker of the queue knows of no job at work, and leaves this one alone.
                tidied.append(room.scratch.tidy(list))
                yield ran

        monkeypatch.setattr(retraining, "running", meanwhile)
        (tmp_path / "into").mkdir()
        made = house.maker(done, "risk.json")
        found = made.retrain(sample(tmp_path / "sample", "fine"), tmp_path / "into")
        assert json.loads(found.read_text()) == first
        assert tidied == [0]
        assert list(room.scratch.folder.iterdir()) == []
        assert room.checkpoints.left() == []


def test_what_a_killed_run_left_on_the_disk_is_removed(house: Again) -> None:
    with setting(house, outputs="disk"):
        scratch = house.enclave.room.scratch
        block = scratch.lent_again("job-x", ("/outputs",), os.geteuid(), 1)
        with block as disk:
            (disk.source("/outputs") / "rows.csv").write_text("Zebedee")
            shutil.copytree(disk.folder, scratch.folder / "again-job-x.dead")
        (scratch.folder / "again-job-x.dead.lock").touch()
        left = scratch.folder / "again-job-x.dead"
        with scratch.lent_again("job-x", ("/outputs",), os.geteuid(), 1) as disk:
            assert not left.exists()  # a run that is made again comes before any worker of jobs
            shutil.copytree(disk.folder, left)
        (scratch.folder / "again-job-x.dead.lock").touch()
        assert scratch.tidy(list) == 1
        assert list(scratch.folder.iterdir()) == []


def test_what_had_a_device_is_never_run_again_without(
    house: Again, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"/dev/nvidia0": "/dev/zero"}
    with monkeypatch.context() as patch:
        patch.setattr(
            Gpus, "given", lambda self: tuple(Device(p, Path(places[p])) for p in self.devices)
        )
        patch.setattr(devices, "KINDS", ("mem",))
        with setting(house, gpus={"devices": ["/dev/nvidia0"]}):
            done = house.ran("device", CODE, [*MODEL, PICTURE], runtime="python", gpu=True)
            assert done.state == "finished", done
            assert again(house, done, tmp_path / "one", "fine").is_file()
        with pytest.raises(CommonwealError) as caught:
            again(house, done, tmp_path / "two", "fine")
        assert caught.value.code == "CW-STUDY-GPU"
    # The settings name it, and the machine has it no more.
    with setting(house, gpus={"devices": ["/dev/nvidia0"]}):
        error = refused(lambda: again(house, done, tmp_path / "three", "fine"))
    assert error.code == "CW-MODEL-RETRAIN"
    assert "/dev/nvidia0 is not there" in error.sentence
