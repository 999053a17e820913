"""A release that lies there, as `views` measures one that is being made.

Roles, forms, codes and how tables hang together come from the signed manifest. An older manifest
does not say which table a key is of: there every two columns whose codes meet are taken to lead to
each other, both ways, so that nothing is taken for unrelated that is not.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.errors import Failure, WrongUsage
from commonweal.papers.catalogue import Dataset, Person, Table, Variable
from commonweal.papers.forms import Form
from commonweal.papers.permit import PermittedVariable
from commonweal.papers.permit_rules import Wanted
from commonweal.papers.release import ReleaseManifest
from commonweal.papers.release.manifest import ReleasedColumn, ReleasedFile, ReleasedTable
from commonweal.vault.release.narrow import WHO, key_column
from commonweal.vault.release.recipe import EventLink, TableRecipe
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.parquet import Words

OpenFile = Callable[[ReleasedFile, BinaryIO], None]
"""Writes the plain content of a data file into a sink, and checks it against the manifest."""
_PEOPLE = "released_people"


@dataclass
class Released:
    """The tables of a release in an engine. Implements `Measurable`, and is its own recipe.

    `people`: column `number` of everybody in it. Only columns that are measured are read.
    """

    engine: Engine
    tables: tuple[TableRecipe, ...]
    event_links: tuple[EventLink, ...]
    people: ops.Table
    steady: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    _rows: dict[str, ops.Table] = field(default_factory=dict)
    _single: dict[str, bool] = field(default_factory=dict)

    @property
    def recipe(self) -> Released:
        """Itself."""
        return self

    @property
    def loaded(self) -> Released:
        """Itself."""
        return self

    @property
    def narrow(self) -> _Narrow:
        """What was found out about the tables' rows."""
        return _Narrow(self)

    def has_one_row_each(self, table: str) -> bool:
        """Whether nobody has two rows in a table: counted, as nothing else is known here."""
        if table not in self._single:
            rows = self._rows[table]
            people = ops.group(rows, [WHO], {"n": ops.count_rows(rows)})
            most = ops.group(people, [], {"most": ops.largest(people["n"])})
            self._single[table] = (self.engine.one(most)["most"] or 0) <= 1
        return self._single[table]

    def measured(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """Rows of everybody in the release, and the values of `items`."""
        del people  # everybody in a release is measured
        rows = self._rows[recipe.name]
        return rows, {item.variable.name: rows[item.variable.name] for item in items}

    def once_each(
        self,
        recipe: TableRecipe,
        people: ops.Table,
        items: tuple[Wanted, ...],
        *,
        exact: bool = False,
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """One row for each person in the table: of each item the smallest value that is shown.

        While a release is made, it is what the smallest exact value is shown as; both are one
        where a person's rows agree.
        """
        make = self.raw if exact else self.measured
        rows, columns = make(recipe, people, items)
        firsts = {name: ops.smallest(column) for name, column in columns.items()}
        once = ops.group(rows, [WHO], firsts)
        return once, {name: once[name] for name in firsts}

    def raw(
        self, recipe: TableRecipe, people: ops.Table, items: tuple[Wanted, ...]
    ) -> tuple[ops.Table, dict[str, ops.Value]]:
        """The values before any form are not in a release."""
        del recipe, people, items
        raise Failure("CW-RELEASE-INCONSISTENT", "A release does not hold what was there before.")

    def legend(self, recipe: TableRecipe, item: Wanted, people: ops.Table) -> Words | None:
        """The values of a release are themselves."""
        del recipe, item, people
        return None


@dataclass(frozen=True)
class _Narrow:
    of: Released

    @property
    def steady(self) -> dict[tuple[str, str, str], bool]:
        return self.of.steady

    def has_one_row_each(self, recipe: TableRecipe) -> bool:
        return self.of.has_one_row_each(recipe.name)


@contextlib.contextmanager
def released_tables(
    engine: Engine, manifest: ReleaseManifest, open_file: OpenFile
) -> Iterator[Released]:
    """The tables of a release about people, in the engine for the length of a block."""
    recipes = tuple(table_recipe(name, table) for name, table in manifest.tables.items())
    about = tuple(one for one in recipes if one.about_people)
    kept: list[str] = []
    try:
        plain = {}
        for recipe in about:
            name = engine.fresh("released")
            table = manifest.tables[recipe.name]
            plain[recipe.name] = _read(engine, name, recipe, table, open_file)
            kept.append(name)
        people = engine.keep(_PEOPLE, _everybody(about, plain))
        kept.append(_PEOPLE)
        released = Released(engine, about, (), people)
        for recipe in about:
            released._rows[recipe.name] = _with_numbers(recipe, plain[recipe.name], people)
        released.event_links = _links(released, about, manifest)
        yield released
    finally:
        for name in kept:
            engine.forget(name)


def table_recipe(name: str, table: ReleasedTable) -> TableRecipe:
    """What the manifest says of a table, in the words of a recipe."""
    code = next((one.name for one in table.columns if one.form == "pseudonym"), None)
    variables = tuple(_variable(column) for column in table.columns)
    # The manifest was checked when it was read; a catalogue's own rules are not those of a release.
    shown = Table.model_construct(name=name, person_link=code, variables=variables)
    person = Person.model_construct(table=None, variable=None, kind="other_identifier")
    whole = Dataset.model_construct(id="released", title="released", person=person, tables=(shown,))
    items = tuple(
        Wanted(whole, shown, variable, PermittedVariable(variable=column.name, form=column.form))
        for column, variable in zip(table.columns, variables, strict=True)
    )
    return TableRecipe(shown, items)


def _variable(column: ReleasedColumn) -> Variable:
    # Days since a birth are as good as the birth date, which the released type does not show.
    since = Form.parse(column.form).kind == "interval"
    kind = "date" if since else "text" if column.type == "code" else column.type
    return Variable.model_construct(
        name=column.name, type=kind, role=column.role, identifies=column.codes
    )


def _read(
    engine: Engine,
    name: str,
    recipe: TableRecipe,
    table: ReleasedTable,
    open_file: OpenFile,
) -> ops.Table:
    """The columns of a table that are measured, unsealed in memory and copied into the engine."""
    wanted = [*_needed(recipe)]
    parts = []
    for file in table.files:
        sink = io.BytesIO()
        open_file(file, sink)
        parts.append(pq.read_table(pa.BufferReader(sink.getbuffer()), columns=wanted))
    kinds = {column.name: column.type for column in table.columns if column.name in wanted}
    return engine.load(name, pa.concat_tables(parts), kinds)


def _needed(recipe: TableRecipe) -> dict[str, None]:
    measured = (*recipe.quasi, *recipe.sensitive, *recipe.shifted)
    keys = [item for item in recipe.items if item.form.kind == "record_code"]
    named = dict.fromkeys(item.variable.name for item in (*measured, *keys))
    return {recipe.code_column: None, **named}


def _everybody(recipes: tuple[TableRecipe, ...], plain: dict[str, ops.Table]) -> ops.Table:
    """`person` (the code) and `number` of everybody who has a row anywhere."""
    if not recipes:
        raise WrongUsage("CW-RISK-COLUMNS", "No table of this release is about people.")
    codes = [
        ops.project(plain[one.name], {"person": plain[one.name][one.code_column]})
        for one in recipes
    ]
    everybody = codes[0] if len(codes) == 1 else ops.union(*codes)
    return ops.derive(ops.distinct(everybody), {"number": ops.row_number()})


def _with_numbers(recipe: TableRecipe, plain: ops.Table, people: ops.Table) -> ops.Table:
    keys = {
        key_column(item.variable.name): plain[item.variable.name]
        for item in recipe.items
        if item.form.kind == "record_code"
    }
    rows = ops.derive(plain, keys) if keys else plain
    return ops.inner_join(rows, people, {recipe.code_column: "person"}, {WHO: "number"})


def _links(
    released: Released, recipes: tuple[TableRecipe, ...], manifest: ReleaseManifest
) -> tuple[EventLink, ...]:
    """Which rows of two tables belong together: as the manifest says, if it does."""
    if manifest.links is not None:
        return tuple(
            EventLink(one.table, one.column, one.to_table, one.to_column) for one in manifest.links
        )
    ends = [
        (recipe.name, item.variable.name)
        for recipe in recipes
        for item in recipe.items
        if item.form.kind == "record_code"
    ]
    return tuple(
        EventLink(*child, *parent)
        for child, parent in permutations(ends, 2)
        if child[0] != parent[0] and _meet(released, child, parent)
    )


def _meet(released: Released, one: tuple[str, str], other: tuple[str, str]) -> bool:
    mine, theirs = released._rows[one[0]], released._rows[other[0]]
    met = ops.semi_join(mine, theirs, {one[1]: other[1]})
    return bool(released.engine.one(ops.group(met, [], {"n": ops.count_rows(met)}))["n"])
