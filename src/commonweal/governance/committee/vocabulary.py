"""The closed lists that the committee's papers are written with (domain reference 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from commonweal.foundation import roles

Outcome = Literal["approve", "approve_with_conditions", "resubmit", "reject"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""The four outcomes, which are also the four ways to vote. Nobody abstains: who cannot say yes
votes `resubmit`, who does not understand asks, who has a conflict takes no part."""

YES: frozenset[Outcome] = frozenset({"approve", "approve_with_conditions"})
NO: frozenset[Outcome] = frozenset({"resubmit", "reject"})

OUTCOME_WORDS: Mapping[Outcome, str] = MappingProxyType(
    {
        "approve": "approved",
        "approve_with_conditions": "approved with conditions",
        "resubmit": "asked to be changed and sent again",
        "reject": "rejected",
    }
)

DecisionRule = Literal["unanimous", "majority", "consensus_and_chair"]
Route = Literal["committee", "proportionate", "chair"]
ROUTES: tuple[Route, ...] = get_args(Route)
DecidedBy = Route | Literal["small_change"]
"""Who made a decision: members by one of their routes, or an officer for a small change."""

VotingRole = roles.VotingRole
VOTING_ROLES = roles.VOTING_ROLES

VariableVerdict = Literal["granted", "coarser", "refused"]

Interest = Literal[
    "own_application",
    "works_with_applicant",
    "family_or_friend",
    "money",
    "same_department",
    "rival",
    "other",
]
INTEREST_WORDS: Mapping[Interest, str] = MappingProxyType(
    {
        "own_application": "takes part in the project",
        "works_with_applicant": "works with, or for, somebody who asks for the data",
        "family_or_friend": "is close to somebody who asks for the data",
        "money": "could gain or lose money",
        "same_department": "belongs to the same department or company",
        "rival": "works on something that competes with it",
        "other": "has another reason",
    }
)
"""Kinds of conflict of interest, said of the member."""

Criterion = Literal[
    "not_about_ai",
    "no_company",
    "stays_in_enclave",
    "no_free_text_image_or_genomic",
    "no_restricted_codes",
    "national_opt_out_applied",
    "like_an_approved_project",
    "no_new_linkage",
]
CRITERION_WORDS: Mapping[Criterion, str] = MappingProxyType(
    {
        "not_about_ai": "the use is not about AI",
        "no_company": "no company asks for the data, works on them or gains from them",
        "stays_in_enclave": "the data stay inside the hospital's secure environment",
        "no_free_text_image_or_genomic": "no notes, pictures or genetic data are asked for",
        "no_restricted_codes": "nothing is asked for that the law protects in a special way",
        "national_opt_out_applied": "the national data opt-out is applied",
        "like_an_approved_project": "the committee approved a project like it before",
        "no_new_linkage": "the data are not put together with data from elsewhere",
    }
)
"""Conditions of the proportionate (short) route."""

LighterCriterion = Literal[
    "tests_existing_product",
    "assessed_before",
    "nothing_new_for_people",
    "no_group_worse_off",
    "panel_agreed_kind",
]
LIGHTER_WORDS: Mapping[LighterCriterion, str] = MappingProxyType(
    {
        "tests_existing_product": "an existing product is tested, and none is trained",
        "assessed_before": "an impact assessment of the same use was published before",
        "nothing_new_for_people": "no new kind of person or care is touched",
        "no_group_worse_off": "no group is known to come off worse",
        "panel_agreed_kind": "the public panel agreed that this kind of project may go this way",
    }
)
"""Conditions of the lighter route of an impact assessment (P6)."""

SmallChange = Literal[
    "person_added",
    "person_left",
    "contact_changed",
    "evidence_renewed",
    "less_data",
    "shorter_period",
]
SMALL_CHANGE_WORDS: Mapping[SmallChange, str] = MappingProxyType(
    {
        "person_added": "somebody with the same training joins from an organisation in the permit",
        "person_left": "somebody leaves the project",
        "contact_changed": "the data protection officer to write to changes",
        "evidence_renewed": "training or security that was shown before is shown anew",
        "less_data": "fewer items or less detail are used",
        "shorter_period": "the project ends sooner",
    }
)
"""Changes to a project that may be decided without the committee."""

ChairsReason = Literal["conditions_met", "correction", "public_health_emergency"]
CHAIRS_WORDS: Mapping[ChairsReason, str] = MappingProxyType(
    {
        "conditions_met": "to confirm that conditions of the committee have been met",
        "correction": "to put right a mistake that changes nobody's data",
        "public_health_emergency": "in a public health emergency that cannot wait for a meeting",
    }
)
"""What a chair may act for before the next meeting."""
