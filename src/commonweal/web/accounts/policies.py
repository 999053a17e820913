"""Who may do what with accounts. `check_x` says why not, `can_x` asks it (rule 3)."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Refused
from commonweal.web.accounts.models import Membership, Organisation, User
from commonweal.web.accounts.roles import OUTSIDE, ROLES

INVITERS = frozenset({"data_manager", "ig_officer", "committee_secretary"})
"""Staff roles that may bring in people for any role. Others may bring in co-applicants."""


def memberships_on(user: User, day: date) -> list[Membership]:
    """The roles that a person holds on `day`, with their organisations.

    What whoever lists many people has fetched already (with organisations) is not asked for again.
    """
    fetched = "memberships" in getattr(user, "_prefetched_objects_cache", {})
    rows = user.memberships.all() if fetched else user.memberships.select_related("organisation")
    return [one for one in rows if one.holds_on(day)]


def check_standing(user: User, day: date) -> None:
    """Refuse an account that has lapsed. Raises `Refused` CW-WEB-LAPSED.

    An accreditation that ran out stops the person; an organisation's assurance (DSPT) that ran
    out stops those whose every role is at such an organisation.
    """
    if user.accredited_until is not None and user.accredited_until < day:
        raise Refused(
            "CW-WEB-LAPSED",
            f"Your accreditation ran out on {user.accredited_until:%d %B %Y}.",
            remedy="Renew it, and ask the data manager to enter the new date.",
        )
    held = memberships_on(user, day)
    if held and all(_lapsed(one.organisation, day) for one in held):
        raise Refused(
            "CW-WEB-LAPSED",
            "The data security assurance (DSPT) of your organisation has run out.",
            remedy="Your organisation renews it; until then you can see public pages only.",
        )


def can_use(user: User, day: date) -> bool:
    """Whether `check_standing` passes."""
    try:
        check_standing(user, day)
    except Refused:
        return False
    return True


def _lapsed(organisation: Organisation, day: date) -> bool:
    return organisation.assured_until is not None and organisation.assured_until < day


def check_invite(
    user: User, organisation: Organisation, role: str, day: date, project: str = ""
) -> None:
    """Refuse an invitation that `user` may not give; no project is all of them.

    Who holds a role for one project brings nobody into others. Raises `Refused` CW-WEB-ROLE.
    """
    if role not in ROLES:
        raise Refused("CW-WEB-ROLE", "There is no such role.")
    held = [one for one in memberships_on(user, day) if one.project in ("", project)]
    if any(one.role in INVITERS for one in held):
        if role not in OUTSIDE and organisation.kind != "custodian":
            raise Refused("CW-WEB-ROLE", "Staff roles are held at the hospital itself.")
        return
    leads = any(one.role == "applicant" and one.organisation_id == organisation.pk for one in held)
    if not (leads and role == "co_applicant"):
        raise Refused("CW-WEB-ROLE", "Your account cannot invite people to this role.")


def can_invite(
    user: User, organisation: Organisation, role: str, day: date, project: str = ""
) -> bool:
    """Whether `check_invite` passes."""
    try:
        check_invite(user, organisation, role, day, project)
    except Refused:
        return False
    return True


def project_to_invite_to(user: User, organisation: Organisation, role: str, day: date) -> str:
    """The one project that `user` can invite to, or the empty text for all of them."""
    if can_invite(user, organisation, role, day):
        return ""
    named = {one.project for one in memberships_on(user, day)}
    found = [one for one in named if can_invite(user, organisation, role, day, one)]
    return found[0] if len(found) == 1 else ""
