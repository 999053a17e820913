"""Reading the home's catalogue: the newest one of each dataset that passed its check.

Only what a person may know before asking is taken from it: names, types, roles, forms. Row counts,
profiles and a scan's reasons are exact figures and never leave this module (S22).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue, Dataset, Table, Variable
from commonweal.papers.forms import Form

FOLDER = "catalogues"
_NAME = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{64}\.(?:yaml|json)", re.ASCII)


@dataclass(frozen=True)
class VariableRow:
    """One variable as anyone may know it."""

    dataset: str
    dataset_title: str
    table: str
    name: str
    type: str
    role: str | None
    forms: tuple[Form, ...]
    searched: str

    @property
    def offered(self) -> bool:
        """True if it can be asked for in some form."""
        return bool(self.forms) and self.role is not None


@dataclass(frozen=True)
class DatasetSeen:
    """One dataset: its tables in order, each with whether its rows are about people."""

    id: str
    title: str
    tables: tuple[tuple[str, str, bool], ...]
    rows: tuple[VariableRow, ...]


@dataclass(frozen=True)
class CatalogueSeen:
    """Everything that is held. `custodian` names who holds it."""

    custodian: str
    datasets: tuple[DatasetSeen, ...]

    @property
    def rows(self) -> tuple[VariableRow, ...]:
        """All variables of all datasets."""
        return tuple(row for dataset in self.datasets for row in dataset.rows)

    def dataset(self, id_: str) -> DatasetSeen | None:
        """The dataset called `id_`, or None."""
        return next((one for one in self.datasets if one.id == id_), None)


def catalogue_of(home: Path) -> CatalogueSeen | None:
    """What the home holds, or None before any catalogue has passed its check."""
    kept = catalogue_files(home)
    return _seen(tuple(kept)) if kept else None


def catalogue_files(home: Path) -> list[Path]:
    """The catalogues that the home has kept, oldest first."""
    folder = home / FOLDER
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


@lru_cache(maxsize=4)
def _seen(paths: tuple[Path, ...]) -> CatalogueSeen | None:
    # Names hold time and hash, so a list of names stands for the content.
    newest: dict[str, DatasetSeen] = {}
    custodian = ""
    for path in paths:
        try:
            catalogue = Catalogue.load(path)
        except CommonwealError:
            continue  # as everywhere: a damaged copy is passed over, and an older one counts
        custodian = catalogue.custodian.name
        newest |= {dataset.id: _dataset(dataset) for dataset in catalogue.datasets}
    if not newest:
        return None
    return CatalogueSeen(custodian, tuple(newest[id_] for id_ in sorted(newest)))


def _dataset(dataset: Dataset) -> DatasetSeen:
    rows = tuple(
        _row(dataset, table, variable) for table in dataset.tables for variable in table.variables
    )
    tables = tuple(
        (table.name, table.title or "", _about_people(dataset, table)) for table in dataset.tables
    )
    return DatasetSeen(dataset.id, dataset.title, tables, rows)


def _about_people(dataset: Dataset, table: Table) -> bool:
    return dataset.person.kind == "row" or table.person_link is not None


def _row(dataset: Dataset, table: Table, variable: Variable) -> VariableRow:
    searched = " ".join((dataset.title, table.name, table.title or "", variable.name))
    return VariableRow(
        dataset.id, dataset.title, table.name, variable.name, variable.type, variable.role,
        variable.offered(), searched.replace("_", " ").casefold(),
    )  # fmt: skip
