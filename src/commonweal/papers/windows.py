"""How narrowly a cohort holds a date: interval arithmetic over the bounds that it sets.

Whoever is in a cohort meets one of its branches: one alternative of each `any`, and everything of
each `all`. A branch that sets a lower and an upper bound holds the date to the window between them.
`not` is carried inwards first: `not lt` is `ge`, and `not any` is `all` of the negations. So two
bounds meet in a branch exactly where the innermost part around both of them is an `all`.

Conditions of one `all` may be met by different rows of a person. They need not be, and a person
with one row meets them with it: so every pair of bounds counts, also where a third condition leaves
nothing between them.

What a paper cannot tell is how far the data reach. "Before 3 January 2015" is a window of two days
where records begin on 1 January 2015. Whoever reads the paper knows neither end of the data, so a
bound on one side is passed here.

Time is counted in half days, so that dates and timestamps lie on one line: day number D is its
midnight, 2 D, and the rest of the day, 2 D + 1.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from commonweal.papers.cohort import Cohort, Condition

Columns = Mapping[tuple[str, str], str]
"""The type (`date` or `timestamp`) of each date that is looked at, by table and variable."""

Outer = tuple[date | None, date | None]

_NEGATED = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}


@dataclass
class _Held:
    """The bounds that a part of a cohort sets, in half days, in order, and its shortest window."""

    lows: list[int] = field(default_factory=list)
    highs: list[int] = field(default_factory=list)
    shortest: int | None = None

    def also(self, other: _Held, *, together: bool) -> None:
        """Take in another part; `together`: a person meets both, so their bounds make windows."""
        shortest = [self.shortest, other.shortest]
        if together:
            shortest += [_closest(self.lows, other.highs), _closest(other.lows, self.highs)]
        self.shortest = min((days for days in shortest if days is not None), default=None)
        for low in other.lows:
            insort(self.lows, low)
        for high in other.highs:
            insort(self.highs, high)


def shortest_window(cohort: Cohort, columns: Columns) -> int | None:
    """The days in the shortest window to which a branch of `cohort` holds any of `columns`.

    0 for a single instant; None where no branch bounds them on both sides. Bounds on different
    columns are taken as bounds on one date: the dates of a person lie close to each other.
    """
    return _held(cohort, columns, negated=False).shortest


def outer_bounds(cohort: Cohort, column: tuple[str, str], kind: str) -> Outer:
    """The first and the last day between which everybody in `cohort` has a row by `column`.

    None on a side that some branch leaves open. `kind`: `date` or `timestamp`.
    """
    low, high = _outer(cohort, {column: kind}, negated=False)
    return (_day(low), _day(high))


def _day(half: int | None) -> date | None:
    return None if half is None else date.fromordinal(half // 2)


def _outer(cohort: Cohort, columns: Columns, *, negated: bool) -> tuple[int | None, int | None]:
    """The outer bounds in half days."""
    if cohort.not_ is not None:
        return _outer(cohort.not_, columns, negated=not negated)
    counted = cohort.at_least
    if counted is not None and negated and counted.n > 1:
        return (None, None)  # whoever has fewer may have rows on any day
    condition = counted.of if counted is not None else cohort.where
    if condition is not None:
        other_than = {"ne"} if not negated else {"eq", "in"}
        if condition.op in other_than:
            return (None, None)  # any day but some
        held = _of_condition(condition, columns, negated=negated)
        return (min(held.lows, default=None), max(held.highs, default=None))
    together = (cohort.all is not None) != negated
    found = [_outer(child, columns, negated=negated) for child in cohort.children()]
    lows = [low for low, _ in found if low is not None]
    highs = [high for _, high in found if high is not None]
    if together:
        return (max(lows, default=None), min(highs, default=None))
    open_low, open_high = len(lows) < len(found), len(highs) < len(found)
    return (
        None if open_low else min(lows, default=None),
        None if open_high else max(highs, default=None),
    )


def _held(cohort: Cohort, columns: Columns, *, negated: bool) -> _Held:
    if cohort.not_ is not None:
        return _held(cohort.not_, columns, negated=not negated)
    # Whoever has too few rows that meet a condition may have none: its negation counts whole.
    condition = cohort.at_least.of if cohort.at_least is not None else cohort.where
    if condition is not None:
        return _of_condition(condition, columns, negated=negated)
    parts = (_held(child, columns, negated=negated) for child in cohort.children())
    return _joined(parts, together=(cohort.all is not None) != negated)


def _joined(parts: Iterable[_Held], *, together: bool) -> _Held:
    joined = _Held()
    for part in parts:
        joined.also(part, together=together)
    return joined


def _of_condition(condition: Condition, columns: Columns, *, negated: bool) -> _Held:
    kind = columns.get((condition.table, condition.variable))
    if kind is None:
        return _Held()
    # `in` is any of its values, and `not in` none of them.
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    op: str = "eq" if condition.op == "in" else condition.op
    op = _NEGATED.get(op, op) if negated else op
    parts = (_of_comparison(op, value, kind) for value in values)
    return _joined(parts, together=negated)


def _of_comparison(op: str, value: object, kind: str) -> _Held:
    """The bounds of one comparison; none where `value` is no date (another rule refuses that)."""
    try:
        first = 2 * date.fromisoformat(str(value)).toordinal()
    except ValueError:
        return _Held()
    # A timestamp is compared with the midnight at which the day begins.
    last = first + 1 if kind == "date" else first
    if op == "eq":
        return _Held([first], [last], _days(first, last))
    if op == "ne":
        return _Held([last + 1], [first - 1])  # before it or after it: two branches
    lows = {"ge": [first], "gt": [last + 1]}.get(op, [])
    highs = {"le": [last], "lt": [first - 1]}.get(op, [])
    return _Held(lows, highs)


def _closest(lows: list[int], highs: list[int]) -> int | None:
    """The days in the shortest window, not empty, from one of `lows` to one of `highs`."""
    # Only the shorter list is walked through: a cohort may hold ten thousand values.
    if len(lows) <= len(highs):
        nearest = ((low, bisect_left(highs, low)) for low in lows)
        pairs = [(low, highs[place]) for low, place in nearest if place < len(highs)]
    else:
        before = ((high, bisect_right(lows, high)) for high in highs)
        pairs = [(lows[place - 1], high) for high, place in before if place > 0]
    return min((_days(low, high) for low, high in pairs), default=None)


def _days(low: int, high: int) -> int:
    return (high + 1) // 2 - low // 2
