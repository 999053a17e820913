"""Pages for what went wrong: one clear sentence, a reference number, and never a traceback.

Under `/api/` the same answer is JSON of the one error shape.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from commonweal.foundation.errors import (
    CommonwealError,
    Failure,
    Fault,
    Refused,
    Unavailable,
    WrongUsage,
)

API = "/api/"


def error_body(error: CommonwealError, reference: str) -> dict[str, Any]:
    """The one shape of an error in the API."""
    return {"error": {**error.as_dict(), "reference": reference}}


def status_of(error: CommonwealError) -> int:
    """The HTTP status for a branch of our errors."""
    if error.code.endswith("-NOT-FOUND"):
        return 404
    if error.code in ("CW-PAGES-FILE", "CW-PAGES-CONTACTS"):
        return 503  # a file of the hospital is wrong, and not what the reader sent
    if isinstance(error, Refused):
        return 403
    if isinstance(error, Unavailable):
        return 503
    if isinstance(error, WrongUsage | Fault):
        return 400
    return 500


def refused(request: HttpRequest, error: CommonwealError, status: int = 0) -> HttpResponse:
    """The answer that says `error`; its status is that of its kind, where none is given."""
    reference = str(getattr(request, "reference", "none"))
    number = status or status_of(error)
    if request.path.startswith(API):
        return JsonResponse(error_body(error, reference), status=number)
    page = render_to_string(
        "errors/error.jinja",
        {
            "title": _TITLES.get(number, _TITLES[500]),
            "sentence": error.sentence,
            "remedy": error.remedy,
            "code": error.code,
            "reference": reference,
        },
        using="jinja2",
    )
    return HttpResponse(page, status=number)


_TITLES = {
    400: "We could not read that",
    403: "You cannot do this here",
    404: "Page not found",
    405: "There is nothing to read here",
    413: "That is too large",
    429: "Too many tries",
    500: "Something went wrong",
    503: "This cannot be done right now",
}


@login_not_required
@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request itself cannot be read; 413 where it is only too large."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return refused(
            request,
            WrongUsage(
                "CW-WEB-TOO-LARGE",
                "What you sent is larger than this service takes.",
                remedy="Go back, make the text or the file smaller, and send it again.",
            ),
            413,
        )
    sentence = "Your browser sent something that this service cannot read."
    return refused(request, WrongUsage("CW-WEB-REQUEST", sentence))


@login_not_required
@requires_csrf_token
def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: not for this person."""
    del exception
    return refused(request, Refused("CW-WEB-DENIED", "Your account cannot see or do this."))


@login_not_required
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form that did not come from this service, or came too late."""
    del reason
    return refused(
        request,
        Refused(
            "CW-WEB-FORM-EXPIRED",
            "This form was open for too long, or did not come from this service.",
            remedy="Go back, load the page again and send the form once more.",
        ),
    )


@login_not_required
@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing here."""
    del exception
    if request.path.startswith(API):
        return refused(request, Fault("CW-API-NOT-FOUND", "There is nothing at this address."))
    return refused(
        request,
        Fault(
            "CW-WEB-NOT-FOUND",
            "There is no page at this address.",
            remedy="If you typed the address, check that it is right.",
        ),
    )


@login_not_required
@requires_csrf_token
def method_not_taken(request: HttpRequest) -> HttpResponse:
    """405: an address that only takes what a form sends, opened by itself."""
    return refused(
        request,
        WrongUsage(
            "CW-WEB-METHOD",
            "This address only takes what a form of this service sends.",
            remedy="Go to the page with the form, and send it from there.",
        ),
        405,
    )


@login_not_required
@requires_csrf_token
def too_often(request: HttpRequest) -> HttpResponse:
    """429: tried too often, at a password for instance."""
    return refused(
        request,
        Refused(
            "CW-WEB-TOO-OFTEN",
            "This was tried too often in a short time.",
            remedy="Wait for some minutes, then try again.",
        ),
        429,
    )


@login_not_required
@requires_csrf_token
def broken(request: HttpRequest) -> HttpResponse:
    """500: an error that nobody expected."""
    return refused(
        request,
        Failure(
            "CW-INTERNAL",
            "Something went wrong in this service. What you did may not have been saved.",
            remedy="Try again. If it happens again, tell the people who run this service the "
            "reference number.",
        ),
    )
