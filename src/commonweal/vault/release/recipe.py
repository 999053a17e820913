"""What a permit needs from a source, worked out before anything is read.

A recipe is the permit held against the catalogue: for each table the permitted variables, and every
column that must be read for links, cohort, restricted codes and the identifier sieve. Two builds
with the same recipe, source, choices and keys give the same content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import get_args

from commonweal.papers.catalogue import Catalogue, Dataset, Link, Table, Variable
from commonweal.papers.permit import Permit
from commonweal.papers.permit_rules import Wanted, check_draft
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.vocabulary import CodeSystem

PERSON_CODE = "person_code"
"""The name of the pseudonym where the permit does not name the table's own person variable."""

CODE_SYSTEMS = frozenset(get_args(CodeSystem))
_CODE_FORMS = frozenset({"pseudonym", "record_code"})
_MOVED = frozenset({"shift", "interval"})
_SIEVED = frozenset(
    {"nhs_number", "person_key", "hospital_number", "name", "address", "postcode", "phone",
     "email", "ssn", "passport", "driving_licence"}
)  # fmt: skip


@dataclass(frozen=True)
class TableRecipe:
    """One released table: the catalogue's table and the permitted variables in permit order."""

    table: Table
    items: tuple[Wanted, ...]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @cached_property
    def about_people(self) -> bool:
        """True if rows belong to persons."""
        dataset = self.items[0].dataset
        return dataset.person.kind == "row" or self.table.person_link is not None

    @cached_property
    def code_column(self) -> str:
        """The released column that holds the pseudonym."""
        named = [item for item in self.items if item.form.kind == "pseudonym"]
        return named[0].variable.name if named else self._free_code_name()

    def _free_code_name(self) -> str:
        taken = {item.variable.name.casefold() for item in self.items}
        name = PERSON_CODE
        while name.casefold() in taken:
            name += "_"
        return name

    @property
    def quasi(self) -> tuple[Wanted, ...]:
        """Items by which someone could recognise a person.

        Codes of keys say nothing to others; a code of something knowable shows who shares it.
        Moved dates are measured by shift candidates instead, except a birth date, which a shift of
        weeks hardly hides.
        """
        return tuple(
            item
            for item in self.items
            if item.variable.role in ("quasi_identifier", "direct_identifier")
            and (item.form.kind not in _CODE_FORMS or item.variable.role == "quasi_identifier")
            and (item.form.kind not in _MOVED or item.variable.is_birth)
        )

    @property
    def sensitive(self) -> tuple[Wanted, ...]:
        """Items that a recogniser would learn."""
        return tuple(item for item in self.items if item.variable.role == "sensitive")

    @property
    def shifted(self) -> tuple[Wanted, ...]:
        """Items in form `shift`."""
        return tuple(item for item in self.items if item.form.kind == "shift")

    @property
    def rare_watched(self) -> tuple[Wanted, ...]:
        """Items whose rare values are rolled up or left out.

        Every `rollup`, and every code or sensitive text that is shown as it is or cut short.
        """
        return tuple(item for item in self.items if watches_rare(item))


def watches_rare(item: Wanted) -> bool:
    """Whether rare values of an item are rolled up or left out, where its table is about people."""
    if item.form.kind == "rollup":
        return True
    coded = item.variable.identifies in CODE_SYSTEMS
    sensitive_text = item.variable.role == "sensitive" and item.variable.type == "text"
    return item.form.kind in ("exact", "truncate") and (coded or sensitive_text)


@dataclass(frozen=True)
class EventLink:
    """Rows of `child` belong to rows of `parent`, and the release shows which: both are keys in
    record codes."""

    child: str
    variable: str
    parent: str
    parent_variable: str


class OverDataset:
    """What follows from the dataset alone, whatever is read of it."""

    dataset: Dataset

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables that are asked for, as against those that lead to people."""
        raise NotImplementedError

    def only_counted(self) -> frozenset[tuple[str, str]]:
        """(table, column) of which a value that does not read stops nothing."""
        return frozenset()

    @property
    def row_is_person(self) -> bool:
        """True if there is no person table: one row is one person."""
        return self.dataset.person.kind == "row"

    @property
    def person_table(self) -> str | None:
        """The name of the person table."""
        return self.dataset.person.table

    def has_one_row_each(self, table: str) -> bool:
        """True if a person has one row in `table`: then values are taken out, never rows."""
        return self.row_is_person or table == self.person_table

    def leads(self, name: str) -> tuple[tuple[str, str, str], ...]:
        """(variable, table, variable) for each key of a table that leads to another's rows."""
        table = self.dataset.table(name)
        found: dict[tuple[str, str, str], None] = {}
        if isinstance(table.person_link, Link):
            link = table.person_link
            found[link.variable, link.to_table, link.to_variable] = None
        for variable in table.variables:
            if variable.links_to is not None:
                found[variable.name, variable.links_to.table, variable.links_to.variable] = None
        return tuple(found)

    def _link_columns(self, name: str) -> Iterable[tuple[str, str]]:
        table = self.dataset.table(name)
        while table.person_link is not None:
            link = table.person_link
            if not isinstance(link, Link):
                yield table.name, link
                return
            yield table.name, link.variable
            yield link.to_table, link.to_variable
            table = self.dataset.table(link.to_table)


@dataclass(frozen=True)
class Recipe(OverDataset):
    """The whole of what a release under one permit is made of."""

    permit: Permit
    dataset: Dataset
    tables: tuple[TableRecipe, ...]
    catalogue_digest: str
    demo: bool = False
    """Whether all NHS numbers are read, so that a demonstration home can refuse real ones."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the released tables."""
        return tuple(one.name for one in self.tables)

    def columns(self) -> dict[str, tuple[str, ...]]:
        """For each table that must be read, the columns that must be read."""
        needed: dict[str, dict[str, None]] = {}
        for table, column in (*self._needed(), *self._grouped()):
            needed.setdefault(table, {})[column] = None
        for table in self._touched():
            needed.setdefault(table, {})
        for table in needed if self.demo else ():
            numbers = self.dataset.table(table).variables
            needed[table] |= {one.name: None for one in numbers if one.identifies == "nhs_number"}
        return {table: tuple(columns) for table, columns in needed.items() if columns}

    def only_counted(self) -> frozenset[tuple[str, str]]:
        """(table, column) that are read only to tell who is missing (P9)."""
        return frozenset(self._grouped()) - frozenset(self._needed())

    def _grouped(self) -> Iterable[tuple[str, str]]:
        for one in self.dataset.equality_variables:
            yield str(self.person_table), one.variable

    def _needed(self) -> Iterable[tuple[str, str]]:
        person = self.dataset.person
        for recipe in self.tables:
            for item in recipe.items:
                yield recipe.name, item.variable.name
                if item.permitted.since is not None:
                    yield recipe.name, item.permitted.since
        yield from self.permit.cohort.columns()
        if person.table is not None and person.variable is not None:
            yield person.table, person.variable
            if person.national is not None:
                yield person.table, person.national
            for variable in self.sieved():
                yield person.table, variable.name
        for table in self._touched():
            yield from self._link_columns(table)
            yield from self._code_columns(table, ())

    def _touched(self) -> tuple[str, ...]:
        names = [recipe.name for recipe in self.tables]
        names += [table for table, _ in self.permit.cohort.columns()]
        return tuple(dict.fromkeys(names))

    def _code_columns(self, name: str, seen: tuple[str, ...]) -> Iterable[tuple[str, str]]:
        """The columns in which codes may stand that the law keeps apart (P10): a table's own, and
        those of the rows that its rows belong to, with the keys that lead there."""
        table = self.dataset.table(name)
        yield from (
            (name, variable.name)
            for variable in table.variables
            if variable.identifies in CODE_SYSTEMS and variable.type in ("text", "integer")
        )
        for variable, to_table, to_variable in self.leads(name):
            if to_table in (name, *seen):
                continue
            above = list(self._code_columns(to_table, (*seen, name)))
            if above:
                yield name, variable
                yield to_table, to_variable
                yield from self._link_columns(to_table)
                yield from above

    @cached_property
    def event_links(self) -> tuple[EventLink, ...]:
        """By which record codes rows of two released tables about people can be laid together."""
        shown = {
            (table.name, item.variable.name)
            for table in self.tables
            if table.about_people
            for item in table.items
            if item.form.kind == "record_code"
        }
        found: dict[EventLink, None] = {}
        for table in self.tables:
            for variable, parent, parent_variable in self.leads(table.name):
                ends = ((table.name, variable), (parent, parent_variable))
                if table.name != parent and all(end in shown for end in ends):
                    link = EventLink(table.name, variable, parent, parent_variable)
                    found[link] = None
        return tuple(found)

    def sieved(self) -> tuple[Variable, ...]:
        """Variables of the person table whose values the airlock must be able to find."""
        if self.person_table is None:
            return ()
        variables = self.dataset.table(self.person_table).variables
        return tuple(
            variable
            for variable in variables
            if variable.role in ("direct_identifier", "record_key")
            and (variable.type in ("text", "integer") or variable.identifies == "nhs_number")
            and (variable.identifies in _SIEVED or variable.identifies is None)
        )

    def record_label(self, item: Wanted) -> str:
        """The sub-key label of a record key: the same wherever keys of one kind are linked."""
        table, variable, seen = item.table, item.variable, 0
        while variable.links_to is not None and seen < 8:
            table = self.dataset.table(variable.links_to.table)
            variable, seen = table.variable(variable.links_to.variable), seen + 1
        where = f"{self.dataset.id}\x00{table.name}\x00{variable.name}"
        return "record/" + hashlib.sha256(where.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class WholeDataset(OverDataset):
    """Every table of a dataset that is about people, with all its columns and no permit.

    Only figures that the catalogue may show are made of it; no row of it ever leaves.
    """

    dataset: Dataset

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables about people."""
        return tuple(one.name for one in self.about_people())

    def about_people(self) -> tuple[Table, ...]:
        """The tables whose rows belong to persons."""
        return tuple(one for one in self.dataset.tables if one.person_link is not None)

    def columns(self) -> dict[str, tuple[str, ...]]:
        """For each table that must be read, the columns that must be read."""
        return {
            table.name: tuple(variable.name for variable in table.variables)
            for table in self.about_people()
        }


def make_recipe(permit: Permit, catalogue: Catalogue, *, demo: bool = False) -> Recipe:
    """The recipe of `permit` over `catalogue`. `demo`: in a demonstration home.

    Raises `PermitRefused` CW-PERMIT-CATALOGUE-CHANGED where roles, types, links or forms are not
    those that were decided on, and the refusals of `permit_rules`.
    """
    digest = catalogue.governed_digest((permit.dataset.dataset,))
    if digest != permit.catalogue_digest:
        raise PermitRefused(
            "CW-PERMIT-CATALOGUE-CHANGED",
            "The catalogue's roles, links or forms have changed since the permit was issued.",
            remedy="Issue a new version of the permit against the present catalogue.",
        )
    items = check_draft(permit, catalogue)
    dataset = catalogue.dataset(permit.dataset.dataset)
    tables = []
    for permitted in permit.dataset.tables:
        mine = tuple(item for item in items if item.table.name == permitted.table)
        tables.append(_with_people(TableRecipe(dataset.table(permitted.table), mine)))
    return Recipe(permit, dataset, tuple(tables), digest, demo)


def in_forms(recipe: Recipe, forms: Mapping[str, str]) -> Recipe:
    """The recipe with some items in other forms; `forms` by `table.variable`."""
    tables = tuple(
        TableRecipe(table.table, tuple(in_form(item, forms.get(item.name)) for item in table.items))
        for table in recipe.tables
    )
    return replace(recipe, tables=tables)


def in_form(item: Wanted, form: str | None) -> Wanted:
    """The item shown as `form`; as it is where that is None."""
    if form is None or form == item.form.text:
        return item
    return replace(item, permitted=item.permitted.model_copy(update={"form": form, "since": None}))


def _with_people(recipe: TableRecipe) -> TableRecipe:
    """The recipe, unless its table has no people and a form cannot be made without them."""
    for item in recipe.items:
        alone = item.form.kind in ("shift", "rollup")
        alone = alone or (item.form.kind == "interval" and item.permitted.since is None)
        if alone and not recipe.about_people:
            raise PermitRefused(
                "CW-PERMIT-FORM-NOT-BUILT",
                f"{item.name}: the form {item.form.text} needs people, and the rows of this table "
                "are not about people.",
            )
    return recipe
