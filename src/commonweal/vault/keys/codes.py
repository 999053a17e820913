"""Codes of many texts at once: AES-256-CMAC (NIST SP 800-38B, RFC 4493), a column at a time.

A code is 16 bytes that only the holder of the key can make of a text: people's pseudonyms, audit
ids, the tokens of the identifier sieve, the draws of shifts, hold-out and intruder, each under a
key of its own. One call encrypts a whole column block, which on today's processors costs a
hundredth of two SHA-256 a text (docs/adr/0013). Record keys are coded row by row in the engine and
stay HMAC-SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from commonweal.vault.keys.secret import Secret

CODE_BYTES = 16
_BLOCK = 16
_AT_ONCE = 65_536
_FEEDBACK = 0x87
"""R_b of SP 800-38B for blocks of 128 bits."""

Bytes = npt.NDArray[np.uint8]


def codes_of(key: Secret, texts: pa.ChunkedArray) -> Bytes:
    """The code of each text (its UTF-8 bytes; or of bytes), as an (n, 16) byte array.

    Raises ValueError for a missing text: it would have a code like any other.
    """
    if texts.null_count:
        raise ValueError("a missing text has no code")
    # Blocks are chained here, as CMAC says; the mode only means: encrypt each block by itself.
    mode = modes.ECB()  # noqa: S305
    encryptor = Cipher(algorithms.AES(key.use()), mode).encryptor()
    whole, padded = _subkeys(encryptor)
    made = np.empty((len(texts), CODE_BYTES), np.uint8)
    place = 0
    for part in _parts(texts):
        made[place : place + len(part)] = _codes(encryptor, part, whole, padded)
        place += len(part)
    return made


def numbers_from(codes: Bytes) -> npt.NDArray[np.uint64]:
    """The first 8 bytes of each code as a whole number: evenly drawn below 2**64."""
    return np.ascontiguousarray(codes[:, :8]).view(">u8").ravel().astype(np.uint64)


def code_column(codes: Bytes) -> pa.Array:
    """An (n, 16) byte array as a binary column."""
    places = np.arange(len(codes) + 1, dtype=np.int64) * codes.shape[1]
    data = pa.py_buffer(np.ascontiguousarray(codes))
    large = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(codes), [None, pa.py_buffer(places), data]
    )
    return large.cast(pa.binary())


def order_of(rows: Bytes) -> npt.NDArray[np.int64]:
    """The places of rows of bytes (whose number is a multiple of 8) in ascending order.

    Equal rows keep their order. Rows are expected to be random: the first 8 bytes nearly always
    decide.
    """
    words = np.ascontiguousarray(rows).view(">u8").astype(np.uint64)
    # Not the stable sort, which is several times slower: equal rows are sorted again below.
    order = np.argsort(words[:, 0])
    first = words[order, 0]
    if np.any(first[1:] == first[:-1]):
        order = np.lexsort(words.T[::-1])
    return order.astype(np.int64)


def _subkeys(encryptor: CipherContext) -> tuple[Bytes, Bytes]:
    """(K1, K2): for a last block that is whole, and for one that was padded."""
    first = _doubled(int.from_bytes(encryptor.update(bytes(_BLOCK)), "big"))
    made = (first, _doubled(first))
    whole, padded = (np.frombuffer(one.to_bytes(_BLOCK, "big"), np.uint8) for one in made)
    return whole, padded


def _doubled(value: int) -> int:
    carried = value >> 127
    return ((value << 1) & ((1 << 128) - 1)) ^ (_FEEDBACK * carried)


def _parts(texts: pa.ChunkedArray) -> Iterable[pa.Array]:
    for chunk in texts.cast(pa.large_binary()).chunks:
        for start in range(0, len(chunk), _AT_ONCE):
            yield chunk.slice(start, _AT_ONCE)


def _codes(encryptor: CipherContext, texts: pa.Array, whole: Bytes, padded: Bytes) -> Bytes:
    places = np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, texts.offset * 8)
    data = texts.buffers()[2]
    held = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    starts, lengths = places[:-1], np.diff(places)
    made = np.empty((len(texts), CODE_BYTES), np.uint8)
    for length in np.unique(lengths):
        mine = np.flatnonzero(lengths == length)
        blocks = max(1, -(-int(length) // _BLOCK))
        messages = np.zeros((len(mine), blocks * _BLOCK), np.uint8)
        messages[:, :length] = held[starts[mine, None] + np.arange(length)]
        if length == blocks * _BLOCK:
            messages[:, -_BLOCK:] ^= whole
        else:
            messages[:, length] = 0x80
            messages[:, -_BLOCK:] ^= padded
        made[mine] = _chained(encryptor, messages)
    return made


def _chained(encryptor: CipherContext, messages: Bytes) -> Bytes:
    state = np.zeros((len(messages), _BLOCK), np.uint8)
    for start in range(0, messages.shape[1], _BLOCK):
        state ^= messages[:, start : start + _BLOCK]
        state = np.frombuffer(encryptor.update(state.tobytes()), np.uint8).reshape(-1, _BLOCK)
        state = state.copy()
    return state
