"""The choices folder of a demonstration hospital: who said no, as the services would answer.

Two parts, in the form that the vault reads. The national data opt-out is a list of the numbers
that may be used (`national_allowed.dat`, with its date in `national_allowed.json`); who opted out
is nowhere written down. `objections.csv` holds choices made at the hospital itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.random import Generator, default_rng

from commonweal.demo.hospital.calendar import DAYS_A_YEAR, day_number
from commonweal.demo.hospital.draw import Floats, Ints, coded, dates, texts
from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.foundation.files import staged_folder, translated

# kind, share of patients, whether it names a project, evidence
_KINDS: tuple[tuple[str, float, bool, str], ...] = (
    ("local_objection", 0.0022, False, "Letter to the information governance office"),
    ("no_ai_training", 0.0030, False, "Choices form, outpatient desk"),
    ("no_companies", 0.0026, False, "Choices form, outpatient desk"),
    ("no_research_here", 0.0012, False, "Telephone call, noted by the patient advice service"),
    ("project_objection", 0.0010, True, "E-mail after the notice about the project"),
    ("project_consent", 0.0014, True, "Signed consent form in the study file"),
    ("withdrawal", 0.0005, True, "Withdrawal form in the study file"),
    ("type1", 0.0018, False, "Message from the practice"),
)
COLUMNS = ("identifier", "kind", "project", "effective_from", "effective_to", "evidence")
_FEWEST = 2
"""Rows of each kind even in the smallest hospital, so that each can be seen."""
_ENDS = 0.12
_YEARS_BACK = 4


@dataclass(frozen=True)
class ChoicesSummary:
    """What was written, in counts."""

    requested: int
    returned: int
    objections: int


def write_choices(
    out_dir: Path,
    hospital_dir: Path,
    *,
    checked_at: datetime,
    seed: int = 20_260_401,
    opted_out_share: float = 0.054,
    projects: Sequence[str] = ("demo-heart-and-sugar", "demo-winter-beds"),
) -> ChoicesSummary:
    """Write the choices of the patients in `hospital_dir` into the new or empty `out_dir`.

    `checked_at` (with a time zone) is when the national list was asked for; no choice begins
    after it. People are chosen by `seed`; those opted out are a little older and better off than
    the rest.

    Raises `WrongUsage` CW-DEMO-USAGE for a share outside 0 to 1, a time without a zone or no
    project; `Fault` CW-FILE-MISSING without a table of patients, CW-FILE-EXISTS when `out_dir`
    holds something.
    """
    _check(checked_at, seed, opted_out_share, projects)
    numbers, birth, decile = _patients(hospital_dir)
    rng = default_rng([seed, 0x0C401CE5])
    allowed = _allowed(rng, numbers, birth, decile, opted_out_share)
    objections = _objections(rng, numbers, birth, list(projects), checked_at.astimezone(UTC).date())
    with translated(out_dir.name):
        if out_dir.is_dir() and not any(out_dir.iterdir()):
            out_dir.rmdir()
    with staged_folder(out_dir) as folder, translated(out_dir.name):
        text = "".join(pc.binary_join_element_wise(allowed, ",\n", "").to_pylist())
        (folder / "national_allowed.dat").write_bytes(text.encode("ascii"))
        asked = {
            "checked_at": checked_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "requested": len(numbers),
            "returned": len(allowed),
        }
        (folder / "national_allowed.json").write_text(
            json.dumps(asked, indent=2) + "\n", encoding="utf-8"
        )
        pcsv.write_csv(objections, folder / "objections.csv")
    return ChoicesSummary(len(numbers), len(allowed), len(objections))


def _check(
    checked_at: datetime, seed: int, opted_out_share: float, projects: Sequence[str]
) -> None:
    if not 0 <= opted_out_share <= 1:
        raise WrongUsage("CW-DEMO-USAGE", "The share of people opted out lies from 0 to 1.")
    if seed < 0:
        raise WrongUsage("CW-DEMO-USAGE", "The seed of the choices is not below 0.")
    if checked_at.tzinfo is None:
        raise WrongUsage("CW-DEMO-USAGE", "The time of the check needs a time zone.")
    if not projects:
        raise WrongUsage("CW-DEMO-USAGE", "At least one project is needed for choices about one.")


def _patients(hospital: Path) -> tuple[pa.Array, Ints, Floats]:
    """NHS numbers in order, day of birth and decile of deprivation of those who have a number."""
    names = ["nhs_number", "date_of_birth", "index_of_multiple_deprivation_decile"]
    parquet, csv = hospital / "patients.parquet", hospital / "patients.csv"
    if parquet.is_file():
        table = pq.read_table(parquet, columns=names)
    elif csv.is_file():
        kinds = {names[0]: pa.string(), names[1]: pa.date32(), names[2]: pa.int8()}
        options = pcsv.ConvertOptions(
            column_types=kinds, include_columns=names, strings_can_be_null=True
        )
        table = pcsv.read_csv(csv, convert_options=options)
    else:
        raise Fault("CW-FILE-MISSING", f"The folder {hospital.name} holds no table of patients.")
    table = table.filter(pc.is_valid(table[names[0]])).sort_by(names[0])
    birth = table[names[1]].cast(pa.int32()).to_numpy().astype(np.int64)
    decile = pc.fill_null(table[names[2]], 1).to_numpy().astype(np.float64)
    return table[names[0]].combine_chunks(), birth, decile


def _allowed(
    rng: Generator, numbers: pa.Array, birth: Ints, decile: Floats, share: float
) -> pa.Array:
    """The numbers without an opt-out, in order."""
    age = (birth.max(initial=0) - birth) / DAYS_A_YEAR
    weight = np.interp(age, (0, 12, 18, 45, 70, 95), (0.45, 0.5, 0.8, 1.1, 1.25, 0.9))
    weight = weight * np.exp(0.03 * (decile - 5.5))
    # Drawing without putting back, by weight: the largest of u ** (1 / weight).
    key = np.log(rng.random(len(numbers))) / weight
    out = round(share * len(numbers))
    keep = np.ones(len(numbers), dtype=np.bool_)
    keep[np.argsort(-key, kind="stable")[:out]] = False
    return numbers.filter(pa.array(keep))


def _objections(
    rng: Generator, numbers: pa.Array, birth: Ints, projects: list[str], today: date
) -> pa.Table:
    """Rows of every kind, in order of their first day."""
    size = len(numbers)
    counts = [min(size, max(_FEWEST, round(share * size))) for _, share, _, _ in _KINDS]
    who = np.concatenate([rng.choice(size, count, replace=False) for count in counts]).astype(
        np.int64
    )
    kind = np.repeat(np.arange(len(_KINDS)), counts)
    total = len(who)
    until = day_number(today)
    earliest = np.maximum(birth[who], day_number(today - timedelta(days=365 * _YEARS_BACK)))
    begins = earliest + (rng.random(total) * np.maximum(until - earliest, 1)).astype(np.int64)
    begins = np.minimum(begins, until)
    ends = begins + 30 + (rng.random(total) * 900).astype(np.int64)
    names_project = np.array([named for _, _, named, _ in _KINDS])[kind]
    order = np.argsort(begins, kind="stable")
    columns = (
        texts(who, numbers),
        coded(kind, [name for name, *_ in _KINDS]).cast(pa.string()),
        texts(rng.integers(0, len(projects), total), projects, ~names_project),
        dates(begins),
        dates(ends, rng.random(total) >= _ENDS),
        coded(kind, [evidence for *_, evidence in _KINDS]).cast(pa.string()),
    )
    return pa.table(dict(zip(COLUMNS, columns, strict=True))).take(pa.array(order))
