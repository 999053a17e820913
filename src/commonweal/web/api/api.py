"""Version 1 of the API. Every operation either asks for a key or is declared public."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import conditional_page
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, WrongUsage
from commonweal.web.api import catalogue, choices, own, public, studies
from commonweal.web.config.errors import error_body, status_of


class _Api(NinjaAPI):
    """Describes itself once a process: what it can do is code and never changes while it runs."""

    _described: OpenAPISchema | None = None

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The description. To make it takes half a second of work, and anybody may ask for it."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if self._described is None or self._described.path_prefix != prefix:
            self._described = super().get_openapi_schema(path_prefix=prefix)
        return self._described


api = _Api(
    title="Commonweal",
    version="1",
    description="Reads the catalogue, the register, the public log and what a person has a part in;"
    " sends studies and takes them back, and takes choices in. It never decides. Errors have one"
    " shape.",
    docs_url=None,
    urls_namespace="api",
)


def _answer(request: HttpRequest, error: CommonwealError, status: int) -> HttpResponse:
    reference = str(getattr(request, "reference", "none"))
    return api.create_response(request, error_body(error, reference), status=status)


@api.exception_handler(CommonwealError)
def _ours(request: HttpRequest, error: CommonwealError) -> HttpResponse:
    return _answer(request, error, status_of(error))


@api.exception_handler(AuthenticationError)
def _no_key(request: HttpRequest, error: Any) -> HttpResponse:
    del error
    refused = Refused(
        "CW-API-TOKEN",
        "This needs a key for programs, and none that is valid came with the request.",
        remedy="Make a key on the page of your account and send it as `Authorization: Bearer KEY`.",
    )
    response = _answer(request, refused, 401)
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # The place is told, never what stood there.
    place = ".".join(str(part) for part in error.errors[0]["loc"]) if error.errors else "a field"
    return _answer(request, WrongUsage("CW-API-INVALID", f"{place} has a wrong form."), 422)


@api.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Any) -> HttpResponse:
    del error
    return _answer(request, Fault("CW-API-NOT-FOUND", "There is nothing at this address."), 404)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    sentence = "The request cannot be read."
    return _answer(request, WrongUsage("CW-API-INVALID", sentence), error.status_code)


@api.exception_handler(Exception)
def _unknown(request: HttpRequest, error: Exception) -> HttpResponse:
    del error
    from commonweal.web.config.requests import note_exception

    note_exception(None, request)
    return _answer(request, Failure("CW-INTERNAL", "Something went wrong in this service."), 500)


@api.exception_handler(DataError)
@api.exception_handler(UnicodeError)
def _not_text(request: HttpRequest, error: Exception) -> HttpResponse:
    # Text that a database does not take, such as one with NUL in it.
    del error
    sentence = "The request holds text that cannot be read."
    return _answer(request, WrongUsage("CW-API-INVALID", sentence), 422)


for router in (
    catalogue.router, public.router, own.router, studies.router, choices.router,
):  # fmt: skip
    api.add_router("", router)


def _one_shape(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view, whose refusal of a method has the one shape as well."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        response = view(request, *args, **values)
        if response.status_code != 405:
            return response
        sentence = "This address answers to other methods only; see the description of the API."
        refused = _answer(request, WrongUsage("CW-API-METHOD", sentence), 405)
        refused["Allow"] = response.get("Allow", "GET")
        return refused

    return answer


def addresses() -> Any:
    """The API's addresses. Its own checks answer, not the page that asks people to sign in."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        shaped = _one_shape(conditional_page(pattern.callback))
        pattern.callback = login_not_required(shaped)
    return patterns, app_name, namespace
