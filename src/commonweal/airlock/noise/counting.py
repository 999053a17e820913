"""True counts of people in declared cells, each person in at most so many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from commonweal.airlock.figures import Marks
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.asking import Rows
from commonweal.airlock.recompute.schema import bound_values, find
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Refused
from commonweal.papers.noise import NoisyRequest
from commonweal.papers.output_request import RowFilter

Counts = npt.NDArray[np.int64]


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


def true_counts(request: NoisyRequest, release: OpenRelease, work: Path) -> Counts:
    """People in each cell, in the order of the cells, after `at_most`; never shown as they are.

    Raises what `check_noisy` does, and `Fault` CW-OUTPUT-RELEASE for a row of nobody.
    """
    check_noisy(request, release)
    with Session.over(release, work) as session:
        rows = session.rows(request.table)
        belongs = np.column_stack([_people(rows, cell.where) for cell in request.cells])
    counted = belongs & (np.cumsum(belongs, axis=1) <= request.at_most)
    counts: Counts = counted.sum(axis=0, dtype=np.int64)
    return counts


def _people(rows: Rows, where: RowFilter) -> Marks:
    """Whether each person has a row that meets `where`."""
    met = np.bincount(rows.table.person[rows.meets(where)], minlength=rows.table.people)
    belongs: Marks = met > 0
    return belongs
