"""Small releases for tests of the airlock, and a slow, obvious twin of the recomputation.

A release is tables of plain Python rows; `Oracle` answers an `OutputRequest` over the same rows
with loops over people, and shares no code with what it is compared with.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.session import Session
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.release.manifest import ReleasedColumn

Row = dict[str, Any]
ARROW = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us"), "code": pa.string(),
}  # fmt: skip
PERSON = "person_code"


def released(name: str, kind: str, form: str = "exact", role: str = "other") -> ReleasedColumn:
    return ReleasedColumn.model_validate({"name": name, "type": kind, "form": form, "role": role})


def open_release(
    folder: Path, tables: Mapping[str, tuple[Mapping[str, str], Sequence[Row]]]
) -> OpenRelease:
    """Write tables as they lie in an opened release. `kinds` by column; the person is added."""
    made = {}
    for place, (name, (kinds, rows)) in enumerate(tables.items()):
        path = folder / f"table-{place}.parquet"
        columns = {
            column: pa.array([row.get(column) for row in rows], ARROW[kind])
            for column, kind in {PERSON: "code", **kinds}.items()
        }
        pq.write_table(pa.table(columns), path)
        described = {column: released(column, kind) for column, kind in kinds.items()}
        described[PERSON] = released(PERSON, "code", "pseudonym", "record_key")
        made[name] = OpenTable(name, (path,), described, PERSON)
    return OpenRelease("house-1-r1", made)


def request(**fields: Any) -> OutputRequest:
    base = {"request": 1, "name": "t", "title": "A table", "table": "stays"}
    return OutputRequest.read(base | fields, "The request")


def recompute(asked: OutputRequest, release: OpenRelease, work: Path) -> Table:
    """A request on its own, in a session of its own."""
    with Session.over(release, work) as session:
        return session.recompute(asked)


def col(name: str, table: str = "stays") -> dict[str, str]:
    return {"table": table, "name": name}


def where(name: str, op: str, value: Any = None, table: str = "stays") -> dict[str, Any]:
    condition: dict[str, Any] = {"column": col(name, table), "op": op}
    return {"where": condition if value is None else {**condition, "value": value}}


# --- the twin ---------------------------------------------------------------------------------

Cell = tuple[str, ...]


class Oracle:
    """Answers a request by looking at one row after another."""

    def __init__(self, tables: Mapping[str, Sequence[Row]], asked: OutputRequest) -> None:
        self.asked = asked
        beside = {
            name: {row[PERSON]: row for row in rows}
            for name, rows in tables.items()
            if name != asked.table
        }
        self.rows: list[dict[tuple[str, str], Any]] = []
        for row in tables[asked.table]:
            full = {(asked.table, name): value for name, value in row.items()}
            for name, people in beside.items():
                for column, value in people.get(row[PERSON], {}).items():
                    full[name, column] = value
            self.rows.append({**full, ("", "who"): row[PERSON]})

    def value(self, row: Any, column: Any) -> Any:
        found = row.get((column.table, column.name))
        return None if isinstance(found, float) and not math.isfinite(found) else found

    def meets(self, row: Any, one: Any) -> bool:
        if one is None:
            return True
        if one.where is not None:
            return self._meets(row, one.where)
        if one.not_ is not None:
            return not self.meets(row, one.not_)
        inner = [self.meets(row, child) for child in one.children()]
        return all(inner) if one.all is not None else any(inner)

    def _meets(self, row: Any, condition: Any) -> bool:
        found, asked = self.value(row, condition.column), condition.value
        if condition.op in ("is_missing", "is_present"):
            return (found is None) == (condition.op == "is_missing")
        if found is None:
            return False
        if hasattr(found, "isoformat"):
            found = found.isoformat()
        return {
            "eq": lambda: found == asked, "ne": lambda: found != asked,
            "lt": lambda: found < asked, "le": lambda: found <= asked,
            "gt": lambda: found > asked, "ge": lambda: found >= asked,
            "in": lambda: found in asked,
        }[condition.op]()  # fmt: skip

    def group(self, row: Any, grouping: Any) -> str:
        found = self.value(row, grouping.column)
        if found is None:
            return "no value"
        if grouping.bands is None:
            return str(found).lower() if isinstance(found, bool) else str(found)
        under = [edge for edge in grouping.bands if found >= edge]
        over = [edge for edge in grouping.bands if found < edge]
        if not under:
            return f"under {over[0]}"
        return f"{under[-1]} to under {over[0]}" if over else f"{under[-1]} and over"

    def cells(self) -> dict[Cell, list[Any]]:
        """Rows of each cell that has any, totals among them."""
        found: dict[Cell, list[Any]] = defaultdict(list)
        for row in self.rows:
            if not self.meets(row, self.asked.where):
                continue
            names = [self.group(row, grouping) for grouping in self.asked.by]
            choices = [[name, "all"] if self.asked.margins else [name] for name in names]
            keys: list[Cell] = [()]
            for choice in choices:
                keys = [(*key, one) for key in keys for one in choice]
            for key in keys:
                found[key].append(row)
        return found

    def by_person(self, rows: list[Any], column: Any = None) -> dict[str, list[float]]:
        """The values of each person; 1 for each row where no column is asked for."""
        found: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            value = 1.0 if column is None else self.value(row, column)
            if value is not None:
                found[row["", "who"]].append(value)
        return found

    def part(self, rows: list[Any], part: Any) -> tuple[set[str], float]:
        people = self.by_person([row for row in rows if self.meets(row, part.where)], part.column)
        if part.of == "people":
            return set(people), float(len(people))
        return set(people), math.fsum(value for values in people.values() for value in values)

    def figure(self, rows: list[Any], measure: Any) -> float:
        """The figure before it is rounded; NaN where there is none."""
        kind = measure.measure
        if kind == "ratio":
            top, bottom = (
                self.part(rows, part)[1] for part in (measure.numerator, measure.denominator)
            )
            return top / bottom * measure.per if bottom else math.nan
        column = getattr(measure, "column", None)
        people = self.by_person(rows, column)
        if kind == "people":
            return float(len(people))
        values = sorted(value for one in people.values() for value in one)
        if kind in ("rows", "sum"):
            return math.fsum(values)
        if not values or (kind == "sd" and len(values) < 2):
            return math.nan
        mean = math.fsum(values) / len(values)
        if kind == "sd":
            return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
        if kind == "quantile":
            place = measure.q * (len(values) - 1)
            low, high = values[math.floor(place)], values[math.ceil(place)]
            return low + (high - low) * (place - math.floor(place))
        return {"mean": mean, "min": values[0], "max": values[-1]}[kind]


def top_two(amounts: list[float]) -> tuple[float, float, float]:
    """Total, largest and second largest of some sizes."""
    ordered = [*sorted((abs(amount) for amount in amounts), reverse=True), 0.0, 0.0]
    return math.fsum(ordered), ordered[0], ordered[1]
