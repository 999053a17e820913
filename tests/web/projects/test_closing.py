"""The end of a project: destruction is owed, certified, and accepted by somebody else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from tests.web.conftest import Page
from tests.web.projects.room import Road, code, user

FROM = "permitted"
PLACE = "Wharfedale secure place"


@pytest.fixture
def ended(road: Road) -> Road:
    with road.custody() as custody:
        from commonweal.vault.custody import change_state, find_permit

        change_state(custody, find_permit(custody, road.permit.reference), "close")
    road.work()
    return road


def closing(road: Road) -> Any:
    from commonweal.web.projects.models import Closing

    return Closing.objects.filter(permit=road.permit).first()


def today() -> Any:
    from commonweal.web.config import clock

    return clock.today()


def certify(road: Road, who: str = "amara", **changes: Any) -> str:
    from commonweal.web.projects import closing as services

    one = {"place": PLACE, "how": "The key was destroyed.", "day": today()} | changes
    copies = [(one["place"], one["how"], one["day"])]
    return code(lambda: services.send(user(who), closing(road), copies))


def test_nothing_is_owed_while_the_permit_lives(road: Road) -> None:
    road.work()
    assert closing(road) is None


def test_destruction_is_certified_and_accepted_by_somebody_else(ended: Road) -> None:
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.projects import closing as services

    row = closing(ended)
    assert (row.state, row.due_on) == ("owed", ended.paper.content.retention.destroyed_by)
    assert certify(ended, "farah") == ""
    assert code(lambda: services.accept(user("farah"), row)) == "CW-STATE-ROLE"
    assert code(lambda: services.send_back(user("edward"), row)) == ""
    assert certify(ended) == ""
    assert code(lambda: services.accept(user("edward"), row)) == ""
    assert closing(ended).state == "certified"
    assert certify(ended) == "CW-STATE-STEP"
    told = Intent.objects.filter(type__startswith="closing.").order_by("pk")
    assert list(told.values_list("type", flat=True)) == [
        "closing.owed", "closing.certificate_sent", "closing.moved", "closing.certificate_sent",
        "closing.certified",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [{"place": "Somewhere else"}, {"how": "  "}, {"day": None}, {"how": "\u202eabc"}],
)
def test_a_certificate_that_is_not_whole_is_refused(ended: Road, wrong: dict[str, Any]) -> None:
    assert certify(ended, **wrong) == "CW-CLOSING-CERTIFICATE"
    assert (closing(ended).state, closing(ended).certificate) == ("owed", None)


def test_nothing_is_destroyed_on_a_day_to_come(ended: Road) -> None:
    assert certify(ended, day=today() + timedelta(days=1)) == "CW-CLOSING-CERTIFICATE"


def test_who_sent_it_does_not_accept_it(ended: Road) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.projects import closing as services

    hospital = Organisation.objects.get(kind="custodian")
    give_role(user("edward"), hospital, "data_manager", Actor("system", "tests"))
    assert certify(ended, "edward") == ""
    assert code(lambda: services.accept(user("edward"), closing(ended))) == "CW-STATE-GUARD"


def test_what_does_not_come_is_overdue_and_goes_to_the_officers(
    ended: Road, at: Callable[[Any], None]
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.projects import closing as services

    row = closing(ended)
    now = clock.now().replace(hour=12)  # a day in London is another near midnight in summer
    days = (row.due_on - now.date()).days
    for later, state in ((days, "owed"), (days + 1, "overdue"), (days + 30, "with_officers")):
        at(FixedClock(now + timedelta(days=later)))
        services.run_over()
        assert closing(ended).state == state
    assert code(lambda: services.end_without(user("priya"), row, " ")) == "CW-STATE-GUARD"
    assert code(lambda: services.end_without(user("priya"), row, "They are gone.")) == ""
    assert (closing(ended).state, closing(ended).reasons) == (
        "without_certificate", "They are gone.",
    )  # fmt: skip


MAY = {
    "send": {state: {"amara", "colin", "farah"} for state in ("owed", "overdue", "with_officers")},
    "return": {"sent": {"edward"}},
    "accept": {"sent": {"edward", "rosa"}},
    "tell": {"overdue": {"edward"}},
    "without": {"with_officers": {"priya"}},
}


@pytest.mark.slow
def test_who_may_do_what_on_the_page(ended: Road, browser_of: Callable[[str], Any]) -> None:
    from django.db import transaction

    from commonweal.governance.states.closing import CLOSING
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects.models import Closing

    path = f"/permits/{ended.permit.reference}/closing/"
    day = today()
    assert certify(ended) == ""
    form = {"how-1": "The key was destroyed.", "day-1.day": day.day, "day-1.month": day.month,
            "day-1.year": day.year, "words": "They are gone."}  # fmt: skip
    assert {state for states in MAY.values() for state in states} | CLOSING.final == set(
        CLOSING.states
    )
    for who in ("amara", "edward", "priya", "rosa"):
        client = browser_of(who)
        for state, action in itertools.product(CLOSING.states[:5], MAY):
            with transaction.atomic():
                with governed_write():
                    Closing.objects.update(state=state)
                answer = client.post(path, {"do": action, **form})
                transaction.set_rollback(True)
            allowed = who in MAY[action].get(state, set())
            assert (answer.status_code == 302) is allowed, (who, state, action)


def test_the_page_keeps_what_was_typed(ended: Road, browser_of: Callable[[str], Any]) -> None:
    path = f"/permits/{ended.permit.reference}/closing/"
    amara = browser_of("amara")
    assert "The data must be destroyed" in Page(amara.get(path)).text
    answer = amara.post(path, {"do": "send", "how-1": "Wiped <i>twice</i>.", "day-1.day": "31",
                               "day-1.month": "2", "day-1.year": "2026"})  # fmt: skip
    assert answer.status_code == 400
    assert "Wiped &lt;i&gt;twice" in answer.content.decode()
    assert "Write each day as day, month and year." in Page(answer).text
    assert browser_of("divya").get(path).status_code == 404
