"""Pages of signing: what is signed, what came of it, all that one signed, a key to sign with."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.papers.act_webauthn import registered, request_options
from commonweal.papers.credentials import b64url, unb64url
from commonweal.papers.roster import SigningSite
from commonweal.web.accounts.policies import check_manage
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.signing import presenters, services
from commonweal.web.signing.evidence import evidence_of, read_answer, setup_options
from commonweal.web.signing.models import (
    ASKED,
    HEARD,
    PROPOSED,
    SET_ASIDE,
    SIGNED,
    VOID,
    Act,
)
from commonweal.web.signing.policies import Means, act_of, check_place, check_sign, known_roster

_FORM = require_http_methods(["GET", "HEAD", "POST"])
_SETUP, _MADE = "signing_key_setup", "signing_key_made"


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"signing/{name}.jinja", more, status=status, using="jinja2")


def _origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


# --- one act --------------------------------------------------------------------------------------


@never_cache
@_FORM
def sign(request: HttpRequest, act_id: str) -> HttpResponse:
    """What is signed, and the way to sign it; afterwards what became of it."""
    row = act_of(request.user, act_id)
    if row.state != PROPOSED:
        sent_again = request.method == "POST"
        return redirect("signing:sign", row.pk) if sent_again else _outcome(request, row)
    if not row.is_waiting(clock.now()):
        return _page(request, "late", {"shown": presenters.shown(row)})
    return _to_sign(request, row)


def _to_sign(request: HttpRequest, row: Act) -> HttpResponse:
    """The page before it is signed. What is wrong with an answer is said on it; nothing is lost."""
    seen = presenters.shown(row)
    means: Means | None = None
    problem: CommonwealError | None = None
    try:
        means = check_sign(row, _origin(request), clock.now())
        if request.method == "POST":
            _take(request, row, means)
            return _answered(request, row, seen)
    except Refused as error:
        if error.code in ("CW-WEB-SIGNED", "CW-ACT-TIME"):  # in another window, or too late by now
            return redirect("signing:sign", row.pk)
        problem = error
    except Fault as error:
        problem = error
    options = None
    if means is not None and means.by == "key" and means.site is not None:
        options = {"publicKey": request_options(row.act, means.person, means.site)}
    more = {"shown": seen, "means": means, "options": options, "problem": problem}
    return _page(request, "sign", more, 400 if request.method == "POST" else 200)


def _take(request: HttpRequest, row: Act, means: Means) -> None:
    if means.by == "button" or means.site is None:
        services.ask_signature(request.user, row.pk)
        return
    answer = read_answer(request.POST.get("answer", ""))
    services.take_evidence(request.user, row.pk, evidence_of(answer, row, means.person, means.site))


def _answered(request: HttpRequest, row: Act, seen: presenters.Shown) -> HttpResponse:
    """Wait a moment for the ledger's answer, and go where it leads."""
    if services.wait_for(row.pk).state == HEARD:
        messages.success(request, "You signed it, and the ledger has heard of it.")
        return redirect(seen.back)
    return redirect("signing:sign", row.pk)


def _outcome(request: HttpRequest, row: Act) -> HttpResponse:
    names = {SIGNED: "waiting", ASKED: "waiting", HEARD: "heard", VOID: "void"}
    more = {"shown": presenters.shown(row), "late": clock.now() > row.expires_at}
    return _page(request, names.get(row.state, "refused"), more)


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What one was asked to sign, newest first, each with the ledger's word for it."""
    keys = Act.objects.filter(person=request.user).order_by("-made_at", "-id")
    page: Page[int] = page_of(Counted(keys.values_list("pk", flat=True)), request.GET)
    rows = Act.objects.filter(pk__in=page.rows).order_by("-made_at", "-id")
    more = {
        "lines": [
            (line, row)
            for line, row in zip(presenters.listed(rows, clock.now()), rows, strict=True)
        ],
        "paging": page,
    }
    return _page(request, "mine", more)


@never_cache
@_FORM
def held_up(request: HttpRequest) -> HttpResponse:
    """What could not be settled again and again, for those who look after accounts."""
    check_manage(request.user, clock.today())
    if request.method == "POST":
        services.try_now()
        return redirect("signing:held_up")
    return _page(request, "held_up", {"held": presenters.held_up(), "tries": SET_ASIDE})


# --- a key to sign with ---------------------------------------------------------------------------


@never_cache
@_FORM
def key(request: HttpRequest) -> HttpResponse:
    """Set up a security key for signing. It counts only once it is on the list of people."""
    problem: CommonwealError | None = None
    options, site = None, None
    try:
        site = _site(request)
        if request.method == "POST":
            _keep_key(request, site)
            return redirect("signing:key_made")
    except (Fault, Refused) as error:
        problem = error
    if site is not None:
        challenge = secrets.token_bytes(32)
        request.session[_SETUP] = b64url(challenge)
        name = settings.HOME.custodian
        options = {"publicKey": setup_options(request.user, site, challenge, name)}
    more = {"options": options, "problem": problem}
    return _page(request, "key", more, 400 if request.method == "POST" else 200)


def _site(request: HttpRequest) -> SigningSite:
    """Where people sign with security keys. Raises `Refused`."""
    site = known_roster().site
    if site is None:
        raise Refused(
            "CW-ACT-CREDENTIAL",
            "The list of people does not say at which address people sign with security keys.",
            remedy="Those who keep the list add its `site` first.",
        )
    check_place(site, _origin(request))
    return site


def _keep_key(request: HttpRequest, site: SigningSite) -> None:
    """Raises `Fault` CW-ACT-EVIDENCE."""
    challenge = request.session.pop(_SETUP, None)
    answer = read_answer(request.POST.get("answer", ""))
    if not isinstance(challenge, str):
        raise Fault("CW-ACT-EVIDENCE", "This page was open for too long, or was sent twice.")
    id_, public = registered(answer, unb64url(challenge), site)
    request.session[_MADE] = {"webauthn": id_, "public_key": public}


def _made(request: HttpRequest) -> dict[str, str]:
    found = request.session.get(_MADE)
    if not isinstance(found, dict):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


@never_cache
@require_safe
def key_made(request: HttpRequest) -> HttpResponse:
    """The piece for the list of people, and what happens next."""
    made = _made(request)
    return _page(request, "key_made", {"piece": _piece(request, made), "id": made["webauthn"]})


@never_cache
@require_safe
def key_piece(request: HttpRequest) -> HttpResponse:
    """The same piece as a file."""
    answer = HttpResponse(_piece(request, _made(request)), content_type="text/yaml; charset=utf-8")
    name = f"security-key-of-{request.user.public_id}.yaml"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _piece(request: HttpRequest, made: dict[str, str]) -> str:
    return (
        f"# For the list of people: among the credentials of {request.user.public_id}.\n"
        f"- webauthn: {made['webauthn']}\n"
        f"  public_key: {made['public_key']}\n"
    )
