"""The page of the rooms: who sees it, what is old, what failed, what waits, what workers tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Unavailable
from commonweal.sandbox.guards import GUARDS, OPTIONAL, Guard, Report
from commonweal.vault.custody.health import GIB, disk
from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page, new_client
from tests.web.releases.room import Room, today

MAY = {"edward", "farah", "owen", "priya", "rosa"}
ROOM_NAMES = ("signer", "vault", "enclave", "airlock")
Browsers = Callable[[str], Any]


def rows() -> dict[str, Any]:
    from commonweal.web.rooms.models import Room as Row

    return {one.name: one for one in Row.objects.all()}


def report(**missing: str) -> Report:
    """What a probe found; `missing`: what was found wrong with a guard."""
    return Report(tuple(
        Guard(name, name not in missing, name not in OPTIONAL, missing.get(name, ""))
        for name in GUARDS
    ))  # fmt: skip


def told(room_name: str = "enclave", at: datetime | None = None, **missing: str) -> None:
    """A room is alive, and told what its probe found at `at`."""
    from commonweal.web.config import clock
    from commonweal.web.rooms.workers import tell, tell_guards

    tell(room_name, seen_at=clock.now())
    tell_guards(room_name, report(**missing), at or clock.now())


def shown(browsers: Browsers, who: str = "farah") -> Page:
    return Page(browsers(who).get("/rooms/"))


def tags(page: Page) -> list[str]:
    """The colours of all tags on a page."""
    found = [str(one.get("class", "")) for one in page.every("strong")]
    return [one.rpartition("--")[2] for one in found if "nhsuk-tag--" in one]


# --- who --------------------------------------------------------------------------------------


def test_who_sees_the_rooms(db: None, browser_of: Browsers) -> None:
    for one in PEOPLE:
        browser = browser_of(one.id)
        answer = browser.get("/rooms/")
        assert answer.status_code == (200 if one.id in MAY else 404), one.id
        in_menu = 'href="/rooms/"' in browser.get("/about").content.decode()
        assert in_menu is (one.id in MAY), one.id
        assert browser.post("/rooms/").status_code == 405
    answer = new_client().get("/rooms/")
    assert (answer.status_code, "/account/login/" in answer["Location"]) == (302, True)


@pytest.mark.parametrize("who", sorted(MAY))
def test_a_role_for_one_project_elsewhere_or_over_gives_nothing(
    db: None,
    browser_of: Browsers,
    who: str,
) -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.ledgerlink.models import governed_write

    mine, day = Membership.objects.filter(user__public_id=who), today()
    university = Organisation.objects.get(public_id="university")
    browser = browser_of(who)
    for change in ({"project": "project-0"}, {"organisation": university},
                   {"begins": day - timedelta(days=9), "ends": day},
                   {"begins": day + timedelta(days=1)}):  # fmt: skip
        before = mine.values().get()
        with governed_write():
            mine.update(**change)
        assert browser.get("/rooms/").status_code == 404, change
        with governed_write():
            mine.update(**{field: before[field] for field in
                           ("project", "organisation_id", "begins", "ends")})  # fmt: skip
    assert browser.get("/rooms/").status_code == 200


# --- old is not known ---------------------------------------------------------------------------


def test_where_nothing_was_told_nothing_is_green(db: None, browser_of: Browsers) -> None:
    page = shown(browser_of)
    assert "green" not in tags(page)
    assert page.text.count("Not known") == 7, "four rooms, and three that are examined"
    assert page.text.count("Nobody knows whether this room works.") == 4


@pytest.mark.parametrize(
    ("seconds", "green"),
    [(0, True), (119, True), (121, False), (86_400, False), (-30, True), (-61, False),
     (-86_400, False)],
)  # fmt: skip
def test_a_room_that_is_silent_is_not_green(
    db: None,
    browser_of: Browsers,
    seconds: int,
    green: bool,
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.rooms.workers import tell

    for name in ROOM_NAMES:
        tell(name, seen_at=clock.now() - timedelta(seconds=seconds - 0.5))
    page = shown(browser_of)
    assert tags(page).count("green") == (4 if green else 0)
    assert ("Nobody knows" in page.text) is not green


@pytest.mark.parametrize(("minutes", "known"), [(0, True), (14, True), (16, False), (-2, False)])
def test_guards_that_were_tried_long_ago_are_not_green(
    db: None,
    browser_of: Browsers,
    minutes: int,
    known: bool,
) -> None:
    from commonweal.web.config import clock

    told(at=clock.now() - timedelta(minutes=minutes))
    page = shown(browser_of)
    assert tags(page).count("green") == (15 if known else 1), "the room, and each guard"
    assert ("all 14 are good" in page.text) is known


def test_an_old_reason_is_not_shown_as_if_it_were_now(
    db: None,
    browser_of: Browsers,
) -> None:
    from commonweal.web.config import clock

    told(at=clock.now() - timedelta(hours=3), network="a socket was possible")
    page = shown(browser_of)
    assert "Studies are not run" not in page.text
    assert "The last time was 3 hours ago" in page.text


# --- a guard that fails -------------------------------------------------------------------------


@pytest.mark.parametrize("name", [one for one in GUARDS if one not in OPTIONAL])
@pytest.mark.parametrize("room_name", ["enclave"])
def test_a_guard_that_is_needed_and_fails_shows_its_reason(
    db: None,
    browser_of: Browsers,
    name: str,
    room_name: str,
) -> None:
    told(room_name, **{name: "it was seen to fail"})
    page = shown(browser_of)
    with pytest.raises(Unavailable) as refused:
        report(**{name: "it was seen to fail"}).check()
    assert "Studies are not run" in page.text
    for words in (refused.value.sentence, f"({refused.value.code})", refused.value.remedy,
                  "1 of 14 to look at"):  # fmt: skip
        assert str(words) in page.text, words


def test_the_words_are_the_doctors(db: None, browser_of: Browsers) -> None:
    missing = {"network": "a socket was possible", "project_users": "one user", "cgroup": "none"}
    told(**missing)
    lines = {one["name"]: one for one in rows()["enclave"].findings}
    for guard in report(**missing).guards:
        assert lines[f"Sandbox, {guard.name}"] == guard.finding.as_dict()
    page = shown(browser_of)
    assert tags(page).count("yellow") == 1, "one is not needed"
    told("airlock", **missing)
    assert "Results are not checked" in shown(browser_of).text


def test_a_guard_that_is_not_needed_stops_nothing(db: None, browser_of: Browsers) -> None:
    told(project_users="every run has one user")
    page = shown(browser_of)
    assert "Studies are not run" not in page.text
    assert "1 of 14 to look at" in page.text


def test_what_was_found_is_text_and_never_markup(db: None, browser_of: Browsers) -> None:
    told(network="<script>alert(1)</script>")
    assert "<script>alert" not in shown(browser_of).html


def test_every_guard_has_plain_words_and_every_room_one_list() -> None:
    from commonweal.web.config.workers import ROOMS
    from commonweal.web.rooms import models, presenters

    assert presenters.GUARD_WORDS.keys() == GUARDS.keys()
    assert set(presenters.ROOM_WORDS) == set(models.ROOMS) == set(ROOMS)


# --- what waits -----------------------------------------------------------------------------------


def ordered(kind: str, state: str, minutes: int, lease: int | None = None) -> None:
    from commonweal.web.config import clock
    from commonweal.web.releases.models import Order
    from tests.web.releases.room import person

    now = clock.now()
    Order.objects.create(
        kind=kind, permit=f"permit-{Order.objects.count()}", permit_hash="sha256:" + "0" * 64,
        asked_by=person("farah"), asked_at=now - timedelta(minutes=minutes), state=state,
        lease_until=None if lease is None else now + timedelta(seconds=lease),
    )  # fmt: skip


def test_what_waits_and_for_how_long(db: None, browser_of: Browsers) -> None:
    from commonweal.web.config import clock
    from commonweal.web.rooms.queues import every_queue

    ordered("plan", "queued", 200)
    ordered("plan", "queued", 3)
    ordered("plan", "running", 500, lease=60)
    ordered("plan", "running", 90, lease=-1)
    queue = every_queue(clock.now()).of("vault")
    assert (queue.waits, queue.busy, queue.left) == (3, 1, 1)
    page = shown(browser_of)
    assert "3, the longest for 3 hours. That is long" in page.text
    assert "1 of them was begun by a worker that fell silent" in page.text
    assert "permit-0" not in page.text, "numbers, and never of what"


def test_a_room_at_long_work_is_busy_and_not_silent(db: None, browser_of: Browsers) -> None:
    ordered("plan", "running", 90, lease=60)
    page = shown(browser_of)
    assert tags(page).count("blue") == 1
    assert page.text.count("Nobody knows") == 3
    assert "green" not in tags(page)


def test_orders_that_nobody_knows_a_room_for_are_seen(
    db: None,
    browser_of: Browsers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from commonweal.web.releases.models import Order

    ordered("plan", "queued", 1)
    monkeypatch.setattr(Order, "ROOMS", {})
    assert "Other work" in shown(browser_of).text


def test_every_kind_of_order_has_a_room() -> None:
    from commonweal.web.rooms.queues import order_models

    for model in order_models():
        kinds = {""}
        if "kind" in {one.name for one in model._meta.fields}:
            kinds = {value for value, _ in model._meta.get_field("kind").choices or ()}
        assert kinds == model.ROOMS.keys(), f"say with ROOMS on {model.__name__} who takes them"
        assert set(model.ROOMS.values()) <= set(ROOM_NAMES)


def test_questions_do_not_grow_with_what_waits(
    db: None,
    browser_of: Browsers,
    django_queries: Any,
) -> None:
    browser = browser_of("farah")
    browser.get("/rooms/")
    few = django_queries(lambda: browser.get("/rooms/"))
    for _ in range(30):
        ordered("plan", "queued", 5)
    assert django_queries(lambda: browser.get("/rooms/")) == few


@pytest.fixture
def django_queries() -> Callable[[Callable[[], Any]], int]:
    """How many questions the database is asked."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def counted(act: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as seen:
            act()
        return len(seen)

    return counted


# --- the workers ----------------------------------------------------------------------------------


def take(room_: Room, name: str) -> None:
    from commonweal.web.rooms.workers import steps

    room_.with_custody(lambda custody: [step(custody) for step in steps(name)])


def test_each_room_tells_with_the_real_sandbox(room: Room, browser_of: Browsers) -> None:
    for name in ROOM_NAMES:
        take(room, name)
    found = rows()
    assert set(found) == set(ROOM_NAMES)
    enclave = [one["name"] for one in found["enclave"].findings]
    guards = [f"Sandbox, {name}" for name in GUARDS]
    assert enclave == [*guards, "What studies write", "Devices for studies"]
    assert {one["state"] for one in found["enclave"].findings} <= {"ok", "warning"}
    assert (found["enclave"].code, found["airlock"].code) == ("", "")
    names = [one["name"] for one in found["vault"].findings]
    assert names[0] == "Separation"
    assert {"Disk space", "Clock", "Keys", "People's choices, hospital"} <= set(names)
    page = shown(browser_of)
    assert "Nobody knows" not in page.text
    assert "The national list is 0 days old; the limit is" in page.text
    assert "none: every room runs as one user" in page.text


def test_a_row_is_not_written_in_every_round(room: Room) -> None:
    from commonweal.foundation.clock import FixedClock
    from commonweal.vault.custody import open_custody
    from commonweal.web.config import clock
    from commonweal.web.rooms.workers import Beat, HomeLook

    held = FixedClock(clock.now())
    beat, home = Beat("vault"), HomeLook()
    seen: list[Any] = []
    with open_custody(room.home, held, root_store=room.home.with_name("stores")) as custody:
        for _ in range(9):
            assert beat(custody) == home(custody) == 0
            seen.append((rows()["vault"].seen_at, rows()["vault"].checked_at))
            held.advance(timedelta(seconds=10))
    assert len({at for at, _ in seen}) == 5
    assert len({at for _, at in seen}) == 2


def test_two_workers_try_the_guards_once(db: None) -> None:
    from commonweal.web.config import clock
    from commonweal.web.rooms.workers import EXAMINE, is_due

    now = clock.now()
    assert is_due("enclave", now)
    told(at=now)
    assert not is_due("enclave", now + EXAMINE - timedelta(seconds=1))
    assert is_due("enclave", now + EXAMINE)
    assert is_due("enclave", now - timedelta(seconds=1)), "a clock that was set back stops nothing"


def test_old_choices_are_a_fault_of_the_home(room: Room, browser_of: Browsers) -> None:
    from commonweal.web.config import clock

    room.choose(checked_at=clock.now() - timedelta(days=40))
    take(room, "vault")
    (line,) = [one for one in rows()["vault"].findings if one["name"].startswith("People's")]
    assert line["state"] == "fault"
    assert "CW-CHOICES-LIST-STALE" in line["sentence"]
    assert "The national list is 40 days old" in shown(browser_of).text


@pytest.mark.parametrize(
    ("free", "state"),
    [(0, "fault"), (GIB - 1, "fault"), (GIB, "warning"), (10 * GIB - 1, "warning"),
     (10 * GIB, "ok")],
)  # fmt: skip
def test_disk_space(free: int, state: str) -> None:
    assert disk(free, 100 * GIB).state == state


def test_health_says_what_it_said(nothing_waits: None, client: Any) -> None:
    told(network="down")
    assert client.get("/health").json() == {"status": "ok"}
