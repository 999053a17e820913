"""A file on its way in: sent, scanned, signed for by two people, in; or removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.unit.choices.helpers import nhs_numbers
from tests.web.conftest import Page
from tests.web.ingress.room import TABLE, Room, again, person
from tests.web.own_permits import OWN


def form(content: bytes = TABLE, name: str = "imd.csv", **more: Any) -> dict[str, Any]:
    """What the page sends."""
    return {
        "permit": OWN, "file": SimpleUploadedFile(name, content), "licence": "OGL-UK-3.0",
        "about": "Deprivation by area", **more,
    }  # fmt: skip


def files() -> int:
    from commonweal.web.ingress.models import OfferingFile

    return int(OfferingFile.objects.count())


def test_two_people_and_a_scan_let_a_file_in(room: Room, browser_of: Callable[[str], Any]) -> None:
    amara, farah = browser_of("amara"), browser_of("farah")
    answer = amara.post("/ingress/bring", form())
    assert answer.status_code == 302
    page = answer["Location"]
    assert "Being looked at" in Page(amara.get(page)).text
    room.work()
    found = Page(amara.get(page))
    assert "csv: 2 rows, 2 columns" in found.text
    assert "lsoa" in found.text
    assert "Go on to sign" in found.text
    signing = amara.post(f"{page}sign")["Location"]
    assert room.sign(signing.rstrip("/").split("/")[-1]).state == "heard"
    assert "Go on to sign" not in Page(amara.get(page)).text
    seen = Page(farah.get(page))
    assert "Decide" in seen.text
    assert "Amara Okafor" in seen.text
    signing = farah.post(f"{page}decide", {"verdict": "approve", "reasons": ""})["Location"]
    assert not room.is_in()
    assert room.sign(signing.rstrip("/").split("/")[-1]).state == "heard"
    assert not room.is_in()  # until the enclave has verified it
    room.work()
    assert room.is_in()
    (event,) = room.events()
    assert (event["actor"], event["role"], event["approved_by"]) == (
        "amara", "researcher", "farah"
    )  # fmt: skip
    room.work()
    assert "imd.csv" in Page(amara.get("/ingress/")).text
    assert "Studies may use it" in Page(amara.get(page)).text
    assert files() == 0


def test_a_no_removes_the_file_and_is_told(room: Room, browser_of: Callable[[str], Any]) -> None:
    row = room.decided(room.offered(), "refuse")
    assert (row.state, files()) == ("refused", 0)
    room.work()
    assert room.nothing_in()
    page = Page(browser_of("amara").get(f"/ingress/{row.reference}/"))
    assert "Nobody may pass it on." in page.text
    assert "Decided by Farah Aziz" in page.text


def test_a_no_needs_its_reasons(room: Room, browser_of: Callable[[str], Any]) -> None:
    row = room.offered()
    answer = browser_of("farah").post(
        f"/ingress/{row.reference}/decide", {"verdict": "refuse", "reasons": "  "}
    )
    assert "Say why it may not come in" in Page(answer).text


def test_numbers_of_people_do_not_come_in_nor_back(
    room: Room, browser_of: Callable[[str], Any]
) -> None:
    numbers = nhs_numbers(9)
    for content in (("id\n" + "\n".join(numbers)).encode(), ",".join(numbers).encode() + b"\n"):
        row = room.scanned(content=content, name=f"a{len(content)}.csv")
        assert (row.state, row.code, files()) == ("unfit", "CW-INGRESS-SCAN", 0)
        html = browser_of("amara").get(f"/ingress/{row.reference}/").content.decode()
        assert not any(one in html for one in numbers)


def test_what_is_taken_back_is_gone(room: Room, browser_of: Callable[[str], Any]) -> None:
    amara = browser_of("amara")
    for made in (room.sent(name="a.csv"), room.scanned(name="b.csv"), room.offered(name="c.csv")):
        path = f"/ingress/{made.reference}/take-back"
        assert amara.post(path).status_code == 302
        assert again(made).state == "taken_back"
        assert amara.post(path).status_code == 403
    assert files() == 0
    assert room.work() == 0


def test_taken_back_while_it_is_scanned(room: Room) -> None:
    from commonweal.web.ingress import services

    row = room.sent()
    order = services.take()
    assert order is not None
    services.take_back(person("amara"), row)
    services.came_to_nothing(order, "CW-INGRESS-SCAN", "No.", state="refused")
    assert (again(row).state, again(row).code) == ("taken_back", "")


def test_a_name_that_is_in_is_taken(room: Room, browser_of: Callable[[str], Any]) -> None:
    first, second = room.offered(), room.offered()
    room.decided(first)
    room.decided(second)
    room.work()
    assert (again(first).state, again(second).state) == ("in", "failed")
    assert again(second).code == "CW-INGRESS-NAME"
    assert len(room.events()) == 1
    answer = browser_of("amara").post("/ingress/bring", form())
    assert "A file of this name is in already" in Page(answer).text


def test_who_is_told_and_whose_turn_it_is(room: Room) -> None:
    from commonweal.web.config import clock
    from commonweal.web.ingress.turns import waiting

    def turns(who: str) -> list[str]:
        return [one.words for one in waiting(person(who), clock.today())]

    row = room.scanned()
    assert turns("amara") == ["Sign for a file that you bring in: imd.csv"]
    assert turns("farah") == turns("bethan") == []
    from commonweal.web.ingress.services import propose_bring

    room.sign(propose_bring(person("amara"), row, "/"))
    assert turns("farah") == ["Decide whether a file comes in: imd.csv"]
    assert turns("amara") == turns("edward") == []
