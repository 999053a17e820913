"""Changes and renewals, from the request to the permit that takes the old one's place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.web.projects.changing import (
    Change,
    a_year_longer,
    another_purpose,
    later,
    one_variable_less,
)
from tests.web.projects.room import Road, code, put, user

FROM, WHOLE = "permitted", True
SAY_NO = timedelta(days=28)


@pytest.fixture
def change(road: Road) -> Change:
    """A project whose permit has begun; nothing is asked for yet."""
    return Change(road.home, of=road)


def test_a_small_change_is_agreed_and_takes_the_place_at_once(change: Change) -> None:
    with later():
        change.of.work()
        assert change.states() == ("active", "")
        change.begun().write(one_variable_less).sent().taken_up()
        change.agree_small()
        assert change.application.state == "approved"
        change.to_permit()
        assert (change.order.state, change.order.sentence) == ("done", "")
        assert change.permit.reference == change.paper.permit_id
        # Nothing more is allowed than before, so nothing more is announced.
        assert change.states() == ("superseded", "active")
        change.work()
        change.of.agreement.refresh_from_db()
        assert change.of.agreement.state == "replaced"


def test_a_change_that_allows_more_waits_for_people_to_say_no_and_leaves_no_gap(
    change: Change,
) -> None:
    with later() as clock:
        change.begun(why="We also plan services.").write(another_purpose).sent().reviewed()
        change.to_permit()
        assert change.states() == ("active", "announced")
        clock.advance(SAY_NO - timedelta(seconds=1))
        assert change.states() == ("active", "announced")
        clock.advance(timedelta(seconds=1))
        assert change.states() == ("superseded", "active")
        # The ledger hears of it when the signer works again, and the rows follow.
        assert on_ledger(change, "permit.superseded") == []
        change.work()
        assert on_ledger(change, "permit.superseded") == [change.of.permit.reference]
        assert (change.of.permit.state, change.permit.state) == ("superseded", "active")


def test_the_request_is_filled_in_with_what_was_approved(change: Change) -> None:
    with later():
        change.begun(why="Because.")
        from commonweal.web.applications.contents import held

        content, was = held(change.application.draft).content, change.of.paper.content
        assert content.project.replaces == change.of.permit.reference
        assert content.project.change_reason == "Because."
        gone = {"project": None, "declarations": None}
        assert content.model_copy(update=gone) == was.model_copy(update=gone)
        assert content.declarations == ()
        assert held(change.application.draft).answers["dpia"].values
        assert change.of.permit.amendments.get().application == change.application


def test_a_renewal_is_offered_late_and_always_for_the_committee(change: Change) -> None:
    from commonweal.web.amending.services import small_decision
    from commonweal.web.config import clock

    with later():
        assert code(lambda: change.begun("renewal")) == "CW-STATE-STEP"
    with later(timedelta(days=300)):
        change.begun("renewal", "The work takes longer.").write(a_year_longer).sent().taken_up()
        problem = code(lambda: small_decision(change.version, "Longer.", "Why not.", clock.now()))
        assert problem == "CW-COMMITTEE-ROUTE"
        assert code(lambda: change.agree_small()) == "CW-STATE-STEP"
        change.reviewed().to_permit()
        assert change.states() == ("active", "announced")


def test_a_renewal_without_a_later_day_is_not_sent(change: Change) -> None:
    with later(timedelta(days=300)):
        change.begun("renewal").write(one_variable_less)
        assert code(change.sent) == "CW-AMEND-NOTHING"


# --- what ends without a newer permit ---------------------------------------------------------


def test_a_request_that_is_taken_back_leaves_the_permit_and_makes_room_for_another(
    change: Change,
) -> None:
    from commonweal.web.applications.services import withdraw

    with later():
        change.begun().write(one_variable_less).sent()
        assert code(lambda: Change(change.home, of=change.of).begun()) == "CW-STATE-STEP"
        withdraw(user("amara"), change.application)
        assert change.states() == ("active", "")
        again = Change(change.home, of=change.of).begun()
        assert again.application.reference != change.application.reference


@pytest.mark.slow
def test_an_officer_who_refuses_a_change_leaves_the_permit_as_it_was(change: Change) -> None:
    with later():
        change.begun().write(another_purpose).sent().reviewed()
        change.offer()
        change.accept()
        change.countersign("owen", verdict="refuse", words="It goes too far.")
        change.work()
        assert (change.agreement.state, change.permit) == ("refused_by_officer", None)
        assert change.states() == ("active", "")
        assert change.of.agreement.state == "in_force"


@pytest.mark.parametrize("step", ["revoke", pytest.param("close", marks=pytest.mark.slow)])
def test_the_end_of_a_permit_ends_what_is_asked_of_it(change: Change, step: str) -> None:
    with later():
        change.begun().write(another_purpose).sent()
        change.of.take("owen", step, "guardian_decision")
        change.work()
        change.application.refresh_from_db()
        assert change.application.state == "withdrawn"
        assert change.states()[0] in ("revoked", "closed")


@pytest.mark.slow
def test_a_permit_that_runs_out_ends_what_is_asked_of_it(change: Change) -> None:
    with later(timedelta(days=300)) as clock:
        change.begun("renewal").write(a_year_longer).sent()
        clock.advance(timedelta(days=150))
        change.work()
        change.application.refresh_from_db()
        assert (change.application.state, change.states()) == ("withdrawn", ("expired", ""))


def test_an_agreement_that_is_under_way_ends_with_the_project(change: Change) -> None:
    with later():
        change.begun().write(another_purpose).sent().reviewed()
        change.offer()
        change.accept()
        change.of.take("owen", "revoke", "guardian_decision")
        change.work()
        assert (change.agreement.state, change.order) == ("ended", None)


@pytest.mark.slow
def test_a_permit_that_waits_ends_with_the_one_that_it_would_replace(change: Change) -> None:
    with later() as clock:
        change.begun().write(another_purpose).sent().reviewed().to_permit()
        change.of.take("owen", "revoke", "guardian_decision")
        change.work()
        assert change.states() == ("revoked", "revoked")
        clock.advance(SAY_NO)
        assert change.states() == ("revoked", "revoked")


# --- who may ----------------------------------------------------------------------------------


def test_only_who_writes_the_project_asks_for_a_change(change: Change) -> None:
    from commonweal.web.amending.services import begin

    def asked_by(who: str) -> str:
        return code(lambda: begin(user(who), change.of.permit, "amendment", "Why."))

    with later():
        found = {who: asked_by(who) for who in ("edward", "owen", "colin", "grace")}
        assert set(found.values()) == {"CW-WEB-DENIED"}, found


def test_a_permit_that_is_only_announced_is_not_changed(change: Change) -> None:
    assert code(lambda: change.begun()) == "CW-STATE-STEP"


def test_a_request_says_why(change: Change) -> None:
    with later():
        assert code(lambda: change.begun(why="")) == "CW-AMEND-NOTHING"
        assert code(lambda: change.begun(why=" \r\n ")) == "CW-AMEND-NOTHING"
        assert code(lambda: change.begun(why="x" * 5001)) == "CW-AMEND-NOTHING"
        assert change.of.permit.amendments.count() == 0


def test_an_officer_whom_the_change_names_does_not_agree_it(change: Change) -> None:
    def edward_joins(typed: dict[str, Any]) -> None:
        typed["people"].append(typed["people"][0] | {"account": "edward", "name": "Edward"})

    with later():
        change.begun().write(edward_joins).sent()
        put(change.application, state="screening")
        change.application.refresh_from_db()
        assert code(change.agree_small) == "CW-COMMITTEE-CONFLICT"
        assert code(lambda: change.agree_small("owen")) != ""


def test_a_request_is_about_its_own_permit(change: Change) -> None:
    wrong: list[tuple[Any, str]] = [
        (lambda t: t["project"].update(replaces="somebody-elses"), "CW-AMEND-OTHER"),
        (lambda t: t["project"].update(id="another-project"), "CW-AMEND-OTHER"),
        (lambda t: t["project"].pop("replaces"), "CW-AMEND-OTHER"),
        (lambda t: t["project"].pop("change_reason"), "CW-AMEND-NOTHING"),
    ]
    with later():
        change.begun()
        whole = change.application.draft.content
        for what, refused_with in wrong:
            put(change.application.draft, content=whole)
            change.write(what)
            assert code(change.sent) == refused_with


def on_ledger(change: Change, kind: str) -> list[str]:
    with change.custody() as custody, custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT permit FROM intent WHERE type = ? AND permit LIKE 'a-%' ORDER BY id", (kind,)
        )
        return [str(row[0]) for row in rows]
