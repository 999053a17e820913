"""Every request gets a reference number and one line in the log; refusals become pages."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from commonweal.foundation.errors import CommonwealError

_LOG = logging.getLogger("commonweal.web.requests")
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
Answer = Callable[[HttpRequest], HttpResponseBase]


def new_reference() -> str:
    """A number that a person can read out on the telephone, such as `7F3K-92QD`."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


class Reference:
    """Give each request its reference; write what became of it, without personal data."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        got_request_exception.connect(note_exception, dispatch_uid="commonweal.web.reference")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and write one line."""
        request.reference = new_reference()
        started = time.monotonic()
        response = self.answer(request)
        match = request.resolver_match
        line = {
            "reference": request.reference,
            "method": request.method if request.method in _METHODS else "other",
            # The name of the page, never its address: that may hold an identifier or a token.
            "page": match.view_name if match is not None else "none",
            "status": response.status_code,
            "milliseconds": round((time.monotonic() - started) * 1000),
        }
        if match is not None or response.status_code >= 400:  # not for every picture
            _LOG.info("answered", extra=line)
        response["X-Reference"] = request.reference
        return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def note_exception(sender: object, request: HttpRequest | None = None, **_: object) -> None:
    """Log an error that nobody expected, under the reference of its request."""
    del sender
    reference = getattr(request, "reference", "none")
    _LOG.error("an error that nobody expected", exc_info=True, extra={"reference": reference})


class Refusals:
    """Turn our own errors, wherever a page raises them, into a page with their sentence."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as before; where a page takes only forms, with a page that says so."""
        response = self.answer(request)
        if response.status_code != 405 or request.path.startswith("/api/"):
            return response
        from commonweal.web.config.errors import method_not_taken

        said = method_not_taken(request)
        said["Allow"] = response["Allow"]
        return said

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an error of ours; Django's own way for others."""
        from commonweal.web.config.errors import refused

        if isinstance(error, DataError) or (isinstance(error, ValueError) and "NUL" in str(error)):
            # Text that a database does not take, such as an id with NUL in it (PostgreSQL).
            from commonweal.web.config.errors import bad_request

            _LOG.info("refused", extra={"reference": request.reference, "code": "CW-WEB-REQUEST"})
            return bad_request(request)
        if isinstance(error, PermissionDenied | SuspiciousOperation | Http404):
            return None
        if isinstance(error, CommonwealError):
            _LOG.info("refused", extra={"reference": request.reference, "code": error.code})
            return refused(request, error)
        return None
