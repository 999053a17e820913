"""Who may bring in, see and decide: the matrix of people, states and actions; and every address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page
from tests.web.ingress.room import Room, again, person, send
from tests.web.ingress.test_journey import form
from tests.web.own_permits import OWN
from tests.web.releases.room import LIVE

PROJECT = {"amara", "bethan"}
MANAGERS = {"farah"}
SEES = PROJECT | MANAGERS
MAY: dict[str, tuple[set[str], set[str]]] = {
    "sign": ({"amara"}, {"scanned"}),
    "take_back": ({"amara"}, {"sent", "scanned", "offered"}),
    "decide": (MANAGERS, {"offered"}),
}
"""What may be done with a file that amara sent for her project: who may, and in which states."""


def today() -> Any:
    from commonweal.web.config import clock

    return clock.today()


def code_of(what: Callable[[], Any]) -> str:
    with pytest.raises(CommonwealError) as refused:
        what()
    return refused.value.code


def test_people_states_and_actions(bare: Room) -> None:
    from commonweal.web.ingress.models import STATES, Offering
    from commonweal.web.ingress.policies import can, check_decide, check_sign, check_take_back

    row = send()
    for state in STATES:
        Offering.objects.filter(pk=row.pk).update(state=state)
        held = again(row)
        for one in PEOPLE:
            who = person(one.id)
            found = {
                "sign": can(check_sign, who, held, today()),
                "take_back": can(check_take_back, who, held),
                "decide": can(check_decide, who, held, today()),
            }
            wanted = {name: one.id in may and state in when for name, (may, when) in MAY.items()}
            assert found == wanted, (one.id, state)


def test_who_sends_for_which_project(bare: Room) -> None:
    wanted = {"amara": {OWN}, "bethan": {OWN}, "farah": {""}}
    for one in PEOPLE:
        for permit in ("", OWN, LIVE, "permit-99"):
            may = permit in wanted.get(one.id, set())
            made = lambda p=permit, w=one.id: send(w, permit=p, name=f"{w}-{p or 'all'}.csv")  # noqa: E731
            if may:
                assert made().state == "sent"
            else:
                assert code_of(made) == "CW-WEB-DENIED", (one.id, permit)


def test_nobody_else_learns_of_a_file(bare: Room, browser_of: Callable[[str], Any]) -> None:
    row = send()
    gets = ("", "offered", "bring", f"{row.reference}/", f"{row.reference}/decide")
    posts = ("bring", f"{row.reference}/sign", f"{row.reference}/decide",
             f"{row.reference}/take-back")  # fmt: skip
    for one in PEOPLE:
        if one.id in SEES:
            continue
        client = browser_of(one.id)
        for path in gets:
            assert client.get(f"/ingress/{path}").status_code == 404, (one.id, path)
        for path in posts:
            assert client.post(f"/ingress/{path}").status_code == 404, (one.id, path)
    assert again(row).state == "sent"


def test_signed_out_nobody_sees_anything(bare: Room, client: Any) -> None:
    row = send()
    for path in ("", "offered", "bring", f"{row.reference}/", f"{row.reference}/decide"):
        answer = client.get(f"/ingress/{path}")
        assert answer.status_code == 302
        assert "/account/" in answer["Location"]


def test_a_project_does_not_see_another_s_files(
    bare: Room, browser_of: Callable[[str], Any]
) -> None:
    """What farah sends for all projects, and what is sent for another permit, amara sees not."""
    from commonweal.web.ingress.models import Offering

    hers = send("farah", permit="", name="all.csv")
    other = send(name="other.csv")
    Offering.objects.filter(pk=other.pk).update(permit=LIVE)
    amara, farah = browser_of("amara"), browser_of("farah")
    listed = Page(amara.get("/ingress/offered")).text
    assert "all.csv" not in listed
    assert "other.csv" not in listed
    for row in (hers, other):
        assert amara.get(f"/ingress/{row.reference}/").status_code == 404
        assert farah.get(f"/ingress/{row.reference}/").status_code == 200


def test_a_role_for_one_project_counts_there_only(
    bare: Room, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ingress.models import Offering
    from commonweal.web.ingress.policies import brings_for, can, check_decide
    from commonweal.web.ledgerlink.models import governed_write

    row, other = send(), send(name="other.csv")
    Offering.objects.update(state="offered")
    Offering.objects.filter(pk=other.pk).update(permit=LIVE)
    with governed_write():
        Membership.objects.filter(user__public_id="farah").update(project="project-9")
    farah = browser_of("farah")
    assert farah.get(f"/ingress/{row.reference}/").status_code == 200
    assert farah.get(f"/ingress/{other.reference}/").status_code == 404
    assert can(check_decide, person("farah"), again(row), today())
    assert not can(check_decide, person("farah"), again(other), today())
    assert [one for one, _ in brings_for(person("farah"), today())] == [OWN]


@pytest.mark.parametrize("change", ["ended", "elsewhere", "later"])
def test_a_role_that_does_not_count_gives_nothing(
    bare: Room, browser_of: Callable[[str], Any], change: str
) -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.ledgerlink.models import governed_write

    row = send()
    changes: dict[str, dict[str, Any]] = {
        "ended": {"begins": today() - timedelta(days=9), "ends": today()},
        "elsewhere": {"organisation": Organisation.objects.get(public_id="university")},
        "later": {"begins": today() + timedelta(days=1)},
    }
    with governed_write():
        Membership.objects.filter(user__public_id="farah").update(**changes[change])
    farah = browser_of("farah")
    for path in ("", "offered", "bring", f"{row.reference}/", f"{row.reference}/decide"):
        assert farah.get(f"/ingress/{path}").status_code == 404, path


def test_who_left_the_project_may_not_sign(bare: Room) -> None:
    from commonweal.web.applications.models import CoAuthor
    from commonweal.web.ingress.models import Offering
    from commonweal.web.ingress.services import propose_bring

    row = send()
    Offering.objects.update(state="scanned")
    CoAuthor.objects.filter(person__public_id="amara").delete()
    assert code_of(lambda: propose_bring(person("amara"), again(row), "/")) == "CW-WEB-DENIED"


def test_only_so_many_wait(bare: Room, browser_of: Callable[[str], Any]) -> None:
    from commonweal.web.ingress.models import MOST_WAITING, OfferingFile

    for number in range(MOST_WAITING):
        send(name=f"a{number}.csv")
    assert code_of(lambda: send(name="one-more.csv")) == "CW-INGRESS-ORDER"
    answer = browser_of("amara").post("/ingress/bring", form(name="one-more.csv"))
    assert "are on their way" in Page(answer).text
    assert OfferingFile.objects.count() == MOST_WAITING
    assert send("bethan", name="hers.csv").state == "sent"


def test_what_is_posted_cannot_be_got(bare: Room, browser_of: Callable[[str], Any]) -> None:
    row, amara = send(), browser_of("amara")
    for path in ("sign", "take-back"):
        assert amara.get(f"/ingress/{row.reference}/{path}").status_code == 405
    from django.test import Client

    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"},
                    REMOTE_ADDR="127.0.0.1")  # fmt: skip
    strict.cookies = amara.cookies
    assert strict.post(f"/ingress/{row.reference}/take-back").status_code == 403
    assert again(row).state == "sent"


def test_queries_do_not_grow_with_rows(bare: Room, browser_of: Callable[[str], Any]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.config import clock
    from commonweal.web.ingress.models import Brought, Offering

    def more(start: int, count: int) -> None:
        for number in range(start, start + count):
            send("farah", permit="", name=f"a{number}.csv")
            Offering.objects.update(state="taken_back")
            Brought.objects.create(
                name=f"b{number}.csv", kind="reference", licence="MIT", about="x", size=1,
                sha256="sha256:" + "0" * 64, found="csv", came_at=clock.now(),
            )  # fmt: skip

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as held:
            assert farah.get(path).status_code == 200
        return len(held)

    farah = browser_of("farah")
    pages = ("/ingress/", "/ingress/offered")
    more(0, 3)
    asked(pages[0])  # what is asked once for each session
    few = [asked(path) for path in pages]
    more(3, 20)
    assert [asked(path) for path in pages] == few
