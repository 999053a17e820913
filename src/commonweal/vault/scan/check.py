"""`catalogue check`: a catalogue against its sources.

Each table is read once for its profile; what spans tables (people, links, lives) is asked with one
statement a table. Findings name table, variable and number of rows, never a value. A fault stops a
release; a warning tells what the release will leave out or what a person should look at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from commonweal.foundation.clock import Clock, SystemClock, today
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.papers.catalogue import Catalogue, Dataset, Link, Table, Variable
from commonweal.vault.scan.profile import ColumnProfile, TableProfile, profile_table
from commonweal.vault.sources.source import Reading, Source, SourceTable
from commonweal.vault.sources.values import as_text, family
from commonweal.vault.tables.connection import connect, engine_errors, quote_identifier

EARLIEST_BIRTH = date(1890, 1, 1)
HIDDEN_SHARE = 0.2
"""From this share on, a variable that looks like identifiers is one."""


@dataclass(frozen=True)
class Finding:
    """One thing found. `rows` counts rows (0 where the finding is about a name)."""

    level: Literal["fault", "warning"]
    code: str
    dataset: str
    table: str | None
    variable: str | None
    rows: int
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return {
            "level": self.level,
            "code": self.code,
            "dataset": self.dataset,
            "table": self.table,
            "variable": self.variable,
            "rows": self.rows,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class CheckReport:
    """All findings, and the rows of each table that was read (by dataset, then table)."""

    findings: tuple[Finding, ...]
    rows: dict[str, dict[str, int]]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that stop a release."""
        return tuple(f for f in self.findings if f.level == "fault")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that a person should know."""
        return tuple(f for f in self.findings if f.level == "warning")

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `catalogue check --json`."""
        return {
            "ok": not self.faults,
            "faults": [f.as_dict() for f in self.faults],
            "warnings": [f.as_dict() for f in self.warnings],
            "rows": self.rows,
        }


def check(
    catalogue: Catalogue,
    source_opener: Callable[[Dataset], Source],
    *,
    clock: Clock | None = None,
    synthetic_only: bool = False,
    work_folder: Path | None = None,
) -> CheckReport:
    """Check every dataset of `catalogue` against the source that `source_opener` gives for it.

    `synthetic_only`: NHS numbers that may belong to people are a fault (a demonstration home).
    What is wrong in a source is a finding, not an error; `Unavailable` errors are raised.
    """
    if work_folder is None:
        with tempfile.TemporaryDirectory(prefix="commonweal-check-") as folder:
            return check(
                catalogue,
                source_opener,
                clock=clock,
                synthetic_only=synthetic_only,
                work_folder=Path(folder),
            )
    findings: list[Finding] = []
    rows: dict[str, dict[str, int]] = {}
    for dataset in catalogue.datasets:
        work = _Work(dataset, today(clock or SystemClock()), synthetic_only)
        try:
            with source_opener(dataset) as source, connect(work_folder) as connection:
                work.run(connection, source)
        except Unavailable:
            raise
        except CommonwealError as error:
            work.fault(error.code, None, None, 0, error.sentence)
        findings += work.findings
        rows[dataset.id] = {name: profile.rows for name, profile in work.profiles.items()}
    return CheckReport(tuple(findings), rows)


class _Work:
    """The check of one dataset."""

    def __init__(self, dataset: Dataset, now: date, synthetic_only: bool) -> None:
        self.dataset = dataset
        self.now = now
        self.synthetic_only = synthetic_only
        self.findings: list[Finding] = []
        self.profiles: dict[str, TableProfile] = {}
        self.found: dict[str, SourceTable] = {}

    def fault(
        self, code: str, table: str | None, variable: str | None, rows: int, sentence: str
    ) -> None:
        self._add("fault", code, table, variable, rows, sentence)

    def warn(
        self, code: str, table: str | None, variable: str | None, rows: int, sentence: str
    ) -> None:
        self._add("warning", code, table, variable, rows, sentence)

    def _add(
        self,
        level: Literal["fault", "warning"],
        code: str,
        table: str | None,
        variable: str | None,
        rows: int,
        sentence: str,
    ) -> None:
        self.findings.append(Finding(level, code, self.dataset.id, table, variable, rows, sentence))

    def run(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        """Find everything."""
        self._names(source)
        source.prepare(
            {
                table.name: [column.name for column in self.found[table.name].columns]
                for table in self.dataset.tables
                if table.name in self.found
            }
        )
        for table in self.dataset.tables:
            for variable in table.variables:
                if variable.role is None:
                    self.fault(
                        "CW-CHECK-ROLE", table.name, variable.name, 0,
                        f"{table.name}.{variable.name} has no role; nothing is released from it "
                        "until a person decides.",
                    )  # fmt: skip
            if table.name in self.found:
                self._profile(connection, source, table)
        for table in self.dataset.tables:
            if table.name in self.profiles:
                self._columns(table)
                with engine_errors(f"check table {table.name}"):
                    self._people(connection, source, table)
                    self._links(connection, source, table)
        with engine_errors(f"check the dates of dataset {self.dataset.id}"):
            self._lives(connection, source)

    # --- names ------------------------------------------------------------------------------------
    def _names(self, source: Source) -> None:
        declared = {table.name for table in self.dataset.tables}
        for table in self.dataset.tables:
            try:
                self.found[table.name] = source.table(table.name, Reading.of(table))
            except Unavailable:
                raise
            except CommonwealError as error:
                missing = error.code == "CW-SOURCE-UNKNOWN"
                code = "CW-CHECK-TABLE" if missing else error.code
                self.fault(code, table.name, None, 0, error.sentence)
        for table in self.dataset.tables:
            if table.name in self.found:
                self._column_names(table, self.found[table.name])
        try:
            listed = source.tables({t.name: Reading.of(t) for t in self.dataset.tables})
        except Fault:
            return  # the table that cannot be read has its finding already, or is not declared
        places = {found.place for found in self.found.values()}
        for extra in listed:
            if extra.name not in declared and extra.place not in places:
                self.warn(
                    "CW-CHECK-TABLE", extra.name, None, 0,
                    f"Table {extra.name} of the source is not in the catalogue; nothing is "
                    "released from it.",
                )  # fmt: skip

    def _column_names(self, table: Table, found: SourceTable) -> None:
        stored = {column.name for column in found.columns}
        for variable in table.variables:
            if variable.name not in stored:
                wrong = len(stored) == 1 < len(table.variables)
                hint = " Is the declared delimiter right?" if wrong else ""
                self.fault(
                    "CW-CHECK-COLUMN", table.name, variable.name, 0,
                    f"{found.place} has no column {variable.name}.{hint}",
                )  # fmt: skip
        for name in sorted(stored - {variable.name for variable in table.variables}):
            self.warn(
                "CW-CHECK-COLUMN", table.name, name, 0,
                f"Column {name} of {found.place} is not in the catalogue; nothing is released "
                "from it.",
            )  # fmt: skip

    def _profile(self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table) -> None:
        try:
            self.profiles[table.name] = profile_table(
                connection, source, self.found[table.name], missing=table.missing
            )
        except Unavailable:
            raise
        except Fault as error:
            self.fault(error.code, table.name, None, 0, error.sentence)

    def _pairs(self, table: Table) -> Iterator[tuple[Variable, ColumnProfile]]:
        columns = {column.name: column for column in self.profiles[table.name].columns}
        for variable in table.variables:
            if variable.name in columns:
                yield variable, columns[variable.name]

    # --- one column -------------------------------------------------------------------------------
    def _columns(self, table: Table) -> None:
        for variable, column in self._pairs(table):
            if variable.role is None:
                continue
            if family(column.storage) is None:
                self.fault(
                    "CW-SOURCE-STORAGE", table.name, variable.name, column.rows,
                    f"{table.name}.{variable.name} is stored as a list, structure or bytes and "
                    "cannot be read.",
                )  # fmt: skip
                continue
            self._readable(table, variable, column)
            if variable.identifies == "nhs_number":
                self._nhs_numbers(table, variable, column)
            self._administrative(table, variable, column)
            if table.person_link is not None or self.dataset.person.kind == "row":
                self._hidden(table, variable, column)

    def _readable(self, table: Table, variable: Variable, column: ColumnProfile) -> None:
        if column.non_finite and variable.type != "text":
            self.warn(
                "CW-CHECK-NOT-A-NUMBER", table.name, variable.name, column.non_finite,
                f"{table.name}.{variable.name}: {column.non_finite:,} value(s) are not a number "
                "or infinite and are read as missing.",
            )  # fmt: skip
        if variable.type == "text":
            return
        bad = column.present - _count(column, variable.type)
        if bad:
            self.fault(
                "CW-CHECK-UNREADABLE", table.name, variable.name, bad,
                f"{table.name}.{variable.name}: {bad:,} of {column.present:,} values do not read "
                f"as {variable.type}.",
            )  # fmt: skip

    def _nhs_numbers(self, table: Table, variable: Variable, column: ColumnProfile) -> None:
        ten, same = _count(column, "nhs_ten_digits"), _count(column, "nhs_same_digit")
        right, valid = _count(column, "nhs_check_digit"), _count(column, "nhs_number")
        kinds = {
            "do not have ten digits": column.present - ten,
            "are one digit ten times": same,
            "have a wrong check digit": ten - same - right,
            "lie outside the ranges of England and Wales": right - valid,
        }
        for words, rows in kinds.items():
            if rows:
                self.warn(
                    "CW-CHECK-NHS-NUMBER", table.name, variable.name, rows,
                    f"{table.name}.{variable.name}: {rows:,} NHS number(s) {words}; these rows "
                    "have no valid identifier.",
                )  # fmt: skip
        if column.present and valid < 0.5 * column.present:
            self.fault(
                "CW-CHECK-NHS-NUMBER", table.name, variable.name, column.present - valid,
                f"{table.name}.{variable.name}: fewer than half of the values are valid NHS "
                "numbers.",
            )  # fmt: skip
        real = valid - _count(column, "nhs_synthetic")
        if real and self.synthetic_only:
            self.fault(
                "CW-CHECK-NHS-REAL", table.name, variable.name, real,
                f"{table.name}.{variable.name}: {real:,} NHS number(s) may belong to people; only "
                "test numbers (starting 9) may be used here.",
            )  # fmt: skip

    def _administrative(self, table: Table, variable: Variable, column: ColumnProfile) -> None:
        if variable.type not in ("date", "timestamp") or variable.administrative:
            return
        shown = any(form.kind != "interval" for form in variable.offered())
        few = column.distinct <= max(30, 0.05 * column.present)
        if shown and column.present >= 10 and column.top_share > 0.5 and few:
            rows = column.most_common
            self.fault(
                "CW-CHECK-ADMINISTRATIVE", table.name, variable.name, rows,
                f"{table.name}.{variable.name}: {rows:,} rows have the same date; mark it "
                "administrative, or it would undo a shift of dates.",
            )  # fmt: skip

    def _hidden(self, table: Table, variable: Variable, column: ColumnProfile) -> None:
        if variable.role in ("direct_identifier", "free_text", "image", "genomic"):
            return
        for detector, words in _HIDDEN.items():
            rows = _count(column, detector)
            share = column.share(detector)
            if (
                share < HIDDEN_SHARE
                or (rows < 3 and share < 0.9)
                or _excused(variable, column, detector)
            ):
                continue
            self.fault(
                "CW-CHECK-HIDDEN-IDENTIFIER", table.name, variable.name, rows,
                f"{table.name}.{variable.name} is declared {variable.role}, but {rows:,} of "
                f"{column.present:,} values look like {words}.",
            )  # fmt: skip
            return
        long = _count(column, "words_6")
        varied = column.distinct > 0.3 * column.present
        if variable.type == "text" and column.share("words_6") >= 0.3 and varied and long >= 3:
            self.fault(
                "CW-CHECK-FREE-TEXT", table.name, variable.name, long,
                f"{table.name}.{variable.name} is declared {variable.role}, but {long:,} of "
                f"{column.present:,} values are free text.",
            )  # fmt: skip

    # --- people and links -------------------------------------------------------------------------
    def _people(self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table) -> None:
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

    def _links(self, connection: duckdb.DuckDBPyConnection, source: Source, table: Table) -> None:
        for variable, _ in self._pairs(table):
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
    def _lives(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
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
        for variable, _ in self._pairs(table):
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
            for variable, _ in self._pairs(table)
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


_HIDDEN = {
    "nhs_number": "NHS numbers",
    "email": "e-mail addresses",
    "postcode": "full postcodes",
    "ssn": "social security numbers",
    "nino": "National Insurance numbers",
    "phone": "telephone numbers",
    "device": "device identifiers",
    "ip_address": "network addresses",
}


def _excused(variable: Variable, column: ColumnProfile, detector: str) -> bool:
    """True where the likeness is known to be none, or the forms hide what is identifying."""
    if detector == "phone":
        plain = column.share("integer") > 0.9 and column.share("leading_zero") < HIDDEN_SHARE
        return plain or variable.type != "text" or variable.role == "record_key"
    if detector == "postcode" and variable.identifies == "postcode":
        return all(form.kind in ("outward_postcode", "truncate") for form in variable.offered())
    return False


def _count(column: ColumnProfile, what: str) -> int:
    return round(column.share(what) * column.present)


def _view(table: str) -> str:
    return f"check: {table}"
