"""The slow, obvious twins of the risk measures: dictionaries and loops over rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

Row = Mapping[str, Any]


def figures(
    rows: Sequence[Row],
    quasi: Sequence[str],
    sensitive: Sequence[str],
    person: str | None,
    at_risk_above: float = 0.2,
) -> dict[str, Any]:
    people: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
    held: dict[str, dict[tuple[Any, ...], set[tuple[Any, Any]]]] = {
        column: defaultdict(set) for column in sensitive
    }
    for number, row in enumerate(rows):
        who = number if person is None else row[person]
        key = tuple(row[column] for column in quasi)
        people[key].add(who)
        for column in sensitive:
            held[column][key].add((who, row[column]))
    own: dict[Any, int] = {}
    for members in people.values():
        for who in members:
            own[who] = min(own.get(who, len(members)), len(members))
    places = sum(len(members) for members in people.values())
    n = len(own)
    return {
        "rows": len(rows),
        "patients": n,
        "classes": len(people),
        "k": min(map(len, people.values()), default=0),
        "l": {
            column: {
                "distinct": min(
                    (len({value for _, value in cell}) for cell in cells.values()), default=0
                ),
                "entropy": min(
                    (_entropy_l(Counter(value for _, value in cell)) for cell in cells.values()),
                    default=0.0,
                ),
            }
            for column, cells in held.items()
        },
        "prosecutor": {
            "max": max((1 / size for size in own.values()), default=0.0),
            "mean": sum(1 / size for size in own.values()) / n if n else 0.0,
            "at_risk": sum(1 / size > at_risk_above for size in own.values()) / n if n else 0.0,
        },
        "marketer": len(people) / places if places else 0.0,
        "sample_uniques": sum(size == 1 for size in own.values()),
        "smallest_classes": [
            {"class": number, "size": size}
            for number, size in enumerate(sorted(map(len, people.values()))[:20], 1)
        ],
    }


def _entropy_l(counts: Counter[Any]) -> float:
    whole = sum(counts.values())
    return math.exp(-sum(c / whole * math.log(c / whole) for c in counts.values()))


def people_in_small_classes(
    rows: Sequence[Row], quasi: Sequence[str], person: str, k: int
) -> set[Any]:
    people: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
    for row in rows:
        people[tuple(row[column] for column in quasi)].add(row[person])
    return {who for members in people.values() if len(members) < k for who in members}


def people_with_low_l(
    rows: Sequence[Row], quasi: Sequence[str], sensitive: Sequence[str], person: str, least: int
) -> set[Any]:
    found: set[Any] = set()
    for column in sensitive:
        people: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
        values: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
        for row in rows:
            key = tuple(row[name] for name in quasi)
            people[key].add(row[person])
            values[key].add(row[column])
        for key, members in people.items():
            if len(values[key]) < least:
                found |= members
    return found


def candidates(
    released: Sequence[tuple[Any, date | None]],
    first: date,
    last: date,
    closed: set[date],
    weeks: int,
) -> dict[Any, int]:
    """For each person the shifts that survive: move every date back and look."""
    dates: dict[Any, list[date]] = defaultdict(list)
    for who, day in released:
        if day is not None:
            dates[who].append(day)
    left = {}
    for who, days in dates.items():
        left[who] = 0
        for shift in range(-weeks, weeks + 1):
            back = [day - timedelta(weeks=shift) for day in days]
            left[who] += all(first <= day <= last and day not in closed for day in back)
    return left
