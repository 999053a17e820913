"""The risk report and the utility report of a table as it is shown, side by side.

Risk counts people (rows where a row is a person); utility counts rows. `t` is measured against the
values of the whole input.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from commonweal.vault.risk.anonymise.arrays import Floats, Mask, count
from commonweal.vault.risk.anonymise.criteria import entropies
from commonweal.vault.risk.anonymise.distance import Ground, distances
from commonweal.vault.risk.anonymise.problem import Problem
from commonweal.vault.risk.anonymise.recoding import Shown, shown_classes
from commonweal.vault.risk.figures import Figures


def as_it_was(problem: Problem) -> Shown:
    """The table before anything is done to it."""
    levels = np.zeros((len(problem.rows), len(problem.attributes)), dtype=np.int8)
    return Shown(levels, problem.rows > 0)


def risk_figures(problem: Problem, shown: Shown) -> Figures:
    """The figures of `risk measure` for what is shown."""
    classes, released = shown_classes(problem, shown)
    sizes = _histogram(classes.people[released])
    own = sizes if not problem.overlapping else None
    people = (
        {size: size * many for size, many in own.items()}
        if own is not None
        else _histogram(classes.smallest_of_each_person(released))
    )
    distinct, entropy = {}, {}
    for unit in problem.sensitive:
        cells = classes.cells(unit.column)
        values = np.bincount(cells.group, minlength=classes.size)[released]
        distinct[unit.column] = int(values.min()) if len(values) else 0
        least = entropies(cells, classes.size)[released]
        entropy[unit.column] = max(math.exp(float(least.min())), 1.0) if len(least) else 0.0
    return Figures.from_sizes(
        rows=int(classes.rows[released].sum()),
        classes_by_size=sizes,
        people_by_size=people,
        distinct_l=distinct,
        entropy_l=entropy,
    )


def t_figures(problem: Problem, shown: Shown, grounds: dict[str, list[Ground]]) -> dict[str, Any]:
    """For each sensitive column the greatest distance of a class, by ground distance."""
    classes, released = shown_classes(problem, shown)
    found: dict[str, Any] = {}
    for unit in problem.sensitive:
        cells = classes.cells(unit.column)
        found[unit.column] = {
            ground.kind: float(distances(cells, classes.size, ground)[released].max(initial=0.0))
            for ground in grounds[unit.column]
        }
    return found


def utility(problem: Problem, shown: Shown) -> dict[str, Any]:
    """What is left of the table's use, from 0 (as it was) to 1 (nothing) in shares.

    `columns`: for each quasi-identifier `loss` (share of the domain that a cell covers, suppressed
    rows the whole), `entropy` (information lost over all there was), `values` before and after and
    `levels` (rows on each level). `loss` is the geometric mean of 1 + loss less 1.
    """
    classes, released = shown_classes(problem, shown)
    rows = problem.rows
    total, left = int(rows.sum()), int(rows[shown.kept].sum())
    columns = {
        one.name: _column(problem, shown, number) for number, one in enumerate(problem.attributes)
    }
    losses = np.array([one["loss"] for one in columns.values()])
    sizes = classes.rows[released].astype(np.float64)
    groups = len(sizes) + (1 if left < total else 0)
    return {
        "rows_shown": left / total,
        "loss": float(np.prod(1.0 + losses) ** (1.0 / len(losses)) - 1.0),
        "discernibility": float(np.sum(sizes**2)) + float(total) * (total - left),
        "average_class_size": total / groups if groups else 0.0,
        "columns": columns,
    }


def _column(problem: Problem, shown: Shown, number: int) -> dict[str, Any]:
    one, rows = problem.attributes[number], problem.rows
    # Combinations of the population table alone have no rows here.
    kept = shown.kept & (rows > 0)
    total = int(rows.sum())
    share = np.ones(len(rows))
    entropy_after = 0.0
    labels: set[str | None] = set()
    leaf = problem.leaf[:, number]
    own = count(leaf, one.card(0), rows)
    for level in range(one.height + 1):
        here = kept & (shown.levels[:, number] == level)
        if not here.any():
            continue
        codes = problem.column(number, level)
        share[here] = one.shares[level][codes[here]]
        labels.update(one.labels[level][code] for code in np.unique(codes[here]))
        wide = count(codes.astype(np.int64), one.card(level), rows)[codes[here]]
        entropy_after += float(np.sum(rows[here] * np.log2(wide / own[leaf[here]])))
    whole = float(np.sum(own[own > 0] * np.log2(total / own[own > 0])))
    gone = rows[~kept] > 0
    hidden = np.log2(total / np.maximum(own[leaf[~kept]], 1))
    lost = entropy_after + float(np.sum(rows[~kept][gone] * hidden[gone]))
    least = 1.0 / one.domain
    mean = float(np.sum(rows * share)) / total
    levels = np.bincount(shown.levels[kept, number], weights=rows[kept], minlength=one.height + 1)
    return {
        "loss": max((mean - least) / (1.0 - least), 0.0) if one.domain > 1 else 0.0,
        "entropy": _share(lost, whole),
        "values": {"before": int((own > 0).sum()), "after": len(labels)},
        "levels": {str(level): int(many) for level, many in enumerate(levels) if many},
    }


def _share(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0) if whole > 0.0 else 0.0


def _histogram(sizes: Floats | Mask | Any) -> dict[int, int]:
    found, many = np.unique(sizes, return_counts=True)
    return dict(zip(found.tolist(), many.tolist(), strict=True))
