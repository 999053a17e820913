"""An analysis: a request and a release become figures with their evidence (S1).

As with tables, the job that asked is dead by then, and nothing that it wrote is read but the
request.
"""

from __future__ import annotations

import itertools
from typing import cast

import numpy as np
from scipy import stats

from commonweal.airlock.analysis.cox import fit_cox
from commonweal.airlock.analysis.design import Design, make_design
from commonweal.airlock.analysis.evidence import (
    by_person,
    contributions,
    evidence_of,
    heaviest_of,
    leverage_of,
    people_in,
)
from commonweal.airlock.analysis.fitting import NoEstimatesError
from commonweal.airlock.analysis.regression import fit_counts, fit_linear
from commonweal.airlock.analysis.results import (
    Behind,
    Correlations,
    Curve,
    Fit,
    Held,
    Model,
    Result,
    Survival,
    Why,
    people_of,
)
from commonweal.airlock.analysis.rows import Categories, Rows, read_rows
from commonweal.airlock.analysis.survival import log_rank, steps_of
from commonweal.airlock.figures import Contributions, Marks, Numbers
from commonweal.airlock.recompute.reading import enough_memory
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Refused
from commonweal.papers.analysis_request import (
    CorrelationRequest,
    RegressionRequest,
    SurvivalRequest,
)
from commonweal.papers.output_request import Column, Grouping
from commonweal.papers.requests import Analysis

MOST_STEPS = 1_000_000


def analyse(request: Analysis, session: Session) -> Result:
    """What `request` asks for, made from the release of `session`.

    Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY, CW-OUTPUT-MANY-ROWS, CW-OUTPUT-CELLS,
    `Fault` CW-OUTPUT-RELEASE and `Failure` CW-ENGINE-MEMORY.
    """
    with enough_memory():
        if isinstance(request, RegressionRequest):
            return _regression(request, session)
        if isinstance(request, SurvivalRequest):
            return _survival(request, session)
        return _correlation(request, session)


def _regression(request: RegressionRequest, session: Session) -> Model:
    numbers = [term.column for term in request.terms if term.as_ == "number"]
    groups = [term.column for term in request.terms if term.as_ == "category"]
    marked = [] if request.event is None else [request.event]
    (marked if request.family == "logistic" else numbers).append(request.outcome)
    rows = read_rows(request, session, numbers, marked, groups)
    outcome = rows.number(request.outcome)
    events = _outcome(request, rows, outcome)
    design = make_design(request, rows)
    fit: Fit | None = None
    why: Why | None = None
    try:
        fit = _fit(request, rows, design, outcome, events)
    except (NoEstimatesError, np.linalg.LinAlgError) as error:
        why = cast("Why", error.why) if isinstance(error, NoEstimatesError) else "unsettled"
    evidence = evidence_of(request, rows, design, fit, outcome, events)
    return Model(request, fit, why, evidence, _behind(rows))


def _outcome(request: RegressionRequest, rows: Rows, outcome: Numbers) -> Marks | None:
    """Whose outcome is an event. Raises `Refused` where the outcome is none of the family's."""
    if request.family == "logistic":
        return rows.marks(request.outcome, "The outcome")
    if request.family == "poisson":
        if (outcome < 0).any() or (outcome != np.floor(outcome)).any():
            raise Refused("CW-OUTPUT-COLUMN", "The outcome is no count: 0, 1, 2 and so on.")
        return outcome > 0
    if request.event is None:
        return None
    _require_time(outcome)
    _require_once(rows)
    return rows.marks(request.event, "The event")


def _fit(
    request: RegressionRequest,
    rows: Rows,
    design: Design,
    outcome: Numbers,
    events: Marks | None,
) -> Fit:
    if request.family == "linear":
        return fit_linear(design, outcome, rows.person)
    if request.family == "cox":
        assert events is not None  # noqa: S101 (the paper sees to it)
        return fit_cox(design, outcome, events)
    return fit_counts(design, outcome, rows.person, request.family)


def _survival(request: SurvivalRequest, session: Session) -> Survival:
    rows = read_rows(request, session, [request.time], [request.event], request.by)
    time, event = rows.number(request.time), rows.marks(request.event, "The event")
    _require_time(time)
    _require_once(rows)
    if len(time) and float(time.max()) / float(request.step) > MOST_STEPS:
        raise Refused("CW-OUTPUT-CELLS", f"The curve has more than {MOST_STEPS:,} steps.")
    held = [rows.categories(grouping) for grouping in request.by]
    names = [grouping.column.name for grouping in request.by]
    shape = tuple(len(one.names) for one in held)
    cell = np.ravel_multi_index([one.codes for one in held], shape) if held else rows.person * 0
    found, group = np.unique(cell, return_inverse=True)
    curves = []
    for number, place in enumerate(found.tolist()):
        at = np.unravel_index(place, shape) if held else ()
        where = {n: h.names[int(p)] for n, h, p in zip(names, held, at, strict=True)}
        mine = group == number
        steps = steps_of(time[mine], event[mine], float(request.step))
        curves.append(Curve(where, people_of(rows.person, mine), steps))
    test = log_rank(time, event, group, len(found))
    return Survival(
        request, float(request.step), tuple(curves), test, time, event, _behind(rows, False)
    )


def _correlation(request: CorrelationRequest, session: Session) -> Correlations:
    rows = read_rows(request, session, list(request.of))
    matrix = np.stack([rows.number(column) for column in request.of], 1)
    centred = matrix - matrix.mean(0) if len(rows) else matrix
    lengths = np.sqrt((centred**2).sum(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = centred / lengths
        values = np.clip(scaled.T @ scaled, -1.0, 1.0)
    pairs = tuple(itertools.combinations(range(len(request.of)), 2))
    people = people_of(rows.person)
    found = np.array([values[pair] for pair in pairs])
    names = tuple(_column_name(request, place) for place in range(len(request.of)))
    leverage, q = leverage_of(np.hstack([np.ones((len(rows), 1)), centred]))
    return Correlations(
        request,
        names,
        pairs,
        found,
        _p_values(found, len(rows)) if people == len(rows) else None,
        people,
        len(rows),
        tuple(
            Held(name, _off_commonest(matrix[:, place], rows)) for place, name in enumerate(names)
        ),
        tuple(_four_cells(matrix[:, one], matrix[:, other], rows) for one, other in pairs),
        _spread(centred, rows),
        by_person(leverage, q, rows.person),
        None if q is None else heaviest_of(q, rows.person),
        _behind(rows),
    )


def _column_name(request: CorrelationRequest, place: int) -> str:
    column = request.of[place]
    twice = [one.name for one in request.of].count(column.name) > 1
    return f"{column.table}.{column.name}" if twice else column.name


def _p_values(values: Numbers, rows: int) -> Numbers:
    """Two-sided, by Student's t at n - 2."""
    if rows < 3:
        return np.full(len(values), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(values) * np.sqrt((rows - 2) / (1 - values**2))
    p: Numbers = 2 * stats.t.sf(t, rows - 2)
    return p


def _off_commonest(column: Numbers, rows: Rows) -> int:
    values, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    return people_of(rows.person, inverse != int(np.argmax(counts))) if len(values) else 0


def _four_cells(one: Numbers, other: Numbers, rows: Rows) -> tuple[int, ...] | None:
    """People in the cells of two columns of two values: their correlation gives the table away."""
    values = [np.unique(column) for column in (one, other)]
    if any(len(found) != 2 for found in values):
        return None
    cell = (one == values[0][1]) * 2 + (other == values[1][1]) * 1
    return tuple(people_in(cell.astype(np.int64), rows.person, 4).tolist())


def _spread(centred: Numbers, rows: Rows) -> Contributions:
    """What people add to the squared distances of each column from its mean."""
    size = centred.shape[1]
    column = np.tile(np.arange(size), len(rows))
    person = np.repeat(rows.person, size)
    return contributions(column, person, (centred**2).reshape(-1), size)


def _behind(rows: Rows, numbers: bool = True) -> Behind:
    """Who is behind an analysis. `numbers`: those of two values are categories too."""
    held: dict[Column | Grouping, Categories] = {}
    for key, values in rows.values.items():
        if isinstance(values, Categories):
            held[key] = values
        elif numbers and (found := _two_valued(values)) is not None:
            held[key] = found
    return Behind(rows.person, rows.codes, held, rows.lacking)


def _two_valued(values: Numbers) -> Categories | None:
    """A number of two values is a dummy, whatever it is called: sums by it are published."""
    found, codes = np.unique(values, return_inverse=True)
    if len(found) != 2:
        return None
    groups = tuple(int(one) if one.is_integer() else one for one in found.tolist())
    return Categories(groups, tuple(f"{one:g}" for one in found.tolist()), codes)


def _require_time(time: Numbers) -> None:
    if (time < 0).any():
        raise Refused("CW-OUTPUT-COLUMN", "A time under observation is below 0.")


def _require_once(rows: Rows) -> None:
    if people_of(rows.person) < len(rows):
        raise Refused(
            "CW-OUTPUT-MANY-ROWS",
            "A person has several rows; a time to an event is counted once for each person.",
        )
