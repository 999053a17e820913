"""The roles of the service, and which of them need a second factor.

JOIN: when `commonweal.governance.roles` is in the house, ROLES and WORDS come from there; a test
holds this list against the ledger's (`ledger.events.ACCOUNT_ROLES`) until then.
"""

from __future__ import annotations

from collections.abc import Iterable

from commonweal.ledger.events import ACCOUNT_ROLES

WORDS: dict[str, str] = {
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
"""How people read each role; said in the middle of a sentence."""

ROLES: tuple[str, ...] = ACCOUNT_ROLES
OUTSIDE = frozenset({"applicant", "co_applicant", "signatory_applicant", "panel_member"})
"""Roles of people who are not the hospital's own. All others are staff roles."""


def is_staff(roles: Iterable[str]) -> bool:
    """True if any of the roles needs a second factor."""
    return any(role not in OUTSIDE for role in roles)
