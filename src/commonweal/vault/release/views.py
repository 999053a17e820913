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
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.measurable import Measurable
from commonweal.vault.release.narrow import WHO, key_column
from commonweal.vault.release.recipe import CODE_SYSTEMS, EventLink, TableRecipe
from commonweal.vault.risk import KnownPart, RiskView
from commonweal.vault.tables import ops

EVERYONE = "people"
"""The name under which people are measured where no released table is about people."""
STEADY_SHARE = 0.8
"""A column says something of the person where it is the same on all rows of this share of those
who have several."""
_PERSON_CLASS = "cw__static"
_EVENT_CLASS = "cw__event"


@contextlib.contextmanager
def measured_views(
    shaper: Measurable, people: ops.Table, *, exact: bool, sensitive: bool = True
) -> Iterator[list[RiskView]]:
    """The tables that are measured, kept in the engine for the block.

    `people`: those to be released (number, weeks). `exact`: the values before any form.
    `sensitive`: with the sensitive columns, which only l needs.
    """
    making = _Making(shaper, people, exact, sensitive)
    try:
        yield list(making.views())
    finally:
        for name in making.kept:
            shaper.engine.forget(name)


@dataclass
class _Making:
    shaper: Measurable
    people: ops.Table
    exact: bool
    sensitive: bool
    kept: list[str] = field(default_factory=list)
    _formed: dict[str, ops.Table] = field(default_factory=dict)
    _classes: dict[tuple[str, ...], ops.Table | None] = field(default_factory=dict)
    _parts: dict[tuple[str, ...], KnownPart] = field(default_factory=dict)
    _numbers: ops.Table = field(init=False)
    """The values and numbers of the classes that were numbered last."""

    def views(self) -> Iterator[RiskView]:
        tables = [one for one in self.shaper.loaded.recipe.tables if one.about_people]
        facts = self._facts(tables)
        found = [self._view(table, facts) for table in tables]
        if not found:
            everyone = self._keep(ops.project(self.people, {WHO: self.people["number"]}))
            found.append(RiskView(EVERYONE, everyone, (), (), WHO, by_person=True))
        yield from found

    def _view(self, table: TableRecipe, facts: dict[str, ops.Table]) -> RiskView:
        rows, own = self._as_events(table, self._rows(table), ())
        besides = facts
        if own:
            besides = {name: fact for name, fact in facts.items() if name != table.name}
        rows, of_person = self._with_person_class(rows, besides)
        learnt = [item.variable.name for item in table.sensitive] if self.sensitive else []
        key = tuple(sorted(besides))
        quasi = (*of_person, *own)
        wanted = ops.select(rows, [WHO, *quasi, *learnt])
        # Classes of events are counted in several passes, those of people in one.
        shown = self._keep(wanted) if own else wanted
        return RiskView(
            table.name, shown, quasi, tuple(learnt), WHO, by_person=not own,
            ordered=tuple(item.variable.name for item in table.sensitive if _in_order(item)),
            parts=(self._parts[key],) if of_person else (),
            labels=self._labels(table, own),
        )  # fmt: skip

    def _labels(self, table: TableRecipe, own: Sequence[str]) -> dict[str, str]:
        """What the columns that an event is known by are called for people."""
        parents = [parent.name for _, parent in self._parents(table, ())]
        found = {f"{_EVENT_CLASS}_{at}": f"{name}: the event" for at, name in enumerate(parents)}
        return {name: found.get(name, f"{table.name}.{name}") for name in own}

    # --- of the person ----------------------------------------------------------------------
    def _facts(self, tables: Sequence[TableRecipe]) -> dict[str, ops.Table]:
        """By table, what it tells of each person: `WHO`, once each, and columns."""
        telling = [table for table in tables if table.quasi]
        found: dict[str, ops.Table | None] = {}
        for table in telling:
            if self._one_row_each(table):
                found[table.name] = ops.select(self._rows(table), [WHO, *_names(table)])
            elif len(telling) > 1:
                found[table.name] = self._steady(table)
        return {name: fact for name, fact in found.items() if fact is not None}

    def _steady(self, table: TableRecipe) -> ops.Table | None:
        """`WHO` and the quasi-identifiers that are the same on all rows of nearly everyone."""
        rows, names = self._rows(table), _names(table)
        forms = tuple("exact" if self.exact else item.form.text for item in table.quasi)
        known, key = self.shaper.narrow.steady, (table.name, *forms)
        if key not in known:
            known[key] = self._found_steady(rows, names)
        steady = {name: ops.smallest(rows[name]) for name in known[key]}
        return self._keep(ops.group(rows, [WHO], steady)) if steady else None

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
        self, rows: ops.Table, facts: dict[str, ops.Table]
    ) -> tuple[ops.Table, list[str]]:
        """`rows` with the number of the class that the person is in by all `facts`."""
        key = tuple(sorted(facts))
        if key not in self._classes:
            self._classes[key] = self._person_classes(key, facts) if facts else None
        classes = self._classes[key]
        if classes is None:
            return rows, []
        joined = ops.left_join(rows, classes, {WHO: WHO}, {_PERSON_CLASS: "class"})
        return joined, [_PERSON_CLASS]

    def _person_classes(self, key: tuple[str, ...], facts: dict[str, ops.Table]) -> ops.Table:
        """`WHO`, `class`: people of whom the same is known have the same class."""
        known = ops.project(self.people, {WHO: self.people["number"]})
        names: list[str] = []
        called: dict[str, str] = {}
        for table, fact in facts.items():
            new = {
                f"known_{len(names) + place}": name
                for place, name in enumerate(name for name in ops.columns(fact) if name != WHO)
            }
            known = ops.left_join(known, fact, {WHO: WHO}, new)
            names += new
            called |= {into: f"{table}.{name}" for into, name in new.items()}
        found = self._numbered(known, names, "class")
        self._parts[key] = KnownPart(_PERSON_CLASS, "class", self._numbers, called)
        return found

    # --- of the event -----------------------------------------------------------------------
    def _as_events(
        self, table: TableRecipe, rows: ops.Table, seen: tuple[str, ...]
    ) -> tuple[ops.Table, list[str]]:
        """`rows` with what is known of each event, and its columns: its own and its parents'."""
        names = _names(table)
        if names and self._one_row_each(table):
            names = []
        for number, (link, parent) in enumerate(self._parents(table, seen)):
            into = f"{_EVENT_CLASS}_{number}"
            classes = self._event_classes(parent, link, (*seen, table.name))
            key = {key_column(link.variable): "key"}
            rows = ops.left_join(rows, classes, key, {into: "class"})
            names.append(into)
        return rows, names

    def _event_classes(
        self, parent: TableRecipe, link: EventLink, seen: tuple[str, ...]
    ) -> ops.Table:
        """`key`, `class` of a parent's rows: what is known of that event."""
        rows, names = self._as_events(parent, self._rows(parent), seen)
        numbered = self._numbered(rows, names, "class")
        key = numbered[key_column(link.parent_variable)]
        return self._keep(
            ops.distinct(ops.project(numbered, {"key": key, "class": numbered["class"]}))
        )

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
        if table.name not in self._formed:
            learnt = table.sensitive if self.sensitive else ()
            items = (*table.quasi, *learnt)
            make = self.shaper.raw if self.exact else self.shaper.measured
            rows, columns = make(table, self.people, items)
            keys = [name for name in ops.columns(rows) if name.startswith(key_column(""))]
            shown = {WHO: rows[WHO], **{key: rows[key] for key in keys}, **columns}
            self._formed[table.name] = self._keep(ops.project(rows, shown))
        return self._formed[table.name]

    def _numbered(self, rows: ops.Table, names: Sequence[str], into: str) -> ops.Table:
        """`rows` with the number of their class by the columns `names`."""
        once = ops.distinct(ops.select(rows, list(names)))
        classes = self._keep(ops.derive(once, {into: ops.row_number()}))
        self._numbers = classes
        others = [name for name in ops.columns(rows) if name not in names]
        joined = ops.inner_join_same(rows, classes, {name: name for name in names}, {into: into})
        return self._keep(ops.select(joined, [*others, into]))

    def _keep(self, table: ops.Table) -> ops.Table:
        name = f"view_{secrets.token_hex(6)}"
        self.kept.append(name)
        return self.shaper.engine.keep(name, table)


def _names(table: TableRecipe) -> list[str]:
    return [item.variable.name for item in table.quasi]


def _in_order(item: Wanted) -> bool:
    """Whether the order of an item's values means something; a number may be a code."""
    kinds = ("integer", "decimal", "date", "timestamp")
    plain = item.variable.type in kinds and item.variable.identifies not in CODE_SYSTEMS
    return plain and item.form.kind != "rollup"
