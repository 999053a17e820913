"""Sums of many figures: what follows, with a proof; and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, read_proposals
from tests.audit_house import Asked, House, by, fives, hiding, values

AGE, SEX, ILL = by("age", "a", "b"), by("sex", "f", "m"), by("ill", "y", "n")


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    number = 0
    counts = {"afy": 31, "afn": 42, "amy": 3, "amn": 55, "bfy": 28, "bfn": 61, "bmy": 19, "bmn": 44}
    for key, count in counts.items():
        for _ in range(count):
            number += 1
            house.people[number] = dict(zip(("age", "sex", "ill"), key, strict=True))
    return house


def run(house: House, *asked: Asked, threshold: int = 10) -> Result:
    proposed = house.propose(*asked, output="new")
    history = read_history(house.history)
    return audit(history, read_proposals([proposed], history), threshold=threshold)


def test_three_tables_give_a_group_that_no_two_give(house: House) -> None:
    # Men of age a who are ill, 3 of them: all ill of age a, less ill women of age a. The women come
    # from two tables: ill women, less ill women of age b.
    house.leave(Asked("ill-by-age", (AGE,), (values("ill", "y"),), margins=False))
    house.leave(Asked("ill-women", (by("sex", "f"),), (values("ill", "y"),), margins=False))
    result = run(
        house,
        Asked(
            "ill-women-b",
            (by("sex", "f"),),
            (values("ill", "y"), values("age", "b")),
            margins=False,
        ),
    )
    assert result.verdict == "fail"
    sums = [one for one in result.findings if one.code == "CW-AUDIT-SUM"]
    assert [one.people for one in sums] == [3]
    (only,) = sums
    assert sorted((t.table, t.times, t.low) for t in only.terms) == [
        ("ill-by-age", 1, 34),
        ("ill-women", -1, 59),
        ("ill-women-b", 1, 28),
    ]
    assert only.sentence.endswith("= 3 people")
    assert "minus ill-women row 1" in only.sentence


def test_the_same_tables_rounded_or_fewer_give_nothing(house: House) -> None:
    house.leave(Asked("ill-by-age", (AGE,), (values("ill", "y"),), margins=False))
    result = run(house, Asked("by-age-and-sex", (AGE, SEX)))
    assert result.verdict == "pass"
    assert result.findings == ()


def test_a_hidden_cell_that_its_totals_give_away_is_found(house: House) -> None:
    only_ill = (values("ill", "y"),)
    result = run(house, Asked("t", (AGE, SEX), only_ill, says=hiding))
    # 3 is hidden; the row says 34 and the women beside them are 31.
    assert result.verdict == "fail"
    assert any(one.people == 3 for one in result.findings)


def test_two_way_tables_of_large_cells_do_not_determine_the_third_way(house: House) -> None:
    result = run(
        house,
        Asked("age-sex", (AGE, SEX)),
        Asked("age-ill", (AGE, ILL)),
        Asked("sex-ill", (SEX, ILL)),
    )
    assert [one for one in result.findings if one.code == "CW-AUDIT-SUM"] == []


def test_combinations_that_nobody_has_are_supposed(house: House) -> None:
    """Nobody of age b is a man: then totals by age and by sex give everything to who knows that.

    Who reads the tables does not know it, so they pass.
    """
    house.people = {n: p for n, p in house.people.items() if p["age"] == "a" or p["sex"] == "f"}
    some = [n for n, p in house.people.items() if p["age"] == "b"]
    for number in some[4:]:
        del house.people[number]  # four women of age b are left
    for number in range(1000, 1030):
        house.people[number] = {"age": "c", "sex": "m", "ill": "y"}
    ages = (values("age", "a"), values("age", "b", "c"))
    result = run(house, Asked("age", (ages,)), Asked("sex", (SEX,)))
    assert result.findings == ()


def test_what_was_out_already_is_a_note(house: House) -> None:
    house.leave(Asked("all", (AGE,), (values("ill", "y"),)))
    house.leave(Asked("women", (AGE,), (values("ill", "y"), values("sex", "f"))))
    result = run(house, Asked("sex", (SEX,), (values("ill", "n"),)))
    assert result.findings == ()
    assert result.notes
    assert result.verdict == "pass"


def test_no_time_means_not_examined(house: House) -> None:
    house.leave(Asked("ill-by-age", (AGE,), (values("ill", "y"),), margins=False))
    house.leave(Asked("ill-women", (by("sex", "f"),), (values("ill", "y"),), margins=False))
    new = Asked("w", (by("sex", "f"),), (values("ill", "y"), values("age", "b")), margins=False)
    proposed = house.propose(new, output="new")
    history = read_history(house.history)
    result = audit(history, read_proposals([proposed], history), seconds=0)
    assert result.verdict == "review"
    assert result.not_examined


def test_rounded_figures_take_no_part_in_sums(house: House) -> None:
    house.leave(Asked("ill-by-age", (AGE,), (values("ill", "y"),), margins=False, says=fives))
    house.leave(Asked("ill-women", (by("sex", "f"),), (values("ill", "y"),), margins=False))
    new = Asked("w", (by("sex", "f"),), (values("ill", "y"), values("age", "b")), margins=False)
    result = run(house, new)
    assert [one for one in result.findings if one.code == "CW-AUDIT-SUM"] == []
