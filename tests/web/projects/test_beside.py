"""Links from a permit to the work under it: to whoever finds the page there, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from tests.web.conftest import Page
from tests.web.projects.room import Road, user

FROM = "permitted"
INSIDE = ("colin", "amara", "edward", "owen", "rosa", "farah")


def hrefs(page: Page) -> list[str]:
    return [str(a["href"]) for a in page.every("a")]


def shown(road: Road, client: Any) -> Page:
    answer = client.get(f"/permits/{road.permit.reference}/")
    assert answer.status_code == 200
    return Page(answer)


@pytest.fixture
def on_register(road: Road) -> str:
    from commonweal.web.projects.standing import entry_of

    assert entry_of(road.permit.reference) is not None
    return str(road.permit.reference)


def test_each_link_leads_to_a_page_that_is_there(
    road: Road, on_register: str, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.projects.beside import links_beside
    from commonweal.web.projects.standing import entry_of

    for who in INSIDE:
        client = browser_of(who)
        told = links_beside(user(who), entry_of(on_register), clock.today())
        page = shown(road, client)
        for one in told:
            assert one["href"] in hrefs(page)
            assert client.get(one["href"]).status_code == 200, (who, one)
        assert ("Work under this permit" in page.text) is bool(told)


def test_a_page_that_is_not_for_somebody_has_no_link(
    road: Road, on_register: str, browser_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.projects import beside

    def hidden(asked: beside.Asked) -> str | None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")

    def mine(asked: beside.Asked) -> str | None:
        return "3 & <b>more</b>." if asked.person.public_id == "amara" else None

    monkeypatch.setattr(beside, "LINKS", (
        beside.Beside("Hidden", "releases:permit", hidden, of_permit=True),
        beside.Beside("Mine", "releases:permit", mine, of_permit=True),
        beside.Beside("Nowhere", "no_such_app:index", lambda asked: "", of_permit=False),
    ))  # fmt: skip
    amara = shown(road, browser_of("amara"))
    assert "Mine . 3 & <b>more</b>." in amara.text
    assert f"/releases/{on_register}/" in hrefs(amara)
    assert "Hidden" not in amara.text
    assert "Nowhere" not in amara.text
    owen = shown(road, browser_of("owen"))
    assert "Work under this permit" not in owen.text


def test_nothing_is_linked_before_the_register_has_the_permit(road: Road) -> None:
    from commonweal.web.config import clock
    from commonweal.web.projects.beside import links_beside

    assert links_beside(user("amara"), None, clock.today()) == []


def test_counts_are_of_what_a_person_may_see(
    road: Road, on_register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs of others that have not left are not counted for anybody who may not see them."""
    from types import SimpleNamespace

    from commonweal.web.config import clock
    from commonweal.web.outputs.models import Output
    from commonweal.web.projects import beside
    from commonweal.web.projects.standing import entry_of

    for number, state in enumerate(("released", "in_review", "in_review")):
        Output.objects.create(
            reference=f"out-{number}", permit=on_register, project="p", job="j", author="bethan",
            title="T", turn=1, digest="sha256:" + "0" * 64, manifest={"files": []}, state=state,
            expires_at=clock.now(),
        )  # fmt: skip
    policies = SimpleNamespace(
        outputs_of=lambda person, day: Output.objects.filter(state="released")
    )
    monkeypatch.setattr(beside, "_policies", lambda app: policies)
    entry = entry_of(on_register)
    assert entry is not None
    asked = beside.Asked(user("amara"), entry, clock.today())
    assert beside._outputs(asked) == "1 output is shown to you. 1 of them has left."
    for who in ("farah", "owen", "divya"):
        assert beside._outputs(beside.Asked(user(who), entry, clock.today())) is None
