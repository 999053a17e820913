"""What every paper has in common: frozen, closed, and its own judge.

A paper cannot exist in an invalid state. Reading one from outside either gives the paper or raises
`PaperInvalid`, which names the field and never repeats its content.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Fault

YEARS = (1900, 2199)
"""The years that a paper may speak of, inclusive: no date can run over the end of the calendar."""

# Letters of other alphabets that look like ASCII letters in common fonts (a part of the Unicode
# confusables, UTS 39). Only used to see that two names in one list look the same.
_TWINS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c5\u03c7\u0432\u043a\u043c\u043d\u0442\u0131\u0261",
    "aeopcyxijsdhqwaopvikuxbkmhtig",
)

# Letters without a look: fillers, joiners and selectors that are no control characters (UAX 44,
# Default_Ignorable_Code_Point), and the empty braille pattern.
_UNSEEN = dict.fromkeys(
    [0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0,
     *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)  # fmt: skip
# In a column's name these differ (`x1`, `xl`); in the name of a person they are one letter.
_ALIKE = str.maketrans("l1|0", "iiio")
_BESIDE_LATIN = frozenset({"MODIFIER", "COMBINING", "FEMININE", "MASCULINE"})


class PaperInvalid(Fault):
    """A paper does not have the form it must have. The sentence names the field."""


def _day(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
            raise ValueError("a date is written YYYY-MM-DD")
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("there is no such date") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a date is written YYYY-MM-DD")  # noqa: TRY004 (pydantic wants it)
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise ValueError(f"a date lies in the years {YEARS[0]} to {YEARS[1]}")
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        value = strict_stamp(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("a time is written YYYY-MM-DDTHH:MM:SS.mmmZ")
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise ValueError(f"a time lies in the years {YEARS[0]} to {YEARS[1]}")
    # Papers hold milliseconds, so that a paper and what is read back from it are equal.
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def strict_stamp(text: str) -> datetime:
    """The time of a `stamp`, in its one spelling. Raises ValueError for any other text."""
    try:
        at = parse_stamp(text)
    except ValueError:
        raise ValueError("a time is written YYYY-MM-DDTHH:MM:SS.mmmZ") from None
    if stamp(at) != text:
        raise ValueError("a time is written YYYY-MM-DDTHH:MM:SS.mmmZ")
    return at


def _clean_line(text: str) -> str:
    return _not_blank(_clean(text, allowed=""))


def _clean_text(text: str) -> str:
    return _not_blank(_clean(text, allowed="\n\t"))


def _clean_value(text: str) -> str:
    return _clean(text, allowed="")


def _clean(text: str, *, allowed: str) -> str:
    """Refuse what a reader cannot see: it could make a text say something else than it holds."""
    if text.isprintable():  # nothing of these kinds, nor of some that are allowed: asked at once
        return text
    for char in text:
        if char not in allowed and unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}:
            raise ValueError("control characters and line breaks are not allowed here")
        if unicodedata.category(char) == "Cf":
            raise ValueError("invisible characters and changes of direction are not allowed")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def look(name: str) -> str:
    """What a person sees when reading `name`: two names with one look are one name to a reader."""
    folded = unicodedata.normalize("NFKC", name.translate(_UNSEEN)).casefold()
    return " ".join(folded.translate(_UNSEEN).translate(_TWINS).split())


def person_look(name: str) -> str:
    """`look`, for the name of a person or body: two that look alike count as one of them."""
    # Nobody tells one mark from another: O'Neil with either apostrophe is one name.
    marks = {one: unicodedata.category(one) for one in set(name)}
    gone = {ord(one): " " if kind == "Pd" else "" for one, kind in marks.items() if kind[0] == "P"}
    return look(name.translate(gone)).translate(_ALIKE)


def _one_alphabet(name: str) -> str:
    """Refuse a word of Latin and other letters together: it is there to look like another word."""
    for word in unicodedata.normalize("NFKC", name).split():
        letters = [letter for letter in word if unicodedata.category(letter)[0] == "L"]
        alphabets = {unicodedata.name(letter, "?").split()[0] for letter in letters}
        if "LATIN" in alphabets and alphabets - _BESIDE_LATIN != {"LATIN"}:
            raise ValueError("a word of a name mixes letters of two alphabets")
    return name


def named_twice(names: list[str]) -> str | None:
    """The first name that looks like an earlier one, or None."""
    seen: set[str] = set()
    for name in names:
        seen_as = look(name)
        if seen_as in seen:
            return name
        seen.add(seen_as)
    return None


Day = Annotated[
    date,
    BeforeValidator(_day, json_schema_input_type=str),
    PlainSerializer(date.isoformat, return_type=str),
    Field(json_schema_extra={"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
"""A date, written YYYY-MM-DD."""
Moment = Annotated[
    datetime,
    BeforeValidator(_moment, json_schema_input_type=str),
    PlainSerializer(stamp, return_type=str),
    Field(
        json_schema_extra={
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
        }
    ),
]
"""A UTC time with milliseconds, written YYYY-MM-DDTHH:MM:SS.mmmZ."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_clean_line)]
"""Up to 500 characters, without line breaks or characters that cannot be seen."""
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(_clean_text)
]
"""Up to 20,000 characters; line breaks and tabs are allowed."""
Holder = Annotated[Line, AfterValidator(_one_alphabet)]
"""The name of a person or body that signs."""
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", max_length=64)
]
"""A name that machines use: letters, digits, dots, dashes and underscores."""
ColumnName = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_clean_line)
]
"""The name of a table or variable as the source spells it."""
Value = Annotated[str, StringConstraints(max_length=500), AfterValidator(_clean_value)]
"""A text that a table may hold, to compare with; it may be empty."""
LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON reads as the same number (RFC 8785)."""
Number = (
    Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
    | Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
)
"""A number to compare with, within what canonical JSON can hold."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""`sha256:` and 64 hexadecimal digits."""
Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A number from 0 to 1."""
Count = Annotated[int, Field(ge=0, le=10**12)]
"""A number of people, rows or bytes."""


class Paper(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def read(cls, data: Any, what: str, code: str = "CW-PAPER-INVALID") -> Self:
        """The paper that `data` (plain JSON values) describes. Raises `PaperInvalid`."""
        if not isinstance(data, dict):
            raise PaperInvalid(code, f"{what} is not a set of named fields.")
        try:
            text = json.dumps(data, allow_nan=False)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise PaperInvalid(code, f"{what} holds a value that JSON cannot hold.") from None
        try:
            # Strict and through JSON: "5" and true are not the number 5, and lists are lists.
            return cls.model_validate_json(text, strict=True)
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


def fault_words(details: ErrorDetails) -> str:
    """What is wrong with a field, to follow its name. Never repeats what the field holds."""
    kind = details["type"]
    if kind in ("literal_error", "enum"):
        return f"must be one of {details.get('ctx', {}).get('expected', 'the allowed values')}"
    if kind == "value_error":
        said = str(details["msg"]).removeprefix("Value error, ")
        return said if said.startswith(("is ", "must ", "has ")) else f"is wrong: {said}"
    return _REASONS.get(kind, "does not have the right form")


def _explain(error: ValidationError, what: str) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=True)
    first = found[0]
    place = ".".join(_shown(part) for part in first["loc"]) or "the whole"
    reason = fault_words(first)
    others = len(found) - 1
    more = f" ({others} more {'fault' if others == 1 else 'faults'})" if others else ""
    return f"{what}: field {place} {reason}{more}."


def _shown(part: int | str) -> str:
    if isinstance(part, int):
        return str(part + 1)
    # An unknown key comes from outside: it is shown only where it is a harmless name.
    return part if re.fullmatch(r"[A-Za-z_]{1,48}[0-9]{0,2}", part, re.ASCII) else "(other name)"
