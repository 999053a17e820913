"""The part of `catalogue check` about tables that are said to have no people.

Nobody's choice can be honoured in a table without a link to the person, and no risk is measured
there. So a table that holds identifiers of people must have its link, whatever its columns are
declared to be, and also where such a column is not in the catalogue at all.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from commonweal.foundation.connection import quote_identifier
from commonweal.papers.catalogue import Link, Table, Variable
from commonweal.vault.scan.across import AcrossTables
from commonweal.vault.scan.findings import many_enough
from commonweal.vault.scan.names import alike, says_key
from commonweal.vault.scan.profile import ColumnProfile
from commonweal.vault.scan.structure import LINK_SHARE
from commonweal.vault.sources.source import Source
from commonweal.vault.sources.values import as_text, family

SHORT_KEY = 6
"""Keys of fewer characters lie in each other by chance: there the names must agree."""
_CHANCE_FROM = 20
"""From so many different short keys on, a person should look at them."""
_NAMED = frozenset({"nhs_number", "person_key"})

Key = tuple[str, str]
"""A table and its variable."""


class UnlinkedTables(AcrossTables):
    """Checks of the tables whose `person_link` is null."""

    def unlinked(self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table) -> None:
        """Columns that hold, or point to, identifiers of people."""
        if table.person_link is not None or self.dataset.person.kind == "row":
            return
        declared = {variable.name: variable for variable in table.variables}
        for column in self.profiles[table.name].columns:
            rows = round(column.share("nhs_number") * column.present)
            said = self._declared(declared.get(column.name))
            if many_enough(rows, column.present):
                self._told(table, column.name, rows, "look like NHS numbers")
            elif said is not None:
                self._told(table, column.name, column.present, said)
            else:
                self._held_keys(connection, source, table, column)

    def _declared(self, variable: Variable | None) -> str | None:
        """How the catalogue itself says that a variable is about people, if it does."""
        if variable is None:
            return None
        if variable.identifies in _NAMED:
            return "are declared to name people"
        there = variable.links_to.table if variable.links_to is not None else None
        about = any(t.name == there and t.person_link is not None for t in self.dataset.tables)
        return f"point to {there}, which is about people" if about else None

    def _told(self, table: Table, name: str, rows: int, what: str) -> None:
        self.fault(
            "CW-CHECK-UNLINKED", table.name, name, rows,
            f"{table.name} has no person_link, but {rows:,} value(s) of {name} {what}: say how its "
            "rows reach the person.",
        )  # fmt: skip

    def _person_keys(self) -> Iterator[Key]:
        """The person's keys, and the keys through which tables reach the person."""
        person = self.dataset.person
        keys = [(person.table, person.variable), (person.table, person.national)]
        links = (table.person_link for table in self.dataset.tables)
        keys += [(link.to_table, link.to_variable) for link in links if isinstance(link, Link)]
        for name, variable in dict.fromkeys(keys):
            if name is not None and variable is not None and name in self.profiles:
                yield name, variable

    def _held_keys(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        table: Table,
        column: ColumnProfile,
    ) -> None:
        if family(column.storage) not in ("text", "integer") or not column.present:
            return
        for key in self._person_keys():
            rows = self._inside(connection, source, (table.name, column.name), key)
            if not many_enough(rows, column.present):
                continue
            if column.max_length >= SHORT_KEY or alike(column.name, *key) >= 0.9:
                self._told(table, column.name, rows, f"are values of {'.'.join(key)}")
                return
            sure = rows >= LINK_SHARE * column.present and says_key(column.name)
            if sure and column.distinct >= _CHANCE_FROM:
                self.warn(
                    "CW-CHECK-UNLINKED", table.name, column.name, rows,
                    f"{table.name} has no person_link, but every value of {column.name} could be "
                    f"one of {'.'.join(key)}: look at it.",
                )  # fmt: skip
                return

    def _inside(
        self, connection: duckdb.DuckDBPyConnection, source: Source, here: Key, there: Key
    ) -> int:
        """Rows of `here` whose value is one of `there`, in whatever spelling."""
        left, right = (self._bare(connection, source, key) for key in (here, there))
        if left is None or right is None:
            return 0
        answer = connection.execute(
            f"SELECT count(*) FROM ({left}) AS l SEMI JOIN ({right}) AS r ON l.k = r.k "  # noqa: S608
            "WHERE l.k <> ''"
        ).fetchone()
        return int(answer[0]) if answer else 0

    def _bare(self, connection: duckdb.DuckDBPyConnection, source: Source, key: Key) -> str | None:
        """SQL for the values as capital letters and digits only."""
        found = self.found[key[0]]
        storage = next((c.storage for c in found.columns if c.name == key[1]), None)
        if storage is None:
            return None
        missing = self.dataset.table(key[0]).missing
        text = as_text(quote_identifier(key[1]), storage, missing)
        bare = f"regexp_replace(upper({text}), '[^A-Z0-9]', '', 'g')"
        return f"SELECT {bare} AS k FROM {source.relation(connection, found)}"  # noqa: S608 (identifiers are quoted)
