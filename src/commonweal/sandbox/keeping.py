"""What a run keeps for its next attempt: its folder as a whole, packed and laid out again.

The folder is as hostile as outputs are, and is read by the same rules: by descriptor, without
following a link, plain files only. Names, numbers and sizes are the run's own here, as none of it
ever goes to people: it is packed into one stream, which the caller seals, and laid out again in the
folder of the next attempt.

Format: magic (8 bytes), length of the list (4 bytes, big endian), the list as canonical JSON, then
the files one after the other.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.foundation.files import ByteSink
from commonweal.sandbox.collecting import (
    DEEPEST,
    Declared,
    FileReader,
    opened_below,
    refuse_kind,
)
from commonweal.sandbox.orders import JobUser

MAGIC = b"CWKEPT1\n"
MOST_FILES = 1_000
"""Files and folders that may be kept."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_MOST_LIST = 1 << 20
_HEAD = len(MAGIC) + 4

Seen = dict[str, os.stat_result]
"""Files by their path below the folder, as they were seen."""


def listed(folder: int) -> Seen | None:
    """The files in the open folder; None while the run is writing (a name with a leading dot).

    Raises `Fault` CW-COLLECT-KIND, CW-COLLECT-NAME or CW-COLLECT-LIMIT for what cannot be kept,
    CW-COLLECT-CHANGED where it changes at this moment.
    """
    found: Seen = {}
    seen = 0
    device = os.fstat(folder).st_dev
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with opened_below(folder, above) as opened, os.scandir(opened) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_FILES:
                    raise Fault("CW-COLLECT-LIMIT", "The run keeps too many files.")
                if entry.name.startswith("."):
                    return None
                path = f"{above}/{entry.name}" if above else entry.name
                _check_path(path)
                with _there():
                    its = entry.stat(follow_symlinks=False)
                refuse_kind(its, device)
                if stat.S_ISDIR(its.st_mode):
                    waiting.append(path)
                else:
                    found[path] = its
    return found


def same(one: Seen | None, other: Seen | None) -> bool:
    """Whether two listings are of the same files with the same contents, as far as can be seen."""
    if one is None or other is None:
        return False
    return {path: _told(its) for path, its in one.items()} == {
        path: _told(its) for path, its in other.items()
    }


def _told(its: os.stat_result) -> tuple[int, ...]:
    return (its.st_ino, its.st_size, its.st_mode, its.st_mtime_ns, its.st_ctime_ns)


def _check_path(path: str) -> None:
    parts = path.split("/")
    if len(parts) > DEEPEST or not all(_NAME.fullmatch(part) for part in parts):
        raise Fault("CW-COLLECT-NAME", "The run keeps a file or folder with an odd name.")


@contextlib.contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Fault("CW-COLLECT-CHANGED", "What a run keeps changed meanwhile.") from error


def pack(
    folder: int, seen: Seen, sink: ByteSink, *, owner: int, most_bytes: int,
    go_on: Callable[[], bool] = lambda: True,
) -> bool:  # fmt: skip
    """Write the files of a listing into `sink`; False where `go_on` said no.

    Raises the faults of `collect`, above all CW-COLLECT-CHANGED: discard the sink then.
    """
    paths = sorted(seen)
    index = canonical({"files": [[path, seen[path].st_size] for path in paths]})
    sink.write(MAGIC + struct.pack(">I", len(index)) + index)
    left = most_bytes
    for path in paths:
        reader = FileReader(path, seen[path], Declared(path, most_bytes), owner, left)
        if not go_on():
            return False
        left -= reader.into(folder, sink).size
    if not same(seen, listed(folder)):
        raise Fault("CW-COLLECT-CHANGED", "What a run keeps changed meanwhile.")
    return True


@dataclass
class Laying:
    """A sink that lays out in the open folder what `pack` wrote. Call `finish` at the end.

    Raises `Fault` CW-JOB-CHECKPOINT for a stream of another form.
    """

    folder: int
    _held: bytearray = field(default_factory=bytearray)
    _files: list[tuple[str, int]] | None = None
    _open: int | None = None
    _left: int = 0

    def write(self, data: bytes, /) -> int:
        """Take in more of the stream."""
        self._held += data
        if self._files is None and not self._read_list():
            return len(data)
        while self._left or self._next():
            if self._left and not self._held:
                break
            self._pour()
        return len(data)

    def _read_list(self) -> bool:
        if len(self._held) < _HEAD:
            return False
        if not self._held.startswith(MAGIC):
            raise _odd()
        (length,) = struct.unpack(">I", self._held[len(MAGIC) : _HEAD])
        if length > _MOST_LIST:
            raise _odd()
        if len(self._held) < _HEAD + length:
            return False
        self._files = _files_of(bytes(self._held[_HEAD : _HEAD + length]))
        del self._held[: _HEAD + length]
        return True

    def _next(self) -> bool:
        self.close()
        if not self._files:
            return False
        path, self._left = self._files.pop(0)
        above, _, name = path.rpartition("/")
        _make_folders(self.folder, above)
        with opened_below(self.folder, above) as folder:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._open = os.open(name, flags, 0o600, dir_fd=folder)
        return True

    def _pour(self) -> None:
        if self._open is not None and self._left:
            part = bytes(self._held[: self._left])
            written = os.write(self._open, part)
            del self._held[:written]
            self._left -= written

    def close(self) -> None:
        """Close the file that is open, whatever came of it."""
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def finish(self) -> None:
        """Say that the stream has ended. Raises `Fault` CW-JOB-CHECKPOINT where it is not whole."""
        self.close()
        if self._files is None or self._files or self._left or self._held:
            raise _odd()


def _files_of(content: bytes) -> list[tuple[str, int]]:
    try:
        plain = parse_json(content, "What a job keeps")
        files = [(str(path), int(size)) for path, size in plain["files"]]
        for path, size in files:
            _check_path(path)
            if size < 0:
                raise _odd()
    except (CommonwealError, KeyError, TypeError, ValueError) as error:
        raise _odd() from error
    if len(files) > MOST_FILES or len({path for path, _ in files}) != len(files):
        raise _odd()
    return files


def _make_folders(folder: int, path: str) -> None:
    made = ""
    for part in path.split("/") if path else ():
        with opened_below(folder, made) as above, contextlib.suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=above)
        made = f"{made}/{part}" if made else part


def _odd() -> Fault:
    return Fault("CW-JOB-CHECKPOINT", "What a job kept for its next attempt cannot be laid out.")


@contextlib.contextmanager
def files_of(user: JobUser | None) -> Iterator[None]:
    """Let files that this thread makes belong to a run's user, for the length of a block.

    In a run's own folders nobody but its user exists, so root cannot make a file there as itself.
    Only the numbers by which the kernel judges files are changed, and only for this thread
    (setfsuid(2)). `user`: None where we are an ordinary user, who is the run's user then.
    """
    if user is None:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    try:
        libc.setfsgid(user.gid)
        libc.setfsuid(user.uid)
        # The call says nothing of whether it worked; asking for a number that is none tells.
        if (libc.setfsuid(-1), libc.setfsgid(-1)) != (user.uid, user.gid):
            raise Unavailable("CW-SANDBOX-START", "Files could not be made as the run's user.")
        yield
    finally:
        libc.setfsuid(uid)
        libc.setfsgid(gid)
