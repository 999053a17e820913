"""Studies with a device for calculations, and studies whose outputs lie on a disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.enclave import engine, scratch, working
from commonweal.enclave.health import findings
from commonweal.enclave.leaving import require_whole
from commonweal.enclave.settings import Gpus, Settings
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.job import JobOrder
from commonweal.sandbox import devices
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.orders import Device
from tests.enclave_house import GOOD, Enclave, copied, make_template, open_sandbox, write_study
from tests.integration.test_jobs import left
from tests.release_house import refused

SETTINGS = "gpus: {devices: [/dev/nvidia0, /dev/nvidiactl]}\n"
USES = """
import json, os
json.dump({"zeros": open("/dev/nvidia0", "rb").read(3).hex(), "dev": sorted(os.listdir("/dev"))},
          open("/outputs/table.json", "w"))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "house", sandbox)


@pytest.fixture
def enclave(
    tmp_path: Path, template: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Enclave]:
    monkeypatch.setattr(engine, "LOOK_SECONDS", 0.1)
    made = copied(template, tmp_path / "house", sandbox)
    yield made
    made.close()


def settings(enclave: Enclave, text: str) -> None:
    (enclave.room.folder / "settings.yaml").write_text(text)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Harmless nodes of this machine under the names of devices that it has not."""
    places = {"/dev/nvidia0": "/dev/zero", "/dev/nvidiactl": "/dev/null"}
    monkeypatch.setattr(
        Gpus, "given", lambda self: tuple(Device(p, Path(places[p])) for p in self.devices)
    )
    monkeypatch.setattr(devices, "KINDS", ("mem",))


# --- devices ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("stand_ins")
def test_a_study_that_asks_has_the_devices_and_its_papers_say_so(
    enclave: Enclave, tmp_path: Path
) -> None:
    settings(enclave, SETTINGS)
    job = enclave.ran(tmp_path / "s", USES, gpu=True)
    assert job.state == "finished", job
    found = left(enclave, job)
    assert found["zeros"] == "000000"
    assert [one for one in found["dev"] if one.startswith("nv")] == ["nvidia0", "nvidiactl"]
    folder = enclave.room.jobs / job.id
    order = JobOrder.read(json.loads((folder / "order.json").read_text()), "The order")
    recorded = enclave.desk.recorded(enclave.permit_id, job.id)
    assert recorded is not None
    assert (order.gpu, require_whole(folder, recorded.outputs).gpu) == (True, True)


@pytest.mark.usefixtures("stand_ins")
def test_a_study_that_does_not_ask_has_none(enclave: Enclave, tmp_path: Path) -> None:
    settings(enclave, SETTINGS)
    code = "import json, os\njson.dump(sorted(os.listdir('/dev')), open('/outputs/table.json','w'))"
    job = enclave.ran(tmp_path / "s", code, gpu=False)
    assert [one for one in left(enclave, job) if one.startswith("nv")] == []
    paper = json.loads((enclave.room.jobs / job.id / "outputs.json").read_text())
    assert "gpu" not in paper
    assert "gpu" not in json.loads((enclave.room.jobs / job.id / "order.json").read_text())


def test_where_there_is_none_it_is_refused_in_words(enclave: Enclave, tmp_path: Path) -> None:
    source = write_study(tmp_path / "s", USES, gpu=True)
    found = refused(lambda: enclave.submit(source))
    assert found.code == "CW-STUDY-GPU"
    assert "none is given here" in found.sentence
    with enclave.queue() as queue:
        assert queue.jobs() == []


def test_one_that_is_not_there_is_never_replaced_by_less(enclave: Enclave, tmp_path: Path) -> None:
    """The settings name a device and the machine has none: the job is not run without."""
    settings(enclave, SETTINGS + "attempts: 2\n")
    name = enclave.submit(write_study(tmp_path / "s", USES, gpu=True)).id
    for _ in range(2):
        enclave.work()
    assert (enclave.job(name).state, enclave.job(name).because) == ("refused", "CW-STUDY-GPU")
    assert enclave.events("job.started") == []


@pytest.mark.usefixtures("stand_ins")
def test_devices_that_were_taken_out_of_the_settings(enclave: Enclave, tmp_path: Path) -> None:
    settings(enclave, SETTINGS)
    name = enclave.submit(write_study(tmp_path / "s", USES, gpu=True)).id
    settings(enclave, "cores: 2\n")
    enclave.work()
    assert (enclave.job(name).state, enclave.job(name).because) == ("refused", "CW-STUDY-GPU")


ODD = [
    "gpus: {devices: [/dev/sda]}", "gpus: {devices: [/dev/mem]}", "gpus: {devices: []}",
    "gpus: {devices: [/dev/nvidia0, /dev/nvidia0]}", "gpus: {devices: [nvidia0]}",
    "gpus: {devices: [/dev/../dev/nvidia0]}", "gpus: {libraries: [/usr/lib/nvidia]}",
    "gpus: {devices: [/dev/nvidia0], libraries: [/etc]}",
    "gpus: {devices: [/dev/nvidia0], libraries: [lib]}",
    "gpus: {devices: [/dev/nvidia0], libraries: [/]}", "outputs: cloud", "disk_folder: here",
    "disk_reserve_mb: 1", "gpu: true",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_settings_that_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(text + "\n")
    with pytest.raises(CommonwealError, match="CW-JOB-SETTINGS"):
        Settings.load(tmp_path)


# --- on a disk --------------------------------------------------------------------------------


def places(enclave: Enclave) -> list[str]:
    folder = enclave.room.scratch.folder
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def test_outputs_lie_on_the_disk_while_it_runs_and_are_gone_after(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(enclave, "outputs: disk\n")
    seen: list[str] = []
    real = working.collect_outputs

    def looking(*arguments: object) -> object:
        seen.extend(places(enclave))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(working, "collect_outputs", looking)
    code = GOOD + "open('/tmp/x', 'wb').write(b'y' * 1000)\n"
    job = enclave.ran(tmp_path / "s", code)
    assert job.state == "finished", job
    assert seen == [f"{job.id}.1"]
    assert places(enclave) == []
    assert left(enclave, job)["tables"]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("open('/outputs/table.json', 'wb').write(b'y' * (2 << 20))", "over_limit"),
        ("import os\nos.symlink('/etc/shadow', '/outputs/table.json')", "failed"),
        ("import os\nos.chdir('/tmp')\nfor n in range(60): os.mkdir('d'); os.chdir('d')\n1/0",
         "failed"),
        ("import os\nos.mkdir('/tmp/x', 0)\nos.chmod('/tmp', 0)\n1/0", "failed"),
    ],
)  # fmt: skip
def test_how_jobs_on_a_disk_end(code: str, state: str, enclave: Enclave, tmp_path: Path) -> None:
    settings(enclave, "outputs: disk\n")
    assert enclave.ran(tmp_path / "s", code).state == state
    assert places(enclave) == []


def test_too_little_room_lets_it_wait(enclave: Enclave, tmp_path: Path) -> None:
    settings(enclave, "outputs: disk\ndisk_reserve_mb: 16777216\n")
    name = enclave.submit(write_study(tmp_path / "s")).id
    enclave.work()
    assert (enclave.job(name).state, enclave.job(name).attempt) == ("queued", 0)
    settings(enclave, f"outputs: disk\ndisk_folder: {tmp_path / 'other'}\n")
    enclave.house.clock.advance(timedelta(minutes=16))
    enclave.work()
    assert enclave.job(name).state == "finished"
    (own,) = (tmp_path / "other").iterdir()
    assert list(own.iterdir()) == []
    assert places(enclave) == []


def test_two_homes_may_share_a_disk(tmp_path: Path) -> None:
    """What one runs at this moment is nothing that the other's jobs left."""
    disk = tmp_path / "disk"
    one, other = (scratch.Scratch(scratch.scratch_of(disk, tmp_path / name), 0) for name in "ab")
    with one.lent("job-1.1", ("/outputs",), os.geteuid(), 1) as lent:
        assert other.tidy(list) == 0
        with other.lent("job-2.1", ("/outputs",), os.geteuid(), 1):
            assert other.tidy(lambda: ["job-2"]) == 0
        assert lent.source("/outputs").is_dir()


@pytest.mark.parametrize("how", ["others may write", "somebody else's", "a link"])
def test_a_folder_that_is_not_ours_alone_is_not_used(how: str, tmp_path: Path) -> None:
    folder = scratch.scratch_of(tmp_path, tmp_path / "a")
    if how == "a link":
        (tmp_path / "theirs").mkdir()
        folder.symlink_to(tmp_path / "theirs")
    else:
        folder.mkdir()
        os.chown(folder, 12_345 if how == "somebody else's" else -1, -1)
        folder.chmod(0o777 if how == "others may write" else 0o755)
    made = scratch.Scratch(folder, 0)
    with pytest.raises(CommonwealError) as caught, made.lent("job-1.1", ("/tmp",), os.geteuid(), 1):
        pass
    assert caught.value.code == "CW-JOB-DISK"
    assert list(folder.iterdir()) == []


def test_doctor_says_where_it_lies_and_which_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "enclave"
    room.mkdir()

    def said(text: str, kind: str = "ext4") -> list[tuple[str, str]]:
        (room / "settings.yaml").write_text(text)
        return [(one.state, one.sentence) for one in findings(tmp_path, lambda _: kind)]

    plain = said("cores: 2")
    assert [state for state, _ in plain] == ["ok", "ok"]
    assert "in memory" in plain[0][1]
    disk = said("outputs: disk")[0]
    assert disk[0] == "ok"
    assert "unsealed" in disk[1]
    assert said("outputs: disk", "btrfs")[0][0] == "warning"
    assert said(SETTINGS)[1][0] == "fault"
    assert "CW-STUDY-GPU" in said(SETTINGS)[1][1]
    assert said("outputs: cloud")[0][0] == "fault"
    monkeypatch.setattr("commonweal.enclave.health.check_devices", lambda *_: None)
    assert said(SETTINGS)[1] == (
        "ok", "Studies that ask get /dev/nvidia0, /dev/nvidiactl and no other device.",
    )  # fmt: skip


class Died(BaseException):
    """As if the process had ended there."""


def test_what_a_kill_left_on_the_disk_is_removed(
    enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(enclave, "outputs: disk\n")
    name = enclave.submit(write_study(tmp_path / "s", checkpoints=True)).id

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(working, "collect_outputs", die)
        real = scratch.remove_tree
        # A worker that is killed removes nothing.
        patch.setattr(scratch, "remove_tree", lambda at: real(at) if not at.exists() else None)
        with pytest.raises(Died):
            enclave.work()
    assert places(enclave) == [f"{name}.1"]
    enclave.work()
    assert (enclave.job(name).state, enclave.job(name).attempt) == ("finished", 2)
    assert places(enclave) == []
