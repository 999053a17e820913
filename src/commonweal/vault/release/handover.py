"""Putting a finished release elsewhere, where the permit says `delivery: handover` (S19).

A copy of the release folder, all or nothing; its data stay sealed. What lies aside for the airlock
is never copied.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from commonweal.foundation.files import staged_folder, translated


def deliver(folder: Path, out: Path) -> Path:
    """Copy the release in `folder` to `out`, which must not exist. Returns `out`.

    Raises `Fault` CW-FILE-EXISTS, `Failure` CW-DISK-FULL or CW-FOLDER-READONLY.
    """
    with translated(out.name), staged_folder(out) as staging:
        shutil.copytree(folder, staging, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return out
