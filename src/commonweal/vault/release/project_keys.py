"""The keys of one project, each for one purpose (S3, S7, S13).

All come from the project's key by labelled HKDF. Pseudonyms and record codes hang on the *scope*:
with `link_across_refreshes` it is the project, otherwise this permit, this snapshot and these
choices, so that neither two refreshes can be laid side by side to see who left, nor two permits to
see what each of them hides. The date shift is the permit's own, and that of the permits that it
replaced: with `link_across_refreshes` the project's. The hold-out is always the project's: nobody
is kept back under one permit and learned from under another.
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
    shift_scope: str

    def pseudonym(self) -> Secret:
        """Makes the persons' codes."""
        return self.project.subkey(f"pseudonym/{self.scope}")

    def record(self, label: str) -> Secret:
        """Makes the codes of one kind of record key."""
        return self.project.subkey(f"{label}/{self.scope}")

    def stable(self) -> Secret:
        """Draws the hold-out, the same for the project's life."""
        return self.project.subkey("stable-draw")

    def shift(self) -> Secret:
        """Draws the date shift, the same for the life of a permit and of those that replace it."""
        return self.project.subkey(f"shift/{self.shift_scope}")


def scope_of(*, linked: bool, permit: str, fingerprint: str, choices: str) -> str:
    """The scope of codes: `linked`, or a hash of this permit, this snapshot and these choices."""
    if linked:
        return "linked"
    return hashlib.sha256(f"{permit}\n{fingerprint}\n{choices}".encode()).hexdigest()


def shift_scope_of(*, linked: bool, root: str) -> str:
    """The scope of date shifts: `linked`, or a hash of the first permit of the chain (`root`)."""
    return "linked" if linked else hashlib.sha256(root.encode()).hexdigest()
