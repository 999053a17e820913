"""Analyses in the form of the audit: who is behind them, by each category that they name.

A model shows how many people it is fitted to, and more: fitted and true outcomes have the same sum
in each category, so whoever knows the terms of people has a table of sums. The audit compares the
people behind each category with those behind every other figure. A number of two values is a
category. A curve is a table of the people who left in each step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from commonweal.airlock.analysis.results import Model, Result, Survival
from commonweal.airlock.analysis.rows import Categories, Codes
from commonweal.airlock.analysis.survival import Merged, merged, step_of
from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.airlock.audit.manifest import Dimension
from commonweal.airlock.audit.people import Ids
from commonweal.airlock.audit.writing import NewTable, Published
from commonweal.airlock.figures import Marks, Numbers
from commonweal.airlock.meaning import dimension, known, narrowed, population, variable
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.proposing import audit_ids
from commonweal.airlock.recompute.schema import find
from commonweal.airlock.rounding import rounded, said_by
from commonweal.papers.output_request import Column, Grouping

_LONGEST_NAME = 56
_NO_COLUMN = 1


def analysis_tables(
    result: Result, audit_map: Path, release: OpenRelease, profile: RuleProfile
) -> tuple[NewTable, ...]:
    """The tables of the audit for an analysis. An analysis of nobody has none.

    `audit_map`: Parquet with `code` and `audit_id`, for everybody of the release (S3). Steps of
    curves are merged to the fewest people of `profile`, as they are published.
    Raises `Fault` CW-OUTPUT-RELEASE where it is not the map of these people.
    """
    if not len(result.behind.person):
        return ()
    writer = _Writer(result, audit_ids(result.behind.codes, audit_map), release)
    made = [writer.everybody(), *writer.groups()]
    if isinstance(result, Survival):
        made += writer.curves(result, profile)
    return tuple(made)


class _Writer:
    """One analysis at work. Tables are numbered as they are made."""

    def __init__(self, result: Result, ids: Ids, release: OpenRelease) -> None:
        self._result = result
        self._ids = ids
        self._release = release
        self._made = 0
        about = population(result.request, release)
        # Where every row has a value, that it has one sets nobody apart.
        for column in result.behind.lacking:
            about = narrowed(about, known(column, release))
        self._about = about

    def everybody(self) -> NewTable:
        """All people, whose number is shown."""
        nobody = np.zeros((len(self._result.behind.person), 0), np.int32)
        people = len(self._result.behind.members())
        return self._table("", self._about, (), [_cell(1, (), self._said(people))], None, nobody)

    def groups(self) -> Iterator[NewTable]:
        """People by each set of categories that is named: of a term, of an interaction's terms."""
        held = self._result.behind.categories
        for keys in self._named():
            categories = [held[key] for key in keys]
            at = np.stack([one.codes for one in categories], 1).astype(np.int32)
            places, counts = self._counted(at)
            cells = [_cell(row + 1, at_, self._said(counts[row])) for row, at_ in enumerate(places)]
            sides = tuple(self._side(key, one) for key, one in zip(keys, categories, strict=True))
            named = " and ".join(_column(key).name for key in keys)
            yield self._table(f"people by {named}", self._about, sides, cells, None, at)

    def curves(self, survival: Survival, profile: RuleProfile) -> Iterator[NewTable]:
        """People by the step in which they left a curve, and whether by an event."""
        request, held = survival.request, self._result.behind.categories
        for curve in survival.curves:
            shown = merged(curve.steps, profile.threshold)
            if shown is None:
                continue
            mine = np.ones(len(self._result.behind.person), np.bool_)
            about = self._about
            for grouping in request.by:
                categories = held[grouping]
                place = categories.names.index(curve.where[grouping.column.name])
                mine &= categories.codes == place
                about = narrowed(about, self._side(grouping, categories).categories[place])
            yield self._curve(survival, shown, about, mine)

    def _curve(self, survival: Survival, shown: Merged, about: Definition, mine: Marks) -> NewTable:
        request, steps = survival.request, shown.steps
        ends: Numbers = (steps.end * survival.width).astype(np.float64)
        shorter = shown.open_end or not shown.remaining
        edges, last = (ends[:-1], steps.end[:-1]) if shorter else (ends, steps.end)
        time, event = survival.times[mine], survival.events[mine]
        # A step runs from over one end up to the next, as what comes after its first moment.
        band = np.searchsorted(last, step_of(time, survival.width), side="left")
        at = np.stack([band, event], 1).astype(np.int32)
        cells = []
        for step in range(len(steps.end)):
            for number, counts in ((1, steps.events), (0, steps.censored)):
                says = self._said(int(counts[step]))
                cells.append(_cell(2 * step + 2 - number, (step, number), says))
        if len(edges) == len(ends):
            says = self._said(shown.remaining)
            cells.append(_cell(2 * len(steps.end) + 1, (len(steps.end), -1), says))
        sides = (self._times(request.time, edges), self._ended(request.event))
        return self._table("people by step", about, sides, cells, mine, at)

    def _times(self, column: Column, edges: Numbers) -> Dimension:
        """Steps as conditions on the time: up to each end, and after the last."""
        name = variable(find(column, self._release), column.table)
        after = [float(np.nextafter(edge, np.inf)) for edge in edges.tolist()]
        ends: list[float | None] = [None, *after, None]
        made = [
            Condition(variable=name, least=ends[place], below=ends[place + 1])
            for place in range(len(ends) - 1)
        ]
        return Dimension(variable=name, categories=tuple(made))

    def _ended(self, column: Column) -> Dimension:
        found = find(column, self._release)
        groups: list[object] = [False, True] if found.type == "boolean" else [0, 1]
        return dimension(Grouping(column=column), groups, self._release)

    def _counted(self, at: npt.NDArray[np.int32]) -> tuple[list[tuple[int, ...]], list[int]]:
        """The cells that somebody is in, and how many different people."""
        places, cell = np.unique(at, axis=0, return_inverse=True)
        pairs = np.unique(np.stack([cell.reshape(-1), self._result.behind.person], 1), axis=0)
        counts = np.bincount(pairs[:, 0], minlength=len(places))
        return [tuple(place) for place in places.tolist()], counts.tolist()

    def _named(self) -> Iterator[tuple[Column | Grouping, ...]]:
        held = self._result.behind.categories
        yield from ((key,) for key in held)
        if isinstance(self._result, Model):
            request = self._result.request
            pairs = [(one.first, one.second) for one in request.interactions]
            if request.family == "logistic":
                # Fitted shares add up to the true number of events in each category.
                pairs += [(term.column, request.outcome) for term in request.terms]
            yield from (pair for pair in pairs if all(one in held for one in pair))
        elif isinstance(self._result, Survival) and len(held) > 1:
            yield tuple(held)

    def _side(self, key: Column | Grouping, categories: Categories) -> Dimension:
        grouping = key if isinstance(key, Grouping) else Grouping(column=key)
        groups = categories.groups
        if find(grouping.column, self._release).type == "boolean":
            groups = tuple(bool(one) for one in groups)  # as numbers they are 0 and 1
        return dimension(grouping, groups, self._release)

    def _said(self, count: int) -> tuple[int, int | None]:
        how = self._result.request.rounding
        return said_by(int(rounded(np.array([float(count)]), how)[0]), how)

    def _table(
        self,
        words: str,
        about: Definition,
        sides: tuple[Dimension, ...],
        cells: Sequence[Published],
        rows: Marks | None,
        at: npt.NDArray[np.int32],
    ) -> NewTable:
        request, number = self._result.request, self._made
        self._made += 1
        person: Codes = self._result.behind.person
        return NewTable(
            name=request.name[:_LONGEST_NAME] + (f".{number}" if number else ""),
            title=f"{request.title[:400]}: {words}"[:500] if words else request.title,
            snapshot=self._release.snapshot,
            population=about,
            dimensions=sides,
            cells=tuple(cells),
            ids=self._ids[person if rows is None else person[rows]],
            at=at,
        )


def _cell(row: int, at: tuple[int, ...], says: tuple[int, int | None]) -> Published:
    return Published(row, _NO_COLUMN, at, says[0], says[1])


def _column(key: Column | Grouping) -> Column:
    return key.column if isinstance(key, Grouping) else key
