"""The public register and the public log: what anyone may read and check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Router

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Fault
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.note import Note
from commonweal.ledger.proving import newest_note, prove
from commonweal.ledger.store import Ledger
from commonweal.papers.register import Register
from commonweal.web.api.answers import NONE, SIZE, Id, PageNumber, bounds
from commonweal.web.api.auth import PUBLIC
from commonweal.web.api.shapes import (
    CheckpointShape,
    EntriesShape,
    EntryShape,
    LeftPageShape,
    ProjectShape,
    ProofShape,
    RegisterShape,
)
from commonweal.web.config import clock
from commonweal.web.config.trusting import LEDGER
from commonweal.web.register.left import left_of, left_told, shown_outputs
from commonweal.web.register.presenters import entry_or_none, project_shown, register_or_none

router = Router()
Index = Annotated[int, Path(ge=0, le=2**53 - 1)]


def _register() -> Register:
    found = register_or_none()
    if found is None:
        raise Fault("CW-API-NOT-FOUND", "No project has been published yet.")
    return found


def _project(entry: Any) -> dict[str, Any]:
    one = project_shown(entry, clock.now())
    return {**one, "begins": one["from"], "ends": one["until"]}


@router.get("/register", response={200: RegisterShape, **NONE}, tags=[PUBLIC])
def register(request: HttpRequest, page: PageNumber = 1) -> Any:
    """Every project that may use data, oldest first."""
    del request
    found = _register()
    return {
        "made_at": found.made_at,
        "total": len(found.entries),
        "page": page,
        "projects": [_project(entry) for entry in found.entries[bounds(page)]],
    }


@router.get("/register/{permit_id}", response={200: ProjectShape, **NONE}, tags=[PUBLIC])
def project(request: HttpRequest, permit_id: Id) -> Any:
    """One project of the register."""
    del request
    _register()
    entry = entry_or_none(permit_id)
    if entry is not None:
        return _project(entry)
    raise Fault("CW-API-NOT-FOUND", "The register has no such project.")


@router.get("/register/{permit_id}/outputs", response={200: LeftPageShape, **NONE}, tags=[PUBLIC])
def outputs(request: HttpRequest, permit_id: Id, page: PageNumber = 1) -> Any:
    """What has left a project, oldest first; recalled ones too."""
    del request
    _register()
    entry = entry_or_none(permit_id)
    if entry is None:
        raise Fault("CW-API-NOT-FOUND", "The register has no such project.")
    left = left_of(entry)
    names = list(left.named)[bounds(page)]
    return {
        "total": len(left.named),
        "page": page,
        "outputs": [left_told(one) for one in shown_outputs(left, names)],
    }


# --- the public log -------------------------------------------------------------------------------


@contextmanager
def _ledger() -> Iterator[Ledger]:
    with Ledger.open(settings.ENVIRONMENT.home / LEDGER, SystemClock()) as ledger:
        yield ledger


@router.get("/ledger/checkpoint", response={200: CheckpointShape, **NONE}, tags=[PUBLIC])
def checkpoint(request: HttpRequest) -> Any:
    """The newest signed checkpoint of the public log, with its witnesses' lines."""
    del request
    with _ledger() as ledger, ledger.reading() as connection:
        note = newest_note(connection, "public")
    if note is None:
        raise Fault("CW-API-NOT-FOUND", "No checkpoint has been signed yet.")
    point = Checkpoint.parse(Note.parse(note).text)
    return {"origin": point.origin, "size": point.size, "root": point.root.hex(), "note": note}


@router.get("/ledger/entries", response={200: EntriesShape, **NONE}, tags=[PUBLIC])
def entries(request: HttpRequest, page: PageNumber = 1) -> Any:
    """The entries of the public log, oldest first."""
    del request
    with _ledger() as ledger, ledger.reading() as connection:
        total = reading.size(connection, "public")
        rows = connection.execute(
            "SELECT idx, body FROM entry JOIN intent ON intent.id = intent_id "
            "WHERE entry.log = 'public' AND idx >= ? ORDER BY idx LIMIT ?",
            ((page - 1) * SIZE, SIZE),
        ).fetchall()
    found = [{"index": index, "entry": parse_json(body, "An entry")} for index, body in rows]
    return {"total": total, "page": page, "entries": found}


@router.get("/ledger/entries/{index}", response={200: EntryShape, **NONE}, tags=[PUBLIC])
def entry(request: HttpRequest, index: Index) -> Any:
    """One entry of the public log."""
    del request
    with _ledger() as ledger:
        _check(ledger, index)
        body = ledger.entry("public", index)
    return {"index": index, "entry": parse_json(body, "An entry")}


@router.get("/ledger/entries/{index}/proof", response={200: ProofShape, **NONE}, tags=[PUBLIC])
def proof(request: HttpRequest, index: Index) -> Any:
    """The proof that an entry is on the public log: a C2SP tlog-proof, to be checked offline."""
    del request
    with _ledger() as ledger:
        _check(ledger, index)
        try:
            text = prove(ledger, "public", index)
        except Fault as fault:
            raise Fault("CW-API-NOT-FOUND", fault.sentence) from None
    return {"index": index, "proof": text}


def _check(ledger: Ledger, index: int) -> None:
    if index >= ledger.size("public"):
        raise Fault("CW-API-NOT-FOUND", "The public log has no such entry.")
