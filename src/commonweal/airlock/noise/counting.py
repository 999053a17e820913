"""True counts of people in declared cells, each person in at most so many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.reading import enough_memory
from commonweal.airlock.recompute.schema import bound_values, find
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Refused
from commonweal.papers.noise import NoisyRequest

Counts = npt.NDArray[np.int64]
Members = npt.NDArray[np.bool_]


def check_noisy(request: NoisyRequest, release: OpenRelease) -> None:
    """Refuse a request that the release cannot answer; nothing is read for it.

    Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY.
    """
    if request.table not in release.tables:
        raise Refused("CW-OUTPUT-COLUMN", "The release has no table of the name that is asked for.")
    release.tables[request.table].require_person()
    for cell in request.cells:
        for condition in cell.where.conditions():
            bound_values(condition, find(condition.column, release))


def true_counts(request: NoisyRequest, session: Session) -> Counts:
    """People in each cell, in the order of the cells, after `at_most`; never shown as they are.

    Raises what `check_noisy` does, `Fault` CW-OUTPUT-RELEASE and `Failure` CW-ENGINE-MEMORY.
    """
    counts: Counts = members(request, session).sum(axis=0, dtype=np.int64)
    return counts


def members(request: NoisyRequest, session: Session) -> Members:
    """Who is counted in which cell, people (by number) by cells; after `at_most`.

    Raises as `true_counts`.
    """
    check_noisy(request, session.release)
    with enough_memory():
        rows = session.rows(request.table)
        belongs = np.zeros((rows.table.people, len(request.cells)), np.bool_)
        for place, cell in enumerate(request.cells):
            belongs[rows.table.person[rows.meets(cell.where)], place] = True
        counted: Members = belongs & (np.cumsum(belongs, axis=1) <= request.at_most)
    return counted
