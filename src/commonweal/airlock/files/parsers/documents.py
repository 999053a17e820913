"""JSON: one value, read strictly, and every text and number in it as cells.

A list of records is a table. Everything else becomes columns by where it stands (`a.b[]`), so that
rules see each value of one meaning together.
"""

from __future__ import annotations

import json
import math
from typing import Any

from commonweal.airlock.files.parsers.common import (
    MOST_COLUMNS,
    MOST_ROWS,
    Answer,
    Invalid,
    TooLarge,
    decoded,
)

MOST_DEPTH = 20
MOST_WHOLE = 2**53 - 1


def read(data: bytes, answer: Answer) -> None:
    """Tell the document and its cells. Raises `Invalid` and `TooLarge`."""
    text, encoding = decoded(data)
    if encoding == "utf-16":
        answer.note("encoding")
    value = strict(text)
    answer.body = {"value": value}
    if _is_records(value):
        _add_records(value, answer)
        return
    if _is_frame(value):
        _add_frame(value, answer)
        return
    found: dict[str, list[str | None]] = {}
    longest = _walk(value, "", 0, found)
    if not found:
        raise Invalid
    if len(found) > MOST_COLUMNS:
        raise TooLarge
    rows = max((len(values) for values in found.values()), default=0)
    padded = [values + [None] * (rows - len(values)) for values in found.values()]
    answer.add_table("document", list(found), list(zip(*padded, strict=True)))
    if longest > MOST_ROWS:
        answer.note("long_list", longest)


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


def as_cell(value: Any) -> str | None:
    """A value of JSON that holds no other, as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _is_records(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) for one in value)
        and not any(isinstance(cell, dict | list) for one in value for cell in one.values())
    )


def _is_frame(value: Any) -> bool:
    """Whether a document is columns by name, each with its values by one and the same keys."""
    if not isinstance(value, dict) or not value:
        return False
    columns = list(value.values())
    return (
        all(isinstance(one, dict) and one.keys() == columns[0].keys() for one in columns)
        and bool(columns[0])
        and not any(isinstance(cell, dict | list) for one in columns for cell in one.values())
    )


def _add_frame(value: dict[str, dict[str, Any]], answer: Answer) -> None:
    keys = list(next(iter(value.values())))
    rows = [[key, *(as_cell(column[key]) for column in value.values())] for key in keys]
    answer.add_table("columns", ["keys", *value], rows)


def _add_records(records: list[dict[str, Any]], answer: Answer) -> None:
    names = list(dict.fromkeys(name for one in records for name in one))
    rows = [[as_cell(one.get(name)) for name in names] for one in records]
    answer.add_table("records", names, rows)


def _walk(value: Any, place: str, depth: int, found: dict[str, list[str | None]]) -> int:
    """Put what stands at each place into `found`; the length of the longest list."""
    if depth > MOST_DEPTH:
        raise TooLarge
    if isinstance(value, dict):
        # Keys can carry what values can.
        found.setdefault(f"keys {depth}", []).extend(value)
        inner = [_walk(one, f"{place}.{key}", depth + 1, found) for key, one in value.items()]
        if len(found) > 4 * MOST_COLUMNS:
            raise TooLarge
        return max(inner, default=0)
    if isinstance(value, list):
        inner = [_walk(one, f"{place}[]", depth + 1, found) for one in value]
        return max(len(value), *inner) if inner else 0
    found.setdefault(place, []).append(as_cell(value))
    return 0


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
