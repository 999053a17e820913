"""One session over one opened release: people are numbered once, and columns read once.

All that is recomputed goes through it. Within a session a table of the release is read column by
column, as requests name them; its rows are put into the order of people once, and the columns of
other tables are laid beside them by the number of the person.

Memory: a session holds at most the amount of `COMMONWEAL_MEMORY` (default: half of the machine's).
Half of that is for columns, the oldest of which go when there is no room; the other half is what
counting takes while it lasts, about 160 bytes a row, and a table that needs more is refused with
the amount that it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from commonweal.airlock.audit.people import Ids
from commonweal.airlock.audit.writing import NewTable
from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.proposing import audit_ids, new_tables
from commonweal.airlock.protecting import merged_words, merging, moved, suppressed
from commonweal.airlock.recompute.asking import Rows
from commonweal.airlock.recompute.laying import Laid, lay_out
from commonweal.airlock.recompute.made import Made, MadeFile
from commonweal.airlock.recompute.reading import (
    Kept,
    PersonTable,
    enough_memory,
    machine_bytes,
)
from commonweal.airlock.recompute.recompute import measure
from commonweal.airlock.recompute.schema import check_request
from commonweal.foundation.connection import memory_bytes
from commonweal.papers.output_request import MADE_BY_STUDY, OutputRequest

MOST_LAID = 4
"""Requests whose rows stay laid out: as many as are looked at one after another."""


class Session:
    """A release at work. A with-block: nothing that was read outlives it."""

    def __init__(
        self, release: OpenRelease, memory: int, made: Mapping[str, MadeFile] | None = None
    ) -> None:
        self.release = release
        self.made = Made(made or {}, release)
        self._kept = Kept(memory)
        self._tables: dict[str, PersonTable] = {}
        self._rows: dict[str, Rows] = {}
        self._laid: dict[OutputRequest, Laid] = {}
        self._ids: dict[tuple[str, Path], Ids] = {}

    @classmethod
    def over(
        cls,
        release: OpenRelease,
        work: Path | None = None,
        made: Mapping[str, MadeFile] | None = None,
    ) -> Session:
        """A session over `release`. Nothing is written: `work` is there for those who spill.
        `made`: columns of people that the study made, by name.

        Raises `WrongUsage` CW-ENGINE-SETTING where the memory setting is no amount, `Refused`
        CW-OUTPUT-MADE where there are too many columns.
        """
        del work
        return cls(release, memory_bytes() or machine_bytes() // 2, made)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._laid.clear()
        self._ids.clear()
        self._rows.clear()
        self._tables.clear()
        self._kept.clear()

    def recompute(self, request: OutputRequest) -> Table:
        """The table that `request` asks for, made from the release.

        Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY, CW-OUTPUT-MANY-ROWS, CW-OUTPUT-CELLS,
        CW-OUTPUT-MADE, `Fault` CW-OUTPUT-RELEASE, CW-LEAVING-FILE and `Failure` CW-ENGINE-MEMORY.
        """
        laid = self.laid(request)
        with enough_memory():
            return measure(request, laid)

    def protected(self, request: OutputRequest, profile: RuleProfile) -> Table:
        """The table that `request` asks for, with what it asks the airlock to do so that it may
        leave under the limits of `profile`.

        Raises what `recompute` raises, and `Refused` CW-OUTPUT-SUPPRESS, CW-OUTPUT-MERGE.
        """
        if request.protect is None:
            return self.recompute(request)
        if request.protect == "suppress":
            return suppressed(self.recompute(request), profile)
        laid = self.laid(request)
        with enough_memory():
            moves = merging(request, laid, profile)
            table = measure(request, moved(request, laid, moves))
        return replace(table, merged=moves, protected=merged_words(moves))

    def cells(self, table: Table, audit_map: Path) -> tuple[NewTable, ...]:
        """A table that was recomputed here, in the form of the audit: one for each set of people.

        `audit_map`: Parquet with `code` and `audit_id`, for everybody of the release (S3).
        Raises `Fault` CW-OUTPUT-RELEASE where it is not the map of these people.
        """
        if table.request is None:
            return ()
        laid = self.laid(table.request)
        if table.merged is not None:
            laid = moved(table.request, laid, table.merged)
        base = table.request.table
        key = (base, audit_map)
        with enough_memory():
            if key not in self._ids:
                self._ids[key] = audit_ids(self.rows(base).table.codes, audit_map)
            return new_tables(table, laid, self._ids[key], self._beside(table.request))

    def laid(self, request: OutputRequest) -> Laid:
        """The rows behind a request, laid out once. Raises what `recompute` raises."""
        found = self._laid.get(request)
        if found is None:
            release = self._beside(request)
            check_request(request, release)
            rows = self.rows(request.table)
            if request.made():
                # Rows of their own: analyses, which take `rows`, never see such a column.
                rows = Rows(release, request.table, self._opened)
            with enough_memory():
                found = lay_out(request, rows)
            while len(self._laid) >= MOST_LAID:
                del self._laid[next(iter(self._laid))]
            self._laid[request] = found
        return found

    def rows(self, table: str) -> Rows:
        """The rows of a table in the order of people, with everything that can stand beside them.

        `table` is one of the release with people in it. Raises `Fault` CW-OUTPUT-RELEASE.
        """
        if table not in self._rows:
            self._rows[table] = Rows(self.release, table, self._opened)
        return self._rows[table]

    def _beside(self, request: OutputRequest) -> OpenRelease:
        """The release, with the columns of the study's own that the request names."""
        if not request.made():
            return self.release
        with enough_memory():
            return self.made.beside(request, self._opened)

    def _opened(self, name: str) -> PersonTable:
        if name == MADE_BY_STUDY and name not in self.release.tables:
            return self.made.table(self._opened)
        if name not in self._tables:
            self._tables[name] = PersonTable(self.release.tables[name], self._kept)
        return self._tables[name]
