"""Who sees and does what: every address as every person; and what a role does not reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page
from tests.web.studies.room import LIVE, PAUSED, Room, person

NAMED = {"amara", "bethan"}
STAFF = {"farah", "edward", "rosa"}
JOB = "job-aaaabbbbccccdddd"


@pytest.fixture
def told(bare_room: Room) -> Room:
    """A home whose worker told whom permits name, and a job."""
    bare_room.work("TellNames")
    made_job()
    return bare_room


def made_job(**changes: Any) -> Any:
    from commonweal.web.config import clock
    from commonweal.web.studies.models import Job

    values = {
        "reference": JOB, "permit": LIVE, "project": "project-0", "study": "sha256:" + "1" * 64,
        "title": "Costs of care",
        "declared": [{"file": "a.json", "kind": "request", "about": "Table 2"}],
        "submitted_by": "amara", "submitted_at": clock.now(),
    } | changes  # fmt: skip
    return Job.objects.create(**values)


READ = {
    "": NAMED | STAFF,
    "send": NAMED,
    f"jobs/{JOB}/": NAMED | STAFF,
    f"jobs/{JOB}/take-back": NAMED,
}
"""Address below a permit's: who may open it. Everybody else is told that there is no such page."""


def test_every_address_as_every_person(told: Room, browser_of: Callable[[str], Any]) -> None:
    for one in PEOPLE:
        client = browser_of(one.id)
        for path, may in READ.items():
            found = client.get(f"/studies/{LIVE}/{path}").status_code
            assert found == (200 if one.id in may else 404), (one.id, path)
        # A permit that does not name them; staff see all projects.
        found = client.get(f"/studies/{PAUSED}/").status_code
        assert found == (200 if one.id in STAFF else 404), one.id
        assert client.get("/studies/permit-none/").status_code == 404
        for path in ("send", f"jobs/{JOB}/take-back"):
            if one.id not in NAMED:
                answer = client.post(f"/studies/{LIVE}/{path}", {"order": "0" * 32})
                assert answer.status_code == 404, (one.id, path)
        listed = Page(client.get("/studies/")).text
        assert ("Asthma in winter" in listed) == (one.id in NAMED | STAFF), one.id
        assert ("Hearts" in listed) == (one.id in STAFF), one.id
        menu = [link["href"] for link in Page(client.get("/about")).every("a")]
        assert ("/studies/" in menu) == (one.id in NAMED | STAFF), one.id


def test_nobody_who_is_not_signed_in_sees_anything(told: Room, client: Any) -> None:
    for path in READ:
        assert client.get(f"/studies/{LIVE}/{path}").status_code == 302
    assert client.get("/studies/").status_code == 302


def test_a_job_of_another_permit_is_not_at_this_address(
    told: Room, browser_of: Callable[[str], Any]
) -> None:
    made_job(reference="job-other", permit=PAUSED, project="project-1", submitted_by="amira")
    amara = browser_of("amara")
    for path in ("jobs/job-other/", "jobs/job-other/take-back", "jobs/job-none/"):
        assert amara.get(f"/studies/{LIVE}/{path}").status_code == 404
        assert amara.get(f"/studies/{PAUSED}/{path}").status_code == 404
    assert amara.post(f"/studies/{LIVE}/jobs/job-other/take-back").status_code == 404
    assert browser_of("farah").get(f"/studies/{PAUSED}/jobs/job-other/").status_code == 200


def test_staff_see_states_and_nothing_that_is_the_authors(
    told: Room, browser_of: Callable[[str], Any]
) -> None:
    for who in sorted(STAFF):
        client = browser_of(who)
        for path in ("", f"jobs/{JOB}/"):
            page = Page(client.get(f"/studies/{LIVE}/{path}"))
            assert "Costs of care" in page.text
            assert "Waiting" in page.text
            for hidden in ("Amara", "Send a study", "Take it back", "more studies today"):
                assert hidden not in page.text, (who, path)


def test_a_role_for_another_project_or_elsewhere_or_over_gives_nothing(
    told: Room, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    mine = Membership.objects.filter(user__public_id="farah")
    today = clock.today()
    before = mine.values().get()
    for change in (
        {"project": "project-9"},
        {"organisation": Organisation.objects.get(public_id="university")},
        {"begins": today - timedelta(days=9), "ends": today},
        {"begins": today + timedelta(days=1)},
    ):
        with governed_write():
            mine.update(**change)
        assert browser_of("farah").get(f"/studies/{LIVE}/").status_code == 404, change
        with governed_write():
            mine.update(**before)
    with governed_write():
        mine.update(project="project-0")
    farah = browser_of("farah")
    assert farah.get(f"/studies/{LIVE}/").status_code == 200
    assert farah.get(f"/studies/{PAUSED}/").status_code == 404
    assert "Hearts" not in Page(farah.get("/studies/")).text


def test_whom_the_permit_names_is_what_the_homes_own_copy_says(told: Room) -> None:
    from commonweal.web.studies.models import Named
    from commonweal.web.studies.policies import own_permits
    from commonweal.web.studies.telling import names_are

    assert own_permits(person("amara"), today()) == {LIVE}
    assert set(Named.objects.filter(permit=LIVE).values_list("person", flat=True)) == {
        "amira", *NAMED
    }  # fmt: skip
    names_are(LIVE, "project-0", {"bethan"})
    assert own_permits(person("amara"), today()) == frozenset()
    assert told.work("TellNames") == 0  # the ledger has not grown
    told.steps = []  # a worker that begins
    told.work("TellNames")
    assert own_permits(person("amara"), today()) == {LIVE}


def test_a_permit_that_could_not_be_read_for_a_moment_names_its_people_later(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Unavailable
    from commonweal.web.studies import workers
    from commonweal.web.studies.policies import own_permits
    from commonweal.web.studies.telling import names_are
    from tests.web.releases.room import Room as Releases

    names_are(LIVE, "project-0", {"bethan"})
    with monkeypatch.context() as patched:

        def busy(*_: Any) -> Any:
            raise Unavailable("CW-BUSY", "The home is busy.")

        patched.setattr(workers, "load_permit", busy)
        told.steps = []
        told.work("TellNames")
    assert own_permits(person("amara"), today()) == frozenset()
    Releases(told.home).stop("suspend", LIVE)  # the ledger grows
    told.work("TellNames")
    assert own_permits(person("amara"), today()) == {LIVE}


def today() -> Any:
    from commonweal.web.config import clock

    return clock.today()


def naive_may(who: str) -> bool:
    """The twin: whom a permit names may."""
    from commonweal.web.studies.models import Named

    return Named.objects.filter(permit=LIVE, person=who).exists()


@pytest.mark.parametrize("change", [
    {"project": "project-9"}, {"role": "panel_member"}, {"ended": True}, {"begins": 1},
])  # fmt: skip
def test_who_has_left_the_project_sees_and_does_nothing_whomever_the_permit_names(
    told: Room, browser_of: Callable[[str], Any], change: dict[str, Any]
) -> None:
    """A permit keeps the names of people who have moved on; what counts besides is their role in
    the project today: to send, to take back, to look, by page and by API."""
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.studies.models import Job
    from commonweal.web.studies.policies import check_take_back, own_permits, sees_studies
    from commonweal.web.studies.turns import waiting

    mine = Membership.objects.filter(user__public_id="amara")
    day = today()
    if change.get("ended"):
        change = {"begins": day - timedelta(days=9), "ends": day}
    elif "begins" in change:
        change = {"begins": day + timedelta(days=1)}
    with governed_write():
        mine.update(**change)
    assert naive_may("amara"), "the attack works on the twin"
    assert own_permits(person("amara"), day) == frozenset()
    assert not sees_studies(person("amara"), day)
    assert waiting(person("amara"), day) == []
    client = browser_of("amara")
    for path in READ:
        assert client.get(f"/studies/{LIVE}/{path}").status_code == 404, path
    for path in ("send", f"jobs/{JOB}/take-back"):
        answer = client.post(f"/studies/{LIVE}/{path}", {"order": "0" * 32})
        assert answer.status_code == 404, path
    job = Job.objects.get(reference=JOB)
    assert refused(check_take_back, person("amara"), job, day) == "CW-WEB-DENIED"
    assert browser_of("bethan").get(f"/studies/{LIVE}/send").status_code == 200


def refused(check: Callable[..., Any], *asked: Any) -> str:
    with pytest.raises(CommonwealError) as error:
        check(*asked)
    return error.value.code


def test_sending_needs_a_project_that_may_use_data_now(told: Room) -> None:
    from commonweal.web.config import clock
    from commonweal.web.studies.models import Named
    from commonweal.web.studies.policies import check_send
    from commonweal.web.studies.services import entry_of

    now, amara = clock.now(), person("amara")
    check_send(amara, entry_of(LIVE), now)
    assert refused(check_send, person("farah"), entry_of(LIVE), now) == "CW-WEB-DENIED"
    for number in (1, 2, 3):  # paused, revoked, announced
        Named.objects.create(permit=f"permit-{number}", project=f"project-{number}", person="amara")
        assert refused(check_send, amara, entry_of(f"permit-{number}"), now) == "CW-STUDY-CLOSED"
    entry = entry_of(LIVE)
    table = entry.model_copy(update={"permit": {**entry.permit, "processing": ["table"]}})
    assert refused(check_send, amara, table, now) == "CW-STUDY-CLOSED"


@pytest.mark.parametrize("shown", ["waiting", "at_work", "ended", "cancelled"])
def test_taking_back_by_what_is_shown(told: Room, shown: str) -> None:
    from commonweal.web.studies.policies import can, check_take_back

    row = made_job(reference="job-b", shown=shown)
    for one in PEOPLE:
        may = one.id in NAMED and shown in ("waiting", "at_work")
        assert can(check_take_back, person(one.id), row, today()) == may, one.id


def test_lists_ask_the_database_as_often_however_long_they_are(
    told: Room, browser_of: Callable[[str], Any]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.web.studies.test_sending import bare_order

    amara = browser_of("amara")
    found = []
    for number in range(2):
        for path in ("/studies/", f"/studies/{LIVE}/", "/account/"):
            amara.get(path)
            with CaptureQueriesContext(connection) as asked:
                page = Page(amara.get(path))
            found.append(len(asked))
        if number == 0:
            for one in range(60):
                made_job(reference=f"job-{one}", submitted_by=("amara", "bethan")[one % 2])
            for _ in range(8):
                bare_order(state="refused", code="CW-STUDY-FILES", sentence="A link.")
    assert found[:3] == found[3:]
    assert "61" not in page.text
    listed = Page(amara.get(f"/studies/{LIVE}/"))
    assert listed.text.count("Costs of care") == 25
    assert "page=3" in listed.html
