"""A worker that is cut off in the middle of each order: the next goes on, and nothing is twice.

Cut off means here: an exception that nothing of ours catches, raised where a kill would fall, and
no row written after it; then another worker, which remembers nothing, once the lease has run out.
(`tests/crash` kills real processes while outputs are frozen, judged and released.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from commonweal.foundation.errors import Refused, Unavailable
from tests.web.outputs.room import Airlock, asked, output, person, review_of
from tests.web.signing_room import sign_now


@pytest.fixture
def cutting() -> Iterator[pytest.MonkeyPatch]:
    """Changes that a test takes back before its end; the room's own stay."""
    made = pytest.MonkeyPatch()
    yield made
    made.undo()


class Killed(BaseException):
    """As a kill: nobody catches it."""


def cut(cutting: pytest.MonkeyPatch, module: Any, name: str, *, after: bool) -> None:
    """Let the worker be killed before, or right after, it did `name`."""
    real = getattr(module, name)

    def killed(*given: Any, **more: Any) -> Any:
        if after:
            real(*given, **more)
        raise Killed

    cutting.setattr(module, name, killed)


def killed_then_done(airlock: Airlock, cutting: pytest.MonkeyPatch, order: Any) -> Any:
    """A worker that is killed, and then one that is not: the order as it ends."""
    with pytest.raises(Killed):
        airlock.work()
    order.refresh_from_db()
    assert order.state == "running"
    cutting.undo()
    airlock.anew()
    airlock.work()
    order.refresh_from_db()
    assert order.state == "running", "its lease has not run out"
    airlock.later(seconds=91)
    airlock.work(3)
    order.refresh_from_db()
    return order


@pytest.mark.parametrize("after", [False, True])
def test_a_check(airlock: Airlock, cutting: pytest.MonkeyPatch, after: bool) -> None:
    from commonweal.web.outputs.workers import checking

    airlock.job()
    order = asked()
    cut(cutting, checking, "check_and_freeze", after=after)
    killed_then_done(airlock, cutting, order)
    airlock.hour()
    airlock.work()
    order.refresh_from_db()
    assert (order.state, order.code) == ("done", "")
    assert (output().state, output().turn) == ("draft", 1)
    assert airlock.submitted().state == "in_review"
    assert len(airlock.events("output.submitted")) == 1
    loans = list((airlock.home / "airlock" / "answers").iterdir())
    assert loans == []


def test_a_check_that_was_done_is_not_done_again(
    airlock: Airlock, cutting: pytest.MonkeyPatch
) -> None:
    """Killed while it tells: the next tells what the first had found."""
    from commonweal.web.outputs.workers import checking

    airlock.job()
    order = asked()
    airlock.work()
    airlock.quarter()
    cut(cutting, checking, "_tell", after=False)
    with pytest.raises(Killed):
        airlock.work()
    cutting.undo()
    airlock.anew()

    def never(*_: Any) -> Any:
        raise AssertionError("it was checked before")

    cutting.setattr(checking, "check_and_freeze", never)
    airlock.later(seconds=91)
    airlock.work()
    order.refresh_from_db()
    assert order.state == "running"  # it would say when the worker came back
    airlock.quarter()
    airlock.work()
    order.refresh_from_db()
    assert (order.state, output().state) == ("done", "draft")


@pytest.mark.parametrize("after", [False, True])
def test_a_submission(airlock: Airlock, cutting: pytest.MonkeyPatch, after: bool) -> None:
    from commonweal.web.outputs import services
    from commonweal.web.outputs.workers import acting

    airlock.job()
    airlock.checked()
    act = sign_now(airlock.home, services.propose_submission(person("amara"), output(), "/"))
    cut(cutting, acting, "submit", after=after)
    done = killed_then_done(airlock, cutting, act.output_order)
    assert (done.state, output().state) == ("done", "in_review")
    assert len(airlock.events("output.submitted")) == 1


@pytest.mark.parametrize("after", [False, True])
def test_votes_and_the_release(airlock: Airlock, cutting: pytest.MonkeyPatch, after: bool) -> None:
    from commonweal.web.outputs.workers import acting, releasing

    airlock.job()
    airlock.checked()
    airlock.submitted()
    airlock.vote("tara")
    airlock.work()
    act = airlock.vote("umar")
    cut(cutting, acting, "take_vote", after=after)
    with pytest.raises(Killed):
        airlock.work()
    cutting.undo()
    airlock.anew()
    cut(cutting, releasing, "release", after=after)
    airlock.later(seconds=91)
    with pytest.raises(Killed):
        airlock.work(2)
    cutting.undo()
    airlock.anew()
    airlock.later(seconds=91)
    airlock.work(3)
    act.output_order.refresh_from_db()
    assert (act.output_order.state, output().state) == ("done", "released")
    for type_ in ("output.approved", "output.released"):
        assert len(airlock.events(type_)) == 1


def test_votes_that_came_at_one_moment(airlock: Airlock) -> None:
    """The signer heard both before the airlock saw one: neither is missed, and both count."""
    airlock.job()
    airlock.checked()
    airlock.submitted()
    acts = [airlock.vote(who) for who in ("tara", "umar")]
    airlock.work(3)
    for act in acts:
        act.output_order.refresh_from_db()
        assert act.output_order.state == "done"
    assert output().state == "released"


def test_a_vote_whose_row_is_being_written(airlock: Airlock) -> None:
    """The ledger heard of it, the row is not there yet: the other waits and is not lost."""
    from commonweal.web.outputs.models import OutputOrder
    from commonweal.web.signing.models import Act

    airlock.job()
    airlock.checked()
    airlock.submitted()
    first, second = (airlock.vote(who) for who in ("tara", "umar"))
    late = OutputOrder.objects.get(act=second)
    late.delete()
    Act.objects.filter(pk=second.pk).update(state="asked", heard_at=None, entry=None,
                                            settled_at=None)  # fmt: skip
    airlock.work(2)
    order = OutputOrder.objects.get(act=first)
    assert (order.state, order.code) == ("running", "")
    assert output().state == "in_review"
    Act.objects.filter(pk=second.pk).update(
        state="heard", heard_at=second.heard_at, entry=second.entry, settled_at=second.settled_at
    )
    late.pk = "0" * 32
    late.save(force_insert=True)
    airlock.later(seconds=10)
    airlock.work(4)
    order.refresh_from_db()
    assert (order.state, output().state) == ("done", "released")


@pytest.mark.parametrize("after", [False, True])
def test_taking_back(airlock: Airlock, cutting: pytest.MonkeyPatch, after: bool) -> None:
    from commonweal.web.outputs import services
    from commonweal.web.outputs.workers import acting

    airlock.job()
    airlock.checked()
    airlock.submitted()
    act = services.propose_withdrawal(person("amara"), output(), "/")
    act = sign_now(airlock.home, act)
    cut(cutting, acting, "withdraw", after=after)
    done = killed_then_done(airlock, cutting, act.output_order)
    assert (done.state, output().state) == ("done", "withdrawn")
    assert len([one for one in airlock.events("output.moved")]) == 1  # noqa: C416


@pytest.mark.parametrize("after", [False, True])
def test_a_download_and_a_recall(
    airlock: Airlock, cutting: pytest.MonkeyPatch, after: bool
) -> None:
    from commonweal.papers.output_manifest import OutputRecall
    from commonweal.web.outputs import services
    from commonweal.web.outputs.workers import acting, giving
    from commonweal.web.signing.services import propose

    airlock.job()
    airlock.released()
    order = services.ask_download(person("amara"), output())
    cut(cutting, giving, "download", after=after)
    done = killed_then_done(airlock, cutting, order)
    assert (done.state, bool(done.content)) == ("done", True)
    assert list((airlock.home / "airlock" / "giving").iterdir()) == []
    paper = OutputRecall.read({"output_recall": 1, "output": "job-1", "reasons": "A mistake.",
                               "at": "2026-03-02T09:00:00.000Z"}, "The recall")  # fmt: skip
    act = sign_now(airlock.home, propose(
        person("tara"), "output_checker", "recall_output", "recall", subject="job-1",
        object_digest=paper.digest(), back="/", wish={"recall": paper.plain()},
    ))  # fmt: skip
    cut(cutting, acting, "recall", after=after)
    done = killed_then_done(airlock, cutting, act.output_order)
    assert (done.state, output().state) == ("done", "recalled")
    assert len(airlock.events("output.recalled")) == 1


def test_what_is_only_busy_waits(airlock: Airlock, cutting: pytest.MonkeyPatch) -> None:
    from commonweal.web.outputs.workers import checking

    def busy(*_: Any) -> Any:
        raise Unavailable("CW-BUSY", "Another run is working.")

    airlock.job()
    order = asked()
    cutting.setattr(checking, "check_and_freeze", busy)
    for _ in range(5):
        with pytest.raises(Unavailable):
            airlock.work()
    order.refresh_from_db()
    assert (order.state, order.attempts) == ("queued", 0)


def test_a_check_that_is_cut_off_each_time_is_given_up(
    airlock: Airlock, cutting: pytest.MonkeyPatch
) -> None:
    from commonweal.web.outputs.workers import checking

    airlock.job()
    order = asked()
    cut(cutting, checking, "check_and_freeze", after=False)
    for _ in range(3):
        with pytest.raises(Killed):
            airlock.work()
        airlock.later(seconds=91)
    airlock.work()
    order.refresh_from_db()
    assert (order.state, order.code) == ("failed", "CW-LEAVING-CUT-OFF")


def test_a_refused_release_is_not_tried_every_second(
    airlock: Airlock, cutting: pytest.MonkeyPatch
) -> None:
    """Each try stands on the ledger; reviewers are told the code, the author is not."""
    from commonweal.airlock.leaving import releasing as room

    airlock.job()
    airlock.checked()
    airlock.submitted()

    def broken(*_: Any) -> Any:
        raise Refused("CW-LEAVING-PERMIT", "The permit is not the one.")

    cutting.setattr(room, "whole_history", broken)
    for who in ("tara", "umar"):
        airlock.vote(who)
    for _ in range(5):
        airlock.later(minutes=6)
        airlock.work(3)
    assert len(airlock.events("output.refused")) == 1
    row = output()
    assert (row.state, row.papers.refused) == ("approved", "CW-LEAVING-PERMIT")
    cutting.undo()
    airlock.anew()
    airlock.later(days=1)
    airlock.work(3)
    assert output().state == "released"


def test_time_alone_ends_an_output(airlock: Airlock) -> None:
    from commonweal.web.outputs.models import ReviewPapers

    airlock.job()
    airlock.checked()
    row = airlock.submitted()
    review = review_of(row, "approve")
    airlock.later(days=61)
    airlock.work()
    row = output()
    assert (row.state, row.told, row.ended_at) == ("expired", None, row.expires_at)
    assert not ReviewPapers.objects.exists()
    assert review.output == "job-1"


def test_rows_that_are_lost_are_told_anew(airlock: Airlock) -> None:
    from commonweal.web.outputs.models import Output

    airlock.job()
    row = airlock.released()
    Output.objects.all().delete()
    airlock.anew()
    airlock.work(2)
    again = output()
    assert (again.state, again.public, again.manifest) == ("released", row.public, row.manifest)
    assert again.public["output"] == "job-1"
