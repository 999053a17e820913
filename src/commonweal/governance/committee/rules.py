"""The committee's rules: one versioned paper, published, from which everything is decided.

Source of the default: domain reference 5.5 (an English regional environment where public members
hold half of the votes and a decision must be unanimous). What is [U] there is a field here, and
the default is seed data (`seeds/rules.yaml`), never a constant in code.

Some things are not fields, because no custodian may switch them off: votes are blind until all are
in or the vote is closed, reasons are required, a member with a conflict takes no part, a deadlock
never becomes a yes, and an appeal leads to another decision by the committee.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import Refused
from commonweal.governance.committee.vocabulary import (
    SMALL_CHANGE_WORDS,
    ChairsReason,
    Criterion,
    DecisionRule,
    LighterCriterion,
    SmallChange,
    VotingRole,
)
from commonweal.papers.base import Day, Identifier, Line, Paper, Sha256

Few = Annotated[int, Field(ge=0, le=50)]


class RoleQuota(Paper):
    """How many voters of one role must take part."""

    role: VotingRole
    at_least: Annotated[int, Field(ge=1, le=50)]


class Quorum(Paper):
    """How many must vote for a decision to count. Members with a conflict are never counted."""

    members: Annotated[int, Field(ge=2, le=100)]
    by_role: tuple[RoleQuota, ...] = ()
    lay_share_percent: Annotated[int, Field(ge=1, le=100)] = 50
    """Of the votes that are cast, at least this share by lay members."""

    @model_validator(mode="after")
    def _workable(self) -> Quorum:
        if len({quota.role for quota in self.by_role}) != len(self.by_role):
            raise ValueError("a role is named twice")
        return self


class Terms(Paper):
    """Terms of office."""

    years: Annotated[int, Field(ge=1, le=10)]
    at_most: Annotated[int, Field(ge=1, le=5)]


class ChairsAction(Paper):
    """What the chair may decide between meetings, with how many lay members."""

    allowed_for: tuple[ChairsReason, ...] = ()
    with_lay_members: Annotated[int, Field(ge=1, le=10)] = 1


class ProportionateRoute(Paper):
    """The short route: a few members decide where all the published conditions are met."""

    conditions: tuple[Criterion, ...] = ()
    members: Annotated[int, Field(ge=2, le=20)] = 3

    @property
    def offered(self) -> bool:
        """True if the custodian has published conditions; without any there is no short route."""
        return bool(self.conditions)


class LighterAssessment(Paper):
    """Workshops of impact assessments, and when one may be done without (P6)."""

    conditions: tuple[LighterCriterion, ...] = ()
    people_at_least: Annotated[int, Field(ge=1, le=100)] = 8
    """Patients and members of the public who must come to a workshop."""
    papers_days_before_workshop: Annotated[int, Field(ge=1, le=60)] = 7
    look_again_months: Annotated[int, Field(ge=1, le=60)] = 24


class Deadlock(Paper):
    """What happens where the votes come to no decision. It is never a yes."""

    rounds: Annotated[int, Field(ge=1, le=5)]
    then: Literal["resubmit", "reject"]


class Absence(Paper):
    """What happens to a member who is not there. Nobody votes for somebody else."""

    comments_read_out: bool = True
    missed_meetings: Annotated[int, Field(ge=1, le=20)] = 3
    """After so many meetings missed in a row the member's place may be given to another."""


class Appeal(Paper):
    """How an applicant can appeal, in calendar days after publication."""

    days: Annotated[int, Field(ge=7, le=365)]
    answer_within_working_days: Annotated[int, Field(ge=5, le=250)]


class CommitteeRules(Paper):
    """The rules of one committee, in one version."""

    rules: Literal[1]
    id: Identifier
    version: Annotated[int, Field(ge=1, le=100_000)]
    previous: Sha256 | None = None
    committee: Line
    source: Line
    adopted_on: Day
    review_by: Day
    quorum: Quorum
    decision_rule: DecisionRule
    dissent_at_most: Few = 0
    """Only for `consensus_and_chair`: how many members may vote otherwise."""
    terms: Terms
    meets_every_days: Annotated[int, Field(ge=1, le=366)] = 31
    chairs_action: ChairsAction = ChairsAction()
    proportionate: ProportionateRoute = ProportionateRoute()
    call_in_working_days: Annotated[int, Field(ge=1, le=60)] = 5
    """How long a decision that was made out of committee waits, so that members can call it in."""
    lighter_assessment: LighterAssessment = LighterAssessment()
    small_changes: tuple[SmallChange, ...] = ()
    """Changes that information governance may agree; every other goes to the committee."""
    renewal_months_before: Annotated[int, Field(ge=1, le=24)] = 6
    """How long before its last day a project can ask to go on for longer."""
    deadlock: Deadlock
    absence: Absence = Absence()
    appeal: Appeal

    @model_validator(mode="after")
    def _hangs_together(self) -> CommitteeRules:
        if self.review_by <= self.adopted_on:
            raise ValueError("review_by must lie after adopted_on")
        if (self.version == 1) is not (self.previous is None):
            raise ValueError("previous names the version before, and version 1 has none")
        if (self.decision_rule == "consensus_and_chair") is not (self.dissent_at_most > 0):
            raise ValueError("dissent_at_most goes with consensus_and_chair")
        if sum(quota.at_least for quota in self.quorum.by_role) > self.quorum.members:
            raise ValueError("the quorum by role asks for more members than the quorum")
        self._check_lists()
        return self

    def _check_lists(self) -> None:
        lists = (
            self.chairs_action.allowed_for,
            self.proportionate.conditions,
            self.lighter_assessment.conditions,
            self.small_changes,
        )
        for words in lists:
            if len(set(words)) != len(words):
                raise ValueError("a list names something twice")
        if self.proportionate.members > self.quorum.members:
            raise ValueError("the short route has more members than the quorum")


def read_rules(content: bytes | str, what: str = "The rules of the committee") -> CommitteeRules:
    """Rules from YAML. Raises `Fault` CW-YAML-INVALID or CW-COMMITTEE-RULES."""
    return CommitteeRules.read(parse_yaml(content, what), what, "CW-COMMITTEE-RULES")


def default_rules() -> CommitteeRules:
    """The rules that a new home begins with; a custodian adopts them or writes others."""
    return read_rules(resources.files(__package__).joinpath("seeds", "rules.yaml").read_bytes())


def check_follows(rules: CommitteeRules, before: CommitteeRules) -> None:
    """Refuse `rules` that are not the next version after `before`. Raises CW-COMMITTEE-RULES."""
    if (
        rules.id != before.id
        or rules.version != before.version + 1
        or rules.previous != before.digest()
        or rules.adopted_on < before.adopted_on
    ):
        raise Refused(
            "CW-COMMITTEE-RULES", "These rules are not the next version of the ones before them."
        )


def check_small_change(changes: Collection[SmallChange], rules: CommitteeRules) -> None:
    """Refuse to agree `changes` without the committee. Raises CW-COMMITTEE-ROUTE.

    `changes`: everything that differs. One thing that is not on the list brings all of it to the
    committee.
    """
    others = [SMALL_CHANGE_WORDS[one] for one in changes if one not in rules.small_changes]
    if others or not changes:
        said = f" ({'; '.join(others)})" if others else ""
        raise Refused(
            "CW-COMMITTEE-ROUTE",
            f"This is not a change that the rules call small{said}: the committee decides.",
        )
