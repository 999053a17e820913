"""Environments that jobs run in: built by the custodian, named in the settings, read-only inside.

A virtual environment is taken apart as the sandbox needs it: the machine's `/usr`, the Python that
the environment was made from at its own path, its packages at `/packages` and our toolkit at
`/app`. Without a setting, `python` is the environment that Commonweal itself runs in: enough for
the toolkit, and what a demonstration uses.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import commonweal
from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import read_bytes, translated
from commonweal.sandbox.orders import Mount, Runtime
from commonweal.sandbox.runtimes import CODE, PACKAGES, system_runtime

OWN = "python"
_PROGRAMS = frozenset({"python", "python3"})


@dataclass(frozen=True)
class Environment:
    """A runtime by its name. `packages`: the hash of names and versions of what is in it."""

    name: str
    runtime: Runtime
    python: str
    packages: str

    def program(self, name: str) -> str:
        """The path inside of a program that a study starts. Raises `Refused` CW-STUDY-RUNTIME."""
        if name not in _PROGRAMS:
            raise Refused("CW-STUDY-RUNTIME", "A study starts python, and no other program.")
        return self.python


def environment(name: str, known: Mapping[str, str]) -> Environment:
    """The runtime called `name`. Raises `Refused` CW-STUDY-RUNTIME where there is none."""
    place = known.get(name)
    if place is None and name != OWN:
        raise Refused(
            "CW-STUDY-RUNTIME",
            "The runtime that the study names was not built here.",
            remedy="Name one that there is; `commonweal study references` lists them.",
        )
    folder = Path(sys.prefix) if place is None else Path(place)
    try:
        return _environment(name, folder.resolve())
    except (OSError, KeyError, ValueError) as error:
        raise Refused(
            "CW-STUDY-RUNTIME",
            f"The runtime {name} is not a Python environment that can be used.",
            remedy="Make it again: it is a folder that `python -m venv` made.",
        ) from error


def _environment(name: str, folder: Path) -> Environment:
    python = (folder / "bin" / "python").resolve(strict=True)
    base = _base(folder, python)
    (packages,) = sorted((folder / "lib").glob("python3.*/site-packages"))
    system = system_runtime()
    mounts = list(system.mounts)
    if not base.is_relative_to("/usr"):
        mounts.append(Mount(base, str(base)))
    mounts.append(Mount(packages, PACKAGES))
    mounts.append(Mount(Path(commonweal.__file__).resolve().parent, f"{CODE}/commonweal"))
    return Environment(
        name,
        Runtime(tuple(mounts), system.links, system.system_files),
        str(python),
        _what_is_in(packages, python.name),
    )


def _base(folder: Path, python: Path) -> Path:
    """The prefix of the Python that an environment was made from."""
    config = folder / "pyvenv.cfg"
    if not config.is_file():
        return python.parent.parent
    with translated("the runtime's settings"):
        text = read_bytes(config, "The runtime's settings", limit=64 * 1024).decode("utf-8")
    said = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
    return Path(said["home"]).resolve().parent


def _what_is_in(packages: Path, python: str) -> str:
    """The hash of the names and versions of all distributions, and of the Python's own name."""
    found = sorted(one.name for one in packages.glob("*.dist-info"))
    return digest({"python": python, "packages": found})
