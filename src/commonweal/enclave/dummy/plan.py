"""Which tables and columns must be made up for a permit, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from commonweal.papers.catalogue import Catalogue, Dataset, Link, Table, Variable
from commonweal.papers.figures import CatalogueFigures, VariableFigures
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import Wanted, check_draft

PERSON_CODE = "person_code"
"""The released column that says whose row it is, where the permit names none."""
CODES = frozenset({"pseudonym", "record_code"})


@dataclass(frozen=True)
class Plan:
    """A permit held against the catalogue. `figures`: what was published of the dataset, if any."""

    permit: PermitDraft
    dataset: Dataset
    items: tuple[Wanted, ...]
    figures: CatalogueFigures | None = None

    @classmethod
    def of(
        cls, permit: PermitDraft, catalogue: Catalogue, figures: CatalogueFigures | None = None
    ) -> Plan:
        """Raises the refusals of `permit_rules` and `Fault` CW-CATALOGUE-UNKNOWN."""
        items = check_draft(permit, catalogue)
        dataset = catalogue.dataset(permit.dataset.dataset)
        mine = figures if figures is not None and figures.dataset == dataset.id else None
        return cls(permit, dataset, items, mine)

    @property
    def by_row(self) -> bool:
        """Whether one row is one person, and there is no person table."""
        return self.dataset.person.kind == "row"

    def single(self, table: str) -> bool:
        """Whether a person has one row in `table`."""
        return self.by_row or table == self.dataset.person.table

    def about_people(self, table: Table) -> bool:
        """Whether the rows of a table belong to persons."""
        return self.by_row or table.person_link is not None

    @cached_property
    def released(self) -> tuple[str, ...]:
        """The released tables, in the permit's order."""
        return tuple(dict.fromkeys(item.table.name for item in self.items))

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table that is made up, each after those through which it reaches the person."""
        ordered: dict[str, Table] = {}
        for name in (*self._through(), *self.released, *(t for t, _ in self._looked_at())):
            self._add(name, ordered)
        return tuple(ordered.values())

    def _through(self) -> Iterator[str]:
        if self.dataset.person.table is not None:
            yield self.dataset.person.table

    def _add(self, name: str, ordered: dict[str, Table]) -> None:
        table = self.dataset.table(name)
        for link in reversed(self.dataset.route(table)):
            parent = self.dataset.table(link.to_table)
            ordered.setdefault(parent.name, parent)
        ordered.setdefault(table.name, table)

    def _looked_at(self) -> Iterator[tuple[str, str]]:
        yield from self.permit.cohort.columns()
        for item in self.items:
            if item.permitted.since is not None:
                yield item.table.name, item.permitted.since

    def values_of(self, table: Table) -> tuple[Variable, ...]:
        """The variables of a table that hold values and not keys, in the catalogue's order."""
        wanted = {item.variable.name for item in self.items if item.table.name == table.name}
        wanted |= {name for where, name in self._looked_at() if where == table.name}
        keys = self.keys_of(table)
        return tuple(one for one in table.variables if one.name in wanted and one.name not in keys)

    def keys_of(self, table: Table) -> frozenset[str]:
        """The variables of a table that are keys: of persons, of records, of other tables' rows."""
        names = {one.name for one in table.variables if one.links_to is not None}
        names |= {
            item.variable.name
            for item in self.items
            if item.table.name == table.name and item.form.kind in CODES
        }
        if table.link_variable is not None:
            names.add(table.link_variable)
        for other in self.tables:
            if isinstance(other.person_link, Link) and other.person_link.to_table == table.name:
                names.add(other.person_link.to_variable)
            names |= {
                one.links_to.variable
                for one in other.variables
                if one.links_to is not None and one.links_to.table == table.name
            }
        return frozenset(names)

    def figures_of(self, table: str, variable: str) -> VariableFigures | None:
        """What was published of a variable."""
        found = None if self.figures is None else self.figures.tables.get(table)
        return None if found is None else found.variables.get(variable)

    def step_of(self, table: str, variable: str) -> float:
        """To which step a variable's numbers are rounded; 1 where they are not."""
        for item in self.items_of(table):
            if item.variable.name == variable and item.form.kind == "round":
                return float(item.form.arguments[0])
        return 1.0

    def rows_each(self, table: str) -> float | None:
        """How many rows people have in a table on average, as published."""
        found = None if self.figures is None else self.figures.tables.get(table)
        if found is None or not found.rows or not found.people:
            return None
        return min(found.rows / found.people, 20.0)

    def items_of(self, table: str) -> tuple[Wanted, ...]:
        """The permitted variables of a table, in the permit's order."""
        return tuple(item for item in self.items if item.table.name == table)

    def code_column(self, table: str) -> str:
        """The released column of a table about people that says whose row it is."""
        items = self.items_of(table)
        named = [item.variable.name for item in items if item.form.kind == "pseudonym"]
        if named:
            return named[0]
        taken = {item.variable.name.casefold() for item in items}
        name = PERSON_CODE
        while name.casefold() in taken:
            name += "_"
        return name

    def code_group(self, table: Table, variable: Variable) -> tuple[str, str]:
        """The table and variable whose records a key's codes are of: the same where keys link."""
        seen = 0
        while variable.links_to is not None and seen < 8:
            table = self.dataset.table(variable.links_to.table)
            variable, seen = table.variable(variable.links_to.variable), seen + 1
        return table.name, variable.name
