"""What a check of a catalogue finds, and the state that its parts share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from commonweal.papers.catalogue import Dataset, Table, Variable
from commonweal.vault.scan.profile import ColumnProfile, TableProfile
from commonweal.vault.sources.source import SourceTable

HIDDEN_SHARE = 0.2
"""From this share on, a variable that looks like identifiers is one."""


def many_enough(rows: int, present: int) -> bool:
    """True if `rows` of `present` values that look like identifiers are no accident."""
    share = rows / present if present else 0.0
    return share >= HIDDEN_SHARE and (rows >= 3 or share >= 0.9)


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


class Work:
    """The check of one dataset while it runs: what was read, and what was found so far."""

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
        """Note a fault."""
        self._add("fault", code, table, variable, rows, sentence)

    def warn(
        self, code: str, table: str | None, variable: str | None, rows: int, sentence: str
    ) -> None:
        """Note a warning."""
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

    def pairs(self, table: Table) -> Iterator[tuple[Variable, ColumnProfile]]:
        """Each variable of a table that was read, with its profile."""
        columns = {column.name: column for column in self.profiles[table.name].columns}
        for variable in table.variables:
            if variable.name in columns:
                yield variable, columns[variable.name]
