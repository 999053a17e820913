"""What every app's `telling.py` needs: who holds a role, and telling them without ever failing.

A use case tells people inside its own transaction, so what comes to nothing is never told. That a
letter could not be written is logged and stops nothing: mail is a help, not a part of the act.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from commonweal.foundation.errors import CommonwealError
from commonweal.web.accounts.models import Membership, User
from commonweal.web.config import clock
from commonweal.web.letters.services import tell

_LOG = logging.getLogger("commonweal.web.letters")
MOST = 50
"""How many people one step tells."""


def tell_all(people: Iterable[User], kind: str, to: str, *of: str | int) -> int:
    """Tell each of `people`, once, that something of `kind` is at the page `to`; how many.

    `of`: what the address of the page needs. Never raises for what is wrong with a letter.
    """
    told = 0
    try:
        with transaction.atomic():  # a savepoint: a letter that fails takes nothing with it
            path = reverse(to, args=of)
            for person in list({one.pk: one for one in people}.values())[:MOST]:
                told += tell(person, kind, path) is not None
    except (CommonwealError, DatabaseError, NoReverseMatch) as error:
        _LOG.warning("nobody was told", extra={"code": type(error).__name__})
        return 0
    return told


def holding(roles: Collection[str], project: str = "") -> list[User]:
    """Everybody who holds one of `roles` today, for all projects or for `project`."""
    rows = Membership.objects.filter(Q(project="") | Q(project=project), role__in=roles)
    found = rows.filter(user__is_active=True).select_related("user").order_by("user__pk")
    return [one.user for one in found if one.holds_on(clock.today())]


def others(people: Iterable[User], but: User) -> list[User]:
    """`people` without the one who has just done it."""
    return [one for one in people if one.pk != but.pk]
