"""The table `medications`: what was prescribed, for long-term conditions and during stays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.admissions import Episodes
from commonweal.demo.hospital.calendar import Window
from commonweal.demo.hospital.conditions import PLACE
from commonweal.demo.hospital.draw import Ints, chosen, coded, dates, pick_in_group, ragged
from commonweal.demo.hospital.formulary import MEDICINES
from commonweal.demo.hospital.illness import Health
from commonweal.demo.hospital.people import People
from commonweal.demo.hospital.stays import REASON

_RENEWED_A_YEAR = 0.62
"""Hospital prescriptions a year for one long-term medicine; the rest come from the practice."""
_DOSES = tuple(dict.fromkeys(dose for m in MEDICINES for dose in m.doses.split("|")))


def medications_table(
    rng: Generator,
    people: People,
    health: Health,
    episodes: Episodes,
    death: Ints,
    window: Window,
) -> pa.Table:
    """One row a prescription, in order of date."""
    last = np.minimum(people.last, death)
    parts = [
        *(_long_term(rng, index, people, health, last, window) for index in range(len(MEDICINES))),
        *(_in_stay(rng, index, episodes) for index in range(len(MEDICINES))),
    ]
    person, medicine, day = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(day, kind="stable")
    person, medicine, day = person[order], medicine[order], day[order]
    weights = np.zeros((len(MEDICINES), len(_DOSES)))
    for row, m in enumerate(MEDICINES):
        for place, dose in enumerate(m.doses.split("|")):
            weights[row, _DOSES.index(dose)] = 1 / (1 + 2 * place)
    nhs, hospital = people.links(person)
    usual = np.array([m.quantity for m in MEDICINES])[medicine]
    double = np.where(chosen(rng, 0.22, len(day)), 2, 1)
    return pa.table(
        {
            "nhs_number": nhs,
            "hospital_number": hospital,
            "prescribed_on": dates(day),
            "bnf_code": coded(medicine, [m.bnf for m in MEDICINES]),
            "drug_name": coded(medicine, [m.name for m in MEDICINES]),
            "dose_text": coded(
                pick_in_group(rng, weights, medicine), _DOSES, chosen(rng, 0.015, len(day))
            ),
            "quantity": pa.array((usual * double).astype(np.int32)),
        }
    )


def _long_term(
    rng: Generator, index: int, people: People, health: Health, last: Ints, window: Window
) -> tuple[Ints, Ints, Ints]:
    """Prescriptions of one medicine to those who take it for a long-term condition."""
    share = np.zeros(people.size)
    for key, part in MEDICINES[index].conditions.items():
        share = np.where(health.has[PLACE[key]], 1 - (1 - share) * (1 - part), share)
    takes = np.flatnonzero(rng.random(people.size) < share)
    years = window.weight("clinic", people.first[takes], last[takes])
    owner, _ = ragged(rng.poisson(years * _RENEWED_A_YEAR))
    person = takes[owner]
    day = window.draw(rng, "clinic", people.first[person], last[person])
    return person, np.full(len(person), index), day


def _in_stay(rng: Generator, index: int, episodes: Episodes) -> tuple[Ints, Ints, Ints]:
    """Prescriptions of one medicine in stays whose reason calls for it."""
    share = np.zeros(len(REASON))
    for key, part in MEDICINES[index].reasons.items():
        share[REASON[key]] = part
    given = np.flatnonzero(rng.random(len(episodes.reason)) < share[episodes.reason])
    return episodes.person[given], np.full(len(given), index), episodes.day[given]
