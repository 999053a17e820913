"""The intruder test before a release: attackers of several kinds look for people in it.

Made where the permit asks for it (`intruder_test`), of the release as it would be sealed. Targets
are drawn by the project's key. What each attacker knows of them is taken from the source, made
rough and partly wrong (`risk/intruder/attackers.yaml`), and shown in the release's forms, which
attackers know. Controls are people of the release whose own record is taken out: so nobody's data
are used who is not in the release anyway, least of all those of people who said no.

No match leaves this module: only totals do (S15). A test that cannot be made is a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.foundation.errors import Refused
from commonweal.papers.permit_rules import Wanted
from commonweal.vault.custody import Custody
from commonweal.vault.keys.codes import codes_of, numbers_from
from commonweal.vault.release.narrow import WEEKS, WHO
from commonweal.vault.release.prepare import Prepared
from commonweal.vault.release.progress import Progress
from commonweal.vault.release.recipe import TableRecipe
from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.attackers import Attackers, Knows, View, with_added
from commonweal.vault.risk.intruder.knowledge import believed, ranks
from commonweal.vault.risk.intruder.puzzle import NOBODY
from commonweal.vault.risk.intruder.setting import Believed, Shown, make_puzzle
from commonweal.vault.risk.intruder.testing import IntruderFigures, ViewFigures, look
from commonweal.vault.tables import ops

LEAST_PEOPLE = 100
"""With fewer people no interval is narrow enough to say anything."""
TARGETS = (1_000, 20_000)
"""The fewest and most people looked for, where there are as many."""
_FOR_A_BOUND = 8
"""So many targets, divided by the bound, let a release pass that gives nearly nobody away."""
ADDED = "attackers"
"""The folder of a home with views of the custodian's own."""
_LABEL = "intruder-test"
_HIDDEN = frozenset({"pseudonym", "record_code", "interval"})
_KNOWABLE = frozenset({"quasi_identifier", "direct_identifier"})


def tested(custody: Custody, prepared: Prepared, progress: Progress) -> Prepared:
    """`prepared` with the figures of the test, where the permit asks for one.

    Where forms were chosen it was made already, in each choice that was tried. Raises `Refused`
    CW-RELEASE-INTRUDER-TEST where it cannot be made, `Fault` CW-INTRUDER-VIEW.
    """
    if prepared.intruder is not None:
        return prepared
    return replace(prepared, intruder=intruders(custody, progress)(prepared))


def intruders(custody: Custody, progress: Progress) -> Callable[[Prepared], IntruderFigures | None]:
    """What tries an intruder in a prepared release, where its permit asks for that.

    Raises what `tested` raises.
    """

    def tried(prepared: Prepared) -> IntruderFigures | None:
        asked = prepared.inputs.permit.intruder_test
        if asked is None:
            return None
        progress("Testing the release as an intruder")
        attackers = with_added(added_views(custody))
        return _Test(prepared, asked.upper_bound).figures(attackers)

    return tried


def added_views(custody: Custody) -> list[Path]:
    """The custodian's own files of views, in order of their names."""
    folder = custody.home.path / ADDED
    return sorted(folder.glob("*.yaml")) if folder.is_dir() else []


def require_passed(prepared: Prepared) -> None:
    """Refuse a release in which attackers find too many. Raises `Refused` CW-INTRUDER-LIMIT."""
    figures, chosen = prepared.intruder, prepared.generalisation
    if figures is not None and not figures.passed:
        remedy = chosen.intruder_remedy if chosen is not None and chosen.caught else None
        raise Refused(
            "CW-INTRUDER-LIMIT", over_the_limit(figures), remedy=remedy or _remedy(figures)
        )


def over_the_limit(figures: IntruderFigures) -> str:
    """What is wrong, for the data manager."""
    view, one = figures.worst
    return (
        f"Intruder test: somebody who knows what {view.title} knows found {one.targets.right:,} of "
        f"{one.targets.tries:,} people. With 95 % confidence that is up to {figures.upper:.4f} of "
        f"all; the permit allows {figures.limit:.4f}."
    )


def _remedy(figures: IntruderFigures) -> str:
    _, one = figures.worst
    if not one.targets.right:
        return (
            "Nobody was found: with so few people to look for, no test can show less. A permit "
            "with a higher bound, or more people, is needed."
        )
    names = ", ".join(dict.fromkeys(figures.worst[0].details))
    return f"A coarser form of what this attacker knows makes it harder: {names}."


def _cannot(why: str) -> Refused:
    return Refused(
        "CW-RELEASE-INTRUDER-TEST",
        f"The permit asks for an intruder test, which cannot be made: {why}.",
        remedy="Nothing is released without it. Decide anew: a permit without `intruder_test`, or "
        "one whose data can be tested.",
    )


@dataclass(frozen=True)
class _Table:
    """A table as attackers meet it: `shown` of everybody, `true` of those who are asked about."""

    recipe: TableRecipe
    items: tuple[Wanted, ...]
    shown: dict[str, Shown]
    true: pa.Table
    targets: Ints


class _Test:
    def __init__(self, prepared: Prepared, limit: float) -> None:
        self.prepared, self.limit = prepared, limit
        self.engine, self.shaper = prepared.loaded.engine, prepared.shaper
        self.key = prepared.shaper.keys.project.subkey(_LABEL)
        self.seed = int.from_bytes(self.key.subkey("seed").use()[:6], "big")

    def figures(self, attackers: Attackers) -> IntruderFigures:
        """Every view tried. Raises `Refused` CW-RELEASE-INTRUDER-TEST."""
        order = self._drawn()
        people = len(order)
        if people < LEAST_PEOPLE:
            raise _cannot(f"{people} people would be released, and it needs {LEAST_PEOPLE}")
        each = min(people, max(TARGETS[0], int(_FOR_A_BOUND / max(self.limit, 1e-9))), TARGETS[1])
        # People are numbered by the draw: targets are the first, controls the last.
        asked = np.concatenate([np.arange(each), np.arange(people - each, people)])
        control = np.arange(2 * each) >= each
        hidden = np.where(control, asked, NOBODY)
        tables = self._tables(order, asked)
        tried, without = [], []
        for place, view in enumerate(attackers.views):
            details = self._details(view, tables, place)
            if not details:
                without.append(view.id)
                continue
            puzzle = make_puzzle(people, len(asked), details, hidden)
            names = tuple(shown.name for shown, _ in details)
            looked = look(puzzle, asked, control, self.seed)
            tried.append(ViewFigures(view.id, view.title, names, looked))
        if not tried:
            raise _cannot("no attacker knows any detail that the release shows")
        figures = IntruderFigures(
            self.limit, self.seed, attackers.version, tuple(tried), tuple(without)
        )
        if figures.tries < LEAST_PEOPLE:
            raise _cannot("there are too many different records to look through")
        return figures

    def _drawn(self) -> Ints:
        """The running numbers of the people to be released, in the order of a keyed draw."""
        found = self.engine.arrow(ops.select(self.prepared.released, ["person", "number"]))
        drawn = numbers_from(codes_of(self.key, found.column("person")))
        numbers = found.column("number").to_numpy()
        return np.asarray(numbers[np.lexsort((numbers, drawn))], dtype=np.int64)

    # --- what is shown, and what is true --------------------------------------------------
    def _tables(self, order: Ints, asked: Ints) -> list[_Table]:
        mine = pa.table({"number": pa.array(order[np.unique(asked)])})
        known = self.engine.load("cw__asked", mine, {"number": "integer"})
        whose = ops.semi_join(self.prepared.released, known, {"number": "number"})
        try:
            found = []
            for recipe in self.prepared.recipe.tables:
                items = tuple(item for item in recipe.items if _is_shown(item))
                if recipe.about_people and items:
                    found.append(self._table(recipe, items, order, asked, whose))
            return found
        finally:
            self.engine.forget("cw__asked")

    def _table(
        self,
        recipe: TableRecipe,
        items: tuple[Wanted, ...],
        order: Ints,
        asked: Ints,
        whose: ops.Table,
    ) -> _Table:
        everybody = self.prepared.released
        rows = self.shaper.recorded(recipe, everybody)
        shown, owners = self._by_person(self.shaper.shown(recipe, rows, items, everybody), order)
        weeks = self.prepared.inputs.permit.shift_weeks
        columns = {
            item.variable.name: Shown(
                item.name,
                owners,
                shown[item.variable.name].combine_chunks(),
                weeks if item.form.kind == "shift" else None,
            )
            for item in items
        }
        rows = self.shaper.recorded(recipe, whose)
        true = ops.select(rows, [WHO, *columns])
        exact, people = self._by_person(true, order)
        # Somebody may be asked about twice, as a target and as a control.
        places = [np.searchsorted(people, asked, side=side) for side in ("left", "right")]
        counts = places[1] - places[0]
        targets = np.repeat(np.arange(len(asked)), counts)
        before = np.cumsum(counts) - counts
        which = np.arange(len(targets)) - before[targets] + places[0][targets]
        return _Table(recipe, items, columns, exact.take(pa.array(which)), targets)

    def _by_person(self, table: ops.Table, order: Ints) -> tuple[pa.Table, Ints]:
        """Rows in the order of people and then of values, and each row's person."""
        found = self.engine.arrow(table)
        numbers = found[WHO].to_numpy()
        by_number = np.argsort(order)
        owners = by_number[np.searchsorted(order[by_number], numbers)]
        names = [name for name in found.column_names if name != WHO]
        found = found.set_column(found.column_names.index(WHO), WHO, pa.array(owners))
        # Attackers are told of rows by their place among a person's: the order must be one.
        found = found.sort_by([(WHO, "ascending"), *((name, "ascending") for name in names)])
        return found, np.asarray(found[WHO].to_numpy(), dtype=np.int64)

    # --- what an attacker believes --------------------------------------------------------
    def _details(
        self, view: View, tables: Sequence[_Table], place: int
    ) -> list[tuple[Shown, Believed]]:
        chance = np.random.default_rng([self.seed, place])
        found = []
        for table in tables:
            known = {item.variable.name: view.of(item.variable) for item in table.items}
            lines = {name: knows for name, knows in known.items() if knows is not None}
            if lines:
                found += self._believed(table, lines, chance)
        return found

    def _believed(
        self, table: _Table, lines: dict[str, Knows], chance: np.random.Generator
    ) -> list[tuple[Shown, Believed]]:
        rank = ranks(chance, table.targets)
        kept = np.flatnonzero(rank < max(knows.events for knows in lines.values()))
        targets, rank = table.targets[kept], rank[kept]
        true = table.true.take(pa.array(kept))
        columns: dict[str, pa.Array] = {}
        there: dict[str, Any] = {}
        for name, knows in lines.items():
            column, said = believed(chance, true[name].combine_chunks(), knows)
            columns[name], there[name] = column, said & (rank < knows.events)
        shown = self._shown(table, columns)
        return [
            (
                table.shown[name],
                Believed(targets, rank, shown[name].combine_chunks(), there[name],
                         knows.within_days),
            )
            for name, knows in lines.items()
        ]  # fmt: skip

    def _shown(self, table: _Table, columns: dict[str, pa.Array]) -> pa.Table:
        """Beliefs in the forms of the release, in the order in which they were given."""
        items = tuple(item for item in table.items if item.variable.name in columns)
        rows = len(next(iter(columns.values())))
        data = pa.table({WHO: pa.array(np.arange(rows)), WEEKS: pa.array(np.zeros(rows, np.int64)),
                         **columns})  # fmt: skip
        kinds = {item.variable.name: item.variable.type for item in items}
        name = "cw__believed"
        loaded = self.engine.load(name, data, {WHO: "integer", WEEKS: "integer", **kinds})
        try:
            whose = self.prepared.released
            found = self.engine.arrow(self.shaper.shown(table.recipe, loaded, items, whose))
        finally:
            self.engine.forget(name)
        return found.sort_by(WHO)


def _is_shown(item: Wanted) -> bool:
    """Whether others may know the variable, and the release shows something of it to compare."""
    return item.variable.role in _KNOWABLE and item.form.kind not in _HIDDEN
