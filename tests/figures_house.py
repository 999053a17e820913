"""A hospital large enough for figures, and a slow, obvious count of it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from math import log2
from pathlib import Path
from typing import Any

from commonweal.papers.figures import CatalogueFigures
from commonweal.vault.custody import remember_catalogue
from commonweal.vault.figures.describing import Described, describe
from tests.release_house import House, hospital, make_house

PEOPLE = 240


def figures_house(base: Path, count: int = PEOPLE) -> House:
    """A house whose catalogue is in use."""
    house = make_house(base, tables=hospital(count))
    keep(house)
    return house


def keep(house: House) -> None:
    """Write source and catalogue as they are now, and put the catalogue in use."""
    house.clock.advance(timedelta(seconds=1))  # which one is the newer is told by the time
    house.write()
    remember_catalogue(house.custody(), house.catalogue)


def described(house: House) -> Described:
    return describe(house.custody(), house.catalogue, "hospital", house.choices)


def figures(house: House) -> CatalogueFigures:
    return described(house).figures


class Count:
    """What is true of one table, counted row by row in Python. `person`: number by row."""

    def __init__(self, house: House, table: str, allowed: Collection[str] | None = None) -> None:
        stays = {one["admission_id"]: one["nhs_number"] for one in house.tables["admissions"]}
        self.rows: list[tuple[str, dict[str, Any]]] = []
        for row in house.tables[table]:
            who = row.get("nhs_number") or stays[row["admission_id"]]
            if allowed is None or who in allowed:
                self.rows.append((who, row))
        self.people = {who for who, _ in self.rows}

    def codes(self, name: str) -> dict[str, int]:
        """People by value."""
        found = defaultdict(set)
        for who, row in self.rows:
            if row[name]:
                found[row[name]].add(who)
        return {value: len(people) for value, people in found.items()}

    def whole(self, name: str) -> float:
        """The sum over people of the share of their rows that have a value."""
        each = defaultdict(list)
        for who, row in self.rows:
            each[who].append(bool(row[name]))
        return sum(statistics.mean(filled) for filled in each.values())

    def bits(self, name: str) -> float:
        """The mean over people of how far their rarest value narrows down who they are."""
        counts, each = self.codes(name), defaultdict(list)
        for who, row in self.rows:
            if row[name]:
                each[who].append(counts[row[name]])
        total = len(self.people)
        return sum(log2(total / min(found)) for found in each.values()) / total
