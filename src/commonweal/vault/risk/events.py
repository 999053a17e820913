"""Figures of event tables: what reads them out of the engine; `power` says what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.risk.coding import Ints, columns_of, numbered, with_number
from commonweal.vault.risk.power import (
    Postings,
    Power,
    gap_figures,
    power_figures,
    rare_figures,
)
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

MOST_POWER = 3
RARE_BELOW = 10
_PERSON = "cw__person"
_OTHER = "cw__other"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class EventFigures:
    """`power`: by the number of events known, from 1. `rare`: by column, values that few have."""

    power: Mapping[int, Power]
    rare: Mapping[str, Mapping[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure`."""
        return {
            "power_m": {str(events): one.as_dict() for events, one in self.power.items()},
            "rare": {name: dict(one) for name, one in self.rare.items()},
        }


def event_figures(
    engine: Engine,
    table: ops.Table,
    person: str,
    known: Sequence[str],
    columns: Sequence[str],
) -> EventFigures:
    """What can be done with events, which are what a row says in the columns `known`.

    `columns`: those of them whose rare values are counted.
    """
    postings = Postings.of(*_pairs(engine, table, person, known))
    rare = {}
    for name in columns:
        told = ops.keep_where(table, ops.negate(ops.is_missing(table[name])))
        rare[name] = rare_figures(*_pairs(engine, told, person, [name]), RARE_BELOW)
    power = {m: power_figures(postings, m) for m in range(1, MOST_POWER + 1)}
    return EventFigures(power, rare)


def gaps_of(engine: Engine, table: ops.Table, person: str, column: str) -> dict[str, Any]:
    """How many people the days between their dates give away (`power.gap_figures`).

    Raises `WrongUsage` CW-RISK-COLUMNS where the column holds no dates.
    """
    if ops.kinds(table)[column] not in ("date", "timestamp"):
        raise WrongUsage("CW-RISK-COLUMNS", f"Column {column} holds no dates.")
    dated = ops.keep_where(table, ops.negate(ops.is_missing(table[column])))
    with numbered(engine, dated, [person], "people") as (people, _):
        coded = with_number(dated, [person], people, _PERSON)
        day = ops.days_between(coded[column], ops.constant(_EPOCH, "date"))
        days = ops.project(coded, {_PERSON: coded[_PERSON], _OTHER: day})
        first, second = columns_of(engine, ops.distinct(days), [_PERSON, _OTHER])
    return gap_figures(first, second)


def _pairs(
    engine: Engine, table: ops.Table, person: str, columns: Sequence[str]
) -> tuple[Ints, Ints]:
    """Numbers of people and of what `columns` say, each pair once."""
    with (
        numbered(engine, table, columns, "events") as (events, _),
        numbered(engine, table, [person], "people") as (people, _),
    ):
        coded = with_number(table, columns, events, _OTHER)
        coded = with_number(coded, [person], people, _PERSON)
        pairs = ops.distinct(ops.select(coded, [_PERSON, _OTHER]))
        first, second = columns_of(engine, pairs, [_PERSON, _OTHER])
    return first, second
