"""The table `patients`: everything on the front sheet of a hospital record.

Telephone numbers come from the ranges that Ofcom keeps for drama, e-mail addresses from the
domains that RFC 2606 keeps for examples. Sex is the NHS Data Dictionary code: 1 male, 2 female,
9 indeterminate, 0 not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from commonweal.demo.hospital.calendar import DAYS_A_YEAR, EPOCH
from commonweal.demo.hospital.communities import (
    COMMUNITIES,
    ETHNIC_CODES,
    KEYS,
    family_pool,
    given_group,
    given_pool,
    numbers,
)
from commonweal.demo.hospital.draw import Flags, Floats, Ints, chosen, coded, dates, texts
from commonweal.demo.hospital.households import CARE_HOME, CHILD, ELDER, HEAD, PARTNER, SHARER
from commonweal.demo.hospital.numbers import digit_text
from commonweal.demo.hospital.people import People
from commonweal.demo.hospital.places import Places

SEX_CODES = ("1", "2", "9", "0")
TITLES = ("Mr", "Mrs", "Miss", "Ms", "Master", "Dr", "Rev", "Prof", "Mx")
RELATIONS = (
    "Spouse or partner", "Mother", "Father", "Daughter", "Son", "Grandchild", "Sister", "Brother",
    "Friend", "Neighbour", "Care home manager",
)  # fmt: skip
LANGUAGES = tuple(dict.fromkeys(["English", *(c.language for c in COMMUNITIES)]))
_OWN_NAME = frozenset(["sikh", "pakistani", "bangladeshi", "polish"])


def patients_table(rng: Generator, people: People, places: Places, death: Ints) -> pa.Table:
    """One row a patient; `death` is the day of death, or above the window for the living."""
    names = _Names(rng, people)
    age = people.age
    missing = people.homeless
    home = people.households.home[people.index]
    homes = {key: values[home] for key, values in people.homes.items()}
    postcode, postcodes = places.postcodes(homes["outward"], homes["unit"])
    mobile = ~chosen(rng, np.clip(0.06 + (age - 55) * 0.016, 0.06, 0.75), people.size)
    columns: dict[str, Any] = {
        "nhs_number": texts(np.arange(people.size), people.nhs_numbers, people.no_number),
        "hospital_number": people.hospital_numbers,
        "title": coded(_titles(rng, people, names.married), TITLES, chosen(rng, 0.01, people.size)),
        "given_name": names.given_text(people.index),
        "family_name": names.family_text(people.index),
        "previous_family_name": names.previous_text(people.index),
        "sex": coded(_sexes(rng, people), SEX_CODES),
        "date_of_birth": dates(people.birth),
        "date_of_death": dates(death, death > int(people.last.max())),
        "ethnic_category": coded(people.ethnic_recorded, ETHNIC_CODES),
        "address_line_1": _addresses(people, places, homes),
        "town": coded(places.outward_town[homes["outward"]], places.towns, missing),
        "postcode": coded(postcode, postcodes, missing),
        "home_phone": _phones(rng, home, "01632 96", 4, chosen(rng, 0.2, people.size) | missing),
        "mobile": _phones(rng, None, "07700 900", 3, ~mobile | (age < 13)),
        "email": names.emails(rng, people),
        "gp_practice_code": coded(
            homes["practice"], places.practices, chosen(rng, 0.012 + missing * 0.5, people.size)
        ),
        "lsoa": coded(homes["lsoa"], places.lsoas, missing),
        "index_of_multiple_deprivation_decile": pa.array(
            people.decile.astype(np.int8), mask=missing
        ),
        **_languages(rng, people),
        **_kin(rng, people, names),
    }
    return pa.table(columns)


class _Names:
    """Names of everybody in the households of a chunk, patients or not."""

    def __init__(self, rng: Generator, people: People) -> None:
        homes = people.households
        size = len(homes.home)
        community = homes.community[homes.home]
        self._community = community
        year = EPOCH.year + np.floor(homes.birth / DAYS_A_YEAR).astype(np.int64)
        self._year = year
        self.given = self._draw_given(rng, community, homes.woman, year)
        pool = family_pool()
        group = community * 2 + homes.woman
        # People of a household share the rank of a name, so Kowalski's daughter is Kowalska.
        shared = pool.ranks(rng, homes.community * 2)[homes.home]
        own = pool.ranks(rng, group)
        keeps = (
            np.array([key in _OWN_NAME for key in KEYS])[community]
            & (np.array([key != "polish" for key in KEYS])[community])
        )
        apart = (homes.role == SHARER) | (homes.role == ELDER) & (rng.random(size) < 0.4)
        apart |= (homes.role == PARTNER) & (
            rng.random(size) < np.where(year < 1960, 0.06, np.where(year < 1980, 0.2, 0.4))
        )
        apart |= keeps & (homes.woman == 1) & (rng.random(size) < 0.7)
        self.family = pool.at(group, np.where(apart, own, shared))
        self.second = pool.at(community * 2, pool.ranks(rng, community * 2))
        double = np.where(homes.role == CHILD, 0.05, np.where(year > 1975, 0.025, 0.005))
        self.double = (rng.random(len(homes.kind))[homes.home] < double) & ~apart
        head_second = np.zeros(len(homes.kind), dtype=np.int64)
        head_second[homes.home] = self.second
        self.second = np.where(self.double, head_second[homes.home], self.second)
        wed = (homes.role == PARTNER) | ((homes.role == HEAD) & (year < 1965))
        self.married = (wed & (rng.random(size) < np.where(year < 1975, 0.9, 0.6)))[people.index]
        took = (homes.woman == 1) & wed & ~apart & (rng.random(size) < 0.3)
        self.previous = took | (rng.random(size) < 0.006)

    @staticmethod
    def _draw_given(rng: Generator, community: Ints, woman: Ints, year: Ints) -> Ints:
        pool = given_pool()
        group = given_group(community, woman, year)
        return pool.at(group, pool.ranks(rng, group))

    def given_text(self, index: Ints) -> pa.Array:
        """Given names of these people."""
        return texts(self.given[index], given_pool().names)

    def family_text(self, index: Ints) -> pa.Array:
        """Family names, some of them double-barrelled."""
        names = family_pool().names
        first = texts(self.family[index], names)
        both = pc.binary_join_element_wise(first, texts(self.second[index], names), "-")
        double = self.double[index] & (self.second[index] != self.family[index])
        return pc.if_else(pa.array(double), both, first)

    def previous_text(self, index: Ints) -> pa.Array:
        """Earlier family names; empty for most."""
        known = self.previous[index] & (self.second[index] != self.family[index])
        return texts(self.second[index], family_pool().names, ~known | self.double[index])

    def emails(self, rng: Generator, people: People) -> pa.Array:
        """given.family and two digits at a domain for examples; empty for many."""
        index, size = people.index, people.size
        none = chosen(rng, np.clip(0.15 + (people.age - 50) * 0.018, 0.15, 0.9), size)
        none |= people.age < 16
        return pc.binary_join_element_wise(
            texts(self.given[index], given_pool().plain, none),
            pa.scalar("."),
            texts(self.family[index], family_pool().plain, none),
            digit_text(rng.integers(1, 99, size), 2),
            texts(rng.integers(0, 2, size), ("@example.org", "@example.net")),
            "",
        )

    def invented(self, rng: Generator, people: People, woman: Ints) -> pa.Array:
        """Names of relatives and friends who do not live with the patient."""
        year = self._year[people.index] + rng.integers(-20, 35, people.size)
        given = self._draw_given(rng, people.community, woman, np.minimum(year, 2007))
        family = np.where(
            rng.random(people.size) < 0.55, self.family[people.index], self.second[people.index]
        )
        return pc.binary_join_element_wise(
            texts(given, given_pool().names), texts(family, family_pool().names), " "
        )


def _sexes(rng: Generator, people: People) -> Ints:
    point = rng.random(people.size)
    return np.where(point < 0.0008, 2, np.where(point < 0.0013, 3, people.woman))


def _titles(rng: Generator, people: People, married: Flags) -> Ints:
    size, age = people.size, people.age
    woman = people.woman == 1
    title = np.where(woman, np.where(married, 1, np.where(rng.random(size) < 0.5, 2, 3)), 0)
    title = np.where(age < 16, np.where(woman, 2, np.where(age < 12, 4, 0)), title)
    point = np.where(age > 25, rng.random(size), 1.0)
    title = np.where(point < 0.012, 5, title)
    title = np.where(point < 0.003, 6, title)
    title = np.where(point < 0.0015, 7, title)
    return np.where(point > 0.9985, np.where(age > 25, 8, title), title)


def _addresses(people: People, places: Places, homes: dict[str, Ints]) -> pa.Array:
    """House and street; a flat for some; the name of the house for care homes."""
    streets = texts(homes["street"], places.streets)
    house = pc.cast(pa.array(homes["house"]), pa.string())
    plain = pc.binary_join_element_wise(house, streets, " ")
    flat = pc.binary_join_element_wise(
        pa.scalar("Flat"), pc.cast(pa.array(homes["flat"]), pa.string()), " "
    )
    in_flat = pc.binary_join_element_wise(flat, plain, ", ")
    cared = people.households.kind[people.households.home[people.index]] == CARE_HOME
    care = pc.binary_join_element_wise(streets, pa.scalar("Care Home"), " ")
    found = pc.if_else(pa.array((homes["flat"] > 0) & ~cared), in_flat, plain)
    found = pc.if_else(pa.array(cared), care, found)
    return pc.if_else(pa.array(people.homeless), pa.scalar("No fixed abode"), found)


def _phones(
    rng: Generator, home: Ints | None, prefix: str, digits: int, missing: Flags
) -> pa.Array:
    """Numbers from a range for drama; the same for a household when `home` is given."""
    most = 10**digits
    if home is None:
        drawn = rng.integers(0, most, len(missing))
    else:
        drawn = rng.integers(0, most, int(home.max()) + 1 if len(home) else 0)[home]
    return pc.if_else(
        pa.array(missing), pa.scalar(None, pa.string()), digit_text(drawn, digits, prefix)
    )


def _languages(rng: Generator, people: People) -> dict[str, pa.Array]:
    """First language, and whether an interpreter is needed (older people more often)."""
    own = np.array([LANGUAGES.index(c.language) for c in COMMUNITIES])[people.community]
    lean: Floats = numbers("speaks_it")[people.community]
    share = np.clip(lean * (0.6 + np.maximum(people.age - 10, 0) / 60), 0, 0.95)
    speaks = chosen(rng, share, people.size)
    needed = speaks & (own != 0) & chosen(rng, np.clip(people.age / 110, 0.1, 0.8), people.size)
    return {
        "language": coded(
            np.where(speaks, own, 0), LANGUAGES, chosen(rng, 0.04, people.size) & ~speaks
        ),
        "interpreter_needed": pa.array(needed),
    }


def _kin(rng: Generator, people: People, names: _Names) -> dict[str, pa.Array]:
    """Next of kin: somebody of the household where there is one, else a name from outside."""
    homes, index, size = people.households, people.index, people.size
    kin = homes.kin[index]
    inside = kin >= 0
    other = np.where(inside, kin, 0)
    woman = np.where(inside, homes.woman[other], (rng.random(size) < 0.62).astype(np.int64))
    role = homes.role[index]
    relation = np.where(woman == 1, 6, 7)
    old = people.age > 55
    relation = np.where(old & (rng.random(size) < 0.75), np.where(woman == 1, 3, 4), relation)
    relation = np.where(~old & (rng.random(size) < 0.45), np.where(woman == 1, 1, 2), relation)
    relation = np.where(rng.random(size) < 0.12, 8, relation)
    relation = np.where(rng.random(size) < 0.02, 9, relation)
    relation = np.where(inside & (role == CHILD), np.where(woman == 1, 1, 2), relation)
    relation = np.where(inside & (role == ELDER), np.where(woman == 1, 3, 4), relation)
    relation = np.where(inside & (role <= PARTNER), 0, relation)
    cared = homes.kind[homes.home[index]] == CARE_HOME
    relation = np.where(cared & (rng.random(size) < 0.3), 10, relation)
    within = pc.binary_join_element_wise(names.given_text(other), names.family_text(other), " ")
    none = chosen(rng, np.where(people.age < 18, 0.01, 0.09), size)
    name = pc.if_else(pa.array(inside), within, names.invented(rng, people, woman))
    empty = pa.scalar(None, pa.string())
    return {
        "next_of_kin_name": pc.if_else(pa.array(none), empty, name),
        "next_of_kin_relationship": coded(relation, RELATIONS, none),
        "next_of_kin_phone": _phones(rng, None, "07700 900", 3, none | chosen(rng, 0.07, size)),
    }
