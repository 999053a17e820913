"""Forms: how a variable may be seen. A closed enumeration, written as short texts.

`exact`, `pseudonym`, `record_code`, `year`, `month`, `interval`, `age_band(n, top)`, `shift`,
`outward_postcode`, `truncate(n)`, `rollup(n)`, `round(n)`, `redacted_text`, `deidentified_image`.

`FORMS` is the one table that says which roles and types a form fits; documentation is generated
from it. `redacted_text` and `deidentified_image` belong to rooms that do not exist yet: they can
be offered by a catalogue, and asking for them is refused with a plain sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from commonweal.foundation.errors import Fault


@dataclass(frozen=True)
class FormRule:
    """One line of the table of forms."""

    arguments: tuple[str, ...]
    types: frozenset[str]
    sentence: str
    built: bool = True
    dates: str | None = None
    """For dates: `exact`, `coarse`, `shift` or `interval` (S16 decides which may meet)."""


_ALL = frozenset({"text", "integer", "decimal", "boolean", "date", "timestamp"})
_DATES = frozenset({"date", "timestamp"})
_KEYS = frozenset({"text", "integer"})
_NUMBERS = frozenset({"integer", "decimal"})

FORMS: dict[str, FormRule] = {
    "exact": FormRule((), _ALL, "as it is recorded", dates="exact"),
    "pseudonym": FormRule((), _KEYS, "replaced by a code for the person, made for this project"),
    "record_code": FormRule((), _KEYS, "replaced by a code for the record, made for this project"),
    "year": FormRule((), _DATES, "the year only", dates="coarse"),
    "month": FormRule((), _DATES, "the year and month only", dates="coarse"),
    "interval": FormRule((), _DATES, "as a number of days between two dates", dates="interval"),
    "age_band": FormRule(
        ("width", "top"), _DATES | {"integer"}, "as an age group of {0} years, {1} and over as one"
    ),
    "shift": FormRule(
        (),
        _DATES,
        "moved by a secret number of weeks, the same for all of a person's dates; times of day are "
        "cut to the hour",
        dates="shift",
    ),
    "outward_postcode": FormRule((), frozenset({"text"}), "the first half of the postcode only"),
    "truncate": FormRule(("length",), frozenset({"text"}), "the first {0} characters only"),
    "rollup": FormRule(
        ("people",),
        frozenset({"text", "integer"}),
        "values held by fewer than {0} people joined into broader ones or left out",
    ),
    "round": FormRule(("step",), _NUMBERS, "rounded to the nearest {0}"),
    "redacted_text": FormRule((), frozenset({"text"}), "text with names removed", built=False),
    "deidentified_image": FormRule((), _ALL, "images with identity removed", built=False),
}

_TEXT = re.compile(r"([a-z_]+)(?:\(([0-9., ]{1,40})\))?", re.ASCII)


@dataclass(frozen=True)
class Form:
    """One form with its arguments, for example `age_band(5, 90)`.

    `width`, `top`, `length`, `people` are whole numbers; `step` may be a decimal.
    """

    kind: str
    arguments: tuple[Decimal, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Form:
        """Read a form. Raises `Fault` CW-FORM-UNKNOWN."""
        match = _TEXT.fullmatch(text.strip())
        if match is None or match[1] not in FORMS:
            raise _unknown("This is not a form that a variable can have.")
        kind = match[1]
        rule = FORMS[kind]
        parts = [part.strip() for part in match[2].split(",")] if match[2] else []
        if len(parts) != len(rule.arguments):
            raise _unknown(f"The form {kind} takes {len(rule.arguments)} number(s) in brackets.")
        return cls(kind, _numbers(kind, rule.arguments, parts))

    @property
    def rule(self) -> FormRule:
        """The line of `FORMS` for this form."""
        return FORMS[self.kind]

    @property
    def text(self) -> str:
        """The form as papers write it."""
        if not self.arguments:
            return self.kind
        return f"{self.kind}({','.join(_plain(a) for a in self.arguments)})"

    @property
    def sentence(self) -> str:
        """The form in plain words, to complete "<variable>: ..."."""
        if self.names_exact_age:
            return f"as an age in whole years, {self.whole(1)} and over as one"
        return self.rule.sentence.format(*(_plain(a) for a in self.arguments))

    def whole(self, place: int) -> int:
        """Argument number `place` (from 0) as an int."""
        return int(self.arguments[place])

    @property
    def names_exact_age(self) -> bool:
        """True where an age is shown to the year, which undoes a date shift (S16)."""
        return self.kind == "age_band" and self.whole(0) == 1


_COARSER = {
    "exact": frozenset(
        {"year", "month", "age_band", "outward_postcode", "truncate", "rollup", "round"}
    ),
    "month": frozenset({"year", "age_band"}),
    "year": frozenset({"age_band"}),
    "outward_postcode": frozenset({"truncate"}),
}
"""Which kinds of form show less than a kind, whatever the data: a year says less than a month."""
_AREA_LETTERS = 2
"""The outward half of a postcode begins with up to two letters for the area."""


def shows_less(form: Form, than: Form) -> bool:
    """Whether `form` is meant to show less than `than`: what may stand in its place (S13).

    Never true of forms that replace or move values. Two forms of one kind are told by their
    numbers. It is about meaning; whether one really joins all that the other joins, only data show.
    """
    if form.kind != than.kind:
        if form.kind not in _COARSER.get(than.kind, frozenset()):
            return False
        if form.kind == "truncate" and than.kind == "outward_postcode":
            return form.whole(0) <= _AREA_LETTERS
        return form.kind != "age_band" or than.kind == "exact" or not form.names_exact_age
    if form.kind == "age_band":
        wider, lower = form.whole(0) >= than.whole(0), form.whole(1) <= than.whole(1)
        return wider and lower and form != than
    if form.kind == "truncate":
        return form.whole(0) < than.whole(0)
    return form.kind in ("rollup", "round") and form.arguments[0] > than.arguments[0]


def fits(form: Form, type_: str) -> bool:
    """True if a variable of type `type_` can be shown in this form."""
    return type_ in form.rule.types


def read_form(text: str) -> Form:
    """`Form.parse` for a field of a paper: raises ValueError with words that follow the field."""
    try:
        return Form.parse(text)
    except Fault as fault:
        words = fault.sentence.rstrip(".")
        raise ValueError(f"is wrong: {words[0].lower()}{words[1:]}") from None


def _numbers(kind: str, names: tuple[str, ...], parts: list[str]) -> tuple[Decimal, ...]:
    try:
        numbers = tuple(Decimal(part) for part in parts)
    except InvalidOperation as error:
        raise _unknown(f"The form {kind} takes numbers in brackets.") from error
    for name, number in zip(names, numbers, strict=True):
        limit = Decimal(10**9) if name == "step" else Decimal(10_000)
        # A step of more than six decimals would round nothing; a group of one hides nobody.
        places = 6 if name == "step" else 0
        fits_places = number == round(number, places)
        least = 1 if name != "people" else 2
        if not (fits_places and 0 < number <= limit) or (name != "step" and number < least):
            raise _unknown(f"The form {kind} has a {name} that cannot be used.")
    if kind == "age_band" and not (numbers[0] <= 50 and numbers[0] <= numbers[1] <= 130):
        raise _unknown("The form age_band needs a width up to 50 and a top from the width to 130.")
    if kind == "age_band" and numbers[1] % numbers[0]:
        raise _unknown("The form age_band needs a top that is a multiple of its width.")
    return numbers


def _plain(number: Decimal) -> str:
    whole = number == number.to_integral_value()
    return str(int(number)) if whole else format(number.normalize(), "f")


def _unknown(sentence: str) -> Fault:
    return Fault("CW-FORM-UNKNOWN", sentence)
