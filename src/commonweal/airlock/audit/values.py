"""What two published sums give away by subtraction: the values of those by whom they differ.

Two cells may differ by people enough, of whom one has nearly all of what the sums differ by; or by
nobody at all, where one person's value was put right between two snapshots. So each pair of cells
of which one lies in the other, or that are nearly the same people, is held against the rules that
hold for one sum: enough people with another contribution, and none, nor two, with nearly all of it.

A difference is never more than its parts are: where the published sums are far apart beside the
largest contribution to either, no one person makes it up. Pairs are screened by that, for whole
tables at once; what is left is worked out person by person, while there is time.

Sums are compared of one column, and of a column of a study's own with every other: who wrote its
code may have made it like another but for one person, whatever it is called. Two that have nothing
to do with one another differ by what many people add, and nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from commonweal.airlock.audit.certificates import Remaining
from commonweal.airlock.audit.findings import Finding, Term, Verdict, term
from commonweal.airlock.audit.meanings import Meanings, is_own, of_own_making
from commonweal.airlock.audit.pairs import Overlap
from commonweal.airlock.audit.places import cells_at, ranges
from commonweal.airlock.audit.tables import Amounts, AuditTable, Small, Whole
from commonweal.airlock.profile import RuleProfile

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MOST_SHOWN = 200
"""Findings told of one pair of tables; the rest is counted."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Dominance:
    """A sum fails where its `n` largest contributors make up a share of `k` or more, or where all
    but the two largest contribute less than the share `p` of what the largest does."""

    n: int = 2
    k: float = 0.9
    p: float = 0.1

    @classmethod
    def of(cls, profile: RuleProfile) -> Dominance:
        """The limits that a profile has for one sum."""
        return cls(profile.nk.n, profile.nk.k, profile.p_percent)

    def plain(self) -> dict[str, float]:
        """The limits as plain JSON values."""
        return {"n": self.n, "k": self.k, "p": self.p}


DEFAULT = Dominance()


@dataclass(frozen=True)
class Differences:
    """What the sums of two tables give away. `more`: findings beyond those told; `missed`: pairs of
    cells that were not reached in time."""

    findings: tuple[Finding, ...]
    more: int
    worst_more: Verdict
    missed: int


@dataclass(frozen=True, eq=False)
class Sums:
    """A published column of sums, cell by cell. `total`: of each cell; `largest`: at least what any
    one person adds to it; `shown`: whether it was published; `starts`: in `order`, the entries of
    each spot; `spots` from `begin`: those of each cell."""

    amounts: Amounts
    total: Numbers
    largest: Numbers
    shown: Flags
    order: Whole
    starts: Whole
    spots: Whole
    begin: Whole
    negative: bool

    @classmethod
    def of(cls, table: AuditTable, amounts: Amounts) -> Sums:
        """The sums of a table."""
        widths = [len(one.categories) for one in table.paper.dimensions]
        spots, spot = np.unique(amounts.spot, return_inverse=True)
        spot = spot.ravel()
        at = (
            np.stack(np.unravel_index(spots, widths), 1)
            if widths
            else np.zeros((len(spots), 0), np.int64)
        )
        lengths, cells = cells_at(table.cells.at, at, widths)
        owner = np.repeat(np.arange(len(spots)), lengths)
        size = len(table.cells)
        by_cell = np.lexsort((owner, cells))
        begin = np.searchsorted(cells[by_cell], np.arange(size + 1))
        person = np.bincount(amounts.person, weights=np.abs(amounts.amount))
        of_spot = np.zeros(len(spots))
        np.maximum.at(of_spot, spot, person[amounts.person] if len(person) else of_spot[:0])
        largest = np.zeros(size)
        np.maximum.at(largest, cells, of_spot[owner])
        each = np.bincount(spot, weights=amounts.amount, minlength=len(spots))
        shown = np.ones(size, np.bool_)
        shown[list(amounts.paper.hidden)] = False
        order = np.argsort(spot, kind="stable")
        total: Numbers = np.bincount(cells, weights=each[owner], minlength=size).astype(np.float64)
        return cls(
            amounts,
            total,
            largest,
            shown,
            order,
            np.searchsorted(spot[order], np.arange(len(spots) + 1)),
            owner[by_cell],
            begin,
            bool(np.any(amounts.amount < 0)),
        )

    def entries(self, cell: int) -> Whole:
        """The entries of a cell."""
        spots = self.spots[self.begin[cell] : self.begin[cell + 1]]
        starts = self.starts[spots]
        return self.order[ranges(starts, self.starts[spots + 1] - starts)]


_made: WeakKeyDictionary[AuditTable, tuple[Sums, ...]] = WeakKeyDictionary()
"""The sums of each table, as long as somebody has it."""


def _sums(table: AuditTable) -> tuple[Sums, ...]:
    if table not in _made:
        _made[table] = tuple(Sums.of(table, one) for one in table.amounts)
    return _made[table]


def differences(
    overlap: Overlap,
    where: Small,
    threshold: int,
    dominance: Dominance,
    remaining: Remaining,
) -> Differences:
    """What the sums of a new table give away with those of an earlier one, or its own.

    `where`: the place of each of the new output's people among the earlier output's, or -1.
    """
    findings: list[Finding] = []
    missed = 0
    for place, mine in enumerate(_sums(overlap.new)):
        for at, other in enumerate(_sums(overlap.earlier)):
            columns = mine.amounts.paper.of, other.amounts.paper.of
            if columns[0] != columns[1] and not any(is_own(one) for one in columns):
                continue
            pairs = _screened(overlap, (mine, place), (other, at), threshold, dominance)
            for number, (first, second, defined) in enumerate(pairs):
                if remaining() <= 0:
                    missed += len(pairs) - number
                    break
                apart = _apart(mine, other, (first, second), where)
                given = _given_away(apart, threshold, dominance)
                if given is None:
                    continue
                sums = (overlap.new, mine, first), (overlap.earlier, other, second)
                findings.append(_finding(*sums, apart, given, defined=defined))
    # Of fewer people than the threshold the counts tell as well: those come last.
    findings.sort(key=lambda one: (one.verdict != "fail", (one.people or 0) < threshold))
    left = [one.verdict for one in findings[MOST_SHOWN:]]
    return Differences(
        tuple(findings[:MOST_SHOWN]), len(left), "fail" if "fail" in left else "review", missed
    )


def _screened(
    overlap: Overlap,
    one: tuple[Sums, int],
    another: tuple[Sums, int],
    threshold: int,
    dominance: Dominance,
) -> list[tuple[int, int, bool]]:
    """(cell, cell of the other, whether a reader may know which lies in which) of each pair whose
    difference a few may make up; the smallest first. `one`, `another`: sums and their place among
    those of their table."""
    (mine, place_of_mine), (other, place_of_other) = one, another
    first, second = overlap.first, overlap.second
    same = overlap.new is overlap.earlier
    # A share k of the n largest, all but two under p of the largest, or fewer than t: in each case
    # the whole is at most so many times the largest.
    times = max(dominance.n / dominance.k, 2 + dominance.p, threshold)
    times *= 2 if mine.negative or other.negative else 1
    most = np.maximum(mine.largest[first], other.largest[second])
    far = np.abs(mine.total[first] - other.total[second])
    kept = mine.shown[first] & other.shown[second] & (far <= times * most * (1 + _ROUNDING))
    kept &= most > 0
    if same:
        # Each pair once, and no figure with itself; two columns of one cell are a pair.
        kept &= (first < second) | ((first == second) & (place_of_mine < place_of_other))
    place = np.flatnonzero(kept)
    first, second = first[place], second[place]
    left, right = overlap.left[place], overlap.right[place]
    meanings = Meanings.of(overlap.new), Meanings.of(overlap.earlier)
    inside = meanings[0].imply(first, meanings[1], second)
    around = meanings[1].imply(second, meanings[0], first)
    near = (left < threshold) & (right < threshold)
    told = (left == 0) | (right == 0) | near | inside | around
    defined = inside | around
    if of_own_making(overlap.new) or of_own_making(overlap.earlier):
        # As with counts: what a study's own column does no definition says, and its author knows.
        defined |= (left == 0) | (right == 0)
    order = np.flatnonzero(told)
    order = order[np.argsort(overlap.new.sizes[first[order]], kind="stable")]
    return [(int(first[n]), int(second[n]), bool(defined[n])) for n in order]


@dataclass(frozen=True)
class _Apart:
    """A difference of two sums: how many people contribute to it, and what the two largest and all
    of them do, by size."""

    people: int
    total: float
    largest: float
    second: float


def _apart(mine: Sums, other: Sums, cells: tuple[int, int], where: Small) -> _Apart:
    """Who contributes what to the difference of two cells' sums."""
    one, two = mine.entries(cells[0]), other.entries(cells[1])
    person = mine.amounts.person[one]
    place = where[person].astype(np.int64)
    # Who is not among the earlier output's people gets a number of their own, below nothing.
    who = np.concatenate([np.where(place >= 0, place, -1 - person), other.amounts.person[two]])
    added = np.concatenate([mine.amounts.amount[one], -other.amounts.amount[two]])
    _, number = np.unique(who, return_inverse=True)
    size = np.abs(np.bincount(number.ravel(), weights=added))
    most = np.max(np.abs(added), initial=0.0)
    size = size[size > _ROUNDING * most]
    top = np.sort(np.partition(size, max(0, len(size) - 2))[-2:]) if len(size) else size
    return _Apart(
        len(size),
        float(size.sum()),
        float(top[-1]) if len(top) else 0.0,
        float(top[-2]) if len(top) > 1 else 0.0,
    )


def _given_away(apart: _Apart, threshold: int, dominance: Dominance) -> float | None:
    """The share of the difference that its largest contributors have, where that, or their number,
    breaks a rule; else None."""
    if not apart.people:
        return None
    top = apart.largest + (apart.second if dominance.n == 2 else 0.0)
    others = apart.total - apart.largest - apart.second
    broken = (
        apart.people < threshold
        or top >= dominance.k * apart.total
        or others < dominance.p * apart.largest
    )
    return apart.largest / apart.total if broken else None


def _finding(
    mine: tuple[AuditTable, Sums, int],
    other: tuple[AuditTable, Sums, int],
    apart: _Apart,
    share: float,
    *,
    defined: bool,
) -> Finding:
    """The larger sum minus the smaller one, and of whom the difference is."""
    larger, smaller = sorted(
        (mine, other), key=lambda one: float(one[1].total[one[2]]), reverse=True
    )
    exact = all(one[1].amounts.paper.measure == "sum" or _counted(one) for one in (mine, other))
    signed = mine[1].negative or other[1].negative
    verdict: Verdict = "fail" if defined and exact and not signed else "review"
    figures = [float(one[1].total[one[2]]) for one in (larger, smaller)]
    columns = dict.fromkeys(one[1].amounts.paper.of for one in (larger, smaller))
    said = (
        f"the sums of {' and of '.join(columns)} behind them, {figures[0]:,.2f} and "
        f"{figures[1]:,.2f}, differ by {figures[0] - figures[1]:,.2f}, to which {apart.people} "
        f"{'person contributes' if apart.people == 1 else 'people contribute'} "
        f"and one of them {share:.0%}"
    )
    terms = tuple(_terms(larger, smaller))
    return Finding(
        "CW-AUDIT-VALUE", verdict, terms, apart.people, apart.people, apart.people, said=said
    )


def _counted(one: tuple[AuditTable, Sums, int]) -> bool:
    """Whether the number beside a mean is published, so that its sum follows."""
    return bool(one[0].cells.exact[one[2]])


def _terms(
    larger: tuple[AuditTable, Sums, int], smaller: tuple[AuditTable, Sums, int]
) -> Iterator[Term]:
    for times, (table, sums, cell) in ((1, larger), (-1, smaller)):
        yield term(table, cell, times, column=sums.amounts.paper.column)
