"""Folders of jobs on a disk, where outputs do not fit into memory: made for one attempt, removed.

`outputs: disk` in the settings. What a job writes to `/outputs`, `/tmp` and `/checkpoints` then
lies here while it runs, as its user's alone and unsealed; the sandbox measures it and stops the job
that is over its size. It is removed when the attempt has ended; what a kill left, by the next
worker.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Unavailable
from commonweal.foundation.files import make_private_folder, only_one, translated
from commonweal.sandbox.measuring import remove_tree
from commonweal.sandbox.orders import KEPT, OUTPUTS, TMP, Disk

FOLDER = "scratch"
_AGAIN, _LOCK = "again-", ".lock"


def own_folders(kept: bool) -> tuple[str, ...]:
    """The folders that lie on the disk, by their path inside."""
    return (OUTPUTS, TMP, KEPT) if kept else (OUTPUTS, TMP)


def scratch_of(disk: Path, room: Path) -> Path:
    """The folder of a room on a disk that other homes may use as well: each tidies its own."""
    return disk / f"commonweal-{hashlib.sha256(os.fsencode(room.resolve())).hexdigest()[:16]}"


@dataclass(frozen=True)
class Scratch:
    """The folder in which each attempt has one. reserve_bytes: room on its disk that stays free."""

    folder: Path
    reserve_bytes: int

    @contextlib.contextmanager
    def lent(
        self, name: str, folders: tuple[str, ...], owner: int, most_bytes: int
    ) -> Iterator[Disk]:
        """Folders for one attempt, for the length of a block; `owner` is the run's user.

        Raises `Unavailable` CW-JOB-DISK where there is less room than `most_bytes` and the reserve,
        or the folder is not ours alone.
        """
        with translated("the folder of jobs on the disk"):
            make_private_folder(self.folder)
            self._require_ours()
            free = shutil.disk_usage(self.folder).free
        if free < most_bytes + self.reserve_bytes:
            raise Unavailable(
                "CW-JOB-DISK",
                "There is too little room on the disk for what the job may write, so it waits.",
                remedy="Make room, or name another disk (disk_folder in enclave/settings.yaml).",
            )
        disk = Disk(self.folder / name, self.reserve_bytes)
        with translated("the folder of a job on the disk"):
            remove_tree(disk.folder)
            disk.folder.mkdir(mode=0o700)
        try:
            with translated("the folder of a job on the disk"):
                for inside in folders:
                    disk.source(inside).mkdir(mode=0o700)
                    if os.geteuid() == 0:
                        os.chown(disk.source(inside), owner, owner)
            yield disk
        finally:
            with translated("the folder of a job on the disk"):
                remove_tree(disk.folder)

    def _require_ours(self) -> None:
        """Refuse a folder that somebody else made or can write to: what lies in it is unsealed."""
        its = self.folder.lstat()
        ours = stat.S_ISDIR(its.st_mode) and its.st_uid == os.geteuid()
        if not ours or its.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Unavailable(
                "CW-JOB-DISK",
                "The folder of jobs on the disk is not one that this service alone can write to, "
                "so the job waits.",
                remedy=f"Find out who made {self.folder}, and remove it.",
            )

    @contextlib.contextmanager
    def lent_again(
        self, job: str, folders: tuple[str, ...], owner: int, most_bytes: int
    ) -> Iterator[Disk]:
        """As `lent`, for a job whose code is run again. No queue knows of such a run, so what says
        that it goes on is a lock, which the kernel frees whoever is killed. What one that was
        killed left is removed first: it is made again, and no worker of jobs may come for days."""
        with translated("the folder of jobs on the disk"):
            make_private_folder(self.folder)
        self._tidy_again()
        name = f"{_AGAIN}{job}.{secrets.token_hex(8)}"
        lock = self.folder / f"{name}{_LOCK}"
        try:
            with (
                only_one(lock, "a job that is run again"),
                self.lent(name, folders, owner, most_bytes) as disk,
            ):
                yield disk
        finally:
            lock.unlink(missing_ok=True)

    def tidy(self, at_work: Callable[[], Collection[str]]) -> int:
        """Remove what jobs left that are not at work; how many folders.

        `at_work` is asked after the folder was looked at, so one that is made meanwhile stays.
        """
        if not self.folder.is_dir():
            return 0
        there = [one for one in self.folder.iterdir() if one.name.startswith("job-")]
        kept = set(at_work()) if there else set()
        gone = [one for one in there if one.name.partition(".")[0] not in kept]
        with translated("the folder of jobs on the disk"):
            for one in gone:
                remove_tree(one)
        return len(gone) + self._tidy_again()

    def _tidy_again(self) -> int:
        """Remove what a killed run of a job's code left: the lock of one that goes on is held."""
        removed = 0
        for lock in self.folder.glob(f"{_AGAIN}*{_LOCK}"):
            with (
                contextlib.suppress(Unavailable),
                only_one(lock, "a job that is run again"),
                translated("the folder of jobs on the disk"),
            ):
                remove_tree(lock.with_suffix(""))
                lock.unlink(missing_ok=True)
                removed += 1
        return removed
