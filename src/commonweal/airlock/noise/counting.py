"""True counts of people in declared cells, each person in at most so many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.recompute.schema import bound_values, find
from commonweal.airlock.recompute.statements import Columns, joined
from commonweal.foundation.connection import (
    connect,
    engine_errors,
    quote_identifier,
    quote_path,
)
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.noise import NoisyRequest

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
    table = release.tables[request.table]
    columns = Columns(release, lambda _: "t0")
    asked = joined(
        (columns.meets(cell.where).called(f"c{place}") for place, cell in enumerate(request.cells)),
        ", ",
    )
    code = f"t0.{quote_identifier(table.require_person())}"
    each = ", ".join(f"bool_or(c{place}) AS c{place}" for place in range(len(request.cells)))
    statement = (
        f"SELECT {each}, who IS NULL AS nobody "
        f"FROM (SELECT {code} AS who, {asked.text} FROM {_source(table)} AS t0) GROUP BY who"
    )
    db = connect(work)
    try:
        with engine_errors("count people"):
            found = db.execute(statement, list(asked.values)).fetchnumpy()
    finally:
        db.close()
    if np.any(found["nobody"]):
        raise Fault("CW-OUTPUT-RELEASE", f"A row of the table {table.name} is nobody's.")
    belongs = np.column_stack([found[f"c{place}"] for place in range(len(request.cells))])
    counted = belongs & (np.cumsum(belongs, axis=1) <= request.at_most)
    counts: Counts = counted.sum(axis=0, dtype=np.int64)
    return counts


def _source(table: OpenTable) -> str:
    files = ", ".join(quote_path(path) for path in table.files)
    return f"read_parquet([{files}], hive_partitioning = false)"
