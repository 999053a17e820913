"""A committee of eight, four of them lay, and how to make votes quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from commonweal.governance.committee.conflicts import Declaration
from commonweal.governance.committee.decision import VariableDecision
from commonweal.governance.committee.membership import Membership, Seat
from commonweal.governance.committee.outcome import Case
from commonweal.governance.committee.rules import CommitteeRules, default_rules
from commonweal.governance.committee.vocabulary import Outcome, VotingRole
from commonweal.governance.committee.votes import Ballot, Vote

VERSION = "sha256:" + "1a" * 32
OTHER = "sha256:" + "2b" * 32
MEETING = datetime(2026, 6, 9, 13, 0, tzinfo=UTC)
BEFORE = MEETING - timedelta(days=1)

SEATS: dict[str, VotingRole] = {
    "chair": "committee_chair",
    "doctor": "committee_member",
    "nurse": "committee_member",
    "statistician": "committee_member",
    "lay1": "committee_lay",
    "lay2": "committee_lay",
    "lay3": "committee_lay",
    "lay4": "committee_lay",
}
ASKED = (("hospital", "patients", "sex"), ("hospital", "patients", "birth_date"))
GRANTED = (
    VariableDecision(dataset="hospital", table="patients", variable="sex", verdict="granted"),
    VariableDecision(
        dataset="hospital", table="patients", variable="birth_date", verdict="coarser",
        form="year", reason="The year will do.",
    ),
)  # fmt: skip


def seat(person: str, role: VotingRole, **changes: Any) -> Seat:
    fields: dict[str, Any] = {
        "person": person,
        "name": f"Name of {person}",
        "role": role,
        "first_day": date(2025, 1, 1),
        "last_day": date(2027, 12, 31),
    }
    return Seat(**{**fields, **changes})


def membership(*more: Seat) -> Membership:
    seats = [seat(person, role) for person, role in SEATS.items()]
    return Membership(membership=1, committee="dac", seats=(*seats, *more))


def rules(**changes: Any) -> CommitteeRules:
    """The default rules with some fields changed (dotted names reach inside)."""
    plain = default_rules().plain()
    for name, value in changes.items():
        place = plain
        *path, last = name.split("__")
        for step in path:
            place = place[step]
        place[last] = value
    return CommitteeRules.read(plain, "rules")


def declared(person: str, *conflicts: str, version: str = VERSION, **changes: Any) -> Declaration:
    fields: dict[str, Any] = {
        "declaration": 1,
        "person": person,
        "version_digest": version,
        "conflicts": conflicts,
        "at": BEFORE,
    }
    return Declaration(**{**fields, **changes})


def everyone_free() -> list[Declaration]:
    return [declared(person) for person in SEATS]


def vote(person: str, verdict: Outcome, role: VotingRole | None = None, **changes: Any) -> Vote:
    fields: dict[str, Any] = {
        "vote": 1,
        "person": person,
        "role": role or SEATS[person],
        "version_digest": VERSION,
        "verdict": verdict,
        "reasons": f"Reasons for {verdict}.",
        "conditions": ("Publish the results.",) if verdict == "approve_with_conditions" else (),
        "at": MEETING + timedelta(minutes=30),
    }
    return Vote(**{**fields, **changes})


def ballot(votes: Sequence[Vote], **changes: Any) -> Ballot:
    """A ballot that is over, with these votes. `route`: the votes are for that one too."""
    route = {"route": changes["route"]} if "route" in changes else {}
    fields: dict[str, Any] = {
        "ballot": 1,
        "version_digest": VERSION,
        "eligible": tuple(one.person for one in votes),
        "votes": tuple(one.model_copy(update=route) for one in votes),
        "opened_at": MEETING,
        "closed_at": MEETING + timedelta(hours=1),
    }
    return Ballot(**{**fields, **changes})


def case(**changes: Any) -> Case:
    fields: dict[str, Any] = {
        "id": "app-1.d1",
        "application": "app-1",
        "version_number": 1,
        "version_digest": VERSION,
        "summary": "The heart study may use some records.",
        "reasons": ("Patients gain from it.",),
        "asked": ASKED,
        "variables": GRANTED,
        "declarations": everyone_free(),
    }
    return Case(**{**fields, **changes})


def refusing(**changes: Any) -> Case:
    """A case that the secretary wrote down for a no."""
    return case(**{"variables": (), **changes})


@dataclass(frozen=True)
class Plain:
    """A vote with nothing but what counting needs."""

    person: str
    role: VotingRole
    verdict: Outcome


def plain(*verdicts: Outcome) -> list[Plain]:
    """Votes by the members of `SEATS`, lay members and others by turns, the chair first."""
    order = ["chair", "lay1", "doctor", "lay2", "nurse", "lay3", "statistician", "lay4"]
    return [
        Plain(person, SEATS[person], verdict)
        for person, verdict in zip(order, verdicts, strict=False)
    ]
