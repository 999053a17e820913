"""The service's own secret: signs sessions and links. Made once, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic

NAME = "secret_key"
_BYTES = 64
_LEAST = 80


def secret_key(folder: Path) -> str:
    """The secret in `folder`, made there the first time.

    Raises `Refused` CW-WEB-SECRET if others can read it, `Fault` CW-WEB-SECRET if it is damaged.
    """
    make_private_folder(folder)
    return kept_secret(
        folder / NAME, f"Delete the file web/{NAME} of the home. Everyone has to sign in again."
    )


def kept_secret(path: Path, remedy: str) -> str:
    """A secret of the service's own in the file `path`, made there the first time.

    `remedy`: what to do where others can read it. Raises as `secret_key`.
    """
    if not path.exists():
        try:
            write_atomic(path, secrets.token_urlsafe(_BYTES).encode(), exclusive=True)
        except Fault as error:
            # Two processes began at once: the first one's secret counts.
            if error.code != "CW-FILE-EXISTS":
                raise
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
        raise Refused(
            "CW-WEB-SECRET",
            "The service's secret can be read by others, or belongs to someone else.",
            remedy=remedy,
        )
    text = read_bytes(path, "The service's secret", limit=4096).decode("ascii", "replace").strip()
    if len(text) < _LEAST or not text.isascii():
        raise Fault("CW-WEB-SECRET", "The service's secret is cut short or damaged.")
    return text
