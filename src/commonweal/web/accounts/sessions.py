"""Sessions of people: written down when they begin, listed for their owner, ended at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import SignIn, User
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern

SIGN_IN = "sign_in"
"""Where a session says which sign-in it is."""
KEPT = timedelta(days=30)
"""How long rows of sessions that are over stay."""
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"),
             ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Mac OS", "Mac"), ("Linux", "Linux"))  # fmt: skip


def device_of(agent: str) -> str:
    """Browser and system in words of a closed list: nothing that a browser sends is repeated."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "Another browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "another system")
    return f"{browser} on {system}"


def began(request: HttpRequest, user: User, means: str, provider_session: str = "") -> SignIn:
    """Write down that a session began, and let the session say which one it is."""
    now = clock.now()
    SignIn.objects.filter(user=user, began_at__lt=now - KEPT).delete()
    row = SignIn.objects.create(
        user=user,
        means=means,
        device=device_of(str(request.META.get("HTTP_USER_AGENT", ""))),
        provider_session=provider_session,
        began_at=now,
        seen_at=now,
    )
    request.session[SIGN_IN] = row.public_id
    return row


def is_open(request: HttpRequest) -> bool:
    """True if the sign-in of this session is this person's and has not been ended."""
    said = request.session.get(SIGN_IN)
    rows = SignIn.objects.filter(public_id=said, user_id=request.user.pk, ended_at__isnull=True)
    return bool(said) and rows.exists()


def seen(request: HttpRequest) -> None:
    """Note that the session was used."""
    SignIn.objects.filter(public_id=request.session.get(SIGN_IN)).update(seen_at=clock.now())


def ended(request: HttpRequest) -> None:
    """Note that the person signed out of this session."""
    said = request.session.get(SIGN_IN)
    SignIn.objects.filter(public_id=said, ended_at__isnull=True).update(ended_at=clock.now())


def end_all(user: User, by: Actor) -> int:
    """End every session of a person; how many there were. The log says so."""
    govern(Event("account.signed_out", by, {"person": user.public_id}))
    count = int(open_of(user).count())
    SignIn.objects.filter(user=user, ended_at__isnull=True).update(ended_at=clock.now())
    return count


def open_of(user: User) -> Any:
    """The sessions of a person that have not ended and are not over by themselves, newest first."""
    now = clock.now()
    return SignIn.objects.filter(
        user=user,
        ended_at__isnull=True,
        began_at__gt=now - timedelta(seconds=settings.SESSION_COOKIE_AGE),
        seen_at__gt=now - settings.SESSION_IDLE,
    )
