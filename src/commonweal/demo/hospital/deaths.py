"""The table `deaths`: place and underlying cause of those who died within the window."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.calendar import Window
from commonweal.demo.hospital.conditions import PLACE
from commonweal.demo.hospital.draw import Flags, Floats, Ints, coded, dates, pick_in_group
from commonweal.demo.hospital.illness import Health
from commonweal.demo.hospital.people import People

PLACES = ("Hospital", "Home", "Care home", "Hospice", "Elsewhere")

# ICD-10 underlying cause, share without a known illness, factors from conditions
_CAUSES: tuple[tuple[str, float, dict[str, float]], ...] = (
    ("I21.9", 5.0, {"ihd": 4.0, "diabetes2": 1.6}),
    ("I25.9", 3.0, {"ihd": 6.0}),
    ("I64", 3.2, {"stroke_past": 6.0, "af": 2.0}),
    ("I50.9", 0.6, {"heart_failure": 14.0}),
    ("J18.9", 4.0, {"frailty": 2.0, "dementia": 1.6}),
    ("J44.9", 0.2, {"copd": 55.0}),
    ("F03", 0.6, {"dementia": 60.0}),
    ("G30.9", 0.4, {"dementia": 40.0}),
    ("C34.9", 0.6, {"lung_cancer": 160.0}),
    ("C50.9", 0.2, {"breast": 70.0}),
    ("C61", 0.2, {"prostate": 45.0}),
    ("C18.9", 0.5, {"bowel": 110.0}),
    ("C25.9", 0.9, {"other_cancer": 12.0}),
    ("C80.9", 0.6, {"other_cancer": 35.0, "secondaries": 6.0}),
    ("C85.9", 0.2, {"blood_cancer": 100.0}),
    ("K70.3", 0.2, {"alcohol": 22.0, "liver": 14.0}),
    ("N18.9", 0.2, {"kidney": 3.0, "dialysis": 60.0}),
    ("E11.9", 0.1, {"diabetes2": 14.0}),
    ("G20", 0.1, {"parkinson": 60.0}),
    ("A41.9", 1.4, {"dialysis": 3.0}),
    ("W19", 1.0, {"frailty": 4.0}),
    ("R54", 0.6, {"frailty": 8.0}),
    ("X42", 0.6, {"drugs": 60.0}),
    ("X70", 0.9, {"depression": 4.0, "psychosis": 4.0}),
    ("G12.2", 0.2, {}),
    ("D57.0", 0.0001, {"sickle_cell": 90_000.0}),
)
_YOUNG_ONLY = {"X42", "X70"}
_OLD_ONLY = {"R54", "F03", "G30.9", "C61", "I25.9"}
_NEWBORN = ("P07.3", "Q89.9", "P36.9", "R95")


def deaths_table(
    rng: Generator, people: People, health: Health, death: Ints, in_hospital: Flags, window: Window
) -> pa.Table:
    """One row a death, in order of date. `in_hospital` tells whose last stay ended in death."""
    person = np.flatnonzero(death <= window.end)
    person = person[np.argsort(death[person], kind="stable")]
    causes = [code for code, _, _ in _CAUSES] + list(_NEWBORN)
    weights = _weights(people, health, person)
    cause = pick_in_group(rng, weights, np.arange(len(person), dtype=np.int64))
    cancer = health.with_any("secondaries")[person]
    cared = health.with_any("dementia", "frailty")[person]
    point = rng.random(len(person))
    place = np.where(cared & (point < 0.55), 2, np.where(cancer & (point < 0.3), 3, 1))
    place = np.where(point > 0.96, 4, place)
    place = np.where(in_hospital[person], 0, place)
    nhs, hospital = people.links(person)
    return pa.table(
        {
            "nhs_number": nhs,
            "hospital_number": hospital,
            "date_of_death": dates(death[person]),
            "place": coded(place, PLACES),
            "underlying_cause": coded(cause, causes, rng.random(len(person)) < 0.01),
        }
    )


def _weights(people: People, health: Health, person: Ints) -> Floats:
    """Deaths x causes."""
    age = people.age[person]
    table = np.zeros((len(person), len(_CAUSES) + len(_NEWBORN)))
    for column, (code, share, factors) in enumerate(_CAUSES):
        weight = np.full(len(person), share)
        for key, factor in factors.items():
            weight = np.where(health.has[PLACE[key]][person], weight * factor, weight)
        if code in _YOUNG_ONLY:
            weight = weight * np.where(age < 16, 0.0, np.where(age < 55, 12.0, 0.3))
        if code in _OLD_ONLY:
            weight = weight * np.clip((age - 45) / 20, 0.0, 3.0)
        table[:, column] = weight * (age >= 1)
    table[:, len(_CAUSES) :] = (age < 1)[:, None] * np.array([3.0, 2.0, 1.5, 1.0])
    return table
