"""A year of a project in the service: due, late, sent, asked about, accepted; and who may what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from tests.web.projects.room import code, put, user
from tests.web.reviews.room import SUMMARY, Reviewed

LATE = "CW-PERMIT-REVIEW-OVERDUE"
DAY = timedelta(days=1)


def letters(kind: str) -> set[str]:
    from commonweal.web.letters.models import Letter

    return {one.person.public_id for one in Letter.objects.filter(kind=kind)}


# --- the road -----------------------------------------------------------------------------------


def test_a_year_goes_by_until_the_review_is_accepted(house: Reviewed) -> None:
    from commonweal.web.ledgerlink.models import Intent

    due = house.due
    house.follow()
    assert (house.row.state, house.row.due_on) == ("not_yet_due", due)
    house.go(due - timedelta(weeks=8) - DAY)
    house.follow()
    assert (house.row.state, letters("review_due")) == ("not_yet_due", set())
    house.go(due - timedelta(weeks=8))
    house.follow()
    assert (house.row.state, letters("review_due")) == ("due", {"amara"})
    house.go(due, 23.9)
    house.follow()
    assert (house.row.state, house.machines(), house.permit.state) == ("due", "", "active")
    house.go(due + DAY, 0.1)
    assert house.machines() == LATE  # before any worker looked at it
    house.follow()
    assert (house.row.state, house.permit.state) == ("overdue", "paused")
    assert {"amara", "edward", "farah"} <= letters("review_late")
    house.fill()
    house.send_review()
    assert (house.row.state, house.machines()) == ("sent", LATE)
    house.accept_review()
    assert (house.row.state, house.machines()) == ("sent", LATE)  # the signer has not seen it
    house.follow()
    assert (house.machines(), house.permit.state) == ("", "active")
    assert house.due == due.replace(year=due.year + 1)
    assert (house.row.state, house.row.due_on) == ("not_yet_due", house.due)
    assert letters("review_accepted") == {"amara"}
    told = Intent.objects.filter(type__startswith="review.").order_by("pk")
    assert list(told.values_list("type", flat=True)) == [
        *["review.moved"] * 3, "review.sent", "review.accepted", "review.moved",
    ]  # fmt: skip


def test_questions_are_answered_and_signed_with_the_rest(house: Reviewed) -> None:
    from commonweal.web.applications.contents import fingerprint
    from commonweal.web.reviews import services
    from commonweal.web.reviews.contents import sent_paper

    house.sent()
    first = house.row.digest
    services.ask(user("edward"), house.row, "Who are the two patients?", seen=house.row.digest)
    assert (
        code(lambda: services.accept(user("edward"), house.row, seen=house.row.digest))
        == "CW-STATE-STEP"
    )
    assert code(lambda: services.send(user("amara"), house.row)) == "CW-REVIEW-NOT-COMPLETE"
    (question,) = house.row.questions.all()
    key, nothing = str(question.pk), fingerprint("")
    long = {key: "Two of our panel. " * 300}
    assert services.save_replies(user("amara"), house.row, long, {key: nothing}) == {}
    assert code(lambda: services.send(user("amara"), house.row)) == "CW-REVIEW-INPUT"
    now = {key: fingerprint(long[key])}
    mine, theirs = {key: "Two of our panel."}, {key: "One."}
    assert services.save_replies(user("amara"), house.row, mine, now) == {}
    assert services.save_replies(user("amara"), house.row, theirs, now) == mine
    house.send_review()
    paper = sent_paper(house.row)
    assert paper is not None
    assert [(one.question, one.answer) for one in paper.asked] == [
        ("Who are the two patients?", "Two of our panel.")
    ]
    assert house.row.digest != first
    house.accept_review()
    house.follow()
    assert house.due.year == house.row.due_on.year


def test_the_committee_gives_advice(house: Reviewed) -> None:
    from commonweal.web.reviews import services

    house.sent()
    services.put_to_committee(user("edward"), house.row, seen=house.row.digest)
    assert (
        code(lambda: services.accept(user("edward"), house.row, seen=house.row.digest))
        == "CW-STATE-STEP"
    )
    assert (
        code(lambda: services.give_back(user("hamish"), house.row, "Yes.", seen=house.row.digest))
        == "CW-STATE-ROLE"
    )
    assert (
        code(lambda: services.give_back(user("grace"), house.row, " ", seen=house.row.digest))
        == "CW-REVIEW-INPUT"
    )
    services.give_back(
        user("grace"), house.row, "Ask for the figures next year.", seen=house.row.digest
    )
    assert (house.row.state, house.row.advice) == ("sent", "Ask for the figures next year.")
    house.accept_review()
    house.follow()
    assert house.machines() == ""


def test_a_summary_that_tells_of_people_is_not_accepted(house: Reviewed) -> None:
    from commonweal.web.reviews import services
    from commonweal.web.reviews.presenters import review_page

    house.go(house.due - timedelta(days=30))
    house.follow()
    house.fill(summary="Mrs Anna Smith and 12 other patients died. Nobody knows why.")
    house.send_review()
    edward, row = user("edward"), house.row
    shown = review_page(edward, row, frozenset({"ig_officer"}))["found"]
    assert {one["words"] for one in shown if one["stops"]} >= {"12 other patients"}
    assert code(lambda: services.accept(edward, row, seen=row.digest)) == "CW-REVIEW-SUMMARY"
    services.ask(edward, row, "Please take out whom it was about.", seen=row.digest)
    assert house.row.state == "queried"  # the project can write it anew


def test_nothing_is_done_with_a_review_that_was_sent_anew_meanwhile(house: Reviewed) -> None:
    from commonweal.web.reviews import services
    from commonweal.web.reviews.handlers import AcceptHandler

    house.sent()
    edward, read = user("edward"), house.row.digest
    act = services.accept(edward, house.row, seen=read)
    assert ("What everybody can read", SUMMARY) in AcceptHandler().told(act).lines
    put(house.row, digest="sha256:" + "0" * 64)
    for stale in (
        lambda: services.accept(edward, house.row, seen=read),
        lambda: services.ask(edward, house.row, "Why?", seen=read),
        lambda: services.put_to_committee(edward, house.row, seen=read),
        lambda: AcceptHandler().told(act),
    ):
        with pytest.raises(CommonwealError, match="has changed since this was opened") as caught:
            stale()
        assert caught.value.code == "CW-STATE-STEP"
    assert house.row.state == "sent"


# --- who may ------------------------------------------------------------------------------------

MAY = {
    "amara": set(),
    "edward": {"ask", "put_to_committee", "accept"},
    "farah": set(),
    "owen": set(),
    "priya": set(),
    "quentin": set(),
    "grace": set(),
    "colin": set(),
}  # fmt: skip


@pytest.mark.parametrize("who", MAY)
def test_who_may_do_what_with_a_review_that_was_sent(house: Reviewed, who: str) -> None:
    from commonweal.web.reviews import services

    house.sent()
    row, person = house.row, user(who)
    tries: dict[str, Any] = {
        "ask": lambda: services.ask(person, row, "Why?", seen=row.digest),
        "put_to_committee": lambda: services.put_to_committee(person, row, seen=row.digest),
        "accept": lambda: services.accept(person, row, seen=row.digest),
        "give_back": lambda: services.give_back(person, row, "Fine.", seen=row.digest),
        "send": lambda: services.send(person, row),
        "save": lambda: services.save_replies(person, row, {}, {}),
    }
    done = set()
    for name, act in tries.items():
        before = (row.state, row.questions.count())
        if code(act) == "":
            done.add(name)
        row.refresh_from_db()
        if name != "accept" and name in done:
            put(row, state="sent")
            row.refresh_from_db()
        else:
            assert (row.state, row.questions.count()) == before
    assert done == MAY[who]


def test_nobody_accepts_a_project_that_names_them(house: Reviewed) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.reviews import services

    hospital = Organisation.objects.get(kind="custodian")
    give_role(user("amara"), hospital, "ig_officer", Actor("system", "tests"))
    house.sent()
    assert (
        code(lambda: services.accept(user("amara"), house.row, seen=house.row.digest))
        == "CW-STATE-ROLE"
    )


def test_not_long_before_its_day(house: Reviewed) -> None:
    from commonweal.web.reviews import services

    house.go(house.due - timedelta(days=93))
    house.follow()
    house.fill()
    assert code(lambda: services.send(user("amara"), house.row)) == "CW-REVIEW-EARLY"


# --- what somebody does who owns the database ---------------------------------------------------


def test_a_row_that_says_accepted_lets_no_machine_go_on(house: Reviewed) -> None:
    house.go(house.due + DAY)
    house.follow()
    put(house.row, state="accepted", accepted_on=house.due)
    put(house.permit, state="active")
    assert house.machines() == LATE
    house.later(timedelta(minutes=2))
    house.follow()
    assert (house.row.state, house.permit.state, house.machines()) == ("due", "paused", LATE)


def test_an_order_without_the_acts_or_with_other_words_is_refused(house: Reviewed) -> None:
    from commonweal.web.config import clock
    from commonweal.web.reviews.models import ReviewOrder

    house.sent()
    row = house.row
    ordered = {"review": row, "content": row.content, "acts": [row.send_act],
               "made_at": clock.now()}  # fmt: skip
    order = ReviewOrder.objects.create(**ordered)
    house.follow()
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "CW-STEP-ACTS")
    house.accept_review()
    order.refresh_from_db()
    changed = bytes(row.content).replace(SUMMARY.encode(), b"All is well.")
    ReviewOrder.objects.filter(pk=order.pk).update(content=changed)
    house.follow()
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "CW-STEP-ACTS")
    house.go(house.due + DAY)
    assert (house.row.state, house.machines()) == ("sent", LATE)


def test_reviews_that_are_deleted_or_ended_in_the_database_stop_nothing_from_being_late(
    house: Reviewed,
) -> None:
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.reviews.models import Review

    house.follow()
    with governed_write():
        Review.objects.all().delete()
    house.go(house.due + DAY)
    assert house.machines() == LATE
    house.follow()
    assert (house.row.state, house.permit.state) == ("overdue", "paused")


def test_the_signer_was_cut_off_before_the_row_was_written(
    house: Reviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.reviews import workers

    house.sent()
    house.accept_review()

    def stopped(*_: Any) -> None:
        raise OSError("the machine stops")

    with monkeypatch.context() as patched:
        patched.setattr(workers, "_write", stopped)
        with pytest.raises(OSError, match="stops"):
            house.follow()
    due = house.due
    assert house.row.state == "sent"
    house.follow()
    assert (house.due, house.row.due_on) == (due, due)


def test_a_project_that_ended_owes_no_review(house: Reviewed) -> None:
    house.sent()
    with house.custody() as custody:
        from commonweal.vault.custody import change_state, find_permit

        change_state(custody, find_permit(custody, house.permit.reference), "close")
    house.follow()
    assert house.row.state == "ended"
