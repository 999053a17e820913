"""What a file really is, by its bytes: six kinds, and each exactly that from first to last byte.

A file that two programs could read as two things is refused. Nothing is unpacked here: of a package
(DOCX, ODT) only the list of its parts is read, so a bomb stays shut.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from types import MappingProxyType

from commonweal.foundation.errors import Refused

MAX_BYTES = 20 * 1024 * 1024
MAX_NAME = 120
MAX_PARTS = 2_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
"""A package that says it is larger than this many times its size is a bomb."""

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pdf": ("PDF", "application/pdf"),
        "docx": ("Word document (DOCX)",
                 "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "odt": ("OpenDocument text (ODT)", "application/vnd.oasis.opendocument.text"),
        "png": ("picture (PNG)", "image/png"),
        "jpg": ("picture (JPEG)", "image/jpeg"),
        "txt": ("plain text (TXT)", "text/plain; charset=utf-8"),
    }
)  # fmt: skip
"""The kinds of file that are taken: in words, and as a browser is told."""
ENDINGS = {"pdf": "pdf", "docx": "docx", "odt": "odt", "png": "png", "jpg": "jpg", "jpeg": "jpg",
           "txt": "txt"}  # fmt: skip
_ODT = b"application/vnd.oasis.opendocument.text"
_PNG = b"\x89PNG\r\n\x1a\n"


def _spelt(word: str) -> str:
    """A name of a PDF, where any letter can be written as its number: `/J#53` is `/JS`."""
    return "".join(f"(?:{letter}|#(?i:{ord(letter):02x}))" for letter in word)


_LOADED = "|".join(map(_spelt, ("JavaScript", "Launch", "EmbeddedFile", "RichMedia")))
_ACTIVE = re.compile(rf"/(?:(?:{_LOADED})s?(?![A-Za-z])|{_spelt('JS')}[\s/(<\[%])".encode())
_PAGE = re.compile(rb"<\s*(?:!doctype|html|script|svg|iframe)", re.IGNORECASE)
_MACROS = re.compile(
    r"(?:^|/)(?:basic/|scripts/|activex/)|(?<!/printersettings\d)\.bin$|\.(?:exe|dll|js|vbs|scr)$",
    re.IGNORECASE,
)
"""Word finds its program by a reference, so its part can have any name: `.bin` is enough."""


def check_name(name: str) -> str:
    """The name of a file as it may be shown. Raises `Refused` CW-DESK-FILE."""
    kinds = {unicodedata.category(letter) for letter in name}
    if kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        raise no("The name of the file has characters that cannot be seen. Give it a plain name.")
    if "/" in name or "\\" in name or name.startswith("."):
        raise no("The name of the file looks like the path of a folder. Give it a plain name.")
    if not name.strip() or len(name) > MAX_NAME:
        raise no(f"The name of the file must have 1 to {MAX_NAME} characters.")
    ending = name.rpartition(".")[2].lower()
    if "." not in name or ending not in ENDINGS:
        raise no(f"The name must end in one of these: {', '.join(sorted(ENDINGS))}.")
    return name


def kind_of(name: str, content: bytes) -> str:
    """Which of `KINDS` a file is. Raises `Refused` CW-DESK-FILE with a sentence."""
    ending = ENDINGS[check_name(name).rpartition(".")[2].lower()]
    if not content:
        raise no("The file is empty.")
    if len(content) > MAX_BYTES:
        raise too_large()
    found = _detected(content)
    if found is None or found != ending:
        what = KINDS[ending][0]
        raise no(f"The file is not what its name says: inside it is not a {what}.")
    _INSIDE[found](content)
    return found


def no(sentence: str) -> Refused:
    """The refusal of a file."""
    return Refused("CW-DESK-FILE", sentence, remedy="Nothing was kept of it. Choose another file.")


def too_large() -> Refused:
    """The refusal of a large file."""
    return no(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")


def _detected(content: bytes) -> str | None:
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(_PNG):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"PK\x03\x04"):
        return _package(content)
    return "txt" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", text)


def _package(content: bytes) -> str | None:
    # `mimetype` comes first in an ODT, as it is, at a fixed place.
    if content[30:38] == b"mimetype" and content[38 : 38 + len(_ODT)] == _ODT:
        return "odt"
    return "docx" if b"word/document.xml" in content else None


# --- each kind from first to last byte ----------------------------------------------------------


def _pdf(content: bytes) -> None:
    end = content.rstrip(b"\r\n\t \x00")
    if not end.endswith(b"%%EOF"):
        raise no("The file is a PDF with something behind its end, or it is not whole.")
    if _ACTIVE.search(content):
        raise no("The PDF holds a program or another file. Print it to a new PDF and send that.")
    _no_package(content)


def _png(content: bytes) -> None:
    at, kinds = len(_PNG), []
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        kinds.append(kind)
        at += 12 + length
        if kind == b"IEND":
            break
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or at != len(content):
        raise no("The picture has something behind its end, or it is not whole.")
    _no_package(content)


def _jpg(content: bytes) -> None:
    if not content.endswith(b"\xff\xd9"):
        raise no("The picture has something behind its end, or it is not whole.")
    _no_package(content)


def _txt(content: bytes) -> None:
    if _PAGE.search(content):
        raise no("The text is a web page. Save it as plain text or as a PDF.")


def _no_package(content: bytes) -> None:
    if b"PK\x05\x06" in content[-66_000:] or _PAGE.search(content[:1_024]):
        raise no("The file can be read as two different things.")


def _zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts, comment = package.infolist(), package.comment
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise no("The document is damaged.") from error
    if comment or content[-22:-18] != b"PK\x05\x06" or min(p.header_offset for p in parts) != 0:
        raise no("The file can be read as two different things.")
    if len(parts) > MAX_PARTS:
        raise no("The document is made of too many parts.")
    if len({part.filename for part in parts}) != len(parts):
        raise no("The document names a part twice.")
    for part in parts:
        _part(part)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * len(content):
        raise no("The document would be far too large when it is opened.")


def _part(part: zipfile.ZipInfo) -> None:
    name = part.filename
    steps = name.replace("\\", "/").split("/")
    if part.flag_bits & 0x1:
        raise no("The document is locked with a password, so nobody can check it.")
    if name.startswith("/") or ".." in steps or "\x00" in part.orig_filename or ":" in name:
        raise no("The document holds a part with the path of a folder outside of it.")
    if _MACROS.search(name):
        raise no("The document holds a program (macros). Save it without, or as a PDF.")
    if name.lower().endswith((".zip", ".docx", ".odt", ".jar")):
        raise no("The document holds another document inside it.")


def _docx(content: bytes) -> None:
    _zip(content)
    names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    if not {"[Content_Types].xml", "word/document.xml"} <= names:
        raise no("The file is not a whole Word document.")


def _odt(content: bytes) -> None:
    _zip(content)
    if "content.xml" not in zipfile.ZipFile(io.BytesIO(content)).namelist():
        raise no("The file is not a whole OpenDocument text.")


_INSIDE: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"pdf": _pdf, "png": _png, "jpg": _jpg, "txt": _txt, "docx": _docx, "odt": _odt}
)
