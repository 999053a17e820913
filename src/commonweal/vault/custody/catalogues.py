"""Catalogues that passed their check, kept so that a permit can be issued against one.

A copy is named by the time it was kept and the hash of its bytes. It is only read for what it
says about variables and forms; a source named in it relative to the original's place is not
looked for from here.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path

from commonweal.foundation.clock import stamp
from commonweal.foundation.documents import MAX_BYTES
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import make_private_folder, read_bytes, translated, write_atomic
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.kept import is_kept, load_kept
from commonweal.vault.custody.holding import Custody


def remember_catalogue(custody: Custody, path: Path) -> Path:
    """Keep a copy of the catalogue file `path`, which the caller has checked; gives its place.

    Raises `Fault` CW-CATALOGUE-INVALID and file faults.
    """
    Catalogue.load(path)
    content = read_bytes(path, "The catalogue", limit=MAX_BYTES)
    folder = custody.catalogues
    make_private_folder(folder)
    named = hashlib.sha256(content).hexdigest()
    ending = "json" if path.suffix.lower() == ".json" else "yaml"
    place = folder / f"{_compact(custody.clock.now())}-{named}.{ending}"
    older = [kept for kept in _kept(folder) if f"-{named}." in kept.name and kept != place]
    if not place.exists():
        write_atomic(place, content)
    with translated("the kept catalogues"):
        for kept in older:
            kept.unlink(missing_ok=True)
    return place


def find_catalogue(custody: Custody, dataset: str) -> tuple[Path, Catalogue]:
    """The newest kept catalogue that has `dataset`. Raises `Fault` CW-CATALOGUE-NOT-KEPT."""
    for path in reversed(_kept(custody.catalogues)):
        try:
            catalogue = load_kept(path)
            catalogue.dataset(dataset)
        except CommonwealError:
            continue
        return path, catalogue
    raise Fault(
        "CW-CATALOGUE-NOT-KEPT",
        f"No catalogue that passed its check has the dataset {dataset}.",
        remedy="Run `commonweal catalogue check FILE`, or name the file with --catalogue.",
    )


def _kept(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    with translated("the kept catalogues"):
        return sorted(path for path in folder.iterdir() if is_kept(path.name))


def _compact(at: datetime) -> str:
    return re.sub(r"[-:.]", "", stamp(at))
