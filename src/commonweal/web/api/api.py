"""Version 1 of the API. Every operation either asks for a key or is declared public."""

from __future__ import annotations

from typing import Annotated, Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Path, Query
from ninja.errors import AuthenticationError, HttpError, ValidationError

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, WrongUsage
from commonweal.web.api.auth import PUBLIC, Key
from commonweal.web.api.shapes import (
    CatalogueShape,
    ErrorShape,
    MeShape,
    RegisterShape,
    VariableShape,
    VariablesShape,
)
from commonweal.web.config import clock
from commonweal.web.config.errors import error_body, status_of
from commonweal.web.discovery.presenters import catalogue_or_none, chosen, variable_shown
from commonweal.web.discovery.reading import CatalogueSeen
from commonweal.web.register.presenters import project_shown, register_or_none

SIZE = 100
_SPELT = "A name as the catalogue spells it; ~2F stands for a slash, ~7E for a tilde."
Name = Annotated[str, Path(min_length=1, max_length=400, description=_SPELT)]

api = NinjaAPI(
    title="Commonweal",
    version="1",
    description="Reads the catalogue and the public register. Errors have one shape.",
    docs_url=None,
    urls_namespace="api",
)

_WRONG = {400: ErrorShape, 422: ErrorShape, 500: ErrorShape}
_NONE = _WRONG | {404: ErrorShape}
_KEY = _WRONG | {401: ErrorShape, 403: ErrorShape}


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


# --- catalogue: what anyone may read on the pages -----------------------------------------------


def _catalogue() -> CatalogueSeen:
    found = catalogue_or_none()
    if found is None:
        raise Fault("CW-API-NOT-FOUND", "No catalogue has been made yet.")
    return found


@api.get("/catalogue", response={200: CatalogueShape, **_NONE}, tags=[PUBLIC])
def catalogue(request: HttpRequest) -> Any:
    """All datasets with the names of their tables."""
    del request
    found = _catalogue()
    return {
        "custodian": found.custodian,
        "datasets": [
            {"id": one.id, "title": one.title, "tables": [table.name for table in one.tables]}
            for one in found.datasets
        ],
    }


@api.get("/catalogue/variables", response={200: VariablesShape, **_NONE}, tags=[PUBLIC])
def variables(
    request: HttpRequest,
    q: Annotated[str, Query(max_length=200, description="Words that must all occur.")] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Any:
    """Variables, a hundred a page. `dataset`, `role` and `form` filter and can be given often."""
    del q  # read below, together with the filters that pages use as well
    rows = chosen(_catalogue().rows, request.GET)
    shown = rows[(page - 1) * SIZE : page * SIZE]
    return {"total": len(rows), "page": page, "variables": [variable_shown(row) for row in shown]}


@api.get(
    "/catalogue/{name:dataset}/{name:table}/{name:name}",
    response={200: VariableShape, **_NONE},
    tags=[PUBLIC],
)
def variable(request: HttpRequest, dataset: Name, table: Name, name: Name) -> Any:
    """One variable: what it is, and the forms in which it can be had."""
    del request
    for row in _catalogue().rows:
        if (row.dataset, row.table, row.name) == (dataset, table, name):
            return variable_shown(row)
    raise Fault("CW-API-NOT-FOUND", "The catalogue has no such variable.")


# --- register -------------------------------------------------------------------------------------


@api.get("/register", response={200: RegisterShape, **_NONE}, tags=[PUBLIC])
def register(request: HttpRequest) -> Any:
    """Every project that may use data, oldest first."""
    del request
    found = register_or_none()
    if found is None:
        raise Fault("CW-API-NOT-FOUND", "No project has been published yet.")
    now = clock.now()
    shown = [project_shown(entry, now) for entry in found.entries]
    return {
        "made_at": found.made_at,
        "projects": [{**one, "begins": one["from"], "ends": one["until"]} for one in shown],
    }


# --- the person behind a key ----------------------------------------------------------------------


@api.get("/me", response={200: MeShape, **_KEY}, auth=Key("me:read"), tags=["account"])
def me(request: HttpRequest) -> Any:
    """Whose key this is, and what it allows."""
    row = request.auth
    return {
        "person": row.user.public_id,
        "name": row.user.name,
        "roles": sorted(row.user.roles_on(clock.today())),
        "scopes": row.scopes,
    }


def addresses() -> Any:
    """The API's addresses. Its own checks answer, not the page that asks people to sign in."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        pattern.callback = login_not_required(pattern.callback)
    return patterns, app_name, namespace
