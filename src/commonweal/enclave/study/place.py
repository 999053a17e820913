"""Where a study finds its data and leaves its outputs.

In a job these are fixed folders that the environment names. On a researcher's own machine they are
a folder of made-up data and any folder: `use(release=..., outputs=...)` or the same variables.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commonweal.enclave.study.errors import StudyError

RELEASE = "COMMONWEAL_RELEASE"
OUTPUTS = "COMMONWEAL_OUTPUTS"
REFERENCE = "COMMONWEAL_REFERENCE"
DESCRIPTION = "release.json"
MARK = "MADE-UP.txt"
"""A file of this name says that a folder holds made-up data, in its first line."""


@dataclass(frozen=True)
class ColumnKind:
    """`type`: text, integer, decimal, boolean, date, timestamp or code. `form`: as permitted.
    `labels`: what whole numbers of a column that the study made stand for."""

    type: str
    form: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableKind:
    """One table of the release. `person`: the column that says whose row it is, or None."""

    name: str
    person: str | None
    rows: int | None
    columns: dict[str, ColumnKind]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Release:
    """The release that lies open for this study."""

    id: str
    folder: Path
    tables: dict[str, TableKind]
    made_up: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Release:
        """The release in `folder`. Raises `StudyError` where that is none."""
        try:
            described = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        except (OSError, ValueError):
            raise StudyError(
                f"{folder} holds no release that can be read: {DESCRIPTION} is missing or broken."
            ) from None
        try:
            tables = {
                name: _table(name, table, folder) for name, table in described["tables"].items()
            }
            found = cls(str(described["id"]), folder, tables, _mark(folder))
        except (KeyError, TypeError, AttributeError):
            raise StudyError(f"{DESCRIPTION} in {folder} does not describe a release.") from None
        return found

    def table(self, name: object, argument: str = "name") -> TableKind:
        """The table called `name`. Raises `StudyError` naming the tables that are there."""
        if not isinstance(name, str) or name not in self.tables:
            there = ", ".join(sorted(self.tables))
            raise StudyError(f"{argument}: the release has no such table; it has {there}.")
        return self.tables[name]


def _table(name: str, plain: dict[str, Any], folder: Path) -> TableKind:
    columns = {
        column: ColumnKind(str(kind["type"]), str(kind["form"]))
        for column, kind in plain["columns"].items()
    }
    files = tuple(sorted((folder / "data" / name).glob("part-*.parquet")))
    if not files:
        raise StudyError(f"The table {name} has no files in {folder}.")
    rows = plain.get("rows")
    return TableKind(name, plain["person"], None if rows is None else int(rows), columns, files)


def _mark(folder: Path) -> str | None:
    try:
        with (folder / MARK).open(encoding="utf-8") as stream:
            return stream.readline().strip() or "These data are made up."
    except FileNotFoundError:
        return None
    except OSError:
        return "These data are made up."


@dataclass
class Place:
    """The folders of one study. What is None is taken from the environment when it is needed."""

    release_folder: Path | None = None
    outputs_folder: Path | None = None
    reference_folder: Path | None = None
    _release: Release | None = field(default=None, repr=False)

    @property
    def release(self) -> Release:
        """The release, read once. Says on standard error, once, that made-up data are made up."""
        if self._release is None:
            folder = self.release_folder or _named(RELEASE)
            if folder is None:
                raise StudyError(
                    f"No release is named: set {RELEASE}, or call study.use(release=...) with a "
                    "folder that `commonweal study dummy` has made."
                )
            self._release = Release.read(folder)
            if self._release.made_up is not None:
                sys.stderr.write(f"{self._release.made_up}\n")
        return self._release

    @property
    def outputs(self) -> Path:
        """The folder for outputs; outside a job `outputs` in the working folder, made if needed."""
        folder = self.outputs_folder or _named(OUTPUTS) or Path("outputs")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise StudyError(f"The folder for outputs, {folder}, cannot be made.") from None
        return folder

    @property
    def reference(self) -> Path | None:
        """The folder of approved reference files, or None where there is none."""
        return self.reference_folder or _named(REFERENCE)


def _named(variable: str) -> Path | None:
    text = os.environ.get(variable)
    return Path(text) if text else None
