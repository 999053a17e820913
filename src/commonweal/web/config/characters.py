"""Characters that no database can keep are answered before any page sees them.

PostgreSQL holds no NUL, and neither of our databases a lone half of a surrogate pair. Nobody types
either; a page that passed one on would break in the middle of what it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from commonweal.foundation.errors import CommonwealError, WrongUsage
from commonweal.web.config.errors import refused
from commonweal.web.config.requests import Answer

_View = TypeVar("_View", bound=Callable[..., Any])
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


def check_kept(pairs: Iterator[tuple[str, str]]) -> None:
    """Refuse a field whose name or value no database can keep. Raises CW-WEB-REQUEST."""
    for name, value in pairs:
        if _UNKEPT.search(name) or _UNKEPT.search(value):
            where = "A name" if _UNKEPT.search(name) else f'What was sent in "{name[:60]}"'
            raise WrongUsage(
                "CW-WEB-REQUEST",
                f"{where} holds a character that cannot be kept.",
                remedy="Go back, type it anew instead of pasting it, and send it again.",
            )


def marks_characters(view: _View) -> _View:
    """For a page that saves whatever is typed, and puts a mark in place of such a character."""
    view.marks_characters = True  # type: ignore[attr-defined]
    return view


class KeptCharacters:
    """Answer 400 to an address, cookie, form or JSON body with such a character in it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at what every request has, then answer."""
        try:
            check_kept(_of_every_request(request))
        except WrongUsage as error:
            return refused(request, error)
        return self.answer(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Look at what was posted, once it is known who reads it."""
        if getattr(view, "marks_characters", False):
            return None
        try:
            check_kept(_posted(request))
        except CommonwealError as error:
            return refused(request, error)
        return None


def _of_every_request(request: HttpRequest) -> Iterator[tuple[str, str]]:
    yield "address", request.path
    yield from _lists(request.GET)
    yield from ((name, str(value)) for name, value in request.COOKIES.items())


def _posted(request: HttpRequest) -> Iterator[tuple[str, str]]:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if request.content_type == "application/json":
        yield from _in_json(request.body)
        return
    yield from _lists(request.POST)
    for name, files in request.FILES.lists():
        yield from ((name, file.name or "") for file in files)


def _lists(fields: Any) -> Iterator[tuple[str, str]]:
    for name, values in fields.lists():
        yield from ((name, value) for value in values)


def _in_json(body: bytes) -> Iterator[tuple[str, str]]:
    """Every text of a JSON body. One that is not JSON, or too deep, is for whoever reads it."""
    try:
        waiting: list[tuple[str, Any]] = [("body", json.loads(body))]
    except (ValueError, RecursionError):
        return
    while waiting:
        name, found = waiting.pop()
        if isinstance(found, str):
            yield name, found
        elif isinstance(found, dict):
            yield from ((key, "") for key in found)
            waiting += found.items()
        elif isinstance(found, list):
            waiting += [(name, one) for one in found]
