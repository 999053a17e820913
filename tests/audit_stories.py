"""Thirty stories of several outputs, made from a seed; whether one is disclosive follows from how
it is made, and not from what any checker says.

In a disclosive story a group of fewer than ten people has a size that follows from what is
published; in its safe sibling the same group has at least ten, or the figures are rounded to ten.
Two stories are small public examples: the linked tables of sdcTools/UserSupport 133 and 136, and
the mean with and without one row, or with one row twice, of datashield/dsBase 251 (the number of
people behind each mean; its values are for the rules on dominance, as is all of dsBase 250). The
block of few people with all its three-way tables is the reconstruction that Communications of the
ACM described in 2019, with made-up people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from commonweal.airlock.audit.definitions import Condition
from tests.audit_house import Asked, House, band, by, hiding, tens, values

SEX = by("sex", "f", "m")
AGES = ("30", "40", "50", "60")
AGE = by("ageband", *AGES)


@dataclass(frozen=True)
class Story:
    """`tell` makes the outputs that left and gives those that are proposed."""

    name: str
    disclosive: bool
    tell: Callable[[House, np.random.Generator], list[Asked]]
    threshold: int = 10


def people(house: House, rng: np.random.Generator, count: int = 600) -> None:
    """Everybody: an age, a sex, a place, and illnesses that are common in all of them."""
    for number in range(count):
        age = int(rng.integers(30, 70))
        house.people[number] = {
            "age": age,
            "ageband": str(age // 10 * 10),
            "sex": "fm"[number % 2],
            "region": "ABCD"[number % 4],
            "asthma": "yn"[number // 4 % 2],
            "codes": "yn"[number // 8 % 2],
        }


def those(house: House, **given: str) -> list[object]:
    return [
        n for n, p in house.people.items() if all(p[name] == value for name, value in given.items())
    ]


def re_run(gone: int, says: Callable[[int], tuple[int, int | None]] | None = None) -> Callable:
    """The same table before and after `gone` people of one cell said no."""
    more = {} if says is None else {"says": says}

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        house.leave(Asked("before", (AGE, SEX), **more))
        for name in those(house, ageband="40", sex="f")[:gone]:
            del house.people[name]
        return [Asked("after", (AGE, SEX), snapshot="s2", **more)]

    return tell


def subset(small: int) -> Callable:
    """Everybody, and those with asthma; in one region all but `small` have it."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        for place, name in enumerate(those(house, region="A")):
            house.people[name]["asthma"] = "n" if place < small else "y"
        house.leave(Asked("everybody", (by("region", *"ABCD"),), margins=False))
        ill = (values("asthma", "y"),)
        return [Asked("asthma", (by("region", *"ABCD"),), ill, margins=False)]

    return tell


def banding(small: int) -> Callable:
    """Ages 30 to 50 and 30 to 48 are published: `small` people are 48 or 49."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        older = [n for n, p in house.people.items() if p["age"] in (48, 49)]
        for place, name in enumerate(older):
            house.people[name]["age"] = 48 if place < small else 35
        first: tuple[Condition, ...] = (band("age", 30, 50), band("age", 50, 70))
        house.leave(Asked("tens", (first,), margins=False))
        return [Asked("others", ((band("age", 30, 48),),), margins=False)]

    return tell


def code_list(small: int) -> Callable:
    """A list of codes is edited: `small` people have only the code that was taken out."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        for place, name in enumerate(those(house, codes="y")):
            house.people[name]["codes"] = "J45.9" if place < small else "J45.0"
        house.leave(Asked("first", (SEX,), (values("codes", "J45.0", "J45.9"),)))
        return [Asked("second", (SEX,), (values("codes", "J45.0"),))]

    return tell


def hidden_margin(small: int) -> Callable:
    """One cell is hidden; another table of the same people has the total of its row."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        for place, name in enumerate(those(house, ageband="60", sex="m")):
            house.people[name]["sex"] = "m" if place < small else "f"
        house.leave(Asked("rows", (AGE, SEX), margins=False, says=hiding))
        return [Asked("totals", (AGE,), margins=False)]

    return tell


def three_tables(small: int) -> Callable:
    """Ill of an age, ill women, ill women of the other ages: the ill men of the age are left."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        ill = (values("asthma", "y"),)
        for place, name in enumerate(those(house, ageband="30", sex="m")):
            house.people[name]["asthma"] = "y" if place < small else "n"
        house.leave(Asked("ill-of-30", (by("ageband", "30"),), ill, margins=False))
        house.leave(Asked("ill-women", (by("sex", "f"),), ill, margins=False))
        others = (*ill, values("ageband", *AGES[1:]))
        return [Asked("ill-women-others", (by("sex", "f"),), others, margins=False)]

    return tell


def linked(*, together: bool) -> Callable:
    """sdcTools/UserSupport 133 and 136: eight regions in counties, and in groups by size."""
    counts = {"A": 2, "B": 2, "I": 8, "J": 8, "K": 3, "L": 3, "M": 3, "N": 7}
    counties = (values("region", *"ABIJ"), values("region", *"KLMN"))
    groups = (values("region", *"ABIJKN"), values("region", *"LM"))

    def under_four(count: int) -> tuple[int, int | None]:
        return (0, None) if count < 4 else (count, count)

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        house.people = {
            f"{region}{n}": {"region": region}
            for region, count in counts.items()
            for n in range(count)
        }
        regions = Asked("regions", (by("region", *counts),), says=under_four)
        if together:
            house.leave(regions, Asked("counties", (counties,)))
        return [Asked("again", regions.dimensions, says=under_four), Asked("sizes", (groups,))]

    return tell


def block(count: int) -> Callable:
    """All three-way tables of a block of few people leave, one after another."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        names = {"sex": "fm", "race": "bw", "married": "yn", "old": "yn"}
        for number in range(count):
            house.people[number] = {n: given[int(rng.integers(2))] for n, given in names.items()}
        ways = [("sex", "race", "married"), ("sex", "race", "old"), ("sex", "married", "old")]
        for number, way in enumerate(ways[:2]):
            house.leave(Asked(f"t{number}", tuple(by(n, *names[n]) for n in way)))
        return [Asked("last", tuple(by(n, *names[n]) for n in ways[2]))]

    return tell


def mean_without(gone: int) -> Callable:
    """dsBase 251, first attack: a mean of everybody, and of all but `gone`."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        for number, person in enumerate(house.people.values()):
            person["kept"] = "no" if number < gone else "yes"
        house.leave(Asked("mean", (), ()))
        return [Asked("mean-of-others", (), (values("kept", "yes"),))]

    return tell


def mean_twice(house: House, rng: np.random.Generator) -> list[Asked]:
    """dsBase 251, second attack: one row is there twice; the people are the same."""
    people(house, rng)
    for number, person in enumerate(house.people.values()):
        person["rows"] = "two" if number == 7 else "one"
    house.leave(Asked("mean", (), ()))
    return [Asked("mean-of-more", (), (values("rows", "one", "two"),))]


def unrelated(says: Callable[[int], tuple[int, int | None]]) -> Callable:
    """Two tables of large cells on other variables."""

    def tell(house: House, rng: np.random.Generator) -> list[Asked]:
        people(house, rng)
        house.leave(Asked("ages", (AGE, SEX), says=says))
        return [Asked("regions", (by("region", *"ABCD"), by("asthma", "y", "n")), says=says)]

    return tell


def same_again(house: House, rng: np.random.Generator) -> list[Asked]:
    """The very same table is asked for by another project."""
    people(house, rng)
    house.leave(Asked("first", (AGE, SEX)))
    return [Asked("again", (AGE, SEX))]


def exactly_all(count: int) -> tuple[int, int | None]:
    return count, count


STORIES = [
    *(Story(f"re-run after {n} left", True, re_run(n)) for n in (1, 2, 9)),
    *(Story(f"re-run after {n} left", False, re_run(n)) for n in (10, 25)),
    Story("re-run after 2 left, in tens", False, re_run(2, tens)),
    *(Story(f"all but {n} are ill", True, subset(n)) for n in (0, 9)),
    Story("all but 30 are ill", False, subset(30)),
    *(Story(f"bands that differ by {n}", True, banding(n)) for n in (1, 8)),
    Story("bands that differ by 12", False, banding(12)),
    *(Story(f"a code of {n} people is taken out", True, code_list(n)) for n in (1, 5)),
    Story("a code of 60 people is taken out", False, code_list(60)),
    *(Story(f"a hidden cell of {n} and its total", True, hidden_margin(n)) for n in (1, 6)),
    Story("nothing is hidden, and totals", False, hidden_margin(20)),
    *(Story(f"three tables leave {n} ill men", True, three_tables(n)) for n in (1, 4, 9)),
    Story("three tables leave 20 ill men", False, three_tables(20)),
    Story("linked hierarchies together", True, linked(together=True), 4),
    Story("one hierarchy alone", False, linked(together=False), 4),
    Story("a block of 40 people", True, block(40)),
    Story("a mean without one row", True, mean_without(1)),
    Story("a mean with one row twice", True, mean_twice),
    Story("a mean without 50 rows", False, mean_without(50)),
    Story("unrelated tables", False, unrelated(exactly_all)),
    Story("the same table again", False, same_again),
]
