"""Exact figures of one table about people. They never leave the vault.

Everything is counted in people, not in rows: one patient with a thousand tests is one person. Each
question is one statement over a table in which people are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from commonweal.papers.catalogue import Table, Variable
from commonweal.papers.forms import Form
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON
from commonweal.vault.release.recipe import CODE_SYSTEMS
from commonweal.vault.release.shaping import as_shown
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

NUMBER = "cw__number"
MINIMUM = 10
"""A code is shown from this many people on (S22)."""
_ROWS = "cw__rows"
_TOGETHER = 100
"""So many variables are asked about in one statement."""
_FORMS_TOGETHER = 20
_LISTED = 50_000
_LONGEST = 60
_NUMERIC = ("integer", "decimal", "date", "timestamp")
_SPOKEN = frozenset({"sensitive", "quasi_identifier", "other"})


@dataclass(frozen=True)
class Filled:
    """How full a variable is. `present`: people with a value; `whole`: the sum over people of the
    share of their rows that have one."""

    present: int
    whole: float


@dataclass
class Measured:
    """The rows of one table, with people as numbers, while figures are made of them."""

    engine: Engine
    table: Table
    rows: ops.Table
    each: ops.Table
    people: int
    row_count: int
    filled: dict[str, Filled]

    @classmethod
    def of(cls, lawful: Lawful, table: Table, people: ops.Table) -> Measured:
        """The lawful rows of `people` (columns person, number) in `table`."""
        engine = lawful.loaded.engine
        linked = ops.inner_join(
            lawful.rows(table.name), people, {PERSON: "person"}, {NUMBER: "number"}
        )
        columns = {one.name: _present(linked[one.name], one) for one in table.variables}
        rows = engine.keep("figures_rows", ops.project(linked, columns | {NUMBER: linked[NUMBER]}))
        measures: dict[str, ops.Value] = {_ROWS: ops.count_rows(rows)}
        for place, one in enumerate(table.variables):
            measures[f"cw__n{place}"] = ops.count_rows_where_present(rows, one.name)
            if has_range(one):
                value = _as_figure(rows[one.name], one)
                measures[f"cw__l{place}"] = ops.smallest(value)
                measures[f"cw__h{place}"] = ops.largest(value)
        each = engine.keep("figures_each", ops.group(rows, [NUMBER], measures))
        counted = {"people": ops.count_rows(each), "rows": ops.total(each[_ROWS])}
        found = engine.one(ops.group(each, [], counted))
        filled = dict(_filled(engine, each, table.variables))
        return cls(engine, table, rows, each, found["people"], int(found["rows"] or 0), filled)

    def close(self) -> None:
        """Forget the rows."""
        self.engine.forget("figures_each")
        self.engine.forget("figures_rows")

    def range(self, variable: Variable) -> tuple[float, float] | None:
        """The 5th percentile of people's smallest values and the 95th of their largest: at least
        nine in ten people have all their values between. Of dates the years."""
        place = [one.name for one in self.table.variables].index(variable.name)
        columns = (f"cw__l{place}", f"cw__h{place}")
        held = self.engine.arrow(ops.select(self.each, columns)).drop_null()
        if not held.num_rows:
            return None
        low, high = (held.column(name).to_numpy().astype(np.float64) for name in columns)
        least = np.quantile(low, 0.05, method="lower")
        return float(least), float(np.quantile(high, 0.95, method="higher"))

    def codes(self, variable: Variable, known: Sequence[str]) -> dict[str, int]:
        """People by code: codes that at least ten people hold, and those that are `known`."""
        pairs = self._pairs(variable)
        counted = ops.group(pairs, ["code"], {"n": ops.count_rows(pairs)})
        enough = ops.compare(counted["n"], "ge", ops.constant(MINIMUM, "integer"))
        if known:
            enough = ops.either(enough, ops.is_in(counted["code"], known))
        found = self.engine.rows(ops.keep_where(counted, enough), _LISTED)
        return {one["code"]: one["n"] for one in found if len(one["code"]) <= _LONGEST}

    def others(self, variable: Variable, shown: Sequence[str]) -> tuple[int, int | None]:
        """(people who hold a code that is not `shown`, people of the table who hold none that is).

        The second is None where somebody holds two codes: no sum over codes says anything then.
        """
        pairs = self._pairs(variable)
        listed = _listed(pairs, shown)
        some = ops.constant(0, "integer")
        each = ops.group(
            pairs,
            ["number"],
            {
                "codes": ops.count_rows(pairs),
                "open": ops.count_where(pairs, listed),
                "hidden": ops.count_where(pairs, ops.negate(listed)),
            },
        )
        found = self.engine.one(
            ops.group(
                each,
                [],
                {
                    "most": ops.largest(each["codes"]),
                    "open": ops.count_where(each, ops.compare(each["open"], "gt", some)),
                    "hidden": ops.count_where(each, ops.compare(each["hidden"], "gt", some)),
                },
            )
        )
        single = (found["most"] or 0) <= 1
        return int(found["hidden"]), self.people - int(found["open"]) if single else None

    def _pairs(self, variable: Variable) -> ops.Table:
        """`number`, `code`: who holds which value, once each."""
        column = self.rows[variable.name]
        there = ops.keep_where(self.rows, ops.negate(ops.is_missing(column)))
        code = ops.as_text(there[variable.name])
        return ops.distinct(ops.project(there, {"number": there[NUMBER], "code": code}))

    def held(self, variable: Variable, shown: Sequence[str]) -> ops.Table:
        """`number`, `code`: who is behind the figures of a variable; of `shown` codes who holds
        which, and without a code who has any value at all."""
        pairs = self._pairs(variable)
        listed = _listed(pairs, shown)
        anybody = ops.distinct(ops.select(pairs, ["number"]))
        anybody = ops.derive(anybody, {"code": ops.missing("text")})
        return ops.union(ops.keep_where(pairs, listed), anybody)

    def bits(self, asked: Sequence[tuple[Variable, Form]], at: datetime) -> list[float]:
        """For each variable in a form: how far a person's rarest value narrows down who they are,
        in bits, on average over the people of the table: 0 where all share it, more the fewer do.

        Coarser values are shared by at least as many, so a coarser form never costs more.
        """
        found: dict[int, float] = {}
        for start in range(0, len(asked), _FORMS_TOGETHER):
            part = list(enumerate(asked))[start : start + _FORMS_TOGETHER]
            held = [self._held_in(place, one, form, at) for place, (one, form) in part]
            found |= self._bits(ops.union(*held))
        return [found.get(place, 0.0) for place in range(len(asked))]

    def _held_in(self, place: int, variable: Variable, form: Form, at: datetime) -> ops.Table:
        """`which` (`place`), `number`, `value`: who is shown what."""
        if form.kind == "rollup":
            rows, value = self._rolled_up(variable, form.whole(0))
            number = rows["number"]
        else:
            rows, number = self.rows, self.rows[NUMBER]
            value = as_shown(form, rows[variable.name], variable.type, at)
        which = ops.constant(place, "integer")
        return ops.project(rows, {"which": which, "number": number, "value": ops.as_text(value)})

    def _rolled_up(self, variable: Variable, least: int) -> tuple[ops.Table, ops.Value]:
        pairs = self._pairs(variable)
        counts = ops.group(pairs, ["code"], {"n": ops.count_rows(pairs)})
        joined = ops.inner_join(pairs, counts, {"code": "code"}, {"n": "n"})
        rare = ops.compare(joined["n"], "lt", ops.constant(least, "integer"))
        # What is rolled up is one value of its own, which no code can be spelt as.
        shown = ops.join_text(ops.constant("+", "text"), joined["code"])
        return joined, ops.choose(rare, ops.constant("-", "text"), shown)

    def _bits(self, held: ops.Table) -> dict[int, float]:
        """By `which` of `which`, `number`, `value`: see `bits`."""
        if not self.people:
            return {}
        known = ops.keep_where(held, ops.negate(ops.is_missing(held["value"])))
        pairs = self.engine.keep("figures_pairs", ops.distinct(known))
        try:
            counts = ops.group(pairs, ["which", "value"], {"n": ops.count_rows(pairs)})
            same = {"which": "which", "value": "value"}
            joined = ops.inner_join(pairs, counts, same, {"n": "n"})
            each = ops.group(joined, ["which", "number"], {"n": ops.smallest(joined["n"])})
            people = ops.constant(self.people, "integer")
            told = ops.natural_log(ops.divide(people, each["n"]))
            summed = ops.group(each, ["which"], {"told": ops.total(told)})
            rows = self.engine.rows(summed, _FORMS_TOGETHER)
        finally:
            self.engine.forget("figures_pairs")
        scale = self.people * float(np.log(2.0))
        return {int(row["which"]): float(row["told"]) / scale for row in rows}


def _listed(pairs: ops.Table, shown: Sequence[str]) -> ops.Value:
    """Whether a code is `shown`."""
    if not shown:
        return ops.constant(False, "boolean")
    return ops.is_in(pairs["code"], shown)


def _present(column: ops.Value, variable: Variable) -> ops.Value:
    """The value; missing where a text is blank."""
    if variable.type != "text":
        return column
    return ops.choose(ops.is_blank(column), ops.missing("text"), column)


def _as_figure(column: ops.Value, variable: Variable) -> ops.Value:
    return ops.year(column) if variable.type in ("date", "timestamp") else column


def _filled(
    engine: Engine, each: ops.Table, variables: Sequence[Variable]
) -> Iterator[tuple[str, Filled]]:
    for start in range(0, len(variables), _TOGETHER):
        measures: dict[str, ops.Value] = {}
        part = list(enumerate(variables))[start : start + _TOGETHER]
        for place, _ in part:
            count = each[f"cw__n{place}"]
            some = ops.compare(count, "gt", ops.constant(0, "integer"))
            measures[f"p{place}"] = ops.count_where(each, some)
            measures[f"w{place}"] = ops.total(ops.divide(count, each[_ROWS]))
        found = engine.one(ops.group(each, [], measures))
        for place, one in part:
            yield one.name, Filled(found[f"p{place}"], float(found[f"w{place}"] or 0.0))


def has_range(variable: Variable) -> bool:
    """Whether a range of its values may be shown: numbers and dates that lead to nobody."""
    if variable.administrative:  # the day of a copy or load is kept secret (S16)
        return False
    hidden = variable.role in (None, "direct_identifier", "record_key", "genomic")
    codes = variable.identifies in CODE_SYSTEMS
    return variable.type in _NUMERIC and not hidden and not codes and bool(variable.forms)


def has_codes(variable: Variable) -> bool:
    """Whether its common values may be listed: where a release may show them as they are.

    Never what was written in somebody's own words, nor what leads to a person or a place.
    """
    if variable.role not in _SPOKEN or variable.identifies in ("postcode", "date_of_birth"):
        return False
    coded = variable.identifies in CODE_SYSTEMS and variable.type in ("text", "integer")
    kinds = {form.kind for form in variable.offered()}
    return (coded or variable.type in ("text", "boolean")) and bool(kinds & {"exact", "rollup"})
