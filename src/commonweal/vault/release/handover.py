"""Putting a finished release elsewhere, where the permit says `delivery: handover` (S19).

What is handed over is the sealed data, the summary and the ledger's proof, all or nothing. The
manifest and the risk figures hold exact counts and stay in the store (S14), and so does what lies
aside for the airlock.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from commonweal.foundation.files import staged_folder, translated
from commonweal.vault.release.store import PROOF, SUMMARY

HANDED_OVER = ("data", SUMMARY, PROOF)


def deliver(folder: Path, out: Path) -> Path:
    """Copy what may leave of the release in `folder` to `out`, which must not exist.

    Raises `Fault` CW-FILE-EXISTS, `Failure` CW-DISK-FULL or CW-FOLDER-READONLY.
    """
    with translated(out.name), staged_folder(out) as staging:
        for name in HANDED_OVER:
            source = folder / name
            if source.is_dir():
                shutil.copytree(source, staging / name, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(source, staging / name)
    return out
