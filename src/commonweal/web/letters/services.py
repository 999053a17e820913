"""`tell`: the one function by which the service writes to people.

It writes a row beside whatever the use case writes, in the same transaction, and sends nothing
itself: what comes to nothing is never told, and mail that cannot leave never stops anybody.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db import transaction
from django.urls import Resolver404, resolve

from commonweal.foundation.errors import Fault
from commonweal.foundation.london import london
from commonweal.web.accounts.models import Invitation, User
from commonweal.web.config import clock
from commonweal.web.letters.kinds import kind_called
from commonweal.web.letters.models import DAILY, EACH, FAILED, SENT, WAITING, Choice, Letter
from commonweal.web.letters.post import wake

MOST_A_DAY = 20
"""Mails at once to one person within a day; what is more is gathered into one the next morning."""
MORNING = time(7, 30)
_MAX_PATH = 300


def tell(person: User, kind: str, path: str) -> Letter | None:
    """Write to a person that something of `kind` is at `path`, a page of this service.

    None for a closed account. The mail holds the kind's sentence, a reference and the link, so
    nothing but the path can say anything: it must be a page here, without a query. Raises `Fault`
    CW-LETTER-KIND or CW-LETTER-PATH, which are mistakes of the code that calls it.
    """
    kind_called(kind)
    check_path(path)
    if not person.is_active:
        return None
    now = clock.now()
    gathered = _wants_daily(person) or _has_enough(person, now)
    letter = Letter.objects.create(
        person=person,
        kind=kind,
        path=path,
        made_at=now,
        due_at=next_morning(now) if gathered else now,
        gathered=gathered,
    )
    transaction.on_commit(wake)
    return letter


def invite(invitation: Invitation) -> Letter:
    """Write to whom an invitation is for. Its link is drawn when the mail is made."""
    now = clock.now()
    Letter.objects.filter(invitation=invitation, state=WAITING).delete()
    letter = Letter.objects.create(
        invitation=invitation, kind="invitation", made_at=now, due_at=now
    )
    transaction.on_commit(wake)
    return letter


def check_path(path: str) -> None:
    """Refuse what is no page of this service. Raises `Fault` CW-LETTER-PATH."""
    try:
        bare = path.startswith("/") and len(path) <= _MAX_PATH and not set("?#@\\ \r\n") & set(path)
        if not bare or path.startswith("//") or not resolve(path):
            raise Resolver404
    except Resolver404:
        raise Fault("CW-LETTER-PATH", "A mail can lead to pages of this service only.") from None


def next_morning(now: datetime) -> datetime:
    """When the next mail that gathers goes out: half past seven in London."""
    local = now.astimezone(london())
    today = datetime.combine(local.date(), MORNING, london())
    return today if local < today else datetime.combine(
        local.date() + timedelta(days=1), MORNING, london()
    )  # fmt: skip


def _wants_daily(person: User) -> bool:
    return Choice.objects.filter(person=person, often=DAILY).exists()


def _has_enough(person: User, now: datetime) -> bool:
    day = Letter.objects.filter(person=person, gathered=False, made_at__gt=now - timedelta(days=1))
    return day.count() >= MOST_A_DAY


def choose(person: User, often: str) -> None:
    """Keep how often a person wants mail. What waits already stays as it is."""
    Choice.objects.update_or_create(person=person, defaults={"often": often})


def chosen(person: User) -> str:
    """How often a person wants mail."""
    row = Choice.objects.filter(person=person).first()
    return EACH if row is None else str(row.often)


def try_again() -> int:
    """Let every mail that was given up be tried again; how many there are."""
    with transaction.atomic():
        count = Letter.objects.filter(state=FAILED).update(
            state=WAITING, tries=0, due_at=clock.now(), taken_until=None
        )
        transaction.on_commit(wake)
    return int(count)


def unsent() -> dict[str, int]:
    """How many mails wait although their time has come, and how many were given up."""
    late = Letter.objects.filter(state=WAITING, tries__gt=0)
    return {
        "waiting": late.count(),
        "failed": Letter.objects.filter(state=FAILED).count(),
        "sent": Letter.objects.filter(state=SENT).count(),
    }
