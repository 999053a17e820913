"""Stays in hospital: who comes in, why, on which day, and for how long.

A stay becomes one or two episodes. Stays of one person never overlap, none begins before birth,
and none ends after death.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from commonweal.demo.hospital.calendar import DAYS_A_YEAR, Window
from commonweal.demo.hospital.conditions import PLACE
from commonweal.demo.hospital.draw import Flags, Floats, Ints, chosen, happenings, ragged
from commonweal.demo.hospital.households import CHILD
from commonweal.demo.hospital.illness import Health, by_ethnic, by_sex
from commonweal.demo.hospital.people import People
from commonweal.demo.hospital.presentations import (
    AGES,
    DYING,
    KINDS,
    NEWBORN,
    PRESENTATIONS,
    Presentation,
)

CROWDING = {
    "emergency": 0.72, "elective": 1.1, "day": 1.0, "regular": 1.0, "birth": 0.4, "newborn": 1.0,
}  # fmt: skip
"""Factors on the rates, set so that the mean is about five episodes a patient."""

_ADULT = 20.0
_BORN_HERE = 0.93
_DIES_IN_HOSPITAL = 0.44
_BACK_AGAIN = 0.11
_DAYS_UNTIL_BACK = 14.0

REASON = {reason.key: index for index, reason in enumerate(PRESENTATIONS)}
KIND = np.array([KINDS.index(reason.kind) for reason in PRESENTATIONS], dtype=np.int64)


class Exposure(NamedTuple):
    """Stretches of time under observation: a child has one a year, an adult one for all."""

    person: Ints
    age: Floats
    first: Ints
    last: Ints


@dataclass(frozen=True)
class Stays:
    """Stays in order of person and day. `until` may lie after the window: still in hospital."""

    person: Ints
    reason: Ints
    day: Ints
    until: Ints
    died: Flags
    """Whether the stay ended in death."""

    @property
    def kind(self) -> Ints:
        """Index into KINDS."""
        return np.asarray(KIND[self.reason], dtype=np.int64)


def exposures(people: People, last: Ints, window: Window) -> Exposure:
    """Observed time by age; children are cut by year because a year changes everything."""
    child = people.age < _ADULT
    grown = np.flatnonzero(~child & (last >= people.first))
    parts = [Exposure(grown, people.age[grown], people.first[grown], last[grown])]
    young = np.flatnonzero(child)
    # The first weeks of life are a stretch of their own.
    starts = [window.start, *range(window.start + 365, window.end, 365), window.end + 1]
    for low, high in pairwise(starts):
        first = np.maximum(people.first[young], low)
        until = np.minimum(last[young], high - 1)
        here = first <= until
        who, first, until = young[here], first[here], until[here]
        age = ((first + until) / 2 - people.birth[who]) / DAYS_A_YEAR
        parts.append(Exposure(who, age, first, until))
    return Exposure(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def make_stays(
    rng: Generator, people: People, health: Health, death: Ints, window: Window
) -> Stays:
    """All stays of a chunk of people."""
    last = np.minimum(people.last, death)
    exposed = exposures(people, last, window)
    person, reason, day = _drawn(rng, people, health, exposed, window)
    person, reason, day = _joined(
        (person, reason, day), _back_again(rng, person, reason, day, health, last)
    )
    person, reason, day = _joined((person, reason, day), _births(rng, people, window, last))
    nights = _nights(rng, person, reason, people, health)
    dying, dying_day, dying_nights = _dying(rng, people, death, window)
    final_day = np.full(people.size, np.iinfo(np.int64).max)
    final_day[dying] = dying_day
    before = day < final_day[person]
    person = np.concatenate([person[before], dying])
    reason = np.concatenate([reason[before], np.full(len(dying), REASON[DYING.key])])
    day = np.concatenate([day[before], dying_day])
    nights = np.concatenate([nights[before], dying_nights])
    order = np.lexsort((day, person))
    person, reason, day, nights = person[order], reason[order], day[order], nights[order]
    until = _until(person, day, nights, death)
    final = np.append(person[1:] != person[:-1], True)[: len(person)]
    died = final & (until == death[person]) & (KIND[reason] == KINDS.index("emergency"))
    return Stays(person, reason, day, until, died)


def _until(person: Ints, day: Ints, nights: Ints, death: Ints) -> Ints:
    """The day each stay ends: before the next begins, and not after death."""
    until = np.minimum(day + nights, death[person])
    followed = person[1:] == person[:-1]
    until[:-1] = np.where(followed, np.minimum(until[:-1], day[1:]), until[:-1])
    return np.asarray(until, dtype=np.int64)


def _rate(reason: Presentation, people: People, health: Health, exposed: Exposure) -> Floats:
    """Stays a year in each stretch of time."""
    who = exposed.person
    rate = np.interp(exposed.age, AGES, reason.rate) / 1000 * CROWDING[reason.kind]
    personal = by_sex(reason.man)[people.woman]
    # Regular treatment follows a plan, so people differ less in it.
    personal *= health.visits ** (0.15 if reason.kind in {"regular", "birth"} else 1.0)
    if reason.only:
        personal *= health.with_any(*reason.only)
    if reason.ethnic:
        personal *= by_ethnic(reason.ethnic)[people.ethnic]
    if reason.poor:
        personal *= np.exp(reason.poor * (5.5 - people.decile))
    for key, factor in reason.factors.items():
        personal *= np.where(health.has[PLACE[key]], factor, 1.0)
    return np.asarray(rate * np.minimum(personal, 60.0)[who], dtype=np.float64)


def _drawn(
    rng: Generator, people: People, health: Health, exposed: Exposure, window: Window
) -> tuple[Ints, Ints, Ints]:
    """The stays that come by rate: person, reason and day."""
    found: list[tuple[Ints, Ints, Ints]] = []
    for index, reason in enumerate(PRESENTATIONS):
        if reason in (NEWBORN, DYING):
            continue
        years = window.weight(reason.pattern, exposed.first, exposed.last)
        event = happenings(rng, _rate(reason, people, health, exposed) * years)
        day = window.draw(rng, reason.pattern, exposed.first[event], exposed.last[event])
        found.append((exposed.person[event], np.full(len(event), index), day))
    return _joined(*found)


def _joined(*parts: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints]:
    person, reason, day = (np.concatenate(column) for column in zip(*parts, strict=True))
    return person, reason, day


def _back_again(
    rng: Generator, person: Ints, reason: Ints, day: Ints, health: Health, last: Ints
) -> tuple[Ints, Ints, Ints]:
    """Emergency stays soon after an emergency stay, for the same reason."""
    share = _BACK_AGAIN * np.clip(health.visits[person], 0.4, 3.0)
    again = chosen(rng, share, len(person)) & (KIND[reason] == KINDS.index("emergency"))
    person, reason, day = person[again], reason[again], day[again]
    day = day + 3 + rng.geometric(1 / _DAYS_UNTIL_BACK, len(day))
    inside = day <= last[person]
    return person[inside], reason[inside], day[inside]


def _births(rng: Generator, people: People, window: Window, last: Ints) -> tuple[Ints, Ints, Ints]:
    """Babies born here in the window, and the stay of each one's mother where she is a patient."""
    baby = np.flatnonzero((people.birth >= window.start) & chosen(rng, _BORN_HERE, people.size))
    homes = people.households
    place = np.full(len(homes.home) + 1, -1, dtype=np.int64)
    place[people.index] = np.arange(people.size)
    kin = homes.kin[people.index[baby]]
    child = (homes.role[people.index[baby]] == CHILD) & (kin >= 0)
    mother = np.where(child, place[kin], -1)
    known = (mother >= 0) & (people.woman[mother] == 1)
    known &= people.birth[baby] <= last[mother]
    pairs = np.unique(np.stack([mother[known], people.birth[baby][known]]), axis=1)
    return _joined(
        (baby, np.full(len(baby), REASON[NEWBORN.key]), people.birth[baby]),
        (pairs[0], np.full(pairs.shape[1], REASON["birth"]), pairs[1]),
    )


def _nights(rng: Generator, person: Ints, reason: Ints, people: People, health: Health) -> Ints:
    """Nights in hospital: log-normal around the reason's median, longer with age and frailty."""
    median = np.array([reason_.stay[0] for reason_ in PRESENTATIONS])[reason]
    spread = np.array([reason_.stay[1] for reason_ in PRESENTATIONS])[reason]
    slow = 1 + 0.35 * health.has[PLACE["frailty"]] + 0.25 * health.has[PLACE["dementia"]]
    slow = slow * np.interp(people.age, (0, 40, 70, 90), (0.9, 0.85, 1.0, 1.25))
    drawn = median * slow[person] * np.exp(spread * rng.standard_normal(len(person)))
    return np.asarray(np.minimum(np.floor(drawn + 0.15), 400), dtype=np.int64)


def _dying(rng: Generator, people: People, death: Ints, window: Window) -> tuple[Ints, Ints, Ints]:
    """The last stay of those who die in hospital: person, day, nights."""
    dies = death <= window.end
    person = np.flatnonzero(dies & chosen(rng, _DIES_IN_HOSPITAL, people.size))
    median, spread = DYING.stay
    nights = np.floor(median * np.exp(spread * rng.standard_normal(len(person)))).astype(np.int64)
    day = np.maximum(death[person] - nights, people.first[person])
    return person, day, death[person] - day


def episodes_of(rng: Generator, stays: Stays) -> tuple[Ints, Ints, Ints]:
    """Episodes: the stay of each, and its first and last day. Long stays change consultant."""
    nights = stays.until - stays.day
    acute = stays.kind == KINDS.index("emergency")
    moves = acute & (nights >= 2) & chosen(rng, 0.38, len(nights))
    stay, place = ragged(1 + moves.astype(np.int64))
    change = stays.day + 1 + (rng.random(len(nights)) * np.minimum(nights - 1, 3)).astype(np.int64)
    second = place == 1
    begins = np.where(second, change[stay], stays.day[stay])
    ends = np.where(moves[stay] & ~second, change[stay], stays.until[stay])
    return stay, begins, ends
