"""The NHS number: ten digits, modulus 11, and a range that says whose it is.

Source: NHS Data Model and Dictionary (check digit); ranges as in docs/reference/identifiers.md.
The columnar twin of this check is `commonweal.vault.tables.ops.nhs_checked`; a test holds the two
together. Columns are read more widely than people may type (`ops.nhs_shaped`).
"""

from __future__ import annotations

import re

from commonweal.foundation.errors import Fault

WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)
ISSUED = ((4_000_000_000, 4_999_999_999), (6_000_000_000, 7_999_999_999))
"""Ranges issued to people in England, Wales and the Isle of Man, inclusive."""
SYNTHETIC = (9_000_000_000, 9_999_999_999)
"""Never issued: test and demonstration patients only, inclusive."""

_FORM = re.compile(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", re.ASCII)


class InvalidNHSNumber(Fault, ValueError):
    """A text is not an NHS number. The text is not repeated."""

    def __init__(self, reason: str) -> None:
        super().__init__("CW-NHS-NUMBER-INVALID", f"This is not an NHS number: {reason}.")


def check_digit(first_nine: str) -> int | None:
    """The tenth digit for nine digits, or None where no number with them is ever issued."""
    total = sum(int(d) * w for d, w in zip(first_nine, WEIGHTS, strict=True))
    digit = 11 - total % 11
    return {11: 0, 10: None}.get(digit, digit)


class NHSNumber:
    """A valid NHS number of England, Wales or the Isle of Man, or of the synthetic range.

    Accepts ten digits, with single spaces or dashes in the 3-3-4 places and white space around.
    Raises `InvalidNHSNumber` otherwise. The representation hides the digits, because objects end
    up in logs.
    """

    __slots__ = ("_digits",)

    def __init__(self, text: object) -> None:
        if not isinstance(text, str) or not _FORM.fullmatch(text.strip(" \t\r\n")):
            raise InvalidNHSNumber("it does not have ten digits")
        digits = re.sub(r"[^0-9]", "", text)
        if len(set(digits)) == 1:
            raise InvalidNHSNumber("all its digits are the same")
        if check_digit(digits[:9]) != int(digits[9]):
            raise InvalidNHSNumber("its check digit is wrong")
        if not _in_use(int(digits)):
            raise InvalidNHSNumber("it lies outside the ranges used in England and Wales")
        self._digits = digits

    @property
    def digits(self) -> str:
        """The ten digits without spaces."""
        return self._digits

    @property
    def formatted(self) -> str:
        """The number as people read it: 3-3-4 with single spaces."""
        return f"{self._digits[:3]} {self._digits[3:6]} {self._digits[6:]}"

    @property
    def synthetic(self) -> bool:
        """True if the number can never belong to a person."""
        return SYNTHETIC[0] <= int(self._digits) <= SYNTHETIC[1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NHSNumber) and other._digits == self._digits

    def __hash__(self) -> int:
        return hash(self._digits)

    def __repr__(self) -> str:
        return "NHSNumber(hidden)"


def _in_use(number: int) -> bool:
    return any(low <= number <= high for low, high in (*ISSUED, SYNTHETIC))
