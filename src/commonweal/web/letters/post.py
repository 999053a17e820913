"""The postman: sends what is due, tries again what failed, and gives up after two days.

It runs in a thread of the service process and wakes when something was written, or each minute.
Several may run at once: a mail is taken by one of them, for some minutes; one that died while
holding it delays it, and at worst sends it twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException

from django.apps import apps
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import DatabaseError, close_old_connections
from django.db.models import Q

from commonweal.foundation.errors import CommonwealError
from commonweal.web.config import clock
from commonweal.web.letters.kinds import KINDS
from commonweal.web.letters.models import FAILED, SENT, WAITING, Letter

_LOG = logging.getLogger("commonweal.web.letters")
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))
"""How long after each failure a mail is tried again; after the last it is given up."""
HELD = timedelta(minutes=5)
KEPT = timedelta(days=90)
PAUSE_SECONDS = 60.0
_AT_ONCE = 50
_bell = threading.Event()
FOOT = (
    "This mail says no more on purpose: what it is about stands behind your sign-in. How often you "
    "get mail, you choose on your account's page.\n"
)
STRANGER = "If you do not know why you got this, you need do nothing.\n"


def wake() -> None:
    """Something was written."""
    _bell.set()


def start_postman() -> threading.Thread:
    """Send mail from now on, beside the service's other work."""
    thread = threading.Thread(target=_work, name="postman", daemon=True)
    thread.start()
    return thread


def _work() -> None:
    while True:
        _bell.wait(PAUSE_SECONDS)
        _bell.clear()
        close_old_connections()
        try:
            deliver_due()
            deliver_others()
        except (DatabaseError, CommonwealError):  # the postman goes on with the next round
            _LOG.exception("mail could not be looked for")
        finally:
            close_old_connections()


def deliver_due() -> int:
    """Send every mail whose time has come; how many went out. Forget those sent long ago."""
    sent = 0
    Letter.objects.filter(state=SENT, sent_at__lt=clock.now() - KEPT).delete()
    while letters := _next():
        sent += _deliver(letters)
    return sent


def deliver_others() -> int:
    """Send what other parts of the house have to send: an `AppConfig` may have `deliver()`."""
    found = (getattr(config, "deliver", None) for config in apps.get_app_configs())
    return sum(deliver() for deliver in found if deliver is not None)


def _next() -> list[Letter]:
    """The next mail that is due, with what is gathered into the same one, taken for sending."""
    now = clock.now()
    free = Q(taken_until__isnull=True) | Q(taken_until__lte=now)
    due = Letter.objects.filter(free, state=WAITING, due_at__lte=now)
    first = due.first()
    if first is None:
        return []
    together = due.filter(pk=first.pk)
    if first.gathered:
        numbers = due.filter(person=first.person_id, gathered=True).values("pk")[:_AT_ONCE]
        together = due.filter(pk__in=[one["pk"] for one in numbers])
    numbers = [one.pk for one in together]
    taken = [n for n in numbers if due.filter(pk=n).update(taken_until=now + HELD)]
    rows = Letter.objects.select_related("person", "invitation").filter(pk__in=taken)
    return list(rows) or _next()


def _deliver(letters: list[Letter]) -> int:
    now = clock.now()
    rows = Letter.objects.filter(pk__in=[one.pk for one in letters])
    if not _is_wanted(letters[0]):
        rows.delete()
        return 0
    tries = max(one.tries for one in letters) + 1
    try:
        to, subject, body = written(letters)
        EmailMessage(subject, body, None, [to], connection=_way(letters[0])).send()
    except (SMTPException, OSError, ValueError) as error:
        gone = tries > len(WAITS)
        rows.update(
            tries=tries,
            failure=type(error).__name__[:60],
            taken_until=None,
            state=FAILED if gone else WAITING,
            due_at=now if gone else now + WAITS[tries - 1],
        )
        _LOG.warning("a mail could not be sent", extra={"code": type(error).__name__})
        return 0
    rows.update(state=SENT, sent_at=now, tries=tries, failure="", taken_until=None)
    return 1


def _is_wanted(letter: Letter) -> bool:
    """Whether anybody should still get it: the account is open, the invitation not withdrawn."""
    if letter.invitation is not None:
        return bool(letter.invitation.is_open(clock.now()))
    return letter.person is not None and bool(letter.person.is_active)


def _way(letter: Letter) -> object:
    """How it leaves. What is written to made-up people never leaves this machine (S21)."""
    if letter.person is not None and letter.person.is_made_up:
        folder = str(settings.ENVIRONMENT.folder / "outbox")
        return get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=folder)
    return get_connection()


def written(letters: list[Letter]) -> tuple[str, str, str]:
    """To whom, subject and text of one mail."""
    first = letters[0]
    if first.invitation is not None:
        secret = first.invitation.draw_secret()
        lines = [*_lines([first], f"/account/invitation/{secret}/"), "", STRANGER]
        return first.invitation.email, "Commonweal: you are invited", "\n".join(lines)
    person = first.person
    if person is None:  # the table forbids it
        raise ValueError("a mail to nobody")
    many = len(letters) > 1
    subject = f"{len(letters)} things wait for you" if many else KINDS[first.kind].subject
    return person.email, f"Commonweal: {subject}", "\n".join([*_lines(letters), "", FOOT])


def _lines(letters: Iterable[Letter], path: str | None = None) -> list[str]:
    found: list[str] = []
    for one in letters:
        found += ["", KINDS[one.kind].sentence] if found else [KINDS[one.kind].sentence]
        found += [
            f"{settings.ENVIRONMENT.address}{path or one.path}",
            f"Reference: {one.reference}",
        ]
    return found
