"""The closed list of roles in which people act in the service (P2, domain reference 5.4).

One person may hold several; each act names the one role in which it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

RoleName = Literal[
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
    "public",
    "system",
]
ROLES: tuple[RoleName, ...] = get_args(RoleName)

ROLE_WORDS: Mapping[RoleName, str] = MappingProxyType(
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
        "public": "member of the public",
        "system": "the system itself",
    }
)
"""How people read each role; said in the middle of a sentence."""

APPLICANT_SIDE: frozenset[RoleName] = frozenset(
    {"applicant", "co_applicant", "signatory_applicant"}
)
VOTING: frozenset[RoleName] = frozenset({"committee_chair", "committee_member", "committee_lay"})
"""Roles whose holders vote on an application. The secretary and the officers never do."""
LAY: frozenset[RoleName] = frozenset({"committee_lay"})
COUNTERSIGNING: tuple[RoleName, ...] = ("caldicott_guardian", "siro")
"""Officers who must both countersign before a permit is made (P2)."""
OUTSIDE: frozenset[RoleName] = APPLICANT_SIDE | {"public"}
"""Roles that people outside the hospital hold; the panel and committee are inside."""
