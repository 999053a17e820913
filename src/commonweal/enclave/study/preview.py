"""The figures of a request, worked out here for the researcher: unrounded, and for the job only.

The airlock makes the figures that leave by itself, on the same release and after the same rules
(which groups are named, what a missing value is, how a quantile is interpolated). What leaves is
rounded as the request says; a preview is not, and nothing of it is written to an output.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from commonweal.enclave.study.asking import Asker
from commonweal.enclave.study.columns import Json
from commonweal.enclave.study.data import Engine, needed, to_polars
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.laying import Layout, Piece, conditions, words
from commonweal.foundation.drawing import Picture, drawn, of_curves, of_rows

MOST_CELLS = 100_000
COMMON = 10
"""A group that no row asked for is in is named where at least so many people are in it."""
_OF_COLUMN = {
    "sum": "coalesce(fsum({0}), 0)", "mean": "fsum({0}) / count({0})", "sd": "stddev_samp({0})",
    "min": "min({0})", "max": "max({0})",
}  # fmt: skip
_SHOWN_ROWS = 20
_PREVIEW = "a preview, for use in this job only"


@dataclass(frozen=True)
class Preview:
    """A small table: one row for each cell, its groups in words and its figures unrounded.

    `request` is what was written; `arrow()`, `pandas()` and `polars()` give the table.
    """

    request: Json
    columns: dict[str, list[Any]]
    note: str = "Preview, for use in this job only. The airlock makes the figures that may leave."

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        return pa.table(self.columns)

    def pandas(self) -> Any:
        """As a data frame of pandas."""
        with needed("pandas"):
            return self.arrow().to_pandas()

    def polars(self) -> Any:
        """As a data frame of Polars."""
        return to_polars(self.arrow())

    def rows(self) -> list[dict[str, Any]]:
        """As a list of rows."""
        return [
            dict(zip(self.columns, row, strict=True))
            for row in zip(*self.columns.values(), strict=True)
        ]

    def drawn(self, kind: str) -> Drawing:
        """A picture of these, as the airlock draws figures that leave. Raises `StudyError`."""
        try:
            return Drawing(drawn(self._picture(kind)))
        except ValueError:  # a group has the name of the total
            raise StudyError("figure: this table cannot be drawn as a preview.") from None

    def _picture(self, kind: str) -> Picture:
        if self.request.get("kind") == "survival":
            return of_curves(self._curves())
        sides = [one["column"]["name"] for one in self.request["by"]]
        names = list(self.columns)
        rows = list(zip(*self.columns.values(), strict=True))
        groups = [len(dict.fromkeys(self.columns[name])) for name in names[: len(sides)]]
        totals = bool(self.request["margins"])
        told = [
            [*map(str, row[: len(sides)]),
             *(_as_published(value, measure) for value, measure in
               zip(row[len(sides) :], self.request["measures"], strict=True))]
            for row in rows
        ]  # fmt: skip
        return of_rows(
            "line" if kind == "line" else "bar", self.request["title"], names, told,
            [count - totals for count in groups], totals=totals, notes=[_PREVIEW],
        )  # fmt: skip

    def _curves(self) -> Json:
        sides = [one["column"]["name"] for one in self.request["by"]]
        decimals = int(self.request["decimals"])
        curves: dict[tuple[str, ...], list[Json]] = {}
        for row in self.rows():
            step = {"to": row["time"], "survival": round(row["survival"], decimals)}
            curves.setdefault(tuple(str(row[side]) for side in sides), []).append(step)
        return {
            "title": self.request["title"],
            "curves": [
                {"where": dict(zip(sides, group, strict=True)), "steps": steps}
                for group, steps in curves.items()
            ],
        }

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        """One column as a list."""
        return self.columns[name]

    def __repr__(self) -> str:
        rows = [[str(name) for name in self.columns]]
        rows += [[_said(value) for value in row.values()] for row in self.rows()[:_SHOWN_ROWS]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        more = len(self) - _SHOWN_ROWS
        return "\n".join([self.note, *lines, *([f"... and {more} more rows"] if more > 0 else [])])


@dataclass(frozen=True)
class Drawing:
    """A picture as SVG, for use in this job only. Notebooks show it; `save(path)` keeps it."""

    svg: str

    def save(self, path: str | Path) -> Path:
        """Write the picture as a file. It is no output: ask for that with `study.figure`."""
        kept = Path(path)
        kept.write_text(self.svg, "utf-8")
        return kept

    def _repr_svg_(self) -> str:
        return self.svg


def _as_published(value: Any, measure: Json) -> str:
    """A figure in the decimals that the airlock would publish it with."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return f"{value:.{measure.get('decimals', 0)}f}"


def _said(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


class Counted:
    """A table request, laid out over the release in an engine."""

    def __init__(self, asker: Asker, engine: Engine, request: Json) -> None:
        self._request = request
        self._by: list[Json] = request["by"]
        self._layout = Layout(asker, engine, _columns(request))
        self._db = self._layout.db

    def preview(self) -> Preview:
        """The figures. Raises `StudyError`."""
        self._lay_out()
        labels = [self._labels(side) for side in range(len(self._by))]
        totals = self._request["margins"]
        if math.prod(len(one) + totals for one in labels) > MOST_CELLS:
            raise StudyError(f"by: the table would have more than {MOST_CELLS:,} cells.")
        figures = self._figures(labels)
        names = self._names()
        shown = [
            [*(words(grouping, one) for one in found), *(["all"] if totals else [])]
            for grouping, found in zip(self._by, labels, strict=True)
        ]
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for cell in itertools.product(*shown):
            for name, word in zip(names, cell, strict=True):
                columns[name].append(word)
        for measure, values in zip(self._request["measures"], figures, strict=True):
            name = _measure_name(measure)
            while name in columns:
                name += "_"
            columns[name] = values
        return Preview(self._request, columns)

    def _lay_out(self) -> None:
        layout, piece = self._layout, Piece()
        kept = layout.meets(piece, self._request.get("where"))
        selected = [f"{layout.person} AS p", f"{kept} AS kept"]
        for place, one in enumerate(self._by):
            selected.append(f"{layout.group(piece, one)} AS g{place}")
            selected.append(f"{self._own(piece, one)} AS o{place}")
        for place, measure in enumerate(self._request["measures"]):
            for side, part in _parts(measure):
                flag = layout.meets(piece, part.get("where"))
                column = part.get("column")
                value = "1" if column is None else layout.value(column)
                selected += [f"{flag} AS f{place}{side}", f"{value} AS v{place}{side}"]
        layout.lay(selected, piece)

    def _own(self, piece: Piece, grouping: Json) -> str:
        """The filter's own conditions on the grouped column alone, taken together."""
        where = self._request.get("where")
        asked = [] if where is None else where.get("all", [where])
        alone = [
            one
            for one in asked
            if all(found["column"] == grouping["column"] for found in conditions(one))
        ]
        return " AND ".join(["true", *(self._layout.meets(piece, one) for one in alone)])

    def _labels(self, side: int) -> list[Any]:
        g = f"g{side}"
        found = self._db.execute(
            f"SELECT g FROM (SELECT DISTINCT {g} AS g FROM laid WHERE kept UNION SELECT {g} FROM "
            f"laid WHERE o{side} GROUP BY {g} HAVING count(DISTINCT p) >= {COMMON}) "
            f"ORDER BY g NULLS LAST LIMIT {MOST_CELLS + 1}"
        ).fetchall()
        return [row[0] for row in found]

    def _figures(self, labels: list[list[Any]]) -> list[list[Any]]:
        """For each measure its figures, cell by cell, the last group moving fastest."""
        totals = self._request["margins"]
        places = [{one: place for place, one in enumerate(found)} for found in labels]
        shape = [len(found) + totals for found in labels]
        measures = self._request["measures"]
        empty = [0 if one["measure"] in ("people", "rows") else 0.0 if one["measure"] == "sum"
                 else math.nan for one in measures]  # fmt: skip
        made = [[value] * math.prod(shape) for value in empty]
        expressions = [self._expression(place, one) for place, one in enumerate(measures)]
        for summed in itertools.product([False, True] if totals else [False], repeat=len(labels)):
            kept = [f"g{side}" for side, total in enumerate(summed) if not total]
            grouped = f"GROUP BY {', '.join(kept)}" if kept else ""
            sql = f"SELECT {', '.join([*kept, *expressions])} FROM laid WHERE kept {grouped}"
            for row in self._db.execute(sql).fetchall():
                given = iter(row)
                cell = 0
                for side, total in enumerate(summed):
                    place = len(labels[side]) if total else places[side][next(given)]
                    cell = cell * shape[side] + place
                for figures, value in zip(made, given, strict=True):
                    figures[cell] = math.nan if value is None else value
        return made

    @staticmethod
    def _expression(place: int, measure: Json) -> str:
        kind = measure["measure"]
        if kind == "people":
            return "count(DISTINCT p)"
        if kind == "rows":
            return "count(*)"
        if kind == "quantile":
            return f"quantile_cont(v{place}a, {float(measure['q'])!r})"
        if kind != "ratio":
            return _OF_COLUMN[kind].format(f"v{place}a")
        top, bottom = (
            _part(measure[side], f"f{place}{letter}", f"v{place}{letter}")
            for side, letter in (("numerator", "a"), ("denominator", "b"))
        )
        return f"CAST({top} AS DOUBLE) / nullif({bottom}, 0) * {int(measure['per'])}"

    def _names(self) -> list[str]:
        names = [one["column"]["name"] for one in self._by]
        return [
            f"{one['column']['table']}.{name}" if names.count(name) > 1 else name
            for one, name in zip(self._by, names, strict=True)
        ]


def _part(part: Json, flag: str, value: str) -> str:
    if part["of"] == "people":
        return f"count(DISTINCT p) FILTER ({flag})"
    if part["of"] == "rows":
        return f"count(*) FILTER ({flag})"
    return f"coalesce(fsum({value}) FILTER ({flag}), 0)"


def _measure_name(measure: Json) -> str:
    kind = measure["measure"]
    if kind in ("people", "rows", "ratio"):
        return str(kind)
    name = f"{kind} of {measure['column']['name']}"
    return f"{measure['q']} {name}" if kind == "quantile" else name


def _parts(measure: Json) -> Iterator[tuple[str, Json]]:
    if measure["measure"] == "ratio":
        yield "a", measure["numerator"]
        yield "b", measure["denominator"]
    else:
        yield "a", measure


def _columns(request: Json) -> Iterator[Json]:
    yield from (one["column"] for one in request["by"])
    yield from (one["column"] for one in conditions(request.get("where")))
    for measure in request["measures"]:
        for _, part in _parts(measure):
            if "column" in part:
                yield part["column"]
            yield from (one["column"] for one in conditions(part.get("where")))
