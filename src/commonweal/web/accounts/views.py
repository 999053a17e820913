"""Pages of accounts that are ours; those for passwords and second factors are allauth's."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Refused
from commonweal.web.accounts import services
from commonweal.web.accounts.forms import AcceptForm, InviteForm, TokenForm
from commonweal.web.accounts.middleware import has_second_factor
from commonweal.web.accounts.models import Organisation
from commonweal.web.accounts.people import PEOPLE
from commonweal.web.accounts.personas import sign_in_as
from commonweal.web.accounts.policies import INVITERS, project_to_invite_to
from commonweal.web.accounts.presenters import groups_of_people, roles_of, tokens_of
from commonweal.web.config import clock
from commonweal.web.config.gate import check_demonstration

_FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"accounts/{name}.jinja", more, using="jinja2")


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Who is signed in, with which roles, and what there is to do."""
    roles = roles_of(request.user)
    more = {
        "roles": roles,
        "second_factor": has_second_factor(request.user),
        "may_invite": _may_invite(request),
    }
    return _page(request, "me", more)


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
    form = InviteForm(posted, organisations=choices)
    if form.is_valid():
        chosen = next(o for o in organisations if o.public_id == form.cleaned_data["organisation"])
        role, day = form.cleaned_data["role"], clock.today()
        link = request.build_absolute_uri(reverse("accounts:accept", args=["SECRET"]))
        try:
            services.invite(
                request.user,
                form.cleaned_data["email"],
                chosen,
                role,
                link.replace("SECRET", "{secret}"),
                project_to_invite_to(request.user, chosen, role, day),
            )
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
    """Make an account from an invitation."""
    invitation = services.open_invitation(secret)
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.accept_invitation(secret, form.cleaned_data["name"], form.cleaned_data["password"])
        return _page(request, "accepted", {"invitation": invitation})
    more = {"title": "Make your account", "form": form, "invitation": invitation}
    return _page(request, "accept", more)


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
