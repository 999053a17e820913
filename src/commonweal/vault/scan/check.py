"""`catalogue check`: a catalogue against its sources.

Each table is read once for its profile; what spans tables (people, links, lives) is asked with one
statement a table. Findings name table, variable and number of rows, never a value. A fault stops a
release; a warning tells what the release will leave out or what a person should look at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from commonweal.foundation.clock import Clock, SystemClock, today
from commonweal.foundation.connection import connect, engine_errors
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.papers.catalogue import Catalogue, Dataset, Table, Variable
from commonweal.papers.forms import Form
from commonweal.vault.scan.findings import HIDDEN_SHARE, CheckReport, Finding, many_enough
from commonweal.vault.scan.names import says_key
from commonweal.vault.scan.profile import ColumnProfile, profile_table
from commonweal.vault.scan.unlinked import UnlinkedTables
from commonweal.vault.sources.source import Reading, Source, SourceTable
from commonweal.vault.sources.values import family

UNIQUE_SHARE = 0.9
"""Above this share of different values, what is declared harmless tells single rows apart."""
UNIQUE_FROM = 50
"""Rows from which on that can be judged: among fewer, measurements differ by chance."""
_NUMBER_WIDTH = 6
"""Whole numbers that all have so many digits or more look given out, not measured."""


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
        work = _Check(dataset, today(clock or SystemClock()), synthetic_only)
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


class _Check(UnlinkedTables):
    """The whole check of one dataset."""

    def run(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        """Find everything."""
        self._names(source)
        there = [table for table in self.dataset.tables if table.name in self.found]
        source.prepare(
            connection,
            {table.name: [c.name for c in self.found[table.name].columns] for table in there},
            {table.name: Reading.of(table) for table in there},
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
                    self.people(connection, source, table)
                    self.links(connection, source, table)
                    self.unlinked(connection, source, table)
        with engine_errors(f"check the dates of dataset {self.dataset.id}"):
            self.lives(connection, source)

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

    # --- one column -------------------------------------------------------------------------------
    def _columns(self, table: Table) -> None:
        for variable, column in self.pairs(table):
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
                self._unique(table, variable, column)

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
            if not many_enough(rows, column.present) or _excused(variable, column, detector):
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

    def _unique(self, table: Table, variable: Variable, column: ColumnProfile) -> None:
        """What is declared `other` is not measured: shown as it is, it must not name a row.

        Decimal numbers and times of day are nearly always unique; a permit that shows them is
        another matter.
        """
        rare = column.present >= UNIQUE_FROM and column.distinct > UNIQUE_SHARE * column.present
        if variable.role != "other" or variable.type in ("decimal", "timestamp") or not rare:
            return
        if not any(_shows(form, column) for form in variable.offered()):
            return
        tell = self.warn if _measured(variable, column) else self.fault
        tell(
            "CW-CHECK-UNIQUE", table.name, variable.name, column.distinct,
            f"{table.name}.{variable.name} is declared other and offered as it is, but has "
            f"{column.distinct:,} different values in {column.present:,} rows: it looks like an "
            "identifier.",
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


def _shows(form: Form, column: ColumnProfile) -> bool:
    """True if the form leaves every value as it is."""
    cut = form.kind == "truncate" and form.whole(0) >= column.max_length
    return form.kind == "exact" or cut


def _measured(variable: Variable, column: ColumnProfile) -> bool:
    """True if the values look like measurements, whose numbers differ without naming anybody."""
    number = variable.type == "integer" or column.share("decimal") >= 0.99
    given_out = column.min_length == column.max_length and column.max_length >= _NUMBER_WIDTH
    return number and not given_out and not says_key(column.name)


def _count(column: ColumnProfile, what: str) -> int:
    return round(column.share(what) * column.present)
