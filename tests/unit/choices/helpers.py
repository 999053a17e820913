"""Small choices folders and groups of people, and a slow, obvious oracle for who may be in."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber, check_digit
from commonweal.vault.choices.decision import Decision
from commonweal.vault.choices.recorded import Journal
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

NO_JOURNAL: dict[str, Any] = {"journal": Journal(), "dataset": "hospital"}
"""A home in which nobody has chosen anything by itself."""
HEADER = "identifier,kind,project,effective_from,effective_to,evidence\n"
PEOPLE_KINDS = {
    "person": "text", "national": "text", "has_identifier": "boolean", "unreadable": "boolean",
}  # fmt: skip


def nhs_numbers(count: int, start: int = 900_000_000) -> list[str]:
    """`count` valid numbers of the synthetic range, ascending."""
    found: list[str] = []
    first_nine = start
    while len(found) < count:
        digit = check_digit(f"{first_nine:09d}")
        if digit is not None and len(set(f"{first_nine}{digit}")) > 1:
            found.append(f"{first_nine:09d}{digit}")
        first_nine += 1
    return found


def write_folder(
    folder: Path,
    *,
    allowed: Sequence[str] = (),
    objections: Iterable[str] = (),
    **record: Any,
) -> Path:
    """A choices folder in good order, except for what `record` changes in the JSON record."""
    folder.mkdir(exist_ok=True)
    (folder / "national_allowed.dat").write_bytes("".join(f"{n},\n" for n in allowed).encode())
    said = {
        "checked_at": "2026-03-01T09:00:00.000Z",
        "requested": len(allowed),
        "returned": len(allowed),
        **record,
    }
    (folder / "national_allowed.json").write_text(json.dumps(said))
    (folder / "objections.csv").write_text(HEADER + "".join(f"{row}\n" for row in objections))
    return folder


@dataclass(frozen=True)
class One:
    """One person of a cohort."""

    person: str | None
    national: str | None
    has_identifier: bool
    unreadable: bool = False


@dataclass(frozen=True)
class Row:
    """One line of objections.csv."""

    identifier: str
    kind: str
    project: str | None
    begins: date
    ends: date | None

    def line(self) -> str:
        ends = "" if self.ends is None else self.ends.isoformat()
        return f"{self.identifier},{self.kind},{self.project or ''},{self.begins},{ends},a letter"


def load_people(engine: DuckDBEngine, people: Sequence[One], name: str = "people") -> ops.Table:
    """The people as the engine table that `apply_choices` takes."""
    engine.forget(name)
    data = pa.table(
        {
            "person": pa.array([one.person for one in people], pa.string()),
            "national": pa.array([one.national for one in people], pa.string()),
            "has_identifier": pa.array([one.has_identifier for one in people], pa.bool_()),
            "unreadable": pa.array([one.unreadable for one in people], pa.bool_()),
        }
    )
    return engine.load(name, data, PEOPLE_KINDS)


def digits_of(identifier: str) -> str | None:
    """The ten digits, if it is an NHS number in one of the spellings that the tests use."""
    text = unicodedata.normalize("NFKC", identifier)
    text = re.sub(r"\.0$", "", text) if text.count(".") == 1 else text
    try:
        return NHSNumber(re.sub(r"[\s.\u2013-]", "", text)).digits
    except InvalidNHSNumber:
        return None


def oracle_reason(
    one: One,
    everyone: Sequence[One],
    decision: Decision,
    rows: Sequence[Row],
    allowed: set[str],
    projects: set[str],
    at: date,
) -> str | None:
    """Why a person stays out, or None: one person and one line at a time."""
    said = {
        row.kind
        for row in rows
        if _counts(row, decision, projects, at) and _is_about(row, one, everyone)
    }
    yes = "project_consent" in said
    unknown = not one.has_identifier or (decision.national and one.national is None and not yes)
    if "withdrawal" in said:
        return "withdrawal"
    if "project_objection" in said:
        return "project_objection"
    if decision.consent_needed and not yes:
        return "no_project_consent"
    if not yes and (said & {"no_ai_training", "no_companies", "no_research_here"}):
        return "by_kind"
    if not yes and "type1" in said:
        return "type1"
    if not yes and "local_objection" in said:
        return "local_objection"
    if not yes and decision.national and one.national is not None and one.national not in allowed:
        return "not_allowed_nationally"
    if one.person is None or (unknown and not decision.include_without_identifier):
        return "no_valid_identifier"
    if one.unreadable and (decision.national or decision.objections):
        return "no_valid_identifier"
    return None


def _counts(row: Row, decision: Decision, projects: set[str], at: date) -> bool:
    if row.kind not in decision.kinds or row.begins > at:
        return False
    if row.ends is not None and row.ends < at:
        return False
    return row.project is None or row.project in projects


def spelt(key: str) -> str:
    """A key in its one spelling, one character after the other."""
    text = unicodedata.normalize("NFKC", key)
    start = next((place for place, char in enumerate(text) if char.isalnum()), len(text))
    if re.fullmatch(r"[0-9]+\.0\W*", text[start:]):
        text = text[start:].split(".")[0]
    bare = unicodedata.normalize("NFKC", text.casefold())
    bare = "".join(char for char in bare if char.isalnum() or unicodedata.combining(char))
    return str(int(bare)) if bare.isdecimal() and bare.isascii() else bare


def _is_about(row: Row, one: One, everyone: Sequence[One]) -> bool:
    if one.person is None:
        return False
    alike = [
        other for other in everyone if other.person and spelt(other.person) == spelt(row.identifier)
    ]
    if row.kind == "project_consent":
        if row.identifier == one.person or [one] == alike:
            return True
    elif one in alike:
        return True
    if one.national is None:
        return False
    if digits_of(row.identifier) == one.national:
        return True
    # An objection under one key of a person reaches the person's other keys.
    return row.kind != "project_consent" and any(other.national == one.national for other in alike)
