"""Stories of several outputs by somebody who had not seen the audit's code.

Each disclosive one says which published cells are added and taken off, and that this gives the
size of a group of fewer than ten people: the tests do the sum on the published figures, so that the
label is proved. In its safe sibling the same sum gives ten people or more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.audit_house import Asked, House, band, by, fives, hiding, values

Sum = tuple[tuple[int, str, tuple[int, ...]], ...]
"""Sign, table and place of each cell of a sum; -1 is the total over a side."""


@dataclass(frozen=True)
class Unseen:
    """`tell` makes the outputs that left and gives what is proposed, and the sum that tells."""

    name: str
    disclosive: bool
    tell: Callable[[House, np.random.Generator], tuple[list[Asked], Sum]]


def crowd(house: House, rng: np.random.Generator, count: int = 1600) -> None:
    """Everybody: ages in equal numbers from 20 to 59, a county, a parish of it, two illnesses."""
    order = rng.permutation(count)
    for place, number in enumerate(order):
        county = "NSEW"[place % 4]
        house.people[int(number)] = {
            "age": 20 + place // 4 % 40, "county": county, "parish": county + "123"[place // 4 % 3],
            "sex": "fm"[(place // 4 + place // 160) % 2], "gout": "yn"[place // 160 % 2],
            "code": "abcd"[(place // 4 + place + place // 160) % 4],
        }  # fmt: skip


def thin(house: House, keep: int, **given: object) -> None:
    """All but `keep` of those who have these values leave the hospital for good."""
    who = [n for n, p in house.people.items() if all(p[k] == v for k, v in given.items())]
    for name in who[keep:]:
        del house.people[name]


def more(house: House, count: int, **given: object) -> None:
    """Newcomers with these values."""
    alike = {"age": 33, "county": "N", "parish": "N1", "sex": "f", "gout": "n", "code": "a"}
    for _ in range(count):
        house.people[f"new {house.made} {len(house.people)}"] = {**alike, **given}


def birthday(few: int) -> Callable:
    """Bands of ages that end a year apart."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, age=39)
        house.leave(Asked("to-39", ((band("age", 20, 40), band("age", 40, 60)),), margins=False))
        asked = Asked("to-38", ((band("age", 20, 39), band("age", 39, 60)),), margins=False)
        return [asked], ((1, "to-39", (0,)), (-1, "to-38", (0,)))

    return tell


def code_list(few: int) -> Callable:
    """A list of codes of which one was taken out."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, code="d")
        sides = (by("county", "N", "S"),)
        wide = (values("code", "b", "c", "d"),)
        house.leave(Asked("three-codes", (), wide), Asked("some", sides, wide))
        return [Asked("two-codes", (), (values("code", "b", "c"),))], (
            (1, "three-codes", ()), (-1, "two-codes", ()))  # fmt: skip

    return tell


def three_apart(few: int) -> Callable:
    """Everybody, those with gout, and the others from an age on: three cells, not two."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, gout="n", age=20)
        house.leave(Asked("everybody", ()))
        house.leave(Asked("gout", (), (values("gout", "y"),)))
        older = (values("gout", "n"), band("age", 21, 60))
        return [Asked("older", (), older)], (
            (1, "everybody", ()), (-1, "gout", ()), (-1, "older", ()))  # fmt: skip

    return tell


def chain(few: int) -> Callable:
    """Four outputs of ten years each, less one year, and everybody: five cells."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, age=59)
        for start in (20, 30, 40):
            house.leave(Asked(f"from-{start}", (), (band("age", start, start + 10),)))
        house.leave(Asked("everybody", ()))
        cells = [(-1, f"from-{start}", ()) for start in (20, 30, 40, 50)]
        return [Asked("from-50", (), (band("age", 50, 59),))], (
            (1, "everybody", ()), *cells)  # type: ignore[return-value]  # fmt: skip

    return tell


def parish(few: int) -> Callable:
    """A county, and all of its parishes but the smallest, in outputs of two projects."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, parish="E3")
        house.leave(Asked("parishes", (by("parish", "E1", "E2"),), margins=False))
        asked = Asked("counties", (by("county", *"NSEW"),), margins=False)
        return [asked], ((1, "counties", (2,)), (-1, "parishes", (0,)), (-1, "parishes", (1,)))

    return tell


def hidden_elsewhere(few: int) -> Callable:
    """A cell that was hidden, and a total that another output shows."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, county="W", sex="m")
        sides = (by("county", *"NSEW"), by("sex", "f", "m"))
        house.leave(Asked("both", sides, says=hiding, margins=False))
        asked = Asked("counties", (by("county", *"NSEW"),), margins=False)
        return [asked], ((1, "counties", (3,)), (-1, "both", (3, 0)))

    return tell


def overlapping(few: int) -> Callable:
    """Bands that overlap: who is in both follows from both and their total."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, age=40)
        bands = (band("age", 20, 41), band("age", 40, 60))
        return [Asked("bands", (bands,))], (
            (1, "bands", (0,)), (1, "bands", (1,)), (-1, "bands", (-1,)))  # fmt: skip

    return tell


def overlap_over_outputs(few: int) -> Callable:
    """The same in three outputs of their own."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, age=40)
        house.leave(Asked("young", (), (band("age", 20, 41),)))
        house.leave(Asked("everybody", ()))
        return [Asked("old", (), (band("age", 40, 60),))], (
            (1, "young", ()), (1, "old", ()), (-1, "everybody", ()))  # fmt: skip

    return tell


def newcomers(few: int) -> Callable:
    """The second refresh of a table, a month on: who came is the difference."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        sides = (by("county", *"NSEW"), by("gout", "y", "n"))
        house.leave(Asked("January", sides))
        for county in "NSEW":
            more(house, 30, county=county, gout="y")
            more(house, few if county == "S" else 40, county=county, gout="n")
        return [Asked("February", sides, snapshot="s2")], (
            (1, "February", (1, 1)), (-1, "January", (1, 1)))  # fmt: skip

    return tell


def third_refresh(few: int) -> Callable:
    """Three refreshes: January and March differ by few, February by many from both."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        sides = (by("county", *"NSEW"),)
        house.leave(Asked("January", sides, margins=False))
        kept = dict(house.people)
        for county in "NSEW":
            more(house, 40, county=county)
        house.leave(Asked("February", sides, snapshot="s2", margins=False))
        house.people = kept
        for county in "NSEW":
            more(house, few if county == "W" else 25, county=county)
        return [Asked("March", sides, snapshot="s3", margins=False)], (
            (1, "March", (3,)), (-1, "January", (3,)))  # fmt: skip

    return tell


def complement(few: int) -> Callable:
    """Those with any of four codes by county; then those with any but one."""

    def tell(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
        crowd(house, rng)
        thin(house, few, county="W", code="d")
        sides = (by("county", *"NSEW"),)
        house.leave(Asked("all-codes", sides, (values("code", *"abcd"),), margins=False))
        return [Asked("not-d", sides, (values("code", *"abc"),), margins=False)], (
            (1, "all-codes", (3,)), (-1, "not-d", (3,)))  # fmt: skip

    return tell


def rounded(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
    """Two rounded tables of two populations that are a hundred apart in every cell."""
    crowd(house, rng)
    sides = (by("sex", "f", "m"),)
    house.leave(Asked("everybody", sides, says=fives, margins=False))
    return [Asked("gout", sides, (values("gout", "y"),), says=fives, margins=False)], ()


def strangers(house: House, rng: np.random.Generator) -> tuple[list[Asked], Sum]:
    """Two tables of people who have nothing in common."""
    crowd(house, rng)
    house.leave(Asked("north", (by("sex", "f", "m"),), (values("county", "N"),)))
    return [Asked("south", (by("sex", "f", "m"),), (values("county", "S"),))], ()


MADE = (birthday, code_list, three_apart, chain, parish, hidden_elsewhere, overlapping,
        overlap_over_outputs, newcomers, third_refresh, complement)  # fmt: skip
NEAR = {birthday, code_list, three_apart, parish, newcomers, third_refresh, chain, overlapping}


def unseen_stories() -> Iterator[Unseen]:
    """All of them, the safe siblings too."""
    for place, made in enumerate(MADE):
        name = made.__name__.replace("_", " ")
        yield Unseen(name, True, made(2 + place % 7))
        if made in NEAR:
            yield Unseen(f"{name}, of many", False, made(14))
    yield Unseen("rounded", False, rounded)
    yield Unseen("strangers", False, strangers)
