from __future__ import annotations

import hashlib
import json
import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.canonical import (
    MAX_DEPTH,
    _is_simple,
    canonical,
    digest,
    parse_json,
)
from commonweal.foundation.errors import Fault

SAFE = 2**53 - 1
TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | TEXT
    | st.floats(-SAFE, SAFE) | st.floats(min_value=1e21, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert parse_json(canonical(value), "it") == value
    assert canonical(parse_json(canonical(value), "it")) == canonical(value)


@given(st.dictionaries(TEXT, st.integers(-SAFE, SAFE), max_size=8))
def test_the_order_of_keys_does_not_matter(value):
    turned = dict(reversed(list(value.items())))
    assert canonical(turned) == canonical(value)
    assert digest(turned) == "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


@given(VALUES)
def test_what_is_written_fast_is_what_the_library_writes(value):
    assert canonical(value) == rfc8785.dumps(value)
    assert canonical((value,)) == rfc8785.dumps((value,))


@given(st.lists(st.floats(-1e17, 1e17) | st.floats(-1e-3, 1e-3) | st.floats(0.0, 1.0)))
def test_fractions_are_written_as_ecmascript_does(values):
    whole = [x for x in values if abs(x) > SAFE and x.is_integer()]
    values = [x for x in values if x not in whole]
    assert canonical(values) == rfc8785.dumps(values)


@pytest.mark.parametrize(
    "value",
    [1e-4, 1e-4 - 1e-20, 1.5e-4, 9.999999999999999e-05, 0.1 + 0.2, 1 / 3, -5e-324, -0.0, 0.5,
     2**52 + 0.5, 4503599627370495.5, 1.7976931348623157e308, 123456.789012345],
)  # fmt: skip
def test_fractions_at_the_borders(value):
    assert canonical(value) == rfc8785.dumps(value)


class Name(str):
    """Text of a kind of its own, as an enumeration's."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "simple"),
    [
        ({"b": [1, -SAFE, "\u20ac\x7f\x00"], "a": {"~": None, "": True}, "c": ({}, [])}, True),
        ({"e\u0301": 1}, False), ({"a": [0.5, -1e-4, 7]}, True), ([1, [[2.0]]], False),
        ([9e-5], False), ([0.0], False), ([math.nan], False), ([math.inf], False),
        ({Name("a"): 1}, False), ([Name("a")], False), ([SAFE, {"a": SAFE + 1}], False),
        ({"a": {1: 2}}, False), ({None: 1}, False), ([b"a"], False), (object(), False),
    ],
)  # fmt: skip
def test_only_what_both_write_alike_is_written_fast(value, simple):
    assert _is_simple(value) is simple


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # From the rules of RFC 8785: shortest numbers, UTF-16 order of keys, least escapes.
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        ([1.0, 1e21, 1e-7, -0.0, 0.1], b"[1,1e+21,1e-7,0,0.1]"),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode()),
        ("\u20ac\n\x0f\"\\/", b'"\xe2\x82\xac\\n\\u000f\\"\\\\/"'),
        ([None, True, False, {}], b"[null,true,false,{}]"),
    ],
)  # fmt: skip
def test_the_form_is_that_of_the_rfc(value, written):
    assert canonical(value) == written


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [4.701954491507049e16, {"a": [-(2.0**53)]}, 9.9e20,
     math.nan, math.inf, -math.inf, {1: 2}, {None: 1}, {"a": {1, 2}}, b"bytes", object(), 2**53,
     -(2**53), "\ud800", {"\udfff": 1}, nested(5_000)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(Fault) as caught:
        canonical(value)
    assert caught.value.code == "CW-CANONICAL-INVALID"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "CW-JSON-INVALID"),
        (b"{", "CW-JSON-INVALID"),
        (b'{"a":1,"a":1}', "CW-JSON-INVALID"),
        (b'{"x":{"a":1,"\\u0061":2}}', "CW-JSON-INVALID"),
        (b"NaN", "CW-JSON-INVALID"),
        (b"[Infinity]", "CW-JSON-INVALID"),
        (b"[-Infinity]", "CW-JSON-INVALID"),
        (b"[1,]", "CW-JSON-INVALID"),
        (b"// x\n1", "CW-JSON-INVALID"),
        (b"1 2", "CW-JSON-INVALID"),
        (b"'a'", "CW-JSON-INVALID"),
        (b"01", "CW-JSON-INVALID"),
        (b'"a\nb"', "CW-JSON-INVALID"),
        (b"\xef\xbb\xbf{}", "CW-JSON-INVALID"),
        (b"\xff\xfe{\x00}\x00", "CW-FILE-ENCODING"),
        (b'"\xc3\x28"', "CW-FILE-ENCODING"),
        (b'"\xed\xa0\x80"', "CW-FILE-ENCODING"),
        (b"[" * 100_000, "CW-JSON-INVALID"),
        (b"[" * 100_000 + b"]" * 100_000, "CW-JSON-INVALID"),
        (b"9" * 10_000, "CW-JSON-INVALID"),
        (b"9007199254740992", "CW-JSON-INVALID"),
        (b"[-9007199254740992]", "CW-JSON-INVALID"),
        (b"1e999", "CW-JSON-INVALID"),
        (b"{}" + b" " * (17 * 1024 * 1024), "CW-FILE-TOO-LARGE"),
    ],
    ids=lambda value: str(value[:12]),
)
def test_broken_json_is_refused_with_its_code(text, code):
    with pytest.raises(Fault) as caught:
        parse_json(text, "The permit")
    assert caught.value.code == code
    assert caught.value.sentence.startswith("The permit")


def test_the_sentence_names_the_place_and_never_the_text():
    with pytest.raises(Fault) as caught:
        parse_json('{\n "secret-name": 9434765919 x}', "The permit")
    assert "line 2, column 28" in caught.value.sentence
    assert "9434765919" not in caught.value.sentence
    with pytest.raises(Fault) as caught:
        parse_json('{"secret-name": 1, "secret-name": 2}', "The permit")
    assert "a key is named twice" in caught.value.sentence
    assert "secret-name" not in caught.value.sentence


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH - 2])
def test_reasonable_depth_is_read(depth):
    assert parse_json(json.dumps(nested(depth)), "it") == nested(depth)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 500])
def test_absurd_depth_is_refused(depth):
    with pytest.raises(Fault, match="levels deep"):
        parse_json(json.dumps(nested(depth)), "it")


@given(st.binary(max_size=200) | TEXT)
def test_any_text_is_read_or_refused_by_us(text):
    try:
        value = parse_json(text, "it")
    except Fault:
        return
    assert json.dumps(value)
