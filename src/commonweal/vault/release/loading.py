"""Reading a source for a release: every needed column typed, every row tied to its person.

What does not read as declared stops the release: a value that silently became missing would
change the data behind people's backs. Tables appear in the engine as `src_<n>`, each with the
column `cw__person`: the person's key as text, in the one spelling used for joining.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commonweal.foundation.errors import Fault
from commonweal.papers.catalogue import Link, Table
from commonweal.papers.vocabulary import VariableType
from commonweal.vault.release.progress import Progress
from commonweal.vault.release.recipe import OverDataset, Recipe, WholeDataset
from commonweal.vault.sources import Fingerprint, Reading, Source
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

PERSON = "cw__person"
INTERNAL = "cw__"
_PLACE = "cw__place"


@dataclass
class LoadedTables:
    """A source made ready: typed views by table name, and what was read."""

    recipe: OverDataset
    engine: Engine
    fingerprint: Fingerprint
    views: dict[str, ops.Table]
    rows: dict[str, int]
    non_finite: dict[str, dict[str, int]]
    _linked: dict[str, ops.Table] = field(default_factory=dict)

    def linked(self, name: str) -> ops.Table:
        """The table with `cw__person`; rows that reach no person have it missing."""
        if name not in self._linked:
            self._linked[name] = self._link(self.recipe.dataset.table(name))
        return self._linked[name]

    def _link(self, table: Table) -> ops.Table:
        view = self.views[table.name]
        if self.recipe.row_is_person:
            return view
        link = table.person_link
        if link is None:
            return ops.derive(view, {PERSON: ops.missing("text")})
        if isinstance(link, Link):
            target = self.linked(link.to_table)
            # A key that leads to two people leads to nobody: better lost than given to the wrong.
            # Somebody without a key counts as a person too.
            routes = ops.group(
                target,
                [link.to_variable],
                {
                    "low": ops.smallest(target[PERSON]),
                    "high": ops.largest(target[PERSON]),
                    "rows": ops.count_rows(target),
                    "known": ops.count_rows_where_present(target, PERSON),
                },
            )
            sure = ops.both(
                ops.compare(routes["low"], "eq", routes["high"]),
                ops.compare(routes["rows"], "eq", routes["known"]),
            )
            routes = ops.keep_where(routes, sure)
            return ops.left_join(view, routes, {link.variable: link.to_variable}, {PERSON: "low"})
        return ops.derive(view, {PERSON: self.spelling(view[link])})

    def spelling(self, key: ops.Value) -> ops.Value:
        """A person key in the spelling used for joining.

        For NHS numbers the ten digits: whether they are valid is judged once, in the person table,
        and nothing joins to an invalid one.
        """
        return ops.nhs_shaped(key) if self._by_nhs_number else ops.as_text(key)

    @property
    def _by_nhs_number(self) -> bool:
        return self.recipe.dataset.person.kind == "nhs_number"


@dataclass
class Loaded(LoadedTables):
    """What a permit's recipe needs of a source."""

    recipe: Recipe


def load(source: Source, recipe: Recipe, engine: Engine, progress: Progress) -> Loaded:
    """What `recipe` needs of `source`. Raises as `load_whole`."""
    read = _read(source, recipe, engine, progress)
    return Loaded(recipe, engine, read.fingerprint, read.views, read.rows, read.non_finite)


def load_whole(
    source: Source, recipe: WholeDataset, engine: Engine, progress: Progress
) -> LoadedTables:
    """Every table about people, and all its columns.

    Raises the faults of the source, and `Fault` CW-RELEASE-UNREADABLE naming table, column and
    number of rows where values do not read as the catalogue says.
    """
    return _read(source, recipe, engine, progress)


def _read(
    source: Source,
    recipe: Recipe | WholeDataset,
    engine: Engine,
    progress: Progress,
) -> LoadedTables:
    """Attach every needed column of every needed table."""
    needed = recipe.columns()
    for name, columns in needed.items():
        reserved = [column for column in columns if column.casefold().startswith(INTERNAL)]
        if reserved:
            raise Fault("CW-SOURCE-NAMES", f"Table {name}: a column name starts with {INTERNAL}.")
    readings = {name: Reading.of(recipe.dataset.table(name)) for name in needed}
    source.prepare(engine.connection, needed, readings)
    attached: dict[str, tuple[str, dict[str, VariableType]]] = {}
    for number, (name, columns) in enumerate(needed.items()):
        table = recipe.dataset.table(name)
        types = {column: table.variable(column).type for column in columns}
        view = source.attach(
            engine.connection, name, columns, types, reading=readings[name], view=f"src_{number}"
        )
        attached[name] = (view, types)
    # Before anything is read, so that a change at any later moment shows at the end.
    fingerprint = source.fingerprint(tuple(needed))
    views: dict[str, ops.Table] = {}
    rows: dict[str, int] = {}
    non_finite: dict[str, dict[str, int]] = {}
    for name, (view, types) in attached.items():
        progress(f"Reading {name}")
        intake = source.intake(engine.connection, view)
        spared = {column for table, column in recipe.only_counted() if table == name}
        unreadable = {c: n for c, n in intake.unreadable.items() if c not in spared}
        _refuse_unreadable(name, unreadable, types)
        rows[name] = intake.rows
        non_finite[name] = dict(intake.non_finite)
        if recipe.row_is_person:
            views[name] = _numbered(engine, f"{recipe.dataset.id}/{name}", view, types)
        else:
            views[name] = engine.adopt(view, types)
    return LoadedTables(recipe, engine, fingerprint, views, rows, non_finite)


def _numbered(engine: Engine, where: str, view: str, types: Mapping[str, str]) -> ops.Table:
    # One row is one person: the row's place is all there is to tell people apart. The dataset is
    # named, so that row 1 of two hospitals is not one person to the audit.
    typed = engine.adopt(view, types, place=_PLACE)
    key = ops.join_text(ops.constant(f"{where}#", "text"), ops.as_text(typed[_PLACE]))
    own = {column: typed[column] for column in types}
    return engine.keep(f"{view}_people", ops.project(typed, {**own, PERSON: key}))


def _refuse_unreadable(name: str, unreadable: Mapping[str, int], types: Mapping[str, str]) -> None:
    for column, count in unreadable.items():
        raise Fault(
            "CW-RELEASE-UNREADABLE",
            f"Table {name}, column {column}: {count:,} value(s) do not read as {types[column]}.",
            remedy="Run catalogue check, then correct the source or the declared type.",
        )
