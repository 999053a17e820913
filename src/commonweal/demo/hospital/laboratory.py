"""The table `lab_results`: specimens, tests, values that fit the patient, and flags.

Each person has a level of their own for each test, moved by sex, age and conditions; each specimen
varies around it; a stay for a sudden illness moves it further. A small share of results is missing
(a clotted or haemolysed specimen): then value and flag are empty.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.admissions import Episodes
from commonweal.demo.hospital.calendar import MINUTES_A_DAY, Window
from commonweal.demo.hospital.conditions import PLACE
from commonweal.demo.hospital.draw import (
    Flags,
    Floats,
    Ints,
    chosen,
    coded,
    happenings,
    moments,
    ragged,
)
from commonweal.demo.hospital.formulary import EVERY_NIGHTS, ON_ADMISSION, PANELS, ROUTINE, Test
from commonweal.demo.hospital.illness import Health
from commonweal.demo.hospital.people import People
from commonweal.demo.hospital.presentations import PRESENTATIONS

_TESTS = tuple(test for panel in PANELS.values() for test in panel)
_MISSING = 0.012
_KEPT = 0.3
"""The table holds this share of the clinics' specimens, as an extract would."""
_FLAGS = ("N", "L", "H")
_MOST_FURTHER = 8

# person, day, minute of the day, whether taken in a sudden illness
Specimens = tuple[Ints, Ints, Ints, Flags]


def lab_table(
    rng: Generator,
    people: People,
    health: Health,
    episodes: Episodes,
    death: Ints,
    window: Window,
    first_specimen: int,
) -> tuple[pa.Table, int]:
    """One row a result, in order of time, and the number of specimens."""
    last = np.minimum(people.last, death)
    columns: list[tuple[Ints, ...]] = []
    values: list[Floats] = []
    specimens = 0
    for panel, tests in PANELS.items():
        taken = _specimens(rng, panel, people, health, episodes, last, window)
        size = len(taken[0])
        number = first_specimen + specimens + np.arange(size, dtype=np.int64)
        specimens += size
        when = taken[1] * MINUTES_A_DAY + taken[2]
        for test in tests:
            place = np.full(size, _TESTS.index(test))
            columns.append((number, taken[0], when, place))
            values.append(_values(rng, test, people, health, taken[0], taken[3]))
    number, person, when, place = (np.concatenate(c) for c in zip(*columns, strict=True))
    value = np.concatenate(values)
    order = np.argsort(when, kind="stable")
    table = _table(
        rng, people, number[order], person[order], when[order], place[order], value[order]
    )
    return table, specimens


def _table(
    rng: Generator,
    people: People,
    number: Ints,
    person: Ints,
    when: Ints,
    place: Ints,
    value: Floats,
) -> pa.Table:
    low = np.array([t.low for t in _TESTS])[place]
    high = np.array([t.high for t in _TESTS])[place]
    flag = np.where(value < low, 1, np.where(value > high, 2, 0))
    missing = chosen(rng, _MISSING, len(value))
    nhs, hospital = people.links(person)
    return pa.table(
        {
            "specimen_id": number,
            "nhs_number": nhs,
            "hospital_number": hospital,
            "taken_at": moments(when),
            "test_code": coded(place, [t.loinc for t in _TESTS]),
            "test_name": coded(place, [t.name for t in _TESTS]),
            "value": pa.array(value, mask=missing),
            "unit": coded(place, [t.unit for t in _TESTS]),
            "flag": coded(flag, _FLAGS, missing),
        }
    )


def _specimens(
    rng: Generator,
    panel: str,
    people: People,
    health: Health,
    episodes: Episodes,
    last: Ints,
    window: Window,
) -> Specimens:
    """Specimens of one panel: from clinics, on admission, and during long stays."""
    everybody, more = ROUTINE[panel]
    rate = np.full(people.size, everybody) * np.clip(people.age / 50, 0.15, 1.4)
    for key, part in more.items():
        rate += part * health.has[PLACE[key]]
    rate *= _KEPT * health.visits**0.3 * window.weight("clinic", people.first, last)
    person = happenings(rng, rate)
    day = window.draw(rng, "clinic", people.first[person], last[person])
    minute = 495 + (rng.random(len(person)) ** 1.4 * 500).astype(np.int64)
    parts = [(person, day, minute, np.zeros(len(person), dtype=np.bool_))]
    if panel in ON_ADMISSION:
        parts += _in_stays(rng, panel, episodes, window)
    found = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return found[0], found[1], found[2], found[3]


def _in_stays(rng: Generator, panel: str, episodes: Episodes, window: Window) -> list[Specimens]:
    kinds = np.array([r.kind == "emergency" for r in PRESENTATIONS])
    acute = np.flatnonzero(
        kinds[episodes.reason] & chosen(rng, ON_ADMISSION[panel], len(episodes.reason))
    )
    minute = rng.integers(0, MINUTES_A_DAY, len(acute))
    parts = [(episodes.person[acute], episodes.day[acute], minute, np.ones(len(acute), np.bool_))]
    if panel in {"kidneys", "blood"}:
        nights = np.minimum(episodes.until, window.end) - episodes.day
        further = np.minimum(nights / EVERY_NIGHTS, _MOST_FURTHER).astype(np.int64)
        owner, _ = ragged(further)
        day = episodes.day[owner] + rng.integers(0, np.maximum(nights[owner], 1))
        early = 360 + rng.integers(0, 240, len(owner))
        parts.append((episodes.person[owner], day, early, kinds[episodes.reason[owner]]))
    return parts


def _values(
    rng: Generator, test: Test, people: People, health: Health, person: Ints, acute: Flags
) -> Floats:
    """Values of one test for these specimens."""
    level = test.median + test.between * rng.standard_normal(people.size)
    level += test.man * (people.woman == 0) + test.age * (np.clip(people.age, 16, 95) - 50)
    for key, part in test.shift.items():
        # How far a condition moves the level differs from person to person.
        moved = part * np.exp(0.35 * rng.standard_normal(people.size) - 0.06)
        level += np.where(health.has[PLACE[key]], moved, 0.0)
    size = len(person)
    value = level[person] + test.within * rng.standard_normal(size)
    value += np.where(acute, test.acute * rng.gamma(2.0, 0.5, size), 0.0)
    value = np.exp(value) if test.log else np.maximum(value, test.floor)
    value = value / (1 + np.maximum(value, 0) / test.ceiling)
    return np.asarray(np.round(value, test.decimals), dtype=np.float64)
