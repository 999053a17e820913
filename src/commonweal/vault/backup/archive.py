"""The inside of a backup: many files in one stream, with no freedom for a reader to err.

The stream is made of frames: a length (4 bytes, big endian) and canonical JSON. A file is a frame
`{"path", "size"}`, its bytes, and a frame `{"sha256"}`; files come in the order of their paths. The
last frame is `{"bytes", "files", "manifest"}`, where the manifest is the SHA-256 over all frames
before it. There are no links, owners, modes or times. The stream is sealed as a whole
(`foundation.sealing`), so what is read here is authentic; the checks here keep a fault of ours
from becoming a half-restored home.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
from pathlib import Path
from typing import IO, Any, BinaryIO

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Failure, Fault
from commonweal.foundation.files import make_private_folder, translated

_PIECE = 1024 * 1024
_MAX_FRAME = 64 * 1024
_MAX_PATH = 1024
_LENGTH = struct.Struct(">I")
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


def check_path(path: str) -> None:
    """Raises `Fault` CW-BACKUP-BROKEN unless `path` is relative, plain and stays below its folder.

    Parts are separated by `/`; none is empty, `.` or `..`; no control characters.
    """
    parts = path.split("/")
    if len(path) > _MAX_PATH or not path.isprintable() or not {"", ".", ".."}.isdisjoint(parts):
        raise broken("a file in it has a path that it may not have")


class Packer:
    """Writes files into `sink` one after the other."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._manifest = hashlib.sha256()
        self._last = ""
        self.files = 0
        self.bytes = 0

    def add(self, path: str, source: Path) -> None:
        """Add the file at `source` under the name `path`; paths come in ascending order.

        Raises `Failure` CW-BACKUP-CHANGED if the file changes while it is read.
        """
        check_path(path)
        if path <= self._last:
            raise ValueError("files are packed in the order of their paths")
        try:
            with translated(path):
                descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except Fault as error:
            raise _changed(path) from error  # it was there when the files were listed
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            self._frame({"path": path, "size": size})
            sha256 = self._copy(stream, size, path)
        self._frame({"sha256": sha256})
        self._last = path
        self.files += 1
        self.bytes += size

    def finish(self) -> str:
        """Write the last frame; returns the manifest's hash, `sha256:` and 64 digits."""
        manifest = self._manifest.hexdigest()
        self._frame({"bytes": self.bytes, "files": self.files, "manifest": manifest})
        return f"sha256:{manifest}"

    def _copy(self, stream: BinaryIO, size: int, path: str) -> str:
        hashed = hashlib.sha256()
        left = size
        while left:
            with translated(path):
                piece = stream.read(min(_PIECE, left))
            if not piece:
                raise _changed(path)
            hashed.update(piece)
            self._sink.write(piece)
            left -= len(piece)
        with translated(path):
            grown = stream.read(1)
        if grown:
            raise _changed(path)
        return hashed.hexdigest()

    def _frame(self, plain: dict[str, Any]) -> None:
        frame = canonical(plain)
        self._manifest.update(frame)
        self._sink.write(_LENGTH.pack(len(frame)) + frame)


class Unpacker(io.RawIOBase):
    """A sink that lays the files of a stream below `folder`, or only checks them (None).

    Raises `Fault` CW-BACKUP-BROKEN from `write` or `finish`. What was laid down before is the
    caller's to discard.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self._folder = folder
        self._held = bytearray()
        self._manifest = hashlib.sha256()
        self._hashed = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._left: int | None = None  # bytes of the present file still to come
        self._last = ""
        self._ended = False
        self.files = 0
        self.bytes = 0

    @property
    def manifest(self) -> str:
        """The manifest's hash, `sha256:` and 64 digits, after `finish`."""
        return f"sha256:{self._manifest.hexdigest()}"

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Any) -> int:
        """Take in the next bytes of the stream."""
        self._held += data
        while self._step():
            pass
        return memoryview(data).nbytes

    def finish(self) -> None:
        """The stream is over: it must have ended with its last frame."""
        self.abandon()
        if not self._ended or self._held:
            raise broken("it does not end as it must")

    def abandon(self) -> None:
        """Close a file that was left open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _step(self) -> bool:
        """Use some of what is held; False if more must come first."""
        if self._left:
            return self._content()
        if len(self._held) < _LENGTH.size:
            return False
        (length,) = _LENGTH.unpack(self._held[: _LENGTH.size])
        if self._ended or not 2 <= length <= _MAX_FRAME:
            raise broken("its parts do not fit together")
        if len(self._held) < _LENGTH.size + length:
            return False
        frame = bytes(self._held[_LENGTH.size : _LENGTH.size + length])
        del self._held[: _LENGTH.size + length]
        self._take(frame)
        return True

    def _content(self) -> bool:
        if not self._held or self._left is None:
            return False
        piece = bytes(self._held[: self._left])
        del self._held[: len(piece)]
        self._hashed.update(piece)
        if self._file is not None:
            with translated("the restored files"):
                self._file.write(piece)
        self._left -= len(piece)
        self.bytes += len(piece)
        return True

    def _take(self, frame: bytes) -> None:
        try:
            plain = parse_json(frame, "A part of the backup")
        except CommonwealError as error:
            raise broken("its parts do not fit together") from error
        keys = set(plain) if isinstance(plain, dict) else set()
        if self._left == 0 and keys == {"sha256"}:
            self._close(plain["sha256"])
        elif self._left is None and keys == {"path", "size"}:
            self._open(plain["path"], plain["size"])
        elif self._left is None and keys == {"bytes", "files", "manifest"}:
            expected = {
                "bytes": self.bytes,
                "files": self.files,
                "manifest": self._manifest.hexdigest(),
            }
            if plain != expected:
                raise broken("its manifest does not fit its files")
            self._ended = True
            return
        else:
            raise broken("its parts do not fit together")
        self._manifest.update(frame)

    def _open(self, path: Any, size: Any) -> None:
        if not isinstance(path, str) or type(size) is not int or size < 0 or path <= self._last:
            raise broken("its files are not in order")
        check_path(path)
        self._last, self._left, self._hashed = path, size, hashlib.sha256()
        if self._folder is None:
            return
        target = self._folder.joinpath(*path.split("/"))
        make_private_folder(target.parent)
        with translated("the restored files"):
            descriptor = os.open(
                target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
            )
        self._file = os.fdopen(descriptor, "wb")

    def _close(self, sha256: Any) -> None:
        if not isinstance(sha256, str) or not _HASH.fullmatch(sha256):
            raise broken("its parts do not fit together")
        if self._hashed.hexdigest() != sha256:
            raise broken("a file in it does not have its hash")
        if self._file is not None:
            with translated("the restored files"):
                self._file.close()
            self._file = None
        self._left = None
        self.files += 1


def broken(reason: str) -> Fault:
    """The fault for a backup that cannot be believed."""
    return Fault("CW-BACKUP-BROKEN", f"The backup cannot be used: {reason}.")


def _changed(path: str) -> Failure:
    return Failure(
        "CW-BACKUP-CHANGED",
        f"The file {path} changed while it was backed up; no backup was made.",
        remedy="Make the backup again.",
    )
