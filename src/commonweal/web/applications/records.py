"""Records that a second application need not type again: people, places, parties, the organisation.

They come from the other applications that the person writes at the same organisation, the newest
first. What has run out by today is left behind and named, and nothing counts as checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.errors import Refused
from commonweal.governance.application.assurance import holds_until
from commonweal.governance.application.copying import copy_member, copy_place
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.people import Applicant, Member, Party, Place
from commonweal.governance.application.questions import questions
from commonweal.papers.base import look
from commonweal.web.accounts.models import User
from commonweal.web.applications import services
from commonweal.web.applications.contents import held
from commonweal.web.applications.models import Application, Draft
from commonweal.web.config import clock
from commonweal.web.config.jinja import day as day_words

LOOKED_AT = 20
"""How many of the newest other applications are looked at."""
MOST = 50
"""How many records of a kind are offered."""
_OWN = ("reference", "ico_registration", "publishes_results", "no_fundraising")
"""What is true of an organisation whatever it asks for."""
_END = 10_000


@dataclass(frozen=True)
class Record:
    """One record that can be taken over. `key`: of this offer; `path`: where it goes."""

    key: str
    kind: str
    name: str
    says: str
    path: tuple[str | int, ...]
    value: dict[str, Any]


def offered_records(person: User, application: Application) -> list[Record]:
    """What could be taken over into a draft: nothing that it has already, each once."""
    now = clock.now()
    mine = held(application.draft).content
    others = Application.objects.seen_by(person, clock.today()).exclude(pk=application.pk)
    rows = Draft.objects.filter(
        application__in=others.filter(organisation=application.organisation).values("pk")
    ).order_by("-saved_at")[:LOOKED_AT]
    earlier = [read_draft(one.content) for one in rows]
    return [*_organisation(mine, earlier), *_people(mine, earlier, now),
            *_places(mine, earlier, now), *_parties(mine, earlier)]  # fmt: skip


def take_over(person: User, application: Application, keys: Collection[str]) -> int:
    """Put the chosen records into the draft; how many.

    Raises `Refused` CW-WEB-DENIED for a key that is not offered (any more), and as
    `services.save_part`; nothing is saved then.
    """
    offered = {one.key: one for one in offered_records(person, application)}
    if set(keys) - offered.keys():
        raise Refused("CW-WEB-DENIED", "One of these is not offered any more. Choose again.")
    chosen = [one for key, one in offered.items() if key in keys]
    for one in chosen:
        services.save_part(person, application, one.path, one.value, None)
    return len(chosen)


def _organisation(mine: ApplicationContent, earlier: list[ApplicationContent]) -> Iterator[Record]:
    for field in _OWN:
        if getattr(mine.organisation, field) is not None:
            continue
        told = (getattr(one.organisation, field) for one in earlier)
        found = next((value for value in told if value is not None), None)
        if found is not None:
            label = _label(field)
            said = {True: "Yes", False: "No"}.get(found, str(found))
            yield Record(f"organisation-{field}", "Your organisation", label, said,
                         ("organisation", field), found)  # fmt: skip


def _label(field: str) -> str:
    return questions().label(Applicant(), field)


def _people(
    mine: ApplicationContent, earlier: list[ApplicationContent], at: datetime
) -> Iterator[Record]:
    known = {_who(one) for one in mine.people}
    for n, one in enumerate(_each_once((p for c in earlier for p in c.people), known, _who)):
        kept, lapsed = copy_member(one, at)
        ends = sorted(t.expires for t in kept.training if t.expires is not None)
        says = [one.employer or "", one.role or ""]
        says.append(f"trained until {day_words(ends[-1])}" if ends else "")
        says.append(f"run out and left behind: {' and '.join(lapsed)}" if lapsed else "")
        name = one.name or one.account or ""
        yield Record(f"people-{n}-{_who(one)}", "People", name, _said(says),
                     ("people", _END), kept.plain())  # fmt: skip


def _places(
    mine: ApplicationContent, earlier: list[ApplicationContent], at: datetime
) -> Iterator[Record]:
    known = {_named(one) for one in mine.places}
    for n, one in enumerate(_each_once((p for c in earlier for p in c.places), known, _named)):
        kept = copy_place(one, at)
        until = holds_until(kept.assurance) if kept.assurance is not None else None
        says = [one.organisation or "", one.country or ""]
        if until is not None:
            says.append(f"what shows that it is secure counts until {day_words(until)}")
        elif one.assurance is not None:
            says.append("what showed that it is secure has run out and is left behind")
        yield Record(f"places-{n}-{_named(one)}", "Places", one.name or "", _said(says),
                     ("places", _END), kept.plain())  # fmt: skip


def _parties(mine: ApplicationContent, earlier: list[ApplicationContent]) -> Iterator[Record]:
    for field, kind in (("controllers", "Controllers"), ("processors", "Processors")):
        known = {_named(one) for one in getattr(mine.responsible, field)}
        told = (one for each in earlier for one in getattr(each.responsible, field))
        for n, one in enumerate(_each_once(told, known, _named)):
            # What it decides or does is about one project.
            kept = one.model_copy(update={"does": None})
            yield Record(f"{field}-{n}-{_named(one)}", kind, one.name or "", one.reference or "",
                         ("responsible", field, _END), kept.plain())  # fmt: skip


def _each_once(found: Iterator[Any], known: set[str], name: Any) -> list[Any]:
    seen = set(known) | {""}
    made: list[Any] = []
    for one in found:
        if name(one) not in seen and len(made) < MOST:
            seen.add(name(one))
            made.append(one)
    return made


def _who(member: Member) -> str:
    return look(member.account or member.name or "")


def _named(part: Place | Party) -> str:
    return look(part.name or "")


def _said(parts: list[str]) -> str:
    return "; ".join(part for part in parts if part)
