"""A choice that somebody made with the hospital about their own record, or took back.

Held in the vault alone, sealed: it names a person. Sources: UK GDPR Article 21 (the right to
object); DECISIONS P5 (parents act under 13, attorneys and deputies with scope and end, personal
representatives after a death). The national data opt-out is made with the NHS and never held here:
the licence of its list forbids to write it down for a person, so there is no kind for it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.identifiers import NHSNumber
from commonweal.papers.base import Day, Identifier, Line, Moment, Paper

ChoiceKind = Literal[
    "local_objection", "no_ai_training", "no_companies", "no_research_here", "project_objection",
    "project_consent", "withdrawal",
]  # fmt: skip
SetBy = Literal["self", "staff", "trusted_person"]
Relation = Literal["parent", "attorney", "deputy", "personal_representative"]
Channel = Literal["page", "form", "phone", "post", "desk", "api"]
KINDS: tuple[ChoiceKind, ...] = get_args(ChoiceKind)
OF_ONE_PROJECT = frozenset({"project_objection", "project_consent", "withdrawal"})
OWN_AGE = 13
"""From this birthday on a young person chooses alone (the age of the national opt-out)."""
ChoiceId = Annotated[str, StringConstraints(pattern=r"^[a-z2-9]{16}$")]
MOST = 10**9


class Whose(Paper):
    """Whom a choice is about: by NHS number, or by the record key of one dataset."""

    kind: Literal["nhs_number", "record_key"]
    identifier: Line
    dataset: Identifier | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> Whose:
        if self.kind == "nhs_number":
            if self.dataset is not None:
                raise ValueError("an NHS number belongs to no one dataset")
            if NHSNumber(self.identifier).digits != self.identifier:
                raise ValueError("an NHS number is written as ten digits")
        elif self.dataset is None:
            raise ValueError("a record key belongs to a dataset; it must be named")
        return self


class Trusted(Paper):
    """Who chose for somebody else, and until when they may.

    `born_on`: of the child, where a parent chose. `ends_on`: the last day of an attorney's or
    deputy's power, where it has one. `died_on`: where a personal representative chose.
    """

    relation: Relation
    born_on: Day | None = None
    ends_on: Day | None = None
    died_on: Day | None = None

    @model_validator(mode="after")
    def _fits(self) -> Trusted:
        needs = {"parent": "born_on", "personal_representative": "died_on"}.get(self.relation)
        for name in ("born_on", "died_on"):
            if (getattr(self, name) is not None) is not (name == needs):
                raise ValueError(f"for this relation {name} {'must' if name == needs else 'can'} "
                                 f"{'be given' if name == needs else 'not be given'}")  # fmt: skip
        if self.ends_on is not None and self.relation not in ("attorney", "deputy"):
            raise ValueError("only the power of an attorney or deputy has a last day")
        return self

    def may_act_on(self, day: date) -> bool:
        """Whether this person may choose for the other on `day`."""
        if self.born_on is not None:
            return self.born_on <= day < birthday(self.born_on, OWN_AGE)
        if self.died_on is not None:
            return self.died_on <= day
        return self.ends_on is None or day <= self.ends_on


def birthday(born_on: date, years: int) -> date:
    """The day on which somebody becomes so old; who was born on 29 February, on 1 March."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


class Choice(Paper):
    """One choice, or the taking back of an earlier one (`takes_back`: its number).

    `made_on`: the day on which the person said it. `effective_from`, `effective_to`: both days
    inclusive. `entered_by`: the member of staff who wrote it down. `evidence`: where it is
    recorded; no health details. Raises ValueError for what does not hang together.
    """

    choice: Literal[1]
    id: ChoiceId
    whose: Whose
    kind: ChoiceKind | None = None
    takes_back: Annotated[int, Field(ge=1, le=MOST)] | None = None
    project: Identifier | None = None
    effective_from: Day
    effective_to: Day | None = None
    set_by: SetBy
    trusted: Trusted | None = None
    channel: Channel
    entered_by: Identifier | None = None
    evidence: Line | None = None
    made_on: Day
    recorded_at: Moment

    @model_validator(mode="after")
    def _says_one_thing(self) -> Choice:
        if (self.kind is None) == (self.takes_back is None):
            raise ValueError("a choice has a kind, or takes an earlier one back")
        if (self.project is not None) is not (self.kind in OF_ONE_PROJECT):
            raise ValueError("a choice about one project names it, and no other choice does")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("the choice would end before it begins")
        if self.takes_back is not None and self.effective_to is not None:
            raise ValueError("what takes a choice back has no last day")
        if self.effective_from < self.made_on:
            raise ValueError("a choice does not begin before it was made")
        return self

    @model_validator(mode="after")
    def _somebody_may(self) -> Choice:
        if (self.trusted is not None) is not (self.set_by == "trusted_person"):
            raise ValueError("who chose for somebody else says what they are to them")
        if self.trusted is not None and not self.trusted.may_act_on(self.made_on):
            raise ValueError("this person could not choose for the other on that day")
        if self.set_by == "self" and self.channel not in ("page", "api"):
            raise ValueError("what came by phone, post, form or at a desk is written by staff")
        if self.set_by == "staff" and self.entered_by is None:
            raise ValueError("what staff wrote down names who wrote it down")
        if self.set_by != "self" and self.evidence is None:
            raise ValueError("a choice that somebody else wrote down or made needs evidence")
        return self
