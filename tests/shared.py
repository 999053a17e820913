"""Things that are made once a run, and copied by every process that needs one of its own.

`share` says where: in a folder beside those of xdist's processes. Programs that are run by hand
have no such folder, and make everything themselves.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

_SHARED = "TESTS_SHARED"


def share(factory: pytest.TempPathFactory) -> None:
    """Let this process and all that it starts share what is made with its neighbours."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    os.environ[_SHARED] = str(root / "shared")


def made_once(name: str, make: Callable[[Path], None]) -> Path | None:
    """The folder that `make` filled for the whole run; None where nothing is shared.

    The first to ask makes it while the others wait. It is only ever copied from.
    """
    if _SHARED not in os.environ:
        return None
    folder = Path(os.environ[_SHARED])
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).is_dir():
            with tempfile.TemporaryDirectory(dir=folder) as place:
                made = Path(place) / name
                made.mkdir(mode=0o700)
                make(made)
                made.rename(folder / name)
    return folder / name
