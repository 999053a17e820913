"""What the committee's pages share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from commonweal.foundation.errors import CommonwealError

FORM = require_http_methods(["GET", "HEAD", "POST"])


def page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of this app."""
    return render(request, f"committee/{name}.jinja", more, using="jinja2", status=status)


def cleaned(request: HttpRequest) -> Any:
    """What was posted, without the one character that no database keeps."""
    found = request.POST.copy()
    for name, values in list(found.lists()):
        found.setlist(name, [text.replace("\x00", "\ufffd") for text in values])
    return found


def told_on(form: forms.Form, error: CommonwealError, field: str | None = None) -> None:
    """Show a refusal on the page that was sent, with all that was typed still in it."""
    form.is_valid()
    form.add_error(field, error.sentence if error.remedy is None else
                   f"{error.sentence} {error.remedy}")  # fmt: skip
