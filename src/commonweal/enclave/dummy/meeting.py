"""Values that meet the cohort: what a row must and must not say, turned into values to draw from.

A condition of the cohort looks at one column, so the columns of a row are settled one by one: each
has a list of values that meet all of what is asked of it and nothing of what is forbidden. Where
that list is empty, no such row exists.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from commonweal.papers.catalogue import Variable
from commonweal.papers.cohort import Condition

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: bool(one == other),
    "ne": lambda one, other: bool(one != other),
    "lt": lambda one, other: bool(one < other),
    "le": lambda one, other: bool(one <= other),
    "gt": lambda one, other: bool(one > other),
    "ge": lambda one, other: bool(one >= other),
}
_STEPS = 40
_CODED = frozenset({"icd10", "snomed", "opcs", "bnf", "loinc"})


@dataclass(frozen=True)
class Asked:
    """What is asked of the value of one column in a row."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()
    present: bool = False

    @property
    def free(self) -> bool:
        """True if nothing is asked."""
        return not (self.must or self.must_not or self.present)


@dataclass(frozen=True)
class Choice:
    """What a value is drawn from. `missing`: it may be missing; with no values it must be."""

    values: tuple[Any, ...]
    missing: bool


def choose(variable: Variable, asked: Asked, base: Sequence[Any]) -> Choice | None:
    """The values that meet `asked`, usual ones if there are any; None if nothing does."""
    missing = not asked.present and _meets(None, asked, variable)
    usual = [value for value in base if _meets(value, asked, variable)]
    if not usual and not asked.free:
        conditions = (*asked.must, *asked.must_not)
        usual = [value for value in _near(variable, conditions) if _meets(value, asked, variable)]
    if not usual and not missing:
        return None
    return Choice(tuple(usual), missing)


def _meets(value: Any, asked: Asked, variable: Variable) -> bool:
    return all(meets(value, one, variable) for one in asked.must) and not any(
        meets(value, one, variable) for one in asked.must_not
    )


def meets(value: Any, condition: Condition, variable: Variable) -> bool:
    """Whether a value (None: missing) meets a condition, as the vault reads it."""
    op = condition.op
    if op in ("is_missing", "is_present"):
        return (value is None) == (op == "is_missing")
    if value is None:
        return False
    if op == "starts_with":
        return isinstance(value, str) and value.startswith(str(condition.value))
    if op == "in":
        return any(value == other for other in _values(condition, variable))
    return _COMPARED[op](value, next(iter(_values(condition, variable))))


def _values(condition: Condition, variable: Variable) -> list[Any]:
    """What a condition compares with, in the type of the variable."""
    given = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return [_typed(one, variable.type) for one in given if one is not None]


def _typed(value: Any, kind: str) -> Any:
    if kind == "date":
        return date.fromisoformat(str(value))
    if kind == "timestamp":
        return datetime.combine(date.fromisoformat(str(value)), datetime.min.time())
    return value


def _near(variable: Variable, conditions: Iterable[Condition]) -> list[Any]:
    """Values at, beside and between those that conditions compare with."""
    marks: list[Any] = []
    for one in conditions:
        if one.op not in ("is_missing", "is_present"):
            marks += _values(one, variable)
    kind = variable.type
    if kind == "boolean":
        return [True, False]
    if kind == "text":
        coded = variable.identifies in _CODED
        beside = [""] if coded else ["", " ", "1", "2", "z"]
        texts = [f"{mark}{end}" for mark in marks for end in beside]
        shorter = [mark[:-1] for mark in marks if len(mark) > 1]
        return list(dict.fromkeys([*texts, *shorter, "", "A", "~"]))
    if kind in ("date", "timestamp"):
        return _spread(marks, timedelta(days=1), lambda step: timedelta(days=step))
    if kind == "integer":
        # A decimal in the cohort lies between two whole numbers.
        floors = [int(mark // 1) for mark in marks]
        return _spread([*floors, *(mark + 1 for mark in floors)], 1, int)
    return [float(one) for one in _spread(marks, 0.5, float)]


def _spread(marks: list[Any], step: Any, scaled: Callable[[int], Any]) -> list[Any]:
    """Values around each mark, and some between each two."""
    ordered = sorted(set(marks))
    found = [_moved(mark, scaled(n)) for mark in ordered for n in range(-_STEPS, _STEPS + 1)]
    found += [_moved(mark, by) for mark in ordered for by in (step, -step)]
    for low, high in itertools.pairwise(ordered):
        gap = high - low
        parts = [gap * n for n in range(1, _STEPS)]
        found += [
            low + (part // _STEPS if isinstance(gap, int) else part / _STEPS) for part in parts
        ]
    return [one for one in found if one is not None]


def _moved(mark: Any, by: Any) -> Any:
    try:
        return mark + by
    except OverflowError:
        return None
