from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.identifiers import (
    ISSUED,
    SYNTHETIC,
    InvalidNHSNumber,
    NHSNumber,
    check_digit,
)


def oracle(digits: str) -> bool:
    """Modulus 11 said another way: the weighted sum of all ten digits is a multiple of 11."""
    total = sum(int(digits[place]) * (10 - place) for place in range(10))
    number = int(digits)
    ranges = (*ISSUED, SYNTHETIC)
    return (
        total % 11 == 0
        and len(set(digits)) > 1
        and any(low <= number <= high for low, high in ranges)
    )


@given(st.integers(0, 10**10 - 1))
def test_every_ten_digits_are_judged_as_the_oracle_judges(number):
    digits = f"{number:010d}"
    if oracle(digits):
        assert NHSNumber(digits).digits == digits
    else:
        with pytest.raises(InvalidNHSNumber):
            NHSNumber(digits)


@given(st.integers(400_000_000, 499_999_999) | st.integers(600_000_000, 799_999_999))
def test_a_number_with_its_check_digit_is_valid_and_with_any_other_is_not(first_nine):
    nine = f"{first_nine:09d}"
    right = check_digit(nine)
    for digit in range(10):
        if digit == right and len(set(f"{nine}{digit}")) > 1:
            assert NHSNumber(f"{nine}{digit}").digits == f"{nine}{digit}"
        else:
            with pytest.raises(InvalidNHSNumber):
                NHSNumber(f"{nine}{digit}")


@given(st.integers(900_000_000, 999_999_999), st.integers(0, 8))
def test_swapping_two_neighbours_is_found(first_nine, place):
    digit = check_digit(f"{first_nine:09d}")
    digits = f"{first_nine:09d}{digit}"
    if digit is None or digits[place] == digits[place + 1] or len(set(digits)) == 1:
        return
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    with pytest.raises(InvalidNHSNumber):
        NHSNumber(swapped)


@pytest.mark.parametrize(
    "text",
    ["9434765919", "943 476 5919", "943-476-5919", " 9434765919\n", "943 4765919", "943476-5919"],
)
def test_the_spellings_that_people_use(text):
    assert NHSNumber(text).formatted == "943 476 5919"
    assert NHSNumber(text) == NHSNumber("9434765919")


@pytest.mark.parametrize(
    "text",
    ["", "943476591", "94347659190", "943  476 5919", "94 3476 5919", "9434765919x", "943.476.5919",
          "943_476_5919",
     "\uff19" * 10, "\uff19434765919", "٩٤٣٤٧٦٥٩١٩", "9434765919\x00", "943\n476\n5919",
     "943\u2009476\u20095919", "943\u2013476\u20135919", "+9434765919", "9.434765919e9",
     "\u00a09434765919", None, 9434765919, 9434765919.0, b"9434765919", ["9434765919"]],
)  # fmt: skip
def test_other_texts_and_types_are_refused(text):
    with pytest.raises(InvalidNHSNumber):
        NHSNumber(text)


@pytest.mark.parametrize("digit", range(10))
def test_ten_equal_digits_are_nobody(digit):
    with pytest.raises(InvalidNHSNumber, match=r"all its digits are the same|check digit|ranges"):
        NHSNumber(str(digit) * 10)


@pytest.mark.parametrize(
    ("low", "high", "inside"),
    [(0, 4_000_000_000, False), (5_000_000_000, 6_000_000_000, False),
     (8_000_000_000, 9_000_000_000, False), (4_000_000_000, 5_000_000_000, True),
     (6_000_000_000, 8_000_000_000, True), (9_000_000_000, 10_000_000_000, True)],
)  # fmt: skip
def test_the_ranges_at_their_edges(low, high, inside):
    for edge in (low, high - 200):
        for number in range(edge, edge + 200):
            digits = f"{number:010d}"
            if check_digit(digits[:9]) != int(digits[9]) or len(set(digits)) == 1:
                continue
            if inside:
                assert NHSNumber(digits).synthetic == (low == SYNTHETIC[0])
            else:
                with pytest.raises(InvalidNHSNumber, match="ranges"):
                    NHSNumber(digits)


def test_the_number_shows_nowhere_by_accident():
    number = NHSNumber("9434765919")
    assert "943" not in f"{number!r} {number} {[number]}"
    with pytest.raises(InvalidNHSNumber) as caught:
        NHSNumber("9434765918")
    assert "94347" not in str(caught.value)
    assert caught.value.code == "CW-NHS-NUMBER-INVALID"
    assert isinstance(caught.value, CommonwealError)
    assert isinstance(caught.value, ValueError)


def test_equality_and_hash_and_copies():
    number, same, other = (NHSNumber(n) for n in ("9434765919", "943 476 5919", "9434765870"))
    assert {number, same} == {number}
    assert number != other
    assert number != "9434765919"
    assert copy.deepcopy(number) == number
    assert pickle.loads(pickle.dumps(number)) == number
    assert not hasattr(number, "__dict__")


def test_some_nine_digits_have_no_check_digit():
    without = [nine for nine in range(400_000_000, 400_000_100) if check_digit(str(nine)) is None]
    assert without
    for nine in without:
        for digit in range(10):
            with pytest.raises(InvalidNHSNumber, match="check digit"):
                NHSNumber(f"{nine}{digit}")
