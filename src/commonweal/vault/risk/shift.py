"""Candidate shifts: how well whole-week shifts of dates hide each patient (S16).

An intruder who knows in which period a date variable was recorded, and on which days nothing was
(bank holidays, days without a clinic), can try each possible shift of a patient: moved back, every
released date must fall inside that period and on none of those days. The shifts that survive are
the patient's candidates. Each released date gets one 64-bit mask of the shifts it rules out; a
patient's masks are joined by a bitwise or, a column at a time and never row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from commonweal.foundation.errors import Fault, Refused, WrongUsage
from commonweal.vault.risk.classes import check_columns, refuse_missing_people
from commonweal.vault.risk.whose import WHOSE, as_whole, numbered_people
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

MOST_WEEKS = 26
"""53 shifts fit a mask of 64 bits, with the sign left alone."""
QUIET_AT_LEAST = 5.0
"""A day without records is closed where the same weekday beside it has this many on average."""
_NEIGHBOURS = 4
_GAP_DAYS = 28
_STRAY_SHARE = 0.005
_MOST_DAYS = 400_000
_DAY = "cw__day"
_COUNT = "cw__count"
_EPOCH = date(1970, 1, 1)

Days = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calendar:
    """What an intruder may know of a date variable: its period and its closed days.

    `first` to `last`, inclusive, is the period without stray records far outside it (`strays`
    counts them). `closed[i]` says that the day `first + i` is closed.
    """

    first: date
    last: date
    closed: Flags = field(repr=False, compare=False)
    strays: int = 0

    @property
    def closed_days(self) -> int:
        """How many days of the period are closed."""
        return int(self.closed.sum())


@dataclass(frozen=True)
class ReleasedDates:
    """One released shifted date variable: `table` with `person` and `column`, and its calendar."""

    table: ops.Table
    person: str
    column: str
    calendar: Calendar


@dataclass(frozen=True)
class ShiftFigures:
    """Candidate shifts by patient. `patients` have at least one released shifted date.

    `least` is the smallest number of candidates of any patient, None where nobody has a date;
    `shifts` is what there is without any knowledge (2R + 1). `people_by_candidates` maps a number
    of candidates to the number of patients who have it.
    """

    shifts: int
    patients: int
    least: int | None
    people_by_candidates: Mapping[int, int]

    def people_below(self, limit: int) -> int:
        """How many patients have fewer than `limit` candidates."""
        return sum(n for found, n in self.people_by_candidates.items() if found < limit)

    def bands(self) -> dict[str, int]:
        """Patients by their number of candidates: none, 1, 2 to 4, 5 to 9, 10 or more."""
        edges = {"none": (0, 0), "1": (1, 1), "2 to 4": (2, 4), "5 to 9": (5, 9)}
        found = {
            name: sum(n for c, n in self.people_by_candidates.items() if low <= c <= high)
            for name, (low, high) in edges.items()
        }
        return {**found, "10 or more": self.patients - sum(found.values())}


def calendar_of(
    engine: Engine, table: ops.Table, column: str, *, least: float = QUIET_AT_LEAST
) -> Calendar | None:
    """The calendar of a date or timestamp column of the whole source table, before shifting.

    None where the column holds no date. Raises `WrongUsage` CW-RISK-COLUMNS and `Fault`
    CW-RISK-SHIFT-SIZE where there are more than 400,000 different days.
    """
    check_columns(table, [column], (), None)
    dated = ops.keep_where(table, ops.negate(ops.is_missing(table[column])))
    days = ops.project(dated, {_DAY: _day_number(dated[column])})
    counted = engine.arrow(ops.group(days, [_DAY], {_COUNT: ops.count_rows(days)}))
    if counted.num_rows == 0:
        return None
    found = counted[_DAY].to_numpy().astype(np.int64)
    low, high = int(found.min()), int(found.max())
    if high - low > _MOST_DAYS:
        raise Fault("CW-RISK-SHIFT-SIZE", f"The dates in {column} span more than a thousand years.")
    counts = np.zeros(high - low + 1, dtype=np.int64)
    counts[found - low] = counted[_COUNT].to_numpy()
    start, stop = _core(counts)
    return Calendar(
        first=_EPOCH + timedelta(days=low + start),
        last=_EPOCH + timedelta(days=low + stop),
        closed=closed_days(counts[start : stop + 1], least),
        strays=int(counts.sum() - counts[start : stop + 1].sum()),
    )


def trim_window(
    calendar: Calendar, weeks: int, *, what: str = "a date variable"
) -> tuple[date, date]:
    """First and last day on which a shifted date may be released, inclusive.

    Outside it the edge of the period would rule out shifts. Raises `Refused` CW-RISK-SHIFT-WINDOW
    where nothing is left and `WrongUsage` CW-RISK-SHIFT-SIZE for impossible `weeks`.
    """
    _check_weeks(weeks)
    edge = timedelta(weeks=weeks)
    if calendar.last - calendar.first < 2 * edge:
        raise Refused(
            "CW-RISK-SHIFT-WINDOW",
            f"The dates in {what} cover too short a time to be moved by up to {weeks} weeks.",
            remedy="Ask for an interval, a month or a year instead, or for a smaller shift.",
        )
    return calendar.first + edge, calendar.last - edge


def shift_candidates(engine: Engine, dates: Sequence[ReleasedDates], weeks: int) -> ShiftFigures:
    """How many of the shifts from -`weeks` to +`weeks` stay possible, by patient.

    `dates` are released dates, after shifting and trimming; missing dates tell nothing and are
    passed over. The persons of all tables must be of one type. Raises `WrongUsage`
    CW-RISK-COLUMNS, CW-RISK-SHIFT-SIZE, and `Fault` CW-RISK-PERSON-MISSING.
    """
    _check_weeks(weeks)
    shifts = 2 * weeks + 1
    for one in dates:
        check_columns(one.table, [one.column], (), one.person)
        refuse_missing_people(engine, one.table, one.person)
    if not dates:
        return ShiftFigures(shifts, 0, None, {})
    with numbered_people(engine, [(one.table, one.person) for one in dates]) as (tables, people):
        ruled_out = np.zeros(people, np.int64)
        dated = np.zeros(people, np.bool_)
        for one, table in zip(dates, tables, strict=True):
            _add_masks(engine, one, table, weeks, ruled_out, dated)
    masks, counts = np.unique(ruled_out[dated], return_counts=True)
    found: dict[int, int] = {}
    for mask, count in zip(masks.tolist(), counts.tolist(), strict=True):
        left = shifts - int(mask).bit_count()
        found[left] = found.get(left, 0) + count
    found = dict(sorted(found.items()))
    return ShiftFigures(shifts, sum(found.values()), min(found, default=None), found)


def closed_days(counts: Days, least: float = QUIET_AT_LEAST) -> Flags:
    """Which days, of counts by day, have no record although the same weekday beside them has.

    A run of such weekdays counts as one gap; the four same weekdays before it or after it must
    average at least `least`. So a bank holiday is closed, and so is every Saturday before a
    Saturday clinic began.
    """
    closed = np.zeros(len(counts), dtype=np.bool_)
    for weekday in range(min(7, len(counts))):
        series = counts[weekday::7]
        closed[weekday::7] = _closed_in(series, least)
    return closed


def blocked_masks(calendar: Calendar, weeks: int) -> tuple[int, Days]:
    """The shifts that each released day rules out.

    Returns the first day (days since 1970) and one mask a day, up to `weeks` weeks outside the
    period on both sides; bit s + `weeks` is set where shift s is impossible.
    """
    start = (calendar.first - _EPOCH).days
    span = (calendar.last - calendar.first).days + 1
    edge = 7 * weeks
    possible = np.zeros(span + 4 * edge, dtype=np.bool_)
    possible[2 * edge : 2 * edge + span] = ~calendar.closed
    masks = np.zeros(span + 2 * edge, dtype=np.int64)
    for place, shift in enumerate(range(-weeks, weeks + 1)):
        # The day `shift` weeks before each released day, in an array with edges on both sides.
        begin = edge - 7 * shift
        masks |= (~possible[begin : begin + len(masks)]).astype(np.int64) << place
    return start - edge, masks


# --- inside ---------------------------------------------------------------------------------


def _add_masks(
    engine: Engine,
    released: ReleasedDates,
    table: ops.Table,
    weeks: int,
    ruled_out: Days,
    dated: Flags,
) -> None:
    """Mark who is `dated`, and add to `ruled_out`, by person, what their dates rule out."""
    first, masks = blocked_masks(released.calendar, weeks)
    # A day that no shift can reach rules out every shift.
    every = np.int64((1 << (2 * weeks + 1)) - 1)
    told = ops.keep_where(table, ops.negate(ops.is_missing(table[released.column])))
    rows = ops.project(told, {WHOSE: told[WHOSE], _DAY: _day_number(told[released.column])})
    for batch in engine.batches(rows):
        whose, place = as_whole(batch.column(0)), as_whole(batch.column(1)) - first
        dated[whose] = True
        reached = (place >= 0) & (place < len(masks))
        found = np.where(reached, masks[np.where(reached, place, 0)], every)
        some = np.flatnonzero(found)
        np.bitwise_or.at(ruled_out, whose[some], found[some])


def _day_number(column: ops.Value) -> ops.Value:
    return ops.days_between(column, ops.constant(_EPOCH, "date"))


def _core(counts: Days) -> tuple[int, int]:
    """First and last place of the period: records behind a long gap are strays if few.

    Placeholders such as 1 January 1900 would else widen the period until its edges hide nothing.
    """
    filled = np.flatnonzero(counts)
    allowed = int(counts.sum() * _STRAY_SHARE)
    return _inwards(filled, counts, allowed), -_inwards(-filled[::-1], counts, allowed)


def _inwards(filled: Days, counts: Days, allowed: int) -> int:
    """The first place to keep, walking over `filled` (negated places walk from the end)."""
    start, dropped = 0, np.cumsum(counts[np.abs(filled)])
    for gap in np.flatnonzero(np.diff(filled) > _GAP_DAYS):
        if dropped[gap] > allowed:
            break
        start = int(gap) + 1
    return int(filled[start])


def _closed_in(series: Days, least: float) -> Flags:
    empty = series == 0
    closed = np.zeros(len(series), dtype=np.bool_)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], empty.astype(np.int8), [0]))))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        before = series[max(0, begin - _NEIGHBOURS) : begin]
        after = series[end : end + _NEIGHBOURS]
        busiest = max((side.mean() for side in (before, after) if len(side)), default=0.0)
        closed[begin:end] = busiest >= least
    return closed


def _check_weeks(weeks: int) -> None:
    if not 1 <= weeks <= MOST_WEEKS:
        raise WrongUsage("CW-RISK-SHIFT-SIZE", f"Shifts are of 1 to {MOST_WEEKS} weeks.")
