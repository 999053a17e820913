"""How much of a disk a run uses: what has a name in its folders, and what is open without one.

A folder in memory has a size that the kernel holds. One on a disk has none that an ordinary user
could set, so it is measured while the run lives, and the run is stopped when it is over. A file
that was removed while it is open has no name and still takes room; it is found by the descriptors
of the run's processes. One that is only mapped, or on its way through a socket, is not found; for
those, and for whatever is written between two looks, some of the disk is kept free.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.sandbox.collecting import opened_below
from commonweal.sandbox.orders import Disk

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DEEPEST_FOLDER = 64
"""A tree that goes deeper is over its limit: to walk it would keep us busy and nothing else."""

Inodes = dict[tuple[int, int], int]
"""Bytes on the disk, by file system and number of each file: a second name adds nothing."""


@dataclass(frozen=True, slots=True)
class Room:
    """What one folder of a run may take: bytes on the disk, and files and folders."""

    most_bytes: int
    most_files: int


def over(folders: Mapping[str, int], rooms: Mapping[str, Room], disk: Disk, first: int) -> bool:
    """Whether a run is over what it may take of a disk.

    folders: an open descriptor of each by its path inside. first: the number of its process 1.
    """
    together: Inodes = {}
    for path, room in rooms.items():
        found = below(folders[path], room.most_files)
        if found is None or sum(found.values()) > room.most_bytes:
            return True
        together |= found
    for device in {os.fstat(folders[path]).st_dev for path in rooms}:
        together |= unnamed(first, device)
    if sum(together.values()) > sum(room.most_bytes for room in rooms.values()):
        return True
    its = os.fstatvfs(folders[next(iter(rooms))])
    return its.f_bavail * its.f_frsize < disk.reserve_bytes


def below(folder: int, most: int) -> Inodes | None:
    """What lies below an open folder; None where it is more than `most` files, or too deep."""
    found: Inodes = {}
    seen = 0
    waiting = [""]
    while waiting:
        above = waiting.pop()
        # What went meanwhile takes no room.
        with contextlib.suppress(Fault, OSError), opened_below(folder, above) as opened:
            for entry in _entries(opened):
                seen += 1
                if seen > most or above.count("/") >= DEEPEST_FOLDER:
                    return None
                with contextlib.suppress(FileNotFoundError):
                    its = entry.stat(follow_symlinks=False)
                    found[(its.st_dev, its.st_ino)] = its.st_blocks * 512
                    if stat.S_ISDIR(its.st_mode):
                        waiting.append(f"{above}/{entry.name}" if above else entry.name)
    return found


def _entries(opened: int) -> Iterator[os.DirEntry[str]]:
    with os.scandir(opened) as entries:
        yield from entries


def unnamed(first: int, device: int) -> Inodes:
    """Files without a name on a file system that processes of a run hold open."""
    found: Inodes = {}
    try:
        space = os.readlink(f"/proc/{first}/ns/pid")
    except OSError:
        return found
    if space == os.readlink("/proc/self/ns/pid"):  # its number is another's by now
        return found
    for process in _processes(space):
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    its = os.stat(f"/proc/{process}/fd/{name}")
                    if its.st_nlink == 0 and its.st_dev == device:
                        found[(its.st_dev, its.st_ino)] = its.st_blocks * 512
    return found


def _processes(space: str) -> Iterator[str]:
    """The numbers of processes in a namespace of processes."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{name}/ns/pid") == space:
                    yield name


def remove_tree(folder: Path) -> None:
    """Remove a folder that a run wrote to, however deep it is and whatever modes are in it.

    What lies deeper is brought up first, one level at a time, so no depth ends us. Links are
    removed and never followed. Nothing may run in it any more.
    """
    try:
        top = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return
    try:
        number = 0
        while names := os.listdir(top):
            for name in names:
                if not stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
                    os.unlink(name, dir_fd=top)
                    continue
                inner = _entered(name, top)
                try:
                    for child in os.listdir(inner):
                        if stat.S_ISDIR(os.lstat(child, dir_fd=inner).st_mode):
                            os.close(_entered(child, inner))
                            number += 1
                            os.rename(child, f".up-{number}-{os.getpid()}", src_dir_fd=inner,
                                      dst_dir_fd=top)  # fmt: skip
                        else:
                            os.unlink(child, dir_fd=inner)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    folder.rmdir()


def _entered(name: str, above: int) -> int:
    """A folder's descriptor, and its mode such that it can be emptied and moved."""
    # Its own mode may forbid us to open it, where we are the run's user.
    os.chmod(name, stat.S_IRWXU, dir_fd=above)
    return os.open(name, _FOLDER, dir_fd=above)
