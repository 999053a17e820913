from __future__ import annotations

import hashlib
import io
import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Fault
from commonweal.foundation.sealing import (
    CHUNK_BYTES,
    MAGIC,
    SALT_BYTES,
    TAG_BYTES,
    SealedReader,
    Sealer,
    file_key,
    seal_bytes,
    unseal,
    unseal_bytes,
)

KEY = bytes(range(32))
HEADER = len(MAGIC) + SALT_BYTES + 4


def sealed_in_chunks(data: bytes, chunk: int, key: bytes = KEY, context: str = "c") -> bytes:
    sink = io.BytesIO()
    with Sealer(sink, key, context, chunk_bytes=chunk) as sealer:
        sealer.write(data)
    return sink.getvalue()


def opened(sealed: bytes, key: bytes = KEY, context: str = "c") -> bytes:
    return unseal_bytes(sealed, key, context, "The file")


def refused(sealed: bytes, key: bytes = KEY, context: str = "c") -> None:
    with pytest.raises(Fault) as caught:
        opened(sealed, key, context)
    assert caught.value.code == "CW-SEAL-BROKEN"
    assert caught.value.sentence.startswith("The file was changed")


def chunks(sealed: bytes, chunk: int) -> list[bytes]:
    body = sealed[HEADER:]
    step = chunk + TAG_BYTES
    return [body[start : start + step] for start in range(0, len(body), step)]


@given(st.binary(max_size=300), st.integers(1, 70), st.lists(st.integers(0, 40), max_size=8))
def test_what_is_sealed_opens_however_it_was_written(data, chunk, cuts):
    sink, start = io.BytesIO(), 0
    with Sealer(sink, KEY, "c", chunk_bytes=chunk) as sealer:
        for cut in cuts:
            sealer.write(data[start : start + cut])
            start += cut
        sealer.write(memoryview(data[start:]))
    assert opened(sink.getvalue()) == data
    assert sealer.plain_hash == "sha256:" + hashlib.sha256(data).hexdigest()
    assert sealer.sealed_hash == "sha256:" + hashlib.sha256(sink.getvalue()).hexdigest()
    assert sealer.plain_bytes == len(data)
    held = max(1, -(-len(data) // chunk))
    assert len(sink.getvalue()) == HEADER + len(data) + held * TAG_BYTES


def oracle(sealed: bytes, key: bytes, context: str) -> bytes:
    """The format in its own words: all chunks at once, no streaming."""
    (chunk,) = struct.unpack(">I", sealed[HEADER - 4 : HEADER])
    cipher = AESGCM(file_key(key, sealed[len(MAGIC) : HEADER - 4], context))
    parts = chunks(sealed, chunk)
    return b"".join(
        cipher.decrypt(n.to_bytes(11, "big") + bytes([n == len(parts) - 1]), part, sealed[:HEADER])
        for n, part in enumerate(parts)
    )


@given(st.binary(max_size=200), st.integers(1, 60))
def test_the_format_is_what_the_page_says(data, chunk):
    assert oracle(sealed_in_chunks(data, chunk), KEY, "c") == data


@pytest.mark.parametrize(("size", "chunk"), [(0, 16), (5, 16), (16, 16), (33, 16), (48, 16)])
def test_every_flipped_bit_is_found(size, chunk):
    sealed = sealed_in_chunks(bytes(size), chunk)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        refused(bytes(changed))


@pytest.mark.parametrize("size", [0, 5, 32, 40])
def test_every_cut_and_any_addition_is_found(size):
    sealed = sealed_in_chunks(bytes(size), 16)
    for end in range(len(sealed)):
        refused(sealed[:end])
    for more in (b"\x00", bytes(TAG_BYTES), sealed[HEADER:], sealed):
        refused(sealed + more)


def test_chunks_cannot_be_swapped_doubled_left_out_or_moved():
    data = bytes(range(64))
    sealed = sealed_in_chunks(data, 16)
    head, parts = sealed[:HEADER], chunks(sealed, 16)
    orders = [[1, 0, 2, 3], [0, 1, 2, 2, 3], [0, 1, 3], [1, 2, 3], [0, 1, 2], [3], [0, 3, 2, 1]]
    for order in orders:
        refused(head + b"".join(parts[n] for n in order))
    other = chunks(sealed_in_chunks(data, 16), 16)
    refused(head + parts[0] + other[1] + parts[2] + parts[3])


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20))
def test_another_key_or_context_does_not_open(key, context):
    sealed = sealed_in_chunks(b"rows", 16)
    if key != KEY:
        refused(sealed, key=key)
    if context != "c":
        refused(sealed, context=context)


def test_two_files_of_the_same_rows_look_different():
    one, two = seal_bytes(b"rows" * 10, KEY, "c"), seal_bytes(b"rows" * 10, KEY, "c")
    assert one[len(MAGIC) :] != two[len(MAGIC) :]
    assert chunks(one, CHUNK_BYTES) != chunks(two, CHUNK_BYTES)
    assert opened(one) == opened(two) == b"rows" * 10


def test_the_sealed_bytes_show_nothing():
    sealed = seal_bytes(b"9434765919" * 100, KEY, "release-1/patients")
    for word in (b"9434765919", b"release-1", KEY, KEY[:8]):
        assert word not in sealed


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size):
    with pytest.raises(ValueError, match="32 bytes") as caught:
        seal_bytes(b"", bytes(range(size)), "c")
    assert repr(bytes(range(size)))[2:-1] not in str(caught.value) or size == 0


def header(chunk: int) -> bytes:
    return MAGIC + bytes(SALT_BYTES) + struct.pack(">I", chunk)


@pytest.mark.parametrize(
    "content",
    [b"", MAGIC, bytes(HEADER), header(0), header(16), header(2**32 - 1), header(64 * 2**20 + 1),
     header(16) + bytes(40), b"CWSEAL2\n" + header(16)[8:] + bytes(40), b"PAR1" + bytes(100)],
)  # fmt: skip
def test_what_was_never_sealed_is_refused(content):
    refused(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    refused(content)
    refused(header(16) + content)


def test_a_block_that_fails_leaves_what_can_never_be_opened():
    for size in (0, 10, 16, 40):
        sink = io.BytesIO()
        broken = pytest.raises(RuntimeError)
        with broken, Sealer(sink, KEY, "c", chunk_bytes=16) as sealer:
            sealer.write(bytes(size))
            raise RuntimeError
        refused(sink.getvalue())


def test_a_finished_stream_takes_no_more_and_finishing_twice_is_quiet():
    sink = io.BytesIO()
    sealer = Sealer(sink, KEY, "c")
    sealer.write(b"rows")
    sealer.finish()
    sealer.finish()
    with pytest.raises(ValueError, match="takes no more"):
        sealer.write(b"more")
    assert opened(sink.getvalue()) == b"rows"


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_full_disk_while_sealing_is_never_hidden(nth):
    class Full(io.BytesIO):
        calls = 0

        def write(self, data) -> int:
            self.calls += 1
            if self.calls == nth:
                raise OSError(28, "No space left on device")
            return super().write(data)

    sink = Full()
    with pytest.raises(OSError, match="No space"):  # noqa: PT012
        with Sealer(sink, KEY, "c", chunk_bytes=16) as sealer:
            sealer.write(bytes(16 * 6))
        raise AssertionError("the disk was full")
    refused(sink.getvalue())


def test_opening_gives_the_hash_of_the_plain_bytes():
    sink = io.BytesIO()
    plain = unseal(io.BytesIO(seal_bytes(b"rows", KEY, "c")), sink, KEY, "c", "It")
    assert plain == "sha256:" + hashlib.sha256(b"rows").hexdigest()
    assert sink.getvalue() == b"rows"


def test_more_than_one_whole_chunk_of_the_usual_size():
    data = bytes(range(256)) * (2 * CHUNK_BYTES // 256) + b"end"
    assert opened(seal_bytes(data, KEY, "c")) == data


def reader(sealed: bytes, key: bytes = KEY, context: str = "c") -> SealedReader:
    return SealedReader(io.BytesIO(sealed), key, context, "The file")


def wholly(sealed: bytes, key: bytes = KEY, context: str = "c") -> bytes:
    """Everything, a byte at a time: each chunk must be opened for it."""
    found = reader(sealed, key, context)
    return b"".join(found.read_at(at, 1) for at in range(found.size))


def not_read(sealed: bytes, key: bytes = KEY, context: str = "c") -> None:
    with pytest.raises(Fault) as caught:
        wholly(sealed, key, context)
    assert caught.value.code == "CW-SEAL-BROKEN"


@given(st.binary(max_size=300), st.integers(1, 70), st.integers(0, 300), st.integers(0, 300))
def test_a_part_is_what_the_whole_has_there(data, chunk, offset, length):
    found = reader(sealed_in_chunks(data, chunk))
    assert found.size == len(data)
    if offset + length <= len(data):
        assert found.read_at(offset, length) == data[offset : offset + length]
    else:
        with pytest.raises(ValueError, match="outside"):
            found.read_at(offset, length)


@pytest.mark.parametrize(("offset", "length"), [(-1, 2), (0, -1), (0, 34), (33, 1), (40, 0)])
def test_nothing_is_read_outside_the_file(offset, length):
    with pytest.raises(ValueError, match="outside"):
        reader(sealed_in_chunks(bytes(33), 16)).read_at(offset, length)


def test_a_part_shows_every_flipped_bit_cut_and_addition():
    sealed = sealed_in_chunks(bytes(40), 16)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        not_read(bytes(changed))
    # A cut or an addition shows before the first byte is read.
    cut = [sealed[:end] for end in range(len(sealed))]
    longer = [sealed + more for more in (b"\x00", bytes(TAG_BYTES), sealed[HEADER:], sealed)]
    for changed in (*cut, *longer):
        with pytest.raises(Fault, match="cut short"):
            reader(changed)


def test_a_part_shows_chunks_that_were_moved_and_another_key_or_context():
    sealed = sealed_in_chunks(bytes(64), 16)
    head, parts = sealed[:HEADER], chunks(sealed, 16)
    for order in ([1, 0, 2, 3], [0, 1, 1, 3], [0, 1, 2], [0, 1, 3], [3], [0, 1, 2, 2, 3]):
        not_read(head + b"".join(parts[number] for number in order))
    not_read(sealed, key=bytes(32))
    not_read(sealed, context="d")
    # What was not touched of a file that was still opens, as with the whole until there.
    found = reader(head + parts[0] + parts[2] + parts[2] + parts[3])
    assert found.read_at(0, 16) == bytes(16)
    with pytest.raises(Fault):
        found.read_at(15, 2)


@given(st.binary(max_size=200))
def test_a_reader_refuses_whatever_the_whole_refuses(content):
    not_read(content)
    not_read(header(16) + content)
