"""Looking for viruses: a port, and the one adapter behind it (ClamAV's `clamd`).

Where no scanner is set up, nothing was scanned and every page says so. Where one is set up and does
not answer, no document is taken: an unscanned file must never pass for a scanned one.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Literal, Protocol

from django.conf import settings

from commonweal.foundation.errors import Unavailable

Result = Literal["not_scanned", "clean", "found"]
SCAN_WORDS: dict[str, str] = {
    "not_scanned": "Not scanned for viruses: no scanner is set up here.",
    "clean": "Scanned for viruses: none was found.",
    "found": "A virus was found.",
}
_SECONDS = 60
_PIECE = 64 * 1024


class Scanner(Protocol):
    """Whatever looks at a file."""

    def scan(self, content: bytes) -> Result:
        """What was found. Raises `Unavailable` CW-DESK-SCANNER."""
        ...


class NoScanner:
    """None is set up."""

    def scan(self, content: bytes) -> Result:
        """Nothing was looked at."""
        del content
        return "not_scanned"


@dataclass(frozen=True)
class Clamd:
    """ClamAV's daemon on this network, by its INSTREAM command."""

    host: str
    port: int

    def scan(self, content: bytes) -> Result:
        """What it says of `content`."""
        try:
            with socket.create_connection((self.host, self.port), timeout=_SECONDS) as line:
                line.sendall(b"zINSTREAM\0")
                for start in range(0, len(content), _PIECE):
                    piece = content[start : start + _PIECE]
                    line.sendall(struct.pack(">I", len(piece)) + piece)
                line.sendall(struct.pack(">I", 0))
                answer = _all(line).rstrip(b"\0\n").decode("ascii", "replace")
        except OSError as error:
            raise _away() from error
        if answer == "stream: OK":
            return "clean"
        if answer.endswith(" FOUND"):
            return "found"
        raise _away()


def _all(line: socket.socket) -> bytes:
    found = b""
    while len(found) < 4_096 and (more := line.recv(4_096)):
        found += more
    return found


def _away() -> Unavailable:
    return Unavailable(
        "CW-DESK-SCANNER",
        "The virus scanner does not answer, so no document is taken now.",
        remedy="Try again later. Nothing else that you typed is lost.",
    )


def scanner() -> Scanner:
    """The scanner that the service's settings name."""
    found = settings.ENVIRONMENT.scanner
    return NoScanner() if found is None else Clamd(*found)
