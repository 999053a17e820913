"""Tables made small: whose row it is, and what is measured or released, in numbers.

A text column is replaced by the place of its value in a dictionary, kept once. Measuring and
writing join, count, group and sort whole numbers then, and what a form makes of a text is worked
out once for each different value, not for each row. Record keys stay texts: they are there to be
joined and coded. So does a text that is only released and has very many values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON, Loaded
from commonweal.vault.release.recipe import CODE_SYSTEMS, TableRecipe
from commonweal.vault.risk import MOST_WEEKS, rows_of_each
from commonweal.vault.tables import ops

WHO = "cw__who"
"""The person's running number: a released code would be four times as wide."""
WEEKS = "cw__weeks"
"""By how many weeks the person's dates are moved."""
_MANY_VALUES = 1_000_000


@dataclass
class Dictionaries:
    """For columns of a source: each different value once. Columns `value` and `place` (integer)."""

    lawful: Lawful
    _kept: dict[tuple[str, str], ops.Table] = field(default_factory=dict)
    _sizes: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, table: str, column: str) -> ops.Table:
        """The dictionary of one column; missing values are not in it."""
        key = (table, column)
        if key not in self._kept:
            rows = self.lawful.rows(table)
            known = ops.keep_where(rows, ops.negate(ops.is_missing(rows[column])))
            once = ops.distinct(ops.project(known, {"value": known[column]}))
            # By value, so that who sorts by places has sorted by values.
            place = ops.place_among(once["value"])
            numbered = ops.derive(once, {"place": ops.in_four_bytes(place)})
            self._kept[key] = self.lawful.loaded.engine.keep(
                self.lawful.loaded.engine.fresh("values"), numbered
            )
        return self._kept[key]

    def size(self, table: str, column: str) -> int:
        """How many values a dictionary has."""
        key = (table, column)
        if key not in self._sizes:
            values = self.of(table, column)
            counted = ops.group(values, [], {"n": ops.count_rows(values)})
            self._sizes[key] = int(self.lawful.loaded.engine.one(counted)["n"])
        return self._sizes[key]

    def forget(self, table: str, column: str) -> None:
        """Give back the memory of one dictionary."""
        self.lawful.loaded.engine.forget(self._kept.pop((table, column)).get_name())


@dataclass(frozen=True)
class Narrow:
    """One table made small. `coded`: the columns that hold places of their dictionaries."""

    table: ops.Table
    coded: frozenset[str]


@dataclass
class NarrowTables:
    """The narrow tables of a release, each made once of everybody who may be in it.

    Joining by the person's key, a text, is the dear part of a pass over a large table, and
    measuring makes several.
    """

    loaded: Loaded
    lawful: Lawful
    dictionaries: Dictionaries
    everyone: ops.Table
    """person, number, weeks of all who may be in the release or the hold-out."""
    windows: Mapping[tuple[str, str], tuple[object, object]]
    """First and last day on which a moved date may be shown, by (table, variable)."""
    whole: ops.Table | None = None
    """A table of people who are everyone: their rows need not be looked for."""
    steady: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    """What `views` found to stay the same on a person's rows, by table, column and form: judged
    once, so that leaving people out changes who is measured and not what is measured."""
    _kept: dict[str, Narrow] = field(default_factory=dict)
    _single: dict[str, bool] = field(default_factory=dict)

    def of(self, recipe: TableRecipe) -> Narrow:
        """`WHO`, `WEEKS` and the exact values of all that is measured or joined by.

        Also, for each moved date, whether it may be shown (`timely_column`).
        """
        if recipe.name not in self._kept:
            self._kept[recipe.name] = self._made(recipe)
        return self._kept[recipe.name]

    def rows(self, recipe: TableRecipe, people: ops.Table) -> ops.Table:
        """The narrow rows of `people` (column `number`)."""
        rows = self.of(recipe).table
        return rows if people is self.whole else ops.semi_join(rows, people, {WHO: "number"})

    def has_one_row_each(self, recipe: TableRecipe) -> bool:
        """Whether nobody has two rows in a table."""
        if recipe.name not in self._single:
            counted, _ = rows_of_each(self.loaded.engine, self.of(recipe).table, WHO)
            self._single[recipe.name] = int(counted.max()) <= 1
        return self._single[recipe.name]

    def forget(self, recipe: TableRecipe) -> None:
        """Give back the memory of a table that is written."""
        kept = self._kept.pop(recipe.name, None)
        if kept is not None:
            self.loaded.engine.forget(kept.table.get_name())

    def _made(self, recipe: TableRecipe) -> Narrow:
        rows = ops.inner_join(
            self.lawful.rows(recipe.name),
            self.everyone,
            {PERSON: "person"},
            {WHO: "number", WEEKS: "weeks"},
        )
        keys = {key_column(name): ops.as_text(rows[name]) for name in self._keys(recipe)}
        rows = ops.derive(rows, keys)
        measured = set(_measured(recipe))
        wanted = dict.fromkeys((*measured, *_released(recipe)))
        coded = frozenset(
            name
            for name in wanted
            if _is_coded(recipe, name) and (name in measured or self._has_few_values(recipe, name))
        )
        for name in sorted(coded):
            values = self.dictionaries.of(recipe.name, name)
            rows = ops.left_join(rows, values, {name: "value"}, {name: "place"})
            # A row in fewer bytes: what the engine has no room for it writes to the disk.
            place = ops.in_few_bytes(rows[name], self.dictionaries.size(recipe.name, name))
            rows = ops.derive(rows, {name: place})
        weeks = ops.in_few_bytes(rows[WEEKS], MOST_WEEKS)
        timely = {
            timely_column(item.variable.name): either_missing_or(rows[item.variable.name], inside)
            for item, inside in zip(recipe.shifted, self.inside(recipe, rows), strict=True)
        }
        rows = ops.derive(rows, {WEEKS: weeks, **timely})
        narrow = ops.select(rows, [WHO, WEEKS, *wanted, *keys, *timely])
        return Narrow(self.loaded.engine.keep(self.loaded.engine.fresh("narrow"), narrow), coded)

    def inside(self, recipe: TableRecipe, rows: ops.Table) -> list[ops.Value]:
        """For each shifted date, whether it lies in the trimmed coverage when shifted.

        `rows`: with the dates as recorded, and `WEEKS`.
        """
        tests = []
        for item in recipe.shifted:
            name, kind = item.variable.name, item.variable.type
            first, last = self.windows[recipe.name, name]
            moved = ops.shift_weeks(rows[name], rows[WEEKS])
            after = ops.compare(moved, "ge", ops.constant(first, kind))
            tests.append(ops.both(after, ops.compare(moved, "le", ops.constant(last, kind))))
        return tests

    def _has_few_values(self, recipe: TableRecipe, name: str) -> bool:
        few = self.dictionaries.size(recipe.name, name) <= _MANY_VALUES
        if not few:
            self.dictionaries.forget(recipe.name, name)
        return few

    def _keys(self, recipe: TableRecipe) -> list[str]:
        """The columns that are joined by or shown as record codes."""
        coded = {item.variable.name for item in recipe.items if item.form.kind == "record_code"}
        return sorted(self._joined_by(recipe.name) | coded)

    def _joined_by(self, table: str) -> set[str]:
        links = self.loaded.recipe.event_links
        return {link.variable for link in links if link.child == table} | {
            link.parent_variable for link in links if link.parent == table
        }


def key_column(variable: str) -> str:
    """The column of a narrow table that holds a record key as text."""
    return f"cw__key_{variable}"


def timely_column(variable: str) -> str:
    """The column of a narrow table that is false where a moved date may not be shown."""
    return f"cw__timely_{variable}"


def either_missing_or(value: ops.Value, condition: ops.Value) -> ops.Value:
    """True where there is no value, or the condition holds; never unknown where there is none."""
    return ops.either(ops.is_missing(value), condition)


def _measured(recipe: TableRecipe) -> Iterable[str]:
    for item in (*recipe.quasi, *recipe.sensitive, *recipe.rare_watched, *recipe.shifted):
        yield item.variable.name
        if item.permitted.since:
            yield item.permitted.since


def _released(recipe: TableRecipe) -> Iterable[str]:
    for item in recipe.items:
        if item.form.kind not in ("pseudonym", "record_code"):
            yield item.variable.name
            if item.permitted.since:
                yield item.permitted.since


def _is_coded(recipe: TableRecipe, name: str) -> bool:
    variable = recipe.table.variable(name)
    # Not by the form asked for: advice tries other forms over the same narrow tables.
    could_be_rare = variable.identifies in CODE_SYSTEMS or any(
        form.kind == "rollup" for form in variable.offered()
    )
    return variable.type == "text" or could_be_rare
