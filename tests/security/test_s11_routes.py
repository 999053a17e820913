"""S11: a web database that says "short route" or "chair's action" gets no permit for it.

The twin keeps the route of a case in a column, as services do, and asks for fewer votes where the
column says so. Whoever owns the database writes the column. Ours asks who signed that, and when.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from tests.dossiers import CALL_IN, Desk

SHORT = "proportionate"
NEEDED = {"committee": 4, SHORT: 2, "chair": 2}


class Naive:
    """The twin: the route is a column, calling in is a row, and time is what the row says."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection
        self.db.executescript(
            "CREATE TABLE decided (route TEXT, votes INT, waits INT);CREATE TABLE called (who TEXT)"
        )
        self.run("INSERT INTO decided VALUES ('committee', 2, 0)")

    def run(self, statement: str) -> list[Any]:
        return self.db.execute(statement).fetchall()

    def permit(self) -> bool:
        ((route, votes, waits),) = self.run("SELECT * FROM decided")
        called = self.run("SELECT * FROM called")
        return votes >= NEEDED[route] and not called and not waits


@pytest.fixture
def naive() -> Iterator[Naive]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield Naive(connection)


def voted(route: str, *, proposed: bool, desk: Desk | None = None) -> Desk:
    desk = desk or Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena"):
        desk.declare(who)
    if proposed:
        desk.propose_route("sally", route)
    for who in ("chair", "lena"):
        desk.vote(who, route=route)
    return desk


def ended(desk: Desk, route: str, wait: bool = True) -> Desk:
    desk.decide(route=route)
    desk.now += CALL_IN if wait else CALL_IN * 0
    desk.agree()
    desk.countersign()
    return desk


def refused(desk: Desk) -> str:
    with pytest.raises(CommonwealError) as caught:
        desk.judge()
    return caught.value.code


@pytest.mark.parametrize("route", [SHORT, "chair"])
def test_the_route_is_only_a_mark_in_the_database(naive: Naive, route: str) -> None:
    assert not naive.permit()  # two votes are too few for the whole committee
    naive.run(f"UPDATE decided SET route = '{route}'")
    assert naive.permit()
    # The votes were cast on the committee's ballot: the mark moves none of them.
    assert refused(ended(voted("committee", proposed=False), route)) == "CW-DOSSIER-ACT-MISSING"
    # The votes were even cast on that ballot, and nobody signed that there may be one.
    assert refused(ended(voted(route, proposed=False), route)) == "CW-COMMITTEE-ROUTE"


def test_a_proposal_without_a_signature(naive: Naive) -> None:
    naive.run("UPDATE decided SET route = 'proportionate'")
    assert naive.permit()
    desk = voted(SHORT, proposed=False)
    desk.routes.append({
        "person": "sally", "version_digest": digest(desk.version), "route": SHORT,
        "earlier": None, "at": stamp(desk.now),
    })  # fmt: skip
    assert refused(ended(desk, SHORT)) == "CW-DOSSIER-DIGEST"


def test_a_call_that_is_deleted(naive: Naive) -> None:
    naive.run("UPDATE decided SET route = 'proportionate'")
    naive.run("INSERT INTO called VALUES ('luke')")
    assert not naive.permit()
    naive.run("DELETE FROM called")
    assert naive.permit()
    desk = voted(SHORT, proposed=True)
    desk.call_in("luke")
    desk.acts.pop()
    assert refused(ended(desk, SHORT)) == "CW-DOSSIER-ACT-MISSING"


def test_a_clock_in_the_database(naive: Naive) -> None:
    naive.run("UPDATE decided SET route = 'proportionate', waits = 1")
    assert not naive.permit()
    naive.run("UPDATE decided SET waits = 0")
    assert naive.permit()
    assert refused(ended(voted(SHORT, proposed=True), SHORT, wait=False)) == "CW-COMMITTEE-ROUTE"
    assert ended(voted(SHORT, proposed=True), SHORT).judge()


FORGED: dict[str, Callable[[Desk], object]] = {
    "another person proposed it": lambda d: d.routes[0].update(person="chair"),
    "it was proposed for another version": lambda d: d.routes[0].update(
        version_digest="sha256:" + "0" * 64
    ),
    "it was proposed earlier": lambda d: d.routes[0].update(at="2020-01-01T00:00:00.000Z"),
    "it builds on something": lambda d: d.routes[0].update(earlier="sha256:" + "0" * 64),
    "the proposal is left out": lambda d: d.routes.clear(),
    "the act is left out as well": lambda d: (
        d.routes.clear(),
        d.acts.remove(next(one for one in d.acts if one.act.kind == "propose_route")),
    ),
    "an earlier decision is made up": lambda d: setattr(d, "earlier", dict(d.decision)),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_whatever_is_written_about_a_proposal(forge: Callable[[Desk], object]) -> None:
    desk = ended(voted(SHORT, proposed=True), SHORT)
    assert desk.judge()
    forge(desk)
    assert refused(desk).startswith("CW-")
