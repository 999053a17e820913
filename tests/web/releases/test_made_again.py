"""A release that a job needs again: why it waits, who reads that, and sending it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from commonweal.vault.release import refreshing
from commonweal.vault.release.refresh_requests import ask_refresh
from tests.web.conftest import Page
from tests.web.releases.room import LIVE, PROJECT, Room, person, release, today
from tests.web.signing_room import sign_now

R1, R2 = f"{LIVE}.r1", f"{LIVE}.r2"
JOB = "job-aaaabbbbccccdddd"
Browsers = Callable[[str], Any]


def wait_for_people(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job asked, and the vault could not make it: nobody signed the first release off."""
    from commonweal.web.releases import workers

    monkeypatch.setattr(refreshing, "_is_fresh", lambda *_: False)

    def overdue(*_: Any) -> None:
        raise Refused("CW-RELEASE-ASSESSMENT", "It is overdue.")

    monkeypatch.setattr(workers, "check_assessment", overdue)
    room.with_custody(lambda custody: ask_refresh(custody, LIVE, R1, JOB))
    room.work()
    room.work()


def waiting_job() -> Any:
    from commonweal.web.config import clock
    from commonweal.web.studies.models import Job, Named

    for who in ("amara", "bethan"):
        Named.objects.get_or_create(permit=LIVE, project=PROJECT, person=who)
    return Job.objects.create(
        reference=JOB, permit=LIVE, project=PROJECT, study=f"sha256:{'1' * 64}", title="Costs",
        submitted_by="amara", submitted_at=clock.now(),
    )  # fmt: skip


def held() -> list[tuple[str, str]]:
    from commonweal.web.releases.models import Held

    return list(Held.objects.values_list("permit", "code"))


def test_why_studies_wait_is_told_to_staff_and_to_the_author_that_they_do(
    measured: Room, browser_of: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_people(measured, monkeypatch)
    waiting_job()
    assert held() == [(LIVE, "CW-RELEASE-ASSESSMENT")]
    farah, amara = browser_of("farah"), browser_of("amara")
    page = Page(farah.get(f"/releases/{LIVE}/"))
    assert "Studies wait for you" in page.text
    assert "CW-RELEASE-ASSESSMENT" in page.text
    rooms = Page(farah.get("/rooms/"))
    assert f"/releases/{LIVE}/" in [one["href"] for one in rooms.every("a")]
    assert "CW-RELEASE-ASSESSMENT" in rooms.text
    for path in (f"/studies/{LIVE}/", f"/studies/{LIVE}/jobs/{JOB}/"):
        said = Page(amara.get(path)).text
        assert "wait for the data team" in said
        assert "CW-" not in said, "the reason is for staff"
        assert "wait for the data team" not in Page(farah.get(path)).text
    assert "Studies wait for you" not in Page(amara.get(f"/releases/{LIVE}/")).text


def test_nothing_is_said_where_nothing_waits(
    measured: Room, browser_of: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.studies.models import ENDED, Job

    job = waiting_job()
    amara, farah = browser_of("amara"), browser_of("farah")
    path = f"/studies/{LIVE}/jobs/{JOB}/"
    assert "data team" not in Page(amara.get(path)).text
    assert "Studies wait for you" not in Page(farah.get(f"/releases/{LIVE}/")).text
    assert "Studies that wait for people" not in Page(farah.get("/rooms/")).text
    wait_for_people(measured, monkeypatch)
    Job.objects.filter(pk=job.pk).update(shown=ENDED)
    assert "data team" not in Page(amara.get(path)).text
    assert "data team" not in Page(amara.get(f"/studies/{LIVE}/")).text


def test_it_goes_when_a_release_is_made_and_comes_back_by_a_worker_that_begins(
    measured: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.releases.models import Held
    from commonweal.web.releases.workers import tell_held

    wait_for_people(measured, monkeypatch)
    Held.objects.all().delete()
    assert measured.with_custody(lambda custody: tell_held(custody, 0)) == 1
    assert measured.with_custody(lambda custody: tell_held(custody, 0)) == 0
    sign_now(measured.home, decision("edward", "sign_off", R1))
    measured.work("signer")
    measured.with_custody(lambda custody: refreshing.refresh(custody, LIVE))
    measured.work()
    assert (held(), release(R2).precedent) == ([], R1)


def decision(who: str, action: str, reference: str, reasons: str = "") -> Any:
    from commonweal.web.releases import services

    return services.propose_decision(person(who), release(reference), action, "/", reasons)


@pytest.fixture(name="again")
def made_again(measured: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A second release, made by itself from the first, which was signed off."""
    monkeypatch.setattr(refreshing, "_is_fresh", lambda *_: False)
    sign_now(measured.home, decision("edward", "sign_off", R1))
    measured.work("signer")
    measured.with_custody(lambda custody: ask_refresh(custody, LIVE, R1, JOB))
    measured.with_custody(lambda custody: refreshing.refresh(custody, LIVE))
    measured.work()
    return measured


def test_a_release_that_was_made_again_is_sent_back_on_its_page(
    again: Room, browser_of: Browsers
) -> None:
    from commonweal.vault.custody.release_steps import require_signed_off

    edward = browser_of("edward")
    page = Page(edward.get(f"/releases/{LIVE}/{R2}/"))
    assert "made again by itself" in page.text
    links = [one["href"] for one in page.every("a")]
    assert f"/releases/{LIVE}/{R2}/send-back" in links
    assert f"/releases/{LIVE}/{R2}/sign-off" not in links
    answer = edward.post(f"/releases/{LIVE}/{R2}/send-back", {"reasons": "Half of them are gone."})
    assert answer.status_code == 302
    act = answer["Location"].rstrip("/").rpartition("/")[2]
    sign_now(again.home, act)
    again.work("signer")
    again.work()
    assert release(R2).state == "sent_back"
    (event,) = again.events("release.sent_back")
    assert (event["actor"], event["release"]) == ("edward", R2)
    with pytest.raises(Refused) as refused:
        again.with_custody(lambda custody: require_signed_off(custody, R2, "direct"))
    assert refused.value.code == "CW-RELEASE-NOT-SIGNED-OFF"


@pytest.mark.parametrize(("who", "action", "reference"), [
    ("edward", "sign_off", R2),  # nothing is to be signed off
    ("edward", "send_back", R1),  # people decided on that one
    ("farah", "send_back", R2),  # not in that role
    ("amara", "send_back", R2),
])  # fmt: skip
def test_nothing_else_of_it_can_be_decided(
    again: Room, who: str, action: str, reference: str
) -> None:
    from commonweal.web.releases.policies import check_decide

    with pytest.raises(Refused):
        check_decide(person(who), action, release(reference), PROJECT, today())
