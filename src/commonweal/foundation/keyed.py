"""Sealed files that say which key opens them: for what is kept for years under many keys.

Format `CWKEPT1`: magic (8 bytes), the id of the key (16 bytes), then a stream `CWSEAL1`
(`foundation.sealing`). The id is no secret, and nothing is believed because of it: with another key
the stream does not open. The context names what the file is and where it belongs, so that no file
passes for another one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import ByteSink, translated
from commonweal.foundation.sealing import Sealer, seal_bytes, unseal

MAGIC = b"CWKEPT1\n"
ID_BYTES = 16
_HEAD = len(MAGIC) + ID_BYTES


@dataclass(frozen=True)
class OpenKey:
    """A key that was opened: its id (32 hexadecimal digits), and whose project's it is.

    `use` gives its 32 bytes for one narrow call. `project` None: the custodian's own.
    """

    id: str
    project: str | None
    use: Callable[[], bytes] = field(repr=False)


class Keys(Protocol):
    """The keys of what is kept, as an opened home hands them in."""

    def sealing(self, project: str | None) -> OpenKey:
        """The key that seals what is kept of a project (None: of nobody's project).

        Raises `Refused` CW-KEY-DESTROYED, `Unavailable` CW-KEY-UNAVAILABLE.
        """
        ...

    def opening(self, key_id: str) -> OpenKey:
        """The key of this id.

        Raises `Refused` CW-KEY-DESTROYED, `Unavailable` CW-KEY-UNAVAILABLE; `Fault` CW-SEAL-BROKEN
        for an id of no key that seals what is kept.
        """
        ...

    def was(self, key_id: str, project: str | None) -> bool:
        """Whether this was the project's one key, and was destroyed."""
        ...


def is_sealed(content: bytes) -> bool:
    """Whether bytes begin as a sealed file does; that it opens is not said."""
    return content.startswith(MAGIC)


def has_mark(path: Path) -> bool:
    """The same of a file. Raises those of files."""
    with translated(path.name), path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def key_of(content: bytes, what: str) -> str:
    """The id of the key that a sealed file names. Raises `Fault` CW-SEAL-BROKEN."""
    if not is_sealed(content) or len(content) < _HEAD:
        raise Fault("CW-SEAL-BROKEN", f"{what} was changed, cut short, or never sealed.")
    return content[len(MAGIC) : _HEAD].hex()


def seal(data: bytes, key: OpenKey, context: str) -> bytes:
    """`data` sealed, with the id of its key before it."""
    return MAGIC + bytes.fromhex(key.id) + seal_bytes(data, key.use(), context)


def opened(content: bytes, keys: Keys, context: str, what: str) -> bytes:
    """What `seal` was given. Raises `Fault` CW-SEAL-BROKEN, and what `Keys.opening` raises."""
    return opened_hashed(content, keys, context, what)[0]


def opened_hashed(content: bytes, keys: Keys, context: str, what: str) -> tuple[bytes, str]:
    """The same with the hash of the plain bytes, which opening makes anyway. Raises as `opened`."""
    chunks = _Chunks()
    hashed = open_into(io.BytesIO(content), chunks, keys, context, what)
    return b"".join(chunks.held), hashed


class _Chunks:
    """Keeps what is written to it: joined once, large files are copied less than in a buffer."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self.held.append(data)
        return len(data)


def sealing_into(sink: ByteSink, key: OpenKey, context: str) -> Sealer:
    """A stream that seals what is written to it into `sink`; use it as a context manager."""
    sink.write(MAGIC + bytes.fromhex(key.id))
    return Sealer(sink, key.use(), context)


def open_into(source: BinaryIO, sink: ByteSink, keys: Keys, context: str, what: str) -> str:
    """Open a sealed stream into `sink`, chunk by chunk; gives the hash of the plain bytes.

    Raises as `opened`. What came before a fault is authentic, and may not be all: discard it.
    """
    key = keys.opening(key_of(source.read(_HEAD), what))
    return unseal(source, sink, key.use(), context, what)
