"""Who may do what with accounts. `check_x` says why not, `can_x` asks it (rule 3)."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Refused
from commonweal.governance.roles import APPLICANT_SIDE, VOTING
from commonweal.governance.states.parties import WRITERS
from commonweal.web.accounts.models import Membership, Organisation, User
from commonweal.web.accounts.roles import OUTSIDE, ROLES, WORDS

_WORKERS = frozenset({"data_manager", "output_checker", "clinician"})
_COMMITTEE = frozenset(
    {"committee_chair", "committee_member", "committee_lay", "panel_member", "facilitator",
     "rapporteur"}
)  # fmt: skip
GIVES: dict[str, frozenset[str]] = {
    "data_manager": APPLICANT_SIDE | _WORKERS,
    "ig_officer": frozenset(ROLES) - _COMMITTEE,
    "committee_secretary": _COMMITTEE,
}
"""Which roles each of these brings people into. Nobody fills the committee and the officers who
countersign its decisions: the secretary keeps the one, information governance the other. Applicants
bring in co-applicants."""
INVITERS = frozenset(GIVES)
"""Staff roles that look after accounts."""
KEEPS_ALL = "ig_officer"
"""The one role that can give every role of the hospital but those of the committee."""
KEEPERS = frozenset({"data_manager", "ig_officer"})
"""Who keeps what is known of organisations and of people's accreditation."""
LAY_ROLES = frozenset({"committee_lay", "panel_member"})
HOSPITALS_OWN = frozenset(ROLES) - OUTSIDE - {"committee_lay", "facilitator", "rapporteur"}
"""Roles that only people of the hospital hold."""


def memberships_on(user: User, day: date) -> list[Membership]:
    """The roles that a person holds on `day`, with their organisations.

    What whoever lists many people has fetched already (with organisations) is not asked for again.
    """
    fetched = "memberships" in getattr(user, "_prefetched_objects_cache", {})
    rows = user.memberships.all() if fetched else user.memberships.select_related("organisation")
    return [one for one in rows if one.holds_on(day)]


def writing_in(user: User, day: date) -> frozenset[str]:
    """The projects in which a person writes on `day`, for an organisation outside the hospital; the
    empty name stands for all of theirs."""
    return frozenset(
        one.project
        for one in memberships_on(user, day)
        if one.role in WRITERS and one.organisation.kind != "custodian"
    )


def check_standing(user: User, day: date) -> None:
    """Refuse an account that has lapsed. Raises `Refused` CW-WEB-LAPSED.

    An accreditation that ran out stops the person; an organisation's assurance (DSPT) that ran
    out stops those whose every role is at such an organisation.
    """
    check_terms(user, memberships_on(user, day), day)


def check_terms(user: User, held: list[Membership], day: date) -> None:
    """As `check_standing`, with the roles that the person holds on `day` at hand."""
    if user.accredited_until is not None and user.accredited_until < day:
        raise Refused(
            "CW-WEB-LAPSED",
            f"Your accreditation ran out on {user.accredited_until:%d %B %Y}.",
            remedy="Renew it, and ask the data manager to enter the new date.",
        )
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
    if any(role in GIVES.get(one.role, ()) for one in held):
        if role in HOSPITALS_OWN and organisation.kind != "custodian":
            raise Refused("CW-WEB-ROLE", "Staff roles are held at the hospital itself.")
        return
    leads = any(one.role == "applicant" and one.organisation_id == organisation.pk for one in held)
    if leads and role == "co_applicant":
        return
    givers = sorted(WORDS[giver] for giver, roles in GIVES.items() if role in roles)
    raise Refused(
        "CW-WEB-ROLE",
        "Your account cannot invite people to this role.",
        remedy=f"Ask somebody who can: {' or '.join(givers)}.",
    )


def check_give(
    by: User, user: User, organisation: Organisation, role: str, day: date, project: str = ""
) -> None:
    """Refuse a role that `by` may not give to `user`. Raises `Refused` CW-WEB-ROLE.

    Nobody gives themselves a role. A lay member holds no office of the hospital beside it, and
    nobody has two votes: the roster, which decides, refuses both as well.
    """
    if by.pk == user.pk:
        raise Refused("CW-WEB-ROLE", "Nobody gives themselves a role: ask a colleague.")
    check_invite(by, organisation, role, day, project)
    check_together(user, role, day)


def check_together(user: User, role: str, day: date) -> None:
    """Refuse a role that cannot be held beside those that a person has. Raises CW-WEB-ROLE."""
    beside = user.roles_on(day) | {role}
    if "committee_lay" in beside and not beside <= LAY_ROLES:
        raise Refused(
            "CW-WEB-ROLE", "A lay member of the committee holds no other role but on the panel."
        )
    if len(beside & VOTING) > 1:
        raise Refused("CW-WEB-ROLE", "Nobody has two seats on the committee.")


def check_end(by: User, row: Membership, day: date) -> None:
    """Refuse the end of a role that `by` could not have given. One's own may be laid down.

    Raises `Refused` CW-WEB-ROLE.
    """
    if row.user_id != by.pk:
        check_invite(by, row.organisation, row.role, day, row.project)


def check_manage(user: User, day: date) -> None:
    """Refuse who does not look after accounts. Raises `Refused` CW-WEB-DENIED."""
    if not can_manage(user, day):
        raise Refused("CW-WEB-DENIED", "Your account cannot look after accounts.")


def can_manage(user: User, day: date) -> bool:
    """Whether a person looks after accounts: a role of `INVITERS`, for all projects."""
    return any(one.role in INVITERS and not one.project for one in memberships_on(user, day))


def check_close(by: User, user: User, day: date) -> None:
    """Refuse to close or open an account that `by` has no say over.

    Who could give every role that the person holds may close the account; whoever holds none may be
    closed by anybody who looks after accounts. Raises `Refused` CW-WEB-DENIED, CW-WEB-ROLE.
    """
    check_manage(by, day)
    if by.pk == user.pk:
        raise Refused("CW-WEB-DENIED", "Nobody closes their own account: ask a colleague.")
    for one in memberships_on(user, day):
        check_invite(by, one.organisation, one.role, day, one.project)


def check_not_last(user: User, day: date) -> None:
    """Refuse to take the last information governance officer: nobody could make another one.

    Counted is who could go on at once: an open account in good standing that holds the role for all
    projects. The caller holds `lock_keepers`. Raises `Refused` CW-WEB-DENIED.
    """
    rows = Membership.objects.filter(role=KEEPS_ALL, project="", user__is_active=True)
    holders = {
        one.user
        for one in rows.select_related("user", "organisation")
        if one.holds_on(day) and one.organisation.kind == "custodian" and can_use(one.user, day)
    }
    if user in holders and len(holders) == 1:
        raise Refused(
            "CW-WEB-DENIED",
            f"This is the last {WORDS[KEEPS_ALL]}, so nobody could bring in another one.",
            remedy="Give the role to a colleague first.",
        )


def lock_keepers() -> None:
    """Lock every account that may be the last one, in one order: two who close each other wait."""
    held = Membership.objects.filter(role=KEEPS_ALL, project="").values("user")
    list(User.objects.select_for_update().filter(pk__in=held).order_by("pk").values_list("pk"))


def check_organisation(by: User, day: date) -> None:
    """Refuse who does not keep what is known of organisations. Raises `Refused` CW-WEB-DENIED."""
    held = {one.role for one in memberships_on(by, day) if not one.project}
    if not held & KEEPERS:
        raise Refused(
            "CW-WEB-DENIED",
            "Assurance and accreditation are entered by the data manager or the information "
            "governance officer.",
        )


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
