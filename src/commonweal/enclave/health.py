"""What `commonweal doctor` and the page of the rooms say of the room of jobs, by its settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from commonweal.enclave.room import FOLDER
from commonweal.enclave.scratch import FOLDER as SCRATCH
from commonweal.enclave.settings import Settings
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.findings import Finding, told
from commonweal.sandbox.devices import check_devices
from commonweal.sandbox.uids import PROBE_USER

OUTPUTS, DEVICES = "What studies write", "Devices for studies"
_KNOWN = frozenset({"ext2", "ext3", "ext4", "ext2/ext3", "xfs"})
"""File systems that tell at once how much of them a file takes, and where it has holes."""


def findings(home: Path, file_system: Callable[[Path], str]) -> list[Finding]:
    """Where what studies write lies, and which devices they may ask for, each tried now.

    file_system: the type of the file system that a path lies on.
    """
    room = home / FOLDER
    try:
        settings = Settings.load(room)
    except CommonwealError as error:
        return [told(OUTPUTS, error)]
    return [_outputs(settings, room, file_system), _devices(settings)]


def _outputs(settings: Settings, room: Path, file_system: Callable[[Path], str]) -> Finding:
    if settings.outputs == "memory":
        return Finding(OUTPUTS, "ok", "It lies in memory until it is collected.")
    place = room / SCRATCH if settings.disk_folder is None else Path(settings.disk_folder)
    there = next(one for one in (place, *place.parents) if one.is_dir())
    kind = file_system(there)
    where = (
        f"It lies on the disk ({place}, {kind}) unsealed while a study runs, and is removed then"
    )
    if not os.access(there, os.W_OK):
        return Finding(OUTPUTS, "fault", f"{place} cannot be written to.", "Name another disk.")
    if kind not in _KNOWN:
        return Finding(
            OUTPUTS, "warning", f"{where}; how much it takes is not told at once there.",
            "Name a folder on ext4 or XFS (disk_folder), best on a file system of its own.",
        )  # fmt: skip
    return Finding(OUTPUTS, "ok", f"{where}. Keep that disk encrypted.")


def _devices(settings: Settings) -> Finding:
    if settings.gpus is None:
        return Finding(DEVICES, "ok", "No devices for calculations are given.")
    try:
        check_devices(settings.gpus.given(), PROBE_USER if os.geteuid() == 0 else None)
    except CommonwealError as error:
        return told(DEVICES, error)
    named = ", ".join(settings.gpus.devices)
    return Finding(DEVICES, "ok", f"Studies that ask get {named} and no other device.")
