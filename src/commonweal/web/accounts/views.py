"""Pages of accounts that are ours; those for passwords and second factors are allauth's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Refused
from commonweal.web.accounts import services, sessions
from commonweal.web.accounts.administration import sign_out_everywhere as sign_out_all
from commonweal.web.accounts.directory import roles_to_give, sessions_shown
from commonweal.web.accounts.forms import AcceptForm, InviteForm, OftenForm, TokenForm
from commonweal.web.accounts.linking import LINKED
from commonweal.web.accounts.middleware import has_second_factor
from commonweal.web.accounts.models import Invitation, Organisation
from commonweal.web.accounts.people import PEOPLE
from commonweal.web.accounts.personas import sign_in_as
from commonweal.web.accounts.policies import INVITERS, can_manage, project_to_invite_to
from commonweal.web.accounts.presenters import groups_of_people, roles_of, said, tokens_of
from commonweal.web.config import clock
from commonweal.web.config.gate import check_demonstration
from commonweal.web.config.turns import waiting_for
from commonweal.web.letters.services import choose, chosen

_FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"accounts/{name}.jinja", more, using="jinja2")


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Who is signed in, with which roles, and what there is to do."""
    roles = roles_of(request.user)
    more = {
        "roles": roles,
        "waiting": waiting_for(request.user, clock.today()),
        "second_factor": has_second_factor(request.user),
        "may_invite": _may_invite(request),
        "may_manage": can_manage(request.user, clock.today()),
        "provider": _provider_of(request),
    }
    return _page(request, "me", more)


def _provider_of(request: HttpRequest) -> str:
    """What the provider is called by which this session began; empty for none."""
    row = request.user.identities.filter(pk=request.session.get(LINKED, 0)).first()
    found = settings.PROVIDERS.get(row.provider) if row is not None else None
    return "" if found is None else str(found.profile.label)


def _may_invite(request: HttpRequest) -> bool:
    return bool(request.user.roles_on(clock.today()) & (INVITERS | {"applicant"}))


# --- made-up people -------------------------------------------------------------------------


@login_not_required
@never_cache
@require_safe
def personas(request: HttpRequest) -> HttpResponse:
    """Everybody there is in a demonstration, to sign in as."""
    check_demonstration(request)
    return _page(request, "personas", {"groups": groups_of_people(PEOPLE)})


@login_not_required
@never_cache
@require_POST
def persona_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as one of them."""
    sign_in_as(request, request.POST.get("person", "")[:64])
    return redirect("accounts:me")


# --- invitations ----------------------------------------------------------------------------


@_FORM
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody."""
    if not _may_invite(request):
        raise Refused("CW-WEB-ROLE", "Your account cannot invite people.")
    organisations = _organisations(request)
    choices = [(one.public_id, one.name) for one in organisations]
    posted = request.POST if request.method == "POST" else None
    form = InviteForm(
        posted, organisations=choices, roles=roles_to_give(request.user, clock.today())
    )
    if form.is_valid():
        chosen = next(o for o in organisations if o.public_id == form.cleaned_data["organisation"])
        role, day = form.cleaned_data["role"], clock.today()
        project = project_to_invite_to(request.user, chosen, role, day)
        try:
            services.invite(request.user, form.cleaned_data["email"], chosen, role, project)
        except Refused as error:
            form.add_error("role", error.sentence)
        else:
            return _page(request, "invited", {"email": form.cleaned_data["email"]})
    return _page(request, "invite", {"title": "Invite somebody", "form": form})


def _organisations(request: HttpRequest) -> list[Organisation]:
    if request.user.roles_on(clock.today()) & INVITERS:
        return list(Organisation.objects.all())
    own = {one.organisation_id for one in request.user.memberships.all()}
    return list(Organisation.objects.filter(pk__in=own))


@login_not_required
@never_cache
@_FORM
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Make an account from an invitation, or take its role with the account that is there."""
    invitation = services.open_invitation(secret)
    if request.user.is_authenticated and request.user.email == invitation.email:
        return _accept_as(request, invitation, secret)
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.accept_invitation(secret, form.cleaned_data["name"], form.cleaned_data["password"])
        return _page(request, "accepted", {"invitation": invitation})
    more = {"title": "Make your account", "form": form, "invitation": invitation}
    return _page(request, "accept", more | _providers(secret))


def _accept_as(request: HttpRequest, invitation: Invitation, secret: str) -> HttpResponse:
    if request.method == "POST":
        services.accept_as(request.user, secret)
        messages.info(request, "You have the role.")
        return redirect("accounts:me")
    more = {"title": "Take the role", "invitation": invitation, "role": said(invitation.role)}
    return _page(request, "accept_as", more | _providers(secret))


def _providers(secret: str) -> dict[str, Any]:
    """The providers by which this invitation can be accepted."""
    return {
        "providers": [
            {
                "label": one.profile.label,
                "href": reverse("accounts:provider_accept", args=[one.id, secret]),
            }
            for one in settings.PROVIDERS.values()
        ]
    }


# --- sessions and mail ----------------------------------------------------------------------


@never_cache
@require_safe
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in."""
    current = request.session.get(sessions.SIGN_IN)
    shown = sessions_shown(sessions.open_of(request.user)[:50], current)
    return _page(request, "sessions", {"title": "Where you are signed in", "sessions": shown})


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the person, this one too."""
    sign_out_all(request.user)
    logout(request)
    messages.info(request, "You are signed out everywhere.")
    return redirect("account_login")


@_FORM
def mail(request: HttpRequest) -> HttpResponse:
    """How often the person wants mail."""
    first = {"often": chosen(request.user)}
    form = OftenForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        choose(request.user, form.cleaned_data["often"])
        messages.info(request, "Saved.")
        return redirect("accounts:me")
    return _page(request, "mail", {"title": "Mail to you", "form": form})


# --- keys for programs ----------------------------------------------------------------------


@never_cache
@_FORM
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's keys for programs, and making one."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    secret = None
    if form.is_valid():
        chosen = form.cleaned_data
        _, secret = services.make_token(request.user, chosen["name"], chosen["scopes"])
        form = TokenForm()
    more = {
        "title": "Keys for programs",
        "form": form,
        "secret": secret,
        "tokens": tokens_of(request.user, clock.now()),
    }
    return _page(request, "tokens", more)


@require_POST
def end_token(request: HttpRequest) -> HttpResponse:
    """Take a key back."""
    services.end_token(request.user, request.POST.get("token", "")[:64])
    return redirect("accounts:tokens")
