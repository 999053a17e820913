"""Other forms of a page: easy read, large print, sound, sign language, other languages.

A hospital puts such files beside its pages. Only a closed list of kinds is served, each held
against its first bytes, always as a file to keep and never as a page of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from commonweal.foundation.errors import Fault
from commonweal.web.publicpages.reading import FOLDER, open_plain

LANGUAGES: dict[str, str] = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cy": "Welsh", "es": "Spanish",
    "fa": "Persian", "fr": "French", "gu": "Gujarati", "hi": "Hindi", "hu": "Hungarian",
    "it": "Italian", "ku": "Kurdish", "lt": "Lithuanian", "pa": "Punjabi", "pl": "Polish",
    "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian", "sk": "Slovak", "so": "Somali",
    "ta": "Tamil", "ti": "Tigrinya", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
"""Languages that a page can be had in, by their codes (ISO 639-1)."""
_MEGABYTE = 1024 * 1024
_KINDS: dict[str, tuple[str, int]] = {
    "pdf": ("application/pdf", 20 * _MEGABYTE),
    "mp3": ("audio/mpeg", 60 * _MEGABYTE),
    "mp4": ("video/mp4", 400 * _MEGABYTE),
}
"""The type of each kind of file, and its most bytes."""
FORMATS: dict[str, str] = {
    "easy-read.pdf": "Easy read (PDF)",
    "large-print.pdf": "Large print (PDF)",
    "audio.mp3": "To listen to (MP3)",
    "bsl.mp4": "British Sign Language (film, MP4)",
    **{f"{code}.pdf": f"In {name} (PDF)" for code, name in LANGUAGES.items()},
}
"""Every form that a page can have, by the end of its file's name, and what people read."""


@dataclass(frozen=True)
class Format:
    """A form of a page that the home has. `fault`: why it is not served, where it is not."""

    key: str
    words: str
    size: int
    fault: str = ""

    @property
    def size_words(self) -> str:
        """The size as people read it."""
        if self.size >= _MEGABYTE:
            return f"{round(self.size / _MEGABYTE):,} MB"
        return f"{max(1, round(self.size / 1024)):,} KB"


def formats_of(home: Path, name: str) -> list[Format]:
    """The forms of a page that the home has files for, also those that are not served."""
    return list(_found(home, name))


def _found(home: Path, name: str) -> Iterator[Format]:
    for key, words in FORMATS.items():
        path = home / FOLDER / f"{name}.{key}"
        if not os.path.lexists(path):
            continue
        try:
            stream, size = _opened(path, key)
            stream.close()
            yield Format(key, words, size)
        except Fault as fault:
            yield Format(key, words, 0, fault.sentence)


def open_format(home: Path, name: str, key: str) -> tuple[BinaryIO, str, int]:
    """A form of a page, opened: its bytes, their type and how many there are.

    Raises `Fault` CW-WEB-NOT-FOUND where there is none, and CW-PAGES-FILE where it is not served.
    """
    path = home / FOLDER / f"{name}.{key}"
    if key not in FORMATS or not os.path.lexists(path):
        raise Fault("CW-WEB-NOT-FOUND", "This page has no such form.")
    stream, size = _opened(path, key)
    return stream, _KINDS[key.rpartition(".")[2]][0], size


def _opened(path: Path, key: str) -> tuple[BinaryIO, int]:
    what = f"The file {FOLDER / path.name}"
    kind = key.rpartition(".")[2]
    try:
        stream = os.fdopen(open_plain(path), "rb")
    except OSError:
        raise Fault("CW-PAGES-FILE", f"{what} is not a plain file that can be read.") from None
    size, first = os.fstat(stream.fileno()).st_size, stream.read(16)
    stream.seek(0)
    if size > _KINDS[kind][1]:
        stream.close()
        raise Fault("CW-PAGES-FILE", f"{what} is larger than {_KINDS[kind][1]:,} bytes.")
    if not _is(kind, first):
        stream.close()
        raise Fault("CW-PAGES-FILE", f"{what} does not begin as a file of the kind {kind} does.")
    return stream, size


def _is(kind: str, first: bytes) -> bool:
    """Whether a file begins as its kind does (ISO 32000 7.5.2; ID3v2 or MPEG; ISO BMFF)."""
    if kind == "pdf":
        return first.startswith(b"%PDF-")
    if kind == "mp3":
        frame = len(first) > 1 and first[0] == 0xFF and first[1] & 0xE6 == 0xE2
        return first.startswith(b"ID3") or frame
    return first[4:8] == b"ftyp"
