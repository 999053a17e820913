"""The history that an audit is held against: a home's own, sealed, or a folder elsewhere.

A home's history is read only as its ledger says it is. A folder that somebody keeps elsewhere may
hold outputs in the clear, and sealed ones that this home's keys open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from commonweal.airlock.audit.history import History, read_history
from commonweal.airlock.audit.manifest import MANIFEST
from commonweal.airlock.kept import CLEAR, COMMAND, Kept
from commonweal.airlock.leaving.releasing import whole_history
from commonweal.airlock.leaving.sealing import unsealed_folders
from commonweal.foundation.errors import Unavailable
from commonweal.foundation.files import translated
from commonweal.foundation.findings import Finding, asked
from commonweal.foundation.keyed import has_mark
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.vault.custody.output_keys import OutputKeys
from commonweal.wiring.outputs import FOLDER, store_of

_HOME = "home.json"


def home_of(history: Path) -> Path | None:
    """The home whose own history this folder is, as it lies there; None for one elsewhere."""
    folder = history.absolute().resolve()
    home = folder.parent.parent
    inside = (folder.parent.name, folder.name) == (FOLDER, "history")
    return home if inside and (home / _HOME).is_file() else None


def is_own(custody: Custody, history: Path) -> bool:
    """Whether a folder is the opened home's own history."""
    own = store_of(custody).history
    return history.absolute().resolve() == own.absolute().resolve()


def needs_keys(history: Path, proposals: Iterable[Path] = ()) -> bool:
    """Whether anything that is to be audited is sealed, or lies in a home."""
    folders = [*proposals]
    if history.is_dir():
        with translated(history.name):
            folders += list(history.iterdir())
    return home_of(history) is not None or any(
        (one / MANIFEST).is_file() and has_mark(one / MANIFEST) for one in folders
    )


def opened_history(
    opened: Callable[[], AbstractContextManager[Custody]], history: Path, *, keys: bool
) -> tuple[History, Kept]:
    """A history with its manifests read, and how proposals are opened.

    `keys`: whether the home is asked for them. Raises as `whole_history` and `read_history`.
    """
    if not keys:
        return read_history(history), CLEAR
    with opened() as custody:
        kept = Kept(OutputKeys(custody.keyring))
        if is_own(custody, history):
            return whole_history(store_of(custody), OutputGround(custody)), kept
        return read_history(history, kept=kept), kept


def sealing_finding(custody: Custody) -> Finding:
    """What `doctor` says: whether everything that the airlock keeps is sealed."""
    return asked("Outputs at rest", lambda: _said(custody))


def _said(custody: Custody) -> str:
    clear, every = unsealed_folders(store_of(custody))
    if clear:
        raise Unavailable(
            "CW-AUDIT-UNSEALED",
            f"{clear:,} of {every:,} folders of outputs and of the history are not sealed.",
            remedy=f"Run `{COMMAND}`; nothing is checked, judged or released before.",
        )
    return f"{every:,} folders of outputs and of the history, all sealed."
