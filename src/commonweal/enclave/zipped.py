"""The files of a zip file: a parser that runs in the sandbox (S18), stricter than any unpacker.

Programs differ in what they read of a zip file that was made to be read in two ways. So only the
plain form is read (APPNOTE 6.3, without ZIP64): one part, members one behind the other without a
gap, each described alike at both places, stored or deflated. Everything else is refused, with one
word of a closed list that says why: it is the author's own file, so that tells nothing.
"""

from __future__ import annotations

import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

MOST_ENTRIES = 4_000
MOST_FILES = 2_000
MOST_TOLD = 2_500_000
"""Bytes of all files together: they travel in one answer."""
MOST_RATIO = 200
"""How many times its packed size a study may have; the first `_FREE` bytes are not counted."""
_FREE = 100_000
_DEEPEST = 8

REASONS: Mapping[str, str] = {
    "damaged": "It is damaged, or no plain zip file.",
    "encrypted": "It is encrypted.",
    "form": "It uses a form of zip that is not read here, such as ZIP64, several parts or another "
    "way to pack than deflate.",
    "large": "Its files are together larger than a study may be.",
    "link": "It holds a link, a device or a file with a special mode.",
    "many": "It holds too many files.",
    "name": "A name in it has other characters than letters, digits, dots, dashes and underscores, "
    "is too long, or lies in too many folders.",
    "outside": "A name in it leads out of the folder.",
    "ratio": "It unpacks to far more than its size.",
    "study": "There is no study.yaml at its top, nor in the one folder at its top.",
    "twice": "Two names in it are the same, or differ in capitals only.",
}
"""Why a zip file is refused, in a sentence each."""

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_DESCRIBED = 0x0008
_KNOWN = _ENCRYPTED | _DESCRIBED | 0x0002 | 0x0004 | 0x0800
_STORED, _DEFLATED = 0, 8
_ZIP64, _OTHER_NAME = 0x0001, 0x7075
_KIND, _FOLDER, _FILE, _SPECIAL = 0o170000, 0o040000, 0o100000, 0o7000
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)


class Refusal(ValueError):
    """A zip file that is not read. Its text is a key of `REASONS`."""

    parse_kind = "invalid"


def parse(stream: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
    """`files`: pairs of a path and its bytes in base64; or `refused`: a key of `REASONS`."""
    del options
    try:
        files = unpacked(stream.read())
    except Refusal as error:
        return {"refused": str(error)}
    told = [[path, b64encode(one).decode("ascii")] for path, one in sorted(files.items())]
    return {"files": told}


def unpacked(content: bytes) -> dict[str, bytes]:
    """Path and bytes of each file that comes in. Raises `Refusal`."""
    members = _members(content)
    _check_sizes(members, len(content))
    _check_names(members)
    wanted = _renamed([one for one in members if not one.is_folder and not _is_left_out(one.name)])
    if len(wanted) > MOST_FILES:
        raise Refusal("many")
    return {path: _bytes_of(content, one) for path, one in wanted.items()}


@dataclass(frozen=True)
class _Member:
    """One entry of the list at the end, and where its packed bytes begin and end."""

    name: str
    is_folder: bool
    method: int
    checksum: int
    packed: int
    size: int
    start: int
    end: int


# --- the list of members ------------------------------------------------------------------------


def _members(content: bytes) -> list[_Member]:
    end = _end_of(content)
    _, disk, first_disk, here, count, size, place, _ = _END.unpack_from(content, end)
    if disk or first_disk or here != count or 0xFFFF in (here, count) or place == 0xFFFFFFFF:
        raise Refusal("form")
    if count > MOST_ENTRIES:
        raise Refusal("many")
    if place + size != end:
        raise Refusal("damaged")
    found, spans, at = [], [], place
    for _ in range(count):
        member, span, at = _member(content, at, place)
        found.append(member)
        spans.append(span)
    if at != end:
        raise Refusal("damaged")
    spans.sort()
    edges = [(0, 0), *spans, (place, place)]
    if any(before[1] != after[0] for before, after in pairwise(edges)):
        raise Refusal("damaged")  # a gap, or two members that share bytes
    return found


def _end_of(content: bytes) -> int:
    """Where the record at the end begins: the only one that ends where the file does."""
    found = []
    at = content.rfind(b"PK\5\6")
    lowest = len(content) - _END.size - 0xFFFF
    while at >= max(lowest, 0):
        if at + _END.size <= len(content):
            (length,) = struct.unpack_from("<H", content, at + 20)
            if at + _END.size + length == len(content):
                found.append(at)
        if at == 0:
            break
        at = content.rfind(b"PK\5\6", 0, at + 3)
    if len(found) != 1:
        raise Refusal("damaged")
    return found[0]


def _member(content: bytes, at: int, limit: int) -> tuple[_Member, tuple[int, int], int]:
    """The entry of the list at `at`, the bytes that it takes up, and where the next one begins."""
    if content[at : at + 4] != b"PK\1\2" or at + _CENTRAL.size > len(content):
        raise Refusal("damaged")
    (_, _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length,
     comment_length, disk, _, mode, place) = _CENTRAL.unpack_from(content, at)  # fmt: skip
    names = at + _CENTRAL.size
    after = names + name_length + extra_length + comment_length
    if after > len(content):
        raise Refusal("damaged")
    raw = content[names : names + name_length]
    if flags & _ENCRYPTED:
        raise Refusal("encrypted")
    if disk or flags & ~_KNOWN or method not in (_STORED, _DEFLATED):
        raise Refusal("form")
    if 0xFFFFFFFF in (packed, size, place):
        raise Refusal("form")
    _check_extra(content[names + name_length : names + name_length + extra_length])
    name = _text(raw)
    _check_mode(mode >> 16, name)
    start, end = _bytes_at(content, place, limit, (flags, method, checksum, packed, size, raw))
    member = _Member(
        name.rstrip("/"), name.endswith("/"), method, checksum, packed, size, start, start + packed
    )
    return member, (place, end), after


def _bytes_at(
    content: bytes, place: int, limit: int, said: tuple[int, int, int, int, int, bytes]
) -> tuple[int, int]:
    """Where packed bytes begin and where what belongs to them ends, described as in the list."""
    if content[place : place + 4] != b"PK\3\4" or place + _LOCAL.size > limit:
        raise Refusal("damaged")
    _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = (
        _LOCAL.unpack_from(content, place)
    )
    names = place + _LOCAL.size
    start = names + name_length + extra_length
    end = start + said[3]
    if end > limit:
        raise Refusal("damaged")
    described = bool(flags & _DESCRIBED)
    if (flags, method) != said[:2] or content[names : names + name_length] != said[5]:
        raise Refusal("damaged")
    wanted = said[2:5]
    if (checksum, packed, size) != wanted and not (described and not (checksum or packed or size)):
        raise Refusal("damaged")
    _check_extra(content[names + name_length : start])
    if described:
        body = struct.pack("<3L", *wanted)
        with_mark = b"PK\7\x08" + body
        if content[end : end + 16] == with_mark:
            end += 16
        elif content[end : end + 12] == body:
            end += 12
        else:
            raise Refusal("damaged")
    return start, end


def _check_extra(extra: bytes) -> None:
    """Refuse further fields that give a member another size or another name."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind in (_ZIP64, _OTHER_NAME):
            raise Refusal("form")
        at += 4 + length
    if at != len(extra):
        raise Refusal("damaged")


def _check_mode(mode: int, name: str) -> None:
    kind = mode & _KIND
    if kind not in (0, _FILE, _FOLDER) or mode & _SPECIAL:
        raise Refusal("link")
    if kind and (kind == _FOLDER) != name.endswith("/"):
        raise Refusal("damaged")


def _text(raw: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("name") from None
    if not name or not name.isprintable():
        raise Refusal("name")
    return name


# --- what is checked of all of them ---------------------------------------------------------------


def _check_sizes(members: list[_Member], packed: int) -> None:
    """Refuse a bomb by what it says of itself; `_bytes_of` holds it to that."""
    total = sum(one.size for one in members)
    if total > MOST_TOLD:
        raise Refusal("ratio" if total > packed * MOST_RATIO else "large")
    if any(one.size > _FREE and one.size > one.packed * MOST_RATIO for one in members):
        raise Refusal("ratio")
    if any(one.is_folder and (one.size or one.packed > 2) for one in members):
        raise Refusal("damaged")


def _check_names(members: list[_Member]) -> None:
    """Every name leads inside, and none stands for two things."""
    for one in members:
        parts = one.name.split("/")
        if "\\" in one.name or ":" in one.name or any(p in ("", ".", "..") for p in parts):
            raise Refusal("outside")
    seen = [one.name.casefold() for one in members]
    if len(set(seen)) != len(seen):
        raise Refusal("twice")
    files = {one.name.casefold() for one in members if not one.is_folder}
    for one in members:
        if any(above.casefold() in files for above in _above(one.name)):
            raise Refusal("twice")  # a file and a folder of one name


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in."""
    for place, letter in enumerate(path):
        if letter == "/":
            yield path[:place]


def _is_left_out(name: str) -> bool:
    """Hidden files and what tools leave stay out, as they do from a folder."""
    parts = name.split("/")
    left_out = ("__pycache__", "__MACOSX")
    return any(one.startswith(".") or one in left_out for one in parts)


def _renamed(files: list[_Member]) -> dict[str, _Member]:
    """Each file by its path in the study: without the one folder at the top, if there is one."""
    found = {one.name: one for one in files}
    tops = {one.name.partition("/")[0] for one in files}
    if "study.yaml" not in found and len(tops) == 1:
        found = {one.name.partition("/")[2]: one for one in files}
    if "study.yaml" not in found:
        raise Refusal("study")
    for path in found:
        parts = path.split("/")
        plain = all(_PART.fullmatch(p) and ".." not in p and not p.endswith(".") for p in parts)
        if not plain or len(parts) > _DEEPEST:
            raise Refusal("name")
    return found


def _bytes_of(content: bytes, member: _Member) -> bytes:
    """The bytes of a file, exactly as many as were said and with the checksum that was said."""
    packed = content[member.start : member.end]
    if member.method == _STORED:
        data = packed
    else:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflating.decompress(packed, member.size + 1)
        except zlib.error:
            raise Refusal("damaged") from None
        # What is left to inflate when it is larger than it said.
        if len(data) > member.size:
            raise Refusal("ratio")
        if not inflating.eof or inflating.unused_data or inflating.unconsumed_tail:
            raise Refusal("damaged")
    if len(data) != member.size or zlib.crc32(data) != member.checksum:
        raise Refusal("damaged")
    return data
