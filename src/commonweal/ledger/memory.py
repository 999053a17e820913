"""What a signer of checkpoints remembers, outside the ledger's database (decision S17).

For each log two files: `<log>.checkpoint`, the last note that was signed, and `<log>.signed`, a
journal with one line `epoch size root` for each checkpoint that lies in the database. The note is
on the disk before it is anywhere else, so that no second tree is ever signed. The line is written
when the database has the checkpoint: what has a line and is not stored was taken away.

A number inside the checkpoints would show gaps too, but C2SP advises against extension lines, and
no number shows that the newest checkpoints are gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    make_private_folder,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.ledger.events import Log

_MAX_NOTE = 100_000
_LINE = re.compile(rb"([1-9][0-9]{0,8}) (0|[1-9][0-9]{0,18}) ([0-9a-f]{64})", re.ASCII)
_LONGEST_LINE = 100


@dataclass(frozen=True)
class Signed:
    """One checkpoint of a log that was signed and stored."""

    epoch: int
    size: int
    root: bytes

    def line(self) -> bytes:
        """The line of the journal, with its newline."""
        return f"{self.epoch} {self.size} {self.root.hex()}\n".encode()


class SignerMemory:
    """The files of one signer in a folder outside the ledger's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder."""
        make_private_folder(self.folder)

    def lock(self, log: Log) -> Path:
        """The file that is locked while a log is signed."""
        return self.folder / f"{log}.lock"

    def note(self, log: Log) -> bytes | None:
        """The last note that was signed for a log, not yet verified."""
        path = self.folder / f"{log}.checkpoint"
        if not path.exists():
            return None
        return read_bytes(path, "the signer's memory", limit=_MAX_NOTE)

    def remember(self, log: Log, note: str) -> None:
        """Put the note on the disk, unless it is the one that is there."""
        if self.note(log) != note.encode():
            write_atomic(self.folder / f"{log}.checkpoint", note.encode())

    def journal(self, log: Log) -> tuple[Signed, ...] | None:
        """Every checkpoint of the journal, oldest first; None if there is no journal.

        Raises `Fault` CW-LEDGER-BROKEN for a line that is not one.
        """
        path = self._journal(log)
        if not path.exists():
            return None
        return tuple(_read(line) for line in _whole_lines(read_bytes(path, "the signer's journal")))

    def newest(self, log: Log) -> Signed | None:
        """The last line of the journal, if there is one. Raises as `journal`."""
        path = self._journal(log)
        if not path.exists():
            return None
        with translated(path.name), path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 2 * _LONGEST_LINE))
            lines = _whole_lines(stream.read())
        return _read(lines[-1]) if lines else None

    def record(self, log: Log, signed: Signed) -> None:
        """Add a checkpoint at the end of the journal, durably; once, if it is the last already."""
        if self.newest(log) == signed:
            return
        path = self._journal(log)
        with translated(path.name), path.open("r+b") as stream:
            # A line that was cut off when a process died is no line.
            stream.seek(max(0, path.stat().st_size - 2 * _LONGEST_LINE))
            start, tail = stream.tell(), stream.read()
            stream.seek(start + tail.rfind(b"\n") + 1)
            stream.truncate()
            stream.write(signed.line())
            stream.flush()
            os.fsync(stream.fileno())

    def begin_journal(self, log: Log, signed: Iterable[Signed]) -> None:
        """Write the journal anew: for a new signer, or after a return to an older ledger."""
        write_atomic(self._journal(log), b"".join(one.line() for one in signed))

    def _journal(self, log: Log) -> Path:
        return self.folder / f"{log}.signed"


def _whole_lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1]


def _read(line: bytes) -> Signed:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Fault("CW-LEDGER-BROKEN", "The journal of the signer has a line that is not one.")
    return Signed(int(found[1]), int(found[2]), bytes.fromhex(found[3].decode()))
