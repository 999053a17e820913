"""Run a command as an ordinary user who can reach this checkout and this Python, wherever they lie.

    python as_user.py UID COMMAND [ARGUMENT ...]

For tests that must run as root and as an ordinary user. Called by root: in a mount namespace of its
own, folders on the way that the user may not enter are covered by empty ones, and what is needed is
bound back at its own path. Nothing of it is seen outside, and nothing is left.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = Path("/run/commonweal-tests")
_libc = ctypes.CDLL(None, use_errno=True)
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    if _libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def closed_above(path: Path) -> Path | None:
    """The highest folder above `path` that others may not enter, if there is one."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def open_for_all(paths: list[Path]) -> None:
    """Make `paths` reachable for everybody in a mount namespace of this process's own."""
    FOLDER.mkdir(mode=0o755, exist_ok=True)
    if _libc.unshare(0x0002_0000):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", str(FOLDER), "tmpfs", 0, "mode=0755,size=1m")
    for number, path in enumerate(paths):
        place = FOLDER / str(number)
        place.mkdir()
        _mount(str(path), str(place), None, _BIND | _REC)
    for folder in {closed_above(path) for path in paths} - {None}:
        _mount("tmpfs", str(folder), "tmpfs", 0, "mode=0755,size=1m")
    for number, path in enumerate(paths):
        if not path.is_dir():
            path.mkdir(parents=True, mode=0o755)
            _mount(str(FOLDER / str(number)), str(path), None, _BIND | _REC)


def main(uid: int, command: list[str]) -> None:
    """Become the user and then the command."""
    os.umask(0o022)
    open_for_all([REPOSITORY, Path(sys.base_prefix).resolve()])
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.chdir("/tmp")
    name = {"USER": "escape", "LOGNAME": "escape", "HOME": "/tmp"}
    os.execve(command[0], command, {**os.environ, **name, "PYTHONDONTWRITEBYTECODE": "1"})


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
