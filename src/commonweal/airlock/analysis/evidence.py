"""Evidence of a regression: on how few people, or on whom, do its estimates rest?

A regression publishes more than coefficients: whoever knows the terms of a person can compute the
fitted value. Where that value is made of the person's own outcome (leverage one), or of the mean of
a few people's, it publishes their outcomes. That holds for every family with an intercept or a
dummy of its own for them, however many rows and degrees of freedom there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from commonweal.airlock.analysis.design import Design, groups_of, held_by, term_name, twins_of
from commonweal.airlock.analysis.fitting import NoEstimatesError, orthogonal
from commonweal.airlock.analysis.results import (
    ExactMeans,
    Fit,
    Heaviest,
    ModelEvidence,
    people_of,
    places_of,
)
from commonweal.airlock.analysis.rows import Categories, Codes, Rows
from commonweal.airlock.figures import Contributions, Counts, Evidence, Marks, Numbers
from commonweal.papers.analysis_request import RegressionRequest

EXACT = 1e-7
"""Leverage of a pattern within this of one: its fitted value is its own mean."""
MOST_EXAMINED = 2_000_000
"""Numbers held at once where leverage is looked at person by person."""

Ints = npt.NDArray[np.int64]


def evidence_of(
    request: RegressionRequest,
    rows: Rows,
    design: Design,
    fit: Fit | None,
    outcome: Numbers,
    events: Marks | None,
) -> ModelEvidence:
    """All that the rules look at. `events`: where the outcome is one (also the event of a time)."""
    person = rows.person
    plain, q = _leverage(design, len(rows))
    weighted = plain if fit is None else fit.leverage
    pattern, patterns = _patterns(request, rows)
    pattern_people = people_in(pattern, person, patterns)
    weight, by_model = (
        np.bincount(pattern, one, patterns).astype(np.float64) for one in (plain, weighted)
    )
    dominated = request.family in ("linear", "poisson") and len(rows) > 0
    whole = np.zeros(len(rows), np.int64)
    squares = (outcome - outcome.mean()) ** 2 if dominated else outcome
    return ModelEvidence(
        people=people_of(person),
        rows=len(rows),
        parameters=len(design.names),
        groups=groups_of(request, rows, events),
        held=held_by(design, person),
        twins=twins_of(request, rows),
        patterns=patterns,
        leverage=_by_person(np.maximum(plain, weighted), q, person),
        pattern_people=pattern_people,
        pattern_leverage=np.maximum(weight, by_model),
        heaviest=None if q is None else _heaviest(q, person),
        exact=_exact(request, rows, pattern, weight, outcome, events),
        with_event=None if events is None else people_of(person, events),
        without=None if events is None or request.family == "cox" else people_of(person, ~events),
        outcome=contributions(whole, person, squares, 1) if dominated else None,
        residual=(
            contributions(whole, person, fit.residuals**2, 1)
            if dominated and fit is not None
            else None
        ),
    )


def people_in(cell: Ints, person: Codes, size: int) -> Counts:
    """Different people in each cell."""
    if not len(cell):
        return np.zeros(size, np.int64)
    wide = int(person.max()) + 1
    found: Counts = np.bincount(np.unique(cell * wide + person) // wide, minlength=size)
    return found


def contributions(cell: Ints, person: Codes, amounts: Numbers, size: int) -> Contributions:
    """What people add to each cell, over all of their rows in it."""
    if not len(cell):
        nothing = np.zeros(size)
        return Contributions(nothing, nothing, nothing, np.zeros(size, np.bool_))
    wide = int(person.max()) + 1
    keys, place = np.unique(cell * wide + person, return_inverse=True)
    sums = np.abs(np.bincount(place, amounts))
    of = keys // wide
    # In order of cell and falling size: the first of a cell is its largest, the next the second.
    order = np.lexsort((-sums, of))
    sums, of = sums[order], of[order]
    first = np.flatnonzero(np.diff(of, prepend=-1))
    largest, second = np.zeros(size), np.zeros(size)
    largest[of[first]] = sums[first]
    next_one = first + 1
    there = (next_one < len(of)) & (of[np.minimum(next_one, len(of) - 1)] == of[first])
    second[of[first[there]]] = sums[next_one[there]]
    negative = np.bincount(cell, amounts < 0, size) > 0
    return Contributions(np.bincount(of, sums, size).astype(np.float64), largest, second, negative)


def _leverage(design: Design, rows: int) -> tuple[Numbers, Numbers | None]:
    """Each row's leverage, and the orthonormal columns that it is made of where they are known."""
    try:
        q = orthogonal(design.matrix)[0]
    except NoEstimatesError:
        return np.ones(rows), None
    plain: Numbers = (q**2).sum(1)
    return plain, q


def _by_person(leverage: Numbers, q: Numbers | None, person: Codes) -> float:
    """The most that one person's outcomes weigh in their own fitted values.

    Of several rows: the largest eigenvalue of the person's block of the hat matrix; their sum
    bounds it, so that only people with a large sum need be looked at.
    """
    if not len(person):
        return 0.0
    place = places_of(person)
    sums = np.bincount(place, leverage)
    if q is None or len(sums) == len(person):
        return float(sums.max())
    width = max(q.shape[1] ** 2, 1)
    asked = np.argsort(-sums, kind="stable")[: max(MOST_EXAMINED // width, 1)]
    number = np.full(len(sums), -1, np.int64)
    number[asked] = np.arange(len(asked))
    mine = number[place] >= 0
    blocks = np.zeros((len(asked), q.shape[1], q.shape[1]))
    np.add.at(blocks, number[place][mine], q[mine][:, :, None] * q[mine][:, None, :])
    most = float(np.linalg.eigvalsh(blocks)[:, -1].max()) if q.shape[1] else 0.0
    single = np.bincount(place, minlength=len(sums)) == 1
    most = max(most, float(sums[single].max(initial=0.0)))
    rest = np.delete(sums, asked)
    return max(most, min(float(rest.max(initial=0.0)), 1.0))


def _heaviest(q: Numbers, person: Codes) -> Heaviest:
    """People in order of falling leverage, as many as can be looked at together."""
    place = places_of(person)
    rows = np.bincount(place)
    sums: Numbers = np.bincount(place, (q**2).sum(1), len(rows)).astype(np.float64)
    order = np.argsort(-sums, kind="stable")
    most = max(MOST_EXAMINED // max(q.shape[1], 1), 1)
    asked = int(np.searchsorted(np.cumsum(rows[order]), most, side="right"))
    chosen = np.zeros(len(rows), np.bool_)
    chosen[order[:asked]] = True
    mine = chosen[place]
    left = float(sums[~chosen].max(initial=0.0))
    return Heaviest(q[mine], place[mine], sums[place][mine], left)


def _patterns(request: RegressionRequest, rows: Rows) -> tuple[Ints, int]:
    """The number of each row's pattern of terms, and how many there are."""
    pattern = np.zeros(len(rows), np.int64)
    count = min(len(rows), 1)
    for term in request.terms:
        values = rows.values[term.column]
        column = values.codes if isinstance(values, Categories) else values
        found, place = np.unique(column, return_inverse=True)
        kept, pattern = np.unique(pattern * len(found) + place, return_inverse=True)
        count = len(kept)
    return pattern, count


def _exact(
    request: RegressionRequest,
    rows: Rows,
    pattern: Ints,
    weight: Numbers,
    outcome: Numbers,
    events: Marks | None,
) -> ExactMeans | None:
    """The patterns whose mean the model publishes, as a table of means. A cox model has none."""
    found = np.flatnonzero(weight >= 1 - EXACT)
    if request.family == "cox" or not len(found):
        return None
    number = np.full(len(weight), -1, np.int64)
    number[found] = np.arange(len(found))
    mine = number[pattern] >= 0
    cell, person, values = number[pattern][mine], rows.person[mine], outcome[mine]
    size = len(found)
    lowest, highest = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(lowest, cell, values)
    np.maximum.at(highest, cell, values)
    evidence = Evidence(
        people_in(cell, person, size),
        np.bincount(cell, minlength=size),
        by_rows=contributions(cell, person, np.ones(len(cell)), size),
        amounts=contributions(cell, person, values, size),
        lowest=lowest,
        highest=highest,
    )
    two = events if request.family == "logistic" else _two_valued(outcome)
    marked = None if two is None else two[mine]
    return ExactMeans(
        _said(request, rows, pattern, found),
        evidence,
        None if marked is None else people_in(cell[marked], person[marked], size),
        None if marked is None else people_in(cell[~marked], person[~marked], size),
    )


def _two_valued(outcome: Numbers) -> Marks | None:
    """An outcome of two values says for each person which: its mean is a share."""
    values = np.unique(outcome)
    return outcome == values[-1] if len(values) == 2 else None


def _said(
    request: RegressionRequest, rows: Rows, pattern: Ints, found: Ints
) -> tuple[dict[str, str], ...]:
    """The patterns in words: the value of each term."""
    patterns, first = np.unique(pattern, return_index=True)
    rows_of = first[np.searchsorted(patterns, found)]
    told: list[dict[str, str]] = [{} for _ in found]
    for term in request.terms:
        values = rows.values[term.column]
        name = term_name(request, term.column)
        for one, row in zip(told, rows_of.tolist(), strict=True):
            if isinstance(values, Categories):
                one[name] = values.names[int(values.codes[row])]
            else:
                one[name] = f"{float(values[row]):g}"
    return tuple(told)
