"""What the ledger says of acts: when it heard of each, and for what it was used (S11).

The signer reads this from the ledger; a page or a database cannot change it. Because the ledger
knows every vote, one that is left out of a dossier is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from commonweal.foundation.acts import ActKind
from commonweal.foundation.errors import Refused
from commonweal.papers.acts import Heard, SignedAct


@dataclass(frozen=True)
class RecordedAct:
    """One act on the ledger. `digest`: of the signed act, evidence and all; `used_for`: the permit
    or release that it made, or None; `sign_count`: of the security key `credential`; `role`: that
    under which the ledger tells of it, which is wider than the one that was signed."""

    id: str
    digest: str
    kind: ActKind
    verdict: str
    actor: str
    subject: str
    object_digest: str
    credential: str
    sign_count: int
    heard: Heard
    used_for: str | None = None
    role: str = ""


@dataclass(frozen=True)
class ActRecords:
    """Every act that the ledger knows about one subject, by its id, in order."""

    acts: Mapping[str, RecordedAct] = field(default_factory=dict)

    @classmethod
    def of(cls, acts: Iterable[RecordedAct]) -> ActRecords:
        """The records of these acts."""
        return cls({one.id: one for one in sorted(acts, key=lambda each: each.heard.entry)})

    def heard(self, signed: SignedAct) -> RecordedAct:
        """The record of this very act. Raises `Refused` CW-ACT-NOT-RECORDED."""
        found = self.acts.get(signed.act.id)
        if found is None:
            raise Refused("CW-ACT-NOT-RECORDED", "The ledger has not heard of an act.")
        if found.digest != signed.digest():
            raise Refused(
                "CW-ACT-NOT-RECORDED",
                "An act is not the one that the ledger heard of under its id.",
            )
        return found
