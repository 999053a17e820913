"""Devices for calculations (GPUs): what may be given to a run, and that it gets these and no other.

A path in `/dev` says nothing of what lies there, so the kernel's own list of kinds is asked. Then a
run that is given the devices looks at all that it has in `/dev`, and opens each.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.sandbox.orders import MIB, Device, JobUser, Limits, Run
from commonweal.sandbox.running import running
from commonweal.sandbox.runtimes import python_runtime

KINDS = ("nvidia", "kfd", "drm")
"""How names of kinds of devices for calculations begin in /proc/devices."""
HARMLESS = frozenset({"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})

_LOOK = """
import json, os, stat, sys
seen, opened = [], []
for at, _, names in os.walk("/dev"):
    for name in names:
        path = os.path.join(at, name)
        mode = os.lstat(path).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            seen.append(path)
for path in json.loads(sys.argv[1]):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        opened.append(path)
    except OSError:
        pass
try:
    os.mknod("/tmp/device", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    seen.append("/tmp/device")
except OSError:
    pass
print(json.dumps([seen, opened]))
"""


def known_kinds(listing: Path = Path("/proc/devices")) -> dict[int, str]:
    """Numbers of kinds of character devices that this kernel has, and their names."""
    found: dict[int, str] = {}
    text = listing.read_text("ascii", "replace").partition("Block devices")[0]
    for number, name in re.findall(r"^\s*([0-9]+) (\S+)$", text, re.MULTILINE):
        found.setdefault(int(number), name)
    return found


def faults_of(devices: Iterable[Device], kinds: Mapping[int, str]) -> list[str]:
    """What is wrong with devices as they lie on this machine; nothing is opened."""
    faults = []
    for device in devices:
        try:
            its = device.place.lstat()
        except OSError:
            faults.append(f"{device.path} is not there")
            continue
        name = kinds.get(os.major(its.st_rdev), "")
        if not stat.S_ISCHR(its.st_mode) or not name.startswith(KINDS):
            faults.append(f"{device.path} is no device for calculations")
    return faults


def tried(devices: Sequence[Device], user: JobUser | None) -> list[str]:
    """What is wrong with devices as a run sees them: it must open these, and have no other."""
    runtime, program = python_runtime()
    paths = [device.path for device in devices]
    run = Run(
        program,
        ("-I", "-S", "-B", "-c", _LOOK, json.dumps(paths)),
        runtime,
        limits=Limits(wall_seconds=30.0, address_bytes=512 * MIB),
        devices=tuple(devices),
        proc=True,
        cgroup=False,
    )
    with running(run, user) as job:
        outcome = job.wait()
    try:
        seen, opened = json.loads(outcome.output)
    except ValueError:
        return [f"a run with devices did not answer ({outcome.state})"]
    faults = [f"{path} cannot be opened by a run" for path in paths if path not in opened]
    if set(seen) != HARMLESS | set(paths):
        faults.append("a run sees other devices than it was given")
    return faults


def check_devices(devices: Sequence[Device], user: JobUser | None) -> None:
    """Raise `Unavailable` CW-STUDY-GPU unless a run gets these devices and no other."""
    faults = faults_of(devices, known_kinds())
    try:
        faults = faults or tried(devices, user)
    except CommonwealError as error:
        faults = [error.sentence]
    if faults:
        raise Unavailable(
            "CW-STUDY-GPU",
            f"Devices for calculations cannot be given to studies: {'; '.join(faults)}.",
            remedy="Look at `gpus` in enclave/settings.yaml, at the driver, and at who may open "
            "the devices (runs are users of their own).",
        )
