"""The keys of one project, each for one purpose (S3, S7, S13).

All come from the project's key by labelled HKDF. Pseudonyms and record codes hang on the *scope*:
with `link_across_refreshes` it is the project, otherwise this snapshot with these choices, so that
two refreshes cannot be laid side by side to see who left. The date shift and the hold-out are the
project's own: the same person keeps them for the project's life.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from commonweal.vault.keys import Secret


@dataclass(frozen=True)
class ProjectKeys:
    """Sub-keys by purpose. `audit` is the custodian's key, never a project's."""

    project: Secret
    audit: Secret
    sieve: Secret
    membership: Secret
    scope: str

    def pseudonym(self) -> Secret:
        """Makes the persons' codes."""
        return self.project.subkey(f"pseudonym/{self.scope}")

    def record(self, label: str) -> Secret:
        """Makes the codes of one kind of record key."""
        return self.project.subkey(f"{label}/{self.scope}")

    def stable(self) -> Secret:
        """Draws the date shift and the hold-out, the same for the project's life."""
        return self.project.subkey("stable-draw")


def scope_of(*, linked: bool, fingerprint: str, choices: str) -> str:
    """The scope label: `linked`, or a hash of this snapshot and these choices."""
    if linked:
        return "linked"
    return hashlib.sha256(f"{fingerprint}\n{choices}".encode()).hexdigest()
