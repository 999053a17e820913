"""Hiding cells of a count table so that totals do not give them back.

Hiding the small cells alone protects nothing where totals are shown: a hidden cell is the total
less the others. So more cells are hidden until an attack on the table as it would be published
finds no small cell to within the threshold. The attack is the proof: it knows every shown figure
and that counts are at least 0, and asks HiGHS for the least and the most of each hidden cell.

Source of the attack: the audit problem of secondary cell suppression (Fischetti and Salazar, 2001).
How the further cells are chosen is greedy; only the attack decides whether they are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from commonweal.airlock.figures import Axis, Counts, Marks, Numbers
from commonweal.foundation.errors import Failure, Refused

MOST_HIDDEN = 400
"""Hidden cells of one table that are attacked one after another; a table with more is too fine."""
_SLACK = 1e-6


@dataclass(frozen=True)
class Hidden:
    """A table as it would be published. `least`, `most`: what can be known of each hidden cell."""

    marks: Marks
    least: Numbers
    most: Numbers


def suppress(
    counts: Counts,
    axes: tuple[Axis, ...],
    small: Marks,
    threshold: int,
    already: Marks | None = None,
) -> Hidden:
    """Hide the cells marked `small` and as many others as it takes. `already`: hidden for more.

    `counts` has the shape of the axes, totals last. Each small cell ends up with an interval of at
    least `threshold` wide. Raises `Refused` CW-OUTPUT-SUPPRESS where totals are no sums (somebody
    is in several cells: then rounding is the way), where too much would be hidden, and where
    nothing would be left that protects.
    """
    lines = list(lines_of(axes))
    flat = counts.reshape(-1)
    if any(flat[list(line[:-1])].sum() != flat[line[-1]] for line in lines):
        raise refused(
            "Somebody is counted in several cells, so totals are no sums; round the counts."
        )
    hidden = small.copy() if already is None else small | already
    while True:
        if int(hidden.sum()) > MOST_HIDDEN:
            raise refused("Too many cells would have to be hidden; use coarser groups.")
        least, most = attack(counts, axes, hidden)
        exposed = small & (most - least < threshold - _SLACK)
        if not exposed.any():
            return Hidden(hidden, least, most)
        if not hide_more(counts, lines, hidden, exposed):
            raise refused("No choice of hidden cells protects the small ones; use coarser groups.")


def attack(counts: Counts, axes: tuple[Axis, ...], hidden: Marks) -> tuple[Numbers, Numbers]:
    """The least and the most that each hidden cell can be, by all that is shown.

    Shown cells are their own bounds. Raises `Failure` CW-OUTPUT-ATTACK where the solver gives up.
    """
    least, most = counts.astype(np.float64), counts.astype(np.float64)
    flat = np.flatnonzero(hidden)
    place = {int(cell): column for column, cell in enumerate(flat)}
    rows: list[int] = []
    columns: list[int] = []
    signs: list[float] = []
    right: list[float] = []
    for line in lines_of(axes):
        asked = [(place[cell], 1.0) for cell in line[:-1] if cell in place]
        asked += [(place[line[-1]], -1.0)] if line[-1] in place else []
        if not asked:
            continue
        shown = counts.reshape(-1)
        known = sum(int(shown[cell]) for cell in line[:-1] if cell not in place)
        total = 0 if line[-1] in place else int(shown[line[-1]])
        rows += [len(right)] * len(asked)
        columns += [column for column, _ in asked]
        signs += [sign for _, sign in asked]
        right.append(float(total - known))
    size = (len(right), len(flat))
    equal = csr_array((signs, (rows, columns)), shape=size) if right else None
    for column, cell in enumerate(flat):
        for sign, bounds in ((1.0, least), (-1.0, most)):
            aim = np.zeros(len(flat))
            aim[column] = sign
            bounds.reshape(-1)[cell] = _solved(aim, equal, right, sign)
    return least, most


def _solved(aim: Numbers, equal: csr_array | None, right: list[float], sign: float) -> float:
    found = linprog(
        aim, A_eq=equal, b_eq=right if equal is not None else None, bounds=(0, None), method="highs"
    )
    if found.status == 3:
        return float("inf")
    if found.status != 0:
        raise Failure("CW-OUTPUT-ATTACK", "The attack on a table with hidden cells did not finish.")
    # Counts are whole: what lies between two whole numbers is the one further in.
    value = sign * float(found.fun)
    return float(np.ceil(value - _SLACK) if sign > 0 else np.floor(value + _SLACK))


def lines_of(axes: tuple[Axis, ...]) -> Iterator[tuple[int, ...]]:
    """Cells that add up to a total, and that total last, by their flat numbers."""
    shape = tuple(axis.places for axis in axes)
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    for side, axis in enumerate(axes):
        if axis.total:
            along = np.moveaxis(numbers, side, -1).reshape(-1, axis.places)
            yield from (tuple(int(cell) for cell in line) for line in along)


def hide_more(
    sizes: Counts | Numbers, lines: list[tuple[int, ...]], hidden: Marks, exposed: Marks
) -> bool:
    """Hide one more cell: the smallest that shares a line with an exposed one. False: none left."""
    flat, marks = sizes.reshape(-1), hidden.reshape(-1)
    near: set[int] = set()
    for cell in np.flatnonzero(exposed):
        reach = _reach(int(cell), lines, marks)
        near |= {one for line in lines if reach & set(line) for one in line if not marks[one]}
    inner = [cell for cell in near if flat[cell] > 0] or list(near)
    if not inner:
        return False
    totals = {line[-1] for line in lines}
    marks[min(inner, key=lambda cell: (cell in totals, float(flat[cell]), cell))] = True
    return True


def _reach(cell: int, lines: list[tuple[int, ...]], marks: Marks) -> set[int]:
    """The exposed cell, and hidden cells that hang together with it over lines."""
    reach, grown = {cell}, True
    while grown:
        more = {one for line in lines if reach & set(line) for one in line if marks[one]}
        grown = not more <= reach
        reach |= more
    return reach


def refused(sentence: str) -> Refused:
    """A table whose cells cannot be hidden."""
    return Refused("CW-OUTPUT-SUPPRESS", sentence)
