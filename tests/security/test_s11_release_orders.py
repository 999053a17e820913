"""S11: who owns the service's database has nothing built, and names nobody else as its maker.

The naive twin believes the order's row: it builds for whomever the row names. Whoever owned the
database could then have a release made in a colleague's name, and sign it off as the second person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.ledger.entry import Actor
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.releases.conftest import room  # noqa: F401 (fixtures)
from tests.web.releases.room import LIVE, Room, as_planned, ask, order, person, release
from tests.web.signing_room import sign_now, signer

R1 = f"{LIVE}.r1"


def naive(row: Any) -> Actor:
    """The twin: who asked is whom the row names."""
    return Actor("data_manager", row.asked_by.public_id)


def forged(**more: Any) -> Any:
    """An order that somebody wrote into the database, in farah's name."""
    from commonweal.web.config import clock
    from commonweal.web.releases.models import Order
    from commonweal.web.releases.services import entry_of

    fields = {
        "kind": "build", "permit": LIVE, "permit_hash": entry_of(LIVE).permit_hash, "release": R1,
        "asked_by": person("farah"), "asked_at": clock.now(),
    }  # fmt: skip
    return Order.objects.create(**fields | more)


def nothing_built(room: Room) -> bool:  # noqa: F811
    kinds = ("release.authorised", "release.completed", "choices.applied")
    return not any(room.events(one) for one in kinds)


def test_an_order_that_nobody_signed(room: Room) -> None:  # noqa: F811
    as_planned()
    made = forged()
    assert naive(made).id == "farah"
    room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-RELEASE-ORDER-CHANGED")
    assert nothing_built(room)


def unheard(room: Room) -> Any:  # noqa: F811
    """Signed by nobody: `heard` stands in the row only."""
    from commonweal.web.config import clock
    from commonweal.web.releases.services import propose_build
    from commonweal.web.signing.models import Act

    del room
    act = propose_build(person("farah"), LIVE, "/")
    evidence = {"kind": "software", "credential": "farah", "jws": "e30"}
    now = clock.now()
    Act.objects.filter(pk=act.pk).update(
        state="heard", evidence=evidence, heard_at=now, settled_at=now, entry=1
    )
    return Act.objects.get(pk=act.pk)


def for_another_step(room: Room) -> Any:  # noqa: F811
    """A true act of farah's, about the same release's permit, that says something else."""
    from commonweal.web.releases.services import entry_of
    from commonweal.web.signing import handlers
    from commonweal.web.signing.services import propose

    kept = handlers._handlers["pause"]
    handlers._handlers["pause"] = type("Any", (), {"check": lambda *_: None,
                                                   "follow": lambda *_: None})()  # fmt: skip
    try:
        act = propose(person("farah"), "data_manager", "pause", "pause", subject=R1,
                      object_digest=entry_of(LIVE).permit_hash, back="/")  # fmt: skip
        return sign_now(room.home, act)
    finally:
        handlers._handlers["pause"] = kept


def for_another_release(room: Room) -> Any:  # noqa: F811
    """A true order of farah's, for a release that comes later."""
    from commonweal.web.releases.models import Release
    from commonweal.web.releases.services import propose_build

    Release.objects.filter(reference=R1).update(reference=f"{LIVE}.r2")
    act = sign_now(room.home, propose_build(person("farah"), LIVE, "/"))
    act.order.delete()
    Release.objects.filter(reference=f"{LIVE}.r2").update(reference=R1, state="planned")
    return act


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (unheard, "CW-ACT-NOT-RECORDED"),
        (for_another_step, "CW-STEP-ACTS"),
        (for_another_release, "CW-RELEASE-ORDER-CHANGED"),
    ],
)
def test_an_act_that_does_not_say_so(
    room: Room,  # noqa: F811
    made: Callable[[Room], Any],
    code: str,
) -> None:
    as_planned()
    act = made(room)
    row = forged(act=act)
    assert naive(row).id == "farah"
    room.work()
    assert (order(row).state, order(row).code) == ("refused", code)
    assert nothing_built(room)


def test_who_signed_is_the_maker_whoever_the_row_names(room: Room) -> None:  # noqa: F811
    """And so cannot sign it off, though the row was changed to name somebody else."""
    from commonweal.web.releases.models import Order, Release
    from commonweal.web.releases.services import propose_decision

    as_planned()
    made = ask("build")
    Order.objects.filter(pk=made.pk).update(asked_by=person("edward"))
    Release.objects.update(made_by=["edward"])
    assert naive(order(made)).id == "edward"
    room.work()
    assert order(made).state == "done"
    assert {one["actor"] for one in room.events("release.authorised")} == {"farah"}
    assert "farah" in release().made_by
    with pytest.raises(CommonwealError):
        propose_decision(person("farah"), release(), "sign_off", "/")


def test_an_order_counts_once(room: Room) -> None:  # noqa: F811
    """Refused by the vault, it is not taken up again by turning its row back."""
    from commonweal.web.releases.models import Order

    as_planned()
    made = ask("build")
    room.people = 12
    room.furnish()
    room.work()
    assert order(made).state == "refused"
    assert len(room.events("release.refused")) == 1
    room.people = 60
    room.furnish()
    Order.objects.filter(pk=made.pk).update(
        state="queued", ended_at=None, attempts=0, code="", sentence="", worker="", result=None
    )
    room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-ACT-USED")
    assert room.events("release.completed") == []


def test_an_order_from_before_a_stop_does_not_count_after_it(room: Room) -> None:  # noqa: F811
    as_planned()
    made = ask("build")
    room.stop("pause")
    room.stop("resume")
    room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-STEP-ACTS")
    assert nothing_built(room)


def test_only_a_data_manager_orders(room: Room) -> None:  # noqa: F811
    from commonweal.web.releases.services import propose_build

    as_planned()
    for who in ("edward", "rosa", "owen", "amara", "tara"):
        with pytest.raises(CommonwealError) as caught:
            propose_build(person(who), LIVE, "/")
        assert caught.value.code == "CW-WEB-DENIED"


def test_an_order_that_was_void_builds_nothing(room: Room) -> None:  # noqa: F811
    """Its signer was told that nothing followed; a row turned back does not make it follow."""
    from commonweal.vault.custody.acts import void_act

    as_planned()
    made = ask("build")
    with signer(room.home) as custody:
        void_act(custody, made.act.pk, "CW-STATE-STEP")
    room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-ACT-VOID")
    assert nothing_built(room)


def test_an_order_that_was_refused_before_it_began_has_ended(room: Room) -> None:  # noqa: F811
    """The vault took the order and then found the permit stopped: it is ordered anew."""
    from commonweal.vault.release import build

    as_planned()
    made = ask("build")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(build, "check_now", stopped)
        room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-PERMIT-NOT-LIVE")
    (told,) = room.events("release.refused")
    assert (told["release"], told["code"]) == (R1, "CW-PERMIT-NOT-LIVE")
    assert room.events("release.authorised") == []


def stopped(*_: Any) -> None:
    raise Refused("CW-PERMIT-NOT-LIVE", "The permit is paused.")
