"""What goes out to readers: the link that begins it, and at most one mail a day about what is new.

The titles in it are those of the public list. Which projects somebody looks at, nobody knows: the
links lead to the list as everybody sees it.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q, QuerySet
from django.urls import reverse

from commonweal.foundation.errors import CommonwealError
from commonweal.web.alerts.models import Reader
from commonweal.web.alerts.services import WAITS, WORDS, newest
from commonweal.web.config import clock
from commonweal.web.register.presenters import lines, project_shown

_LOG = logging.getLogger("commonweal.web.alerts")
APART = timedelta(hours=20)
AGAIN = timedelta(hours=3)
MOST_TRIES = 8
_AT_ONCE, _TITLES = 200, 5


def deliver() -> int:
    """Send what is due; how many mails went out. Forgets addresses whose link nobody used."""
    now = clock.now()
    Reader.objects.filter(confirmed_at__isnull=True, asked_at__lte=now - WAITS).delete()
    waiting = Reader.objects.filter(Q(tried_at__isnull=True) | Q(tried_at__lte=now - AGAIN))
    sent = _each(waiting.filter(written_at__isnull=True), now, _first)
    try:
        last = newest()
    except CommonwealError as error:
        _LOG.warning("new projects cannot be told of", extra={"code": error.code})
        return sent
    rested = Q(told_at__isnull=True) | Q(told_at__lte=now - APART)
    due = waiting.filter(rested, confirmed_at__isnull=False, told_to__lt=last)
    return sent + _each(due, now, _told)


def _each(rows: QuerySet[Reader], now: datetime, write: object) -> int:
    sent = 0
    for row in rows[:_AT_ONCE]:
        # Whoever takes it first writes it: several postmen may be at work.
        mine = Reader.objects.filter(pk=row.pk, tried_at=row.tried_at).update(tried_at=now)
        if not mine:
            continue
        try:
            done = write(row, now)  # type: ignore[operator]
            Reader.objects.filter(pk=row.pk).update(tried_at=None, tries=0, **done)
            sent += 1
        except (SMTPException, OSError, ValueError, CommonwealError) as error:
            _LOG.warning("a mail could not be sent", extra={"code": type(error).__name__})
            _failed(row, error)
    return sent


def _failed(row: Reader, error: Exception) -> None:
    """Give an address up that was refused again and again; for an outage of ours nobody pays."""
    if not isinstance(error, SMTPRecipientsRefused):
        return
    mine = Reader.objects.filter(pk=row.pk)
    if row.tries + 1 >= MOST_TRIES:
        mine.delete()
    else:
        mine.update(tries=row.tries + 1)


def _first(row: Reader, now: datetime) -> dict[str, object]:
    said = WORDS.opened(row.reference, "said", row.said)
    body = (
        f"Somebody asked us to write to this address when a new project is in the list of "
        f"{settings.HOME.custodian}. If it was you, open this page and say yes:\n\n"
        f"{_link('alerts:begin', said)}\n\n"
        "If it was not you, you need do nothing. We forget the address in three days.\n"
    )
    _send(said, "Do you want to hear of new projects?", body)
    return {"written_at": now}


def _told(row: Reader, now: datetime) -> dict[str, object]:
    said = WORDS.opened(row.reference, "said", row.said)
    fresh = [one.entry for one in lines() if one.entry.events[0].entry > row.told_to]
    count = len(fresh)
    titles = [f"- {project_shown(one, now)['title']}" for one in fresh[:_TITLES]]
    more = [f"- and {count - _TITLES:,} more"] if count > _TITLES else []
    many = "1 new project is" if count == 1 else f"{count:,} new projects are"
    body = "\n".join(
        [
            f"{many} in the list of {settings.HOME.custodian}:",
            "",
            *titles,
            *more,
            "",
            "What each is for, and until when you can say no, stands here:",
            f"{settings.ENVIRONMENT.address}{reverse('register:index')}",
            "",
            "You do not want this mail any more?",
            _link("alerts:stop", said),
            "",
        ]
    )
    _send(said, f"{many} in the list", body, stop=_link("alerts:stop", said))
    return {"told_to": max(one.events[0].entry for one in fresh), "told_at": now}


def _link(name: str, said: dict[str, str]) -> str:
    return f"{settings.ENVIRONMENT.address}{reverse(name, args=[said['secret']])}"


def _send(said: dict[str, str], subject: str, body: str, stop: str = "") -> None:
    head = {"List-Unsubscribe": f"<{stop}>"} if stop else {}
    way = get_connection()
    if settings.HOME.is_demonstration:  # what is made up never leaves this machine (S21)
        folder = str(settings.ENVIRONMENT.folder / "outbox")
        way = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=folder)
    EmailMessage(subject, body, None, [said["address"]], connection=way, headers=head).send()
