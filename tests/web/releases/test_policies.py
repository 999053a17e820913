"""Who may do what, in every state: the matrix of roles, states and actions; and who sees what."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.states.release import RELEASE
from commonweal.web.accounts.people import PEOPLE
from tests.applications import content_data
from tests.web.committee.house import frozen
from tests.web.conftest import Page
from tests.web.releases.room import LIVE, Room, ask, order, person, release, today

PLANNERS = {"farah"}
SIGNERS = {"edward", "rosa"}
STAFF = PLANNERS | SIGNERS | {"owen"}
R1 = f"{LIVE}.r1"
MAY: dict[str, tuple[set[str], set[str]]] = {
    "plan": (PLANNERS, {"planned", "sent_back", "released", "abandoned"}),
    "build": (PLANNERS, {"planned"}),
    "sign_off": (SIGNERS, {"measured"}),
    "send_back": (SIGNERS, {"measured"}),
}
"""Action: who may, and in which states of the newest release."""


def test_roles_states_and_actions(measured: Room) -> None:
    from commonweal.web.releases.models import Release

    plan = plan_of(release())
    for state in RELEASE.states:
        Release.objects.update(state=state, plan=plan, made_by=["nobody"])
        check_everybody(state)


def check_everybody(state: str) -> None:
    """What each person may do with a release in `state`, against the table above."""
    from commonweal.web.releases.policies import can, check_ask, check_decide

    row, day = release(), today()
    for one in PEOPLE:
        who = person(one.id)
        found = {
            "plan": can(check_ask, who, "plan", LIVE, "project-0", "active", day),
            "build": can(check_ask, who, "build", LIVE, "project-0", "active", day),
            "sign_off": can(check_decide, who, "sign_off", row, "project-0", day),
            "send_back": can(check_decide, who, "send_back", row, "project-0", day),
        }
        wanted = {
            name: one.id in who_may and state in when for name, (who_may, when) in MAY.items()
        }
        assert found == wanted, (one.id, state)


def plan_of(row: Any) -> dict[str, Any]:
    """A plan that passes, made of a release's own summary."""
    shown = row.shown
    kept = ("release", "permit_id", "permit_hash", "choices", "people", "risk")
    return {"plan": 1, "planned_at": shown["built_at"], "tables": {}, "over": []} | {
        name: shown[name] for name in kept
    }


def test_only_for_a_live_permit(measured: Room) -> None:
    from commonweal.web.releases.models import Release
    from commonweal.web.releases.policies import can, check_ask

    Release.objects.update(state="released")
    asked = (person("farah"), "plan", LIVE, "project-0")
    assert can(check_ask, *asked, "active", today())
    for stage in ("planned", "paused", "ended"):
        assert not can(check_ask, *asked, stage, today())


def test_a_role_for_another_project_or_elsewhere_or_over_gives_nothing(room: Room) -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.ledgerlink.models import governed_write

    mine = Membership.objects.filter(user__public_id="farah")
    university = Organisation.objects.get(public_id="university")
    for change in (
        {"project": "project-9"},
        {"organisation": university},
        {"begins": today() - timedelta(days=9), "ends": today()},
        {"begins": today() + timedelta(days=1)},
    ):
        before = mine.values().get()
        with governed_write():
            mine.update(**change)
        with pytest.raises(CommonwealError) as refused:
            ask("plan")
        assert refused.value.code == "CW-WEB-DENIED", change
        with governed_write():
            mine.update(**before)
    assert ask("plan").state == "queued"


def test_nobody_else_learns_that_there_is_a_release(
    measured: Room, browser_of: Callable[[str], Any]
) -> None:
    for who in sorted(one.id for one in PEOPLE if one.id not in STAFF):
        client = browser_of(who)
        assert "Asthma in winter" not in Page(client.get("/releases/")).text, who
        for path in ("", "build", f"{R1}/", f"{R1}/sign-off", f"{R1}/send-back"):
            assert client.get(f"/releases/{LIVE}/{path}").status_code == 404, (who, path)
        for path in ("plan", "build", f"{R1}/sign-off", f"{R1}/send-back"):
            assert client.post(f"/releases/{LIVE}/{path}").status_code == 404, (who, path)


def test_a_release_of_another_permit_is_not_at_this_address(
    measured: Room, browser_of: Callable[[str], Any]
) -> None:
    edward = browser_of("edward")
    assert edward.get(f"/releases/{LIVE}/{R1}/").status_code == 200
    assert edward.get(f"/releases/permit-1/{R1}/").status_code == 404
    assert edward.post(f"/releases/permit-1/{R1}/sign-off").status_code == 404


def test_people_of_the_project_see_how_far_it_is_and_no_figure(
    measured: Room, browser_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.releases import views

    monkeypatch.setattr(views, "own_permits", lambda *_: frozenset({LIVE}))
    amara = browser_of("amara")
    assert "Asthma in winter" in Page(amara.get("/releases/")).text
    pages = [
        Page(amara.get(path)).text for path in (f"/releases/{LIVE}/", f"/releases/{LIVE}/{R1}/")
    ]
    for text in pages:
        assert "Waits for a second person" in text
        for hidden in ("about 60", "Risk of being recognised", "Plan a release", "membership"):
            assert hidden not in text
    assert amara.post(f"/releases/{LIVE}/plan").status_code == 404
    assert amara.get("/releases/permit-1/").status_code == 404


def test_whose_permit_is_whose(room: Room) -> None:
    from commonweal.web.releases.policies import own_permits

    permit_of("amara", LIVE)
    assert own_permits(person("amara"), today()) == {LIVE}
    for who in ("bethan", "divya", "farah"):
        assert own_permits(person(who), today()) == frozenset()


def permit_of(who: str, reference: str) -> None:
    """The rows of other apps from an application of `who` to its permit, as bare as they can be."""
    from commonweal.web.applications.models import Version
    from commonweal.web.applications.services import begin
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects.models import Permit

    writer = person(who)
    mine = begin(writer, writer.memberships.get())
    # The desk reads each version as it is written, so this one row is a whole one.
    plain = frozen(json.dumps(content_data())) | {"application": mine.reference}
    paper = ApplicationVersion.read(plain, "The version")
    known = {"Application": mine, "User": writer, "Organisation": mine.organisation}
    with governed_write():
        known["Version"] = Version.objects.create(
            application=mine, number=1, content=paper.canonical(), digest=paper.digest(),
            salt=b"0" * 32, sent_at=clock.now(), sent_by=writer,
        )  # fmt: skip
        bare(Permit, known, reference=reference, state="active")


def bare(model: Any, known: dict[str, Any], **given: Any) -> Any:
    """A row with nothing in it but what it must have; rows that it hangs on are made as bare."""
    from django.db import models

    from commonweal.web.config import clock

    made = {models.DateTimeField: clock.now(), models.DateField: today(), models.BinaryField: b""}
    values = dict(given)
    for field in model._meta.concrete_fields:
        if field.name in values or field.null or field.has_default() or field.primary_key:
            continue
        if isinstance(field, models.ForeignKey):
            name = field.related_model.__name__
            known.setdefault(name, None)
            known[name] = known[name] or bare(field.related_model, known)
            values[field.name] = known[name]
        else:
            number = isinstance(field, models.IntegerField)
            values[field.name] = made.get(type(field), 1 if number else "x")
    row = model(**values)
    row.save()
    return row


def test_who_made_it_reads_why_they_cannot_sign(
    measured: Room, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.releases.models import Release

    Release.objects.update(made_by=["edward"])
    page = Page(browser_of("edward").get(f"/releases/{LIVE}/{R1}/"))
    assert "somebody else must sign it off" in page.text
    assert "Sign it off" not in page.text


def test_a_list_of_many_permits_asks_the_database_as_often_as_one_of_few(
    measured: Room, browser_of: Callable[[str], Any]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.releases.models import Release

    farah = browser_of("farah")
    farah.get("/releases/")
    with CaptureQueriesContext(connection) as few:
        farah.get("/releases/")
    row = release()
    for number in range(2, 40):
        row.pk, row.reference = None, f"{LIVE}.r{number}"
        row.save(force_insert=True)
    assert Release.objects.count() == 39
    with CaptureQueriesContext(connection) as many:
        farah.get("/releases/")
    assert len(many) == len(few)


# --- leases ---------------------------------------------------------------------------------------


def test_one_worker_has_an_order_until_it_is_silent_for_too_long(room: Room) -> None:
    from commonweal.web import orders
    from commonweal.web.config import clock
    from commonweal.web.releases import services
    from commonweal.web.releases.models import Order

    made = ask("plan")
    first = services.take(("plan",))
    assert first.pk == made.pk
    assert services.take(("plan",)) is None
    assert orders.beat(first, "reading")
    Order.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert order(made).is_left(clock.now())
    second = services.take(("plan",))
    assert (second.attempts, second.pk) == (2, made.pk)
    # The first worker wakes up: it has lost the order and can write nothing of it.
    assert not orders.beat(first, "writing")
    assert not orders.end(first, result={"release": "x"})
    assert orders.end(second, result={"release": "y"})
    assert order(made).result == {"release": "y"}


def test_after_three_times_it_is_given_up(room: Room, browser_of: Callable[[str], Any]) -> None:
    from commonweal.web import orders
    from commonweal.web.releases import services
    from commonweal.web.releases.models import Order

    made = ask("plan")
    for _ in range(orders.MOST_ATTEMPTS):
        assert services.take(("plan",)).pk == made.pk
        Order.objects.update(lease_until=None)
    farah = browser_of("farah")
    assert "has stopped answering" in Page(farah.get(f"/releases/{LIVE}/")).text
    assert services.take(("plan",)) is None
    assert (order(made).state, order(made).code) == ("failed", "CW-RELEASE-CUT-OFF")
    assert "Nothing was released" in Page(farah.get(f"/releases/{LIVE}/")).text
    assert ask("plan").state == "queued"


def test_an_order_that_could_not_be_begun_waits_again(room: Room) -> None:
    from commonweal.foundation.errors import Unavailable
    from commonweal.web.releases import workers

    made = ask("plan")

    def busy(*_: Any) -> Any:
        raise Unavailable("CW-BUSY", "Another run is working on the same thing.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_held_against", busy)
        with pytest.raises(Unavailable):
            room.work()
    assert (order(made).state, order(made).attempts) == ("queued", 0)
    room.work()
    assert order(made).state == "done"


def test_an_error_nobody_foresaw_leaves_no_word_of_itself(room: Room) -> None:
    from commonweal.web.releases import workers

    made = ask("plan")

    def broken(*_: Any) -> Any:
        raise ValueError("9434765919 is not a date")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_held_against", broken)
        with pytest.raises(ValueError, match="not a date"):
            room.work()
    found = order(made)
    assert (found.state, found.code) == ("failed", "CW-INTERNAL")
    assert "9434765919" not in found.sentence
