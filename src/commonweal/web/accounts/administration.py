"""Use cases of those who look after accounts: people, organisations, and what ends at once."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction
from django.urls import reverse

from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts import sessions
from commonweal.web.accounts.linking import end_link
from commonweal.web.accounts.models import ApiToken, Membership, Organisation, User
from commonweal.web.accounts.policies import (
    INVITERS,
    KEEPS_ALL,
    check_close,
    check_end,
    check_give,
    check_manage,
    check_not_last,
    check_organisation,
    lock_keepers,
    memberships_on,
)
from commonweal.web.accounts.roles import WORDS
from commonweal.web.accounts.services import end_role, end_token, give_role
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.letters.services import tell


def acting(by: User) -> Actor:
    """The person as the ledger names them, in the first role by which they look after accounts.

    A role for one project looks after no accounts, so it comes after those for all.
    """

    def rank(one: Membership) -> tuple[bool, bool, str]:
        return bool(one.project), one.role not in INVITERS, one.role

    held = [one.role for one in sorted(memberships_on(by, clock.today()), key=rank)]
    return Actor(held[0] if held else "system", by.public_id)


def person_called(public_id: str) -> User:
    """The person. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = User.objects.filter(public_id=public_id).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is nobody of this name.")
    return row


def organisation_called(public_id: str) -> Organisation:
    """The organisation. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = Organisation.objects.filter(public_id=public_id).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such organisation.")
    return row


# --- roles --------------------------------------------------------------------------------------


def give(
    by: User, user: User, organisation: Organisation, role: str, last_day: date | None = None
) -> Membership:
    """Give somebody else a role; they get a mail. Raises `Refused` CW-WEB-ROLE, CW-WEB-ACCOUNT."""
    with transaction.atomic():
        # Two who give a person two seats at once: the second sees what the first wrote.
        held = User.objects.select_for_update().get(pk=user.pk)
        if not held.is_active:
            raise Refused("CW-WEB-ACCOUNT", "This account is closed: open it first.")
        check_give(by, held, organisation, role, clock.today())
        row = give_role(held, organisation, role, acting(by), last_day=last_day)
        tell(held, "role_given", reverse("accounts:me"))
    return row


def end(by: User, user: User, number: int) -> None:
    """End a role; they get a mail. Raises `Fault` CW-WEB-NOT-FOUND, `Refused` CW-WEB-ROLE."""
    row = Membership.objects.select_related("organisation").filter(user=user, pk=number).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such role.")
    check_end(by, row, clock.today())
    with transaction.atomic():
        lock_keepers()
        if row.role == KEEPS_ALL and not row.project:
            check_not_last(user, clock.today())
        end_role(row, acting(by))
        tell(user, "role_ended", reverse("accounts:me"))


# --- accounts -----------------------------------------------------------------------------------


def check_to_close(by: User, user: User, day: date) -> None:
    """Refuse to close an account. Raises as `close_account`."""
    if not user.is_active:
        raise Refused("CW-WEB-ACCOUNT", "This account is closed already.")
    check_close(by, user, day)
    check_not_last(user, day)


def close_account(by: User, user: User) -> None:
    """Close an account: sessions, keys, roles and connections end now.

    Raises `Refused` CW-WEB-DENIED, CW-WEB-ROLE, CW-WEB-ACCOUNT.
    """
    day, actor = clock.today(), acting(by)
    with transaction.atomic():
        lock_keepers()
        held = User.objects.select_for_update().get(pk=user.pk)
        if not User.objects.get(pk=by.pk).is_active:  # closed by somebody else in this moment
            raise Refused("CW-WEB-DENIED", "Your account is closed.")
        check_to_close(by, held, day)
        for row in memberships_on(held, day):
            end_role(row, actor)
        for key in ApiToken.objects.filter(user=held, ended_at__isnull=True):
            end_token(held, key.public_id)
        for one in held.identities.filter(ended_at__isnull=True):
            end_link(one, actor)
        sessions.end_all(held, actor)
        held.is_active = False
        held.save(update_fields=["is_active"])
        govern(Event("account.closed", actor, {"person": held.public_id}))


def what_ends(user: User, day: date) -> list[str]:
    """What closing an account would end, in words, for the page that asks once more."""
    keys = ApiToken.objects.filter(user=user, ended_at__isnull=True).count()
    open_ = sessions.open_of(user).count()
    roles = [
        f"the role {WORDS[one.role]} at {one.organisation.name}"
        + (f", for {one.project}" if one.project else "")
        for one in memberships_on(user, day)
    ]
    counted = ((open_, "session", "sessions"), (keys, "key for programs", "keys for programs"))
    linked = [f"the connection with {one.provider.upper()}"
              for one in user.identities.filter(ended_at__isnull=True)]  # fmt: skip
    return [*roles, *(f"{n} {one if n == 1 else many}" for n, one, many in counted if n), *linked]


def reopen_account(by: User, user: User) -> None:
    """Open a closed account again. It has no roles. Raises as `close_account`."""
    check_close(by, user, clock.today())
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if held.is_active:
            raise Refused("CW-WEB-ACCOUNT", "This account is open.")
        held.is_active = True
        held.save(update_fields=["is_active"])
        govern(Event("account.reopened", acting(by), {"person": held.public_id}))


def sign_out(by: User, user: User) -> int:
    """End every session of somebody; how many. Raises `Refused` CW-WEB-DENIED."""
    check_manage(by, clock.today())
    with transaction.atomic():
        return sessions.end_all(user, acting(by))


def sign_out_everywhere(user: User) -> int:
    """End every session of the person who asks, this one too; how many."""
    with transaction.atomic():
        return sessions.end_all(user, Actor("system", user.public_id))


def set_accredited(by: User, user: User, until: date | None) -> None:
    """Enter the last day of a person's accreditation. Raises `Refused` CW-WEB-DENIED."""
    check_organisation(by, clock.today())
    if by.pk == user.pk:
        raise Refused("CW-WEB-DENIED", "Nobody accredits themselves: ask a colleague.")
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        held.accredited_until = until
        held.save(update_fields=["accredited_until"])
        said = {} if until is None else {"until": until.isoformat()}
        govern(Event("account.accredited", acting(by), {"person": held.public_id, **said}))


# --- organisations --------------------------------------------------------------------------------


def set_organisation(
    by: User,
    row: Organisation,
    *,
    name: str,
    kind: str,
    reference: str,
    assured_until: date | None,
) -> Organisation:
    """Write what is known of an organisation, new or not.

    Raises `Refused` CW-WEB-DENIED, and CW-WEB-ACCOUNT for a name that another one has, or a second
    hospital.
    """
    check_organisation(by, clock.today())
    with transaction.atomic():
        if row.pk is not None:
            row = Organisation.objects.select_for_update().get(pk=row.pk)
        if "custodian" in (kind, row.kind) and kind != row.kind:
            # Staff roles are held at the hospital: who could make one could make staff anywhere.
            raise Refused("CW-WEB-ACCOUNT", "Which organisation is this hospital is not changed.")
        row.name, row.kind = name, kind
        row.reference, row.assured_until = reference, assured_until
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise Refused("CW-WEB-ACCOUNT", "Another organisation has this name.") from None
        said = {} if assured_until is None else {"assured_until": assured_until.isoformat()}
        fields = {"organisation": row.public_id, **said}
        govern(Event("account.organisation_set", acting(by), fields))
    return row
