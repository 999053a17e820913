"""The patients of one chunk: who they are, before anything is known of their health.

Ethnic category, sex and name are correlated with community and year of birth; a share of about
0.5 % has no NHS number, more among the newborn, visitors from abroad and people without a fixed
home, so that whoever is lost by a missing number is not lost evenly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.calendar import DAYS_A_YEAR, Window
from commonweal.demo.hospital.communities import (
    ETHNIC_CODES,
    KEYS,
    ethnic_weights,
    numbers,
)
from commonweal.demo.hospital.draw import Flags, Floats, Ints, chosen, coded, pick_in_group
from commonweal.demo.hospital.households import Households, make_households
from commonweal.demo.hospital.numbers import Register, digit_text
from commonweal.demo.hospital.places import Places

NOT_STATED = ETHNIC_CODES.index("Z")
# How likely a person of this age is to be known to the hospital at all.
_KNOWN_AT = ((0, 0.85), (5, 0.55), (18, 0.5), (40, 0.62), (60, 0.85), (75, 0.97), (110, 0.98))
_BORN_ABROAD = frozenset(
    (
        "polish", "romanian", "portuguese", "arabic", "turkish", "filipino", "afghan", "chinese",
        "somali", "nigerian",
    )
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """One entry a patient, in the order of the table `patients`.

    Days count from 1970-01-01. `first` and `last` bound the days on which something can happen to
    the person within the window, before deaths are known.
    """

    size: int
    birth: Ints
    woman: Ints
    community: Ints
    ethnic: Ints
    """Index into ETHNIC_CODES; what the person is."""
    ethnic_recorded: Ints
    """Index into ETHNIC_CODES; what the record says."""
    decile: Ints
    age: Floats
    """Years at the middle of the person's days in the window."""
    first: Ints
    last: Ints
    homeless: Flags
    no_number: Flags
    nhs_numbers: pa.Array
    hospital_numbers: pa.Array
    index: Ints
    """Where the person stands in `households`."""
    households: Households
    homes: dict[str, Ints]

    def links(self, person: Ints) -> tuple[pa.Array, pa.Array]:
        """The columns nhs_number and hospital_number for events of these people."""
        return (
            coded(person, self.nhs_numbers, self.no_number[person]),
            coded(person, self.hospital_numbers),
        )


def make_people(
    rng: Generator, size: int, window: Window, places: Places, register: Register
) -> People:
    """`size` patients of the hospital, with their households and homes."""
    households, index = _enough(rng, size, window.end)
    homes = places.settle(rng, households.community)
    home = households.home[index]
    community = households.community[home]
    birth = households.birth[index]
    ethnic = pick_in_group(rng, ethnic_weights(), community)
    unstated = chosen(rng, 0.035 + 0.05 * (numbers("speaks_it")[community] > 0.3), size)
    homeless = chosen(rng, np.where(households.role[index] == 0, 0.004, 0.0), size)
    first = np.maximum(birth, window.start)
    middle = (first + window.end) / 2
    no_number = _without_number(rng, community, birth, window.end, homeless)
    return People(
        size=size,
        birth=birth,
        woman=households.woman[index],
        community=community,
        ethnic=ethnic,
        ethnic_recorded=np.where(unstated, NOT_STATED, ethnic),
        decile=np.where(homeless, 1, places.lsoa_decile[homes["lsoa"][home]]),
        age=(middle - birth) / DAYS_A_YEAR,
        first=first,
        last=np.full(size, window.end, dtype=np.int64),
        homeless=homeless,
        no_number=no_number,
        nhs_numbers=digit_text(register.nhs_numbers(size), 10),
        hospital_numbers=digit_text(register.hospital_numbers(size), 7, "M"),
        index=index,
        households=households,
        homes=homes,
    )


def _enough(rng: Generator, size: int, end: int) -> tuple[Households, Ints]:
    """Households with at least `size` people known to the hospital, and a shuffled choice."""
    count = int(size / 1.45) + 60
    while True:
        households = make_households(rng, count, end)
        ages, share = zip(*_KNOWN_AT, strict=True)
        known = np.flatnonzero(
            rng.random(len(households.birth)) < np.interp(households.ages(end), ages, share)
        )
        if len(known) >= size:
            return households, np.asarray(rng.permutation(known[:size]), dtype=np.int64)
        count *= 2


def _without_number(
    rng: Generator, community: Ints, birth: Ints, end: int, homeless: Flags
) -> Flags:
    """Who has no NHS number: visitors, newborn babies, people nobody could trace."""
    abroad = np.array([key in _BORN_ABROAD for key in KEYS])[community]
    grown = (end - birth) / DAYS_A_YEAR
    share = np.where(abroad, np.where(grown < 66, 0.016, 0.008), 0.0022)
    share = np.where(end - birth < 42, 0.12, share)
    return chosen(rng, np.where(homeless, 0.15, share), len(birth))
