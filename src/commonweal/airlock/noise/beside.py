"""Exact figures that have left about the very people of a count with noise.

A count with noise keeps its promise whatever else is known; but where the exact figure of the same
people has left, the noise hides nothing of it any more, and the budget was spent for nothing. So
who looks at counts with noise is told, cell by cell. People are compared, not words: two ways to
ask for the same people are the same.

Exact figures that leave later are not held against noisy ones, and nobody is worse off for it: they
are judged as if no noisy ones had left. Beside the exact figure a noisy one of the same people
tells only what noise was drawn, and each cell has noise of its own; one of people who differ by one
tells of that one what was paid for. So only the budget was spent for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from commonweal.airlock.audit.history import History, Output
from commonweal.airlock.audit.people import Ids, places_in
from commonweal.airlock.audit.tables import AuditTable
from commonweal.airlock.noise.counting import members
from commonweal.airlock.proposing import audit_ids
from commonweal.airlock.rules.findings import Finding
from commonweal.airlock.session import Session
from commonweal.papers.noise import NoisyRequest

MOST_TOLD = 200


def exact_beside(
    request: NoisyRequest, session: Session, audit_map: Path, history: History, threshold: int
) -> list[Finding]:
    """For each cell, exact figures that have left about its people, or all but under `threshold`.

    At most `MOST_TOLD`, the nearest first. Raises what `true_counts` raises, and `Fault`
    CW-OUTPUT-RELEASE, CW-AUDIT-HISTORY.
    """
    belongs = members(request, session)
    ids = audit_ids(session.rows(request.table).table.codes, audit_map)
    order = np.argsort(ids)
    ids, belongs = ids[order], belongs[order]
    found: list[tuple[int, Finding]] = []
    for output in history.load():
        if output.people is not None:
            for table in output.tables:
                found += _beside(request, output, table, ids, belongs, threshold)
    found.sort(key=lambda one: one[0])
    return [finding for _, finding in found[:MOST_TOLD]]


def _beside(
    request: NoisyRequest,
    output: Output,
    table: AuditTable,
    ids: Ids,
    belongs: npt.NDArray[np.bool_],
    threshold: int,
) -> Iterator[tuple[int, Finding]]:
    """Figures whose people differ from those of a cell by fewer than `threshold`."""
    if not table.has_people or output.people is None:
        return
    places = places_in(output.people.ids, ids)
    part = np.full(len(ids), -1, np.int64)
    known = places >= 0
    # An output that nobody is in has no parts to look up; its exact noughts are figures too.
    part[known] = table.part_of[places[known]]
    sizes = belongs.sum(axis=0)
    told = table.cells.high >= 0
    for column, cell in enumerate(request.cells):
        inside = part[belongs[:, column] & (part >= 0)]
        shared = np.bincount(inside, minlength=table.paper.parts)
        both = np.asarray(table.cells.matrix @ shared, np.int64)
        apart = table.sizes + sizes[column] - 2 * both
        for at in np.flatnonzero(told & (apart < threshold)):
            where = {
                "table": request.name, "cell": cell.name, "output": output.name,
                "figure": f"{table.paper.name} row {table.cells.row[at]} "
                f"column {table.cells.column[at]}",
            }  # fmt: skip
            found = Finding("beside", "Frequencies", "review", where, int(apart[at]), threshold)
            yield int(apart[at]), found
