"""Nobody sees an application that they do not write, of whatever organisation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.applications import content_data
from tests.web.applications.conftest import begin, fill
from tests.web.applications.test_sending import sent_twice
from tests.web.conftest import Page

VALUES = {
    "name": "people", "id_": "identifiable", "g": "1", "v": "0", "number": "1", "older": "1",
    "newer": "2",
}  # fmt: skip


def addresses(reference: str) -> list[str]:
    """Every address of the app about one application, read off its table of addresses."""
    import re

    from commonweal.web.applications.urls import urlpatterns

    found = []
    for one in urlpatterns:
        route = str(one.pattern)
        if "<slug:reference>" not in route:
            continue
        values = {**VALUES, "reference": reference}
        if "forms/" in route:
            values |= {"name": "dpia", "id_": "need"}
        for name, value in values.items():
            route = re.sub(rf"<\w+:{name}>", value, route)
        found.append(f"/applications/{route}")
    assert len(found) >= 19
    return found


OTHERS = ("divya", "edward", "grace", "bethan")


@pytest.mark.parametrize("who", OTHERS)
def test_every_address_is_not_found_for_somebody_else(
    amara: Any, browser_of: Any, who: str
) -> None:
    """Another company, the hospital's own people, and colleagues whom nobody added."""
    reference = begin(amara)
    sent_twice(amara, reference)
    other = browser_of(who)
    nothing = other.get("/applications/a-nothing/")
    for path in addresses(reference):
        posted = other.post(path, {"answer": "yes"})
        # A page that takes nothing says so before it looks whose it is.
        assert posted.status_code in (404, 405), path
        for answer in (other.get(path), *([posted] if posted.status_code == 404 else [])):
            assert answer.status_code == 404, path
            assert reference not in answer.content.decode()
            assert (
                Page(answer).text.split("Reference number")[0]
                == Page(nothing).text.split("Reference number")[0]
            )
    assert reference not in other.get("/applications/").content.decode()
    (row,) = type(_row(reference)).objects.filter(reference=reference)
    assert (row.state, row.draft.content) == ("sent", _row(reference).draft.content)


def _row(reference: str) -> Any:
    from commonweal.web.applications.models import Application

    return Application.objects.get(reference=reference)


def test_a_coauthor_sees_and_writes_and_does_not_send(amara: Any, browser_of: Any) -> None:
    reference = begin(amara)
    fill(reference)
    base = f"/applications/{reference}/"
    assert "Bethan Price" in Page(amara.get(f"{base}authors/")).text
    assert amara.post(f"{base}authors/", {"person": "bethan"}).status_code == 302
    bethan = browser_of("bethan")
    assert reference in Page(bethan.get("/applications/")).text
    assert bethan.get(f"{base}parts/project/").status_code == 200
    assert "Only somebody with the role of applicant" in Page(bethan.get(f"{base}send/")).text
    assert bethan.post(f"{base}send/").status_code == 403
    assert bethan.post(f"{base}withdraw/").status_code == 403
    assert bethan.post(f"{base}authors/", {"remove": "amara"}).status_code == 403
    assert _row(reference).state == "draft"
    assert amara.post(f"{base}authors/", {"remove": "bethan"}).status_code == 302
    assert bethan.get(base).status_code == 404
    # Whoever began it cannot be locked out.
    assert amara.post(f"{base}authors/", {"remove": "amara"}).status_code == 403


@pytest.mark.parametrize("who", ["divya", "grace", "colin", "nobody", ""])
def test_only_writers_of_the_same_organisation_can_be_added(amara: Any, who: str) -> None:
    base = f"/applications/{begin(amara)}/authors/"
    assert amara.post(base, {"person": who}).status_code == 403


def test_a_role_that_ended_sees_nothing(amara: Any, clock: Any) -> None:
    from datetime import timedelta

    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Membership
    from commonweal.web.accounts.services import end_role

    reference = begin(amara)
    clock.advance(timedelta(minutes=1))
    end_role(Membership.objects.get(user__public_id="amara"), Actor("system", "tests"))
    assert amara.get(f"/applications/{reference}/").status_code == 404
    assert reference not in amara.get("/applications/").content.decode()


def test_a_role_for_one_project_shows_that_one_only(amara: Any, browser_of: Any) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    first, second = begin(amara), begin(amara)
    for reference in (first, second):
        amara.post(f"/applications/{reference}/authors/", {"person": "bethan"})
    with governed_write():
        Membership.objects.filter(user__public_id="bethan").update(project=first)
    bethan = browser_of("bethan")
    assert bethan.get(f"/applications/{first}/").status_code == 200
    assert bethan.get(f"/applications/{second}/").status_code == 404


# --- counts of queries ------------------------------------------------------------------------


def queries(client: Any, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def many(client: Any, count: int) -> str:
    """More applications of the same person, filled in; the last one's reference."""
    reference = ""
    for n in range(count):
        reference = begin(client)
        fill(reference, content_data(project__title=f"Project {n}"))
    return reference


def test_queries_do_not_grow_with_applications(amara: Any) -> None:
    paths = ("", "{}/", "{}/parts/people/", "{}/forms/dpia/", "{}/check/", "{}/authors/")

    def counted(reference: str) -> list[int]:
        return [queries(amara, f"/applications/{path.format(reference)}") for path in paths]

    few = counted(many(amara, 3))
    lots = counted(many(amara, 27))
    assert lots == few
    assert max(few) < 18
    shown = Page(amara.get("/applications/"))
    assert shown.text.count("Reference a-") == 25
    assert "Reference a-" in Page(amara.get("/applications/?page=2")).text


def test_no_link_on_any_page_is_dead(amara: Any) -> None:
    """From the list on, every link and every address of a form is followed once."""
    reference = begin(amara)
    sent_twice(amara, reference)
    second = begin(amara)
    fill(second)
    known_by_now: dict[str, int] = {}
    waiting = ["/applications/"]
    while waiting:
        path = waiting.pop().split("#")[0]
        if path in known_by_now or not path.startswith("/applications/"):
            continue
        answer = amara.get(path, follow=True)
        known_by_now[path] = answer.status_code
        if not str(answer["Content-Type"]).startswith("text/html"):
            continue  # a file to keep
        waiting += [str(a.get("href", "")) for a in Page(answer).every("a")]
    assert {path for path, status in known_by_now.items() if status != 200} == set()
    assert len(known_by_now) > 60
