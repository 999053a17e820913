"""Groups of roles that take steps together, named once for all machines."""

from __future__ import annotations

from commonweal.governance.roles import RoleName

WRITERS: tuple[RoleName, ...] = ("applicant", "co_applicant")
"""Who writes on an application. Sending and taking back is for the applicant alone."""
DESK: tuple[RoleName, ...] = ("ig_officer", "data_manager")
"""Who checks what arrives."""
MEMBERS: tuple[RoleName, ...] = ("committee_chair", "committee_member", "committee_lay")
RECORDERS: tuple[RoleName, ...] = ("committee_chair", "committee_secretary")
"""Who runs a meeting and writes down what the committee decided."""
OFFICERS: tuple[RoleName, ...] = ("caldicott_guardian", "siro")
STOPPERS: tuple[RoleName, ...] = (
    *OFFICERS,
    "dpo",
    "information_asset_owner",
    "ig_officer",
)
"""Who may suspend work. The data manager may pause it as well."""
SIGNING_OFF: tuple[RoleName, ...] = ("ig_officer", "information_asset_owner")
"""Who may sign a release off as the second person: nobody whose work is to build them."""
CHECKERS: tuple[RoleName, ...] = ("output_checker",)
"""Who judges outputs. Two different people of them do, and nobody does it for them."""
RECALLERS: tuple[RoleName, ...] = (
    *OFFICERS,
    "ig_officer",
    "information_asset_owner",
    "output_checker",
)
"""Who may say that an output should not have left: one person is enough."""
