"""From a loaded table to the released one: only permitted variables, only in permitted forms.

The released table is one expression, worked out while it is written; nothing wide is kept. Rows
of people who are not in `people` never enter it, whatever table they stand in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass
class Shaper:
    """Makes released tables for sets of people. `windows`: trimmed coverage by (table, variable),
    first and last allowed shifted date."""

    loaded: Loaded
    keys: ProjectKeys
    restricted: RestrictedLists
    windows: Mapping[tuple[str, str], tuple[object, object]]
    _key_tables: dict[str, ops.Table] = field(default_factory=dict)
    _made: int = 0

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
                rows, people, {PERSON: "person"}, {CODE: "code", WEEKS: "weeks"}
            )
        rows = self._without_restricted(recipe, rows)
        return self._within_coverage(recipe, rows)

    def raw(self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]) -> ops.Table:
        """`CODE` and the exact values of `items`, for measuring risk before de-identification."""
        rows = self.loaded.linked(recipe.name)
        joined = ops.inner_join(rows, people, {PERSON: "person"}, {CODE: "code"})
        return ops.select(joined, [CODE, *(item.variable.name for item in items)])

    def released(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...] | None = None
    ) -> ops.Table:
        """The released columns in permit order (or only `items`), the person's code first."""
        wanted = recipe.items if items is None else items
        rows = self.rows(recipe, people)
        rows, labels = self._with_rare_labels(recipe, people, rows, wanted)
        rows, records = self._with_record_codes(rows, wanted)
        rows, firsts = self._with_first_dates(rows, wanted)
        columns: dict[str, ops.Value] = {}
        if recipe.about_people:
            columns[recipe.code_column] = rows[CODE]
        for item in wanted:
            if item.form.kind == "pseudonym":
                continue
            name = item.variable.name
            source = rows[labels.get(name, name)]
            columns[name] = self._form(item, source, rows, records, firsts)
        return ops.project(rows, columns)

    # --- forms ------------------------------------------------------------------------------
    def _form(
        self,
        item: Wanted,
        source: ops.Value,
        rows: ops.Table,
        records: Mapping[str, str],
        firsts: Mapping[str, str],
    ) -> ops.Value:
        form, name = item.form, item.variable.name
        match form.kind:
            case "exact":
                return source
            case "rollup":
                return source
            case "record_code":
                return ops.code_of(rows[records[name]])
            case "year":
                return ops.year(source)
            case "month":
                return ops.month(source)
            case "interval":
                since = item.permitted.since
                return ops.days_between(source, rows[since] if since else rows[firsts[name]])
            case "age_band":
                age = source
                if item.variable.type != "integer":
                    age = ops.age_at(source, self.loaded.recipe.permit.ages_at)
                return ops.age_band(age, form.whole(0), form.whole(1))
            case "shift":
                return ops.shift_weeks(source, rows[WEEKS])
            case "outward_postcode":
                return ops.outward_postcode(source)
            case "truncate":
                return ops.truncate(source, form.whole(0))
            case "round":
                return ops.round_half_up(source, form.arguments[0])
        raise AssertionError(f"the form {form.kind} has no maker")

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
        people: ops.Table,
        rows: ops.Table,
        items: tuple[Wanted, ...],
    ) -> tuple[ops.Table, dict[str, str]]:
        labels: dict[str, str] = {}
        limit = self.loaded.recipe.permit.risk.rare_people
        for item in items:
            if item not in recipe.rare_watched or not recipe.about_people:
                continue
            name, into = item.variable.name, f"cw__label_{len(labels)}"
            self._made += 1
            table = rare_labels(
                self.engine, f"rare_{self._made}", rows, CODE, item, limit
            )
            rows = ops.left_join(rows, table, {name: "value"}, {into: "label"})
            labels[name] = into
        return rows, labels

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
        for item in recipe.shifted:
            name, kind = item.variable.name, item.variable.type
            window = self.windows.get((recipe.name, name))
            if window is None:
                continue
            moved = ops.shift_weeks(rows[name], rows[WEEKS])
            inside = ops.both(
                ops.compare(moved, "ge", ops.constant(window[0], kind)),
                ops.compare(moved, "le", ops.constant(window[1], kind)),
            )
            if recipe.name == self.loaded.recipe.person_table or self.loaded.recipe.row_is_person:
                blank = ops.choose(inside, rows[name], ops.missing(kind))
                rows = ops.derive(rows, {name: blank})
            else:
                rows = ops.keep_where(rows, ops.either(ops.is_missing(rows[name]), inside))
        return rows
