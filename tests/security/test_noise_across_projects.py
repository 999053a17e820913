"""Counts with noise, asked by several projects: what is averaged away, and who stops it.

The attack: projects that each keep to a budget of their own ask the same question of the same
people, and the mean of their answers has little noise left. It works where only the project's own
budget is looked at, and stops where the custodian's budget for these people is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.airlock.noise import answering
from commonweal.airlock.noise.answering import Desk
from commonweal.airlock.noise.budget import (
    SPENT,
    Asker,
    people_standing_of,
    set_people_budget,
    spend,
    standing_of,
)
from commonweal.airlock.noise.mechanism import mechanism
from commonweal.airlock.session import Session
from commonweal.foundation.clock import FixedClock, stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Ledger
from tests import factories
from tests.noise_house import (
    DATASET,
    again,
    give,
    give_people,
    ledger_at,
    people_text,
    release,
    request,
)
from tests.release_house import refused
from tests.unit.ledger.support import COMMITMENT, JANE, PERMIT, START

PROJECTS = [f"project-{n}" for n in range(40)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_at(tmp_path, None) as found:
        yield found


def pay(ledger: Ledger, project: str, epsilon: str = "0.5", dataset: str = DATASET) -> int:
    return spend(ledger, Asker(PERMIT, project, dataset, "r1"), request(epsilon))


def test_naively_projects_average_the_noise_away_that_each_has_paid_for() -> None:
    """Each project spends 0.5 of its own 0.5; forty of them tell the count to a hair."""
    draws = [mechanism(request("0.5")).draw([1_000])[0] for _ in PROJECTS]
    assert len(set(draws)) > 1
    # The standard error is 2.83 / sqrt(40) = 0.45; 4 is nine of them.
    assert abs(sum(draws) / len(draws) - 1_000) < 4


def test_ours_stops_them_at_what_was_promised_about_these_people(ledger: Ledger) -> None:
    give_people(ledger, "1.2")
    for one in PROJECTS:
        give(ledger, "0.5", project=one)
    told = []
    for one in PROJECTS:
        try:
            told.append(pay(ledger, one))
        except CommonwealError as error:
            said = (error.code, "0.2 is left" in error.sentence)
            assert said == ("CW-NOISE-PEOPLE", True)
    assert len(told) == 2, "2 x 0.5 of 1.2, whoever asks"
    assert people_standing_of(ledger, DATASET).left == 200_000
    assert standing_of(ledger, PROJECTS[-1]).spent == 0, "who was refused has paid nothing"


def test_without_the_custodians_budget_there_are_no_noisy_counts(ledger: Ledger) -> None:
    give(ledger, "10", project="asthma")
    error = refused(lambda: pay(ledger, "asthma", "0.000001"))
    assert (error.code, error.exit_code) == ("CW-NOISE-PEOPLE", 4)
    give_people(ledger, "1", dataset="another-hospital")
    assert refused(lambda: pay(ledger, "asthma")).code == "CW-NOISE-PEOPLE"


def test_the_custodians_budget_alone_lets_no_project_ask(ledger: Ledger) -> None:
    give_people(ledger, "10")
    assert refused(lambda: pay(ledger, "asthma")).code == "CW-NOISE-BUDGET"


def test_people_of_another_dataset_are_others(ledger: Ledger) -> None:
    give_people(ledger, "0.5")
    give_people(ledger, "0.5", dataset="another-hospital")
    give(ledger, "2", project="asthma")
    pay(ledger, "asthma")
    pay(ledger, "asthma", dataset="another-hospital")
    for dataset in (DATASET, "another-hospital"):
        with pytest.raises(CommonwealError, match="0 is left"):
            pay(ledger, "asthma", "0.1", dataset)


def test_a_spend_from_before_there_was_such_a_budget_counts_for_everybody(ledger: Ledger) -> None:
    give_people(ledger, "1")
    give(ledger, "2", project="asthma")
    fields = {"permit": PERMIT, "project": "asthma", "release": "r0", "millionths": 700_000,
              "request": COMMITMENT}  # fmt: skip
    ledger.append(Event(SPENT, Actor("system", "airlock"), fields))
    assert people_standing_of(ledger, DATASET).left == 300_000
    assert refused(lambda: pay(ledger, "asthma")).code == "CW-NOISE-PEOPLE"


def test_two_projects_at_once_spend_what_one_may(tmp_path: Path, ledger: Ledger) -> None:
    """Each has room in its own budget; for these people there is room for one."""
    give_people(ledger, "0.5")
    for one in PROJECTS[:8]:
        give(ledger, "0.5", project=one)
    together = threading.Barrier(8)

    def one(project: str) -> bool:
        with again(tmp_path) as mine:
            together.wait(timeout=30)
            try:
                pay(mine, project)
            except CommonwealError as error:
                assert error.code in ("CW-NOISE-PEOPLE", "CW-LEDGER-BUSY")  # noqa: PT017
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, PROJECTS[:8])) == 1
    assert people_standing_of(ledger, DATASET).spent == 500_000


def test_cut_off_between_spend_and_draw_both_budgets_have_paid(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_people(ledger, "1")
    give(ledger, "1", project="asthma")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    def ask() -> object:
        with Session.over(release(tmp_path / "release")) as session:
            desk = Desk(ledger, tmp_path / "noise", FixedClock(START))
            return desk.answer(request("0.5"), PERMIT, "asthma", DATASET, session)

    with monkeypatch.context() as cut:
        cut.setattr(answering, "_plain", killed)
        with pytest.raises(Killed):
            ask()
    assert people_standing_of(ledger, DATASET).spent == 500_000
    assert list((tmp_path / "noise").glob("*.json")) == [], "nothing was drawn"
    assert ask(), "and the question is paid for again"
    assert people_standing_of(ledger, DATASET).left == 0
    assert standing_of(ledger, "asthma").left == 0


def test_an_old_paper_or_a_foreign_one_raises_no_budget(ledger: Ledger) -> None:
    generous = people_text("10", stated_at=stamp(START))
    earlier = people_text("10", stated_at=stamp(START - timedelta(hours=1)))
    give_people(ledger, "0.5")
    trust = factories.trust()
    error = refused(lambda: set_people_budget(ledger, earlier, trust, JANE))
    assert error.code == "CW-NOISE-OLD"
    for wrong in (generous[:-6] + "AAAAAA", "{}", ""):
        assert refused(lambda text=wrong: set_people_budget(ledger, text, trust, JANE))
    assert people_standing_of(ledger, DATASET).budget == 500_000


@pytest.mark.parametrize("epsilon", ["0", "-1", "11", "1e3", "0.50", "much", "0.0000001"])
def test_a_budget_that_is_none_is_not_one(epsilon: str) -> None:
    assert refused(lambda: people_text(epsilon)).code == "CW-NOISE-INVALID"
