"""One page of text and the contacts, read from their files strictly: wrong is refused, and why.

A file of the home is opened without following a link, and only if it is a plain file of a bounded
size. What was read is kept as long as the file stays as it is.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import translate
from commonweal.papers.base import PaperInvalid
from commonweal.web.publicpages.head import Contacts, Head
from commonweal.web.publicpages.marking import check_body

MOST_BYTES = 64 * 1024
"""A page of plain words is a tenth of it."""
FOLDER = Path("public") / "pages"
"""The hospital's own pages, in its home."""
CONTACTS = Path("public") / "contacts.yaml"
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
"""What a page may be called, up to 60 letters."""
_FILE = "CW-PAGES-FILE"
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_EDGE = "---\n"


@dataclass(frozen=True)
class PageText:
    """A page as its file has it. `origin`: whose text it is."""

    name: str
    head: Head
    body: str
    source: str
    origin: Literal["software", "hospital"]


def is_name(text: str) -> bool:
    """True for what a page may be called."""
    return len(text) <= 60 and NAME.fullmatch(text) is not None


def read_page(
    name: str, content: bytes, what: str, origin: Literal["software", "hospital"]
) -> PageText:
    """The page that a file holds. Raises `Fault` CW-PAGES-FILE, naming file and field."""
    if len(content) > MOST_BYTES:
        raise Fault(_FILE, f"{what} is larger than {MOST_BYTES:,} bytes.")
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Fault(_FILE, f"{what} is not UTF-8 text.") from None
    if (odd := _UNSEEN.search(text)) is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise Fault(_FILE, f"{what}: line {line} holds a character that cannot be seen.")
    head, edge, body = text.removeprefix(_EDGE).partition(f"\n{_EDGE}")
    if not text.startswith(_EDGE) or not edge:
        raise Fault(_FILE, f"{what} does not begin with a head between two lines of three dashes.")
    read = Head.read(_yaml(head, f"The head of {what[0].lower()}{what[1:]}"), what, _FILE)
    check_body(body, what)
    return PageText(name, read, body, text, origin)


def _yaml(text: str, what: str) -> object:
    try:
        return parse_yaml(text, what)
    except CommonwealError as error:
        # One code for everything about these files; the sentence names the line.
        raise Fault(_FILE, error.sentence) from None


@lru_cache(maxsize=1)
def built_in() -> dict[str, PageText]:
    """The pages that ship with the software, by name. Raises as `read_page`."""
    folder = resources.files("commonweal.web.publicpages").joinpath("texts")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        name = file.name.removesuffix(".md")
        if name != file.name:
            what = f"The built-in page {file.name}"
            found[name] = read_page(name, file.read_bytes(), what, "software")
    return found


def own_page(home: Path, name: str) -> PageText:
    """The hospital's page of this name. Raises `Fault` CW-PAGES-FILE, or FileNotFoundError."""
    path = home / FOLDER / f"{name}.md"
    return _own_page(name, *_seen(path, _named(path), _FILE))


@lru_cache(maxsize=256)
def _own_page(name: str, path: Path, stamp: tuple[int, ...]) -> PageText:
    content = _bytes(path, _named(path), _FILE, stamp)
    return read_page(name, content, _named(path), "hospital")


def contacts(home: Path) -> Contacts:
    """How patients reach the hospital; nothing of it where the home has no such file.

    Raises `Fault` CW-PAGES-CONTACTS, naming file and field.
    """
    path = home / CONTACTS
    try:
        seen = _seen(path, _contacts_named(), "CW-PAGES-CONTACTS")
    except FileNotFoundError:
        return Contacts()
    return _contacts(*seen)


def _contacts_named() -> str:
    return f"The hospital's contacts ({CONTACTS})"


@lru_cache(maxsize=4)
def _contacts(path: Path, stamp: tuple[int, ...]) -> Contacts:
    code = "CW-PAGES-CONTACTS"
    content = _bytes(path, _contacts_named(), code, stamp)
    try:
        return Contacts.read(parse_yaml(content, _contacts_named()), _contacts_named(), code)
    except PaperInvalid:
        raise
    except CommonwealError as error:
        raise Fault(code, error.sentence) from None


def _named(path: Path) -> str:
    return f"The page {FOLDER / path.name}"


def _seen(path: Path, what: str, code: str) -> tuple[Path, tuple[int, ...]]:
    """A plain file, and what tells whether it was changed. Raises FileNotFoundError or `code`."""
    try:
        seen = path.lstat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Fault(code, translate(error, what).sentence) from None
    if not stat.S_ISREG(seen.st_mode):
        raise Fault(code, f"{what} is not a plain file.")
    if seen.st_size > MOST_BYTES:
        raise Fault(code, f"{what} is larger than {MOST_BYTES:,} bytes.")
    return path, (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino)


def _bytes(path: Path, what: str, code: str, stamp: tuple[int, ...]) -> bytes:
    """The bytes of a file that was just looked at. `stamp` keeps what was read apart."""
    del stamp
    try:
        with os.fdopen(open_plain(path), "rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Fault(code, translate(error, what).sentence) from None


def open_plain(path: Path) -> int:
    """A descriptor of a plain file, never of what a link points to. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file")
    return descriptor
