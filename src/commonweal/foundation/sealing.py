"""Sealing of files: AES-256-GCM in chunks, with keys that are handed in.

Format `CWSEAL1`: magic (8 bytes), a random salt (32 bytes), chunk size (4 bytes, big endian), then
chunks of ciphertext, each with its 16-byte tag. The file key is HKDF-SHA-256(key, salt, context);
a fresh salt per file means the counter nonces never repeat under one key. The nonce is
an 11-byte chunk counter and one byte that is 1 for the last chunk (the STREAM construction of
Hoang, Reyhanitabar, Rogaway and Vizar, 2015), so that cutting, swapping or doubling chunks shows.
The header is associated data of every chunk, so that no bit of the file can change unseen.
The context (for example release id and file name) is bound: a sealed file cannot be moved.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import ByteSink

MAGIC = b"CWSEAL1\n"
SALT_BYTES = 32
TAG_BYTES = 16
CHUNK_BYTES = 1024 * 1024
_MAX_CHUNK = 64 * 1024 * 1024


def file_key(key: bytes, salt: bytes, context: str) -> bytes:
    """The key of one file: HKDF-SHA-256 over `key` (32 bytes) with the file's salt and context."""
    if len(key) != 32:
        raise ValueError("a sealing key has 32 bytes")
    derive = HKDF(
        algorithm=hashes.SHA256(), length=32, salt=salt, info=b"CWSEAL1\x00" + context.encode()
    )
    return derive.derive(key)


def _nonce(counter: int, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


class Sealer(io.RawIOBase):
    """A writable stream that seals what is written into `sink`.

    `plain_hash` and `sealed_hash` (after `finish`) are `sha256:...` of what went in and came out.
    `finish`, or leaving a `with` block well, writes the last chunk; leaving it by an exception does
    not, so that a half-written file can never be opened.
    """

    def __init__(
        self, sink: ByteSink, key: bytes, context: str, *, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        super().__init__()
        salt = os.urandom(SALT_BYTES)
        self._sink = sink
        self._cipher = AESGCM(file_key(key, salt, context))
        self._chunk = chunk_bytes
        self._held = bytearray()
        self._counter = 0
        self._plain = hashlib.sha256()
        self._sealed = hashlib.sha256()
        self.plain_bytes = 0
        self._finished = False
        self._header = MAGIC + salt + struct.pack(">I", chunk_bytes)
        self._emit(self._header)

    @property
    def plain_hash(self) -> str:
        """Hash of the bytes that were written in."""
        return "sha256:" + self._plain.hexdigest()

    @property
    def sealed_hash(self) -> str:
        """Hash of the bytes that came out."""
        return "sha256:" + self._sealed.hexdigest()

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Take in `data`; whole chunks are sealed and passed on."""
        if self._finished:
            raise ValueError("a sealed stream that was finished takes no more")
        self._plain.update(data)
        size = memoryview(data).nbytes
        self.plain_bytes += size
        self._held += data
        # One chunk is always held back: the last one must be marked as the last.
        while len(self._held) > self._chunk:
            self._seal(bytes(self._held[: self._chunk]), last=False)
            del self._held[: self._chunk]
        return size

    def finish(self) -> None:
        """Seal the last chunk. Further writes are an error."""
        if not self._finished:
            self._seal(bytes(self._held), last=True)
            self._held.clear()
            self._finished = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.finish()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._emit(self._cipher.encrypt(_nonce(self._counter, last), chunk, self._header))
        self._counter += 1

    def _emit(self, data: bytes) -> None:
        self._sealed.update(data)
        self._sink.write(data)


def _opening(source: BinaryIO, key: bytes, context: str, what: str) -> tuple[bytes, int, AESGCM]:
    """(header, chunk size in bytes, cipher) of the sealed stream that begins here."""
    header = source.read(len(MAGIC) + SALT_BYTES + 4)
    if len(header) != len(MAGIC) + SALT_BYTES + 4 or not header.startswith(MAGIC):
        raise _broken(what)
    salt = header[len(MAGIC) : len(MAGIC) + SALT_BYTES]
    (chunk_bytes,) = struct.unpack(">I", header[-4:])
    if not 0 < chunk_bytes <= _MAX_CHUNK:
        raise _broken(what)
    return header, chunk_bytes, AESGCM(file_key(key, salt, context))


def unseal(source: BinaryIO, sink: ByteSink, key: bytes, context: str, what: str) -> str:
    """Open a sealed stream into `sink`; returns the hash of the plain bytes.

    Raises `Fault` CW-SEAL-BROKEN. What was written to `sink` before the fault showed is authentic
    but may be incomplete: callers discard it.
    """
    header, chunk_bytes, cipher = _opening(source, key, context, what)
    plain = hashlib.sha256()
    counter = 0
    block = source.read(chunk_bytes + TAG_BYTES)
    while True:
        following = source.read(chunk_bytes + TAG_BYTES)
        try:
            opened = cipher.decrypt(_nonce(counter, not following), block, header)
        except (InvalidTag, ValueError) as error:
            raise _broken(what) from error
        plain.update(opened)
        sink.write(opened)
        if not following:
            return "sha256:" + plain.hexdigest()
        block, counter = following, counter + 1


class SealedReader:
    """Random access to a sealed file that lies open as `source`: chunks are opened alone.

    The last chunk is opened first. Its nonce says that it is the last and which it is, so a file
    that was cut short or made longer is refused before anything is read of it. Nothing is kept
    between two reads but the file's key; what a read costs depends on place and length alone.
    `size`: how many plain bytes there are.
    """

    def __init__(self, source: BinaryIO, key: bytes, context: str, what: str) -> None:
        """Raises `Fault` CW-SEAL-BROKEN."""
        self._source, self._what = source, what
        source.seek(0)
        self._header, self._chunk, self._cipher = _opening(source, key, context, what)
        body = source.seek(0, io.SEEK_END) - len(self._header)
        step = self._chunk + TAG_BYTES
        self._count = max(1, -(-body // step))
        self.size = body - self._count * TAG_BYTES
        self._open(self._count - 1)

    def read_at(self, offset: int, length: int) -> bytes:
        """`length` plain bytes from `offset`.

        Raises `ValueError` outside the file, `Fault` CW-SEAL-BROKEN.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError("that is outside the sealed file")
        if not length:
            return b""
        first, last = offset // self._chunk, (offset + length - 1) // self._chunk
        opened = b"".join(self._open(number) for number in range(first, last + 1))
        start = offset - first * self._chunk
        return opened[start : start + length]

    def _open(self, number: int) -> bytes:
        step = self._chunk + TAG_BYTES
        self._source.seek(len(self._header) + number * step)
        block = self._source.read(step)
        last = number == self._count - 1
        try:
            return self._cipher.decrypt(_nonce(number, last), block, self._header)
        except (InvalidTag, ValueError) as error:
            raise _broken(self._what) from error


def seal_bytes(data: bytes, key: bytes, context: str) -> bytes:
    """`data` sealed as one stream."""
    sink = io.BytesIO()
    with Sealer(sink, key, context) as sealer:
        sealer.write(data)
    return sink.getvalue()


def unseal_bytes(sealed: bytes, key: bytes, context: str, what: str) -> bytes:
    """The bytes sealed by `seal_bytes`. Raises `Fault` CW-SEAL-BROKEN."""
    sink = io.BytesIO()
    unseal(io.BytesIO(sealed), sink, key, context, what)
    return sink.getvalue()


def _broken(what: str) -> Fault:
    return Fault("CW-SEAL-BROKEN", f"{what} was changed, cut short, or sealed with another key.")
