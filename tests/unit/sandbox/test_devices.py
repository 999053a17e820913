"""Devices for calculations: what may be given, and that a run gets these and no other.

There is no GPU here: harmless nodes of the machine (zeros, nothing) stand in under its names.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from commonweal.foundation.errors import Unavailable
from commonweal.sandbox import devices as module
from commonweal.sandbox.devices import check_devices, faults_of, known_kinds, tried
from commonweal.sandbox.orders import Device, Run
from commonweal.sandbox.running import running
from tests.security.escape.world import job_user, script_run

ZERO = Device("/dev/nvidia0", Path("/dev/zero"))
NOTHING = Device("/dev/nvidiactl", Path("/dev/null"))
LISTING = """Character devices:
  1 mem
195 nvidia
195 nvidiactl
226 drm
508 nvidia-uvm

Block devices:
  8 sd
"""


def test_the_kernels_list_is_read(tmp_path: Path) -> None:
    (tmp_path / "devices").write_text(LISTING)
    assert known_kinds(tmp_path / "devices") == {
        1: "mem", 195: "nvidia", 226: "drm", 508: "nvidia-uvm",
    }  # fmt: skip
    assert known_kinds()[1] == "mem"


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (Device("/dev/nvidia0", Path("/dev/null")), "is no device"),
        (Device("/dev/nvidia0", Path("/dev/tty")), "is no device"),
        (Device("/dev/nvidia0", Path("/etc/passwd")), "is no device"),
        (Device("/dev/nvidia0", Path("/dev/fd")), "is no device"),
        (Device("/dev/nvidia99"), "is not there"),
    ],
)
def test_what_only_has_the_name_of_one(device: Device, says: str) -> None:
    (fault,) = faults_of([device], {195: "nvidia", 1: "mem", 5: "/dev/tty"})
    assert says in fault
    with pytest.raises(Unavailable, match="CW-STUDY-GPU"):
        check_devices([device], job_user())


def test_a_run_gets_what_it_is_given_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried([ZERO, NOTHING], job_user()) == []
    monkeypatch.setattr(module, "KINDS", ("mem",))
    check_devices([ZERO], job_user())


def test_one_that_a_run_sees_beside_them_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The naive twin gives a run the machine's whole /dev: the look finds it."""
    real = running

    def careless(run: Run, *rest: object) -> object:
        more = (*run.devices, Device("/dev/nvidia1", Path("/dev/zero")))
        return real(replace(run, devices=more), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "running", careless)
    assert tried([ZERO], job_user()) == ["a run sees other devices than it was given"]


def test_one_that_its_user_cannot_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK", module._LOOK.replace("os.O_RDWR", "os.O_DIRECTORY"))
    assert tried([ZERO], job_user()) == ["/dev/nvidia0 cannot be opened by a run"]


SCRIPT = """
import fcntl, json, os, struct
found = {"zeros": open("/dev/nvidia0", "rb").read(4).hex()}
def tries(name, act):
    try:
        act(); found[name] = "got"
    except OSError as error:
        found[name] = error.errno
number = os.open("/dev/nvidia0", os.O_RDWR)
tries("request", lambda: fcntl.ioctl(number, 0xC0DE, 0))
tries("typing", lambda: fcntl.ioctl(number, 0x5412, b"x"))
tries("typing in 64 bits", lambda: fcntl.ioctl(number, 0x541C, b"x"))
tries("another", lambda: os.open("/dev/nvidia1", os.O_RDWR))
tries("disk", lambda: os.open("/dev/vda", os.O_RDONLY))
tries("memory", lambda: os.open("/dev/mem", os.O_RDONLY))
tries("new", lambda: os.mknod("/tmp/x", 0o600 | 0o020000, os.makedev(1, 5)))
tries("name", lambda: os.rename("/dev/nvidia0", "/dev/nvidia7"))
found["dev"] = sorted(os.listdir("/dev"))
print(json.dumps(found))
"""


def test_what_a_run_with_a_device_can_do_and_cannot() -> None:
    plain = script_run(SCRIPT)
    with running(replace(plain, devices=(ZERO,)), job_user()) as job:
        outcome = job.wait()
    found = json.loads(outcome.output)
    assert found.pop("zeros") == "00000000"
    assert found.pop("request") == 25  # the device was asked, and knows no such request (ENOTTY)
    assert found.pop("dev") == sorted(["null", "zero", "full", "random", "urandom", "shm", "fd",
                                       "stdin", "stdout", "stderr", "nvidia0"])  # fmt: skip
    assert found == {"new": 1, "typing": 1, "typing in 64 bits": 1, "another": 2, "disk": 2,
                     "memory": 2, "name": 30}  # fmt: skip


def test_without_a_device_no_request_passes() -> None:
    script = "import fcntl\ntry: fcntl.ioctl(0, 0xC0DE, 0)\nexcept OSError as e: print(e.errno)"
    with running(script_run(script), job_user()) as job:
        assert job.wait().output == b"1\n"
