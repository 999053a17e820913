"""Pages that everybody may read, and one for those who look after them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.web.config import clock
from commonweal.web.publicpages.formats import open_format
from commonweal.web.publicpages.library import ADDRESSES, address_of
from commonweal.web.publicpages.notice import notice_shown
from commonweal.web.publicpages.policies import check_look_after
from commonweal.web.publicpages.presenters import (
    begun,
    looked_after,
    more_places,
    now_library,
    page_shown,
    questions,
    unshown,
)
from commonweal.web.register.changes import counts_or_none


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """How patient data are used here: the questions that people come with, and the answers."""
    every = now_library()
    more = {
        **begun(every, "home", clock.today()),
        "questions": questions(),
        "counts": counts_or_none(),
        "groups": [one for one in every.groups() if one[0] != "service"],
        "unshown": unshown(every),
    }
    return render(request, "publicpages/home.jinja", more, using="jinja2")


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every page, by what it is about."""
    every = now_library()
    more = {
        "groups": every.groups(), "unshown": unshown(every), "more": more_places(),
        "address_of": address_of,
    }  # fmt: skip
    return render(request, "publicpages/index.jinja", more, using="jinja2")


@login_not_required
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One page."""
    if name in ADDRESSES:
        return HttpResponseRedirect(ADDRESSES[name])
    return fixed(request, name)


@login_not_required
@require_safe
def fixed(request: HttpRequest, name: str) -> HttpResponse:
    """A page at an address of its own."""
    more = page_shown(now_library(), name, clock.today())
    return render(request, "publicpages/page.jinja", more, using="jinja2")


@require_safe
def text(request: HttpRequest, name: str) -> HttpResponse:
    """For staff: the file of a page, to change it and put it into the home."""
    check_look_after(request.user, clock.today())
    one = now_library().page(name)
    answer = HttpResponse(one.source, content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{one.name}.md"'
    return answer


@login_not_required
@require_safe
def form_of_page(request: HttpRequest, name: str, key: str) -> HttpResponseBase:
    """A page in another form: easy read, large print, sound, sign language, another language."""
    del request
    if name not in now_library().pages:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page of this name.")
    stream, kind, size = open_format(settings.HOME.path, name, key)
    answer = FileResponse(stream, as_attachment=True, filename=f"{name}.{key}", content_type=kind)
    answer["Content-Length"] = size
    return answer


@login_not_required
@require_safe
def form(request: HttpRequest) -> HttpResponse:
    """A form to print, fill in by hand and send or hand in."""
    more = begun(now_library(), "your-choices", clock.today())
    return render(request, "publicpages/form.jinja", more, using="jinja2")


@login_not_required
@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """A notice to print on one sheet of paper, with a code that leads here."""
    more = begun(now_library(), "home", clock.today())
    more |= notice_shown(settings.ENVIRONMENT.address)
    return render(request, "publicpages/notice.jinja", more, using="jinja2")


@require_safe
def look_after(request: HttpRequest) -> HttpResponse:
    """For staff: which pages wait for a review, and what is wrong with any."""
    check_look_after(request.user, clock.today())
    more = looked_after(now_library(), clock.today())
    return render(request, "publicpages/look_after.jinja", more, using="jinja2")
