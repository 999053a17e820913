"""Pages and API tell the same people the same about a permit: who sees it, its file, its state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from tests.web.conftest import Page, new_client
from tests.web.projects.room import Road, user

FROM = "permitted"

WHO = ("amara", "bethan", "colin", "divya", "edward", "farah", "grace", "irene", "owen", "priya",
       "quentin", "rosa", "tara", "vera")  # fmt: skip
"""One of each kind: writers, signatories, staff that deals with permits, and all others."""


def api(who: str, path: str) -> Any:
    from commonweal.web.accounts.services import make_token

    secret = make_token(user(who), "test", ("permits:read",))[1]
    return new_client().get(f"/api/v1/permits{path}", headers={"Authorization": f"Bearer {secret}"})


def test_the_same_people_see_the_same(road: Road, browser_of: Callable[[str], Any]) -> None:
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    permit, seen, files = road.permit, set(), set()
    content = bytes(permit.content).decode()
    # A co-author whom the permit does not name: she reads it, and has no file.
    row = road.application
    with governed_write():
        row.coauthors.create(
            person=user("bethan"), organisation=row.organisation, added_at=clock.now()
        )
    for who in WHO:
        client = browser_of(who)
        page = client.get(f"/permits/{permit.reference}/").status_code == 200
        file = client.get(f"/permits/{permit.reference}/signed").status_code == 200
        told = api(who, f"/{permit.reference}")
        own = told.status_code == 200 and told.json()["own"]
        listed = [one["id"] for one in api(who, "").json()["permits"]]
        assert own is page, who
        assert (permit.reference in listed) is page, who
        assert (own and told.json()["paper"] == content) is file, who
        assert file or content not in told.content.decode(), who
        seen |= {who} if page else set()
        files |= {who} if file else set()
    assert seen == {"amara", "bethan", "colin", "edward", "farah", "owen", "priya", "quentin",
                    "rosa", "vera"}  # fmt: skip
    assert "bethan" not in files
    assert "colin" not in files


@pytest.mark.parametrize("state", ["announced", "expired"])
def test_the_state_is_that_of_the_moment(
    road: Road, browser_of: Callable[[str], Any], at: Callable[[Any], None], state: str
) -> None:
    """What lies in the row is what the ledger last said; time goes on beside it."""
    from commonweal.governance.states.permit import PERMIT
    from commonweal.web.config import clock
    from commonweal.web.projects.models import Permit

    if state == "expired":
        over = road.permit.until - clock.today() + timedelta(days=2)
        at(FixedClock(clock.now() + over))
    else:
        begins = clock.now() + timedelta(days=3)
        Permit.objects.update(begins_at=begins, reference="p-unregistered")
    reference = Permit.objects.get().reference
    told = api("edward", f"/{reference}").json()
    page = Page(browser_of("edward").get(f"/permits/{reference}/"))
    assert told["state"] == state
    assert PERMIT.sentences[state] in page.text
