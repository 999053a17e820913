"""Zip archives (workbooks are such), walked by hand and unpacked within limits.

APPNOTE.TXT of PKWARE. An archive may hold bytes that its directory does not name, entries of the
same name and entries that unpack to a thousand times their size; none of these is a workbook.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib

from commonweal.airlock.files.parsers.common import Answer, Invalid, TooLarge

MOST_ENTRIES = 200
MOST_UNPACKED = 64 << 20
MOST_RATIO = 100
_SMALL = 1 << 20
"""Entries under this size may be as repetitive as they like."""
_HEADER = 30
_BLOCK = 1 << 16


def unpacked(data: bytes, answer: Answer) -> dict[str, bytes]:
    """The entries of an archive by name. Raises `Invalid` and `TooLarge`."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, OverflowError,
            zlib.error, EOFError):  # fmt: skip
        raise Invalid from None
    if len(entries) > MOST_ENTRIES:
        raise TooLarge
    if sum(one.file_size for one in entries) > MOST_UNPACKED:
        raise TooLarge
    names = [one.filename for one in entries]
    if len({name.casefold() for name in names}) != len(names):
        raise Invalid
    answer.note("beside_entries", _beside(data, archive, entries))
    left, found = MOST_UNPACKED, {}
    for one in entries:
        _check(one)
        if not one.is_dir():
            found[one.filename] = _content(archive, one, left)
            left -= len(found[one.filename])
    return found


def _check(one: zipfile.ZipInfo) -> None:
    name = one.filename
    odd = name.startswith("/") or "\\" in name or posixpath.normpath(name) != name.rstrip("/")
    if odd or name.split("/")[0] == ".." or not name.isprintable():
        raise Invalid
    if one.flag_bits & 0x1 or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Invalid
    # The upper half holds the Unix mode: links and devices are no part of a workbook.
    if (one.external_attr >> 28) not in (0, 0o4, 0o10):
        raise Invalid
    if one.file_size > _SMALL and one.file_size > MOST_RATIO * max(one.compress_size, 1):
        raise TooLarge


def _content(archive: zipfile.ZipFile, one: zipfile.ZipInfo, left: int) -> bytes:
    """The bytes of an entry: as many as it says, and no more than there is room for."""
    parts, seen = [], 0
    try:
        with archive.open(one) as stream:
            while block := stream.read(_BLOCK):
                seen += len(block)
                if seen > min(one.file_size, left):
                    raise TooLarge
                parts.append(block)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, zlib.error, EOFError,
            RuntimeError):  # fmt: skip
        raise Invalid from None
    return b"".join(parts)


def _beside(data: bytes, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> int:
    """How many bytes stand before, between and behind the entries and their directory."""
    place, free = 0, 0
    for one in sorted(entries, key=lambda entry: entry.header_offset):
        start = one.header_offset
        free += max(start - place, 0)
        lengths = data[start + 26 : start + _HEADER]
        if data[start : start + 4] != b"PK\x03\x04" or len(lengths) != 4:
            raise Invalid
        name, extra = (int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2))
        end = start + _HEADER + name + extra + one.compress_size
        # A size that was not known before (bit 3) stands behind the content, in up to 24 bytes.
        place = max(place, end)
        if one.flag_bits & 0x8:
            signed = data[place : place + 4] == b"PK\x07\x08"
            place += 16 if signed else 12
    free += max(archive.start_dir - place, 0)
    return free + len(archive.comment)
