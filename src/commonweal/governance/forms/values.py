"""One answer: from what was typed to a typed value, and back.

Typed values are plain JSON: text, true or false, whole numbers (money in pence), `YYYY-MM-DD`,
codes of options, lists of codes, and rows of cells. Each reader gives the value or raises
`Unread`, whose sentence never repeats what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeGuard

from commonweal.governance.forms.conditions import MAX_WHOLE
from commonweal.governance.forms.schema import (
    DEFAULT_LENGTH,
    DEFAULT_WORDS,
    MAX_POUNDS,
    Column,
    Question,
)
from commonweal.papers.base import YEARS

MAX_CHARACTERS = 20_000
"""The most characters of one text, whatever its limit of words."""
_WHOLE = re.compile(r"[-+]?(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})", re.ASCII)
_MONEY = re.compile(r"(-?)£?([0-9]{1,11}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.([0-9]{2}))?", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_BRITISH = re.compile(r"([0-9]{1,2})[ /.-]([0-9]{1,2})[ /.-]([0-9]{4})", re.ASCII)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# What word processors leave behind: it shows nothing, so nothing is lost when it goes.
_LEFT_BEHIND = str.maketrans(
    {0xAD: "", 0x200B: "", 0x2060: "", 0xFEFF: "", 0x2028: "\n", 0x2029: "\n"}
)
_YES = {"yes": True, "true": True, "on": True, "no": False, "false": False}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


class Unread(ValueError):
    """What was typed is no answer to the question. `code` and `sentence` say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def words(text: str) -> int:
    """How many words a text has: runs without white space that hold a letter or digit."""
    return sum(any(char.isalnum() for char in run) for run in text.split())


def read_typed(asked: Question | Column, typed: str) -> Any:
    """The value of what was typed for a question with one field, or None if it is blank.

    Raises `Unread`.
    """
    text = typed.replace("\r\n", "\n").replace("\r", "\n").translate(_LEFT_BEHIND).strip()
    if not text:
        return None
    return check(asked, _TYPED[asked.kind](asked, text))


def read_codes(asked: Question | Column, typed: list[str]) -> tuple[str, ...] | None:
    """The codes that were ticked, in the order of the options, or None. Raises `Unread`."""
    chosen = {text.strip() for text in typed if text.strip()}
    if not chosen:
        return None
    known = [one.code for one in asked.options or ()]
    if not chosen <= set(known):
        raise Unread("CW-ANSWER-CHOICE", "Choose from the list.")
    found = check(asked, tuple(code for code in known if code in chosen))
    return tuple(found)


def check(asked: Question | Column, value: Any) -> Any:
    """`value` if it is an answer to the question; raises `Unread` if it is not.

    Tables are checked cell by cell by whoever holds the rows.
    """
    _CHECKS[asked.kind](asked, value)
    return value


def shown(asked: Question | Column, value: Any) -> str:
    """The value as people read it; a value of a wrong kind as it is."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, tuple | list):
        return "; ".join(_label(asked, part) for part in value)
    if isinstance(value, int):
        return _amount(value) if asked.kind == "money" else f"{value:,}"
    if asked.kind == "date" and is_day(value):
        day = date.fromisoformat(value)
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return _label(asked, value)


def is_day(value: Any) -> bool:
    """Whether a value is a day of the calendar, written YYYY-MM-DD."""
    if not isinstance(value, str) or not re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII
    ):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _amount(pence: int) -> str:
    pounds, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{pounds:,}{f'.{rest:02}' if rest else ''}"


def are_rows(value: Any) -> TypeGuard[tuple[dict[str, Any], ...]]:
    """Whether a value is rows of cells, as the answer to a table is."""
    return isinstance(value, tuple) and all(isinstance(row, dict) for row in value)


def as_typed(asked: Question | Column, value: Any) -> str | tuple[str, ...]:
    """The value as somebody would type it, so that it can be kept as typed text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return tuple(str(part) for part in value)
    if asked.kind == "money" and isinstance(value, int):
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 100}.{abs(value) % 100:02}"
    return str(value)


def _label(asked: Question | Column, code: Any) -> str:
    option = asked.option(code) if isinstance(code, str) else None
    return option.label if option is not None else str(code)


# --- typed text to a value -----------------------------------------------------------------------


def _read_text(_: Question | Column, text: str) -> str:
    return text


def _read_yes_no(_: Question | Column, text: str) -> bool:
    if text.lower() not in _YES:
        raise Unread("CW-ANSWER-KIND", "Choose yes or no.")
    return _YES[text.lower()]


def _read_declaration(_: Question | Column, text: str) -> bool:
    if text.lower() not in _YES or not _YES[text.lower()]:
        raise Unread("CW-ANSWER-KIND", "Tick the box if you agree.")
    return True


def _read_whole(_: Question | Column, text: str) -> int:
    bare = text.replace(" ", "")
    if not _WHOLE.fullmatch(bare):
        raise Unread("CW-ANSWER-KIND", "Write a whole number, such as 12 or 1,500.")
    return int(bare.replace(",", ""))


def _read_money(_: Question | Column, text: str) -> int:
    match = _MONEY.fullmatch(text.replace(" ", ""))
    if match is None:
        raise Unread("CW-ANSWER-KIND", "Write an amount in pounds, such as 1,200 or 1200.50.")
    pence = int(match[2].replace(",", "")) * 100 + int(match[3] or 0)
    return -pence if match[1] else pence


def _read_date(_: Question | Column, text: str) -> str:
    iso, british = _DATE.fullmatch(text), _BRITISH.fullmatch(text)
    if iso is not None:
        year, month, day = iso.groups()
    elif british is not None:
        day, month, year = british.groups()
    else:
        raise Unread("CW-ANSWER-KIND", "Write a date as day, month and year, such as 7 11 2026.")
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise Unread("CW-ANSWER-KIND", "There is no such date.") from None


def _read_reference(asked: Question | Column, text: str) -> str:
    bare = " ".join(text.split())
    for pattern in asked.patterns or ():
        for tried in (bare, bare.replace(" ", "")):
            written = _written_as(pattern, tried)
            if written is not None:
                return written
    raise _wrong_reference(asked)


def _written_as(pattern: str, text: str) -> str | None:
    """`text` as the pattern writes it (capital letters where the pattern has them), or None."""
    if len(pattern) != len(text):
        return None
    written = []
    for sign, char in zip(pattern, text, strict=True):
        digit = char.isascii() and char.isdigit()
        letter = char.isascii() and char.isalpha()
        fits = {"#": digit, "@": letter, "*": digit or letter}.get(
            sign, char.lower() == sign.lower()
        )
        if not fits:
            return None
        written.append(char.upper() if sign in "@*" else char if sign == "#" else sign)
    return "".join(written)


_TYPED: Mapping[str, Callable[[Question | Column, str], Any]] = {
    "short_text": _read_text,
    "long_text": _read_text,
    "yes_no": _read_yes_no,
    "one_of": _read_text,
    "date": _read_date,
    "whole_number": _read_whole,
    "money": _read_money,
    "reference": _read_reference,
    "declaration": _read_declaration,
}


# --- is a value an answer? -----------------------------------------------------------------------


def _check_short_text(asked: Question | Column, value: Any) -> None:
    _is_text(value)
    if "\n" in value or "\t" in value:
        raise Unread("CW-ANSWER-CHARACTERS", "Write your answer on one line.")
    limit = asked.max_length or DEFAULT_LENGTH
    if len(value) > limit:
        over = len(value) - limit
        raise Unread(
            "CW-ANSWER-TOO-LONG",
            f"Your answer can have up to {limit:,} characters; it has {over:,} too many.",
        )
    _only_seen(value)


def _check_long_text(asked: Question | Column, value: Any) -> None:
    _is_text(value)
    limit, has = asked.max_words or DEFAULT_WORDS, words(value)
    if has > limit:
        raise Unread(
            "CW-ANSWER-TOO-LONG",
            f"Your answer can have up to {limit:,} words; it has {has - limit:,} too many.",
        )
    if len(value) > MAX_CHARACTERS:
        raise Unread(
            "CW-ANSWER-TOO-LONG", f"Your answer can have up to {MAX_CHARACTERS:,} characters."
        )
    _only_seen(value)


def _is_text(value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise Unread("CW-ANSWER-KIND", "Answer in words.")


def _only_seen(text: str) -> None:
    """Refuse characters that a reader cannot see, or that change the direction of the text."""
    if has_hidden(text):
        raise Unread(
            "CW-ANSWER-CHARACTERS",
            "Your answer has characters that cannot be seen. Type it again, or paste it as "
            "plain text.",
        )


def _check_bool(_: Question | Column, value: Any) -> None:
    if not isinstance(value, bool):
        raise Unread("CW-ANSWER-KIND", "Choose yes or no.")


def _check_declaration(_: Question | Column, value: Any) -> None:
    if value is not True:
        raise Unread("CW-ANSWER-KIND", "Tick the box if you agree.")


def _check_one_of(asked: Question | Column, value: Any) -> None:
    option = asked.option(value) if isinstance(value, str) else None
    if option is None:
        raise Unread("CW-ANSWER-CHOICE", "Choose from the list.")
    if option.retired:
        raise Unread("CW-ANSWER-CHOICE", "This choice is no longer offered. Choose again.")


def _check_several_of(asked: Question | Column, value: Any) -> None:
    if not isinstance(value, tuple | list) or not value or len(set(value)) != len(value):
        raise Unread("CW-ANSWER-KIND", "Choose one or more from the list.")
    for code in value:
        _check_one_of(asked, code)
    chosen = [asked.option(code) for code in value]
    alone = next((one for one in chosen if one is not None and one.exclusive), None)
    if alone is not None and len(value) > 1:
        raise Unread("CW-ANSWER-CHOICE", f'Choose "{alone.label}" alone, or leave it out.')


def _check_date(asked: Question | Column, value: Any) -> None:
    if not is_day(value):
        raise Unread("CW-ANSWER-KIND", "Write a date as day, month and year, such as 7 11 2026.")
    day = date.fromisoformat(value)
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise Unread("CW-ANSWER-RANGE", f"Write a year from {YEARS[0]} to {YEARS[1]}.")
    for limit, late in ((asked.earliest, False), (asked.latest, True)):
        if limit is not None and (day > limit if late else day < limit):
            said = f"{limit.day} {MONTHS[limit.month - 1]} {limit.year}"
            raise Unread("CW-ANSWER-RANGE", f"The date must be {said} or {_side(late, 'date')}.")


def _check_whole(asked: Question | Column, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unread("CW-ANSWER-KIND", "Write a whole number, such as 12 or 1,500.")
    low = -MAX_WHOLE if asked.smallest is None else asked.smallest
    high = MAX_WHOLE if asked.largest is None else asked.largest
    if not low <= value <= high:
        limit, late = (high, True) if value > high else (low, False)
        raise Unread("CW-ANSWER-RANGE", f"The number must be {limit:,} or {_side(late, 'number')}.")


def _check_money(asked: Question | Column, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unread("CW-ANSWER-KIND", "Write an amount in pounds, such as 1,200 or 1200.50.")
    low = 0 if asked.smallest is None else asked.smallest
    high = MAX_POUNDS if asked.largest is None else asked.largest
    if not low * 100 <= value <= high * 100:
        limit, late = (high, True) if value > high * 100 else (low, False)
        raise Unread(
            "CW-ANSWER-RANGE", f"The amount must be £{limit:,} or {_side(late, 'number')}."
        )


def _side(late: bool, what: str) -> str:
    if what == "date":
        return "earlier" if late else "later"
    return "less" if late else "more"


def _check_reference(asked: Question | Column, value: Any) -> None:
    if not isinstance(value, str) or not any(
        _written_as(pattern, value) == value for pattern in asked.patterns or ()
    ):
        raise _wrong_reference(asked)


def _wrong_reference(asked: Question | Column) -> Unread:
    shapes = " or ".join(
        pattern.replace("#", "0").replace("@", "A").replace("*", "A")
        for pattern in asked.patterns or ()
    )
    return Unread("CW-ANSWER-KIND", f"Write the reference in the form {shapes}.")


def has_hidden(text: str) -> bool:
    """Whether a text holds characters that cannot be seen (line breaks and tabs are seen)."""
    return any(unicodedata.category(char) in _HIDDEN for char in text if char not in "\n\t")


_CHECKS: Mapping[str, Callable[[Question | Column, Any], None]] = {
    "short_text": _check_short_text,
    "long_text": _check_long_text,
    "yes_no": _check_bool,
    "one_of": _check_one_of,
    "several_of": _check_several_of,
    "date": _check_date,
    "whole_number": _check_whole,
    "money": _check_money,
    "reference": _check_reference,
    "declaration": _check_declaration,
}
