"""Standing outputs: approved by the right people over this very layout, each month made once (S11).

Naive twins: one that counts rows of approvals, one that looks whether a month is there before it
makes it, and one that judges each month by itself. The attacks work on them and fail on ours.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.leaving import freezing, signed_layouts
from commonweal.airlock.leaving.freezing import Frozen, freeze, resume, submit, submit_month
from commonweal.airlock.leaving.months import months_of
from commonweal.airlock.leaving.signed_layouts import (
    approve,
    end,
    folder_of,
    give_up,
    judged_layout,
    propose,
)
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.outputs import judge_layout, output_judge
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import Origin
from commonweal.papers.standing import MonthGivenUp, StandingOutput
from commonweal.papers.standing_case import JudgedLayout
from tests.airlock_house import col
from tests.output_house import PERMIT, OutputHouse, copied, make_output_house, refused
from tests.unit.airlock.test_standing import make, month_rows

MONTH = "2026-01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    house = make_output_house(tmp_path_factory.mktemp("standing") / "made")
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    here.store.make()
    yield here
    here.close()


def paper(house: OutputHouse, **changed: Any) -> StandingOutput:
    permit = house.ground.permit(PERMIT)
    layout = {"request": 1, "name": "waits", "title": "People waiting", "table": "stays",
              "by": [{"column": col("ward")}], "measures": [{"measure": "people"}]}  # fmt: skip
    plain = {
        "standing": 1, "id": "waits", "permit_id": PERMIT, "project": permit.project.id,
        "author": "amira", "context": "Who waits.", "controls": "Large groups.", "layout": layout,
        "period": col("month"), "first": MONTH, "until": "2026-12",
        "groups": [{"labels": ["A", "B"]}],
    }  # fmt: skip
    return StandingOutput.read(plain | changed, "The output", "CW-STANDING-INVALID")


def act(house: OutputHouse, who: str, kind: str, verdict: str, about: StandingOutput, **changed: Any) -> SignedAct:  # fmt: skip  # noqa: E501
    house.clock.advance(timedelta(seconds=1))
    return house.sign(house.act(who, kind, verdict, about.digest(), about.id, **changed))


def proposed(house: OutputHouse, **changed: Any) -> StandingOutput:
    found = paper(house, **changed)
    signed = act(house, "amira", "propose_standing", "propose", found)
    assert propose(house.store, house.ground, judge_layout, found, signed).state == "proposed"
    return found


def say(house: OutputHouse, who: str, about: StandingOutput, verdict: str = "approve") -> JudgedLayout:  # fmt: skip  # noqa: E501
    signed = act(house, who, "approve_standing", verdict, about)
    return approve(house.store, house.ground, judge_layout, signed)


def approved(house: OutputHouse, **changed: Any) -> StandingOutput:
    found = proposed(house, **changed)
    say(house, "ada", found)
    assert say(house, "ben", found).state == "approved"
    return found


def state(house: OutputHouse, name: str = "waits") -> str:
    return judged_layout(house.store, house.ground, judge_layout, name)[1].state


def month(house: OutputHouse, about: StandingOutput, which: str = MONTH, **changed: Any) -> Frozen:
    """A month's output, frozen, as the airlock freezes what it made."""
    origin = Origin(kind="standing", of=about.id, made_from=about.digest())
    wanted = {"job": None, "study": None, "origin": origin, "author": about.author, **changed}
    name = wanted.pop("output", about.output(which))
    return freeze(house.store, house.ground, house.draft(name, **wanted))


def put(house: OutputHouse, frozen: Frozen) -> None:
    submit_month(house.store, house.ground, output_judge, frozen)


# --- who approves ------------------------------------------------------------------------------


def naively_approved(folder: Path) -> bool:
    """The twin: two files say so."""
    words = [json.loads(one.read_text()) for one in (folder / "acts").iterdir()]
    return sum(one["act"]["verdict"] == "approve" for one in words) >= 2


def test_files_that_say_so_are_no_approval(house: OutputHouse) -> None:
    about = proposed(house)
    folder = folder_of(house.store, "waits")
    for who in ("iris", "ada"):
        signed = act(house, who, "approve_standing", "approve", about)
        (folder / "acts" / f"{signed.act.id}.json").write_bytes(signed.canonical())
    assert naively_approved(folder)
    assert state(house) == "proposed", "the ledger heard of neither"
    refused("CW-STANDING-STATE", put, house, month(house, about))


@pytest.mark.parametrize(
    ("who", "changed", "code"),
    [
        ("iris", {}, "CW-STANDING-PEOPLE"),  # an output checker who is of the project
        ("amira", {"role": "output_checker"}, "CW-ACT-ROLE"),  # the author, in a role not theirs
        ("manager", {"role": "output_checker"}, "CW-ACT-ROLE"),
        ("guardian", {"role": "output_checker"}, "CW-ACT-ROLE"),
    ],
)
def test_people_who_may_not_approve(
    house: OutputHouse, who: str, changed: dict[str, Any], code: str
) -> None:
    about = proposed(house)
    say(house, "ada", about)
    signed = act(house, who, "approve_standing", "approve", about, **changed)
    refused(code, approve, house.store, house.ground, judge_layout, signed)
    assert state(house) == "proposed"
    assert not house.events("standing.approved")
    lying = {one.stem for one in (folder_of(house.store, "waits") / "acts").iterdir()}
    assert signed.act.id not in lying, "what the ledger never heard of is not kept"


def test_one_person_twice_is_one_person(house: OutputHouse) -> None:
    about = proposed(house)
    say(house, "ada", about)
    assert say(house, "ada", about).state == "proposed"
    assert say(house, "cleo", about).state == "approved"
    assert len(house.events("standing.approved")) == 1
    assert say(house, "ben", about).state == "approved"
    assert len(house.events("standing.approved")) == 1


def test_somebody_else_does_not_sign_for_them(house: OutputHouse) -> None:
    about = proposed(house)
    house.clock.advance(timedelta(seconds=1))
    made = house.act("ada", "approve_standing", "approve", about.digest(), about.id)  # type: ignore[arg-type]
    forged = house.sign(made, key="ben")
    with pytest.raises(CommonwealError):
        approve(house.store, house.ground, judge_layout, forged)
    assert state(house) == "proposed"


def test_a_no_is_not_outvoted_and_cannot_be_left_out(house: OutputHouse) -> None:
    about = approved(house)
    assert say(house, "cleo", about, "refuse").state == "refused"
    refused("CW-STANDING-STATE", put, house, month(house, about))
    acts = folder_of(house.store, "waits") / "acts"
    for one in acts.iterdir():
        if json.loads(one.read_text())["act"]["verdict"] == "refuse":
            one.unlink()
    refused("CW-STANDING-ACTS", state, house)
    refused("CW-STANDING-ACTS", put, house, month(house, about))


@pytest.mark.parametrize("changed", [{"author": "ada"}, {"author": "guardian"}])
def test_only_somebody_of_the_project_asks_for_it(
    house: OutputHouse, changed: dict[str, Any]
) -> None:
    about = paper(house, **changed)
    signed = act(house, "amira", "propose_standing", "propose", about)
    refused("CW-STANDING-PEOPLE", propose, house.store, house.ground, judge_layout, about, signed)
    assert not (house.store.root / "standing" / "waits").exists()
    assert not house.events("standing.proposed")


# --- what is approved --------------------------------------------------------------------------


def test_an_approval_is_of_one_layout(house: OutputHouse) -> None:
    """Signatures on one are brought for another, wider one."""
    first = approved(house)
    wider = proposed(house, id="waits-more", groups=[{"labels": ["A", "B", "C"]}])
    theirs = folder_of(house.store, "waits") / "acts"
    for one in theirs.iterdir():
        signed = SignedAct.load(json.loads(one.read_text()))
        if signed.act.kind == "approve_standing":
            shutil.copy(one, folder_of(house.store, "waits-more") / "acts")
            # Brought again it is the act that was heard, of the first, and nothing more.
            again = approve(house.store, house.ground, judge_layout, signed)
            assert len(again.approvals) == 2
    assert len(house.events("standing.approved")) == 1
    used = {one["act"] for one in house.events("act.used")}
    assert used == {one["act"] for one in house.events("act.recorded")}, "each once"
    assert len(used) == len(house.events("act.used"))
    assert naively_approved(folder_of(house.store, "waits-more"))
    assert state(house, "waits-more") == "proposed"
    refused("CW-STANDING-STATE", put, house, month(house, wider))
    origin = Origin(kind="standing", of=first.id, made_from=wider.digest())
    refused("CW-STANDING-MONTH", put, house, month(house, first, origin=origin))


@pytest.mark.parametrize(
    "changed",
    [{"until": "2027-12"}, {"groups": [{"labels": ["A", "B", "C"]}]}, {"settles_days": 0},
     {"author": "iris"}],
)  # fmt: skip
def test_a_layout_that_was_changed_after_its_approval_stands_for_nothing(
    house: OutputHouse, changed: dict[str, Any]
) -> None:
    about = approved(house)
    other = paper(house, **changed)
    (folder_of(house.store, "waits") / "standing.json").write_bytes(other.canonical())
    assert naively_approved(folder_of(house.store, "waits"))
    refused("CW-STANDING-CHANGED", state, house)
    for one in (about, other):
        refused("CW-STANDING-CHANGED", put, house, month(house, one))
    assert not house.events("output.submitted")


def test_changed_after_the_month_was_put_forward_it_does_not_leave(house: OutputHouse) -> None:
    about = approved(house)
    put(house, month(house, about))
    name, place = about.output(MONTH), folder_of(house.store, "waits") / "standing.json"
    whole = place.read_bytes()
    for who in ("ada", "ben"):
        house.vote(who, name)
    place.write_bytes(paper(house, until="2027-06").canonical())
    refused("CW-STANDING-CHANGED", house.release, name)
    assert house.nothing_left(name)
    place.write_bytes(whole)
    assert house.release(name).now
    assert house.ledger_faults() == []


@pytest.mark.parametrize(
    "changed",
    [{"output": "waits.2025-12"}, {"output": "waits.2027-01"}, {"output": "other"},
     {"author": "iris"}],
)  # fmt: skip
def test_a_month_is_one_of_the_layout(house: OutputHouse, changed: dict[str, Any]) -> None:
    about = approved(house)
    refused("CW-STANDING-MONTH", put, house, month(house, about, **changed))
    assert not house.events("output.submitted")


def test_an_author_cannot_sign_a_month_past_its_approval(house: OutputHouse) -> None:
    about = proposed(house)
    frozen = month(house, about)
    signed = house.sign_submission(frozen.manifest)
    refused("CW-LEAVING-ACTS", submit, house.store, house.ground, frozen, signed)
    assert not house.events("output.submitted")


# --- stopping it --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["amira", "ada", "guardian", "manager"])
def test_one_person_ends_it_and_what_waits_does_not_leave(house: OutputHouse, who: str) -> None:
    about = approved(house)
    name = about.output(MONTH)
    put(house, month(house, about))
    for one in ("ada", "ben"):
        house.vote(one, name)
    signed = act(house, who, "end_standing", "end", about)
    assert end(house.store, house.ground, judge_layout, signed).state == "ended"
    refused("CW-STANDING-STATE", house.release, name)
    refused("CW-STANDING-STATE", put, house, month(house, about, "2026-02"))
    refused("CW-STANDING-STATE", say, house, "cleo", about)
    assert [one["standing"] for one in house.events("standing.ended")] == ["waits"]
    again = act(house, "amira", "propose_standing", "propose", about)
    refused("CW-STANDING-KNOWN", propose, house.store, house.ground, judge_layout, about, again)


def left_out(house: OutputHouse, about: StandingOutput, who: str, which: str = MONTH, **changed: Any) -> frozenset[str]:  # fmt: skip  # noqa: E501
    plain = {"month_given_up": 1, "standing": about.id, "layout": about.digest(), "month": which,
             "why": "Too few.", "at": "2026-03-02T09:00:00.000Z"}  # fmt: skip
    gone = MonthGivenUp.read(plain | changed, "The month", "CW-STANDING-INVALID")
    house.clock.advance(timedelta(seconds=1))
    signed = house.sign(house.act(who, "give_up_month", "give_up", gone.digest(), about.id))
    return give_up(house.store, house.ground, judge_layout, signed, gone).given_up


def test_a_month_that_is_given_up_is_not_made_and_holds_up_none(house: OutputHouse) -> None:
    about = approved(house)
    assert left_out(house, about, "ada") == {MONTH}
    refused("CW-STANDING-MONTH", left_out, house, about, "ada")
    refused("CW-STANDING-MONTH", put, house, month(house, about))
    now = months_of(about, frozenset({MONTH}), house.ground.written(), house.clock.now())
    assert now.states[MONTH] == "given_up"
    assert now.next != MONTH
    for wrong in ({"which": "2025-12"}, {"which": "2026-02", "layout": f"sha256:{'0' * 64}"}):
        with pytest.raises(CommonwealError):
            left_out(house, about, "ada", **wrong)
    (place,) = (folder_of(house.store, "waits") / "given_up").iterdir()
    place.unlink()
    refused("CW-STANDING-ACTS", state, house)


# --- each month once ----------------------------------------------------------------------------


def test_two_who_make_a_month_at_once_put_one_forward(house: OutputHouse) -> None:
    about = approved(house)
    # The twin looks whether it is there, and makes it; both look before either has made it.
    seen = [house.store.turns(about.output(MONTH)) for _ in range(2)]
    first, second = month(house, about), month(house, about)
    assert seen == [[], []]
    put(house, first)
    refused("CW-LEAVING-KNOWN", put, house, second)
    refused("CW-LEAVING-KNOWN", month, house, about)
    assert len(house.events("output.submitted")) == 1
    assert house.store.turns(about.output(MONTH)) == [1]


class Killed(BaseException):
    """As kill -9: nothing after it runs."""


def killed(*_: Any, **__: Any) -> Any:
    raise Killed


@pytest.mark.parametrize("where", ["write_sealed", "fsync_tree", "judged_case", "_named"])
def test_cut_off_anywhere_there_is_no_half_month_and_not_two(
    house: OutputHouse, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    about = approved(house)
    name = about.output(MONTH)
    with monkeypatch.context() as cut:
        cut.setattr(freezing, where, killed)
        with pytest.raises(Killed):
            put(house, month(house, about))
    house.close()
    resume(house.store, house.ground)
    told = len(house.events("output.submitted"))
    assert told == (where == "_named"), "the ledger alone says whether it was put forward"
    assert house.store.turns(name) == [1] * told
    if not told:
        put(house, month(house, about))
    refused("CW-LEAVING-KNOWN", month, house, about)
    assert len(house.events("output.submitted")) == 1
    assert house.ledger_faults() == []


@pytest.mark.parametrize("step", ["propose", "approve", "end"])
def test_an_act_that_was_cut_off_is_none(
    house: OutputHouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    steps: dict[str, Callable[[], object]] = {
        "propose": lambda: proposed(house),
        "approve": lambda: say(house, "ada", paper(house)),
        "end": lambda: end(house.store, house.ground, judge_layout,
                           act(house, "ada", "end_standing", "end", paper(house))),
    }  # fmt: skip
    if step != "propose":
        proposed(house)
    with monkeypatch.context() as cut:
        ours = type(house.ground)
        cut.setattr(ours, "record", killed)
        with pytest.raises(Killed):
            steps[step]()
    house.close()
    kind = {"propose": "propose_standing", "approve": "approve_standing", "end": "end_standing"}
    assert kind[step] not in {one["kind"] for one in house.events("act.recorded")}
    steps[step]()
    assert signed_layouts.standing_ids(house.store) == ["waits"]
    assert house.ledger_faults() == []


def test_a_month_of_the_same_people_but_three_is_caught(tmp_path: Path) -> None:
    """By itself each month is fine; together they tell who three people are."""
    january = month_rows("2026-01", 40, 60)
    again = [row | {"month": "2026-02"} for row in january[3:]]
    rows = january + again
    first = make(tmp_path, rows)
    naive = {one.rule for one in first.findings} - {"exact", "unchecked"}
    assert not naive, "the rules find nothing in the first"
    first.folder.rename(tmp_path / "history" / first.folder.name)
    second = make(tmp_path, rows)
    assert not {one.rule for one in second.findings} - {"exact", "unchecked"}, "nor in the second"
    assert second.verdict != "pass"
    assert {one.code for one in second.audited.findings} & {"CW-AUDIT-DIFFERENCE"}
