"""Risk reports from made-up figures, with every kind of chart in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commonweal.vault.risk import Cost, Deeper, EventFigures, Figures, MoreFigures, report_html
from commonweal.vault.risk.distances import Closeness
from commonweal.vault.risk.power import Power
from commonweal.vault.risk.shift import ShiftFigures
from commonweal.vault.risk.suda import Suda
from commonweal.vault.risk.uniques import Uniques
from tests.factories import draft, manifest_data

SHIFT = ShiftFigures(17, 10, 9, {9: 2, 17: 8})


def figures(*sizes: int, variety: int | None = None, **more: Any) -> Figures:
    """The figures of a table with classes of these sizes, each person in one class."""
    classes = {size: sizes.count(size) for size in sizes}
    given: dict[str, Any] = {
        "rows": sum(sizes),
        "classes_by_size": classes,
        "people_by_size": {size: size * count for size, count in classes.items()},
        "distinct_l": {} if variety is None else {"diagnosis": variety},
        "entropy_l": {} if variety is None else {"diagnosis": float(variety)},
    }
    return Figures.from_sizes(**{**given, **more})


@dataclass(frozen=True)
class Tried:
    """A candidate as the search for the best generalisation gives it."""

    score: float
    suppressed: int
    holds: bool
    levels: tuple[str, ...] = ("age_band(5,90)", "outward_postcode")
    k: int = 3


BEFORE = {
    "patients": figures(*[1] * 90, *[3] * 10, 40),
    "admissions": figures(*[1] * 120, *[2] * 10),
}
AFTER = {
    "patients": figures(*[8] * 10, 80),
    "admissions": figures(
        *[10] * 14,
        variety=3,
        rows=400,
        classes_by_rows={20: 6, 35: 8},
        closeness={"diagnosis": Closeness(0.25, None, 0.125, {2: 1.5}, 0.6, 2.0, 1.2, 0.9)},
    ),
}


def _power(events: int, unique: float, mean: float, *, exact: bool = True) -> Power:
    drawn = {} if exact else {"unique_interval": (unique - 0.02, unique + 0.02),
                              "mean_interval": (mean - 0.02, mean + 0.02)}  # fmt: skip
    return Power(events, 140, exact, unique, 0.5, 0.7, mean, 12 if exact else None, **drawn)


def _suda(by_size: dict[int, int], people: int, born: float, long: float) -> Suda:
    shares = {
        "patients.sex": 0.01 if people else 0.0,
        "patients.date_of_birth": born,
        "patients.a_very_long_name_of_an_item_that_somebody_chose": long,
    }
    return Suda(160, people, by_size, 6.0, 1.5, shares, 2 if people else 3, not people)


MORE = MoreFigures(
    deeper={
        "patients": Deeper(
            costs=(
                Cost("patients.date_of_birth", 0.004, 160, 0),
                Cost("patients.a_very_long_name_of_an_item_that_somebody_chose", 0.06, 8, 0),
                Cost("patients.sex", 0.03, 20, 0),
            ),
            uniques=Uniques(5_000, 12.0, 11.0, None, "pitman", 12.1),
            suda=_suda({}, 0, 0.0, 0.0),
        ),
        "admissions": Deeper(
            costs=(
                Cost("patients.date_of_birth", 0.02, 30, 0),
                Cost("admissions.ward", 0.05, 5, 0),
            ),
            events=EventFigures(
                {
                    1: _power(1, 0.05, 0.2),
                    2: _power(2, 0.4, 0.5),
                    3: _power(3, 0.62, 0.7, exact=False),
                },
                {
                    "diagnosis": {"values": 4, "patients": 17},
                    "method": {"values": 0, "patients": 0},
                },
            ),
            known_by=("diagnosis", "method"),
            left=("suda",),
        ),
    },
    gaps={"admissions.admitted": {"patients": 140, "with_gaps": 90, "unique": 61, "below_5": 80,
                                  "mean": 0.7}},
    population=5_000,
    suda_before={"patients": _suda({1: 12, 2: 83}, 90, 1.0, 0.4), "admissions": None},
)  # fmt: skip
CANDIDATES = [Tried(0.1 + 0.05 * place, max(0, 60 - 9 * place), place >= 5) for place in range(14)]


def page(**changes: Any) -> str:
    """A report; without changes without charts beyond classes and shifts."""
    manifest = manifest_data()
    given: dict[str, Any] = {
        "release": "asthma-1-r1",
        "permit": draft(),
        "people": manifest["patients"],
        "tables": manifest["tables"],
        "before": BEFORE,
        "after": AFTER,
        "shift": SHIFT,
    }
    return report_html(**{**given, **changes})


def full_page(**changes: Any) -> str:
    """A report with every kind of chart."""
    return page(**{"more": MORE, "candidates": CANDIDATES, **changes})
