"""From a loaded table to the released one: only permitted variables, only in permitted forms.

The released table is one expression over the table made small (`narrow`), worked out while it is
written; texts are put in last. Rows of people who are not in `people` never enter it, whatever
table they stand in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from commonweal.papers.forms import Form
from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON, Loaded
from commonweal.vault.release.narrow import (
    WEEKS,
    WHO,
    Dictionaries,
    NarrowTables,
    either_missing_or,
    key_column,
    timely_column,
)
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.release.rare import rare_labels
from commonweal.vault.release.recipe import TableRecipe, in_forms, watches_rare
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.parquet import Words

_CODES = frozenset({"pseudonym", "record_code"})

_MAKERS: Mapping[str, Callable[[Form, ops.Value], ops.Value]] = {
    "exact": lambda _, value: value,
    "rollup": lambda _, value: value,  # only in tables that are not about people
    "year": lambda _, value: ops.year(value),
    "month": lambda _, value: ops.month(value),
    "outward_postcode": lambda _, value: ops.outward_postcode(value),
    "truncate": lambda form, value: ops.truncate(value, form.whole(0)),
    "round": lambda form, value: ops.round_half_up(value, form.arguments[0]),
}
"""Forms that need nothing but the value."""


def as_shown(form: Form, source: ops.Value, type_: str, ages_at: datetime) -> ops.Value:
    """A value in a form that needs nothing but the value and the day at which ages are taken."""
    if form.kind == "age_band":
        age = source if type_ == "integer" else ops.age_at(source, ages_at)
        return ops.age_band(age, form.whole(0), form.whole(1))
    return _MAKERS[form.kind](form, source)


@dataclass(frozen=True)
class Released:
    """A released table: some of its columns are numbers, and `words` says what they stand for."""

    table: ops.Table
    words: Mapping[str, Words]

    @property
    def kinds(self) -> dict[str, str]:
        """The columns with the types that are written."""
        kinds = ops.kinds(self.table)
        return kinds | {name: words.kind for name, words in self.words.items()}


@dataclass(frozen=True)
class Losses:
    """Rows (in the person table: rows with a blanked value) lost for two reasons."""

    restricted: int
    trimmed: int


@dataclass
class Shaper:
    """Makes released tables for sets of people."""

    loaded: Loaded
    keys: ProjectKeys
    lawful: Lawful
    narrow: NarrowTables
    _key_tables: dict[str, ops.Table] = field(default_factory=dict)
    _rare: dict[tuple[str, str], ops.Table] = field(default_factory=dict)
    _label_tables: dict[tuple[str, str, str, str], ops.Table] = field(default_factory=dict)
    _shown_tables: dict[tuple[str, str, str], ops.Table] = field(default_factory=dict)
    _codes: Words | None = None

    @classmethod
    def over(
        cls,
        loaded: Loaded,
        keys: ProjectKeys,
        lawful: Lawful,
        windows: Mapping[tuple[str, str], tuple[object, object]],
        everyone: ops.Table,
    ) -> Self:
        """A shaper for `everyone`: person, number, weeks (and more) of all who may be in the
        release or the hold-out. `windows`: trimmed coverage by (table, variable), first and last
        allowed shifted date."""
        narrow = NarrowTables(loaded, lawful, Dictionaries(lawful), everyone, windows)
        return cls(loaded, keys, lawful, narrow)

    def in_forms(self, forms: Mapping[str, str]) -> Self:
        """A shaper that shows some variables in other forms; `forms` by `table.variable`."""
        recipe = in_forms(self.loaded.recipe, forms)
        return replace(self, loaded=replace(self.loaded, recipe=recipe))

    @property
    def engine(self) -> Engine:
        """The engine in use."""
        return self.loaded.engine

    def rows(self, recipe: TableRecipe, people: ops.Table) -> ops.Table:
        """Narrow rows of `people`, with weeks; restricted and untimely rows are gone.

        A restricted code takes its row out, in the person table only the value (P10). A shifted
        date outside the trimmed coverage takes its row out, in the person table only the date
        (S16).
        """
        rows = self.narrow.rows(recipe, people)
        timely = [rows[timely_column(item.variable.name)] for item in recipe.shifted]
        return self._within_coverage(recipe, rows, timely)

    def raw(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """Rows of `people`, and the exact values of `items`: to measure before de-identification.

        Of texts their places are given, which differ where the texts do.
        """
        rows = self.narrow.rows(recipe, people)
        return rows, {item.variable.name: rows[item.variable.name] for item in items}

    def measured(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """Rows of `people`, and the released values of `items`: to measure after it.

        Of texts numbers are given, which differ where the released texts do; so do record keys
        differ where their codes do.
        """
        return self._shown(recipe, self.rows(recipe, people), items, people)

    def once_each(
        self,
        recipe: TableRecipe,
        people: ops.Table,
        items: tuple[Wanted, ...],
        *,
        exact: bool = False,
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """One row for each of `people` in the table: of each of `items` their smallest exact value.

        It is given as `measured` gives it, or with `exact` as `raw` does.
        """
        if exact:
            rows = self.raw(recipe, people, items)[0]
            firsts = {item.variable.name: ops.smallest(rows[item.variable.name]) for item in items}
            rows = ops.group(rows, [WHO], firsts)
            return rows, {name: rows[name] for name in firsts}
        rows = self.rows(recipe, people)
        needed = [item.variable.name for item in items]
        needed += [item.permitted.since for item in items if item.permitted.since]
        firsts = {name: ops.smallest(rows[name]) for name in needed}
        return self._shown(recipe, ops.group(rows, [WHO, WEEKS], firsts), items, people)

    def levels(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> ops.Table:
        """One variable in several forms: `exact`, `rows` and `level_0`, `level_1`, ..., once for
        each exact value.

        `items`: the variable in each form; none of them moves dates or is a code. Values are given
        as `measured` gives them. `rows`: how many rows of `people` have the value.
        """
        name = items[0].variable.name
        rows = self.rows(recipe, people) if recipe.about_people else self._lookup_rows(recipe)
        # A variable may be called `rows`; only names that begin with cw__ are nobody's.
        once = ops.group(rows, [name], {"cw__rows": ops.count_rows(rows)})
        columns = {"exact": name}
        for number, item in enumerate(items):
            once, shown = self._shown(recipe, once, (item,), people)
            columns[f"level_{number}"] = f"cw__level_{number}"
            once = ops.derive(once, {f"cw__level_{number}": shown[name]})
        made = {into: once[column] for into, column in columns.items()}
        return ops.project(once, {**made, "rows": once["cw__rows"]})

    def _shown(
        self,
        recipe: TableRecipe,
        rows: ops.Table,
        items: tuple[Wanted, ...],
        people: ops.Table,
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """Narrow `rows` with helper columns, and what each item is shown as, in numbers."""
        shown: dict[str, str] = {}
        coded = self.narrow.of(recipe).coded if recipe.about_people else frozenset()
        for item in items:
            if item.variable.name in coded:
                rows, shown[item.variable.name] = self._with_mark(recipe, rows, item, people)
        rows, firsts = self._with_first_dates(rows, items)
        columns: dict[str, ops.Value] = {}
        for item in items:
            name = item.variable.name
            if name in shown or item.form.kind in _CODES:
                columns[name] = rows[shown.get(name, name)]
            else:
                columns[name] = self._form(item, rows[name], rows, firsts)
        return rows, columns

    def _with_mark(
        self, recipe: TableRecipe, rows: ops.Table, item: Wanted, people: ops.Table
    ) -> tuple[ops.Table, str]:
        """`rows`, and the column of numbers that stand for what `item` is shown as."""
        name, kind = item.variable.name, item.form.kind
        if watches_rare(item) and recipe.about_people:
            marks = self._labels(recipe, item, people)
        elif kind == "exact" or kind in _CODES:
            return rows, name
        else:
            marks = self._marks(recipe, item)
        into = f"cw__mark_{name}_{item.form.text}"
        return ops.left_join(rows, marks, {name: "place"}, {into: "mark"}), into

    def _marks(self, recipe: TableRecipe, item: Wanted) -> ops.Table:
        """`place`, `mark`: values of a dictionary that are shown alike have the same mark."""
        key = (recipe.name, item.variable.name, item.form.text)
        if key not in self._shown_tables:
            values = self.narrow.dictionaries.of(recipe.name, item.variable.name)
            at = self.loaded.recipe.permit.ages_at
            made = as_shown(item.form, values["value"], item.variable.type, at)
            formed = ops.derive(values, {"shown": made})
            once = ops.distinct(ops.select(formed, ["shown"]))
            once = ops.keep_where(once, ops.negate(ops.is_missing(once["shown"])))
            mark = ops.in_four_bytes(ops.place_among(once["shown"]))
            numbered = ops.derive(once, {"mark": mark})
            marks = ops.inner_join(formed, numbered, {"shown": "shown"}, {"mark": "mark"})
            self._shown_tables[key] = self.engine.keep(
                self.engine.fresh("marks"), ops.select(marks, ["place", "mark", "shown"])
            )
        return self._shown_tables[key]

    def released(
        self, recipe: TableRecipe, people: ops.Table, *, like: ops.Table | None = None
    ) -> Released:
        """The released columns in permit order, the person's code first.

        `like`: other people among whom rare values are judged, so that the hold-out is shown in
        the same values as the release.
        """
        if not recipe.about_people:
            return Released(self._lookup(recipe), {})
        judged = people if like is None else like
        items = tuple(item for item in recipe.items if item.form.kind not in _CODES)
        rows, records = self._with_record_codes(self.rows(recipe, people), recipe.items)
        rows, shown = self._shown(recipe, rows, items, judged)
        # By the number of a person stands who is shown as a code: the order is the same.
        columns: dict[str, ops.Value] = {recipe.code_column: rows[WHO]}
        for item in recipe.items:
            name = item.variable.name
            if name in records:
                columns[name] = self._record_code(rows, name, records[name])
            elif item.form.kind != "pseudonym":
                columns[name] = shown[name]
        return Released(ops.project(rows, columns), self._words(recipe, items, judged))

    def _lookup(self, recipe: TableRecipe) -> ops.Table:
        """A table that is not about people, in the forms that need nobody."""
        rows, records = self._with_record_codes(self._lookup_rows(recipe), recipe.items)
        columns: dict[str, ops.Value] = {}
        for item in recipe.items:
            name = item.variable.name
            if name in records:
                columns[name] = self._record_code(rows, name, records[name])
            elif item.form.kind != "pseudonym":
                columns[name] = self._form(item, rows[name], rows, {})
        return ops.project(rows, columns)

    def _lookup_rows(self, recipe: TableRecipe) -> ops.Table:
        rows = self.lawful.rows(recipe.name)
        coded = [item.variable.name for item in recipe.items if item.form.kind == "record_code"]
        return ops.derive(rows, {key_column(name): ops.as_text(rows[name]) for name in coded})

    def _words(
        self, recipe: TableRecipe, items: tuple[Wanted, ...], judged: ops.Table
    ) -> dict[str, Words]:
        """What the numbers in `_shown` stand for, and the codes of people by their number."""
        if self._codes is None:
            codes = self.engine.arrow(ops.select(self.narrow.everyone, ["number", "code"]))
            self._codes = Words.of(codes, "number", "code", "code")
        found = {recipe.code_column: self._codes}
        for item in items:
            words = self.legend(recipe, item, judged)
            if words is None:
                continue
            found[item.variable.name] = words
            if item in recipe.rare_watched:
                labels = self._labels(recipe, item, judged)
                self._rare[recipe.name, item.variable.name] = labels
        return found

    def legend(self, recipe: TableRecipe, item: Wanted, people: ops.Table) -> Words | None:
        """What the numbers stand for that are worked with instead of an item's values."""
        name = item.variable.name
        if not recipe.about_people or name not in self.narrow.of(recipe).coded:
            return None
        number, value = "mark", "shown"
        if item in recipe.rare_watched:
            table, value = self._labels(recipe, item, people), "label"
        elif item.form.kind == "exact":
            table = self.narrow.dictionaries.of(recipe.name, name)
            number, value = "place", "value"
        else:
            table = self._marks(recipe, item)
        known = ops.keep_where(table, ops.negate(ops.is_missing(table[number])))
        once = ops.distinct(ops.select(known, [number, value]))
        kind = ops.kinds(table)[value]
        return Words.of(self.engine.arrow(once), number, value, kind)

    # --- recorded values, for who believes something of them ---------------------------------
    def recorded(self, recipe: TableRecipe, people: ops.Table) -> ops.Table:
        """`WHO`, `WEEKS` and the source rows of `people`; restricted and untimely rows are gone."""
        rows = ops.inner_join(
            self.lawful.rows(recipe.name),
            people,
            {PERSON: "person"},
            {WEEKS: "weeks", WHO: "number"},
        )
        dates = [rows[item.variable.name] for item in recipe.shifted]
        inside = self.narrow.inside(recipe, rows)
        timely = [either_missing_or(*both) for both in zip(dates, inside, strict=True)]
        return self._within_coverage(recipe, rows, timely)

    def shown(
        self,
        recipe: TableRecipe,
        rows: ops.Table,
        items: tuple[Wanted, ...],
        whose: ops.Table,
    ) -> ops.Table:
        """`WHO`, and what each of `items` is shown as in `rows`: recorded ones, or believed ones.

        None of `items` is a code. Rare values are judged among the people `whose`.
        """
        rows, labels = self._with_rare_labels(recipe, rows, items, whose)
        rows, firsts = self._with_first_dates(rows, items)
        columns: dict[str, ops.Value] = {}
        for item in items:
            name = item.variable.name
            if name in labels:
                columns[name] = rows[labels[name]]
            else:
                columns[name] = self._form(item, rows[name], rows, firsts)
        return ops.project(rows, {WHO: rows[WHO], **columns})

    def _with_rare_labels(
        self,
        recipe: TableRecipe,
        rows: ops.Table,
        items: tuple[Wanted, ...],
        whose: ops.Table,
    ) -> tuple[ops.Table, dict[str, str]]:
        """`rows` with what each watched value is shown as, judged among the people `whose`."""
        labels: dict[str, str] = {}
        for item in items:
            if item not in recipe.rare_watched:
                continue
            name, into = item.variable.name, f"cw__label_{len(labels)}"
            table = self._labels(recipe, item, whose)
            rows = ops.left_join(rows, table, {name: "value"}, {into: "label"})
            labels[name] = into
        return rows, labels

    # --- forms ------------------------------------------------------------------------------
    def _form(
        self,
        item: Wanted,
        source: ops.Value,
        rows: ops.Table,
        firsts: Mapping[str, str],
    ) -> ops.Value:
        form, name, since = item.form, item.variable.name, item.permitted.since
        if form.kind == "shift":
            # A time of day is kept by a shift of whole weeks, and may be known to the minute.
            timed = item.variable.type == "timestamp"
            return ops.shift_weeks(ops.to_hour(source) if timed else source, rows[WEEKS])
        if form.kind == "interval":
            return ops.days_between(source, rows[since] if since else rows[firsts[name]])
        return as_shown(form, source, item.variable.type, self.loaded.recipe.permit.ages_at)

    def _with_record_codes(
        self, rows: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, str]]:
        made: dict[str, str] = {}
        for item in items:
            if item.form.kind != "record_code":
                continue
            label = self.loaded.recipe.record_label(item)
            if label not in self._key_tables:
                key = self.keys.record(label).use()
                self._key_tables[label] = self.engine.key_table(
                    f"key_record_{len(self._key_tables)}", key
                )
            into = f"cw__record_{len(made)}"
            text = key_column(item.variable.name)
            rows = ops.with_hmac(rows, text, into, self._key_tables[label])
            made[item.variable.name] = into
        return rows, made

    def _record_code(self, rows: ops.Table, name: str, made: str) -> ops.Value:
        # An engine makes a code of a missing key as well: the same one for every such row.
        gone = ops.is_missing(rows[key_column(name)])
        return ops.choose(gone, ops.missing("code"), ops.code_of(rows[made]))

    def _with_first_dates(
        self, rows: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, str]]:
        made: dict[str, str] = {}
        for item in items:
            if item.form.kind == "interval" and item.permitted.since is None:
                name, into = item.variable.name, f"cw__first_{len(made)}"
                first = ops.group(rows, [WHO], {into: ops.smallest(rows[name])})
                rows = ops.left_join(rows, first, {WHO: WHO}, {into: into})
                made[name] = into
        return rows, made

    def _labels(self, recipe: TableRecipe, item: Wanted, whose: ops.Table) -> ops.Table:
        # Measuring and writing the same people ask for the same labels: they are made once.
        name = item.variable.name
        key = (recipe.name, name, item.form.text, whose.get_name())
        if key not in self._label_tables:
            rows = self.rows(recipe, whose)
            self._label_tables[key] = rare_labels(
                self.engine,
                self.engine.fresh("rare"),
                ops.project(rows, {"place": rows[name], "person": rows[WHO]}),
                self.narrow.dictionaries.of(recipe.name, name),
                item,
                self.loaded.recipe.permit.risk.rare_people,
            )
        return self._label_tables[key]

    # --- what was lost ----------------------------------------------------------------------
    def rare_values(self, recipe: TableRecipe) -> int:
        """How many different values were rolled up or left out in the last shaping."""
        total = 0
        for (table, _), labels in self._rare.items():
            if table == recipe.name:
                kept = ops.first_of(
                    ops.compare(labels["shown"], "eq", labels["label"]),
                    ops.constant(False, "boolean"),
                )
                held = ops.negate(ops.is_missing(labels["n"]))
                gone = ops.both(held, ops.negate(kept))
                counted = ops.group(labels, [], {"n": ops.count_where(labels, gone)})
                total += self.engine.one(counted)["n"]
        return total

    def losses(self, recipe: TableRecipe, people: ops.Table) -> Losses:
        """Rows and values taken out as restricted, and as outside the trimmed coverage."""
        if not recipe.about_people:
            return Losses(0, 0)
        restricted = self.lawful.lost(recipe.name, people)
        if not recipe.shifted:
            return Losses(restricted, 0)
        rows = self.narrow.rows(recipe, people)
        timely = [rows[timely_column(item.variable.name)] for item in recipe.shifted]
        trimmed = ops.negate(ops.both(*timely))
        found = self.engine.one(ops.group(rows, [], {"n": ops.count_where(rows, trimmed)}))
        return Losses(restricted, found["n"])

    # --- rows that may not be there ---------------------------------------------------------
    def _within_coverage(
        self, recipe: TableRecipe, rows: ops.Table, timely: Sequence[ops.Value]
    ) -> ops.Table:
        """`timely`: for each shifted date, false where it may not be shown."""
        if not timely:
            return rows
        if not self.loaded.recipe.has_one_row_each(recipe.name):
            return ops.keep_where(rows, ops.both(*timely))
        shown = {}
        for item, inside in zip(recipe.shifted, timely, strict=True):
            name, kind = item.variable.name, item.variable.type
            shown[name] = ops.choose(inside, rows[name], ops.missing(kind))
        return ops.derive(rows, shown)
