"""One table of a release in the words of `risk measure`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.vault.risk.depth import Deeper
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.statistics import why_rows_differ

_OF_CLASSES = ("prosecutor", "marketer", "sample_uniques", "smallest_classes")
_BEYOND = (
    "population_uniques",
    "power_m",
    "rare",
    "events_known_by",
    "without",
    "without_as",
    "suda",
)
_EMPTY_T = {"equal": None, "ordered": None, "hierarchical": None}


@dataclass(frozen=True)
class ReleaseAsked:
    """What is asked for beyond what the manifest says.

    `population`: a table of everybody, in the forms of the release; `population_count`: its column
    that counts people. `population_size`: how many there are, where there is no table. `suda`:
    minimal sample uniques.
    """

    population: Path | None = None
    population_count: str | None = None
    population_size: int | None = None
    suda: bool = False


def table_document(figures: Figures, deeper: Deeper, quasi: Sequence[str]) -> dict[str, Any]:
    """The figures of one table with the keys of `measure`."""
    known, more = figures.as_dict(), deeper.as_dict()
    for variety in known["l"].values():
        variety.setdefault("recursive", {})
    found: dict[str, Any] = {"quasi_identifiers": list(quasi)}
    found |= {name: known[name] for name in ("rows", "patients", "classes", "k", "l")}
    found["t"] = known.get("t") or {column: dict(_EMPTY_T) for column in figures.distinct_l}
    found["likeness"] = known.get("likeness", {})
    found |= {name: known[name] for name in _OF_CLASSES}
    found |= {name: more[name] for name in _BEYOND}
    for name in ("journalist", "population", "shift_candidates", "individual", "gaps"):
        found[name] = None
    by_row = figures.by_row()
    found["by_row"] = None if by_row is None else by_row.as_dict()
    found["notes"] = [] if by_row is None else [why_rows_differ(figures, by_row)]
    return found
