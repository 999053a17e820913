"""Who sits on the committee, with which vote and until when.

A term has a first and a last day, both part of it, in London. A person holds one seat at a time,
so nobody is ever counted twice, and nobody votes for somebody else.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field, model_validator

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import years_later
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import VOTING_ROLES, VotingRole
from commonweal.governance.problems import Problem
from commonweal.governance.roles import ROLE_WORDS
from commonweal.papers.base import Day, Identifier, Line, Paper


class Seat(Paper):
    """One term of one person. `person` is the account's name.

    A seat without a last day is held until somebody writes one; the rules do not allow it for long.
    """

    person: Identifier
    name: Line
    role: VotingRole
    first_day: Day
    last_day: Day | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Seat:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ValueError("a term cannot end before it begins")
        return self

    def holds_on(self, day: date) -> bool:
        """True if the term covers `day`."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class Membership(Paper):
    """All terms, past and present, of one committee."""

    membership: Literal[1]
    committee: Identifier
    seats: Annotated[tuple[Seat, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _one_seat_each(self) -> Membership:
        by_person: dict[str, list[Seat]] = {}
        for seat in self.seats:
            by_person.setdefault(seat.person.casefold(), []).append(seat)
        for seats in by_person.values():
            held = sorted(seats, key=lambda seat: seat.first_day)
            for before, after in itertools.pairwise(held):
                if before.last_day is None or after.first_day <= before.last_day:
                    raise ValueError("a person holds two seats at once")
        return self

    def sitting(self, at: datetime) -> tuple[Seat, ...]:
        """The seats held at `at`."""
        day = london_day(at)
        return tuple(seat for seat in self.seats if seat.holds_on(day))

    def seat_of(self, person: str, at: datetime) -> Seat | None:
        """The seat that `person` holds at `at`, or None."""
        held = [seat for seat in self.sitting(at) if seat.person == person]
        return held[0] if held else None


class TermLike(Protocol):
    """A role with its days, as a roster holds it."""

    @property
    def role(self) -> str:
        """The name of the role."""
        ...

    @property
    def from_(self) -> date:
        """The first day."""
        ...

    @property
    def until(self) -> date | None:
        """The last day, or None."""
        ...


class PersonLike(Protocol):
    """A person of a roster, with terms."""

    @property
    def id(self) -> str:
        """The account."""
        ...

    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def roles(self) -> Sequence[TermLike]:
        """All terms in all roles."""
        ...


def membership_of(committee: str, people: Iterable[PersonLike]) -> Membership:
    """The members with a vote among `people` of a roster.

    Raises `Fault` CW-COMMITTEE-MEMBERSHIP where somebody holds two seats at once or nobody any.
    """
    seats = [
        {
            "person": one.id,
            "name": one.name,
            "role": term.role,
            "first_day": term.from_.isoformat(),
            **({} if term.until is None else {"last_day": term.until.isoformat()}),
        }
        for one in people
        for term in one.roles
        if term.role in VOTING_ROLES
    ]
    plain = {"membership": 1, "committee": committee, "seats": seats}
    return Membership.read(plain, "The list of members", "CW-COMMITTEE-MEMBERSHIP")


def missed_in_a_row(meetings: Sequence[Collection[str]], person: str) -> int:
    """How many of the latest meetings `person` missed. `meetings`: who was there, oldest first."""
    missed = 0
    for there in reversed(meetings):
        if person in there:
            break
        missed += 1
    return missed


def check_member(membership: Membership, person: str, at: datetime) -> Seat:
    """The seat of `person` at `at`. Raises `Refused` CW-COMMITTEE-MEMBER."""
    seat = membership.seat_of(person, at)
    if seat is None:
        raise Refused(
            "CW-COMMITTEE-MEMBER",
            "Only people who are members on that day, with a vote, can do this.",
        )
    return seat


def can_member(membership: Membership, person: str, at: datetime) -> bool:
    """True if `check_member` would let `person` pass."""
    return membership.seat_of(person, at) is not None


def check_term(seat: Seat, membership: Membership, rules: CommitteeRules, at: datetime) -> None:
    """Refuse a vote from a seat that is held for longer, or more often, than the rules allow.

    Raises `Refused` CW-COMMITTEE-MEMBERSHIP.
    """
    if london_day(at) >= years_later(seat.first_day, rules.terms.years):
        raise Refused(
            "CW-COMMITTEE-MEMBERSHIP",
            f"A member's term has lasted longer than the {rules.terms.years} years of the rules.",
        )
    terms = [one for one in membership.seats if one.person == seat.person]
    if sum(one.first_day <= seat.first_day for one in terms) > rules.terms.at_most:
        raise Refused(
            "CW-COMMITTEE-MEMBERSHIP",
            f"A member has served more than the {rules.terms.at_most} terms of the rules.",
        )


def problems(membership: Membership, rules: CommitteeRules, at: datetime) -> tuple[Problem, ...]:
    """What is wrong with a list of members under `rules` on the day of `at`.

    `stops`: too few members, or terms against the rules. `warns`: seats that end within 90 days.
    """
    found = [*_term_problems(membership, rules), *_number_problems(membership, rules, at)]
    day = london_day(at)
    for number, seat in enumerate(membership.seats):
        if seat.last_day is not None and 0 <= (seat.last_day - day).days <= 90:
            found.append(
                Problem(f"seats.{number}.last_day", "term_ends_soon",
                        "This term ends within 90 days.", "warns")
            )  # fmt: skip
    return tuple(found)


def _term_problems(membership: Membership, rules: CommitteeRules) -> Iterator[Problem]:
    terms_of: dict[str, int] = {}
    for number, seat in enumerate(membership.seats):
        longest = years_later(seat.first_day, rules.terms.years)
        if seat.last_day is None or seat.last_day >= longest:
            yield Problem(
                f"seats.{number}.last_day",
                "term_too_long",
                f"A term lasts at most {rules.terms.years} years.",
            )
        terms_of[seat.person] = terms_of.get(seat.person, 0) + 1
        if terms_of[seat.person] > rules.terms.at_most:
            yield Problem(
                f"seats.{number}.person",
                "too_many_terms",
                f"A person serves at most {rules.terms.at_most} terms.",
            )


def _number_problems(
    membership: Membership, rules: CommitteeRules, at: datetime
) -> Iterator[Problem]:
    sitting = membership.sitting(at)
    if len(sitting) < rules.quorum.members:
        yield Problem("seats", "too_few_members", "There are fewer members than the quorum.")
    for quota in rules.quorum.by_role:
        if _of_role(sitting, quota.role) < quota.at_least:
            yield Problem(
                "seats",
                "too_few_in_role",
                f"The rules need at least {quota.at_least} in the role {ROLE_WORDS[quota.role]}.",
            )
    lay = _of_role(sitting, "committee_lay")
    if lay * 100 < rules.quorum.lay_share_percent * len(sitting):
        yield Problem(
            "seats", "too_few_lay", "Lay members are fewer than the rules ask for; a full meeting "
            "could not decide.", "warns",
        )  # fmt: skip


def _of_role(seats: Iterable[Seat], role: VotingRole) -> int:
    return sum(seat.role == role for seat in seats)
