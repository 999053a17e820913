"""Columns and filters: `col("stays", "age") >= 65` as the closed conditions of a request.

Filters are put together with `&`, `|` and `~`. A comparison with a missing value is not met,
whichever way it is put; ask for missing values with `is_missing()`.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from commonweal.enclave.study.errors import StudyError

LARGEST = 2**53 - 1
LONGEST_VALUE = 500
LONGEST_NAME = 128
MOST_VALUES = 1000
_UNSEEN = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})

Plain = str | bool | int | float
Json = dict[str, Any]


class Filter:
    """Which rows are meant. Made by comparing columns; `&` both, `|` either, `~` not."""

    def __init__(self, plain: Json) -> None:
        self._plain = plain

    def __and__(self, other: Filter) -> Filter:
        return self._joined("all", other)

    def __or__(self, other: Filter) -> Filter:
        return self._joined("any", other)

    def __invert__(self) -> Filter:
        return Filter({"not": self._plain})

    def __bool__(self) -> NoReturn:
        raise StudyError(
            "A filter is neither true nor false by itself: join filters with & | ~ and brackets, "
            "not with and, or, not; and write (low <= column) & (column < high)."
        )

    def __repr__(self) -> str:
        return f"Filter({self._plain!r})"

    def plain(self) -> Json:
        """The filter as a request holds it."""
        return self._plain

    def conditions(self) -> Iterator[Json]:
        """Every condition inside, in reading order."""
        yield from _conditions(self._plain)

    def depth(self) -> int:
        """Levels of nesting, 1 for one condition."""
        return _depth(self._plain)

    def _joined(self, word: str, other: object) -> Filter:
        if not isinstance(other, Filter):
            raise StudyError(
                "A filter is joined with another filter: put each comparison in brackets, as in "
                '(col("stays", "age") >= 65) & (col("stays", "sex") == "F").'
            )
        parts = [part for one in (self, other) for part in one._plain.get(word, [one._plain])]
        return Filter({word: parts})


def _children(plain: Json) -> list[Json]:
    inside = [*plain.get("all", ()), *plain.get("any", ())]
    return [*inside, plain["not"]] if "not" in plain else inside


def _conditions(plain: Json) -> Iterator[Json]:
    if "where" in plain:
        yield plain["where"]
    for child in _children(plain):
        yield from _conditions(child)


def _depth(plain: Json) -> int:
    return 1 + max((_depth(child) for child in _children(plain)), default=0)


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table of the release. Compare it to make a `Filter`."""

    table: str
    name: str

    def __post_init__(self) -> None:
        for what, text in (("table", self.table), ("name", self.name)):
            if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_NAME:
                raise StudyError(
                    f"The {what} of a column is a text of 1 to {LONGEST_NAME} letters."
                )
            _require_seen(text, f"The {what} of a column")

    def plain(self) -> Json:
        """The column as a request holds it."""
        return {"table": self.table, "name": self.name}

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return self._compared("eq", value)

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return self._compared("ne", value)

    def __lt__(self, value: object) -> Filter:
        return self._compared("lt", value)

    def __le__(self, value: object) -> Filter:
        return self._compared("le", value)

    def __gt__(self, value: object) -> Filter:
        return self._compared("gt", value)

    def __ge__(self, value: object) -> Filter:
        return self._compared("ge", value)

    def __hash__(self) -> int:
        return hash((self.table, self.name))

    def isin(self, values: Iterable[object]) -> Filter:
        """Rows whose value is one of `values` (1 to 1,000)."""
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise StudyError("values: isin takes a list of values.")
        listed = [plain_value(value) for value in values]
        if not 1 <= len(listed) <= MOST_VALUES:
            raise StudyError(f"values: isin takes 1 to {MOST_VALUES:,} values.")
        if any(isinstance(value, bool) for value in listed):
            raise StudyError("values: of true and false one is asked for, with == or !=.")
        return self._condition("in", {"value": listed})

    def between(self, low: object, high: object) -> Filter:
        """Rows with a value from `low` to `high`, both counted."""
        return (self >= low) & (self <= high)

    def is_missing(self) -> Filter:
        """Rows without a value."""
        return self._condition("is_missing", {})

    def is_present(self) -> Filter:
        """Rows with a value."""
        return self._condition("is_present", {})

    def _compared(self, op: str, value: object) -> Filter:
        plain = plain_value(value)
        if isinstance(plain, bool) and op not in ("eq", "ne"):
            raise StudyError("value: true and false have no order; compare with == or !=.")
        return self._condition(op, {"value": plain})

    def _condition(self, op: str, rest: Json) -> Filter:
        return Filter({"where": {"column": self.plain(), "op": op, **rest}})


def plain_value(value: object) -> Plain:
    """A value as a request holds it: dates as text. Raises `StudyError`."""
    if isinstance(value, Column):
        raise StudyError("value: a column is compared with a value, not with another column.")
    if value is None:
        raise StudyError("value: nothing equals a missing value; use is_missing().")
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise StudyError("value: times in a release have no time zone; give one without.")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        _require_seen(value, "value: a text to compare with")
        if len(value) > LONGEST_VALUE:
            raise StudyError(f"value: a text to compare with has at most {LONGEST_VALUE} letters.")
        return value
    return plain_number(value, "value", "a text, a number, true, false or a date")


def plain_number(value: object, argument: str, kind: str = "a number") -> bool | int | float:
    """A number of Python or NumPy as JSON holds it. Raises `StudyError`."""
    item = getattr(value, "item", None)  # numbers of NumPy, pandas and Arrow scalars
    plain = item() if callable(item) else value
    if not isinstance(plain, bool | int | float):
        raise StudyError(f"{argument}: this is to be {kind}.")
    if not math.isfinite(plain) or abs(plain) > LARGEST:
        raise StudyError(f"{argument}: a number lies between -2^53 and 2^53.")
    return plain


def _require_seen(text: str, what: str) -> None:
    if any(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise StudyError(f"{what} holds line breaks or letters that cannot be seen.")
