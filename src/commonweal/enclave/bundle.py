"""The files of a git bundle's commit: a parser that runs in the sandbox (S18), and starts no git.

A bundle (gitformat-bundle, version 2) is a list of references and a pack of objects
(gitformat-pack): commits, trees and blobs, each deflated, some as differences to others. Only a
bundle that needs nothing else is read; links and submodules in it make it unfit.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_OBJECTS = 50_000
MOST_BYTES = 64 * 1024 * 1024
MOST_FILES = 2_000
MOST_TOLD = 2_500_000
"""Bytes of all files together: they travel in one answer."""

_COMMIT, _TREE, _BLOB, _TAG, _BY_OFFSET, _BY_NAME = 1, 2, 3, 4, 6, 7
_WORDS = {_COMMIT: b"commit", _TREE: b"tree", _BLOB: b"blob", _TAG: b"tag"}
_REFERENCE = re.compile(rb"([0-9a-f]{40}) ([!-~]{1,255})")
_FILES = frozenset({b"100644", b"100755", b"100664"})


class Unfit(ValueError):
    """The file is no bundle of a whole study."""

    parse_kind = "invalid"


class TooMuch(ValueError):
    """There is more in it than a study has."""

    parse_kind = "limit"


def parse(stream: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
    """`commit`: the name of the commit; `files`: pairs of a path and its bytes in base64.

    The commit is that of `HEAD`, or of the only reference.
    """
    del options
    content = stream.read()
    references, start = _header(content)
    names = {reference for _, reference in references}
    if b"HEAD" in names:
        wanted = {one for one, reference in references if reference == b"HEAD"}
    else:
        wanted = {one for one, _ in references}
    if len(wanted) != 1:
        raise Unfit("no single commit")
    objects = _Pack(content, start).read()
    commit = wanted.pop()
    files: dict[str, bytes] = {}
    _walk(objects, _tree_of(objects, commit), "", files, depth=0)
    if sum(len(one) for one in files.values()) > MOST_TOLD:
        raise TooMuch("too many bytes")
    told = [[path, b64encode(one).decode("ascii")] for path, one in sorted(files.items())]
    return {"commit": commit, "files": told}


def _header(content: bytes) -> tuple[list[tuple[str, bytes]], int]:
    """The references, and where the pack begins."""
    first, _, _ = content.partition(b"\n")
    if first != b"# v2 git bundle":
        raise Unfit("not a bundle of version 2")
    found: list[tuple[str, bytes]] = []
    place = len(first) + 1
    while len(found) < 1_000:
        end = content.find(b"\n", place)
        if end < 0:
            break
        line, place = content[place:end], end + 1
        if not line:
            return found, place
        matched = _REFERENCE.fullmatch(line)
        if matched is None:  # also a commit that must be there already: not a whole study
            break
        found.append((matched[1].decode(), matched[2]))
    raise Unfit("references that cannot be read")


@dataclass
class _Pack:
    """A pack within `content` from `start`. Objects are found by where they begin or by name."""

    content: bytes
    start: int
    inflated: int = 0
    at: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    by_name: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def read(self) -> dict[str, tuple[int, bytes]]:
        """Kind and bytes of every object, by its name."""
        pack = memoryview(self.content)[self.start :]
        if len(pack) < 32 or bytes(pack[:8]) != b"PACK\0\0\0\2":
            raise Unfit("not a pack of version 2")
        body, trailer = pack[:-20], bytes(pack[-20:])
        if hashlib.sha1(body, usedforsecurity=False).digest() != trailer:
            raise Unfit("a pack that was changed")
        count = int.from_bytes(pack[8:12], "big")
        if count > MOST_OBJECTS:
            raise TooMuch("too many objects")
        place = 12
        waiting: list[tuple[int, int | str, bytes]] = []
        for _ in range(count):
            begun = place
            kind, base, place = self._head(body, place)
            data, place = self._inflated(body, place)
            if kind in _WORDS:
                self._keep(begun, kind, data)
            else:
                waiting.append((begun, base, data))
        if place != len(body):
            raise Unfit("bytes that belong to no object")
        self._resolve(waiting)
        return self.by_name

    def _head(self, body: memoryview, place: int) -> tuple[int, int | str, int]:
        begun = place
        byte, place = self._byte(body, place)
        kind = byte >> 4 & 7
        while byte & 128:  # the size, which the deflated bytes say again
            byte, place = self._byte(body, place)
        if kind == _BY_OFFSET:
            byte, place = self._byte(body, place)
            back = byte & 127
            while byte & 128:
                byte, place = self._byte(body, place)
                back = (back + 1 << 7) | (byte & 127)
            return kind, begun - back, place
        if kind == _BY_NAME:
            return kind, bytes(body[place : place + 20]).hex(), place + 20
        if kind not in _WORDS:
            raise Unfit("an object of an unknown kind")
        return kind, 0, place

    def _byte(self, body: memoryview, place: int) -> tuple[int, int]:
        if place >= len(body):
            raise Unfit("a pack that is cut")
        return body[place], place + 1

    def _inflated(self, body: memoryview, place: int) -> tuple[bytes, int]:
        inflating = zlib.decompressobj()
        try:
            data = inflating.decompress(body[place:], MOST_BYTES - self.inflated + 1)
        except zlib.error:
            raise Unfit("an object that cannot be inflated") from None
        self._count(len(data))
        if not inflating.eof:
            raise Unfit("an object that is cut")
        return data, len(body) - len(inflating.unused_data)

    def _count(self, more: int) -> None:
        self.inflated += more
        if self.inflated > MOST_BYTES:
            raise TooMuch("too many bytes")

    def _keep(self, begun: int, kind: int, data: bytes) -> None:
        head = b"%s %d\0" % (_WORDS[kind], len(data))
        name = hashlib.sha1(head + data, usedforsecurity=False).hexdigest()
        self.at[begun] = self.by_name[name] = (kind, data)

    def _resolve(self, waiting: list[tuple[int, int | str, bytes]]) -> None:
        """Make objects of differences, those first whose base is there."""
        while waiting:
            left = []
            for begun, base, delta in waiting:
                found = self.at.get(base) if isinstance(base, int) else self.by_name.get(base)
                if found is None:
                    left.append((begun, base, delta))
                else:
                    made = _applied(found[1], delta)
                    self._count(len(made))
                    self._keep(begun, found[0], made)
            if len(left) == len(waiting):
                raise Unfit("a difference to something that is not there")
            waiting = left


def _applied(base: bytes, delta: bytes) -> bytes:
    """What `delta` makes of `base`."""
    try:
        return _Delta(base, delta).applied()
    except IndexError:
        raise Unfit("a difference that is cut") from None


@dataclass
class _Delta:
    """A difference: two sizes, then steps that copy from the base or bring bytes of their own."""

    base: bytes
    delta: bytes
    place: int = 0

    def applied(self) -> bytes:
        if self._size() != len(self.base):
            raise Unfit("a difference to something else")
        size = self._size()
        made = bytearray()
        while self.place < len(self.delta):
            step = self._byte()
            if step & 128:
                made += self._copied(step)
            elif step:
                made += self.delta[self.place : self.place + step]
                self.place += step
            else:
                raise Unfit("a difference of another form")
            if len(made) > MOST_BYTES:
                raise TooMuch("too many bytes")
        if len(made) != size:
            raise Unfit("a difference of another size")
        return bytes(made)

    def _byte(self) -> int:
        self.place += 1
        return self.delta[self.place - 1]

    def _size(self) -> int:
        value = 0
        for shift in range(0, 42, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if not byte & 128:
                return value
        raise Unfit("a difference of another form")

    def _copied(self, step: int) -> bytes:
        where = sum(self._byte() << 8 * bit for bit in range(4) if step >> bit & 1)
        many = sum(self._byte() << 8 * bit for bit in range(3) if step >> (4 + bit) & 1)
        many = many or 65_536
        if where + many > len(self.base):
            raise Unfit("a difference beyond its base")
        return self.base[where : where + many]


def _object(objects: Mapping[str, tuple[int, bytes]], name: str, kind: int) -> bytes:
    found = objects.get(name)
    if found is None or found[0] != kind:
        raise Unfit("an object that is not there")
    return found[1]


def _tree_of(objects: Mapping[str, tuple[int, bytes]], commit: str) -> str:
    matched = re.match(rb"tree ([0-9a-f]{40})\n", _object(objects, commit, _COMMIT))
    if matched is None:
        raise Unfit("a commit without a tree")
    return matched[1].decode()


def _walk(
    objects: Mapping[str, tuple[int, bytes]],
    tree: str,
    above: str,
    files: dict[str, bytes],
    depth: int,
) -> None:
    """Put every file of a tree into `files`; hidden ones stay out, as they do from a folder."""
    if depth > 8:
        raise Unfit("too many folders one in another")
    content, place = _object(objects, tree, _TREE), 0
    while place < len(content):
        end = content.find(b"\0", place)
        mode, _, raw = content[place:end].partition(b" ")
        name_bytes = content[end + 1 : end + 21]
        if end < 0 or len(name_bytes) != 20:
            raise Unfit("a tree that is cut")
        place = end + 21
        try:
            name = raw.decode("ascii")
        except UnicodeDecodeError:
            raise Unfit("a name that is not plain") from None
        if name.startswith(".") and name not in (".", "..") and "/" not in name:
            continue
        if mode == b"40000":
            _walk(objects, name_bytes.hex(), f"{above}{name}/", files, depth + 1)
        elif mode in _FILES:
            files[above + name] = _object(objects, name_bytes.hex(), _BLOB)
        else:
            raise Unfit("a link or a submodule")
        if len(files) > MOST_FILES:
            raise TooMuch("too many files")
