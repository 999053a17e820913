"""S22: figures of the catalogue, asked again and subtracted, tell of nobody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.vault.figures import history
from commonweal.vault.figures.publishing import (
    Counts,
    Margins,
    cell,
    listed,
    without_small_rest,
)
from commonweal.vault.keys import Secret
from tests.figures_house import figures, figures_house, keep
from tests.release_house import House, objection

Table = dict[str, int]


# --- the naive twins: exact counts, and counts that are only rounded --------------------------


def naive_exact(counts: Table) -> dict[str, int | None]:
    return {name: count for name, count in counts.items() if count >= 10}


def naive_rounded(counts: Table) -> dict[str, int | None]:
    return {name: (n + 5) // 10 * 10 for name, n in counts.items() if n >= 10}


class Ours:
    """Versions made one after the other, as the vault makes them."""

    def __init__(self) -> None:
        self.margins = Margins(Secret(bytes(random.Random(22).randbytes(32))))
        self.before: Table | None = None

    def publish(self, counts: Table) -> dict[str, int | None]:
        made = Counts(self.margins, self.before)
        self.before = made.hold(counts)
        return {name: n for name, n in made.shown(self.before).items() if n is not None}


def people(seed: int, size: int) -> Table:
    drawn = random.Random(seed)
    return {f"code {n}": drawn.randint(8, 400) for n in range(size)}


def test_one_person_who_leaves_shows_in_the_twins_and_never_in_ours() -> None:
    """The attacker reads the catalogue every month and knows that only one person left."""
    counts, ours = people(1, 60), Ours()
    shown = ours.publish(counts)
    told = {"exact": 0, "rounded": 0}
    for name in counts:
        after = {**counts, name: counts[name] - 1}
        told["exact"] += naive_exact(counts) != naive_exact(after)
        told["rounded"] += naive_rounded(counts) != naive_rounded(after)
        assert ours.publish(after) == shown
        assert ours.publish(counts) == shown
    assert told["exact"] > 50
    assert told["rounded"] >= 3


def test_a_figure_that_moves_tells_of_ten_people_at_least() -> None:
    """People leave one by one; whenever a figure moves, at least ten have."""
    ours, steps = Ours(), 0
    counts = {f"code {n}": 200 for n in range(40)}
    shown, since = ours.publish(counts), dict.fromkeys(counts, 0)
    for _ in range(60):
        counts = {name: count - 1 for name, count in counts.items()}
        found = ours.publish(counts)
        for name in counts:
            since[name] += 1
            if found[name] != shown[name]:
                assert since[name] >= 10
                since[name], steps = 0, steps + 1
        shown = found
    assert steps > 60, "figures do follow, later"


def bounds(shown: dict[str, int | None], total: int) -> tuple[int, int]:
    """What someone who knows the rules can work out of the people whom no code shows."""
    known = [one for one in shown.values() if one is not None]
    return total - 9 - sum(n + 9 for n in known), total + 9 - sum(n - 9 for n in known)


def test_what_is_left_over_of_a_total_is_no_small_group() -> None:
    naive_found = 0
    for seed in range(400):
        drawn = random.Random(seed)
        rest = drawn.randint(1, 9)
        counts = {f"code {n}": drawn.randint(10, 300) for n in range(drawn.randint(1, 6))}
        total = sum(counts.values()) + rest
        exact = naive_exact(counts)
        naive_found += total - sum(n for n in exact.values() if n) == rest
        margins = Counts(Margins(Secret(drawn.randbytes(32))), None)
        kept = without_small_rest(listed(counts), [rest])
        hidden = total - sum(counts[code] for code in kept)
        assert hidden >= 10, "nobody stands alone among those who are not shown"
        shown = margins.shown({code: counts[code] for code in kept})
        whole = margins.shown({cell("people"): total})[cell("people")]
        if whole is not None:
            low, high = bounds(shown, whole)
            assert low <= hidden <= high
            assert not (low >= 1 and high <= 9)
    assert naive_found == 400


# --- end to end -------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = figures_house(tmp_path / "house")
    yield house
    house.close()


def test_an_opt_out_between_two_versions_changes_nothing_that_is_shown(house: House) -> None:
    first = figures(house)
    one = house.numbers[7]
    house.choose(objections=[objection(one)])
    second = figures(house)
    assert (second.sequence, second.supersedes) == (2, first.release)
    assert second.people == first.people
    assert second.tables == first.tables
    house.choose(objections=[objection(number) for number in house.numbers[:40]])
    third = figures(house)
    assert third.people is not None
    assert first.people is not None
    assert third.people <= first.people - 30


def test_a_variable_that_was_away_comes_back_as_it_was_shown(house: House) -> None:
    """Left out of one version and told anew in the next, its counts would move by one person."""
    first = history.read_inner(house.custody(), figures(house).release)
    variables = house.catalogue_data["datasets"][0]["tables"][0]["variables"]
    place = next(n for n, one in enumerate(variables) if one["name"] == "sex")
    kept = dict(variables[place])
    for key in ("role", "forms"):
        variables[place].pop(key, None)
    keep(house)
    between = figures(house)
    assert "sex" not in between.tables["patients"].variables
    variables[place] = kept
    keep(house)
    house.choose(objections=[objection(house.numbers[7])])
    last = figures(house)
    inner = history.read_inner(house.custody(), last.release)
    counts = [name for name in first.held if '"sex"' in name]
    assert len(counts) > 3
    assert {name: inner.held[name] for name in counts} == {n: first.held[n] for n in counts}


def test_a_rare_value_is_not_found_by_subtracting(house: House) -> None:
    for row in house.tables["patients"][:3]:
        row["sex"] = "X"
    keep(house)
    paper = figures(house)
    sex = paper.tables["patients"].variables["sex"]
    assert "X" not in paper.canonical().decode().split('"sex"')[1].split("}")[0]
    assert len(sex.codes) == 1, "of F and M the smaller is hidden with it"
    assert sex.codes_hidden


def test_a_figure_that_was_changed_in_its_file_is_not_believed(house: House) -> None:
    from commonweal.foundation.errors import Fault
    from commonweal.papers.figures import CatalogueFigures

    figures(house)
    public = house.home / "public" / "figures" / "hospital.jws"
    changed = bytearray(public.read_bytes())
    changed[200] ^= 1
    with pytest.raises(Fault):
        CatalogueFigures.load(bytes(changed), house.custody().belief)
