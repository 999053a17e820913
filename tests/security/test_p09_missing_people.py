"""P9: figures of who is missing, asked again and subtracted, single out nobody.

The naive twin tells the exact loss by group, at each plan anew. Whoever looks before and after one
person came (or knows everybody of a group but one) reads off whether that one has a number, or to
which group they belong. Ours is told in one place, held, in tens, with no small rest.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from commonweal.papers.missing import EqualityVariable, MissingPeople
from commonweal.papers.release import ReleaseSummary
from commonweal.vault.equality.groups import groups_of
from commonweal.vault.equality.measuring import Found, MissingFound
from commonweal.vault.equality.telling import Cited, tell
from commonweal.vault.figures import history
from commonweal.vault.figures.publishing import Counts, Margins
from commonweal.vault.keys import Secret
from tests.figures_house import PEOPLE, figures, figures_house, keep
from tests.release_house import House

ETHNIC = EqualityVariable(variable="ethnic", describes="ethnicity")
SEX = EqualityVariable(variable="sex", describes="sex")
GROUPS = {one: list(groups_of(one)) for one in (ETHNIC, SEX)}
Person = tuple[str, str, bool]
"""Ethnic group, sex, and whether the record has a number."""


def counted(people: list[Person]) -> MissingFound:
    found: dict[EqualityVariable, dict[str, Found]] = {}
    for place, one in enumerate((ETHNIC, SEX)):
        found[one] = {}
        for group in GROUPS[one]:
            mine = [person for person in people if person[place] == group]
            lost = sum(not person[2] for person in mine)
            found[one][group] = Found(len(mine) - lost, lost, lost)
    lost = sum(not person[2] for person in people)
    return MissingFound(Found(len(people) - lost, lost, lost), found)


class Version:
    """One version of figures after the other, as the vault makes them."""

    def __init__(self, seed: int) -> None:
        self.margins = Margins(Secret(random.Random(seed).randbytes(32)))
        self.counts = Counts(self.margins, None)
        self.held: dict[str, int] = {}

    def hold(self, exact: dict[str, int], *, new: bool) -> dict[str, int]:
        held = self.counts.hold(exact, new)
        self.held |= held
        return held

    def tell(self, people: list[Person]) -> MissingPeople:
        told = tell(self, counted(people), {})
        self.counts = Counts(self.margins, dict(self.held))
        return told


def naive(people: list[Person]) -> dict[tuple[str, str], int]:
    """The twin: exact people without a number, by group, whenever it is asked."""
    return {
        (one.variable, group): n.lost
        for one, groups in counted(people).variables.items()
        for group, n in groups.items()
    }


def crowd(seed: int, size: int = 1500) -> list[Person]:
    drawn = random.Random(seed)
    found = []
    for _ in range(size):
        ethnic = drawn.choices(GROUPS[ETHNIC], [60, 20, 10, 4, 2, 1, 6])[0]
        sex = drawn.choices(GROUPS[SEX], [50, 48, 1, 0, 1])[0]
        found.append((ethnic, sex, drawn.random() > (0.03 if ethnic == "White" else 0.12)))
    return found


def test_somebody_who_comes_without_a_number_is_read_off_the_twin_and_never_off_ours() -> None:
    """The attacker knows that one person was admitted between two looks, and asks which group
    they belong to and whether they have a number."""
    read_off = 0
    for seed in range(20):
        drawn = random.Random(seed)
        people, version = crowd(seed), Version(seed)
        before, first = naive(people), version.tell(people)
        newcomer = (drawn.choice(GROUPS[ETHNIC]), drawn.choice(GROUPS[SEX]), False)
        more = [*people, newcomer]
        after = naive(more)
        told = {name for name in after if after[name] != before[name]}
        read_off += told == {("ethnic", newcomer[0]), ("sex", newcomer[1])}
        assert version.tell(more) == first
        assert version.tell(people) == first
    assert read_off == 20


def test_the_last_of_a_group_is_not_found_by_subtracting() -> None:
    """The attacker knows everybody of the hospital without a number but one, and takes them off."""
    singled = 0
    for seed in range(60):
        people, version = crowd(seed), Version(seed)
        told, exact = version.tell(people), naive(people)
        singled += any(0 < n < 10 for n in exact.values())
        for one in told.variables:
            shown = {group.group: group.lost for group in one.groups}
            rest = sum(n for (v, g), n in exact.items() if v == one.variable and shown[g] is None)
            assert rest == 0 or rest >= 10, "nobody stands alone among those who are not shown"
            for group, n in shown.items():
                assert n is None or (n >= 10 and exact[one.variable, group] >= 10)
                assert n is None or abs(n - exact[one.variable, group]) < 10
    assert singled > 45, "the twin tells of small groups nearly always"


def test_a_figure_moves_only_when_ten_people_differ() -> None:
    """People get their numbers one by one; whenever a figure of a group moves, ten of it did."""
    people, version, moved = crowd(5, 2400), Version(5), 0
    shown = version.tell(people)
    since = dict.fromkeys(naive(people), 0)
    for place, (ethnic, sex, numbered) in enumerate(people):
        if numbered:
            continue
        people[place] = (ethnic, sex, True)
        since["ethnic", ethnic] += 1
        since["sex", sex] += 1
        found = version.tell(people)
        for old, new in zip(shown.variables, found.variables, strict=True):
            for was, now in zip(old.groups, new.groups, strict=True):
                if was.lost != now.lost and None not in (was.lost, now.lost):
                    moved += 1
                    assert since[old.variable, was.group] >= 10
                    since[old.variable, was.group] = 0
        shown = found
    assert moved > 2, "figures do follow, later"


def test_a_plan_says_no_more_than_that_ten_people_differ() -> None:
    people, version = crowd(9), Version(9)
    told = version.tell(people)
    cited = Cited("figures-d.r1", date(2026, 3, 1), told, version.held,
                  version.margins)  # fmt: skip
    more, steps = list(people), 0
    while not cited.told(counted(more)).changed:
        more.append(("White", "Female", False))
        steps += 1
        assert cited.told(counted(more)).people == told
        assert steps < 25
    assert 10 <= steps <= 19


# --- end to end -------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = figures_house(tmp_path / "house")
    for row in house.tables["patients"][:60]:
        row["nhs_number"] = ""
    house.tables["patients"][61]["sex"] = "9"
    house.tables["patients"][61]["nhs_number"] = ""
    house.choose(allowed=[number for number in house.numbers if number])
    keep(house)
    yield house
    house.close()


def outside(house: House, permit: Path) -> str:
    found = house.plan(permit).outside.missing
    assert found is not None
    return found.canonical().decode()


def test_two_plans_with_one_person_between_them_say_the_same(house: House) -> None:
    paper = figures(house)
    permit = house.issue()
    before, exact = outside(house, permit), house.plan(permit).missing
    house.tables["patients"][70]["nhs_number"] = ""
    house.choose(allowed=[number for number in house.numbers if number])
    house.write()
    after = house.plan(permit)
    assert after.missing is not None
    assert exact is not None
    assert after.missing.lost == exact.lost + 1 == 62, "inside it is exact"
    assert outside(house, permit) == before, "outside nothing moved"
    assert paper.missing is not None
    assert json.loads(before)["people"] == paper.missing.plain()


def test_what_leaves_of_a_release_cites_release_0(house: House) -> None:
    assert house.plan(house.issue()).outside.missing is None, "there were no figures to cite"
    paper = figures(house)
    report = house.build(house.issue())
    summary = ReleaseSummary.load(
        (report.folder / "summary.jws").read_bytes(), house.custody().belief
    )
    assert summary.missing is not None
    assert summary.missing.figures == paper.release
    assert summary.missing.people == paper.missing
    assert not summary.missing.changed
    sexes = next(one for one in summary.missing.people.variables if one.variable == "sex")
    shown = {one.group: one.lost for one in sexes.groups}
    assert shown["Neither, or not clear"] is None
    assert None in (shown["Female"], shown["Male"]), "one of the others hides with the one person"
    inside = report.manifest["missing"]
    assert (inside["kept"], inside["lost"]) == (PEOPLE - 61, 61)
    assert '"lost":61' not in summary.canonical().decode()
    assert not house.verify(report.folder).faults


def test_exact_counts_of_missing_people_lie_sealed(house: House) -> None:
    paper = figures(house)
    folder = house.home / "history" / paper.release
    inner = history.read_inner(house.custody(), paper.release)
    assert 61 in inner.held.values()
    assert all(b"PAR1" not in path.read_bytes() for path in folder.rglob("*.parquet"))


def test_broken_figures_are_not_cited(house: House) -> None:
    paper = figures(house)
    (house.home / "history" / paper.release / "values" / "inner.json").unlink()
    plan = house.plan(house.issue())
    assert plan.outside.missing is None
    assert plan.missing is not None
    assert any("nothing is told" in line for line in plan.sentences())
