"""Who may see and do what in the committee. `check_x` says why not (rule 3).

Who has nothing to do with the committee is told that there is no page. A member reads the papers
once they have declared; one with a conflict, or whom the application names, never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from django.db.models import TextField
from django.db.models.functions import Cast

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.conflicts import (
    EXCLUDED,
    Declaration,
    check_takes_part,
    excluded,
    undeclared,
)
from commonweal.governance.committee.membership import Membership, Seat, membership_of
from commonweal.governance.roles import VOTING, RoleName
from commonweal.papers.roster import Roster
from commonweal.web.accounts.models import Membership as Held
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Version
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.models import Appeal, Item, Meeting
from commonweal.web.committee.services import (
    declarations_by_version,
    declarations_of,
)
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.signing.models import KnownRoster

SECRETARY: RoleName = "committee_secretary"
CHAIR: RoleName = "committee_chair"
SITTING = VOTING | {SECRETARY}
"""Roles that see meetings and agendas."""
ANSWERING: frozenset[RoleName] = frozenset({"ig_officer", "data_manager", "dpo", SECRETARY, CHAIR})
"""Roles that answer a member's question for the hospital."""
HEARING: frozenset[RoleName] = frozenset({"caldicott_guardian", "siro"})
"""Roles that hear an appeal."""


def no_page() -> Fault:
    """What somebody reads who has nothing to do here."""
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def _held(person: Any, day: date) -> list[Held]:
    return memberships_on(person, day) if getattr(person, "is_authenticated", False) else []


def _roles(held: Iterable[Held], project: str) -> frozenset[RoleName]:
    found = frozenset(one.role for one in held if one.project in ("", project))
    return cast("frozenset[RoleName]", found)


def roles_of(person: Any, day: date, project: str = "") -> frozenset[RoleName]:
    """The roles that a person holds on `day`; none for somebody who is not signed in.

    A role for one project counts for its application, `project`, and for nothing else.
    """
    return _roles(_held(person, day), project)


def check_role(
    person: Any, among: frozenset[RoleName], project: str = ""
) -> frozenset[RoleName]:  # fmt: skip
    """The roles of `among` that a person holds today. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = roles_of(person, clock.today(), project) & among
    if not found:
        raise no_page()
    return found


def members() -> Membership:
    """Who may vote, as the signer last told the service. Raises `Refused` CW-COMMITTEE-MEMBER."""
    # As text: to read the list takes longer than to see that it is the one that was read before.
    newest = KnownRoster.objects.order_by("-version").values_list(Cast("content", TextField()))
    found = newest.first()
    if found is None:
        raise Refused(
            "CW-COMMITTEE-MEMBER",
            "The service does not know yet who sits on the committee.",
            remedy="The hospital adopts its list of people; then this page works.",
        )
    return _membership(rules_in_force().id, found[0])


@lru_cache(maxsize=4)
def _membership(committee: str, content: str) -> Membership:
    """Reading a list of people takes longer than a page should, so what was read is kept."""
    known = Roster.read(parse_json(content, "The list of people"), "The list of people")
    return membership_of(committee, known.people)


@dataclass(frozen=True)
class Standing:
    """What one person is to one item. `seat`: with a vote, today; `roles`: held today."""

    roles: frozenset[RoleName]
    seat: Seat | None
    declared: bool
    out: bool

    @property
    def takes_part(self) -> bool:
        """True for a member who declared and has no conflict."""
        return self.seat is not None and self.declared and not self.out

    @property
    def records(self) -> bool:
        """True for who runs the meeting: the secretary, and a chair who takes part."""
        return not self.out and (SECRETARY in self.roles or self.chairs)

    @property
    def chairs(self) -> bool:
        """True for a chair who takes part."""
        return CHAIR in self.roles and self.takes_part and self.role == CHAIR

    @property
    def role(self) -> RoleName | None:
        """The role in which the person votes."""
        return None if self.seat is None else self.seat.role

    @property
    def reads(self) -> bool:
        """True for who may read the papers, the questions and the discussion."""
        if self.out:
            return False
        return self.takes_part if self.seat is not None else bool(self.roles & ANSWERING)


def seat_of(person: User, at: datetime) -> Seat | None:
    """The seat with a vote that a person holds: by the roster, and by their account as well."""
    seat = members().seat_of(person.public_id, at)
    held = roles_of(person, clock.today())
    return seat if seat is not None and seat.role in held else None


def standing_of(person: User, item: Item, paper: ApplicationVersion) -> Standing:
    """What `person` is to `item`; `paper`: of its version."""
    project = item.version.application.reference
    roles, seat = roles_of(person, clock.today(), project), seat_of(person, clock.now())
    declared = declarations_of(item.version)
    return _standing(person, paper, item.version.digest, declared, roles, seat)


def standings(person: User, items: Iterable[Item]) -> dict[int, Standing]:
    """What `person` is to each of `items`, with as many queries for many as for one."""
    listed = list(items)
    held, seat = _held(person, clock.today()), seat_of(person, clock.now())
    said = declarations_by_version([one.version_id for one in listed])
    return {
        one.pk: _standing(
            person,
            paper_of(one.version),
            one.version.digest,
            said[one.version_id],
            _roles(held, one.version.application.reference),
            seat,
        )
        for one in listed
    }


def _standing(
    person: User,
    paper: ApplicationVersion,
    digest: str,
    declared: list[Declaration],
    roles: frozenset[RoleName],
    seat: Seat | None,
) -> Standing:
    return Standing(
        roles=roles,
        seat=seat,
        declared=any(one.person == person.public_id for one in declared),
        out=person.public_id in excluded(declared, digest, paper.involved),
    )


def is_out(person: User, version: Version, paper: ApplicationVersion) -> bool:
    """True for whoever the application names, or who declared a conflict. `paper`: its own."""
    return person.public_id in excluded(declarations_of(version), version.digest, paper.involved)


def check_not_out(person: User, version: Version, paper: ApplicationVersion) -> None:
    """Refuse whoever takes no part. Raises `Refused` CW-COMMITTEE-CONFLICT."""
    if is_out(person, version, paper):
        raise Refused("CW-COMMITTEE-CONFLICT", EXCLUDED)


def item_of(person: User, pk: int) -> tuple[Item, ApplicationVersion, Standing]:
    """An item with its paper and what the person is to it. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = Item.objects.select_related("version__application__organisation", "meeting")
    item = rows.filter(pk=pk).first()
    if item is None:
        raise no_page()
    check_role(person, SITTING | ANSWERING, item.version.application.reference)
    paper = paper_of(item.version)
    return item, paper, standing_of(person, item, paper)


def meeting_of(person: User, pk: int) -> Meeting:
    """A meeting. Raises `Fault` CW-WEB-NOT-FOUND."""
    check_role(person, SITTING)
    found = Meeting.objects.filter(pk=pk).first()
    if found is None:
        raise no_page()
    return found


def check_part(person: User, item: Item, paper: ApplicationVersion) -> Seat:
    """The seat of a member who takes part in `item` now. Raises what `check_takes_part` raises."""
    seat = check_takes_part(
        person.public_id, members(), declarations_of(item.version), item.version.digest,
        paper.involved, clock.now(),
    )  # fmt: skip
    if seat_of(person, clock.now()) is None:
        raise Refused("CW-COMMITTEE-MEMBER", "Your account no longer holds this seat.")
    return seat


def check_records(person: User, item: Item, paper: ApplicationVersion) -> None:
    """Refuse who does not run this item. Raises `Refused` CW-COMMITTEE-CONFLICT, CW-STATE-ROLE."""
    found = standing_of(person, item, paper)
    if found.out:
        raise Refused("CW-COMMITTEE-CONFLICT", EXCLUDED)
    if CHAIR in found.roles and found.seat is not None and not found.declared:
        check_part(person, item, paper)
    if not found.records:
        raise Refused(
            "CW-STATE-ROLE", "Only the chair or the secretary of the committee can do it."
        )


def waiting_for(item: Item, paper: ApplicationVersion) -> tuple[str, ...]:
    """Members who are present and have not said whether they have a conflict."""
    seats = [s for s in members().sitting(clock.now()) if s.person in item.meeting.present]
    return undeclared(seats, declarations_of(item.version), item.version.digest, paper.involved)


def appeal_of(person: User, pk: int) -> Appeal:
    """An appeal, for an officer who may hear appeals. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = Appeal.objects.select_related("application", "decision__version")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise no_page()
    check_role(person, HEARING, found.application.reference)
    return found
