"""Who may look up counts for feasibility: researchers of organisations under contract.

What the counts can tell is bounded whoever asks (`papers.cube`). The contract is there so that
somebody answers for what is done with them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from commonweal.foundation.errors import Refused
from commonweal.web.accounts.models import Membership
from commonweal.web.accounts.policies import can_use, memberships_on
from commonweal.web.projects.models import Framework

RESEARCHERS = frozenset({"applicant", "co_applicant"})
KEEPERS = frozenset({"data_manager", "ig_officer"})
"""Who looks after what can be asked, and sees what researchers see."""


def check_ask(person: Any, day: date) -> None:
    """Refuse whoever may not look counts up. Raises `Refused` CW-WEB-DENIED.

    A role for one project gives nothing here: these counts belong to no project. The hospital needs
    no contract with itself.
    """
    if not person.is_authenticated:
        raise _denied("You are not signed in.")
    if keeps(person, day):
        return
    held = _researching(person, day)
    if not held:
        raise _denied("Only people whose account may ask for data can look numbers up.")
    if all(one.organisation.kind != "custodian" for one in held) and not _under_contract(held, day):
        raise _denied("Your organisation has no framework contract with the hospital.")


def keeps(person: Any, day: date) -> bool:
    """True for whoever looks after what can be asked; they see why counts were not made."""
    return bool(
        person.is_authenticated
        and can_use(person, day)
        and any(
            one.role in KEEPERS and not one.project and one.organisation.kind == "custodian"
            for one in memberships_on(person, day)
        )
    )


def why_not(person: Any, day: date) -> str:
    """Why `person` may not look counts up; empty if they may."""
    try:
        check_ask(person, day)
    except Refused as error:
        return error.sentence
    return ""


def _researching(person: Any, day: date) -> list[Membership]:
    """Where the person does research for all projects, at organisations that are assured."""
    if not can_use(person, day):
        return []
    return [
        one for one in memberships_on(person, day)
        if one.role in RESEARCHERS and not one.project
        and (one.organisation.assured_until is None or one.organisation.assured_until >= day)
    ]  # fmt: skip


def _under_contract(held: list[Membership], day: date) -> bool:
    return Framework.objects.filter(
        organisation__in=[one.organisation_id for one in held], state="in_force", ends__gte=day
    ).exists()


def _denied(sentence: str) -> Refused:
    return Refused(
        "CW-WEB-DENIED",
        sentence,
        remedy="You can apply without these numbers, and ask the hospital about a contract.",
    )
