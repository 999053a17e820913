"""What the airlock does to a table so that it may leave: hiding cells, and merging groups.

Both are done to the recomputed table and judged again afterwards; both are said in the published
table. Hidden cells are those that fail a rule, cells with fewer people than the threshold, nobody
included, and under totals as many others as an attack on the published table asks for. What can
still be known of a hidden cell goes into the audit as an interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from commonweal.airlock.figures import Counts, Marks, Numbers, Table
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.laying import Laid, label
from commonweal.airlock.recompute.measuring import Counter
from commonweal.airlock.rules.judging import failing
from commonweal.airlock.suppression import refused, suppress
from commonweal.airlock.suppression_sums import Summed, share_of, suppress_sums
from commonweal.foundation.errors import Refused
from commonweal.papers.output_request import OutputRequest

Moves = tuple[tuple[int, ...], ...]
"""For each side of a table, the new place of each of its groups."""


# --- hiding cells ---------------------------------------------------------------------------------


def suppressed(table: Table, profile: RuleProfile) -> Table:
    """The table with its failing cells hidden, in every figure.

    Raises `Refused` CW-OUTPUT-SUPPRESS where totals would give them away whatever is hidden.
    """
    small = failing(table, profile) | few(table, profile)
    if not small.any():
        return table
    least, most = np.zeros(table.shape), np.full(table.shape, np.inf)
    hidden = small
    if any(axis.total for axis in table.axes):
        hidden, least, most = _under_totals(table, small, profile)
    elif _only_few(table, small, profile):
        most = np.where(small, float(profile.threshold - 1), most)
    said = f"cells of fewer than {profile.threshold} people or too few contributors are hidden"
    if (hidden & ~small).any():
        said += ", and others that would give them away"
    series = tuple(replace(one, hidden=hidden) for one in table.series)
    protected = (*table.protected, said)
    return replace(table, series=series, protected=protected, least=least, most=most)


def _under_totals(
    table: Table, small: Marks, profile: RuleProfile
) -> tuple[Marks, Numbers, Numbers]:
    """(hidden cells, least and most people in each) of a table with totals: an attack on each kind
    of figure that it shows, until neither the people nor the sums of a cell follow."""
    least, most = np.zeros(table.shape), np.full(table.shape, np.inf)
    sums, hidden = _summed(table), small
    while True:
        before = int(hidden.sum())
        if any(one.kind == "people" for one in table.series):
            found = suppress(_people(table), table.axes, small, profile.threshold, hidden)
            hidden, least, most = found.marks, found.least, found.most
        if sums:
            hidden = suppress_sums(sums, table.axes, small, hidden, share_of(profile))
        if int(hidden.sum()) == before:
            return hidden, least, most


def _summed(table: Table) -> tuple[Summed, ...]:
    """The sums that figures of a table tell, each column once.

    The request's own rule: under totals there are people, sums and means only.
    """
    found: dict[object, Summed] = {}
    for one in table.series:
        if one.kind == "people":
            continue
        amounts = one.evidence.amounts if one.evidence is not None else None
        if one.kind not in ("sum", "mean") or amounts is None or one.evidence is None:
            raise refused(
                "Under totals, cells are hidden in counts of people, sums and means only."
            )
        if amounts.negative.any():
            raise refused("Somebody's values are below nothing, so hidden sums have no bounds.")
        if not np.all(np.isfinite(amounts.total)):
            raise refused("Sums are larger than numbers can hold.")
        found[one.column] = Summed(amounts.total, one.evidence.people)
    return tuple(found.values())


def few(table: Table, profile: RuleProfile) -> Marks:
    """Cells where fewer people than the threshold, or nobody, are behind a figure."""
    marks = np.zeros(table.shape, np.bool_)
    for people in _behind(table):
        marks |= people < profile.threshold
    return marks


def _behind(table: Table) -> Iterator[Counts]:
    for one in table.series:
        if one.evidence is not None:
            yield one.evidence.people
        if one.parts is not None:
            yield one.parts.numerator.people
            yield one.parts.denominator.people


def _people(table: Table) -> Counts:
    evidence = table.series[0].evidence
    if evidence is None:
        raise Refused("CW-OUTPUT-SUPPRESS", "Nobody knows who is behind the cells of this table.")
    return evidence.people


def _only_few(table: Table, small: Marks, profile: RuleProfile) -> bool:
    """Whether a hidden cell says that fewer people than the threshold are in it, as all have."""
    return all(bool(np.all(people[small] < profile.threshold)) for people in _behind(table))


# --- merging groups -------------------------------------------------------------------------------


@dataclass
class _Side:
    """One side at work: groups as runs of the old ones, in order. `ordered`: may be merged."""

    runs: list[tuple[int, ...]]
    ordered: bool

    def moves(self) -> tuple[int, ...]:
        found = {old: new for new, run in enumerate(self.runs) for old in run}
        return tuple(found[old] for old in range(len(found)))


def merging(request: OutputRequest, laid: Laid, profile: RuleProfile) -> Moves:
    """Which neighbouring groups to put together so that no cell has too few people, or nobody.

    The smallest number of steps is not looked for: each step merges the two neighbours that leave
    the fewest small cells. A group without a value, and a side without an order, stay as they are,
    and so does a table of nobody.
    Raises `Refused` CW-OUTPUT-MERGE where no side has an order, or cells stay small.
    """
    sides = [
        _Side([(place,) for place in range(len(groups))], _ordered(groups))
        for groups in laid.groups
    ]
    if not len(laid.person):
        return _moves(sides)  # nobody is there, however groups are put together: for the rules
    if not any(side.ordered for side in sides):
        raise Refused(
            "CW-OUTPUT-MERGE",
            "No side of this table has neighbouring groups: bands, whole numbers or dates.",
        )
    while True:
        people = Counter(moved(request, laid, _moves(sides))).rows().people
        if not (people < profile.threshold).any():
            return _moves(sides)
        step = _best(sides, laid, people, profile)
        if step is None:
            raise Refused(
                "CW-OUTPUT-MERGE", "Cells stay too small, whatever neighbouring groups are merged."
            )
        side, place = step
        runs = sides[side].runs
        runs[place : place + 2] = [(*runs[place], *runs[place + 1])]


def moved(request: OutputRequest, laid: Laid, moves: Moves) -> Laid:
    """The rows with their groups put together."""
    axes, groups, places = [], [], []
    for grouping, axis, before, place, move in zip(
        request.by, laid.axes, laid.groups, laid.places, moves, strict=True
    ):
        runs: list[list[object]] = [[] for _ in range(max(move, default=-1) + 1)]
        for old, new in enumerate(move):
            runs[new].append(before[old])
        together = tuple(run[0] if len(run) == 1 else tuple(run) for run in runs)
        axes.append(replace(axis, labels=tuple(label(one, grouping) for one in together)))
        groups.append(together)
        places.append(np.array(move, np.int32)[place])
    return replace(laid, axes=tuple(axes), groups=tuple(groups), places=tuple(places))


def merged_words(moves: Moves) -> tuple[str, ...]:
    """What is said in the published table."""
    any_ = any(len(set(move)) < len(move) for move in moves)
    return ("neighbouring groups with too few people were put together",) if any_ else ()


def _ordered(groups: Sequence[object]) -> bool:
    known = [one for one in groups if one is not None]
    return len(known) > 1 and all(
        isinstance(one, int | date) and not isinstance(one, bool) for one in known
    )


def _moves(sides: Sequence[_Side]) -> Moves:
    return tuple(side.moves() for side in sides)


def _best(
    sides: Sequence[_Side], laid: Laid, people: Counts, profile: RuleProfile
) -> tuple[int, int] | None:
    """(side, first of two neighbours) whose merging leaves the fewest small cells.

    Reckoned with sums, which people in both groups make too large; what comes out is counted anew.
    """
    best: tuple[int, int, int, int] | None = None
    for number, side in enumerate(sides):
        last = len(side.runs) - (laid.groups[number][-1] is None)
        for place in range(last - 1) if side.ordered else ():
            first, second = (np.take(people, at, axis=number) for at in (place, place + 1))
            before = int((first < profile.threshold).sum() + (second < profile.threshold).sum())
            if not before:
                continue
            gain = before - int((first + second < profile.threshold).sum())
            found = (-gain, int((first + second).sum()), number, place)
            best = found if best is None else min(best, found)
    return None if best is None else (best[2], best[3])
