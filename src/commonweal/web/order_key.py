"""The key that pages seal people's orders and choices to, and the vault's word for it.

The paper lies in the home's public folder. Pages cannot judge its signature: the vault's worker
checks it and says, in one row of the service's database, of which paper it did. Both must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.foundation.files import read_bytes
from commonweal.papers.order_key import OrderKey
from commonweal.papers.signing import unverified
from commonweal.web.config import clock

FILE = Path("public") / "person-orders.jws"
_CALLED = "The key for orders"
_MOST_BYTES = 64 * 1024


def order_key_with(digest: str) -> OrderKey | None:
    """The published key if it has this digest; None where it is missing or another one."""
    try:
        content = read_bytes(settings.ENVIRONMENT.home / FILE, _CALLED, limit=_MOST_BYTES)
        key = OrderKey.read(unverified(content, _CALLED), _CALLED)
    except CommonwealError:
        return None
    return key if key.digest() == digest else None


def say(row: type[models.Model], make: Callable[[], Mapping[str, Any]]) -> int:
    """Bring the one row of `row` in line with what `make` gives; 1 if it changed.

    Where `make` refuses (nobody has set it up, or it was changed) there is no row, so that pages
    are closed. Raises what is `Unavailable`, and then there is none either.
    """
    rows = row._default_manager.all()
    try:
        told = make()
    except Unavailable:
        rows.delete()
        raise
    except CommonwealError:
        return int(rows.delete()[0] > 0)
    if rows.filter(pk=1, **told).exists():
        return 0
    rows.update_or_create(pk=1, defaults={**told, "told_at": clock.now()})
    return 1
