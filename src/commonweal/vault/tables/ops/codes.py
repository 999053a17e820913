"""Codes made with keys: HMAC-SHA-256, and numbers drawn from it."""

from __future__ import annotations

import ibis

from commonweal.vault.tables.ops.base import Table, Value

_HEX = "0123456789abcdef"


@ibis.udf.scalar.builtin(name="sha256")  # type: ignore[untyped-decorator]
def _sha256_hex(value: bytes) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="unhex")  # type: ignore[untyped-decorator]
def _unhex(value: str) -> bytes: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="concat")  # type: ignore[untyped-decorator]
def _bytes_concat(first: bytes, second: bytes) -> bytes: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="encode")  # type: ignore[untyped-decorator]
def _utf8(value: str) -> bytes: ...  # type: ignore[empty-body]


def hmac_hex(text: Value, inner: Value, outer: Value) -> Value:
    """HMAC-SHA-256 (RFC 2104) of UTF-8 `text` as 64 hexadecimal digits.

    `inner` and `outer` are the columns `inner_pad` and `outer_pad` of a key table: the key padded
    to 64 bytes and combined with 0x36 and 0x5c (see `DuckDBEngine.key_table`). Missing where the
    text is.
    """
    first = _unhex(_sha256_hex(_bytes_concat(inner, _utf8(text))))
    made = _sha256_hex(_bytes_concat(outer, first))
    # Joining bytes passes over what is missing: without this all missing values had one code.
    return ibis.ifelse(text.isnull(), ibis.null("string"), made)


def with_hmac(table: Table, name: str, into: str, key: Table) -> Table:
    """The table with column `into`: `hmac_hex` of the text column `name` under a key table."""
    keyed = table.cross_join(key.rename(cw__inner="inner_pad", cw__outer="outer_pad"))
    made = keyed.mutate(hmac_hex(keyed[name], keyed["cw__inner"], keyed["cw__outer"]).name(into))
    return made.select(*table.columns, into)


def drawn_between(hex_digest: Value, low: int, high: int) -> Value:
    """A whole number from `low` to `high`, drawn evenly from a digest made for drawing.

    Takes the 7 hexadecimal digits behind the first 16 bytes; the bias is below 1 in 2 million.
    """
    return number_of(hex_digest) % (high - low + 1) + low


def code_of(hex_digest: Value) -> Value:
    """The first 16 bytes of a hexadecimal digest: what is released as a pseudonym."""
    return _unhex(hex_digest.substr(0, 32))


def bytes_of(hex_digest: Value) -> Value:
    """All 32 bytes of a hexadecimal digest."""
    return _unhex(hex_digest)


def sha256_of(data: Value) -> Value:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return _sha256_hex(data)


def join_bytes(first: Value, *others: Value) -> Value:
    """Byte strings one after the other."""
    for other in others:
        first = _bytes_concat(first, other)
    return first


def number_of(hex_digest: Value, digits: int = 7, start: int = 32) -> Value:
    """A whole number from `digits` hexadecimal digits from `start` on (uniform below 16**digits).

    Starts behind the 16 bytes of `code_of`, so that a released code says nothing about it.
    """
    number = ibis.literal(0, "int64")
    for place in range(start, start + digits):
        number = number * 16 + ibis.literal(_HEX).find(hex_digest.substr(place, 1)).cast("int64")
    return number
