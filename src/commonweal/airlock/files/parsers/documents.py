"""JSON: one value, read strictly."""

from __future__ import annotations

import json
import math
from typing import Any

from commonweal.airlock.files.parsers.common import Answer, Invalid, TooLarge, decoded

MOST_DEPTH = 40
MOST_WHOLE = 2**53 - 1


def read(data: bytes, answer: Answer) -> None:
    """Tell the value. Raises `Invalid` and `TooLarge`."""
    text, encoding = decoded(data)
    if encoding == "utf-16":
        answer.note("encoding")
    value = strict(text)
    check_depth(value)
    if value in ([], {}):
        raise Invalid
    answer.body = {"value": value}


def check_depth(value: Any) -> None:
    """Raise `TooLarge` for what is nested deeper than people read."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise TooLarge


def strict(text: str) -> Any:
    """The value of a JSON text in which no key stands twice and every number is exact.

    Raises `Invalid` and `TooLarge`.
    """
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_exact,
        )
    except RecursionError:
        raise TooLarge from None
    except ValueError:
        raise Invalid from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _exact(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MOST_WHOLE:
        raise ValueError("a number has more digits than everybody keeps")
    return int(text)
