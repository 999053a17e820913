"""The rows of a source without what the law keeps apart (P10).

A row with a restricted code is as if it had never been recorded, and so are the rows of other
tables that belong to it: a test without its admission would tell which admission that was. Where a
person has one row in a table the row stays, and its code, its other sensitive items and texts are
missing: a description beside the code says the same. Cohorts, risk and release all start from here.

The patterns are tried on each different code once, not on each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from commonweal.papers.catalogue import Variable
from commonweal.vault.release.loading import PERSON, LoadedTables
from commonweal.vault.release.recipe import CODE_SYSTEMS
from commonweal.vault.release.restricted import RestrictedLists, restricted_pattern
from commonweal.vault.tables import ops

_FLAG = "cw__restricted"


@dataclass
class Lawful:
    """Tables of `loaded` without the codes of `lists`. Each is worked out once."""

    loaded: LoadedTables
    lists: RestrictedLists
    _rows: dict[str, ops.Table] = field(default_factory=dict)
    _values: dict[str, dict[str, ops.Table]] = field(default_factory=dict)
    _gone: dict[tuple[str, str], ops.Table | None] = field(default_factory=dict)

    def rows(self, table: str) -> ops.Table:
        """The linked rows of `table` (`Loaded.linked`), some gone or with missing values."""
        if table not in self._rows:
            linked = self.loaded.linked(table)
            if self.loaded.recipe.has_one_row_each(table):
                self._rows[table] = self._blanked(table, linked)
            else:
                self._rows[table] = self._without(table, linked)
        return self._rows[table]

    def touches(self, table: str) -> bool:
        """Whether anything of `table` is kept apart."""
        return bool(self.values(table)) or any(True for _ in self._gone_above(table))

    def lost(self, table: str, people: ops.Table) -> int:
        """How many rows of `people` (column `person`) are gone from `table`, or lost values."""
        if not self.touches(table):
            return 0
        flagged = self._flagged(table, self.loaded.linked(table))
        if not self.loaded.recipe.has_one_row_each(table):
            for number, (variable, keys) in enumerate(self._gone_above(table)):
                flagged = self._marked(flagged, variable, keys, "key", f"{_FLAG}_above_{number}")
        return self._count(ops.keep_where(flagged, flagged[_FLAG]), people)

    def values(self, table: str) -> dict[str, ops.Table]:
        """For each code column of `table` that holds restricted codes, a table of them: `value`."""
        if table not in self._values:
            rows = self.loaded.linked(table)
            described = self.loaded.recipe.dataset.table(table)
            patterns = restricted_pattern(self.lists, described, set(ops.columns(rows)))
            found = {name: self._matching(rows, name, way) for name, way in patterns.items()}
            self._values[table] = {name: one for name, one in found.items() if one is not None}
        return self._values[table]

    def people_blanked(self, table: str) -> ops.Table | None:
        """`person` of those whose only row in `table` has a restricted code; None for nobody."""
        if not self.values(table) or not self.loaded.recipe.has_one_row_each(table):
            return None
        flagged = self._flagged(table, self.loaded.linked(table))
        marked = ops.keep_where(flagged, flagged[_FLAG])
        return ops.distinct(ops.project(marked, {"person": marked[PERSON]}))

    def blanked(self, table: str) -> frozenset[str]:
        """The variables whose values go missing where a row of a one-row table is restricted."""
        variables = self.loaded.recipe.dataset.table(table).variables
        return frozenset(one.name for one in variables if _tells(one))

    def _count(self, rows: ops.Table, people: ops.Table) -> int:
        mine = ops.semi_join(rows, people, {PERSON: "person"})
        counted = ops.group(mine, [], {"n": ops.count_rows(mine)})
        return int(self.loaded.engine.one(counted)["n"])

    # --- inside -----------------------------------------------------------------------------
    def _matching(self, rows: ops.Table, column: str, pattern: str) -> ops.Table | None:
        engine = self.loaded.engine
        name = engine.fresh("restricted")
        # Kept first: an engine would try the pattern on every row before it tells codes apart.
        once = ops.distinct(ops.project(rows, {"value": rows[column]}))
        codes = engine.keep(f"{name}_codes", once)
        spelt = ops.code_spelling(codes["value"])
        kept = engine.keep(name, ops.keep_where(codes, ops.matches(spelt, pattern)))
        engine.forget(codes.get_name())
        count = engine.one(ops.group(kept, [], {"n": ops.count_rows(kept)}))["n"]
        return kept if count else None

    def _without(self, table: str, rows: ops.Table) -> ops.Table:
        for name, values in self.values(table).items():
            rows = ops.anti_join(rows, values, {name: "value"})
        for variable, keys in self._gone_above(table):
            rows = ops.anti_join(rows, keys, {variable: "key"})
        return rows

    def _gone_above(self, table: str) -> Iterator[tuple[str, ops.Table]]:
        """(variable of `table`, keys of rows that are gone in the table that it leads to)."""
        for variable, to_table, to_variable in self.loaded.recipe.leads(table):
            if variable in ops.columns(self.loaded.views[table]):
                keys = self._keys_gone(to_table, to_variable)
                if keys is not None:
                    yield variable, keys

    def _keys_gone(self, table: str, variable: str) -> ops.Table | None:
        """`key`: the values of `variable` on rows of `table` that are gone, once each."""
        place = (table, variable)
        if place in self._gone:
            return self._gone[place]
        self._gone[place] = None  # a circle of links ends here
        unread = table not in self.loaded.views
        if unread or self.loaded.recipe.has_one_row_each(table):
            return None
        rows = self.loaded.linked(table)
        if variable not in ops.columns(rows):
            return None
        parts = [
            ops.semi_join(rows, values, {name: "value"})
            for name, values in self.values(table).items()
        ]
        parts += [
            ops.semi_join(rows, keys, {name: "key"}) for name, keys in self._gone_above(table)
        ]
        if parts:
            keys = [ops.project(part, {"key": part[variable]}) for part in parts]
            self._gone[place] = self.loaded.engine.keep(
                self.loaded.engine.fresh("gone"), ops.distinct(ops.union(*keys))
            )
        return self._gone[place]

    def _blanked(self, table: str, rows: ops.Table) -> ops.Table:
        if not self.values(table):
            return rows
        kinds = ops.kinds(rows)
        rows = self._flagged(table, rows)
        shown = {
            name: ops.choose(rows[_FLAG], ops.missing(kinds[name]), rows[name])
            for name in self.blanked(table) & set(kinds)
        }
        return ops.select(ops.derive(rows, shown), list(kinds))

    def _flagged(self, table: str, rows: ops.Table) -> ops.Table:
        """`rows` with a flag where the row has a restricted code in any column."""
        rows = ops.derive(rows, {_FLAG: ops.constant(False, "boolean")})
        for number, (name, values) in enumerate(self.values(table).items()):
            rows = self._marked(rows, name, values, "value", f"{_FLAG}_{number}")
        return rows

    def _marked(
        self, rows: ops.Table, name: str, values: ops.Table, column: str, mark: str
    ) -> ops.Table:
        """`rows`, flagged too where `name` is one of `values` (in `column`, once each)."""
        rows = ops.left_join(rows, values, {name: column}, {mark: column})
        found = ops.either(rows[_FLAG], ops.negate(ops.is_missing(rows[mark])))
        return ops.derive(rows, {_FLAG: found})


def _tells(variable: Variable) -> bool:
    """Whether a value may say what a restricted code beside it says."""
    if variable.role in ("sensitive", "free_text") or variable.identifies in CODE_SYSTEMS:
        return True
    return variable.role in ("other", None) and variable.type == "text"
