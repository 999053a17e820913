"""The gate: measured risk against the limits that the permit sets.

A release with a figure over a limit is refused. The sentences are for the data manager; they hold
names of tables and columns, counts and limits, never a value of a class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from commonweal.foundation.errors import Refused
from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.sentences import people_in_words, share_in_words
from commonweal.vault.risk.shift import ShiftFigures

Measure = Literal["k", "distinct_l", "prosecutor_mean", "marketer", "shift_candidates"]


@dataclass(frozen=True)
class Breach:
    """One figure over a limit. `people`: how many it concerns, where that can be counted."""

    measure: Measure
    table: str | None
    column: str | None
    value: float
    limit: float
    people: int | None
    sentence: str


class RiskRefused(Refused):
    """The measured risk is over a limit of the permit (exit 4, CW-RISK-LIMIT)."""

    def __init__(self, breaches: Sequence[Breach], *, remedy: str | None = None) -> None:
        if not breaches:
            raise ValueError("a refusal needs a breach")
        self.breaches = tuple(breaches)
        sentence = " ".join(breach.sentence for breach in self.breaches)
        super().__init__("CW-RISK-LIMIT", sentence, remedy=remedy)


def check_limits(
    figures: Mapping[str, Figures], shift: ShiftFigures | None, limits: RiskLimits
) -> list[Breach]:
    """Every figure over a limit, by table in the order given; empty where all hold.

    `figures`: what was measured, by the name of the table. `shift`: candidate shifts over all
    tables, or None where no date is shifted. A table without people harms nobody.
    """
    found: list[Breach] = []
    for table, measured in figures.items():
        if measured.patients:
            found += _table_breaches(table, measured, limits)
    if shift is not None and shift.least is not None and shift.least < limits.shift_candidates:
        found.append(_shift_breach(shift, shift.least, limits.shift_candidates))
    return found


def _table_breaches(table: str, measured: Figures, limits: RiskLimits) -> list[Breach]:
    found = []
    if measured.k < limits.k:
        people = measured.people_below(limits.k)
        who = "1 person looks" if people == 1 else f"{people_in_words(people)} look"
        sentence = (
            f"Table {table}: {who} like fewer than {limits.k} people in all (the smallest group "
            f"has {measured.k}); the permit asks for at least {limits.k}."
        )
        found.append(Breach("k", table, None, measured.k, limits.k, people, sentence))
    for column, least in measured.distinct_l.items():
        if limits.distinct_l is not None and least < limits.distinct_l:
            sentence = (
                f"Table {table}, column {column}: a group of people who look alike has only "
                f"{least} different value(s); the permit asks for at least {limits.distinct_l}."
            )
            found.append(
                Breach("distinct_l", table, column, least, limits.distinct_l, None, sentence)
            )
    shares: tuple[tuple[Measure, float, float | None, str], ...] = (
        (
            "prosecutor_mean",
            measured.prosecutor_mean,
            limits.prosecutor_mean,
            "the mean chance of picking out someone known to be in the data",
        ),
        (
            "marketer",
            measured.marketer,
            limits.marketer,
            "the share of people that someone who tries to match everybody would get right",
        ),
    )
    for name, share, limit, words in shares:
        if limit is not None and share > limit:
            found.append(_share_breach(name, table, share, limit, words))
    return found


def _share_breach(name: Measure, table: str, share: float, limit: float, words: str) -> Breach:
    sentence = (
        f"Table {table}: {words} is {share:.4f} ({share_in_words(share)}); the permit allows "
        f"{limit:.4f} ({share_in_words(limit)})."
    )
    return Breach(name, table, None, share, limit, None, sentence)


def _shift_breach(shift: ShiftFigures, least: int, limit: int) -> Breach:
    people = shift.people_below(limit)
    sentence = (
        f"Moved dates: for {people_in_words(people)} fewer than {limit} of the {shift.shifts} "
        f"possible shifts fit the days on which records are made (the fewest are {least})."
    )
    return Breach("shift_candidates", None, None, least, limit, people, sentence)
