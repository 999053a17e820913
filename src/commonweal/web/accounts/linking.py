"""Who a provider's person is here: connected by an invitation, never by an e-mail address."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.backends import BaseBackend
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import ExternalIdentity, User
from commonweal.web.accounts.oidc.flow import Known
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider
from commonweal.web.ledgerlink.services import govern

BACKEND = "commonweal.web.accounts.linking.ProviderBackend"
LINKED = "provider_identity"
"""Where a session says by which connection the person signed in."""
TOKEN = "provider_token"  # noqa: S105 (a name)


class ProviderBackend(BaseBackend):
    """Keeps signed in who came by a provider. It never signs anybody in by itself."""

    def get_user(self, user_id: int) -> User | None:
        """The person with this number, who is not made up."""
        return User.objects.filter(pk=user_id, is_made_up=False, is_active=True).first()


def provider_called(id_: str) -> Provider:
    """The provider of this name. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = settings.PROVIDERS.get(id_)
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such way to sign in here.")
    return found


def link(user: User, provider: Provider, subject: str) -> ExternalIdentity:
    """Connect an account with a provider's person. Raises `Refused` CW-OIDC-LINKED."""
    row = ExternalIdentity(
        user=user,
        provider=provider.id,
        issuer=provider.issuer,
        subject=subject,
        linked_at=clock.now(),
    )
    try:
        with transaction.atomic():
            govern(_event("account.identity_linked", row, Actor("system", user.public_id)), row)
    except IntegrityError:
        raise Refused(
            "CW-OIDC-LINKED",
            f"This account, or you at {provider.profile.label}, is connected already.",
            remedy="Sign in with the account that you have.",
        ) from None
    return row


def end_link(row: ExternalIdentity, by: Actor) -> None:
    """Part an account and a provider: sessions that came by it are over at their next request."""
    with transaction.atomic():
        held = ExternalIdentity.objects.select_for_update().get(pk=row.pk)
        if held.ended_at is not None:
            raise Refused("CW-OIDC-LINKED", "This was parted already.")
        held.ended_at = clock.now()
        govern(_event("account.identity_ended", held, by), held)


def _event(name: str, row: ExternalIdentity, by: Actor) -> Event:
    return Event(name, by, {"person": row.user.public_id, "provider": row.provider})


def identity_of(provider: Provider, subject: str) -> ExternalIdentity:
    """The connection of a provider's person. Raises `Refused` CW-OIDC-UNKNOWN."""
    row = (
        ExternalIdentity.objects.select_related("user")
        .filter(
            provider=provider.id, issuer=provider.issuer, subject=subject, ended_at__isnull=True
        )
        .first()
    )
    if row is None or not row.user.is_active or row.user.is_made_up:
        raise Refused(
            "CW-OIDC-UNKNOWN",
            f"There is no account here for you. {provider.profile.label} knows who you are, but "
            "accounts come from invitations.",
            remedy="Ask the people who run this service to invite you, and open the link in the "
            "mail.",
        )
    return row


def sign_in(request: HttpRequest, row: ExternalIdentity, known: Known) -> None:
    """Sign the person of a connection in."""
    request.signed_in_by = (row.provider, known.session)
    login(request, row.user, backend=BACKEND)
    request.session[LINKED] = row.pk
    request.session[TOKEN] = known.token


def check_provider(request: HttpRequest) -> None:
    """Refuse a session whose connection was ended, or whose provider is used no more.

    Raises `Refused` CW-OIDC-UNKNOWN.
    """
    number = request.session.get(LINKED)
    if number is None:
        return
    row = ExternalIdentity.objects.filter(
        pk=number, user_id=request.user.pk, ended_at__isnull=True
    ).first()
    if row is None or row.provider not in settings.PROVIDERS:
        raise Refused(
            "CW-OIDC-UNKNOWN",
            "Your account is not connected with this way to sign in any more.",
            remedy="Ask the people who run this service for an invitation.",
        )


def passed_by_provider(request: HttpRequest) -> bool:
    """True if this session began with a sign-in whose strength the provider vouched for.

    `check_provider` has been asked at this request: the connection holds.
    """
    return request.session.get(LINKED) is not None


def is_linked(user: User) -> bool:
    """Whether a person can sign in with a provider that is used here."""
    rows = ExternalIdentity.objects.filter(user=user, ended_at__isnull=True)
    return bool(rows.filter(provider__in=list(settings.PROVIDERS)).exists())
