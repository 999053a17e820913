"""Files that have left are given: to somebody of the project, and as a crate to staff."""

from __future__ import annotations

import secrets
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from commonweal.airlock.leaving.crate import write_crate
from commonweal.airlock.leaving.giving import download
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import make_private_folder
from commonweal.governance.roles import RoleName
from commonweal.governance.states.parties import RECALLERS
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web import orders
from commonweal.web.outputs import services
from commonweal.web.outputs.models import CRATE, DOWNLOAD, OutputOrder
from commonweal.web.outputs.workers.acting import ended_by
from commonweal.wiring.outputs import require_name, resumed, store_of

MOST_BYTES = 100 * 1024 * 1024
"""How much a page gives; more is taken with the command."""
CRATE_ROLES: tuple[RoleName, ...] = ("data_manager", *RECALLERS)
"""Who has everything of a project that has left, files of all its outputs in one."""


def give_step(custody: Custody) -> int:
    """Take up one download or crate; how many were done."""
    order = services.take(tuple(_MADE_BY))
    if order is None:
        return 0
    with ended_by(order), orders.beating(order):
        work = store_of(custody).root / "giving" / secrets.token_hex(8)
        make_private_folder(work.parent)
        make_private_folder(work)
        try:
            folder = _MADE_BY[order.kind](custody, order, work / "files")
            content = _zipped(folder, work / "files.zip")
        finally:
            shutil.rmtree(work, ignore_errors=True)
        services.finish(order, content)
    return 1


def forget_step(_custody: Custody) -> int:
    """Remove files that nobody fetched in time."""
    return services.forget_files()


def _download(custody: Custody, order: OutputOrder, to: Path) -> Path:
    """The files of an output, for who asked: the permit must name them, and be live.

    A row proves nothing of who asked, and the event says nothing of it: only in whose name.
    """
    store, ground = resumed(custody), OutputGround(custody)
    output = require_name(order.output)
    held = store.released / output
    if held.is_dir():
        _require_size(held)
    return download(store, ground, output, order.asked_by.public_id, to, way="service")


def _crate(custody: Custody, order: OutputOrder, to: Path) -> Path:
    """The crate of a project. Staff of the custodian ask for it; it holds only what has left.

    A row says only that somebody asked: whether they are staff, the signed roster says (S11).
    """
    _require_staff(custody, order.asked_by.public_id)
    store, ground = resumed(custody), OutputGround(custody)
    write_crate(store, ground, require_name(order.output), custody.home.info.name, to)
    return to


def _require_staff(custody: Custody, person: str) -> None:
    now = custody.book.now()
    roster = custody.rosters.history().in_force(now)
    found = None if roster is None else roster.person(person)
    if found is None or not any(found.holds(role, now) for role in CRATE_ROLES):
        raise Refused("CW-LEAVING-AUTHOR", "Only staff of the hospital have a project's crate.")


_MADE_BY: Mapping[str, Callable[[Custody, OutputOrder, Path], Path]] = {
    DOWNLOAD: _download,
    CRATE: _crate,
}


def _require_size(folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        raise Refused(
            "CW-LEAVING-LARGE",
            "These files are too large for a page. Ask the data manager for them: "
            "`commonweal airlock download` gives them.",
        )


def _zipped(folder: Path, to: Path) -> bytes:
    """All files below a folder as one zip file, in order. Raises `Refused` CW-LEAVING-LARGE."""
    _require_size(folder)
    with zipfile.ZipFile(to, "x", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                made.write(path, str(path.relative_to(folder)))
    return to.read_bytes()
