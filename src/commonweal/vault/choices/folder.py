"""The choices folder (INTERFACES "Choices folder"): the national list and objections.csv, and with
them the choices of the home's own journal.

A folder made by hand is believed as its maker's word, so what is read says whose word it was.
"""

from __future__ import annotations

import pwd
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import Unavailable
from commonweal.foundation.files import translated
from commonweal.vault.choices.national import DEFAULT_MAX_AGE_DAYS, NationalList, read_national
from commonweal.vault.choices.objections import OBJECTIONS_FILE, Objections, read_objections
from commonweal.vault.choices.recorded import Journal


@dataclass(frozen=True)
class ChoicesFolder:
    """Choices that were read and found in order. `national` is None where it was not needed.

    `asserted_by`: the account that owns the files, whose word they are. `journal`: the choices that
    the home recorded itself. `recorded`: those of them that can name people of the dataset, with
    columns as `objections.rows`.
    """

    national: NationalList | None
    objections: Objections
    asserted_by: str
    journal: Journal
    recorded: pa.Table = field(repr=False, compare=False)

    @property
    def checked_at(self) -> datetime | None:
        """When the national service was asked."""
        return None if self.national is None else self.national.checked_at

    @property
    def requested(self) -> int | None:
        """How many numbers the national service was asked about."""
        return None if self.national is None else self.national.requested

    @property
    def returned(self) -> int | None:
        """How many numbers the national service allowed."""
        return None if self.national is None else self.national.returned

    @property
    def digest(self) -> str:
        """SHA-256 of all that was chosen, as `sha256:...`. Stays in the vault."""
        national = None if self.national is None else self.national.sha256
        files = {"national": national, "objections": self.objections.sha256}
        # A home in which nobody has chosen anything yet has the digest that it always had.
        journal = {} if self.journal.head is None else {"journal": self.journal.head}
        return digest({**files, **journal})

    @property
    def objections_hash(self) -> str:
        """SHA-256 of objections.csv, as `sha256:...`. Stays in the vault."""
        return self.objections.sha256


def read_choices(
    folder: Path,
    *,
    journal: Journal,
    dataset: str,
    needs_national: bool,
    clock: Clock,
    max_age_days: int = DEFAULT_MAX_AGE_DAYS,
    not_before: datetime | None = None,
) -> ChoicesFolder:
    """Read and check the choices folder. `journal`: the home's own; `dataset`: whose people count.

    `needs_national`: the permit's decision applies the national opt-out; else the national list
    is not even opened. `max_age_days`: 1 to 21. `not_before`: choices checked earlier are refused
    (after the restore of a backup).
    Raises `Unavailable` (exit 5) for what is missing, stale, cut short or wrong, `Fault` (exit 3)
    for a malformed objections.csv, `WrongUsage` for a limit out of range.
    """
    if not folder.is_dir():
        raise Unavailable(
            "CW-CHOICES-FOLDER-MISSING",
            f"There is no choices folder {folder.name}; without it nobody's choice is known.",
        )
    objections = read_objections(folder)
    national = None
    if needs_national:
        national = read_national(
            folder, clock=clock, max_age_days=max_age_days, not_before=not_before
        )
    owner = _owner(folder / OBJECTIONS_FILE)
    return ChoicesFolder(national, objections, owner, journal, journal.rows(dataset))


def _owner(path: Path) -> str:
    with translated(path.name):
        uid = path.stat().st_uid
    try:
        return f"account {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"account number {uid}"
