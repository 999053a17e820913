"""Hiding cells of a table of sums or means so that totals do not give them back.

A cell whose sum is mostly one person's is hidden; but under totals it follows from the others, just
or nearly. So more cells are hidden until an attack on the table as it would be published leaves
each cell that needs it between bounds that are wide enough. The attack knows every shown sum (of a
mean: the number of values too, so that the sum follows), that nobody's value is below nothing, and
who plays it may be somebody: who alone is behind a hidden cell knows that cell.

Wide enough: a share of the cell's own sum X on either side, the larger of the p of the p% rule and
of 1/k - 1. The second largest, x2, takes the bound and their own off for the largest, x1: the bound
is at least X + pX, and X is at least x1 + x2, so they come no closer than p to x1. The nk rule asks
that the two are under a share k of what can be known: X / k is at least (x1 + x2) / k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from commonweal.airlock.figures import Axis, Counts, Marks, Numbers
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.suppression import MOST_HIDDEN, hide_more, lines_of, refused
from commonweal.foundation.errors import Failure

MOST_ATTACKS = 4_000
"""Programs of one table: two for each cell and for each person who may play the attack."""
_SLACK = 1e-7
_LARGE = 1e6


@dataclass(frozen=True)
class Summed:
    """The sums of one column, cell by cell. `total`: all of it; `people`: who has a value."""

    total: Numbers
    people: Counts


def share_of(profile: RuleProfile) -> float:
    """The share of its sum that must be left on either side of a hidden cell."""
    return max(profile.p_percent, 1.0 / profile.nk.k - 1.0)


def suppress_sums(
    sums: tuple[Summed, ...], axes: tuple[Axis, ...], small: Marks, hidden: Marks, share: float
) -> Marks:
    """`hidden`, and as many other cells as it takes so that none of the `small` ones follows.

    Raises `Refused` CW-OUTPUT-SUPPRESS where too much would be hidden and where nothing would be
    left that protects, `Failure` CW-OUTPUT-ATTACK where the solver gives up.
    """
    lines = list(lines_of(axes))
    marks = hidden | small
    while True:
        if int(marks.sum()) > MOST_HIDDEN:
            raise refused("Too many cells would have to be hidden; use coarser groups.")
        exposed = np.zeros(small.shape, np.bool_)
        for one in sums:
            exposed |= exposed_in(one, axes, small, marks, share)
        if not exposed.any():
            return marks
        weights = np.sum([one.total / max(float(one.total.max()), 1e-300) for one in sums], axis=0)
        before = marks.copy()
        if not hide_more(weights, lines, marks, exposed) or np.array_equal(before, marks):
            raise refused("No choice of hidden cells protects the small ones; use coarser groups.")


def exposed_in(
    one: Summed, axes: tuple[Axis, ...], small: Marks, hidden: Marks, share: float
) -> Marks:
    """Which of the `small` cells follow too closely from what is shown, to whoever plays it."""
    scale = max(float(one.total.max()), 1e-300) / _LARGE
    system = _System.of(one.total / scale, axes, hidden)
    wanted = _margin(one, share) / scale
    values = one.total.reshape(-1) / scale
    # Nobody, and each person who alone is behind a hidden cell, which they then know.
    alone = [int(c) for c in np.flatnonzero(hidden.reshape(-1) & (one.people.reshape(-1) == 1))]
    targets = np.flatnonzero((small & hidden).reshape(-1))
    if 2 * len(targets) * (1 + len(alone)) > MOST_ATTACKS:
        raise refused("Too many cells would have to be hidden; use coarser groups.")
    exposed = np.zeros(small.size, np.bool_)
    for knows in (None, *alone):
        for cell in targets:
            if exposed[cell] or cell == knows:
                continue
            least, most = system.between(int(cell), knows)
            far = wanted.reshape(-1)[cell]
            below = min(float(far), float(values[cell]))
            close = most < values[cell] + far - _SLACK * _LARGE
            exposed[cell] = close or least > values[cell] - below + _SLACK * _LARGE
    return exposed.reshape(small.shape)


def _margin(one: Summed, share: float) -> Numbers:
    """How far bounds must be from each sum; of nothing at all, as far as from the smallest sum."""
    positive = one.total[one.total > 0]
    least = float(positive.min()) if len(positive) else 0.0
    return share * np.where(one.total > 0, one.total, least)


@dataclass(frozen=True)
class _System:
    """What is known of hidden cells: sums along lines. `column`: of each hidden cell."""

    column: dict[int, int]
    equal: csr_array | None
    right: tuple[float, ...]
    values: Numbers

    @classmethod
    def of(cls, totals: Numbers, axes: tuple[Axis, ...], hidden: Marks) -> _System:
        flat, marks = totals.reshape(-1), hidden.reshape(-1)
        column = {int(cell): number for number, cell in enumerate(np.flatnonzero(marks))}
        rows: list[int] = []
        columns: list[int] = []
        signs: list[float] = []
        right: list[float] = []
        for line in lines_of(axes):
            asked = [(column[cell], 1.0) for cell in line[:-1] if cell in column]
            asked += [(column[line[-1]], -1.0)] if line[-1] in column else []
            if not asked:
                continue
            rows += [len(right)] * len(asked)
            columns += [number for number, _ in asked]
            signs += [sign for _, sign in asked]
            # By what hidden cells really add up to: what is shown agrees with it but for rounding.
            true = sum(float(flat[cell]) for cell in line[:-1] if cell in column)
            right.append(true - (float(flat[line[-1]]) if line[-1] in column else 0.0))
        size = (len(right), len(column))
        equal = csr_array((signs, (rows, columns)), shape=size) if right else None
        return cls(column, equal, tuple(right), flat)

    def between(self, cell: int, knows: int | None) -> tuple[float, float]:
        """The least and the most that a hidden cell can be, to whoever knows another one."""
        bounds: list[tuple[float, float | None]] = [(0.0, None)] * len(self.column)
        if knows is not None:
            bounds[self.column[knows]] = (known := float(self.values[knows]), known)
        found = []
        for sign in (1.0, -1.0):
            aim = np.zeros(len(self.column))
            aim[self.column[cell]] = sign
            solved = linprog(
                aim, A_eq=self.equal, b_eq=self.right if self.equal is not None else None,
                bounds=bounds, method="highs",
            )  # fmt: skip
            if solved.status == 3:
                found.append(np.inf)
            elif solved.status == 0:
                found.append(sign * float(solved.fun))
            else:
                raise Failure(
                    "CW-OUTPUT-ATTACK", "The attack on a table with hidden cells did not finish."
                )
        return found[0], found[1]
