"""What someone could lay together in a release, as tables to be measured.

Each table about people is measured with everything that the release tells of the person besides:
the quasi-identifiers of every table that has one row a person, and those of other tables that stay
the same on a person's rows (a denormalised extract repeats sex and home on each). And an event
whose key is shown in another released table is one event with that one: their quasi-identifiers
are measured together. So a class is what is known of a person and of one of their events. To have a
row in a table is known as well: where a table tells nothing else, all its people are one class.

Two events of one person in two tables without a shown key are not laid together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.measurable import Measurable
from commonweal.vault.release.narrow import WHO, key_column
from commonweal.vault.release.recipe import CODE_SYSTEMS, EventLink, TableRecipe
from commonweal.vault.risk import KnownPart, RiskView, Settled
from commonweal.vault.risk.code_trees import TreeOf, icd10_tree
from commonweal.vault.risk.coding import Ints
from commonweal.vault.tables import ops

EVERYONE = "people"
"""The name under which people are measured where no released table is about people."""
STEADY_SHARE = 0.8
"""A column says something of the person where it is the same on all rows of this share of those
who have several."""
_PERSON_CLASS = "cw__static"
_EVENT_CLASS = "cw__event"


@dataclass(frozen=True)
class Shown:
    """A quasi-identifier of a released table. `lasting`: as a fact about the person, taken from a
    table with several rows a person because it nearly always stays the same."""

    table: str
    column: str
    lasting: bool = False

    @property
    def name(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Legend:
    """What the numbers of a class stand for: `table` has each in column `number`, once, and beside
    it one column for each of `parts`."""

    table: ops.Table
    number: str
    parts: Mapping[str, Shown | Legend]

    def known_part(self, column: str) -> KnownPart:
        """What stands behind `column` of a view, with names for people."""
        shown = {name: part for name, part in self.parts.items() if isinstance(part, Shown)}
        names = {name: part.name for name, part in shown.items()}
        return KnownPart(column, self.number, self.table, names)


@dataclass(frozen=True)
class LaidOut:
    """A view, and what each column of its `quasi` is."""

    view: RiskView
    parts: Mapping[str, Shown | Legend]


Parts = dict[str, Shown | Legend]
Lasting = Mapping[str, frozenset[str]]
"""By table the columns that stay the same on the rows of nearly everyone."""


@contextlib.contextmanager
def measured_views(
    shaper: Measurable, people: ops.Table, *, exact: bool, sensitive: bool = True
) -> Iterator[list[RiskView]]:
    """The tables that are measured, kept in the engine for the block.

    `people`: those to be released (number, weeks). `exact`: the values before any form.
    `sensitive`: with the sensitive columns, which only l needs.
    """
    with views_of(shaper, people, exact=exact) as making:
        yield making(sensitive)


@contextlib.contextmanager
def views_of(
    shaper: Measurable, people: ops.Table, *, exact: bool = False
) -> Iterator[Callable[[bool], list[RiskView]]]:
    """`measured_views` for whoever measures the same people twice: a function of `sensitive`.

    What both times have in common is worked out once.
    """
    making = _Making(shaper, people, exact, False)

    def views(sensitive: bool) -> list[RiskView]:
        return [one.view for one in replace(making, sensitive=sensitive).views()]

    with making.forgotten():
        yield views


@contextlib.contextmanager
def laid_out_views(
    shaper: Measurable, people: ops.Table, *, sensitive: bool, lasting: Lasting
) -> Iterator[list[LaidOut]]:
    """`measured_views` of the released values with what their columns are, kept for the block.

    `lasting`: columns that are laid beside every event of the person, whether or not they nearly
    always stay the same in the present forms.
    """
    making = _Making(shaper, people, False, sensitive, lasting)
    with making.forgotten():
        yield list(making.views())


def lasting_columns(shaper: Measurable, people: ops.Table) -> dict[str, frozenset[str]]:
    """By table the columns that `measured_views` takes from several rows as facts about people."""
    making = _Making(shaper, people, False, False)
    with making.forgotten():
        return making.lasting()


@dataclass(frozen=True)
class _Fact:
    """What a table tells of each person: `WHO`, once each, and the columns `parts`."""

    table: ops.Table
    parts: Parts


@dataclass
class _Making:
    shaper: Measurable
    people: ops.Table
    exact: bool
    sensitive: bool
    also: Lasting = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    _formed: dict[tuple[str, int], ops.Table] = field(default_factory=dict)
    _classes: dict[tuple[str, ...], tuple[ops.Table, Legend] | None] = field(default_factory=dict)

    @contextlib.contextmanager
    def forgotten(self) -> Iterator[None]:
        """Forget at the end of a block what was kept for it."""
        try:
            yield
        finally:
            for name in self.kept:
                self.shaper.engine.forget(name)

    def lasting(self) -> dict[str, frozenset[str]]:
        tables = [one for one in self.shaper.loaded.recipe.tables if one.about_people]
        telling = [table for table in tables if table.quasi]
        if len(telling) < 2:
            return {}
        return {
            table.name: frozenset(self._lasting_names(table))
            for table in telling
            if not self._one_row_each(table)
        }

    def views(self) -> Iterator[LaidOut]:
        tables = [one for one in self.shaper.loaded.recipe.tables if one.about_people]
        facts = self._facts(tables)
        found = [self._view(table, facts) for table in tables]
        if not found:
            everyone = self._keep(ops.project(self.people, {WHO: self.people["number"]}))
            view = RiskView(
                EVERYONE, everyone, (), (), WHO, by_person=True, settled=Settled(everyone, WHO)
            )
            found.append(LaidOut(view, {}))
        yield from found

    def _view(self, table: TableRecipe, facts: dict[str, _Fact]) -> LaidOut:
        rows, own = self._as_events(table, self._rows(table), ())
        besides = facts
        if own:
            besides = {name: fact for name, fact in facts.items() if name != table.name}
        rows, of_person = self._with_person_class(rows, besides)
        learnt = [item.variable.name for item in table.sensitive] if self.sensitive else []
        parts = {**of_person, **own}
        wanted = ops.select(rows, [WHO, *parts, *learnt])
        # Classes of events are counted in several passes, those of people in one.
        shown = self._keep(wanted) if own else wanted
        settled = None if own else self._settled(table, besides, learnt)
        behind = [(name, part) for name, part in of_person.items() if isinstance(part, Legend)]
        view = RiskView(
            table.name, shown, tuple(parts), tuple(learnt), WHO, by_person=not own,
            ordered=tuple(item.variable.name for item in table.sensitive if _in_order(item)),
            parts=tuple(part.known_part(name) for name, part in behind),
            labels=self._labels(table, own),
            trees={} if self.exact else self._trees(table),
            settled=settled,
        )  # fmt: skip
        return LaidOut(view, parts)

    def _settled(self, table: TableRecipe, facts: dict[str, _Fact], learnt: list[str]) -> Settled:
        """The rows of a table of which nothing but the person is known, beside people's classes."""
        found = self._classes[tuple(sorted(facts))]
        rows = ops.select(self._rows(table), [WHO, *learnt])
        return Settled(rows, WHO, None if found is None else found[0])

    def _labels(self, table: TableRecipe, own: Parts) -> dict[str, str]:
        """What the columns that an event is known by are called for people."""
        parents = [parent.name for _, parent in self._parents(table, ())]
        found = {f"{_EVENT_CLASS}_{at}": f"{name}: the event" for at, name in enumerate(parents)}
        return {name: found.get(name, f"{table.name}.{name}") for name in own}

    def _trees(self, table: TableRecipe) -> dict[str, TreeOf]:
        """What makes the trees of the sensitive columns that hold codes of ICD-10."""
        coded = [one for one in table.sensitive if one.variable.identifies == "icd10"]
        return {item.variable.name: self._tree(table, item) for item in coded}

    def _tree(self, table: TableRecipe, item: Wanted) -> TreeOf:
        def made(values: Sequence[object]) -> Sequence[Ints]:
            words = self.shaper.legend(table, item, self.people)
            if words is None:
                return icd10_tree(values)
            return icd10_tree(words.spell(pa.array(values, pa.int64())).to_pylist())

        return made

    # --- of the person ----------------------------------------------------------------------
    def _facts(self, tables: Sequence[TableRecipe]) -> dict[str, _Fact]:
        """By table, what it tells of each person."""
        telling = [table for table in tables if table.quasi]
        found: dict[str, _Fact | None] = {}
        for table in telling:
            if self._one_row_each(table):
                parts: Parts = {name: Shown(table.name, name) for name in _names(table)}
                found[table.name] = _Fact(ops.select(self._rows(table), [WHO, *parts]), parts)
            elif len(telling) > 1:
                found[table.name] = self._lasting_fact(table)
        return {name: fact for name, fact in found.items() if fact is not None}

    def _lasting_fact(self, table: TableRecipe) -> _Fact | None:
        """The quasi-identifiers that are the same on all rows of nearly everyone.

        Of those on whose rows they differ, the one with the smallest exact value is taken: so a
        coarser form joins whom a finer one joins, as in all other columns.
        """
        names = {*self._lasting_names(table), *self.also.get(table.name, ())}
        items = tuple(item for item in table.quasi if item.variable.name in names)
        if not items:
            return None
        rows, columns = self.shaper.once_each(table, self.people, items, exact=self.exact)
        kept = self._keep(ops.project(rows, {WHO: rows[WHO], **columns}))
        return _Fact(kept, {name: Shown(table.name, name, lasting=True) for name in columns})

    def _lasting_names(self, table: TableRecipe) -> list[str]:
        """The names of the columns that are the same on all rows of nearly everyone, if any."""
        known = self.shaper.narrow.steady
        keys = {
            item.variable.name: (table.name, item.variable.name, self._form_of(item))
            for item in table.quasi
        }
        unknown = [name for name, key in keys.items() if key not in known]
        if unknown:
            steady = self._found_steady(self._rows(table), unknown)
            known.update({keys[name]: name in steady for name in unknown})
        return [name for name, key in keys.items() if known[key]]

    def _form_of(self, item: Wanted) -> str:
        return "as it is recorded" if self.exact else item.form.text

    def _found_steady(self, rows: ops.Table, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names` that are the same on all rows of nearly everyone who has several.

        Where most people have one event, that alone makes it no lasting fact about them.
        """
        ends: dict[str, ops.Value] = {"cw__rows": ops.count_rows(rows)}
        for place, name in enumerate(names):
            ends[f"low_{place}"] = ops.smallest(rows[name])
            ends[f"high_{place}"] = ops.largest(rows[name])
        people = self._keep(ops.group(rows, [WHO], ends))
        several = ops.compare(people["cw__rows"], "gt", ops.constant(1, "integer"))
        counts = {"several": ops.count_where(people, several)}
        for place in range(len(names)):
            moved = ops.compare(people[f"low_{place}"], "ne", people[f"high_{place}"])
            counts[f"moved_{place}"] = ops.count_where(people, moved)
        found = self.shaper.engine.one(ops.group(people, [], counts))
        most = (1 - STEADY_SHARE) * found["several"]
        return tuple(name for place, name in enumerate(names) if found[f"moved_{place}"] <= most)

    def _with_person_class(
        self, rows: ops.Table, facts: dict[str, _Fact]
    ) -> tuple[ops.Table, Parts]:
        """`rows` with the number of the class that the person is in by all `facts`."""
        key = tuple(sorted(facts))
        if key not in self._classes:
            self._classes[key] = self._person_classes(list(facts.values())) if facts else None
        found = self._classes[key]
        if found is None:
            return rows, {}
        joined = ops.left_join(rows, found[0], {WHO: WHO}, {_PERSON_CLASS: "class"})
        return joined, {_PERSON_CLASS: found[1]}

    def _person_classes(self, facts: Sequence[_Fact]) -> tuple[ops.Table, Legend]:
        """`WHO`, `class`: people of whom the same is known have the same class."""
        known = ops.project(self.people, {WHO: self.people["number"]})
        parts: Parts = {}
        for fact in facts:
            new = {f"known_{len(parts) + place}": name for place, name in enumerate(fact.parts)}
            known = ops.left_join(known, fact.table, {WHO: WHO}, new)
            parts |= {into: fact.parts[name] for into, name in new.items()}
        return self._numbered(known, parts, "class")

    # --- of the event -----------------------------------------------------------------------
    def _as_events(
        self, table: TableRecipe, rows: ops.Table, seen: tuple[str, ...]
    ) -> tuple[ops.Table, Parts]:
        """`rows` with what is known of each event, and its columns: its own and its parents'."""
        parts: Parts = {}
        if not self._one_row_each(table):
            parts |= {name: Shown(table.name, name) for name in _names(table)}
        for number, (link, parent) in enumerate(self._parents(table, seen)):
            into = f"{_EVENT_CLASS}_{number}"
            classes, parts[into] = self._event_classes(parent, link, (*seen, table.name))
            key = {key_column(link.variable): "key"}
            rows = ops.left_join(rows, classes, key, {into: "class"})
        return rows, parts

    def _event_classes(
        self, parent: TableRecipe, link: EventLink, seen: tuple[str, ...]
    ) -> tuple[ops.Table, Legend]:
        """`key`, `class` of a parent's rows: what is known of that event."""
        rows, parts = self._as_events(parent, self._rows(parent), seen)
        numbered, legend = self._numbered(rows, parts, "class")
        key = numbered[key_column(link.parent_variable)]
        placed = ops.distinct(ops.project(numbered, {"key": key, "class": numbered["class"]}))
        return self._keep(placed), legend

    def _parents(
        self, table: TableRecipe, seen: tuple[str, ...]
    ) -> list[tuple[EventLink, TableRecipe]]:
        """Released tables with events that rows of `table` belong to, and of which much is known.

        A parent is also followed where only its own parents tell something. A circle ends where
        it began.
        """
        recipe = self.shaper.loaded.recipe
        by_name = {one.name: one for one in recipe.tables}
        found = []
        for link in recipe.event_links:
            if link.child != table.name or link.parent in (*seen, table.name):
                continue
            parent = by_name[link.parent]
            if self._one_row_each(parent):
                continue
            if parent.quasi or self._parents(parent, (*seen, table.name)):
                found.append((link, parent))
        return found

    # --- shared -----------------------------------------------------------------------------
    def _one_row_each(self, table: TableRecipe) -> bool:
        """Whether nobody has two rows in a table: then each row tells of the person."""
        if self.shaper.loaded.recipe.has_one_row_each(table.name):
            return True
        return self.shaper.narrow.has_one_row_each(table)

    def _rows(self, table: TableRecipe) -> ops.Table:
        """`WHO`, record keys, and the values of what is measured, before or after the forms."""
        learnt = table.sensitive if self.sensitive else ()
        key = (table.name, len(learnt))
        if key not in self._formed:
            items = (*table.quasi, *learnt)
            make = self.shaper.raw if self.exact else self.shaper.measured
            rows, columns = make(table, self.people, items)
            keys = [name for name in ops.columns(rows) if name.startswith(key_column(""))]
            shown = {WHO: rows[WHO], **{key: rows[key] for key in keys}, **columns}
            self._formed[key] = self._keep(ops.project(rows, shown))
        return self._formed[key]

    def _numbered(self, rows: ops.Table, parts: Parts, into: str) -> tuple[ops.Table, Legend]:
        """`rows` with the number of their class by the columns `parts`, and what it stands for."""
        once = ops.distinct(ops.select(rows, list(parts)))
        classes = self._keep(ops.derive(once, {into: ops.row_number()}))
        others = [name for name in ops.columns(rows) if name not in parts]
        joined = ops.inner_join_same(rows, classes, {name: name for name in parts}, {into: into})
        numbered = self._keep(ops.select(joined, [*others, into]))
        return numbered, Legend(classes, into, parts)

    def _keep(self, table: ops.Table) -> ops.Table:
        name = self.shaper.engine.fresh("view")
        self.kept.append(name)
        return self.shaper.engine.keep(name, table)


def _names(table: TableRecipe) -> list[str]:
    return [item.variable.name for item in table.quasi]


def _in_order(item: Wanted) -> bool:
    """Whether the order of an item's values means something; a number may be a code."""
    kinds = ("integer", "decimal", "date", "timestamp")
    plain = item.variable.type in kinds and item.variable.identifies not in CODE_SYSTEMS
    return plain and item.form.kind != "rollup"
