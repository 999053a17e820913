"""The systems that a run can find: this machine's own /usr, and this Python with our own code."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import commonweal
from commonweal.sandbox.orders import Mount, Runtime

PACKAGES = "/packages"
CODE = "/app"
_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def system_runtime() -> Runtime:
    """The machine's /usr, read-only, and the links or folders beside it that programs need."""
    mounts = [Mount(Path("/usr"), "/usr")]
    links = []
    for name in _LINKS:
        place = Path("/", name)
        if place.is_symlink():
            links.append((name, os.readlink(place).strip("/")))
        elif place.is_dir():
            mounts.append(Mount(place, f"/{name}"))
    files = tuple(n for n in ("ld.so.cache", "localtime") if Path("/etc", n).is_file())
    return Runtime(tuple(mounts), tuple(links), files)


def python_runtime() -> tuple[Runtime, str]:
    """The machine's /usr with this Python, its packages and our code; and the program to start.

    Our code lies at `CODE`, packages at `PACKAGES`: `inside.py` looks for them there.
    """
    system = system_runtime()
    base = Path(sys.base_prefix).resolve()
    program = Path(os.path.realpath(sys.executable))
    mounts = list(system.mounts)
    if not base.is_relative_to("/usr"):
        # At its own path: elsewhere it would load its shared library from where it was built, or
        # silently take the system's, which is another Python's.
        mounts.append(Mount(base, str(base)))
    packages = Path(sysconfig.get_path("purelib")).resolve()
    mounts.append(Mount(packages, PACKAGES))
    mounts.append(Mount(Path(commonweal.__file__).resolve().parent, f"{CODE}/commonweal"))
    return Runtime(tuple(mounts), system.links, system.system_files), str(program)
