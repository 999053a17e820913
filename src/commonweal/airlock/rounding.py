"""Rounding of counts, as profiles ask for it, and what a rounded count still says.

Sources: OpenSAFELY's output rules (nearest 5 after small counts are hidden; midpoint 6), the rules
of NHS England for hospital statistics (1 to 7 as 5). A rounded count says "between these two
numbers", which is what the audit of all outputs works with.
"""

from __future__ import annotations

import numpy as np

from commonweal.airlock.figures import Numbers
from commonweal.papers.output_request import Rounding

_SMALL = 7


def rounded(counts: Numbers, rounding: Rounding) -> Numbers:
    """Whole numbers of at least 0, as they are shown."""
    if rounding == "exact":
        return counts
    if rounding == "midpoint_6":
        middle: Numbers = np.where(counts == 0, 0.0, np.ceil(counts / 6) * 6 - 3)
        return middle
    nearest: Numbers = np.floor(counts / 5 + 0.5) * 5
    if rounding == "nearest_5":
        return nearest
    small: Numbers = np.where((counts > 0) & (counts <= _SMALL), 5.0, nearest)
    return small


def said_by(shown: int, rounding: Rounding) -> tuple[int, int]:
    """The least and the most that a count can be which is shown as `shown`.

    Raises ValueError for a number that is never shown.
    """
    if rounding == "exact":
        low, high = shown, shown
    elif rounding == "midpoint_6":
        low, high = (0, 0) if shown == 0 else (shown - 2, shown + 3)
    elif rounding == "nearest_5":
        low, high = max(shown - 2, 0), shown + 2
    else:
        low, high = {0: (0, 0), 5: (1, _SMALL)}.get(shown, (max(shown - 2, _SMALL + 1), shown + 2))
    if shown < 0 or rounded(np.array([float(low)]), rounding)[0] != shown:
        raise ValueError("a count is never shown like this")
    return low, high
