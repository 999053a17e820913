"""Environments beside the product's: `.venv-NAME`, each made from `requirements/NAME.lock`.

Apart from the product's, because what is in them needs other versions of its packages, or must
never be beside patients' data: the tools that benchmarks and tests are compared with, and what a
study's code finds in a job. Made the first time they are needed and again when the lock changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def side_environment(name: str, holds: str) -> Path:
    """The Python of `.venv-NAME`, which is made where it is not there or its lock has changed.

    `holds`: what is in it, as the line to the person says it. Raises `dev.SetupError` where it
    cannot be made.
    """
    import dev  # dev.py reads this module while it is itself being read

    folder, lock = dev.ROOT / f".venv-{name}", dev.REQUIREMENTS / f"{name}.lock"
    stamp, python = folder / "commonweal.json", folder / "bin" / "python"
    wanted = json.dumps({"place": str(dev.ROOT), name: dev.file_hash(lock)})
    with dev._one_at_a_time():
        if not (stamp.is_file() and stamp.read_text("utf-8") == wanted):
            dev.say(f"Making the environment of {holds} in .venv-{name} ...")
            made = [sys.executable, "-m", "venv", "--clear", str(folder)]
            dev._logged(made, f"{name}-venv.log", f"make .venv-{name}")
            pip = [str(python), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:"]
            total = len(dev.locked_names(lock))
            dev._logged([*pip, "-r", str(lock)], f"{name}-install.log", f"install {holds}", total)
            # Written last: an interrupted set-up leaves no stamp and is done again.
            stamp.write_text(wanted, "utf-8")
    return python
