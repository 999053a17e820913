"""The part of `catalogue check` that spans tables: people, links, and lives.

Orphans are counted by anti join over bare keys (NHS numbers without spaces); dates are held
against the birth and death in the table of people. Counts only; no value is fetched.
"""

from __future__ import annotations

from datetime import date

import duckdb

from commonweal.foundation.connection import quote_identifier
from commonweal.papers.catalogue import Link, Table
from commonweal.vault.scan.findings import Work
from commonweal.vault.sources.source import Reading, Source
from commonweal.vault.sources.values import as_text

EARLIEST_BIRTH = date(1890, 1, 1)


class AcrossTables(Work):
    """Checks that need more than one table."""

    # --- people and links -------------------------------------------------------------------------
    def people(self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table) -> None:
        """Missing keys, people twice, and rows of people who are not there."""
        person = self.dataset.person
        link = table.link_variable
        columns = {column.name: column for column in self.profiles[table.name].columns}
        if link is None or link not in columns:
            return
        column = columns[link]
        if empty := column.rows - column.present:
            self.warn(
                "CW-CHECK-PERSON-MISSING", table.name, link, empty,
                f"{table.name}.{link}: {empty:,} row(s) have no person key and will be left out.",
            )  # fmt: skip
        if table.name == person.table:
            if doubled := column.present - column.distinct:
                self.fault(
                    "CW-CHECK-PERSON-TWICE", table.name, link, doubled,
                    f"{table.name}.{link}: {doubled:,} row(s) are of people who already have one.",
                )  # fmt: skip
            return
        target = (person.table, person.variable)
        if isinstance(table.person_link, Link):
            target = (table.person_link.to_table, table.person_link.to_variable)
        if target[0] is None or target[1] is None:
            return
        orphans = self._outside(connection, source, table, link, target[0], target[1])
        if orphans:
            self.fault(
                "CW-CHECK-ORPHAN", table.name, link, orphans,
                f"{table.name}.{link}: {orphans:,} row(s) are of people who are not in "
                f"{target[0]}.",
            )  # fmt: skip

    def links(self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table) -> None:
        """Links that lead nowhere, and keys that are pointed to but not unique."""
        for variable, _ in self.pairs(table):
            to = variable.links_to
            if to is None:
                continue
            there = next((t for t in self.dataset.tables if t.name == to.table), None)
            if there is None or to.variable not in {v.name for v in there.variables}:
                self.fault(
                    "CW-CHECK-ORPHAN", table.name, variable.name, 0,
                    f"{table.name}.{variable.name} links to {to.table}.{to.variable}, which is "
                    "not in the catalogue.",
                )  # fmt: skip
                continue
            if there.name not in self.profiles:
                continue
            self._unique_target(there.name, to.variable)
            lost = self._outside(connection, source, table, variable.name, to.table, to.variable)
            if lost:
                self.warn(
                    "CW-CHECK-ORPHAN", table.name, variable.name, lost,
                    f"{table.name}.{variable.name}: {lost:,} row(s) point to no row of {to.table}.",
                )  # fmt: skip
        if isinstance(table.person_link, Link) and table.person_link.to_table in self.profiles:
            self._unique_target(table.person_link.to_table, table.person_link.to_variable)

    def _unique_target(self, table: str, variable: str) -> None:
        columns = {column.name: column for column in self.profiles[table].columns}
        column = columns.get(variable)
        if column is None or column.present == column.distinct:
            return
        doubled = column.present - column.distinct
        finding = (table, variable)
        if any((f.table, f.variable) == finding and f.code == "CW-CHECK-RECORD-KEY"
               for f in self.findings):  # fmt: skip
            return
        self.fault(
            "CW-CHECK-RECORD-KEY", table, variable, doubled,
            f"{table}.{variable}: {doubled:,} row(s) repeat a value, but other tables point to it "
            "as unique.",
        )  # fmt: skip

    def _keys(
        self, connection: duckdb.DuckDBPyConnection, source: Source, table: str, variable: str
    ) -> str | None:
        """SQL for the keys (as text, NHS numbers as bare digits) of a table's variable."""
        found = self.found.get(table)
        if found is None or table not in self.profiles:
            return None
        stored = {column.name: column for column in found.columns}
        if variable not in stored:
            return None
        declared = self.dataset.table(table)
        quoted = quote_identifier(variable)
        text = as_text(quoted, stored[variable].storage, declared.missing)
        if declared.variable(variable).identifies == "nhs_number":
            text = f"replace(replace(({text}), ' ', ''), '-', '')"
        return f"SELECT {text} AS k FROM {source.relation(connection, found)}"  # noqa: S608

    def _outside(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        table: Table,
        variable: str,
        to_table: str,
        to_variable: str,
    ) -> int:
        """Rows of `table` whose `variable` has a value that `to_table`.`to_variable` has not."""
        left = self._keys(connection, source, table.name, variable)
        right = self._keys(connection, source, to_table, to_variable)
        if left is None or right is None:
            return 0
        answer = connection.execute(
            f"SELECT count(*) FROM ({left}) AS l ANTI JOIN ({right}) AS r ON l.k = r.k "  # noqa: S608
            "WHERE l.k IS NOT NULL"
        ).fetchone()
        return int(answer[0]) if answer else 0

    # --- lives ------------------------------------------------------------------------------------
    def lives(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        """Impossible births and deaths, and events outside a life."""
        tables = [t for t in self.dataset.tables if t.name in self.profiles]
        for table in tables:
            birth, death = self._dated(table, "date_of_birth"), self._dated(table, "date_of_death")
            if birth is None and death is None:
                continue
            self._attach(connection, source, table, [n for n in (birth, death) if n])
            if birth is not None:
                self._births(connection, table.name, birth, death)
        person = self.dataset.person
        if person.table is None or person.table not in self.profiles:
            return
        people = self.dataset.table(person.table)
        birth, death = self._dated(people, "date_of_birth"), self._dated(people, "date_of_death")
        if birth is None and death is None:
            return
        key = person.variable
        if key is None or key not in {c.name for c in self.found[people.name].columns}:
            return
        shown = f"CAST({quote_identifier(birth)} AS DATE)" if birth else "CAST(NULL AS DATE)"
        ended = f"CAST({quote_identifier(death)} AS DATE)" if death else "CAST(NULL AS DATE)"
        self._attach(connection, source, people, [key, *(n for n in (birth, death) if n)])
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE lives AS SELECT {quote_identifier(key)} AS k, "  # noqa: S608
            f"min({shown}) AS born, max({ended}) AS died "
            f"FROM {quote_identifier(_view(people.name))} GROUP BY k"
        )
        for table in tables:
            if table.name != people.name and isinstance(table.person_link, str):
                self._events(connection, source, table, table.person_link)
        connection.execute("DROP TABLE lives")

    def _dated(self, table: Table, identifies: str) -> str | None:
        for variable, _ in self.pairs(table):
            if variable.identifies == identifies and variable.type in ("date", "timestamp"):
                return variable.name
        return None

    def _attach(
        self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table, names: list[str]
    ) -> None:
        source.attach(
            connection,
            table.name,
            names,
            {name: table.variable(name).type for name in names},
            reading=Reading.of(table),
            view=_view(table.name),
        )

    def _births(
        self, connection: duckdb.DuckDBPyConnection, table: str, birth: str, death: str | None
    ) -> None:
        born = f"CAST({quote_identifier(birth)} AS DATE)"
        died = f"CAST({quote_identifier(death)} AS DATE)" if death else "CAST(NULL AS DATE)"
        answer = connection.execute(
            f"SELECT count(*) FILTER ({born} > ?), count(*) FILTER ({born} < ?), "  # noqa: S608
            f"count(*) FILTER ({died} < {born}) FROM {quote_identifier(_view(table))}",
            [self.now, EARLIEST_BIRTH],
        ).fetchone()
        future, early, dead = answer or (0, 0, 0)
        if future:
            self.fault(
                "CW-CHECK-BIRTH", table, birth, future,
                f"{table}.{birth}: {future:,} date(s) of birth lie in the future.",
            )  # fmt: skip
        if early:
            self.fault(
                "CW-CHECK-BIRTH", table, birth, early,
                f"{table}.{birth}: {early:,} date(s) of birth lie before {EARLIEST_BIRTH.year}.",
            )  # fmt: skip
        if dead:
            self.fault(
                "CW-CHECK-LIFE", table, death, dead,
                f"{table}.{death}: {dead:,} date(s) of death lie before the date of birth.",
            )  # fmt: skip

    def _events(
        self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table, link: str
    ) -> None:
        dates = [
            variable.name
            for variable, _ in self.pairs(table)
            if variable.identifies == "event_date" and variable.type in ("date", "timestamp")
        ]
        if not dates or link not in {c.name for c in self.found[table.name].columns}:
            return
        self._attach(connection, source, table, [link, *dates])
        measures = []
        for name in dates:
            day = f"CAST(e.{quote_identifier(name)} AS DATE)"
            measures += [
                f"count(*) FILTER ({day} < l.born)",
                f"count(*) FILTER ({day} > l.died)",
            ]
        answer = connection.execute(
            f"SELECT {', '.join(measures)} FROM {quote_identifier(_view(table.name))} AS e "  # noqa: S608
            f"JOIN lives AS l ON CAST(e.{quote_identifier(link)} AS VARCHAR) = CAST(l.k AS VARCHAR)"
        ).fetchone()
        assert answer is not None  # noqa: S101 (an aggregate without GROUP BY has one row)
        for name, before, after in zip(dates, answer[0::2], answer[1::2], strict=True):
            for rows, words in ((before, "before the person's birth"), (after, "after the death")):
                if rows:
                    self.warn(
                        "CW-CHECK-LIFE", table.name, name, rows,
                        f"{table.name}.{name}: {rows:,} date(s) lie {words}.",
                    )  # fmt: skip


def _view(table: str) -> str:
    return f"check: {table}"
