"""What a release loses of what is recorded, worked out from the rows that are released."""

from __future__ import annotations

import numpy as np

from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.ladders import encoded, entropy
from commonweal.vault.release.prepare import Prepared
from commonweal.vault.release.recipe import TableRecipe
from commonweal.vault.risk.utility_section import Detail, Utility
from commonweal.vault.tables import ops

_NO_DETAIL = frozenset({"pseudonym", "record_code", "shift", "interval"})


def utility_of(prepared: Prepared) -> Utility:
    """The utility of the release that is to be written. Reads each coarsened variable once."""
    agreed = {
        f"{table.table}.{item.variable}": item.form
        for table in prepared.inputs.permit.dataset.tables
        for item in table.variables
    }
    details = [
        Detail(
            table.name,
            item.variable.name,
            agreed[item.name],
            item.form.text,
            _kept(prepared, table, item),
        )
        for table in prepared.recipe.tables
        for item in table.items
    ]
    rows = {
        table.name: _rows_before_and_after(prepared, table)
        for table in prepared.recipe.tables
        if table.about_people
    }
    counted = _people(prepared, prepared.released)
    people = (counted + prepared.suppressed, counted)
    choice = prepared.generalisation
    if choice is None:
        return Utility(people, rows, tuple(details))
    trace = {
        **choice.plain(),
        "variables": list(choice.variables),
        "not_used": {name: dict(reasons) for name, reasons in choice.not_used.items()},
        "candidates": [one.plain() for one in choice.candidates],
    }
    return Utility(people, rows, tuple(details), trace, tuple(choice.sentences()))


def _kept(prepared: Prepared, table: TableRecipe, item: Wanted) -> float | None:
    """The share of the information of the recorded values that the shown ones keep."""
    if item.form.kind in _NO_DETAIL:
        return None
    if item.form.kind == "exact" and item not in table.rare_watched:
        return 1.0
    cells = prepared.loaded.engine.arrow(prepared.shaper.levels(table, prepared.released, (item,)))
    rows = np.asarray(cells["rows"].to_numpy(), dtype=np.int64)
    whole = entropy(rows)
    if whole == 0.0:
        return 1.0
    shown, _ = encoded(cells["level_0"])
    return min(entropy(np.bincount(shown, weights=rows)) / whole, 1.0)


def _rows_before_and_after(prepared: Prepared, table: TableRecipe) -> tuple[int, int]:
    """Rows of those who could be released, and of those who are."""
    after = _rows(prepared, table, prepared.released)
    if prepared.allowed is prepared.released:
        return after, after
    return _rows(prepared, table, prepared.allowed), after


def _rows(prepared: Prepared, table: TableRecipe, people: ops.Table) -> int:
    rows, _ = prepared.shaper.measured(table, people, ())
    counted = ops.group(rows, [], {"n": ops.count_rows(rows)})
    return int(prepared.loaded.engine.one(counted)["n"])


def _people(prepared: Prepared, people: ops.Table) -> int:
    counted = ops.group(people, [], {"n": ops.count_rows(people)})
    return int(prepared.loaded.engine.one(counted)["n"])
