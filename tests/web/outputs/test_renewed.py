"""A newer permit counts: what left is had under it, and what waits ends with words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Refused
from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import find_catalogue, issue_permit
from tests.web.conftest import Page
from tests.web.outputs import room
from tests.web.outputs.room import PERMIT, PROJECT, Airlock, output, person

NEWER = "permit-out-2"


def renew(house: Airlock, *people: str) -> None:
    """A permit of the same project that counts at once, and names these people."""
    plain = room._draft(FixedClock(house.held.now()))
    named = [{"id": who, "name": who.title(), "role": "Researcher"} for who in people]
    plain |= {"id": NEWER, "supersedes": PERMIT, "people": named}

    def issued(custody: Any) -> None:
        _, known = find_catalogue(custody, "hospital")
        out = house.home.with_name("newer.jws")
        issue_permit(custody, PermitDraft.read(plain, "The draft"), known, ["permit-signer"], out)

    house.with_custody(issued)
    house.later(seconds=2)
    house.work(2)


def test_the_people_of_the_newer_permit_have_what_left_under_the_older(airlock: Airlock) -> None:
    from commonweal.web.outputs import services
    from commonweal.web.outputs.policies import check_download

    airlock.job()
    row = airlock.released()
    assert (row.living, sorted(row.takers)) == (PERMIT, ["amara", "bethan"])
    renew(airlock, "bethan")
    row = output()
    assert (row.permit, row.living, row.takers) == (PERMIT, NEWER, ["bethan"])
    assert row.is_replaced
    # Who was of the project when it was judged, or is now, judges nothing of it.
    assert sorted(row.members) == ["amara", "bethan"]
    order = services.ask_download(person("bethan"), row)
    airlock.work()
    order.refresh_from_db()
    assert (order.state, bool(order.content)) == ("done", True)
    (event,) = airlock.events("output.downloaded")
    assert (event["permit"], event["named"]) == (NEWER, "bethan")
    with pytest.raises(Refused) as refused:
        check_download(person("amara"), row, airlock.held.now().date())
    assert refused.value.code == "CW-LEAVING-AUTHOR"


def test_what_waits_ends_and_its_author_reads_what_to_do(
    airlock: Airlock, browser_of: Callable[[str], Any]
) -> None:
    airlock.job()
    airlock.checked()
    airlock.submitted()
    for who in ("tara", "umar"):
        airlock.vote(who)
    renew(airlock, "amara", "bethan")
    (moved,) = airlock.events("output.moved")
    assert moved["step"] == "end"
    assert not airlock.events("output.released")
    assert output().state == "expired"
    page = Page(browser_of("amara").get("/outputs/job-1/"))
    assert f"A newer permit, {NEWER}, has replaced" in page.text
    assert "Run your study again" in page.text


def test_nothing_more_is_checked_under_the_older_permit(airlock: Airlock) -> None:
    from commonweal.web.outputs.policies import check_ask
    from commonweal.web.studies.models import Job

    airlock.job()
    renew(airlock, "amara")
    with pytest.raises(Refused) as refused:
        check_ask(person("amara"), Job.objects.get(project=PROJECT), airlock.held.now().date())
    assert refused.value.code == "CW-LEAVING-PERMIT"
    assert "newer permit" in refused.value.sentence
