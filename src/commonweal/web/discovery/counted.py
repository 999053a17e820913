"""Reading the figures of datasets: what the vault published, if it is what the ledger holds.

The service holds no key of the vault's. It believes a paper whose hash stands on the public log:
whoever changed the file alone is found out.
"""

from __future__ import annotations

import hmac
import logging
import os
from functools import lru_cache
from pathlib import Path

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes
from commonweal.ledger.store import Ledger
from commonweal.papers.figures import CatalogueFigures
from commonweal.papers.signed import read_whole
from commonweal.papers.signing import unverified

FOLDER = Path("public") / "figures"
LEDGER = Path("ledger") / "ledger.sqlite"
_MAX_BYTES = 64 * 1024 * 1024
_LOG = logging.getLogger("commonweal.web.discovery")
Seen = tuple[str, int, int, int]
"""A file as its folder shows it: name, inode, size, time. Files are replaced as a whole."""


def seen_in(home: Path) -> tuple[Seen, ...]:
    """The files of figures as they are now; no file is opened."""
    try:
        with os.scandir(home / FOLDER) as found:
            files = [(one.name, one.stat()) for one in found if one.name.endswith(".jws")]
    except FileNotFoundError:
        return ()
    return tuple(
        (name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in sorted(files)
    )


def figures_of(home: Path, seen: tuple[Seen, ...]) -> dict[str, CatalogueFigures]:
    """Figures by dataset. One that is not what the ledger holds is left out, and the log says so.

    Then pages show no figures of that dataset, as before they were made.
    """
    found = {}
    for one in seen:
        try:
            figures = _figures(home, one)
        except CommonwealError as error:
            _LOG.warning("figures not believed", extra={"code": error.code})
            continue
        found[figures.dataset] = figures
    return found


@lru_cache(maxsize=4096)
def _figures(home: Path, seen: Seen) -> CatalogueFigures:
    content = read_bytes(home / FOLDER / seen[0], "The catalogue's figures", limit=_MAX_BYTES)
    plain = unverified(content, "The catalogue's figures")
    figures = read_whole(CatalogueFigures, plain, CatalogueFigures.called, "CW-FIGURES-BROKEN")
    if seen[0] != f"{figures.dataset}.jws":
        raise Fault("CW-FIGURES-BROKEN", "The catalogue's figures stand under another name.")
    logged = _logged(home, figures.dataset)
    if logged is None or not hmac.compare_digest(logged, figures.digest()):
        raise Fault("CW-FIGURES-BROKEN", "The catalogue's figures are not what the ledger holds.")
    return figures


def _logged(home: Path, dataset: str) -> str | None:
    """The hash of the newest figures of a dataset, by the public log."""
    with Ledger.open(home / LEDGER, SystemClock()) as ledger, ledger.reading() as connection:
        rows = connection.execute(
            "SELECT body FROM intent WHERE type = 'catalogue.described' ORDER BY id DESC"
        )
        for (body,) in rows:
            entry = parse_json(body, "An entry")
            if entry["dataset"] == dataset:
                return str(entry["figures_hash"])
    return None
