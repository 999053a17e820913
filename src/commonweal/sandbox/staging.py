"""Files of the machine brought where a run's user can reach them, for one thread and no longer.

Where root starts a run, its user must see folders that lie where that user cannot go (a private
home, a release folder). The supervising thread takes a mount namespace of its own, which nothing
outside sees, and binds each source under one folder there, read-only. When the thread ends, also
by a kill, the kernel takes it all away: nothing has to be cleaned up.

unshare(2) of a mount namespace works for one thread of a process; mount(2) as in its manual.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from commonweal.foundation.errors import Unavailable

RUN_FOLDER = Path("/run/commonweal-sandbox")
"""Where sources are staged. On the machine itself it stays empty."""

_CLONE_NEWNS = 0x0002_0000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


def stage(sources: tuple[Path, ...], writable: int = 0) -> tuple[str, ...]:
    """Bind each source under `RUN_FOLDER` for the calling thread; where each lies now, in order.

    writable: how many of them, from the end, may be written to; all others are read-only.
    Must be called as root in a thread that does nothing else and ends with the run. Raises
    `Unavailable` CW-SANDBOX-START.
    """
    try:
        RUN_FOLDER.mkdir(mode=0o711, exist_ok=True)
        _call("unshare", _libc.unshare(_CLONE_NEWNS))
        # Before anything is mounted: nothing of what follows travels back to the machine.
        _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
        kinds = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
        _mount("tmpfs", str(RUN_FOLDER), "tmpfs", kinds, "size=1m,mode=0711")
        fixed = len(sources) - writable
        return tuple(
            _bind(source, RUN_FOLDER / str(n), read_only=n < fixed)
            for n, source in enumerate(sources)
        )
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        raise Unavailable(
            "CW-SANDBOX-START",
            f"What a run is to see could not be brought to a place that it can reach: {reason}.",
            remedy="Let root of this machine or container use mount (CAP_SYS_ADMIN), or start "
            "Commonweal as an ordinary user.",
        ) from error


def _bind(source: Path, place: Path, *, read_only: bool) -> str:
    if source.is_dir():
        place.mkdir(mode=0o755)
    else:
        place.touch(mode=0o644)
    _mount(str(source), str(place), None, _MS_BIND)
    flags = _MS_REMOUNT | _MS_BIND | _MS_NOSUID | _MS_NODEV
    if read_only:
        flags |= _MS_RDONLY
    _mount("none", str(place), None, flags)
    return str(place)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    def encoded(text: str | None) -> bytes | None:
        return None if text is None else os.fsencode(text)

    answer = _libc.mount(
        encoded(source), encoded(target), encoded(kind), ctypes.c_ulong(flags), encoded(data)
    )
    _call("mount", answer)


def _call(name: str, answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), name)
