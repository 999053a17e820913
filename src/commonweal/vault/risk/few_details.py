"""SUDA of a view of a release: which few of its items are enough to single people out.

By person, over everything that is laid together in the view. Where nobody is alone with all items,
nobody is with fewer, and nothing is counted. Else sets of items are tried from small to large, as
many as were asked for or as their number and that of the rows allow: what few details do is said
first, and `up_to` says how far it went.
"""

from __future__ import annotations

import math
from dataclasses import replace

from commonweal.vault.risk.coding import dense_codes
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.leave_out import RiskView
from commonweal.vault.risk.suda import MOST_SETS, Suda, suda_of
from commonweal.vault.risk.view_items import WHOSE, fetched, item_codes, item_names, pairs_of
from commonweal.vault.tables.engine import Engine

WORK = 20_000_000
"""Rows times sets of items that are tried without being asked for: some seconds."""
ASKED_WORK = 2_000_000_000
"""The same where everything was asked for: some minutes."""


def few_details(
    engine: Engine,
    view: RiskView,
    figures: Figures,
    *,
    most_rows: int,
    work: int = WORK,
    population: int | None = None,
) -> Suda | None:
    """SUDA over the items of a view that was measured as `figures`.

    `work`: rows times sets of items at most. `population`: how many people the data are a sample
    of, for DIS. None where there are more than `most_rows` pairs of people and combinations.
    """
    names = item_names(view)
    if not names or not figures.sample_uniques:
        nothing = Suda(
            patients=figures.patients, people=0, by_size={}, score_max=0.0, score_mean=0.0,
            contribution=dict.fromkeys(names, 0.0), up_to=len(names), complete=True,
        )  # fmt: skip
        return replace(nothing, population=population)
    found = fetched(engine, pairs_of(view), most_rows)
    if found is None:
        return None
    codes = item_codes(engine, view, found)
    people, _ = dense_codes([found[WHOSE]])
    most = largest_size(len(names), found.num_rows, work)
    columns, sizes = [code for code, _ in codes], [count for _, count in codes]
    return replace(suda_of(columns, sizes, people, names, most), population=population)


def largest_size(items: int, rows: int, work: int) -> int:
    """Up to how many items at a time all sets can be tried; one at least."""
    sets, size = 0, 0
    while size < items:
        sets += math.comb(items, size + 1)
        if size and (sets > MOST_SETS or sets * rows > work):
            break
        size += 1
    return size
