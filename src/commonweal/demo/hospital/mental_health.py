"""The table `mental_health_contacts`: appointments with community mental health teams.

Few people have most of the contacts. Contacts fall on working days; crisis teams work every day.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.calendar import Window
from commonweal.demo.hospital.conditions import PLACE
from commonweal.demo.hospital.draw import Ints, coded, dates, pick_in_group, ragged
from commonweal.demo.hospital.illness import Health
from commonweal.demo.hospital.people import People

# condition, contacts a year while under a team, share under a team, concern, teams
_SERVICES: tuple[tuple[str, float, float, str, str], ...] = (
    ("depression", 2.2, 0.22, "Depression",
     "Talking Therapies|Community Mental Health Team|Crisis Team"),
    ("anxiety", 2.0, 0.20, "Anxiety", "Talking Therapies|Community Mental Health Team"),
    ("psychosis", 7.5, 0.75, "Psychosis",
     "Community Mental Health Team|Early Intervention Team|Crisis Team"),
    ("eating", 6.0, 0.60, "Eating disorder", "Eating Disorder Service"),
    ("neurodiverse", 1.2, 0.30, "Neurodevelopmental condition",
     "Neurodevelopmental Service|Children and Young People's Service"),
    ("dementia", 1.6, 0.55, "Memory and dementia", "Memory Clinic|Older People's Team"),
    ("alcohol", 2.6, 0.28, "Alcohol", "Drug and Alcohol Service|Crisis Team"),
    ("drugs", 4.0, 0.38, "Drugs", "Drug and Alcohol Service"),
    ("learning", 1.8, 0.35, "Learning disability", "Learning Disability Team"),
    ("infertility", 0.3, 0.05, "Perinatal mental health", "Perinatal Team"),
)  # fmt: skip
CONCERNS = tuple(row[3] for row in _SERVICES)
TEAMS = tuple(dict.fromkeys(team for row in _SERVICES for team in row[4].split("|")))
ATTENDED = ("Attended", "Did not attend", "Cancelled by patient", "Cancelled by team")
_INTENSITY = 0.9


def contacts_table(
    rng: Generator,
    people: People,
    health: Health,
    death: Ints,
    window: Window,
    first_contact: int,
) -> pa.Table:
    """One row a contact, in order of date."""
    last = np.minimum(people.last, death)
    parts = [
        _of_service(rng, index, people, health, last, window) for index in range(len(_SERVICES))
    ]
    person, service, day, team = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.argsort(day, kind="stable")
    person, service, day, team = person[order], service[order], day[order], team[order]
    missed = np.clip(0.10 + 0.012 * (5.5 - people.decile), 0.03, 0.3)[person]
    point = rng.random(len(day))
    attended = np.where(point < missed, 1, 0)
    attended = np.where(point > 0.93, 2, attended)
    attended = np.where(point > 0.975, 3, attended)
    nhs, hospital = people.links(person)
    return pa.table(
        {
            "contact_id": first_contact + np.arange(len(day), dtype=np.int64),
            "nhs_number": nhs,
            "hospital_number": hospital,
            "contact_on": dates(day),
            "team": coded(team, TEAMS),
            "attended": coded(attended, ATTENDED),
            "main_concern": coded(service, CONCERNS, rng.random(len(day)) < 0.03),
        }
    )


def _of_service(
    rng: Generator, index: int, people: People, health: Health, last: Ints, window: Window
) -> tuple[Ints, Ints, Ints, Ints]:
    """Person, service, day and team of the contacts for one condition."""
    key, a_year, share, _, teams = _SERVICES[index]
    has = health.has[PLACE[key]] & (rng.random(people.size) < share)
    known = np.flatnonzero(has)
    # People stay with a team for part of the window; many stop soon, a few never do.
    years = window.weight("clinic", people.first[known], last[known])
    intensity = rng.lognormal(-(_INTENSITY**2) / 2, _INTENSITY, len(known))
    owner, _ = ragged(rng.poisson(years * a_year * intensity))
    person = known[owner]
    names = teams.split("|")
    weights = np.zeros((1, len(TEAMS)))
    for place, name in enumerate(names):
        weights[0, TEAMS.index(name)] = 1 / (1 + place) ** 1.5
    team = pick_in_group(rng, weights, np.zeros(len(person), dtype=np.int64))
    clinic = window.draw(rng, "clinic", people.first[person], last[person])
    always = window.draw(rng, "emergency", people.first[person], last[person])
    crisis = team == TEAMS.index("Crisis Team")
    return person, np.full(len(person), index), np.where(crisis, always, clinic), team
