"""Where the service keeps what may lie in memory only, and forgetting it when the service stops."""

from __future__ import annotations

import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own in it is ours alone)


def folder_of(home: str, memory: Path = MEMORY) -> Path:
    """The folder of a home (its id) in memory."""
    return memory / f"commonweal-papers-{home}"


def forget_key(home: str, memory: Path = MEMORY) -> None:
    """Remove the key of a home's papers: what it sealed opens to nobody any more."""
    shutil.rmtree(folder_of(home, memory), ignore_errors=True)
