"""Use cases of accounts, one transaction each."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, timedelta

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.hashing import hashed
from commonweal.web.accounts.linking import link
from commonweal.web.accounts.models import (
    ApiToken,
    ExternalIdentity,
    Invitation,
    Membership,
    Organisation,
    User,
)
from commonweal.web.accounts.oidc.flow import Known
from commonweal.web.accounts.policies import can_invite, check_invite, check_together
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider
from commonweal.web.ledgerlink.services import govern
from commonweal.web.letters import services as letters

INVITATION_DAYS = 14
INVITATIONS_A_DAY = 50
"""More than this is not people bringing in people: the service would send mail for somebody."""
TOKEN_DAYS = 90
_MOST_TOKENS = 20


# --- roles --------------------------------------------------------------------------------------


def give_role(
    user: User,
    organisation: Organisation,
    role: str,
    by: Actor,
    project: str = "",
    last_day: date | None = None,
) -> Membership:
    """Give a person a role from today on, for good or until `last_day`, which is part of the term.

    Raises `Refused` CW-WEB-ROLE if it is held already, or is over already.
    """
    day = clock.today()
    if last_day is not None and last_day < day:
        raise Refused("CW-WEB-ROLE", "The last day of a role cannot be in the past.")
    row = Membership(
        user=user,
        organisation=organisation,
        role=role,
        project=project,
        begins=day,
        ends=None if last_day is None else last_day + timedelta(days=1),
    )
    try:
        with transaction.atomic():
            # One at a time for a person: terms that end are not held apart by the table.
            User.objects.select_for_update().get(pk=user.pk)
            same = Membership.objects.filter(
                user=user, organisation=organisation, role=role, project=project
            )
            if any(one.holds_on(day) for one in same):
                raise Refused("CW-WEB-ROLE", "The person holds this role already.")
            govern(_role_event("account.role_given", row, by), row)
    except IntegrityError:
        raise Refused("CW-WEB-ROLE", "The person holds this role already.") from None
    return row


def end_role(row: Membership, by: Actor) -> None:
    """End a role today. Raises `Refused` CW-WEB-ROLE if it has ended."""
    day = clock.today()
    with transaction.atomic():
        held = Membership.objects.select_for_update().get(pk=row.pk)
        if held.ends is not None and held.ends <= day:
            raise Refused("CW-WEB-ROLE", "This role has ended already.")
        held.ends = day
        govern(_role_event("account.role_ended", held, by), held)


def _role_event(name: str, row: Membership, by: Actor) -> Event:
    fields = {
        "person": row.user.public_id,
        "held_role": row.role,
        "organisation": row.organisation.public_id,
    }
    return Event(name, by, fields | ({"project": row.project} if row.project else {}))


# --- invitations --------------------------------------------------------------------------------


def invite(
    by: User, email: str, organisation: Organisation, role: str, project: str = ""
) -> Invitation:
    """Invite a person; the mail goes out once this is written.

    Raises `Refused` CW-WEB-ROLE, and CW-WEB-INVITATION for too many in a day. The mail holds a link
    and nothing about the work.
    """
    check_invite(by, organisation, role, clock.today(), project)
    if email.casefold() == by.email:
        raise Refused("CW-WEB-ROLE", "Nobody gives themselves a role: ask a colleague.")
    _refuse_too_many(by)
    with transaction.atomic():
        row = Invitation.objects.create(
            email=email.casefold(),
            organisation=organisation,
            role=role,
            project=project,
            secret_hash=hashed(secrets.token_urlsafe(32)),
            invited_by=by,
            expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
        )
        letters.invite(row)
    return row


def _refuse_too_many(by: User) -> None:
    since = clock.now() + timedelta(days=INVITATION_DAYS - 1)
    if by.invited.filter(expires_at__gt=since).count() >= INVITATIONS_A_DAY:
        raise Refused(
            "CW-WEB-INVITATION",
            f"You have sent {INVITATIONS_A_DAY} invitations within a day: wait until tomorrow.",
        )


def resend_invitation(by: User, number: int) -> Invitation:
    """Send an invitation once more, with a new way in: the old one works no more.

    It is `by` who invites now. Raises `Fault` CW-WEB-NOT-FOUND, `Refused` CW-WEB-INVITATION and
    what `invite` raises.
    """
    with transaction.atomic():
        row = _unused_invitation(number)
        check_invite(by, row.organisation, row.role, clock.today(), row.project)
        _refuse_too_many(by)
        row.invited_by = by
        row.secret_hash = hashed(secrets.token_urlsafe(32))
        row.expires_at = clock.now() + timedelta(days=INVITATION_DAYS)
        row.save()
        letters.invite(row)
    return row


def withdraw_invitation(by: User, number: int) -> Invitation:
    """Let nobody in with this invitation any more. Raises as `resend_invitation`."""
    with transaction.atomic():
        row = _unused_invitation(number)
        if row.invited_by_id != by.pk:
            check_invite(by, row.organisation, row.role, clock.today(), row.project)
        row.withdrawn_at = clock.now()
        row.save()
    return row


def _unused_invitation(number: int) -> Invitation:
    row = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(pk=number)
        .first()
    )
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such invitation.")
    if row.accepted_at is not None or row.withdrawn_at is not None:
        raise Refused("CW-WEB-INVITATION", "This invitation was used or withdrawn already.")
    return row


def open_invitation(secret: str) -> Invitation:
    """The invitation of a secret. Raises as `invitation_of_hash`."""
    return invitation_of_hash(hashed(secret))


def invitation_of_hash(secret_hash: str) -> Invitation:
    """The invitation whose secret has this hash.

    Raises `Fault` CW-WEB-INVITATION: unknown, used, too old, or by somebody who cannot invite to
    this role any more.
    """
    row = (
        Invitation.objects.select_related("organisation", "invited_by")
        .filter(secret_hash=secret_hash)
        .first()
    )
    if row is None or not row.is_open(clock.now()):
        raise Fault(
            "CW-WEB-INVITATION",
            "This invitation has been used, has run out, or never was.",
            remedy="Ask whoever invited you for a new one.",
        )
    by, day = row.invited_by, clock.today()
    if not by.is_active or not can_invite(by, row.organisation, row.role, day, row.project):
        raise Fault(
            "CW-WEB-INVITATION",
            "Whoever sent this invitation cannot invite people to this role any more.",
            remedy="Ask the people who run this service for a new one.",
        )
    return row


def accept_invitation(secret: str, name: str, password: str) -> User:
    """Make the account of an invitation, with its role. Raises as `open_invitation`."""
    with transaction.atomic():
        row = _take_invitation(hashed(secret))
        user = _new_account(row, name, password)
        _give_as_invited(row, user)
    return user


def accept_by_provider(
    secret_hash: str, provider: Provider, known: Known, signed_in: User | None
) -> ExternalIdentity:
    """Connect the provider's person by an invitation, and give its role.

    A new account is made for them, or, where the invitation went to the address of the person who
    is signed in, theirs is connected. Raises as `open_invitation`, and `Refused` CW-OIDC-LINKED.
    """
    with transaction.atomic():
        row = _take_invitation(secret_hash)
        same = signed_in is not None and not signed_in.is_made_up and signed_in.email == row.email
        if signed_in is not None and same:
            user = signed_in
        elif not known.name:
            raise Refused(
                "CW-OIDC-TOKEN",
                f"{provider.profile.label} does not say what you are called.",
                remedy="Make an account with a password instead.",
            )
        else:
            user = _new_account(row, known.name, None)
        linked = link(user, provider, known.subject)
        _give_as_invited(row, user)
    return linked


def accept_as(user: User, secret: str) -> Membership:
    """Take the role of an invitation that went to the address of this account."""
    with transaction.atomic():
        row = _take_invitation(hashed(secret))
        if user.email != row.email:
            raise Refused("CW-WEB-INVITATION", "This invitation is for somebody else.")
        return _give_as_invited(row, user)


def _take_invitation(secret_hash: str) -> Invitation:
    row = invitation_of_hash(secret_hash)
    taken = Invitation.objects.filter(pk=row.pk, accepted_at__isnull=True)
    if not taken.update(accepted_at=clock.now()):
        raise Fault("CW-WEB-INVITATION", "This invitation has been used.")
    return row


def _new_account(row: Invitation, name: str, password: str | None) -> User:
    if User.objects.filter(email=row.email).exists():
        raise Fault(
            "CW-WEB-INVITATION",
            "There is an account with this e-mail address already.",
            remedy="Sign in with it, and open the link of the invitation again.",
        )
    user = User.objects.create_user(row.email, name, password)
    # The link came by mail to this address, so it is the person's own.
    EmailAddress.objects.create(user=user, email=row.email, verified=True, primary=True)
    return user


def _give_as_invited(row: Invitation, user: User) -> Membership:
    if row.invited_by_id == user.pk:  # whose address changed after inviting
        raise Refused("CW-WEB-ROLE", "Nobody gives themselves a role: ask a colleague.")
    check_together(user, row.role, clock.today())
    by = Actor("system", row.invited_by.public_id)
    return give_role(user, row.organisation, row.role, by, row.project)


# --- keys for programs --------------------------------------------------------------------------


def make_token(user: User, name: str, scopes: Sequence[str]) -> tuple[ApiToken, str]:
    """A new key for programs and its secret, which is shown once.

    Raises `Refused` CW-API-SCOPE for a scope that is not in the list, or for too many keys.
    """
    if not scopes or not set(scopes) <= {scope for scope, _ in ApiToken.SCOPES}:
        raise Refused("CW-API-SCOPE", "A key needs at least one thing that it allows.")
    now = clock.now()
    if user.tokens.filter(ended_at__isnull=True, expires_at__gt=now).count() >= _MOST_TOKENS:
        raise Refused("CW-API-SCOPE", f"You have {_MOST_TOKENS} keys: take one back first.")
    secret = f"cw_{secrets.token_urlsafe(32)}"
    row = ApiToken(
        user=user,
        name=name,
        secret_hash=hashed(secret),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=TOKEN_DAYS),
    )
    govern(_token_event("account.token_made", row), row)
    return row, secret


def end_token(user: User, public_id: str) -> None:
    """Take a key of this person back. Raises `Fault` CW-WEB-NOT-FOUND."""
    with transaction.atomic():
        row = ApiToken.objects.select_for_update().filter(user=user, public_id=public_id).first()
        if row is None or row.ended_at is not None:
            raise Fault("CW-WEB-NOT-FOUND", "You have no such key.")
        row.ended_at = clock.now()
        govern(_token_event("account.token_ended", row), row)


def _token_event(name: str, row: ApiToken) -> Event:
    person = row.user.public_id
    fields = {"person": person, "token": row.public_id}
    return Event(name, Actor("system", person), fields)


def record_sign_in(user: User, means: str) -> None:
    """Write on the sealed log that a person signed in (S9)."""
    person = user.public_id
    govern(Event("account.signed_in", Actor("system", person), {"person": person, "means": means}))
