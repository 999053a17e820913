"""What comes to nothing: each is refused with a code, and nothing is released."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.application.version import ApplicationVersion
from tests.applications import content_data
from tests.web.committee.house import frozen
from tests.web.conftest import Page
from tests.web.releases.room import (
    ANNOUNCED,
    LIVE,
    PAUSED,
    REVOKED,
    Room,
    as_planned,
    ask,
    order,
    person,
    release,
)
from tests.web.signing_room import sign_now

R1 = f"{LIVE}.r1"


def code_of(what: Callable[[], Any]) -> str:
    """The code with which it is refused."""
    with pytest.raises(CommonwealError) as refused:
        what()
    return refused.value.code


def outcome(room: Room, kind: str = "plan") -> Any:
    made = ask(kind)
    room.work()
    return order(made)


def nothing_released(room: Room) -> bool:
    left = [one.name for one in (room.home / "releases").iterdir() if one.name != ".airlock"]
    return not left and not room.events("release.completed")


# --- asking -----------------------------------------------------------------------------------


def test_a_permit_that_is_not_live_is_not_planned(room: Room) -> None:
    for permit in (PAUSED, REVOKED, ANNOUNCED):
        assert code_of(lambda permit=permit: ask("plan", permit=permit)) == "CW-RELEASE-ORDER"  # type: ignore[misc]
    assert code_of(lambda: ask("plan", permit="permit-99")) == "CW-WEB-NOT-FOUND"


def test_nothing_is_built_that_was_not_planned(room: Room) -> None:
    assert code_of(lambda: ask("build")) == "CW-RELEASE-ORDER"


def test_two_orders_for_one_permit_do_not_wait_together(room: Room) -> None:
    from django.db import IntegrityError, transaction

    from commonweal.web.releases.models import Order

    first = ask("plan")
    assert code_of(lambda: ask("plan")) == "CW-RELEASE-ORDER"
    again = Order.objects.get(pk=first.pk)
    again.pk = "f" * 32
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


def test_only_plans_and_builds_are_ordered(room: Room) -> None:
    for kind in ("sign_off", "send_back", "open", ""):
        assert code_of(lambda kind=kind: ask(kind)) == "CW-RELEASE-ORDER"  # type: ignore[misc]


def overdue(permit: str = LIVE) -> None:
    """An application that led to a permit, whose impact assessment is overdue since yesterday."""
    from django.utils import timezone

    from commonweal.web.accounts.models import Organisation
    from commonweal.web.applications.models import Application, Version
    from commonweal.web.committee.models import Decision
    from commonweal.web.desk.models import Assessment
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects.models import Agreement, Permit

    now, amara, some = timezone.now(), person("amara"), {"content": b"{}", "digest": "sha256:0"}
    with governed_write():
        row = Application.objects.create(
            state="approved", organisation=Organisation.objects.first(), begun_by=amara,
            begun_at=now,
        )  # fmt: skip
        plain = frozen(json.dumps(content_data())) | {"application": row.reference}
        paper = ApplicationVersion.read(plain, "The version")
        version = Version.objects.create(
            application=row,
            number=1,
            salt=b"0" * 32,
            sent_at=now,
            sent_by=amara,
            content=paper.canonical(),
            digest=paper.digest(),
        )
        decision = Decision.objects.create(
            version=version,
            reference=f"{row.reference}-1-d1",
            outcome="approve",
            made_at=now,
            **some,
        )
        agreement = Agreement.objects.create(
            reference=f"{row.reference}-a1", application=row, decision=decision, made_at=now, **some
        )
        found, _ = Assessment.objects.get_or_create(
            application=row, version=version, defaults={"changed_at": now}
        )
        found.state, found.look_again_on = "published", now.date() - timedelta(days=1)
        found.save()
    Permit.objects.create(
        reference=permit, application=row, agreement=agreement, public_hash="sha256:0",
        state="active", begins_at=now, until=now.date() + timedelta(days=90), issued_at=now, **some
    )  # fmt: skip


def test_nothing_is_made_while_the_impact_assessment_is_overdue(
    room: Room, browser_of: Callable[[str], Any]
) -> None:
    as_planned()
    built = ask("build")  # asked before it ran over, taken up afterwards
    overdue()
    room.work()
    assert (order(built).state, order(built).code) == ("refused", "CW-RELEASE-ASSESSMENT")
    assert "looked at again" in order(built).sentence
    assert release().state == "planned"
    for kind in ("plan", "build"):
        assert code_of(lambda kind=kind: ask(kind)) == "CW-RELEASE-ASSESSMENT"  # type: ignore[misc]
    farah = browser_of("farah")
    assert farah.post(f"/releases/{LIVE}/plan").status_code == 403
    page = Page(farah.get(f"/releases/{LIVE}/"))
    assert "should have been looked at again by now" in page.text
    assert "Build this release" not in page.text
    assert room.events("release.planned") == []
    assert nothing_released(room)


# --- working ----------------------------------------------------------------------------------


def test_paused_after_it_was_asked(room: Room) -> None:
    made = ask("plan")
    room.stop("pause")
    room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-PERMIT-PAUSED")
    assert room.events("release.planned") == []


def test_revoked_between_plan_and_build(room: Room) -> None:
    as_planned()
    made = ask("build")
    room.stop("revoke")
    room.work()
    assert (order(made).state, order(made).code) == ("refused", "CW-PERMIT-REVOKED")
    room.work()
    assert release().state == "abandoned"
    assert nothing_released(room)


def test_choices_that_are_too_old(room: Room, browser_of: Callable[[str], Any]) -> None:
    room.choose(checked_at=datetime.now(UTC) - timedelta(days=40))
    made = outcome(room)
    assert (made.state, made.code) == ("refused", "CW-CHOICES-LIST-STALE")
    page = Page(browser_of("farah").get(f"/releases/{LIVE}/"))
    assert made.sentence in page.text
    assert "CW-CHOICES-LIST-STALE" in page.text


def test_a_home_that_does_not_know_where_records_lie(room: Room) -> None:
    (room.home / "release-inputs.json").unlink()
    made = outcome(room)
    assert (made.code, str(room.beside) in made.sentence) == ("CW-RELEASE-INPUTS", False)


def test_a_list_of_inputs_that_is_broken(room: Room) -> None:
    (room.home / "release-inputs.json").write_text('{"inputs": 1, "datasets": []}')
    assert outcome(room).code == "CW-RELEASE-INPUTS"


def test_a_variable_that_the_catalogue_lost(room: Room) -> None:
    file = room.beside / "catalogue.json"
    described = json.loads(file.read_text())
    variables = described["datasets"][0]["tables"][0]["variables"]
    described["datasets"][0]["tables"][0]["variables"] = [
        one for one in variables if one["name"] != "sex"
    ]
    file.write_text(json.dumps(described))
    made = outcome(room)
    assert made.code in ("CW-PERMIT-CATALOGUE-CHANGED", "CW-PERMIT-UNKNOWN-VARIABLE")
    assert made.state == "refused"


def test_a_path_never_leaves_with_a_refusal(room: Room) -> None:
    (room.beside / "records" / "patients.csv").unlink()
    made = outcome(room)
    assert made.state == "refused"
    assert str(room.beside) not in made.sentence
    assert "patients.csv" not in made.sentence


def test_over_a_limit_the_data_manager_gets_advice_and_others_do_not(
    room: Room, browser_of: Callable[[str], Any]
) -> None:
    room.people = 12
    room.furnish()
    made = outcome(room)
    assert made.state == "done"
    assert "k" in {one["measure"] for one in made.result["over"]}
    assert made.result["advice"]["given"] is True
    assert code_of(lambda: ask("build")) == "CW-STATE-GUARD"
    farah = Page(browser_of("farah").get(f"/releases/{LIVE}/")).text
    assert "This would be refused" in farah
    assert "smallest change that would pass" in farah
    edward = Page(browser_of("edward").get(f"/releases/{LIVE}/")).text
    assert "This would be refused" in edward
    assert "smallest change that would pass" not in edward


def test_over_a_limit_only_when_it_is_built(room: Room, browser_of: Callable[[str], Any]) -> None:
    as_planned()
    made = ask("build")
    room.people = 12
    room.furnish()
    room.work()
    made = order(made)
    assert (made.state, made.code) == ("refused", "CW-RISK-LIMIT")
    assert made.sentence == "Measured risk is over a limit of the permit."
    assert set(made.result) == {"over", "advice"}
    assert release().state == "planned"
    page = Page(browser_of("farah").get(f"/releases/{LIVE}/"))
    assert "Too few people look alike (table" in page.text


def test_planning_too_often(room: Room) -> None:
    from commonweal.ledger.entry import Actor, Event

    def fill(custody: Any) -> None:
        for number in range(custody.trust.plans_per_day):
            fields = {"permit": LIVE, "today": number + 1}
            custody.ledger.append(Event("release.planned", Actor("data_manager", "x"), fields))

    room.with_custody(fill)
    made = outcome(room)
    assert (made.state, made.code) == ("refused", "CW-RELEASE-PLAN-LIMIT")


# --- whoever owns the database ------------------------------------------------------------------


def test_an_order_that_was_changed_to_another_permit(room: Room) -> None:
    from commonweal.web.releases.models import Order
    from commonweal.web.releases.services import entry_of

    made = ask("plan")
    Order.objects.filter(pk=made.pk).update(permit=PAUSED)
    room.work()
    assert order(made).code == "CW-RELEASE-ORDER-CHANGED"
    again = ask("plan")
    other = entry_of(REVOKED).permit_hash
    Order.objects.filter(pk=again.pk).update(permit=REVOKED, permit_hash=other)
    room.work()
    assert order(again).code == "CW-PERMIT-REVOKED"
    assert room.events("release.planned") == []


def test_an_order_with_an_id_that_is_not_the_next(room: Room) -> None:
    from commonweal.web.releases.models import Order

    as_planned(f"{LIVE}.r7")
    made = ask("build")
    room.work()
    assert order(made).code == "CW-RELEASE-ID-TAKEN"
    assert nothing_released(room)
    # And one whose row says another id than was signed.
    as_planned(f"{LIVE}.r8")
    other = ask("build")
    Order.objects.filter(pk=other.pk).update(release=R1)
    room.work()
    assert order(other).code == "CW-RELEASE-ORDER-CHANGED"
    assert nothing_released(room)


def decide(room: Room, who: str, action: str = "sign_off", reasons: str = "") -> Any:
    from commonweal.web.releases import services

    act = services.propose_decision(person(who), release(), action, "/", reasons)
    return sign_now(room.home, act)


def test_nobody_signs_off_what_they_made(measured: Room) -> None:
    from commonweal.web.releases.models import Release

    Release.objects.update(made_by=["farah", "edward"])
    assert code_of(lambda: decide(measured, "edward")) == "CW-STATE-GUARD"


def test_the_ledger_knows_who_made_it_whatever_the_row_says(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.vault.custody import find_permit
    from commonweal.vault.release.build import build_release
    from commonweal.web.releases.models import Release

    room.with_custody(
        lambda custody: build_release(
            custody, find_permit(custody, LIVE), room.beside / "catalogue.json", room.choices,
            by=Actor("data_manager", "edward"),
        )
    )  # fmt: skip
    room.work()
    Release.objects.update(made_by=[])
    act = decide(room, "edward")
    assert act.state == "heard"
    made = act.order
    room.work("signer")
    assert (order(made).state, order(made).code) == ("refused", "CW-STEP-ACTS")
    assert room.events("release.signed_off") == room.events("act.used") == []
    assert release().state == "measured"


def test_an_act_counts_once_and_for_its_own_release_only(measured: Room) -> None:
    from commonweal.web.releases.models import Order
    from commonweal.web.signing.models import Act

    act = decide(measured, "edward")
    measured.work("signer")
    assert release().state == "released"
    # The same order again, as if it had never been done: the ledger says so once.
    Order.objects.filter(act=act).update(state="queued", ended_at=None, attempts=0)
    measured.work("signer")
    assert order(act.order).state == "done"
    assert len(measured.events("release.signed_off")) == len(measured.events("act.used")) == 1
    # And turned round: what was signed is not a sending back.
    Order.objects.filter(act=act).update(kind="send_back", state="queued", ended_at=None)
    measured.work("signer")
    assert order(act.order).code == "CW-RELEASE-ORDER-CHANGED"
    Act.objects.filter(pk=act.pk).update(kind="send_back_release")
    Order.objects.filter(act=act).update(state="queued", ended_at=None, attempts=0)
    measured.work("signer")
    assert order(act.order).state == "refused"
    assert measured.events("release.sent_back") == []


@pytest.mark.parametrize("field", ["content", "shown", "digest"])
def test_a_release_that_was_changed_in_the_database_is_not_signed(
    measured: Room, field: str
) -> None:
    from commonweal.web.releases.models import Release

    row = release()
    changed = {
        "content": bytes(row.content).replace(b"a", b"b", 1),
        "shown": {**row.shown, "people": {"released": 900, "left_out": None}},
        "digest": "sha256:" + "0" * 64,
    }[field]
    Release.objects.update(**{field: changed})
    if field == "content":
        act = decide(measured, "edward")
        measured.work("signer")
        assert order(act.order).state == "refused"
    else:
        assert code_of(lambda: decide(measured, "edward")) == "CW-WEB-VERSION"
    assert measured.events("release.signed_off") == []


def test_paused_before_the_sign_off_is_written(measured: Room) -> None:
    act = decide(measured, "edward")
    measured.stop("pause")
    measured.work("signer")
    assert (order(act.order).state, order(act.order).code) == ("refused", "CW-PERMIT-NOT-LIVE")
    assert measured.events("act.used") == []
    measured.stop("resume")
    act = decide(measured, "rosa")
    measured.work("signer")
    assert release().state == "released"


def test_sent_back_without_a_reason_or_with_another(measured: Room) -> None:
    from commonweal.papers.release.sent_back import SentBack
    from commonweal.web.signing.models import Act

    with pytest.raises((Fault, Refused)):
        decide(measured, "edward", "send_back", "")
    act = decide(measured, "edward", "send_back", "Too fine.")
    other = SentBack.read({"sent_back": 1, "release": R1, "reasons": "Fine."}, "The reasons")
    Act.objects.filter(pk=act.pk).update(content=other.canonical())
    measured.work("signer")
    assert (order(act.order).state, order(act.order).code) == ("refused", "CW-STEP-ACTS")


def test_signed_off_and_sent_back_cannot_both_be(measured: Room) -> None:
    decide(measured, "edward")
    measured.work("signer")
    assert code_of(lambda: decide(measured, "rosa", "send_back", "No.")) == "CW-STATE-STEP"
