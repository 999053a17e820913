"""Where the service keeps what may lie in memory only, and forgetting it when the service stops."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own in it is ours alone)


def folder_of(home: Path, memory: Path = MEMORY) -> Path:
    """The folder in memory of the home in this place: a copy elsewhere has another one."""
    place = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:32]
    return memory / f"commonweal-papers-{place}"


def forget_key(home: Path, memory: Path = MEMORY) -> None:
    """Remove the key of a home's papers: what it sealed opens to nobody any more."""
    shutil.rmtree(folder_of(home, memory), ignore_errors=True)
