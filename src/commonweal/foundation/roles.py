"""The closed list of roles that a person can hold: one list for the whole house (P2).

The ledger writes them, the roster gives them, governance asks for them, the service shows them.
Each of these takes the list from here; none has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

PersonRole = Literal[
    "applicant",
    "co_applicant",
    "signatory_applicant",
    "ig_officer",
    "data_manager",
    "committee_chair",
    "committee_member",
    "committee_lay",
    "committee_secretary",
    "rapporteur",
    "panel_member",
    "facilitator",
    "caldicott_guardian",
    "siro",
    "dpo",
    "information_asset_owner",
    "clinical_safety_officer",
    "output_checker",
    "signatory_custodian",
    "clinician",
]
PERSON_ROLES: tuple[PersonRole, ...] = get_args(PersonRole)

VotingRole = Literal["committee_chair", "committee_member", "committee_lay"]
VOTING_ROLES: tuple[VotingRole, ...] = get_args(VotingRole)
"""Roles whose holders vote on an application. The secretary and the officers never do."""

PERSON_ROLE_WORDS: Mapping[PersonRole, str] = MappingProxyType(
    {
        "applicant": "applicant",
        "co_applicant": "co-applicant",
        "signatory_applicant": "signatory for the applicant",
        "ig_officer": "information governance officer",
        "data_manager": "data manager",
        "committee_chair": "chair of the committee",
        "committee_member": "committee member",
        "committee_lay": "lay member of the committee",
        "committee_secretary": "secretary of the committee",
        "rapporteur": "rapporteur",
        "panel_member": "member of the public panel",
        "facilitator": "facilitator",
        "caldicott_guardian": "Caldicott Guardian",
        "siro": "Senior Information Risk Owner",
        "dpo": "Data Protection Officer",
        "information_asset_owner": "information asset owner",
        "clinical_safety_officer": "clinical safety officer",
        "output_checker": "output checker",
        "signatory_custodian": "signatory for the hospital",
        "clinician": "clinician",
    }
)
"""How people read each role; said in the middle of a sentence."""
