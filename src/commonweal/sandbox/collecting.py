"""Taking what a run left: declared plain files, copied with their hashes into a frozen folder.

What a run leaves is hostile. It is opened by descriptor from a folder that is held open, never by
path, without following links and without waiting (a pipe would make us wait for ever). Anything
that was not declared ends the collection: names, numbers and sizes of files could tell what is in
the data (S4), so they are fixed in the study's declaration, and no message here repeats a name that
was not in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.foundation.files import ByteSink, sha256_file, staged_folder, translated

DEEPEST = 4
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_BLOCK = 1 << 20
_PAGE = 4096
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_ENTRIES = 100_000


def _refused_declaration(sentence: str) -> WrongUsage:
    return WrongUsage("CW-SANDBOX-ORDER", sentence)


@dataclass(frozen=True, slots=True)
class Declared:
    """A file that a run may leave. path: from the output folder, with `/`. most_bytes: its size.

    taken: whether it is copied; one that is not stays where it is, and goes with the run.
    """

    path: str
    most_bytes: int
    required: bool = True
    taken: bool = True

    def __post_init__(self) -> None:
        parts = self.path.split("/")
        if not all(_NAME.fullmatch(part) for part in parts) or len(parts) > DEEPEST:
            raise _refused_declaration("A declared output has a name that it may not have.")
        if self.most_bytes < 0:
            raise _refused_declaration("A declared output has a size below nothing.")


@dataclass(frozen=True, slots=True)
class Declaration:
    """All files that a run may leave, and how many bytes together."""

    files: tuple[Declared, ...]
    most_bytes: int

    def __post_init__(self) -> None:
        # A file system may take two spellings for one name, and a person always would.
        names = [one.path.casefold() for one in self.files]
        if len(set(names)) != len(names):
            raise _refused_declaration("Two declared outputs have one name.")
        folders = {parent for one in self.files for parent in _folders_of(one.path)}
        if folders & {one.path for one in self.files}:
            raise _refused_declaration("A declared output lies in another that is a file.")


def _folders_of(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents if str(parent) != "."]


@dataclass(frozen=True, slots=True)
class Collected:
    """A file that was taken: its declared path, `sha256:` and digits, and its bytes."""

    path: str
    sha256: str
    size: int


def collect(
    outputs: int,
    declaration: Declaration,
    into: Path,
    *,
    owner: int,
    while_reading: Callable[[str], None] = lambda _: None,
) -> tuple[Collected, ...]:
    """Copy the declared files below the open folder `outputs` into the new folder `into`.

    All that is to be taken, or nothing. `owner`: the number of the run's user on this machine.
    `while_reading` is called with the path of each file between opening and reading it (for tests
    of files that are swapped). Files in `into` are read-only for their owner and group, in the
    order of their paths.

    Raises `Fault` CW-COLLECT-KIND, CW-COLLECT-NAME, CW-COLLECT-LIMIT, CW-COLLECT-CHANGED or
    CW-COLLECT-MISSING; CW-FILE-EXISTS where `into` is there already.
    """
    declared = {one.path: one for one in declaration.files}
    found = _entries(outputs, declared)
    for one in declaration.files:
        if one.required and one.path not in found:
            raise Fault("CW-COLLECT-MISSING", f"The run did not leave {one.path}.")
    taken = []
    left = declaration.most_bytes
    with staged_folder(into) as staging:
        for path in sorted(path for path in found if declared[path].taken):
            reader = FileReader(path, found[path], declared[path], owner, left)
            copied = reader.copy(outputs, staging / path, while_reading)
            left -= copied.size
            taken.append(copied)
        # Read again from the disk: what is frozen is what was hashed.
        for copied in taken:
            if sha256_file(staging / copied.path) != copied.sha256:
                raise _changed(copied.path)
    _freeze(into)
    return tuple(taken)


def _freeze(folder: Path) -> None:
    with translated(folder.name):
        for parent, _, names in os.walk(folder, topdown=False):
            for name in names:
                (Path(parent) / name).chmod(0o440)
            Path(parent).chmod(0o550)


def _changed(path: str) -> Fault:
    return Fault("CW-COLLECT-CHANGED", f"{path} changed while it was being collected.")


def _entries(outputs: int, declared: dict[str, Declared]) -> dict[str, os.stat_result]:
    """Every file below the folder by its path, all of them declared; folders only on their way."""
    folders = {parent for path in declared for parent in _folders_of(path)}
    found: dict[str, os.stat_result] = {}
    seen = 0
    device = os.fstat(outputs).st_dev
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with opened_below(outputs, above) as folder, os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > min(_MOST_ENTRIES, len(declared) + len(folders)):
                    raise _undeclared()
                path = f"{above}/{entry.name}" if above else entry.name
                its = entry.stat(follow_symlinks=False)
                refuse_kind(its, device)
                if stat.S_ISDIR(its.st_mode) and path in folders:
                    waiting.append(path)
                elif stat.S_ISREG(its.st_mode) and path in declared:
                    found[path] = its
                else:
                    raise _undeclared()
    return found


def _undeclared() -> Fault:
    return Fault("CW-COLLECT-NAME", "The run left a file or folder that was not declared.")


def refuse_kind(its: os.stat_result, device: int) -> None:
    """Refuse what is neither a plain file nor a folder. Raises `Fault` CW-COLLECT-KIND."""
    if not (stat.S_ISREG(its.st_mode) or stat.S_ISDIR(its.st_mode)):
        raise Fault("CW-COLLECT-KIND", "The run left something that is neither file nor folder.")
    if its.st_dev != device:
        raise Fault("CW-COLLECT-KIND", "The run left something that lies on another file system.")
    if stat.S_ISREG(its.st_mode) and its.st_nlink != 1:
        raise Fault("CW-COLLECT-KIND", "The run left a file that has more than one name.")
    if its.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        raise Fault("CW-COLLECT-KIND", "The run left a file or folder with a special mode.")


@contextlib.contextmanager
def opened_below(outputs: int, path: str) -> Iterator[int]:
    """A descriptor of a folder below `outputs`, reached step by step without following a link."""
    folder = os.open(".", _FOLDER, dir_fd=outputs)
    try:
        for part in path.split("/") if path else ():
            try:
                deeper = os.open(part, _FOLDER, dir_fd=folder)
            except OSError as error:
                raise _changed("a folder of outputs") from error
            os.close(folder)
            folder = deeper
        yield folder
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True)
class FileReader:
    """One file on its way: what was seen of it by name, what was declared, what is left to take."""

    path: str
    seen: os.stat_result
    declared: Declared
    owner: int
    left: int

    def copy(self, outputs: int, target: Path, while_reading: Callable[[str], None]) -> Collected:
        """Copy it into the new file `target`."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(made, "wb") as copy:
            return self.into(outputs, copy, while_reading)

    def into(
        self, outputs: int, sink: ByteSink, while_reading: Callable[[str], None] = lambda _: None
    ) -> Collected:
        """Write its bytes into `sink`. Raises the faults of `collect`: discard the sink then."""
        above, _, name = self.path.rpartition("/")
        with opened_below(outputs, above) as folder:
            try:
                descriptor = os.open(name, _READ, dir_fd=folder)
            except OSError as error:
                raise _changed(self.path) from error
            with os.fdopen(descriptor, "rb", buffering=0) as stream:
                before = os.fstat(descriptor)
                self._check(before)
                while_reading(self.path)
                with translated(self.path):
                    digest = self._write(stream.read, sink, before.st_size)
                self._unchanged(before, os.fstat(descriptor))
            try:
                self._unchanged(before, os.stat(name, dir_fd=folder, follow_symlinks=False))
            except FileNotFoundError as error:
                raise _changed(self.path) from error
        return Collected(self.path, digest, before.st_size)

    def _check(self, its: os.stat_result) -> None:
        refuse_kind(its, self.seen.st_dev)
        self._unchanged(self.seen, its)
        if its.st_uid != self.owner:
            raise Fault("CW-COLLECT-KIND", f"{self.path} does not belong to the run's user.")
        if its.st_size > self.declared.most_bytes:
            raise Fault("CW-COLLECT-LIMIT", f"{self.path} is larger than was declared.")
        if its.st_size > self.left:
            raise Fault("CW-COLLECT-LIMIT", "The outputs together are larger than was declared.")
        # A hole costs nothing to leave and much to copy, so a file with one is no honest output.
        if its.st_size - its.st_blocks * 512 > _PAGE:
            raise Fault("CW-COLLECT-KIND", f"{self.path} has holes (a sparse file).")

    def _unchanged(self, before: os.stat_result, after: os.stat_result) -> None:
        def told(its: os.stat_result) -> tuple[int, ...]:
            return (its.st_dev, its.st_ino, its.st_mode, its.st_nlink, its.st_uid, its.st_size,
                    its.st_mtime_ns, its.st_ctime_ns)  # fmt: skip

        if told(before) != told(after):
            raise _changed(self.path)

    def _write(self, read: Callable[[int], bytes | None], sink: ByteSink, size: int) -> str:
        digest = hashlib.sha256()
        copied = 0
        # One byte more than was seen is asked for, so that a file that grows is noticed.
        while block := read(min(_BLOCK, size + 1 - copied)):
            copied += len(block)
            if copied > size:
                raise _changed(self.path)
            digest.update(block)
            sink.write(block)
        if copied != size:
            raise _changed(self.path)
        return "sha256:" + digest.hexdigest()
