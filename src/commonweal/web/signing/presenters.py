"""What the pages of signing show: an act in words, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.act_table import ROLE_WORDS, fingerprint
from commonweal.web.signing.handlers import Told, handler_of
from commonweal.web.signing.models import ASKED, HEARD, REFUSED, SET_ASIDE, SIGNED, VOID, Act


@dataclass(frozen=True)
class Shown:
    """An act for its page. `prints`: what is compared, each with its fingerprint."""

    row: Act
    told: Told
    link: str
    statement: str
    role: str
    prints: tuple[tuple[str, str], ...]
    back: str


def shown(row: Act) -> Shown:
    """An act as it is signed: the sentence is that of the paper, not that of the row.

    Raises `Fault` CW-ACT-INVALID for a row that was changed, CW-WEB-SIGNING.
    """
    act = row.act
    prints = [("What it is about", fingerprint(act.object_digest))]
    if act.content is not None:
        prints.append(("What you wrote", fingerprint(act.content)))
    # Handlers read what `check` reads, and may lock it: PostgreSQL locks in a transaction only.
    with transaction.atomic():
        told = handler_of(row.kind).told(row)
    return Shown(
        row, told, local(told.link), act.statement, ROLE_WORDS[act.role], tuple(prints),
        local(row.back),
    )  # fmt: skip


def local(path: str) -> str:
    """A path of this service; the first page in place of anything that leads elsewhere."""
    safe = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if safe else reverse("home")


@dataclass(frozen=True)
class Line:
    """One act in the list of what a person signed."""

    id: str
    words: str
    subject: str
    made_at: datetime
    state: str
    says: str


def listed(rows: Sequence[Act], at: datetime) -> list[Line]:
    """Acts in a list, each with what the ledger says of it."""
    return [
        Line(row.id, _words(row), row.subject, row.made_at, row.state, _says(row, at))
        for row in rows
    ]


def _words(row: Act) -> str:
    try:
        return row.act.statement.split(". It is about ")[0] + "."
    except CommonwealError:
        return "This was changed in the service's database, and counts for nothing."


def _says(row: Act, at: datetime) -> str:
    if row.state == HEARD:
        return "The ledger heard of it"
    if row.state == VOID:
        return "Nothing followed from it. The ledger heard of it"
    if row.state == REFUSED:
        return "It does not count"
    if row.state in (SIGNED, ASKED):
        late = at > row.expires_at
        return "The ledger has not heard of it" if late else "On its way to the ledger"
    return "Not signed yet" if row.is_waiting(at) else "You did not sign it in time"


# --- what goes wrong, for other people than who signed --------------------------------------------

_KINDS = {
    "send": "An application that was sent", "conflict": "A declaration of conflicts",
    "vote": "A vote", "decide": "The chair's decision", "agree": "The acceptance of an agreement",
    "countersign": "A countersignature", "advise": "Advice on data protection",
}  # fmt: skip


@dataclass(frozen=True)
class Late:
    """An act from which nothing followed. Who signed it, and which way, is not said: votes are
    blind."""

    what: str
    heard_at: datetime
    entry: int


def came_late(subject: str) -> list[Late]:
    """The acts about `subject` that the ledger heard of and nothing followed from."""
    rows = Act.objects.filter(subject=subject, state=VOID).order_by("entry")
    return [
        Late(_kind(row), row.heard_at, row.entry)
        for row in rows
        if row.heard_at is not None and row.entry is not None
    ]


@dataclass(frozen=True)
class HeldUp:
    """An act that could not be settled `tries` times; `code` says what was in the way."""

    subject: str
    what: str
    signed_at: datetime | None
    tries: int
    code: str


def held_up() -> list[HeldUp]:
    """What was set aside, the oldest first: for those who look after accounts."""
    rows = Act.objects.filter(state__in=(SIGNED, ASKED), tries__gte=SET_ASIDE)
    return [
        HeldUp(row.subject, _kind(row), row.signed_at, row.tries, row.trouble)
        for row in rows.order_by("signed_at", "id")[:200]
    ]


def _kind(row: Act) -> str:
    return _KINDS.get(row.kind, row.kind.replace("_", " ").capitalize())
