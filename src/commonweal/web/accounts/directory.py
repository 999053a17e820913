"""People, organisations, invitations and sessions, as the pages about accounts show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.papers.roster import Roster
from commonweal.web.accounts import policies
from commonweal.web.accounts.models import Invitation, Membership, Organisation, SignIn, User
from commonweal.web.accounts.policies import GIVES, memberships_on
from commonweal.web.accounts.presenters import said
from commonweal.web.accounts.roles import ROLES

MEANS = {"password": "password", "persona": "made-up person", "cis2": "NHS CIS2"}


class Counted(Sequence[Any]):
    """Rows of the database that are counted, and fetched a page at a time."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = int(self.rows.count())
        return self._count

    def __getitem__(self, wanted: Any) -> Any:
        found = self.rows[wanted]
        return list(found) if isinstance(wanted, slice) else found


def people_matching(words: str) -> QuerySet[Any]:
    """Accounts whose name, address or organisation holds `words`."""
    rows = User.objects.prefetch_related("memberships__organisation")
    if words:
        found = Q(name__icontains=words) | Q(email__icontains=words)
        found |= Q(memberships__organisation__name__icontains=words)
        rows = rows.filter(pk__in=User.objects.filter(found).values("pk"))
    return rows


def person_line(user: User, day: date) -> dict[str, Any]:
    """One person in the list."""
    held = [one for one in user.memberships.all() if one.holds_on(day)]
    return {
        "id": user.public_id,
        "name": user.name,
        "roles": ", ".join(sorted({said(one.role) for one in held})) or "No role",
        "organisations": ", ".join(sorted({one.organisation.name for one in held})),
        "standing": standing_of(user, held, day),
    }


def standing_of(user: User, held: list[Membership], day: date) -> str:
    """Whether the account can be used, in one word or two."""
    if not user.is_active:
        return "Closed"
    try:
        policies.check_terms(user, held, day)
    except Refused:
        return "Stopped"
    return "In use"


def terms_of(user: User, by: User, day: date) -> list[dict[str, Any]]:
    """Every role that a person holds or held, and whether `by` may end it."""
    found = []
    for one in user.memberships.select_related("organisation").order_by("-begins", "-id"):
        live = one.holds_on(day)
        found.append(
            {
                "number": one.pk,
                "role": said(one.role),
                "organisation": one.organisation.name,
                "project": one.project or "all projects",
                "begins": one.begins,
                "ends": one.ends,
                "live": live,
                "may_end": live and _passes(policies.check_end, by, one, day),
            }
        )
    return found


def _passes(check: Any, *said_: Any) -> bool:
    try:
        check(*said_)
    except Refused:
        return False
    return True


def roles_to_give(by: User, day: date) -> list[str]:
    """The roles that a person brings others into, in the house's order."""
    held = {one.role for one in memberships_on(by, day)}
    mine = set().union(*(GIVES.get(role, frozenset()) for role in held))
    if "applicant" in held:
        mine.add("co_applicant")
    return [role for role in ROLES if role in mine]


# --- the service and the signed list -----------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A role that a person holds in one place only. `where`: which."""

    person: str
    name: str
    role: str
    where: str


SERVICE_ONLY = "In this service only: what this person signs in this role does not count."
LIST_ONLY = "On the signed list only: this person cannot work in this role here."


def differences(users: Iterable[User], roster: Roster, at: datetime) -> list[Difference]:
    """Where the roles of the service and those of the signed list differ, by person.

    Roles for one project are not on the list, so they are left out. People of the list who have no
    account here are shown with the name that the list has.
    """
    listed = {
        one.id: ({term.role for term in one.roles if term.covers(at)}, one.name)
        for one in roster.people
    }
    here: dict[str, tuple[set[str], str]] = {}
    for user in users:
        held = {
            one.role for one in user.memberships.all()
            if one.holds_on(london_day(at)) and not one.project
        }  # fmt: skip
        here[user.public_id] = (held if user.is_active else set(), user.name)
    found = []
    for person in sorted(here.keys() | listed.keys()):
        mine, name = here.get(person, (set(), ""))
        theirs, signed_name = listed.get(person, (set(), ""))
        shown = name or signed_name
        found += [Difference(person, shown, said(r), SERVICE_ONLY) for r in sorted(mine - theirs)]
        found += [Difference(person, shown, said(r), LIST_ONLY) for r in sorted(theirs - mine)]
    return found


# --- organisations, invitations, sessions -------------------------------------------------------


def organisation_line(row: Organisation, day: date) -> dict[str, Any]:
    """One organisation in the list."""
    return {
        "id": row.public_id,
        "name": row.name,
        "kind": dict(Organisation.KINDS)[row.kind],
        "reference": row.reference,
        "until": row.assured_until,
        "over": row.assured_until is not None and row.assured_until < day,
    }


def invitation_line(row: Invitation, by: User, at: datetime) -> dict[str, Any]:
    """One invitation in the list, and whether `by` may send it again or withdraw it."""
    unused = row.accepted_at is None and row.withdrawn_at is None
    if row.accepted_at is not None:
        state = "Accepted"
    elif row.withdrawn_at is not None:
        state = "Withdrawn"
    else:
        state = "Waiting" if at < row.expires_at else "Run out"
    allowed = _passes(
        policies.check_invite, by, row.organisation, row.role, london_day(at), row.project
    )
    return {
        "id": row.pk,
        "email": row.email,
        "role": said(row.role),
        "organisation": row.organisation.name,
        "by": row.invited_by.name,
        "until": row.expires_at,
        "state": state,
        "may": unused and allowed,
    }


def sessions_shown(rows: Iterable[SignIn], current: str | None) -> list[dict[str, Any]]:
    """The sessions of a person; the one that looks is marked."""
    return [
        {
            "device": one.device,
            "means": MEANS.get(one.means, one.means),
            "began": one.began_at,
            "seen": one.seen_at,
            "current": one.public_id == current,
        }
        for one in rows
    ]
