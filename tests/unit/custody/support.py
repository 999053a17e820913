"""A copied home, and the usual papers issued in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import FixedClock
from commonweal.papers.permit import Permit
from commonweal.vault.custody import Custody, issue_permit, open_custody
from tests import factories


@dataclass
class Place:
    """A folder with a home, its root store, and room for files beside them."""

    folder: Path
    clock: FixedClock

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def permit(self) -> Path:
        return self.folder / "permit.jws"

    def open(self) -> Custody:
        return open_custody(self.home, self.clock, root_store=self.store)

    def issue(self, custody: Custody, out: Path | None = None, **changes: Any) -> Permit:
        return issue_permit(
            custody,
            factories.draft(**changes),
            factories.catalogue(),
            ["permit-signer"],
            out or self.permit,
        )


def all_names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
