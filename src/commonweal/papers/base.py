"""What every paper has in common: frozen, closed, and its own judge.

A paper cannot exist in an invalid state. Reading one from outside either gives the paper or raises
`PaperInvalid`, which names the field and never repeats its content.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic import PlainSerializer, StringConstraints

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Fault


class PaperInvalid(Fault):
    """A paper does not have the form it must have. The sentence names the field."""


def _day(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
            raise ValueError("a date is written YYYY-MM-DD")
        return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("a date is written YYYY-MM-DD")


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        return parse_stamp(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise ValueError("a time is written YYYY-MM-DDTHH:MM:SS.mmmZ")


def _no_control(text: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise ValueError("control characters are not allowed")
    return text


Day = Annotated[date, BeforeValidator(_day), PlainSerializer(date.isoformat, return_type=str)]
"""A date, written YYYY-MM-DD."""
Moment = Annotated[datetime, BeforeValidator(_moment), PlainSerializer(stamp, return_type=str)]
"""A UTC time with milliseconds, written YYYY-MM-DDTHH:MM:SS.mmmZ."""
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=500), AfterValidator(_no_control)
]
"""Up to 500 characters."""
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(_no_control)
]
"""Up to 20,000 characters."""
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", max_length=64)
]
"""A name that machines use: letters, digits, dots, dashes and underscores."""
ColumnName = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_no_control)
]
"""The name of a table or variable as the source spells it."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""`sha256:` and 64 hexadecimal digits."""
Share = Annotated[float, AfterValidator(lambda v: _between(v, 0.0, 1.0))]
"""A number from 0 to 1."""


def _between(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError(f"must lie between {low:g} and {high:g}")
    return value


class Paper(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    @classmethod
    def read(cls, data: Any, what: str, code: str = "CW-PAPER-INVALID") -> Self:
        """The paper that `data` (plain JSON values) describes. Raises `PaperInvalid`."""
        if not isinstance(data, dict):
            raise PaperInvalid(code, f"{what} is not a set of named fields.")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise PaperInvalid(code, _explain(error, what)) from None
        except RecursionError:
            raise PaperInvalid(code, f"{what} is nested too deeply.") from None

    def plain(self) -> dict[str, Any]:
        """The paper as plain JSON values; absent optional fields are left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def canonical(self) -> bytes:
        """The paper as RFC 8785 bytes."""
        return canonical(self.plain())

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, as `sha256:...`."""
        return digest(self.plain())


_REASONS = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "does not have the right form",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a set of named fields",
    "model_type": "must be a set of named fields",
    "model_attributes_type": "must be a set of named fields",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "greater_than_equal": "is too small",
    "greater_than": "is too small",
    "less_than_equal": "is too large",
    "less_than": "is too large",
    "finite_number": "must be a finite number",
}


def _explain(error: ValidationError, what: str) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=True)
    first = found[0]
    place = ".".join(_shown(part) for part in first["loc"]) or "the whole"
    kind = first["type"]
    if kind in ("literal_error", "enum"):
        reason = f"must be one of {first.get('ctx', {}).get('expected', 'the allowed values')}"
    elif kind == "value_error":
        reason = str(first["msg"]).removeprefix("Value error, ")
    else:
        reason = _REASONS.get(kind, "does not have the right form")
    more = f" ({len(found) - 1} more faults)" if len(found) > 1 else ""
    return f"{what}: field {place} {reason}{more}."


def _shown(part: int | str) -> str:
    if isinstance(part, int):
        return str(part + 1)
    # An unknown key comes from outside: it is shown only where it is a harmless name.
    return part if re.fullmatch(r"[A-Za-z0-9 _.-]{1,64}", part, re.ASCII) else "(unreadable name)"
