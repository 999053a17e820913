"""From a live permit to a release that is signed off, with the real vault behind the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from tests.release_house import objection
from tests.web.conftest import Page
from tests.web.releases.room import LIVE, Room, ask, order, person, planned, release
from tests.web.signing_room import sign_now

R1 = f"{LIVE}.r1"
MISSING = {
    "figures": "figures-hospital.r1",
    "measured_on": "2026-03-01",
    "changed": True,
    "people": {
        "lost": 40,
        "variables": [
            {"variable": "sex", "describes": "sex",
             "groups": [{"group": "Female", "kept": 100, "lost": 20}, {"group": "Male"}]},
        ],
    },
}  # fmt: skip


def propose(who: str, action: str, reasons: str = "") -> Any:
    from commonweal.web.releases import services

    return services.propose_decision(person(who), release(), action, "/", reasons)


def test_a_plan_is_worked_out_and_shown_in_bands(
    room: Room, browser_of: Callable[[str], Any]
) -> None:
    farah = browser_of("farah")
    assert "Plan a release" in Page(farah.get(f"/releases/{LIVE}/")).text
    assert farah.post(f"/releases/{LIVE}/plan").status_code == 302
    waiting = Page(farah.get(f"/releases/{LIVE}/"))
    assert "It waits for the worker." in waiting.text
    assert "Look again" in waiting.text
    assert room.work() == 1
    page = Page(farah.get(f"/releases/{LIVE}/"))
    assert "What the permit would give" in page.text
    assert "about 60" in page.text
    assert "fewer than 10" in page.text
    assert "Build this release" in page.text
    assert "Who may be missing from these data This was not counted yet." in page.text
    row = release()
    row.plan |= {"missing": MISSING}
    row.save()
    page = Page(farah.get(f"/releases/{LIVE}/"))
    assert "In all it happens to about 40 people." in page.text
    assert "At least 10 people" in page.text.replace("at least", "At least"), "it has changed since"
    assert "hidden, or fewer than 10" in page.text
    (planned_by,) = room.events("release.planned")
    assert planned_by["actor"] == "farah"


def test_planned_built_and_signed_off(room: Room, browser_of: Callable[[str], Any]) -> None:
    plan = planned(room)
    assert (plan.state, plan.result["release"]) == ("done", R1)
    farah = browser_of("farah")
    assert "Build release" in Page(farah.get(f"/releases/{LIVE}/build")).text
    to_sign = farah.post(f"/releases/{LIVE}/build")
    assert "/sign/" in to_sign["Location"]
    assert release().state == "planned"
    ordered = sign_now(room.home, to_sign["Location"].strip("/").split("/")[-1])
    assert (ordered.state, ordered.subject) == ("heard", R1)
    assert release().state == "building"
    assert room.work() == 1
    row = release()
    assert (row.state, row.summary.release) == ("measured", R1)
    assert {one["actor"] for one in room.events("release.authorised")} == {"farah"}
    page = Page(browser_of("edward").get(f"/releases/{LIVE}/{R1}/"))
    assert "Sign it off" in page.text
    assert row.shown["membership_root"] in page.text
    from commonweal.papers.missing import MissingTold
    from commonweal.web.releases.presenters import release_shown

    told = row.summary.model_copy(update={"missing": MissingTold.read(MISSING, "The figures")})
    shown = release_shown(row, told)["missing"]
    assert (shown["lost"], shown["variables"][0]["groups"][0]["lost"]) == ("about 40", "about 20")
    for path in (f"/releases/{LIVE}/{R1}/", f"/releases/{LIVE}/{R1}/sign-off"):
        assert "Who may be missing" in Page(browser_of("edward").get(path)).text
    act = sign_now(room.home, propose("edward", "sign_off"))
    assert act.state == "heard"
    assert release().state == "measured"
    assert room.work("signer") == 1
    assert release().state == "released"
    (event,) = room.events("release.signed_off")
    assert (event["actor"], event["release"]) == ("edward", R1)
    assert [one["act"] for one in room.events("act.used")] == [ordered.pk, act.pk]
    assert "Edward Shaw signed it off" in Page(farah.get(f"/releases/{LIVE}/{R1}/")).text


def test_sent_back_and_planned_again(measured: Room) -> None:
    act = sign_now(measured.home, propose("rosa", "send_back", "The list is from before Monday."))
    measured.work("signer")
    assert (act.state, release().state) == ("heard", "sent_back")
    (event,) = measured.events("release.sent_back")
    assert event["actor"] == "rosa"
    again = ask("plan")
    measured.work()
    assert order(again).result["release"] == f"{LIVE}.r2"
    assert release(f"{LIVE}.r2").state == "planned"


def test_the_vault_tells_of_what_was_built_without_the_service(measured: Room) -> None:
    from commonweal.web.releases.models import Release

    row = release()
    assert (row.state, row.made_by) == ("measured", ["farah"])
    assert measured.work() == 0
    Release.objects.all().delete()
    assert measured.work() == 1
    assert release().digest == row.digest


def test_a_committee_s_release_opens_only_once_it_is_signed_off(measured: Room) -> None:
    import pytest

    from commonweal.foundation.errors import Refused
    from commonweal.vault.custody.release_steps import require_signed_off

    with pytest.raises(Refused) as refused:
        measured.with_custody(lambda custody: require_signed_off(custody, R1, "committee"))
    assert refused.value.code == "CW-RELEASE-NOT-SIGNED-OFF"
    measured.with_custody(lambda custody: require_signed_off(custody, R1, "direct"))
    sign_now(measured.home, propose("edward", "sign_off"))
    measured.work("signer")
    measured.with_custody(lambda custody: require_signed_off(custody, R1, "committee"))


def test_a_release_that_a_job_needs_again_stands_on_what_was_signed(
    measured: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.custody.release_steps import require_signed_off
    from commonweal.vault.release import refreshing
    from commonweal.vault.release.refresh_requests import ask_refresh

    again = f"{LIVE}.r2"
    monkeypatch.setattr(refreshing, "_is_fresh", lambda *_: False)  # as if a week had gone by
    measured.with_custody(lambda custody: ask_refresh(custody, LIVE, R1, "job-a"))
    sign_now(measured.home, propose("edward", "sign_off"))
    measured.work("signer")
    measured.choose(objections=[objection(measured.tables["patients"][0]["nhs_number"])])
    measured.with_custody(lambda custody: refreshing.refresh(custody, LIVE))
    measured.work()
    row = release(again)
    assert (row.state, row.made_by) == ("released", [])
    measured.with_custody(lambda custody: require_signed_off(custody, again, "committee"))
    assert len(measured.events("release.signed_off")) == 1


def test_the_vaults_worker_takes_up_what_a_job_asked(
    measured: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while the project's assessment is overdue (P6), and at most once a minute."""
    from commonweal.vault.release import refreshing
    from commonweal.vault.release.refresh_requests import ask_refresh, asked
    from commonweal.web.releases import workers

    monkeypatch.setattr(refreshing, "_is_fresh", lambda *_: False)
    measured.with_custody(lambda custody: ask_refresh(custody, LIVE, R1, "job-a"))
    looks = workers.OnceAMinute(workers.asked)
    assert measured.with_custody(looks) == 1
    assert measured.with_custody(looks) == 0

    def overdue(*_: Any) -> None:
        raise Refused("CW-RELEASE-ASSESSMENT", "It is overdue.")

    monkeypatch.setattr(workers, "check_assessment", overdue)
    measured.work()
    assert measured.with_custody(asked) == ()
    (said,) = [one for one in measured.events("release.refused") if one["actor"] == "refresh"]
    assert said["code"] == "CW-RELEASE-ASSESSMENT"
    assert len(measured.events("release.authorised")) == 1
