"""How a figure grows: the exponent of a power law through some points."""

from __future__ import annotations

import math


def exponent(points: list[tuple[int, float]]) -> float | None:
    """The slope of log(value) on log(rows) by least squares; None for less than two points."""
    logs = [(math.log(rows), math.log(value)) for rows, value in points if value > 0]
    if len(logs) < 2:
        return None
    across, up = (sum(axis) / len(logs) for axis in zip(*logs, strict=True))
    spread = sum((x - across) ** 2 for x, _ in logs)
    return sum((x - across) * (y - up) for x, y in logs) / spread
