"""Changes of a home's trust policy, as people make them: proposed, signed, adopted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commonweal.vault.custody import Custody
from commonweal.vault.custody.amending import Adopted, adopt_change, sign_change
from commonweal.vault.custody.proposing import PolicyChanges, propose
from commonweal.vault.custody.version_papers import draft_bytes

PEOPLE = ("guardian", "siro")


def proposal(custody: Custody, file: Path, **changes: Any) -> Path:
    """An unsigned proposal in `file`."""
    asked = PolicyChanges.read({"changes": 1, **changes}, "The list of changes")
    file.write_bytes(draft_bytes(propose(custody, asked, file.parent)))
    return file


def signed(custody: Custody, file: Path, people: Iterable[str] = PEOPLE, **changes: Any) -> Path:
    """A proposal that people have signed."""
    proposal(custody, file, **changes)
    for name in people:
        sign_change(custody, file, name)
    return file


def change(custody: Custody, file: Path, people: Iterable[str] = PEOPLE, **changes: Any) -> Adopted:
    """A change that was adopted."""
    return adopt_change(custody, signed(custody, file, people, **changes))
