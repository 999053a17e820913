"""From what a researcher writes to the closed JSON of a request, checked against the release.

Everything that the airlock would refuse for its form is refused here first, with the name of the
argument: a study that has run for a day must not learn of a spelling mistake at its end. Whether a
request may pass is not judged here; that hangs on who is behind the figures.
"""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commonweal.enclave.study.columns import Column, Filter, Json, plain_number
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.made import TABLE, to_places
from commonweal.enclave.study.measure import Measure
from commonweal.enclave.study.place import ColumnKind, Release, TableKind

NUMBERS = frozenset({"integer", "decimal"})
GROUPS = frozenset({"text", "integer", "boolean", "date"})
HIDDEN = frozenset({"pseudonym", "record_code", "redacted_text", "deidentified_image"})
"""Forms that no request may look at: each value singles out a person or record, or is a text."""
MOST_DEPTH, MOST_CONDITIONS, MOST_GROUPINGS, MOST_MARGINS = 8, 100, 6, 4
MOST_MEASURES, MOST_BANDS, LONGEST_TITLE = 20, 100, 500
PROTECTIONS = ("suppress", "merge")
FIGURES = {"table": ("bar", "line"), "survival": ("curve",)}
MOST_DRAWN_SIDES, MOST_DRAWN_MEASURES = 2, 6
ROUNDINGS = ("exact", "nearest_5", "midpoint_6", "small_as_5")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,58}", re.ASCII)
"""So that the file, with `.json`, has a name that a study can declare."""
_UNSEEN = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})
RESERVED = frozenset({"outputs", "release", "notes"})
"""Files of these names, with `.json`, are the toolkit's or the enclave's own."""


@dataclass(frozen=True)
class Bands:
    """A column of numbers in ranges: under the first edge, from each to under the next, and so on.

    Made by `study.bands(column, edges)`.
    """

    column: Column | str
    edges: tuple[int | float, ...]


def bands(column: Column | str, edges: Iterable[float]) -> Bands:
    """`column` in ranges: `bands("age", [18, 65])` is under 18, 18 to under 65, 65 and over."""
    if not isinstance(column, Column | str):
        raise StudyError('column: name a column of the table, or give col("table", "name").')
    if isinstance(edges, str) or not isinstance(edges, Iterable):
        raise StudyError("edges: give a list of numbers in ascending order.")
    found = tuple(plain_number(edge, "edges") for edge in edges)
    rising = all(low < high for low, high in itertools.pairwise(found))
    if not 1 <= len(found) <= MOST_BANDS or not rising or any(isinstance(e, bool) for e in found):
        raise StudyError(f"edges: give 1 to {MOST_BANDS} numbers in ascending order, each once.")
    return Bands(column, found)


Groups = Column | str | Bands


@dataclass(frozen=True)
class Asker:
    """Makes the parts of requests over one table of a release."""

    release: Release
    table: TableKind

    @classmethod
    def of(cls, release: Release, table: object, columns: Iterable[object] = ()) -> Asker:
        """Over `table`; where that is None, over the one table that `columns` are of."""
        if table is None:
            named = {one.table for one in map(_inner, columns) if isinstance(one, Column)}
            if len(named) != 1:
                raise StudyError('of: say which table\'s rows are counted, as of="stays".')
            table = named.pop()
        found = release.table(table, "of")
        if found.name == TABLE:
            raise StudyError("of: rows of the release are counted; say which table's.")
        if found.person is None:
            raise StudyError(
                f"of: the rows of {found.name} are not about people, so nobody can be counted."
            )
        return cls(release, found)

    def column(self, given: object, argument: str) -> Column:
        """A column that a request may look at. Raises `StudyError`."""
        column = Column(self.table.name, given) if isinstance(given, str) else given
        if not isinstance(column, Column):
            raise StudyError(
                f'{argument}: name a column of {self.table.name}, or give col("table", "name").'
            )
        self.kind(column, argument)
        return column

    def kind(self, column: Column, argument: str) -> ColumnKind:
        """Type and form of a column that a request may look at. Raises `StudyError`."""
        table = self.release.table(column.table, argument)
        kind = table.columns.get(column.name)
        if kind is None:
            raise StudyError(
                f"{argument}: {table.name} has no column {column.name!r}; "
                f"{_like(column.name, list(table.columns))}"
            )
        if kind.form in HIDDEN or kind.type == "code":
            raise StudyError(
                f"{argument}: {column.name} singles people or records out, so no request may look "
                "at it."
            )
        if table.person is None:
            raise StudyError(f"{argument}: the rows of {table.name} are not about people.")
        return kind

    def require_released(self, column: Column, argument: str) -> None:
        """Refuse a column that the study made, where tables alone can look at one."""
        if column.table == TABLE:
            raise StudyError(
                f"{argument}: {column.name} is a column that this study made; it can be used in "
                "tables."
            )

    def numbers(self, given: object, argument: str) -> Column:
        """A column of numbers. Raises `StudyError`."""
        column = self.column(given, argument)
        if self.kind(column, argument).type not in NUMBERS:
            raise StudyError(f"{argument}: {column.name} holds no numbers, so it is not measured.")
        return column

    def where(self, given: Filter | None, argument: str = "where") -> Json | None:
        """A filter, each of its columns and values looked at. Raises `StudyError`."""
        if given is None:
            return None
        if not isinstance(given, Filter):
            raise StudyError(
                f'{argument}: give a filter, such as col("{self.table.name}", "column") >= 65.'
            )
        if given.depth() > MOST_DEPTH:
            raise StudyError(f"{argument}: a filter is at most {MOST_DEPTH} levels deep.")
        for condition in given.conditions():
            self._condition(condition, argument)
        return to_places(given.plain(), self.release)

    def _condition(self, condition: Json, argument: str) -> None:
        column = Column(**condition["column"])
        kind = self.kind(column, argument)
        value = condition.get("value")
        if kind.type == "boolean" and condition["op"] not in (
            "eq", "ne", "is_missing", "is_present",
        ):  # fmt: skip
            raise StudyError(f"{argument}: {column.name} holds true and false, without an order.")
        values = () if value is None else value if isinstance(value, list) else (value,)
        for one in values:
            if one not in kind.labels and not _fits(one, kind.type):
                raise StudyError(
                    f"{argument}: {column.name} holds a {kind.type}; it is compared with something "
                    "else."
                )

    def by(self, given: object) -> list[Json]:
        """Groupings, each column once. Raises `StudyError`."""
        listed = [given] if isinstance(given, Column | str | Bands) else given
        if not isinstance(listed, Sequence):
            raise StudyError('by: give columns to group by, as by=["sex"].')
        if len(listed) > MOST_GROUPINGS:
            raise StudyError(f"by: a table is grouped by at most {MOST_GROUPINGS} columns.")
        made = [self._grouping(one) for one in listed]
        columns = [(one["column"]["table"], one["column"]["name"]) for one in made]
        looks = {" ".join(_look(part) for part in pair) for pair in columns}
        if len(set(columns)) != len(columns) or len(looks) != len(columns):
            raise StudyError("by: a column is grouped by twice, or two look the same.")
        return made

    def _grouping(self, given: object) -> Json:
        if isinstance(given, Bands):
            column = self.column(given.column, "by")
            if self.kind(column, "by").type not in NUMBERS:
                raise StudyError(f"by: {column.name} holds no numbers, so it has no bands.")
            return {"column": column.plain(), "bands": list(given.edges)}
        column = self.column(given, "by")
        if self.kind(column, "by").type not in GROUPS:
            raise StudyError(
                f"by: {column.name} has too many values to group by; use study.bands(...)."
            )
        labels = self.kind(column, "by").labels
        made = {"column": column.plain()}
        return {**made, "labels": list(labels)} if labels else made

    def measure(self, given: object) -> Json:
        """One measure. Raises `StudyError`."""
        if not isinstance(given, Measure):
            raise StudyError("measures: give measures, such as study.measure.people().")
        if given.kind == "ratio":
            parts = {"numerator": self._part(given.top), "denominator": self._part(given.bottom)}
            if parts["numerator"] == parts["denominator"]:
                raise StudyError("top: the two parts of a ratio are the same.")
            return {"measure": "ratio", **parts, "per": given.per, "decimals": given.decimals}
        if given.where is not None:
            raise StudyError(
                f"measures: {given.kind} takes a filter only inside a ratio; use where= of the "
                "whole table."
            )
        if given.kind in ("people", "rows"):
            return {"measure": given.kind}
        column = self.numbers(given.column, "measures").plain()
        made = {"measure": given.kind, "column": column, "decimals": given.decimals}
        return made if given.q is None else {**made, "q": given.q}

    def _part(self, given: Measure | None) -> Json:
        if given is None:
            raise StudyError("top: a ratio has two parts.")
        made: Json = {"of": given.kind}
        if given.kind == "sum":
            made["column"] = self.numbers(given.column, "measures").plain()
        where = self.where(given.where)
        return made if where is None else {**made, "where": where}


def table_request(
    asker: Asker,
    name: str,
    title: str | None,
    measures: object,
    *,
    by: object,
    where: Filter | None,
    totals: bool,
    rounding: str,
    protect: str | None = None,
) -> Json:
    """An `OutputRequest` as plain JSON. Raises `StudyError`."""
    groups = asker.by(by)
    listed = [measures] if isinstance(measures, Measure) else measures
    if not isinstance(listed, Sequence) or not 1 <= len(listed) <= MOST_MEASURES:
        raise StudyError(f"measures: a table has 1 to {MOST_MEASURES} measures.")
    made = [asker.measure(one) for one in listed]
    if any(one in made[:place] for place, one in enumerate(made)):
        raise StudyError("measures: a measure is asked for twice.")
    if not isinstance(totals, bool):
        raise StudyError("totals: this is True or False.")
    if totals and not 1 <= len(groups) <= MOST_MARGINS:
        raise StudyError(f"totals: a table with totals is grouped by 1 to {MOST_MARGINS} columns.")
    if rounding not in ROUNDINGS:
        raise StudyError(f"rounding: this is one of {', '.join(ROUNDINGS)}.")
    said: Json = {"measures": made, "margins": totals, "rounding": rounding, "by": groups}
    if protect is not None:
        said["protect"] = _protection(protect, made, groups, totals=totals)
    request = {**head(asker, name, title or _titled(made, groups)), **said}
    return limited(with_filter(request, asker.where(where)))


def _protection(protect: object, measures: list[Json], groups: list[Json], *, totals: bool) -> str:
    if protect not in PROTECTIONS:
        raise StudyError(f"protect: this is one of {', '.join(PROTECTIONS)}, or None.")
    if protect == "merge" and not groups:
        raise StudyError("protect: there are no groups to merge.")
    attacked = all(one["measure"] in ("people", "sum", "mean") for one in measures)
    if protect == "suppress" and totals and not attacked:
        raise StudyError(
            "protect: under totals, cells are hidden in counts of people, sums and means only."
        )
    return str(protect)


def with_figure(request: Json, kind: object) -> Json:
    """The request, which asks for a picture of `kind` as well. Raises `StudyError`."""
    of = request.get("kind", "table")
    kinds = FIGURES.get(of)
    if kinds is None:
        raise StudyError(f"figure: a {of} is not drawn.")
    if kind not in kinds:
        raise StudyError(f"kind: this is {' or '.join(kinds)}.")
    if of == "table":
        if not 1 <= len(request["by"]) <= MOST_DRAWN_SIDES:
            raise StudyError(f"figure: a table with 1 to {MOST_DRAWN_SIDES} groupings is drawn.")
        if len(request["measures"]) > MOST_DRAWN_MEASURES:
            raise StudyError(f"figure: at most {MOST_DRAWN_MEASURES} measures are drawn.")
    return {**request, "figure": kind}


def head(asker: Asker, name: str, title: str) -> Json:
    """What every request begins with. Raises `StudyError`."""
    return {
        "request": 1,
        "name": request_name(name),
        "title": line(title, "title"),
        "table": asker.table.name,
    }


def with_filter(request: Json, where: Json | None) -> Json:
    """The request with its filter, if it has one."""
    return request if where is None else {**request, "where": where}


def limited(request: Json) -> Json:
    """The request, unless it has too many conditions."""
    if sum(1 for _ in _all_conditions(request)) > MOST_CONDITIONS:
        raise StudyError(f"where: a request has at most {MOST_CONDITIONS} conditions.")
    return request


def _all_conditions(request: Json) -> Iterator[Json]:
    if "where" in request:
        yield from Filter(request["where"]).conditions()
    for measure in request.get("measures", ()):
        for side in ("numerator", "denominator"):
            if "where" in measure.get(side, {}):
                yield from Filter(measure[side]["where"]).conditions()


def request_name(name: object) -> str:
    """The name of a request's file without `.json`. Raises `StudyError`."""
    bare = name.removesuffix(".json") if isinstance(name, str) else ""
    if _NAME.fullmatch(bare) is None or bare.endswith(".") or bare.casefold() in RESERVED:
        raise StudyError(
            "name: a request is named with 1 to 59 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit, and without two dots together."
        )
    return bare


def line(text: object, argument: str, longest: int = LONGEST_TITLE) -> str:
    """A text of one line. Raises `StudyError`."""
    if not isinstance(text, str) or not text.strip() or len(text) > longest:
        raise StudyError(f"{argument}: give a line of 1 to {longest} letters.")
    if any(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise StudyError(f"{argument}: no line breaks and no letters that cannot be seen.")
    return text


def _titled(measures: list[Json], groups: list[Json]) -> str:
    """A plain title, where the researcher gave none."""
    said = ", ".join(
        one["measure"] + (f" of {one['column']['name']}" if "column" in one else "")
        for one in measures
    )
    by = ", ".join(one["column"]["name"] for one in groups)
    whole = f"{said} by {by}" if by else said
    return (whole[0].upper() + whole[1:])[:LONGEST_TITLE]


def _like(name: str, names: list[str]) -> str:
    """The name that was meant, perhaps; else all there are."""
    folded = {one.casefold(): one for one in names}
    near = difflib.get_close_matches(name.casefold(), list(folded), 1, 0.6)
    return f"did you mean {folded[near[0]]!r}?" if near else f"it has {', '.join(names)}."


def _inner(given: object) -> object:
    return given.column if isinstance(given, Bands) else given


def _look(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _fits(value: Any, kind: str) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    if kind in NUMBERS:
        return isinstance(value, int | float)
    if not isinstance(value, str):
        return False
    return kind == "text" or (kind in ("date", "timestamp") and _is_time(value, kind))


def _is_time(text: str, kind: str) -> bool:
    try:
        when = (date if kind == "date" else datetime).fromisoformat(text)
    except ValueError:
        return False
    return not (isinstance(when, datetime) and when.tzinfo is not None)
