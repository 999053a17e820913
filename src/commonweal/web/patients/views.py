"""Pages for whoever looks at their own record. This process learns of nobody (S8).

The browser holds what opens its answer (`visit`); a row holds two boxes; the provider's word goes
through here once, into a box, and is not read. Signing in is a link and not a form: browsers do not
send forms on to other places, and nothing is written before the provider's answer has come.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.papers.choice import MOST, new_choice_id
from commonweal.papers.choice_rules import UNDONE, WHEN
from commonweal.papers.own_order import OwnChoice
from commonweal.web.config import clock
from commonweal.web.config.errors import status_of
from commonweal.web.patients import services
from commonweal.web.patients.forms import ChoiceForm
from commonweal.web.patients.presenters import (
    paper_of,
    receipt_shown,
    record_shown,
    wish_shown,
)
from commonweal.web.patients.signing_in import token_of, way_to
from commonweal.web.patients.visit import Visit, forget, keep, new_visit, visit_of
from commonweal.web.patients.words import CARE, Refusal, refusal

REFRESH_SECONDS = 5
"""How often the waiting page asks again: answers come at whole ticks of as many seconds."""
PATIENCE_SECONDS = 120
"""How long it asks by itself."""


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"patients/{name}.jinja", more, using="jinja2", status=status)


def _refused(
    request: HttpRequest,
    code: str,
    status: int = 403,
    *,
    said: Refusal | None = None,
    ends: bool = False,
) -> HttpResponse:
    """The page that says why not. `ends`: the visit is over, so the browser forgets it."""
    made = _page(request, "refused", {"refusal": said or refusal(code), "code": code}, status)
    if ends:
        forget(made)
    return made


def _here() -> str:
    """Where the provider answers: fixed, so that no header of a request changes it."""
    return f"{settings.ENVIRONMENT.address}{reverse('patients:callback')}"


# --- signing in -------------------------------------------------------------------------------


@login_not_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    """What can be seen here, and the way in."""
    return _page(request, "my_data", {"open": services.ready_or_none() is not None})


@login_not_required
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Go to the provider with a new key of this browser."""
    return _go(request, None)


@login_not_required
@require_GET
def confirm(request: HttpRequest) -> HttpResponse:
    """Go to the provider to say who chooses what was chosen on the page before."""
    visit = visit_of(request)
    if visit is None or visit.wish is None:
        return _refused(request, "CW-MYDATA-WISH")
    return _go(request, visit.wish)


def _go(request: HttpRequest, wish: OwnChoice | None) -> HttpResponse:
    try:
        visit = new_visit(int(clock.now().timestamp()), wish)
        made = redirect(way_to(services.ready().provider, visit, _here()))
    except CommonwealError as error:
        return _refused(request, error.code, status_of(error))
    keep(made, visit)
    return made


@login_not_required
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """The provider's answer: sealed for the vault, and forgotten."""
    try:
        open_ = services.ready()
        visit, token = token_of(open_.provider, visit_of(request), _here(), request.GET.dict())
        asked = visit.asked(services.write_order(open_.key, visit, token))
    except CommonwealError as error:
        # An answer that is not of this sign-in ends nothing: anybody can send a browser here.
        ends = error.code != "CW-OIDC-STATE"
        return _refused(request, error.code, status_of(error), ends=ends)
    made = redirect("patients:answer")
    keep(made, asked)
    return made


# --- the answer -------------------------------------------------------------------------------


@login_not_required
@require_safe
def answer(request: HttpRequest) -> HttpResponse:
    """What the vault answered this browser; until then a page that asks again by itself."""
    visit = visit_of(request)
    found = services.found_for(visit)
    if found.code:
        return _refused(request, found.code, ends=visit is not None and bool(visit.order))
    if found.answer is None:
        patient = found.seconds < PATIENCE_SECONDS
        made = _page(request, "waiting", {"patient": patient})
        if patient:
            made["Refresh"] = str(REFRESH_SECONDS)
        return made
    if found.answer.record is not None:
        return _page(request, "record", record_shown(found.answer.record) | {"care": CARE})
    if found.answer.receipt is not None:
        more = {"one": receipt_shown(found.answer.receipt), "when": WHEN, "cannot": UNDONE,
                "care": CARE}  # fmt: skip
        return _page(request, "receipt", more)
    if found.answer.refusal is None:
        return _refused(request, "CW-MYDATA-ORDER")
    why = found.answer.refusal
    said = Refusal("Your choice was not written down.", why.sentence)
    return _refused(request, why.code, said=said)


@login_not_required
@require_safe
def paper(request: HttpRequest, release: str) -> HttpResponse:
    """The file about one release. Its name and address are the same for "in" and "not in"."""
    found = services.found_for(visit_of(request))
    if found.answer is None or found.answer.record is None:
        return _refused(request, found.code or "CW-MYDATA-GONE")
    content = paper_of(found.answer.record, release)
    if content is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    made = HttpResponse(content, content_type="application/json")
    made["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return made


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the visit: the row goes, and what opened it."""
    services.leave(visit_of(request))
    made = _page(request, "left", {})
    forget(made)
    return made


# --- choosing ---------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Say no to something: chosen here, and confirmed by signing in."""
    form = ChoiceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _check(request, form.wish())
    more = {"title": "Say no on this website", "form": form, "button_text": "Continue",
            "open": services.ready_or_none() is not None}  # fmt: skip
    return _page(request, "choose", more)


@login_not_required
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Take back one's own choice: confirmed by signing in, as any other."""
    said = request.POST.get("number", "")
    if not (said.isascii() and said.isdigit() and len(said) <= len(str(MOST))):
        return _refused(request, "CW-MYDATA-WISH")
    number = int(said)
    if not 1 <= number <= MOST:
        return _refused(request, "CW-MYDATA-WISH")
    return _check(request, OwnChoice(id=new_choice_id(), takes_back=number))


def _check(request: HttpRequest, wish: OwnChoice) -> HttpResponse:
    """What was chosen, before it counts: when it takes effect, and what it cannot undo."""
    if services.ready_or_none() is None:
        return _refused(request, "CW-MYDATA-CLOSED")
    more = {"one": wish_shown(wish), "when": WHEN, "cannot": UNDONE, "care": CARE}
    made = _page(request, "check", more)
    visit = visit_of(request) or _unused()
    keep(made, visit.wishing(wish))
    return made


def _unused() -> Visit:
    """A visit that only holds a wish: signing in makes a new one."""
    return new_visit(int(clock.now().timestamp()))
