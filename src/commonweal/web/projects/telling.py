"""Whom the steps of agreements and permits are told to."""

from __future__ import annotations

from typing import Any

from commonweal.web.accounts.models import User
from commonweal.web.applications.telling import writers
from commonweal.web.letters.telling import holding, tell_all
from commonweal.web.projects.models import Agreement, Framework, Permit

_SIDE = {"offered": "signatory_applicant", "accepted_by_applicant": "signatory_custodian"}
_OFFICE = {
    "with_officers": ("caldicott_guardian", "siro"),
    "guardian_signed": ("siro",),
    "siro_signed": ("caldicott_guardian",),
}


def to_sign(row: Agreement | Framework, paper: Any) -> None:
    """An agreement or contract has come to somebody who signs next: to them, by name or office."""
    framework = isinstance(row, Framework)
    page = "projects:framework" if framework else "projects:agreement"
    if row.state in _SIDE:
        named = paper.signatory_ids()
        # Internal terms have nobody on the other side: the hospital's signatory comes first.
        ids = named[_SIDE[row.state]] or named["signatory_custodian"]
        people = list(User.objects.filter(public_id__in=ids))
        tell_all(people, "signature_asked", page, row.reference)
    elif row.state in _OFFICE and not framework:
        officers = holding(_OFFICE[row.state])
        tell_all(officers, "signature_asked", "projects:countersign", row.reference)


def permit_is(row: Permit) -> None:
    """A permit was announced, or work under it may begin."""
    kind = {"announced": "permit_announced", "active": "permit_active"}.get(row.state)
    if kind is not None:
        tell_all(writers(row.application), kind, "projects:permit", row.reference)
        if kind == "permit_active":
            tell_all(holding(("data_manager",)), "your_turn", "releases:permit", row.reference)
