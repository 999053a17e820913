"""What the criteria look at: the classes that a generalisation makes, worked out when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from commonweal.vault.risk.anonymise.arrays import Floats, Ints, Mask, combine, count, distinct_per
from commonweal.vault.risk.anonymise.problem import Problem


@dataclass(frozen=True)
class Cells:
    """Values of a sensitive column by class: `weight` people or rows of `group` have `value`."""

    group: Ints
    value: Ints
    weight: Ints
    held: Ints
    """For each class the sum of its weights."""
    shares: Floats
    """For each value its share in the whole table."""


class Classes:
    """Classes of a table: `of[c]` is the class of combination c, a number below `size`.

    Some numbers may have no rows; `there` says which have.
    """

    def __init__(self, problem: Problem, of: Ints, size: int) -> None:
        self.problem = problem
        self.of = of
        self.size = size
        self._cells: dict[str, Cells] = {}

    @cached_property
    def rows(self) -> Ints:
        """Rows of each class."""
        return count(self.of, self.size, self.problem.rows)

    @cached_property
    def there(self) -> Mask:
        """Which classes have rows."""
        return self.rows > 0

    @cached_property
    def people(self) -> Ints:
        """People of each class, each counted once; rows where a row is a person."""
        problem = self.problem
        if problem.pairs is not None:
            place, who, card = problem.pairs
            return distinct_per(self.of[place], self.size, who, card)
        if problem.people_weight is not None:
            return count(self.of, self.size, problem.people_weight)
        return self.rows

    @cached_property
    def population(self) -> Ints:
        """Rows of the population table in each class."""
        if self.problem.population is None:
            raise ValueError("there is no population")
        return count(self.of, self.size, self.problem.population)

    def smallest_of_each_person(self, kept: Mask) -> Ints:
        """For each person with a row in a kept class the size of the smallest such class."""
        if self.problem.pairs is None:
            return np.repeat(self.people[kept], self.people[kept])
        place, who, card = self.problem.pairs
        group = self.of[place]
        inside = kept[group]
        least = np.full(card, np.iinfo(np.int64).max)
        np.minimum.at(least, who[inside], self.people[group[inside]])
        return least[least < np.iinfo(np.int64).max]

    def cells(self, column: str) -> Cells:
        """The values of a sensitive column by class."""
        if column not in self._cells:
            self._cells[column] = self._count_cells(column)
        return self._cells[column]

    def _count_cells(self, column: str) -> Cells:
        unit = next(one for one in self.problem.sensitive if one.column == column)
        values = len(unit.values)
        # Numbers without rows are left out, so that a table of counts stays small.
        used = np.flatnonzero(self.there)
        rank = np.cumsum(self.there) - 1
        group, value, weight = rank[self.of[unit.place]], unit.value, unit.weight
        if unit.people is not None:
            card = int(unit.people.max()) + 1
            once, _ = combine([group, value, unit.people], [len(used), values, card])
            first = np.unique(once, return_index=True)[1]
            group, value, weight = group[first], value[first], weight[first]
        key = group * values + value
        if len(used) * values <= 16 * len(key) + 65_536:
            sums = count(key, len(used) * values, weight)
            found = np.flatnonzero(sums)
            amount = sums[found]
        else:
            found, back = np.unique(key, return_inverse=True)
            amount = count(back.astype(np.int64, copy=False), len(found), weight)
        group, value = np.divmod(found, values)
        group = used[group]
        held = count(group, self.size, amount)
        return Cells(group, value, amount, held, unit.shares)
