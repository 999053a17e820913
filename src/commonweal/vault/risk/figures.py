"""The figures of re-identification risk, worked out from how many classes have which size.

A class is the set of people who share all values of the quasi-identifiers; f is its number of
people. Prosecutor risk (the intruder knows that the target is in the data) of a person is 1/f of
the smallest class that the person is in; marketer risk (the intruder matches everyone) is the
expected share of right matches, the number of classes over the number of places of people in
classes, which is u/n where each person is in one class. Definitions after El Emam, "Guide to the
De-Identification of Personal Health Information" (2013); distinct and entropy l after
Machanavajjhala et al., "l-diversity" (2007).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commonweal.vault.risk.distances import Closeness

AT_RISK_ABOVE = 0.2
"""Default of the chance above which a person counts as at risk: a class of fewer than five."""
SMALLEST_SHOWN = 20


@dataclass(frozen=True)
class Figures:
    """Risk figures of one table. Made by `from_sizes`; holds sizes and counts, never values.

    `patients` counts people, or rows where a row stands for a person. `k` is 0 in an empty table.
    `distinct_l` and `entropy_l` are the smallest of any class, by sensitive column; entropy l is
    the exponential of the entropy, so that it is at most distinct l. `at_risk` is the share of
    people with 1/f above `at_risk_above`. `sample_uniques` counts people who are alone in a class.
    `smallest` are the sizes of up to 20 smallest classes, ascending. `people_by_size` maps a size
    to the number of people whose smallest class has it; `classes_by_rows` a number of rows to the
    number of classes that have it. `closeness`: by sensitive column, where it was asked for.
    """

    rows: int
    patients: int
    classes: int
    k: int
    distinct_l: Mapping[str, int]
    entropy_l: Mapping[str, float]
    prosecutor_max: float
    prosecutor_mean: float
    at_risk: float
    marketer: float
    sample_uniques: int
    smallest: tuple[int, ...]
    at_risk_above: float = AT_RISK_ABOVE
    people_by_size: Mapping[int, int] = field(default_factory=dict, repr=False)
    classes_by_rows: Mapping[int, int] = field(default_factory=dict, repr=False)
    closeness: Mapping[str, Closeness] = field(default_factory=dict, repr=False)

    @classmethod
    def from_sizes(
        cls,
        *,
        rows: int,
        classes_by_size: Mapping[int, int],
        people_by_size: Mapping[int, int],
        distinct_l: Mapping[str, int],
        entropy_l: Mapping[str, float],
        at_risk_above: float = AT_RISK_ABOVE,
        classes_by_rows: Mapping[int, int] | None = None,
        closeness: Mapping[str, Closeness] | None = None,
    ) -> Figures:
        """The figures of a table whose classes have these sizes."""
        sizes = dict(sorted(classes_by_size.items()))
        people = dict(sorted(people_by_size.items()))
        patients, classes = sum(people.values()), sum(sizes.values())
        places = sum(size * count for size, count in sizes.items())
        k = next(iter(sizes), 0)
        exposed = sum(count for size, count in people.items() if 1 / size > at_risk_above)
        chances = sum(count / size for size, count in people.items())
        return cls(
            rows=rows,
            patients=patients,
            classes=classes,
            k=k,
            distinct_l=dict(distinct_l),
            entropy_l=dict(entropy_l),
            prosecutor_max=1 / k if k else 0.0,
            prosecutor_mean=chances / patients if patients else 0.0,
            at_risk=exposed / patients if patients else 0.0,
            marketer=classes / places if places else 0.0,
            sample_uniques=people.get(1, 0),
            smallest=_smallest(sizes),
            at_risk_above=at_risk_above,
            people_by_size=people,
            classes_by_rows=dict(sorted((classes_by_rows or {}).items())),
            closeness=dict(closeness or {}),
        )

    def by_row(self) -> Figures | None:
        """The figures of a program that takes each row for a person, without sensitive columns.

        None where rows were not counted.
        """
        if not self.classes_by_rows:
            return None
        return Figures.from_sizes(
            rows=self.rows,
            classes_by_size=self.classes_by_rows,
            people_by_size={size: size * count for size, count in self.classes_by_rows.items()},
            distinct_l={},
            entropy_l={},
            at_risk_above=self.at_risk_above,
        )

    def people_below(self, k: int) -> int:
        """How many people are in a class of fewer than `k` people."""
        return sum(count for size, count in self.people_by_size.items() if size < k)

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure` (INTERFACES)."""
        found: dict[str, Any] = {
            "rows": self.rows,
            "patients": self.patients,
            "classes": self.classes,
            "k": self.k,
            "l": {
                column: {"distinct": distinct, "entropy": self.entropy_l[column]}
                for column, distinct in self.distinct_l.items()
            },
            "prosecutor": {
                "max": self.prosecutor_max,
                "mean": self.prosecutor_mean,
                "at_risk": self.at_risk,
            },
            "marketer": self.marketer,
            "sample_uniques": self.sample_uniques,
            "smallest_classes": [
                {"class": number, "size": size} for number, size in enumerate(self.smallest, 1)
            ],
        }
        if self.closeness:
            near = self.closeness
            for column, one in near.items():
                found["l"][column]["recursive"] = one.recursive_json()
            found["t"] = {column: one.as_dict() for column, one in near.items()}
            found["likeness"] = {column: one.likeness() for column, one in near.items()}
        return found


def _smallest(sizes: Mapping[int, int]) -> tuple[int, ...]:
    found: list[int] = []
    for size, count in sizes.items():
        found += [size] * min(count, SMALLEST_SHOWN - len(found))
    return tuple(found)
