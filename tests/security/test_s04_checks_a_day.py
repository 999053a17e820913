"""Attack: ask for checks without an end, each of which says a little of the data (S4).

A check that ends in another way than it would (it breaks, it never ends) is a bit that its author
reads. Without a quota a program asks all day; and a quota that is counted in the service's own
database is none for whoever owns that: they delete the rows. The ledger counts, by page, API and
command as one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from commonweal.wiring.checks import Check, begin_check, check_id
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.room import PERMIT, PROJECT, Airlock, asked, person

MOST = 2


@pytest.fixture(name="strict")
def few_checks(airlock: Airlock) -> Airlock:  # noqa: F811
    """A home in which a project may ask for two checks a day, which the room has told."""
    from commonweal.web.studies.telling import room_is

    (airlock.home / "enclave").mkdir(exist_ok=True)
    (airlock.home / "enclave" / "settings.yaml").write_text(f"enclave: 1\nchecks_a_day: {MOST}\n")
    room_is(runs=True, code="", jobs_a_day=20, checks_a_day=MOST)
    return airlock


def test_a_third_check_is_refused_by_page(strict: Airlock) -> None:
    for number in range(1, 4):
        strict.job(f"job-{number}")
    asked("job-1")
    asked("job-2")
    with pytest.raises(Refused) as caught:
        asked("job-3")
    assert caught.value.code == "CW-LEAVING-QUOTA"
    strict.work(2)  # what still waits at midnight is begun, and counts, on the next day
    strict.later(days=1)
    asked("job-3")


def test_who_deletes_the_service_s_rows_gets_no_more(strict: Airlock) -> None:
    """The naive twin counts orders only, and takes the third; the ledger does not."""
    from commonweal.web.outputs.models import Output, OutputOrder
    from commonweal.web.outputs.quota import quota_of

    for number in range(1, 4):
        strict.job(f"job-{number}")
        order = strict.checked(f"job-{number}") if number < 3 else None
        OutputOrder.objects.all().delete()
        assert order is None or order.state == "done"
    assert quota_of(PROJECT, strict.held.now().date()).asked == 0, "the naive count"
    order = strict.checked("job-3")
    assert (order.state, order.code) == ("refused", "CW-LEAVING-QUOTA")
    assert [one["job"] for one in strict.events("outputs.check_begun")] == ["job-1", "job-2"]
    assert not Output.objects.filter(reference="job-3").exists()


def test_what_became_of_a_check_does_not_show_in_what_is_left(
    strict: Airlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that breaks counts like one that freezes: else what is left would tell them apart."""
    from commonweal.web.outputs.quota import quota_of
    from commonweal.web.outputs.workers import checking

    strict.job("job-1")
    strict.job("job-2")
    strict.checked("job-1")
    left = quota_of(PROJECT, strict.held.now().date()).sentence
    assert left == "The project may ask for 1 more check today, of 2 a day."
    honest = checking.check_and_freeze

    def broken(opened: Any, wanted: Any) -> Any:
        honest(opened, wanted)
        raise ZeroDivisionError

    monkeypatch.setattr(checking, "check_and_freeze", broken)
    assert strict.checked("job-2").code == "CW-LEAVING-CHECKS"
    assert quota_of(PROJECT, strict.held.now().date()).left == 0
    assert len(strict.events("outputs.check_begun")) == 2


def test_a_check_counts_on_the_day_on_which_it_begins_by_page_and_ledger(strict: Airlock) -> None:
    """Asked at one minute to midnight of a summer night in London, begun two minutes later.

    The naive pages count when it was asked for, and the naive ledger days of UTC: then the page
    says that two checks are left where the airlock takes one.
    """
    from commonweal.foundation.london import day_bounds, london_day
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import OutputOrder
    from commonweal.web.outputs.quota import quota_of

    asked_at = datetime(2027, 6, 14, 22, 59, tzinfo=UTC)
    began = asked_at + timedelta(minutes=2)
    strict.job("job-1")
    strict.later(seconds=(asked_at - strict.held.now()).total_seconds())
    waiting = OutputOrder.objects.create(
        kind="check", output="job-1", permit=PERMIT, job="job-1", asked_by=person("amara"),
        asked_at=asked_at,
    )  # fmt: skip
    monday, tuesday = date(2027, 6, 14), date(2027, 6, 15)
    assert (quota_of(PROJECT, monday).asked, quota_of(PROJECT, tuesday).asked) == (1, 1)
    strict.later(minutes=2)
    order = services.take(("check",))
    assert order is not None
    services.begun(order)
    naive = OutputOrder.objects.filter(asked_at__gte=day_bounds(tuesday)[0]).count()
    assert (naive, london_day(began), began.date()) == (0, tuesday, monday)
    assert (quota_of(PROJECT, monday).asked, quota_of(PROJECT, tuesday).asked) == (0, 1)
    # What ended before midnight is yesterday's, and so is what was refused before it began.
    OutputOrder.objects.update(begun_at=asked_at)
    assert (quota_of(PROJECT, monday).asked, quota_of(PROJECT, tuesday).asked) == (1, 0)
    services.refuse(order, "CW-LEAVING-JOB", "No.")
    OutputOrder.objects.update(begun_at=None)
    assert (quota_of(PROJECT, monday).asked, quota_of(PROJECT, tuesday).asked) == (1, 0)
    assert OutputOrder.objects.get(pk=waiting.pk).state == "refused"


def test_the_worker_notes_when_a_check_begins(strict: Airlock) -> None:
    strict.job("job-1")
    order = asked("job-1")
    strict.later(minutes=3)
    began = strict.held.now()
    strict.work()
    order.refresh_from_db()
    assert order.begun_at == began
    assert quota_of_today(strict) == len(strict.events("outputs.check_begun")) == 1


def quota_of_today(strict: Airlock) -> int:
    from commonweal.foundation.london import london_day
    from commonweal.web.outputs.quota import quota_of

    return quota_of(PROJECT, london_day(strict.held.now())).asked


def test_one_check_counts_once_however_often_it_is_taken_up(strict: Airlock) -> None:
    def twice(custody: Any) -> None:
        from commonweal.vault.custody import find_permit, load_permit

        permit = load_permit(custody, find_permit(custody, PERMIT))
        for _ in range(3):
            begin_check(custody, permit, Check(check_id("order-1"), "job-1", "job-1", "amara"))
        begin_check(custody, permit, Check(check_id(), "job-1", "job-1", "amara"))
        with pytest.raises(Refused) as caught:
            begin_check(custody, permit, Check(check_id(), "job-1", "job-1", "amara"))
        assert caught.value.code == "CW-LEAVING-QUOTA"
        begin_check(custody, permit, Check(check_id("order-1"), "job-1", "job-1", "amara"))

    strict.with_custody(twice)
    assert len(strict.events("outputs.check_begun")) == MOST


def test_an_id_of_a_check_never_looks_like_a_person_s_number() -> None:
    assert check_id("a") == check_id("a") != check_id("b")
    assert all(not any(sign.isdigit() for sign in check_id(str(n))) for n in range(50))
    assert len({check_id() for _ in range(20)}) == 20
