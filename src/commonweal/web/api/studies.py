"""Studies by program: sent, looked at and taken back with a key of a person whom the permit names.

The same services answer as for the pages, with the same refusals. A key decides nothing here
either (S11): sending a study is no decision, and what leaves is decided by people.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Status

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.papers.register import RegisterEntry
from commonweal.web.accounts.models import User
from commonweal.web.api.answers import KEY, KEY_NONE, Id, PageNumber, bounds
from commonweal.web.api.auth import Key
from commonweal.web.api.shapes import JobShape, JobsShape, StudyOrderShape
from commonweal.web.config import clock
from commonweal.web.desk.uploading import was_too_large
from commonweal.web.register.presenters import entry_or_none
from commonweal.web.studies import services
from commonweal.web.studies.models import SUBMIT, Job, StudyOrder
from commonweal.web.studies.policies import check_see, own_permits
from commonweal.web.studies.presenters import report_of, state_of

router = Router()
READ, SEND = "studies:read", "studies:send"
OrderId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.get("/studies", response={200: JobsShape, **KEY}, auth=Key(READ), tags=["studies"])
def studies(request: HttpRequest, page: PageNumber = 1) -> Any:
    """The studies of the permits that name you, newest first."""
    rows = _jobs(request).order_by("-submitted_at", "-pk")
    shown = [_job(row) for row in rows[bounds(page)]]
    return {"total": rows.count(), "page": page, "studies": shown}


@router.get("/studies/{job}", response={200: JobShape, **KEY_NONE}, auth=Key(READ),
            tags=["studies"])  # fmt: skip
def study(request: HttpRequest, job: Id) -> Any:
    """One study: how it stands, as far as its author may know (S4)."""
    return _job(_one(request, job))


@router.post("/studies/{job}/take-back", response={202: StudyOrderShape, **KEY_NONE},
             auth=Key(SEND), tags=["studies"])  # fmt: skip
def take_back(request: HttpRequest, job: Id) -> Any:
    """Take a study back. Whether that came in time is shown when the quarter of an hour is full."""
    return Status(202, _order(services.ask_back(_person(request), _one(request, job))))


_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    }
}
"""One file. It is read by the same hands as at the page, which count its bytes as they come."""


@router.post("/permits/{permit_id}/studies", response={202: StudyOrderShape, **KEY_NONE},
             auth=Key(SEND), tags=["studies"], openapi_extra=_FILE)  # fmt: skip
def send(request: HttpRequest, permit_id: Id) -> Any:
    """Send a study: `file`, a zip file or git bundle of at most 20 MB. It is checked next."""
    entry = _entry(request, permit_id)
    if was_too_large(request):
        raise services.too_large()
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise Refused("CW-STUDY-FILE", "Send one file, as `file` of a form.")
    sent = services.send(_person(request), entry, files[0].name or "", files[0].read())
    return Status(202, _order(sent))


@router.get("/studies/orders/{order}", response={200: StudyOrderShape, **KEY_NONE},
            auth=Key(READ), tags=["studies"])  # fmt: skip
def order(request: HttpRequest, order: OrderId) -> Any:
    """What you asked: whether it waits, and what came of it."""
    rows = StudyOrder.objects.defer("content").filter(asked_by=_person(request), pk=order)
    found = rows.filter(permit__in=own_permits(_person(request), clock.today())).first()
    if found is None:
        raise _none("order")
    return _order(found)


# --- inside -------------------------------------------------------------------------------------


def _person(request: HttpRequest) -> User:
    found: User = request.auth.user
    return found


def _jobs(request: HttpRequest) -> Any:
    return Job.objects.filter(permit__in=own_permits(_person(request), clock.today()))


def _one(request: HttpRequest, job: str) -> Job:
    row: Job | None = _jobs(request).filter(reference=job).first()
    if row is None:
        raise _none("study")
    return row


def _entry(request: HttpRequest, permit: str) -> RegisterEntry:
    """The entry of a permit that names the person. Raises `Fault` CW-API-NOT-FOUND."""
    entry = entry_or_none(permit)
    named = False
    if entry is not None:
        try:
            named = check_see(_person(request), entry, london_day(clock.now()))
        except Fault:
            named = False
    if entry is None or not named:
        raise _none("permit")
    return entry


def _job(row: Job) -> dict[str, Any]:
    report = report_of(row)
    return {
        "id": row.reference,
        "permit": row.permit,
        "title": row.title,
        "study": row.study,
        "submitted_by": row.submitted_by,
        "submitted_at": row.submitted_at,
        "state": row.shown if report is None else report.state,
        "state_sentence": state_of(row)[2],
        "report": None if report is None else report.plain(),
        "outputs": row.declared,
    }  # fmt: skip


def _order(row: StudyOrder) -> dict[str, Any]:
    return {
        "order": row.pk,
        "kind": "send" if row.kind == SUBMIT else "take_back",
        "permit": row.permit,
        "state": row.state,
        "study": row.job or None,
        "asked_at": row.asked_at,
        "code": row.code or None,
        "sentence": row.sentence or None,
    }


def _none(what: str) -> Fault:
    return Fault("CW-API-NOT-FOUND", f"You have no such {what}.")
