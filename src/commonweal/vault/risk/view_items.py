"""The items that a view is known by, as numbers in memory: one column an item, `table.variable`.

A view keeps what is known of the person as one number; behind it stand the items of that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from commonweal.vault.risk.coding import Ints, as_ints, dense_codes
from commonweal.vault.risk.leave_out import KnownPart, RiskView
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

WHOSE = "cw__whose"
_COUNT = "cw__count"
Codes = Sequence[tuple[Ints, int]]
"""Of each item the value of each row, in numbers from 0, and how many values there are."""


def item_names(view: RiskView) -> list[str]:
    """What the items of a view are called for people, in the order of its columns."""
    found: list[str] = []
    for column in view.quasi:
        part = _part(view, column)
        found += [view.labels.get(column, column)] if part is None else part.names.values()
    return found


def pairs_of(view: RiskView) -> ops.Table:
    """Each person (`WHOSE`) beside each combination that is known of them, once."""
    wanted = {name: view.table[name] for name in view.quasi} | {WHOSE: view.table[view.person]}
    return ops.distinct(ops.project(view.table, wanted))


def fetched(engine: Engine, table: ops.Table, most: int) -> pa.Table | None:
    """The rows of a table in memory; None where there are more than `most`."""
    count = engine.one(ops.group(table, [], {_COUNT: ops.count_rows(table)}))[_COUNT]
    return engine.arrow(table) if int(count) <= most else None


def item_codes(engine: Engine, view: RiskView, found: pa.Table) -> list[tuple[Ints, int]]:
    """The values of each item in the rows `found`, which hold the columns of the view."""
    codes: list[tuple[Ints, int]] = []
    for column in view.quasi:
        part = _part(view, column)
        if part is None:
            codes.append(dense_codes([found[column]]))
            continue
        known = engine.arrow(part.table)
        number = as_ints(known[part.number])
        place = np.zeros(int(number.max(initial=0)) + 1, dtype=np.int64)
        place[number] = np.arange(len(number))
        rows = place[as_ints(found[column])]
        for name in part.names:
            values, count = dense_codes([known[name]])
            codes.append((values[rows], count))
    return codes


def _part(view: RiskView, column: str) -> KnownPart | None:
    return next((one for one in view.parts if one.column == column), None)
