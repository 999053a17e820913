"""Pairwise differencing: each published cell and total of a new table against each earlier one.

Where one cell lies in another, the difference of their figures is the size of a group. Cells that
merely overlap tell nothing by themselves, so `|A| - |A and B|` is looked at only where it, or its
mirror, is nobody. From people to pairs it is one count over parts of both tables, then two sparse
products; the cost is linear in the number of earlier tables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from commonweal.airlock.audit.findings import Finding, Term, Verdict, term
from commonweal.airlock.audit.meanings import Flags, Meanings, Places, of_own_making
from commonweal.airlock.audit.tables import AuditTable, Matrix, Small, Whole

_BINS = 4_000_000
"""Up to so many pairs of parts are counted in one array; above it they are sorted."""
MOST_SHOWN = 500
"""Findings told of one pair of tables; the rest is counted."""
_VERDICTS: tuple[Verdict, ...] = ("pass", "review", "fail")
_PASS, _REVIEW, _FAIL = range(3)
_UNKNOWN = 10**15
"""Stands for no limit on the number of people."""
MOST_BY_DEFINITION = 30_000_000
"""Pairs of cells compared by definition alone, where no people are known."""


@dataclass(frozen=True)
class Compared:
    """What two tables give away together. `more`: findings beyond those told, by verdict."""

    findings: tuple[Finding, ...]
    more: int
    worst_more: Verdict
    examined: bool = True


@dataclass(frozen=True, eq=False)
class Overlap:
    """All pairs of a cell of `new` and one of `earlier` that share people: their places, and how
    many people are in one of the two only."""

    new: AuditTable
    earlier: AuditTable
    first: Places
    second: Places
    left: Whole
    right: Whole


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of cells that may give something away: places, and remainders on either side."""

    first: Places
    second: Places
    left: Whole
    right: Whole
    """Remainders -1 where people are not known."""


def joint(first: Small, second: Small, shape: tuple[int, int]) -> Matrix:
    """How many people are in each pair of parts, from the parts of the same people (-1: none)."""
    both = (first >= 0) & (second >= 0)
    width = max(1, shape[1])
    keys = first[both].astype(np.int64) * width + second[both]
    if shape[0] * width <= _BINS:
        counts = np.bincount(keys, minlength=shape[0] * width)
        found = np.flatnonzero(counts)
        counts = counts[found]
    else:
        found, counts = np.unique(keys, return_counts=True)
    places = (found // width, found % width)
    # Of a table that nobody is in there is no part: no column, so that it fits that table.
    return sparse.csr_matrix((counts.astype(np.int64), places), shape=shape)


def overlap_of(new: AuditTable, earlier: AuditTable, part_of: Small) -> Overlap:
    """Which cells share people. `part_of`: the earlier table's part of each of the new output's
    people."""
    shape = (new.paper.parts, earlier.paper.parts)
    shared = new.cells.matrix @ joint(new.part_of, part_of, shape)
    pairs = (shared @ earlier.cells.matrix.T).tocoo()
    first, second = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    left, right = new.sizes[first] - pairs.data, earlier.sizes[second] - pairs.data
    return Overlap(new, earlier, first, second, left, right)


def compare(
    new: AuditTable, earlier: AuditTable, overlap: Overlap | None, threshold: int
) -> Compared:
    """The findings of a new table against an earlier one, or against itself.

    `overlap`: of the two; None where it is not known who is in one, so that pairs are found by
    definitions alone.
    """
    meanings = Meanings.of(new), Meanings.of(earlier)
    pairs = (
        _by_definition(new, earlier, meanings)
        if overlap is None
        else _by_people(overlap, threshold)
    )
    if pairs is None:
        return Compared((), 0, "pass", examined=False)
    return _told(new, earlier, pairs, meanings, threshold)


def _by_people(overlap: Overlap, threshold: int) -> _Pairs:
    first, second, left, right = overlap.first, overlap.second, overlap.left, overlap.right
    kept = (left < threshold) & (right < threshold)
    if overlap.new is overlap.earlier:
        # A cell with itself, each pair once, and rows that are their total: the table's own rules.
        kept &= (first < second) & ((left > 0) | (right > 0))
    return _Pairs(first[kept], second[kept], left[kept], right[kept])


def _by_definition(
    new: AuditTable, earlier: AuditTable, meanings: tuple[Meanings, Meanings]
) -> _Pairs | None:
    counts = len(new.cells), len(earlier.cells)
    if counts[0] * counts[1] > MOST_BY_DEFINITION:
        return None
    grid = np.indices(counts).reshape(2, -1)
    mine, other = meanings
    kept = mine.imply(grid[0], other, grid[1]) | other.imply(grid[1], mine, grid[0])
    none = np.full(int(kept.sum()), -1, np.int64)
    return _Pairs(grid[0][kept], grid[1][kept], none, none)


def _told(
    new: AuditTable,
    earlier: AuditTable,
    pairs: _Pairs,
    meanings: tuple[Meanings, Meanings],
    threshold: int,
) -> Compared:
    mine, other = meanings
    inside = mine.imply(pairs.first, other, pairs.second)
    around = other.imply(pairs.second, mine, pairs.first)
    known = pairs.left >= 0
    alike = inside & around  # the same definition
    known = pairs.left >= 0
    # Which cell lies in which: as people are, else as the definitions say.
    new_in = np.where(known, pairs.left == 0, inside)
    earlier_in = np.where(known, pairs.right == 0, around)
    nobody = known & new_in & earlier_in
    by_definition = (new_in & inside) | (earlier_in & around)
    if of_own_making(new) or of_own_making(earlier):
        # A definition cannot say what a study's own column does; who wrote its code may know.
        by_definition |= known & (new_in | earlier_in)
    near = ~new_in & ~earlier_in
    smaller_new = new_in & ~(earlier_in & around) | (~known & alike & _lower(new, earlier, pairs))
    low, high = _difference(new, earlier, pairs, smaller_new)
    # The same people, and no definition says which cell lies in which: either may.
    other_low, other_high = _difference(new, earlier, pairs, ~smaller_new)
    either = nobody & ~inside & ~around
    low = np.where(either, np.maximum(low, other_low), low)
    high = np.where(either, np.maximum(high, other_high), high)
    # A publication's cell that should lie in another and says more than it: the source changed in
    # between, so the difference is no group's size.
    near |= ~known & (high < 0)
    # The same definition and people, or the same figure: nothing new is said.
    dropped = alike & (nobody | (~known & _equal(new, earlier, pairs)))
    verdicts = _verdicts(low, high, threshold, near)
    verdicts[(verdicts == _FAIL) & ~by_definition] = _REVIEW
    told = np.flatnonzero(~dropped & (verdicts != _PASS))
    findings: list[Finding] = []
    for place in told[:MOST_SHOWN].tolist():
        code = _code(bool(near[place]), bool(nobody[place]))
        said = (int(low[place]), int(high[place]))
        terms = _terms(new, earlier, pairs, place, bool(smaller_new[place]))
        verdict = _VERDICTS[verdicts[place]]
        findings.append(_finding(code, verdict, terms, said, _people(pairs, place)))
    more = verdicts[told[MOST_SHOWN:]]
    return Compared(tuple(findings), len(more), "fail" if np.any(more == _FAIL) else "review")


def _difference(
    new: AuditTable, earlier: AuditTable, pairs: _Pairs, smaller_new: Flags
) -> tuple[Whole, Whole]:
    """What a reader knows of the larger cell's figure minus the smaller one's."""
    ends = [
        (table.cells.low[where], table.cells.high[where])
        for table, where in ((new, pairs.first), (earlier, pairs.second))
    ]
    (new_low, new_high), (old_low, old_high) = ends
    low = np.where(smaller_new, old_low - new_high, new_low - old_high)
    high = np.where(smaller_new, old_high - new_low, new_high - old_low)
    larger = np.where(smaller_new, old_high, new_high)
    smaller = np.where(smaller_new, new_high, old_high)
    low = np.where(smaller < 0, -_UNKNOWN, low)
    return low, np.where(larger < 0, _UNKNOWN, high)


def _lower(new: AuditTable, earlier: AuditTable, pairs: _Pairs) -> Flags:
    return np.less(new.cells.low[pairs.first], earlier.cells.low[pairs.second])


def _equal(new: AuditTable, earlier: AuditTable, pairs: _Pairs) -> Flags:
    low = np.equal(new.cells.low[pairs.first], earlier.cells.low[pairs.second])
    return low & np.equal(new.cells.high[pairs.first], earlier.cells.high[pairs.second])


def _verdicts(low: Whole, high: Whole, threshold: int, near: Flags) -> Small:
    """`given_away` of every difference; and where neither cell lies in the other (`near`), the sum
    is no group's size, but a reader who knows who came can tell who went."""
    few = high - low + 1 < threshold
    far = (low >= threshold) | (high <= -threshold)
    least = np.maximum(low, 0)
    within = high < threshold
    hidden = (least == 0) & (high == threshold - 1)
    narrow = ~within & (high - least + 1 < threshold)
    given = np.where(within & ~hidden, _FAIL, np.where(narrow, _REVIEW, _PASS))
    given[least >= threshold] = _PASS
    return np.where(near, np.where(few & ~far, _REVIEW, _PASS), given).astype(np.int32)


def _code(near: bool, nobody: bool) -> str:
    if near:
        return "CW-AUDIT-NEAR"
    return "CW-AUDIT-SAME" if nobody else "CW-AUDIT-DIFFERENCE"


def _terms(
    new: AuditTable, earlier: AuditTable, pairs: _Pairs, place: int, new_is_smaller: bool
) -> tuple[Term, ...]:
    """The larger figure minus the smaller one."""
    mine = term(new, int(pairs.first[place]), -1 if new_is_smaller else 1)
    other = term(earlier, int(pairs.second[place]), 1 if new_is_smaller else -1)
    return (other, mine) if new_is_smaller else (mine, other)


def _people(pairs: _Pairs, place: int) -> int | None:
    size = int(max(pairs.left[place], pairs.right[place]))
    return None if size < 0 else size


def _finding(
    code: str,
    verdict: Verdict,
    terms: tuple[Term, ...],
    said: tuple[int, int],
    people: int | None,
) -> Finding:
    low, high = said[0], None if said[1] >= _UNKNOWN else said[1]
    if code == "CW-AUDIT-NEAR":
        return Finding(code, verdict, terms, low, high, None)
    return Finding(code, verdict, terms, max(0, low), high, people)
