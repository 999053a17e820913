"""Files that are too large for a page: put in the room by command, signed for on pages."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.enclave.waiting import Waiting
from commonweal.foundation.errors import CommonwealError
from commonweal.sandbox.box import Sandbox
from tests.web.ingress.room import TABLE, Room, again, person
from tests.web.own_permits import OWN

SAID = {"permit": OWN, "name": "big.csv", "kind": "reference", "licence": "OGL-UK-3.0",
        "about": "A large table", "brought_by": "amara"}  # fmt: skip


def put(room: Room, sandbox: Sandbox, content: bytes = TABLE, **changes: str) -> Any:
    file = room.home.parent / "big.csv"
    file.write_bytes(content)
    return waiting(room).put(sandbox, file, SAID | changes)


def waiting(room: Room) -> Waiting:
    return Waiting.of(room.home / "enclave")


def row_of(offer: Any) -> Any:
    from commonweal.web.ingress.models import Offering

    return Offering.objects.get(reference=offer.id)


def signed(room: Room, sandbox: Sandbox) -> Any:
    """Put, told, and signed by both."""
    from commonweal.web.ingress.services import propose_bring

    offer = put(room, sandbox)
    room.work()
    row = row_of(offer)
    assert row.state == "scanned"
    assert room.sign(propose_bring(person("amara"), row, "/")).state == "heard"
    return room.decided(again(row))


def test_it_comes_in_by_two_signatures_and_waits_no_more(room: Room, sandbox: Sandbox) -> None:
    row = signed(room, sandbox)
    assert not room.is_in("big.csv")
    room.work()
    assert (again(row).state, again(row).code) == ("in", "")
    assert room.is_in("big.csv")
    assert list(waiting(room).folder.iterdir()) == []


def test_another_file_in_its_place_does_not(room: Room, sandbox: Sandbox) -> None:
    row = signed(room, sandbox)
    place = waiting(room).folder / row.reference
    place.chmod(0o600)
    place.write_bytes(b"lsoa,imd\nE01,9\n")
    room.work()
    assert (again(row).state, again(row).code) == ("failed", "CW-INGRESS-CHANGED")
    assert room.nothing_in()
    assert list(waiting(room).folder.iterdir()) == []


def test_what_is_taken_back_is_removed_from_the_room(room: Room, sandbox: Sandbox) -> None:
    from commonweal.web.ingress.services import take_back

    offer = put(room, sandbox)
    room.work()
    take_back(person("amara"), row_of(offer))
    room.work()
    assert list(waiting(room).folder.iterdir()) == []


def test_who_is_not_of_the_project_cannot_sign(room: Room, sandbox: Sandbox) -> None:
    """The command names anybody; the page asks who they are."""
    from commonweal.web.ingress.services import propose_bring

    offer = put(room, sandbox, brought_by="divya")
    room.work()
    with pytest.raises(CommonwealError) as caught:
        propose_bring(person("divya"), row_of(offer), "/")
    assert caught.value.code == "CW-WEB-DENIED"


def test_an_account_that_nobody_knows_is_not_told(room: Room, sandbox: Sandbox) -> None:
    from commonweal.web.ingress.models import Offering

    put(room, sandbox, brought_by="nobody-here")
    assert room.work() == 0
    assert not Offering.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "big.parquet"}, "CW-INGRESS-SCAN"),
        ({"name": "big.whl"}, "CW-INGRESS-KIND"),
        ({"about": " "}, "CW-INGRESS-KIND"),
        ({"licence": "Free"}, "CW-INGRESS-KIND"),
        ({"content": b"a,b\n1\n"}, "CW-INGRESS-SCAN"),
    ],
)
def test_what_does_not_wait(room: Room, sandbox: Sandbox, changes: Any, code: str) -> None:
    with pytest.raises(CommonwealError) as caught:
        put(room, sandbox, **changes)
    assert caught.value.code == code
    assert list(waiting(room).folder.iterdir()) == []


def test_a_paper_under_another_id_is_not_read(room: Room, sandbox: Sandbox) -> None:
    offer = put(room, sandbox)
    here = waiting(room)
    (here.folder / f"{offer.id}.json").rename(here.folder / f"in-{'z' * 20}.json")
    assert here.offer(f"in-{'z' * 20}") is None
    assert room.work() == 0
