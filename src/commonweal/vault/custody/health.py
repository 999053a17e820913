"""Whether a home is in order: its disk, keys, clock and ledger, and how old people's choices are.

For `commonweal doctor` and for the page of the rooms. Nothing of a patient is looked at: of the
national list only the record beside it is read.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import file_system, translated
from commonweal.foundation.findings import Finding, asked, told
from commonweal.vault.choices.national import read_checked_at
from commonweal.vault.custody import Custody
from commonweal.vault.keys.keyring import Keyring
from commonweal.vault.release.inputs import Inputs, all_inputs

REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "afs"}
)
MEMORY = frozenset({"tmpfs", "ramfs"})
GIB = 1024**3
LEAST_FREE, LITTLE_FREE = 1 * GIB, 10 * GIB
"""Bytes: with less nothing new should be begun; with less somebody should look after it soon."""


def home_findings(custody: Custody) -> Iterator[Finding]:
    """What can be said of an opened home, in the order in which `doctor` says it."""
    yield _place(custody.home.path)
    yield asked_disk(custody.home.path)
    yield _root_store(custody)
    yield _keys(custody.keyring)
    yield asked("Clock", lambda: _clock(custody))
    yield _waiting(custody.ledger.intents_left())
    yield from choices_findings(custody)


def separation() -> Finding:
    """How the rooms are kept apart (S17)."""
    return Finding(
        "Separation",
        "warning",
        "none: every room runs as one user of the operating system.",
        "Let only people who may see everything use this account.",
    )


def _place(path: Path) -> Finding:
    kind = file_system(path)
    if kind in REMOTE:
        return Finding(
            "File system",
            "fault",
            f"The home lies on a network file system ({kind}), where locks cannot be trusted.",
            "Move it to a disk of this machine.",
        )
    if kind in MEMORY:
        return Finding(
            "File system",
            "warning",
            f"The home lies in memory ({kind}) and is lost when the machine stops.",
            "Move it to a disk of this machine.",
        )
    return Finding("File system", "ok", f"The home lies on this machine ({kind}).")


def asked_disk(path: Path) -> Finding:
    """Whether there is room on the disk of the home."""
    try:
        with translated("the home"):
            found = shutil.disk_usage(path)
    except CommonwealError as error:
        return told("Disk space", error)
    return disk(found.free, found.total)


def disk(free: int, total: int) -> Finding:
    """What so much free space means, in bytes."""
    said = f"{free / GIB:,.1f} of {total / GIB:,.1f} GiB are free."
    remedy = "Make room on the disk of the home, or move the home to a larger one."
    if free < LEAST_FREE:
        return Finding("Disk space", "fault", said, remedy)
    return Finding("Disk space", "warning" if free < LITTLE_FREE else "ok", said, remedy)


def _root_store(custody: Custody) -> Finding:
    # Its place and modes were checked when the home was opened.
    if custody.home.shares_volume():
        return Finding(
            "Root key",
            "warning",
            "It lies outside the home, but on the same disk.",
            "Move its folder to another disk and name it in COMMONWEAL_ROOT_STORE.",
        )
    return Finding("Root key", "ok", "It lies outside the home, on another disk.")


def _keys(keyring: Keyring) -> Finding:
    try:
        missing = keyring.unavailable()
    except CommonwealError as error:
        return told("Keys", error)
    if missing:
        return Finding(
            "Keys",
            "fault",
            f"The root store does not hold the half of: {', '.join(missing)}. (CW-KEY-UNAVAILABLE)",
            "Put back the newest copy of the root store; what these keys sealed is lost without.",
        )
    return Finding("Keys", "ok", "The root store holds the half of every key.")


def _clock(custody: Custody) -> str:
    # Reading a permit's state refuses a clock that is behind the ledger, whoever is asked about.
    custody.ledger.permit_standing("doctor")
    return "Not behind the ledger."


def _waiting(intents: int) -> Finding:
    if intents:
        return Finding(
            "Ledger",
            "warning",
            f"{intents} entries wait for their place.",
            "Run `commonweal ledger sequence`.",
        )
    return Finding("Ledger", "ok", "Every entry has its place.")


def choices_findings(custody: Custody) -> Iterator[Finding]:
    """For each dataset that releases are made of: whether the national list is recent enough."""
    try:
        every = all_inputs(custody)
    except CommonwealError as error:
        yield told("People's choices", error)
        return
    for dataset, inputs in sorted(every.items()):
        yield asked(f"People's choices, {dataset}", partial(_age, custody, inputs))


def _age(custody: Custody, inputs: Inputs) -> str:
    limit = custody.trust.fresh.choices_days
    checked = read_checked_at(
        inputs.choices,
        clock=custody.clock,
        max_age_days=limit,
        not_before=custody.home.info.restored_at,
    )
    days = (custody.clock.now() - checked).days
    return f"The national list is {days} days old; the limit is {limit} days."
