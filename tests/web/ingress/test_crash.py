"""Leases, and workers that are stopped anywhere: nothing is half in, what was cut off goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Unavailable
from tests.web.ingress.room import Room, again, person, send


class Killed(BaseException):
    """As if the process had been killed: nothing of ours catches it."""


def killed(*_: Any, **__: Any) -> Any:
    raise Killed


def cut_off(target: str, what: Callable[[], Any]) -> None:
    """Do `what`, which is killed when it comes to `target`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(target, killed)
        with pytest.raises(Killed):
            what()


def silent() -> None:
    """As if the lease had run out."""
    from commonweal.web.ingress.models import IngressOrder

    IngressOrder.objects.filter(state="running").update(lease_until=None)


PLACES = {
    "before it is scanned again": "commonweal.enclave.ingress.scan",
    "before its bytes are kept": "commonweal.enclave.ingress._keep",
    "before the ledger says so": "commonweal.vault.custody.ingress_ground.use_acts",
    "before jobs can find it": "commonweal.enclave.ingress._placed",
    "before the page is told": "commonweal.web.ingress.services.came_in",
}


@pytest.mark.parametrize("place", PLACES)
def test_killed_while_it_comes_in(place: str, room: Room) -> None:
    row = room.decided(room.offered())
    cut_off(PLACES[place], room.work)
    known = len(room.events())
    assert known == (place in ("before jobs can find it", "before the page is told"))
    assert room.is_in() == (place == "before the page is told")
    assert again(row).state == "approved"
    silent()
    room.work()
    assert (again(row).state, again(row).code) == ("in", "")
    assert room.is_in()
    assert len(room.events()) == 1
    assert len(room.events("act.used")) == 2


def test_killed_each_time(room: Room) -> None:
    """Given up after three times, and nothing is in."""
    row = room.decided(room.offered())
    for _ in range(3):
        cut_off("commonweal.enclave.ingress._keep", room.work)
        silent()
    room.work()
    assert (again(row).state, again(row).code) == ("failed", "CW-INGRESS-CUT-OFF")
    assert room.nothing_in()


def test_killed_while_it_is_scanned(room: Room) -> None:
    row = room.sent()
    cut_off("commonweal.web.ingress.workers.scan", room.work)
    assert again(row).state == "sent"
    silent()
    room.work()
    assert again(row).state == "scanned"


def test_without_a_sandbox_it_waits(bare: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """No guard, no look: the file stays as it is, and the reason is raised for the log."""
    from commonweal.web.ingress import workers

    def none(_custody: Any) -> Any:
        raise Unavailable("CW-SANDBOX-GUARD", "A guard does not hold.")

    monkeypatch.setattr(workers, "opened_sandbox", none)
    row = bare.sent()
    for _ in range(5):
        with pytest.raises(Unavailable):
            bare.work()
    order = again(row).orders.get()
    assert (order.state, order.attempts, again(row).state) == ("queued", 0, "sent")
    assert bare.nothing_in()


def test_who_lost_the_lease_writes_nothing(room: Room) -> None:
    from commonweal.web.ingress import services

    row = room.sent()
    first = services.take()
    silent()
    room.work()
    assert again(row).state == "scanned"
    assert first is not None
    services.came_to_nothing(first, "CW-INGRESS-SCAN", "No.", state="refused")
    assert (again(row).state, again(row).code) == ("scanned", "")


def test_nothing_is_left_of_the_copy_that_was_looked_at(room: Room) -> None:
    room.decided(room.offered())
    room.work()
    assert [one.name for one in room.folder.parent.iterdir() if "ingress" in one.name] == []


def test_what_nobody_signs_or_decides_ends(room: Room, at: Callable[[Any], None]) -> None:
    from commonweal.foundation.clock import FixedClock
    from commonweal.web.config import clock
    from commonweal.web.ingress.models import UNDECIDED_FOR, UNSIGNED_FOR, OfferingFile
    from commonweal.web.ingress.services import lapse

    rows = [room.scanned(name="a.csv"), room.offered(name="b.csv"), send(name="c.csv")]
    now = clock.now()
    at(FixedClock(now + UNSIGNED_FOR + timedelta(minutes=1)))
    assert lapse() == 1
    assert [again(one).state for one in rows] == ["lapsed", "offered", "sent"]
    at(FixedClock(now + UNDECIDED_FOR + timedelta(minutes=1)))
    assert lapse() == 1
    assert [again(one).state for one in rows] == ["lapsed", "lapsed", "sent"]
    assert OfferingFile.objects.count() == 1


def test_an_act_heard_of_before_its_row_was_written_goes_on(room: Room) -> None:
    """The signer is killed between the ledger's word and the service's row; then it runs again."""
    from commonweal.web.ingress import services

    row = room.scanned()
    act = services.propose_bring(person("amara"), row, "/")
    cut_off("commonweal.web.ingress.handlers.BringHandler.follow", lambda: room.sign(act))
    from commonweal.web.signing.services import settle
    from commonweal.web.signing.workers import SignerRoom
    from tests.web.signing_room import signer

    with signer(room.home) as custody:
        assert settle(act.pk, SignerRoom(custody)).state == "heard"
    assert again(row).state == "offered"
    assert room.decided(again(row)).state == "approved"


def test_two_who_decide_at_once(room: Room) -> None:
    """The second is told that there is nothing to decide any more; one order stands."""
    from commonweal.web.ingress import services
    from commonweal.web.ingress.models import IngressOrder

    row = room.offered()
    yes = services.propose_decision(person("farah"), row, "approve", "", "/")
    no = services.propose_decision(person("farah"), row, "refuse", "No licence.", "/")
    assert room.sign(yes).state == "heard"
    late = room.sign(no)
    assert (late.state, late.code) == ("refused", "CW-INGRESS-ORDER")
    assert IngressOrder.objects.filter(kind="let_in").count() == 1
