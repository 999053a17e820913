"""A release that lies open for the airlock: its tables, their files and the person in each.

Who a row is about is what everything here rests on, so it is taken from the signed manifest alone
and never from a request: the one column of a table in the form `pseudonym`. A table where that
cannot be told is not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.audit.definitions import Condition
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import translated
from commonweal.papers.cohort import Cohort
from commonweal.papers.release import ReleaseManifest
from commonweal.papers.release.manifest import ReleasedColumn, ReleasedTable

NEVER_SHOWN = frozenset({"pseudonym", "record_code"})
"""Forms that single out a person or a record by design: no request may look at them."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class OpenTable:
    """One table of an opened release. `person` is None where its rows are not about people."""

    name: str
    files: tuple[Path, ...]
    columns: Mapping[str, ReleasedColumn]
    person: str | None

    def require_person(self) -> str:
        """The column that says whose row it is. Raises `Refused` CW-OUTPUT-NOBODY."""
        if self.person is None:
            raise Refused(
                "CW-OUTPUT-NOBODY",
                f"The table {self.name} does not say whose rows they are, so people cannot be "
                "counted in it.",
            )
        return self.person


@dataclass(frozen=True)
class OpenRelease:
    """The tables of one release, as its manifest describes them.

    `snapshot` names the state of the source. `population`: who the release's people are, in the
    audit's words, where they are not everybody of the source.
    """

    release: str
    tables: Mapping[str, OpenTable]
    snapshot: str = "unknown"
    population: tuple[Condition, ...] = ()

    @classmethod
    def at(
        cls, manifest: ReleaseManifest, folder: Path, cohort: Cohort | None = None
    ) -> OpenRelease:
        """The release that was opened into `folder`, every byte as its manifest says.

        `manifest` is one whose signature was verified. `cohort`: the permit's, where it is known;
        else the release's people are taken to be of a cohort that no other permit has.
        Raises `Fault` CW-OUTPUT-RELEASE where a file is another than that of the manifest, and
        CW-FILE-MISSING.
        """
        tables = {name: _table(name, table, folder) for name, table in manifest.tables.items()}
        snapshot = f"source-{manifest.source.fingerprint.removeprefix('sha256:')[:32]}"
        return cls(manifest.release, tables, snapshot, _population(manifest, cohort))


def _population(manifest: ReleaseManifest, cohort: Cohort | None) -> tuple[Condition, ...]:
    found = []
    if cohort is None:
        found.append(Condition(variable="permit", values=(manifest.permit_hash,)))
    elif cohort.everyone is None:
        found.append(Condition(variable="cohort", values=(cohort.digest(),)))
    if manifest.holdout is not None:
        # A share of the people, drawn by a key of the project's own, is in no table.
        found.append(Condition(variable="sample", values=(manifest.permit_id,)))
    return tuple(found)


def _table(name: str, table: ReleasedTable, folder: Path) -> OpenTable:
    files = []
    for file in table.files:
        inside = file.path.removeprefix("data/")
        path = folder / inside
        with translated(inside):
            found = _digest(path)
        if found != file.content_hash:
            raise Fault("CW-OUTPUT-RELEASE", f"{inside} is not the file that was released.")
        files.append(path)
    people = [column.name for column in table.columns if column.form == "pseudonym"]
    columns = {column.name: column for column in table.columns}
    return OpenTable(name, tuple(files), columns, people[0] if len(people) == 1 else None)


def _digest(path: Path) -> str:
    seen = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            seen.update(block)
    return f"sha256:{seen.hexdigest()}"
