"""After a no: it is accepted, appealed against, an appeal is taken back, or time runs out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.web.committee.house import VOTERS, House
from tests.web.conftest import Page, new_client


def rejected(house: House) -> Any:
    item = house.closed(dict.fromkeys(VOTERS, "reject"))
    assert house.decide(item).state == "heard"
    return house.fresh(item)


def path(item: Any, page: str = "final") -> str:
    return f"/committee/applications/{item.version.application.reference}/{page}/"


def now(item: Any) -> tuple[str, str]:
    from commonweal.web.committee.services import decision_of

    item.version.application.refresh_from_db()
    row = decision_of(item.version)
    assert row is not None
    return item.version.application.state, row.final_how


def last_event() -> dict[str, Any]:
    from commonweal.foundation.canonical import parse_json
    from commonweal.web.ledgerlink.models import Intent

    found = parse_json(bytes(Intent.objects.order_by("pk").last().body), "It")  # type: ignore
    return dict(found)


def test_a_no_is_accepted(house: House) -> None:
    item = rejected(house)
    assert "You can appeal until" in house.get("amara", path(item)).text
    house.post("amara", path(item), action="accept_decision")
    assert now(item) == ("refused", "accepted")
    said = last_event()
    assert (said["type"], said["how"]) == ("decision.final", "accepted")
    row = item.version.decisions.get()
    public = Page(new_client().get(f"/committee/decisions/{row.reference}/")).text
    assert "This answer has been final" in public
    assert "those who asked accepted it" in public
    assert "can appeal until" not in public
    assert "This answer is final" in Page(new_client().get("/projects/refused/")).text
    house.get("amara", path(item), 403)
    house.get("amara", path(item, "appeal"), 403)


def test_an_appeal_is_taken_back(house: House) -> None:
    item = rejected(house)
    house.post("amara", path(item, "appeal"), grounds="They did not read page 3.")
    assert "Nobody looks at the decision again." in house.get("amara", path(item)).text
    house.post("amara", path(item), action="take_appeal_back")
    assert now(item) == ("refused", "appeal_taken_back")
    from commonweal.web.committee.models import Appeal

    appeal = Appeal.objects.get(application=item.version.application)
    assert appeal.result == "taken_back"
    assert "Asthma" not in house.get("owen", "/committee/appeals/").text
    house.post("owen", f"/committee/appeals/{appeal.pk}/", 200, result="uphold", reasons="Yes.")
    assert now(item)[0] == "refused"


def test_an_appeal_that_is_dismissed_makes_the_no_final(house: House) -> None:
    item = rejected(house)
    house.post("amara", path(item, "appeal"), grounds="They did not read page 3.")
    from commonweal.web.committee.models import Appeal

    appeal = Appeal.objects.get(application=item.version.application)
    house.post("owen", f"/committee/appeals/{appeal.pk}/", result="dismiss", reasons="It was read.")
    assert now(item) == ("refused", "appeal_dismissed")


@pytest.mark.parametrize(("days", "over"), [(0, False), (27, False), (28, False), (29, True)])
def test_the_time_to_appeal_runs_out(house: House, days: int, over: bool) -> None:
    """Twenty-eight days by the rules; the day of publication is day 0."""
    from commonweal.web.committee.appeals import end_appeal_times

    item = rejected(house)
    house.clock.advance(timedelta(days=days))
    assert end_appeal_times() == int(over)
    assert now(item) == (("refused", "time_over") if over else ("rejected", ""))
    assert end_appeal_times() == 0
    if over:
        house.get("amara", path(item, "appeal"), 403)


def test_an_appeal_stops_the_time(house: House) -> None:
    from commonweal.web.committee.appeals import end_appeal_times

    item = rejected(house)
    house.post("amara", path(item, "appeal"), grounds="They did not read page 3.")
    house.clock.advance(timedelta(days=60))
    assert end_appeal_times() == 0
    assert now(item)[0] == "under_appeal"


def test_nobody_else_ends_it_and_not_by_another_step(house: House) -> None:
    item = rejected(house)
    for who, status in (("grace", 404), ("kate", 404), ("edward", 404)):
        house.get(who, path(item), status)
        house.post(who, path(item), status, action="accept_decision")
    house.post("amara", path(item), 200, action="take_appeal_back")
    assert now(item) == ("rejected", "")


def test_only_a_no_can_be_accepted(house: House) -> None:
    item = house.closed()
    house.get("amara", path(item), 403)
    assert house.decide(item).state == "heard"
    house.get("amara", path(item), 403)
