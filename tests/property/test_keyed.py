"""Files that say which key opens them: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.keyed import (
    MAGIC,
    OpenKey,
    is_sealed,
    key_of,
    open_into,
    opened,
    seal,
    sealing_into,
)


class Ring:
    """Keys 0 to 3; number 3 was destroyed."""

    def key(self, number: int) -> OpenKey:
        return OpenKey(f"{number:032x}", None, lambda: bytes([number]) * 32)

    def sealing(self, _project: str | None) -> OpenKey:
        return self.key(0)

    def opening(self, key_id: str) -> OpenKey:
        if int(key_id, 16) == 3:
            raise Refused("CW-KEY-DESTROYED", "It was destroyed.")
        if int(key_id, 16) > 3:
            raise Fault("CW-SEAL-BROKEN", "There is no such key.")
        return self.key(int(key_id, 16))

    def was(self, key_id: str, _project: str | None) -> bool:
        return int(key_id, 16) == 3


KEYS = Ring()
contents = st.binary(max_size=4096)
contexts = st.text(max_size=40)


@given(contents, contexts, st.integers(0, 2))
def test_what_goes_in_comes_out_both_ways(content: bytes, context: str, number: int) -> None:
    key = KEYS.key(number)
    sealed = seal(content, key, context)
    assert is_sealed(sealed)
    assert key_of(sealed, "it") == key.id
    assert opened(sealed, KEYS, context, "it") == content
    sink, out = io.BytesIO(), io.BytesIO()
    with sealing_into(sink, key, context) as sealer:
        for start in range(0, len(content), 100):
            sealer.write(content[start : start + 100])
    assert opened(sink.getvalue(), KEYS, context, "it") == content
    open_into(io.BytesIO(sealed), out, KEYS, context, "it")
    assert out.getvalue() == content
    assert len(content) < 24 or content not in sealed


@given(contents, contexts, contexts, st.integers(0, 2), st.data())
def test_nothing_else_is_opened(
    content: bytes, context: str, other: str, number: int, data: st.DataObject
) -> None:
    sealed = seal(content, KEYS.key(number), context)
    place = data.draw(st.integers(0, len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[place] ^= data.draw(st.integers(1, 255))
    changed = [bytes(flipped), sealed[:place], sealed + b"\0", sealed[:24] + sealed]
    for one in changed:
        with pytest.raises((Fault, Refused)) as caught:
            opened(one, KEYS, context, "The file")
        assert caught.value.code in ("CW-SEAL-BROKEN", "CW-KEY-DESTROYED")
    if other != context:
        with pytest.raises(Fault, match="CW-SEAL-BROKEN"):
            opened(sealed, KEYS, other, "The file")


@pytest.mark.parametrize("content", [b"", b"CWKEPT1", MAGIC, MAGIC + b"\0" * 15, b"plain text"])
def test_what_is_no_sealed_file(content: bytes) -> None:
    with pytest.raises(Fault, match="CW-SEAL-BROKEN"):
        opened(content, KEYS, "", "The file")
    with pytest.raises(Fault, match="CW-SEAL-BROKEN"):
        open_into(io.BytesIO(content), io.BytesIO(), KEYS, "", "The file")


def test_a_destroyed_key_is_said_to_be_one() -> None:
    with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
        opened(seal(b"x", KEYS.key(3), ""), KEYS, "", "The file")
    assert "bytes" not in repr(KEYS.key(1))
