"""Acts that cannot be settled keep no others from it, come again later, and are shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Unavailable
from tests.web.conftest import Page
from tests.web.signing.conftest import Noted, proposed
from tests.web.signing.test_void import as_person
from tests.web.signing_room import signer


class Poison:
    """Says of some acts that they cannot be settled, and counts how often each was tried."""

    def __init__(self, noted: Noted, error: Exception) -> None:
        self.real, self.error, self.acts = noted.check, error, set[str]()
        self.tried: dict[str, int] = {}
        noted.check = self.check  # type: ignore[method-assign]

    def check(self, act: Any) -> None:
        self.tried[act.pk] = self.tried.get(act.pk, 0) + 1
        if act.pk in self.acts:
            raise self.error
        self.real(act)

    def add(self, row: Any) -> None:
        self.acts.add(row.pk)


def asked(number: int = 1) -> list[Any]:
    from commonweal.web.signing.services import ask_signature

    rows = [proposed() for _ in range(number)]
    return [ask_signature(row.person, row.pk) for row in rows]


def state_of(row: Any) -> str:
    from commonweal.web.signing.models import Act

    return str(Act.objects.get(pk=row.pk).state)


def settle_all(home: Path) -> int:
    from commonweal.web.signing.workers import settle_waiting

    with signer(home) as custody:
        return settle_waiting(custody)


@pytest.mark.parametrize("error", [KeyError("ours"), Unavailable("CW-ACT-UNAVAILABLE", "Not now.")])
def test_sixty_that_fail_do_not_starve_one(web_home: Path, noted: Noted, error: Exception) -> None:
    """More than are looked at in one turn, and all of them signed before it."""
    from commonweal.web.signing.workers import AGAIN_AT_ONCE, NEW_AT_ONCE

    poison = Poison(noted, error)
    for row in asked(NEW_AT_ONCE + AGAIN_AT_ONCE + 10):
        poison.add(row)
    (good,) = asked()
    for _ in range(3):
        try:
            settle_all(web_home)
        except Unavailable:
            continue  # nothing at all went well: the worker is told that it may be the home
    assert state_of(good) == "heard"


def test_each_comes_again_later_and_later(
    web_home: Path, noted: Noted, at: Callable[[Any], None]
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.signing.models import Act
    from commonweal.web.signing.services import try_now

    poison = Poison(noted, KeyError("ours"))
    start = clock.now()
    at(FixedClock(start))
    (row,) = asked()
    poison.add(row)
    waits = []
    for _ in range(9):
        settle_all(web_home)
        found = Act.objects.get(pk=row.pk)
        assert found.again_at is not None
        before = poison.tried[row.pk]
        settle_all(web_home)  # too early: nothing is tried
        assert poison.tried[row.pk] == before
        waits.append(found.again_at - clock.now())
        at(FixedClock(found.again_at))
    assert [one.total_seconds() for one in waits] == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    assert (found.tries, found.trouble, found.state) == (9, "CW-INTERNAL", "asked")
    poison.acts.clear()
    at(FixedClock(start))  # the ledger of the other tests is not brought forward
    try_now()
    assert settle_all(web_home) == 1
    assert state_of(row) == "heard"


def test_what_the_ledger_can_hear_of_no_more_is_refused_at_last(
    web_home: Path, noted: Noted, at: Callable[[Any], None]
) -> None:
    """It is not tried for ever: after its time it could not count anyhow."""
    from commonweal.web.config import clock
    from commonweal.web.signing.models import Act

    poison = Poison(noted, KeyError("ours"))
    (row,) = asked()
    poison.add(row)
    settle_all(web_home)
    at(FixedClock(clock.now() + timedelta(minutes=16)))
    settle_all(web_home)
    found = Act.objects.get(pk=row.pk)
    assert (found.state, found.code) == ("refused", "CW-ACT-TIME")


def test_those_who_look_after_accounts_see_what_is_held_up(
    web_home: Path, noted: Noted, at: Callable[[Any], None]
) -> None:
    from django.db import connection

    from commonweal.web.config import clock
    from commonweal.web.signing.models import SET_ASIDE, Act
    from commonweal.web.waiting import HELD

    assert f"tries >= {SET_ASIDE}" in HELD
    poison = Poison(noted, KeyError("ours"))
    (row,) = asked()
    poison.add(row)
    settle_all(web_home)
    edward = as_person("edward")
    assert "Nothing is held up." in Page(edward.get("/sign/held-up/")).text
    Act.objects.filter(pk=row.pk).update(
        tries=SET_ASIDE, again_at=clock.now() + timedelta(minutes=2)
    )
    page = Page(edward.get("/sign/held-up/"))
    assert row.subject in page.text
    assert "CW-INTERNAL" in page.text
    assert "quentin" not in page.text.lower()
    with connection.cursor() as cursor:
        cursor.execute(HELD)
        assert cursor.fetchone()[0] == 1
    poison.acts.clear()
    assert settle_all(web_home) == 0
    assert edward.post("/sign/held-up/").status_code == 302
    assert settle_all(web_home) == 1
    assert state_of(row) == "heard"


@pytest.mark.parametrize("who", ["amara", "quentin", "grace"])
def test_nobody_else_sees_it(web_home: Path, db: None, who: str) -> None:
    for method in (as_person(who).get, as_person(who).post):
        assert method("/sign/held-up/").status_code == 403
