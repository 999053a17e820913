"""The communities of a fictional English city: share, ethnic category, language and names.

Ethnic categories are the 16+1 codes of the 2001 census that the NHS Data Dictionary uses: A White
British, B White Irish, C other White, D to G mixed, H Indian, J Pakistani, K Bangladeshi, L other
Asian, M Caribbean, N African, P other Black, R Chinese, S any other, Z not stated. The shares are
those of an imagined city, near to a large English city in 2021, and measure nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital import names_isles as isles
from commonweal.demo.hospital import names_world as world
from commonweal.demo.hospital.draw import Floats, Ints, pick_in_group, zipf

ETHNIC_CODES = tuple("ABCDEFGHJKLMNPRSZ")


@dataclass(frozen=True)
class Community:
    """One community. `men` and `women` hold a text of given names for each cohort."""

    key: str
    share: float
    ethnic: dict[str, float]
    men: tuple[str, ...]
    women: tuple[str, ...]
    family: str
    family_women: str | None = None
    language: str = "English"
    speaks_it: float = 0.0
    youth: float = 0.0
    """Years by which people are younger than the city."""
    household: float = 1.0
    """How much likelier a large household is."""


COMMUNITIES: tuple[Community, ...] = (
    Community("english", 0.595, {"A": 1}, isles.ENGLISH_MEN, isles.ENGLISH_WOMEN,
              isles.ENGLISH_FAMILY),
    Community("welsh", 0.016, {"A": 1}, isles.WELSH_MEN, isles.WELSH_WOMEN, isles.WELSH_FAMILY,
              None, "Welsh", 0.02),
    Community("scottish", 0.022, {"A": 1}, isles.SCOTTISH_MEN, isles.SCOTTISH_WOMEN,
              isles.SCOTTISH_FAMILY),
    Community("irish", 0.020, {"B": 0.6, "A": 0.4}, isles.IRISH_MEN, isles.IRISH_WOMEN,
              isles.IRISH_FAMILY, youth=-6),
    Community("traveller", 0.002, {"C": 0.6, "A": 0.4}, isles.IRISH_MEN, isles.IRISH_WOMEN,
              isles.TRAVELLER_FAMILY, youth=12, household=1.8),
    Community("jewish", 0.007, {"A": 0.8, "C": 0.2}, isles.JEWISH_MEN, isles.JEWISH_WOMEN,
              isles.JEWISH_FAMILY, None, "Yiddish", 0.03, 0, 1.2),
    Community("pakistani", 0.070, {"J": 1}, world.PAKISTANI_MEN, world.PAKISTANI_WOMEN,
              world.PAKISTANI_FAMILY, world.PAKISTANI_FAMILY_WOMEN, "Urdu", 0.22, 14, 2.4),
    Community("indian", 0.033, {"H": 1}, world.INDIAN_MEN, world.INDIAN_WOMEN,
              world.INDIAN_FAMILY, None, "Gujarati", 0.14, 6, 1.5),
    Community("sikh", 0.024, {"H": 0.97, "L": 0.03}, world.SIKH_MEN, world.SIKH_WOMEN,
              world.SIKH_FAMILY, world.SIKH_FAMILY_WOMEN, "Punjabi", 0.18, 6, 1.6),
    Community("bangladeshi", 0.025, {"K": 1}, world.BANGLADESHI_MEN, world.BANGLADESHI_WOMEN,
              world.BANGLADESHI_FAMILY, world.BANGLADESHI_FAMILY_WOMEN, "Bengali", 0.25, 15, 2.4),
    Community("chinese", 0.011, {"R": 1}, world.CHINESE_MEN, world.CHINESE_WOMEN,
              world.CHINESE_FAMILY, None, "Cantonese", 0.30, 10, 0.9),
    Community("nigerian", 0.019, {"N": 0.96, "P": 0.04}, world.NIGERIAN_MEN,
              world.NIGERIAN_WOMEN, world.NIGERIAN_FAMILY, None, "Yoruba", 0.04, 14, 1.5),
    Community("ghanaian", 0.009, {"N": 0.96, "P": 0.04}, world.GHANAIAN_MEN,
              world.GHANAIAN_WOMEN, world.GHANAIAN_FAMILY, None, "Twi", 0.06, 13, 1.4),
    Community("somali", 0.012, {"N": 1}, world.SOMALI_MEN, world.SOMALI_WOMEN,
              world.SOMALI_FAMILY, None, "Somali", 0.42, 18, 2.6),
    Community("caribbean", 0.024, {"M": 0.9, "P": 0.1}, world.CARIBBEAN_MEN,
              world.CARIBBEAN_WOMEN, world.CARIBBEAN_FAMILY),
    Community("polish", 0.021, {"C": 1}, world.POLISH_MEN, world.POLISH_WOMEN,
              world.POLISH_FAMILY, world.POLISH_FAMILY_WOMEN, "Polish", 0.38, 12),
    Community("romanian", 0.014, {"C": 1}, world.ROMANIAN_MEN, world.ROMANIAN_WOMEN,
              world.ROMANIAN_FAMILY, None, "Romanian", 0.48, 16, 1.1),
    Community("portuguese", 0.007, {"C": 1}, world.PORTUGUESE_MEN, world.PORTUGUESE_WOMEN,
              world.PORTUGUESE_FAMILY, None, "Portuguese", 0.40, 11),
    Community("arabic", 0.016, {"S": 0.8, "C": 0.2}, world.ARABIC_MEN, world.ARABIC_WOMEN,
              world.ARABIC_FAMILY, None, "Arabic", 0.42, 16, 1.8),
    Community("turkish", 0.008, {"C": 0.7, "S": 0.3}, world.TURKISH_MEN, world.TURKISH_WOMEN,
              world.TURKISH_FAMILY, None, "Turkish", 0.35, 10, 1.2),
    Community("filipino", 0.006, {"L": 1}, world.FILIPINO_MEN, world.FILIPINO_WOMEN,
              world.FILIPINO_FAMILY, None, "Tagalog", 0.10, 10),
    Community("afghan", 0.007, {"L": 0.7, "S": 0.3}, world.AFGHAN_MEN, world.AFGHAN_WOMEN,
              world.AFGHAN_FAMILY, None, "Dari", 0.50, 18, 2.0),
    Community("mixed_caribbean", 0.015, {"D": 1}, isles.ENGLISH_MEN, isles.ENGLISH_WOMEN,
              world.CARIBBEAN_FAMILY, youth=18),
    Community("mixed_african", 0.005, {"E": 1}, isles.ENGLISH_MEN, isles.ENGLISH_WOMEN,
              world.NIGERIAN_FAMILY, youth=20),
    Community("mixed_asian", 0.008, {"F": 0.85, "G": 0.15}, isles.ENGLISH_MEN,
              isles.ENGLISH_WOMEN, world.INDIAN_FAMILY, youth=18),
    Community("mixed_other", 0.004, {"G": 1}, isles.ENGLISH_MEN, isles.ENGLISH_WOMEN,
              isles.ENGLISH_FAMILY, youth=15),
)  # fmt: skip

KEYS = tuple(community.key for community in COMMUNITIES)


def ethnic_weights() -> Floats:
    """Communities x ethnic codes."""
    table = np.zeros((len(COMMUNITIES), len(ETHNIC_CODES)))
    for row, community in enumerate(COMMUNITIES):
        for code, weight in community.ethnic.items():
            table[row, ETHNIC_CODES.index(code)] = weight
    return table


def numbers(field: str) -> Floats:
    """One number for each community."""
    return np.array([float(getattr(community, field)) for community in COMMUNITIES])


def _listed(text: str) -> list[str]:
    return [name.replace("_", " ") for name in dict.fromkeys(text.split())]


def _compounds() -> list[str]:
    """English surnames made of a place's head and tail: the long tail of rare ones."""
    heads, tails = isles.ENGLISH_HEADS.split(), isles.ENGLISH_TAILS.split()
    return [head + tail for tail in tails for head in heads if head[-1] != tail[0]]


class Pool:
    """Ordered names of many groups; common names first, so a rank is a measure of rarity."""

    def __init__(self, groups: list[list[str]], exponent: float, shift: float) -> None:
        names = list(dict.fromkeys(name for group in groups for name in group))
        place = {name: index for index, name in enumerate(names)}
        self.sizes = np.array([len(group) for group in groups], dtype=np.int64)
        self._table = np.zeros((len(groups), int(self.sizes.max())), dtype=np.int64)
        self._weights = np.zeros(self._table.shape)
        for row, group in enumerate(groups):
            self._table[row, : len(group)] = [place[name] for name in group]
            self._weights[row, : len(group)] = zipf(len(group), exponent, shift)
        self.names = pa.array(names, pa.string())
        self.plain = pa.array([_ascii(name) for name in names], pa.string())

    def ranks(self, rng: Generator, group: Ints) -> Ints:
        """One rank for each row's group, common ranks more often."""
        return pick_in_group(rng, self._weights, group)

    def at(self, group: Ints, rank: Ints) -> Ints:
        """The name index at a rank of a group; the same rank pairs the forms for men and women."""
        return np.asarray(self._table[group, rank % self.sizes[group]], dtype=np.int64)


def _ascii(name: str) -> str:
    """A name as it stands in an e-mail address."""
    special = str.maketrans({"ł": "l", "Ł": "L", "ı": "i", "İ": "I", "ø": "o", "ß": "ss"})
    flat = unicodedata.normalize("NFKD", name.translate(special))
    return "".join(letter for letter in flat if letter.isascii() and letter.isalpha()).lower()


_COHORTS = len(isles.COHORTS) + 1


@cache
def given_pool() -> Pool:
    """Given names; the group is given by `given_group`."""
    groups: list[list[str]] = []
    for community in COMMUNITIES:
        for lists in (community.men, community.women):
            for cohort in range(_COHORTS):
                place = cohort if len(lists) == _COHORTS else int(cohort >= 3) % len(lists)
                groups.append(_listed(lists[place]))
    return Pool(groups, 0.75, 2.0)


def given_group(community: Ints, woman: Ints, birth_year: Ints) -> Ints:
    """The row of `given_pool` for community, sex (0 man, 1 woman) and year of birth."""
    cohort = np.searchsorted(np.array(isles.COHORTS), birth_year, side="right")
    return np.asarray((community * 2 + woman) * _COHORTS + cohort, dtype=np.int64)


@cache
def family_pool() -> Pool:
    """Family names; group = community * 2 + (1 for women)."""
    groups: list[list[str]] = []
    for community in COMMUNITIES:
        men = _listed(community.family)
        if community.key in {"english", "mixed_other"}:
            men += [name for name in _compounds() if name not in set(men)]
        women = _listed(community.family_women) if community.family_women else men
        groups += [men, women]
    return Pool(groups, 0.8, 4.0)
