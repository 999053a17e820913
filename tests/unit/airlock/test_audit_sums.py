"""Sums of many figures: what follows, with a proof; and what does not."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from commonweal.airlock.audit import pairs, room, writing
from commonweal.airlock.audit.definitions import Definition
from commonweal.airlock.audit.findings import given_away
from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.manifest import Dimension
from commonweal.airlock.audit.places import cells_at
from commonweal.airlock.audit.probe import null_vectors
from commonweal.airlock.audit.running import Result, audit, read_proposals
from commonweal.airlock.audit.writing import NewTable, Published
from tests.audit_house import Asked, House, audit_id, by, fives, hiding, values

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


# --- what keeps to its time, and what is done for many at once -----------------------------------


def test_the_screen_ends_in_the_middle_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "MOST_FIGURES", 10)  # so that it is made step by step
    rng = np.random.default_rng(4)
    matrix = sparse.random_array((400, 3_000), density=0.01, rng=rng, format="csr")
    matrix.data[:] = 1
    looks = itertools.count()
    assert null_vectors(matrix, lambda: 1.0 if next(looks) < 7 else -1.0) is None
    assert next(looks) == 8
    assert null_vectors(matrix, lambda: 1.0) is not None


@given(st.integers(-30, 30), st.integers(0, 40), st.integers(2, 20), st.booleans())
def test_many_differences_are_judged_like_one(low: int, width: int, t: int, near: bool) -> None:
    high = low + width
    if near:
        far = low >= t or high <= -t
        expected = "review" if width + 1 < t and not far else "pass"
    else:
        expected = given_away(low, high, t)
    arrays = np.array([low, 0]), np.array([high, 10**15])
    found = pairs._verdicts(*arrays, t, np.array([near, False]))
    assert [pairs._VERDICTS[one] for one in found] == [expected, given_away(0, 10**15, t)]


@given(st.data())
def test_the_cells_of_a_spot_are_those_it_lies_in(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.integers(1, 3), min_size=0, max_size=3))
    every = [*itertools.product(*(range(-1, width) for width in widths))]
    published = data.draw(st.lists(st.sampled_from(every), max_size=12))
    cells = np.array(published, np.int64).reshape(len(published), len(widths))
    inside = [*np.ndindex(*widths)]
    spots = np.array(inside, np.int64).reshape(len(inside), len(widths))
    lengths, found = cells_at(cells, spots, widths)
    assert [one.tolist() for one in np.split(found, np.cumsum(lengths)[:-1])] == [
        [
            number
            for number, one in enumerate(published)
            if all(mine in (-1, own) for mine, own in zip(one, spot, strict=True))
        ]
        for spot in spots.tolist()
    ]


visits = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 1)), max_size=25)


@given(visits, st.booleans())
def test_a_part_is_everybody_who_stands_in_the_same_cells(
    rows: list[tuple[int, int, int]], inner: bool
) -> None:
    """People in several cells: the slow twin takes each person's set of published cells."""
    at = [*itertools.product(range(-1, 3), range(-1, 2))]
    shown = [one for one in at if inner or -1 in one][1:]
    cells = tuple(Published(1, 1, one, 0, 99) for one in shown)
    sides = tuple(
        Dimension(variable=name, categories=by(name, *"abc"[:width]))
        for name, width in (("one", 3), ("two", 2))
    )
    ids = np.array([audit_id(person) for person, _, _ in rows], "S16")
    places = np.array([row[1:] for row in rows], np.int32).reshape(len(rows), 2)
    table = NewTable("t", "t", "s", Definition(), sides, cells, ids, places)
    people = np.unique(ids)
    made = writing._parts(table, people)
    assert made.person.tolist() == [*range(len(people))]
    inside: dict[bytes, set[int]] = {bytes(one): set() for one in people}
    for row, id_ in zip(places.tolist(), ids, strict=True):
        inside[bytes(id_)] |= {
            number
            for number, one in enumerate(shown)
            if all(mine in (-1, own) for mine, own in zip(one, row, strict=True))
        }
    parts = dict(zip(map(bytes, people), made.part.tolist(), strict=True))
    for first, second in itertools.combinations(parts, 2):
        assert (parts[first] == parts[second]) == (inside[first] == inside[second])
    assert made.count == len(set(map(frozenset, inside.values())))
    for number, of_cell in enumerate(made.of_cells.to_pylist()):
        assert set(of_cell) == {parts[one] for one, cells_ in inside.items() if number in cells_}
        assert len(of_cell) == len(set(of_cell))


def test_a_table_that_nobody_is_in_is_compared(house: House) -> None:
    nobody = Asked("nobody", (AGE,), population=(values("ill", "x"),))
    house.leave(nobody)
    assert run(house, Asked("all", (AGE, SEX))).verdict == "pass"
