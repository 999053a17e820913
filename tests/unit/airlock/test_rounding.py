"""Rounding of counts, and what a rounded count still says."""

from __future__ import annotations

import numpy as np
import pytest

from commonweal.airlock.rounding import rounded, said_by
from commonweal.papers.output_request import Rounding

WAYS: list[Rounding] = ["exact", "nearest_5", "midpoint_6", "small_as_5"]
SPEC: list[tuple[Rounding, dict[int, int]]] = [
    ("exact", {0: 0, 1: 1, 7: 7, 10**9: 10**9}),
    ("nearest_5", {0: 0, 2: 0, 3: 5, 7: 5, 8: 10, 12: 10, 13: 15}),
    ("midpoint_6", {0: 0, 1: 3, 6: 3, 7: 9, 12: 9, 13: 15, 18: 15, 19: 21}),
    ("small_as_5", {0: 0, 1: 5, 2: 5, 7: 5, 8: 10, 12: 10, 13: 15, 17: 15}),
]


@pytest.mark.parametrize(("way", "table"), SPEC)
def test_counts_are_shown_as_published(way: Rounding, table: dict[int, int]) -> None:
    counts = np.array(list(table), dtype=np.float64)
    assert rounded(counts, way).tolist() == list(table.values())


@pytest.mark.parametrize("way", WAYS)
def test_what_a_shown_count_says_is_just_what_is_shown_like_it(way: Rounding) -> None:
    counts = np.arange(400)
    shown = rounded(counts.astype(np.float64), way)
    for value in np.unique(shown[:380]):
        alike = counts[shown == value]
        assert said_by(int(value), way) == (int(alike.min()), int(alike.max()))


@pytest.mark.parametrize(
    ("shown", "way"),
    [(-1, "exact"), (-5, "nearest_5"), (3, "nearest_5"), (1, "midpoint_6"), (6, "midpoint_6"),
     (-3, "midpoint_6"), (7, "small_as_5"), (-5, "small_as_5")],
)  # fmt: skip
def test_a_count_that_is_never_shown_is_refused(shown: int, way: Rounding) -> None:
    with pytest.raises(ValueError, match="never shown"):
        said_by(shown, way)
