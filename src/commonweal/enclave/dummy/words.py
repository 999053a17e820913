"""Values that could stand in a column, made up: words, numbers and days by what a column is of.

Codes are common ones of their system and none that the law keeps apart, so that no made-up row is
one that a real release could never hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from commonweal.papers.catalogue import Variable
from commonweal.papers.figures import VariableFigures

ICD10 = (
    "A09.9", "A41.9", "B34.9", "B37.0", "C18.9", "C34.9", "C50.9", "C61", "D50.9", "D64.9",
    "E03.9", "E10.9", "E11.9", "E66.9", "E78.5", "F03", "F10.2", "F32.9", "F41.9", "G20", "G40.9",
    "G43.9", "H25.9", "H40.9", "H66.9", "I10", "I20.9", "I21.4", "I25.1", "I48.9", "I50.0", "I63.9",
    "J18.9", "J22", "J44.9", "J45.0", "J45.9", "K21.9", "K35.8", "K40.9", "K57.3", "K80.2", "L03.1",
    "L40.0", "M16.9", "M17.9", "M54.5", "N18.3", "N39.0", "N40", "O80", "P07.3", "Q21.1", "R07.4",
    "R10.4", "R55", "S06.0", "S52.5", "S72.0", "T78.4", "U07.1", "V43.5", "W19.9", "X59.9", "Y83.1",
    "Z51.1", "Z96.6",
)  # fmt: skip
VOCABULARY: dict[str, tuple[str, ...]] = {
    "icd10": ICD10,
    "snomed": ("195967001", "38341003", "44054006", "73211009", "22298006", "84114007", "49436004",
               "13645005", "233604007", "35489007", "396275006", "271737000"),
    "opcs": ("K40.1", "W37.1", "W40.1", "H33.1", "J18.3", "G45.1", "E25.1", "M45.9", "C75.1",
             "R18.2", "U21.2", "X40.3"),
    "bnf": ("0212000B0", "0205051R0", "0601022B0", "0301011R0", "0407010H0", "0103050P0"),
    "loinc": ("4548-4", "718-7", "2160-0", "2345-7", "6690-2", "777-3", "1988-5"),
    "sex": ("F", "M"),
    "ethnicity": ("A", "B", "C", "D", "F", "H", "J", "M", "N", "R", "Z"),
    "area": ("E01010001", "E01010002", "E01010003", "E01010004"),
    "gp_practice": ("B99001", "B99002", "B99003"),
    "organisation": ("RZ901", "RZ902", "RZ903"),
    "staff": ("C9000001", "C9000002", "C9000003"),
    "deprivation": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"),
    "marital_status": ("S", "M", "D", "W"),
    "religion": ("A", "B", "C", "N"),
    "language": ("eng", "pol", "urd", "pan"),
    "occupation": ("1", "2", "3", "4"),
    "birth_place": ("GB", "IE", "PK", "PL"),
}  # fmt: skip
OTHER_WORDS = ("A", "B", "C", "D", "E")
NOTES = (
    "[NAME] was seen on [DATE] and is well.",
    "Reviewed by [NAME]. No change to treatment.",
    "[NAME] rang on [DATE]; advised to come back in two weeks.",
)
PICTURES = ("image-0001.png", "image-0002.png", "image-0003.png")
AREAS = ("LS", "BD", "HX", "HD", "WF", "YO", "HG", "S", "M", "SK")
YEARS_OF_EVENTS = 3
OLDEST, YOUNGEST = 95, 4
DRAWS = 400


def base_values(
    variable: Variable,
    figures: VariableFigures | None,
    until: date,
    rng: np.random.Generator,
    step: float = 1.0,
) -> list[Any]:
    """Values of the variable's type that need to meet nothing; they may repeat, as weights.

    `until`: the day before which events lie. `step`: to what numbers are rounded, so that several
    steps are seen.
    """
    published = _published(variable, figures)
    if published:
        return published
    kind = variable.type
    if kind == "boolean":
        return [True, False]
    if kind == "text":
        return list(_texts(variable, rng))
    if kind in ("date", "timestamp"):
        return _days(variable, figures, until, rng)
    return _numbers(variable, figures, rng, step)


def _published(variable: Variable, figures: VariableFigures | None) -> list[Any]:
    """The published codes, each as often as people hold it (at most 50 times)."""
    if figures is None or not figures.codes or variable.type not in ("text", "integer"):
        return []
    most = max(one.people for one in figures.codes)
    values: list[Any] = []
    for one in figures.codes:
        value: Any = one.code
        if variable.type == "integer":
            if not one.code.lstrip("-").isdecimal():
                return []
            value = int(one.code)
        values += [value] * max(1, round(50 * one.people / most))
    return values


def _texts(variable: Variable, rng: np.random.Generator) -> Sequence[str]:
    identifies = variable.identifies or ""
    if identifies == "postcode":
        areas = rng.integers(0, len(AREAS), DRAWS)
        numbers = rng.integers(1, 20, DRAWS), rng.integers(0, 10, DRAWS)
        letters = rng.integers(0, 20, (DRAWS, 2))
        return [
            f"{AREAS[area]}{district} {sector}{'ABDEFGHJLNPQRSTUWXYZ'[one]}"
            f"{'ABDEFGHJLNPQRSTUWXYZ'[two]}"
            for area, district, sector, (one, two) in zip(areas, *numbers, letters, strict=True)
        ]
    if identifies == "age":
        return [str(age) for age in range(YOUNGEST, OLDEST)]
    if identifies in ("event_date", "date_of_birth", "date_of_death", "administrative_date"):
        return [f"20{year}-{month:02d}-15" for year in range(10, 24) for month in range(1, 13)]
    if variable.role == "free_text":
        return NOTES
    if variable.role == "image":
        return PICTURES
    return VOCABULARY.get(identifies, OTHER_WORDS)


def _days(
    variable: Variable, figures: VariableFigures | None, until: date, rng: np.random.Generator
) -> list[Any]:
    first = until - timedelta(days=365 * YEARS_OF_EVENTS)
    last = until
    if variable.is_birth:
        first, last = (until - timedelta(days=365 * n + n // 4) for n in (OLDEST, YOUNGEST))
    if figures is not None and figures.range is not None:
        low, high = int(figures.range.low), int(figures.range.high)
        if 1000 <= low <= high <= 9000:
            first, last = date(low, 1, 1), date(high, 12, 31)
    days = rng.integers(0, max((last - first).days, 1), DRAWS)
    found = [first + timedelta(days=int(day)) for day in days]
    if variable.type == "date":
        return list(found)
    minutes = rng.integers(0, 24 * 60, DRAWS)
    return [
        datetime(day.year, day.month, day.day) + timedelta(minutes=int(minute))  # noqa: DTZ001
        for day, minute in zip(found, minutes, strict=True)
    ]


def _numbers(
    variable: Variable, figures: VariableFigures | None, rng: np.random.Generator, step: float
) -> list[Any]:
    whole = variable.type == "integer"
    if figures is not None and figures.range is not None:
        low, high = float(figures.range.low), float(figures.range.high)
        spread = rng.triangular(low, (low + high) / 2, max(high, low + 1e-9), DRAWS)
        return [round(n) for n in spread] if whole else [float(round(n, 2)) for n in spread]
    if variable.identifies == "age":
        return [int(n) for n in rng.integers(YOUNGEST, OLDEST, DRAWS)]
    if whole and variable.identifies in VOCABULARY:
        return _coded(variable.identifies)
    if whole:
        counts = rng.geometric(0.25, DRAWS) - 1
        return [int(n) for n in (counts if step <= 1 else rng.gamma(2.0, step, DRAWS))]
    return [float(round(n, 2)) for n in rng.gamma(4.0, max(2.5, step), DRAWS)]


def _coded(identifies: str) -> list[Any]:
    """Codes that are kept as numbers: those of the vocabulary, else 1 to 9 (1, 2 and 9 for sex)."""
    if identifies == "sex":
        return [1, 2, 1, 2, 1, 2, 9]
    words = VOCABULARY[identifies]
    return [int(one) for one in words] if all(map(str.isdecimal, words)) else list(range(1, 10))
