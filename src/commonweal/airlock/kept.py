"""What the airlock keeps about people, sealed at rest (S3, S19, S20).

Files of an output, its findings, votes and proposal, and its part of the history are sealed under
the key of its project, which an opened home hands in: the airlock knows no vault. Each file is
bound to the output and the place that it belongs to. A folder's manifest is sealed last, so a
manifest in the clear says that an older version left the folder; under a sealed one everything is.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.foundation.files import (
    STAGING_PREFIX,
    ByteSink,
    fsync_folder,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.foundation.keyed import Keys, OpenKey, is_sealed, opened_hashed, seal, sealing_into

COMMAND = "commonweal airlock seal-history"


def history_context(output: str, path: str) -> str:
    """What binds a file of an output's part of the history, also while it is a proposal."""
    return f"airlock/history/{output}/{path}"


def turn_context(output: str, turn: int, path: str) -> str:
    """What binds a file of one turn of an output."""
    return f"airlock/turn/{output}/{turn}/{path}"


@dataclass(frozen=True)
class Kept:
    """How kept files are read. `keys` None: none can be opened, only what lies in the clear.

    `clear`: whether a folder in the clear is read at all, as one outside a home is.
    """

    keys: Keys | None = field(default=None, repr=False)
    clear: bool = True

    def manifest(self, path: Path, context: str, what: str, limit: int | None = None) -> bytes:
        """The plain bytes of the file that says how its folder is kept.

        Raises `Unavailable` CW-AUDIT-UNSEALED and CW-AUDIT-SEALED, `Fault` CW-SEAL-BROKEN, what
        `Keys.opening` raises, and those of files.
        """
        content = read_bytes(path, what, limit=limit)
        if is_sealed(content):
            return self._opened(content, context, what)[0]
        if not self.clear:
            raise not_sealed_yet()
        return content

    def file(
        self, path: Path, context: str, what: str, *, sealed: bool, limit: int | None = None
    ) -> tuple[bytes, str]:
        """The plain bytes of a file beside a manifest that was `sealed` or not, and their hash.

        Raises as `manifest`; `Fault` CW-SEAL-BROKEN where it is not kept as the manifest is.
        """
        content = read_bytes(path, what, limit=limit)
        if is_sealed(content) is not sealed:
            raise Fault("CW-SEAL-BROKEN", f"{what} is not sealed as its manifest is.")
        if sealed:
            return self._opened(content, context, what)
        return content, "sha256:" + hashlib.sha256(content).hexdigest()

    def _opened(self, content: bytes, context: str, what: str) -> tuple[bytes, str]:
        if self.keys is None:
            raise no_keys()
        return opened_hashed(content, self.keys, context, what)


CLEAR = Kept()
"""For what lies in memory, or outside every home."""


def no_keys() -> Unavailable:
    """The error for sealed files where no home was named."""
    return Unavailable(
        "CW-AUDIT-SEALED",
        "What is to be read is sealed, and no home was named that holds its keys.",
        remedy="Name the home with --home.",
    )


def not_sealed_yet() -> Unavailable:
    """The error for a home with files that an older version left in the clear."""
    return Unavailable(
        "CW-AUDIT-UNSEALED",
        f"What the airlock of this home keeps is not sealed yet; run `{COMMAND}`.",
        remedy="An older version left it so. Nothing is checked, judged or released before.",
    )


def write_sealed(path: Path, content: bytes, key: OpenKey, context: str) -> None:
    """Write a whole sealed file durably in the place of what was there."""
    write_atomic(path, seal(content, key, context))


def replace_by_sealed(
    path: Path, key: OpenKey, context: str, fill: Callable[[ByteSink], object]
) -> None:
    """Put a sealed file in a file's place, atomically: `fill` writes the plain bytes.

    A cut leaves the file as it was, and perhaps a sealed part of it under a name that begins with
    `STAGING_PREFIX`.
    """
    beside = path.with_name(f"{STAGING_PREFIX}{path.name}-{secrets.token_hex(6)}")
    with translated(path.name):
        try:
            with os.fdopen(
                os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as to:
                with sealing_into(to, key, context) as sealer:
                    fill(sealer)
                to.flush()
                os.fsync(to.fileno())
            beside.replace(path)
            fsync_folder(path.parent)
        finally:
            beside.unlink(missing_ok=True)
