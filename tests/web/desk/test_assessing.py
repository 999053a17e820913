"""The steps of an impact assessment, to a record with which the committee can decide (P6)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.committee.assessment import check_settled
from commonweal.governance.committee.rules import default_rules
from tests.web.conftest import Page
from tests.web.desk.conftest import (
    ai_data,
    assessment_of,
    entries,
    in_state,
    send_again,
    sent,
    standing,
)

LIGHTER = (
    "tests_existing_product", "assessed_before", "nothing_new_for_people", "no_group_worse_off",
    "panel_agreed_kind",
)  # fmt: skip


def day(name: str, value: date) -> dict[str, str]:
    return {
        f"{name}_day": str(value.day), f"{name}_month": str(value.month),
        f"{name}_year": str(value.year),
    }  # fmt: skip


def step(client: Any, row: Any, action: str, data: dict[str, Any] | None = None) -> Any:
    return client.post(f"/desk/{row.reference}/assessment/{action}/", data or {})


def done(client: Any, row: Any, action: str, data: dict[str, Any] | None = None) -> None:
    answer = step(client, row, action, data)
    assert answer.status_code == 302, Page(answer).text


@pytest.fixture
def row(amara: Any) -> Any:
    """An application about AI that is being screened."""
    return in_state(sent(amara, ai_data()), "screening")


def planned(client: Any, row: Any, on: date, workshop: str = "new") -> None:
    data = {"workshop": workshop, "facilitator": "nadia", **day("planned_on", on)}
    done(client, row, "schedule", data)


def held(client: Any, row: Any, on: date, **more: Any) -> Any:
    data = {**day("papers_sent_on", on - timedelta(days=8)), **day("held_on", on), "people": "10"}
    return step(client, row, "hold", data | more)


HEARD = {"account": "People liked it, and had doubts.", "point-1": "Small groups come off worse.",
         "point-2": "Use it at once.", "point-3": ""}  # fmt: skip
REPLIES = {
    "reply-1": "accepted", "reason-1": "They are right.", "change-1": "We report by group.",
    "reply-2": "not_accepted", "reason-2": "It is not proven.", "change-2": "",
}  # fmt: skip


def to_held(row: Any, browser_of: Any, clock: Any) -> date:
    """Screened, planned and held two weeks later."""
    edward = browser_of("edward")
    done(edward, row, "pass_screening")
    on = clock.now().date() + timedelta(days=14)
    planned(edward, row, on)
    clock.advance(timedelta(days=14))
    assert held(browser_of("nadia"), row, on).status_code == 302
    return on


def test_the_whole_way_with_a_workshop(row: Any, browser_of: Any, clock: Any) -> None:
    from commonweal.web.desk.services import is_settled, record_of

    on = to_held(row, browser_of, clock)
    leon, amara, edward = (browser_of(who) for who in ("leon", "amara", "edward"))
    done(leon, row, "write_record", HEARD)
    assert assessment_of(row).state == "record_written"
    mine = f"/applications/{row.reference}/points/"
    assert "Small groups come off worse." in Page(amara.get(mine)).text
    assert f"/applications/{row.reference}/points/" in str(
        amara.get(f"/applications/{row.reference}/").content
    )
    half = {"reply-1": "accepted", "reason-1": "Half a reason", "change-1": "", "reason-2": ""}
    page = Page(amara.post(mine, {**half, "send": "1"}))
    assert "Each point of the workshop needs an answer." in page.text
    assert "Half a reason" in Page(amara.get(mine)).text
    assert amara.post(mine, {**REPLIES, "send": "1"}).status_code == 302
    version = row.versions.get()
    assert not is_settled(version)
    done(edward, row, "return", {"note": "Point 2 needs more."})
    assert "Point 2 needs more." in Page(amara.get(mine)).text
    assert amara.post(mine, {**REPLIES, "send": "1"}).status_code == 302
    done(edward, row, "check_answers")
    assert is_settled(version)
    record = record_of(version)
    assert record is not None
    assert (record.route, record.recorded_by, len(record.points)) == ("workshop", "edward", 2)
    assert record.workshop is not None
    assert (record.workshop.held_on, record.workshop.people) == (on, 10)
    assert (record.workshop.facilitator, record.workshop.rapporteur) == ("nadia", "leon")
    assert record.points[1].change is None
    involved = standing("edward", row).paper.involved
    check_settled(
        record, default_rules(), application=row.reference, version_digest=version.digest,
        purposes=["ai_train"], processing=["train"], involved=involved,
        deciding=["grace", "irene"], at=clock.now(),
    )  # fmt: skip
    said = [(one["type"], one.get("step") or one.get("route"), one["actor"])
            for one in entries(row)]  # fmt: skip
    assert said == [
        ("assessment.handled", "pass_screening", "edward"),
        ("assessment.route_taken", "workshop", "edward"),
        ("workshop.held", None, "nadia"),
        ("workshop.recorded", None, "leon"),
        ("assessment.handled", "synthesise", "amara"),
        ("assessment.handled", "return", "edward"),
        ("assessment.handled", "synthesise", "amara"),
        ("assessment.handled", "check_answers", "edward"),
    ]
    assert "groups" not in str(entries(row))


def test_one_workshop_takes_several_applications(amara: Any, browser_of: Any, clock: Any) -> None:
    rows = [in_state(sent(amara, ai_data()), "screening") for _ in range(2)]
    edward = browser_of("edward")
    on = clock.now().date() + timedelta(days=10)
    for one in rows:
        done(edward, one, "pass_screening")
    planned(edward, rows[0], on)
    planned(edward, rows[1], on, assessment_of(rows[0]).workshop.reference)
    clock.advance(timedelta(days=10))
    nadia = browser_of("nadia")
    page = Page(nadia.get(f"/desk/{rows[0].reference}/assessment/hold/"))
    assert "about 2 applications" in page.text
    assert held(nadia, rows[0], on).status_code == 302
    assert [assessment_of(one).state for one in rows] == ["workshop_held"] * 2
    assert [one["type"] for row in rows for one in entries(row)].count("workshop.held") == 2
    leon = browser_of("leon")
    for n, one in enumerate(rows):
        done(leon, one, "write_record", {**HEARD, "point-1": f"About number {n}."})
    digests = {bytes(assessment_of(one).heard) for one in rows}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"people": "7"}, "At least 8 patients"),
        ({"people": "many"}, "must be a number"),
        ({"people": "20000"}, "At least 8 patients"),
        (day("papers_sent_on", date(2026, 3, 12)), "for as long before the workshop"),
        (day("held_on", date(2026, 4, 12)), "has not been held yet"),
        ({"held_on_month": "13"}, "must be a real date"),
    ],
)
def test_a_workshop_that_breaks_the_rules_is_not_recorded(
    row: Any, browser_of: Any, clock: Any, more: dict[str, str], said: str
) -> None:
    edward = browser_of("edward")
    done(edward, row, "pass_screening")
    on = clock.now().date() + timedelta(days=14)
    planned(edward, row, on)
    clock.advance(timedelta(days=14))
    page = Page(held(browser_of("nadia"), row, on, **more))
    assert said in page.text
    assert assessment_of(row).state == "workshop_scheduled"


def test_a_date_too_soon_for_the_papers_is_refused(row: Any, edward: Any, clock: Any) -> None:
    done(edward, row, "pass_screening")
    soon = clock.now().date() + timedelta(days=6)
    data = {"workshop": "new", "facilitator": "nadia", **day("planned_on", soon)}
    assert "7 days before the workshop" in Page(step(edward, row, "schedule", data)).text
    assert "Choose who leads it." in Page(
        step(edward, row, "schedule", {"workshop": "new", **day("planned_on", soon)})
    ).text  # fmt: skip
    assert assessment_of(row).state == "screened"
    planned(edward, row, soon + timedelta(days=3))
    done(edward, row, "schedule_again")
    assert assessment_of(row).workshop is None


@pytest.mark.parametrize("how", ["votes", "led", "writes"])
def test_the_rapporteur_is_independent(row: Any, browser_of: Any, clock: Any, how: str) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.services import give_role
    from commonweal.web.applications.models import CoAuthor

    to_held(row, browser_of, clock)
    leon = User.objects.get(public_id="leon")
    by = Actor("system", "tests")
    if how == "votes":
        give_role(leon, Organisation.objects.get(public_id="panel"), "committee_lay", by)
    elif how == "led":
        workshop = assessment_of(row).workshop
        from commonweal.web.desk.models import Workshop
        from commonweal.web.ledgerlink.models import governed_write

        with governed_write():
            Workshop.objects.filter(pk=workshop.pk).update(facilitator=leon)
    else:
        CoAuthor.objects.create(
            application=row, person=leon, organisation=row.organisation, added_by=row.begun_by,
            added_at=row.begun_at,
        )  # fmt: skip
    answer = step(browser_of("leon"), row, "write_record", HEARD)
    assert answer.status_code in (200, 403)
    assert assessment_of(row).state == "workshop_held"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"account": "A", "point-1": " "}, "Write down 1 to 100 points."),
        ({"account": "", "point-1": "B"}, "What was said: write something here."),
        ({"account": "A", "point-1": "x" * 4_001}, "Point 1: at most 4,000"),
        ({"account": "A", "point-1": "a\u202eb"}, "Point 1: there are characters"),
    ],
)
def test_a_record_that_cannot_be_kept_is_said_and_stays_in_the_boxes(
    row: Any, browser_of: Any, clock: Any, typed: dict[str, str], said: str
) -> None:
    to_held(row, browser_of, clock)
    page = Page(step(browser_of("leon"), row, "write_record", {**typed, "point-2": "Kept"}
                     if said.startswith("Point") else typed))  # fmt: skip
    assert said in page.text
    assert assessment_of(row).points.count() == 0


# --- the lighter route --------------------------------------------------------------------------


def test_the_lighter_route_with_its_published_conditions(row: Any, edward: Any) -> None:
    from commonweal.web.desk.services import is_settled, record_of

    done(edward, row, "pass_screening")
    page = Page(step(edward, row, "take_lighter_route", {"met": LIGHTER[:4], "reason": "So."}))
    assert "The lighter route is only for projects where the public panel agreed" in page.text
    assert assessment_of(row).state == "screened"
    done(edward, row, "take_lighter_route", {"met": LIGHTER, "reason": "It is only tested."})
    record = record_of(row.versions.get())
    assert record is not None
    assert (record.route, record.met, record.reason) == ("lighter", LIGHTER, "It is only tested.")
    assert is_settled(row.versions.get())
    assert (entries(row)[-1]["type"], entries(row)[-1]["route"]) == (
        "assessment.route_taken", "lighter",
    )  # fmt: skip
    done(edward, row, "need_workshop")
    assert not is_settled(row.versions.get())
    assert record_of(row.versions.get()) is None


def test_a_use_about_ai_is_not_excused_and_one_that_is_not_is(
    row: Any, amara: Any, edward: Any
) -> None:
    page = Page(step(edward, row, "excuse"))
    assert "needed for every use that is about AI" in page.text
    assert assessment_of(row).state == "waiting"
    other = in_state(sent(amara), "screening")
    done(edward, other, "excuse")
    assert assessment_of(other).state == "not_needed"


def test_what_was_sent_back_comes_again_with_words(row: Any, amara: Any, edward: Any) -> None:
    done(edward, row, "return", {"note": "Say who is harmed."})
    mine = f"/applications/{row.reference}/points/"
    assert "Say who is harmed." in Page(amara.get(mine)).text
    assert "must be given" in Page(amara.post(mine, {"words": "  "})).text
    assert amara.post(mine, {"words": "Nobody new."}).status_code == 302
    assert assessment_of(row).state == "waiting"
    assert "Nobody new." in Page(edward.get(f"/desk/{row.reference}/assessment/")).text
    assert [one["type"] for one in entries(row)] == ["assessment.handled", "application.answered"]


def test_a_new_version_has_an_assessment_of_its_own(row: Any, browser_of: Any, clock: Any) -> None:
    from commonweal.web.desk.services import is_settled

    to_held(row, browser_of, clock)
    first = assessment_of(row)
    send_again(in_state(row, "to_be_revised"))
    again = assessment_of(row)
    assert (first.pk != again.pk, again.state, again.record) == (True, "waiting", None)
    assert not is_settled(row.versions.get(number=2))
    # The workshop about the first version is not held twice: the new one can join it.
    edward = browser_of("edward")
    in_state(row, "screening")
    done(edward, row, "pass_screening")
    planned(edward, row, clock.now().date(), first.workshop.reference)
    assert held(browser_of("nadia"), row, clock.now().date()).status_code == 302
    assert assessment_of(row).workshop == first.workshop


# --- after the decision -------------------------------------------------------------------------


class Decided:
    """A stand-in for the committee's signed decision."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome


def decide(monkeypatch: pytest.MonkeyPatch, outcome: str | None) -> None:
    from commonweal.web.desk import publishing

    monkeypatch.setattr(publishing, "decision_of", lambda _version: outcome and Decided(outcome))
    monkeypatch.setattr(publishing, "decision_paper", lambda row: row)


@pytest.mark.parametrize("outcome", ["approve", "approve_with_conditions", "reject"])
def test_after_the_decision_it_is_published_whatever_the_answer(
    row: Any, edward: Any, browser_of: Any, clock: Any, monkeypatch: Any, outcome: str
) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.desk.publishing import decided, stops_releases, to_committee
    from tests.web.conftest import new_client

    kate, version = User.objects.get(public_id="kate"), row.versions.get()
    done(edward, row, "pass_screening")
    done(edward, row, "take_lighter_route", {"met": LIGHTER, "reason": "It is only tested."})
    to_committee(version, kate, "committee_secretary")
    in_state(row, "with_committee")
    decide(monkeypatch, None)
    assert step(edward, row, "publish").status_code == 403
    public = f"/assessments/{row.reference}/"
    assert new_client().get(public).status_code == 404
    decide(monkeypatch, outcome)
    decided(version, outcome, kate, "committee_chair")
    assert "version for the public is not ready" in Page(step(edward, row, "publish")).text
    assert assessment_of(row).state == "to_publish"
    done(edward, row, "publish", {"read": "on"})
    assert assessment_of(row).state == "published"
    last = entries(row)[-1]
    assert (last["type"], last["look_again_on"]) == ("assessment.published", "2028-03-02")
    page = Page(new_client().get(public))
    assert "It is only tested." in page.text
    assert "An answer in plain words." in page.text
    assert "edward" not in page.html.lower()
    assert row.reference in Page(new_client().get("/assessments/")).html
    # Overdue is computed, never stored.
    assert not stops_releases(row, date(2028, 3, 2))
    assert stops_releases(row, date(2028, 3, 3))
    clock.advance(timedelta(days=800))
    text = Page(browser_of("edward").get(f"/desk/{row.reference}/assessment/")).text
    assert "Overdue. The assessment is overdue: no new data are made." in text


def test_a_request_for_changes_sends_the_assessment_back_with_its_version(
    row: Any, edward: Any
) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.desk.publishing import decided, to_committee

    kate, version = User.objects.get(public_id="kate"), row.versions.get()
    to_committee(version, kate, "committee_secretary")
    assert assessment_of(row).state == "waiting"  # what is not settled never gets there
    done(edward, row, "pass_screening")
    done(edward, row, "take_lighter_route", {"met": LIGHTER, "reason": "It is only tested."})
    decided(version, "approve", kate, "committee_chair")
    assert assessment_of(row).state == "lighter_route"  # the committee never had it
    to_committee(version, kate, "committee_secretary")
    decided(version, "resubmit", kate, "committee_chair")
    assert assessment_of(row).state == "returned"
    assert entries(row)[-1]["step"] == "ask_for_changes"


def test_the_committees_pages_move_the_assessment_with_the_application(
    row: Any, edward: Any
) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.desk.publishing import follow

    kate = User.objects.get(public_id="kate")
    version = row.versions.get()
    with pytest.raises(CommonwealError):
        follow(version, "put_to_committee", kate, "committee_secretary", ("lighter_route_met",))
    done(edward, row, "pass_screening")
    done(edward, row, "take_lighter_route", {"met": LIGHTER, "reason": "It is only tested."})
    with pytest.raises(Refused):
        follow(version, "put_to_committee", kate, "committee_secretary")
    follow(version, "put_to_committee", kate, "committee_secretary", ("lighter_route_met",))
    follow(version, "record_approval", kate, "committee_secretary", ("decision_yes",))
    assert assessment_of(row).state == "to_publish"
    assert edward.get(f"/desk/{row.reference}/assessment/publish/").status_code == 200


@pytest.mark.parametrize(
    ("begins", "months", "found"),
    [
        (date(2026, 3, 2), 24, date(2028, 3, 2)), (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)), (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)  # fmt: skip
def test_months_later(begins: date, months: int, found: date) -> None:
    from commonweal.web.desk.publishing import months_later

    assert months_later(begins, months) == found


def test_nothing_is_done_with_the_assessment_of_what_was_taken_back(
    row: Any, amara: Any, edward: Any
) -> None:
    assert amara.post(f"/applications/{row.reference}/withdraw/").status_code == 302
    assert step(edward, row, "pass_screening").status_code == 403
    text = Page(edward.get(f"/desk/{row.reference}/assessment/")).text
    assert "Taken back." in text
    assert "What you can do now" not in text
    mine = f"/applications/{row.reference}/points/"
    in_state(row, "withdrawn", "record_written")
    assert amara.post(mine, {**REPLIES, "send": "1"}).status_code == 403
    assert assessment_of(row).state == "record_written"
