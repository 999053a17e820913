"""Beginning an application from an earlier one: only from one's own, at the same organisation.

What must be answered anew (`governance.application.copying`) is written down beside the draft, and
its pages say so until the application is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application.copying import copy_application
from commonweal.governance.application.drafts import as_typed
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.copying import copy_form
from commonweal.governance.forms.library.shelf import our_library
from commonweal.web.accounts.models import Membership, User
from commonweal.web.applications import services
from commonweal.web.applications.contents import Held, held
from commonweal.web.applications.models import Application, Copy, Draft
from commonweal.web.applications.policies import application_of, check_begin
from commonweal.web.config import clock

OFFERED = 10
"""How many earlier applications the start page offers; the list of all has the others."""


@dataclass(frozen=True)
class Begun:
    """What a copy would begin with. `anew`: part and sentence of what must be answered again."""

    content: ApplicationContent
    forms: Mapping[str, Answers]
    anew: tuple[tuple[str, str], ...]


def offered(person: User, day: date) -> list[Application]:
    """The newest applications from which `person` may begin another one."""
    places = {one.organisation_id for one in check_begin(person, day)}
    rows = Application.objects.seen_by(person, day).filter(organisation_id__in=places)
    return list(rows.select_related("draft").defer("draft__content", "draft__forms")[:OFFERED])


def earlier_of(person: User, reference: str, day: date) -> tuple[Application, Membership]:
    """An application that `person` may begin from, and the role in which they do.

    Raises `Fault` CW-WEB-NOT-FOUND for one that they do not write, and `Refused` CW-WEB-DENIED for
    somebody who begins no application at its organisation.
    """
    earlier = application_of(person, reference, day)
    for role in check_begin(person, day):
        if role.organisation_id == earlier.organisation_id:
            return earlier, role
    raise Refused(
        "CW-WEB-DENIED",
        "A new application begins from one of your own organisation, where you are an applicant.",
    )


def copied(earlier: Application, at: datetime) -> Begun:
    """What a new application begins with at `at`: of what `earlier` holds now, all that may."""
    read = held(earlier.draft)
    made = copy_application(read.content, at)
    forms, said = _forms(read, london_day(at))
    anew = [*made.anew, *said]
    lost = len(read.content.kept)
    if lost:
        words = "answer" if lost == 1 else "answers"
        anew.append(("project", f"{lost} {words} could not be read and did not come along."))
    anew += [
        (f"form-{id_}", "This form has a new version: it is answered anew.")
        for id_ in _other_versions(earlier.draft.forms, read)
    ]
    return Begun(made.content, forms, tuple(anew))


def _forms(read: Held, day: date) -> tuple[dict[str, Answers], list[tuple[str, str]]]:
    forms: dict[str, Answers] = {}
    said = []
    for id_, answers in read.answers.items():
        made = copy_form(our_library().form(id_), answers, day)
        if made.answers.values:
            forms[id_] = made.answers
        said += [(f"form-{id_}", sentence) for sentence in made.anew]
    return forms, said


def _other_versions(stored: Any, read: Held) -> list[str]:
    known = our_library().forms
    return [id_ for id_ in (stored if isinstance(stored, dict) else {})
            if id_ in known and id_ not in read.answers]  # fmt: skip


def begin_from(person: User, reference: str) -> Application:
    """A new application that begins as a copy of an earlier one. Raises as `earlier_of`."""
    now = clock.now()
    with transaction.atomic():
        earlier, role = earlier_of(person, reference, london_day(now))
        made = copied(earlier, now)
        row = services.begin(person, role)
        Draft.objects.filter(pk=row.pk).update(
            content=as_typed(_own_name(made, row).content),
            forms={id_: answers.plain() for id_, answers in made.forms.items()},
            title="",
        )
        Copy.objects.create(
            application=row, earlier=earlier, anew=[list(one) for one in made.anew], made_at=now
        )
    return row


def _own_name(made: Begun, row: Application) -> Begun:
    """With the organisation's name and kind as they are today: it may have changed its name."""
    name = {"name": row.organisation.name, "kind": row.organisation.kind}
    asks = made.content.organisation.model_copy(update=name)
    return replace(made, content=made.content.model_copy(update={"organisation": asks}))


def anew_of(application: Application, part: str | None = None) -> list[tuple[str, str]]:
    """What must be answered anew in a draft that began as a copy, of one part or of all."""
    row = Copy.objects.filter(application=application).first()
    pairs = [(str(one[0]), str(one[1])) for one in (row.anew if row is not None else ())]
    return pairs if part is None else [pair for pair in pairs if pair[0] == part]
