"""Analyses over small releases for tests, and slow, obvious twins of what is counted for them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.analysis import Result, analyse
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules import Finding
from commonweal.airlock.rules.analyses import judge_analysis
from commonweal.airlock.session import Session
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request
from tests.airlock_house import PERSON, Row, col, open_release

HEAD = {"request": 1, "name": "m", "title": "An analysis", "table": "stays"}
SACRO = RuleProfile.load("sacro-default")


def number(name: str) -> dict[str, Any]:
    return {"column": col(name), "as": "number"}


def category(name: str, reference: Any = None) -> dict[str, Any]:
    made: dict[str, Any] = {"column": col(name), "as": "category"}
    return made if reference is None else made | {"reference": reference}


def crossed(first: str, second: str) -> dict[str, Any]:
    return {"first": col(first), "second": col(second)}


def regression(outcome: str, *terms: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {"kind": "regression", "family": "linear", "outcome": col(outcome), "terms": [*terms]}
    return {**HEAD, **base, **more}


def cox(*terms: dict[str, Any], **more: Any) -> dict[str, Any]:
    return regression("days", *terms, family="cox", event=col("dead"), **more)


def survival(*by: str, step: float = 30, **more: Any) -> dict[str, Any]:
    grouped = [{"column": col(name)} for name in by]
    base = {"kind": "survival", "time": col("days"), "event": col("dead"), "step": step}
    return {**HEAD, **base, "by": grouped, **more}


def correlation(*names: str, **more: Any) -> dict[str, Any]:
    return {**HEAD, "kind": "correlation", "of": [col(name) for name in names], **more}


def analysed(
    folder: Path, kinds: Mapping[str, str], rows: Sequence[Row], asked: dict[str, Any]
) -> Result:
    """The analysis of rows that lie in a release of their own."""
    folder.mkdir(exist_ok=True)
    asked_for = read_request(asked, "The request")
    assert not isinstance(asked_for, OutputRequest)
    with Session.over(open_release(folder, {"stays": (kinds, rows)})) as session:
        return analyse(asked_for, session)


def judged(
    folder: Path,
    kinds: Mapping[str, str],
    rows: Sequence[Row],
    asked: dict[str, Any],
    profile: RuleProfile = SACRO,
) -> list[Finding]:
    return judge_analysis(analysed(folder, kinds, rows, asked), profile)


# --- twins --------------------------------------------------------------------------------------


def complete(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Rows with a value in every one of these columns."""
    return [row for row in rows if all(row.get(name) is not None for name in names)]


def off_commonest(rows: Sequence[tuple[str, float]]) -> set[int]:
    """How many people have another value than the commonest; all answers where several are."""
    counts = Counter(value for _, value in rows)
    most = max(counts.values())
    return {
        len({person for person, value in rows if value != one})
        for one, count in counts.items()
        if count == most
    }


def people_by(rows: Sequence[Row], names: Sequence[str]) -> dict[tuple[Any, ...], int]:
    """Different people for each combination of values."""
    found: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in rows:
        found[tuple(row[name] for name in names)].add(row[PERSON])
    return {key: len(people) for key, people in found.items()}


def kaplan_meier(rows: Sequence[Row]) -> dict[float, tuple[int, int, int, float]]:
    """At each time: people at risk, events, censored, and what is left after it."""
    left, told = 1.0, {}
    for time in sorted({row["days"] for row in rows}):
        at_risk = [row for row in rows if row["days"] >= time]
        here = [row for row in rows if row["days"] == time]
        events = sum(1 for row in here if row["dead"])
        left *= 1 - events / len(at_risk)
        told[time] = (len(at_risk), events, len(here) - events, left)
    return told


def audit_map(folder: Path, rows: list[Row]) -> Path:
    """The audit map of a release with these people."""
    codes = sorted({row[PERSON] for row in rows})
    ids = [hashlib.sha256(code.encode()).digest()[:16] for code in codes]
    path = folder / "audit_map.parquet"
    table = {"code": pa.array(codes, pa.string()), "audit_id": pa.array(ids, pa.binary())}
    pq.write_table(pa.table(table), path)
    return path
