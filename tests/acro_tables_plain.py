"""The data set and the tables that acro and we are asked for. Plain Python, for both environments.

Four variables of three values, 81 combinations of 11 records, but 5 where the first, third and
fourth are C; one record with a very large value. Whether a table is safe follows from that.
"""

from __future__ import annotations

import itertools
from typing import Any

NAMES = ("v1", "v2", "v3", "v4")


def records() -> list[dict[str, Any]]:
    """One record a person."""
    made = []
    for combination in itertools.product("ABC", repeat=4):
        few = combination[0] == combination[2] == combination[3] == "C"
        made += [
            dict(zip(NAMES, combination, strict=True)) | {"x": float(1 + n)}
            for n in range(5 if few else 11)
        ]
    made[0]["x"] = 10_000.0
    return made


def tables() -> list[tuple[str, list[str], dict[str, str], str]]:
    """(name, variables, filter, what is shown) of each table."""
    made: list[tuple[str, list[str], dict[str, str], str]] = [
        ("-".join(names), list(names), {}, "count")
        for width in (1, 2, 3, 4)
        for names in itertools.combinations(NAMES, width)
    ]
    made += [
        ("mean of all", ["v1"], {}, "mean"),
        ("mean without the large one", ["v2"], {"v1": "B"}, "mean"),
        ("mean of few", ["v2", "v3"], {"v1": "C", "v4": "C"}, "mean"),
        ("count of few", ["v2", "v3"], {"v1": "C", "v4": "C"}, "count"),
        ("count with nobody", ["v1", "v2"], {"v1": "A"}, "count"),
    ]
    return made
