"""Reading the home's catalogue: the newest one of each dataset that passed its check.

Only what a person may know before asking is taken from it: names, types, roles, forms, and the
figures that the vault published (`counted`). Row counts, profiles and a scan's reasons in the file
are exact figures and never leave this module (S22).

A file is read and its hash made once; what pages need is worked out once for each set of files.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue, Dataset, Table, Variable
from commonweal.papers.exports import Described
from commonweal.papers.figures import CatalogueFigures, TableFigures, VariableFigures
from commonweal.papers.forms import Form
from commonweal.papers.kept import is_kept, kept_at, load_kept
from commonweal.web.discovery.counted import Seen, figures_of, seen_in

FOLDER = "catalogues"


@dataclass(frozen=True)
class VariableRow:
    """One variable as anyone may know it. `figures` None: nothing was counted."""

    dataset: str
    dataset_title: str
    table: str
    name: str
    type: str
    role: str | None
    forms: tuple[Form, ...]
    searched: str
    figures: VariableFigures | None = None

    @property
    def offered(self) -> bool:
        """True if it can be asked for in some form."""
        return bool(self.forms) and self.role is not None

    @property
    def complete(self) -> int | None:
        """How full it is, in percent; None where that is hidden or not known."""
        return None if self.figures is None else self.figures.complete


@dataclass(frozen=True)
class TableSeen:
    """One table. `people`: whether its rows are about people."""

    name: str
    title: str
    people: bool
    figures: TableFigures | None


@dataclass(frozen=True)
class DatasetSeen:
    """One dataset: its tables in order, and how it is described to others."""

    id: str
    title: str
    tables: tuple[TableSeen, ...]
    rows: tuple[VariableRow, ...]
    described: Described

    @property
    def figures(self) -> CatalogueFigures | None:
        """Its figures, where they were made of this very description."""
        return self.described.figures

    @cached_property
    def searched(self) -> str:
        """The words by which the dataset is found."""
        return f"{self.title} {self.id}".replace("_", " ").casefold()

    @cached_property
    def by_table(self) -> dict[str, list[VariableRow]]:
        """Its variables, table by table."""
        found: dict[str, list[VariableRow]] = {}
        for row in self.rows:
            found.setdefault(row.table, []).append(row)
        return found


@dataclass(frozen=True)
class CatalogueSeen:
    """Everything that is held. `custodian` names who holds it."""

    custodian: str
    datasets: tuple[DatasetSeen, ...]

    @cached_property
    def rows(self) -> tuple[VariableRow, ...]:
        """All variables of all datasets."""
        return tuple(row for dataset in self.datasets for row in dataset.rows)

    @cached_property
    def _by_id(self) -> dict[str, DatasetSeen]:
        return {one.id: one for one in self.datasets}

    @cached_property
    def roles(self) -> Counter[str]:
        """How many variables have each role."""
        return Counter(row.role or "undecided" for row in self.rows)

    @cached_property
    def forms(self) -> Counter[str]:
        """How many variables are offered in each kind of form."""
        return Counter(kind for row in self.rows for kind in {form.kind for form in row.forms})

    def dataset(self, id_: str) -> DatasetSeen | None:
        """The dataset called `id_`, or None."""
        return self._by_id.get(id_)


def catalogue_of(home: Path) -> CatalogueSeen | None:
    """What the home holds, or None before any catalogue has passed its check."""
    kept = catalogue_files(home)
    return _seen(home, tuple(path.name for path in kept), seen_in(home)) if kept else None


def catalogue_files(home: Path) -> list[Path]:
    """The catalogues that the home has kept, oldest first."""
    folder = home / FOLDER
    try:
        with os.scandir(folder) as found:
            names = sorted(one.name for one in found if is_kept(one.name))
    except FileNotFoundError:
        return []
    return [folder / name for name in names]


@lru_cache(maxsize=2)
def _seen(home: Path, names: tuple[str, ...], counted: tuple[Seen, ...]) -> CatalogueSeen | None:
    # Names hold time and hash, and hashes are checked, so a list of names stands for the content.
    figures = figures_of(home, counted)
    newest: dict[str, tuple[Path, Catalogue]] = {}
    custodian = ""
    for name in names:
        path = home / FOLDER / name
        try:
            catalogue = _kept(path)
        except CommonwealError:
            continue  # as everywhere: a damaged copy is passed over, and an older one counts
        custodian = catalogue.custodian.name
        newest |= {dataset.id: (path, catalogue) for dataset in catalogue.datasets}
    if not newest:
        return None
    return CatalogueSeen(
        custodian, tuple(_dataset(*newest[id_], id_, figures) for id_ in sorted(newest))
    )


@lru_cache(maxsize=4096)
def _kept(path: Path) -> Catalogue:
    return load_kept(path)


def _dataset(
    path: Path, catalogue: Catalogue, id_: str, counted: Mapping[str, CatalogueFigures]
) -> DatasetSeen:
    dataset = catalogue.dataset(id_)
    figures = counted.get(id_)
    if figures is not None and figures.catalogue_digest != catalogue.governed_digest((id_,)):
        figures = None  # they were made of an earlier description, which had other forms
    described = Described(catalogue.custodian, dataset, figures, kept_at(path), "")
    rows = tuple(
        _row(described, table, variable)
        for table in dataset.tables
        for variable in table.variables
    )  # fmt: skip
    tables = tuple(
        TableSeen(
            table.name,
            table.title or "",
            _about_people(dataset, table),
            described.table(table.name),
        )
        for table in dataset.tables
    )
    return DatasetSeen(dataset.id, dataset.title, tables, rows, described)


def _about_people(dataset: Dataset, table: Table) -> bool:
    return dataset.person.kind == "row" or table.person_link is not None


def _row(described: Described, table: Table, variable: Variable) -> VariableRow:
    dataset = described.dataset
    searched = " ".join((dataset.title, table.name, table.title or "", variable.name))
    return VariableRow(
        dataset.id, dataset.title, table.name, variable.name, variable.type, variable.role,
        variable.offered(), searched.replace("_", " ").casefold(),
        described.variable(table.name, variable.name),
    )  # fmt: skip
