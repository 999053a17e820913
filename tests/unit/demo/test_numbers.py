"""Check digits and unique numbers, against slow oracles."""

from __future__ import annotations

import nhs_number
import numpy as np
import pytest
from numpy.random import default_rng

from commonweal.demo.hospital.emergency import COMPLAINTS
from commonweal.demo.hospital.numbers import (
    Register,
    Scatter,
    digit_text,
    nhs_check_digits,
    verhoeff_valid,
)
from commonweal.foundation.identifiers import NHSNumber, check_digit

# Written out again on purpose: the tables as printed in descriptions of Verhoeff's method.
_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_P = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870",
    "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def _verhoeff_oracle(number: str) -> bool:
    state = 0
    for place, digit in enumerate(reversed(number)):
        state = int(_D[state][int(_P[place % 8][int(digit)])])
    return state == 0


def test_every_snomed_complaint_has_its_check_digit() -> None:
    codes = [code for code, *_ in COMPLAINTS]
    assert len(set(codes)) == len(codes)
    assert all(_verhoeff_oracle(code) for code in codes)
    assert verhoeff_valid(np.array([int(code) for code in codes])).all()


def test_a_changed_digit_or_two_swapped_neighbours_are_found() -> None:
    code = "29857009"
    for place in range(len(code)):
        for digit in set("0123456789") - {code[place]}:
            changed = code[:place] + digit + code[place + 1 :]
            # A leading nought is no identifier: the number would be shorter.
            if not changed.startswith("0"):
                assert not verhoeff_valid(np.array([int(changed)]))[0]
    swapped = code[0] + code[2] + code[1] + code[3:]
    assert not verhoeff_valid(np.array([int(swapped)]))[0]


def test_verhoeff_agrees_with_the_oracle() -> None:
    numbers = default_rng(3).integers(10**5, 10**17, 2_000)
    assert verhoeff_valid(numbers).tolist() == [_verhoeff_oracle(str(n)) for n in numbers]


def test_check_digits_agree_with_the_foundation() -> None:
    stems = default_rng(4).integers(900_000_000, 1_000_000_000, 2_000)
    expected = [check_digit(str(stem)) for stem in stems]
    assert nhs_check_digits(stems).tolist() == [10 if d is None else d for d in expected]


def test_numbers_are_valid_distinct_and_never_issued() -> None:
    register = Register(default_rng(5))
    numbers = np.concatenate([register.nhs_numbers(n) for n in (1, 17, 30_000, 20_000)])
    assert len(np.unique(numbers)) == len(numbers)
    assert numbers.min() >= 9_000_000_000
    assert numbers.max() <= 9_999_999_999
    for text in digit_text(numbers[::50], 10).to_pylist():
        assert nhs_number.is_valid(text, for_region=nhs_number.REGION_SYNTHETIC)
        assert NHSNumber(text).digits == text


def test_hospital_numbers_never_repeat() -> None:
    register = Register(default_rng(6))
    numbers = np.concatenate([register.hospital_numbers(40_000) for _ in range(3)])
    assert len(np.unique(numbers)) == 120_000
    assert 0 <= numbers.min() <= numbers.max() < 10_000_000


def test_scatter_is_a_permutation() -> None:
    scatter = Scatter(default_rng(7), (25, 40))
    assert sorted(scatter(np.arange(1_000)).tolist()) == list(range(1_000))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_digit_text_pads_with_zeros(count: int) -> None:
    numbers = np.arange(count, dtype=np.int64)
    assert digit_text(numbers, 4, "M").to_pylist() == [f"M{n:04d}" for n in range(count)]
