"""From a loaded table to the released one: only permitted variables, only in permitted forms.

The released table is one expression, worked out while it is written; nothing wide is kept. Rows
of people who are not in `people` never enter it, whatever table they stand in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from commonweal.papers.forms import Form
from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.loading import PERSON, Loaded
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.release.rare import rare_labels
from commonweal.vault.release.recipe import TableRecipe
from commonweal.vault.release.restricted import RestrictedLists, restricted_test
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

CODE = "cw__code"
WEEKS = "cw__weeks"
WHO = "cw__who"
"""The person's running number, for measuring: a released code would be twice as wide."""


_MAKERS: Mapping[str, Callable[[Form, ops.Value], ops.Value]] = {
    "exact": lambda _, value: value,
    "rollup": lambda _, value: value,  # the labels have been put in before
    "year": lambda _, value: ops.year(value),
    "month": lambda _, value: ops.month(value),
    "outward_postcode": lambda _, value: ops.outward_postcode(value),
    "truncate": lambda form, value: ops.truncate(value, form.whole(0)),
    "round": lambda form, value: ops.round_half_up(value, form.arguments[0]),
}
"""Forms that need nothing but the value."""


@dataclass(frozen=True)
class Losses:
    """Rows (in the person table: rows with a blanked value) lost for two reasons."""

    restricted: int
    trimmed: int


@dataclass
class Shaper:
    """Makes released tables for sets of people. `windows`: trimmed coverage by (table, variable),
    first and last allowed shifted date."""

    loaded: Loaded
    keys: ProjectKeys
    restricted: RestrictedLists
    windows: Mapping[tuple[str, str], tuple[object, object]]
    _key_tables: dict[str, ops.Table] = field(default_factory=dict)
    _rare: dict[tuple[str, str], ops.Table] = field(default_factory=dict)

    @property
    def engine(self) -> DuckDBEngine:
        """The engine in use."""
        return self.loaded.engine

    def rows(self, recipe: TableRecipe, people: ops.Table) -> ops.Table:
        """Source rows of `people`, with code and weeks; restricted and untimely rows are gone.

        A restricted code takes its row out, in the person table only the value (P10). A shifted
        date outside the trimmed coverage takes its row out, in the person table only the date
        (S16).
        """
        rows = self.loaded.linked(recipe.name)
        if recipe.about_people:
            rows = ops.inner_join(
                rows,
                people,
                {PERSON: "person"},
                {CODE: "code", WEEKS: "weeks", WHO: "number"},
            )
        rows = self._without_restricted(recipe, rows)
        return self._within_coverage(recipe, rows)

    def raw(self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]) -> ops.Table:
        """`WHO` and the exact values of `items`, for measuring risk before de-identification."""
        rows = self.loaded.linked(recipe.name)
        joined = ops.inner_join(rows, people, {PERSON: "person"}, {WHO: "number"})
        return ops.select(joined, [WHO, *(item.variable.name for item in items)])

    def measured(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> ops.Table:
        """`WHO` and the released values of `items`, for measuring risk after it."""
        rows, columns = self._formed(recipe, people, items)
        return ops.project(rows, {WHO: rows[WHO], **columns})

    def released(self, recipe: TableRecipe, people: ops.Table) -> ops.Table:
        """The released columns in permit order, the person's code first."""
        rows, columns = self._formed(recipe, people, recipe.items)
        code = {recipe.code_column: rows[CODE]} if recipe.about_people else {}
        return ops.project(rows, {**code, **columns})

    def _formed(
        self, recipe: TableRecipe, people: ops.Table, wanted: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        rows = self.rows(recipe, people)
        rows, labels = self._with_rare_labels(recipe, rows, wanted)
        rows, records = self._with_record_codes(rows, wanted)
        rows, firsts = self._with_first_dates(rows, wanted)
        columns: dict[str, ops.Value] = {}
        for item in wanted:
            if item.form.kind == "pseudonym":
                continue
            name = item.variable.name
            source = rows[labels.get(name, name)]
            columns[name] = self._form(item, source, rows, records, firsts)
        return rows, columns

    # --- forms ------------------------------------------------------------------------------
    def _form(
        self,
        item: Wanted,
        source: ops.Value,
        rows: ops.Table,
        records: Mapping[str, str],
        firsts: Mapping[str, str],
    ) -> ops.Value:
        form, name, since = item.form, item.variable.name, item.permitted.since
        if form.kind == "record_code":
            return ops.code_of(rows[records[name]])
        if form.kind == "shift":
            return ops.shift_weeks(source, rows[WEEKS])
        if form.kind == "interval":
            return ops.days_between(source, rows[since] if since else rows[firsts[name]])
        if form.kind == "age_band":
            age = source
            if item.variable.type != "integer":
                age = ops.age_at(source, self.loaded.recipe.permit.ages_at)
            return ops.age_band(age, form.whole(0), form.whole(1))
        return _MAKERS[form.kind](form, source)

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
            text, into = f"cw__text_{len(made)}", f"cw__record_{len(made)}"
            rows = ops.derive(rows, {text: ops.as_text(rows[item.variable.name])})
            rows = ops.with_hmac(rows, text, into, self._key_tables[label])
            made[item.variable.name] = into
        return rows, made

    def _with_first_dates(
        self, rows: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, str]]:
        made: dict[str, str] = {}
        for item in items:
            if item.form.kind == "interval" and item.permitted.since is None:
                name, into = item.variable.name, f"cw__first_{len(made)}"
                first = ops.group(rows, [CODE], {into: ops.smallest(rows[name])})
                rows = ops.left_join(rows, first, {CODE: CODE}, {into: into})
                made[name] = into
        return rows, made

    def _with_rare_labels(
        self,
        recipe: TableRecipe,
        rows: ops.Table,
        items: tuple[Wanted, ...],
    ) -> tuple[ops.Table, dict[str, str]]:
        labels: dict[str, str] = {}
        limit = self.loaded.recipe.permit.risk.rare_people
        for item in items:
            if item not in recipe.rare_watched or not recipe.about_people:
                continue
            name, into = item.variable.name, f"cw__label_{len(labels)}"
            kept_as = f"rare_{secrets.token_hex(6)}"
            table = rare_labels(self.engine, kept_as, rows, WHO, item, limit)
            rows = ops.left_join(rows, table, {name: "value"}, {into: "label"})
            labels[name] = into
            self._rare[recipe.name, name] = table
        return rows, labels

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
                counted = ops.group(labels, [], {"n": ops.count_where(labels, ops.negate(kept))})
                total += self.engine.one(counted)["n"]
        return total

    def losses(self, recipe: TableRecipe, people: ops.Table) -> Losses:
        """Rows and values taken out as restricted, and as outside the trimmed coverage."""
        if not recipe.about_people:
            return Losses(0, 0)
        rows = ops.inner_join(
            self.loaded.linked(recipe.name), people, {PERSON: "person"}, {WEEKS: "weeks"}
        )
        tests = restricted_test(self.restricted, recipe, rows)
        no = ops.constant(False, "boolean")
        restricted = ops.either(no, *tests.values())
        outside = [ops.negate(ops.first_of(test, no)) for test in self._inside(recipe, rows)]
        present = [ops.negate(ops.is_missing(rows[item.variable.name])) for item in recipe.shifted]
        trimmed = ops.either(no, *(ops.both(*pair) for pair in zip(present, outside, strict=True)))
        if not tests and not outside:
            return Losses(0, 0)
        found = self.engine.one(
            ops.group(
                rows,
                [],
                {
                    "restricted": ops.count_where(rows, restricted),
                    "trimmed": ops.count_where(rows, ops.both(trimmed, ops.negate(restricted))),
                },
            )
        )
        return Losses(found["restricted"], found["trimmed"])

    # --- rows that may not be there ---------------------------------------------------------
    def _without_restricted(self, recipe: TableRecipe, rows: ops.Table) -> ops.Table:
        tests = restricted_test(self.restricted, recipe, rows)
        if not tests:
            return rows
        if recipe.name == self.loaded.recipe.person_table or self.loaded.recipe.row_is_person:
            blanked = {
                name: ops.choose(test, ops.missing("text"), rows[name])
                for name, test in tests.items()
            }
            return ops.derive(rows, blanked)
        return ops.keep_where(rows, ops.negate(ops.either(*tests.values())))

    def _within_coverage(self, recipe: TableRecipe, rows: ops.Table) -> ops.Table:
        for item, inside in zip(recipe.shifted, self._inside(recipe, rows), strict=True):
            name, kind = item.variable.name, item.variable.type
            if recipe.name == self.loaded.recipe.person_table or self.loaded.recipe.row_is_person:
                rows = ops.derive(rows, {name: ops.choose(inside, rows[name], ops.missing(kind))})
            else:
                rows = ops.keep_where(rows, ops.either(ops.is_missing(rows[name]), inside))
        return rows

    def _inside(self, recipe: TableRecipe, rows: ops.Table) -> list[ops.Value]:
        """For each shifted date, whether it lies in the trimmed coverage when shifted."""
        tests = []
        for item in recipe.shifted:
            name, kind = item.variable.name, item.variable.type
            first, last = self.windows[recipe.name, name]
            moved = ops.shift_weeks(rows[name], rows[WEEKS])
            tests.append(
                ops.both(
                    ops.compare(moved, "ge", ops.constant(first, kind)),
                    ops.compare(moved, "le", ops.constant(last, kind)),
                )
            )
        return tests
