"""Canonical JSON (RFC 8785) and strict reading of JSON.

What is hashed or signed is written by `canonical`, so that the same content has the same bytes
everywhere. What comes from outside is read by `parse_json`: a key named twice, NaN, a byte order
mark or absurd depth is a fault, because two readers could understand such a text differently.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import rfc8785

from commonweal.foundation.errors import Fault

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1
"""Whole numbers beyond this (either sign) are not the same for every reader of JSON."""


_SIMPLE = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)
_ENDS = frozenset({str, bool, type(None)})
_INNER = frozenset({dict, list, tuple})
_NUMBERS = frozenset({int, float})


def canonical(value: Any) -> bytes:
    """`value` (dicts, lists, text, numbers, booleans, None) as RFC 8785 bytes.

    Raises `Fault` CW-CANONICAL-INVALID for anything JSON cannot hold exactly.
    """
    try:
        if _is_simple(value):
            return _SIMPLE.encode(value).encode("utf-8")
        _refuse_lost_digits(value)
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise Fault(
            "CW-CANONICAL-INVALID", "This value cannot be written as canonical JSON."
        ) from error


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes of `value`, as `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def parse_json(text: str | bytes, what: str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read JSON strictly. `what` names the document in the error sentence.

    Raises `Fault` CW-FILE-TOO-LARGE, CW-FILE-ENCODING or CW-JSON-INVALID.
    """
    if len(text) > max_bytes:
        raise Fault("CW-FILE-TOO-LARGE", f"{what} is larger than {max_bytes:,} bytes.")
    decoded = _decode(text, what)
    try:
        value = json.loads(
            decoded,
            object_pairs_hook=_unique_pairs,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_exact,
        )
    except (ValueError, RecursionError) as error:
        raise Fault("CW-JSON-INVALID", f"{what} is not valid JSON{_place(error)}.") from error
    check_depth(value, what, "CW-JSON-INVALID")
    return value


def check_depth(value: Any, what: str, code: str) -> None:
    """Refuse nesting deeper than `MAX_DEPTH` (raises `Fault` with `code`)."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise Fault(code, f"{what} is nested more than {MAX_DEPTH} levels deep.")


def _decode(text: str | bytes, what: str) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("CW-FILE-ENCODING", f"{what} is not UTF-8 text.") from error


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("a key is named twice")
        found[key] = value
    return found


def _is_simple(value: Any) -> bool:
    """True where Python's own writer of JSON, which is in C, gives the bytes of RFC 8785.

    They differ in how very small and very large fractions are written, in the order of keys beyond
    ASCII (UTF-16 there) and in what they take for text; whole numbers have their bound, and keys
    are text. Nearly every paper is simple, and is written some fifteen times faster.
    """
    waiting: list[Any] = [[value]]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            if one and (set(map(type, one)) != {str} or not "".join(one).isascii()):
                return False
            one = one.values()
        kinds = set(map(type, one)) - _ENDS
        if not kinds <= _INNER | _NUMBERS:
            return False
        if int in kinds and not all(abs(n) <= MAX_INTEGER for n in one if type(n) is int):
            return False
        if float in kinds and not all(_is_plain(x) for x in one if type(x) is float):
            return False
        if kinds - _NUMBERS:
            waiting.extend(inner for inner in one if type(inner) in _INNER)
    return True


def _is_plain(number: float) -> bool:
    """True where Python and ECMAScript write a fraction alike: shortest digits, no exponent."""
    return 1e-4 <= abs(number) < 1e16 and not number.is_integer()


def _refuse_lost_digits(value: Any) -> None:
    # RFC 8785 writes such a float as a whole number, which readers then take for an integer.
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            waiting.extend(one)
        elif isinstance(one, float) and MAX_INTEGER < abs(one) < 1e21:
            raise ValueError("a number has more digits than JSON keeps")


def _exact(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise ValueError("a number has more digits than JSON keeps")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _place(error: BaseException) -> str:
    # Only the place is told: the decoder's own message may quote the text.
    if isinstance(error, json.JSONDecodeError):
        return f" (line {error.lineno}, column {error.colno})"
    if isinstance(error, ValueError) and str(error) == "a key is named twice":
        return " (a key is named twice)"
    return ""
