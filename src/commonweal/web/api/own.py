"""What a person has a part in, read with a key of theirs. A key reads; it never decides (S11).

Whose applications are whose is asked of `ApplicationQuery.seen_by`, as pages do. Of what is not
theirs nobody learns whether it exists.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Path, Router

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.governance.states.application import APPLICATION
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.api.answers import KEY, KEY_NONE, Id, PageNumber, bounds
from commonweal.web.api.auth import Key
from commonweal.web.api.shapes import (
    ApplicationShape,
    ApplicationsShape,
    MeShape,
    PermitShape,
    PermitsShape,
    VersionShape,
)
from commonweal.web.applications.models import Application, ApplicationQuery, Version
from commonweal.web.config import clock
from commonweal.web.projects.models import Permit
from commonweal.web.projects.permits import permit_told
from commonweal.web.projects.policies import permits_of, staff_roles
from commonweal.web.register.presenters import entry_or_none

router = Router()
Number = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get("/me", response={200: MeShape, **KEY}, auth=Key("me:read"), tags=["account"])
def me(request: HttpRequest) -> Any:
    """Whose key this is, and what it allows."""
    row = request.auth
    return {
        "person": row.user.public_id,
        "name": row.user.name,
        "roles": sorted(row.user.wide_roles_on(clock.today())),
        "project_roles": [
            {"role": one.role, "project": one.project}
            for one in memberships_on(row.user, clock.today())
            if one.project
        ],
        "scopes": row.scopes,
    }


def _person(request: HttpRequest) -> User:
    found: User = request.auth.user
    return found


# --- applications ---------------------------------------------------------------------------------


def _mine(request: HttpRequest) -> ApplicationQuery:
    return Application.objects.seen_by(_person(request), clock.today())


@router.get(
    "/applications",
    response={200: ApplicationsShape, **KEY},
    auth=Key("applications:read"),
    tags=["applications"],
)
def applications(request: HttpRequest, page: PageNumber = 1) -> Any:
    """The applications that you write, newest first."""
    rows = _mine(request).select_related("organisation").prefetch_related("versions")
    shown = [_application(row) for row in rows[bounds(page)]]
    return {"total": rows.count(), "page": page, "applications": shown}


@router.get(
    "/applications/{reference}",
    response={200: ApplicationShape, **KEY_NONE},
    auth=Key("applications:read"),
    tags=["applications"],
)
def application(request: HttpRequest, reference: Id) -> Any:
    """One application that you write: where it stands, and the versions that were sent."""
    rows = _mine(request).select_related("organisation").prefetch_related("versions")
    row = rows.filter(reference=reference).first()
    if row is None:
        raise _none("application")
    return _application(row)


@router.get(
    "/applications/{reference}/versions/{number}",
    response={200: VersionShape, **KEY_NONE},
    auth=Key("applications:read"),
    tags=["applications"],
)
def version(request: HttpRequest, reference: Id, number: Number) -> Any:
    """One version that was sent, whole, as it was frozen. Drafts are never given out."""
    rows = Version.objects.filter(application__in=_mine(request))
    row = rows.filter(application__reference=reference, number=number).first()
    if row is None:
        raise _none("version")
    content = parse_json(bytes(row.content), "A version")
    return {**_version(row), "reference": reference, "content": content}


def _application(row: Application) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "organisation": row.organisation.name,
        "state": row.state,
        "state_sentence": APPLICATION.sentences[row.state],
        "begun_at": row.begun_at,
        "versions": [_version(one) for one in row.versions.all()],
    }


def _version(row: Version) -> dict[str, Any]:
    return {"number": row.number, "digest": row.digest, "sent_at": row.sent_at}


# --- permits --------------------------------------------------------------------------------------


def _permits(request: HttpRequest) -> QuerySet[Permit]:
    found = permits_of(_person(request), clock.today())
    return found.select_related("application").order_by("pk")


@router.get(
    "/permits",
    response={200: PermitsShape, **KEY},
    auth=Key("permits:read"),
    tags=["permits"],
)
def permits(request: HttpRequest, page: PageNumber = 1) -> Any:
    """The permits that your pages show you, oldest first.

    The signed permit itself is there for the people whom it names, and for staff.
    """
    rows = _permits(request)
    staff = _staff(request)
    shown = [_permit(request, row, staff=staff) for row in rows[bounds(page)]]
    return {"total": rows.count(), "page": page, "permits": shown}


@router.get(
    "/permits/{permit_id}",
    response={200: PermitShape, **KEY_NONE},
    auth=Key("permits:read"),
    tags=["permits"],
)
def permit(request: HttpRequest, permit_id: Id) -> Any:
    """One permit: as your page of it shows it; of others what the register says."""
    row = _permits(request).filter(reference=permit_id).first()
    if row is not None:
        return _permit(request, row, staff=_staff(request))
    public = _public(permit_id)
    if public is None:
        raise _none("permit")
    return {"id": permit_id, "own": False, "public": public}


def _public(permit: str) -> dict[str, Any] | None:
    """What the register says of a permit."""
    entry = entry_or_none(permit)
    return None if entry is None else entry.permit


def _staff(request: HttpRequest) -> bool:
    return bool(staff_roles(_person(request), clock.today()))


def _permit(request: HttpRequest, row: Permit, *, staff: bool) -> dict[str, Any]:
    told = permit_told(row, _person(request), staff=staff)
    return {**told, "public": _public(row.reference)}


def _none(what: str) -> Fault:
    return Fault("CW-API-NOT-FOUND", f"You have no such {what}.")
