"""What an export is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commonweal.papers.catalogue import Custodian, Dataset
from commonweal.papers.figures import CatalogueFigures, TableFigures, VariableFigures


@dataclass(frozen=True)
class Described:
    """One dataset, and its figures where there are any for this very description.

    `at`: when the description was kept. `address`: where its page is. `contact`: a mail address
    that the custodian gives out, or None.
    """

    custodian: Custodian
    dataset: Dataset
    figures: CatalogueFigures | None
    at: datetime
    address: str
    contact: str | None = None

    @property
    def sequence(self) -> int:
        """Which version of the description this is."""
        return 1 if self.figures is None else self.figures.sequence

    def table(self, name: str) -> TableFigures | None:
        """The figures of a table."""
        return None if self.figures is None else self.figures.tables.get(name)

    def variable(self, table: str, name: str) -> VariableFigures | None:
        """The figures of a variable."""
        found = self.table(table)
        return None if found is None else found.variables.get(name)
