"""Pages for those who look after accounts: people, organisations, invitations, mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.web.accounts import administration, directory, services, sessions
from commonweal.web.accounts.forms import AccreditedForm, GiveForm, OrganisationForm
from commonweal.web.accounts.models import Invitation, Organisation, User
from commonweal.web.accounts.policies import check_manage
from commonweal.web.config import clock
from commonweal.web.letters.models import FAILED, WAITING, Letter
from commonweal.web.letters.services import try_again
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.signing.services import roster

_FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"accounts/{name}.jinja", more, using="jinja2")


def _enter(request: HttpRequest) -> None:
    check_manage(request.user, clock.today())


# --- people -------------------------------------------------------------------------------------


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who has an account."""
    _enter(request)
    words = request.GET.get("q", "").strip()[:80]
    page = page_of(directory.Counted(directory.people_matching(words)), request.GET)
    day = clock.today()
    shown = [directory.person_line(one, day) for one in page.rows]
    more = {"title": "People", "page": page, "people": shown, "words": words}
    return _page(request, "people", more)


@require_safe
def signed_list(request: HttpRequest) -> HttpResponse:
    """Who decides stands on the signed list; where the service differs from it."""
    _enter(request)
    known = roster()
    found = []
    if known is not None:
        users = User.objects.prefetch_related("memberships")
        found = directory.differences(users, known, clock.now())
    more = {"title": "Who decides", "roster": known, "differences": found}
    return _page(request, "signed_list", more)


@require_safe
def person(request: HttpRequest, id_: str) -> HttpResponse:
    """One person: roles and their terms, standing, sessions, invitations."""
    _enter(request)
    return _person_page(request, administration.person_called(id_))


def _person_page(
    request: HttpRequest,
    user: User,
    *,
    give: GiveForm | None = None,
    accredited: AccreditedForm | None = None,
) -> HttpResponse:
    day, by = clock.today(), request.user
    known = roster()
    found = [] if known is None else directory.differences([user], known, clock.now())
    held = [one for one in user.memberships.all() if one.holds_on(day)]
    more = {
        "title": user.name,
        "shown": user,
        "standing": directory.standing_of(user, held, day),
        "terms": directory.terms_of(user, by, day),
        "differences": [one for one in found if one.person == user.public_id],
        "roster": known,
        "give": give or _give_form(request),
        "accredited": accredited or AccreditedForm(initial={"until": user.accredited_until}),
        "identities": user.identities.filter(ended_at__isnull=True),
        "sessions": sessions.open_of(user).count(),
        "oneself": user.pk == by.pk,
        "faulty": give if give is not None else accredited,
    }
    return _page(request, "person", more)


def _give_form(request: HttpRequest, posted: Any = None) -> GiveForm:
    organisations = [(one.public_id, one.name) for one in Organisation.objects.all()]
    roles = directory.roles_to_give(request.user, clock.today())
    return GiveForm(posted, organisations=organisations, roles=roles)


@require_POST
def give_role(request: HttpRequest, id_: str) -> HttpResponse:
    """Give somebody a role."""
    _enter(request)
    user = administration.person_called(id_)
    form = _give_form(request, request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        place = administration.organisation_called(asked["organisation"])
        try:
            administration.give(request.user, user, place, asked["role"], asked["last_day"])
        except Refused as error:
            form.add_error("role", error.sentence)
        else:
            messages.info(request, "The role was given. They get a mail.")
            return redirect("accounts:person", user.public_id)
    return _person_page(request, user, give=form)


@require_POST
def set_accredited(request: HttpRequest, id_: str) -> HttpResponse:
    """Enter until when somebody is accredited."""
    _enter(request)
    user = administration.person_called(id_)
    form = AccreditedForm(request.POST)
    if form.is_valid():
        administration.set_accredited(request.user, user, form.cleaned_data["until"])
        messages.info(request, "The date was saved.")
        return redirect("accounts:person", user.public_id)
    return _person_page(request, user, accredited=form)


def _deed(
    request: HttpRequest, id_: str, deed: Callable[[User], object], done: str
) -> HttpResponse:
    _enter(request)
    user = administration.person_called(id_)
    deed(user)
    messages.info(request, done)
    return redirect("accounts:person", user.public_id)


@require_POST
def end_role(request: HttpRequest, id_: str) -> HttpResponse:
    """End a role of somebody."""
    said = request.POST.get("number", "")
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 15 else 0
    return _deed(
        request, id_, lambda user: administration.end(request.user, user, number), "The role ended."
    )


@never_cache
@_FORM
def close(request: HttpRequest, id_: str) -> HttpResponse:
    """Close an account, once it was said what ends with it."""
    _enter(request)
    user, day = administration.person_called(id_), clock.today()
    if request.method != "POST" or request.POST.get("sure") != "yes":
        administration.check_to_close(request.user, user, day)
        more = {"title": f"Close the account of {user.name}?", "shown": user}
        return _page(request, "close", more | {"ends": administration.what_ends(user, day)})
    return _deed(
        request,
        id_,
        lambda user: administration.close_account(request.user, user),
        "The account is closed. Its sessions, keys and roles have ended.",
    )


@require_POST
def reopen(request: HttpRequest, id_: str) -> HttpResponse:
    """Open a closed account."""
    return _deed(
        request,
        id_,
        lambda user: administration.reopen_account(request.user, user),
        "The account is open. It has no roles.",
    )


@require_POST
def sign_out_person(request: HttpRequest, id_: str) -> HttpResponse:
    """End every session of somebody."""
    return _deed(
        request,
        id_,
        lambda user: administration.sign_out(request.user, user),
        "Every session of this person has ended.",
    )


# --- organisations --------------------------------------------------------------------------------


@require_safe
def organisations(request: HttpRequest) -> HttpResponse:
    """Every organisation."""
    _enter(request)
    page = page_of(directory.Counted(Organisation.objects.all()), request.GET)
    day = clock.today()
    shown = [directory.organisation_line(one, day) for one in page.rows]
    return _page(
        request, "organisations", {"title": "Organisations", "page": page, "organisations": shown}
    )


@_FORM
def organisation(request: HttpRequest, id_: str = "") -> HttpResponse:
    """What is known of one organisation, or a new one."""
    _enter(request)
    row = administration.organisation_called(id_) if id_ else Organisation()
    first = {
        "name": row.name,
        "kind": row.kind,
        "reference": row.reference,
        "assured_until": row.assured_until,
    }
    form = OrganisationForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        try:
            administration.set_organisation(request.user, row, **form.cleaned_data)
        except CommonwealError as error:
            form.add_error("name" if "name" in error.sentence else "kind", error.sentence)
        else:
            messages.info(request, "Saved.")
            return redirect("accounts:organisations")
    title = row.name if row.pk else "A new organisation"
    return _page(request, "organisation", {"title": title, "form": form})


# --- invitations ----------------------------------------------------------------------------------


@require_safe
def invitations(request: HttpRequest) -> HttpResponse:
    """Every invitation, the newest first."""
    _enter(request)
    rows = Invitation.objects.select_related("organisation", "invited_by").order_by("-id")
    page = page_of(directory.Counted(rows), request.GET)
    now = clock.now()
    shown = [directory.invitation_line(one, request.user, now) for one in page.rows]
    more = {"title": "Invitations", "page": page, "invitations": shown}
    return _page(request, "invitations", more)


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an invitation once more."""
    _enter(request)
    services.resend_invitation(request.user, pk)
    messages.info(request, "A new mail is on its way. The link in the old one works no more.")
    return redirect("accounts:invitations")


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw an invitation."""
    _enter(request)
    services.withdraw_invitation(request.user, pk)
    messages.info(request, "The invitation is withdrawn. Its link works no more.")
    return redirect("accounts:invitations")


# --- mail -----------------------------------------------------------------------------------------


@require_safe
def unsent(request: HttpRequest) -> HttpResponse:
    """Mail that could not be sent so far, or was given up."""
    _enter(request)
    rows = (
        Letter.objects.select_related("person", "invitation")
        .filter(state__in=(WAITING, FAILED), tries__gt=0)
        .order_by("-id")
    )
    page = page_of(directory.Counted(rows), request.GET)
    more = {"title": "Mail that was not sent", "page": page, "letters": page.rows, "failed": FAILED}
    return _page(request, "unsent", more)


@require_POST
def send_again(request: HttpRequest) -> HttpResponse:
    """Try again what was given up."""
    _enter(request)
    count = try_again()
    messages.info(request, f"{count} will be tried again.")
    return redirect(reverse("accounts:unsent"))
