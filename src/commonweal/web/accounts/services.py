"""Use cases of accounts, one transaction each."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.mail import send_mail
from django.db import IntegrityError, transaction

from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import ApiToken, Invitation, Membership, Organisation, User
from commonweal.web.accounts.policies import can_invite, check_invite
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern

INVITATION_DAYS = 14
INVITATIONS_A_DAY = 50
"""More than this is not people bringing in people: the service would send mail for somebody."""
TOKEN_DAYS = 90
_MOST_TOKENS = 20


def hashed(secret: str) -> str:
    """What is kept of a random secret: nobody can go back from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- roles --------------------------------------------------------------------------------------


def give_role(
    user: User, organisation: Organisation, role: str, by: Actor, project: str = ""
) -> Membership:
    """Give a person a role from today on. Raises `Refused` CW-WEB-ROLE if it is held already."""
    row = Membership(
        user=user, organisation=organisation, role=role, project=project, begins=clock.today()
    )
    try:
        govern(_role_event("account.role_given", row, by), row)
    except IntegrityError:
        raise Refused("CW-WEB-ROLE", "The person holds this role already.") from None
    return row


def end_role(row: Membership, by: Actor) -> None:
    """End a role today. Raises `Refused` CW-WEB-ROLE if it has ended."""
    with transaction.atomic():
        held = Membership.objects.select_for_update().get(pk=row.pk)
        if held.ends is not None:
            raise Refused("CW-WEB-ROLE", "This role has ended already.")
        held.ends = clock.today()
        govern(_role_event("account.role_ended", held, by), held)


def _role_event(name: str, row: Membership, by: Actor) -> Event:
    fields = {
        "person": row.user.public_id,
        "held_role": row.role,
        "organisation": row.organisation.public_id,
    }
    return Event(name, by, fields | ({"project": row.project} if row.project else {}))


# --- invitations --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Invited:
    """An invitation and its secret, which is shown once and kept nowhere."""

    invitation: Invitation
    secret: str


def invite(
    by: User, email: str, organisation: Organisation, role: str, link: str, project: str = ""
) -> Invited:
    """Invite a person and send the link (`link` with `{secret}` in it).

    Raises `Refused` CW-WEB-ROLE, and CW-WEB-INVITATION for too many in a day. The mail holds a link
    and nothing about the work.
    """
    check_invite(by, organisation, role, clock.today(), project)
    since = clock.now() + timedelta(days=INVITATION_DAYS - 1)
    if by.invited.filter(expires_at__gt=since).count() >= INVITATIONS_A_DAY:
        raise Refused(
            "CW-WEB-INVITATION",
            f"You have sent {INVITATIONS_A_DAY} invitations within a day: wait until tomorrow.",
        )
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = Invitation.objects.create(
            email=email.casefold(),
            organisation=organisation,
            role=role,
            project=project,
            secret_hash=hashed(secret),
            invited_by=by,
            expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
        )
        send_mail(
            "Commonweal: you are invited",
            "You are invited to Commonweal. To make your account, open this page within "
            f"{INVITATION_DAYS} days:\n\n{link.format(secret=secret)}\n\n"
            "If you do not know why you got this, you need do nothing.\n",
            None,
            [email],
        )
    return Invited(row, secret)


def open_invitation(secret: str) -> Invitation:
    """The invitation of a secret.

    Raises `Fault` CW-WEB-INVITATION: unknown, used, too old, or by somebody who cannot invite to
    this role any more.
    """
    row = (
        Invitation.objects.select_related("organisation", "invited_by")
        .filter(secret_hash=hashed(secret), accepted_at__isnull=True)
        .first()
    )
    if row is None or row.expires_at <= clock.now():
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
        row = open_invitation(secret)
        taken = Invitation.objects.filter(pk=row.pk, accepted_at__isnull=True)
        if not taken.update(accepted_at=clock.now()):
            raise Fault("CW-WEB-INVITATION", "This invitation has been used.")
        if User.objects.filter(email=row.email).exists():
            raise Fault(
                "CW-WEB-INVITATION",
                "There is an account with this e-mail address already.",
                remedy="Sign in with it and ask whoever invited you to give it the role.",
            )
        user = User.objects.create_user(row.email, name, password)
        # The link came by mail to this address, so it is the person's own.
        EmailAddress.objects.create(user=user, email=row.email, verified=True, primary=True)
        by = Actor("system", row.invited_by.public_id)
        give_role(user, row.organisation, row.role, by, row.project)
    return user


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
