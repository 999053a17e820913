"""What is asked of a session at every request: its times, its standing, its second factor."""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Refused
from commonweal.web.accounts import sessions
from commonweal.web.accounts.linking import check_provider, is_linked, passed_by_provider
from commonweal.web.accounts.models import Membership
from commonweal.web.accounts.people import persona
from commonweal.web.accounts.policies import check_standing
from commonweal.web.config import clock
from commonweal.web.config.errors import refused
from commonweal.web.config.gate import check_demonstration
from commonweal.web.config.requests import Answer

BEGAN, SEEN, PERSONA = "began", "seen", "persona"
_STEP = timedelta(seconds=60)
"""How exactly the time of the last request is kept: a write at each would cost too much."""

WITHOUT_SECOND_FACTOR = frozenset({
    "account_logout", "account_reauthenticate", "mfa_index", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_list_webauthn", "mfa_view_recovery_codes", "mfa_reauthenticate",
    "mfa_generate_recovery_codes", "account_email", "account_confirm_email",
    "account_email_verification_sent", "home", "about", "accessibility", "cookies", "health",
    "accounts:sign_out",
})  # fmt: skip
"""Pages that staff can use before they have a second factor: those that set it up."""
FOR_ALL = frozenset({
    "account_logout", "accounts:sign_out", "home", "about", "accessibility", "cookies", "health",
})  # fmt: skip
"""Of those, the ones that show and change nothing of anybody's."""


class SessionTimes:
    """End a session after eight hours, or after fifteen minutes without a request."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or send the person to sign in again."""
        if request.user.is_authenticated and self._is_over(request):
            logout(request)
            messages.info(
                request,
                "You were signed out: the session was ended, or nothing was done for a while.",
            )
            return redirect(f"{reverse('account_login')}")
        return self.answer(request)

    def _is_over(self, request: HttpRequest) -> bool:
        now = clock.now()
        session = request.session
        if not sessions.is_open(request):
            return True
        try:
            began = parse_stamp(session.setdefault(BEGAN, stamp(now)))
            seen = parse_stamp(session.setdefault(SEEN, stamp(now)))
        except (ValueError, TypeError):
            return True
        age = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        # A session from the future is one whose clock was moved: it is over, too.
        if not -_STEP <= now - began < age or not -_STEP <= now - seen < settings.SESSION_IDLE:
            return True
        if now - seen >= _STEP:
            session[SEEN] = stamp(now)
            sessions.seen(request)
        return False


class Standing:
    """Refuse lapsed accounts; staff set up a second factor first; personas only where they may."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as before; the checks are in `process_view`."""
        return self.answer(request)

    def process_view(
        self, request: HttpRequest, view: object, *_: object
    ) -> HttpResponseBase | None:
        """None to go on, or what is answered instead."""
        del view
        user = request.user
        if not user.is_authenticated:
            return None
        # Every room of the menu asks for them, and so does nearly every page: once is enough.
        held = Membership.objects.select_related("organisation")
        prefetch_related_objects([user], Prefetch("memberships", queryset=held))
        page = request.resolver_match.view_name if request.resolver_match else ""
        try:
            if user.is_made_up or request.session.get(PERSONA):
                check_persona(request)
                return None
            check_provider(request)
            if page not in WITHOUT_SECOND_FACTOR:
                check_standing(user, clock.today())
        except Refused as error:
            if error.code in ("CW-WEB-PERSONA", "CW-OIDC-UNKNOWN"):
                logout(request)
            return refused(request, error)
        if page in FOR_ALL or not user.is_staff_on(clock.today()):
            return None
        if passed_by_provider(request) or has_second_factor(user):
            return None
        if is_linked(user):
            return refused(request, _too_weak())
        if page in WITHOUT_SECOND_FACTOR:
            return None
        messages.info(request, "Your role needs a second way to show who you are. Choose one.")
        return redirect("mfa_index")


def _too_weak() -> Refused:
    """Who signs in with a provider gets no second factor by a password, which a mail can reset."""
    return Refused(
        "CW-OIDC-ASSURANCE",
        "A password alone is not enough for your role: your account signs in with a provider.",
        remedy="Sign out, and choose the provider on the page for signing in.",
    )


def check_persona(request: HttpRequest) -> None:
    """Refuse a made-up person outside a demonstration, and anybody who only passes for one.

    Row and session must agree: a row that was changed to say `made up` would free a real account
    from its second factor. Raises `Refused` CW-WEB-PERSONA.
    """
    check_demonstration(request)
    user = request.user
    known = persona(user.public_id) is not None
    if not (user.is_made_up and request.session.get(PERSONA) and known):
        raise Refused("CW-WEB-PERSONA", "This account is not one of the demonstration's people.")


def has_second_factor(user: object) -> bool:
    """True if the person has an authenticator app or a security key."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())
