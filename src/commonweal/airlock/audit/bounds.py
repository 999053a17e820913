"""Between which numbers a small group must lie, from all figures: exact, rounded and hidden ones.

Groups that surely have room (`room`) need no more. For the others, smallest first and while there
is time: intervals are pushed through the figures until nothing moves, and narrowed by HiGHS within
the block of figures and groups that hang together. Where figures are left out because there are too
many, intervals are only wider than what a reader can know, never narrower; that is said.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.sparse import csgraph

from commonweal.airlock.audit.atoms import Groups
from commonweal.airlock.audit.certificates import Remaining
from commonweal.airlock.audit.findings import Finding, Term, Verdict, given_away, term
from commonweal.airlock.audit.probe import Probed, Target, vanishes
from commonweal.airlock.audit.room import roomy
from commonweal.airlock.audit.tables import Matrix, Whole

_MOST_WHOLE = 400
"""Up to so many groups the numbers are asked to be whole ones; above it, bounds may be wider."""
_MOST_ENTRIES = 150_000
_LOCAL_FIGURES = 150
_SECONDS_EACH = 5.0
_ROUNDS = 60
_SLACK = 1e-6
_NO_LIMIT = 10**12

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bounded:
    """`already`: small groups that earlier outputs alone leave as narrow."""

    findings: tuple[Finding, ...]
    already: int
    incomplete: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Problem:
    """Figures as limits on sums of groups, and limits of each group that follow by themselves."""

    matrix: Matrix
    low: Whole
    high: Whole
    least: Whole
    most: Whole

    @functools.cached_property
    def _blocks(self) -> tuple[Whole, Whole]:
        """The block of each figure and of each group: those that hang together by groups whose
        number is not known yet. A figure without any is in no block (-1)."""
        free = self.least < self.most
        entries = self.matrix.tocoo()
        open_ = free[entries.col]
        rows, columns = self.matrix.shape
        places = (entries.row[open_], entries.col[open_] + rows)
        size = rows + columns
        graph = sparse.coo_matrix((np.ones(int(open_.sum()), np.int8), places), (size, size))
        _, block = csgraph.connected_components(graph, directed=False)
        used = np.zeros(rows, np.bool_)
        used[entries.row[open_]] = True
        return np.where(used, block[:rows], -1).astype(np.int64), block[rows:].astype(np.int64)

    def block(self, target: Target) -> tuple[Whole, Whole]:
        """The figures and the groups that hang together with a target."""
        of_figures, of_groups = self._blocks
        mine = np.unique(of_groups[target.groups])
        return np.flatnonzero(np.isin(of_figures, mine)), np.flatnonzero(np.isin(of_groups, mine))


def bounds(
    groups: Groups, new: int, threshold: int, probed: Probed, remaining: Remaining
) -> Bounded:
    """Small groups for which the first `new` tables, with the others, leave too few numbers.

    What follows by sums of exact figures (`probed`) is left to those.
    """
    rows = np.arange(groups.matrix.shape[0])
    findings: list[Finding] = []
    already = partly = 0
    targets = _targets(groups, threshold, probed, remaining)
    problem = _Both(groups, new, remaining)
    missed = 0
    for number, target in enumerate(targets):
        if remaining() <= 0:
            missed += len(targets) - number
            break
        solved = _between(problem.whole, target, remaining)
        if solved is None:
            missed += 1
            continue
        low, high, complete = solved
        partly += not complete
        verdict = _verdict(groups, rows, target, (low, high), threshold)
        if verdict == "pass":
            continue
        earlier = _between(problem.before, target, remaining)
        if earlier is not None and earlier[:2] == (low, high):
            already += 1
            continue
        terms = _places(groups, new, target)
        findings.append(Finding("CW-AUDIT-BOUNDS", verdict, terms, low, high, target.people))
    said = [
        (missed, f"Bounds of {missed} small groups: not reached in time."),
        (partly, f"Bounds of {partly} small groups: only from the figures nearest to them."),
    ]
    return Bounded(tuple(findings), already, tuple(line for count, line in said if count))


@dataclass(eq=False)
class _Both:
    """The problem of all figures, and of those that have left: each made when it is needed."""

    groups: Groups
    new: int
    remaining: Remaining

    @functools.cached_property
    def whole(self) -> _Problem:
        """All figures."""
        return _problem(self.groups, np.arange(self.groups.matrix.shape[0]), self.remaining)

    @functools.cached_property
    def before(self) -> _Problem:
        """Those of earlier outputs."""
        rows = np.arange(self.groups.matrix.shape[0])
        return _problem(self.groups, rows[self.groups.starts[self.new] :], self.remaining)


def _problem(groups: Groups, rows: Whole, remaining: Remaining = lambda: 1.0) -> _Problem:
    matrix = groups.matrix[rows].tocsr()
    low, high = groups.low[rows], groups.high[rows]
    high = np.where(high < 0, _NO_LIMIT, high)
    least, most = propagate(matrix, low, high, remaining)
    return _Problem(matrix, low, high, least, most)


def propagate(
    matrix: Matrix, low: Whole, high: Whole, remaining: Remaining = lambda: 1.0
) -> tuple[Whole, Whole]:
    """(least, most) of each group that follow figure by figure, until nothing moves or there is no
    time: after any round they are true."""
    columns = matrix.tocsc()
    row, lengths = columns.indices, np.diff(columns.indptr)
    group = np.repeat(np.arange(matrix.shape[1]), lengths)
    inside = np.flatnonzero(lengths)
    starts = columns.indptr[inside]
    least = np.zeros(matrix.shape[1], np.int64)
    most = np.full(matrix.shape[1], _NO_LIMIT, np.int64)
    if not len(inside):
        return least, most
    for _ in range(_ROUNDS):
        if remaining() <= 0:
            break
        at_least, at_most = matrix @ least, matrix @ most
        new_most, new_least = most.copy(), least.copy()
        tops = np.minimum.reduceat(high[row] - (at_least[row] - least[group]), starts)
        floors = np.maximum.reduceat(low[row] - (at_most[row] - most[group]), starts)
        new_most[inside] = np.minimum(most[inside], tops)
        new_least[inside] = np.maximum(least[inside], floors)
        if np.array_equal(new_most, most) and np.array_equal(new_least, least):
            break
        least, most = new_least, new_most
    return least, most


def _targets(groups: Groups, threshold: int, probed: Probed, remaining: Remaining) -> list[Target]:
    """Small cells whose figure is not exact, and small groups without room; the smallest first."""
    small = (groups.sizes > 0) & (groups.sizes < threshold)
    if probed.unseen is not None:
        small &= ~vanishes(probed.unseen)
    every = np.flatnonzero(small)
    if len(every) > _MOST_WHOLE:
        every = every[~roomy(groups.matrix, groups.sizes, every, threshold, remaining)]
    found = [Target(np.array([one]), int(groups.sizes[one])) for one in every]
    seen = {one.groups.tobytes() for one in found}
    sizes = np.asarray(groups.matrix @ groups.sizes)
    open_cells = (groups.low != groups.high) & (sizes > 0) & (sizes < threshold)
    for row in np.flatnonzero(open_cells):
        start, end = groups.matrix.indptr[row], groups.matrix.indptr[row + 1]
        target = Target(np.sort(groups.matrix.indices[start:end]).astype(np.int64), int(sizes[row]))
        if target.groups.tobytes() not in seen and not probed.determined(target):
            seen.add(target.groups.tobytes())
            found.append(target)
    return sorted(found, key=lambda one: (one.people, len(one.groups)))


def _between(
    problem: _Problem, target: Target, remaining: Remaining
) -> tuple[int, int, bool] | None:
    """(least, most, whether all figures were used) of a target; None where there was no answer."""
    figures, inside = problem.block(target)
    complete = int(problem.matrix[figures].nnz) <= _MOST_ENTRIES
    if not complete:
        wanted = np.zeros(problem.matrix.shape[1], np.int64)
        wanted[target.groups] = 1
        touching = np.flatnonzero(np.asarray(problem.matrix @ wanted) > 0)
        figures = touching[np.argsort(problem.high[touching], kind="stable")][:_LOCAL_FIGURES]
        inside = np.unique(np.concatenate([problem.matrix[figures].indices, target.groups]))
    matrix = problem.matrix[figures]
    low, high = problem.low[figures], problem.high[figures]
    free = inside[problem.least[inside] < problem.most[inside]]
    fixed = np.zeros(matrix.shape[1], np.int64)
    fixed[problem.least == problem.most] = problem.least[problem.least == problem.most]
    base = int(fixed[target.groups].sum())
    goal = np.isin(free, target.groups).astype(np.float64)
    if not goal.any():
        return base, base, complete
    held = np.asarray(matrix @ fixed)
    limits = optimize.LinearConstraint(
        matrix[:, free].astype(np.float64),
        (low - held).astype(np.float64),
        np.where(high >= _NO_LIMIT, np.inf, high - held),
    )
    ends = optimize.Bounds(problem.least[free], _finite(problem.most[free]))
    whole = np.full(len(free), 1 if len(free) <= _MOST_WHOLE else 0)
    found = []
    for sign in (1.0, -1.0):
        value = _solved(sign * goal, limits, ends, whole, remaining)
        if value is None:
            return None
        found.append(sign * value)
    least, most = math.ceil(found[0] - _SLACK), found[1]
    return base + max(0, least), base + math.floor(min(most, _NO_LIMIT) + _SLACK), complete


def _finite(most: Whole) -> Numbers:
    return np.where(most >= _NO_LIMIT, np.inf, most.astype(np.float64))


def _solved(
    goal: Numbers,
    limits: optimize.LinearConstraint,
    ends: optimize.Bounds,
    whole: Whole,
    remaining: Remaining,
) -> float | None:
    """The least value of the goal, or less: where time ran out, what HiGHS has proved of it."""
    seconds = min(_SECONDS_EACH, remaining())
    if seconds <= 0:
        return None
    solved = optimize.milp(
        goal, constraints=limits, bounds=ends, integrality=whole, options={"time_limit": seconds}
    )
    if solved.status == 0:
        return float(solved.fun)
    if solved.status == 3:  # no end in this direction
        return -math.inf
    proved = getattr(solved, "mip_dual_bound", None)
    return float(proved) if solved.status == 1 and proved is not None and whole.any() else None


def _verdict(
    groups: Groups, rows: Whole, target: Target, said: tuple[int, int], threshold: int
) -> Verdict:
    """What the bounds give away beyond what one figure alone says, which is for its own rules."""
    wanted = np.zeros(groups.matrix.shape[1], np.int64)
    wanted[target.groups] = 1
    inside = np.asarray(groups.matrix @ wanted)
    around = rows[inside == len(target.groups)]
    lengths = np.diff(groups.matrix.indptr)[around]
    highs = groups.high[around]
    known = int(highs[highs >= 0].min(initial=_NO_LIMIT))
    least = int(groups.low[around][lengths == len(target.groups)].max(initial=0))
    if said[0] <= least and said[1] >= known:
        return "pass"
    verdict = given_away(said[0], said[1], threshold)
    # Narrow, but not one number: whether that is too narrow is for a person to say.
    return "review" if verdict == "fail" and said[0] != said[1] else verdict


def _places(groups: Groups, new: int, target: Target) -> tuple[Term, ...]:
    """The smallest cell of each table around a target; the new tables first."""
    wanted = np.zeros(groups.matrix.shape[1], np.int64)
    wanted[target.groups] = 1
    inside = np.asarray(groups.matrix @ wanted)
    lengths = np.diff(groups.matrix.indptr)
    terms = []
    for number, table in enumerate(groups.tables):
        span = np.arange(groups.starts[number], groups.starts[number + 1])
        around = span[inside[span] > 0]
        if len(around):
            best = around[np.lexsort((lengths[around], -inside[around]))[0]]
            terms.append(term(table, int(best - groups.starts[number]), 1))
    return tuple(terms[: max(new, 6)])
