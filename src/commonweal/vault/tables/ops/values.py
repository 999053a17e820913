"""Texts, numbers and dates, with the rules of the house (see the package)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import ibis

from commonweal.vault.tables.ops.base import Value, floor_to, kind_of

_POSTCODE = "^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$"
_NOT_VISIBLE = "[^ -~]"
_WHITE = r"\p{Z}\p{Cc}\p{Cf}"
_AROUND = rf"[{_WHITE}'\x{{2018}}\x{{2019}}]*"
_BETWEEN = rf"[{_WHITE}\p{{Pd}}\x{{2212}}\x{{b7}}_/]*"
_NHS_SHAPE = (
    rf"^{_AROUND}(?:[0-9](?:{_BETWEEN}[0-9]){{9}}(?:\.0*)?"
    rf"|[0-9]{{3}}{_BETWEEN}\.{_BETWEEN}[0-9]{{3}}{_BETWEEN}\.{_BETWEEN}[0-9]{{4}}){_AROUND}\z"
)
# Full-width, Arabic-Indic, extended Arabic-Indic, Devanagari, Bengali, Gurmukhi, Gujarati.
_ZEROS = (0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6)
_OTHER_DIGITS = "".join(chr(zero + digit) for zero in _ZEROS for digit in range(10))
_SAME_DIGITS = "0123456789" * len(_ZEROS)
_PLAIN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FULL_WIDTH = "".join(chr(ord(character) + 0xFEE0) for character in _PLAIN)


def as_text(column: Value) -> Value:
    """A value as text."""
    return column.cast("string")


def join_text(*parts: Value) -> Value:
    """Texts one after the other; missing where any is."""
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + part
    return joined


def truncate(column: Value, length: int) -> Value:
    """The first `length` characters, not counting dots of codes and spaces around."""
    return column.replace(".", "").strip().substr(0, length).rstrip()


def bare_token(column: Value) -> Value:
    """Letters and digits only, in capitals: the spelling in which identifiers are sieved."""
    return column.cast("string").upper().re_replace(r"[^\p{L}\p{N}]", "")


def text_length(column: Value) -> Value:
    """Number of characters."""
    return column.length().cast("int64")


def outward_postcode(column: Value) -> Value:
    """The outward half of a UK postcode; missing where it is not one."""
    bare = column.upper().re_replace("[^A-Z0-9]", "")
    return ibis.ifelse(
        bare.re_search(_POSTCODE), bare.substr(0, bare.length() - 3), ibis.null("string")
    )


def key_spelling(column: Value) -> Value:
    """A person key in the one spelling in which choices are matched.

    Lower-case letters and digits only; a number loses leading zeros and the `.0` of a decimal.
    Missing for a text with anything but visible ASCII: no engine can compose those alike (see
    `choices.spelling`, which spells both kinds).
    """
    text = column.cast("string")
    whole = text.re_search(r"^[^0-9A-Za-z]*[0-9]+\.0[^0-9A-Za-z]*\z")
    cut = ibis.ifelse(whole, text.re_replace(r"\.0[^0-9A-Za-z]*\z", ""), text)
    bare = cut.lower().re_replace("[^a-z0-9]", "")
    short = ibis.ifelse(bare.re_search(r"^0+\z"), "0", bare.re_replace("^0+", ""))
    ascii_key = ibis.ifelse(bare.re_search(r"^[0-9]+\z"), short, bare)
    # Most keys are plain: the slow road is for the others only.
    plain = text.re_search(r"^[1-9][0-9]*\z")
    odd = text.re_search(_NOT_VISIBLE)
    return ibis.ifelse(plain, text, ibis.ifelse(odd, ibis.null("string"), ascii_key))


def is_blank(column: Value) -> Value:
    """True where there is no value, or a text of white space and invisible characters alone."""
    return column.isnull() | column.cast("string").re_search(rf"^[{_WHITE}]*\z")


def matches(column: Value, pattern: str) -> Value:
    """True where the text holds the regular expression (a constant of policy)."""
    return column.re_search(pattern)


def code_spelling(column: Value) -> Value:
    """A code as text in capitals; full-width letters and digits become plain ones."""
    return column.cast("string").translate(_FULL_WIDTH, _PLAIN).upper()


def nhs_number(column: Value, *, synthetic: bool) -> Value:
    """The ten digits of a valid NHS number, else missing (rules of `foundation.identifiers`).

    `synthetic`: whether numbers of the range that is never issued are accepted.
    """
    digits = nhs_shaped(column)
    good = nhs_checked(as_number(digits), synthetic=synthetic)
    return ibis.ifelse(good, digits, ibis.null("string"))


def nhs_shaped(column: Value) -> Value:
    """The ten digits of a value that is written like an NHS number, else missing.

    Wider than people may type them (`foundation.identifiers`), because whoever cannot be read
    here is not reached by their choices: full-width digits and those of six other scripts; white
    space of every kind, invisible characters, dashes, middle dots, underscores and slashes between
    digits; dots at the two usual places; apostrophes around; a whole decimal (`9434765919.0`).
    Not read: a fraction, a sign, other than ten digits.

    First of three steps (`nhs_shaped`, `as_number`, `nhs_checked`): with a view after each, large
    tables are spared working the first ones out again for every digit.
    """
    none = ibis.null("string")
    if kind_of(column.type()) in ("integer", "decimal"):
        ten = column.between(1_000_000_000, 9_999_999_999) & (column == column.floor())
        return ibis.ifelse(ten, column.cast("int64").cast("string"), none)
    text = column.cast("string")
    foreign = text.translate(_OTHER_DIGITS, _SAME_DIGITS)
    spelt = ibis.ifelse(text.re_search(_NOT_VISIBLE), foreign, text)
    # A decimal's zeros come behind the ten digits.
    digits = spelt.re_replace("[^0-9]", "").substr(0, 10)
    read = ibis.ifelse(spelt.re_search(_NHS_SHAPE), digits, none)
    # The two usual forms are read without the slow road.
    groups = text.substr(0, 3) + text.substr(4, 3) + text.substr(8, 4)
    tidy = text.re_search(r"^[0-9]{3}[ -][0-9]{3}[ -][0-9]{4}\z")
    # Most are plain: a number that is written as the text is costs a fifth of a pattern.
    number = text.try_cast("int64")
    ten = number.between(1_000_000_000, 9_999_999_999) & (number.cast("string") == text)
    return ibis.ifelse(ten, text, ibis.ifelse(tidy, groups, read))


def as_number(digits: Value) -> Value:
    """A text of digits as an integer."""
    return digits.cast("int64")


def in_four_bytes(number: Value) -> Value:
    """A whole number that is known to lie below two thousand million, in half the memory."""
    return number.cast("int32")


def in_few_bytes(number: Value, largest: int) -> Value:
    """A whole number from -`largest` to `largest`, in as few bytes as that takes."""
    width = next((bits for bits in (8, 16, 32) if largest < 1 << (bits - 1)), 64)
    return number.cast(f"int{width}")


def nhs_checked(number: Value, *, synthetic: bool) -> Value:
    """Whether a ten-digit number has the right check digit and lies in a range in use."""
    summed = ibis.literal(0, "int64")
    for place in range(9):
        summed = summed + (number // 10 ** (9 - place) % 10) * (10 - place)
    expected = (11 - summed % 11) % 11
    check = (expected != 10) & (expected == number % 10)
    issued = number.between(4_000_000_000, 4_999_999_999)
    issued = issued | number.between(6_000_000_000, 7_999_999_999)
    if synthetic:
        issued = issued | number.between(9_000_000_000, 9_999_999_999)
    return check & issued & (number % 1_111_111_111 != 0)


def round_half_up(column: Value, step: Decimal) -> Value:
    """To the nearest multiple of `step`, halves upwards (-2.5 to -2, 2.5 to 3 for step 1).

    Worked in whole millionths so that 0.15 at step 0.1 is 0.2 on every engine; integers stay
    integers where the step is whole.
    """
    unit = int(step * 1_000_000)
    if step == step.to_integral_value() and kind_of(column.type()) == "integer":
        return floor_to(column + int(step) // 2, int(step)) if step > 1 else column
    millionths = (column.cast("float64") * 1_000_000.0).round().cast("int64")
    exact = floor_to(millionths * 2 + unit, 2 * unit).cast("float64") / 2_000_000.0
    small = column.cast("float64").abs() < 1e12
    return ibis.ifelse(small, exact, column.cast("float64"))


def year(column: Value) -> Value:
    """The year, as an integer."""
    return column.year().cast("int64")


def month(column: Value) -> Value:
    """Year and month as text, `2026-03`."""
    number = column.month().cast("int64")
    padded = ibis.ifelse(number < 10, ibis.literal("0"), ibis.literal("")) + number.cast("string")
    return column.year().cast("string") + "-" + padded


def age_at(born: Value, on: Any) -> Value:
    """Completed years at the date `on`; missing for people born later."""
    birth = born.cast("date")
    birthday = birth.month().cast("int64") * 100 + birth.day().cast("int64")
    had = ibis.literal(on.month * 100 + on.day, "int64") >= birthday
    years = ibis.literal(on.year, "int64") - birth.year().cast("int64")
    age = ibis.ifelse(had, years, years - 1)
    return ibis.ifelse(age >= 0, age, ibis.null("int64"))


def age_band(age: Value, width: int, top: int) -> Value:
    """An age in years as `65-69`, or `90+` from `top` on; single years where the width is 1."""
    low = floor_to(age, width)
    label = low.cast("string")
    if width > 1:
        label = label + "-" + (low + (width - 1)).cast("string")
    label = ibis.ifelse(age >= top, ibis.literal(f"{top}+"), label)
    return ibis.ifelse(age >= 0, label, ibis.null("string"))


def days_between(later: Value, earlier: Value) -> Value:
    """Whole days from `earlier` to `later`, negative where the order is reversed."""
    return later.cast("date").delta(earlier.cast("date"), unit="day").cast("int64")


def as_date(column: Value) -> Value:
    """The day of a date or timestamp."""
    return column.cast("date")


@ibis.udf.scalar.builtin(name="add")  # type: ignore[untyped-decorator]
def _days_later(day: date, days: int) -> date: ...  # type: ignore[empty-body]


def shift_weeks(column: Value, weeks: Value) -> Value:
    """A date or timestamp moved by a whole number of weeks."""
    # Weeks may be held in one byte, which has no room for their days.
    days = weeks.cast("int32") * 7
    if kind_of(column.type()) == "date":
        # Four times as fast as an interval, which also makes a timestamp of a date.
        return _days_later(column, days.cast("int32"))
    return column + days.as_interval("D")


def to_hour(column: Value) -> Value:
    """A timestamp cut to the hour."""
    return column.truncate("h")
