"""Use cases of mail about new projects: ask for it, say yes, stop it.

Nobody learns from a page whether an address is known here: what is shown is the same, and mail goes
out later, by the postman. Whoever gets a link proves by it that the address is theirs.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction

from commonweal.foundation.errors import Fault, Refused
from commonweal.web.alerts.models import Reader
from commonweal.web.config import clock
from commonweal.web.config.sealed_words import SealedWords
from commonweal.web.register.presenters import lines

WORDS = SealedWords("alerts_key", "alert", Reader.objects.exists)
MOST, WITHIN = 200, timedelta(hours=1)
"""How many addresses the page takes within how long: each is written to once."""
WAITS = timedelta(days=3)
"""How long a link that begins it holds."""


def ask(address: str) -> None:
    """Take an address in; a mail with a link follows, once in `WAITS`.

    Raises `Refused` CW-ALERT-MANY where `MOST` came `WITHIN` the time before.
    """
    now = clock.now()
    if Reader.objects.filter(asked_at__gt=now - WITHIN).count() >= MOST:
        raise Refused(
            "CW-ALERT-MANY",
            "So many people asked within this hour that the page takes no more.",
            remedy="Try again in an hour.",
        )
    text = address.strip()
    known = WORDS.known_by(text.casefold())
    Reader.objects.filter(
        known_by=known, confirmed_at__isnull=True, asked_at__lte=now - WAITS
    ).delete()
    secret = secrets.token_urlsafe(24)
    row = Reader(known_by=known, secret_hash=hashed(secret), asked_at=now)
    row.said = WORDS.sealed(row.reference, "said", {"address": text, "secret": secret})
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return  # They get it already, or have a link that still holds.


def hashed(secret: str) -> bytes:
    """By what a secret is found: it has over 190 random bits, so no slow hash is needed."""
    return hashlib.sha256(f"commonweal/alert/1\x00{secret[:64]}".encode()).digest()


def reader_of(secret: str) -> Reader:
    """The reader whose link this is. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = Reader.objects.filter(secret_hash=hashed(secret)).first()
    if found is None or (found.confirmed_at is None and clock.now() - found.asked_at >= WAITS):
        raise Fault("CW-WEB-NOT-FOUND", "This link does not work any more.")
    return found


def begin(secret: str) -> None:
    """Mail from now on about what is new from now on. Raises as `reader_of`."""
    found = reader_of(secret)
    Reader.objects.filter(pk=found.pk, confirmed_at__isnull=True).update(
        confirmed_at=clock.now(), told_to=newest(), tries=0, tried_at=None
    )


def stop(secret: str) -> None:
    """No mail any more; the address is forgotten. Raises as `reader_of`."""
    Reader.objects.filter(pk=reader_of(secret).pk).delete()


def newest() -> int:
    """The public log's last entry that brought a project into the list; -1 before there is one."""
    return max((one.entry.events[0].entry for one in lines()), default=-1)
