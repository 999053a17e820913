"""The decision: what the committee decided about one version of an application, and why.

It holds no name of a person: votes are counted, dissent is told without saying whose it is. All of
it can be published (`published`). The permit is compiled from the version and this paper, so what
was granted is written variable by variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import long_day
from commonweal.governance.committee.vocabulary import (
    NO,
    OUTCOME_WORDS,
    YES,
    DecidedBy,
    Outcome,
    VariableVerdict,
)
from commonweal.papers.base import (
    ColumnName,
    Count,
    Day,
    Identifier,
    Moment,
    Paper,
    Sha256,
    Text,
    named_twice,
)
from commonweal.papers.forms import read_form


class VariableDecision(Paper):
    """One variable: granted as asked, granted in the coarser `form`, or refused, with a reason."""

    dataset: Identifier
    table: ColumnName
    variable: ColumnName
    verdict: VariableVerdict
    form: str | None = None
    reason: Text | None = None

    @field_validator("form")
    @classmethod
    def _form_known(cls, text: str | None) -> str | None:
        return None if text is None else read_form(text).text

    @model_validator(mode="after")
    def _told(self) -> VariableDecision:
        if (self.verdict == "coarser") is not (self.form is not None):
            raise ValueError("a form goes with a variable that is granted in a coarser form")
        if self.verdict != "granted" and self.reason is None:
            raise ValueError("what is refused or made coarser needs a reason")
        return self

    @property
    def path(self) -> tuple[str, str, str]:
        """Dataset, table and variable."""
        return (self.dataset, self.table, self.variable)

    @property
    def key(self) -> str:
        """The variable as an application names it inside its one dataset: `table.variable`."""
        return f"{self.table}.{self.variable}"


class VotesSummary(Paper):
    """How many voted for what. `excluded`: members who took no part because of a conflict."""

    approve: Count = 0
    approve_with_conditions: Count = 0
    resubmit: Count = 0
    reject: Count = 0
    lay: Count = 0
    excluded: Count = 0

    @property
    def cast(self) -> int:
        """All votes."""
        return self.approve + self.approve_with_conditions + self.resubmit + self.reject

    @model_validator(mode="after")
    def _adds_up(self) -> VotesSummary:
        if self.lay > self.cast:
            raise ValueError("more lay votes than votes")
        return self


class Decision(Paper):
    """What was decided about the version with `version_digest`."""

    decision: Literal[1]
    id: Identifier
    application: Identifier
    version_number: Annotated[int, Field(ge=1, le=100_000)]
    version_digest: Sha256
    rules_version: Annotated[int, Field(ge=1, le=100_000)]
    rules_digest: Sha256
    route: DecidedBy
    round: Annotated[int, Field(ge=1, le=5)] = 1
    by_deadlock: bool = False
    """True if the votes came to no decision and the published rule for that was applied."""
    outcome: Outcome
    summary: Text
    """What was decided, in plain words, for everybody."""
    reasons: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
    conditions: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    variables: Annotated[tuple[VariableDecision, ...], Field(max_length=10_000)] = ()
    votes: VotesSummary
    dissent: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    """Reasons of members who voted otherwise, without their names."""
    until: Day | None = None
    """A last day that is earlier than the one asked for, where the committee set one."""
    replaces: Identifier | None = None
    """The decision that was set aside for this one."""
    decided_at: Moment

    @model_validator(mode="after")
    def _hangs_together(self) -> Decision:
        if (self.outcome == "approve_with_conditions") is not bool(self.conditions):
            raise ValueError("conditions go with an approval with conditions")
        if self.outcome in NO and self.variables:
            raise ValueError("variables are decided only where something is approved")
        if self.outcome in NO and self.until is not None:
            raise ValueError("a last day goes with an approval")
        if self.by_deadlock and self.outcome in YES:
            raise ValueError("a deadlock never becomes a yes")
        if named_twice(["\x00".join(one.path) for one in self.variables]) is not None:
            raise ValueError("a variable is decided twice")
        if self.outcome in YES and all(one.verdict == "refused" for one in self.variables):
            raise ValueError("an approval must grant at least one variable")
        if (self.route == "small_change") and (self.votes.cast or self.outcome not in YES):
            raise ValueError("a small change is agreed by an officer, and without votes")
        if self.replaces == self.id:
            raise ValueError("a decision cannot replace itself")
        return self

    @property
    def says_yes(self) -> bool:
        """True for an approval, with or without conditions."""
        return self.outcome in YES

    @property
    def struck(self) -> tuple[str, ...]:
        """Variables that were refused, each as `table.variable`."""
        return tuple(one.key for one in self.variables if one.verdict == "refused")

    @property
    def coarser(self) -> Mapping[str, str]:
        """The form of each variable that was granted in a coarser one, by `table.variable`."""
        return MappingProxyType(
            {one.key: one.form for one in self.variables if one.form is not None}
        )

    def published(self) -> dict[str, object]:
        """What the register shows and the public log commits to. There is nothing to leave out."""
        return self.plain()


def check_says_yes(decision: Decision) -> None:
    """Refuse to build on anything but an approval (P2). Raises CW-DECISION-REFUSED.

    Officers pass through here before they countersign, and so does whoever makes an agreement or a
    permit: no officer can approve what the committee did not.
    """
    if not decision.says_yes:
        raise Refused(
            "CW-DECISION-REFUSED",
            f"The application was {OUTCOME_WORDS[decision.outcome]}. "
            "Nobody else can approve it instead of the committee.",
        )


def can_build_on(decision: Decision) -> bool:
    """True if `check_says_yes` would let it pass."""
    return decision.says_yes


def check_about(decision: Decision, version_digest: str) -> None:
    """Refuse a decision about another version. Raises CW-DECISION-OTHER."""
    if decision.version_digest != version_digest:
        raise Refused(
            "CW-DECISION-OTHER", "The decision is about another version of the application."
        )


def headline(decision: Decision) -> str:
    """One sentence for the register and for the letter to the applicant."""
    votes = decision.votes
    if decision.route == "small_change":
        return (
            f"A small change was {OUTCOME_WORDS[decision.outcome]} on "
            f"{long_day(london_day(decision.decided_at))} by an information governance officer, "
            "as the published rules allow."
        )
    people = "vote" if votes.cast == 1 else "votes"
    return (
        f"The application was {OUTCOME_WORDS[decision.outcome]} on "
        f"{long_day(london_day(decision.decided_at))}, by {votes.cast} {people}, "
        f"{votes.lay} of them by lay members."
    )
