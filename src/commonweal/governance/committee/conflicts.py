"""Conflicts of interest: declared by each member for each application, before anything else.

A member with a conflict does not vote, does not ask, does not see votes, is not counted towards
the quorum, and is told so. People who are named in the application have a conflict whether or not
they declare it. A conflict that was declared once stays for that version: nobody can declare
themselves free again after having seen how it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.membership import Membership, Seat, check_member
from commonweal.governance.committee.vocabulary import INTEREST_WORDS, Interest
from commonweal.governance.same_person import People
from commonweal.papers.base import Identifier, Moment, Paper, Sha256, Text


class Declaration(Paper):
    """What one member declared about one version: no conflict, or which ones.

    `told`: more about it in the member's words; kept with the sealed records, never published.
    """

    declaration: Literal[1]
    person: Identifier
    version_digest: Sha256
    conflicts: Annotated[tuple[Interest, ...], Field(max_length=7)] = ()
    told: Text | None = None
    at: Moment

    @model_validator(mode="after")
    def _explained(self) -> Declaration:
        if len(set(self.conflicts)) != len(self.conflicts):
            raise ValueError("a conflict is named twice")
        if "other" in self.conflicts and self.told is None:
            raise ValueError("another conflict must be explained")
        return self

    @property
    def free(self) -> bool:
        """True if the member declared that there is no conflict."""
        return not self.conflicts


def check_declaration(
    new: Declaration, earlier: Iterable[Declaration], membership: Membership
) -> None:
    """Refuse a declaration by somebody without a seat, or one that takes a conflict back.

    Raises `Refused` CW-COMMITTEE-MEMBER or CW-COMMITTEE-DECLARATION.
    """
    check_member(membership, new.person, new.at)
    if new.free and new.person in excluded(earlier, new.version_digest, ()):
        raise Refused(
            "CW-COMMITTEE-DECLARATION",
            "A conflict that was declared cannot be taken back for this version.",
        )


def excluded(
    declarations: Iterable[Declaration], version_digest: str, involved: Collection[str]
) -> People:
    """Everybody who takes no part: who declared a conflict at any time, or is `involved`.

    `involved`: accounts of people whom the application names, spelt as it spells them.
    """
    declared = (
        one.person for one in declarations if one.version_digest == version_digest and not one.free
    )
    return People((*declared, *involved))


def undeclared(
    seats: Iterable[Seat],
    declarations: Iterable[Declaration],
    version_digest: str,
    involved: Collection[str] = (),
) -> tuple[str, ...]:
    """Members who have not declared yet. Who is `involved` need not: that is known."""
    said = {one.person for one in declarations if one.version_digest == version_digest}
    known = People(involved)
    return tuple(s.person for s in seats if s.person not in said and s.person not in known)


def check_takes_part(
    person: str,
    membership: Membership,
    declarations: Iterable[Declaration],
    version_digest: str,
    involved: Collection[str],
    at: datetime,
) -> Seat:
    """The seat of a member who may discuss, ask and vote about this version at `at`.

    Raises `Refused`: CW-COMMITTEE-MEMBER, CW-COMMITTEE-CONFLICT, or CW-COMMITTEE-DECLARATION where
    the member has not declared by `at`.
    """
    seat = check_member(membership, person, at)
    made = [one for one in declarations if one.at <= at]
    if person in excluded(made, version_digest, involved):
        raise Refused("CW-COMMITTEE-CONFLICT", EXCLUDED)
    if undeclared((seat,), made, version_digest):
        raise Refused(
            "CW-COMMITTEE-DECLARATION",
            "Please say first whether you have a conflict of interest.",
        )
    return seat


def can_take_part(
    person: str,
    membership: Membership,
    declarations: Iterable[Declaration],
    version_digest: str,
    involved: Collection[str],
    at: datetime,
) -> bool:
    """True if `check_takes_part` would let the member pass."""
    try:
        check_takes_part(person, membership, declarations, version_digest, involved, at)
    except Refused:
        return False
    return True


EXCLUDED = (
    "You have a conflict of interest in this application. You take no part in it: you do not "
    "discuss it, vote on it or see the votes, and you are not counted."
)
"""What a member with a conflict is shown in place of the vote."""


def notice(declaration: Declaration) -> str:
    """What a member reads after declaring."""
    if declaration.free:
        return "You have declared that you have no conflict of interest in this application."
    words = "; ".join(INTEREST_WORDS[one] for one in declaration.conflicts)
    return f"{EXCLUDED} You declared that this is so of you: {words}."


def minute(count: int) -> str:
    """One sentence for the published minutes: how many took no part, and nobody's name."""
    if count == 0:
        return "No member had a conflict of interest."
    who = "One member" if count == 1 else f"{count} members"
    return f"{who} had a conflict of interest and took no part."
