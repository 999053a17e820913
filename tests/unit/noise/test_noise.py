"""Noisy counts: what is counted, what is paid, what a crash costs, and what is refused."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.noise import answering
from commonweal.airlock.noise.budget import standing_of
from commonweal.airlock.noise.counting import true_counts
from commonweal.airlock.session import Session
from commonweal.foundation.clock import FixedClock, stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.store import Ledger
from commonweal.papers.noise import NoisyAnswer, NoisyRequest, millionths
from tests.airlock_house import PERSON, col, where
from tests.noise_house import (
    DATASET,
    PROJECT,
    ROWS,
    again,
    budget_text,
    desk,
    give,
    ledger_at,
    pay,
    release,
    request,
    slow_counts,
)
from tests.release_house import refused
from tests.unit.ledger.support import PERMIT, START, step


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = ledger_at(tmp_path)
    yield found
    found.close()


def ask(folder: Path, ledger: Ledger, asked: Any = None, **changes: Any) -> NoisyAnswer:
    wanted = asked or request(**changes)
    with Session.over(release(folder / "release")) as session:
        return desk(folder, ledger).answer(wanted, PERMIT, PROJECT, DATASET, session)


def counts(asked: NoisyRequest, folder: Path, rows: Any = None) -> list[int]:
    with Session.over(release(folder, rows)) as session:
        found: list[int] = true_counts(asked, session).tolist()
    return found


def events(ledger: Ledger, type_: str) -> list[dict[str, Any]]:
    with ledger.reading() as connection:
        rows = connection.execute("SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,))
        return [json.loads(body) for (body,) in rows]


# --- counting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("at_most", [1, 2, 3])
def test_people_are_counted_in_so_many_cells_at_most(tmp_path: Path, at_most: int) -> None:
    found = counts(request(at_most=at_most), tmp_path)
    assert found == slow_counts(ROWS, "ABC", at_most)
    assert sum(found) <= 90 * at_most


def test_a_person_more_changes_the_sum_by_at_most_the_cap(tmp_path: Path) -> None:
    more = [*ROWS, *({PERSON: "new", "ward": ward, "days": 1} for ward in "ABC" for _ in range(9))]
    for at_most in (1, 2, 3):
        asked = request(at_most=at_most)
        before, after = counts(asked, tmp_path / "a"), counts(asked, tmp_path / "b", more)
        assert sum(abs(a - b) for a, b in zip(after, before, strict=True)) == at_most


def test_a_release_of_nobody_gives_noise_around_nothing(tmp_path: Path, ledger: Ledger) -> None:
    give(ledger, "1")
    opened = release(tmp_path / "empty", [{PERSON: "p", "ward": None, "days": None}])
    with Session.over(opened) as session:
        found = desk(tmp_path, ledger).answer(request(), PERMIT, PROJECT, DATASET, session)
    assert [one.name for one in found.counts] == ["A", "B", "C"]
    assert all(one.people >= 0 for one in found.counts)


# --- paying ------------------------------------------------------------------------------------


def test_a_question_is_paid_for_once_and_answered_the_same(tmp_path: Path, ledger: Ledger) -> None:
    give(ledger, "1")
    first = ask(tmp_path, ledger)
    assert standing_of(ledger, PROJECT).spent == 500_000
    for _ in range(3):
        assert ask(tmp_path, ledger) == first
    assert standing_of(ledger, PROJECT).spent == 500_000
    assert len(events(ledger, "noise.drawn")) == 1
    assert "random noise" in first.sentence.lower()
    assert f"{first.within:,}" in first.sentence
    with again(tmp_path) as reopened:
        assert ask(tmp_path, reopened) == first, "after a restart too"


def test_another_word_or_release_is_another_question(tmp_path: Path, ledger: Ledger) -> None:
    give(ledger, "1")
    one = ask(tmp_path, ledger, epsilon="0.25")
    other = ask(tmp_path, ledger, epsilon="0.25", title="The same in other words")
    assert one.spend != other.spend
    assert standing_of(ledger, PROJECT).spent == 500_000


def test_what_the_budget_does_not_reach_is_refused_and_costs_nothing(
    tmp_path: Path, ledger: Ledger
) -> None:
    assert refused(lambda: ask(tmp_path, ledger)).code == "CW-NOISE-BUDGET"
    give(ledger, "0.7")
    ask(tmp_path, ledger)
    error = refused(lambda: ask(tmp_path, ledger, title="More"))
    assert (error.code, error.exit_code) == ("CW-NOISE-BUDGET", 4)
    assert "0.2 of 0.7 is left" in error.sentence
    assert standing_of(ledger, PROJECT).spent == 500_000
    assert ask(tmp_path, ledger, epsilon="0.2", title="Just enough").spend > 0
    assert standing_of(ledger, PROJECT).left == 0


def test_tenths_add_up_exactly(ledger: Ledger) -> None:
    """Ten times 0.1 is 1, and not a hair less or more as with floats."""
    give(ledger, "1")
    asked = request("0.1")
    for _ in range(10):
        pay(ledger, PERMIT, PROJECT, "r1", asked)
    assert standing_of(ledger, PROJECT).left == 0
    least = request("0.000001")
    assert refused(lambda: pay(ledger, PERMIT, PROJECT, "r1", least)).code == "CW-NOISE-BUDGET"


def test_a_smaller_budget_takes_nothing_back_and_gives_nothing(ledger: Ledger) -> None:
    give(ledger, "1")
    pay(ledger, PERMIT, PROJECT, "r1", request("0.5"))
    give(ledger, "0.3")
    assert standing_of(ledger, PROJECT).left == 0
    assert refused(lambda: pay(ledger, PERMIT, PROJECT, "r1", request("0.1")))
    give(ledger, "0.6")
    assert standing_of(ledger, PROJECT).left == 100_000


def test_an_old_budget_or_one_brought_twice_raises_nothing(tmp_path: Path) -> None:
    """Who finds the larger budget of before, or replays it, does not get its noise back."""
    from commonweal.airlock.noise.budget import set_budget
    from tests import factories
    from tests.unit.ledger.support import JANE

    minute = timedelta(minutes=1)
    times = [START + timedelta(hours=hours) for hours in (0, 1, 2)]
    large, small = (budget_text(one, stated_at=stamp(at))
                    for one, at in (("5", times[0]), ("0.2", times[1])))  # fmt: skip
    ledger_at(tmp_path).close()
    for at, text, code in ((times[0], large, ""), (times[1], small, ""),
                           (times[2], large, "CW-NOISE-OLD"),
                           (times[2], small, "CW-NOISE-OLD")):  # fmt: skip
        with Ledger.open(tmp_path / "ledger.sqlite", FixedClock(at + minute)) as ledger:
            if code:
                error = refused(lambda: set_budget(ledger, text, factories.trust(), JANE))  # noqa: B023
                assert (error.code, error.exit_code) == (code, 4)
            else:
                set_budget(ledger, text, factories.trust(), JANE)
    with Ledger.open(tmp_path / "ledger.sqlite", FixedClock(times[2] + minute)) as ledger:
        assert standing_of(ledger, PROJECT).budget == 200_000
        assert len(events(ledger, "noise.budget_set")) == 2
        later = budget_text("1", stated_at=stamp(times[2]), project="diabetes")
        set_budget(ledger, later, factories.trust(), JANE)


def test_a_spend_pays_for_one_answer(tmp_path: Path, ledger: Ledger) -> None:
    from commonweal.airlock.noise.budget import tell_drawn
    from tests.unit.ledger.support import COMMITMENT

    give(ledger, "2")
    first = ask(tmp_path, ledger)
    spent = standing_of(ledger, PROJECT).spent
    other = pay(ledger, PERMIT, PROJECT, "another-release", request("0.25"))
    for answer in (
        first,  # told a second time
        first.model_copy(update={"spend": other}),  # paid for something else, and less
        first.model_copy(update={"spend": other + 1}),  # paid for by nothing
        first.model_copy(update={"spend": 1}),  # an entry of another kind
    ):
        error = refused(lambda a=answer: tell_drawn(ledger, a, COMMITMENT))
        assert error.code == "CW-NOISE-BROKEN"
    assert len(events(ledger, "noise.drawn")) == 1
    assert ask(tmp_path, ledger) == first
    assert standing_of(ledger, PROJECT).spent == spent + 250_000, "no spend is lost, none doubled"


def test_projects_do_not_spend_each_others_budget(ledger: Ledger) -> None:
    give(ledger, "1")
    assert refused(lambda: pay(ledger, PERMIT, "diabetes", "r1", request("0.1")))
    pay(ledger, PERMIT, PROJECT, "r1", request("1"))
    give(ledger, "0.4", project="diabetes")
    pay(ledger, PERMIT, "diabetes", "r1", request("0.4"))


def test_many_at_once_never_spend_more_than_there_is(tmp_path: Path, ledger: Ledger) -> None:
    give(ledger, "1")

    def one(_: int) -> int:
        with again(tmp_path) as mine:
            try:
                pay(mine, PERMIT, PROJECT, "r1", request("0.15"))
            except CommonwealError as error:
                assert error.code == "CW-NOISE-BUDGET"  # noqa: PT017
                return 0
            return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 6
    assert standing_of(ledger, PROJECT).spent == 900_000


def test_a_permit_that_is_not_live_spends_nothing(tmp_path: Path, ledger: Ledger) -> None:
    give(ledger, "1")
    ledger.append(step("paused"))
    assert refused(lambda: ask(tmp_path, ledger)).code == "CW-PERMIT-NOT-LIVE"
    assert refused(lambda: give(ledger, "2")).code == "CW-PERMIT-NOT-LIVE"
    assert standing_of(ledger, PROJECT).spent == 0


def test_a_budget_that_was_changed_or_signed_by_others_is_not_set(ledger: Ledger) -> None:
    from commonweal.airlock.noise.budget import set_budget
    from tests import factories
    from tests.unit.ledger.support import JANE

    signed = budget_text("1")
    for text, trust in ((signed.replace("e", "f", 1), factories.trust()),
                        (signed, factories.trust("somebody-else"))):  # fmt: skip
        assert refused(lambda t=text, w=trust: set_budget(ledger, t, w, JANE)).exit_code == 3
    assert standing_of(ledger, PROJECT).budget is None


# --- cut off -----------------------------------------------------------------------------------


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("where_cut", ["draw", "write", "tell"])
def test_a_spend_that_was_cut_off_is_lost_and_never_drawn_for_again(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, where_cut: str
) -> None:
    give(ledger, "1")

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as cut:
        if where_cut == "draw":
            cut.setattr(answering.Mechanism, "draw", killed)
        elif where_cut == "write":
            cut.setattr(answering, "write_atomic", killed)
        else:
            cut.setattr(answering, "commitment", killed)  # after the file, before the ledger
        with pytest.raises(Killed):
            ask(tmp_path, ledger)
    assert standing_of(ledger, PROJECT).spent == 500_000, "paid before anything was drawn"
    assert events(ledger, "noise.drawn") == []
    found = ask(tmp_path, ledger)
    assert standing_of(ledger, PROJECT).spent == 1_000_000, "and paid again"
    assert ask(tmp_path, ledger) == found
    assert refused(lambda: ask(tmp_path, ledger, title="Nothing is left")).code == "CW-NOISE-BUDGET"


def test_cut_off_before_the_spend_nothing_is_paid(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(ledger, "1")

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(answering, "spend", killed)
    monkeypatch.setattr(answering.Mechanism, "draw", lambda *_: pytest.fail("drawn unpaid"))
    with pytest.raises(Killed):
        ask(tmp_path, ledger)
    assert standing_of(ledger, PROJECT).spent == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda plain: plain["answer"]["counts"][0].update(people=7_000),
        lambda plain: plain["answer"].update(within=0),
        lambda plain: plain.update(salt="00" * 32),
        lambda plain: plain.pop("salt"),
        lambda plain: plain.update(answer=[]),
    ],
)
def test_an_answer_that_was_changed_is_not_given(
    tmp_path: Path, ledger: Ledger, damage: Any
) -> None:
    give(ledger, "1")
    ask(tmp_path, ledger)
    (place,) = (tmp_path / "noise").glob("*.json")
    plain = json.loads(place.read_text())
    damage(plain)
    place.write_text(json.dumps(plain))
    assert refused(lambda: ask(tmp_path, ledger)).code == "CW-NOISE-BROKEN"
    assert standing_of(ledger, PROJECT).spent == 500_000


# --- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", ["0", "0.0", "-1", "10.5", "1.0", "0.50", "1e1", "0.0000001",
                                     "nan", "", "\u0660.\u0665", ".5", "11", 0.5])  # fmt: skip
def test_an_epsilon_has_one_spelling(epsilon: Any) -> None:
    assert refused(lambda: request(epsilon)).code == "CW-NOISE-INVALID"


def test_millionths_are_exact() -> None:
    for text in ("0.000001", "0.1", "0.3", "2.675", "10"):
        assert Fraction(millionths(text), 1_000_000) == Fraction(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"cells": []}, {"at_most": 4}, {"at_most": 0},
        {"cells": [{"name": "a", "where": where("ward", "eq", "A")}] * 2},
        {"cells": [{"name": "a", "where": where("ward", "eq", "A", table="other")}]},
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    assert refused(lambda: request(**changes)).code == "CW-NOISE-INVALID"


@pytest.mark.parametrize(
    "condition",
    [where("no_such", "eq", "A"), where(PERSON, "eq", "p1"), where("days", "eq", "A")],
)
def test_columns_nobody_may_look_at_cost_nothing(
    tmp_path: Path, ledger: Ledger, condition: dict[str, Any]
) -> None:
    give(ledger, "1")
    asked = request(cells=[{"name": "a", "where": condition}])
    assert refused(lambda: ask(tmp_path, ledger, asked)).code == "CW-OUTPUT-COLUMN"
    assert refused(lambda: ask(tmp_path, ledger, request(table="x", cells=[
        {"name": "a", "where": where("ward", "eq", "A", table="x")}])))  # fmt: skip
    assert standing_of(ledger, PROJECT).spent == 0
    assert col("ward")["table"] == "stays"


def test_without_opendp_nothing_is_paid(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(ledger, "1")
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("opendp"):
            raise ImportError
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    error = refused(lambda: ask(tmp_path, ledger))
    assert (error.code, error.exit_code) == ("CW-NOISE-MISSING", 5)
    assert standing_of(ledger, PROJECT).spent == 0
