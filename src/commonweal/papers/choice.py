"""A choice that somebody made with the hospital about their own record, or took back.

Held in the vault alone, sealed: it names a person. Sources: UK GDPR Article 21 (the right to
object); DECISIONS P5 (parents act under 13, attorneys and deputies with scope and end, personal
representatives after a death); who may choose for whom is the table `choice_rules`. The national
data opt-out is made with the NHS and never held here: the licence of its list forbids to write it
down for a person, so there is no kind for it.
"""

from __future__ import annotations

import secrets
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.london import london_day
from commonweal.papers.base import Day, Identifier, Line, Moment, Paper
from commonweal.papers.choice_rules import (
    CONDITIONS,
    CONSENTS,
    KINDS,
    OF_ONE_PROJECT,
    OWN_AGE,
    REACHES,
    STAFFED,
    Channel,
    ChoiceKind,
    Relation,
    Scope,
    SetBy,
    WhoRule,
    who_rule,
)

__all__ = [
    "ID_LENGTH", "ID_LETTERS", "KINDS", "MOST", "OF_ONE_PROJECT", "OWN_AGE", "Channel", "Choice",
    "ChoiceId", "ChoiceKind", "Relation", "Scope", "SetBy", "Trusted", "Whose", "birthday",
    "new_choice_id",
]  # fmt: skip

ChoiceId = Annotated[str, StringConstraints(pattern=r"^[a-z2-9]{16}$")]
MOST = 10**9
ID_LETTERS = "abcdefghjkmnpqrstuvwxyz"
"""Letters alone: among digits one id in a million holds a valid NHS number, and no log takes it."""
ID_LENGTH = 16


def new_choice_id() -> str:
    """A random id: the same choice that is handed in twice is recorded once."""
    return "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))


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

    `born_on`: of the child, where a parent chose. `scope`, `ends_on`: what an attorney's or
    deputy's power is over, and its last day, where it has one. `died_on`: where a personal
    representative chose.
    """

    relation: Relation
    born_on: Day | None = None
    ends_on: Day | None = None
    died_on: Day | None = None
    scope: Scope | None = None

    @model_validator(mode="after")
    def _fits(self) -> Trusted:
        rule = who_rule("trusted_person", self.relation)
        for name in CONDITIONS:
            given = getattr(self, name) is not None
            if name in rule.needs and not given:
                raise ValueError(f"for this relation {name} must be given")
            if given and name not in rule.needs | rule.may_have:
                raise ValueError(f"for this relation {name} cannot be given")
        if self.scope is not None and self.scope not in REACHES:
            raise ValueError("a power over property does not reach health records")
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
        if self.made_on > london_day(self.recorded_at):
            raise ValueError("a choice is not written down before it was made")
        return self

    @property
    def rule(self) -> WhoRule:
        """What the table says of whoever made this choice."""
        return who_rule(self.set_by, None if self.trusted is None else self.trusted.relation)

    @model_validator(mode="after")
    def _somebody_may(self) -> Choice:
        rule = self.rule
        if self.trusted is not None and not self.trusted.may_act_on(self.made_on):
            raise ValueError("this person could not choose for the other on that day")
        if self.channel not in rule.channels:
            raise ValueError("whoever chose cannot choose in this way; what came by phone, post, "
                             "form or at a desk is written by staff")  # fmt: skip
        if (self.channel in STAFFED) is not (self.entered_by is not None):
            raise ValueError("what staff wrote down names who did, and nothing else names anybody")
        if rule.evidence and self.evidence is None:
            raise ValueError("a choice that somebody else wrote down or made needs evidence")
        if self.kind in CONSENTS and not rule.may_consent:
            raise ValueError("nobody says yes for an adult who cannot decide, or for the dead")
        return self
