"""A controller's authorisation to attack de-identified data, so as to test them (S15).

Re-identifying de-identified personal data without the consent of the controller is an offence
(Data Protection Act 2018, section 171). So nobody attacks a release here without this paper: who
allows it and who does it, on what, why, from when until when and how often. It is signed by those
who sign permits, for it is a decision about people's data; the keys that a home uses by itself
(status, manifest, statement) can never make one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from commonweal.foundation.clock import stamp
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import day_begins
from commonweal.papers.base import Day, Identifier, Line, Moment, Paper, Sha256, Text
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole

MAX_DAYS = 92
"""The longest time for which an attack is authorised."""


class Authoriser(Paper):
    """Who decided, for the controller."""

    name: Line
    role: Line
    controller: Line


class Attacker(Paper):
    """Who attacks. `account`: for a release, the id of a person whom its permit names."""

    account: Identifier
    name: Line
    role: Line


class AttackDraft(Paper):
    """What people decide: an attack on one release, or on one file by its hash."""

    authorisation: Literal[1]
    id: Identifier
    authorised_by: Authoriser
    attacker: Attacker
    release: Identifier | None = None
    file: Sha256 | None = None
    purpose: Text
    from_: Day = Field(alias="from")
    until: Day
    runs: Annotated[int, Field(ge=1, le=20)] = 5
    """How often the attack may be run in all."""
    conditions: tuple[Text, ...] = ()

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _hangs_together(self) -> AttackDraft:
        if (self.release is None) == (self.file is None):
            raise ValueError("an attack is on one release or on one file")
        if self.until < self.from_:
            raise ValueError("the authorisation would end before it starts")
        if (self.until - self.from_).days > MAX_DAYS:
            raise ValueError(f"an attack is authorised for at most {MAX_DAYS} days")
        return self

    @classmethod
    def load_draft(cls, path: Path) -> AttackDraft:
        """Read a draft (YAML or JSON). Raises `PaperInvalid` CW-ATTACK-PAPER and file faults."""
        what = f"Draft {path.name}"
        return cls.read(load_document(path, what), what, "CW-ATTACK-PAPER")


class Authorisation(AttackDraft, SignedPaper):
    """An authorisation that was signed."""

    paper_type: ClassVar[str] = "commonweal-attack-authorisation+json"
    signing_role: ClassVar[SigningRole] = "permit"
    called: ClassVar[str] = "The authorisation"
    code: ClassVar[str] = "CW-ATTACK-PAPER"

    issued_at: Moment

    @property
    def made_at(self) -> datetime:
        """When it was signed."""
        return self.issued_at

    @property
    def begins(self) -> datetime:
        """When the attack may start."""
        return max(day_begins(self.from_), self.issued_at)

    @property
    def ends(self) -> datetime:
        """The first moment after the last day, as days are counted in London."""
        return day_begins(self.until + timedelta(days=1))

    def check(self, at: datetime, *, release: str | None = None, file: str | None = None) -> None:
        """Refuse unless this release, or the file with this hash, may be attacked at `at`.

        Raises `Refused` CW-ATTACK-NOT-YET, CW-ATTACK-EXPIRED or CW-ATTACK-OTHER-RELEASE.
        """
        if at < self.begins:
            raise Refused(
                "CW-ATTACK-NOT-YET",
                f"The authorisation begins on {self.begins:%d %B %Y, %H:%M} UTC.",
            )
        if at >= self.ends:
            raise Refused("CW-ATTACK-EXPIRED", f"The authorisation ended on {self.until:%d %B %Y}.")
        if (self.release, self.file) != (release, file):
            raise Refused(
                "CW-ATTACK-OTHER-RELEASE",
                "The authorisation is for another release or file than the one named.",
            )


def authorised(draft: AttackDraft, at: datetime) -> Authorisation:
    """The authorisation that `draft` becomes when it is signed at `at`."""
    plain = AttackDraft.plain(draft) | {"issued_at": stamp(at)}
    return Authorisation.read(plain, "The authorisation", "CW-ATTACK-PAPER")
