"""The yearly review on the ledger: overdue pauses by itself, and only a signed acceptance ends it.

The dates are those of the machine rooms: nobody clicks anything between the day and the day after.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import digest, parse_json
from commonweal.governance.dossier.judge import judge_step
from commonweal.governance.dossier.reviewing import judge_review
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.state import PermitLive
from commonweal.papers.register import Register
from commonweal.papers.yearly_review import YearlyReview, first_due, next_due
from commonweal.vault.custody import Custody, load_permit, publish_register, status_of
from commonweal.vault.custody.acts import record_act, void_act
from commonweal.vault.custody.kept_reviews import FOLDER
from commonweal.vault.custody.permit_steps import step_from_acts
from commonweal.vault.custody.permits import change_state, find_permit
from commonweal.vault.custody.reviewing import Accepted, accept_review, accepted_before
from tests.unit.custody.committee import staffed as staffed
from tests.unit.custody.committee import staffed_made as staffed_made
from tests.unit.custody.support import Place
from tests.unit.custody.test_committee_permits import House, refused
from tests.unit.custody.test_policy import real as real

SUMMARY = "We counted stays in hospital for people with asthma. We found that fewer came back."
ISSUED = "permit.issued"


@pytest.fixture
def house(staffed: Place) -> House:
    return House(staffed)


@contextmanager
def permitted(house: House) -> Iterator[tuple[Custody, Any]]:
    """A committee's permit that lasts for years, while work under it goes on."""
    with house.place.open() as custody:
        desk = house.desk(custody)
        desk.version["draft"]["until"] = "2031-12-31"
        yield custody, house.issue(custody, desk.complete())


def due_of(custody: Custody) -> date:
    standing = custody.ledger.permit_standing("permit-1")
    assert standing is not None
    assert standing.review_by is not None
    return standing.review_by


def go_to(house: House, day: date, *, hours: float = 12) -> None:
    now = house.place.clock.now()
    there = datetime(day.year, day.month, day.day, tzinfo=now.tzinfo) + timedelta(hours=hours)
    house.place.clock.advance(there - now)


def review(due: date, **changes: Any) -> YearlyReview:
    plain = {
        "yearly_review": 1, "permit": "permit-1", "due": due.isoformat(), "form": "annual-review",
        "form_version": 1, "answers": {"progress": "Counted."}, "summary": SUMMARY,
        "sent_by": "applies",
    }  # fmt: skip
    return YearlyReview.read(plain | changes, "The yearly review")


def signed(house: House, custody: Custody, who: str, kind: str, made: YearlyReview) -> Any:
    verdict = {"send_review": "send", "accept_review": "accept"}[kind]
    act = house.signed(custody, who, kind, verdict, made.digest(), subject=made.permit)
    record_act(custody, act)
    return act


def both(house: House, custody: Custody, made: YearlyReview) -> list[Any]:
    return [
        signed(house, custody, "applies", "send_review", made),
        signed(house, custody, "ivy", "accept_review", made),
    ]


def accept(house: House, custody: Custody, made: YearlyReview) -> Accepted:
    return accept_review(custody, made.canonical(), both(house, custody, made), judge_review)


def state(custody: Custody, permit: Any) -> tuple[str, str | None]:
    status = status_of(custody, permit)
    return status.state, status.reason


def may(custody: Custody, permit: Any) -> str:
    """The code of the refusal to build a release now, or an empty text."""
    from commonweal.foundation.errors import CommonwealError

    at = custody.clock.now()
    try:
        permit.check("release", None, at, status_of(custody, permit))
    except CommonwealError as error:
        return error.code
    return ""


# --- the dates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "accepted", "following"),
    [
        ("2027-03-02", "2027-01-10", "2028-03-02"),
        ("2027-03-02", "2027-06-30", "2028-03-02"),
        ("2027-03-02", "2028-03-01", "2028-03-02"),
        ("2027-03-02", "2028-03-02", "2029-03-02"),
        ("2027-03-02", "2030-08-01", "2031-08-01"),
        ("2028-02-29", "2028-02-01", "2029-02-28"),
    ],
)
def test_the_next_review_is_a_year_after_this_one(due: str, accepted: str, following: str) -> None:
    found = next_due(date.fromisoformat(due), date.fromisoformat(accepted))
    assert found.isoformat() == following


def test_a_newer_permit_does_not_put_the_review_off() -> None:
    assert first_due(date(2027, 1, 9)) == date(2028, 1, 9)
    assert first_due(date(2027, 1, 9), (), date(2027, 3, 2)) == date(2027, 3, 2)
    assert first_due(date(2027, 1, 9), (), date(2029, 3, 2)) == date(2028, 1, 9)


def test_the_permits_own_dates_come_first_and_never_later() -> None:
    named = (date(2026, 1, 1), date(2027, 6, 1), date(2029, 1, 1))
    assert first_due(date(2027, 1, 9), named) == date(2027, 6, 1)
    assert next_due(date(2027, 6, 1), date(2027, 5, 20), named) == date(2028, 6, 1)
    assert next_due(date(2028, 6, 1), date(2028, 5, 20), named) == date(2029, 1, 1)
    assert next_due(date(2028, 6, 1), date(2029, 1, 5), named) == date(2029, 6, 1)


# --- what machines may do -----------------------------------------------------------------------


def test_the_day_the_day_after_and_after_acceptance(house: House) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        assert due == first_due(custody.clock.now().date())
        go_to(house, due - timedelta(days=1))
        assert (state(custody, permit), may(custody, permit)) == (("active", None), "")
        go_to(house, due, hours=23.99)
        made = review(due)
        assert (state(custody, permit), may(custody, permit)) == (("active", None), "")
        go_to(house, due + timedelta(days=1), hours=0)
        assert state(custody, permit) == ("paused", "yearly_review_overdue")
        assert may(custody, permit) == "CW-PERMIT-REVIEW-OVERDUE"
        done = accept(house, custody, made)
        assert done.review_by == next_due(due, due) == due_of(custody)
        assert (state(custody, permit), may(custody, permit)) == (("active", None), "")
        assert accepted_before(custody, made) == done
        go_to(house, done.review_by + timedelta(days=1))
        assert may(custody, permit) == "CW-PERMIT-REVIEW-OVERDUE"


def test_the_ledger_itself_lets_no_new_work_start_and_running_work_end(house: House) -> None:
    with permitted(house) as (custody, permit):
        go_to(house, due_of(custody) + timedelta(days=1))
        new = Event("release.authorised", Actor("data_manager", "max"),
                    {"permit": permit.id, "release": f"{permit.id}.r1"})  # fmt: skip
        with custody.ledger.transaction() as writing:
            refused("CW-PERMIT-NOT-LIVE", writing.append, new)
            plain = {"permit": permit.id, "due_on": "2030-01-01"}
            running = Event("closing.owed", Actor("system", "service"), plain)
            refused("CW-PERMIT-NOT-LIVE", writing.append, running, None, PermitLive(permit.id))
            writing.append(running, None, PermitLive(permit.id, ("active", "paused")))


def test_a_status_of_the_last_day_does_not_outlive_it(house: House) -> None:
    with permitted(house) as (custody, permit):
        go_to(house, due_of(custody), hours=23.99)
        status = status_of(custody, permit)
        permit.check("release", None, status.as_of, status)
        later = status.as_of + timedelta(minutes=4)
        refused("CW-PERMIT-REVIEW-OVERDUE", permit.check, "release", None, later, status)


def test_a_clock_that_goes_back_is_refused_and_does_not_help(house: House) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due + timedelta(days=1))
        # Something is written on the day after; then the machine's clock is set back.
        signed(house, custody, "ivy", "accept_review", review(due))
        go_to(house, due - timedelta(days=9))
        refused("CW-CLOCK-BEHIND", status_of, custody, permit)
        refused("CW-CLOCK-BEHIND", custody.ledger.permit_standing, permit.id)


# --- stopped for another reason -----------------------------------------------------------------


def test_nobody_resumes_past_an_overdue_review(house: House) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due + timedelta(days=1))
        acts = []
        for who in ("guardian", "siro"):
            act = house.signed(custody, who, "resume", "resume", permit.digest(), subject=permit.id)
            record_act(custody, act)
            acts.append(act)
        refused("CW-PERMIT-REVIEW-OVERDUE", step_from_acts, custody, permit.id, "resume", acts,
                judge_step)  # fmt: skip
        path = find_permit(custody, permit.id)
        refused("CW-PERMIT-REVIEW-OVERDUE", change_state, custody, path, "resume")
        assert may(custody, permit) == "CW-PERMIT-REVIEW-OVERDUE"


@pytest.mark.parametrize(
    ("step", "code"), [("pause", "CW-PERMIT-PAUSED"), ("suspend", "CW-PERMIT-SUSPENDED")]
)
def test_a_stop_by_a_person_outlasts_the_acceptance(house: House, step: Any, code: str) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due + timedelta(days=1))
        path = find_permit(custody, permit.id)
        change_state(custody, path, step)
        assert may(custody, permit) == code
        accept(house, custody, review(due))
        assert may(custody, permit) == code
        change_state(custody, path, "resume")
        assert may(custody, permit) == ""


def test_resumed_before_the_review_is_accepted_it_still_waits(house: House) -> None:
    with permitted(house) as (custody, permit):
        path = find_permit(custody, permit.id)
        change_state(custody, path, "suspend")
        go_to(house, due_of(custody) + timedelta(days=1))
        assert state(custody, permit) == ("suspended", None)
        change_state(custody, path, "resume")
        assert state(custody, permit) == ("paused", "yearly_review_overdue")


def test_a_permit_that_has_ended_is_not_reviewed(house: House) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due - timedelta(days=3))
        change_state(custody, find_permit(custody, permit.id), "close")
        made = review(due)
        refused("CW-LEDGER-STATE", accept_review, custody, made.canonical(),
                both(house, custody, made), judge_review)  # fmt: skip


# --- what is not an acceptance ------------------------------------------------------------------


def test_not_without_both_people(house: House) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due + timedelta(days=2))
        made = review(due)
        content = made.canonical()
        sent = signed(house, custody, "applies", "send_review", made)
        taken = signed(house, custody, "ivy", "accept_review", made)
        unheard = house.signed(
            custody, "ivy", "accept_review", "accept", made.digest(), subject=permit.id
        )
        for acts, code in (
            ([], "CW-STEP-ACTS"),
            ([sent], "CW-STEP-ACTS"),
            ([taken], "CW-STEP-ACTS"),
            ([sent, taken, taken], "CW-STEP-ACTS"),
            ([sent, sent], "CW-STEP-ACTS"),
            ([sent, unheard], "CW-ACT-NOT-RECORDED"),
        ):
            refused(code, accept_review, custody, content, acts, judge_review)
        assert may(custody, permit) == "CW-PERMIT-REVIEW-OVERDUE"
        assert not (custody.home.path / FOLDER).exists()
        accept_review(custody, content, [sent, taken], judge_review)


def test_not_what_somebody_else_wrote(house: House) -> None:
    """The bytes are those that both people signed, to the last letter."""
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due + timedelta(days=2))
        made = review(due)
        acts = both(house, custody, made)
        for changes in (
            {"summary": "All is well."},
            {"sent_by": "dean"},
            {"answers": {"progress": "Nothing."}},
        ):
            other = review(due, **changes).canonical()
            refused("CW-STEP-ACTS", accept_review, custody, other, acts, judge_review)
        for broken in (b'{"yearly_review":1}', made.canonical().replace(b'"form"', b'"farm"')):
            refused("CW-REVIEW-INVALID", accept_review, custody, broken, acts, judge_review)
        assert may(custody, permit) == "CW-PERMIT-REVIEW-OVERDUE"


def test_not_by_the_project_itself_and_not_before_it_was_sent(house: House) -> None:
    with permitted(house) as (custody, _):
        due = due_of(custody)
        go_to(house, due)
        mine = review(due, sent_by="ivy")
        acts = [
            signed(house, custody, "applies", "send_review", mine),
            signed(house, custody, "ivy", "accept_review", mine),
        ]
        refused("CW-STEP-ACTS", accept_review, custody, mine.canonical(), acts, judge_review)
        early = review(due)
        backwards = [
            signed(house, custody, "ivy", "accept_review", early),
            signed(house, custody, "applies", "send_review", early),
        ]
        refused("CW-STEP-ACTS", accept_review, custody, early.canonical(), backwards, judge_review)

        def named(*args: Any, **more: Any) -> Any:
            return judge_review(*args, **(more | {"not_by": ("IVY",)}))

        fair = both(house, custody, early)
        refused("CW-STEP-ACTS", accept_review, custody, early.canonical(), fair, named)


def test_an_acceptance_waits_for_a_week_and_no_longer(house: House) -> None:
    with permitted(house) as (custody, _):
        due = due_of(custody)
        go_to(house, due - timedelta(days=30))
        made = review(due)
        sent = signed(house, custody, "applies", "send_review", made)
        old = signed(house, custody, "ivy", "accept_review", made)
        house.place.clock.advance(timedelta(days=7, hours=1))
        refused("CW-STEP-ACTS", accept_review, custody, made.canonical(), [sent, old], judge_review)
        fresh = signed(house, custody, "ivy", "accept_review", made)
        accept_review(custody, made.canonical(), [sent, fresh], judge_review)


def test_one_review_for_one_year(house: House) -> None:
    """Neither the same one again, nor next year's now: a project cannot collect years."""
    with permitted(house) as (custody, _):
        due = due_of(custody)
        go_to(house, due - timedelta(days=100))
        made = review(due)
        acts = both(house, custody, made)
        refused("CW-REVIEW-EARLY", accept_review, custody, made.canonical(), acts, judge_review)
        go_to(house, due - timedelta(days=60))
        done = accept(house, custody, made)
        again = both(house, custody, made)
        refused("CW-REVIEW-OTHER-YEAR", accept_review, custody, made.canonical(), again,
                judge_review)  # fmt: skip
        following = review(done.review_by)
        ahead = both(house, custody, following)
        refused("CW-REVIEW-EARLY", accept_review, custody, following.canonical(), ahead,
                judge_review)  # fmt: skip
        unknown = review(due, permit="permit-9")
        refused("CW-PERMIT-UNKNOWN", accept_review, custody, unknown.canonical(), [], judge_review)


def test_a_failure_in_the_middle_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due + timedelta(days=2))
        made = review(due)
        acts = both(house, custody, made)
        place = "commonweal.vault.custody.reviewing.keep"

        def broken(*_: Any) -> None:
            raise OSError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(place, broken)
            with pytest.raises(OSError, match="disk"):
                accept_review(custody, made.canonical(), acts, judge_review)
        assert may(custody, permit) == "CW-PERMIT-REVIEW-OVERDUE"
        assert accepted_before(custody, made) is None
        accept_review(custody, made.canonical(), acts, judge_review)
        assert may(custody, permit) == ""


# --- what the register says ---------------------------------------------------------------------


def test_the_register_tells_the_summary_that_was_logged_and_no_other(house: House) -> None:
    with permitted(house) as (custody, permit):
        due = due_of(custody)
        go_to(house, due)
        done = accept(house, custody, review(due))
        file = custody.home.path / "public" / "register.json"
        read = Register.read(parse_json(file.read_bytes(), "The register"), "The register")
        read.check()
        (entry,) = read.entries
        (told,) = entry.reviews
        assert (told.due, told.summary) == (due, SUMMARY)
        assert entry.review_by == done.review_by
        assert entry.events[-1].what == "reviewed"
        # Somebody changes the file that the home keeps: the register leaves its words out.
        kept = custody.home.path / FOLDER / f"{permit.id}.{due}.json"
        kept.write_bytes(review(due, summary="All is very well.").canonical())
        publish_register(custody)
        again = Register.read(parse_json(file.read_bytes(), "The register"), "The register")
        assert again.entries[0].reviews[0].summary is None
        assert told.review_hash == digest(review(due).public_projection())
        # Somebody changes the register itself: nothing of it is shown.
        plain = read.plain()
        plain["entries"][0]["reviews"][0]["summary"] = "All is very well."
        refused("CW-WEB-REGISTER", Register.read(plain, "The register").check)


def test_a_direct_permit_has_no_review(house: House) -> None:
    """Nobody applied for it, so nobody could send one."""
    with house.place.open() as custody:
        permit = house.issue(custody, house.desk(custody).complete())
        assert load_permit(custody, find_permit(custody, permit.id)).authority == "committee"
        with custody.ledger.transaction() as writing:
            refused("CW-LEDGER-STATE", writing.append, Event(
                "permit.reviewed", Actor("signer", "signer"),
                {"permit": "asthma-1", "review_hash": digest({}), "review_by": "2030-01-01"},
            ))  # fmt: skip


def test_an_acceptance_that_was_void_lets_nobody_work(house: House) -> None:
    with permitted(house) as (custody, permit):
        go_to(house, due_of(custody) + timedelta(days=1))
        made = review(due_of(custody))
        acts = both(house, custody, made)
        void_act(custody, acts[1].act.id, "CW-STATE-STEP")
        refused("CW-ACT-VOID", accept_review, custody, made.canonical(), acts, judge_review)
        assert state(custody, permit) == ("paused", "yearly_review_overdue")
        acts[1] = signed(house, custody, "ivy", "accept_review", made)
        accept_review(custody, made.canonical(), acts, judge_review)
        assert state(custody, permit)[0] == "active"
