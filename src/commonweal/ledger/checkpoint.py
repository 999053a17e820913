"""C2SP tlog-checkpoint: what a log signs. Three lines: origin, size, root.

A log's origin is `<base>/<log>`, and `<base>/<log>/<n>` in epoch n after a return to an older
copy, so that no two different trees ever share an origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from commonweal.ledger.events import Log
from commonweal.ledger.merkle import HASH_BYTES
from commonweal.ledger.note import (
    ED25519,
    Note,
    VerifierKey,
    check_name,
    decode64,
    encode64,
    malformed,
)
from commonweal.ledger.proof import MAX_SIZE

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """The tree of the log `origin` at `size` leaves has the root `root`.

    `extensions` are lines by other logs' choice; ours has none. Raises CW-LEDGER-NOTE-INVALID.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise malformed("The size in a checkpoint is out of range.")
        if len(self.root) != HASH_BYTES:
            raise malformed("The root in a checkpoint does not have 32 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() != "" or "" in lines:
            raise malformed("A checkpoint has at least three lines, none of them empty.")
        return cls(
            lines[0],
            parse_number(lines[1], "The size in a checkpoint"),
            decode64(lines[2], "The root in a checkpoint"),
            tuple(lines[3:]),
        )

    def text(self) -> str:
        """The text of the note."""
        lines = (self.origin, str(self.size), encode64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse_number(text: str, what: str) -> int:
    """A decimal number without leading zeros. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise malformed(f"{what} is not a number in its canonical spelling.")
    return int(text)


def origin_of(base: str, log: Log, epoch: int = 1) -> str:
    """The origin of one log in one epoch."""
    check_name(base)
    return f"{base}/{log}" if epoch == 1 else f"{base}/{log}/{epoch}"


def log_of(origin: str) -> Log:
    """Which log an origin belongs to. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
    return _parts(origin)[0]


def epoch_of(origin: str) -> int:
    """Which epoch an origin belongs to. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
    return _parts(origin)[1]


def _parts(origin: str) -> tuple[Log, int]:
    found = re.fullmatch(r"[^\n]+/(public|sealed)(?:/([1-9][0-9]{0,8}))?", origin)
    epoch = int(found[2] or 1) if found else 0
    if found is None or (found[2] is not None and epoch < 2):
        raise malformed("The checkpoint belongs to no log of ours.")
    return ("public" if found[1] == "public" else "sealed"), epoch


def open_checkpoint(
    note: str | bytes | Note, keys: Iterable[VerifierKey | str], origin: str
) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
    """The checkpoint of `origin` in a signed note, and the known keys that signed it.

    The log itself must have signed: a key of `keys` whose name is the origin, or a base of it
    (`example.org/x` stands for `example.org/x/public`). Witnesses count beside it.
    Raises `Fault` CW-LEDGER-NOTE-INVALID or CW-LEDGER-SIGNATURE-INVALID.
    """
    parsed = note if isinstance(note, Note) else Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.origin != origin:
        raise malformed("The checkpoint belongs to another log.")
    known = [VerifierKey.parse(key) if isinstance(key, str) else key for key in keys]
    own = [
        key.named(origin)
        for key in known
        if key.kind == ED25519 and (origin == key.name or origin.startswith(f"{key.name}/"))
    ]
    # A note that only witnesses signed is no checkpoint of the log.
    signed = Note(parsed.text, parsed.signatures).verify(own)
    others = [key for key in known if key not in own]
    try_all = parsed.verify([*own, *others])
    return checkpoint, signed + tuple(key for key in try_all if key not in signed)
