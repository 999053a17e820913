"""Signing in with a provider, signing out there, and what it tells us by itself."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.views import logout as allauth_logout
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import CommonwealError
from commonweal.web.accounts import services
from commonweal.web.accounts.hashing import hashed
from commonweal.web.accounts.linking import (
    LINKED,
    TOKEN,
    identity_of,
    provider_called,
    sign_in,
)
from commonweal.web.accounts.models import ExternalIdentity, SignIn
from commonweal.web.accounts.oidc import flow
from commonweal.web.accounts.oidc.tokens import check_logout
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider

_NOTICE_KEPT = int(timedelta(hours=1).total_seconds())


def _here(provider: Provider) -> str:
    """Where the provider answers: fixed, so that no header of a request changes it."""
    way = reverse("accounts:provider_answer", args=[provider.id])
    return f"{settings.ENVIRONMENT.address}{way}"


@login_not_required
@never_cache
@require_safe
def provider_begin(request: HttpRequest, id_: str) -> HttpResponse:
    """Go to the provider. A link, not a form: browsers do not send forms on to other places."""
    provider = provider_called(id_)
    if request.user.is_authenticated:
        return redirect("accounts:me")
    return redirect(flow.begin(provider, request.session, _here(provider), back=_back(request)))


def _back(request: HttpRequest) -> str:
    """The page of this service to go on to; nothing else is taken."""
    said = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(said, allowed_hosts=None) and said.startswith("/")
    return said[:500] if safe else ""


@login_not_required
@never_cache
@require_safe
def provider_accept(request: HttpRequest, id_: str, secret: str) -> HttpResponse:
    """Go to the provider to accept an invitation."""
    provider = provider_called(id_)
    invitation = services.open_invitation(secret)
    way = flow.begin(provider, request.session, _here(provider), invitation=invitation.secret_hash)
    return redirect(way)


@login_not_required
@never_cache
@require_safe
def provider_answer(request: HttpRequest, id_: str) -> HttpResponse:
    """The provider's answer: sign the person in, or say in one sentence why not."""
    provider = provider_called(id_)
    try:
        asked, known = flow.finish(provider, request.session, _here(provider), request.GET.dict())
    finally:
        # What was asked is used up, whatever comes of it.
        request.session.save()
    if asked.invitation:
        person = request.user if request.user.is_authenticated else None
        row = services.accept_by_provider(asked.invitation, provider, known, person)
    else:
        row = identity_of(provider, known.subject)
    sign_in(request, row, known)
    return redirect(asked.back or reverse("accounts:me"))


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Sign out here, and where the person came by a provider, there as well."""
    linked, token = request.session.get(LINKED), request.session.get(TOKEN, "")
    if request.method != "POST" or linked is None:
        return allauth_logout(request)
    row = ExternalIdentity.objects.filter(pk=linked).first()
    provider = settings.PROVIDERS.get(row.provider) if row is not None else None
    logout(request)
    way = None
    if provider is not None:
        home = f"{settings.ENVIRONMENT.address}{reverse('home')}"
        way = flow.leave(provider, token, home)
    return redirect(way or reverse("home"))


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def provider_notice(request: HttpRequest, id_: str) -> HttpResponse:
    """The provider says that a session there has ended: those that came of it end here."""
    try:
        provider = provider_called(id_)
        session, subject, number = check_logout(provider, request.POST.get("logout_token"))
    except CommonwealError as error:
        return JsonResponse({"error": "invalid_request", "code": error.code}, status=400)
    if not cache.add(f"provider-notice-{id_}-{hashed(number)}", 1, _NOTICE_KEPT):
        return JsonResponse({"error": "invalid_request", "code": "CW-OIDC-STATE"}, status=400)
    rows = SignIn.objects.filter(means=provider.id, ended_at__isnull=True)
    if session:
        rows = rows.filter(provider_session=session)
    if subject:
        rows = rows.filter(
            user__identities__issuer=provider.issuer, user__identities__subject=subject
        )
    now = clock.now()
    for number_ in [row.pk for row in rows]:
        SignIn.objects.filter(pk=number_).update(ended_at=now)
    return HttpResponse(status=200)


@login_not_required
@require_safe
def provider_keys(request: HttpRequest, id_: str) -> JsonResponse:
    """The public half of our key, for the provider to fetch."""
    del request
    key = provider_called(id_).key.as_dict(private=False)
    return JsonResponse({"keys": [{**key, "use": "sig", "alg": "RS512"}]})
