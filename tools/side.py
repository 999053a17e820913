"""Environments beside the product's: `.venv-NAME`, each made from `requirements/NAME.lock`.

Apart from the product's, because what is in them needs other versions of its packages, or must
never be beside patients' data: the tools that benchmarks and tests are compared with, and what a
study's code finds in a job. Made the first time they are needed and again when the lock changes.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def side_environments(wanted: Mapping[str, str], setup: ModuleType) -> Iterator[None]:
    """Make several (name: what it holds) while the caller makes .venv; all are there at the end.

    Installing packages keeps one core busy, and machines have more. `setup` is dev.py as it runs.
    Raises what `side_environment` raises.
    """
    failed: list[BaseException] = []

    def make() -> None:
        try:
            for name, holds in wanted.items():
                side_environment(name, holds, setup)
        except BaseException as error:  # noqa: BLE001 (it is raised where somebody hears it)
            failed.append(error)

    beside = threading.Thread(target=make)
    beside.start()
    try:
        yield
    finally:
        beside.join()
    if failed:
        raise failed[0]


def side_environment(name: str, holds: str, setup: ModuleType | None = None) -> Path:
    """The Python of `.venv-NAME`, which is made where it is not there or its lock has changed.

    `holds`: what is in it, as the line to the person says it. Raises `dev.SetupError` where it
    cannot be made.
    """
    dev: Any = setup
    if dev is None:
        import dev  # dev.py reads this module while it is itself being read

    folder: Path = dev.ROOT / f".venv-{name}"
    lock = dev.REQUIREMENTS / f"{name}.lock"
    stamp, python = folder / "commonweal.json", folder / "bin" / "python"
    wanted = json.dumps({"place": str(dev.ROOT), name: dev.file_hash(lock)})
    with dev._one_at_a_time(name):
        if not (stamp.is_file() and stamp.read_text("utf-8") == wanted):
            dev.say(f"Making the environment of {holds} in .venv-{name} ...")
            made = [sys.executable, "-m", "venv", "--clear", str(folder)]
            dev._logged(made, f"{name}-venv.log", f"make .venv-{name}")
            pip = [str(python), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:"]
            # Without a bar of progress: .venv's may be on the same line.
            dev._logged([*pip, "-r", str(lock)], f"{name}-install.log", f"install {holds}")
            # Written last: an interrupted set-up leaves no stamp and is done again.
            stamp.write_text(wanted, "utf-8")
    return python
