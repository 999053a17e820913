"""Making the whole hospital, chunk by chunk, from one seed.

The same seed, size and library versions give the same bytes. Each chunk draws from children of the
seed of its own, one for each subject, so memory does not grow with the number of patients and a
change in one subject leaves the others as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.random import Generator, SeedSequence, default_rng

from commonweal.demo.hospital.admissions import (
    METHOD_CODES,
    Episodes,
    admissions_table,
    diagnoses_table,
    make_diagnoses,
    make_episodes,
)
from commonweal.demo.hospital.calendar import Window
from commonweal.demo.hospital.deaths import deaths_table
from commonweal.demo.hospital.draw import Ints
from commonweal.demo.hospital.emergency import attendances_table
from commonweal.demo.hospital.illness import make_deaths, make_health
from commonweal.demo.hospital.laboratory import lab_table
from commonweal.demo.hospital.medicines import medications_table
from commonweal.demo.hospital.mental_health import contacts_table
from commonweal.demo.hospital.numbers import MOST_PATIENTS, Register
from commonweal.demo.hospital.patients import patients_table
from commonweal.demo.hospital.people import make_people
from commonweal.demo.hospital.places import TRUST, Places
from commonweal.demo.hospital.stays import make_stays
from commonweal.demo.hospital.store import Format, TableStore
from commonweal.foundation.errors import WrongUsage
from commonweal.foundation.files import staged_folder, translated

TABLES = (
    "patients", "admissions", "diagnoses", "medications", "lab_results", "deaths",
    "mental_health_contacts", "ae_attendances",
)  # fmt: skip
YEARS = 5
_CHUNK = 100_000
_EARLIEST = date(1990, 1, 1)
_LATEST = date(2090, 12, 31)
_SUBJECTS = (
    "people", "health", "deaths", "front", "stays", "episodes", "codes", "medicines", "laboratory",
    "emergency", "mind", "register",
)  # fmt: skip

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class HospitalSummary:
    """What was made: rows of each table, and how."""

    trust: str
    patients: int
    seed: int
    start: date
    end: date
    format: Format
    rows: Mapping[str, int]


@dataclass
class _Numbers:
    """The first number still free of each kind of record."""

    episode: int = 10_000_001
    spell: int = 5_000_001
    specimen: int = 70_000_001
    contact: int = 300_001
    attendance: int = 2_000_001


def make_hospital(
    out: Path,
    *,
    patients: int = 20_000,
    seed: int = 20_260_401,
    end: date = date(2026, 3, 31),
    format: Format = "parquet",  # noqa: A002 - the name that callers read best
    progress: Progress | None = None,
) -> HospitalSummary:
    """Make a hospital in the new or empty folder `out`: one file for each of `TABLES`.

    The tables cover the five years up to `end`. `progress` is called with a sentence and the share
    done. Nothing appears at `out` until everything is written.

    Raises `WrongUsage` CW-DEMO-USAGE for a size, date, seed or format that cannot be made, `Fault`
    CW-FILE-EXISTS when `out` holds something, and the errors of `foundation.files`.
    """
    _check(patients, seed, end, format)
    report = progress or _silent
    start = date(end.year - YEARS, end.month, 28 if end.month == 2 else end.day)
    window = Window(date.fromordinal(start.toordinal() + 1), end)
    _clear_if_empty(out)
    with staged_folder(out) as folder:
        rows = _write(folder, patients, seed, window, format, report)
    report("The hospital is made.", 1.0)
    return HospitalSummary(
        TRUST, patients, seed, date.fromordinal(start.toordinal() + 1), end, format, rows
    )


def _silent(_sentence: str, _share: float) -> None:
    """Nobody watches."""


def _check(patients: int, seed: int, end: date, form: str) -> None:
    if not 1 <= patients <= MOST_PATIENTS:
        raise WrongUsage(
            "CW-DEMO-USAGE", f"A demonstration hospital has from 1 to {MOST_PATIENTS:,} patients."
        )
    if seed < 0:
        raise WrongUsage("CW-DEMO-USAGE", "The seed of a demonstration hospital is not below 0.")
    if not _EARLIEST <= end <= _LATEST:
        raise WrongUsage(
            "CW-DEMO-USAGE",
            f"The last day of a demonstration hospital lies from {_EARLIEST} to {_LATEST}.",
        )
    if form not in ("parquet", "csv"):
        raise WrongUsage("CW-DEMO-USAGE", "The format of a table is parquet or csv.")


def _clear_if_empty(out: Path) -> None:
    """An empty folder may be there already; it is put in place anew."""
    with translated(out.name):
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def _write(
    folder: Path, patients: int, seed: int, window: Window, form: Format, report: Progress
) -> dict[str, int]:
    """All chunks; while one is written, the next is drawn."""
    root = SeedSequence(seed)
    world = default_rng(root.spawn(1)[0])
    places = Places(world, patients)
    register = Register(world)
    counters = _Numbers()
    sizes = [min(_CHUNK, patients - done) for done in range(0, patients, _CHUNK)]
    done = 0
    waiting: Future[None] | None = None
    with (
        translated(folder.name),
        TableStore(folder, form) as store,
        ThreadPoolExecutor(max_workers=1) as writer,
    ):
        for size, child in zip(sizes, root.spawn(len(sizes)), strict=True):
            report(f"Making patients {done + 1:,} to {done + size:,}.", done / patients)
            tables = list(_chunk(child, size, window, places, register, counters))
            if waiting is not None:
                waiting.result()
            waiting = writer.submit(_append, store, tables)
            done += size
        if waiting is not None:
            waiting.result()
        return dict(store.rows)


def _append(store: TableStore, tables: list[tuple[str, pa.Table]]) -> None:
    while tables:
        name, table = tables.pop()
        store.append(name, table)


def _generators(child: SeedSequence) -> dict[str, Generator]:
    """One source of chance for each subject."""
    seeds = child.spawn(len(_SUBJECTS))
    return {subject: default_rng(seed) for subject, seed in zip(_SUBJECTS, seeds, strict=True)}


def _chunk(
    child: SeedSequence,
    size: int,
    window: Window,
    places: Places,
    register: Register,
    counters: _Numbers,
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of one chunk of patients."""
    rng = _generators(child)
    people = make_people(rng["people"], size, window, places, register)
    health = make_health(rng["health"], people)
    death = make_deaths(rng["deaths"], people, health, window)
    yield "patients", patients_table(rng["front"], people, places, death)
    stays = make_stays(rng["stays"], people, health, death, window)
    episodes = make_episodes(
        rng["episodes"], stays, people, health, window, counters.episode, counters.spell
    )
    counters.episode += len(episodes.person)
    counters.spell += len(stays.person)
    found = make_diagnoses(rng["codes"], episodes, people, health)
    secondary = np.bincount(found[0], minlength=len(episodes.person)) - 1
    admitted = admissions_table(rng["episodes"], episodes, people, health, secondary, window)
    yield "admissions", admitted
    yield "diagnoses", diagnoses_table(rng["codes"], episodes, people, found, window)
    given = medications_table(rng["medicines"], people, health, episodes, death, window)
    yield "medications", given
    results, specimens = lab_table(
        rng["laboratory"], people, health, episodes, death, window, counters.specimen
    )
    counters.specimen += specimens
    yield "lab_results", results
    died = np.zeros(people.size, dtype=np.bool_)
    died[stays.person[stays.died]] = True
    yield "deaths", deaths_table(rng["deaths"], people, health, death, died, window)
    contacts = contacts_table(rng["mind"], people, health, death, window, counters.contact)
    yield "mental_health_contacts", contacts
    counters.contact += len(contacts)
    arrivals = _through_emergency(admitted, episodes)
    attendances = attendances_table(
        rng["emergency"], people, health, arrivals, death, window, counters.attendance
    )
    counters.attendance += len(attendances)
    yield "ae_attendances", attendances


def _through_emergency(admissions: pa.Table, episodes: Episodes) -> tuple[Ints, Ints, Ints]:
    """Person, day and reason of the first episode of each stay that came through A&E."""
    method = admissions["admission_method"].combine_chunks().indices.to_numpy()
    came = np.flatnonzero(method == METHOD_CODES.index("21"))
    _, first = np.unique(episodes.spell[came], return_index=True)
    through = np.sort(came[first])
    return episodes.person[through], episodes.day[through], episodes.reason[through]
