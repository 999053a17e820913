"""Studies on a shelf: taken in as plain files, found by the hash of all of them, never changed.

What is hashed is what runs. A study is read by descriptor, without following a link; only plain
files with plain names come in, within limits. Hidden files and `__pycache__` stay out: they are
the tools' of whoever wrote the study. The hash is over names and contents, in order, so the same
study has the same hash on every machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.enclave.zipped import REASONS
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import (
    STAGING_PREFIX,
    make_private_folder,
    publish_folder,
    sha256_file,
    thaw_and_remove,
    translated,
)
from commonweal.papers.study import NAME, StudyDeclaration, tree_hash
from commonweal.sandbox.box import Sandbox

DEEPEST = 8
MOST_FILES = 2_000
MOST_BYTES = 64 * 1024 * 1024
BUNDLE_PARSER = "commonweal.enclave.bundle"
ZIP_PARSER = "commonweal.enclave.zipped"
_NOT_READ = frozenset({"CW-PARSE-FAILED", "CW-PARSE-LIMIT", "CW-PARSE-ANSWER"})
_MOST_ENTRIES = 20_000
_BLOCK = 1 << 20
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HASH = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Study:
    """A study on the shelf. `hash`: of its tree. `files`: path and SHA-256 of each, in order."""

    hash: str
    folder: Path
    declaration: StudyDeclaration
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shelf:
    """Where studies are kept: one folder each, named by its hash."""

    folder: Path

    def take_in(self, source: Path) -> Study:
        """Copy the study in `source`; the same study again is found and not copied.

        Raises `Fault` CW-STUDY-FILES (a link, a device, an odd name, too much), `PaperInvalid`
        CW-STUDY-INVALID and file faults. No message repeats a name that is not plain.
        """
        make_private_folder(self.folder)
        staging = self.folder / f"{STAGING_PREFIX}{secrets.token_hex(12)}"
        staging.mkdir(mode=0o700)
        try:
            files = tuple(_copy_tree(source, staging))
            StudyDeclaration.load(staging / NAME)
            found = tree_hash(files)
            place = self._place(found)
            if not place.exists():
                _freeze(staging)
                # Two who bring the same study at once bring the same bytes: one of them is kept.
                with contextlib.suppress(Fault):
                    publish_folder(staging, place)
        finally:
            thaw_and_remove(staging)
        return self.find(found)

    def take_in_bundle(self, bundle: Path, sandbox: Sandbox) -> Study:
        """Take in the study of a git bundle or a zip file, which is read in the sandbox (S18).

        Which of the two it is, its first bytes say; what it is called says nothing.
        Raises `Fault` CW-STUDY-BUNDLE and what `take_in` raises.
        """
        read = _READERS.get(_first_bytes(bundle))
        if read is None:
            raise _unread("The file is neither a zip file nor a git bundle.")
        return self._take_in_files(read(bundle, sandbox))

    def _take_in_files(self, found: list[tuple[str, bytes]]) -> Study:
        make_private_folder(self.folder)
        unpacked = self.folder / f"{STAGING_PREFIX}{secrets.token_hex(12)}"
        try:
            unpacked.mkdir(mode=0o700)
            for path, content in found:
                make_private_folder((unpacked / path).parent)
                with translated("a file of the study"), (unpacked / path).open("xb") as sink:
                    sink.write(content)
            return self.take_in(unpacked)
        finally:
            thaw_and_remove(unpacked)

    def find(self, hash_: str) -> Study:
        """The study with this hash, every byte looked at again.

        Raises `Fault` CW-STUDY-UNKNOWN or CW-STUDY-CHANGED.
        """
        place = self._place(hash_)
        if not place.is_dir():
            raise Fault("CW-STUDY-UNKNOWN", "There is no study with this hash here.")
        try:
            files = tuple(_hashed(place))
        except CommonwealError:
            raise _changed() from None
        if tree_hash(files) != hash_:
            raise _changed()
        return Study(hash_, place, StudyDeclaration.load(place / NAME), files)

    def _place(self, hash_: str) -> Path:
        matched = _HASH.fullmatch(hash_)
        if matched is None:
            raise Fault("CW-STUDY-UNKNOWN", "This is not the hash of a study.")
        return self.folder / matched[1]


def _first_bytes(file: Path) -> bytes:
    """The first four bytes of a plain file."""
    with translated("the file of the study"):
        descriptor = os.open(file, _READ)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _refused("A study comes as a folder, a zip file or a git bundle.")
        with translated("the file of the study"):
            return stream.read(4)


def _of_git(bundle: Path, sandbox: Sandbox) -> list[tuple[str, bytes]]:
    with _read_by_parser(
        "The bundle cannot be read as one that holds a whole study: it is damaged or too large, "
        "needs other commits, has several branches and no HEAD, or holds links.",
        "Make it with `git bundle create study.bundle HEAD`.",
    ):
        return sandbox.parse(BUNDLE_PARSER, bundle, _bundled, "studies").answer


def _of_zip(file: Path, sandbox: Sandbox) -> list[tuple[str, bytes]]:
    with _read_by_parser("The zip file cannot be read: it takes too much to unpack.", None):
        found = sandbox.parse(ZIP_PARSER, file, _zipped, "studies").answer
    if isinstance(found, str):
        raise _unread(f"The zip file cannot be taken in. {REASONS[found]}")
    return found


_READERS = {b"# v2": _of_git, b"# v3": _of_git, b"PK\3\4": _of_zip, b"PK\5\6": _of_zip}
"""By the first four bytes of a file: who reads it."""


@contextlib.contextmanager
def _read_by_parser(sentence: str, remedy: str | None) -> Iterator[None]:
    """What the sandbox says of a file that cannot be read, in our words."""
    try:
        yield
    except Fault as error:
        if error.code not in _NOT_READ:
            raise
        raise _unread(sentence, remedy) from error


def _unread(sentence: str, remedy: str | None = None) -> Fault:
    return Fault("CW-STUDY-BUNDLE", sentence, remedy=remedy)


def _zipped(said: Any) -> list[tuple[str, bytes]] | str:
    """The answer of the parser of zip files: what `_bundled` wants, or a reason of its list."""
    if set(said) == {"refused"}:
        if said["refused"] not in REASONS:
            raise ValueError("a reason that there is not")
        return str(said["refused"])
    if set(said) != {"files"}:
        raise ValueError("an answer of another shape")
    return _bundled(said)


def _bundled(said: Any) -> list[tuple[str, bytes]]:
    """The answer of a parser: plain paths inside, each once, with their bytes."""
    found = [(str(path), b64decode(content, validate=True)) for path, content in said["files"]]
    parts = [path.split("/") for path, _ in found]
    if len({path for path, _ in found}) != len(found) or not all(
        len(one) <= DEEPEST and all(_PART.fullmatch(part) for part in one) for one in parts
    ):
        raise ValueError("paths that are not plain")
    return found


def _refused(sentence: str) -> Fault:
    return Fault("CW-STUDY-FILES", sentence)


def _changed() -> Fault:
    return Fault("CW-STUDY-CHANGED", "The study on the shelf is not what its hash says.")


def _freeze(folder: Path) -> None:
    # Everybody may read, since a job is another user of the machine; the shelf itself is ours.
    for above, _, names in os.walk(folder, topdown=False):
        for name in names:
            (Path(above) / name).chmod(0o444)
        Path(above).chmod(0o755 if Path(above) == folder else 0o555)


def _hashed(place: Path) -> Iterator[tuple[str, str]]:
    """Path and hash of every file below a folder of ours."""
    for above, folders, names in os.walk(place):
        for name in [*folders, *names]:
            if (Path(above) / name).is_symlink():
                raise _changed()
        for name in names:
            path = Path(above) / name
            yield path.relative_to(place).as_posix(), sha256_file(path)


# --- reading what somebody brings ---------------------------------------------------------


@dataclass
class _Allowance:
    entries: int = _MOST_ENTRIES
    files: int = MOST_FILES
    bytes: int = MOST_BYTES


def _copy_tree(source: Path, target: Path) -> Iterator[tuple[str, str]]:
    """Copy the plain files below `source`; path and SHA-256 of each as it is copied."""
    with translated("the study's folder"):
        top = os.open(source, _FOLDER)
    left = _Allowance()
    try:
        yield from _copy_folder(top, target, "", left)
    finally:
        os.close(top)


def _copy_folder(
    folder: int, target: Path, above: str, left: _Allowance
) -> Iterator[tuple[str, str]]:
    for name in _names(folder, left):
        path = f"{above}{name}"
        with translated("a file of the study"):
            its = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(its.st_mode):
            if path.count("/") >= DEEPEST - 1:
                raise _refused(f"A study has at most {DEEPEST - 1} folders one in another.")
            with translated("a folder of the study"):
                inner = os.open(name, _FOLDER, dir_fd=folder)
            try:
                (target / path).mkdir(mode=0o700)
                yield from _copy_folder(inner, target, f"{path}/", left)
            finally:
                os.close(inner)
        elif stat.S_ISREG(its.st_mode):
            left.files -= 1
            if left.files < 0:
                raise _refused(f"A study has at most {MOST_FILES:,} files.")
            yield path, _copy_file(folder, name, target / path, left)
        else:
            raise _refused("A study holds a link, a device or something else that is no file.")


def _names(folder: int, left: _Allowance) -> list[str]:
    """The names in a folder that come in, sorted; refused where one of them is odd."""
    found: list[str] = []
    with translated("a folder of the study"), os.scandir(folder) as entries:
        for entry in entries:
            left.entries -= 1
            if left.entries < 0:
                raise _refused(f"A study has more than {_MOST_ENTRIES:,} files and folders.")
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if not _PART.fullmatch(entry.name) or ".." in entry.name or entry.name.endswith("."):
                raise _refused(
                    "A file or folder of the study has a name with other characters than letters, "
                    "digits, dots, dashes and underscores, or too long a name."
                )
            found.append(entry.name)
    if len({name.casefold() for name in found}) != len(found):
        raise _refused("Two names in a folder of the study differ in capitals only.")
    return sorted(found)


def _copy_file(folder: int, name: str, target: Path, left: _Allowance) -> str:
    with translated("a file of the study"):
        source = os.open(name, _READ, dir_fd=folder)
    hashed = hashlib.sha256()
    with os.fdopen(source, "rb", buffering=0) as stream:
        its = os.fstat(source)
        if not stat.S_ISREG(its.st_mode):
            raise _refused("A study holds a link, a device or something else that is no file.")
        if its.st_mode & (stat.S_ISUID | stat.S_ISGID):
            raise _refused("A file of the study has a special mode.")
        with translated("a file of the study"), target.open("xb") as sink:
            while block := stream.read(_BLOCK):
                left.bytes -= len(block)
                if left.bytes < 0:
                    raise _refused(f"A study has at most {MOST_BYTES:,} bytes.")
                hashed.update(block)
                sink.write(block)
    return "sha256:" + hashed.hexdigest()
