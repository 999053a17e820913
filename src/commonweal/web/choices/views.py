"""Pages of choices: for whoever says no here, and for staff who write down what they were told.

Nobody reads a choice on any of them: not staff, not the care team, and not whoever made it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from commonweal.foundation.errors import Unavailable
from commonweal.papers.choice import new_choice_id
from commonweal.papers.choice_rules import CANNOT, DOES, NOT_NATIONAL, WHEN
from commonweal.papers.own_record_box import KEY_BYTES, public_half
from commonweal.web.choices import services
from commonweal.web.choices.forms import RequestForm, WriteForm
from commonweal.web.choices.models import KEPT, VaultSays
from commonweal.web.choices.policies import check_write
from commonweal.web.config import clock
from commonweal.web.publicpages.presenters import begun, now_library

_FORM = require_http_methods(["GET", "HEAD", "POST"])
NATIONAL = {"page": "https://www.nhs.uk/your-nhs-data-matters/", "phone": "0300 303 5678"}
"""Where the national choice is made: never here."""


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"choices/{name}.jinja", more, using="jinja2", status=status)


# --- for everybody ------------------------------------------------------------------------------


@login_not_required
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """How to say no here, in every way; and what that does not do."""
    more = {
        **begun(now_library(), "your-choices", clock.today()),
        "open": services.key_or_none() is not None,
        "national": NATIONAL,
    }
    return _page(request, "begin", more)


@login_not_required
@_FORM
def new(request: HttpRequest) -> HttpResponse:
    """Say no by page. Whatever is held here, the answer is the same."""
    form = RequestForm(request.POST if request.method == "POST" else None)
    closed, status = services.key_or_none() is None, 200
    if form.is_valid():
        try:
            reference = services.ask(form.asked())
        except Unavailable as error:
            form.add_error(None, f"{error.sentence} {error.remedy or ''}".strip())
            status = 503
        else:
            return _page(request, "sent", {"own_reference": reference, "national": NATIONAL})
    more = {
        **begun(now_library(), "your-choices", clock.today()),
        "title": "Say no on this website", "form": form, "button_text": "Send it",
        "closed": closed,
    }  # fmt: skip
    return _page(request, "new", more, status)


# --- for staff ----------------------------------------------------------------------------------


@_FORM
def desk(request: HttpRequest) -> HttpResponse:
    """Write down what somebody chose. It can be added here, and not looked at or taken back."""
    check_write(request.user, clock.today())
    once = new_choice_id()
    writer = request.user.public_id
    if request.method == "POST":
        form = WriteForm(request.POST, writer=writer)
    else:
        form = WriteForm(writer=writer, initial={"once": once})
    status = 200
    if form.is_valid() and form.choice is not None:
        private = secrets.token_bytes(KEY_BYTES)
        try:
            row = services.write_down(form.choice, public_half(private))
        except Unavailable as error:
            form.add_error(None, f"{error.sentence} {error.remedy or ''}".strip())
            status = 503
        else:
            answer = redirect("choices:written")
            _keep(answer, row, private)
            return answer
    told = VaultSays.objects.first()
    more = {
        "title": "Write down a choice", "form": form, "button_text": "Write it down",
        "closed": services.key_or_none() is None, "unread": services.unread(),
        "on_their_way": services.on_their_way(), "waiting": 0 if told is None else told.waiting,
        "not_national": NOT_NATIONAL,
    }  # fmt: skip
    return _page(request, "desk", more, status)


@require_safe
def written(request: HttpRequest) -> HttpResponse:
    """The receipt of what this browser wrote down last: it does not say whose it is."""
    check_write(request.user, clock.today())
    kept = _kept(request)
    found = None if kept is None else services.receipt_for(*kept)
    more: dict[str, Any] = {"nothing": kept is None, "when": WHEN, "cannot": CANNOT}
    if found is not None:
        more |= {"receipt": found.receipt, "refusal": found.refusal}
        if found.receipt is not None and found.receipt.kind is not None:
            more["does"] = DOES[found.receipt.kind]
    return _page(request, "written", more)


def _keep(answer: HttpResponse, row: str, private: bytes) -> None:
    answer.set_cookie(
        settings.CHOICES_COOKIE_NAME,
        base64.urlsafe_b64encode(bytes.fromhex(row) + private).rstrip(b"=").decode(),
        max_age=int(KEPT.total_seconds()),
        path="/",  # the prefix __Host- wants it so
        secure=not settings.INSECURE_HTTP,
        httponly=True,
        samesite="Strict",
    )


def _kept(request: HttpRequest) -> tuple[str, bytes] | None:
    text = request.COOKIES.get(settings.CHOICES_COOKIE_NAME, "")
    try:
        held = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return (held[:16].hex(), held[16:]) if len(held) == 16 + KEY_BYTES else None
