"""Documents of an application: handed in, looked at, kept out of reach, and checked by a person."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Failure, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.governance.application.evidence import CHECKED_WORDS, asked_by_law
from commonweal.governance.application.terms import Evidence
from commonweal.governance.states.evidence import EVIDENCE
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.policies import application_of, is_open, role_for
from commonweal.web.config import clock
from commonweal.web.desk.models import Document, File
from commonweal.web.desk.policies import Standing, none, role_in
from commonweal.web.desk.scanning import scanner
from commonweal.web.desk.services import MAX_WORDS, actor, locked
from commonweal.web.desk.sniffing import MAX_BYTES, kind_of, no
from commonweal.web.ledgerlink.services import govern

MAX_FILES = 200
"""Files of one application, over all its documents."""
_ENDED = frozenset({"withdrawn", "lapsed"})
"""States into which an application can go from that in which it is written again."""
_EVENT_RESULT = {"accept": "accepted", "refuse": "refused", "excuse": "not_wanted"}


def can_hand_in(application: Application) -> bool:
    """True while documents can be handed in: while it is the writers' turn."""
    return is_open(application) or application.state == "queried"


@dataclass(frozen=True)
class Upload:
    """A file as it came: what its sender called it, and its bytes."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The digest of its bytes, as papers write it."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


def hand_in(person: User, application: Application, name: str, upload: Upload) -> File:
    """Keep a file for the document called `name` in the application.

    Raises `Fault` CW-WEB-NOT-FOUND for somebody who does not write it; `Refused` CW-DESK-FILE with
    what is wrong with the file, CW-STATE-STEP; `Unavailable` CW-DESK-SCANNER. Whatever is raised,
    nothing is kept.
    """
    kind = kind_of(upload.name, upload.content)
    found = scanner().scan(upload.content)
    with _kept(upload.content) as place, transaction.atomic():
        Application.objects.select_for_update().get(pk=application.pk)
        fresh = application_of(person, application.reference, clock.today())
        role = role_for(person, fresh, clock.today())
        if not can_hand_in(fresh):
            raise Refused("CW-STATE-STEP", "Documents cannot be handed in now.")
        if File.objects.filter(document__application=fresh).count() >= MAX_FILES:
            raise no(f"An application can have at most {MAX_FILES} files.")
        row = fresh.documents.filter(name=name).first()
        row = row or Document(application=fresh, name=name)
        action = "replace" if row.state in ("to_check", "checked") else "hand_in"
        state = EVIDENCE.check_step(row.state, action, role)
        safe = "find_unsafe" if found == "found" else "find_safe"
        met = ("document_unsafe",) if found == "found" else ("document_safe",)
        row.state = EVIDENCE.check_step(state, safe, "system", met=met)
        row.checked_by, row.checked_at, row.note, row.looked_at = None, None, "", []
        salt = new_salt()
        file = File(
            document=row, place=place, shown=upload.name, kind=kind, size=len(upload.content),
            sha256=upload.sha256, scan=found, salt=salt, handed_in_by=person,
            handed_in_at=clock.now(),
        )  # fmt: skip
        fields = {
            "application": fresh.reference,
            "document": commitment(salt, document_bytes(name, upload.sha256)),
        }
        event = Event("evidence.handed_in", Actor(role, person.public_id), fields)
        govern(event, row, file)
    return file


def document_bytes(name: str, sha256: str) -> bytes:
    """What the ledger's commitments to a document are about."""
    return canonical({"document": name, "sha256": sha256})


# --- bytes --------------------------------------------------------------------------------------


def _folder() -> Path:
    return settings.ENVIRONMENT.folder / "evidence"


@contextlib.contextmanager
def _kept(content: bytes) -> Iterator[str]:
    """Write the bytes under a random name; take them away again if the block fails."""
    place = secrets.token_hex(20)
    make_private_folder(_folder())
    path = _folder() / place
    write_atomic(path, content, exclusive=True)
    try:
        yield place
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def content_of(file: File) -> bytes:
    """The bytes of a file. Raises `Failure` CW-DESK-FILE-CHANGED if they are not what came."""
    if not file.place.isalnum():
        raise Failure("CW-DESK-FILE-CHANGED", "The record of this document was changed.")
    content = read_bytes(_folder() / file.place, "The document", limit=MAX_BYTES)
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(found, file.sha256):
        raise Failure(
            "CW-DESK-FILE-CHANGED",
            "This document is not as it was handed in: it was changed on the disk.",
        )
    return content


def file_of(application: Application, number: int) -> File:
    """A file of an application. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = File.objects.select_related("document", "handed_in_by")
    found = rows.filter(pk=number, document__application=application).first()
    if found is None:
        raise none()
    return found


def is_of_draft(file: File, version: Version, named: Iterable[Evidence]) -> bool:
    """Whether a file belongs to what the writers write after `version`, and so is nobody else's.

    An answer to a question of the hospital belongs to the version that was asked about, until a
    newer one is sent. The file that `version` names by its digest always belongs to it.
    """
    if any(one.id == file.document.name and one.sha256 == file.sha256 for one in named):
        return False
    return file.handed_in_at > version.sent_at and is_written_again(version)


def is_written_again(version: Version) -> bool:
    """Whether a newer version was sent, or may be: what is handed in meanwhile is for that one.

    Of an application that ended it cannot be told for which of the two it was: it stays shut.
    """
    application = version.application
    newer = application.versions.filter(number__gt=version.number)
    return is_open(application) or application.state in _ENDED or newer.exists()


def files_shown(files: Iterable[File], version: Version, about: Evidence) -> list[File]:
    """The files of one document that a version shows, the newest last."""
    again = is_written_again(version)
    return [
        one
        for one in files
        if not again or one.handed_in_at <= version.sent_at or one.sha256 == about.sha256
    ]


def is_shown(file: File, version: Version, named: Iterable[Evidence]) -> bool:
    """Whether a file is what a version of an application shows: of a document that it names, the
    newest file that was handed in for it or the very file that the version is about."""
    by_id = {str(one.id): one for one in named}
    about = by_id.get(file.document.name)
    if about is None:
        return False
    shown = files_shown(file.document.files.all(), version, about)
    return file.sha256 == about.sha256 or file in shown[-1:]


# --- checking -----------------------------------------------------------------------------------


def check_document(
    at: Standing, name: str, action: str, note: str, seen: str = "", looked_at: Iterable[str] = ()
) -> Document:
    """Accept or refuse a document, excuse it, or look at it again.

    `seen`: the digest of the file that the person looked at; if another came meanwhile, nothing is
    written. `looked_at`: what they checked of it (`CHECKED_WORDS`). Raises as `policies.role_in`;
    `Refused` CW-DESK-INPUT for a reason that is missing, CW-DESK-EVIDENCE for what the law asks
    for, CW-DESK-CHANGED; `Fault` CW-WEB-NOT-FOUND for a document that the version does not name.
    """
    said = set(looked_at)
    ticked = [code for code in CHECKED_WORDS if code in said]
    with transaction.atomic():
        fresh = locked(at)
        named = {str(one.id): one for one in fresh.paper.content.documents}
        if name not in named:
            raise none()
        row = fresh.application.documents.filter(name=name).first()
        row = row or Document(application=fresh.application, name=name)
        file = row.files.last() if row.pk else None
        if (file.sha256 if file else "") != seen:
            raise Refused(
                "CW-DESK-CHANGED",
                "Another file was handed in while you looked at this one. Look at it first.",
            )
        other = file is None or file.handed_in_by_id != at.person.pk
        role, row.state = role_in(
            fresh, EVIDENCE, row.state, action, ("somebody_else",) if other else ()
        )
        same = file is not None and file.sha256 == named[name].sha256
        _check_note(action, note, same=same)
        if name in {one.id for one in asked_by_law(fresh.paper.content)}:
            _check_law(action, ticked)
        row.note = note.strip()
        row.checked_by, row.checked_at = at.person, clock.now()
        row.looked_at = ticked if action == "accept" else []
        if action == "check_again":
            row.checked_by, row.checked_at, row.note = None, None, ""
        _written(fresh, row, role, action, file)
    return row


def _check_note(action: str, note: str, *, same: bool) -> None:
    if len(note) > MAX_WORDS:
        raise Refused("CW-DESK-INPUT", f"The reason is longer than {MAX_WORDS:,} characters.")
    if note.strip():
        return
    if action in ("refuse", "excuse"):
        raise Refused("CW-DESK-INPUT", "Say why, so that the applicant can understand it.")
    if action == "accept" and not same:
        raise Refused(
            "CW-DESK-INPUT",
            "This is not the file that the application names. Say why you accept it all the same.",
        )


def _check_law(action: str, ticked: list[str]) -> None:
    """What the law asks for is checked in full, and never excused."""
    if action == "excuse":
        raise Refused(
            "CW-DESK-EVIDENCE",
            "The law asks for this document, so nobody can say that it is not needed.",
            remedy="If the application does not rest on it, ask the applicant to take it out.",
        )
    if action == "accept" and len(ticked) < len(CHECKED_WORDS):
        raise Refused(
            "CW-DESK-INPUT",
            "The law asks for this document: say that you checked each point of the list.",
        )


def _written(at: Standing, row: Document, role: str, action: str, file: File | None) -> None:
    reference = at.application.reference
    salt = bytes(file.salt) if file else new_salt()
    committed = commitment(salt, document_bytes(row.name, file.sha256 if file else ""))
    if action in _EVENT_RESULT:
        fields = {"application": reference, "document": committed}
        fields["result"] = _EVENT_RESULT[action]
        govern(Event("evidence.checked", actor(at.person, role), fields), row)
    else:
        fields = {"application": reference, "document": committed}
        govern(Event("evidence.handed_in", actor(at.person, role), fields), row)
