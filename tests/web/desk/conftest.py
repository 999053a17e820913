"""Applications that were sent and signed, and the people who work on them."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.governance.application.version import freeze
from commonweal.governance.forms.library.shelf import our_library
from commonweal.ledger.details import new_salt
from commonweal.papers.acts import new_act
from tests.applications import content_data, declarations
from tests.web.applications.conftest import amara, begin, browser_of, clock, dpia, fill, filled_in

__all__ = ["amara", "browser_of", "clock"]

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"


def ai_data(**changes: Any) -> dict[str, Any]:
    """A university's application to try an AI tool."""
    made = content_data(
        route__ai=True,
        purpose__codes=["ai_train"],
        access__processing=["table", "python", "train"],
        declarations=declarations("models_do_not_leave"),
    )
    return made | changes


def sent(client: Any, data: dict[str, Any] | None = None, *, signed: bool = True) -> Any:
    """An application that amara sent (and signed); its row."""
    from commonweal.web.applications.models import Draft

    row = fill(begin(client), data)
    if data is not None and data["route"]["ai"]:
        facts = {
            "uses_ai": True, "is_research": True, "without_consent": False, "with_company": False,
        }  # fmt: skip
        forms = {id_: filled_in(our_library().form(id_), facts).plain() for id_ in ("dpia", "aia")}
        Draft.objects.filter(pk=row.pk).update(forms=forms)
    return send_again(row, signed=signed)


def send_again(row: Any, *, signed: bool = True) -> Any:
    """Send the draft as it is: a version more, written as the service writes it."""
    from commonweal.web.applications.contents import held
    from commonweal.web.applications.models import Application, Draft, Version
    from commonweal.web.config import clock as service
    from commonweal.web.ledgerlink.models import governed_write

    row = Application.objects.get(pk=row.pk)
    read = held(Draft.objects.get(pk=row.pk))
    number = row.versions.count() + 1
    paper = freeze(
        row.reference, number, read.content, read.answered(), at=service.now(), by="amara",
        catalogue=read.catalogue,
    )  # fmt: skip
    version = Version(
        application=row, number=number, content=paper.canonical(), digest=paper.digest(),
        salt=new_salt(), sent_at=service.now(), sent_by=row.begun_by,
    )  # fmt: skip
    row.state = "sent"
    with governed_write():
        version.save()
        row.save()
    if signed:
        heard(version)
    return Application.objects.get(pk=row.pk)


def heard(version: Any) -> None:
    """The ledger heard that the sender signed this version."""
    from django.conf import settings

    from commonweal.web.config import clock as service
    from commonweal.web.signing.models import HEARD, Act

    now = service.now()
    paper = new_act(
        kind="send", verdict="send", actor=version.sent_by.public_id, role="applicant",
        subject=version.application.reference, object_digest=version.digest,
        home=settings.HOME.id, at=now,
    )  # fmt: skip
    said = {"heard_at": now, "entry": 1} if hasattr(Act, "heard_at") else {}
    Act.objects.create(
        **said,
        id=paper.id, person=version.sent_by, kind="send", verdict="send", role="applicant",
        subject=paper.subject, object_digest=paper.object_digest, paper=paper.canonical(),
        back="/", state=HEARD, made_at=paper.at, expires_at=paper.expires, settled_at=now,
    )  # fmt: skip


def in_state(row: Any, state: str, assessment: str | None = None) -> Any:
    """Put an application (and its assessment) into a state, as if others had taken the steps."""
    from commonweal.web.applications.models import Application
    from commonweal.web.ledgerlink.models import governed_write

    row = Application.objects.get(pk=row.pk)
    row.state = state
    with governed_write():
        row.save()
        found = assessment_of(row)
        if state != "sent":
            found.state = assessment or found.state
            found.save()
    return row


def assessment_of(row: Any) -> Any:
    from commonweal.web.desk import policies

    return policies.assessment_of(row.versions.select_related("assessment").last())


def state_of(row: Any) -> str:
    from commonweal.web.applications.models import Application

    return str(Application.objects.get(pk=row.pk).state)


def entries(row: Any) -> list[dict[str, Any]]:
    """What is to stand on the ledger about an application, in order."""
    from commonweal.ledger.entry import read_entry
    from commonweal.web.ledgerlink.models import Intent

    found = [read_entry(bytes(one.body)) for one in Intent.objects.order_by("id")]
    return [one for one in found if one.get("application") == row.reference]


def standing(who: str, row: Any) -> Any:
    """An application as one of the people at the desk sees it."""
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock as service
    from commonweal.web.desk.policies import standing_of

    return standing_of(User.objects.get(public_id=who), row.reference, service.today())


def all_marks(client: Any, row: Any) -> None:
    """Say yes to every item of the list of checks."""
    from commonweal.web.desk.checklist import checklist

    answer = client.post(
        f"/desk/{row.reference}/checks/", {f"{one.id}.result": "yes" for one in checklist()}
    )
    assert answer.status_code == 302, answer.content


def came_in(row: Any, name: str, content: bytes = PDF, state: str = "to_check") -> Any:
    """A file that was handed in for a document and found safe, as the service keeps it; its row."""
    from django.conf import settings

    from commonweal.foundation.files import make_private_folder
    from commonweal.web.config import clock as service
    from commonweal.web.desk.evidence import Upload
    from commonweal.web.desk.models import Document, File
    from commonweal.web.ledgerlink.models import governed_write

    folder = settings.ENVIRONMENT.folder / "evidence"
    make_private_folder(folder)
    place = new_salt().hex()[:40]
    (folder / place).write_bytes(content)
    with governed_write():
        document, _ = Document.objects.update_or_create(
            application=row, name=name, defaults={"state": state}
        )
        return File.objects.create(
            document=document, place=place, shown=f"{name}.pdf", kind="pdf", size=len(content),
            sha256=Upload(name, content).sha256, scan="not_scanned", salt=new_salt(),
            handed_in_by=row.begun_by, handed_in_at=service.now(),
        )  # fmt: skip


@pytest.fixture
def present(at: Any) -> Any:
    """Go on today: the ledger of the tests' home, which hears of acts, was begun today."""
    from commonweal.foundation.clock import SystemClock

    return lambda: at(SystemClock())


@pytest.fixture
def edward(browser_of: Any) -> Any:
    """The information governance officer."""
    return browser_of("edward")


__all__ += ["dpia"]


@pytest.fixture(autouse=True)
def _page_to_sign_on(web_home: Any) -> None:
    """Where the page for signing is not there, its address still is: nothing here opens it."""
    from django.http import HttpResponse
    from django.urls import NoReverseMatch, clear_url_caches, include, path, reverse

    from commonweal.web.config import urls

    try:
        reverse("signing:sign", args=["a" * 32])
    except NoReverseMatch:
        one = path("<slug:act_id>/", lambda _request, act_id: HttpResponse(act_id), name="sign")
        urls.urlpatterns.append(path("sign/", include(([one], "signing"))))
        clear_url_caches()
