"""The environment of the tools that benchmarks are compared with: `.venv-peers`.

Apart from the product's: they need other versions of its packages. It is made from the hashed
`requirements/peers.lock`, by the means of dev.py, the first time a benchmark needs it and again
when the lock changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dev

FOLDER = dev.ROOT / ".venv-peers"
NEWEST = (3, 12)
"""The newest Python that the lock covers: their numpy has no wheels for a newer one."""


def peers_python() -> Path:
    """The Python that has the peers. Raises `dev.SetupError` where it cannot be made."""
    if sys.version_info[:2] > NEWEST:
        newest = ".".join(str(part) for part in NEWEST)
        raise dev.SetupError(f"The tools to compare with need Python {newest} at most.", 2)
    lock, stamp = dev.REQUIREMENTS / "peers.lock", FOLDER / "commonweal.json"
    wanted = json.dumps({"place": str(dev.ROOT), "peers": dev.file_hash(lock)})
    python = FOLDER / "bin" / "python"
    with dev._one_at_a_time():
        if not (stamp.is_file() and stamp.read_text("utf-8") == wanted):
            dev.say("Making the environment of the tools to compare with in .venv-peers ...")
            made = [sys.executable, "-m", "venv", "--clear", str(FOLDER)]
            dev._logged(made, "peers-venv.log", "make .venv-peers")
            pip = [str(python), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:"]
            total = len(dev.locked_names(lock))
            aim = "install the tools to compare with"
            dev._logged([*pip, "-r", str(lock)], "peers-install.log", aim, total)
            # Written last: an interrupted set-up leaves no stamp and is done again.
            stamp.write_text(wanted, "utf-8")
    return python
