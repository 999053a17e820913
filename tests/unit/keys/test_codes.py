"""Codes in columns are AES-256-CMAC as the standard says it, text by text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import Bytes, code_column, codes_of, numbers_from, order_of

# NIST SP 800-38B, "Examples with Intermediate Values", CMAC-AES256.
NIST_KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
NIST_TEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
NIST = {
    0: "028962f61b7bf89efc6b551f4667d983",
    16: "28a7023f452e8f82bd4bf28d8c37c35c",
    40: "aaf3d8f1de5640c232f5b169b9c911e6",
    64: "e1992190549f6ed5696a2c056c315410",
}


def slow(key: bytes, text: bytes) -> bytes:
    made = CMAC(AES256(key))
    made.update(text)
    return made.finalize()


def fast(key: bytes, column: pa.ChunkedArray) -> list[bytes]:
    return list(code_column(codes_of(Secret(key), column)).to_pylist())


def test_the_published_examples() -> None:
    texts = pa.chunked_array([pa.array([NIST_TEXT[:size] for size in NIST], pa.binary())])
    assert [code.hex() for code in fast(NIST_KEY, texts)] == list(NIST.values())


@given(
    st.binary(min_size=32, max_size=32),
    st.lists(st.lists(st.text(max_size=70), max_size=20), max_size=4),
    st.integers(0, 9),
)
def test_any_texts_in_any_chunks(key: bytes, chunks: list[list[str]], start: int) -> None:
    column = pa.chunked_array(chunks, pa.string()).slice(start)
    texts = [text for chunk in chunks for text in chunk][start:]
    assert fast(key, column) == [slow(key, text.encode()) for text in texts]


@pytest.mark.parametrize("count", [65_535, 65_536, 65_537, 140_000])
def test_more_texts_than_are_worked_on_at_once(count: int) -> None:
    texts = [str(number * 7919) for number in range(count)]
    made = fast(NIST_KEY, pa.chunked_array([texts]))
    assert len(set(made)) == count
    for place in (0, 1, count // 2, 65_534, count - 2, count - 1):
        assert made[place] == slow(NIST_KEY, texts[place].encode())


@pytest.mark.parametrize(
    "texts", [[None], ["a", None], ["a", "b", None]], ids=["alone", "last", "after two"]
)
def test_a_missing_text_has_no_code(texts: list[str | None]) -> None:
    with pytest.raises(ValueError, match="missing"):
        codes_of(Secret(NIST_KEY), pa.chunked_array([pa.array(texts, pa.string())]))


def test_a_wiped_key_makes_none() -> None:
    key = Secret(NIST_KEY)
    key.wipe()
    with pytest.raises(Refused):
        codes_of(key, pa.chunked_array([["a"]]))


def test_texts_that_run_into_each_other_differ() -> None:
    texts = ["", "a", "ab", "a\x00", "\x80", "a" * 15, "a" * 16, "a" * 17, "a" * 16 + "\x00"]
    assert len(set(fast(NIST_KEY, pa.chunked_array([texts])))) == len(texts)


def test_numbers_are_the_first_eight_bytes() -> None:
    codes = codes_of(Secret(NIST_KEY), pa.chunked_array([["a", "b", "c"]]))
    assert numbers_from(codes).tolist() == [
        int.from_bytes(slow(NIST_KEY, text)[:8], "big") for text in (b"a", b"b", b"c")
    ]


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=30))
def test_the_order_is_that_of_the_bytes(rows: list[bytes]) -> None:
    # Twice the same first half, so that the second decides somewhere.
    rows = [*rows, b"\xff" * 8 + b"\x01" * 8, b"\xff" * 8 + b"\x00" * 8]
    array = codes_rows(rows)
    assert [rows[place] for place in order_of(array)] == sorted(rows)


def codes_rows(rows: list[bytes]) -> Bytes:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 16)
