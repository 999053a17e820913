"""Numbers with check digits, by column: NHS numbers, hospital numbers, SNOMED CT identifiers.

NHS number: modulus 11 (NHS Data Model and Dictionary), here in the range from 9000000000, which is
never issued. SNOMED CT identifier: Verhoeff check digit over the dihedral group of order ten.
Numbers are spread over their range by a small balanced Feistel permutation, so that they are
unique without remembering which were given, and neighbours in the hospital are not neighbours in
number.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.draw import Flags, Ints

NHS_PREFIX = 900_000_000
MOST_PATIENTS = 5_000_000
"""Above this the seven digits of the hospital number would run short."""

_ROUNDS = 4
_NHS_SIDES = (10_000, 10_000)
_HOSPITAL_SIDES = (2_500, 4_000)
# One nine-digit stem in eleven has no check digit; the margin covers that with room to spare.
_STEMS_FOR_EACH = 1.15
_STEMS_SPARE = 1_000


class Scatter:
    """A seeded permutation of range(left * right): distinct in, distinct out."""

    def __init__(self, rng: Generator, sides: tuple[int, int]) -> None:
        self._left, self._right = sides
        self._from_right = rng.integers(0, self._left, size=(_ROUNDS, self._right))
        self._from_left = rng.integers(0, self._right, size=(_ROUNDS, self._left))

    def __call__(self, index: Ints) -> Ints:
        """The place of each index; indices lie in range(left * right)."""
        left, right = index // self._right, index % self._right
        for turn in range(_ROUNDS):
            left = (left + self._from_right[turn][right]) % self._left
            right = (right + self._from_left[turn][left]) % self._right
        return np.asarray(left * self._right + right, dtype=np.int64)


def nhs_check_digits(stems: Ints) -> Ints:
    """The tenth digit of each nine-digit stem; 10 where no number with that stem is issued."""
    total = np.zeros(len(stems), dtype=np.int64)
    rest = stems.copy()
    for weight in range(2, 11):
        total += (rest % 10) * weight
        rest //= 10
    return np.asarray((11 - total % 11) % 11, dtype=np.int64)


class Register:
    """Hands out NHS numbers and hospital numbers; no two calls share one."""

    def __init__(self, rng: Generator) -> None:
        self._nhs = Scatter(rng, _NHS_SIDES)
        self._hospital = Scatter(rng, _HOSPITAL_SIDES)
        self._next_stem = 0
        self._next_patient = 0

    def nhs_numbers(self, count: int) -> Ints:
        """`count` valid ten-digit numbers from 9000000000 to 9999999999."""
        window = int(count * _STEMS_FOR_EACH) + _STEMS_SPARE
        index = np.arange(self._next_stem, self._next_stem + window, dtype=np.int64)
        self._next_stem += window
        stems = NHS_PREFIX + self._nhs(index)
        check = nhs_check_digits(stems)
        # 9999999999 passes the check digit, but all-same digits are refused everywhere.
        numbers = (stems * 10 + check)[(check < 10) & (stems != 999_999_999)]
        if len(numbers) < count:
            raise AssertionError("the window of stems is too small")
        return np.asarray(numbers[:count], dtype=np.int64)

    def hospital_numbers(self, count: int) -> Ints:
        """`count` seven-digit numbers."""
        index = np.arange(self._next_patient, self._next_patient + count, dtype=np.int64)
        self._next_patient += count
        return self._hospital(index)


def digit_text(numbers: Ints, width: int, prefix: str = "") -> pa.Array:
    """Numbers as zero-padded text with a prefix, made on the bytes."""
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    length = len(head) + width
    grid = np.empty((len(numbers), length), dtype=np.uint8)
    grid[:, : len(head)] = head
    rest = numbers.copy()
    for place in range(length - 1, len(head) - 1, -1):
        grid[:, place] = 48 + rest % 10
        rest //= 10
    offsets = np.arange(0, (len(numbers) + 1) * length, length, dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets.tobytes()), pa.py_buffer(grid.tobytes())
    )


def _verhoeff_tables() -> tuple[Ints, Ints]:
    """Multiplication in the dihedral group D5 and the powers of Verhoeff's permutation."""
    i, j = np.meshgrid(np.arange(10), np.arange(10), indexing="ij")
    turn = np.where(i < 5, (i % 5 + j % 5) % 5, (i % 5 - j % 5) % 5)
    product = np.where((i < 5) == (j < 5), turn, turn + 5)
    step = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])
    powers = [np.arange(10)]
    for _ in range(7):
        powers.append(step[powers[-1]])
    return product.astype(np.int64), np.array(powers, dtype=np.int64)


def verhoeff_valid(numbers: Ints) -> Flags:
    """True where the last digit is the Verhoeff check digit of those before it."""
    product, powers = _verhoeff_tables()
    state = np.zeros(len(numbers), dtype=np.int64)
    rest = numbers.copy()
    for place in range(18):
        stepped = product[state, powers[place % 8][rest % 10]]
        state = np.where(rest > 0, stepped, state)
        rest //= 10
    return np.asarray(state == 0, dtype=np.bool_)
