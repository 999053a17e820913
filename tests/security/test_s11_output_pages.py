"""S11: whoever owns the web process or its database lets no output leave.

They write rows as they like: votes, orders, states, contents. The airlock's worker believes none of
it. The naive twin counts the rows, and releases.
"""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.papers.acts import new_act
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.room import WORDS, Airlock, asked, output, person, review_of

CHECKERS = ("tara", "umar")


@pytest.fixture(name="house")
def in_review(airlock: Airlock) -> Airlock:  # noqa: F811
    """An output that waits for two people."""
    airlock.job()
    airlock.checked()
    airlock.submitted()
    return airlock


def naive_leaves(name: str = "job-1") -> bool:
    """The twin: two rows of votes that say yes are two votes."""
    from commonweal.web.outputs.models import OutputOrder

    rows = OutputOrder.objects.filter(kind="vote", output=name).select_related("act")
    return len({one.asked_by_id for one in rows if one.act and one.act.verdict == "approve"}) >= 2


def nothing_left(house: Airlock) -> bool:
    """No event, no folder, no download."""
    released = house.home / "airlock" / "released"
    there = [one for one in released.iterdir()] if released.is_dir() else []  # noqa: C416
    kinds = ("output.approved", "output.released", "output.downloaded")
    return not there and not any(house.events(one) for one in kinds)


def forged_act(who: str, review: Any, house: Airlock, **changed: Any) -> Any:
    """A vote that nobody signed: every column says that the ledger heard of it."""
    from commonweal.web.config import clock
    from commonweal.web.signing.models import Act

    row, now = output(), clock.now()
    paper = new_act(
        kind="review_output", verdict=review.verdict, actor=who, role="output_checker",
        subject=row.reference, object_digest=row.digest, home=house_id(house), at=now,
        content=review.digest(),
    )  # fmt: skip
    return Act.objects.create(**{
        "id": paper.id, "person": person(who), "kind": "review_output", "verdict": review.verdict,
        "role": "output_checker", "subject": row.reference, "object_digest": row.digest,
        "paper": paper.canonical(), "content": review.canonical(),
        "evidence": {"kind": "software", "key": who, "signature": "x" * 20}, "back": "/",
        "state": "heard", "made_at": paper.at, "expires_at": paper.expires, "signed_at": now,
        "settled_at": now, "heard_at": now, "entry": 10**6, **changed,
    })  # fmt: skip


def house_id(house: Airlock) -> str:
    return str(house.with_custody(lambda custody: custody.home.id))


def ordered(kind: str, who: str = "tara", **changed: Any) -> Any:
    """An order that somebody wrote into the database."""
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import OutputOrder

    row = output()
    return OutputOrder.objects.create(**{
        "kind": kind, "output": row.reference, "permit": row.permit, "job": row.job,
        "asked_by": person(who), "asked_at": clock.now(), **changed,
    })  # fmt: skip


def ended(order: Any) -> tuple[str, str]:
    order.refresh_from_db()
    return order.state, order.code


def test_votes_that_nobody_signed(house: Airlock) -> None:
    for who in CHECKERS:
        act = forged_act(who, review_of(output(), "approve"), house)
        ordered("vote", who, act=act)
    assert naive_leaves()
    house.work(4)
    assert nothing_left(house)
    assert output().state == "in_review"


def test_a_vote_without_an_act(house: Airlock) -> None:
    order = ordered("vote")
    house.work(2)
    assert ended(order) == ("refused", "CW-LEAVING-ACTS")
    assert nothing_left(house)


def test_one_person_s_act_for_two(house: Airlock) -> None:
    """The act that tara signed is brought again as umar's."""
    from commonweal.web.signing.models import Act

    signed = house.vote("tara")
    twin = Act.objects.get(pk=signed.pk)
    twin.pk, twin.person = "0" * 31 + "1", person("umar")
    twin.save(force_insert=True)
    ordered("vote", "umar", act=twin)
    assert naive_leaves()
    house.work(4)
    assert nothing_left(house)
    assert len(output().papers.votes) == 1


def test_a_swapped_content(house: Airlock) -> None:
    """What tara signed was `return`; the row says that she approves."""
    from commonweal.web.signing.models import Act

    signed = house.vote("tara", verdict="return")
    better = review_of(output(), "approve")
    Act.objects.filter(pk=signed.pk).update(content=better.canonical(), verdict="approve")
    house.vote("umar")
    assert naive_leaves()
    house.work(4)
    assert nothing_left(house)
    assert output().state != "released"


def test_an_act_about_another_output(house: Airlock) -> None:
    """Two votes for a harmless output are brought for this one."""
    house.job("job-2")
    house.checked("job-2")
    house.submitted("job-2")
    for who in CHECKERS:
        signed = house.vote(who, "job-2", "return")
        signed.output_order.output = "job-1"
        signed.output_order.save()
    house.work(4)
    assert nothing_left(house)
    assert output("job-1").state == "in_review"
    assert output("job-2").state == "returned"


def test_a_state_that_somebody_wrote(house: Airlock) -> None:
    """`approved` and `released` in the row: nothing leaves, and the row is told right again."""
    from commonweal.web.outputs.models import Output

    for state in ("approved", "released"):
        Output.objects.update(state=state, told={"outcome": "approved", "reasons": [], "words": []})
        order = ordered("download", "amara")
        house.later(minutes=2)
        house.work(2)
        assert ended(order) == ("refused", "CW-LEAVING-UNKNOWN")
        assert nothing_left(house)
        assert (output().state, output().told) == ("in_review", None)


def test_a_signature_of_another_kind(house: Airlock) -> None:
    """The author's own act is brought as a vote."""
    from commonweal.web.outputs.models import OutputOrder

    submitted = OutputOrder.objects.get(kind="submit")
    OutputOrder.objects.filter(pk=submitted.pk).update(
        kind="vote", state="queued", ended_at=None, worker=""
    )
    house.work(2)
    assert ended(submitted)[0] == "refused"
    assert nothing_left(house)


def test_a_check_in_somebody_s_name(airlock: Airlock) -> None:  # noqa: F811
    """Only who ran the job asks for what it left, whatever a row says; and paths stay inside."""
    from commonweal.web.outputs.models import Output, OutputOrder

    airlock.job()
    tried = [
        {"asked_by": person("bethan")},
        {"asked_by": person("tara")},
        {"job": "../jobs/job-1"},
        {"job": "job-9"},
        {"output": "another-1"},
        {"output": "../../released"},
        {"wish": WORDS | {"files": ["../outputs.json"]}},
        {"wish": WORDS | {"files": ["other.json"]}},
        {"wish": {}},
    ]
    for number, changed in enumerate(tried):
        order = asked()
        OutputOrder.objects.filter(pk=order.pk).update(**changed)
        airlock.work()
        airlock.quarter()
        airlock.work()
        state, code = ended(order)
        assert (state, code != "CW-LEAVING-CHECKS") == ("refused", True), (number, code)
    assert not Output.objects.exists()
    assert list((airlock.home / "airlock" / "outputs").glob("*/.*")) == []


def test_a_submission_that_nobody_signed(airlock: Airlock) -> None:  # noqa: F811
    airlock.job()
    airlock.checked()
    order = ordered("submit", "amara")
    airlock.work(2)
    assert ended(order) == ("refused", "CW-LEAVING-ACTS")
    assert not airlock.events("output.submitted")
    assert output().state == "draft"


def test_a_changed_manifest_is_not_what_is_signed(airlock: Airlock) -> None:  # noqa: F811
    """The row names another digest: the author's act is about nothing that was frozen."""
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import Output
    from tests.web.signing_room import sign_now

    airlock.job()
    airlock.checked()
    Output.objects.update(digest=f"sha256:{'3' * 64}")
    act = sign_now(airlock.home, services.propose_submission(person("amara"), output(), "/"))
    airlock.work(2)
    assert ended(act.output_order) == ("refused", "CW-LEAVING-UNKNOWN")
    assert not airlock.events("output.submitted")


def test_an_answer_that_somebody_wrote_into_an_order(house: Airlock) -> None:
    """An order whose id leads elsewhere is refused, and reads no file."""
    order = ordered("check", "amara", id="../../released/x", wish=WORDS)
    house.work(2)
    assert ended(order) == ("refused", "CW-LEAVING-UNKNOWN")


def test_nobody_else_takes_an_output_back_or_has_its_files(house: Airlock) -> None:
    for person_ in ("bethan", "amara"):
        # A row is nobody's word, the author's neither: taking back is signed.
        order = ordered("withdraw", person_)
        house.work(2)
        assert ended(order) == ("refused", "CW-LEAVING-ACTS")
    assert not house.events("output.moved")
    for who in CHECKERS:
        house.vote(who)
    house.work(4)
    assert output().state == "released"
    for who in ("tara", "divya", "farah"):
        order = ordered("download", who)
        house.work()
        assert ended(order) == ("refused", "CW-LEAVING-AUTHOR")
        assert order.content is None


def naive_event(order: Any) -> dict[str, str]:
    """The twin: who an order's row names did it."""
    return {"actor": order.asked_by.public_id, "role": "researcher"}


def test_a_download_that_somebody_wrote_into_the_database_makes_nobody_a_liar(
    house: Airlock,
) -> None:
    """Whoever owns the service's database has files made ready in amara's name. She did nothing,
    and the log does not say that she did: only in whose name, and by which way."""
    for who in CHECKERS:
        house.vote(who)
    house.work(4)
    order = ordered("download", "amara")
    house.work()
    assert ended(order)[0] == "done"
    assert naive_event(order)["actor"] == "amara", "the attack works on the twin"
    (event,) = house.events("output.downloaded")
    assert event["actor"] != "amara"
    assert (event["role"], event["way"], event["named"]) == ("system", "service", "amara")


def test_a_signed_withdrawal_of_an_earlier_turn_is_brought_again(house: Airlock) -> None:
    """Who owns the database keeps an act that its author signed about turn 1, and brings it when
    turn 2 waits."""
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import OutputOrder
    from tests.web.signing_room import sign_now

    act = services.propose_withdrawal(person("amara"), output(), "/")
    act = sign_now(house.home, act)
    OutputOrder.objects.filter(act=act).delete()  # it is held back
    for who in CHECKERS:
        house.vote(who, verdict="return")
    house.work(3)
    assert output().state == "returned"
    house.checked()
    assert house.submitted().turn == 2
    order = ordered("withdraw", "amara", act=act)
    house.work(2)
    assert ended(order) == ("refused", "CW-LEAVING-STATE")
    assert output().state == "in_review"


def test_a_crate_that_somebody_outside_asked_for(house: Airlock) -> None:
    """It holds the files of a whole project, and no permit is asked: a row alone gives it none."""
    for who in CHECKERS:
        house.vote(who)
    house.work(4)
    for who in ("amara", "bethan", "divya"):
        order = ordered("crate", who, output=output().project)
        house.work()
        assert ended(order) == ("refused", "CW-LEAVING-AUTHOR")
        assert order.content is None
    order = ordered("crate", "farah", output=output().project)
    house.work()
    assert ended(order) == ("done", "")


def test_a_recall_that_nobody_signed(house: Airlock) -> None:
    for who in CHECKERS:
        house.vote(who)
    house.work(4)
    for act in (None, forged_act("tara", review_of_left(), house)):
        order = ordered("recall", "tara", act=act)
        house.work(2)
        assert ended(order)[0] == "refused"
    assert not house.events("output.recalled")


def review_of_left() -> Any:
    """A review of an output that has left, for an act of the wrong kind."""
    from commonweal.papers.output_manifest import OutputReview

    row = output()
    return OutputReview.read({
        "output_review": 1, "output": row.reference, "manifest": row.digest,
        "findings": f"sha256:{'4' * 64}", "verdict": "approve",
    }, "The review")  # fmt: skip


def test_figures_that_are_shown_are_not_what_leaves(house: Airlock) -> None:
    """Whatever the reviewers' rows say, what they sign is the frozen turn, and only that leaves."""
    from commonweal.web.outputs.models import ReviewPapers

    papers = output().papers
    papers.tables = {"sexes.csv": {"columns": ["sex", "people"], "rows": [["F", "1"]], "cut": 0}}
    papers.save()
    for who in CHECKERS:
        house.vote(who)
    house.work(4)
    left = (house.home / "airlock" / "released" / "job-1" / "files" / "sexes.csv").read_text()
    assert "F,1\n" not in left
    assert not ReviewPapers.objects.exists()
