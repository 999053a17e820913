"""The roster: who the people are whose acts decide, in which role, and what they sign with (S11).

A roster belongs to one home and has versions, as the trust policy has. Each is a whole list: people
with their terms of office and credentials, and every credential that was ever taken out. How a
change comes about is in `roster_change.py`, which version counts when in `roster_history.py`.

Names of people stand in the paper only; the ledger holds no more than its number and, sealed, its
digest.

A roster also carries the rules by which its people decide, where the home has adopted its own: who
decides and how is one question, asked of one paper and changed by the same people in the same way.
What the rules say is not known here; `governance` reads them.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from commonweal.foundation.canonical import digest
from commonweal.foundation.london import london_day
from commonweal.foundation.roles import PERSON_ROLES, PersonRole
from commonweal.foundation.roles import VOTING_ROLES as _VOTING
from commonweal.papers.base import (
    Day,
    Holder,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    named_twice,
    person_look,
)
from commonweal.papers.credentials import (
    Credential,
    RetiredCredential,
    SoftwareCredential,
    WebAuthnCredential,
)

RosterRole = PersonRole
"""Roles in which a person signs: those of governance without the public and the system."""
ROSTER_ROLES: tuple[RosterRole, ...] = PERSON_ROLES
APPLICANT_ROLES: frozenset[str] = frozenset({"applicant", "co_applicant", "signatory_applicant"})
VOTING_ROLES: frozenset[str] = frozenset(_VOTING)
LAY_ROLES: frozenset[str] = frozenset({"committee_lay", "panel_member"})
"""The only roles that a lay person holds: nobody is lay who also holds an office here."""

_ORIGIN = re.compile(r"(https://[a-z0-9.-]+(?::[0-9]{1,5})?|http://localhost(?::[0-9]{1,5})?)")


class Term(Paper):
    """A role, from its first day to its last. Both are part of it, as days in London."""

    role: RosterRole
    from_: Day = Field(alias="from")
    until: Day | None = None

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Term:
        if self.until is not None and self.until < self.from_:
            raise ValueError("a term of office ends before it begins")
        return self

    def covers(self, at: datetime) -> bool:
        """True while the term lasts."""
        day = london_day(at)
        return self.from_ <= day and (self.until is None or day <= self.until)


class RosterPerson(Paper):
    """Someone who may sign acts. `id` is the account's name; `lay`: holds no office here."""

    id: Identifier
    name: Holder
    organisation: Line
    lay: bool = False
    roles: Annotated[tuple[Term, ...], Field(min_length=1, max_length=50)]
    credentials: Annotated[tuple[Credential, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _lay_or_not(self) -> RosterPerson:
        held = {term.role for term in self.roles}
        if self.lay and not held <= LAY_ROLES:
            raise ValueError("a lay person holds no other role than a lay member's")
        if not self.lay and "committee_lay" in held:
            raise ValueError("a lay member of the committee must be a lay person")
        return self

    def holds(self, role: str, at: datetime) -> bool:
        """True if the person held `role` at time `at`."""
        return any(term.role == role and term.covers(at) for term in self.roles)

    @property
    def has_two_seats(self) -> bool:
        """True if two voting seats are held on one day: no committee can be made of such people."""
        seats = sorted((t for t in self.roles if t.role in VOTING_ROLES), key=lambda t: t.from_)
        return any(
            before.until is None or after.from_ <= before.until for before, after in pairwise(seats)
        )

    def credential(self, id_: str) -> SoftwareCredential | WebAuthnCredential | None:
        """The person's credential called `id_`, or None."""
        return next((one for one in self.credentials if one.id == id_), None)


class SigningSite(Paper):
    """Where people sign with security keys: the name that browsers bind them to, and its pages."""

    rp_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$")]
    origins: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)]

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError("must be written https://host, or http://localhost for a trial")
        return origins

    @model_validator(mode="after")
    def _belong_together(self) -> SigningSite:
        for origin in self.origins:
            host = origin.split("//", 1)[1].split(":", 1)[0]
            if host != self.rp_id and not host.endswith("." + self.rp_id):
                raise ValueError("an origin does not belong to the rp_id")
        return self


class Roster(Paper):
    """One version of the roster of the home called `home`."""

    roster: Literal[1]
    home: Identifier
    version: Annotated[int, Field(ge=1, le=100_000)]
    previous: Sha256 | None = None
    proposed_at: Moment
    site: SigningSite | None = None
    rules: dict[str, Any] | None = None
    """The committee's own rules as plain JSON; None: those that ship with the software."""
    people: Annotated[tuple[RosterPerson, ...], Field(min_length=1, max_length=2_000)]
    retired: Annotated[tuple[RetiredCredential, ...], Field(max_length=10_000)] = ()

    @model_validator(mode="after")
    def _workable(self) -> Roster:
        # A later one may have none before it as well: where all that came before were withdrawn.
        if self.version == 1 and self.previous is not None:
            raise ValueError("the first version has no version before it")
        if named_twice([person.id for person in self.people]) is not None:
            raise ValueError("a person is named twice")
        # Two entries of one look could be one person who votes twice, and no reader would see it.
        if len({person_look(person.name) for person in self.people}) != len(self.people):
            raise ValueError("has two people whose names look the same: tell them apart")
        self._check_credentials()
        return self

    def _check_credentials(self) -> None:
        held = [one for person in self.people for one in person.credentials]
        ids, materials = {one.id for one in held}, {one.material for one in held}
        if not len(ids) == len(materials) == len(held):
            raise ValueError("a credential is held twice")
        if len({one.id for one in self.retired}) != len(self.retired):
            raise ValueError("a retired credential is named twice")
        gone = {one.material for one in self.retired}
        if ids & {one.id for one in self.retired} or materials & gone:
            raise ValueError("a credential that was retired cannot sign again")
        if self.site is None and any(one.kind == "webauthn" for one in held):
            raise ValueError("security keys need the site where people sign with them")

    def person(self, id_: str) -> RosterPerson | None:
        """The person called `id_`, or None."""
        return next((person for person in self.people if person.id == id_), None)

    def holders(self, role: str, at: datetime) -> tuple[RosterPerson, ...]:
        """Everybody who held `role` at time `at`, in the order of the roster."""
        return tuple(person for person in self.people if person.holds(role, at))

    @property
    def rules_digest(self) -> str | None:
        """The digest of the rules that it carries, or None."""
        return None if self.rules is None else digest(self.rules)

    def owners(self) -> dict[str, str]:
        """Credential id to the id of the person whose it is."""
        return {one.id: person.id for person in self.people for one in person.credentials}
