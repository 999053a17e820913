"""Documents: handed in by the writers, checked at the desk, sent only as a file to keep."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.application.evidence import CHECKED_WORDS, asked_by_law
from commonweal.governance.states.evidence import EVIDENCE
from commonweal.web.applications import services as drafts
from commonweal.web.applications.contents import held
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import application_of, is_open
from commonweal.web.applications.services import paper_of
from commonweal.web.config import clock
from commonweal.web.desk.evidence import (
    Upload,
    can_hand_in,
    check_document,
    content_of,
    file_of,
    hand_in,
    is_of_draft,
)
from commonweal.web.desk.forms import HandInForm, NewDocumentForm
from commonweal.web.desk.models import File
from commonweal.web.desk.policies import Standing, can_take, none
from commonweal.web.desk.presenters import case_more, documents_of, kind_words
from commonweal.web.desk.sniffing import KINDS, no, too_large
from commonweal.web.desk.uploading import was_too_large
from commonweal.web.desk.views.common import at, is_typing, page, saves, typed

CHECKING = ("accept", "refuse", "excuse", "check_again")


# --- at the desk --------------------------------------------------------------------------------


@require_safe
def documents(request: HttpRequest, reference: str) -> HttpResponse:
    """Every document that the version names."""
    found = at(request, reference)
    more = case_more(found) | {
        "rows": documents_of(found.application, found.paper.content.documents, found.version)
    }
    return page(request, "documents", more)


@saves
def document(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """One document: what was handed in, and what a person says of it."""
    found = at(request, reference)
    row = _row(found, name)
    wrong, note = "", ""
    looked_at = request.POST.getlist("looked_at")[:20]
    if request.method == "POST":
        action, note = typed(request, "action", 20), typed(request, "note")
        if action not in CHECKING:
            raise none()
        try:
            check_document(found, name, action, note, typed(request, "seen", 80), looked_at)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            messages.success(request, "Written down.")
            return redirect("desk:documents", reference)
    actions = [
        (one, EVIDENCE.step(row["state"], one).says)
        for one in CHECKING
        if can_take(found, EVIDENCE, row["state"], one)
    ]
    more = case_more(found) | {
        "row": row,
        "actions": actions,
        "wrong": wrong,
        "note": note,
        "points": [(code, words, code in looked_at) for code, words in CHECKED_WORDS.items()],
        "by_law": name in {one.id for one in asked_by_law(found.paper.content)},
    }
    return page(request, "document", more)


def _row(found: Standing, name: str) -> dict[str, Any]:
    rows = documents_of(found.application, found.paper.content.documents, found.version)
    row = next((one for one in rows if one["id"] == name), None)
    if row is None:
        raise none()
    return row


@require_safe
def download(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A file, for somebody at the desk."""
    found = at(request, reference)
    file = file_of(found.application, number)
    if is_of_draft(file, found.version, found.paper.content.documents):
        raise none()
    return as_file(file)


def as_file(file: File) -> HttpResponse:
    """A file to keep: never shown by the browser itself, never guessed at, in a box of its own."""
    if file.scan == "found":
        raise Refused("CW-DESK-FILE", "A virus was found in this file, so nobody can open it.")
    answer = HttpResponse(content_of(file), content_type=KINDS[file.kind][1])
    plain = f"document-{file.pk}.{file.kind}"
    answer["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.shown, safe='')}"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


# --- the writers --------------------------------------------------------------------------------


def _mine(request: HttpRequest, reference: str) -> tuple[Application, tuple[Any, ...]]:
    """An application that the person writes, and the documents that it names."""
    application = application_of(request.user, reference, clock.today())
    if is_open(application):
        return application, held(application.draft).content.documents
    newest = application.versions.last()
    return application, paper_of(newest).content.documents if newest else ()


@require_safe
def mine(request: HttpRequest, reference: str) -> HttpResponse:
    """The documents of an application, for those who write it."""
    application, named = _mine(request, reference)
    more = {
        "application": application,
        "rows": documents_of(application, [one for one in named if one.id], None),
        "unnamed": sum(not one.id for one in named),
        "may": can_hand_in(application),
        "may_add": is_open(application),
    }
    return page(request, "mine_documents", more)


@saves
def hand_in_one(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """Hand in a file for a document that the application names."""
    application, named = _mine(request, reference)
    number = next((n for n, one in enumerate(named) if one.id == name), None)
    if number is None:
        raise none()
    form = HandInForm(*_sent(request))
    if request.method == "POST":
        try:
            upload = _upload(request, form)
            if upload is not None:
                hand_in(request.user, application, name, upload)
                _note_digest(request, application, number, upload)
                messages.success(request, "Handed in.")
                return redirect("answers:documents", reference)
        except Refused as error:
            if not is_typing(error):
                raise
            form.add_error("file", error.sentence)
    more = {
        "application": application,
        "title": f"Hand in: {named[number].title or name}",
        "form": form,
        "back": reverse("answers:documents", args=[reference]),
    }
    return page(request, "hand_in", more)


@saves
def hand_in_new(request: HttpRequest, reference: str) -> HttpResponse:
    """A document that the draft does not name yet: what it is, and its file."""
    application, named = _mine(request, reference)
    if not is_open(application):
        raise Refused("CW-STATE-STEP", "The list of documents cannot be changed now.")
    form = NewDocumentForm(*_sent(request), kinds=list(kind_words().items()))
    if request.method == "POST":
        try:
            upload = _upload(request, form)
            if upload is not None and form.is_valid():
                _add(request, application, named, form.cleaned_data, upload)
                messages.success(request, "Handed in, and added to the application.")
                return redirect("answers:documents", reference)
        except Refused as error:
            if not is_typing(error):
                raise
            form.add_error("file", error.sentence)
    more = {
        "application": application,
        "title": "Add a document",
        "form": form,
        "back": reverse("answers:documents", args=[reference]),
    }
    return page(request, "hand_in", more)


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _upload(request: HttpRequest, form: Any) -> Upload | None:
    """The one file that was sent; None if there is none, which the form says."""
    if was_too_large(request):
        form.is_valid()
        form.errors.pop("file", None)
        raise too_large()
    files = request.FILES.getlist("file")
    if not form.is_valid() and not files:
        return None
    if len(files) > 1:
        raise no("Choose one file at a time.")
    return Upload(files[0].name or "", files[0].read()) if files else None


def _note_digest(
    request: HttpRequest, application: Application, number: int, upload: Upload
) -> None:
    """While the draft is open, it names the file that was handed in last."""
    if is_open(application):
        path = ("documents", number, "sha256")
        drafts.save_part(request.user, application, path, upload.sha256, None)


def _add(
    request: HttpRequest, application: Application, named: tuple[Any, ...],
    said: dict[str, Any], upload: Upload,
) -> None:  # fmt: skip
    taken = {one.id for one in named} | set(
        application.documents.values_list("name", flat=True)
    )  # fmt: skip
    base = said["kind"].replace("_", "-")
    name = next(n for n in (base, *(f"{base}-{k}" for k in range(2, 1_000))) if n not in taken)
    hand_in(request.user, application, name, upload)
    row = {
        "id": name, "kind": said["kind"], "title": said["title"], "version": said["version"],
        "dated": said["dated"].isoformat(), "sha256": upload.sha256,
    }  # fmt: skip
    if said.get("expires"):
        row["expires"] = said["expires"].isoformat()
    drafts.save_part(request.user, application, ("documents", len(named)), row, None)


@require_safe
def mine_download(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A file, for those who write the application."""
    application, _ = _mine(request, reference)
    return as_file(file_of(application, number))
