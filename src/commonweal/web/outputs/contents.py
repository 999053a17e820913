"""Files of an output as its reviewers look at them: pictures, and everything else as plain text.

The rows of the database are not believed: bytes are shown only where they are, one for one, the
file that the author signed and that would leave. A picture must besides be written as the airlock
writes pictures, and as nothing more, so that no other file can be in it (S18). Drawings, pages and
notebooks are shown as text: a browser is never asked to run or draw what a study thought up.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
import struct
import sys
import unicodedata
import zlib
from collections.abc import Iterator
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.papers.output_manifest import OutputFile
from commonweal.web.outputs.models import ReviewFile
from commonweal.web.outputs.reviewing import Case

MOST_PICTURE = 8 * 1024 * 1024
MOST_TEXT = 2 * 1024 * 1024
"""Bytes of a picture, and of any other file, that pages show."""
TEXTS = frozenset({"csv", "tsv", "json", "ipynb", "svg", "html", "text"})
"""Kinds of file that are shown as text. Models have a card instead."""
PIECE, PIECES = 1_000, 200
"""Characters of a line before it goes on in the next, and lines of one page."""
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
_PNG = b"\x89PNG\r\n\x1a\n"
_PARTS = (b"IHDR", b"IDAT", b"IEND")


def kept(case: Case) -> frozenset[str]:
    """The names of the files of this turn that can be looked at."""
    rows = ReviewFile.objects.filter(papers=case.papers)
    return frozenset(rows.values_list("path", flat=True))


def content_of(case: Case, file: OutputFile) -> bytes | None:
    """The bytes of a file that would leave; None where they are not here.

    Raises `Fault` CW-WEB-VERSION for bytes that are not those that were signed.
    """
    row = ReviewFile.objects.filter(papers=case.papers, path=file.path).first()
    if row is None:
        return None
    content = _plain(row.content)
    if content is None:  # the papers open, and this row of theirs does not
        raise _another(file)
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if len(content) != file.bytes or not hmac.compare_digest(found, file.sha256):
        raise _another(file)
    return content


def as_kept(content: bytes) -> str:
    """Bytes as a row keeps them."""
    return base64.b64encode(content).decode()


def _plain(kept_as: object) -> bytes | None:
    """The bytes of a row; None where it cannot be opened any more, or holds no bytes."""
    try:
        return base64.b64decode(kept_as, validate=True) if isinstance(kept_as, str) else None
    except ValueError:
        return None


def picture_of(case: Case, file: OutputFile) -> bytes | None:
    """A picture that a browser may draw; None where there is none.

    Raises `Fault` CW-WEB-VERSION for what is no plain picture, whatever its name says.
    """
    if file.type != "png":
        return None
    content = content_of(case, file)
    if content is not None and not is_plain_png(content):
        raise _another(file)
    return content


def wrong_pictures(case: Case) -> dict[str, str]:
    """Why pictures of this turn are not shown, by their names, where their bytes are wrong."""
    wrong = {}
    for file in case.manifest.leaving():
        try:
            picture_of(case, file)
        except Fault as error:
            wrong[file.path] = error.sentence
    return wrong


def _another(file: OutputFile) -> Fault:
    return Fault("CW-WEB-VERSION", f"{file.path} is not the file that would leave; ask for help.")


def is_plain_png(content: bytes) -> bool:
    """Whether this is a PNG of a header, pixels and an end, three bytes a pixel, and no more.

    As `airlock.files.writing.picture_file` writes it. Nothing is decoded.
    """
    if not content.startswith(_PNG):
        return False
    place = len(_PNG)
    parts: list[tuple[bytes, bytes]] = []
    while place + 12 <= len(content) and len(parts) < len(_PARTS):
        (length,) = struct.unpack(">I", content[place : place + 4])
        part = content[place + 4 : place + 8 + length]
        told = content[place + 8 + length : place + 12 + length]
        if len(told) != 4 or zlib.crc32(part) != struct.unpack(">I", told)[0]:
            return False
        parts.append((part[:4], part[4:]))
        place += 12 + length
    if place != len(content) or tuple(name for name, _ in parts) != _PARTS:
        return False
    header, _, end = (said for _, said in parts)
    return len(header) == 13 and header[8:] == b"\x08\x02\0\0\0" and not end


def lines_of(file: OutputFile, content: bytes) -> list[str]:
    """A file as lines of text that a page can show, long ones broken.

    Of a notebook its cells one after another, each under what it is.
    """
    text = _cells(content) if file.type == "ipynb" else None
    if text is None:
        text = content.decode("utf-8", "replace")
    return [piece for line in text.splitlines() for piece in _pieces(line)]


def visible(text: str) -> str:
    """A text in which nothing is hidden or moved: signs that a page shows as nothing, or that turn
    the direction of what follows, stand there as their numbers. Else what people judge would read
    otherwise than what ran."""
    if text.isascii() and text.isprintable():
        return text
    return _unseen().sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


@functools.cache
def _unseen() -> re.Pattern[str]:
    signs = (chr(one) for one in range(sys.maxunicode + 1) if chr(one) not in "\n\r\t")
    hidden = "".join(one for one in signs if unicodedata.category(one) in _HIDDEN)
    return re.compile(f"[{re.escape(hidden)}]")


def _pieces(line: str) -> Iterator[str]:
    line = visible(line)
    for start in range(0, max(len(line), 1), PIECE):
        yield line[start : start + PIECE]


def _cells(content: bytes) -> str | None:
    """The cells of a notebook that the airlock wrote; None for what is none."""
    try:
        plain: Any = parse_json(content, "The notebook")
        cells = [(str(one["cell_type"]), str(one["source"])) for one in plain["cells"]]
    except (CommonwealError, KeyError, TypeError):
        return None
    return "\n\n".join(f"[{kind}]\n{source}" for kind, source in cells)
