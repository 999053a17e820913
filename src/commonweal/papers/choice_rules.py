"""Who may make which choice for whom, and when that ends: one closed table (DECISIONS P5).

Sources: Data Protection Act 2018, section 9 (a child acts alone from 13, the age of the national
opt-out as well); Mental Capacity Act 2005, sections 9 to 11 and 16 to 20 (attorneys and deputies
act within their scope and time) and 30 to 34 (taking part in research is not theirs to agree to by
themselves: those who act for an adult can say no here and never yes). What is not in the table is
refused. `docs/reference/choices.md` is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ChoiceKind = Literal[
    "local_objection", "no_ai_training", "no_companies", "no_research_here", "project_objection",
    "project_consent", "withdrawal",
]  # fmt: skip
"""Every kind that the journal may hold. The national opt-out is none of them and never will be: the
licence of its list forbids to write it down for a person."""
SetBy = Literal["self", "staff", "trusted_person"]
Relation = Literal["parent", "attorney", "deputy", "personal_representative"]
Channel = Literal["page", "form", "phone", "post", "desk", "api"]
Scope = Literal["health_and_welfare", "property_and_affairs"]
Condition = Literal["born_on", "died_on", "ends_on", "scope"]

KINDS: tuple[ChoiceKind, ...] = get_args(ChoiceKind)
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
OF_ONE_PROJECT: frozenset[ChoiceKind] = frozenset(
    {"project_objection", "project_consent", "withdrawal"}
)
CONSENTS: frozenset[ChoiceKind] = frozenset({"project_consent"})
STAFFED: frozenset[Channel] = frozenset({"form", "phone", "post", "desk"})
"""Channels on which a member of staff writes down what somebody chose."""
REACHES: frozenset[Scope] = frozenset({"health_and_welfare"})
"""Scopes of a power that reach health records."""
OWN_AGE = 13
"""From this birthday on a young person alone chooses."""


@dataclass(frozen=True)
class WhoRule:
    """What one kind of person may do.

    `needs`: conditions that must be filled; `may_have`: those that may be; no others may.
    `evidence`: it must be said where it is written down. `may_consent`: they may say yes to a
    project. `takes_back`: whose choices they take back.
    """

    set_by: SetBy
    relation: Relation | None
    whom: str
    channels: frozenset[Channel]
    needs: frozenset[Condition]
    may_have: frozenset[Condition]
    evidence: bool
    may_consent: bool
    takes_back: frozenset[SetBy]
    ends: str


_OWN: frozenset[Channel] = frozenset({"page", "api"})
_NONE: frozenset[Condition] = frozenset()
_EVERYBODY: frozenset[SetBy] = frozenset({"self", "staff", "trusted_person"})
_TRUSTED: frozenset[SetBy] = frozenset({"trusted_person"})
_LASTS = "The choice goes on until it is taken back."

WHO: tuple[WhoRule, ...] = (
    WhoRule("self", None, "themselves", _OWN, _NONE, _NONE, False, True, _EVERYBODY, _LASTS),
    WhoRule(
        "staff", None, "somebody who asked them", STAFFED, _NONE, _NONE, True, True, _EVERYBODY,
        _LASTS,
    ),
    WhoRule(
        "trusted_person", "parent", f"their child under {OWN_AGE}", _OWN | STAFFED,
        frozenset({"born_on"}), _NONE, True, True, _TRUSTED,
        f"Parents choose until the day before the {OWN_AGE}th birthday. What they chose goes on "
        "until the young person changes it.",
    ),
    *(
        WhoRule(
            "trusted_person", relation, "an adult who cannot decide this", _OWN | STAFFED,
            frozenset({"scope"}), frozenset({"ends_on"}), True, False, _TRUSTED,
            "They choose until the last day of their power, where it has one. What they chose goes "
            "on.",
        )
        for relation in ("attorney", "deputy")
    ),
    WhoRule(
        "trusted_person", "personal_representative", "somebody who has died", _OWN | STAFFED,
        frozenset({"died_on"}), _NONE, True, False, _TRUSTED,
        "They choose from the day of the death on. The choice goes on.",
    ),
)  # fmt: skip
"""Everybody who may choose. What a person chose themselves nobody takes back for them."""


def who_rule(set_by: SetBy, relation: Relation | None) -> WhoRule:
    """The row for these. Raises ValueError where there is none."""
    for rule in WHO:
        if (rule.set_by, rule.relation) == (set_by, relation):
            return rule
    raise ValueError("who chose for somebody else says what they are to them, and nobody else does")


DOES: dict[ChoiceKind, str] = {
    "local_objection": "Your record is left out of every project of this hospital.",
    "no_ai_training": "Your record is left out of projects that train or test AI.",
    "no_companies": "Your record is left out of projects in which a company takes part.",
    "no_research_here": "Your record is left out of research with this hospital's data.",
    "project_objection": "Your record is left out of this one project.",
    "project_consent": "Your record may be used for this one project.",
    "withdrawal": "Your record is taken out of this one project.",
}
"""What a choice does, for the person."""
TAKEN_BACK = "The earlier choice does not count any more."
WHEN = (
    "It counts for every copy of data that is made from now on. No study begins new work on an "
    "older copy."
)
UNDONE = (
    (
        "It cannot take back results that were already made public, or what a study has already "
        "worked out."
    ),
    "An AI tool that has already learned from your record stays as it is.",
    "It does not count where the law or a court orders a use.",
)
"""What no choice undoes."""
CARE = "It changes nothing about your care, and your care team cannot see it here."
CANNOT = " ".join((*UNDONE, CARE))
"""What no choice does."""
NOT_NATIONAL = (
    "The national data opt-out is not kept here: only the NHS keeps it, and its rules forbid "
    "others to store it. People set it at nhs.uk/your-nhs-data-matters or on 0300 303 5678."
)
_NATIONAL = frozenset({"ndoo", "national", "nationaloptout", "nationaldataoptout", "type2"})


def is_national(kind: str) -> bool:
    """Whether somebody means the national opt-out, however they spell it."""
    return "".join(filter(str.isalnum, kind.casefold())) in _NATIONAL
