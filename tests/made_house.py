"""Columns as a study hands them in, and as a hostile job would write them by hand."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commonweal.airlock.recompute.made import MadeFile
from tests.airlock_house import PERSON, Row, col

MADE = "made_by_study"
KINDS = {"ward": "text", "cost": "decimal"}


def people(count: int = 60) -> list[Row]:
    """`count` people in two wards, every third with two stays."""
    rows = [
        {PERSON: f"p{n:03}", "ward": "AB"[n % 2], "cost": float(1 + n % 3)} for n in range(count)
    ]
    return rows + rows[::3]


def content(pairs: Sequence[tuple[str, float]], wide: int = 4, count: int | None = None) -> bytes:
    """The bytes of a column, laid out by hand: whatever a job likes to write."""
    said = len(pairs) if count is None else count
    codes = b"".join(code.encode().ljust(wide, b"\0") for code, _ in pairs)
    values = b"".join(struct.pack("<d", value) for _, value in pairs)
    return f"commonweal person column 1 {said} {wide}\n".encode() + codes + values


def handed(folder: Path, told: bytes, name: str = "risk") -> dict[str, MadeFile]:
    """The column as a job left it, with the hash that its paper has."""
    path = folder / f"{name}.column"
    path.write_bytes(told)
    return {name: MadeFile(path, f"sha256:{hashlib.sha256(told).hexdigest()}")}


def by_risk(labels: Sequence[str] | None = None, **more: Any) -> dict[str, Any]:
    """People by a column that the study made."""
    side: dict[str, Any] = {"column": col("risk", MADE)}
    if labels is not None:
        side["labels"] = list(labels)
    return {"by": [side], "measures": [{"measure": "people"}], **more}


def halves(count: int = 60) -> list[tuple[str, float]]:
    """A safe column: 0 for the first half of the people, 1 for the second."""
    return [(f"p{n:03}", float(n >= count // 2)) for n in range(count)]


def naive_table(told: Mapping[str, float]) -> dict[str, int]:
    """The twin: it counts the lines of the job's own table, each as a person."""
    counts: dict[str, int] = {}
    for value in told.values():
        counts[str(value)] = counts.get(str(value), 0) + 1
    return counts
