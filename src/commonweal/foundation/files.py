"""Durable files: whole or not at all.

A file or folder appears under its name only when all its bytes are on the disk (write beside,
fsync, rename, fsync the folder). A failed fsync is never retried on the same descriptor: what the
kernel dropped cannot be written by asking again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Unavailable

STAGING_PREFIX = ".staging-"


class ByteSink(Protocol):
    """Anything that takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""
        ...


def translate(error: OSError, what: str) -> CommonwealError:
    """The error of ours that stands for an operating system error while handling `what`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure("CW-DISK-FULL", f"The disk is full while writing {what}.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Failure("CW-FOLDER-READONLY", f"There is no permission to use {what}.")
    if error.errno == errno.ENOENT:
        return Fault("CW-FILE-MISSING", f"{what} does not exist.")
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return Failure("CW-FILE-FAILED", f"The operating system could not handle {what}: {reason}.")


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Run a block so that any OSError leaves it as one of ours."""
    try:
        yield
    except OSError as error:
        raise translate(error, what) from error


def read_bytes(path: Path, what: str, *, limit: int | None = None) -> bytes:
    """The bytes of a regular file. Raises CW-FILE-MISSING, CW-FILE-TOO-LARGE, CW-FILE-FAILED."""
    with translated(f"{what} ({path.name})"):
        if path.is_dir():
            raise Fault("CW-FILE-MISSING", f"{what} ({path.name}) is a folder, not a file.")
        with path.open("rb") as stream:
            content = stream.read() if limit is None else stream.read(limit + 1)
    if limit is not None and len(content) > limit:
        raise Fault("CW-FILE-TOO-LARGE", f"{what} ({path.name}) is larger than {limit:,} bytes.")
    return content


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as `sha256:` and 64 hexadecimal digits."""
    with translated(path.name), path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def fsync_folder(folder: Path) -> None:
    """Make a folder's list of names durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, content: bytes, *, mode: int = 0o600, exclusive: bool = False) -> None:
    """Write a whole file durably, or leave what was there.

    `exclusive`: raise `Fault` CW-FILE-EXISTS instead of replacing (checked by the kernel, not by a
    look before).
    """
    beside = path.with_name(f"{STAGING_PREFIX}{path.name}-{secrets.token_hex(6)}")
    with translated(path.name):
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            if exclusive:
                os.link(beside, path)
            else:
                beside.replace(path)
            fsync_folder(path.parent)
        except FileExistsError as error:
            raise Fault("CW-FILE-EXISTS", f"{path.name} is already there.") from error
        finally:
            beside.unlink(missing_ok=True)


def make_private_folder(folder: Path) -> None:
    """Make a folder, and its parents, that only its owner can enter."""
    with translated(folder.name):
        # One by one: with `parents=True` the folders between would be open to everyone.
        missing = []
        above = folder
        while not above.is_dir():
            missing.append(above)
            above = above.parent
        for made in reversed(missing):
            made.mkdir(exist_ok=True, mode=0o700)


@contextlib.contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A folder that appears at `target` when the block ends well, and never half.

    Yields the staging folder beside `target`. Raises `Fault` CW-FILE-EXISTS if `target` exists.
    """
    if target.exists():
        raise Fault("CW-FILE-EXISTS", f"{target.name} is already there.")
    staging = target.with_name(f"{STAGING_PREFIX}{target.name}-{secrets.token_hex(6)}")
    with translated(target.name):
        staging.mkdir(parents=True, mode=0o700)
    try:
        yield staging
        publish_folder(staging, target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def publish_folder(staging: Path, target: Path) -> None:
    """Make everything below `staging` durable and give it the name `target`."""
    with translated(target.name):
        fsync_tree(staging)
        if target.exists():
            raise Fault("CW-FILE-EXISTS", f"{target.name} is already there.")
        staging.rename(target)
        fsync_folder(target.parent)


def fsync_tree(folder: Path) -> None:
    """fsync every file and folder below `folder`, inner ones first."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            descriptor = os.open(Path(parent) / name, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        fsync_folder(Path(parent))


def hand_over(folder: Path, owner: int | None) -> None:
    """Make everything below `folder` readable for one user only, who cannot change it.

    owner: the number of that user, where we are root; else it is ours. Inner ones first; the mode
    of `folder` itself is its caller's: renaming it needs to write.
    """
    give = owner is not None and os.geteuid() == 0
    for above, _, names in os.walk(folder, topdown=False):
        for path, mode in [*((Path(above, one), 0o400) for one in names), (Path(above), 0o500)]:
            if give and owner is not None:
                os.chown(path, owner, owner, follow_symlinks=False)
            if path != folder:
                path.chmod(mode)


def thaw_and_remove(folder: Path) -> None:
    """Remove a folder of ours whose folders can only be read; nothing where it is not there."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for above, _, _ in os.walk(folder):
        Path(above).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def only_one(lock: Path, what: str) -> Iterator[None]:
    """Hold an exclusive lock for the block; the kernel frees it when the process dies.

    Raises `Unavailable` CW-BUSY at once if another run holds it.
    """
    with translated(lock.name):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable("CW-BUSY", f"Another run is working on {what}.") from error
        yield
    finally:
        os.close(descriptor)


MEMORY_TYPES = frozenset({"tmpfs", "ramfs"})
"""Types of file systems that lie in memory."""


def file_system(path: Path) -> str:
    """The type of the file system that `path` lies on, as the kernel names it."""
    best, found = "", "unknown"
    resolved = str(path.resolve())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, after = line.partition(" - ")
        mount = fields.split()[4]
        inside = resolved == mount or resolved.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, found = mount, after.split()[0]
    return found
