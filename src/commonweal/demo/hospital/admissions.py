"""The tables `admissions` (one row an episode) and `diagnoses` (one row a coded diagnosis).

An episode is the time under one consultant; the episodes of one stay share a spell. A person still
in hospital when the extract was made has no discharge date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.calendar import Window
from commonweal.demo.hospital.conditions import CONDITIONS, PLACE
from commonweal.demo.hospital.draw import (
    Flags,
    Floats,
    Ints,
    chosen,
    coded,
    dates,
    pick_in_group,
    ragged_take,
    zipf,
)
from commonweal.demo.hospital.illness import Health
from commonweal.demo.hospital.people import People
from commonweal.demo.hospital.presentations import KINDS, METHODS, PRESENTATIONS
from commonweal.demo.hospital.stays import Stays, episodes_of

DESTINATIONS = ("19", "29", "51", "54", "85", "79", "98")
"""Usual, temporary home, other hospital, NHS or other care home, died, not yet left."""
_DIED, _NOT_LEFT = DESTINATIONS.index("79"), DESTINATIONS.index("98")
_PRICE_A_NIGHT = 345.0
_MOST_SECONDARY = 19
_EXTRACTED_AFTER = 19
_CONSULTANTS_EACH = 9

# How fully long-term conditions are coded in each kind of stay, in the order of KINDS.
_CODED_SHARE = np.array([1.0, 0.8, 0.34, 0.05, 0.3, 0.0])


def _every_code() -> tuple[str, ...]:
    found: set[str] = set()
    for condition in CONDITIONS:
        found.update(condition.codes.split())
    for reason in PRESENTATIONS:
        found.update(f"{reason.codes} {reason.extra}".split())
    return tuple(sorted(found))


CODES = _every_code()
PLACE_OF_CODE = {code: index for index, code in enumerate(CODES)}
_FOR_WOMEN = {"N40": "N32.8", "C61": "C50.9", "C62.9": "C56", "N47": "Q38.1", "Q53.9": "Q38.1"}
_FOR_MEN = {"C54.1": "C67.9", "C56": "C62.9", "C53.9": "C67.9"}


def _by_sex() -> Ints:
    """Sex (0 man, 1 woman) x code: a code of the other sex becomes one of one's own."""
    table = np.tile(np.arange(len(CODES), dtype=np.int64), (2, 1))
    for row, swaps in enumerate((_FOR_MEN, _FOR_WOMEN)):
        for code, other in swaps.items():
            table[row, PLACE_OF_CODE[code]] = PLACE_OF_CODE[other]
    return table


def _condition_codes() -> Ints:
    """Conditions x codes: index into CODES."""
    table = np.zeros((len(CONDITIONS), max(len(c.codes.split()) for c in CONDITIONS)), np.int64)
    for row, c in enumerate(CONDITIONS):
        codes = c.codes.split()
        table[row, : len(codes)] = [PLACE_OF_CODE[code] for code in codes]
    return table


_SEXED = _by_sex()
_CONDITION_CODES = _condition_codes()
METHOD_CODES = tuple(dict.fromkeys(code for pairs in METHODS.values() for code, _ in pairs))
SPECIALTIES = tuple(sorted({reason.specialty for reason in PRESENTATIONS}))
WARDS = tuple(dict.fromkeys(w for reason in PRESENTATIONS for w in reason.wards.split("|")))
PROCEDURES = tuple(dict.fromkeys(p for reason in PRESENTATIONS for p in reason.procedures.split()))


PLACE_OF_PROCEDURE = {code: index for index, code in enumerate(PROCEDURES)}


@dataclass(frozen=True)
class Episodes:
    """Episodes of a chunk in order of first day. `until` may lie after the window."""

    identifier: Ints
    spell: Ints
    person: Ints
    reason: Ints
    day: Ints
    until: Ints
    primary: Ints
    """Index into CODES."""
    died: Flags
    moved_on: Flags
    """Whether the stay went on under another consultant."""


def make_episodes(
    rng: Generator,
    stays: Stays,
    people: People,
    health: Health,
    window: Window,
    first_episode: int,
    first_spell: int,
) -> Episodes:
    """Cut stays into episodes and number them; what begins after the window is not yet known."""
    stay, begins, ends = episodes_of(rng, stays)
    order = np.argsort(begins, kind="stable")
    order = order[begins[order] <= window.end]
    stay, begins, ends = stay[order], begins[order], ends[order]
    person, reason = stays.person[stay], stays.reason[stay]
    usual = _listed(rng, reason, [r.codes for r in PRESENTATIONS], PLACE_OF_CODE, 1.3)
    primary = _own_condition(rng, person, reason, usual, health)
    return Episodes(
        identifier=first_episode + np.arange(len(stay), dtype=np.int64),
        spell=first_spell + stay,
        person=person,
        reason=reason,
        day=begins,
        until=ends,
        primary=_SEXED[people.woman[person], primary],
        died=stays.died[stay] & (ends == stays.until[stay]),
        moved_on=ends < stays.until[stay],
    )


def _listed(
    rng: Generator, reason: Ints, lists: list[str], place: dict[str, int], exponent: float
) -> Ints:
    """One code for each row from its reason's list, the first ones more often."""
    split = [text.split() for text in lists]
    longest = max(1, *(len(codes) for codes in split))
    table = np.zeros((len(split), longest), dtype=np.int64)
    weights = np.zeros((len(split), longest))
    weights[:, 0] = 1.0
    for row, codes in enumerate(split):
        if codes:
            table[row, : len(codes)] = [place[code] for code in codes]
            weights[row, : len(codes)] = zipf(len(codes), exponent, 1.0)
    return np.asarray(table[reason, pick_in_group(rng, weights, reason)], dtype=np.int64)


def _own_condition(rng: Generator, person: Ints, reason: Ints, usual: Ints, health: Health) -> Ints:
    """The primary code, where a stay is for a condition that the patient is known to have."""
    code = usual.copy()
    for index, r in enumerate(PRESENTATIONS):
        if not r.own:
            continue
        here = np.flatnonzero((reason == index) & (rng.random(len(reason)) < r.own))
        for key in r.only:
            place = PLACE[key]
            has = here[health.has[place, person[here]]]
            code[has] = _CONDITION_CODES[place, health.code[place, person[has]]]
    return code


def make_diagnoses(
    rng: Generator, episodes: Episodes, people: People, health: Health
) -> tuple[Ints, Ints, Ints]:
    """Row of the episode, position and code of every diagnosis, in order of episode."""
    every = np.arange(len(episodes.person), dtype=np.int64)
    beside, extra = _extras(rng, episodes.reason)
    owner, code = _long_term(rng, episodes, health)
    row = np.concatenate([every, beside, owner])
    what = np.concatenate([episodes.primary, extra, code])
    what = _SEXED[people.woman[episodes.person[row]], what]
    rank = np.concatenate([np.zeros(len(every)), np.ones(len(beside)), np.full(len(owner), 2)])
    # The first mention of a code in an episode stays; the key puts primary before secondary.
    order = np.argsort((row * len(CODES) + what) * 3 + rank.astype(np.int64), kind="stable")
    key = row[order] * len(CODES) + what[order]
    keep = order[np.concatenate([[True], key[1:] != key[:-1]])] if len(order) else order
    keep = keep[np.lexsort((rng.random(len(keep)), rank[keep], row[keep]))]
    row, what = row[keep], what[keep]
    starts = np.searchsorted(row, every)
    position = 1 + np.arange(len(row)) - starts[row]
    within = position <= 1 + _MOST_SECONDARY
    return row[within], position[within].astype(np.int64), what[within]


def _extras(rng: Generator, reason: Ints) -> tuple[Ints, Ints]:
    """Codes that go with the reason for the stay: up to two draws."""
    lists = [r.extra for r in PRESENTATIONS]
    has = np.array([bool(text.split()) for text in lists])[reason]
    rows: list[Ints] = []
    found: list[Ints] = []
    for share in (0.55, 0.25):
        here = np.flatnonzero(has & chosen(rng, share, len(reason)))
        rows.append(here)
        found.append(_listed(rng, reason[here], lists, PLACE_OF_CODE, 0.9))
    return np.concatenate(rows), np.concatenate(found)


def _long_term(rng: Generator, episodes: Episodes, health: Health) -> tuple[Ints, Ints]:
    """Long-term conditions of the patient that the coder wrote down in each episode."""
    person, condition = np.nonzero(health.has.T)
    counts = np.bincount(person, minlength=health.has.shape[1])
    starts = np.cumsum(counts) - counts
    kind = np.array([KINDS.index(r.kind) for r in PRESENTATIONS])[episodes.reason]
    likely = _CODED_SHARE[kind]
    visited = np.flatnonzero((likely > 0) & (counts[episodes.person] > 0))
    who = episodes.person[visited]
    owner, flat = ragged_take(starts[who], counts[who])
    noted = np.array([c.noted for c in CONDITIONS])[condition[flat]]
    seen = rng.random(len(flat)) < noted * likely[visited[owner]]
    owner, flat = owner[seen], flat[seen]
    which = health.code[condition[flat], person[flat]]
    return visited[owner], _CONDITION_CODES[condition[flat], which]


def admissions_table(
    rng: Generator,
    episodes: Episodes,
    people: People,
    health: Health,
    secondary: Ints,
    window: Window,
) -> pa.Table:
    """One row an episode; `secondary` is the number of diagnoses after the first."""
    size = len(episodes.person)
    inside = episodes.until > window.end
    nights = episodes.until - episodes.day
    nhs, hospital = people.links(episodes.person)
    method, ward, consultant = _places(rng, episodes)
    operated = chosen(rng, np.array([r.operated for r in PRESENTATIONS])[episodes.reason], size)
    lists = [r.procedures for r in PRESENTATIONS]
    procedure = _listed(rng, episodes.reason, lists, PLACE_OF_PROCEDURE, 1.1)
    specialty = np.array([SPECIALTIES.index(r.specialty) for r in PRESENTATIONS])
    cost = _costs(rng, episodes.reason, nights, operated)
    return pa.table(
        {
            "episode_id": episodes.identifier,
            "spell_id": episodes.spell,
            "nhs_number": nhs,
            "hospital_number": hospital,
            "admitted_on": dates(episodes.day),
            "discharged_on": dates(episodes.until, inside),
            "admission_method": coded(method, METHOD_CODES),
            "discharge_destination": coded(
                _destinations(rng, episodes, health), DESTINATIONS, inside
            ),
            "specialty": coded(specialty[episodes.reason], SPECIALTIES),
            "ward": coded(ward, WARDS),
            "consultant_code": coded(consultant, _consultants()),
            "primary_diagnosis": coded(episodes.primary, CODES),
            "secondary_diagnoses_count": pa.array(secondary.astype(np.int16)),
            "procedure": coded(procedure, PROCEDURES, ~operated),
            "length_of_stay_days": pa.array(nights.astype(np.int32), mask=inside),
            "hrg_cost_gbp": pa.array(cost, mask=inside),
            "extracted_on": dates(np.full(size, window.end + _EXTRACTED_AFTER)),
        }
    )


def _consultants() -> list[str]:
    """Codes in the form of GMC-based consultant codes, from a block that is not in use."""
    return [f"C{9_900_000 + 7 * n:07d}" for n in range(len(SPECIALTIES) * _CONSULTANTS_EACH)]


def _places(rng: Generator, episodes: Episodes) -> tuple[Ints, Ints, Ints]:
    """Admission method, ward and consultant of each episode."""
    reason = episodes.reason
    shares = np.zeros((len(PRESENTATIONS), len(METHOD_CODES)))
    for row, r in enumerate(PRESENTATIONS):
        for code, share in METHODS[r.kind]:
            shares[row, METHOD_CODES.index(code)] = share
    # All episodes of a spell came in the same way.
    spell, index = np.unique(episodes.spell, return_inverse=True)
    lead = np.zeros(len(spell), dtype=np.int64)
    lead[index] = reason
    method = pick_in_group(rng, shares, lead)[index]
    wards = np.zeros((len(PRESENTATIONS), len(WARDS)))
    for row, r in enumerate(PRESENTATIONS):
        for place, ward in enumerate(r.wards.split("|")):
            wards[row, WARDS.index(ward)] += 1 / (1 + place)
    specialty = np.array([SPECIALTIES.index(r.specialty) for r in PRESENTATIONS])[reason]
    own = (rng.random(len(reason)) ** 1.6 * _CONSULTANTS_EACH).astype(np.int64)
    return method, pick_in_group(rng, wards, reason), specialty * _CONSULTANTS_EACH + own


def _destinations(rng: Generator, episodes: Episodes, health: Health) -> Ints:
    """Where people went; the last episode of a life that ended in hospital says so."""
    size, person = len(episodes.person), episodes.person
    cared = health.with_any("frailty", "dementia")[person]
    stayed = episodes.until > episodes.day
    point = rng.random(size)
    there = np.where(point < 0.012, 1, 0)
    there = np.where((point > 0.02) & (point < 0.045) & stayed, 2, there)
    there = np.where(cared & stayed & (point > 0.05) & (point < 0.17), 4, there)
    there = np.where(cared & stayed & (point > 0.17) & (point < 0.19), 3, there)
    there = np.where(episodes.moved_on, _NOT_LEFT, there)
    return np.where(episodes.died, _DIED, there)


def _costs(rng: Generator, reason: Ints, nights: Ints, operated: Flags) -> Floats:
    """Pounds, with pence: a price for the stay, one for each night, and a spread."""
    price = np.array([r.price for r in PRESENTATIONS])[reason]
    price = np.where(operated, price, price * 0.75)
    full = price + _PRICE_A_NIGHT * np.maximum(nights - 1, 0) ** 0.93
    return np.asarray(np.round(full * np.exp(0.22 * rng.standard_normal(len(reason))), 2))


def diagnoses_table(
    rng: Generator,
    episodes: Episodes,
    people: People,
    found: tuple[Ints, Ints, Ints],
    window: Window,
) -> pa.Table:
    """One row a diagnosis of an episode, position 1 the primary one."""
    row, position, code = found
    nhs, hospital = people.links(episodes.person[row])
    nights = np.minimum(episodes.until, window.end) - episodes.day
    late = (rng.random(len(row)) ** 2 * (nights[row] + 1)).astype(np.int64)
    return pa.table(
        {
            "episode_id": episodes.identifier[row],
            "position": pa.array(position.astype(np.int16)),
            "nhs_number": nhs,
            "hospital_number": hospital,
            "code": coded(code, CODES),
            "recorded_on": dates(episodes.day[row] + late),
        }
    )
