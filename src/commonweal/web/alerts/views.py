"""Pages of mail about new projects. Links in mail only show a button: programs open links too."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from commonweal.foundation.errors import Refused
from commonweal.web.alerts import services
from commonweal.web.alerts.forms import AskForm

_FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"alerts/{name}.jinja", more, using="jinja2")


@login_not_required
@_FORM
def index(request: HttpRequest) -> HttpResponse:
    """Ask for mail about new projects."""
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.ask(form.cleaned_data["address"])
        except Refused as refused:
            form.add_error(None, f"{refused.sentence} {refused.remedy or ''}".strip())
        else:
            return _page(request, "asked", {"days": services.WAITS.days})
    more = {"title": "Hear of new projects", "form": form, "button_text": "Send me a link"}
    return _page(request, "ask", more)


@login_not_required
@never_cache
@_FORM
def begin(request: HttpRequest, secret: str) -> HttpResponse:
    """Say yes to it."""
    services.reader_of(secret)
    if request.method == "POST":
        services.begin(secret)
        return _page(request, "done", {"title": "We will write to you"})
    more = {"title": "Do you want to hear of new projects?", "button_text": "Yes, write to me"}
    return _page(request, "begin", more)


@login_not_required
@never_cache
@_FORM
def stop(request: HttpRequest, secret: str) -> HttpResponse:
    """Stop it."""
    services.reader_of(secret)
    if request.method == "POST":
        services.stop(secret)
        return _page(request, "done", {"title": "We will not write to you any more", "ended": True})
    more = {"title": "Do you want to stop this mail?", "button_text": "Stop it"}
    return _page(request, "stop", more)
