"""The rules, each over all cells of a figure at once.

A rule gets evidence and gives `Hit`s: which cells, what was found there, and what that comes to.
Sources: the SACRO rule set and its statbarns for threshold, nk, p%, degrees of freedom and class
disclosure; each counts people where the source counts rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from commonweal.airlock.figures import Contributions, Counts, Evidence, Marks, Numbers, Table
from commonweal.airlock.profile import Outcome, RuleProfile


@dataclass(frozen=True)
class Hit:
    """Cells in which a rule is not kept. `outcome` is never `pass` where any cell is marked."""

    rule: str
    outcome: Outcome
    cells: Marks
    found: Numbers
    limit: float | None = None


def threshold(people: Counts, profile: RuleProfile) -> Iterator[Hit]:
    """1 to t - 1 people behind a figure, or nobody."""
    few = (people > 0) & (people < profile.threshold)
    yield Hit("threshold", "fail", few, people.astype(np.float64), profile.threshold)
    if profile.zeros != "pass":
        yield Hit("zero", profile.zeros, people == 0, people.astype(np.float64))


def one_line(
    table: Table, people: Counts, profile: RuleProfile, hidden: Marks | None = None
) -> Iterator[Hit]:
    """All people of a line of the table are in one of its cells: their answer is known.

    Somebody may be in a hidden cell, so a line with two of them says nothing.
    """
    possible = people > 0 if hidden is None else (people > 0) | hidden
    marked = np.zeros(table.shape, dtype=np.bool_)
    for side, axis in enumerate(table.axes):
        groups = len(axis.labels)
        if groups < 2:
            continue  # with one group there is nothing that its people could have answered else
        inside = np.take(possible, range(groups), axis=side)
        alone = inside & (inside.sum(axis=side, keepdims=True) == 1)
        where: list[slice] = [slice(None)] * len(table.axes)
        where[side] = slice(0, groups)
        marked[tuple(where)] |= alone
    yield Hit("class", profile.one_answer, marked & (people > 0), people.astype(np.float64))


def one_value(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    """All people behind a figure have one and the same value."""
    people = evidence.people
    if evidence.lowest is None or evidence.highest is None:
        yield unknown(people > 0)
        return
    same = (people > 0) & (evidence.lowest == evidence.highest)
    yield Hit("class", profile.one_answer, same, people.astype(np.float64))


def dominance(evidence: Evidence, of: Contributions | None, profile: RuleProfile) -> Iterator[Hit]:
    """The nk and the p% rule over what people contribute, by its size where it is negative."""
    present = evidence.people > 0
    if of is None:
        yield unknown(present)
        return
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        largest = of.largest + of.second if profile.nk.n == 2 else of.largest
        share = np.where(of.total > 0, largest / of.total, 0.0)
        others = np.where(of.largest > 0, (of.total - of.largest - of.second) / of.largest, np.inf)
    yield Hit("nk", "fail", present & (share >= profile.nk.k), share, profile.nk.k)
    yield Hit(
        "p-percent", "fail", present & (others < profile.p_percent), others, profile.p_percent
    )
    yield Hit("negative", profile.negative, present & of.negative, np.full(share.shape, np.nan))
    # A sum that ran over what numbers can hold compares with nothing, so it passes nothing.
    held = np.isfinite(of.total) & np.isfinite(of.largest) & np.isfinite(of.second)
    yield unknown(present & ~held)


def degrees_of_freedom(evidence: Evidence, used: int, profile: RuleProfile) -> Iterator[Hit]:
    """People less the parameters that were estimated from them."""
    left = evidence.people - used
    few = (evidence.people > 0) & (left < profile.degrees_of_freedom)
    yield Hit("dof", "fail", few, left.astype(np.float64), profile.degrees_of_freedom)


def position(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    """Fewer than t people at or below a quantile, or at or above it."""
    present = evidence.people > 0
    if evidence.below is None or evidence.above is None:
        yield unknown(present)
        return
    side = np.minimum(evidence.below, evidence.above)
    few = present & (side < profile.threshold)
    yield Hit("position", "fail", few, side.astype(np.float64), profile.threshold)


def endpoint(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    """Fewer than t people have the lowest or highest value itself."""
    present = evidence.people > 0
    if evidence.holders is None:
        yield unknown(present)
        return
    few = present & (evidence.holders < profile.threshold)
    yield Hit("endpoint", "fail", few, evidence.holders.astype(np.float64), profile.threshold)


def apart(only: Counts, profile: RuleProfile) -> Iterator[Hit]:
    """1 to t - 1 people are in one part of a ratio alone: the two parts differ by them."""
    few = (only > 0) & (only < profile.threshold)
    yield Hit("part", "fail", few, only.astype(np.float64), profile.threshold)


def again(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    """1 to t - 1 more rows than people, where both are counted: so few people have several."""
    more = evidence.rows - evidence.people
    few = (more > 0) & (more < profile.threshold)
    yield Hit("again", "fail", few, more.astype(np.float64), profile.threshold)


def missing(evidence: Evidence, outcome: Outcome, profile: RuleProfile) -> Iterator[Hit]:
    """1 to t - 1 people of the cell have no value, where the cell's people are counted beside."""
    if evidence.lacking is None:
        yield unknown(evidence.people > 0)
        return
    few = (evidence.lacking > 0) & (evidence.lacking < profile.threshold)
    yield Hit("missing", outcome, few, evidence.lacking.astype(np.float64), profile.threshold)


def unknown(cells: Marks) -> Hit:
    """Cells of which nothing can be said."""
    return Hit("unknown", "review", cells, np.full(cells.shape, np.nan))
