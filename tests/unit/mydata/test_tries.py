"""Tries are counted for each number, in a file that names nobody and cannot be begun anew."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.identifiers import NHSNumber
from commonweal.vault.mydata.order_key import publish_order_key, rotate_order_key
from commonweal.vault.mydata.tries import FILE, FOLDER, MOST, WINDOW, count_try
from tests.release_house import House, refused
from tests.unit.choices.helpers import nhs_numbers

ONE, OTHER, THIRD = (NHSNumber(number) for number in nhs_numbers(3))


@pytest.fixture
def file(house: House) -> Path:
    publish_order_key(house.custody())
    return house.home / FOLDER / FILE


def ask(house: House, number: NHSNumber = ONE, times: int = 1) -> None:
    for _ in range(times):
        count_try(house.custody(), number)


def test_each_number_has_its_own_count_which_runs_out_and_comes_back(
    house: House, file: Path
) -> None:
    ask(house, times=MOST)
    said = []
    for number in (ONE, ONE):
        error = refused(lambda: ask(house, number))  # noqa: B023
        assert (error.code, number.digits in str(error)) == ("CW-MYDATA-TRIES", False)
        said.append(str(error))
    ask(house, OTHER, MOST)
    said.append(str(refused(lambda: ask(house, OTHER))))
    assert len(set(said)) == 1  # one sentence, whoever it is
    house.clock.advance(WINDOW - timedelta(seconds=1))
    assert refused(lambda: ask(house)).code == "CW-MYDATA-TRIES"
    house.clock.advance(timedelta(seconds=1))
    ask(house, times=MOST)  # what was refused did not count, so it is whole again
    assert refused(lambda: ask(house)).code == "CW-MYDATA-TRIES"


def test_the_file_names_nobody_and_is_as_long_for_one_as_for_many(house: House, file: Path) -> None:
    ask(house)
    short = file.read_bytes()
    for number in nhs_numbers(20):
        ask(house, NHSNumber(number))
    long = file.read_bytes()
    assert len(short) == len(long)
    assert file.stat().st_mode & 0o077 == 0
    for number in (ONE, OTHER):
        plain = number.digits.encode()
        for spelt in (plain, hashlib.sha256(plain).hexdigest().encode(),
                      hashlib.sha256(plain).digest()):  # fmt: skip
            assert spelt not in long


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "another key", "rubbish"])
def test_a_file_that_is_not_ours_gives_no_new_tries(house: House, file: Path, how: str) -> None:
    ask(house)
    held = file.read_bytes()
    other = bytes.fromhex(house.custody().keyring.get("backup").id)
    file.write_bytes({
        "flipped": held[:-9] + bytes([held[-9] ^ 1]) + held[-8:], "cut": held[:-200],
        "empty": b"", "another key": other + held[16:], "rubbish": b"{}" * 40,
    }[how])  # fmt: skip
    for number in (ONE, THIRD):
        with pytest.raises(CommonwealError) as caught:
            ask(house, number)
        assert caught.value.code == "CW-SEAL-BROKEN"


def test_a_new_key_begins_a_new_count_and_the_old_file_is_still_held_to(
    house: House, file: Path
) -> None:
    ask(house, times=MOST)
    rotate_order_key(house.custody())
    held = file.read_bytes()
    file.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
    assert refused(lambda: ask(house)).code == "CW-SEAL-BROKEN"
    file.write_bytes(held)
    ask(house, times=MOST)
    assert refused(lambda: ask(house)).code == "CW-MYDATA-TRIES"
