"""The table `ae_attendances`: arrivals at A&E, which never closes.

Complaints are SNOMED CT concepts of the kind the Emergency Care Data Set uses. Everybody admitted
through A&E (admission method 21) has an attendance on the day of admission.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.calendar import (
    HOURS_OF_ARRIVAL,
    HOURS_OF_THE_NIGHT_OUT,
    MINUTES_A_DAY,
    Window,
)
from commonweal.demo.hospital.draw import (
    Flags,
    Floats,
    Ints,
    coded,
    happenings,
    moments,
    pick_in_group,
)
from commonweal.demo.hospital.illness import Health
from commonweal.demo.hospital.people import People
from commonweal.demo.hospital.presentations import PRESENTATIONS
from commonweal.demo.hospital.stays import Exposure, exposures

# SNOMED CT concept, name, share of those not admitted for children, adults, older people
COMPLAINTS: tuple[tuple[str, str, float, float, float], ...] = (
    ("29857009", "Chest pain", 0.6, 9.0, 9.0),
    ("21522001", "Abdominal pain", 5.0, 9.5, 7.0),
    ("267036007", "Shortness of breath", 5.0, 4.0, 8.0),
    ("25064002", "Headache", 1.6, 4.5, 2.6),
    ("386661006", "Fever", 15.0, 2.0, 2.0),
    ("49650001", "Difficulty passing urine", 0.8, 2.6, 4.0),
    ("62315008", "Diarrhoea", 4.0, 1.6, 1.6),
    ("161891005", "Back pain", 0.4, 5.0, 4.0),
    ("271594007", "Faint", 0.7, 1.8, 4.5),
    ("91175000", "Seizure", 1.5, 1.4, 1.2),
    ("125605004", "Fracture of bone", 9.0, 7.5, 7.5),
    ("82271004", "Injury of head", 11.0, 3.8, 7.0),
    ("1912002", "Fall", 2.0, 3.0, 16.0),
    ("312608009", "Cut", 6.0, 7.0, 4.0),
    ("7895008", "Poisoning", 1.0, 1.4, 0.3),
    ("40917007", "Confusion", 0.05, 0.7, 3.0),
    ("49727002", "Cough", 8.0, 1.8, 2.2),
    ("422400008", "Vomiting", 6.0, 2.0, 2.0),
    ("289530006", "Bleeding from the vagina", 0.1, 2.4, 0.3),
    ("12441001", "Nosebleed", 0.8, 0.6, 2.2),
    ("271807003", "Rash", 6.0, 2.2, 1.2),
    ("22253000", "Pain", 2.0, 4.0, 3.5),
    ("74474003", "Bleeding from the gut", 0.3, 1.2, 2.2),
    ("80313002", "Palpitations", 0.2, 2.2, 2.4),
    ("404640003", "Dizziness", 0.4, 2.0, 3.6),
    ("48694002", "Anxiety", 0.4, 2.2, 0.5),
    ("6471006", "Thoughts of suicide", 0.5, 2.0, 0.2),
    ("125666000", "Burn", 1.8, 1.2, 0.6),
    ("162397003", "Sore throat", 3.4, 1.8, 0.4),
    ("41652007", "Pain in the eye", 1.2, 2.2, 1.4),
    ("57676002", "Joint pain", 2.4, 5.5, 4.0),
    ("283682007", "Bite wound", 1.2, 1.1, 0.4),
)
MODES = ("1", "2")
"""Arrival: 1 by ambulance, 2 other."""
ACUITIES = ("1", "2", "3", "4", "5")
"""1 immediate resuscitation to 5 non-urgent."""
STATUSES = (
    "Discharged home", "Admitted to this hospital", "Referred to the practice",
    "Referred to a clinic", "Left before treatment", "Transferred", "Died in department",
)  # fmt: skip
_ADMITTED, _DIED = 1, 6

_AGES = (0, 1, 5, 12, 18, 30, 45, 65, 75, 85, 95)
_A_YEAR = (0.85, 0.60, 0.36, 0.34, 0.38, 0.36, 0.29, 0.26, 0.31, 0.40, 0.46)
"""Attendances a year without admission."""
_NIGHT_OUT = 0.35


def attendances_table(
    rng: Generator,
    people: People,
    health: Health,
    admitted: tuple[Ints, Ints, Ints],
    death: Ints,
    window: Window,
    first_attendance: int,
) -> pa.Table:
    """One row an attendance, in order of arrival.

    `admitted`: person, day and reason of those who were admitted through A&E.
    """
    last = np.minimum(people.last, death)
    own = _not_admitted(rng, people, health, exposures(people, last, window), window)
    complaint = np.array([r.complaint for r in PRESENTATIONS])[admitted[2]]
    person = np.concatenate([own[0], admitted[0]])
    day = np.concatenate([own[1], admitted[1]])
    what = np.concatenate([own[2], complaint])
    stays_in = np.arange(len(person)) >= len(own[0])
    size = len(person)
    arrived = day * MINUTES_A_DAY + _minute(
        rng, people.age[person], window.weekday[day - window.start]
    )
    acuity, ambulance = _urgency(rng, people.age[person], what, stays_in)
    wait = np.exp(np.where(stays_in, 5.75, 5.1) + 0.55 * rng.standard_normal(size))
    left = arrived + np.clip(wait, 6, 2_400).astype(np.int64)
    status = _status(rng, stays_in, day == death[person])
    # Nobody leaves after death or after the extract; the last minute of that day at the latest.
    until = (np.minimum(death[person], window.end) + 1) * MINUTES_A_DAY - 1
    order = np.argsort(arrived, kind="stable")
    nhs, hospital = people.links(person[order])
    return pa.table(
        {
            "attendance_id": first_attendance + np.arange(size, dtype=np.int64),
            "nhs_number": nhs,
            "hospital_number": hospital,
            "arrived_at": moments(arrived[order]),
            "departed_at": moments(np.minimum(left, until)[order]),
            "arrival_mode": coded(np.where(ambulance, 0, 1)[order], MODES),
            "acuity": coded(acuity[order], ACUITIES, (rng.random(size) < 0.02)),
            "chief_complaint_snomed": coded(what[order], [code for code, *_ in COMPLAINTS]),
            "discharge_status": coded(status[order], STATUSES),
        }
    )


def _not_admitted(
    rng: Generator, people: People, health: Health, exposed: Exposure, window: Window
) -> tuple[Ints, Ints, Ints]:
    """Person, day and complaint of attendances without admission."""
    rate = np.interp(exposed.age, _AGES, _A_YEAR)
    personal = health.visits**0.9 * np.exp(0.07 * (5.5 - people.decile))
    personal *= np.where(health.with_any("alcohol", "drugs", "psychosis"), 2.0, 1.0)
    rate *= personal[exposed.person] * window.weight("emergency", exposed.first, exposed.last)
    event = happenings(rng, rate)
    person = exposed.person[event]
    day = window.draw(rng, "emergency", exposed.first[event], exposed.last[event])
    shares = np.array([[row[2 + group] for row in COMPLAINTS] for group in range(3)])
    age = exposed.age[event]
    group = np.where(age < 16, 0, np.where(age < 65, 1, 2))
    # A woman's complaint is not a man's: men are in rows of their own with that share at nought.
    men = shares.copy()
    men[:, [code for code, *_ in COMPLAINTS].index("289530006")] = 0.0
    row = group + 3 * (people.woman[person] == 0)
    return person, day, pick_in_group(rng, np.concatenate([shares, men]), row)


def _minute(rng: Generator, age: Floats, weekday: Ints) -> Ints:
    """Minute of the day; young adults come in the nights of the weekend."""
    hours = np.array([HOURS_OF_ARRIVAL, HOURS_OF_THE_NIGHT_OUT], dtype=np.float64)
    out = (age > 16) & (age < 40) & (weekday >= 4) & (rng.random(len(age)) < _NIGHT_OUT)
    hour = pick_in_group(rng, hours, out.astype(np.int64))
    return hour * 60 + rng.integers(0, 60, len(age))


def _urgency(rng: Generator, age: Floats, complaint: Ints, stays_in: Flags) -> tuple[Ints, Ints]:
    """Acuity (index into ACUITIES) and whether an ambulance came."""
    size = len(age)
    grave = np.isin(complaint, (0, 2, 8, 9, 12, 15, 22)).astype(np.int64)
    level = 3.3 - 0.9 * stays_in - 0.45 * grave - 0.006 * age + 0.75 * rng.standard_normal(size)
    acuity = np.clip(np.round(level), 1, 5).astype(np.int64) - 1
    share = np.clip(0.06 + 0.006 * age + 0.22 * stays_in + 0.12 * grave - 0.05 * acuity, 0.02, 0.95)
    return acuity, (rng.random(size) < share).astype(np.int64)


def _status(rng: Generator, stays_in: Flags, death_day: Flags) -> Ints:
    point = rng.random(len(stays_in))
    status = np.zeros(len(stays_in), dtype=np.int64)
    for value, low, high in ((2, 0.60, 0.74), (3, 0.74, 0.92), (4, 0.92, 0.975), (5, 0.975, 0.99)):
        status = np.where((point >= low) & (point < high), value, status)
    status = np.where(stays_in, _ADMITTED, status)
    return np.where(~stays_in & death_day, _DIED, status)
