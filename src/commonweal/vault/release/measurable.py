"""What `views` asks of what is measured: a release that is being made, or one that lies there."""

from __future__ import annotations

from typing import Protocol

from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.recipe import EventLink, TableRecipe
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.parquet import Words


class MeasuredRecipe(Protocol):
    """The tables, and how they hang together."""

    @property
    def tables(self) -> tuple[TableRecipe, ...]:
        """All released tables."""
        ...

    @property
    def event_links(self) -> tuple[EventLink, ...]:
        """By which record codes rows of two tables can be laid together."""
        ...

    def has_one_row_each(self, table: str) -> bool:
        """True if a person has one row in `table` by what it is."""
        ...


class MeasuredLoaded(Protocol):
    """Holds the recipe."""

    @property
    def recipe(self) -> MeasuredRecipe:
        """The recipe."""
        ...


class MeasuredNarrow(Protocol):
    """What was found out about the tables' rows."""

    @property
    def steady(self) -> dict[tuple[str, str, str], bool]:
        """Whether a column (table, name, form) stays the same on a person's rows; filled by
        `views`."""
        ...

    def has_one_row_each(self, recipe: TableRecipe) -> bool:
        """Whether nobody has two rows in a table."""
        ...


class Measurable(Protocol):
    """Rows of people, and the values of items: before any form (`raw`) and as released."""

    @property
    def engine(self) -> Engine:
        """The engine in use."""
        ...

    @property
    def loaded(self) -> MeasuredLoaded:
        """What the tables are."""
        ...

    @property
    def narrow(self) -> MeasuredNarrow:
        """What was found out about them."""
        ...

    def raw(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """Rows of `people` and the exact values of `items`."""
        ...

    def measured(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """Rows of `people` and the released values of `items`."""
        ...

    def legend(self, recipe: TableRecipe, item: Wanted, people: ops.Table) -> Words | None:
        """What the numbers stand for that `measured` gives for an item; None where values are
        themselves."""
        ...

    def once_each(
        self,
        recipe: TableRecipe,
        people: ops.Table,
        items: tuple[Wanted, ...],
        *,
        exact: bool = False,
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """One row for each of `people` in the table: of each item the smallest value, as `raw` or
        as `measured` gives it."""
        ...
